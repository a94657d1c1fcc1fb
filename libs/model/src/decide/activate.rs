//! May this license be activated on this machine?

use crate::{
    decide::facts::{Claim, Facts, NamedCustomer},
    id::CustomerId,
    machine::MachineState,
    reason::{Reason, Refusal},
    timestamp::Timestamp,
};

/// Which activations use up one of the activation limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Those that make a machine active that was not.
    NewMachines,
    /// Every successful call, as old clients expect.
    EveryCall,
}

/// What an activation does to the machine's seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// A machine that was never active takes one.
    Taken,
    /// A machine that was deactivated takes one again.
    Retaken,
    /// An active machine takes one again that had lapsed with its lease.
    Regained,
    /// The machine has one already.
    Kept,
    /// No machine is bound, so none takes one.
    Unneeded,
}

/// What an activation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// What it does to the machine's seat.
    pub seat: Seat,
    /// Whether it uses up one of the activation limit.
    pub counts: bool,
    /// The start and end of the term that it starts; the end is absent for a perpetual license.
    pub starts_term: Option<(Timestamp, Option<Timestamp>)>,
    /// The customer that it binds the license to.
    pub binds_customer: Option<CustomerId>,
    /// Whether it goes beyond the seats, within the overage that the policy tolerates.
    pub over_seats: bool,
    /// Machines that hold a seat afterwards.
    pub seats_used: u32,
}

/// Decides whether the license may be activated on the presented machine.
///
/// Idempotent on a machine that is active already: that takes no seat and, with [`Counting::NewMachines`], no
/// activation.
///
/// # Errors
/// All reasons why not.
pub fn activate(facts: &Facts<'_>, claim: &Claim<'_>, counting: Counting) -> Result<Activation, Refusal> {
    let seat = match facts.machine {
        None => Seat::Taken,
        Some(machine) if machine.state == MachineState::Deactivated => Seat::Retaken,
        Some(machine) if machine.holds_seat(facts.seat_kind(), facts.now) => Seat::Kept,
        Some(_) => Seat::Regained,
    };
    decide(facts, claim, counting, seat)
}

/// Decides whether an activation that binds no machine may be counted, as an old client without a fingerprint
/// wants it.
///
/// # Errors
/// All reasons why not.
pub fn count(facts: &Facts<'_>, claim: &Claim<'_>) -> Result<Activation, Refusal> {
    decide(facts, claim, Counting::EveryCall, Seat::Unneeded)
}

fn decide(
    facts: &Facts<'_>,
    claim: &Claim<'_>,
    counting: Counting,
    seat: Seat,
) -> Result<Activation, Refusal> {
    let (license, policy) = (facts.license, facts.policy);
    let mut reasons = facts.against_license(claim);
    if policy.rules.requires_customer && claim.customer == NamedCustomer::Nobody {
        reasons.push(Reason::CustomerRequired);
    }

    let counts = counting == Counting::EveryCall || matches!(seat, Seat::Taken | Seat::Retaken);
    if counts && !license.activation_limit(policy).allows_another(license.activations_used) {
        reasons.push(Reason::ActivationsExhausted);
    }
    let seats = license.seats(policy);
    let takes_seat = !matches!(seat, Seat::Kept | Seat::Unneeded);
    if takes_seat && !seats.with_overage(policy.rules.overage_percent).allows_another(facts.seats_used) {
        reasons.push(Reason::SeatsExhausted);
    }
    Refusal::unless_none(reasons)?;

    let starts_term = license.term_started_at.is_none().then(|| {
        (facts.now, license.expires_at.or_else(|| policy.rules.term.map(|term| term.after(facts.now))))
    });
    let binds_customer = match (claim.customer, license.customer_id) {
        (NamedCustomer::Known(named), None) => Some(named),
        _ => None,
    };
    Ok(Activation {
        seat,
        counts,
        starts_term,
        binds_customer,
        over_seats: takes_seat && !seats.allows_another(facts.seats_used),
        seats_used: facts.seats_used.saturating_add(u32::from(takes_seat)),
    })
}
