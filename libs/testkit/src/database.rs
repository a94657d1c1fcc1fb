//! Fresh databases.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::{Location, Store};
use tempfile::TempDir;

/// A fresh, migrated database of a test's own.
pub struct Database {
    /// Where it is, for tests that open it a second time.
    pub location: Location,
    /// The opened database.
    pub store: Store,
    /// Keeps the folder of an SQLite file; removed at the end of the test.
    _folder: Option<TempDir>,
}

impl Database {
    /// A new database on the PostgreSQL server of `LEASEHOLD_TEST_POSTGRES`, as an unprivileged role.
    ///
    /// The server is a throw-away one (`cargo xtask test` and `cargo xtask services` start it), so the database is
    /// left for it to take along.
    pub async fn postgres() -> Self {
        let location = Self::empty_postgres().await;
        let store = migrated(&location).await;
        Self { location, store, _folder: None }
    }

    /// A database that is there already, whatever its tables.
    #[must_use]
    pub const fn over(location: Location, store: Store) -> Self {
        Self { location, store, _folder: None }
    }

    /// A new database without tables on the PostgreSQL server.
    pub async fn empty_postgres() -> Location {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = server("LEASEHOLD_TEST_POSTGRES");
        let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut server = PgConnection::connect(&url).await.expect("the test server answers");
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut server)
            .await
            .expect("the test role may make databases");
        let _ = server.close().await;
        let (base, _) = url.rsplit_once('/').expect("the URL names a database");
        Location::Postgres(format!("{base}/{name}"))
    }

    /// A new SQLite file.
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let location = Location::Sqlite(folder.path().join("leasehold.db"));
        let store = migrated(&location).await;
        Self { location, store, _folder: Some(folder) }
    }
}

/// The URL of a test server, which the environment names.
#[must_use]
pub fn server(variable: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests are told of their servers by the environment")]
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "this test needs PostgreSQL and Redis: run `cargo xtask test`, or start `cargo xtask services` and export the \
             variables that it prints"
        )
    })
}

async fn migrated(location: &Location) -> Store {
    let store = Store::open(location).await.expect("the database opens");
    store.migrate().await.expect("the migrations apply");
    store
}
