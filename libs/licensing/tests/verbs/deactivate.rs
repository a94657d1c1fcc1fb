//! Deactivate.

use leasehold_licensing::StateChange::{Revoke, Suspend};
use model::{Limit, MachineState};
use testkit::{World, on_both};

use crate::common::{
    DAY, change, client_key, deactivate, deactivate_as, deactivate_command, events, events_since, outcome,
    product, rules, stored, term,
};

on_both! {
    async fn all_reasons_are_given_in_order(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.product("other").await;
        let (_, key) = shop
            .license_with(rules(|rules| {
                rules.seats = Limit::Unlimited;
                rules.deactivation_limit = Limit::AtMost(1);
            }))
            .await;
        assert_eq!(outcome(&deactivate(&shop, &key, 1).await), ["not_activated"]);
        shop.activate(&key, 1).await.unwrap();
        shop.activate(&key, 2).await.unwrap();
        assert_eq!(outcome(&deactivate(&shop, &key, 3).await), ["machine_mismatch"]);
        assert_eq!(outcome(&deactivate(&shop, &key, 1).await), [""; 0]);
        assert_eq!(
            outcome(&deactivate(&shop, &key, 1).await),
            [""; 0],
            "done already"
        );
        assert_eq!(
            outcome(&deactivate(&shop, &key, 2).await),
            ["deactivations_exhausted"]
        );
        let mut command = deactivate_command(&key, 2);
        command.product = product("other");
        command.customer = Some(client_key("NOBODY"));
        assert_eq!(
            outcome(&deactivate_as(&shop, command.clone()).await),
            ["product_mismatch", "customer_mismatch", "deactivations_exhausted",]
        );
        command.fingerprint = testkit::fingerprint(3);
        assert_eq!(
            outcome(&deactivate_as(&shop, command).await),
            ["product_mismatch", "customer_mismatch", "machine_mismatch",]
        );
        let unknown = model::LicenseKey::parse("no-such-key").unwrap();
        assert_eq!(outcome(&deactivate(&shop, &unknown, 1).await), ["not_found"]);
    }

    async fn who_holds_a_seat_may_always_give_it_back(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("short", rules(|rules| rules.term = Some(term("P1D"))))
            .await;
        for state in [None, Some(Suspend), Some(Revoke)] {
            let (license, key) = shop.license("short").await;
            shop.activate(&key, 1).await.unwrap();
            world.clock.advance(2 * DAY);
            if let Some(state) = state {
                change(&shop, license.id, state).await;
            }
            let done = deactivate(&shop, &key, 1).await.unwrap();
            assert_eq!(
                (done.machine.state, done.license.seats_used),
                (MachineState::Deactivated, 0)
            );
            assert_eq!(done.machine.deactivated_at, Some(world.clock.now()));
            assert_eq!(stored(&shop, license.id).await.1, 0);
        }
    }

    async fn deactivating_twice_changes_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        shop.activate(&key, 1).await.unwrap();
        let first = deactivate(&shop, &key, 1).await.unwrap();
        let before = events(&shop).await;
        world.clock.advance(5);
        let again = deactivate(&shop, &key, 1).await.unwrap();
        assert_eq!(again.machine, first.machine);
        assert_eq!(stored(&shop, license.id).await.0.deactivations_used, 1);
        assert!(events_since(&shop, &before).await.is_empty(), "nothing was done");
    }
}
