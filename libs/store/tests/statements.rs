//! The audits of statements: what replaces compile-time checks of SQL.
#![expect(clippy::expect_used, reason = "this is a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use leasehold_store::{Location, Statement, statements, statements_of_postgres, statements_of_sqlite};
use sqlx::{
    AssertSqlSafe, Column, Connection as _, Either, Executor as _, PgConnection, Row as _, SqlSafeStr as _,
    SqliteConnection, Statement as _,
};
use testkit::Database;

/// Statements that do not name a tenant by `tenant_id = $1`, since the tenant's own row has no such column.
const PLATFORM_WIDE: &[&str] = &[
    "leasehold_store::domains::INSERT",
    "leasehold_store::domains::OWNER",
    "leasehold_store::domains::OF_OWNER",
    "leasehold_store::domains::DELETE",
    "leasehold_store::domains::TENANT",
    "leasehold_store::purge::DUE",
    "leasehold_store::purge::BEGIN",
    "leasehold_store::purge::DOMAINS",
    "leasehold_store::purge::TENANT",
    "leasehold_store::tables::limits::LIMITS",
    "leasehold_store::archive::TENANT",
    "leasehold_store::hosting::BY_SLUG",
    "leasehold_store::hosting::LIST",
    "leasehold_store::hosting::LIST_DESCENDING",
    "leasehold_store::hosting::RENAME",
    "leasehold_store::hosting::SUSPEND",
    "leasehold_store::hosting::RESUME",
    "leasehold_store::hosting::MARK_EXPORTED",
    "leasehold_store::hosting::SET_LIMITS",
    "leasehold_store::hosting::DELETE_AFTER",
    "leasehold_store::hosting::KEEP",
    "leasehold_store::platform::INSERT_TENANT",
    "leasehold_store::platform::TENANT_BY_SLUG",
    "leasehold_store::platform::TENANTS",
    "leasehold_store::platform::MASTER_KEY_CHECK",
    "leasehold_store::platform::INSERT_MASTER_KEY_CHECK",
    "leasehold_store::platform::CACHE_EPOCH",
    "leasehold_store::platform::BUMP_CACHE_EPOCH",
    "leasehold_store::rate_limits::SET",
    "leasehold_store::tables::licenses::ALLOW_MISTYPED_KEYS",
    "leasehold_store::tables::settings::FIND",
    "leasehold_store::tables::settings::UPDATE",
];

/// Files in which a function is handed one of the statements that are declared there.
const PASSES_ON: &[&str] = &[
    "figures.rs",
    "limits.rs",
    "purge.rs",
    "archive.rs",
    "checks.rs",
    "event_batches.rs",
    "events.rs",
    "license_batches.rs",
    "license_lists.rs",
    "machines.rs",
    "signing_keys.rs",
    "usage.rs",
];

/// Calls of `sqlx::query` with a text in place, by file and beginning of the text.
const LITERAL_QUERIES: [(&str, &str); 5] = [
    ("open.rs", "SELECT current_setting('server_version')"),
    ("open.rs", "SELECT sqlite_version()"),
    ("open.rs", "SELECT 1"),
    ("open.rs", "SELECT rolname::text"),
    ("platform.rs", "SELECT set_config('app.tenant_id'"),
];

#[derive(Debug, PartialEq, Eq)]
struct Shape {
    columns: Vec<String>,
    parameters: usize,
}

