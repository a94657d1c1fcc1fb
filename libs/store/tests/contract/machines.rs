//! Machines.

use leasehold_store::Tx;
use model::{IssuedLease, Machine, MachineName, MachineState, SeatKind};
use testkit::{Database, on_both};

use crate::common::{
    add_catalog, add_license, add_tenant, at, fingerprint, key_id, lease_id, license, license_id, machine,
    machine_id,
};

async fn with_license(database: &Database) -> Tx {
    let tenant = add_tenant(&database.store, 1).await;
    let mut tx = database.store.write(tenant).await.unwrap();
    for number in [1, 2] {
        add_catalog(&mut tx, number).await;
        assert!(add_license(&mut tx, &license(number)).await);
    }
    tx
}

/// Another machine of the first license.
fn sibling(number: u32) -> Machine {
    Machine { license_id: license_id(1), ..machine(number) }
}

on_both! {
    async fn a_machine_is_read_as_it_was_written(database: Database) {
        let mut tx = with_license(&database).await;
        let bare = Machine {
            name: None,
            state: MachineState::Deactivated,
            deactivated_at: None,
            lease: None,
            ..machine(1)
        };
        for machine in [machine(1), bare, machine(1)] {
            tx.machines().save(&machine).await.unwrap();
            assert_eq!(
                tx.machines().of_license(license_id(1), 10).await.unwrap(),
                [machine]
            );
        }
        assert_eq!(tx.machines().of_license(license_id(2), 10).await.unwrap(), []);
    }

    async fn all_machines_of_a_license_are_deactivated_at_once(database: Database) {
        let mut tx = with_license(&database).await;
        let gone = Machine {
            state: MachineState::Deactivated,
            ..sibling(4)
        };
        for machine in [sibling(3), sibling(1), gone.clone(), machine(2)] {
            tx.machines().save(&machine).await.unwrap();
        }
        let deactivated = tx.machines().deactivate_all(license_id(1), at(70)).await.unwrap();
        assert_eq!(deactivated, [machine_id(1), machine_id(3)]);
        let after = |number| Machine {
            state: MachineState::Deactivated,
            deactivated_at: Some(at(70)),
            revision: 2,
            ..sibling(number)
        };
        assert_eq!(
            tx.machines().of_license(license_id(1), 10).await.unwrap(),
            [gone, after(3), after(1)]
        );
        assert_eq!(
            tx.machines().of_license(license_id(2), 10).await.unwrap(),
            [machine(2)],
            "of another license"
        );
        assert_eq!(tx.machines().deactivate_all(license_id(1), at(71)).await.unwrap(), []);
    }

    async fn the_machine_of_a_fingerprint_keeps_its_identity(database: Database) {
        let mut tx = with_license(&database).await;
        tx.machines().save(&machine(1)).await.unwrap();
        let lease = IssuedLease {
            id: lease_id(5),
            key_id: key_id(5),
            expires_at: at(90),
            grace_until: at(91),
        };
        let again = Machine {
            name: Some(MachineName::parse("renamed").unwrap()),
            activated_at: at(80),
            deactivated_at: None,
            lease: Some(lease),
            ..machine(1)
        };
        tx.machines()
            .save(&Machine {
                id: machine_id(7),
                ..again.clone()
            })
            .await
            .unwrap();
        assert_eq!(
            tx.machines().of_license(license_id(1), 10).await.unwrap(),
            [again]
        );
    }

    async fn a_fingerprint_may_be_used_by_many_licenses(database: Database) {
        let mut tx = with_license(&database).await;
        let second = Machine {
            fingerprint: fingerprint(1),
            ..machine(2)
        };
        tx.machines().save(&machine(1)).await.unwrap();
        tx.machines().save(&second).await.unwrap();
        assert_eq!(
            tx.machines().of_license(license_id(1), 10).await.unwrap(),
            [machine(1)]
        );
        assert_eq!(
            tx.machines().of_license(license_id(2), 10).await.unwrap(),
            [second]
        );
    }

    async fn the_newest_machines_come_first_and_no_more_than_asked(database: Database) {
        let mut tx = with_license(&database).await;
        for number in [3, 1, 2] {
            tx.machines().save(&sibling(number)).await.unwrap();
        }
        assert_eq!(
            tx.machines().of_license(license_id(1), 2).await.unwrap(),
            [sibling(3), sibling(2)]
        );
        assert_eq!(tx.machines().of_license(license_id(1), 0).await.unwrap(), []);
    }

    async fn a_seat_is_held_by_state_and_when_floating_by_the_lease(database: Database) {
        let mut tx = with_license(&database).await;
        let ends = |machine: Machine, grace_until| Machine {
            lease: machine
                .lease
                .clone()
                .map(|lease| IssuedLease { grace_until, ..lease }),
            ..machine
        };
        for machine in [
            ends(sibling(1), at(100)),
            ends(sibling(2), at(101)),
            Machine {
                lease: None,
                ..sibling(3)
            },
            ends(
                Machine {
                    state: MachineState::Deactivated,
                    ..sibling(4)
                },
                at(1_000),
            ),
            machine(5),
        ] {
            let machine = if machine.id == machine_id(5) {
                Machine {
                    license_id: license_id(2),
                    ..machine
                }
            } else {
                machine
            };
            tx.machines().save(&machine).await.unwrap();
        }
        for (kind, now, used) in [
            (SeatKind::NodeLocked, at(99), 3),
            (SeatKind::NodeLocked, at(2_000), 3),
            (SeatKind::Floating, at(99), 2),
            // the edge belongs to the lapsed seat
            (SeatKind::Floating, at(100), 1),
            (SeatKind::Floating, at(101), 0),
        ] {
            assert_eq!(
                tx.machines().seats_used(license_id(1), kind, now).await.unwrap(),
                used,
                "{kind:?} {now}"
            );
        }
        assert_eq!(
            tx.machines()
                .seats_used(license_id(9), SeatKind::NodeLocked, at(1))
                .await
                .unwrap(),
            0
        );
    }

    async fn the_first_start_and_the_last_end_are_kept(database: Database) {
        let mut tx = with_license(&database).await;
        tx.machines().save(&machine(1)).await.unwrap();
        tx.machines().save(&machine(2)).await.unwrap();
        assert_eq!(tx.machines().marks(machine_id(1)).await.unwrap(), (None, None));
        for micros in [20, 10, 30] {
            tx.machines().mark_start(machine_id(1), at(micros)).await.unwrap();
            tx.machines()
                .mark_end(machine_id(1), at(micros + 1))
                .await
                .unwrap();
        }
        assert_eq!(
            tx.machines().marks(machine_id(1)).await.unwrap(),
            (Some(at(20)), Some(at(31)))
        );
        assert_eq!(tx.machines().marks(machine_id(2)).await.unwrap(), (None, None));
        assert_eq!(tx.machines().marks(machine_id(9)).await.unwrap(), (None, None));
        tx.machines().save(&machine(1)).await.unwrap();
        let after = tx.machines().marks(machine_id(1)).await.unwrap();
        assert_eq!(after, (Some(at(20)), Some(at(31))), "a new lease keeps the marks");
    }
}
