//! `leasehold license import`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Args;

use super::import_csv::Lines;
use super::import_report::{Report, progress};
use crate::arguments::TenantFlag;
use crate::commands::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::{Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::Output;

/// Import licenses with their keys from a CSV file.
///
/// The first line names the columns, in any order: `key` and `policy`, and where wanted `customer` (a client key),
/// `seats`, `activation_limit`, `activations_used`, `expires_at` (an RFC 3339 time), `state` (active, suspended or
/// revoked), `fingerprint` (of a machine on which it is active) and `memo`. An empty field is as good as none; -1 or
/// unlimited lifts a limit. A record is one line.
///
/// A line that cannot be imported is refused with its number and a reason, and the others are imported. Safe to run
/// twice: a key that is there already is left as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold license import licenses.csv --tenant acme
  leasehold license import licenses.csv --tenant acme --report refused.csv --json

Exit codes: 0 every line is imported or was there already · 3 lines were refused · 1 and others: it did not run to its \
end; run it again.")]
pub(crate) struct Import {
    /// The file.
    file: PathBuf,
    /// Write the refused lines to this CSV file: line, reason.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Import {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let cannot_read = |error| Fault::usage(format_args!("cannot read {}: {error}", self.file.display()));
        let file = File::open(&self.file).map_err(cannot_read)?;
        let bar = progress(&file);
        let mut lines = Lines::open(BufReader::new(bar.wrap_read(file)))?;
        let mut report = Report::open(self.report.as_deref())?;
        let done = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            report.bring_in(licensing, &tenant, || lines.next()).await
        }));
        bar.finish_and_clear();
        report.conclude(done, self.output)
    }
}
