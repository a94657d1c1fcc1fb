//! Samples of everything that the store keeps. The same number always gives the same sample.

use leasehold_store::{NewLicenseRow, Store, Tx};
use model::{
    Action, Actor, ApiKey, ApiKeyId, ClientKey, Customer, CustomerId, EmailAddress, Entitlement,
    EntitlementCode, EntitlementValue, Entitlements, Event, EventId, Fingerprint, IssuedLease, Issuer,
    KeyFormat, KeyId, KeyState, LeaseId, License, LicenseId, LicenseState, Limit, Machine, MachineId,
    MachineName, MachineState, Member, MemberId, Memo, Metadata, Name, Outcome, Overrides, Policy,
    PolicyCode, PolicyId, PolicyRules, Product, ProductCode, ProductId, ProductKey, RateLimitOverrides, Role,
    SeatKind, SigningKeyRecord, Subject, Tenant, TenantId, TenantSlug, TenantState, TermStart, Timestamp,
};
use serde_json::json;
use uuid::Uuid;

/// An instant with microseconds, later by so many of them.
pub(crate) fn at(micros: i64) -> Timestamp {
    let start = Timestamp::parse("2026-03-01T12:00:00.123457Z").expect("an instant");
    Timestamp::from_unix_micros(start.unix_micros() + micros).expect("an instant")
}

fn uuid(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128(0x0195_0000_0000_7000_8000_0000_0000_0000 | (kind << 40) | u128::from(number))
}

pub(crate) fn tenant_id(number: u32) -> TenantId {
    TenantId::from_uuid(uuid(1, number))
}

