//! Shapes that several answers of the client API share.

use std::collections::BTreeMap;

use licensing::{LicenseView, SignedLease};
use model::Timestamp;
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use super::wire::{Id, Instant, Worth};

/// A license, as the holder of its key sees it.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "License", example, skip_serializing_if_is_none)]
pub(crate) struct LicenseShape {
    /// Its identifier, the `sub` of its leases.
    id: Id,
    /// The code of the product that it is for.
    product: String,
    /// The code of its policy.
    policy: String,
    /// `active`, `suspended` or `revoked`. Whether it has expired is not a state; see `expires_at`.
    state: String,
    /// The first instant at which it is expired; never, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
    /// `true` for a trial, absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    trial: Option<bool>,
    /// Machines on which it may be active at a time; any number, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<u32>,
    /// Machines that hold a seat now.
    seats_used: u32,
    /// Activations that are left; any number, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    activations_remaining: Option<u32>,
    /// The entitlements that count now, by their codes.
    entitlements: BTreeMap<String, Worth>,
}

impl From<&LicenseView> for LicenseShape {
    fn from(view: &LicenseView) -> Self {
        let LicenseView { license, policy, product, seats_used, entitlements } = view;
        Self {
            id: license.id.into(),
            product: product.code.to_string(),
            policy: policy.code.to_string(),
            state: license.state.code().to_owned(),
            expires_at: license.expires_at.map(Instant::from),
            trial: policy.rules.trial.then_some(true),
            seats: license.seats(policy).number(),
            seats_used: *seats_used,
            activations_remaining: license.activation_limit(policy).remaining(license.activations_used),
            entitlements: entitlements.iter().map(|(code, value)| (code.to_string(), value.into())).collect(),
        }
    }
}

/// A machine on which a license is, or was, activated.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Machine", example, skip_serializing_if_is_none)]
pub(crate) struct MachineShape {
    /// Its identifier, the `mid` of its leases.
    id: Id,
    /// What it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `active` or `deactivated`.
    state: String,
    /// When the license was last activated on it.
    activated_at: Instant,
    /// When the license was last deactivated on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivated_at: Option<Instant>,
}

impl From<&model::Machine> for MachineShape {
    fn from(machine: &model::Machine) -> Self {
        Self {
            id: machine.id.into(),
            name: machine.name.as_ref().map(ToString::to_string),
            state: machine.state.code().to_owned(),
            activated_at: machine.activated_at.into(),
            deactivated_at: machine.deactivated_at.map(Instant::from),
        }
    }
}

impl MachineShape {
    /// What a machine looks like after deactivation, for the document.
    pub(crate) fn deactivated_example() -> Self {
        Self {
            state: "deactivated".to_owned(),
            deactivated_at: Some("2026-03-09T17:30:00Z".into()),
            ..Self::example()
        }
    }
}

/// The parts of an answer that tell of a lease.
pub(crate) struct LeaseParts {
    pub(crate) lease: String,
    pub(crate) lease_id: Id,
    pub(crate) lease_expires_at: Instant,
    pub(crate) refresh_at: Instant,
    pub(crate) grace_until: Instant,
}

impl From<&SignedLease> for LeaseParts {
    fn from(lease: &SignedLease) -> Self {
        let at = |seconds| Instant::from(Timestamp::from_unix_seconds(seconds).unwrap_or(Timestamp::MAX));
        Self {
            lease: lease.token.clone(),
            lease_id: lease.id.into(),
            lease_expires_at: at(lease.times.expires_at),
            refresh_at: at(lease.times.refresh_at),
            grace_until: at(lease.times.grace_until),
        }
    }
}

/// The values in the document's examples.
pub(crate) mod examples {
    pub(crate) const KEY: &str = "7QK2M-9XV4T-C3HJD-8WRPN-5ZGB0";
    pub(crate) const FINGERPRINT: &str = "2f0c6c1e9a7b4d35";
    pub(crate) const LICENSE_ID: &str = "0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60";
    pub(crate) const LEASE_ID: &str = "0196a1c4-7c40-7a90-b1f2-6e5d4c3b2a19";
    pub(crate) const DECISION_ID: &str = "0196a1c4-7c40-7f11-8b2e-5d7c9e0f1a23";
    pub(crate) const NONCE: &str = "Zk3v9QpX2mT7rLbW";
    pub(crate) const TOKEN: &str =
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImxlYXNlK2p3dCIsImtpZCI6IuKApiJ9.eyJ2ZXIiOjF9.c2lnbmF0dXJl";
}

impl Example for LicenseShape {
    fn example() -> Self {
        Self {
            id: examples::LICENSE_ID.into(),
            product: "cad".to_owned(),
            policy: "cad-pro".to_owned(),
            state: "active".to_owned(),
            expires_at: Some("2027-03-01T12:00:00Z".into()),
            trial: None,
            seats: Some(3),
            seats_used: 1,
            activations_remaining: None,
            entitlements: BTreeMap::from([(
                "layers".to_owned(),
                Worth::from(&model::EntitlementValue::Number(64)),
            )]),
        }
    }
}

impl Example for MachineShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-7c3f-7e08-a4d3-9b8c7d6e5f40".into(),
            name: Some("studio-3".to_owned()),
            state: "active".to_owned(),
            activated_at: "2026-03-01T12:00:00Z".into(),
            deactivated_at: None,
        }
    }
}
