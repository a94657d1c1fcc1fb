//! `leasehold api-key create|list|revoke`.

use clap::{Args, Subcommand};
use licensing::{Call, NewApiKey, Page};
use model::{ApiKey, ApiKeyId, Name, Scope, Scopes, Timestamp};
use serde_json::{Value, json};

use super::{block_on, configure};
use crate::arguments::{TenantFlag, instant};
use crate::config::DatabaseFlags;
use crate::fault::{Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::{Output, facts, table};

/// Make, list and revoke API keys, the credentials of a vendor's programs.
#[derive(Subcommand, Debug)]
pub(crate) enum ApiKeys {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

impl ApiKeys {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Revoke(command) => command.run(),
        }
    }
}

/// Make an API key, and show it this once.
///
/// A key may do what its scopes name, on one tenant. Give each program a key of its own, with no more than it needs.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold api-key create 'web shop' --tenant acme --scope customers:write --scope licenses:write
  leasehold api-key create deploy --tenant acme --scope admin --expires 2027-01-01T00:00:00Z")]
pub(crate) struct Create {
    /// Its name for people.
    name: Name,
    /// What it may do; once for each scope. `admin` is everything.
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope)]
    scopes: Vec<Scope>,
    /// When it stops counting [default: never].
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    expires: Option<Timestamp>,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_code(text).map_err(|_| {
        let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.code()).collect();
        format!("must be one of {}", known.join(", "))
    })
}

impl Create {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let scopes =
            Scopes::new(self.scopes).map_err(|rule| Fault::usage(format_args!("the scopes {rule}")))?;
        let new = NewApiKey { name: self.name, scopes, expires_at: self.expires };
        let (key, token) = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok(licensing.create_api_key(&tenant, &Call::operator(), new).await?)
        }))?;
        self.output.print(
            || {
                format!(
                    "API key {} is made. Keep the key now; it cannot be shown again.\n\n  {}\n\n{}",
                    key.name,
                    token.reveal(),
                    text(&key)
                )
            },
            || {
                let mut value = json(&key);
                if let Some(members) = value.as_object_mut() {
                    members.insert("key".to_owned(), token.reveal().into());
                }
                value
            },
        )
    }
}

/// List the API keys of a tenant, without their secrets.
#[derive(Args, Debug)]
pub(crate) struct List {
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl List {
    fn run(self) -> Result<()> {
        const PIECE: u32 = 100;
        let config = configure(&self.database)?;
        let keys = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            let mut keys: Vec<ApiKey> = Vec::new();
            loop {
                let after = keys.last().map(|key| key.id.uuid());
                let page = Page { after, descending: false, limit: PIECE };
                let piece = licensing.api_keys(&tenant, &page).await?;
                let ended = u32::try_from(piece.len()).is_ok_and(|count| count < PIECE);
                keys.extend(piece);
                if ended {
                    return Ok(keys);
                }
            }
        }))?;
        let rows: Vec<_> = keys.iter().map(row).collect();
        self.output.print(
            || {
                if rows.is_empty() {
                    "There are no API keys.".to_owned()
                } else {
                    table(["ID", "KEY", "STATE", "NAME", "SCOPES"], &rows)
                }
            },
            || json!({ "api_keys": keys.iter().map(json).collect::<Vec<_>>() }),
        )
    }
}

/// Revoke an API key: it counts no more.
#[derive(Args, Debug)]
pub(crate) struct Revoke {
    /// The key, by its ID.
    #[arg(value_name = "ID")]
    id: ApiKeyId,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Revoke {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let key = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok(licensing.revoke_api_key(&tenant, &Call::operator(), self.id).await?)
        }))?;
        self.output.print(|| format!("API key {} is revoked.\n\n{}", key.name, text(&key)), || json(&key))
    }
}

fn state(key: &ApiKey) -> &'static str {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(_)) => "expires",
        (None, None) => "good",
    }
}

fn row(key: &ApiKey) -> [String; 5] {
    [
        key.id.to_string(),
        format!("lh_{}_…", key.public_id),
        state(key).to_owned(),
        key.name.to_string(),
        key.scopes.to_string(),
    ]
}

fn text(key: &ApiKey) -> String {
    let instant = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| at.to_string());
    facts(&[
        ("id", key.id.to_string()),
        ("scopes", key.scopes.to_string()),
        ("expires", instant(key.expires_at)),
        ("last used", instant(key.last_used_at)),
    ])
}

fn json(key: &ApiKey) -> Value {
    let mut value = json!({
        "id": key.id.to_string(),
        "public_id": key.public_id,
        "name": key.name.as_str(),
        "scopes": key.scopes.iter().map(Scope::code).collect::<Vec<_>>(),
        "created_at": key.created_at.to_string(),
    });
    let instants =
        [("expires_at", key.expires_at), ("revoked_at", key.revoked_at), ("last_used_at", key.last_used_at)];
    if let Some(members) = value.as_object_mut() {
        for (name, at) in instants {
            if let Some(at) = at {
                members.insert(name.to_owned(), at.to_string().into());
            }
        }
    }
    value
}
