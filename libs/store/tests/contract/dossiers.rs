//! A license with all that a decision on it needs.

use leasehold_store::{DossierQuery, Tx};
use model::{
    IssuedLease, License, Machine, MachineState, Policy, PolicyRules, SeatKind, decide::NamedCustomer,
};
use testkit::{Database, on_both};

use crate::common::{
    add_catalog, add_license, add_tenant, at, client_key, customer, customer_id, fingerprint, key_hash,
    license, license_id, machine, policy, product,
};

async fn with_licenses(database: &Database) -> Tx {
    let tenant = add_tenant(&database.store, 1).await;
    let mut tx = database.store.write(tenant).await.unwrap();
    for number in [1, 2] {
        add_catalog(&mut tx, number).await;
        assert!(add_license(&mut tx, &license(number)).await);
    }
    tx
}

/// The hashes that queries refer to.
static HASHES: std::sync::LazyLock<Vec<[u8; 32]>> =
    std::sync::LazyLock::new(|| (0..10).map(key_hash).collect());

fn by_key(number: usize) -> DossierQuery<'static> {
    DossierQuery { key_hash: &HASHES[number], fingerprint: None, customer: None, now: at(0) }
}

on_both! {
    async fn a_dossier_has_everything_of_its_license_and_nothing_of_another(database: Database) {
        let mut tx = with_licenses(&database).await;
        tx.machines().save(&machine(1)).await.unwrap();
        tx.machines().save(&machine(2)).await.unwrap();
        let (first, second) = (fingerprint(1), fingerprint(2));
        let query = DossierQuery {
            fingerprint: Some(&first),
            ..by_key(1)
        };
        let dossier = tx.dossiers().by_key(&query).await.unwrap().unwrap();
        assert_eq!(*dossier.license, license(1));
        assert_eq!(*dossier.policy, policy(1));
        assert_eq!(*dossier.product, product(1));
        assert_eq!(dossier.machine.as_deref(), Some(&machine(1)));
        assert_eq!(dossier.seats_used, 1);
        assert_eq!(dossier.customer, NamedCustomer::Nobody);
        let other = DossierQuery {
            fingerprint: Some(&second),
            ..query
        };
        assert_eq!(
            tx.dossiers().by_key(&other).await.unwrap().unwrap().machine,
            None,
            "of another license"
        );
        assert_eq!(
            tx.dossiers().by_key(&by_key(1)).await.unwrap().unwrap().machine,
            None
        );
        assert!(tx.dossiers().by_key(&by_key(9)).await.unwrap().is_none());
    }

    async fn a_machine_without_a_lease_or_a_name_is_found(database: Database) {
        let mut tx = with_licenses(&database).await;
        let bare = Machine {
            name: None,
            lease: None,
            deactivated_at: None,
            state: MachineState::Deactivated,
            ..machine(1)
        };
        tx.machines().save(&bare).await.unwrap();
        let first = fingerprint(1);
        let query = DossierQuery {
            fingerprint: Some(&first),
            ..by_key(1)
        };
        let dossier = tx.dossiers().by_key(&query).await.unwrap().unwrap();
        assert_eq!((dossier.machine.as_deref(), dossier.seats_used), (Some(&bare), 0));
    }

    async fn the_named_customer_is_looked_up(database: Database) {
        let mut tx = with_licenses(&database).await;
        for (named, expected) in [
            (client_key(1), NamedCustomer::Known(customer_id(1))),
            (client_key(2), NamedCustomer::Known(customer_id(2))),
            (client_key(3), NamedCustomer::Unknown),
        ] {
            let query = DossierQuery {
                customer: Some(&named),
                ..by_key(1)
            };
            let dossier = tx.dossiers().by_key(&query).await.unwrap().unwrap();
            assert_eq!(dossier.customer, expected, "{named}");
            assert_eq!(dossier.license.customer_id, Some(customer(1).id));
        }
    }

    async fn seats_are_counted_as_the_policy_holds_them(database: Database) {
        let mut tx = with_licenses(&database).await;
        let locked = Policy {
            rules: PolicyRules {
                seat_kind: SeatKind::NodeLocked,
                ..policy(1).rules
            },
            product_id: product(1).id,
            ..policy(3)
        };
        assert!(tx.policies().insert(&locked).await.unwrap());
        let on_locked = License {
            policy_id: locked.id,
            product_id: product(1).id,
            customer_id: None,
            ..license(3)
        };
        assert!(add_license(&mut tx, &on_locked).await);
        for (place, license) in [license_id(1), license_id(3)].into_iter().enumerate() {
            for (number, grace_until) in [(10, at(100)), (20, at(200))] {
                let number = number + u32::try_from(place).unwrap();
                let lease = machine(number)
                    .lease
                    .map(|lease| IssuedLease { grace_until, ..lease });
                tx.machines()
                    .save(&Machine {
                        license_id: license,
                        lease,
                        ..machine(number)
                    })
                    .await
                    .unwrap();
            }
        }
        for (number, now, used) in [
            (1, at(99), 2),
            (1, at(100), 1),
            (1, at(199), 1),
            (1, at(200), 0),
            (3, at(99), 2),
            (3, at(200), 2),
        ] {
            let query = DossierQuery {
                now,
                ..by_key(number)
            };
            let dossier = tx.dossiers().by_key(&query).await.map(Option::unwrap).unwrap();
            assert_eq!(dossier.seats_used, used, "license {number} at {now}");
        }
    }
}
