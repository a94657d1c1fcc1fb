//! Tests of the decisions: tables of cases, properties over arbitrary facts, and a simulated license.

mod properties;
mod renewals;
mod simulation;
mod tables;

use uuid::Uuid;

use super::{
    Activation, Claim, Counting, Deactivation, Deactivator, Facts, NamedCustomer, Refresh, activate, count,
    deactivate, refresh, validate,
};
use crate::{
    CustomerId, EntitlementCode, Entitlements, Fingerprint, IssuedLease, KeyFormat, KeyId, LeaseId, License,
    LicenseId, LicenseState, Limit, Machine, MachineId, MachineState, Metadata, Name, Overrides, Policy,
    PolicyCode, PolicyId, PolicyRules, Product, ProductCode, ProductId, ProductKey, Reason, Refusal,
    Timestamp,
};

/// Everything that one decision is made on, as values of its own.
#[derive(Clone, Debug)]
struct Case {
    license: License,
    policy: Policy,
    product: Product,
    machine: Option<Machine>,
    seats_used: u32,
    now: Timestamp,
    named_product: Option<ProductCode>,
    named_customer: NamedCustomer,
}

impl Case {
    /// An active license of a default policy with one seat, activated nowhere, and a claim that fits.
    fn good() -> Self {
        let product = product();
        Self {
            license: license(),
            policy: policy(PolicyRules::default()),
            machine: None,
            seats_used: 0,
            now: now(),
            named_product: Some(product.code.clone()),
            named_customer: NamedCustomer::Nobody,
            product,
        }
    }

    /// The same, activated on the presented machine.
    fn activated() -> Self {
        Self { machine: Some(machine(1)), seats_used: 1, ..Self::good() }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            license: &self.license,
            policy: &self.policy,
            product: &self.product,
            machine: self.machine.as_ref(),
            seats_used: self.seats_used,
            now: self.now,
        }
    }

    fn claim(&self) -> Claim<'_> {
        Claim { product: self.named_product.as_ref(), customer: self.named_customer }
    }

    fn activate(&self, counting: Counting) -> Result<Activation, Refusal> {
        activate(&self.facts(), &self.claim(), counting)
    }

    fn count(&self) -> Result<Activation, Refusal> {
        count(&self.facts(), &self.claim())
    }

    fn validate(&self, on_machine: bool, asked: &[EntitlementCode]) -> Result<(), Refusal> {
        validate(&self.facts(), &self.claim(), on_machine, asked)
    }

    fn refresh(&self, presented: Option<LeaseId>) -> Result<Refresh, Refusal> {
        refresh(&self.facts(), &self.claim(), presented)
    }

    fn deactivate(&self, by: Deactivator) -> Result<Deactivation, Refusal> {
        deactivate(&self.facts(), &self.claim(), by)
    }
}

/// The reasons of a refusal; none when there is no refusal.
fn reasons<T>(decision: Result<T, Refusal>) -> Vec<Reason> {
    decision.err().map(|refusal| refusal.reasons().to_vec()).unwrap_or_default()
}

/// 2027-01-15T08:00:00Z.
fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000).unwrap()
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn customer(number: u128) -> CustomerId {
    CustomerId::from_uuid(uuid(number))
}

fn lease_id(number: u128) -> LeaseId {
    LeaseId::from_uuid(uuid(number))
}

fn code(text: &str) -> EntitlementCode {
    EntitlementCode::parse(text).unwrap()
}

fn product_code(text: &str) -> ProductCode {
    ProductCode::parse(text).unwrap()
}

fn product() -> Product {
    Product {
        id: ProductId::from_uuid(uuid(1)),
        code: product_code("atelier"),
        number: 1,
        name: Name::parse("Atelier").unwrap(),
        support_message: None,
        product_key: ProductKey::parse("product-key").unwrap(),
        key_format: KeyFormat::default(),
        metadata: Metadata::default(),
        revision: 1,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    }
}

fn policy(rules: PolicyRules) -> Policy {
    Policy {
        id: PolicyId::from_uuid(uuid(1)),
        product_id: ProductId::from_uuid(uuid(1)),
        code: PolicyCode::parse("standard").unwrap(),
        name: Name::parse("Standard").unwrap(),
        rules,
        metadata: Metadata::default(),
        revision: 1,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    }
}

fn license() -> License {
    License {
        id: LicenseId::from_uuid(uuid(1)),
        number: 1,
        product_id: ProductId::from_uuid(uuid(1)),
        policy_id: PolicyId::from_uuid(uuid(1)),
        customer_id: None,
        key_hint: "0000".to_owned(),
        overrides: Overrides::default(),
        state: LicenseState::Active,
        term_started_at: None,
        expires_at: None,
        activations_used: 0,
        deactivations_used: 0,
        version: 1,
        revision: 1,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    }
}

/// An active machine whose lease, number 1, is over but tolerated for another hour.
fn machine(number: u128) -> Machine {
    Machine {
        id: MachineId::from_uuid(uuid(number)),
        license_id: LicenseId::from_uuid(uuid(1)),
        fingerprint: Fingerprint::parse(format!("machine-{number}")).unwrap(),
        name: None,
        state: MachineState::Active,
        activated_at: Timestamp::MIN,
        deactivated_at: None,
        lease: Some(lease(1, now().plus_seconds(3_600))),
        revision: 1,
    }
}

fn lease(number: u128, grace_until: Timestamp) -> IssuedLease {
    IssuedLease {
        id: lease_id(number),
        key_id: KeyId::parse("k".repeat(43)).unwrap(),
        expires_at: grace_until.plus_seconds(-86_400),
        grace_until,
    }
}

fn entitlements(codes: &[&str]) -> Entitlements {
    codes.iter().map(|text| (code(text), crate::EntitlementValue::Flag(true).into())).collect()
}
