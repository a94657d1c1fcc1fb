//! How fast a server takes 100,000 licenses in one file, and how little its memory grows meanwhile, on both databases.
//!
//! `--quick` takes 20,000. Exits with 1 if a limit is exceeded.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run fails loudly")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use licensing::NewApiKey;
use model::{Name, PolicyRules, Scopes};
use store::Location;
use testkit::{Database, World, call};

/// Microseconds for each license: 5,000 licenses per second on PostgreSQL, 3,000 on SQLite, which has one writer and is
/// for smaller vendors.
const LIMITS: [(&str, f64); 2] = [("postgres", 200.0), ("sqlite", 333.0)];
const LIMIT_MIB: f64 = 64.0;
const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

#[tokio::main]
async fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let count = if quick { 20_000 } else { 100_000 };
    let mut holds = true;
    let databases = [Database::postgres().await, Database::sqlite().await];
    for ((name, limit), database) in LIMITS.into_iter().zip(databases) {
        let measured = measure(database, count).await;
        let micros = measured.import.as_secs_f64() * 1e6 / f64::from(count);
        println!("{name}: {count} licenses in {:.2} s", measured.import.as_secs_f64());
        println!("figure import_{name} {micros:.1} µs/license limit {limit}");
        println!("figure import_{name}_memory {:.1} MiB limit {LIMIT_MIB}", measured.growth_mib);
        println!("{name}: exported again in {:.2} s", measured.export.as_secs_f64());
        println!("figure export_{name}_memory {:.1} MiB limit {LIMIT_MIB}", measured.export_growth_mib);
        holds &= micros <= limit && measured.growth_mib.max(measured.export_growth_mib) <= LIMIT_MIB;
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Measured {
    import: Duration,
    growth_mib: f64,
    export: Duration,
    export_growth_mib: f64,
}

async fn measure(database: Database, count: u32) -> Measured {
    let world = World::new(database).await;
    let shop = world.shop("acme").await;
    shop.policy("standard", PolicyRules::default()).await;
    let owners = ["OWNER-1", "OWNER-2", "OWNER-3"];
    for owner in owners {
        shop.customer(owner).await;
    }
    let new = NewApiKey {
        name: Name::parse("bench").expect("a name"),
        scopes: "admin".parse::<Scopes>().expect("a scope"),
        expires_at: None,
    };
    let (_, token) =
        world.licensing.create_api_key(&shop.tenant, &call(), new).await.expect("an API key is made");
    let mut file = "key,policy,customer,seats,activations_used,expires_at,memo,metadata\n".to_owned();
    for (number, owner) in (0..count).zip(owners.into_iter().cycle()) {
        writeln!(
            file,
            "OLD-{number:07}-ABCD,standard,{owner},3,1,2030-01-01T00:00:00Z,bought by telephone,\
             \"{{\"\"order\"\":\"\"{number}\"\"}}\""
        )
        .expect("a text can be written");
    }
    let server = Server::start(&world.database.location);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = |path: &str| format!("{}/t/acme/v1/{path}", server.url);
    // Warm: the first requests load what a server has in memory anyway.
    let empty = client
        .post(url("imports/licenses.csv"))
        .bearer_auth(token.reveal())
        .header("content-type", "text/csv");
    let warmed = empty.body("key,policy\nWARM-1,standard\n").send().await.expect("an answer");
    assert!(warmed.status().is_success(), "{}", warmed.text().await.expect("a text"));

    let before = server.reset_peak();
    let begun = Instant::now();
    let request = client
        .post(url("imports/licenses.csv"))
        .bearer_auth(token.reveal())
        .header("content-type", "text/csv");
    let answer = request.body(file).send().await.expect("an answer");
    let report = answer.text().await.expect("a text");
    let import = begun.elapsed();
    assert!(report.contains(&format!("\"created\":{count},")), "{report:.300}");
    let growth_mib = server.mib("VmHWM:") - before;

    let before = server.reset_peak();
    let begun = Instant::now();
    let request = client.get(url("exports/licenses.csv?keys=true")).bearer_auth(token.reveal());
    let exported = request.send().await.expect("an answer").bytes().await.expect("a whole file");
    let export = begun.elapsed();
    let lines = u32::try_from(exported.iter().filter(|byte| **byte == b'\n').count()).expect("a count");
    assert_eq!(lines, count + 2);
    Measured { import, growth_mib, export, export_growth_mib: server.mib("VmHWM:") - before }
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts a server on a database that is there.
    fn start(location: &Location) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leasehold"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("LEASEHOLD_MASTER_KEY", MASTER_KEY);
        match location {
            Location::Postgres(url) => command.env("LEASEHOLD_DATABASE_URL", url),
            Location::Sqlite(path) => command.arg("--data").arg(path.parent().expect("a folder")),
        };
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let url = line.trim().rsplit_once(' ').expect("a URL").1.to_owned();
        Self { child, url }
    }

    /// Forgets the peak of the resident memory, and gives what is resident now.
    fn reset_peak(&self) -> f64 {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("Linux");
        self.mib("VmRSS:")
    }

    fn mib(&self, what: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("a figure");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
