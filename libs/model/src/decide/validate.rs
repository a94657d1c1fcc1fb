//! May this license be used, here and now?

use crate::{
    decide::facts::{Claim, Facts},
    reason::{Reason, Refusal},
    text::EntitlementCode,
};

/// Decides whether the license may be used: on the presented machine when `on_machine`, else as such.
///
/// # Errors
/// All reasons why not.
pub fn validate(
    facts: &Facts<'_>,
    claim: &Claim<'_>,
    on_machine: bool,
    entitlements: &[EntitlementCode],
) -> Result<(), Refusal> {
    let mut reasons = facts.against_license(claim);
    if on_machine {
        reasons.extend(facts.against_machine());
    }
    if !entitlements.is_empty() {
        let held = facts.entitlements();
        if entitlements.iter().any(|code| !held.contains_key(code)) {
            reasons.push(Reason::EntitlementMissing);
        }
    }
    Refusal::unless_none(reasons)
}
