//! A damaged row names its table, its column and itself.

use leasehold_store::{DossierQuery, Error, Tx};
use model::{KeyState, TenantId};
use testkit::{Database, Raw, on_both};

use crate::common::{
    add_catalog, add_license, add_tenant, api_key, api_key_id, at, customer_id, event, event_id, fingerprint,
    key_hash, key_id, license, license_id, machine, machine_id, policy_id, product_id, signing_key,
    tenant_id,
};

/// Where damage is done, and what to: table, column, the value that damages it.
const DAMAGES: [(&str, &str, &str); 34] = [
    ("products", "code", "'UPPER'"),
    ("products", "number", "-1"),
    ("products", "name", "''"),
    ("products", "product_key", "'x'"),
    ("products", "key_format", "'unheard'"),
    ("products", "metadata", "'{\"a\": 1}'"),
    ("products", "revision", "-1"),
    ("policies", "metadata", "'[]'"),
    ("policies", "code", "'UPPER'"),
    ("policies", "name", "''"),
    ("policies", "term", "'tomorrow'"),
    ("policies", "term_starts", "'never'"),
    ("policies", "seats", "4294967296"),
    ("policies", "seat_kind", "'standing'"),
    ("policies", "overage_percent", "65536"),
    ("policies", "lease_seconds", "-1"),
    ("policies", "entitlements", "'{\"UPPER\": {\"value\": true}}'"),
    ("customers", "number", "4294967296"),
    ("customers", "email", "'nobody'"),
    ("customers", "client_key", "'x'"),
    ("customers", "metadata", "''"),
    ("api_keys", "name", "''"),
    ("api_keys", "scopes", "'everything'"),
    ("licenses", "number", "-1"),
    ("licenses", "seats", "4294967296"),
    ("licenses", "entitlements", "'{\"old\": {\"value\": true, \"expires_at\": -1}}'"),
    ("licenses", "version", "-1"),
    ("machines", "lease_key_id", "'short'"),
    ("machines", "name", "''"),
    ("machines", "revision", "-1"),
    ("events", "actor", "'ghost'"),
    ("events", "refused_for", "'boredom'"),
    ("signing_keys", "id", "'short'"),
    ("tenants", "rate_api_key", "'1/86401'"),
];

async fn with_everything(database: &Database) -> TenantId {
    let tenant = add_tenant(&database.store, 1).await;
    let mut tx = database.store.write(tenant).await.unwrap();
    add_catalog(&mut tx, 1).await;
    assert!(add_license(&mut tx, &license(1)).await);
    tx.machines().save(&machine(1)).await.unwrap();
    tx.events().append(&event(1)).await.unwrap();
    assert!(tx.api_keys().insert(&api_key(1), &[7; 32]).await.unwrap());
    tx.signing_keys().insert(&signing_key(1, KeyState::Active)).await.unwrap();
    let _changed = tx.commit().await.unwrap();
    tenant
}

/// Reads the one row of a table.
async fn read(tx: &mut Tx, table: &str) -> Result<(), Error> {
    match table {
        "products" => tx.products().by_id(product_id(1)).await.map(drop),
        "policies" => tx.policies().by_id(policy_id(1)).await.map(drop),
        "customers" => tx.customers().by_id(customer_id(1)).await.map(drop),
        "licenses" => tx.licenses().by_id(license_id(1)).await.map(drop),
        "machines" => tx.machines().of_license(license_id(1), 1).await.map(drop),
        "events" => tx.events().of_license(license_id(1), 1).await.map(drop),
        "api_keys" => tx.api_keys().by_id(api_key_id(1)).await.map(drop),
        "signing_keys" => tx.signing_keys().all().await.map(drop),
        "tenants" => tx.settings().find().await.map(drop),
        other => panic!("nothing reads {other}"),
    }
}

