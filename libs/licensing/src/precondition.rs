//! What a caller expects of a thing before changing it.

use crate::Error;

/// Which revisions of a thing a change is meant for (RFC 9110 section 13.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Whatever it is.
    #[default]
    Any,
    /// One of these.
    Revisions(Vec<u64>),
}

impl Precondition {
    /// Checks it against what there is.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`].
    pub(crate) fn check(&self, revision: u64) -> Result<(), Error> {
        match self {
            Self::Any => Ok(()),
            Self::Revisions(expected) if expected.contains(&revision) => Ok(()),
            Self::Revisions(_) => Err(Error::PreconditionFailed),
        }
    }
}
