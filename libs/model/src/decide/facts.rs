//! What a decision is made on, and the reasons that every verb shares.

use std::collections::BTreeMap;

use crate::{
    entitlement::EntitlementValue,
    id::CustomerId,
    license::{License, LicenseState},
    machine::{Machine, MachineState},
    policy::{Policy, SeatKind},
    product::Product,
    reason::Reason,
    text::{EntitlementCode, ProductCode},
    timestamp::Timestamp,
};

/// What the database says.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The license that the presented key names.
    pub license: &'a License,
    /// Its policy.
    pub policy: &'a Policy,
    /// Its product.
    pub product: &'a Product,
    /// The machine of that license with the presented fingerprint.
    pub machine: Option<&'a Machine>,
    /// Machines of the license that hold a seat now, the presented one included.
    pub seats_used: u32,
    /// Now.
    pub now: Timestamp,
}

/// What the caller says.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The product that the app is.
    pub product: Option<&'a ProductCode>,
    /// The customer that was named.
    pub customer: NamedCustomer,
}

/// The customer that a caller named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedCustomer {
    /// None was named.
    Nobody,
    /// One was named that the tenant does not have.
    Unknown,
    /// This one was named.
    Known(CustomerId),
}

impl Facts<'_> {
    /// The entitlements that the license has now.
    #[must_use]
    pub fn entitlements(&self) -> BTreeMap<EntitlementCode, EntitlementValue> {
        self.policy.rules.entitlements.effective(&self.license.overrides.entitlements, self.now)
    }

    /// How seats of the license are held.
    pub(super) fn seat_kind(&self) -> SeatKind {
        self.policy.rules.seat_kind
    }

    /// What speaks against using the license at all, whoever asks on whichever machine.
    pub(super) fn against_license(&self, claim: &Claim<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if claim.product.is_some_and(|code| *code != self.product.code) {
            reasons.push(Reason::ProductMismatch);
        }
        let mismatch = match (claim.customer, self.license.customer_id) {
            (NamedCustomer::Nobody, _) | (NamedCustomer::Known(_), None) => false,
            (NamedCustomer::Unknown, _) => true,
            (NamedCustomer::Known(named), Some(owner)) => named != owner,
        };
        if mismatch {
            reasons.push(Reason::CustomerMismatch);
        }
        match self.license.state {
            LicenseState::Active => {}
            LicenseState::Suspended => reasons.push(Reason::Suspended),
            LicenseState::Revoked => reasons.push(Reason::Revoked),
        }
        if self.license.is_expired(self.now) {
            reasons.push(Reason::Expired);
        }
        reasons
    }

    /// What speaks against this machine being one on which the license is activated and holds a seat.
    pub(super) fn against_machine(&self) -> Option<Reason> {
        match self.machine {
            None if self.seats_used == 0 => Some(Reason::NotActivated),
            None => Some(Reason::MachineMismatch),
            Some(machine) if machine.state == MachineState::Deactivated => Some(Reason::MachineDeactivated),
            Some(machine) if !machine.holds_seat(self.seat_kind(), self.now) => Some(Reason::SeatLapsed),
            Some(_) => None,
        }
    }
}
