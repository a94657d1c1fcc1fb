//! Mistakes at start-up: one clear sentence each, and an exit code other than 0.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::support::{Place, Server, leasehold, run};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test`"))
}

#[test]
fn an_unwritable_data_folder() {
    let place = Place::embedded();
    // Root may write everywhere but below a file.
    let data = format!("{}/data", place.file("file", ""));
    let ended = run(leasehold(&["serve", "--data", &data]));
    ended.failed(1, "cannot make the data folder");
    assert!(ended.stderr.contains(&data));
}

#[test]
fn a_wrong_url() {
    for url in ["mysql://secret@host/x", "secret", "postgres:secret"] {
        let mut command = leasehold(&SERVE);
        command.env("LEASEHOLD_DATABASE_URL", url).env("LEASEHOLD_MASTER_KEY", crate::support::MASTER_KEY);
        let ended = run(command);
        ended.failed(2, "LEASEHOLD_DATABASE_URL must be a PostgreSQL URL");
        assert!(!ended.stderr.contains("secret"));
    }
}

#[test]
fn a_database_server_that_is_down() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = leasehold(&SERVE);
    command.env("LEASEHOLD_DATABASE_URL", format!("postgres://leasehold:secret@127.0.0.1:{port}/leasehold"));
    let ended = run({
        command.env("LEASEHOLD_MASTER_KEY", crate::support::MASTER_KEY);
        command
    });
    ended.failed(1, "cannot be reached");
    assert!(!ended.stderr.contains("secret"));
}

#[tokio::test]
async fn a_wrong_password() {
    let place = Place::postgres().await;
    let (user, host) = place.url().rsplit_once('@').unwrap();
    let wrong = format!("{}:wrong-secret@{host}", user.rsplit_once(':').unwrap().0);
    let mut command = place.command(&SERVE);
    command.env("LEASEHOLD_DATABASE_URL", wrong);
    let ended = run(command);
    ended.failed(1, "refused the user or password");
    assert!(!ended.stderr.contains("wrong-secret"));
}

#[tokio::test]
async fn a_role_that_row_level_security_does_not_bind() {
    let place = Place::postgres().await;
    let admin = variable("LEASEHOLD_TEST_POSTGRES_ADMIN");
    let (server, _) = admin.rsplit_once('/').unwrap();
    let (_, database) = place.url().rsplit_once('/').unwrap();
    let mut command = place.command(&SERVE);
    command.env("LEASEHOLD_DATABASE_URL", format!("{server}/{database}"));
    run(command).failed(1, "superuser");
}

#[tokio::test]
async fn postgresql_without_a_master_key() {
    let place = Place::postgres().await;
    let mut command = place.command(&SERVE);
    command.env_remove("LEASEHOLD_MASTER_KEY");
    run(command).failed(2, "the master key must be configured");
}

#[tokio::test]
async fn migrations_of_a_newer_version() {
    const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                         VALUES (99990101000000, 'newer', true, '', 0)";
    let embedded = Place::embedded();
    embedded.run(&["migrate"]).text();
    let file = embedded.data().join("leasehold.db").display().to_string();
    let mut database = SqliteConnection::connect(&file).await.unwrap();
    sqlx::query(NEWER).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let postgres = Place::postgres().await;
    postgres.run(&["migrate"]).text();
    let mut database = PgConnection::connect(postgres.url()).await.unwrap();
    sqlx::query(NEWER).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    for place in [embedded, postgres] {
        place.run(&SERVE).failed(1, "newer version");
        place.run(&["serve", "--no-migrate", "--listen", "127.0.0.1:0"]).failed(1, "newer version");
        place.run(&["tenant", "list"]).failed(1, "newer version");
    }
}

#[tokio::test]
async fn no_migrate_on_a_database_without_tables() {
    let place = Place::postgres().await;
    place.run(&["serve", "--no-migrate", "--listen", "127.0.0.1:0"]).failed(1, "leasehold migrate");
    let place = Place::embedded();
    place.run(&["serve", "--no-migrate", "--listen", "127.0.0.1:0"]).failed(1, "leasehold migrate");
    assert!(!place.data().exists(), "a mistyped folder leaves nothing behind");
}

