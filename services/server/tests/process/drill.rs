//! The scripts that set up, back up and restore PostgreSQL, as docs/operations.md tells operators to use them.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{Ended, Place, Server, run};

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const ISSUER: &str = "https://licenses.example.com/t/acme";

/// A database of its own with a role of its own, both made by the script.
struct Drill {
    name: String,
    admin: url::Url,
    password: &'static str,
}

impl Drill {
    fn new() -> Self {
        let admin = testkit::server("LEASEHOLD_TEST_POSTGRES_ADMIN");
        let name = format!("drill_{}", std::process::id());
        Self { name, admin: admin.parse().unwrap(), password: "first-password" }
    }

    /// A script that connects as the superuser.
    fn script(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(format!("{TOP}/deploy/{name}"));
        let programs = testkit::server("LEASEHOLD_TEST_POSTGRES_BIN");
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .env("PGHOST", self.admin.host_str().unwrap())
            .env("PGPORT", self.admin.port().unwrap().to_string())
            .env("PGUSER", self.admin.username())
            .env("PGPASSWORD", self.admin.password().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn superuser(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = self.script(name, arguments);
        command.env("PGDATABASE", &self.name);
        command
    }

    /// A script that connects as the role of the servers.
    fn servers_role(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = self.superuser(name, arguments);
        command.env("PGUSER", &self.name).env("PGPASSWORD", self.password);
        command
    }

    fn set_up(&self) {
        let mut command = self.script("postgres/init-database.sh", &[]);
        command
            .env("LEASEHOLD_DATABASE_NAME", &self.name)
            .env("LEASEHOLD_DATABASE_USER", &self.name)
            .env("LEASEHOLD_DATABASE_PASSWORD", self.password);
        let ended = run(command);
        assert!(ended.text().contains(&self.name) && ended.stderr.is_empty(), "{ended:?}");
    }

    fn place(&self) -> Place {
        let (host, port) = (self.admin.host_str().unwrap(), self.admin.port().unwrap());
        Place::over(format!("postgres://{0}:{1}@{host}:{port}/{0}", self.name, self.password))
    }

    async fn as_superuser(&self, statement: String) {
        let mut connection = PgConnection::connect(self.admin.as_str()).await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn wipe(&self) {
        self.as_superuser(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

fn refused(ended: &Ended, words: &str) {
    assert!(ended.code != Some(0) && ended.stderr.contains(words), "no `{words}`: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_comes_back_from_its_backup() {
    let mut drill = Drill::new();
    drill.set_up();
    // As with every start of the containers; a new password in the environment becomes the role's.
    let old = drill.place();
    drill.password = "second-password";
    drill.set_up();
    old.run(&["migrate"]).failed(1, "refused the user or password");

    let place = drill.place();
    place.sell("2");
    let license = place.license();
    let server = place.serve(&["--no-migrate"]);
    let (status, activated) = server.post("/v1/activate", license.on("machine-1")).await;
    assert_eq!(status, 201, "{activated}");
    let show = ["license", "show", &license.id, "--json"];
    let shown = place.run(&show).json();
    assert_eq!(shown["seats_used"], 1);

    // While the server runs.
    let backup = place.data().with_file_name("backup").display().to_string();
    refused(&run(drill.servers_role("backup.sh", &[&backup])), "row-level security");
    assert!(!std::path::Path::new(&backup).exists(), "half a backup");
    run(drill.superuser("backup.sh", &[&backup])).text();
    assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    refused(&run(drill.superuser("backup.sh", &[&backup])), "exists already");
    let piped = run_to(drill.superuser("backup.sh", &["-"]), &format!("{backup}-piped"));

    server.kill();
    drill.wipe().await;
    drill.set_up();
    // Rows come last: one that breaks off there has made all tables, and leaves none of them.
    let cut = std::fs::read(&backup).unwrap();
    let cut = place.file("cut", &cut[..cut.len() - 100]);
    assert_ne!(run(drill.servers_role("restore.sh", &[&cut])).code, Some(0));
    refused(&run(drill.superuser("restore.sh", &[&backup])), "must not bypass row-level security");
    run(drill.servers_role("restore.sh", &[&backup])).text();
    refused(&run(drill.servers_role("restore.sh", &[&backup])), "restore into an empty one");
    assert_eq!(place.run(&show).json(), shown);

    // And once more by standard output and input, as through the container's door.
    drill.wipe().await;
    drill.set_up();
    let mut restore = drill.servers_role("restore.sh", &["-"]);
    restore.stdin(File::open(piped).unwrap());
    run(restore).text();

    let mut other = place.command(&["serve", "--no-migrate", "--listen", "127.0.0.1:0"]);
    other.env("LEASEHOLD_MASTER_KEY", "08".repeat(32));
    run(other).failed(5, "master key");
    assert_eq!(place.run(&show).json(), shown);
    let server = place.serve(&["--no-migrate"]);
    same_as_before(&place, &server, &activated["lease"]);
    let (status, validated) = server.post("/v1/validate", license.on("machine-1")).await;
    assert_eq!((status, &validated["valid"]), (200, &json!(true)), "{validated}");
    assert_eq!(validated["machine"]["id"], activated["machine"]["id"]);
    let (status, second) = server.post("/v1/activate", license.on("machine-2")).await;
    assert_eq!(status, 201, "{second}");
    let (status, third) = server.post("/v1/activate", license.on("machine-3")).await;
    assert_eq!((status, &third["code"]), (409, &json!("seats_exhausted")), "{third}");

    server.kill();
    drill.wipe().await;
    drill.as_superuser(format!("DROP ROLE {}", drill.name)).await;
}

/// Runs a script with its standard output in a file.
fn run_to(mut command: Command, file: &str) -> String {
    let status = command.stdout(File::create(file).unwrap()).status().unwrap();
    assert!(status.success(), "{status}");
    file.to_owned()
}

/// The lease that was signed before is good by the keys that are published now.
fn same_as_before(place: &Place, server: &Server, lease: &serde_json::Value) {
    assert!(server.greeting.contains("ready"));
    let lease = format!("@{}", place.file("lease", lease.as_str().unwrap()));
    let keys = place.file("keys.json", place.run(&["keys", "list", "--jwks"]).text());
    let app = ["--issuer", ISSUER, "--product", "atelier", "--fingerprint", "machine-1"];
    place.run(&[&["verify", &lease, "--keys", &keys], &app[..]].concat()).text();
}
