//! `leasehold license suspend|reinstate|revoke`.

use clap::Args;
use licensing::{Call, StateChange};

use super::license_json;
use crate::arguments::{LicenseChoice, TenantFlag};
use crate::commands::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::Result;
use crate::installation::{Missing, with_installation};
use crate::output::Output;

/// A change of a license's state. Asking for the state that it has changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold license suspend 0190cafe-0000-7000-8000-000000000000 --tenant acme
  printf %s \"$KEY\" | leasehold license revoke --key-file - --tenant acme")]
pub(crate) struct Change {
    #[command(flatten)]
    license: LicenseChoice,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Change {
    pub(super) fn run(self, change: StateChange) -> Result<()> {
        let config = configure(&self.database)?;
        let license = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            let id = self.license.find(&tenant, licensing).await?;
            Ok(licensing.change_license_state(&tenant, &Call::operator(), id, change).await?)
        }))?;
        self.output.print(
            || format!("License {} is {}.", license.id, license.state.code()),
            || license_json(&license),
        )
    }
}
