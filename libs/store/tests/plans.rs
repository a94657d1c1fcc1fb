//! Lists of licenses on PostgreSQL with many licenses: each is read from an index made for it, piece by piece, and
//! nothing is sorted or filtered but pieces.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "this is a test")]

mod many;

use leasehold_store::{Location, statements};
use model::TenantId;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::many::Many;

/// Enough that PostgreSQL would rather read an index than all.
const LICENSES: u32 = 20_000;

const NIL: &str = "00000000-0000-0000-0000-000000000000";
const MAX: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

async fn run(connection: &mut PgConnection, sql: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A vendor with many licenses, a connection as the server has it, and the values of filters that leave the most.
async fn many() -> (Many, PgConnection, Filters) {
    let many = Many::new(LICENSES).await;
    let Location::Postgres(url) = &many.world.database.location else { panic!("it is PostgreSQL") };
    let mut connection = PgConnection::connect(url).await.unwrap();
    run(&mut connection, format!("SELECT set_config('app.tenant_id', '{}', false)", many.tenant.id)).await;
    let filters = Filters {
        tenant: many.tenant.id,
        product: many.license.product_id.to_string(),
        policy: many.license.policy_id.to_string(),
        customer: many.customer.to_string(),
    };
    (many, connection, filters)
}

struct Filters {
    tenant: TenantId,
    product: String,
    policy: String,
    customer: String,
}

impl Filters {
    /// The values for a statement's parameters: of the first piece, and of one in the middle of the list.
    fn values(&self, name: &str) -> Vec<Vec<String>> {
        let middle_id = "019b7cd0-8900-7fff-bfff-ffffffffffff";
        let (middle, start, end) =
            ("2026-01-03T12:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z");
        let between: Vec<Vec<&str>> = if name.contains("EXPIRING") {
            vec![vec![start, NIL, end, MAX, NIL, MAX], vec![middle, middle_id, end, MAX, middle_id, MAX]]
        } else if name.contains("CHECKED") {
            vec![vec![start, NIL, end, MAX], vec![start, NIL, middle, middle_id]]
        } else {
            vec![vec![NIL, MAX], vec![middle_id, MAX]]
        };
        let mut filters = Vec::new();
        let scopes = [("PRODUCT_", &self.product), ("POLICY_", &self.policy), ("CUSTOMER_", &self.customer)];
        filters
            .extend(scopes.iter().filter(|(prefix, _)| name.starts_with(prefix)).map(|(_, id)| id.as_str()));
        if name.contains("_ONE_") {
            filters.push("active");
        }
        if name.starts_with("NAMED") || name.starts_with("VALUED") {
            filters.push("order");
        }
        if name.starts_with("VALUED") {
            filters.push("3");
        }
        let tenant = self.tenant.to_string();
        let first = [tenant.as_str(), middle, "21"];
        between
            .into_iter()
            .map(|between| {
                let all = first.iter().chain(&between).chain(&filters);
                all.map(|value| format!("'{value}'")).collect()
            })
            .collect()
    }
}

/// What is wrong with a plan: `under` are the kinds of the nodes above, from the top.
fn faults(node: &Value, under: &mut Vec<String>, faults: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().expect("a node has a type").to_owned();
    let table = node["Relation Name"].as_str().unwrap_or_default();
    if ["licenses", "license_checks", "license_metadata"].contains(&table) {
        let condition = node["Index Cond"].as_str().unwrap_or_default();
        let by_identifier = condition.contains("(id = ") || condition.contains("(license_id = ");
        let above: Vec<&str> = under.iter().rev().map(String::as_str).collect();
        // That the tenant is the one of the session is checked once, by a node of its own.
        let ended = above.iter().find(|kind| **kind != "Result") == Some(&"Limit");
        if !matches!(kind.as_str(), "Index Scan" | "Index Only Scan") {
            faults.push(format!("{kind} on {table}"));
        } else if !by_identifier && !ended {
            faults.push(format!("{kind} on {table} is not ended by a limit: {above:?}"));
        }
        // The wall between tenants may be a filter; nothing else may.
        let filter = node["Filter"].as_str().unwrap_or_default();
        if !filter.is_empty() && !filter.starts_with("(tenant_id = ") {
            faults.push(format!("{kind} on {table} leaves rows aside: {filter}"));
        }
    }
    under.push(kind);
    for inner in node["Plans"].as_array().into_iter().flatten() {
        self::faults(inner, under, faults);
    }
    under.pop();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_of_licenses_is_read_from_an_index_of_its_own() {
    let (_many, mut connection, filters) = many().await;
    let mut lists = 0;
    for mode in ["force_generic_plan", "force_custom_plan"] {
        run(&mut connection, format!("SET plan_cache_mode = {mode}")).await;
        for statement in statements() {
            let Some((_, name)) = statement.name.split_once("tables::license_lists::") else { continue };
            lists += 1;
            run(&mut connection, format!("PREPARE list AS {}", statement.sql)).await;
            for values in filters.values(name) {
                let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE list ({})", values.join(", "));
                let row = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_one(&mut connection).await.unwrap();
                let plan: Value = row.get(0);
                let mut found = Vec::new();
                faults(&plan[0]["Plan"], &mut Vec::new(), &mut found);
                assert!(found.is_empty(), "{mode} {name} {values:?}: {found:#?}\n{plan:#}");
            }
            run(&mut connection, "DEALLOCATE list".to_owned()).await;
        }
    }
    assert_eq!(lists, 2 * 40);
}

#[test]
fn the_reading_of_plans_finds_what_it_looks_for() {
    let scan = serde_json::json!({"Node Type": "Index Scan", "Relation Name": "licenses", "Index Cond": "(state = 'x')"});
    let within = |outer: &[&str], scan: Value| {
        outer.iter().rev().fold(scan, |inner, kind| serde_json::json!({"Node Type": kind, "Plans": [inner]}))
    };
    let sequential = serde_json::json!({"Node Type": "Seq Scan", "Relation Name": "license_checks"});
    let filtered = serde_json::json!({
        "Node Type": "Index Scan", "Relation Name": "licenses", "Index Cond": "(id > 1)", "Filter": "(state = 'x')",
    });
    for (plan, good) in [
        (within(&["Sort", "Limit"], scan.clone()), true),
        (within(&["Limit", "Sort"], scan.clone()), false),
        (within(&["Sort"], scan), false),
        (within(&["Limit"], sequential), false),
        (within(&["Limit"], filtered), false),
    ] {
        let mut found = Vec::new();
        faults(&plan, &mut Vec::new(), &mut found);
        assert_eq!(found.is_empty(), good, "{plan}");
    }
}
