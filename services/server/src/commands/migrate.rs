//! `leasehold migrate`.

use clap::Args;
use serde_json::json;

use super::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::Result;
use crate::installation::migrate;
use crate::output::Output;

/// Bring the tables of the database up to this version.
///
/// `leasehold serve` does this at its start; this command is for those who want it apart, with `serve --no-migrate`.
/// Safe to repeat, and safe while servers of this version run.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  LEASEHOLD_DATABASE_URL=postgres://… leasehold migrate")]
pub(crate) struct Migrate {
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Migrate {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let applied = block_on(migrate(&config.database))?;
        let text = || match applied {
            0 => "The tables are up to date.".to_owned(),
            1 => "1 migration applied; the tables are up to date.".to_owned(),
            n => format!("{n} migrations applied; the tables are up to date."),
        };
        self.output.print(text, || json!({ "applied": applied }))
    }
}
