//! Licenses.

use leasehold_store::{Error, NewLicenseRow, Tx};
use model::{License, LicenseState, Limit, Overrides};
use testkit::{Database, on_both};

use crate::common::{
    add_catalog, add_license, add_tenant, at, key_hash, license, license_id, memo, policy_id, tenant,
};

pub(crate) async fn with_catalog(database: &Database) -> Tx {
    let tenant = add_tenant(&database.store, 1).await;
    let mut tx = database.store.write(tenant).await.unwrap();
    add_catalog(&mut tx, 1).await;
    add_catalog(&mut tx, 2).await;
    tx
}

pub(crate) async fn stored(tx: &mut Tx, number: u32) -> License {
    tx.licenses().by_id(license_id(number)).await.unwrap().unwrap()
}

/// A license without anything that may be absent.
pub(crate) fn bare_license(number: u32) -> License {
    License {
        customer_id: None,
        overrides: Overrides::default(),
        term_started_at: None,
        expires_at: None,
        activations_used: 0,
        deactivations_used: 0,
        ..license(number)
    }
}

/// A license of the first policy that belongs to nobody.
fn plain(number: u32) -> License {
    License {
        product_id: crate::common::product_id(1),
        policy_id: policy_id(1),
        customer_id: None,
        ..license(number)
    }
}

