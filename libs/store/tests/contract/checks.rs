//! Counts of checks.

use leasehold_store::CheckTally;
use testkit::on_both;

use crate::common::{add_catalog, add_license, add_tenant, at, license, license_id, machine, machine_id};

on_both! {
    async fn checks_add_up_and_keep_first_and_last(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        for number in [1, 2] {
            add_catalog(&mut tx, number).await;
            assert!(add_license(&mut tx, &license(number)).await);
            tx.machines().save(&machine(number)).await.unwrap();
        }
        assert_eq!(tx.checks().of_license(license_id(1)).await.unwrap(), None);
        assert_eq!(tx.checks().of_machine(machine_id(1)).await.unwrap(), None);
        let tally = |count, first, last, address: Option<&str>| CheckTally {
            count,
            first: at(first),
            last: at(last),
            address: address.map(str::to_owned),
        };
        let once = tally(2, 10, 20, Some("192.0.2.1"));
        tx.checks().count_licenses(&[(license_id(1), once.clone())]).await.unwrap();
        assert_eq!(
            tx.checks().of_license(license_id(1)).await.unwrap(),
            Some(once.clone())
        );
        assert_eq!(
            tx.checks().of_machine(machine_id(1)).await.unwrap(),
            None,
            "counted apart"
        );
        tx.checks()
            .count_licenses(&[(license_id(1), tally(3, 30, 40, None))])
            .await
            .unwrap();
        assert_eq!(
            tx.checks().of_license(license_id(1)).await.unwrap(),
            Some(tally(5, 10, 40, None))
        );
        tx.checks().count_machines(&[(machine_id(1), once.clone())]).await.unwrap();
        assert_eq!(tx.checks().of_machine(machine_id(1)).await.unwrap(), Some(once));
        assert_eq!(
            tx.checks().of_license(license_id(2)).await.unwrap(),
            None,
            "another license"
        );
        assert_eq!(
            tx.checks().of_machine(machine_id(2)).await.unwrap(),
            None,
            "another machine"
        );
        assert_eq!(tx.checks().of_license(license_id(9)).await.unwrap(), None);
        tx.checks()
            .count_licenses(&[(license_id(9), tally(1, 1, 1, None))])
            .await
            .unwrap();
        // Many at once, some of which there are not.
        let many: Vec<_> = (1..=150).map(|n| (license_id(n), tally(u64::from(n), 5, 50 + i64::from(n), Some("::1")))).collect();
        tx.checks().count_licenses(&many).await.unwrap();
        tx.checks().count_licenses(&[]).await.unwrap();
        assert_eq!(
            tx.checks().of_license(license_id(1)).await.unwrap(),
            Some(tally(6, 10, 51, Some("::1")))
        );
        assert_eq!(
            tx.checks().of_license(license_id(2)).await.unwrap(),
            Some(tally(2, 5, 52, Some("::1")))
        );
        let machines: Vec<_> = (1..=150).map(|n| (machine_id(n), tally(1, 60, 70, None))).collect();
        tx.checks().count_machines(&machines).await.unwrap();
        assert_eq!(
            tx.checks().of_machine(machine_id(1)).await.unwrap(),
            Some(tally(3, 10, 70, None))
        );
        let unchanged = tx.licenses().by_id(license_id(1)).await.unwrap();
        assert_eq!(
            unchanged,
            Some(license(1)),
            "counting is no change of the license"
        );
        tx.machines().save(&machine(1)).await.unwrap();
        let counted = tx.checks().of_machine(machine_id(1)).await.unwrap();
        assert_eq!(
            counted.map(|tally| tally.count),
            Some(3),
            "a new lease keeps the counts"
        );
    }
}