pub(crate) fn tenant(number: u32) -> Tenant {
    Tenant {
        id: tenant_id(number),
        slug: TenantSlug::parse(format!("tenant-{number}")).expect("a slug"),
        name: name("Träume & Söhne"),
        issuer: Issuer::parse(format!("https://licenses.example.com/t/{number}")).expect("an issuer"),
        state: TenantState::Active,
        refuses_mistyped_keys: true,
        checks_are_events: false,
        rate_limits: RateLimitOverrides::default(),
        revision: 1,
        created_at: at(1),
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// Metadata with names and values that a careless reader would change.
pub(crate) fn metadata(value: &str) -> Metadata {
    let members =
        [("Order ID", value), ("order_id", " 1.0 "), ("ключ", "line\none"), ("quote\"", "\\\u{7f}")];
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Metadata::new(members.collect()).expect("metadata")
}

pub(crate) fn product_id(number: u32) -> ProductId {
    ProductId::from_uuid(uuid(2, number))
}

pub(crate) fn product(number: u32) -> Product {
    Product {
        id: product_id(number),
        code: ProductCode::parse(format!("product-{number}")).expect("a code"),
        number,
        name: name("Atelier 日本"),
        support_message: Some("call 555-555-5555".into()),
        product_key: ProductKey::parse(format!("PRODUCTKEY{number}")).expect("a key"),
        key_format: KeyFormat::Alphanumeric4x4,
        metadata: metadata("product"),
        revision: 1,
        created_at: at(2),
        updated_at: at(2),
    }
}

pub(crate) fn policy_id(number: u32) -> PolicyId {
    PolicyId::from_uuid(uuid(3, number))
}

pub(crate) fn entitlements() -> Entitlements {
    let values = [
        ("export", EntitlementValue::Flag(true)),
        ("print", EntitlementValue::Flag(false)),
        ("layers", EntitlementValue::Number(-64)),
        ("edition", EntitlementValue::Text("pro \"x\" ü".into())),
        ("modules", EntitlementValue::Set(["a".into(), "b".into()].into())),
    ];
    let code = |text| EntitlementCode::parse(text).expect("a code");
    let mut all: Entitlements = values.into_iter().map(|(text, value)| (code(text), value.into())).collect();
    let ends =
        Entitlement { value: EntitlementValue::Number(-9_007_199_254_740_991), expires_at: Some(at(77)) };
    all.set(code("beta"), ends);
    all
}

/// A policy with every member set to something that is not the default.
pub(crate) fn policy(number: u32) -> Policy {
    Policy {
        id: policy_id(number),
        product_id: product_id(number),
        code: PolicyCode::parse(format!("policy-{number}")).expect("a code"),
        name: name("Standard"),
        rules: PolicyRules {
            term: Some("P1Y2M3DT4H".parse().expect("a term")),
            term_starts: TermStart::Creation,
            seats: Limit::AtMost(7),
            seat_kind: SeatKind::Floating,
            overage_percent: 25,
            activation_limit: Limit::AtMost(u32::MAX),
            deactivation_limit: Limit::AtMost(0),
            requires_customer: true,
            lease_seconds: 61 + 1_000 / number,
            refresh_seconds: 62,
            grace_seconds: 63,
            offline_lease_seconds: 64,
            entitlements: entitlements(),
            trial: true,
        },
        metadata: metadata("policy"),
        revision: 1,
        created_at: at(3),
        updated_at: at(3),
    }
}

pub(crate) fn customer_id(number: u32) -> CustomerId {
    CustomerId::from_uuid(uuid(4, number))
}

pub(crate) fn customer(number: u32) -> Customer {
    Customer {
        id: customer_id(number),
        number,
        name: name("Sam O'Brien"),
        email: Some(EmailAddress::parse("sam@example.com").expect("an address")),
        client_key: client_key(number),
        metadata: metadata("customer"),
        revision: 1,
        created_at: at(4),
        updated_at: at(4),
    }
}

pub(crate) fn client_key(number: u32) -> ClientKey {
    ClientKey::parse(format!("CLIENT{number}")).expect("a client key")
}

pub(crate) fn license_id(number: u32) -> LicenseId {
    LicenseId::from_uuid(uuid(5, number))
}

pub(crate) fn key_hash(number: u32) -> [u8; 32] {
    let mut hash = [0xAB; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    hash
}

/// A license with every member set to something that is not the default.
pub(crate) fn license(number: u32) -> License {
    License {
        id: license_id(number),
        number,
        product_id: product_id(number),
        policy_id: policy_id(number),
        customer_id: Some(customer_id(number)),
        key_hint: "X039".into(),
        overrides: Overrides {
            seats: Some(Limit::AtMost(5)),
            activation_limit: Some(Limit::Unlimited),
            entitlements: entitlements(),
        },
        state: LicenseState::Active,
        term_started_at: Some(at(5)),
        expires_at: Some(at(6)),
        activations_used: 8,
        deactivations_used: 9,
        version: 1,
        revision: 1,
        created_at: at(7),
        updated_at: at(7),
    }
}

pub(crate) fn memo(text: &str) -> Memo {
    Memo::parse(text).expect("a note")
}

pub(crate) fn machine_id(number: u32) -> MachineId {
    MachineId::from_uuid(uuid(6, number))
}

pub(crate) fn lease_id(number: u32) -> LeaseId {
    LeaseId::from_uuid(uuid(7, number))
}

pub(crate) fn fingerprint(number: u32) -> Fingerprint {
    Fingerprint::parse(format!("AA:BB:Ω:{number}")).expect("a fingerprint")
}

/// An active machine of the license of the same number, with a lease.
pub(crate) fn machine(number: u32) -> Machine {
    Machine {
        id: machine_id(number),
        license_id: license_id(number),
        fingerprint: fingerprint(number),
        name: Some(MachineName::parse("Sams Laptop").expect("a name")),
        state: MachineState::Active,
        activated_at: at(8),
        deactivated_at: Some(at(9)),
        lease: Some(IssuedLease {
            id: lease_id(number),
            key_id: key_id(number),
            expires_at: at(10),
            grace_until: at(11),
        }),
        revision: 1,
    }
}

pub(crate) fn member(number: u32) -> Member {
    Member {
        id: MemberId::from_uuid(uuid(9, number)),
        email: EmailAddress::parse("olivia@example.com").expect("an address"),
        name: name("Olivia Ö"),
        role: Role::Owner,
        created_at: at(14),
    }
}

pub(crate) fn key_id(number: u32) -> KeyId {
    KeyId::parse(format!("{number:A>43}")).expect("a key identifier")
}

pub(crate) fn signing_key(number: u32, state: KeyState) -> SigningKeyRecord {
    let byte = u8::try_from(number).expect("a small number");
    SigningKeyRecord {
        id: key_id(number),
        state,
        public: [byte; 32],
        sealed_private: vec![byte; 61],
        created_at: at(i64::from(number)),
        activated_at: (state == KeyState::Active).then(|| at(12)),
        retired_at: None,
        leases_until: Some(at(20)),
    }
}

pub(crate) fn api_key_id(number: u32) -> ApiKeyId {
    ApiKeyId::from_uuid(uuid(9, number))
}

/// An API key that counts.
pub(crate) fn api_key(number: u32) -> ApiKey {
    ApiKey {
        id: api_key_id(number),
        public_id: format!("{number:a>8}"),
        name: name("Web shop ä"),
        scopes: "licenses:read licenses:write".parse().expect("scopes"),
        created_at: at(14),
        expires_at: Some(at(1_000_000)),
        revoked_at: None,
        last_used_at: None,
    }
}

pub(crate) fn event_id(number: u32) -> EventId {
    EventId::from_uuid(uuid(8, number))
}

/// Something that was done to the machine of the same number.
pub(crate) fn event(number: u32) -> Event {
    Event {
        id: event_id(number),
        at: at(13),
        actor: Actor::App,
        action: Action::MachineActivate,
        subject: Some(Subject::Machine(license_id(number), machine_id(number))),
        outcome: Outcome::Done,
        address: Some("2001:db8::1".into()),
        request_id: Some("request".into()),
        details: json!({ "seat": "taken", "seats_used": 1, "nested": [null, true] }),
    }
}

/// Adds the tenant of that number.
pub(crate) async fn add_tenant(store: &Store, number: u32) -> TenantId {
    let mut platform = store.platform().await.expect("a unit of work");
    let added = platform.insert_tenant(&tenant(number)).await;
    assert!(added.expect("the tenant is written"), "the tenant is new");
    platform.commit().await.expect("the tenant is kept");
    tenant_id(number)
}

/// Adds product, policy and customer of that number.
pub(crate) async fn add_catalog(tx: &mut Tx, number: u32) {
    assert!(tx.products().insert(&product(number)).await.expect("a product"));
    assert!(tx.policies().insert(&policy(number)).await.expect("a policy"));
    assert!(tx.customers().insert(&customer(number)).await.expect("a customer"));
}

/// Adds a license with the key of its number; whether it was added.
pub(crate) async fn add_license(tx: &mut Tx, license: &License) -> bool {
    let row = NewLicenseRow { license, key_hash: &key_hash(license.number), key_sealed: b"sealed" };
    tx.licenses().insert(&row).await.expect("a license")
}
