//! Opening and migrating: what is refused, and in which words.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is a test")]

use leasehold_store::{Location, OpenError, Store};
use model::TenantSlug;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::{Database, on_both, server};

/// One clear sentence: on one line, and without a password.
fn sentence(error: &OpenError) -> String {
    let text = error.to_string();
    assert!(!text.contains('\n') && (20..300).contains(&text.len()), "{text}");
    for variable in ["LEASEHOLD_TEST_POSTGRES", "LEASEHOLD_TEST_POSTGRES_ADMIN"] {
        let url = url::parse(&server(variable));
        assert!(!text.contains(&url.password), "the password is told: {text}");
    }
    assert!(!text.contains("s3cret"), "the password is told: {text}");
    assert!(!text.contains("postgres://") || text.contains("postgres://user:password@host"), "{text}");
    assert!(!format!("{error:?}").contains("s3cret"));
    text
}

/// The parts of a URL that tests exchange.
mod url {
    pub(super) struct Parts {
        pub(super) user: String,
        pub(super) password: String,
        pub(super) host: String,
        pub(super) database: String,
    }

    pub(super) fn parse(url: &str) -> Parts {
        let rest = url.strip_prefix("postgres://").expect("a PostgreSQL URL");
        let (credentials, place) = rest.split_once('@').expect("a user");
        let (user, password) = credentials.split_once(':').expect("a password");
        let (host, database) = place.split_once('/').expect("a database");
        let [user, password, host, database] = [user, password, host, database].map(str::to_owned);
        Parts { user, password, host, database }
    }

    impl Parts {
        pub(super) fn url(&self) -> String {
            let Self { user, password, host, database } = self;
            format!("postgres://{user}:{password}@{host}/{database}")
        }
    }
}

async fn refused(location: Location) -> String {
    match Store::open(&location).await {
        Ok(_) => panic!("{location:?} was opened"),
        Err(error) => sentence(&error),
    }
}

async fn refused_postgres(url: String) -> String {
    refused(Location::Postgres(url)).await
}

