//! What was used on each day.

use leasehold_store::UsageFigure;
use model::{Day, Machine, MachineState};
use testkit::on_both;

use crate::common::{add_catalog, add_license, add_tenant, license, license_id, machine};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn figure(on: &str, kind: &str, count: u64) -> UsageFigure {
    UsageFigure { day: day(on), kind: kind.to_owned(), count }
}

on_both! {
    async fn counts_add_up_and_figures_replace_each_other(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        for (on, kind, count) in [
            ("2026-03-01", "checks", 5),
            ("2026-03-02", "checks", 1),
            ("2026-03-01", "checks", 7),
            ("2026-03-01", "activations", 2),
        ] {
            let mut tx = database.store.write(tenant).await.unwrap();
            tx.usage().add(day(on), kind, count).await.unwrap();
            tx.usage().note(day(on), "active_machines", count).await.unwrap();
            let _changed = tx.commit().await.unwrap();
        }
        let mut tx = database.store.read(tenant).await.unwrap();
        let first = [
            figure("2026-03-01", "activations", 2),
            figure("2026-03-01", "active_machines", 2),
            figure("2026-03-01", "checks", 12),
        ];
        let second = [figure("2026-03-02", "active_machines", 1), figure("2026-03-02", "checks", 1)];
        let whole = tx.usage().days(day("2026-02-01")..=day("2026-03-31")).await.unwrap();
        assert_eq!(whole, [first.as_slice(), second.as_slice()].concat());
        assert_eq!(tx.usage().days(day("2026-03-01")..=day("2026-03-01")).await.unwrap(), first);
        assert_eq!(tx.usage().days(day("2026-03-02")..=day("2026-03-02")).await.unwrap(), second);
        assert_eq!(tx.usage().days(day("2026-03-03")..=Day::MAX).await.unwrap(), []);
    }

    async fn counts_of_several_servers_add_up(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let store = database.store.clone();
            tasks.spawn(async move {
                for _ in 0..5 {
                    let mut tx = store.write(tenant).await.unwrap();
                    for kind in ["activations", "checks"] {
                        tx.usage().add(day("2026-03-01"), kind, 3).await.unwrap();
                    }
                    let _changed = tx.commit().await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        let mut tx = database.store.read(tenant).await.unwrap();
        assert_eq!(
            tx.usage().days(day("2026-03-01")..=day("2026-03-01")).await.unwrap(),
            [figure("2026-03-01", "activations", 240), figure("2026-03-01", "checks", 240)]
        );
    }

    async fn active_machines_are_counted(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert_eq!(tx.usage().active_machines().await.unwrap(), 0);
        add_catalog(&mut tx, 1).await;
        assert!(add_license(&mut tx, &license(1)).await);
        for (number, state) in [(1, MachineState::Active), (2, MachineState::Active), (3, MachineState::Deactivated)] {
            let machine = Machine { license_id: license_id(1), state, ..machine(number) };
            tx.machines().save(&machine).await.unwrap();
        }
        assert_eq!(tx.usage().active_machines().await.unwrap(), 2);
    }
}
