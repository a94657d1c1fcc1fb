//! Policies, customers and settings that vendors change, and what comes of it.

use leasehold_licensing::{
    Call, CustomerChange, CustomerFilter, Error, NewCustomer, Page, PolicyChange, Precondition, RulesChange,
    SettingsChange,
};
use model::{
    Customer, EmailAddress, Entitlement, EntitlementCode, EntitlementValue, Limit, Metadata, Name,
    PolicyCode, Tenant,
};
use testkit::{Shop, World, call, on_both};

use crate::common::{client_key, events, events_since, everything, refresh, rules, validate};

const ANY: Precondition = Precondition::Any;

fn entitlement(code: &str) -> EntitlementCode {
    EntitlementCode::parse(code).unwrap()
}

fn all() -> Page {
    Page { after: None, descending: false, limit: 100 }
}

async fn settings(shop: &mut Shop<'_>, change: SettingsChange) -> Tenant {
    let changed = shop.world.licensing.update_settings(&shop.tenant, &Call::operator(), change, &ANY).await;
    shop.tenant = shop.world.licensing.tenant(&shop.tenant.slug).await.unwrap();
    assert_eq!(changed.as_ref().unwrap(), &shop.tenant);
    changed.unwrap()
}

async fn sam(shop: &Shop<'_>, address: &str, number: u32) -> Customer {
    let new = NewCustomer {
        name: Name::parse("Sam").unwrap(),
        email: Some(EmailAddress::parse(address).unwrap()),
        number: Some(number),
        client_key: Some(client_key(&format!("SAM-{number}"))),
        metadata: Metadata::default(),
    };
    shop.world.licensing.create_customer(&shop.tenant, &Call::operator(), new).await.unwrap()
}

