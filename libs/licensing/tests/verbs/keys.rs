//! Signing keys: which sign, which are published, and until when.

use lease::KeySet;
use leasehold_licensing::Call;
use model::KeyState;
use testkit::{Shop, World, on_both};

use crate::common::{DAY, deactivate, events, events_since, refresh, rules, seconds, verifier};

async fn states(shop: &Shop<'_>) -> Vec<(String, KeyState)> {
    let keys = shop.world.licensing.signing_keys(&shop.tenant).await.unwrap();
    keys.into_iter().map(|key| (key.id.to_string(), key.state)).collect()
}

async fn in_state(shop: &Shop<'_>, state: KeyState) -> String {
    let keys = states(shop).await;
    let found: Vec<_> = keys.into_iter().filter(|(_, other)| *other == state).collect();
    assert_eq!(found.len(), 1, "{state:?}");
    found[0].0.clone()
}

async fn publishes(shop: &Shop<'_>, kid: &str) -> bool {
    let published = shop.world.licensing.published_keys(&shop.tenant).await.unwrap();
    KeySet::parse(published.json.as_bytes()).unwrap().get(kid).is_some()
}

async fn rotate(shop: &Shop<'_>) {
    shop.world.licensing.rotate_keys(&shop.tenant, &Call::operator()).await.unwrap();
}

on_both! {
    async fn rotation_lets_the_published_next_key_sign(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let (first, second) = (
            in_state(&shop, KeyState::Active).await,
            in_state(&shop, KeyState::Next).await,
        );
        let pinned = verifier(&shop, "app").await;
        let etag = world.licensing.published_keys(&shop.tenant).await.unwrap().etag;
        assert_eq!(
            world.licensing.published_keys(&shop.tenant).await.unwrap().etag,
            etag
        );
        let old = shop.activate(&key, 1).await.unwrap().lease;
        assert_eq!(
            pinned.lease(&old.token, "machine-1", seconds(&shop)).unwrap().kid,
            first
        );
        world.clock.advance(1);
        let before = events(&shop).await;
        rotate(&shop).await;
        assert_eq!(
            events_since(&shop, &before).await,
            ["key.create key done outbox", "key.rotate key done outbox"]
        );
        assert_eq!(in_state(&shop, KeyState::Active).await, second);
        assert_eq!(in_state(&shop, KeyState::Retired).await, first);
        let new = refresh(&shop, &key, 1).await.unwrap().lease;
        let verified = pinned.lease(&new.token, "machine-1", seconds(&shop)).unwrap();
        assert_eq!(verified.kid, second, "known to apps from before the rotation");
        let fetched = verifier(&shop, "app").await;
        assert!(
            fetched.lease(&old.token, "machine-1", seconds(&shop)).is_ok(),
            "old leases still verify"
        );
        assert_ne!(
            world.licensing.published_keys(&shop.tenant).await.unwrap().etag,
            etag
        );
        assert!(publishes(&shop, &in_state(&shop, KeyState::Next).await).await);
    }

    async fn a_retired_key_is_published_until_its_leases_are_over(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let first = in_state(&shop, KeyState::Active).await;
        let lease = shop.activate(&key, 1).await.unwrap().lease;
        rotate(&shop).await;
        deactivate(&shop, &key, 1).await.unwrap();
        world.clock.advance(17 * DAY - 1);
        assert!(publishes(&shop, &first).await, "the lease is in grace");
        let fetched = verifier(&shop, "app").await;
        assert!(
            fetched
                .lease(&lease.token, "machine-1", seconds(&shop))
                .unwrap()
                .state
                .permits_use()
        );
        world.clock.advance(1);
        assert!(!publishes(&shop, &first).await, "the lease is over");
    }

    async fn a_retired_key_is_published_while_a_replaced_lease_of_it_lives(database: Database) {
        // The app may not have received the new lease, and still holds the old one.
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let old = shop.activate(&key, 1).await.unwrap().lease;
        rotate(&shop).await;
        refresh(&shop, &key, 1).await.unwrap();
        world.clock.advance(DAY);
        let fetched = verifier(&shop, "app").await;
        assert!(fetched.lease(&old.token, "machine-1", seconds(&shop)).is_ok());
        world.clock.advance(16 * DAY - 1);
        let fetched = verifier(&shop, "app").await;
        assert!(
            fetched
                .lease(&old.token, "machine-1", seconds(&shop))
                .unwrap()
                .state
                .permits_use()
        );
    }

    async fn tenants_sign_with_keys_of_their_own(database: Database) {
        let world = World::new(database).await;
        let (acme, other) = (world.shop("acme").await, world.shop("other").await);
        let (_, key) = acme.license_with(rules(|_| ())).await;
        let lease = acme.activate(&key, 1).await.unwrap().lease;
        assert!(
            verifier(&other, "app")
                .await
                .lease(&lease.token, "machine-1", seconds(&acme))
                .is_err()
        );
        rotate(&other).await;
        assert_eq!(states(&acme).await.len(), 2);
        assert_eq!(states(&other).await.len(), 3);
    }
}