#[test]
fn two_servers_on_one_sqlite_file() {
    let place = Place::embedded();
    let first = place.serve(&[]);
    place.run(&SERVE).failed(1, "another leasehold server is using the data folder");
    // Other commands may work beside it.
    place.run(&["tenant", "create", "acme"]).text();
    first.kill();
    Server::start(place.command(&SERVE)).kill();
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    Place::embedded().run(&["serve", "--listen", &address]).failed(1, "is taken by another program");
    Place::embedded()
        .run(&["serve", "--listen", "192.0.2.1:80"])
        .failed(1, "is not an address of this machine");
    Place::embedded()
        .run(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", &address])
        .failed(1, "is taken by another program: stop it, or choose another with --metrics-listen");
}

#[tokio::test]
async fn another_master_key() {
    for place in [Place::embedded(), Place::postgres().await] {
        place.run(&["migrate"]).text();
        place.run(&["tenant", "create", "acme"]).text();
        let mut command = place.command(&SERVE);
        command.env("LEASEHOLD_MASTER_KEY", "08".repeat(32));
        run(command).failed(5, "master key");
    }
}

#[test]
fn a_master_key_that_is_gone_or_open_to_others() {
    let place = Place::embedded();
    place.run(&["tenant", "create", "acme"]).text();
    let key = place.data().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    place.run(&SERVE).failed(1, "chmod 600");
    std::fs::remove_file(&key).unwrap();
    place.run(&SERVE).failed(1, "put the file back");
    assert!(!key.exists());
}

#[test]
fn settings_that_make_no_sense() {
    let place = Place::embedded();
    let complaint = |name: &str, value: &str, words: &str| {
        let mut command = place.command(&SERVE[..1]);
        command.env(name, value);
        run(command).failed(2, words);
    };
    complaint("LEASEHOLD_LISTEN", "8080", "LEASEHOLD_LISTEN must be an address with a port");
    complaint("LEASEHOLD_PUBLIC_URL", "example.com", "LEASEHOLD_PUBLIC_URL must be an http or https URL");
    complaint("LEASEHOLD_DEFAULT_TENANT", "No!", "LEASEHOLD_DEFAULT_TENANT must be");
    complaint("LEASEHOLD_MASTER_KEY", "secret", "LEASEHOLD_MASTER_KEY must be a master key");
    complaint("LEASEHOLD_MASTER_KEY_FILE", "/nowhere", "cannot read the master key file");
    complaint("LEASEHOLD_PLATFORM_TOKEN", "short", "LEASEHOLD_PLATFORM_TOKEN must be a token of 32 to 512");
    complaint("LEASEHOLD_PLATFORM_TOKEN_FILE", "/nowhere", "cannot read the platform token file");
    complaint("LEASEHOLD_METRICS_LISTEN", "9464", "LEASEHOLD_METRICS_LISTEN must be an address with a port");
    complaint(
        "LEASEHOLD_OTLP_ENDPOINT",
        "localhost:4318",
        "LEASEHOLD_OTLP_ENDPOINT must be an http or https URL",
    );
    complaint("OTEL_EXPORTER_OTLP_ENDPOINT", "x", "OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL");
    complaint("LEASEHOLD_LOG", "a=b=c", "LEASEHOLD_LOG is not a log filter");
    complaint("LEASEHOLD_LOG_FORMAT", "xml", "LEASEHOLD_LOG_FORMAT must be text or json");
    complaint(
        "LEASEHOLD_TRUSTED_PROXIES",
        "10.0.0.1/8",
        "LEASEHOLD_TRUSTED_PROXIES must be IP addresses and networks",
    );
    complaint("LEASEHOLD_RATE_LIMITS", "yes", "LEASEHOLD_RATE_LIMITS must be on or off");
    place.run(&["serve", "--trusted-proxies", "all"]).failed(2, "--trusted-proxies must be IP addresses");
    complaint("LEASEHOLD_CONFIG", "/nowhere", "cannot read the configuration file");
    let file = place.file("leasehold.toml", "lisen = '127.0.0.1:0'\n");
    place.run(&["serve", "--config", &file]).failed(2, "unknown key `lisen`");
    let mut command = place.command(&["serve", "--data", "x"]);
    command.env("LEASEHOLD_DATABASE_URL", "postgres://host/x");
    run(command).failed(2, "give only one of them");
}

#[test]
fn a_configuration_file_is_enough() {
    let place = Place::embedded();
    let text = format!(
        "listen = '127.0.0.1:0'\ndata = '{}'\nlog_format = 'json'\ntrusted_proxies = '::1, 10.0.0.0/8'\nrate_limits = 'off'\n",
        place.data().display()
    );
    let file = place.file("leasehold.toml", text);
    let server = Server::start(leasehold(&["serve", "--config", &file]));
    assert!(server.greeting.contains(&server.url));
    assert!(place.data().join("leasehold.db").exists());
}
