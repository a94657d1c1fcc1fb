//! Usage: counted in batches, added up over servers, apart for each tenant.

use leasehold_licensing::{Licensing, UsageDay};
use model::Day;
use testkit::{Shop, World, call, on_both};

use crate::common::{DAY, deactivate, refresh, rules, validate, validate_command};

async fn today(shop: &Shop<'_>) -> UsageDay {
    let day = Day::of(shop.world.clock.now());
    let usage = shop.world.licensing.usage(&shop.tenant, day..=day).await.unwrap();
    usage.days.into_iter().next().unwrap()
}

on_both! {
    async fn attempts_are_counted_when_they_are_flushed(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let (_, key) = shop.license_with(rules(|_| ())).await;
        shop.activate(&key, 1).await.unwrap();
        shop.activate(&key, 2).await.unwrap_err();
        refresh(&shop, &key, 1).await.unwrap();
        refresh(&shop, &key, 2).await.unwrap_err();
        validate(&shop, &key, Some(1)).await;
        validate(&shop, &model::LicenseKey::parse("no-such-key").unwrap(), None).await;
        let nothing = today(&other).await;
        assert_eq!(today(&shop).await, nothing, "nothing is written yet");
        world.licensing.flush_checks().await.unwrap();
        let counted = today(&shop).await;
        assert_eq!(
            [counted.checks, counted.valid_checks, counted.activation_attempts, counted.activations],
            [2, 1, 2, 1]
        );
        let refusals: Vec<_> = counted.refusals.iter().map(|(code, count)| (code.as_str(), *count)).collect();
        assert_eq!(refusals, [("machine_mismatch", 1), ("not_found", 1), ("seats_exhausted", 1)]);
        assert_eq!(today(&other).await, nothing, "another tenant's is apart");
        world.licensing.flush_checks().await.unwrap();
        assert_eq!(today(&shop).await, counted, "counted once");
        world.clock.advance(DAY);
        assert_eq!(today(&shop).await.checks, 0, "another day");
    }

    async fn counts_of_several_servers_add_up_and_survive_a_failed_flush(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let second = Licensing::open(
            world.database.store.clone(),
            &leasehold_licensing::MasterKey::new([7; 32]),
            world.clock.clone(),
            leasehold_licensing::Entropy::seeded(2),
            leasehold_licensing::Surroundings::of_command(),
        )
        .await
        .unwrap();
        let mut raw = world.database.raw().await;
        validate(&shop, &key, None).await;
        second.validate(&shop.tenant, &call(), validate_command(&key, None)).await.unwrap();
        raw.break_table("usage_days").await;
        world.licensing.flush_checks().await.unwrap_err();
        raw.mend("usage_days").await;
        validate(&shop, &key, None).await;
        world.licensing.flush_checks().await.unwrap();
        second.flush_checks().await.unwrap();
        let counted = today(&shop).await;
        assert_eq!((counted.checks, counted.valid_checks), (3, 3));
    }

    async fn active_machines_are_noted_by_the_sweep(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|rules| rules.seats = model::Limit::Unlimited)).await;
        for machine in 1..=3 {
            shop.activate(&key, machine).await.unwrap();
        }
        assert_eq!(today(&shop).await.active_machines, None);
        world.licensing.sweep().await.unwrap();
        deactivate(&shop, &key, 3).await.unwrap();
        assert_eq!(today(&shop).await.active_machines, Some(3), "as last noted");
        world.licensing.sweep().await.unwrap();
        assert_eq!(today(&shop).await.active_machines, Some(2));
        world.clock.advance(DAY);
        assert_eq!(today(&shop).await.active_machines, None);
        let day = Day::of(world.clock.now());
        let usage = world.licensing.usage(&shop.tenant, day.plus_days(-1)..=day).await.unwrap();
        assert_eq!((usage.active_machines, usage.days[0].active_machines), (2, Some(2)));
    }
}