fn row(table: &str) -> String {
    match table {
        "products" => product_id(1).to_string(),
        "policies" => policy_id(1).to_string(),
        "customers" => customer_id(1).to_string(),
        "licenses" => license_id(1).to_string(),
        "machines" => machine_id(1).to_string(),
        "events" => event_id(1).to_string(),
        "api_keys" => api_key_id(1).to_string(),
        "signing_keys" => "short".into(),
        "tenants" => tenant_id(1).to_string(),
        other => panic!("nothing is in {other}"),
    }
}

/// Keeps the value of a column aside, to be put back.
async fn swap(raw: &mut Raw, table: &str, column: &str, value: &str) {
    raw.execute(&format!("CREATE TABLE kept AS SELECT {column} AS kept FROM {table}")).await;
    assert_eq!(raw.execute(&format!("UPDATE {table} SET {column} = {value}")).await, 1);
}

async fn restore(raw: &mut Raw, table: &str, column: &str) {
    raw.execute(&format!("UPDATE {table} SET {column} = (SELECT kept FROM kept)")).await;
    raw.execute("DROP TABLE kept").await;
}

on_both! {
    async fn every_kind_of_damage_is_told(database: Database) {
        let tenant = with_everything(&database).await;
        let mut raw = database.raw().await;
        for (table, column, value) in DAMAGES {
            swap(&mut raw, table, column, value).await;
            let mut tx = database.store.read(tenant).await.unwrap();
            let error = read(&mut tx, table).await.expect_err(column);
            drop(tx);
            let Error::Damaged {
                table: named_table,
                column: named_column,
                row: named_row,
                ..
            } = &error
            else {
                panic!("{table}.{column}: {error:?}");
            };
            assert_eq!(
                (*named_table, *named_column, named_row),
                (table, column, &row(table)),
                "{error}"
            );
            let message = error.to_string();
            assert!(
                message.starts_with(&format!(
                    "table {table}, column {column}, row {}: must be ",
                    row(table)
                )),
                "{message}"
            );
            let told = value.trim_matches('\'');
            let (_, rule) = message.split_once(": must be ").unwrap();
            assert!(
                told.is_empty() || !rule.contains(told),
                "the value itself is told: {message}"
            );
            restore(&mut raw, table, column).await;
            let mut tx = database.store.read(tenant).await.unwrap();
            read(&mut tx, table).await.expect("the damage is mended");
        }
    }

    async fn a_dossier_tells_which_of_its_rows_is_damaged(database: Database) {
        let tenant = with_everything(&database).await;
        let mut raw = database.raw().await;
        for (table, column, value) in DAMAGES
            .into_iter()
            .filter(|(table, ..)| matches!(*table, "licenses" | "policies" | "products" | "machines"))
        {
            swap(&mut raw, table, column, value).await;
            let mut tx = database.store.read(tenant).await.unwrap();
            let fingerprint = fingerprint(1);
            let query = DossierQuery {
                key_hash: &key_hash(1),
                fingerprint: Some(&fingerprint),
                customer: None,
                now: at(0),
            };
            let error = tx.dossiers().by_key(&query).await.expect_err(column);
            drop(tx);
            assert!(
                matches!(&error, Error::Damaged { table: t, column: c, .. } if (*t, *c) == (table, column)),
                "{error:?}"
            );
            restore(&mut raw, table, column).await;
        }
    }

    async fn a_damaged_tenant_and_a_short_public_key_are_told(database: Database) {
        let tenant = with_everything(&database).await;
        let mut raw = database.raw().await;
        let short = raw.bytes(&[1; 31]);
        raw.execute(&format!("UPDATE signing_keys SET public_key = {short}"))
            .await;
        let mut tx = database.store.read(tenant).await.unwrap();
        let error = tx.signing_keys().active().await.unwrap_err();
        drop(tx);
        assert_eq!(
            error.to_string(),
            format!(
                "table signing_keys, column public_key, row {}: must be 32 bytes",
                key_id(1)
            )
        );
        raw.execute("UPDATE tenants SET issuer = 'nowhere'").await;
        let error = database.store.tenants().await.unwrap_err();
        assert!(
            matches!(&error, Error::Damaged { table: "tenants", column: "issuer", row, .. } if *row == tenant_id(1).to_string()),
            "{error:?}"
        );
    }
}
