//! Making and changing things.

use leasehold_licensing::{
    Call, Clock, CustomerName, Entropy, Error, Licensing, MasterKey, NewCustomer, NewLicense, NewPolicy,
    NewProduct, NewTenant, StateChange, Surroundings,
};
use model::{
    Issuer, KeyFormat, LicenseId, LicenseKey, LicenseState, Name, Overrides, PolicyCode, ProductKey,
    TenantSlug,
};
use testkit::{World, on_both};

use crate::common::{client_key, product, rules};

/// A license of the policy `standard`.
pub(crate) fn new_license() -> NewLicense {
    NewLicense {
        memo: None,
        metadata: model::Metadata::default(),
        policy: PolicyCode::parse("standard").unwrap(),
        customer: None,
        key: None,
        overrides: Overrides::default(),
        expires_at: None,
    }
}

fn name() -> Name {
    Name::parse("A name").unwrap()
}

fn conflict<T: std::fmt::Debug>(result: &Result<T, Error>) {
    assert!(matches!(result, Err(Error::Conflict(_))), "{result:?}");
}

fn missing<T: std::fmt::Debug>(result: &Result<T, Error>, what: &str) {
    assert!(matches!(&result, Err(Error::NotFound(found)) if *found == what), "{result:?}");
}

on_both! {
    async fn what_exists_is_not_made_again(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (tenant, operator, licensing) = (&shop.tenant, &Call::operator(), &world.licensing);
        shop.policy("standard", rules(|_| ())).await;
        shop.customer("OWNER").await;
        let key = LicenseKey::parse("MY-OWN-KEY").unwrap();
        let with_key = || NewLicense {
            key: Some(key.clone()),
            ..new_license()
        };
        let (license, kept) = licensing
            .create_license(tenant, operator, with_key())
            .await
            .unwrap();
        assert_eq!((kept.reveal(), license.key_hint.as_str()), ("MY-OWN-KEY", "NKEY"));
        let mut raw = world.database.raw().await;
        let before = raw.dump().await;

        let same_slug = NewTenant {
            slug: tenant.slug.clone(),
            name: name(),
            issuer: Issuer::parse("https://x.example").unwrap(),
        };
        conflict(&licensing.create_tenant(operator, same_slug).await);
        let same_issuer = NewTenant {
            slug: TenantSlug::parse("new").unwrap(),
            name: name(),
            issuer: tenant.issuer.clone(),
        };
        conflict(&licensing.create_tenant(operator, same_issuer).await);
        let new_product = |code, number, key: Option<&str>| NewProduct {
            metadata: model::Metadata::default(),
            code: product(code),
            name: name(),
            number,
            support_message: None,
            product_key: key.map(|key| ProductKey::parse(key).unwrap()),
            key_format: KeyFormat::default(),
        };
        conflict(
            &licensing
                .create_product(tenant, operator, new_product("app", None, None))
                .await,
        );
        conflict(
            &licensing
                .create_product(tenant, operator, new_product("new", Some(1), None))
                .await,
        );
        let policy = |code, product_code| NewPolicy {
            metadata: model::Metadata::default(),
            product: product(product_code),
            code: PolicyCode::parse(code).unwrap(),
            name: name(),
            rules: rules(|_| ()),
        };
        conflict(
            &licensing
                .create_policy(tenant, operator, policy("standard", "app"))
                .await,
        );
        let customer = |number, key| NewCustomer {
            metadata: model::Metadata::default(),
            name: name(),
            email: None,
            number,
            client_key: Some(client_key(key)),
        };
        conflict(
            &licensing
                .create_customer(tenant, operator, customer(None, "OWNER"))
                .await,
        );
        conflict(
            &licensing
                .create_customer(tenant, operator, customer(Some(1), "ANOTHER"))
                .await,
        );
        conflict(&licensing.create_license(tenant, operator, with_key()).await);

        missing(
            &licensing
                .create_policy(tenant, operator, policy("new", "nonesuch"))
                .await,
            "product",
        );
        missing(
            &licensing
                .create_license(
                    tenant,
                    operator,
                    NewLicense {
                        policy: PolicyCode::parse("none").unwrap(),
                        ..new_license()
                    },
                )
                .await,
            "policy",
        );
        missing(
            &licensing
                .create_license(
                    tenant,
                    operator,
                    NewLicense {
                        customer: Some(CustomerName::ClientKey(client_key("NOBODY"))),
                        ..new_license()
                    },
                )
                .await,
            "customer",
        );
        missing(
            &licensing
                .license_by_key(tenant, &LicenseKey::parse("no-such-key").unwrap())
                .await,
            "license",
        );
        let nowhere: LicenseId = "0195aaaa-0000-7000-8000-000000000000".parse().unwrap();
        missing(&licensing.license(tenant, nowhere).await, "license");
        missing(
            &licensing
                .change_license_state(tenant, operator, nowhere, StateChange::Suspend)
                .await,
            "license",
        );
        missing(&licensing.product(tenant, &product("nonesuch")).await, "product");
        assert_eq!(raw.dump().await, before, "what is refused writes nothing");

        let first = licensing
            .create_product(tenant, operator, new_product("two", Some(7), Some("TWO-KEY")))
            .await
            .unwrap();
        assert_eq!(first.number, 7);
        conflict(
            &licensing
                .create_product(tenant, operator, new_product("new", None, Some("TWO-KEY")))
                .await,
        );
        let next = licensing
            .create_product(tenant, operator, new_product("three", None, None))
            .await
            .unwrap();
        assert_eq!(next.number, 8);
    }

    async fn senseless_values_are_invalid(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        for text in ["", &"x".repeat(501)] {
            let new = NewProduct {
                metadata: model::Metadata::default(),
                code: product("new"),
                name: name(),
                number: None,
                support_message: Some(text.to_owned()),
                product_key: None,
                key_format: KeyFormat::default(),
            };
            let result = world
                .licensing
                .create_product(&shop.tenant, &Call::operator(), new)
                .await;
            assert!(matches!(result, Err(Error::Invalid { .. })), "{result:?}");
        }
        let new = NewPolicy {
            metadata: model::Metadata::default(),
            product: product("app"),
            code: PolicyCode::parse("bad").unwrap(),
            name: name(),
            rules: rules(|rules| rules.lease_seconds = 1),
        };
        let result = world
            .licensing
            .create_policy(&shop.tenant, &Call::operator(), new)
            .await;
        assert!(
            matches!(result, Err(Error::Invalid { field: "lease_seconds", .. })),
            "{result:?}"
        );
    }

    async fn revocation_is_final(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(rules(|_| ())).await;
        let change = async |change| {
            world
                .licensing
                .change_license_state(&shop.tenant, &Call::operator(), license.id, change)
                .await
        };
        assert_eq!(
            change(StateChange::Revoke).await.unwrap().state,
            LicenseState::Revoked
        );
        conflict(&change(StateChange::Suspend).await);
        conflict(&change(StateChange::Reinstate).await);
        assert_eq!(
            change(StateChange::Revoke).await.unwrap().state,
            LicenseState::Revoked
        );
    }

    async fn another_master_key_is_refused(database: Database) {
        let world = World::new(database).await;
        let again = |byte| {
            let clock: Clock = world.clock.clone();
            let store = world.database.store.clone();
            async move { Licensing::open(store, &MasterKey::new([byte; 32]), clock, Entropy::seeded(2), Surroundings::of_command()).await }
        };
        assert!(again(7).await.is_ok());
        assert!(matches!(again(8).await, Err(Error::Conflict(_))));
        world.licensing.ping().await.unwrap();
    }
}
