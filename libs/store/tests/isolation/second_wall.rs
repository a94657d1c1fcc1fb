//! Row-level security: what holds when a statement forgets its tenant.

use model::TenantId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Transaction};
use testkit::{Database, Raw};

use crate::{A, B, furnish};

/// Tables that hold nothing of a tenant, or the tenants themselves.
const OTHER_TABLES: [&str; 4] = ["_sqlx_migrations", "domains", "installation", "tenants"];

struct Walls {
    a: TenantId,
    b: TenantId,
    database: Database,
    superuser: Raw,
    /// As the server connects: not a superuser, but the owner of the tables.
    role: PgConnection,
    tenant_tables: Vec<String>,
}

async fn walls() -> Walls {
    let database = Database::postgres().await;
    let (a, b) = (furnish(&database.store, A).await, furnish(&database.store, B).await);
    let leasehold_store::Location::Postgres(url) = &database.location else {
        panic!("this is PostgreSQL");
    };
    let role = PgConnection::connect(url).await.unwrap();
    let mut superuser = database.raw().await;
    let tenant_tables = superuser
        .texts(
            "SELECT table_name::text FROM information_schema.columns \
             WHERE table_schema = 'public' AND column_name = 'tenant_id' ORDER BY 1",
        )
        .await;
    Walls { a, b, database, superuser, role, tenant_tables }
}

impl Walls {
    async fn begin(&mut self, tenant: Option<TenantId>) -> Transaction<'_, Postgres> {
        let mut tx = self.role.begin().await.unwrap();
        if let Some(tenant) = tenant {
            execute(&mut tx, &format!("SET LOCAL app.tenant_id = '{tenant}'")).await.unwrap();
        }
        tx
    }
}

async fn execute(tx: &mut PgConnection, sql: &str) -> sqlx::Result<u64> {
    Ok(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(tx).await?.rows_affected())
}

async fn count(tx: &mut PgConnection, from: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {from}"))).fetch_one(tx).await.unwrap()
}

/// Asserts that the wall itself refused, and not something else before it.
fn refused_by_the_wall(result: sqlx::Result<u64>, what: &str) {
    let error = result.expect_err(what);
    let error = error.as_database_error().unwrap_or_else(|| panic!("{what}"));
    assert_eq!(error.code().as_deref(), Some("42501"), "{what}: {error}");
    assert!(error.message().contains("row-level security"), "{what}: {error}");
}

#[tokio::test]
async fn every_table_is_behind_the_wall_even_for_its_owner() {
    let mut walls = walls().await;
    let all = walls.superuser.tables().await;
    let outside: Vec<_> = all.iter().filter(|table| !walls.tenant_tables.contains(table)).collect();
    assert_eq!(outside, OTHER_TABLES, "a new table has tenant_id, or is listed here");
    let walled = walls
        .superuser
        .texts(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' \
             AND relrowsecurity AND relforcerowsecurity ORDER BY 1",
        )
        .await;
    let mut expected = walls.tenant_tables.clone();
    expected.extend(["domains".into(), "tenants".into()]);
    expected.sort();
    assert_eq!(walled, expected);
    let policies = walls
        .superuser
        .number("SELECT count(*) FROM pg_policies WHERE schemaname = 'public' AND qual IS NOT NULL AND with_check IS NOT NULL")
        .await;
    assert_eq!(policies, i64::try_from(expected.len()).unwrap(), "one policy for reading and writing each");
    assert_eq!(walls.tenant_tables.len(), 15);
}

#[tokio::test]
async fn every_unique_index_and_foreign_key_leads_with_the_tenant() {
    // Both ignore row-level security.
    let mut walls = walls().await;
    let indexes = walls
        .superuser
        .texts(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
             WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND a.attname <> 'tenant_id' \
             AND c.relname NOT IN ('tenants', 'installation', 'domains', '_sqlx_migrations')",
        )
        .await;
    assert!(indexes.is_empty(), "unique across tenants: {indexes:?}");
    let keys = walls
        .superuser
        .texts(
            "SELECT k.conname::text FROM pg_constraint k \
             JOIN pg_attribute own ON own.attrelid = k.conrelid AND own.attnum = k.conkey[1] \
             JOIN pg_attribute other ON other.attrelid = k.confrelid AND other.attnum = k.confkey[1] \
             WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace \
             AND (own.attname <> 'tenant_id' OR other.attname <> 'tenant_id') \
             AND NOT (k.confrelid = 'tenants'::regclass AND own.attname IN ('tenant_id', 'owner'))",
        )
        .await;
    assert!(keys.is_empty(), "foreign keys across tenants: {keys:?}");
}

