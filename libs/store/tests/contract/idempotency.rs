//! Idempotency keys.

use leasehold_store::{Claimed, Error, StoredAnswer};
use testkit::on_both;

use crate::common::{add_tenant, at};

const REQUEST: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

fn answer() -> StoredAnswer {
    StoredAnswer { status: 201, sealed_body: vec![0, 1, 255] }
}

on_both! {
    async fn a_claimed_key_gives_the_answer_to_the_same_request_only(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert_eq!(
            tx.idempotency_keys()
                .claim("key", &REQUEST, at(0), at(100))
                .await
                .unwrap(),
            Claimed::Free
        );
        tx.idempotency_keys().answer("key", &answer()).await.unwrap();
        let _changed = tx.commit().await.unwrap();

        let mut tx = database.store.write(tenant).await.unwrap();
        let claimed = tx
            .idempotency_keys()
            .claim("key", &REQUEST, at(99), at(200))
            .await
            .unwrap();
        assert_eq!(claimed, Claimed::Answered(answer()));
        let claimed = tx
            .idempotency_keys()
            .claim("key", &OTHER, at(99), at(200))
            .await
            .unwrap();
        assert_eq!(claimed, Claimed::ByAnotherRequest);
        assert_eq!(
            tx.idempotency_keys()
                .claim("KEY", &OTHER, at(99), at(200))
                .await
                .unwrap(),
            Claimed::Free
        );
    }

    async fn a_claim_that_was_rolled_back_is_free_again(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert_eq!(
            tx.idempotency_keys()
                .claim("key", &REQUEST, at(0), at(100))
                .await
                .unwrap(),
            Claimed::Free
        );
        tx.idempotency_keys().answer("key", &answer()).await.unwrap();
        drop(tx);
        let mut tx = database.store.write(tenant).await.unwrap();
        assert_eq!(
            tx.idempotency_keys()
                .claim("key", &OTHER, at(0), at(100))
                .await
                .unwrap(),
            Claimed::Free
        );
    }

    async fn a_key_that_was_never_answered_is_busy(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert_eq!(
            tx.idempotency_keys()
                .claim("key", &REQUEST, at(0), at(100))
                .await
                .unwrap(),
            Claimed::Free
        );
        let again = tx.idempotency_keys().claim("key", &REQUEST, at(0), at(100)).await;
        assert!(matches!(again, Err(Error::Busy)), "{again:?}");
    }

    async fn an_expired_key_is_free_from_its_last_instant_on(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert_eq!(
            tx.idempotency_keys()
                .claim("key", &REQUEST, at(0), at(100))
                .await
                .unwrap(),
            Claimed::Free
        );
        tx.idempotency_keys().answer("key", &answer()).await.unwrap();
        let claimed = tx
            .idempotency_keys()
            .claim("key", &REQUEST, at(99), at(200))
            .await
            .unwrap();
        assert_eq!(claimed, Claimed::Answered(answer()));
        assert_eq!(
            tx.idempotency_keys()
                .claim("key", &OTHER, at(100), at(200))
                .await
                .unwrap(),
            Claimed::Free
        );
        let again = tx.idempotency_keys().claim("key", &OTHER, at(101), at(201)).await;
        assert!(
            matches!(again, Err(Error::Busy)),
            "the old answer is gone: {again:?}"
        );
    }

    async fn a_sweep_deletes_what_has_expired_and_nothing_else(database: Database) {
        let (first, second) = (
            add_tenant(&database.store, 1).await,
            add_tenant(&database.store, 2).await,
        );
        for tenant in [first, second] {
            let mut tx = database.store.write(tenant).await.unwrap();
            for (key, expires_at) in [("a", at(10)), ("b", at(20)), ("c", at(21))] {
                assert_eq!(
                    tx.idempotency_keys()
                        .claim(key, &REQUEST, at(0), expires_at)
                        .await
                        .unwrap(),
                    Claimed::Free
                );
                tx.idempotency_keys().answer(key, &answer()).await.unwrap();
            }
            let _changed = tx.commit().await.unwrap();
        }
        let mut tx = database.store.write(first).await.unwrap();
        assert_eq!(tx.idempotency_keys().sweep(at(9)).await.unwrap(), 0);
        assert_eq!(tx.idempotency_keys().sweep(at(20)).await.unwrap(), 2);
        assert_eq!(tx.idempotency_keys().sweep(at(20)).await.unwrap(), 0);
        let _changed = tx.commit().await.unwrap();
        let mut raw = database.raw().await;
        let sql = format!(
            "SELECT key FROM idempotency_keys WHERE tenant_id = {} ORDER BY key",
            raw.id(first)
        );
        assert_eq!(raw.texts(&sql).await, ["c"]);
        let sql = format!(
            "SELECT key FROM idempotency_keys WHERE tenant_id = {} ORDER BY key",
            raw.id(second)
        );
        assert_eq!(raw.texts(&sql).await, ["a", "b", "c"]);
    }
}
