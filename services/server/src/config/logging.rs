//! What is logged, and how.

use super::Setting;
use crate::fault::Result;

/// What is logged, and how.
#[derive(Clone, Debug)]
pub(crate) struct Logging {
    /// A `tracing` filter.
    pub(crate) filter: String,
    /// Where the filter was set, for messages.
    pub(crate) filter_source: String,
    /// The form of the lines.
    pub(crate) format: LogFormat,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Logging {
    /// Logs what matters to one who runs a server.
    pub(crate) fn of_server() -> Self {
        Self::new("info,sqlx=warn")
    }

    /// Logs nothing: a command says in one sentence what is wrong.
    pub(crate) fn of_command() -> Self {
        Self::new("off")
    }

    fn new(filter: &str) -> Self {
        Self {
            filter: filter.to_owned(),
            filter_source: "the log filter".to_owned(),
            format: LogFormat::Text,
        }
    }

    pub(super) fn overridden(mut self, filter: Option<Setting>, format: Option<Setting>) -> Result<Self> {
        if let Some(Setting { source, value }) = filter {
            self.filter = value;
            self.filter_source = source;
        }
        if let Some(format) = format {
            self.format = format.parse("text or json", |text| match text {
                "text" => Some(LogFormat::Text),
                "json" => Some(LogFormat::Json),
                _ => None,
            })?;
        }
        Ok(self)
    }
}
