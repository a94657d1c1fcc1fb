//! Faults leave nothing behind.

use leasehold_licensing::{Clock, Entropy, Error, Licensing, MasterKey, Surroundings};
use testkit::{Database, World, call, hex, on_both};

use crate::common::{events, refresh_command, rules, stored, validate_command};

/// The use cases anew, with nothing in memory.
async fn reopened(database: &Database, clock: Clock) -> Licensing {
    let opened = Licensing::open(
        database.store.clone(),
        &MasterKey::new([7; 32]),
        clock,
        Entropy::seeded(3),
        Surroundings::alone(),
    )
    .await;
    opened.unwrap()
}

on_both! {
    async fn a_fault_in_signing_consumes_no_seat(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.activation_limit = model::Limit::AtMost(1)))
            .await;
        let mut raw = world.database.raw().await;
        let keys = world.licensing.signing_keys(&shop.tenant).await.unwrap();
        let active = keys
            .iter()
            .find(|key| key.state == model::KeyState::Active)
            .unwrap();
        let mut damaged = active.sealed_private.clone();
        *damaged.last_mut().unwrap() ^= 1;
        let set = async |raw: &mut testkit::Raw, sealed: &[u8]| {
            let sql = format!(
                "UPDATE signing_keys SET sealed_private = {} WHERE state = 'active'",
                raw.bytes(sealed)
            );
            assert_eq!(raw.execute(&sql).await, 1);
        };
        set(&mut raw, &damaged).await;
        let before = raw.dump().await;
        assert!(
            before["signing_keys"]
                .iter()
                .any(|row| row.to_lowercase().contains(&hex(&damaged)))
        );
        for _ in 0..2 {
            let answer = world
                .licensing
                .activate(&shop.tenant, &call(), shop.activate_command(&key, 1), None)
                .await;
            assert!(matches!(answer, Err(Error::Internal(..))), "{answer:?}");
        }
        let mut check = validate_command(&key, None);
        check.binding = Some(crate::common::binding());
        let answer = world.licensing.validate(&shop.tenant, &call(), check).await;
        assert!(
            matches!(answer, Err(Error::Internal(..))),
            "a verdict cannot be signed either: {answer:?}"
        );
        assert_eq!(raw.dump().await, before, "nothing was written");
        set(&mut raw, &active.sealed_private).await;
        let done = shop.activate(&key, 1).await.unwrap();
        assert_eq!(done.license.license.activations_used, 1);
        assert_eq!(stored(&shop, license.id).await.1, 1);
    }

    async fn a_key_that_is_not_its_thumbprints_does_not_sign(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        shop.activate(&key, 1).await.unwrap();
        let mut raw = world.database.raw().await;
        raw.execute("DELETE FROM signing_keys WHERE state = 'active'")
            .await;
        let before = raw.dump().await;
        let again = reopened(&world.database, world.clock.clone()).await;
        let answer = again
            .refresh(&shop.tenant, &call(), refresh_command(&key, 1, None), None)
            .await;
        assert!(
            matches!(
                answer,
                Err(Error::Internal("the tenant has no active signing key", None))
            ),
            "{answer:?}"
        );
        let answer = again.rotate_keys(&shop.tenant, &call()).await;
        assert!(answer.is_err(), "{answer:?}");
        assert_eq!(raw.dump().await, before);
    }

    async fn damaged_data_is_an_internal_error_and_changes_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let mut raw = world.database.raw().await;
        raw.execute("UPDATE policies SET seat_kind = 'standing'").await;
        let before = raw.dump().await;
        let answer = world
            .licensing
            .activate(&shop.tenant, &call(), shop.activate_command(&key, 1), None)
            .await;
        assert!(
            matches!(
                answer,
                Err(Error::Internal("the database holds damaged data", Some(_)))
            ),
            "{answer:?}"
        );
        assert_eq!(raw.dump().await, before);
    }

    async fn without_a_database_verbs_are_unavailable(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        assert!(!events(&shop).await.is_empty());
        world.database.store.close().await;
        let unavailable = |error: Error| assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        unavailable(
            world
                .licensing
                .activate(&shop.tenant, &call(), shop.activate_command(&key, 1), None)
                .await
                .unwrap_err(),
        );
        unavailable(
            world
                .licensing
                .validate(&shop.tenant, &call(), validate_command(&key, None))
                .await
                .unwrap_err(),
        );
        unavailable(world.licensing.published_keys(&shop.tenant).await.unwrap_err());
        unavailable(
            world
                .licensing
                .visit(&shop.tenant.slug)
                .await
                .unwrap_err(),
        );
        unavailable(world.licensing.ping().await.unwrap_err());
        unavailable(world.licensing.sweep().await.unwrap_err());
    }
}
