//! Opening a database: connecting, migrating, and refusing what is not safe to use.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgPool, SqlitePool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::error::{Error, Result};

static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");
static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Connections to PostgreSQL per process: twice its usual number of cores, far below its default limit of 100.
const POSTGRES_CONNECTIONS: u32 = 24;
/// Readers of an SQLite file; writes go through one connection more.
const SQLITE_READERS: u32 = 4;
/// How long a request waits for a connection, or for another writer, before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection to PostgreSQL lies idle before it is asked whether it is still there.
const UNASKED: Duration = Duration::from_secs(1);

/// Where the database is.
#[derive(Clone)]
pub enum Location {
    /// A PostgreSQL server: a `postgres://` URL. May hold a password: never shown.
    Postgres(String),
    /// An SQLite file.
    Sqlite(PathBuf),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(_) => f.write_str("Postgres(…)"),
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
        }
    }
}

/// How many connections a pool has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFigures {
    /// Tells it from the others of the store.
    pub name: &'static str,
    /// Connections that wait for work.
    pub idle: u32,
    /// Connections that work.
    pub used: u32,
    /// The most connections that it may have.
    pub most: u32,
}

impl PoolFigures {
    fn of<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) -> Self {
        let (size, idle) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
        // They are read one after the other.
        let used = size.saturating_sub(idle);
        Self { name, idle: idle.min(size), used, most: pool.options().get_max_connections() }
    }
}

/// Why a database could not be opened: one clear sentence each.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(String);

/// One database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) pools: Pools,
}

#[derive(Clone)]
pub(crate) enum Pools {
    Postgres(PgPool),
    Sqlite { writer: SqlitePool, readers: SqlitePool },
}

impl Store {
    /// Connects, and checks that the server is not trusted too much: refuses a superuser and a role that bypasses
    /// row-level security.
    ///
    /// # Errors
    /// One clear sentence: no such file or server, wrong password, too powerful a role.
    pub async fn open(location: &Location) -> std::result::Result<Self, OpenError> {
        match location {
            Location::Postgres(url) => open_postgres(url).await,
            Location::Sqlite(path) => open_sqlite(path).await,
        }
    }

    /// Brings the tables up to this version; gives the number of migrations applied.
    ///
    /// # Errors
    /// One clear sentence: migrations from a newer version, a changed migration, a role that may not make tables.
    pub async fn migrate(&self) -> std::result::Result<u32, OpenError> {
        let before = self.applied_migrations().await?.len();
        let result = match &self.pools {
            Pools::Postgres(pool) => migrate_postgres(pool).await,
            Pools::Sqlite { writer, .. } => SQLITE_MIGRATIONS.run(writer).await,
        };
        result.map_err(|error| OpenError(migration_sentence(&error)))?;
        let after = self.applied_migrations().await?.len();
        Ok(u32::try_from(after.saturating_sub(before)).unwrap_or(u32::MAX))
    }

    /// Checks that the tables are those of this version.
    ///
    /// # Errors
    /// One clear sentence: migrations are missing, differ, or come from a newer version.
    pub async fn check_migrations(&self) -> std::result::Result<(), OpenError> {
        let applied = self.applied_migrations().await?;
        let known = match &self.pools {
            Pools::Postgres(_) => &POSTGRES_MIGRATIONS,
            Pools::Sqlite { .. } => &SQLITE_MIGRATIONS,
        };
        for (version, checksum) in &applied {
            match known.iter().find(|migration| migration.version == *version) {
                None => return Err(OpenError(newer_sentence(*version))),
                Some(migration) if migration.checksum != *checksum => {
                    return Err(OpenError(migration_sentence(&MigrateError::VersionMismatch(*version))));
                }
                Some(_) => {}
            }
        }
        let known: Vec<i64> = known.iter().map(|migration| migration.version).collect();
        let applied: Vec<i64> = applied.into_iter().map(|(version, _)| version).collect();
        let missing = known.iter().filter(|version| !applied.contains(version)).count();
        if missing > 0 {
            return Err(OpenError(format!(
                "the database lacks {missing} of {} migrations: run `leasehold migrate` first",
                known.len()
            )));
        }
        Ok(())
    }

    /// What `doctor` tells of the database: words like "PostgreSQL 15.18 as role leasehold" or "SQLite 3.50".
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn describe(&self) -> std::result::Result<String, OpenError> {
        let described = match &self.pools {
            Pools::Postgres(pool) => sqlx::query_as::<_, (String, String)>(
                "SELECT current_setting('server_version'), current_user::text",
            )
            .fetch_one(pool)
            .await
            .map(|(version, role)| {
                let number = version.split(' ').next().unwrap_or_default();
                format!("PostgreSQL {number} as role {role}")
            }),
            Pools::Sqlite { readers, .. } => sqlx::query_scalar::<_, String>("SELECT sqlite_version()")
                .fetch_one(readers)
                .await
                .map(|version| format!("SQLite {version}")),
        };
        described.map_err(|error| OpenError(sentence(&error)))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn ping(&self) -> Result<()> {
        let answer = match &self.pools {
            Pools::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(|_| ()),
            Pools::Sqlite { readers, .. } => sqlx::query("SELECT 1").execute(readers).await.map(|_| ()),
        };
        answer.map_err(Error::from)
    }

    /// The connections of each pool.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolFigures> {
        match &self.pools {
            Pools::Postgres(pool) => vec![PoolFigures::of("postgresql", pool)],
            Pools::Sqlite { writer, readers } => {
                vec![PoolFigures::of("sqlite.writer", writer), PoolFigures::of("sqlite.readers", readers)]
            }
        }
    }

