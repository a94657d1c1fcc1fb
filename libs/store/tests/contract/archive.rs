//! Archives have everything of a tenant.

use std::collections::BTreeSet;

use leasehold_store::{ARCHIVE_TABLES, ArchiveValue};
use testkit::on_both;

use crate::common::{add_catalog, add_tenant, customer, tenant, tenant_id};

/// What does not travel: answers that are kept for a day, and events that others still have to be told of.
const LEFT_BEHIND: [&str; 2] = ["idempotency_keys", "outbox"];
/// Columns of tenants that are not in the first line: what the operator of an installation decides.
const OPERATORS: [&str; 17] = [
    "state",
    "revision",
    "suspended_at",
    "exported_at",
    "delete_after",
    "purged_since",
    "max_licenses",
    "max_products",
    "max_customers",
    "max_api_keys",
    "id",
    "rate_address",
    "rate_license_key",
    "rate_api_key",
    "rate_tenant",
    "rate_wrong_keys_address",
    "rate_wrong_keys_tenant",
];

on_both! {
    async fn every_column_of_every_table_of_a_tenant_is_in_an_archive(database: Database) {
        let mut raw = database.raw().await;
        let mut known: BTreeSet<&str> = ARCHIVE_TABLES.iter().map(|table| table.name).collect();
        for table in raw.tables().await {
            let columns = raw.columns(&table).await;
            if !columns.iter().any(|column| column == "tenant_id") || LEFT_BEHIND.contains(&&*table) {
                continue;
            }
            assert!(known.remove(&*table), "the table {table} belongs into archives, or is left behind for a reason");
            let archived = ARCHIVE_TABLES.iter().find(|known| known.name == table).unwrap();
            let archived: BTreeSet<String> =
                archived.columns.iter().map(|(name, _)| (*name).to_owned()).chain(["tenant_id".to_owned()]).collect();
            assert_eq!(archived, columns.into_iter().collect(), "{table}");
        }
        assert!(known.is_empty(), "{known:?}");
        let mut columns: BTreeSet<String> = raw.columns("tenants").await.into_iter().collect();
        for column in OPERATORS {
            assert!(columns.remove(column), "{column}");
        }
        assert_eq!(
            columns.into_iter().collect::<Vec<_>>(),
            ["checks_are_events", "created_at", "issuer", "name", "refuses_mistyped_keys", "slug"],
            "these are in the first line of an archive"
        );
    }

    async fn rows_are_read_piece_by_piece_and_only_those_of_the_tenant(database: Database) {
        let store = &database.store;
        for number in [1, 2] {
            let id = add_tenant(store, number).await;
            let mut tx = store.write(id).await.unwrap();
            add_catalog(&mut tx, number).await;
            for more in [3, 4, 5] {
                assert!(tx.customers().insert(&customer(10 * more + number)).await.unwrap());
            }
            let _changed = tx.commit().await.unwrap();
        }
        let customers = ARCHIVE_TABLES.iter().find(|table| table.name == "customers").unwrap();
        let mut tx = store.snapshot(tenant_id(1)).await.unwrap();
        assert_eq!(tx.archived_tenant().await.unwrap(), Some(tenant(1)));
        let first = tx.archive_rows(customers, None, 3).await.unwrap();
        let rest = tx.archive_rows(customers, first.last(), 3).await.unwrap();
        assert_eq!((first.len(), rest.len()), (3, 1));
        let ids: Vec<_> = first.iter().chain(&rest).map(|row| row[0].clone()).collect();
        let expected = [1, 31, 41, 51].map(|number| ArchiveValue::Uuid(customer(number).id.uuid()));
        assert_eq!(ids, expected);
        assert!(tx.archive_rows(customers, rest.last(), 3).await.unwrap().is_empty());
    }

    async fn every_table_is_read_and_written_as_it_was(database: Database) {
        let store = &database.store;
        let id = add_tenant(store, 1).await;
        let mut tx = store.write(id).await.unwrap();
        add_catalog(&mut tx, 1).await;
        assert!(crate::common::add_license(&mut tx, &crate::common::license(1)).await);
        tx.machines().save(&crate::common::machine(1)).await.unwrap();
        tx.events().append(&crate::common::event(1)).await.unwrap();
        let _changed = tx.commit().await.unwrap();
        let other = add_tenant(store, 2).await;
        let (mut reading, mut writing) = (store.snapshot(id).await.unwrap(), store.write(other).await.unwrap());
        for table in ARCHIVE_TABLES {
            let rows = reading.archive_rows(table, None, 100).await.unwrap();
            for row in &rows {
                writing.restore_row(table, row.clone()).await.unwrap();
            }
            assert_eq!(writing.archive_rows(table, None, 100).await.unwrap(), rows, "{}", table.name);
        }
    }
}