#[tokio::test]
async fn statements_that_forget_their_tenant_see_and_change_nothing_of_another() {
    let mut walls = walls().await;
    let (a, b) = (walls.a, walls.b);
    let before = walls.superuser.dump_tenant(a).await;
    let tables = walls.tenant_tables.clone();
    for table in &tables {
        let of_b =
            walls.superuser.number(&format!("SELECT count(*) FROM {table} WHERE tenant_id = '{b}'")).await;
        assert!(of_b > 0 && !before[table].is_empty(), "both have something in {table}");
        let mut tx = walls.begin(Some(b)).await;
        assert_eq!(count(&mut tx, table).await, of_b, "{table}: SELECT without a condition");
        assert_eq!(count(&mut tx, &format!("{table} WHERE tenant_id = '{a}'")).await, 0, "{table}");
        let changed = execute(&mut tx, &format!("UPDATE {table} SET tenant_id = tenant_id")).await.unwrap();
        assert_eq!(i64::try_from(changed).unwrap(), of_b, "{table}: UPDATE without a condition");
        for statement in ["UPDATE {table} SET tenant_id = tenant_id", "DELETE FROM {table}"] {
            let sql = statement.replace("{table}", table) + &format!(" WHERE tenant_id = '{a}'");
            assert_eq!(execute(&mut tx, &sql).await.unwrap(), 0, "{sql}");
        }
        tx.commit().await.unwrap();
    }
    assert_eq!(walls.superuser.dump_tenant(a).await, before);
}

#[tokio::test]
async fn a_delete_without_a_condition_leaves_others_alone() {
    let mut walls = walls().await;
    let (a, b) = (walls.a, walls.b);
    let before = walls.superuser.dump_tenant(a).await;
    let mut tables = walls.tenant_tables.clone();
    let mut tx = walls.begin(Some(b)).await;
    // Those that others refer to can only be emptied later.
    while !tables.is_empty() {
        let left = tables.len();
        let mut held = Vec::new();
        for table in tables {
            let mut point = tx.begin().await.unwrap();
            match execute(&mut point, &format!("DELETE FROM {table}")).await {
                Ok(_) => point.commit().await.unwrap(),
                Err(_) => held.push(table),
            }
        }
        assert!(held.len() < left, "nothing can be deleted from {held:?}");
        tables = held;
    }
    tx.commit().await.unwrap();
    assert_eq!(walls.superuser.dump_tenant(a).await, before);
    let of_b = walls.superuser.dump_tenant(b).await;
    assert!(of_b.iter().all(|(table, rows)| rows.is_empty() || table == "tenants"), "{of_b:?}");
}

#[tokio::test]
async fn no_row_is_written_for_another_tenant() {
    let mut walls = walls().await;
    let (a, b) = (walls.a, walls.b);
    for table in walls.tenant_tables.clone() {
        for sql in [
            format!(
                "INSERT INTO {table} SELECT (jsonb_populate_record(row, '{{\"tenant_id\": \"{a}\"}}')).* \
                 FROM {table} row LIMIT 1"
            ),
            format!("UPDATE {table} SET tenant_id = '{a}'"),
        ] {
            let mut tx = walls.begin(Some(b)).await;
            refused_by_the_wall(execute(&mut tx, &sql).await, &sql);
        }
    }
}

#[tokio::test]
async fn who_names_no_tenant_sees_and_writes_nothing() {
    let mut walls = walls().await;
    let (a, tables) = (walls.a, walls.tenant_tables.clone());
    let mut tx = walls.begin(None).await;
    for table in tables.iter().map(String::as_str).chain(["tenants"]) {
        assert_eq!(count(&mut tx, table).await, 0, "{table}");
        assert_eq!(execute(&mut tx, &format!("DELETE FROM {table}")).await.unwrap(), 0, "{table}");
    }
    let sql = format!("INSERT INTO numbers VALUES ('{a}', 'new', 1)");
    refused_by_the_wall(execute(&mut tx, &sql).await, &sql);
    drop(tx);
    // Platform-wide work sees the tenants and nothing of theirs.
    let mut tx = walls.begin(None).await;
    execute(&mut tx, "SET LOCAL app.platform = 'on'").await.unwrap();
    assert_eq!(count(&mut tx, "tenants").await, 2);
    for table in &tables {
        assert_eq!(count(&mut tx, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_tenant_sees_and_changes_only_itself_among_the_tenants() {
    let mut walls = walls().await;
    let (a, b) = (walls.a, walls.b);
    let mut tx = walls.begin(Some(b)).await;
    assert_eq!(count(&mut tx, "tenants").await, 1);
    assert_eq!(execute(&mut tx, "UPDATE tenants SET state = 'suspended'").await.unwrap(), 1);
    assert_eq!(count(&mut tx, &format!("tenants WHERE id = '{a}'")).await, 0);
    tx.commit().await.unwrap();
    let states: Vec<_> =
        walls.database.store.tenants().await.unwrap().into_iter().map(|tenant| tenant.state).collect();
    assert_eq!(states, [model::TenantState::Active, model::TenantState::Suspended]);
}
