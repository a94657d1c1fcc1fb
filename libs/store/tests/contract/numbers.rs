//! Numbers for old clients.

use leasehold_store::NumberKind::{Customer, License, Product};
use testkit::on_both;

use crate::common::add_tenant;

on_both! {
    async fn numbers_follow_one_another_per_tenant_and_kind(database: Database) {
        let (first, second) = (
            add_tenant(&database.store, 1).await,
            add_tenant(&database.store, 2).await,
        );
        let mut tx = database.store.write(first).await.unwrap();
        assert_eq!(tx.numbers().take(License, 1).await.unwrap(), 1);
        assert_eq!(tx.numbers().take(License, 3).await.unwrap(), 2);
        assert_eq!(tx.numbers().take(License, 1).await.unwrap(), 5);
        assert_eq!(tx.numbers().take(Product, 2).await.unwrap(), 1);
        assert_eq!(tx.numbers().take(Customer, 1).await.unwrap(), 1);
        let _changed = tx.commit().await.unwrap();
        let mut tx = database.store.write(second).await.unwrap();
        assert_eq!(tx.numbers().take(License, 1).await.unwrap(), 1);
        drop(tx);
        let mut tx = database.store.write(first).await.unwrap();
        assert_eq!(tx.numbers().take(License, 1).await.unwrap(), 6);
    }

    async fn a_number_that_is_used_is_never_taken(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        tx.numbers().skip(Product, 7).await.unwrap();
        assert_eq!(
            tx.numbers().take(Product, 1).await.unwrap(),
            8,
            "skipped before any was taken"
        );
        tx.numbers().skip(Product, 3).await.unwrap();
        assert_eq!(
            tx.numbers().take(Product, 1).await.unwrap(),
            9,
            "a smaller one does not go back"
        );
        tx.numbers().skip(Product, 9).await.unwrap();
        tx.numbers().skip(Product, 10).await.unwrap();
        assert_eq!(tx.numbers().take(Product, 1).await.unwrap(), 11);
        tx.numbers().skip(Product, u32::MAX).await.unwrap();
        assert_eq!(
            tx.numbers().take(Product, 1).await.unwrap(),
            i64::from(u32::MAX) + 1
        );
        assert_eq!(
            tx.numbers().take(Customer, 1).await.unwrap(),
            1,
            "of another kind"
        );
    }
}
