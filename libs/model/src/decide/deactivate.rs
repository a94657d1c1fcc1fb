//! May this machine give up the license?

use crate::{
    decide::facts::{Claim, Facts},
    machine::MachineState,
    reason::{Reason, Refusal},
};

/// Who deactivates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deactivator {
    /// The app itself: the policy may limit how often.
    App,
    /// The vendor, who always may.
    Vendor,
}

/// What a deactivation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deactivation {
    /// The machine gives up its seat; whether it uses up one of the deactivation limit.
    Frees {
        /// Whether it uses up one of the deactivation limit.
        counts: bool,
    },
    /// The machine was deactivated already: nothing changes.
    Already,
}

/// Decides whether the license may be deactivated on the presented machine.
///
/// The state and term of the license do not matter: who holds a seat may always give it back.
///
/// # Errors
/// All reasons why not.
pub fn deactivate(facts: &Facts<'_>, claim: &Claim<'_>, by: Deactivator) -> Result<Deactivation, Refusal> {
    let mut reasons = facts.against_license(claim);
    reasons.retain(|reason| matches!(reason, Reason::ProductMismatch | Reason::CustomerMismatch));
    let outcome = match facts.machine {
        None => {
            reasons.extend(facts.against_machine());
            Deactivation::Already
        }
        Some(machine) if machine.state == MachineState::Deactivated => Deactivation::Already,
        Some(_) => {
            let counts = by == Deactivator::App;
            let limit = facts.policy.rules.deactivation_limit;
            if counts && !limit.allows_another(facts.license.deactivations_used) {
                reasons.push(Reason::DeactivationsExhausted);
            }
            Deactivation::Frees { counts }
        }
    };
    Refusal::unless_none(reasons)?;
    Ok(outcome)
}