#[tokio::test]
async fn every_statement_prepares_with_the_same_columns_and_parameters_on_both_databases() {
    let (postgres, sqlite) = (Database::postgres().await, Database::sqlite().await);
    let (Location::Postgres(url), Location::Sqlite(path)) = (&postgres.location, &sqlite.location) else {
        unreachable!("each is what it is called");
    };
    let mut postgres = PgConnection::connect(url).await.expect("PostgreSQL answers");
    let mut sqlite =
        SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.expect("the file opens");
    for Statement { name, sql } in statements() {
        let text = || AssertSqlSafe(sql).into_sql_str();
        let prepared = postgres.prepare(text()).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error}"));
        let on_postgres = shape(
            prepared.columns().iter().map(Column::name),
            prepared.parameters().map(|found| found.map_left(<[sqlx::postgres::PgTypeInfo]>::len)),
        );
        let prepared = sqlite.prepare(text()).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{name} on SQLite: {error}"));
        let on_sqlite = shape(
            prepared.columns().iter().map(Column::name),
            prepared.parameters().map(|found| found.map_left(<[sqlx::sqlite::SqliteTypeInfo]>::len)),
        );
        assert_eq!(on_postgres, on_sqlite, "{name}");
        // SQLite would bind NULL to a parameter that no number in the text names.
        assert_eq!(highest_parameter(sql), on_sqlite.parameters, "{name}");
        let distinct: BTreeSet<_> = on_sqlite.columns.iter().collect();
        assert_eq!(distinct.len(), on_sqlite.columns.len(), "{name} has two columns of one name");
    }
    for Statement { name, sql } in statements_of_postgres() {
        let prepared = postgres.prepare(AssertSqlSafe(sql).into_sql_str()).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error}"));
        let parameters =
            prepared.parameters().map(|found| found.map_left(<[sqlx::postgres::PgTypeInfo]>::len));
        assert_eq!(highest_parameter(sql), shape([].into_iter(), parameters).parameters, "{name}");
    }
    for Statement { name, sql } in statements_of_sqlite() {
        let prepared = sqlite.prepare(AssertSqlSafe(sql).into_sql_str()).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{name} on SQLite: {error}"));
        let parameters =
            prepared.parameters().map(|found| found.map_left(<[sqlx::sqlite::SqliteTypeInfo]>::len));
        assert_eq!(highest_parameter(sql), shape([].into_iter(), parameters).parameters, "{name}");
        // What is counted each second must not go through all that a tenant has.
        let mut plan = String::new();
        for step in sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(&mut sqlite)
            .await
            .expect("a plan")
        {
            plan.push_str(&step.get::<String, _>("detail"));
            plan.push('\n');
        }
        assert!(plan.contains("(tenant_id=? AND ") && !plan.contains("(tenant_id=?)"), "{name}: {plan}");
    }
}

/// Every statement, whichever database is asked it.
fn all_statements() -> Vec<Statement> {
    let mut all = statements();
    all.extend(statements_of_postgres());
    all.extend(statements_of_sqlite());
    all
}

fn shape<'a>(columns: impl Iterator<Item = &'a str>, parameters: Option<Either<usize, usize>>) -> Shape {
    let parameters = match parameters.expect("both drivers tell the number of parameters") {
        Either::Left(count) | Either::Right(count) => count,
    };
    // An aggregate without a name is called after its function on one, after its text on the other.
    let columns = columns.map(|name| name.replace("count(*)", "count").to_lowercase());
    Shape { columns: columns.collect(), parameters }
}

fn highest_parameter(sql: &str) -> usize {
    sql.split('$')
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
        .map(|digits| digits.parse().expect("a dollar sign begins a parameter"))
        .max()
        .unwrap_or(0)
}

#[test]
fn every_statement_on_a_tenants_table_names_the_tenant_for_every_table_in_it() {
    let mut unused: BTreeSet<_> = PLATFORM_WIDE.iter().copied().collect();
    for Statement { name, sql } in all_statements() {
        let problem = without_tenant(sql);
        if unused.remove(name) {
            assert!(problem.is_some(), "{name} is no exception any more: strike it off the list");
            let tables: Vec<_> = tables_of(sql).into_iter().map(|(table, _)| table).collect();
            assert!(
                tables.iter().all(|table| matches!(*table, "tenants" | "installation" | "domains")),
                "{name} is excepted but uses {tables:?}"
            );
        } else {
            assert_eq!(problem, None, "{name}: {sql}");
        }
    }
    assert!(unused.is_empty(), "exceptions that do not exist: {unused:?}");
}