on_both! {
    async fn a_policy_counts_from_the_next_check_on(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let code = world.licensing.license(&shop.tenant, license.id).await.unwrap().policy.code;
        shop.activate(&key, 1).await.unwrap();
        shop.activate(&key, 2).await.unwrap_err();
        let rules = RulesChange { seats: Some(Limit::AtMost(2)), trial: Some(true), ..RulesChange::default() };
        let change = PolicyChange { rules, ..PolicyChange::default() };
        let before = events(&shop).await;
        let (licensing, tenant, operator) = (&world.licensing, &shop.tenant, &Call::operator());
        let changed = licensing.update_policy(tenant, operator, &code, change, &ANY).await.unwrap().policy;
        assert_eq!(events_since(&shop, &before).await, ["policy.update policy done outbox"]);
        assert_eq!((changed.revision, changed.updated_at), (2, world.clock.now()));
        shop.activate(&key, 2).await.unwrap();
        assert!(validate(&shop, &key, Some(1)).await.license().unwrap().policy.rules.trial);

        let export = entitlement("export");
        let on = Entitlement::from(EntitlementValue::Flag(true));
        let set = licensing.set_policy_entitlement(tenant, operator, &code, (export.clone(), on), &ANY).await;
        assert_eq!(set.unwrap().policy.revision, 3);
        let given = refresh(&shop, &key, 1).await.unwrap().license.entitlements;
        assert_eq!(given.get(&export), Some(&EntitlementValue::Flag(true)));
        let removed = licensing.remove_policy_entitlement(tenant, operator, &code, &export, &ANY).await.unwrap();
        assert!(removed.policy.rules.entitlements.is_empty());
        assert!(refresh(&shop, &key, 1).await.unwrap().license.entitlements.is_empty());
        let again = licensing.remove_policy_entitlement(tenant, operator, &code, &export, &ANY).await;
        assert!(matches!(again, Err(Error::NotFound("entitlement"))), "{again:?}");
    }

    async fn a_policy_that_makes_no_sense_changes_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", rules(|_| ())).await;
        let code = PolicyCode::parse("standard").unwrap();
        let (licensing, tenant, operator) = (&world.licensing, &shop.tenant, &Call::operator());
        let mut raw = world.database.raw().await;
        let before = raw.dump().await;
        let absurd = [
            ("refresh_seconds", RulesChange { lease_seconds: Some(60), ..RulesChange::default() }),
            ("grace_seconds", RulesChange { grace_seconds: Some(u32::MAX), ..RulesChange::default() }),
        ];
        for (expected, rules) in absurd {
            let change = PolicyChange { rules, ..PolicyChange::default() };
            let refused = licensing.update_policy(tenant, operator, &code, change, &ANY).await;
            let Err(Error::Invalid { field, .. }) = refused else { panic!("{refused:?}") };
            assert_eq!(field, expected);
        }
        for number in 0..7 {
            let value = Entitlement::from(EntitlementValue::Text("x".repeat(255)));
            let name = entitlement(&format!("e{number}"));
            licensing.set_policy_entitlement(tenant, operator, &code, (name, value), &ANY).await.unwrap();
        }
        let value = Entitlement::from(EntitlementValue::Text("x".repeat(255)));
        let refused =
            licensing.set_policy_entitlement(tenant, operator, &code, (entitlement("more"), value), &ANY).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "entitlements", .. })), "{refused:?}");
        let stale = Precondition::Revisions(vec![7]);
        let refused = licensing.delete_policy(tenant, operator, &code, &stale).await;
        assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
        licensing.delete_policy(tenant, operator, &code, &ANY).await.unwrap();
        let gone = licensing.policy(tenant, &code).await;
        assert!(matches!(gone, Err(Error::NotFound("policy"))), "{gone:?}");
        assert_eq!(raw.dump().await["products"], before["products"]);
    }

    async fn what_licenses_hang_on_stays(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(rules(|_| ())).await;
        let code = world.licensing.license(&shop.tenant, license.id).await.unwrap().policy.code;
        let refused = world.licensing.delete_policy(&shop.tenant, &Call::operator(), &code, &ANY).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let nowhere = PolicyCode::parse("nonesuch").unwrap();
        let refused = world.licensing.delete_policy(&shop.tenant, &Call::operator(), &nowhere, &ANY).await;
        assert!(matches!(refused, Err(Error::NotFound("policy"))), "{refused:?}");
    }

    async fn customers_are_filtered_by_all_that_is_given(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        for (number, address) in [(1, "sam@example.com"), (2, "Sam@example.com"), (3, "pat@example.com")] {
            world.clock.advance(1);
            sam(&shop, address, number).await;
        }
        sam(&other, "sam@example.com", 1).await;
        let email = |text: &str| Some(EmailAddress::parse(text).unwrap());
        let filter = |address: Option<&str>, number, key: Option<&str>| CustomerFilter {
            email: address.and_then(email),
            number,
            client_key: key.map(client_key),
        };
        for (filter, expected) in [
            (filter(None, None, None), vec![1, 2, 3]),
            (filter(Some("SAM@example.com"), None, None), vec![1, 2]),
            (filter(Some("SAM@example.com"), Some(2), None), vec![2]),
            (filter(Some("pat@example.com"), Some(2), None), vec![]),
            (filter(None, Some(3), Some("SAM-3")), vec![3]),
            (filter(None, Some(3), Some("SAM-1")), vec![]),
            (filter(None, None, Some("SAM-9")), vec![]),
        ] {
            let found = world.licensing.customers(&shop.tenant, &filter, &all()).await.unwrap();
            let numbers: Vec<_> = found.iter().map(|found| found.number).collect();
            assert_eq!(numbers, expected, "{filter:?}");
        }
        let first = world.licensing.customers(&shop.tenant, &CustomerFilter::default(), &all()).await.unwrap();
        let after = Page { after: Some(first[0].id.uuid()), ..all() };
        let found = world.licensing.customers(&shop.tenant, &filter(None, Some(1), None), &after).await.unwrap();
        assert!(found.is_empty(), "the piece begins behind it");
    }

    async fn the_audit_log_has_no_addresses(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let customer = sam(&shop, "first@example.com", 1).await;
        let (licensing, tenant, operator) = (&world.licensing, &shop.tenant, &Call::operator());
        let before = events(&shop).await;
        let change = CustomerChange {
            name: Some(Name::parse("Samantha").unwrap()),
            email: Some(EmailAddress::parse("second@example.com").ok()),
            metadata: None,
        };
        let changed = licensing.update_customer(tenant, operator, customer.id, change, &ANY).await.unwrap();
        assert_eq!((changed.revision, changed.client_key.as_str()), (2, "SAM-1"));
        let cleared = CustomerChange { email: Some(None), ..CustomerChange::default() };
        let changed = licensing.update_customer(tenant, operator, customer.id, cleared, &ANY).await.unwrap();
        assert_eq!(changed.email, None);
        licensing.delete_customer(tenant, operator, customer.id, &ANY).await.unwrap();
        assert_eq!(
            events_since(&shop, &before).await,
            ["customer.delete customer done outbox", "customer.update customer done outbox",
             "customer.update customer done outbox"]
        );
        let written = everything(&mut world.database.raw().await).await;
        for personal in ["@example.com", "Samantha"] {
            assert!(!written.contains(personal), "{personal} is still there");
        }
        assert!(!format!("{customer:?}").contains("@example"));
    }

    async fn settings_are_those_of_one_tenant(database: Database) {
        let world = World::new(database).await;
        let (mut shop, other) = (world.shop("acme").await, world.shop("other").await);
        let mut raw = world.database.raw().await;
        let before = raw.dump_tenant(other.tenant.id).await;
        let name = Name::parse("Acme 2").unwrap();
        let change = SettingsChange { name: Some(name.clone()), checks_are_events: None };
        let changed = settings(&mut shop, change).await;
        assert_eq!((changed.name, changed.revision, changed.checks_are_events), (name, 2, false));
        let stale = Precondition::Revisions(vec![1]);
        let refused = world.licensing.update_settings(&shop.tenant, &call(), SettingsChange::default(), &stale).await;
        assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
        assert_eq!(raw.dump_tenant(other.tenant.id).await, before);
        assert_eq!(world.licensing.settings(&other.tenant).await.unwrap(), other.tenant);
    }

    async fn checks_are_events_where_the_tenant_asks_for_it(database: Database) {
        let world = World::new(database).await;
        let (mut shop, other) = (world.shop("acme").await, world.shop("other").await);
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let (_, other_key) = other.license_with(rules(|_| ())).await;
        shop.activate(&key, 1).await.unwrap();
        settings(&mut shop, SettingsChange { checks_are_events: Some(true), ..SettingsChange::default() }).await;
        let (before, of_other) = (events(&shop).await, events(&other).await);
        validate(&shop, &key, Some(1)).await;
        validate(&shop, &key, Some(2)).await;
        validate(&shop, &key, None).await;
        validate(&shop, &model::LicenseKey::parse("no-such-key").unwrap(), None).await;
        validate(&other, &other_key, None).await;
        assert_eq!(events_since(&shop, &before).await, [""; 0], "a check waits for no write");
        // A batch that fails is written later, once.
        let mut raw = world.database.raw().await;
        raw.break_table("events").await;
        world.licensing.flush_checks().await.unwrap_err();
        raw.mend("events").await;
        for _ in 0..2 {
            world.licensing.flush_checks().await.unwrap();
        }
        let mut news = events_since(&shop, &before).await;
        news.sort_unstable();
        assert_eq!(
            news,
            ["license.check license done", "license.check license machine_mismatch",
             "license.check machine done", "license.check nothing not_found"],
            "none of them is in the outbox"
        );
        assert_eq!(events(&other).await, of_other, "another tenant did not ask for it");
        let written = everything(&mut raw).await;
        assert!(!written.contains("no-such-key"));
        settings(&mut shop, SettingsChange { checks_are_events: Some(false), ..SettingsChange::default() }).await;
        let before = events(&shop).await;
        validate(&shop, &key, Some(1)).await;
        world.licensing.flush_checks().await.unwrap();
        assert_eq!(events_since(&shop, &before).await, [""; 0]);
    }
}
