//! A connection beside the store, for what no store method does: looking at everything, and damaging things.

use std::{collections::BTreeMap, fmt::Display};

use model::TenantId;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Error, PgConnection, SqliteConnection,
    sqlite::SqliteConnectOptions,
};
use store::Location;

use crate::{Database, database::server};

/// A connection that no wall between tenants holds back: on PostgreSQL, it is a superuser's.
pub enum Raw {
    /// To PostgreSQL.
    Postgres(PgConnection),
    /// To an SQLite file.
    Sqlite(SqliteConnection),
}

impl Database {
    /// A connection past the store that sees and changes everything.
    pub async fn raw(&self) -> Raw {
        match &self.location {
            Location::Postgres(url) => {
                let (_, name) = url.rsplit_once('/').expect("the URL names a database");
                let admin = server("LEASEHOLD_TEST_POSTGRES_ADMIN");
                let (base, _) = admin.rsplit_once('/').expect("the URL names a database");
                let connection = PgConnection::connect(&format!("{base}/{name}")).await;
                Raw::Postgres(connection.expect("the superuser may connect"))
            }
            Location::Sqlite(path) => {
                let connection = SqliteConnectOptions::new().filename(path).connect().await;
                Raw::Sqlite(connection.expect("the file opens a second time"))
            }
        }
    }
}

/// Whose rows a dump shows.
#[derive(Clone, Copy)]
enum Whose {
    Everybody,
    Tenant(TenantId),
}

impl Raw {
    /// Runs a statement; gives the number of rows that it touched.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn try_execute(&mut self, sql: &str) -> Result<u64, Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        Ok(match self {
            Self::Postgres(connection) => query.execute(connection).await?.rows_affected(),
            Self::Sqlite(connection) => query.execute(connection).await?.rows_affected(),
        })
    }

    /// Runs a statement that must not fail; gives the number of rows that it touched.
    pub async fn execute(&mut self, sql: &str) -> u64 {
        let done = self.try_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The rows of a query of one text column.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        let rows = match self {
            Self::Postgres(connection) => query.fetch_all(connection).await,
            Self::Sqlite(connection) => {
                sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await
            }
        };
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The number that a query of one number gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let text = format!("SELECT CAST(n AS TEXT) FROM ({sql}) AS counted(n)");
        let text = match self {
            Self::Postgres(_) => text,
            Self::Sqlite(_) => format!("SELECT CAST(({sql}) AS TEXT)"),
        };
        let rows = self.texts(&text).await;
        let row = rows.first().map(|number| number.parse());
        row.unwrap_or_else(|| panic!("{sql}: no row")).expect("a number is a number")
    }

    /// An identifier as a literal.
    #[must_use]
    pub fn id(&self, id: impl Display) -> String {
        match self {
            Self::Postgres(_) => format!("'{id}'::uuid"),
            Self::Sqlite(_) => format!("x'{}'", id.to_string().replace('-', "")),
        }
    }

    /// Bytes as a literal.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> String {
        match self {
            Self::Postgres(_) => format!("'\\x{}'::bytea", hex(bytes)),
            Self::Sqlite(_) => format!("x'{}'", hex(bytes)),
        }
    }

    /// The names of all tables.
    pub async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables \
                 WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
            }
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
            }
        };
        self.texts(sql).await
    }

    /// The names of a table's columns.
    pub async fn columns(&mut self, table: &str) -> Vec<String> {
        let sql = match self {
            Self::Postgres(_) => format!(
                "SELECT column_name::text FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
            ),
            Self::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
        };
        self.texts(&sql).await
    }

    /// Every row of every table as text, bytes in hexadecimal digits.
    pub async fn dump(&mut self) -> BTreeMap<String, Vec<String>> {
        self.dump_of(Whose::Everybody).await
    }

    /// Every row of one tenant as text, bytes in hexadecimal digits.
    pub async fn dump_tenant(&mut self, tenant: TenantId) -> BTreeMap<String, Vec<String>> {
        self.dump_of(Whose::Tenant(tenant)).await
    }

    async fn dump_of(&mut self, whose: Whose) -> BTreeMap<String, Vec<String>> {
        let mut dump = BTreeMap::new();
        for table in self.tables().await {
            let columns = self.columns(&table).await;
            let tenant_column = match table.as_str() {
                "tenants" => Some("id"),
                _ => columns.iter().find(|column| *column == "tenant_id").map(String::as_str),
            };
            let condition = match (whose, tenant_column) {
                (Whose::Everybody, _) => String::new(),
                (Whose::Tenant(_), None) => continue,
                (Whose::Tenant(id), Some(column)) => format!(" WHERE t.{column} = {}", self.id(id)),
            };
            let row = match self {
                Self::Postgres(_) => "to_jsonb(t)::text".to_owned(),
                Self::Sqlite(_) => {
                    let shown = columns.iter().map(|name| format!("'{name}=' || quote(t.{name})"));
                    shown.collect::<Vec<_>>().join(" || ' ' || ")
                }
            };
            let rows = self.texts(&format!("SELECT {row} FROM {table} t{condition} ORDER BY 1")).await;
            dump.insert(table, rows);
        }
        dump
    }

    /// Makes every insert into and update of a table fail, until [`Self::mend`].
    pub async fn break_table(&mut self, table: &str) {
        match self {
            Self::Postgres(_) => {
                self.execute(&format!(
                    "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql \
                     AS $$ BEGIN RAISE EXCEPTION 'broken by a test'; END $$; \
                     CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION broken()"
                ))
                .await;
            }
            Self::Sqlite(_) => {
                for event in ["INSERT", "UPDATE"] {
                    self.execute(&format!(
                        "CREATE TRIGGER broken_{event} BEFORE {event} ON {table} \
                         BEGIN SELECT RAISE(ABORT, 'broken by a test'); END"
                    ))
                    .await;
                }
            }
        }
    }

    /// Undoes [`Self::break_table`].
    pub async fn mend(&mut self, table: &str) {
        match self {
            Self::Postgres(_) => self.execute(&format!("DROP TRIGGER broken ON {table}")).await,
            Self::Sqlite(_) => self.execute("DROP TRIGGER broken_INSERT; DROP TRIGGER broken_UPDATE").await,
        };
    }
}

/// Bytes in lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
