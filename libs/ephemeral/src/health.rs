//! How it is.

use std::time::Duration;

/// Whether Redis answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is no Redis.
    InProcess,
    /// It answers.
    Answering,
    /// It does not answer, and limits are those of this process.
    Troubled {
        /// Since when.
        lasting: Duration,
        /// Why.
        reason: Reason,
    },
}

/// Why Redis is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was not reached yet since the start.
    Starting,
    /// Nobody listens there.
    Refused,
    /// It does not answer in time.
    Timeout,
    /// The connection was lost.
    Lost,
    /// It lets nobody in with this user and password, or does not allow what is needed.
    Denied,
    /// It has no room, or cannot write.
    Full,
    /// It is a replica.
    ReadOnly,
    /// It is loading, or failing over.
    NotReady,
    /// Anything else.
    Error,
}

impl Reason {
    /// One word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::Denied => "denied",
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::NotReady => "not_ready",
            Self::Error => "error",
        }
    }
}
