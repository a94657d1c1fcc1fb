//! Counting checks, and sweeping.

use store::CheckTally;
use testkit::{Shop, World, call, on_both};

use crate::common::{DAY, rules, validate};

async fn counted(
    shop: &Shop<'_>,
    license: model::LicenseId,
    machine: model::MachineId,
) -> [Option<CheckTally>; 2] {
    let mut tx = shop.world.database.store.read(shop.tenant.id).await.unwrap();
    let of_license = tx.checks().of_license(license).await.unwrap();
    [of_license, tx.checks().of_machine(machine).await.unwrap()]
}

on_both! {
    async fn checks_are_counted_when_they_are_flushed(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let machine = shop.activate(&key, 1).await.unwrap().machine.id;
        let first = world.clock.now();
        validate(&shop, &key, Some(1)).await;
        world.clock.advance(10);
        let last = world.clock.now();
        validate(&shop, &key, Some(2)).await;
        validate(&shop, &key, None).await;
        assert_eq!(counted(&shop, license.id, machine).await, [None, None]);
        world.licensing.flush_checks_in(std::time::Duration::from_millis(1)).await.unwrap();
        let tally = |count, first, last| {
            Some(CheckTally {
                count,
                first,
                last,
                address: call().address.map(|address| address.to_string()),
            })
        };
        assert_eq!(
            counted(&shop, license.id, machine).await,
            [tally(3, first, last), tally(1, first, first)]
        );
        world.licensing.flush_checks().await.unwrap();
        assert_eq!(
            counted(&shop, license.id, machine).await,
            [tally(3, first, last), tally(1, first, first)],
            "counted once"
        );
        world.clock.advance(10);
        validate(&shop, &key, Some(1)).await;
        world.licensing.flush_checks().await.unwrap();
        let now = world.clock.now();
        assert_eq!(
            counted(&shop, license.id, machine).await,
            [tally(4, first, now), tally(2, first, now)]
        );
    }

    async fn counts_survive_a_failed_flush(database: Database) {
        let world = World::new(database).await;
        let (shop, healthy) = (world.shop("acme").await, world.shop("healthy").await);
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let machine = shop.activate(&key, 1).await.unwrap().machine.id;
        let (other_license, other_key) = healthy.license_with(rules(|_| ())).await;
        validate(&shop, &key, Some(1)).await;
        validate(&healthy, &other_key, None).await;
        let mut raw = world.database.raw().await;
        raw.break_table("machines").await;
        world.licensing.flush_checks().await.unwrap_err();
        assert_eq!(
            counted(&shop, license.id, machine).await,
            [None, None],
            "a batch is written whole or not at all"
        );
        let of_healthy = counted(&healthy, other_license.id, machine).await;
        assert_eq!(
            of_healthy[0].as_ref().map(|tally| tally.count),
            Some(1),
            "another tenant's is written"
        );
        validate(&shop, &key, Some(1)).await;
        raw.mend("machines").await;
        world.licensing.flush_checks().await.unwrap();
        let counts = counted(&shop, license.id, machine)
            .await
            .map(|tally| tally.map(|tally| tally.count));
        assert_eq!(counts, [Some(2), Some(2)]);
        let of_healthy = counted(&healthy, other_license.id, machine).await;
        assert_eq!(
            of_healthy[0].as_ref().map(|tally| tally.count),
            Some(1),
            "and not twice"
        );
    }

    async fn a_sweep_removes_expired_idempotency_keys_only(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        for (shop, name) in [(&shop, "early"), (&other, "early"), (&shop, "late")] {
            if name == "late" {
                world.clock.advance(DAY - 1);
            }
            crate::idempotency::activate_with_key(
                shop,
                name,
                &model::LicenseKey::parse("no-such-key").unwrap(),
            )
            .await;
        }
        let mut raw = world.database.raw().await;
        let before = raw.dump().await;
        world.licensing.sweep().await.unwrap();
        let mut swept = raw.dump().await;
        // How many machines are active is noted by the sweep.
        swept.insert("usage_days".to_owned(), before["usage_days"].clone());
        assert_eq!(swept, before, "nothing has expired");
        world.clock.advance(1);
        world.licensing.sweep().await.unwrap();
        assert_eq!(raw.texts("SELECT key FROM idempotency_keys").await, ["late"]);
        let mut after = raw.dump().await;
        let mut before = before;
        for table in ["idempotency_keys", "usage_days"] {
            before.remove(table);
            after.remove(table);
        }
        assert_eq!(after, before, "nothing else was removed");
    }
}