/// What is wrong with a statement that does not name the tenant.
fn without_tenant(sql: &str) -> Option<String> {
    if let Some((name, first, second)) = two_inserts(sql) {
        let is_right = second.contains(" (tenant_id, ")
            && second.contains(") SELECT $1, ")
            && second.ends_with(&format!(" FROM {name}"));
        let problem = (!is_right).then(|| "does not insert $1 as tenant_id with what was inserted".into());
        return without_tenant(first).or(problem);
    }
    if let Some(insert) = sql.strip_prefix("INSERT INTO ") {
        let (table, rest) = insert.split_once(' ').expect("an insert has columns");
        let rows = rest.split_once("VALUES ").map(|(_, rows)| rows.split("), (")).into_iter().flatten();
        let mut rows =
            rows.enumerate().map(|(place, row)| if place == 0 { row.trim_start_matches('(') } else { row });
        if !rest.starts_with("(tenant_id,")
            || !rest.contains("VALUES (")
            || !rows.all(|row| row.starts_with("$1,"))
        {
            return Some("does not insert $1 as tenant_id first".into());
        }
        let updates = rest.contains("DO UPDATE") && !rest.contains(&format!("WHERE {table}.tenant_id = $1"));
        return updates.then(|| "updates a row of any tenant".into());
    }
    let tables = tables_of(sql);
    if tables.is_empty() {
        return Some("has no table".into());
    }
    // Where an alias or a table stands for several, each of them names the tenant.
    let mut wanted = BTreeMap::new();
    for (table, alias) in tables {
        let condition = match alias {
            Some(alias) => format!(" {alias}.tenant_id = $1"),
            None => " tenant_id = $1".to_owned(),
        };
        wanted.entry(condition).or_insert_with(Vec::new).push(table);
    }
    wanted.into_iter().find_map(|(condition, tables)| {
        let named = sql.matches(&condition).count();
        (named < tables.len()).then(|| format!("does not name the tenant for each of {tables:?}"))
    })
}

/// Of an insert of what another insert returns: the name for that, the first insert, and what follows `INSERT INTO` in the
/// second.
fn two_inserts(sql: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = sql.strip_prefix("WITH ")?.split_once(' ')?;
    let (_, rest) = rest.split_once(" AS (").filter(|(_, rest)| rest.starts_with("INSERT INTO "))?;
    let (first, rest) = rest.split_once(" RETURNING ")?;
    let (_, second) = rest.split_once(") INSERT INTO ")?;
    Some((name, first, second))
}

/// The tables of a statement with their aliases.
fn tables_of(sql: &str) -> Vec<(&str, Option<&str>)> {
    let words: Vec<_> = sql.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
    let mut tables = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let is_main = place == 0 || (sql.starts_with("WITH ") && words.get(place - 1) != Some(&"DO"));
        let names_a_table = matches!(*word, "FROM" | "JOIN" | "INTO") || (*word == "UPDATE" && is_main);
        if names_a_table {
            let table = words.get(place + 1).expect("a table follows");
            // Rows that the statement itself gives a name to.
            let is_named_here = sql.starts_with(&format!("WITH {table} ("));
            if *table == "SELECT" || is_named_here {
                continue;
            }
            let alias = words
                .get(place + 2)
                .filter(|next| next.len() == 1 && next.starts_with(|c: char| c.is_ascii_lowercase()));
            tables.push((*table, alias.copied()));
        }
    }
    tables
}

#[test]
fn the_audit_of_tenants_finds_what_it_looks_for() {
    for bad in [
        "SELECT id FROM licenses WHERE id = $1",
        "SELECT id FROM licenses l JOIN policies p ON p.id = l.policy_id WHERE l.tenant_id = $1",
        "SELECT id FROM licenses l WHERE l.tenant_id = $1 AND EXISTS (SELECT 1 FROM machines)",
        "SELECT b.id FROM (SELECT n.id FROM licenses n WHERE n.id = $1) b",
        "SELECT n.id FROM licenses n WHERE n.tenant_id = $1 UNION ALL SELECT n.id FROM licenses n WHERE n.id = $2",
        "UPDATE licenses SET state = $2 WHERE id = $1",
        "DELETE FROM licenses WHERE tenant_id = $2",
        "INSERT INTO licenses (id, tenant_id) VALUES ($1, $2)",
        "INSERT INTO licenses (tenant_id, id) VALUES ($2, $1)",
        "INSERT INTO licenses (tenant_id, id) VALUES ($1, $2), ($3, $4)",
        "INSERT INTO licenses (tenant_id, id) VALUES ($1, $2), ($1, $3), ($4, $5) ON CONFLICT DO NOTHING",
        "INSERT INTO licenses (tenant_id, id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET state = $3",
        "WITH v (a) AS (SELECT id FROM machines WHERE tenant_id = $1) UPDATE licenses SET state = $2 FROM v WHERE id = v.a",
        "WITH v (a) AS (SELECT id FROM machines) UPDATE licenses SET state = $2 FROM v WHERE tenant_id = $1 AND id = v.a",
        "WITH e (id) AS (INSERT INTO events (tenant_id, id) VALUES ($2, $1) RETURNING id) INSERT INTO outbox (tenant_id, event_id) SELECT $1, id FROM e",
        "WITH e (id) AS (INSERT INTO events (tenant_id, id) VALUES ($1, $2) RETURNING id) INSERT INTO outbox (tenant_id, event_id) SELECT $2, id FROM e",
        "WITH e (id) AS (INSERT INTO events (tenant_id, id) VALUES ($1, $2) RETURNING id) INSERT INTO outbox (tenant_id, event_id) SELECT $1, id FROM events",
        "SELECT 1",
    ] {
        assert!(without_tenant(bad).is_some(), "{bad}");
    }
}

