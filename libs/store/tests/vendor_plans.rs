//! On PostgreSQL, lists with filters are read from indexes, and read little: the plans of the statements themselves, as
//! the server's role, over a log of many events.
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test")]

use leasehold_store::{Location, Statement, statements};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::Database;

const TENANT: &str = "00000000-0000-7000-8000-00000000000a";
const LICENSE: &str = "00000000-0000-7000-8000-000000000007";
/// The events of the tenant, one each second.
const EVENTS: u32 = 60_000;
const START: &str = "'2026-03-01T00:00:00Z'::timestamptz";

/// An UUID with a number at its end, in SQL.
fn numbered(number: &str) -> String {
    format!("('00000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
}

/// The first identifier that has this instant in it, in SQL.
fn id_at(instant: &str) -> String {
    format!(
        "(lpad(to_hex((extract(epoch FROM {instant}) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid"
    )
}

async fn furnished() -> (Database, PgConnection) {
    let database = Database::postgres().await;
    let mut raw = database.raw().await;
    let at = format!("{START} + make_interval(secs => n)");
    let mut run = async |sql: String| raw.execute(&sql).await;
    run("SET session_replication_role = replica".into()).await;
    for (tenant, count) in [(TENANT, EVENTS), ("00000000-0000-7000-8000-00000000000b", EVENTS / 4)] {
        run(format!(
            "INSERT INTO events (tenant_id, id, at, actor, actor_id, action, subject_kind, subject_id, license_id, details) \
             SELECT '{tenant}', {id}, {at}, CASE n % 4 WHEN 0 THEN 'api_key' ELSE 'app' END, \
             CASE n % 4 WHEN 0 THEN {key} END, \
             (ARRAY['machine.activate', 'lease.refresh', 'machine.deactivate', 'license.update'])[1 + n % 4], \
             (ARRAY['machine', 'machine', 'machine', 'license'])[1 + n % 4], ({subject})::text, {license}, '{{}}' \
             FROM generate_series(1, {count}) n",
            id = id_at(&format!("({at})")),
            key = numbered("n % 12"),
            subject = numbered("n % 5000"),
            license = numbered("n % 1000"),
        ))
        .await;
        run(format!(
            "INSERT INTO products (tenant_id, id, code, number, name, product_key, key_format, created_at, updated_at) \
             VALUES ('{tenant}', {one}, 'app', 1, 'App', 'KEY1', 'crockford_5x5', {START}, {START})",
            one = numbered("1"),
        ))
        .await;
        run(format!(
            "INSERT INTO policies (tenant_id, id, product_id, code, name, term_starts, seat_kind, overage_percent, \
             requires_customer, lease_seconds, refresh_seconds, grace_seconds, offline_lease_seconds, entitlements, trial, \
             created_at, updated_at) SELECT '{tenant}', {id}, {one}, 'p' || n, 'P', 'creation', 'node_locked', 0, false, 1, 1, \
             1, 1, '{{}}', false, {START}, {START} FROM generate_series(1, 50) n",
            one = numbered("1"),
            id = numbered("n"),
        ))
        .await;
        run(format!(
            "INSERT INTO licenses (tenant_id, id, number, product_id, policy_id, key_hash, key_sealed, key_hint, entitlements, \
             state, activations_used, deactivations_used, version, created_at, updated_at) \
             SELECT '{tenant}', {id}, n, {one}, {policy}, decode(lpad(to_hex(n), 64, '0'), 'hex'), '', '', '{{}}', 'active', \
             0, 0, 1, {START}, {START} FROM generate_series(1, {count} / 10) n",
            one = numbered("1"),
            policy = numbered("1 + n % 50"),
            id = numbered("n"),
        ))
        .await;
        run(format!(
            "INSERT INTO machines (tenant_id, id, license_id, fingerprint, state, activated_at, checks) \
             SELECT '{tenant}', {id}, {license}, 'f' || n, CASE n % 3 WHEN 0 THEN 'deactivated' ELSE 'active' END, \
             {START}, 0 FROM generate_series(1, {count} / 2) n",
            id = numbered("n"),
            license = numbered(&format!("1 + n % ({count} / 10)")),
        ))
        .await;
    }
    run("ANALYZE".into()).await;
    let Location::Postgres(url) = &database.location else { panic!("this is PostgreSQL") };
    let mut role = PgConnection::connect(url).await.expect("the server's role may connect");
    let sql = format!("SET app.tenant_id = '{TENANT}'");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut role).await.expect("the tenant is named");
    (database, role)
}

