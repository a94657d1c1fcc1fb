//! Deleting a tenant leaves nothing of it.

use std::collections::BTreeSet;

use leasehold_store::PURGED_TABLES;
use testkit::on_both;

on_both! {
    async fn every_table_of_a_tenant_is_emptied(database: Database) {
        let mut raw = database.raw().await;
        let purged: BTreeSet<String> = PURGED_TABLES.iter().map(|(table, _)| (*table).to_owned()).collect();
        let mut there = BTreeSet::new();
        for table in raw.tables().await {
            if raw.columns(&table).await.iter().any(|column| column == "tenant_id") {
                there.insert(table);
            }
        }
        assert_eq!(purged, there, "a new table is deleted with its tenant");
        for (table, statement) in PURGED_TABLES {
            assert!(statement.starts_with(&format!("DELETE FROM {table} WHERE tenant_id = $1 ")), "{table}");
        }
    }
}
