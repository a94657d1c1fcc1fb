//! `leasehold tenant create|list|rate-limits|export|import`.

use clap::{Args, Subcommand};
use licensing::{Call, NewTenant};
use model::{Issuer, Name, Tenant, TenantSlug};
use serde_json::{Value, json};

use super::tenant_archive::{Export, Import};
use super::tenant_rate_limits::RateLimits;
use super::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::{Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::{Output, facts, table};

/// Make, list, limit, export and import tenants (vendors).
#[derive(Subcommand, Debug)]
pub(crate) enum Tenants {
    Create(Create),
    List(List),
    RateLimits(RateLimits),
    Export(Export),
    Import(Import),
}

impl Tenants {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::List(command) => command.run(),
            Self::RateLimits(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::Import(command) => command.run(),
        }
    }
}

/// Make a tenant, with a key that signs and the key after that.
///
/// The issuer goes into every lease and cannot be changed afterwards, so it must be the URL under which apps will
/// reach this tenant for good. Without --issuer it is `PUBLIC_URL/t/SLUG`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold tenant create acme --issuer https://licenses.example.com/t/acme
  LEASEHOLD_PUBLIC_URL=https://licenses.example.com leasehold tenant create acme --name 'ACME Inc.'")]
pub(crate) struct Create {
    /// Its name in URLs: lower-case letters, digits and hyphens.
    slug: TenantSlug,
    /// Its name for people [default: the slug].
    #[arg(long)]
    name: Option<Name>,
    /// The `iss` of its leases and the base URL of its API.
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Create {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let issuer = match self.issuer {
            Some(issuer) => issuer,
            None => issuer(&config.public_url()?, &self.slug)?,
        };
        let name = self.name.map_or_else(|| Name::parse(self.slug.as_str()), Ok);
        let name = name.map_err(|rule| Fault::usage(format_args!("the name {rule}")))?;
        let new = NewTenant { slug: self.slug, name, issuer };
        let tenant = block_on(with_installation(&config, Missing::MakeDatabase, async |licensing| {
            Ok(licensing.create_tenant(&Call::operator(), new).await?)
        }))?;
        self.output
            .print(|| format!("Tenant {} is made.\n\n{}", tenant.slug, text(&tenant)), || json(&tenant))
    }
}

/// The issuer of a tenant that is reached under `public_url`.
///
/// # Errors
/// When the URL is too long for one.
pub(super) fn issuer(public_url: &str, slug: &TenantSlug) -> Result<Issuer> {
    Issuer::parse(format!("{public_url}/t/{slug}"))
        .map_err(|rule| Fault::usage(format_args!("the issuer {rule}")))
}

/// List all tenants.
#[derive(Args, Debug)]
pub(crate) struct List {
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl List {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let tenants = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            Ok(licensing.tenants().await?)
        }))?;
        let rows: Vec<_> = tenants.iter().map(row).collect();
        self.output.print(
            || {
                if rows.is_empty() {
                    "There are no tenants.".to_owned()
                } else {
                    table(["SLUG", "STATE", "NAME", "ISSUER"], &rows)
                }
            },
            || json!({ "tenants": tenants.iter().map(json).collect::<Vec<_>>() }),
        )
    }
}

fn row(tenant: &Tenant) -> [String; 4] {
    [
        tenant.slug.to_string(),
        tenant.state.code().to_owned(),
        tenant.name.to_string(),
        tenant.issuer.to_string(),
    ]
}

fn text(tenant: &Tenant) -> String {
    facts(&[
        ("id", tenant.id.to_string()),
        ("slug", tenant.slug.to_string()),
        ("name", tenant.name.to_string()),
        ("issuer", tenant.issuer.to_string()),
    ])
}

fn json(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id.to_string(),
        "slug": tenant.slug.as_str(),
        "name": tenant.name.as_str(),
        "issuer": tenant.issuer.as_str(),
        "state": tenant.state.code(),
        "created_at": tenant.created_at.to_string(),
    })
}
