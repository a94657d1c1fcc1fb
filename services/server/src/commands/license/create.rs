//! `leasehold license create`.

use std::path::PathBuf;

use clap::Args;
use licensing::{Call, CustomerName, NewLicense};
use model::{ClientKey, Limit, Overrides, PolicyCode, Timestamp};

use super::license_json;
use crate::arguments::{EntitlementFlag, TenantFlag, entitlements, instant, key_from, limit};
use crate::commands::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::Result;
use crate::installation::{Missing, with_installation};
use crate::output::{Output, facts};

/// Make a license, and show its key this once.
///
/// The key is kept only sealed: this output is the one place where it is shown.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold license create --tenant acme --policy atelier
  leasehold license create --tenant acme --policy atelier --customer 3D9AACA84BEC559A --seats 10 \\
      --expires-at 2030-01-01T00:00:00Z --entitlement export=false
  leasehold license create --tenant acme --policy atelier --json | jq -r .key")]
pub(crate) struct Create {
    /// The policy.
    #[arg(long)]
    policy: PolicyCode,
    /// The customer, by its client key.
    #[arg(long, value_name = "CLIENT_KEY")]
    customer: Option<ClientKey>,
    /// Use the key in this file; - is standard input [default: a new key in the product's format].
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Machines at a time, or unlimited, where that differs from the policy.
    #[arg(long, value_name = "N", value_parser = limit)]
    seats: Option<Limit>,
    /// Activations ever, or unlimited, where that differs from the policy.
    #[arg(long, value_name = "N", value_parser = limit)]
    activation_limit: Option<Limit>,
    /// When it ends, an RFC 3339 time, whatever the policy's term.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    expires_at: Option<Timestamp>,
    /// An entitlement over those of the policy; export=false takes one away. May be given several times.
    #[arg(long = "entitlement", value_name = "CODE=VALUE")]
    entitlements: Vec<EntitlementFlag>,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Create {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let new = NewLicense {
            memo: None,
            metadata: model::Metadata::default(),
            policy: self.policy,
            customer: self.customer.map(CustomerName::ClientKey),
            key: self.key_file.as_deref().map(key_from).transpose()?,
            overrides: Overrides {
                seats: self.seats,
                activation_limit: self.activation_limit,
                entitlements: entitlements(&self.entitlements),
            },
            expires_at: self.expires_at,
        };
        let (license, key) = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok(licensing.create_license(&tenant, &Call::operator(), new).await?)
        }))?;
        let text = || {
            let lines = facts(&[
                ("id", license.id.to_string()),
                ("key", key.reveal().to_owned()),
                ("state", license.state.code().to_owned()),
                (
                    "expires",
                    license
                        .expires_at
                        .map_or_else(|| "never, or when the policy says".to_owned(), |end| end.to_string()),
                ),
            ]);
            format!("License made. This is the only time its key is shown.\n\n{lines}")
        };
        self.output.print(text, || {
            let mut value = license_json(&license);
            if let Some(members) = value.as_object_mut() {
                members.insert("key".to_owned(), key.reveal().into());
            }
            value
        })
    }
}