#[tokio::test]
async fn too_powerful_roles_are_refused() {
    let admin = server("LEASEHOLD_TEST_POSTGRES_ADMIN");
    let text = refused_postgres(admin.clone()).await;
    assert!(text.starts_with("the database role postgres is a superuser, which would"), "{text}");
    assert!(text.contains("CREATE ROLE leasehold LOGIN NOSUPERUSER NOBYPASSRLS"), "{text}");

    let role = format!("bypasses_{}", std::process::id());
    let mut connection = PgConnection::connect(&admin).await.unwrap();
    let sql = format!("CREATE ROLE {role} LOGIN NOSUPERUSER BYPASSRLS PASSWORD 's3cret'");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    let url = url::Parts { user: role.clone(), password: "s3cret".into(), ..url::parse(&admin) }.url();
    let text = refused_postgres(url).await;
    let sql = format!("DROP ROLE {role}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    assert!(
        text.starts_with(&format!("the database role {role} bypasses row-level security, which")),
        "{text}"
    );
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_in_one_sentence() {
    let good = server("LEASEHOLD_TEST_POSTGRES");
    let parts = || url::parse(&good);
    let wrong_password = url::Parts { password: "s3cret-not-it".into(), ..parts() };
    assert_eq!(
        refused_postgres(wrong_password.url()).await,
        "the PostgreSQL server refused the user or password"
    );
    let wrong_user = url::Parts { user: "nobody_of_that_name".into(), ..parts() };
    assert_eq!(
        refused_postgres(wrong_user.url()).await,
        "the PostgreSQL server refused the user or password"
    );
    let no_database = url::Parts { database: "no_such_database".into(), ..parts() };
    assert_eq!(
        refused_postgres(no_database.url()).await,
        "the database does not exist on the PostgreSQL server"
    );
    // Port 1 is reserved; nobody listens there.
    let nobody = url::Parts { host: "127.0.0.1:1".into(), password: "s3cret".into(), ..parts() };
    let text = refused_postgres(nobody.url()).await;
    assert!(text.starts_with("the database server cannot be reached: "), "{text}");
    for nonsense in ["nonsense with s3cret", "postgres://u:s3cret@[", "mysql://u:s3cret@127.0.0.1/x", ""] {
        let text = refused_postgres(nonsense.into()).await;
        assert_eq!(
            text, "the database URL is not of the form postgres://user:password@host/database",
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn what_is_no_sqlite_file_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let text_file = folder.path().join("notes.txt");
    std::fs::write(&text_file, "these are notes and no database, whatever else they may be\n".repeat(50))
        .unwrap();
    let text = refused(Location::Sqlite(text_file.clone())).await;
    assert_eq!(
        text,
        format!("cannot open the database {}: the file is not an SQLite database", text_file.display())
    );
    let content = std::fs::read_to_string(&text_file).unwrap();
    assert!(content.starts_with("these are notes"), "the file is left alone");

    let text = refused(Location::Sqlite(folder.path().to_owned())).await;
    assert_eq!(
        text,
        format!("cannot open the database {}: the file cannot be opened or made", folder.path().display())
    );
    let nowhere = folder.path().join("no/such/folder/leasehold.db");
    let text = refused(Location::Sqlite(nowhere.clone())).await;
    assert_eq!(
        text,
        format!("cannot open the database {}: the file cannot be opened or made", nowhere.display())
    );
}

#[tokio::test]
async fn a_role_that_may_not_make_tables_is_told_so() {
    let database = Database::postgres().await;
    let mut raw = database.raw().await;
    raw.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
        .await;
    let store = Store::open(&database.location).await.unwrap();
    let text = sentence(&store.migrate().await.unwrap_err());
    assert!(text.contains("permission denied for schema public"), "{text}");
}

#[test]
fn a_location_does_not_show_its_password() {
    let location = Location::Postgres("postgres://leasehold:s3cret@db.example/leasehold".into());
    assert_eq!(format!("{location:?}"), "Postgres(…)");
}

/// The names of the migrations of one kind of database, in their order.
fn migration_files(kind: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(kind);
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("a file").file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

on_both! {
    async fn migrating_twice_applies_nothing(database: Database) {
        assert_eq!(database.store.migrate().await.unwrap(), 0);
        database.store.check_migrations().await.unwrap();
        let second = Store::open(&database.location).await.unwrap();
        assert_eq!(second.migrate().await.unwrap(), 0);
        second.check_migrations().await.unwrap();
    }

    async fn an_empty_database_lacks_its_migrations(database: Database) {
        let folder = tempfile::tempdir().unwrap();
        let empty = match &database.location {
            Location::Postgres(_) => Database::empty_postgres().await,
            Location::Sqlite(_) => Location::Sqlite(folder.path().join("empty.db")),
        };
        let store = Store::open(&empty).await.unwrap();
        let count = migration_files("postgres").len();
        let text = sentence(&store.check_migrations().await.unwrap_err());
        assert!(
            text.starts_with(&format!("the database lacks {count} of {count} migrations"))
                && text.ends_with("run `leasehold migrate` first"),
            "{text}"
        );
        let answer = store.tenant_by_slug(&TenantSlug::parse("nobody").unwrap()).await;
        assert!(
            matches!(answer, Err(leasehold_store::Error::Statement(_))),
            "{answer:?}"
        );
        assert_eq!(usize::try_from(store.migrate().await.unwrap()).unwrap(), count);
        store.check_migrations().await.unwrap();
    }

    async fn a_database_of_a_newer_version_is_refused(database: Database) {
        let mut raw = database.raw().await;
        let checksum = raw.bytes(&[0; 48]);
        raw.execute(&format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', TRUE, {checksum}, 1)"
        ))
        .await;
        let expected =
            "the database was migrated by a newer version of leasehold (migration 9999): use that version";
        let store = Store::open(&database.location).await.unwrap();
        assert_eq!(sentence(&store.migrate().await.unwrap_err()), expected);
        assert_eq!(sentence(&store.check_migrations().await.unwrap_err()), expected);
    }

    async fn a_changed_migration_is_refused(database: Database) {
        let mut raw = database.raw().await;
        let checksum = raw.bytes(&[0; 48]);
        raw.execute(&format!(
            "UPDATE _sqlx_migrations SET checksum = {checksum} WHERE version = 1"
        ))
        .await;
        let store = &database.store;
        for error in [store.migrate().await.unwrap_err(), store.check_migrations().await.unwrap_err()] {
            assert_eq!(
                sentence(&error),
                "migration 1 of the database differs from this version's: it was made by another build",
            );
        }
    }

    async fn every_migration_of_one_database_has_its_like_for_the_other(database: Database) {
        assert_eq!(migration_files("postgres"), migration_files("sqlite"));
        let tables = database.raw().await.tables().await;
        for table in ["licenses", "tenants", "idempotency_keys"] {
            assert!(tables.iter().any(|name| name == table), "{table}");
        }
    }
}

#[tokio::test]
async fn connections_are_made_in_advance() {
    let database = Database::postgres().await;
    database.store.warm_up().await.unwrap();
    // Connections come back after they were asked whether they are still there.
    while database.store.pools().iter().map(|pool| pool.idle).sum::<u32>() < 8 {
        tokio::task::yield_now().await;
    }
    Database::sqlite().await.store.warm_up().await.unwrap();
}
