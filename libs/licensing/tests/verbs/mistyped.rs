//! Keys that look mistyped are refused before any look-up, until such a key exists.

use leasehold_licensing::{Call, Imported, NewLicense};
use model::LicenseKey;
use testkit::{World, on_both};

use crate::common::{checked, codes, outcome, rules, validate};

/// The key with its last character changed.
fn mistyped(key: &LicenseKey) -> LicenseKey {
    let mut text = key.canonical().to_owned();
    let last = if text.pop() == Some('0') { '1' } else { '0' };
    text.push(last);
    let key = LicenseKey::parse(&text).unwrap();
    assert!(key.looks_mistyped());
    key
}

on_both! {
    async fn a_mistyped_key_is_not_found_without_a_look_up(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let wrong = mistyped(&key);
        assert_eq!(codes(&shop.activate(&wrong, 1).await.unwrap_err()), ["not_found"]);
        assert_eq!(checked(&validate(&shop, &wrong, None).await), ["not_found"]);
        // With the table out of the way, only what needs no look-up is answered.
        let mut raw = world.database.raw().await;
        raw.execute("ALTER TABLE licenses RENAME TO moved").await;
        assert_eq!(checked(&validate(&shop, &wrong, None).await), ["not_found"]);
        assert_eq!(outcome(&shop.activate(&wrong, 1).await), ["not_found"]);
        let looked_up = world
            .licensing
            .validate(
                &shop.tenant,
                &testkit::call(),
                crate::common::validate_command(&key, None),
            )
            .await;
        assert!(looked_up.is_err());
        raw.execute("ALTER TABLE moved RENAME TO licenses").await;
        assert_eq!(checked(&validate(&shop, &key, None).await), [""; 0]);
    }

    async fn a_key_of_that_shape_works_once_it_is_brought_in(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let other = world.shop("other").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let wrong = mistyped(&key);
        let line = crate::import::line(wrong.reveal());
        let done = world
            .licensing
            .import_licenses(&shop.tenant, &Call::operator(), vec![line])
            .await
            .unwrap();
        assert_eq!(done, [Imported::Created]);
        let tenant = world.licensing.tenant(&shop.tenant.slug).await.unwrap();
        assert!(!tenant.refuses_mistyped_keys);
        assert!(
            world
                .licensing
                .tenant(&other.tenant.slug)
                .await
                .unwrap()
                .refuses_mistyped_keys
        );
        let shop = testkit::Shop {
            world: &world,
            tenant,
        };
        assert_eq!(outcome(&shop.activate(&wrong, 1).await), [""; 0]);
        assert_eq!(outcome(&shop.activate(&key, 1).await), [""; 0]);
        assert_eq!(
            codes(
                &shop
                    .activate(&LicenseKey::parse("ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZ1").unwrap(), 1)
                    .await
                    .unwrap_err()
            ),
            ["not_found"]
        );
    }

    async fn a_key_of_that_shape_works_once_it_is_created(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let wrong = mistyped(&key);
        let new = NewLicense {
            memo: None,
            metadata: model::Metadata::default(),
            key: Some(wrong.clone()),
            ..crate::manage::new_license()
        };
        world
            .licensing
            .create_license(&shop.tenant, &Call::operator(), new)
            .await
            .unwrap();
        let tenant = world.licensing.tenant(&shop.tenant.slug).await.unwrap();
        let shop = testkit::Shop {
            world: &world,
            tenant,
        };
        assert_eq!(outcome(&shop.activate(&wrong, 1).await), [""; 0]);
    }
}
