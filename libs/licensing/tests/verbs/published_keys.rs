//! A retired signing key is published as long as what it signed lives, whatever became of the policies.

use lease::KeySet;
use leasehold_licensing::{Call, PolicyChange, Precondition, RulesChange};
use model::{KeyState, PolicyCode};
use testkit::{Shop, World, on_both};

use crate::common::{DAY, deactivate, refresh, rules, seconds, verifier};

async fn active_key(shop: &Shop<'_>) -> String {
    let keys = shop.world.licensing.signing_keys(&shop.tenant).await.unwrap();
    keys.into_iter().find(|key| key.state == KeyState::Active).unwrap().id.to_string()
}

async fn publishes(shop: &Shop<'_>, kid: &str) -> bool {
    let published = shop.world.licensing.published_keys(&shop.tenant).await.unwrap();
    KeySet::parse(published.json.as_bytes()).unwrap().get(kid).is_some()
}

async fn rotate(shop: &Shop<'_>) {
    shop.world.licensing.rotate_keys(&shop.tenant, &Call::operator()).await.unwrap();
}

/// Leases of a day, with no grace, from now on.
async fn shorten(shop: &Shop<'_>, code: &PolicyCode) {
    let rules = RulesChange {
        lease_seconds: Some(u32::try_from(DAY).unwrap()),
        grace_seconds: Some(0),
        ..RulesChange::default()
    };
    let change = PolicyChange { rules, ..PolicyChange::default() };
    let (call, any) = (Call::operator(), Precondition::Any);
    shop.world.licensing.update_policy(&shop.tenant, &call, code, change, &any).await.unwrap();
}

on_both! {
    async fn a_policy_that_became_shorter_leaves_keys_published(database: Database) {
        // Leases of 14 days with 3 days of grace; the machine's own record is of the short lease that replaced it.
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let policy = world.licensing.license(&shop.tenant, license.id).await.unwrap().policy.code;
        let first = active_key(&shop).await;
        let long = shop.activate(&key, 1).await.unwrap().lease;
        shorten(&shop, &policy).await;
        let short = refresh(&shop, &key, 1).await.unwrap().lease;
        assert_eq!(short.times.grace_until, seconds(&shop) + DAY, "the policy counts from the next refresh");
        deactivate(&shop, &key, 1).await.unwrap();
        world.clock.advance(DAY);
        rotate(&shop).await;
        world.clock.advance(16 * DAY - 1);
        let fetched = verifier(&shop, "app").await;
        assert!(fetched.lease(&long.token, "machine-1", seconds(&shop)).unwrap().state.permits_use());
        world.clock.advance(1);
        assert!(!publishes(&shop, &first).await, "the long lease is over, and the key goes on the second");
    }

    async fn a_key_is_not_published_longer_than_what_it_signed(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let policy = world.licensing.license(&shop.tenant, license.id).await.unwrap().policy.code;
        shop.activate(&key, 1).await.unwrap();
        shorten(&shop, &policy).await;
        rotate(&shop).await;
        let second = active_key(&shop).await;
        refresh(&shop, &key, 1).await.unwrap();
        rotate(&shop).await;
        world.clock.advance(DAY - 1);
        assert!(publishes(&shop, &second).await);
        world.clock.advance(1);
        assert!(!publishes(&shop, &second).await, "it never signed a long one");
    }

    async fn a_policy_that_is_gone_leaves_keys_published(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|rules| rules.lease_seconds = 20 * 86_400)).await;
        let first = active_key(&shop).await;
        shop.activate(&key, 1).await.unwrap();
        rotate(&shop).await;
        // As if the license had been given another policy, and the machine another lease.
        let mut raw = world.database.raw().await;
        for table in ["machines", "license_checks", "licenses", "policies"] {
            raw.execute(&format!("DELETE FROM {table}")).await;
        }
        world.clock.advance(23 * DAY - 1);
        assert!(publishes(&shop, &first).await);
        world.clock.advance(1);
        assert!(!publishes(&shop, &first).await);
    }

    async fn a_key_that_signed_nothing_is_published_while_its_verdicts_live(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let first = active_key(&shop).await;
        rotate(&shop).await;
        assert!(publishes(&shop, &first).await);
        world.clock.advance(2 * lease::VERDICT_SECONDS);
        assert!(!publishes(&shop, &first).await);
    }
}