on_both! {
    async fn a_license_is_read_as_it_was_written(database: Database) {
        let mut tx = with_catalog(&database).await;
        let of_first = |license: License| License {
            product_id: crate::common::product_id(1),
            policy_id: policy_id(1),
            customer_id: None,
            ..license
        };
        let unlimited = Overrides {
            seats: Some(Limit::Unlimited),
            activation_limit: Some(Limit::AtMost(0)),
            ..Overrides::default()
        };
        for written in [
            license(1),
            bare_license(2),
            of_first(License {
                overrides: unlimited,
                state: LicenseState::Suspended,
                ..license(3)
            }),
            of_first(License {
                state: LicenseState::Revoked,
                activations_used: u32::MAX,
                deactivations_used: u32::MAX,
                ..license(4)
            }),
        ] {
            assert!(add_license(&mut tx, &written).await);
            assert_eq!(
                tx.licenses().by_id(written.id).await.unwrap(),
                Some(written.clone())
            );
            assert_eq!(
                tx.licenses().id_by_key(&key_hash(written.number)).await.unwrap(),
                Some(written.id)
            );
        }
        assert_eq!(tx.licenses().by_id(license_id(9)).await.unwrap(), None);
        assert_eq!(tx.licenses().id_by_key(&key_hash(9)).await.unwrap(), None);
    }

    async fn key_and_number_of_a_license_are_taken_once(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(add_license(&mut tx, &license(1)).await);
        let second = license(2);
        let with_taken_key = NewLicenseRow {
            license: &second,
            key_hash: &key_hash(1),
            key_sealed: b"other",
        };
        assert!(!tx.licenses().insert(&with_taken_key).await.unwrap());
        let same_number = License {
            number: 1,
            ..license(2)
        };
        let with_taken_number = NewLicenseRow {
            license: &same_number,
            key_hash: &key_hash(2),
            key_sealed: b"other",
        };
        assert!(!tx.licenses().insert(&with_taken_number).await.unwrap());
        assert!(
            !add_license(
                &mut tx,
                &License {
                    id: license_id(1),
                    ..license(2)
                }
            )
            .await
        );
        assert!(add_license(&mut tx, &license(2)).await);
        assert_eq!(stored(&mut tx, 1).await, license(1), "unchanged");
    }

    async fn policy_and_product_of_a_license_belong_together(database: Database) {
        let mut tx = with_catalog(&database).await;
        let mixed = License {
            policy_id: policy_id(2),
            ..license(1)
        };
        let row = NewLicenseRow {
            license: &mixed,
            key_hash: &key_hash(1),
            key_sealed: b"sealed",
        };
        let refused = tx.licenses().insert(&row).await;
        assert!(matches!(refused, Err(Error::Dangling(_))), "{refused:?}");
    }

    async fn locking_raises_the_version_and_nothing_else(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(add_license(&mut tx, &license(1)).await);
        assert_eq!(
            tx.licenses().lock_by_key(&key_hash(1)).await.unwrap(),
            Some(license_id(1))
        );
        assert_eq!(
            stored(&mut tx, 1).await,
            License {
                version: 2,
                ..license(1)
            }
        );
        assert!(tx.licenses().lock_by_id(license_id(1)).await.unwrap());
        assert_eq!(
            stored(&mut tx, 1).await,
            License {
                version: 3,
                ..license(1)
            }
        );
        assert_eq!(tx.licenses().lock_by_key(&key_hash(9)).await.unwrap(), None);
        assert!(!tx.licenses().lock_by_id(license_id(9)).await.unwrap());
    }

    async fn every_change_of_state(database: Database) {
        use LicenseState::{Active, Revoked, Suspended};
        let mut tx = with_catalog(&database).await;
        for (number, from, to, done) in [
            (1, Active, Active, true),
            (2, Active, Suspended, true),
            (3, Active, Revoked, true),
            (4, Suspended, Active, true),
            (5, Suspended, Suspended, true),
            (6, Suspended, Revoked, true),
            (7, Revoked, Active, false),
            (8, Revoked, Suspended, false),
            (9, Revoked, Revoked, true),
        ] {
            let before = License {
                state: from,
                ..plain(number)
            };
            assert!(add_license(&mut tx, &before).await);
            let after = License {
                state: to,
                updated_at: at(60),
                ..before.clone()
            };
            assert_eq!(
                tx.licenses().update(&after).await.unwrap(),
                done,
                "{from:?} to {to:?}"
            );
            let expected = if done {
                License {
                    version: 2,
                    revision: 2,
                    ..after
                }
            } else {
                before
            };
            assert_eq!(stored(&mut tx, number).await, expected, "{from:?} to {to:?}");
        }
    }

    async fn all_that_a_vendor_changes_is_written_on_the_version_that_was_seen(database: Database) {
        let mut tx = with_catalog(&database).await;
        let other = model::Policy {
            id: policy_id(9),
            code: model::PolicyCode::parse("other").unwrap(),
            ..crate::common::policy(1)
        };
        assert!(tx.policies().insert(&other).await.unwrap());
        assert!(add_license(&mut tx, &license(1)).await);
        assert!(add_license(&mut tx, &plain(2)).await);
        let changed = License {
            policy_id: other.id,
            customer_id: None,
            overrides: Overrides::default(),
            state: LicenseState::Suspended,
            expires_at: None,
            activations_used: 0,
            deactivations_used: 0,
            updated_at: at(80),
            ..license(1)
        };
        for stale in [0, 2, u64::MAX] {
            let stale = License { version: stale, ..changed.clone() };
            assert!(!tx.licenses().update(&stale).await.unwrap());
            assert_eq!(stored(&mut tx, 1).await, license(1));
        }
        assert!(tx.licenses().update(&changed).await.unwrap());
        let changed = License {
            version: 2,
            revision: 2,
            ..changed
        };
        assert_eq!(stored(&mut tx, 1).await, changed);
        assert_eq!(stored(&mut tx, 2).await, plain(2), "another license");
        let back = License {
            version: 2,
            ..license(1)
        };
        assert!(tx.licenses().update(&back).await.unwrap());
        let back = License {
            version: 3,
            revision: 3,
            ..back
        };
        assert_eq!(stored(&mut tx, 1).await, back);
        assert!(!tx.licenses().update(&license(99)).await.unwrap());
    }

    async fn a_license_is_not_moved_to_a_policy_of_another_product(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(add_license(&mut tx, &license(1)).await);
        let moved = License {
            policy_id: policy_id(2),
            ..license(1)
        };
        let refused = tx.licenses().update(&moved).await;
        assert!(matches!(refused, Err(Error::Dangling(_))), "{refused:?}");
    }

    async fn mistyped_keys_are_allowed_for_good(database: Database) {
        let mut tx = with_catalog(&database).await;
        tx.licenses().allow_mistyped_keys().await.unwrap();
        tx.licenses().allow_mistyped_keys().await.unwrap();
        let _changed = tx.commit().await.unwrap();
        let after = database
            .store
            .tenant_by_slug(&tenant(1).slug)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            after,
            model::Tenant {
                refuses_mistyped_keys: false,
                ..tenant(1)
            }
        );
    }

    async fn a_license_is_released_from_its_customer(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(add_license(&mut tx, &license(1)).await);
        assert!(add_license(&mut tx, &license(2)).await);
        tx.licenses()
            .release_customer(license_id(1), at(70))
            .await
            .unwrap();
        let released = License {
            customer_id: None,
            updated_at: at(70),
            ..license(1)
        };
        assert_eq!(stored(&mut tx, 1).await, released);
        assert_eq!(stored(&mut tx, 2).await, license(2), "another license");
    }

    async fn the_sealed_key_is_read_as_it_was_written(database: Database) {
        let mut tx = with_catalog(&database).await;
        for (number, sealed) in [(1, b"first".as_slice()), (2, &[0, 255])] {
            let license = license(number);
            let row = NewLicenseRow {
                license: &license,
                key_hash: &key_hash(number),
                key_sealed: sealed,
            };
            assert!(tx.licenses().insert(&row).await.unwrap());
            assert_eq!(
                tx.licenses().sealed_key(license.id).await.unwrap().as_deref(),
                Some(sealed)
            );
        }
        assert_eq!(tx.licenses().sealed_key(license_id(9)).await.unwrap(), None);
    }

    async fn a_note_is_read_as_it_was_last_written(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(add_license(&mut tx, &license(1)).await);
        assert!(add_license(&mut tx, &license(2)).await);
        assert_eq!(tx.licenses().memo(license_id(1)).await.unwrap(), None);
        for text in ["first", "two\nlines, ü"] {
            tx.licenses().set_memo(license_id(1), &memo(text)).await.unwrap();
            assert_eq!(tx.licenses().memo(license_id(1)).await.unwrap(), Some(memo(text)));
        }
        assert_eq!(tx.licenses().memo(license_id(2)).await.unwrap(), None);
        assert_eq!(tx.licenses().memo(license_id(9)).await.unwrap(), None);
        tx.licenses().set_memo(license_id(2), &memo("another")).await.unwrap();
        tx.licenses().erase_memo(license_id(1)).await.unwrap();
        tx.licenses().erase_memo(license_id(9)).await.unwrap();
        assert_eq!(tx.licenses().memo(license_id(1)).await.unwrap(), None);
        assert_eq!(tx.licenses().memo(license_id(2)).await.unwrap(), Some(memo("another")));
        assert_eq!(
            stored(&mut tx, 1).await,
            license(1),
            "a note is no change of the license"
        );
    }
}
