//! Data of an older version is still there, and readable, after the migrations of this one.
#![expect(clippy::unwrap_used, reason = "this is a test")]

use leasehold_store::{Location, Store};
use model::{LicenseId, ProductId, TenantId, Timestamp};
use sqlx::{Connection as _, PgConnection, SqliteConnection, migrate::Migrator};
use testkit::{Database, on_both};
use uuid::Uuid;

/// Applies the first migration alone.
async fn make_first_version(location: &Location) {
    let folder = tempfile::tempdir().unwrap();
    let kind = if matches!(location, Location::Postgres(_)) { "postgres" } else { "sqlite" };
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(kind);
    std::fs::copy(migrations.join("0001_core.sql"), folder.path().join("0001_core.sql")).unwrap();
    let first = Migrator::new(folder.path()).await.unwrap();
    match location {
        Location::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            first.run(&mut connection).await.unwrap();
        }
        Location::Sqlite(path) => {
            let url = format!("sqlite://{}?mode=rwc", path.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            first.run(&mut connection).await.unwrap();
        }
    }
}

on_both! {
    async fn a_vendor_of_the_first_version_is_served_on(database: Database) {
        let folder = tempfile::tempdir().unwrap();
        let location = match &database.location {
            Location::Postgres(_) => Database::empty_postgres().await,
            Location::Sqlite(_) => Location::Sqlite(folder.path().join("old.db")),
        };
        make_first_version(&location).await;
        let store = Store::open(&location).await.unwrap();
        let database = Database::over(location, store);
        let mut raw = database.raw().await;
        let [tenant, product, policy, license, machine] = [1, 2, 3, 4, 5].map(Uuid::from_u128);
        let [t, p, o, l, m] = [tenant, product, policy, license, machine].map(|id| raw.id(id));
        let instant = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        let (at, yes) = match &database.location {
            Location::Postgres(_) => (format!("'{instant}'::timestamptz"), "TRUE"),
            Location::Sqlite(_) => (instant.unix_micros().to_string(), "1"),
        };
        let bytes = raw.bytes(&[7; 32]);
        for sql in [
            format!("INSERT INTO tenants VALUES ({t}, 'acme', 'Acme', 'https://x.example', 'active', {yes}, {at})"),
            format!("INSERT INTO products VALUES ({t}, {p}, 'cad', 1, 'CAD', NULL, 'PRODUCT', 'crockford_5x5', {at})"),
            format!(
                "INSERT INTO policies VALUES ({t}, {o}, {p}, 'std', 'Std', NULL, 'creation', 1, 'node_locked', 0, NULL, \
                 NULL, {yes}, 60, 60, 60, 60, '{{}}', {yes}, {at})"
            ),
            format!(
                "INSERT INTO licenses VALUES ({t}, {l}, 1, {p}, {o}, NULL, {bytes}, {bytes}, 'HINT', 'a note', NULL, NULL, \
                 '{{}}', 'active', NULL, NULL, 0, 0, 7, {at}, {at}, 5, {at}, {at}, '192.0.2.1')"
            ),
            format!(
                "INSERT INTO machines VALUES ({t}, {m}, {l}, 'print', NULL, 'active', {at}, NULL, NULL, NULL, NULL, NULL, \
                 3, {at}, {at}, NULL, NULL, NULL)"
            ),
        ] {
            raw.execute(&sql).await;
        }
        assert!(database.store.migrate().await.unwrap() >= 1);
        let mut tx = database.store.read(TenantId::from_uuid(tenant)).await.unwrap();
        let product = tx.products().by_id(ProductId::from_uuid(product)).await.unwrap().unwrap();
        assert_eq!((product.revision, product.updated_at), (1, instant));
        assert!(product.metadata.is_empty());
        let id = LicenseId::from_uuid(license);
        let license = tx.licenses().by_id(id).await.unwrap().unwrap();
        assert_eq!((license.version, license.revision), (7, 1));
        let checks = tx.checks().of_license(id).await.unwrap().unwrap();
        assert_eq!((checks.count, checks.last, checks.address.as_deref()), (5, instant, Some("192.0.2.1")));
        let [machine] = tx.machines().of_license(id, 9).await.unwrap().try_into().unwrap();
        assert_eq!(machine.revision, 1);
    }
}
