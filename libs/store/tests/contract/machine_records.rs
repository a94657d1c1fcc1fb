//! Machines as a vendor sees them: lists with filters, changes under a revision.

use leasehold_store::{CheckTally, MachineFilter, MachineRecord, Page, Tx};
use model::{LicenseId, Machine, MachineName, MachineState, SeatKind};
use testkit::{Database, on_both};
use uuid::Uuid;

use crate::common::{
    add_catalog, add_license, add_tenant, at, license, license_id, machine, machine_id, policy,
};

/// A tenant with two licenses: machines 1 (active), 2 (deactivated) and 3 (active) of the first, 4 of the second.
async fn furnished(database: &Database) -> Tx {
    let other = add_tenant(&database.store, 2).await;
    let tenant = add_tenant(&database.store, 1).await;
    let mut tx = database.store.write(other).await.unwrap();
    add_catalog(&mut tx, 9).await;
    assert!(add_license(&mut tx, &license(9)).await);
    tx.machines().save(&machine(9)).await.unwrap();
    let _changed = tx.commit().await.unwrap();
    let mut tx = database.store.write(tenant).await.unwrap();
    for number in [1, 2] {
        add_catalog(&mut tx, number).await;
        assert!(add_license(&mut tx, &license(number)).await);
    }
    for (number, of, state) in [
        (3, 1, MachineState::Active),
        (1, 1, MachineState::Active),
        (4, 2, MachineState::Active),
        (2, 1, MachineState::Deactivated),
    ] {
        let machine = Machine { license_id: license_id(of), state, ..machine(number) };
        tx.machines().save(&machine).await.unwrap();
    }
    tx
}

async fn list(tx: &mut Tx, filter: MachineFilter, page: Page) -> Vec<u32> {
    let found = tx.machine_records().list(&filter, &page).await.unwrap();
    let number =
        |record: &MachineRecord| (1..10).find(|number| record.machine.id == machine_id(*number)).unwrap();
    found.iter().map(number).collect()
}

const fn page(after: Option<Uuid>, descending: bool, limit: u32) -> Page {
    Page { after, descending, limit }
}

on_both! {
    async fn a_record_has_all_that_is_known_of_a_machine(database: Database) {
        let mut tx = furnished(&database).await;
        let bare = MachineRecord {
            machine: machine(1),
            seat_kind: SeatKind::NodeLocked,
            checks: None,
            first_start_at: None,
            last_end_at: None,
        };
        let seat_kind = policy(1).rules.seat_kind;
        assert_eq!(
            tx.machine_records().by_id(machine_id(1)).await.unwrap(),
            Some(MachineRecord { seat_kind, ..bare.clone() })
        );
        let tally = CheckTally { count: 3, first: at(20), last: at(30), address: Some("192.0.2.1".into()) };
        tx.checks().count_machines(&[(machine_id(1), tally.clone())]).await.unwrap();
        tx.machines().mark_start(machine_id(1), at(21)).await.unwrap();
        tx.machines().mark_end(machine_id(1), at(29)).await.unwrap();
        let full = MachineRecord {
            seat_kind,
            checks: Some(tally),
            first_start_at: Some(at(21)),
            last_end_at: Some(at(29)),
            ..bare
        };
        assert_eq!(tx.machine_records().by_id(machine_id(1)).await.unwrap(), Some(full));
        assert_eq!(tx.machine_records().by_id(machine_id(9)).await.unwrap(), None, "another tenant's");
    }

    async fn machines_are_listed_by_license_and_state_in_both_directions(database: Database) {
        let mut tx = furnished(&database).await;
        let all = MachineFilter::default();
        let of = |license: LicenseId| MachineFilter { license: Some(license), ..all };
        let in_state = |state| MachineFilter { state: Some(state), ..all };
        for (filter, after, descending, limit, expected) in [
            (all, None, false, 10, vec![1, 2, 3, 4]),
            (all, None, true, 3, vec![4, 3, 2]),
            (all, Some(2), true, 3, vec![1]),
            (all, Some(2), false, 1, vec![3]),
            (of(license_id(1)), None, false, 10, vec![1, 2, 3]),
            (of(license_id(1)), Some(1), false, 10, vec![2, 3]),
            (of(license_id(9)), None, false, 10, vec![]),
            (in_state(MachineState::Active), None, true, 10, vec![4, 3, 1]),
            (in_state(MachineState::Deactivated), None, false, 10, vec![2]),
            (MachineFilter { state: Some(MachineState::Active), ..of(license_id(1)) }, None, false, 10, vec![1, 3]),
            (MachineFilter { state: Some(MachineState::Deactivated), ..of(license_id(2)) }, None, true, 10, vec![]),
        ] {
            let after = after.map(|number| machine_id(number).uuid());
            assert_eq!(list(&mut tx, filter, page(after, descending, limit)).await, expected, "{filter:?}");
        }
    }

    async fn a_machine_changes_only_at_its_revision(database: Database) {
        let mut tx = furnished(&database).await;
        let changed = Machine {
            name: Some(MachineName::parse("Studio 3").unwrap()),
            state: MachineState::Deactivated,
            deactivated_at: Some(at(70)),
            ..machine(1)
        };
        assert!(tx.machine_records().update(&changed).await.unwrap());
        assert!(!tx.machine_records().update(&changed).await.unwrap(), "its revision is another by now");
        let kept = tx.machine_records().by_id(machine_id(1)).await.unwrap().unwrap().machine;
        assert_eq!(kept, Machine { revision: 2, ..changed });
        let nameless = Machine { name: None, ..kept };
        assert!(tx.machine_records().update(&nameless).await.unwrap());
        let kept = tx.machine_records().by_id(machine_id(1)).await.unwrap().unwrap().machine;
        assert_eq!((kept.name, kept.revision), (None, 3));
    }
}
