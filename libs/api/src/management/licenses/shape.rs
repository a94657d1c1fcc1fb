//! The shape of a license, as those who manage it see it.

use std::collections::BTreeMap;

use licensing::{LicenseRecord, MadeLicense};
use model::Timestamp;
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::{
        shapes::examples,
        wire::{Id, Instant, Worth},
    },
    http::{list::list_of, resource::Resource},
    management::{
        entitlements::{self, EntitlementShape},
        wire,
    },
};

/// The right that was sold.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "License", example, skip_serializing_if_is_none)]
pub(crate) struct LicenseShape {
    /// Its identifier, the `sub` of its leases.
    id: Id,
    /// A small number, unique within the tenant, for old clients.
    number: u32,
    /// The last characters of its key, at most four.
    key_hint: String,
    /// The code of the product that it is for.
    product: String,
    /// The code of its policy.
    policy: String,
    /// The identifier of the customer that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Id>,
    /// `active`, `suspended` or `revoked`. Whether it has expired is not a state; see `expires_at`.
    state: String,
    /// `true` for a trial.
    trial: bool,
    /// When its term began.
    #[serde(skip_serializing_if = "Option::is_none")]
    term_started_at: Option<Instant>,
    /// The first instant at which it is expired; never, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
    /// Machines on which it may be active at a time, without overage; −1 is any number.
    seats: i64,
    /// Machines that hold a seat now.
    seats_used: u32,
    /// Activations ever; −1 is any number.
    activation_limit: i64,
    /// Activations so far.
    activations_used: u32,
    /// Deactivations by the app so far.
    deactivations_used: u32,
    /// The entitlements that count now, by their codes.
    entitlements: BTreeMap<String, Worth>,
    /// What it does differently from its policy.
    overrides: OverridesShape,
    /// What you noted on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    /// What you keep with it.
    metadata: BTreeMap<String, String>,
    /// Checks of it so far, a second or so late.
    checks: u64,
    /// When it was first checked; never so far, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_checked_at: Option<Instant>,
    /// When it was last checked; never so far, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_checked_at: Option<Instant>,
    /// Grows with every change by you, but not with what apps do.
    revision: u64,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
}

/// What a license does differently from its policy; what is absent is as the policy says.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "LicenseOverrides", example, skip_serializing_if_is_none)]
pub(crate) struct OverridesShape {
    /// Machines on which it may be active at a time; −1 is any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<i64>,
    /// Activations ever; −1 is any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    activation_limit: Option<i64>,
    /// Entitlements over those of the policy, by their codes.
    entitlements: BTreeMap<String, EntitlementShape>,
}

impl Resource for LicenseShape {
    const NAME: &'static str = "id";
}

impl LicenseShape {
    /// What a license looks like at `now`: entitlements stop by themselves.
    pub(crate) fn at(record: &LicenseRecord, now: Timestamp) -> Self {
        let LicenseRecord { license, policy, product, memo, metadata, checks, seats_used } = record;
        let effective = policy.rules.entitlements.effective(&license.overrides.entitlements, now);
        Self {
            id: license.id.into(),
            number: license.number,
            key_hint: license.key_hint.clone(),
            product: product.to_string(),
            policy: policy.code.to_string(),
            customer: license.customer_id.map(Id::from),
            state: license.state.code().to_owned(),
            trial: policy.rules.trial,
            term_started_at: license.term_started_at.map(Instant::from),
            expires_at: license.expires_at.map(Instant::from),
            seats: wire::limit(license.seats(policy)),
            seats_used: *seats_used,
            activation_limit: wire::limit(license.activation_limit(policy)),
            activations_used: license.activations_used,
            deactivations_used: license.deactivations_used,
            entitlements: effective.iter().map(|(code, value)| (code.to_string(), value.into())).collect(),
            overrides: OverridesShape {
                seats: license.overrides.seats.map(wire::limit),
                activation_limit: license.overrides.activation_limit.map(wire::limit),
                entitlements: entitlements::shape(&license.overrides.entitlements),
            },
            memo: memo.as_ref().map(|memo| memo.as_str().to_owned()),
            metadata: wire::metadata(metadata),
            checks: checks.as_ref().map_or(0, |checks| checks.count),
            first_checked_at: checks.as_ref().map(|checks| checks.first.into()),
            last_checked_at: checks.as_ref().map(|checks| checks.last.into()),
            revision: license.revision,
            created_at: license.created_at.into(),
            updated_at: license.updated_at.into(),
        }
    }
}

