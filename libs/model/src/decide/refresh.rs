//! May this machine have a new lease?

use crate::{
    decide::facts::{Claim, Facts},
    id::LeaseId,
    reason::{Reason, Refusal},
};

/// How a new lease is chained to the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// The lease that the new one replaces.
    pub parent: Option<LeaseId>,
    /// Whether that lease had been replaced already: an answer was lost, or the machine was copied.
    pub forks: bool,
}

/// Decides whether the machine may have a new lease. `presented` is the lease that the app says it holds.
///
/// # Errors
/// All reasons why not.
pub fn refresh(facts: &Facts<'_>, claim: &Claim<'_>, presented: Option<LeaseId>) -> Result<Refresh, Refusal> {
    let mut reasons = facts.against_license(claim);
    reasons.extend(facts.against_machine());
    Refusal::unless_none(reasons)?;
    let Some(machine) = facts.machine else {
        return Err(Refusal::only(Reason::NotActivated));
    };
    let current = machine.lease.as_ref().map(|lease| lease.id);
    let parent = presented.or(current);
    Ok(Refresh { parent, forks: presented.is_some() && presented != current })
}
