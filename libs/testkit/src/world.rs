//! A world with vendors, products and licenses in it.

use std::net::Ipv4Addr;

use licensing::{
    Activate, Activated, Answer, Call, Clock, Decision, Entropy, Licensing, MasterKey, NewCustomer,
    NewLicense, NewPolicy, NewProduct, NewTenant, Surroundings,
};
use model::{
    Actor, ClientKey, Customer, Fingerprint, Issuer, KeyFormat, License, LicenseKey, Name, Overrides,
    PolicyCode, PolicyRules, ProductCode, Tenant, TenantSlug, Timestamp,
};

use crate::Database;

/// When every world begins.
pub const NOW: &str = "2026-03-01T12:00:00Z";

/// The use cases over a fresh database, with a clock that stands still and entropy that repeats.
pub struct World {
    /// The database below.
    pub database: Database,
    /// The use cases.
    pub licensing: Licensing,
    /// The clock that they use.
    pub clock: Clock,
}

/// A vendor with one product, `app`.
pub struct Shop<'a> {
    /// The world that it is in.
    pub world: &'a World,
    /// The vendor.
    pub tenant: Tenant,
}

/// A call by an app.
#[must_use]
pub fn call() -> Call {
    Call {
        actor: Actor::App,
        address: Some(Ipv4Addr::new(192, 0, 2, 1).into()),
        request_id: Some("test".into()),
        recall: None,
    }
}

/// A fingerprint that differs for each number.
#[must_use]
pub fn fingerprint(number: usize) -> Fingerprint {
    Fingerprint::parse(format!("machine-{number}")).expect("a fingerprint")
}

impl World {
    /// A world over a fresh database.
    pub async fn new(database: Database) -> Self {
        Self::surrounded(database, Surroundings::alone()).await
    }

    /// A world over a fresh database, whose server is not the only one.
    pub async fn surrounded(database: Database, surroundings: Surroundings) -> Self {
        let clock = Clock::fixed(Timestamp::parse(NOW).expect("an instant"));
        let licensing = Licensing::open(
            database.store.clone(),
            &MasterKey::new([7; 32]),
            clock.clone(),
            Entropy::seeded(1),
            surroundings,
        )
        .await
        .expect("licensing opens");
        Self { database, licensing, clock }
    }

    /// Another process over the same database, with the same master key and clock.
    pub async fn another(&self, seed: u64, surroundings: Surroundings) -> Licensing {
        let (store, master) = (self.database.store.clone(), MasterKey::new([7; 32]));
        let opened = Licensing::open(store, &master, self.clock.clone(), Entropy::seeded(seed), surroundings);
        opened.await.expect("licensing opens")
    }

    /// A vendor with one product, `app`.
    pub async fn shop(&self, slug: &str) -> Shop<'_> {
        let new = NewTenant {
            slug: TenantSlug::parse(slug).expect("a slug"),
            name: name(slug),
            issuer: Issuer::parse(format!("https://licenses.example.com/t/{slug}")).expect("an issuer"),
        };
        let tenant = self.licensing.create_tenant(&Call::operator(), new).await.expect("a tenant");
        let shop = Shop { world: self, tenant };
        shop.product("app").await;
        shop
    }
}

impl Shop<'_> {
    /// A product of that code.
    pub async fn product(&self, code: &str) {
        let new = NewProduct {
            metadata: model::Metadata::default(),
            code: ProductCode::parse(code).expect("a code"),
            name: name(code),
            number: None,
            support_message: Some("call 555-555-5555 for support".into()),
            product_key: None,
            key_format: KeyFormat::default(),
        };
        self.world.licensing.create_product(&self.tenant, &Call::operator(), new).await.expect("a product");
    }

    /// A policy of the product `app`.
    pub async fn policy(&self, code: &str, rules: PolicyRules) {
        let new = NewPolicy {
            metadata: model::Metadata::default(),
            product: ProductCode::parse("app").expect("a code"),
            code: PolicyCode::parse(code).expect("a code"),
            name: name(code),
            rules,
        };
        self.world.licensing.create_policy(&self.tenant, &Call::operator(), new).await.expect("a policy");
    }

    /// A customer with that client key.
    pub async fn customer(&self, client_key: &str) -> Customer {
        let new = NewCustomer {
            metadata: model::Metadata::default(),
            name: name("A customer"),
            email: None,
            number: None,
            client_key: Some(ClientKey::parse(client_key).expect("a client key")),
        };
        self.world.licensing.create_customer(&self.tenant, &Call::operator(), new).await.expect("a customer")
    }

    /// A license of that policy.
    pub async fn license(&self, policy: &str) -> (License, LicenseKey) {
        let new = NewLicense {
            memo: None,
            metadata: model::Metadata::default(),
            policy: PolicyCode::parse(policy).expect("a code"),
            customer: None,
            key: None,
            overrides: Overrides::default(),
            expires_at: None,
        };
        self.world.licensing.create_license(&self.tenant, &Call::operator(), new).await.expect("a license")
    }

    /// A license of a new policy with these rules.
    pub async fn license_with(&self, rules: PolicyRules) -> (License, LicenseKey) {
        self.policy("standard", rules).await;
        self.license("standard").await
    }

    /// What the app `app` says to activate a license on a machine.
    #[must_use]
    pub fn activate_command(&self, key: &LicenseKey, machine: usize) -> Activate {
        Activate {
            key: key.clone(),
            product: ProductCode::parse("app").expect("a code"),
            fingerprint: fingerprint(machine),
            machine_name: None,
            customer: None,
            binding: None,
        }
    }

    /// Activates a license on a machine.
    pub async fn activate(&self, key: &LicenseKey, machine: usize) -> Decision<Activated> {
        let command = self.activate_command(key, machine);
        match self.world.licensing.activate(&self.tenant, &call(), command, None).await {
            Ok(Answer::Fresh(decision)) => decision,
            other => panic!("not a decision: {other:?}"),
        }
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}
