//! What activations and deactivations change on a license.

use leasehold_store::ActivationRecord;
use model::{License, LicenseState};
use testkit::on_both;

use crate::{
    common::{add_license, at, customer_id, license, license_id},
    licenses::{bare_license, stored, with_catalog},
};

/// An activation that changes nothing but the count.
fn counted() -> ActivationRecord {
    ActivationRecord {
        counts: true,
        activation_limit: None,
        term_started_at: None,
        expires_at: None,
        customer_id: None,
        at: at(50),
    }
}

on_both! {
    async fn an_activation_fills_in_what_was_open_once(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(add_license(&mut tx, &bare_license(1)).await);
        let first = ActivationRecord {
            term_started_at: Some(at(20)),
            expires_at: Some(at(21)),
            customer_id: Some(customer_id(1)),
            at: at(22),
            ..counted()
        };
        assert!(
            tx.licenses()
                .record_activation(license_id(1), &first)
                .await
                .unwrap()
        );
        let after = License {
            term_started_at: Some(at(20)),
            expires_at: Some(at(21)),
            customer_id: Some(customer_id(1)),
            activations_used: 1,
            updated_at: at(22),
            ..bare_license(1)
        };
        assert_eq!(stored(&mut tx, 1).await, after);
        let second = ActivationRecord {
            counts: false,
            term_started_at: Some(at(30)),
            expires_at: Some(at(31)),
            customer_id: Some(customer_id(2)),
            at: at(32),
            ..counted()
        };
        assert!(
            tx.licenses()
                .record_activation(license_id(1), &second)
                .await
                .unwrap()
        );
        assert_eq!(
            stored(&mut tx, 1).await,
            License {
                updated_at: at(32),
                ..after
            }
        );
        assert!(
            !tx.licenses()
                .record_activation(license_id(9), &counted())
                .await
                .unwrap()
        );
    }

    async fn activations_stay_within_their_limit(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(
            add_license(
                &mut tx,
                &License {
                    activations_used: 2,
                    ..license(1)
                }
            )
            .await
        );
        let limited = |counts, most| ActivationRecord {
            counts,
            activation_limit: Some(most),
            ..counted()
        };
        for (record, done, used) in [
            (limited(true, 2), false, 2),
            (limited(true, 0), false, 2),
            (limited(true, 3), true, 3),
            (limited(true, 3), false, 3),
            // what does not count is not held up by a limit that was lowered
            (limited(false, 1), true, 3),
            (counted(), true, 4),
        ] {
            assert_eq!(
                tx.licenses()
                    .record_activation(license_id(1), &record)
                    .await
                    .unwrap(),
                done,
                "{record:?}"
            );
            assert_eq!(stored(&mut tx, 1).await.activations_used, used, "{record:?}");
        }
    }

    async fn only_an_active_license_is_activated(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(
            add_license(
                &mut tx,
                &License {
                    state: LicenseState::Suspended,
                    ..license(1)
                }
            )
            .await
        );
        assert!(
            add_license(
                &mut tx,
                &License {
                    state: LicenseState::Revoked,
                    ..license(2)
                }
            )
            .await
        );
        for number in [1, 2] {
            assert!(
                !tx.licenses()
                    .record_activation(license_id(number), &counted())
                    .await
                    .unwrap()
            );
            assert_eq!(stored(&mut tx, number).await.activations_used, 8);
        }
    }

    async fn deactivations_are_counted_where_they_count(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(add_license(&mut tx, &license(1)).await);
        tx.licenses()
            .record_deactivation(license_id(1), false, at(40))
            .await
            .unwrap();
        assert_eq!(
            stored(&mut tx, 1).await,
            License {
                updated_at: at(40),
                ..license(1)
            }
        );
        tx.licenses()
            .record_deactivation(license_id(1), true, at(41))
            .await
            .unwrap();
        assert_eq!(
            stored(&mut tx, 1).await,
            License {
                deactivations_used: 10,
                updated_at: at(41),
                ..license(1)
            }
        );
    }
}
