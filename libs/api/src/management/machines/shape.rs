//! The shape of a machine.

use licensing::MachineRecord;
use model::{IssuedLease, Timestamp};
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::wire::{Id, Instant},
    http::{list::list_of, resource::Resource},
};

/// One installation on which a license is, or was, activated.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "ManagedMachine", example, skip_serializing_if_is_none)]
pub(crate) struct MachineShape {
    /// Its identifier.
    id: Id,
    /// The identifier of its license.
    license: Id,
    /// What it is called, by its app or by you.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `active` or `deactivated`.
    state: String,
    /// What its app says identifies it. It may be personal data.
    fingerprint: String,
    /// When the license was last activated on it.
    activated_at: Instant,
    /// When it was last deactivated.
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivated_at: Option<Instant>,
    /// Whether it takes up a seat now.
    holds_seat: bool,
    /// The lease that it was last given.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<MachineLease>,
    /// How often the license was checked on it.
    checks: u64,
    /// When the license was first checked on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_checked_at: Option<Instant>,
    /// When the license was last checked on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_checked_at: Option<Instant>,
    /// The network address that the last check came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_checked_from: Option<String>,
    /// When its app first reported its start, where it does so.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_start_at: Option<Instant>,
    /// When its app last reported its end, where it does so.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_end_at: Option<Instant>,
    /// Grows with every change by you, but not with what its app does.
    revision: u64,
}

/// A lease that was signed for a machine.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "MachineLease", example)]
pub(crate) struct MachineLease {
    /// Its `jti`.
    id: Id,
    /// The `kid` of the key that signed it.
    key_id: String,
    /// When it ends.
    expires_at: Instant,
    /// Until when apps tolerate it after its end.
    grace_until: Instant,
}

impl Resource for MachineShape {
    const NAME: &'static str = "id";
}

impl MachineShape {
    /// How a machine is shown at `now`.
    pub(super) fn at(record: &MachineRecord, now: Timestamp) -> Self {
        let MachineRecord { machine, seat_kind, checks, first_start_at, last_end_at } = record;
        let checks = checks.as_ref();
        Self {
            id: machine.id.into(),
            license: machine.license_id.into(),
            name: machine.name.as_ref().map(ToString::to_string),
            state: machine.state.code().to_owned(),
            fingerprint: machine.fingerprint.as_str().to_owned(),
            activated_at: machine.activated_at.into(),
            deactivated_at: machine.deactivated_at.map(Instant::from),
            holds_seat: machine.holds_seat(*seat_kind, now),
            lease: machine.lease.as_ref().map(MachineLease::from),
            checks: checks.map_or(0, |tally| tally.count),
            first_checked_at: checks.map(|tally| tally.first.into()),
            last_checked_at: checks.map(|tally| tally.last.into()),
            last_checked_from: checks.and_then(|tally| tally.address.clone()),
            first_start_at: first_start_at.map(Instant::from),
            last_end_at: last_end_at.map(Instant::from),
            revision: machine.revision,
        }
    }
}

impl From<&IssuedLease> for MachineLease {
    fn from(lease: &IssuedLease) -> Self {
        Self {
            id: lease.id.into(),
            key_id: lease.key_id.to_string(),
            expires_at: lease.expires_at.into(),
            grace_until: lease.grace_until.into(),
        }
    }
}

list_of! {
    /// A piece of the list of machines.
    MachineList, "MachineList", MachineShape
}

impl Example for MachineShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0d10-7f3a-8b44-5a6b7c8d9e0f".into(),
            license: "0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60".into(),
            name: Some("Studio 3".to_owned()),
            state: "active".to_owned(),
            fingerprint: "b5f0c2-workstation-17".to_owned(),
            activated_at: "2026-03-01T12:00:00Z".into(),
            deactivated_at: None,
            holds_seat: true,
            lease: Some(MachineLease::example()),
            checks: 42,
            first_checked_at: Some("2026-03-01T12:00:05Z".into()),
            last_checked_at: Some("2026-03-09T07:30:00Z".into()),
            last_checked_from: Some("192.0.2.17".to_owned()),
            first_start_at: None,
            last_end_at: None,
            revision: 1,
        }
    }
}

impl Example for MachineLease {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0d12-7a01-9c55-6b7c8d9e0f1a".into(),
            key_id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned(),
            expires_at: "2026-03-15T12:00:00Z".into(),
            grace_until: "2026-03-18T12:00:00Z".into(),
        }
    }
}
