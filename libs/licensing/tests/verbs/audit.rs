//! The audit log: every verb writes exactly its events, in its own transaction, and no secret.

use leasehold_licensing::{Call, StateChange};
use model::Limit;
use testkit::{World, call, on_both};

use crate::common::{
    change, deactivate, events, events_since, everything, outcome, refresh, rules, validate,
};

on_both! {
    async fn every_verb_writes_exactly_its_events(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        assert_eq!(
            events(&shop).await,
            [
                "key.create key done outbox",
                "key.create key done outbox",
                "product.create product done outbox",
                "tenant.create tenant done outbox",
            ]
        );
        let mut seen = events(&shop).await;
        let mut news = async || {
            let new = events_since(&shop, &seen).await;
            seen = events(&shop).await;
            new
        };
        let (license, key) = shop
            .license_with(rules(|rules| rules.deactivation_limit = Limit::AtMost(1)))
            .await;
        assert_eq!(
            news().await,
            [
                "license.create license done outbox",
                "policy.create policy done outbox"
            ]
        );
        shop.customer("OWNER").await;
        assert_eq!(news().await, ["customer.create customer done outbox"]);
        shop.activate(&key, 1).await.unwrap();
        assert_eq!(news().await, ["machine.activate machine done outbox"]);
        shop.activate(&key, 1).await.unwrap();
        assert_eq!(
            news().await,
            ["machine.activate machine done outbox"],
            "every attempt is an event"
        );
        shop.activate(&key, 2).await.unwrap_err();
        assert_eq!(
            news().await,
            ["machine.activate license seats_exhausted"],
            "refused: not in the outbox"
        );
        shop.activate(&model::LicenseKey::parse("no-such-key").unwrap(), 2)
            .await
            .unwrap_err();
        assert_eq!(news().await, ["machine.activate nothing not_found"]);
        refresh(&shop, &key, 1).await.unwrap();
        assert_eq!(news().await, ["lease.refresh machine done outbox"]);
        refresh(&shop, &key, 2).await.unwrap_err();
        assert_eq!(news().await, ["lease.refresh license machine_mismatch"]);
        validate(&shop, &key, Some(1)).await;
        validate(&shop, &key, Some(2)).await;
        assert_eq!(news().await, [""; 0], "a check is no event");
        deactivate(&shop, &key, 1).await.unwrap();
        assert_eq!(news().await, ["machine.deactivate machine done outbox"]);
        shop.activate(&key, 1).await.unwrap();
        deactivate(&shop, &key, 1).await.unwrap_err();
        assert_eq!(
            news().await,
            [
                "machine.activate machine done outbox",
                "machine.deactivate machine deactivations_exhausted",
            ]
        );
        for (state, event) in [
            (StateChange::Suspend, Some("license.suspend license done outbox")),
            (StateChange::Suspend, None),
            (
                StateChange::Reinstate,
                Some("license.reinstate license done outbox"),
            ),
            (StateChange::Reinstate, None),
            (StateChange::Revoke, Some("license.revoke license done outbox")),
            (StateChange::Revoke, None),
        ] {
            change(&shop, license.id, state).await;
            assert_eq!(news().await, event.into_iter().collect::<Vec<_>>(), "{state:?}");
        }
    }

    async fn an_event_tells_who_when_and_from_where(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        shop.activate(&key, 1).await.unwrap();
        let mut tx = world.database.store.read(shop.tenant.id).await.unwrap();
        let written = tx.events().of_license(license.id, 10).await.unwrap();
        let created = written
            .iter()
            .find(|event| event.action == model::Action::LicenseCreate)
            .unwrap();
        let activated = written
            .iter()
            .find(|event| event.action == model::Action::MachineActivate)
            .unwrap();
        assert_eq!(written.len(), 2);
        assert_eq!(
            (&created.actor, &created.address, &created.request_id),
            (&model::Actor::Operator, &None, &None)
        );
        assert_eq!(Call::operator().actor, created.actor);
        let call = call();
        assert_eq!(
            (&activated.actor, activated.address.as_deref(), activated.request_id.as_deref()),
            (&call.actor, Some("192.0.2.1"), call.request_id.as_deref())
        );
        assert_eq!(activated.at, world.clock.now());
    }

    async fn without_its_event_nothing_is_done(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.seats = Limit::AtMost(2)))
            .await;
        shop.activate(&key, 1).await.unwrap();
        let mut raw = world.database.raw().await;
        for table in ["outbox", "events"] {
            let before = raw.dump().await;
            raw.break_table(table).await;
            let tenant = &shop.tenant;
            let operator = Call::operator();
            let command = shop.activate_command(&key, 2);
            let internal = |failed: bool| assert!(failed, "{table}");
            internal(
                world
                    .licensing
                    .activate(tenant, &call(), command, None)
                    .await
                    .is_err(),
            );
            internal(
                world
                    .licensing
                    .deactivate(tenant, &call(), crate::common::deactivate_command(&key, 1), None)
                    .await
                    .is_err(),
            );
            internal(
                world
                    .licensing
                    .refresh(
                        tenant,
                        &call(),
                        crate::common::refresh_command(&key, 1, None),
                        None,
                    )
                    .await
                    .is_err(),
            );
            internal(
                world
                    .licensing
                    .change_license_state(tenant, &operator, license.id, StateChange::Suspend)
                    .await
                    .is_err(),
            );
            internal(world.licensing.rotate_keys(tenant, &operator).await.is_err());
            internal(
                world
                    .licensing
                    .create_license(tenant, &operator, crate::manage::new_license())
                    .await
                    .is_err(),
            );
            internal(
                world
                    .licensing
                    .import_licenses(tenant, &operator, vec![crate::import::line("IMPORTED-1")])
                    .await
                    .is_err(),
            );
            raw.mend(table).await;
            assert_eq!(
                raw.dump().await,
                before,
                "{table}: something was written without its event"
            );
        }
        assert_eq!(outcome(&shop.activate(&key, 2).await), [""; 0]);
    }

    async fn no_event_contains_a_key_or_a_fingerprint(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        shop.activate(&key, 1).await.unwrap();
        shop.activate(&key, 2).await.unwrap_err();
        refresh(&shop, &key, 1).await.unwrap();
        deactivate(&shop, &key, 1).await.unwrap();
        let mut raw = world.database.raw().await;
        let log = raw
            .dump()
            .await
            .remove("events")
            .unwrap()
            .join("\n")
            .to_uppercase();
        for secret in ["MACHINE-1", "MACHINE-2", key.canonical(), key.reveal()] {
            assert!(
                !log.contains(&secret.to_uppercase()),
                "{secret} is in the audit log"
            );
        }
        assert!(
            everything(&mut raw).await.contains("machine-1"),
            "the search finds what is there"
        );
    }
}
