//! Machines: installations on which licenses are activated.

use crate::{
    id::{LeaseId, LicenseId, MachineId},
    policy::SeatKind,
    signing_key::KeyId,
    text::{Fingerprint, Invalid, MachineName},
    timestamp::Timestamp,
};

/// One installation on which a license is, or was, activated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its identifier.
    pub id: MachineId,
    /// The license that is activated on it.
    pub license_id: LicenseId,
    /// What the app says identifies it; unique within the license.
    pub fingerprint: Fingerprint,
    /// What it calls itself.
    pub name: Option<MachineName>,
    /// Whether the license is activated on it.
    pub state: MachineState,
    /// When the license was last activated on it.
    pub activated_at: Timestamp,
    /// When it was last deactivated.
    pub deactivated_at: Option<Timestamp>,
    /// The lease it holds.
    pub lease: Option<IssuedLease>,
    /// Grows with every change by the vendor, but not with what apps do.
    pub revision: u64,
}

/// The lease that a machine was last given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedLease {
    /// Its `jti`.
    pub id: LeaseId,
    /// The key that signed it.
    pub key_id: KeyId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Until when it is tolerated after its end.
    pub grace_until: Timestamp,
}

impl Machine {
    /// Whether it takes up a seat at `now`.
    #[must_use]
    pub fn holds_seat(&self, kind: SeatKind, now: Timestamp) -> bool {
        self.state == MachineState::Active
            && match kind {
                SeatKind::NodeLocked => true,
                SeatKind::Floating => self.lease.as_ref().is_some_and(|lease| now < lease.grace_until),
            }
    }
}

/// Whether a license is activated on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineState {
    /// It is.
    Active,
    /// It was; activating it again makes the same machine active.
    Deactivated,
}

impl MachineState {
    /// The name used in storage and output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deactivated => "deactivated",
        }
    }

    /// The state of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "active" => Ok(Self::Active),
            "deactivated" => Ok(Self::Deactivated),
            _ => Err(Invalid::new("active or deactivated")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for state in [MachineState::Active, MachineState::Deactivated] {
            assert_eq!(MachineState::from_code(state.code()), Ok(state));
        }
        assert!(MachineState::from_code("suspended").is_err());
    }
}
