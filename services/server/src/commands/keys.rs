//! `leasehold keys list|prepare|rotate`.

use clap::{Args, Subcommand};
use licensing::Call;
use model::{SigningKeyRecord, Timestamp};
use serde_json::{Value, json};

use super::{block_on, configure};
use crate::arguments::TenantFlag;
use crate::config::DatabaseFlags;
use crate::fault::Result;
use crate::installation::{Missing, with_installation};
use crate::output::{Output, say, table};

/// List, prepare and rotate signing keys.
#[derive(Subcommand, Debug)]
pub(crate) enum Keys {
    List(List),
    Prepare(Prepare),
    Rotate(Rotate),
}

impl Keys {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::List(command) => command.run(),
            Self::Prepare(command) => command.run(),
            Self::Rotate(command) => command.run(),
        }
    }
}

/// List the signing keys of a tenant, or print the key set that apps pin.
///
/// A key is first next (published, not yet signing), then active (signing), then retired (published until the last
/// lease it signed has ended), or revoked (never published again). Private halves are never shown.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold keys list --tenant acme
  leasehold keys list --tenant acme --jwks > keys.json    what `leasehold verify --keys` and apps pin")]
pub(crate) struct List {
    /// Print the published JWK Set instead.
    #[arg(long, conflicts_with = "json")]
    jwks: bool,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl List {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let (keys, published) = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok((licensing.signing_keys(&tenant).await?, licensing.published_keys(&tenant).await?))
        }))?;
        if self.jwks { say(&published.json) } else { print(self.output, &keys) }
    }
}

/// Make and publish the key that is to sign next, where there is none.
///
/// A rotation does this by itself. There is no next key after a vendor let it sign by the management API, or after the
/// key that signed was revoked.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  leasehold keys prepare --tenant acme")]
pub(crate) struct Prepare {
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Prepare {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let keys = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            licensing.prepare_signing_key(&tenant, &Call::operator(), None).await?;
            Ok(licensing.signing_keys(&tenant).await?)
        }))?;
        print(self.output, &keys)
    }
}

/// Let the published next key sign, and publish a new next key.
///
/// The key that signed until now is retired: it stays published, so that the leases it signed stay good. Apps that pin
/// keys should know the new next key before the following rotation.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  leasehold keys rotate --tenant acme")]
pub(crate) struct Rotate {
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Rotate {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let keys = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok(licensing.rotate_keys(&tenant, &Call::operator()).await?)
        }))?;
        print(self.output, &keys)
    }
}

fn print(output: Output, keys: &[SigningKeyRecord]) -> Result<()> {
    let time = |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            [key.id.to_string(), key.state.code().to_owned(), time(key.activated_at), time(key.retired_at)]
        })
        .collect();
    output.print(
        || table(["KEY", "STATE", "ACTIVE SINCE", "RETIRED"], &rows),
        || json!({ "keys": keys.iter().map(key_json).collect::<Vec<_>>() }),
    )
}

fn key_json(key: &SigningKeyRecord) -> Value {
    let mut value = json!({
        "kid": key.id.as_str(),
        "state": key.state.code(),
        "created_at": key.created_at.to_string(),
    });
    if let Some(members) = value.as_object_mut() {
        let times = [("activated_at", key.activated_at), ("retired_at", key.retired_at)];
        members.extend(
            times.iter().filter_map(|(name, time)| Some(((*name).to_owned(), (*time)?.to_string().into()))),
        );
    }
    value
}