/// The statement with values in the place of its parameters.
fn with(statement: &Statement, values: &[String]) -> String {
    let numbered = values.iter().enumerate().rev();
    numbered
        .fold(statement.sql.to_owned(), |sql, (place, value)| sql.replace(&format!("${}", place + 1), value))
}

async fn explain(role: &mut PgConnection, sql: &str) -> Value {
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}");
    let plan: Value =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(role).await.expect("the statement runs");
    plan[0]["Plan"].clone()
}

fn visit(node: &Value, see: &mut impl FnMut(&Value)) {
    see(node);
    node["Plans"].as_array().into_iter().flatten().for_each(|child| visit(child, see));
}

/// That a plan scans no table whole, and how many pages it touched.
async fn pages(role: &mut PgConnection, name: &str, sql: &str) -> i64 {
    let plan = explain(role, sql).await;
    let mut scans = Vec::new();
    visit(&plan, &mut |node| {
        if node["Node Type"] == "Seq Scan" {
            scans.push(node["Relation Name"].as_str().unwrap_or_default().to_owned());
        }
    });
    // Policies are so few that one look at all of them is as good as an index.
    scans.retain(|table| table != "policies");
    assert!(scans.is_empty(), "{name} scans {scans:?}: {plan:#}");
    plan["Shared Hit Blocks"].as_i64().unwrap_or(0) + plan["Shared Read Blocks"].as_i64().unwrap_or(0)
}

/// The statements of a list.
fn lists(file: &str) -> Vec<Statement> {
    let name = format!("leasehold_store::tables::{file}::LIST");
    statements().into_iter().filter(|statement| statement.name.starts_with(&name)).collect()
}

#[tokio::test]
async fn every_filter_of_events_is_read_from_an_index() {
    let (_database, mut role) = furnished().await;
    let quoted = |text: &str| format!("'{text}'");
    let (nil, max) =
        (quoted("00000000-0000-0000-0000-000000000000"), quoted("ffffffff-ffff-ffff-ffff-ffffffffffff"));
    let middle = |seconds: u32| format!("{START} + make_interval(secs => {seconds})");
    // Everything; and a time in the middle, as a vendor looks for it.
    let whole = [nil, max, quoted("epoch"), quoted("9999-12-31T23:59:59Z")];
    let early = [
        id_at(&format!("({})", middle(20_000))),
        id_at(&format!("({})", middle(20_310))),
        middle(20_000),
        middle(20_300),
    ];
    let all = lists("event_lists");
    assert_eq!(all.len(), 128);
    for statement in all {
        let filters = [
            ("_BY_ACTION", quoted("license.update")),
            ("_BY_SUBJECT_KIND", quoted("license")),
            ("_BY_SUBJECT_ID", quoted("00000000-0000-7000-8000-000000000007")),
            ("_BY_LICENSE", quoted(LICENSE)),
            ("_BY_ACTOR", quoted("app")),
            ("_BY_ACTOR_ID", quoted("00000000-0000-7000-8000-000000000004")),
        ];
        // `_BY_ACTOR` is at the beginning of another name.
        let has = |filter: &str| format!("{}_BY_", statement.name).contains(&format!("{filter}_BY_"));
        if has("_BY_SUBJECT_ID") && !has("_BY_SUBJECT_KIND") {
            continue;
        }
        for bounds in [&whole, &early] {
            let mut values = vec![quoted(TENANT)];
            values.extend(bounds.iter().cloned());
            values.push("21".to_owned());
            values.extend(filters.iter().filter(|(name, _)| has(name)).map(|(_, value)| value.clone()));
            let pages = pages(&mut role, statement.name, &with(&statement, &values)).await;
            assert!(pages < 2_000, "{}: {pages} pages", statement.name);
        }
    }
}

#[tokio::test]
async fn every_filter_of_machines_is_read_from_an_index() {
    let (_database, mut role) = furnished().await;
    let all = lists("machine_records");
    assert_eq!(all.len(), 8);
    for statement in all {
        let after = if statement.name.contains("DESCENDING") {
            "ffffffff-ffff-ffff-ffff-ffffffffffff"
        } else {
            "00000000-0000-7000-8000-000000000000"
        };
        let mut values = [TENANT, after].map(|text| format!("'{text}'")).to_vec();
        values.push("21".to_owned());
        for (filter, value) in [("_BY_LICENSE", LICENSE), ("_BY_STATE", "deactivated")] {
            if statement.name.contains(filter) {
                values.push(format!("'{value}'"));
            }
        }
        let pages = pages(&mut role, statement.name, &with(&statement, &values)).await;
        assert!(pages < 300, "{}: {pages} pages", statement.name);
    }
}
