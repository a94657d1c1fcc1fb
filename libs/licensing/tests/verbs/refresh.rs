//! Refresh.

use leasehold_licensing::StateChange::Suspend;
use model::{LeaseId, Limit, SeatKind};
use testkit::{World, on_both};

use crate::common::{
    DAY, change, client_key, deactivate, events, events_since, fresh, outcome, product, refresh, refresh_as,
    refresh_command, rules, seconds, stored, term, verifier,
};

on_both! {
    async fn all_reasons_are_given_in_order(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.product("other").await;
        let (license, key) = shop
            .license_with(rules(|rules| {
                rules.term = Some(term("P1D"));
                rules.seats = Limit::Unlimited;
            }))
            .await;
        assert_eq!(outcome(&refresh(&shop, &key, 1).await), ["not_activated"]);
        shop.activate(&key, 1).await.unwrap();
        assert_eq!(outcome(&refresh(&shop, &key, 1).await), [""; 0]);
        assert_eq!(outcome(&refresh(&shop, &key, 2).await), ["machine_mismatch"]);
        shop.activate(&key, 2).await.unwrap();
        deactivate(&shop, &key, 2).await.unwrap();
        assert_eq!(outcome(&refresh(&shop, &key, 2).await), ["machine_deactivated"]);
        world.clock.advance(DAY);
        change(&shop, license.id, Suspend).await;
        let mut command = refresh_command(&key, 2, None);
        command.product = product("other");
        command.customer = Some(client_key("NOBODY"));
        assert_eq!(
            outcome(&refresh_as(&shop, command).await),
            [
                "product_mismatch",
                "customer_mismatch",
                "suspended",
                "expired",
                "machine_deactivated",
            ]
        );
        let unknown = model::LicenseKey::parse("no-such-key").unwrap();
        assert_eq!(outcome(&refresh(&shop, &unknown, 1).await), ["not_found"]);
    }

    async fn a_floating_seat_is_held_by_refreshing_and_cannot_be_refreshed_once_lapsed(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| {
                rules.seat_kind = SeatKind::Floating;
                rules.lease_seconds = 3_600;
                rules.refresh_seconds = 60;
                rules.grace_seconds = 60;
            }))
            .await;
        shop.activate(&key, 1).await.unwrap();
        for _ in 0..5 {
            world.clock.advance(3_659);
            assert_eq!(outcome(&refresh(&shop, &key, 1).await), [""; 0]);
            assert_eq!(stored(&shop, license.id).await.1, 1);
        }
        world.clock.advance(3_660);
        assert_eq!(outcome(&refresh(&shop, &key, 1).await), ["seat_lapsed"]);
    }

    async fn leases_are_chained(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let verifier = verifier(&shop, "app").await;
        let parent = |token: &str| {
            verifier
                .lease(token, "machine-1", seconds(&shop))
                .unwrap()
                .claims
                .parent
        };
        let first = shop.activate(&key, 1).await.unwrap().lease;
        assert_eq!(parent(&first.token), None);
        let second = refresh_as(&shop, refresh_command(&key, 1, Some(first.id)))
            .await
            .unwrap()
            .lease;
        assert_eq!(parent(&second.token), Some(first.id.to_string()));
        let third = refresh(&shop, &key, 1).await.unwrap().lease;
        assert_eq!(
            parent(&third.token),
            Some(second.id.to_string()),
            "an app that names none"
        );
        let fourth = shop.activate(&key, 1).await.unwrap().lease;
        assert_eq!(
            parent(&fourth.token),
            Some(third.id.to_string()),
            "activated again while active"
        );
        deactivate(&shop, &key, 1).await.unwrap();
        let anew = shop.activate(&key, 1).await.unwrap().lease;
        assert_eq!(parent(&anew.token), None, "a new chain after deactivation");
    }

    async fn refreshing_a_lease_that_was_replaced_is_a_fork(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let first = shop.activate(&key, 1).await.unwrap().lease;
        let before = events(&shop).await;
        let second = refresh_as(&shop, refresh_command(&key, 1, Some(first.id)))
            .await
            .unwrap()
            .lease;
        assert_eq!(
            events_since(&shop, &before).await,
            ["lease.refresh machine done outbox"]
        );
        let before = events(&shop).await;
        let forked = refresh_as(&shop, refresh_command(&key, 1, Some(first.id)))
            .await
            .unwrap();
        assert_eq!(
            events_since(&shop, &before).await,
            [
                "lease.fork machine done outbox",
                "lease.refresh machine done outbox",
            ]
        );
        let claims = verifier(&shop, "app")
            .await
            .lease(&forked.lease.token, "machine-1", seconds(&shop))
            .unwrap()
            .claims;
        assert_eq!(
            claims.parent,
            Some(first.id.to_string()),
            "two children of one parent"
        );
        let details = world
            .database
            .raw()
            .await
            .texts("SELECT CAST(details AS TEXT) FROM events WHERE action = 'lease.fork'")
            .await;
        assert!(
            details[0].contains(&first.id.to_string()) && details[0].contains(&second.id.to_string()),
            "{details:?}"
        );
        let made_up: LeaseId = "0195aaaa-0000-7000-8000-000000000000".parse().unwrap();
        let before = events(&shop).await;
        refresh_as(&shop, refresh_command(&key, 1, Some(made_up)))
            .await
            .unwrap();
        assert_eq!(
            events_since(&shop, &before).await.len(),
            2,
            "a lease that was never given is a fork as well"
        );
    }

    async fn a_refresh_uses_up_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.activation_limit = Limit::AtMost(1)))
            .await;
        let done = shop.activate(&key, 1).await.unwrap();
        world.clock.advance(60);
        let refreshed = refresh(&shop, &key, 1).await.unwrap();
        assert_eq!(refreshed.machine.id, done.machine.id);
        assert_eq!(refreshed.machine.activated_at, done.machine.activated_at);
        let (after, seats) = stored(&shop, license.id).await;
        assert_eq!((after.activations_used, seats), (1, 1));
        let answer = world
            .licensing
            .refresh(
                &shop.tenant,
                &testkit::call(),
                refresh_command(&key, 2, None),
                None,
            )
            .await;
        assert_eq!(outcome(&fresh(answer)), ["machine_mismatch"]);
    }
}
