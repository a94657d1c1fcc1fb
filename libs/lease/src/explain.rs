//! A verification told step by step, for `leasehold verify` and for support.

use crate::{VerifiedLease, VerifyError};

/// One check and how it went.
#[derive(Clone, Debug)]
pub struct Check {
    /// The name of the check, stable.
    pub name: &'static str,
    /// What was found, in words for a person, or why the token is refused.
    pub outcome: Result<String, VerifyError>,
}

/// The checks made on a lease, in order; the last one has failed if `lease` is `None`.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The checks, up to and including the first that failed.
    pub checks: Vec<Check>,
    /// The lease, if every check passed.
    pub lease: Option<VerifiedLease>,
}

/// Is told of every check as it is made, so that explaining and verifying are the same code.
pub(crate) trait Trace {
    /// Hands `outcome` back unchanged; `detail` puts a success in words.
    fn check<T>(
        &mut self,
        name: &'static str,
        outcome: Result<T, VerifyError>,
        detail: impl FnOnce(&T) -> String,
    ) -> Result<T, VerifyError>;
}

/// Keeps nothing, and costs nothing.
pub(crate) struct Silent;

impl Trace for Silent {
    fn check<T>(
        &mut self,
        _: &'static str,
        outcome: Result<T, VerifyError>,
        _: impl FnOnce(&T) -> String,
    ) -> Result<T, VerifyError> {
        outcome
    }
}

/// Keeps every check.
#[derive(Default)]
pub(crate) struct Recorder(pub(crate) Vec<Check>);

impl Trace for Recorder {
    fn check<T>(
        &mut self,
        name: &'static str,
        outcome: Result<T, VerifyError>,
        detail: impl FnOnce(&T) -> String,
    ) -> Result<T, VerifyError> {
        self.0.push(Check { name, outcome: outcome.as_ref().map(detail).map_err(Clone::clone) });
        outcome
    }
}
