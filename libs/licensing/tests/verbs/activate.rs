//! Activate.

use leasehold_licensing::StateChange::{Reinstate, Revoke, Suspend};
use model::{Limit, MachineState, Overrides, SeatKind, TermStart};
use testkit::{World, call, on_both};

use crate::common::{
    DAY, change, client_key, codes, deactivate, fresh, outcome, product, rules, stored, term, validate,
};

on_both! {
    async fn all_reasons_are_given_in_order(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.product("other").await;
        shop.customer("OWNER").await;
        shop.customer("STRANGER").await;
        let (license, key) = shop
            .license_with(rules(|rules| {
                rules.term = Some(term("P1D"));
                rules.activation_limit = Limit::AtMost(1);
                rules.requires_customer = true;
            }))
            .await;
        let command = |machine, customer: Option<&str>, code| {
            let mut command = shop.activate_command(&key, machine);
            command.customer = customer.map(client_key);
            command.product = product(code);
            command
        };
        let by_app = call();
        let attempt = async |machine, customer, code| {
            let answer =
                world
                    .licensing
                    .activate(&shop.tenant, &by_app, command(machine, customer, code), None);
            outcome(&fresh(answer.await))
        };
        assert_eq!(attempt(1, None, "app").await, ["customer_required"]);
        assert_eq!(attempt(1, Some("NOBODY"), "app").await, ["customer_mismatch"]);
        assert_eq!(attempt(1, Some("OWNER"), "other").await, ["product_mismatch"]);
        assert_eq!(attempt(1, Some("OWNER"), "nonesuch").await, ["product_mismatch"]);
        assert_eq!(attempt(1, Some("OWNER"), "app").await, [""; 0]);
        assert_eq!(
            attempt(1, Some("STRANGER"), "app").await,
            ["customer_mismatch"],
            "bound by the first"
        );
        assert_eq!(
            attempt(2, Some("OWNER"), "app").await,
            ["activations_exhausted", "seats_exhausted"]
        );
        world.clock.advance(DAY);
        assert_eq!(
            attempt(1, Some("OWNER"), "app").await,
            ["expired"],
            "from the very instant on"
        );
        change(&shop, license.id, Suspend).await;
        assert_eq!(
            attempt(2, Some("STRANGER"), "other").await,
            [
                "product_mismatch",
                "customer_mismatch",
                "suspended",
                "expired",
                "activations_exhausted",
                "seats_exhausted",
            ]
        );
        change(&shop, license.id, Revoke).await;
        assert_eq!(
            attempt(2, None, "other").await,
            [
                "product_mismatch",
                "customer_required",
                "revoked",
                "expired",
                "activations_exhausted",
                "seats_exhausted",
            ]
        );
        let (after, seats) = stored(&shop, license.id).await;
        assert_eq!(
            (after.activations_used, seats),
            (1, 1),
            "what was refused counts for nothing"
        );
        let unknown = model::LicenseKey::parse("no-such-key").unwrap();
        assert_eq!(
            codes(&shop.activate(&unknown, 1).await.unwrap_err()),
            ["not_found"]
        );
    }

    async fn a_suspended_license_can_be_used_again_after_it_is_reinstated(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        change(&shop, license.id, Suspend).await;
        assert_eq!(outcome(&shop.activate(&key, 1).await), ["suspended"]);
        change(&shop, license.id, Reinstate).await;
        assert_eq!(outcome(&shop.activate(&key, 1).await), [""; 0]);
    }

    async fn activating_an_active_machine_again_gives_a_new_lease_and_takes_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.activation_limit = Limit::AtMost(1)))
            .await;
        let first = shop.activate(&key, 1).await.unwrap();
        world.clock.advance(60);
        let again = shop.activate(&key, 1).await.unwrap();
        assert_eq!(
            (again.machine.id, again.machine.activated_at),
            (first.machine.id, first.machine.activated_at)
        );
        assert_ne!(again.lease.id, first.lease.id);
        assert_eq!(again.license.license.activations_used, 1);
        assert_eq!((again.license.seats_used, again.over_seats), (1, false));
        let (after, seats) = stored(&shop, license.id).await;
        assert_eq!(
            (after.activations_used, seats, after.updated_at),
            (1, 1, first.license.license.updated_at)
        );
    }

    async fn a_seat_is_freed_and_taken_but_an_activation_is_used_up_for_good(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.activation_limit = Limit::AtMost(3)))
            .await;
        let first = shop.activate(&key, 1).await.unwrap();
        assert_eq!(outcome(&shop.activate(&key, 2).await), ["seats_exhausted"]);
        deactivate(&shop, &key, 1).await.unwrap();
        let second = shop.activate(&key, 2).await.unwrap();
        assert_ne!(second.machine.id, first.machine.id);
        deactivate(&shop, &key, 2).await.unwrap();
        world.clock.advance(5);
        let third = shop.activate(&key, 1).await.unwrap();
        assert_eq!(third.machine.id, first.machine.id, "the same machine");
        assert_eq!(
            (third.machine.state, third.machine.deactivated_at),
            (MachineState::Active, None)
        );
        assert_eq!(third.machine.activated_at, world.clock.now());
        deactivate(&shop, &key, 1).await.unwrap();
        assert_eq!(outcome(&shop.activate(&key, 1).await), ["activations_exhausted"]);
        let (after, seats) = stored(&shop, license.id).await;
        assert_eq!(
            (after.activations_used, after.deactivations_used, seats),
            (3, 3, 0)
        );
    }

    async fn the_term_starts_once_and_is_never_extended(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.term = Some(term("P1M"))))
            .await;
        assert_eq!((license.term_started_at, license.expires_at), (None, None));
        world.clock.advance(10 * DAY);
        let start = world.clock.now();
        let first = shop.activate(&key, 1).await.unwrap().license.license;
        let end = term("P1M").after(start);
        assert_eq!(
            (first.term_started_at, first.expires_at),
            (Some(start), Some(end))
        );
        world.clock.advance(5 * DAY);
        deactivate(&shop, &key, 1).await.unwrap();
        shop.activate(&key, 1).await.unwrap();
        deactivate(&shop, &key, 1).await.unwrap();
        shop.activate(&key, 2).await.unwrap();
        let (after, _) = stored(&shop, license.id).await;
        assert_eq!(
            (after.term_started_at, after.expires_at),
            (Some(start), Some(end))
        );
    }

    async fn a_term_that_starts_at_creation_runs_before_any_activation(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| {
                rules.term = Some(term("P1D"));
                rules.term_starts = TermStart::Creation;
            }))
            .await;
        assert_eq!(license.term_started_at, Some(world.clock.now()));
        world.clock.advance(DAY - 1);
        shop.activate(&key, 1).await.unwrap();
        world.clock.advance(1);
        assert_eq!(outcome(&shop.activate(&key, 1).await), ["expired"]);
    }

    async fn overage_succeeds_and_is_flagged(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop
            .license_with(rules(|rules| {
                rules.seats = Limit::AtMost(2);
                rules.overage_percent = 50;
            }))
            .await;
        for (machine, over) in [(1, false), (2, false), (3, true)] {
            let done = shop.activate(&key, machine).await.unwrap();
            assert_eq!(
                (done.over_seats, done.license.seats_used),
                (over, u32::try_from(machine).unwrap())
            );
        }
        assert_eq!(outcome(&shop.activate(&key, 4).await), ["seats_exhausted"]);
        assert!(
            !shop.activate(&key, 1).await.unwrap().over_seats,
            "it takes no seat"
        );
        let flagged = world.database.raw().await.texts(
            "SELECT CAST(details AS TEXT) FROM events WHERE action = 'machine.activate' AND refused_for IS NULL",
        ).await;
        let flagged = flagged
            .iter()
            .filter(|details| details.replace(' ', "").contains("\"over_seats\":true"));
        assert_eq!(flagged.count(), 1, "in the audit log, too");
    }

    async fn overrides_count_before_the_policy(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy(
            "standard",
            rules(|rules| rules.activation_limit = Limit::AtMost(1)),
        )
        .await;
        let overrides = Overrides {
            seats: Some(Limit::AtMost(2)),
            activation_limit: Some(Limit::Unlimited),
            ..Overrides::default()
        };
        let (_, key) = world
            .licensing
            .create_license(
                &shop.tenant,
                &call(),
                leasehold_licensing::NewLicense {
                    memo: None,
                    metadata: model::Metadata::default(),
                    policy: model::PolicyCode::parse("standard").unwrap(),
                    customer: None,
                    key: None,
                    overrides,
                    expires_at: None,
                },
            )
            .await
            .unwrap();
        shop.activate(&key, 1).await.unwrap();
        shop.activate(&key, 2).await.unwrap();
        assert_eq!(outcome(&shop.activate(&key, 3).await), ["seats_exhausted"]);
    }

    async fn a_floating_seat_lapses_with_its_lease_and_can_be_regained(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| {
                rules.seat_kind = SeatKind::Floating;
                rules.lease_seconds = 3_600;
                rules.refresh_seconds = 600;
                rules.grace_seconds = 60;
                rules.activation_limit = Limit::AtMost(3);
            }))
            .await;
        let first = shop.activate(&key, 1).await.unwrap();
        world.clock.advance(3_659);
        assert_eq!(
            outcome(&shop.activate(&key, 2).await),
            ["seats_exhausted"],
            "still in grace"
        );
        world.clock.advance(1);
        assert_eq!(stored(&shop, license.id).await.1, 0);
        assert_eq!(
            validate(&shop, &key, Some(1)).await.reasons,
            [model::Reason::SeatLapsed]
        );
        let second = shop.activate(&key, 2).await.unwrap();
        assert_eq!(
            (second.license.seats_used, second.license.license.activations_used),
            (1, 2)
        );
        assert_eq!(
            outcome(&shop.activate(&key, 1).await),
            ["seats_exhausted"],
            "taken by another"
        );
        deactivate(&shop, &key, 2).await.unwrap();
        let regained = shop.activate(&key, 1).await.unwrap();
        assert_eq!(regained.machine.id, first.machine.id);
        assert_eq!(
            regained.license.license.activations_used, 2,
            "regaining uses up no activation"
        );
        assert_eq!(stored(&shop, license.id).await.1, 1);
    }

    async fn the_first_customer_who_is_named_owns_the_license(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let owner = shop.customer("OWNER").await;
        shop.customer("STRANGER").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.seats = Limit::Unlimited))
            .await;
        let unnamed = shop.activate(&key, 1).await.unwrap();
        assert_eq!(unnamed.license.license.customer_id, None);
        let mut command = shop.activate_command(&key, 1);
        command.customer = Some(client_key("OWNER"));
        let bound = fresh(
            world
                .licensing
                .activate(&shop.tenant, &call(), command.clone(), None)
                .await,
        )
        .unwrap();
        assert_eq!(bound.license.license.customer_id, Some(owner.id));
        assert_eq!(stored(&shop, license.id).await.0.customer_id, Some(owner.id));
        command.customer = Some(client_key("STRANGER"));
        let refused = fresh(
            world
                .licensing
                .activate(&shop.tenant, &call(), command, None)
                .await,
        )
        .unwrap_err();
        assert_eq!(codes(&refused), ["customer_mismatch"]);
        shop.activate(&key, 3).await.unwrap();
    }
}
