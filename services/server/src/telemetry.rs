//! Logs, on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, Logging};
use crate::fault::{Fault, Result};

/// Begins to log.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start(logging: &Logging) -> Result<()> {
    let filter = EnvFilter::builder().parse(&logging.filter).map_err(|_| {
        Fault::usage(format_args!(
            "{} is not a log filter, such as info or warn,leasehold=debug",
            logging.filter_source
        ))
    })?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (the tour's second server) keeps the first logger.
    let _started = match logging.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    Ok(())
}