/// The sources of the store by file name.
fn sources() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    for folder in [folder.join("tables"), folder] {
        for entry in std::fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.file_name().expect("a file has a name").to_string_lossy();
                let text = std::fs::read_to_string(&path).expect("the file can be read");
                assert!(files.insert(name.into_owned(), text).is_none(), "two files of one name");
            }
        }
    }
    files
}

#[test]
fn no_query_is_written_where_the_audits_do_not_see_it() {
    let mut unused: BTreeSet<_> = LITERAL_QUERIES.into_iter().collect();
    for (file, text) in sources() {
        for other_way in
            ["raw_sql", "QueryBuilder", "execute(\"", "fetch_one(\"", "fetch_all(\"", "fetch_optional(\""]
        {
            assert!(!text.contains(other_way), "{file} uses {other_way}, which no audit sees");
        }
        assert!(file == "tx.rs" || !text.contains("AssertSqlSafe("), "{file} puts SQL together");
        for call in text.split("sqlx::query").skip(1) {
            let name = call.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_');
            let (_, argument) = if name.starts_with("::<") {
                name.split_once(">(").expect("a query is called")
            } else {
                name.split_once('(').expect("a query is called")
            };
            let argument = argument.trim_start();
            let constant: String = argument
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_' || c.is_ascii_digit())
                .collect();
            let declared = text.contains(&format!("\n    {constant} = "))
                || (file == "open.rs" && text.contains(&format!("const {constant}: &str")));
            let passed_on = argument.starts_with("statement)")
                && (text.contains("statement: &'static str") && PASSES_ON.contains(&file.as_str())
                    || text.contains("let statement = page.pick(LIST, LIST_DESCENDING);")
                    || text.contains("let statement = pick(&LIST, ")
                        && text.contains("\npub(crate) static LIST: Filtered = "));
            if passed_on || (!constant.is_empty() && declared) {
                continue;
            }
            let exception = LITERAL_QUERIES.into_iter().find(|(excepted, begins)| {
                *excepted == file && argument.trim_start_matches('"').starts_with(begins)
            });
            let Some(exception) = exception else {
                panic!("{file}: a query that no audit sees: {argument:.80}");
            };
            unused.remove(&exception);
        }
    }
    assert!(unused.is_empty(), "exceptions that do not exist: {unused:?}");
}

#[test]
fn every_file_with_statements_is_listed() {
    let listed: BTreeSet<String> = statements()
        .iter()
        .filter_map(|statement| statement.name.rsplit("::").nth(1))
        .map(|module| format!("{module}.rs"))
        .collect();
    let written: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("\nstatements! {") || text.contains("\nbatches! {"))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(written, listed);
    for (file, text) in sources() {
        let lists = text.matches(": Filtered = ").count();
        let first = format!("::{}::LIST", file.trim_end_matches(".rs"));
        let listed = statements().iter().any(|statement| statement.name.ends_with(&first));
        let known = lists == 0 || file == "filtered.rs" || lists == 1 && listed;
        assert!(known, "{file} has a list with filters that is not among the statements");
    }
    let names: BTreeSet<_> = all_statements().iter().map(|statement| statement.name).collect();
    assert_eq!(names.len(), all_statements().len(), "two statements of one name");
}
