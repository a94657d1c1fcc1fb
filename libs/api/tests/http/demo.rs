//! A tenant with what the documents of the two older APIs name, as `leasehold demo` has it.

use licensing::{Call, CustomerName, NewCustomer, NewLicense, NewPolicy, NewProduct, NewTenant, StateChange};
use model::{
    ClientKey, Event, Fingerprint, KeyFormat, License, LicenseId, LicenseKey, Limit, Machine, Name,
    Overrides, PolicyCode, PolicyRules, ProductCode, ProductKey, Tenant, TenantSlug,
};
use testkit::{Database, World};

static OPERATOR: Call = Call::operator();

/// Ten activations of product 1.
pub(crate) const TEN: &str = "2SZRHXZBNB3GUCHM375FTB8DJ";
pub(crate) const ONE: &str = "ONEACTIVATIONONLY00000000";
pub(crate) const UNLIMITED: &str = "UNLIMITEDACTIVATIONS00000";
pub(crate) const SUSPENDED: &str = "SUSPENDEDLICENSE000000000";
/// Keys of product 2.
pub(crate) const FRAMECAD_KEYS: [&str; 10] = [
    "HIOZ-W7RA-JNET-X039",
    "I3KO-I1NB-LS8U-QF96",
    "K86T-1AYR-13FO-P7KJ",
    "BJG4-AVGI-30QK-A7FQ",
    "DKIP-CE96-9SU5-1TUC",
    "9BFA-5M4Q-TJ28-DE1P",
    "8ESY-ZKL8-GWCP-EXCT",
    "Q1VI-3EP6-9K2P-F6GC",
    "S8T5-D3HU-R8P7-90UZ",
    "UXTQ-UYZK-79YT-6XYR",
];
pub(crate) const PRODUCT_KEY: &str = "FRAMECAD-PRODUCT-KEY";
pub(crate) const TESTER: &str = "3D9AACA84BEC559A";
pub(crate) const SECOND_TESTER: &str = "E3200EA9C4D291CA";
pub(crate) const SUPPORT: &str = "call 555-555-5555 for support";

/// The tenant `demo` in a world of its own.
pub(crate) struct Demo {
    pub(crate) world: World,
    pub(crate) tenant: Tenant,
}

impl Demo {
    pub(crate) async fn new(database: Database) -> Self {
        let world = World::new(database).await;
        let tenant = world.licensing.create_tenant(
            &OPERATOR,
            NewTenant {
                slug: TenantSlug::parse("demo").unwrap(),
                name: name("Demo"),
                issuer: "https://licenses.example.com/t/demo".parse().unwrap(),
            },
        );
        let tenant = tenant.await.unwrap();
        let demo = Self { world, tenant };

        let unlimited = PolicyRules { seats: Limit::Unlimited, ..PolicyRules::default() };
        demo.product("test-application", 1, Some(SUPPORT), None).await;
        demo.policy("test-application", "test-application", unlimited).await;
        demo.product("framecad", 2, None, Some(PRODUCT_KEY)).await;
        let year = PolicyRules {
            term: Some("P1Y".parse().unwrap()),
            requires_customer: true,
            ..PolicyRules::default()
        };
        demo.policy("framecad", "framecad", year).await;
        demo.product("atelier", 3, None, None).await;

        demo.customer(1, TESTER).await;
        demo.customer(2, SECOND_TESTER).await;
        for (key, limit) in [
            (TEN, Limit::AtMost(10)),
            (ONE, Limit::AtMost(1)),
            (UNLIMITED, Limit::Unlimited),
            (SUSPENDED, Limit::AtMost(5)),
        ] {
            let overrides = Overrides { activation_limit: Some(limit), ..Overrides::default() };
            demo.license(key, "test-application", overrides).await;
        }
        demo.change(SUSPENDED, StateChange::Suspend).await;
        for key in FRAMECAD_KEYS {
            demo.license(key, "framecad", Overrides::default()).await;
        }
        demo
    }

