//! The shape of a policy.

use std::collections::BTreeMap;

use licensing::PolicyRecord;
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::wire::{Id, Instant},
    http::{list::list_of, resource::Resource},
    management::{
        entitlements::{self, EntitlementShape},
        wire,
    },
};

/// A template for licenses of one product.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Policy", example, skip_serializing_if_is_none)]
pub(crate) struct PolicyShape {
    /// Its identifier.
    id: Id,
    /// The code of the product whose licenses it is for.
    product: String,
    /// Its name in requests and tokens, unique among all your policies. It does not change.
    code: String,
    /// Its name for people.
    name: String,
    /// How long a license runs: an ISO 8601 duration in its normal form; for ever, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<String>,
    /// What starts the term: `first_activation` or `creation` of the license.
    term_starts: String,
    /// Machines at a time; −1 for any number.
    seats: i64,
    /// How a seat is held: `node_locked`, until the machine is deactivated, or `floating`, while its lease lives.
    seat_kind: String,
    /// How far activation may go beyond the seats, in percent of them.
    overage_percent: u16,
    /// Activations ever; −1 for any number.
    activation_limit: i64,
    /// Deactivations ever by apps; −1 for any number.
    deactivation_limit: i64,
    /// Whether activation must name the customer, and binds the license to it.
    requires_customer: bool,
    /// Lifetime of a lease.
    lease_seconds: u32,
    /// When the app should come back, give or take a tenth.
    refresh_seconds: u32,
    /// How long an expired lease is still tolerated by the app.
    grace_seconds: u32,
    /// Lifetime of a lease made by offline activation.
    offline_lease_seconds: u32,
    /// Whether its licenses and leases are marked as a trial.
    trial: bool,
    /// What its licenses give, by the codes of features.
    entitlements: BTreeMap<String, EntitlementShape>,
    /// What you keep with it.
    metadata: BTreeMap<String, String>,
    /// Grows with every change.
    revision: u64,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
}

impl Resource for PolicyShape {
    const NAME: &'static str = "code";
}

impl From<&PolicyRecord> for PolicyShape {
    fn from(PolicyRecord { policy, product }: &PolicyRecord) -> Self {
        let rules = &policy.rules;
        Self {
            id: policy.id.into(),
            product: product.to_string(),
            code: policy.code.to_string(),
            name: policy.name.to_string(),
            term: rules.term.map(|term| term.to_string()),
            term_starts: rules.term_starts.code().to_owned(),
            seats: wire::limit(rules.seats),
            seat_kind: rules.seat_kind.code().to_owned(),
            overage_percent: rules.overage_percent,
            activation_limit: wire::limit(rules.activation_limit),
            deactivation_limit: wire::limit(rules.deactivation_limit),
            requires_customer: rules.requires_customer,
            lease_seconds: rules.lease_seconds,
            refresh_seconds: rules.refresh_seconds,
            grace_seconds: rules.grace_seconds,
            offline_lease_seconds: rules.offline_lease_seconds,
            trial: rules.trial,
            entitlements: entitlements::shape(&rules.entitlements),
            metadata: wire::metadata(&policy.metadata),
            revision: policy.revision,
            created_at: policy.created_at.into(),
            updated_at: policy.updated_at.into(),
        }
    }
}

list_of! {
    /// A piece of the list of policies.
    PolicyList, "PolicyList", PolicyShape
}

impl Example for PolicyShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0a3c-7b9d-9c15-2f3a4b5c6d7e".into(),
            product: "cad".to_owned(),
            code: "cad-pro".to_owned(),
            name: "CAD Studio Pro, one year".to_owned(),
            term: Some("P1Y".to_owned()),
            term_starts: "first_activation".to_owned(),
            seats: 3,
            seat_kind: "node_locked".to_owned(),
            overage_percent: 0,
            activation_limit: -1,
            deactivation_limit: 10,
            requires_customer: false,
            lease_seconds: 1_209_600,
            refresh_seconds: 86_400,
            grace_seconds: 259_200,
            offline_lease_seconds: 31_536_000,
            trial: false,
            entitlements: entitlements::example(),
            metadata: wire::metadata_example(),
            revision: 1,
            created_at: "2026-03-01T12:00:00Z".into(),
            updated_at: "2026-03-01T12:00:00Z".into(),
        }
    }
}
