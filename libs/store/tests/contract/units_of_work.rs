//! Reading and writing units of work.

use testkit::on_both;

use crate::common::{add_tenant, client_key, customer, product};

on_both! {
    async fn what_is_committed_stays_and_what_is_dropped_does_not(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut kept = database.store.write(tenant).await.unwrap();
        assert!(kept.products().insert(&product(1)).await.unwrap());
        let _changed = kept.commit().await.unwrap();
        let mut dropped = database.store.write(tenant).await.unwrap();
        assert!(dropped.customers().insert(&customer(1)).await.unwrap());
        assert!(
            dropped
                .customers()
                .by_client_key(&client_key(1))
                .await
                .unwrap()
                .is_some()
        );
        drop(dropped);
        let mut tx = database.store.read(tenant).await.unwrap();
        assert!(tx.products().by_id(product(1).id).await.unwrap().is_some());
        assert!(
            tx.customers()
                .by_client_key(&client_key(1))
                .await
                .unwrap()
                .is_none()
        );
    }

    async fn what_is_not_committed_is_not_seen_by_others(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut writing = database.store.write(tenant).await.unwrap();
        assert!(writing.products().insert(&product(1)).await.unwrap());
        let mut reading = database.store.read(tenant).await.unwrap();
        assert!(reading.products().by_id(product(1).id).await.unwrap().is_none());
        let _changed = writing.commit().await.unwrap();
        let mut reading = database.store.read(tenant).await.unwrap();
        assert!(reading.products().by_id(product(1).id).await.unwrap().is_some());
    }

    async fn a_closed_store_is_unavailable(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        database.store.ping().await.unwrap();
        let described = database.store.describe().await.unwrap();
        assert!(
            described.starts_with("PostgreSQL 1") && described.ends_with("as role leasehold")
                || described.starts_with("SQLite 3."),
            "{described}"
        );
        database.store.close().await;
        let unavailable = |error| {
            assert!(
                matches!(error, leasehold_store::Error::Unavailable(_)),
                "{error:?}"
            );
        };
        unavailable(database.store.ping().await.unwrap_err());
        unavailable(database.store.write(tenant).await.err().unwrap());
        unavailable(database.store.read(tenant).await.err().unwrap());
        unavailable(database.store.platform().await.err().unwrap());
        unavailable(database.store.tenants().await.unwrap_err());
    }
}