    pub(crate) async fn product(
        &self,
        code: &str,
        number: u32,
        support_message: Option<&str>,
        product_key: Option<&str>,
    ) {
        let new = NewProduct {
            metadata: model::Metadata::default(),
            code: ProductCode::parse(code).unwrap(),
            name: name(code),
            number: Some(number),
            support_message: support_message.map(str::to_owned),
            product_key: product_key.map(|key| ProductKey::parse(key).unwrap()),
            key_format: KeyFormat::default(),
        };
        let made = self.world.licensing.create_product(&self.tenant, &OPERATOR, new);
        made.await.unwrap();
    }

    pub(crate) async fn policy(&self, product: &str, code: &str, rules: PolicyRules) {
        let new = NewPolicy {
            metadata: model::Metadata::default(),
            product: ProductCode::parse(product).unwrap(),
            code: PolicyCode::parse(code).unwrap(),
            name: name(code),
            rules,
        };
        let made = self.world.licensing.create_policy(&self.tenant, &OPERATOR, new);
        made.await.unwrap();
    }

    pub(crate) async fn customer(&self, number: u32, client_key: &str) {
        let new = NewCustomer {
            metadata: model::Metadata::default(),
            name: name("A customer"),
            email: None,
            number: Some(number),
            client_key: Some(ClientKey::parse(client_key).unwrap()),
        };
        let made = self.world.licensing.create_customer(&self.tenant, &OPERATOR, new);
        made.await.unwrap();
    }

    pub(crate) async fn license(&self, key: &str, policy: &str, overrides: Overrides) {
        self.license_for(key, policy, overrides, None).await;
    }

    pub(crate) async fn license_for(
        &self,
        key: &str,
        policy: &str,
        overrides: Overrides,
        client_key: Option<&str>,
    ) {
        let new = NewLicense {
            memo: None,
            metadata: model::Metadata::default(),
            policy: PolicyCode::parse(policy).unwrap(),
            customer: client_key.map(|key| CustomerName::ClientKey(ClientKey::parse(key).unwrap())),
            key: Some(LicenseKey::parse(key).unwrap()),
            overrides,
            expires_at: None,
        };
        let made = self.world.licensing.create_license(&self.tenant, &OPERATOR, new);
        made.await.unwrap();
    }

    pub(crate) async fn change(&self, key: &str, change: StateChange) {
        let id = self.id(key).await;
        let licensing = &self.world.licensing;
        let changed = licensing.change_license_state(&self.tenant, &OPERATOR, id, change);
        changed.await.unwrap();
    }

    pub(crate) async fn id(&self, key: &str) -> LicenseId {
        let key = LicenseKey::parse(key).unwrap();
        self.world.licensing.license_by_key(&self.tenant, &key).await.unwrap()
    }

    /// A license and its machines.
    pub(crate) async fn details(&self, key: &str) -> (License, Vec<Machine>) {
        let id = self.id(key).await;
        let details = self.world.licensing.license(&self.tenant, id).await.unwrap();
        (details.license, details.machines)
    }

    pub(crate) async fn machine(&self, key: &str, fingerprint: &str) -> Machine {
        let fingerprint = Fingerprint::parse(fingerprint).unwrap();
        let (_, machines) = self.details(key).await;
        machines.into_iter().find(|machine| machine.fingerprint == fingerprint).unwrap()
    }

    /// The audit log of a license.
    pub(crate) async fn events(&self, key: &str) -> Vec<Event> {
        let id = self.id(key).await;
        let mut tx = self.world.database.store.read(self.tenant.id).await.unwrap();
        tx.events().of_license(id, 1_000).await.unwrap()
    }

    /// How many events the whole world has.
    pub(crate) async fn event_count(&self) -> i64 {
        self.world.database.raw().await.number("SELECT count(*) FROM events").await
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}