list_of! {
    /// A piece of the list of licenses.
    LicenseList, "LicenseList", LicenseShape
}

/// A new license with its key, which is shown this once.
#[derive(Object, Serialize)]
#[oai(rename = "CreatedLicense", example, skip_serializing_if_is_none)]
pub(crate) struct CreatedLicense {
    /// Its identifier.
    id: Id,
    /// Its key, for its holder. It cannot be seen again but by those who may reveal keys.
    key: String,
    /// The license, as it is shown later.
    license: LicenseShape,
}

impl Resource for CreatedLicense {
    const NAME: &'static str = "id";
    const REVISION: &'static str = "/license/revision";
}

impl CreatedLicense {
    /// What a license that was made at `now` looks like.
    pub(crate) fn at(made: &MadeLicense, now: Timestamp) -> Self {
        Self {
            id: made.record.license.id.into(),
            key: made.key.reveal().to_owned(),
            license: LicenseShape::at(&made.record, now),
        }
    }
}

/// One of many new licenses with its key, which is shown this once.
#[derive(Object, Serialize)]
#[oai(rename = "BulkCreatedLicense", example, skip_serializing_if_is_none)]
pub(crate) struct BulkCreatedLicense {
    /// Its identifier.
    id: Id,
    /// A small number, unique within the tenant, for old clients.
    number: u32,
    /// Its key, for its holder. It cannot be seen again but by those who may reveal keys.
    key: String,
}

/// New licenses with their keys.
#[derive(Object, Serialize)]
#[oai(rename = "BulkCreatedLicenses", example, skip_serializing_if_is_none)]
pub(crate) struct BulkCreatedLicenses {
    /// The new licenses, in the order of the request.
    licenses: Vec<BulkCreatedLicense>,
}

impl From<&Vec<MadeLicense>> for BulkCreatedLicenses {
    fn from(made: &Vec<MadeLicense>) -> Self {
        let license = |made: &MadeLicense| BulkCreatedLicense {
            id: made.record.license.id.into(),
            number: made.record.license.number,
            key: made.key.reveal().to_owned(),
        };
        Self { licenses: made.iter().map(license).collect() }
    }
}

impl Example for LicenseShape {
    fn example() -> Self {
        Self {
            id: examples::LICENSE_ID.into(),
            number: 1042,
            key_hint: "ZGB0".to_owned(),
            product: "cad".to_owned(),
            policy: "cad-pro".to_owned(),
            customer: Some("0196a1c4-0a92-7d11-9c3e-5f4e3d2c1b0a".into()),
            state: "active".to_owned(),
            trial: false,
            term_started_at: Some("2026-03-01T12:00:00Z".into()),
            expires_at: Some("2027-03-01T12:00:00Z".into()),
            seats: 3,
            seats_used: 1,
            activation_limit: -1,
            activations_used: 4,
            deactivations_used: 1,
            entitlements: BTreeMap::from([(
                "layers".to_owned(),
                Worth::from(&model::EntitlementValue::Number(128)),
            )]),
            overrides: OverridesShape::example(),
            memo: Some("Paid by bank transfer.".to_owned()),
            metadata: wire::metadata_example(),
            checks: 120,
            first_checked_at: Some("2026-03-01T12:00:00Z".into()),
            last_checked_at: Some("2026-06-01T08:15:00Z".into()),
            revision: 2,
            created_at: "2026-03-01T11:58:00Z".into(),
            updated_at: "2026-03-09T17:30:00Z".into(),
        }
    }
}

impl Example for OverridesShape {
    fn example() -> Self {
        Self { seats: Some(3), activation_limit: None, entitlements: entitlements::example() }
    }
}

impl Example for CreatedLicense {
    fn example() -> Self {
        let license = LicenseShape {
            seats_used: 0,
            activations_used: 0,
            deactivations_used: 0,
            checks: 0,
            first_checked_at: None,
            last_checked_at: None,
            revision: 1,
            ..Example::example()
        };
        Self { id: examples::LICENSE_ID.into(), key: examples::KEY.to_owned(), license }
    }
}

impl Example for BulkCreatedLicense {
    fn example() -> Self {
        Self { id: examples::LICENSE_ID.into(), number: 1042, key: examples::KEY.to_owned() }
    }
}

impl Example for BulkCreatedLicenses {
    fn example() -> Self {
        Self { licenses: vec![Example::example()] }
    }
}
