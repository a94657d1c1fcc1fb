//! How a command fails: one sentence for the person at the terminal, and an exit code for the script.

use std::fmt::Display;
use std::process::ExitCode;

/// The exit codes of every command. Part of the interface: see `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was not done.
    Failed = 1,
    /// The command line or the configuration is wrong; trying again does not help.
    Usage = 2,
    /// The answer is no: a lease that may not be used, a line that was not imported.
    Refused = 3,
    /// Something that was named does not exist.
    NotFound = 4,
    /// It collides with what exists.
    Conflict = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The exit code.
    pub(crate) exit: Exit,
    /// One sentence without a full stop; `None` when all has been said already.
    pub(crate) message: Option<String>,
}

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

impl Fault {
    /// It was not done.
    pub(crate) fn failed(message: impl Display) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line or the configuration is wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Something that was named does not exist.
    pub(crate) fn not_found(message: impl Display) -> Self {
        Self::new(Exit::NotFound, message)
    }

    /// The command has said on standard output why it fails.
    pub(crate) const fn said(exit: Exit) -> Self {
        Self { exit, message: None }
    }

    fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: Some(message.to_string()) }
    }
}

impl From<licensing::Error> for Fault {
    fn from(error: licensing::Error) -> Self {
        use licensing::Error;
        match &error {
            Error::NotFound(_) => Self::new(Exit::NotFound, error),
            Error::Conflict(_) | Error::Items(_) | Error::LimitReached(_) | Error::PreconditionFailed => {
                Self::new(Exit::Conflict, error)
            }
            Error::Invalid { .. } => Self::usage(error),
            Error::IdempotencyKeyReused | Error::IdempotencyKeyInUse | Error::Throttled(_) => {
                Self::failed(error)
            }
            Error::Unavailable(source) => {
                tracing::debug!(%source, "the database is not available");
                Self::failed(error)
            }
            Error::Internal(_, source) => {
                tracing::debug!(source = source.as_deref().map(tracing::field::display), "internal error");
                Self::failed(error)
            }
        }
    }
}

impl From<store::OpenError> for Fault {
    fn from(error: store::OpenError) -> Self {
        Self::failed(error)
    }
}
