//! The reference for activation: `pgbench` running the statements that the server was heard to send.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use store::Location;
use url::Url;

use crate::client::Waiting;
use crate::load::Requests;
use crate::process::{Process, Server, leashed};
use crate::report::median;
use crate::setting::Setting;
use crate::wire::{Traffic, Wire};

/// Connections of pgbench: as many as the server opens.
const CONNECTIONS: u32 = 24;
/// Requests of which the most usual traffic is taken: the first ones prepare statements, and once a second the server
/// writes what it has counted.
const HEARD: u64 = 60;

/// What one request of each kind makes the database do.
pub(crate) fn listen(setting: &Setting, redis: Option<&str>, kinds: &[&Requests]) -> Vec<Traffic> {
    let wire = Wire::before(&setting.world.database.location);
    let server = Server::start(&wire.location, redis);
    let mut connection = Waiting::open(server.address).expect("a connection");
    let usual = kinds.iter().map(|requests| {
        let mut seen: HashMap<Traffic, usize> = HashMap::new();
        for number in 0..HEARD {
            wire.take();
            let answered = connection.exchange(&(requests.make)(number), requests.expected);
            assert!(answered.expect("an answer"), "the answer is not as expected");
            *seen.entry(wire.take()).or_default() += 1;
        }
        seen.into_iter().max_by_key(|(_, times)| *times).map(|(traffic, _)| traffic).unwrap_or_default()
    });
    usual.collect()
}

/// The statements as a script for pgbench: each run activates a copied license on a new machine.
pub(crate) fn script(setting: &Setting, traffic: &Traffic) -> String {
    let (tenant, copies) = (&setting.tenant, setting.copies);
    let mut script = format!("\\set n random(1, {copies})\n\\set i :i + 1\n\\set m :i * 64 + :client_id\n");
    for statement in &traffic.statements {
        let parts: Vec<&str> = statement.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
        if let [single] = parts.as_slice() {
            writeln!(script, "{};", bound(single, tenant)).expect("a text");
        } else {
            // What the server sends in one message waits for one answer here, too.
            script.push_str("\\startpipeline\n");
            for part in parts {
                writeln!(script, "{};", bound(part, tenant)).expect("a text");
            }
            script.push_str("\\endpipeline\n");
        }
    }
    script
}

/// The statement with values for its parameters.
fn bound(statement: &str, tenant: &str) -> String {
    let tenant = format!("'{tenant}'::uuid");
    let id = |kind: char, number: &str| {
        format!("('{kind}0000000-0000-7000-8000-' || lpad(to_hex(:{number}::bigint), 12, '0'))::uuid")
    };
    let key_hash = "sha256(('filler-' || :n::int)::bytea)".to_owned();
    let machine_name = "('0d3b6f11-bench-' || :m::bigint)".to_owned();
    let (license, machine, event) = (id('a', "n"), id('c', "m"), id('e', "m"));
    let text = str::to_owned;
    let nothing = |kind: &str| format!("NULL::{kind}");
    let now = || text("now()");
    let starts = |beginning: &str| statement.starts_with(beginning);
    let values = if !statement.contains("$1") {
        Vec::new()
    } else if starts("SELECT t.id, t.slug") {
        vec![text("'acme'")]
    } else if starts("UPDATE licenses SET version = version + 1") || starts("SELECT id FROM licenses") {
        vec![tenant, key_hash]
    } else if starts("SELECT l.id AS license_id") {
        vec![tenant, key_hash, machine_name, nothing("text"), now()]
    } else if starts("UPDATE licenses SET activations_used") {
        let (time, number) = (nothing("timestamptz"), |value: &str| format!("{value}::bigint"));
        vec![tenant, license, number("1"), time.clone(), time, nothing("uuid"), now(), number("(-1)")]
    } else if starts("SELECT id, state, public_key") {
        vec![tenant]
    } else if starts("INSERT INTO machines") {
        let times = [now(), nothing("timestamptz")];
        let lease = [id('d', "m"), text("'dGhlLXRodW1icHJpbnQtb2YtYS1rZXktb2YtNDMtY2g'")];
        let ends = [text("(now() + interval '14 days')"), text("(now() + interval '17 days')")];
        let machine = vec![tenant, machine, license, machine_name, text("'studio'"), text("'active'")];
        [machine, times.to_vec(), lease.to_vec(), ends.to_vec()].concat()
    } else if starts("WITH event ") {
        let subject = [text("'machine'"), format!("{machine}::text"), license, nothing("text")];
        let request = [text("'127.0.0.1'"), text("'01890a5d-ac96-774b-bcce-b302099a8057'")];
        let details = text(
            "'{\"seat\": \"taken\", \"lease\": \"01890a5d-ac96-774b-bcce-b302099a8057\", \"over_seats\": false, \
             \"seats_used\": 3, \"activations_used\": 3}'::jsonb",
        );
        let action = [tenant, event, now(), text("'app'"), nothing("uuid"), text("'machine.activate'")];
        [action.to_vec(), subject.to_vec(), request.to_vec(), vec![details]].concat()
    } else {
        panic!("an activation makes a statement for which the benchmark has no values: {statement}");
    };
    let mut bound = statement.to_owned();
    for (place, value) in values.iter().enumerate().rev() {
        let parameter = format!("${}", place + 1);
        assert!(bound.contains(&parameter), "{parameter} is not in: {statement}");
        bound = bound.replace(&parameter, value);
    }
    assert!(!bound.contains('$'), "a parameter has no value: {statement}");
    bound
}

/// Seconds in which pgbench's connections prepare their statements, which are not counted.
const WARMING: usize = 2;

/// Runs a script; gives the median of its transactions in each second.
pub(crate) fn pgbench(location: &Location, script: &Path, seconds: usize, turn: usize) -> f64 {
    let Location::Postgres(url) = location else { panic!("pgbench is PostgreSQL's") };
    let url = Url::parse(url).expect("a URL");
    let program = Path::new(&testkit::server("LEASEHOLD_TEST_POSTGRES_BIN")).join("pgbench");
    let mut command = leashed(&program.display().to_string());
    let clients = CONNECTIONS.to_string();
    let first = format!("i={}", turn * 1_000_000);
    command.args(["--no-vacuum", "--protocol=prepared", "--client", &clients, "--define", &first]);
    let time = (seconds + WARMING + 1).to_string();
    command.args(["--time", &time, "--progress=1", "--file"]).arg(script);
    command.env("PGHOST", url.host_str().unwrap_or_default());
    command.env("PGPORT", url.port().unwrap_or(5_432).to_string());
    command.env("PGUSER", url.username()).env("PGPASSWORD", url.password().unwrap_or_default());
    command.env("PGDATABASE", url.path().trim_start_matches('/'));
    let mut process = Process::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut output = String::new();
    let progress = process.0.stderr.as_mut().expect("a pipe");
    progress.read_to_string(&mut output).expect("a text");
    let rates = output.lines().filter_map(|line| {
        let (_, rest) = line.strip_prefix("progress: ")?.split_once(" s, ")?;
        rest.split(' ').next()?.parse().ok()
    });
    let rates: Vec<f64> = rates.skip(WARMING).collect();
    assert!(!rates.is_empty(), "pgbench: {output}");
    median(&rates)
}
