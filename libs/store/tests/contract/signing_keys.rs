//! Signing keys.

use leasehold_store::{Error, Tx};
use model::{KeyState, SigningKeyRecord, Timestamp};
use testkit::{Database, on_both};

use crate::common::{add_tenant, at, key_id, signing_key};

async fn begin(database: &Database) -> Tx {
    let tenant = add_tenant(&database.store, 1).await;
    database.store.write(tenant).await.unwrap()
}

fn retired(number: u32, at: Timestamp) -> SigningKeyRecord {
    SigningKeyRecord {
        retired_at: Some(at),
        activated_at: Some(at),
        ..signing_key(number, KeyState::Retired)
    }
}

async fn published(tx: &mut Tx, now: Timestamp, signed_since: Timestamp) -> Vec<u32> {
    let keys = tx.signing_keys().published(now, signed_since).await.unwrap();
    keys.into_iter().map(|key| u32::from(key.public[0])).collect()
}

on_both! {
    async fn a_key_is_read_as_it_was_written(database: Database) {
        let mut tx = begin(&database).await;
        assert_eq!(tx.signing_keys().active().await.unwrap(), None);
        assert_eq!(tx.signing_keys().all().await.unwrap(), []);
        let keys = [
            signing_key(4, KeyState::Next),
            signing_key(3, KeyState::Active),
            retired(2, at(20)),
            signing_key(1, KeyState::Revoked),
        ];
        for key in &keys {
            tx.signing_keys().insert(key).await.unwrap();
        }
        assert_eq!(tx.signing_keys().all().await.unwrap(), keys, "newest first");
        assert_eq!(tx.signing_keys().active().await.unwrap(), Some(keys[1].clone()));
    }

    async fn only_one_key_signs(database: Database) {
        let mut tx = begin(&database).await;
        tx.signing_keys()
            .insert(&signing_key(1, KeyState::Active))
            .await
            .unwrap();
        let refused = tx.signing_keys().insert(&signing_key(2, KeyState::Active)).await;
        assert!(matches!(refused, Err(Error::Statement(_))), "{refused:?}");
    }

    async fn only_one_key_is_next(database: Database) {
        let mut tx = begin(&database).await;
        tx.signing_keys()
            .insert(&signing_key(1, KeyState::Next))
            .await
            .unwrap();
        let refused = tx.signing_keys().insert(&signing_key(2, KeyState::Next)).await;
        assert!(matches!(refused, Err(Error::Statement(_))), "{refused:?}");
    }

    async fn advancing_retires_one_key_and_lets_the_next_sign(database: Database) {
        let mut tx = begin(&database).await;
        tx.signing_keys().insert(&retired(1, at(1))).await.unwrap();
        tx.signing_keys()
            .insert(&signing_key(2, KeyState::Active))
            .await
            .unwrap();
        tx.signing_keys()
            .insert(&signing_key(3, KeyState::Next))
            .await
            .unwrap();
        assert!(tx.signing_keys().advance(at(30)).await.unwrap());
        let after = [
            SigningKeyRecord {
                state: KeyState::Active,
                activated_at: Some(at(30)),
                ..signing_key(3, KeyState::Next)
            },
            SigningKeyRecord {
                state: KeyState::Retired,
                retired_at: Some(at(30)),
                ..signing_key(2, KeyState::Active)
            },
            retired(1, at(1)),
        ];
        assert_eq!(tx.signing_keys().all().await.unwrap(), after);
        assert!(
            !tx.signing_keys().advance(at(31)).await.unwrap(),
            "there is no next key"
        );
    }

    async fn nothing_advances_without_a_key_that_signs(database: Database) {
        let mut tx = begin(&database).await;
        assert!(!tx.signing_keys().advance(at(1)).await.unwrap());
        tx.signing_keys()
            .insert(&signing_key(1, KeyState::Next))
            .await
            .unwrap();
        assert!(!tx.signing_keys().advance(at(1)).await.unwrap());
    }

    async fn a_retired_key_is_published_while_something_it_signed_may_be_verified(database: Database) {
        let mut tx = begin(&database).await;
        for key in [
            signing_key(6, KeyState::Revoked),
            signing_key(5, KeyState::Next),
            signing_key(4, KeyState::Active),
            SigningKeyRecord { leases_until: None, ..retired(3, at(100)) },
            SigningKeyRecord { leases_until: None, ..retired(2, at(50)) },
            SigningKeyRecord { leases_until: Some(at(900)), ..retired(1, at(50)) },
        ] {
            tx.signing_keys().insert(&key).await.unwrap();
        }
        tx.signing_keys().extend(&key_id(1), at(1_000)).await.unwrap();
        tx.signing_keys().extend(&key_id(1), at(950)).await.unwrap();
        tx.signing_keys().extend(&key_id(6), at(9_999)).await.unwrap();
        for (now, signed_since, expected) in [
            (at(60), at(40), vec![5, 4, 3, 2, 1]),
            (at(110), at(49), vec![5, 4, 3, 2, 1]),
            // retired at that very instant: what it signed before is too old
            (at(110), at(50), vec![5, 4, 3, 1]),
            (at(200), at(100), vec![5, 4, 1]),
            (at(999), at(500), vec![5, 4, 1]),
            (at(1_000), at(500), vec![5, 4]),
        ] {
            assert_eq!(
                published(&mut tx, now, signed_since).await,
                expected,
                "at {now} since {signed_since}"
            );
        }
    }

    async fn what_leases_need_of_a_key_never_shrinks(database: Database) {
        let mut tx = begin(&database).await;
        tx.signing_keys()
            .insert(&SigningKeyRecord { leases_until: None, ..signing_key(1, KeyState::Active) })
            .await
            .unwrap();
        for (until, expected) in [(at(100), at(100)), (at(99), at(100)), (at(101), at(101))] {
            tx.signing_keys().extend(&key_id(1), until).await.unwrap();
            let active = tx.signing_keys().active().await.unwrap().unwrap();
            assert_eq!(active.leases_until, Some(expected));
        }
    }

    async fn a_key_changes_only_from_the_state_that_it_is_thought_to_be_in(database: Database) {
        let mut tx = begin(&database).await;
        tx.signing_keys().insert(&signing_key(1, KeyState::Active)).await.unwrap();
        assert!(tx.signing_keys().insert_next(&signing_key(2, KeyState::Next)).await.unwrap());
        assert!(!tx.signing_keys().insert_next(&signing_key(3, KeyState::Next)).await.unwrap(), "there is one");
        let next = SigningKeyRecord { leases_until: None, ..signing_key(2, KeyState::Next) };
        assert_eq!(tx.signing_keys().by_id(&key_id(2)).await.unwrap(), Some(next));
        assert_eq!(tx.signing_keys().by_id(&key_id(3)).await.unwrap(), None);

        assert!(!tx.signing_keys().retire(&key_id(1), KeyState::Next, at(20)).await.unwrap());
        assert!(tx.signing_keys().retire(&key_id(1), KeyState::Active, at(20)).await.unwrap());
        assert!(!tx.signing_keys().activate(&key_id(1), at(20)).await.unwrap(), "it is retired");
        assert!(tx.signing_keys().activate(&key_id(2), at(20)).await.unwrap());
        assert!(!tx.signing_keys().activate(&key_id(2), at(21)).await.unwrap(), "it signs already");
        assert!(!tx.signing_keys().revoke(&key_id(1), KeyState::Active, at(30)).await.unwrap());
        assert!(tx.signing_keys().revoke(&key_id(1), KeyState::Retired, at(30)).await.unwrap());
        let revoked = SigningKeyRecord {
            state: KeyState::Revoked,
            retired_at: Some(at(20)),
            ..signing_key(1, KeyState::Active)
        };
        assert_eq!(tx.signing_keys().by_id(&key_id(1)).await.unwrap(), Some(revoked), "it stopped signing before");
        assert_eq!(tx.signing_keys().active().await.unwrap().unwrap().id, key_id(2));
    }

    async fn a_next_key_that_was_retired_is_not_published(database: Database) {
        let mut tx = begin(&database).await;
        tx.signing_keys().insert(&signing_key(1, KeyState::Active)).await.unwrap();
        assert!(tx.signing_keys().insert_next(&signing_key(2, KeyState::Next)).await.unwrap());
        assert_eq!(published(&mut tx, at(50), at(10)).await, [2, 1]);
        assert!(tx.signing_keys().retire(&key_id(2), KeyState::Next, at(40)).await.unwrap());
        assert_eq!(published(&mut tx, at(50), at(10)).await, [1], "it never signed anything");
    }
}