    /// Closes all connections; waits for those in use.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres(pool) => pool.close().await,
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// Versions and checksums of the migrations that the database has; none where it has no tables.
    async fn applied_migrations(&self) -> std::result::Result<Vec<(i64, Vec<u8>)>, OpenError> {
        const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
        let applied = match &self.pools {
            Pools::Postgres(pool) => sqlx::query_as(APPLIED).fetch_all(pool).await,
            Pools::Sqlite { writer, .. } => sqlx::query_as(APPLIED).fetch_all(writer).await,
        };
        match applied {
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some("42P01")
                    || error.message().starts_with("no such table") =>
            {
                Ok(Vec::new())
            }
            other => other.map_err(|error| OpenError(sentence(&error))),
        }
    }
}

/// Migrates on a connection of its own: a migration of large tables may take longer than a request.
async fn migrate_postgres(pool: &PgPool) -> std::result::Result<(), MigrateError> {
    const NO_TIMEOUTS: &str =
        "SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)";
    let mut connection = pool.acquire().await?.detach();
    sqlx::query(NO_TIMEOUTS).execute(&mut connection).await?;
    let migrated = POSTGRES_MIGRATIONS.run(&mut connection).await;
    let _ = connection.close().await;
    migrated
}

async fn open_postgres(url: &str) -> std::result::Result<Store, OpenError> {
    // The driver reads any scheme as its own.
    let ours = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let options = Some(url)
        .filter(|_| ours)
        .and_then(|url| PgConnectOptions::from_str(url).ok())
        .ok_or_else(|| {
            OpenError("the database URL is not of the form postgres://user:password@host/database".into())
        })?
        .application_name("leasehold")
        // A second request with one idempotency key waits for the first no longer than this.
        .options([("lock_timeout", "5s"), ("statement_timeout", "30s")]);
    // The pool would go on trying where nobody listens; the first connection says at once what is wrong.
    let connecting = tokio::time::timeout(PATIENCE, options.connect()).await;
    let mut first = match connecting {
        Ok(connected) => connected.map_err(|error| OpenError(sentence(&error)))?,
        Err(_) => {
            return Err(OpenError("the PostgreSQL server did not answer within 5 seconds".into()));
        }
    };
    let (role, superuser, bypasses): (String, bool, bool) = sqlx::query_as(
        "SELECT rolname::text, rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user",
    )
    .fetch_one(&mut first)
    .await
    .map_err(|error| OpenError(sentence(&error)))?;
    let _ = first.close().await;
    if superuser || bypasses {
        let power = if superuser { "is a superuser" } else { "bypasses row-level security" };
        return Err(OpenError(format!(
            "the database role {role} {power}, which would switch off the wall between tenants: make a role with \
             CREATE ROLE leasehold LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…', let it own the database, and use that"
        )));
    }
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        // One that came back a moment ago was asked then: asking again would cost every unit of work a round trip.
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > UNASKED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    Ok(Store { pools: Pools::Postgres(pool) })
}

async fn open_sqlite(path: &std::path::Path) -> std::result::Result<Store, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An activation that was answered must survive a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE);
    let cannot = |error: sqlx::Error| {
        OpenError(format!("cannot open the database {}: {}", path.display(), sentence(&error)))
    };
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        // A file does not go away, and asking a connection means waking its thread.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await
        .map_err(cannot)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_lazy_with(options.read_only(true).create_if_missing(false));
    Ok(Store { pools: Pools::Sqlite { writer, readers } })
}

/// One sentence for an operator; never the URL, which may hold a password.
fn sentence(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => match database.code().as_deref() {
            Some("28P01" | "28000") => "the PostgreSQL server refused the user or password".into(),
            Some("3D000") => "the database does not exist on the PostgreSQL server".into(),
            Some("14") => "the file cannot be opened or made".into(),
            Some("26") => "the file is not an SQLite database".into(),
            _ => format!("the database said: {}", database.message()),
        },
        sqlx::Error::Io(io) => format!("the database server cannot be reached: {io}"),
        sqlx::Error::PoolTimedOut => "the database did not answer within 5 seconds".into(),
        sqlx::Error::Tls(_) => "the TLS connection to the database server failed".into(),
        other => format!("the database cannot be used: {other}"),
    }
}

fn migration_sentence(error: &MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(version) => newer_sentence(*version),
        MigrateError::VersionMismatch(version) => {
            format!(
                "migration {version} of the database differs from this version's: it was made by another build"
            )
        }
        MigrateError::Execute(error) => format!("the migrations failed: {}", sentence(error)),
        MigrateError::ExecuteMigration(error, version) => {
            format!("migration {version} failed: {}", sentence(error))
        }
        other => format!("the migrations failed: {other}"),
    }
}

fn newer_sentence(version: i64) -> String {
    format!(
        "the database was migrated by a newer version of leasehold (migration {version}): use that version"
    )
}
