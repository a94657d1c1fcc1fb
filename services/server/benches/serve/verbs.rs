//! What each verb costs, next to what it is made of.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use crate::load::{Load, Requests, Until, closed, constant};
use crate::plan::Plan;
use crate::process::Server;
use crate::replay;
use crate::report::{Report, Row};
use crate::setting::{DRIVEN, HOT, Setting};

/// Connections that ask at the same time.
pub(crate) const CONNECTIONS: usize = 32;
/// Activations before those that are timed: enough that all connections to the database are made.
const ACTIVATED_BEFORE: u64 = 300;
/// Connections of a constant rate.
const PACED: usize = 64;

/// The rows of one database.
struct Rows<'a> {
    setting: &'a Setting,
    redis: Option<&'a str>,
    server: Option<Server>,
    /// What `pgbench` runs, on PostgreSQL.
    script: Option<PathBuf>,
    cached: Row,
    uncached: Row,
    signed: Row,
    activate: Row,
    refresh: Row,
    replay: Row,
}

impl<'a> Rows<'a> {
    fn new(setting: &'a Setting, redis: Option<&'a str>, script: Option<PathBuf>) -> Self {
        let row = |verb: &str| Row::new(format!("{}, {verb}", setting.name));
        let mut rows = Self {
            setting,
            redis,
            server: None,
            script,
            cached: row("validate cached"),
            uncached: row("validate uncached"),
            signed: row("validate with nonce"),
            activate: row("activate"),
            refresh: row("refresh"),
            replay: row("pgbench of activate"),
        };
        rows.start();
        rows
    }

    /// A new server, which knows the hot licenses and no others.
    fn start(&mut self) -> &Server {
        self.server = None;
        let server = Server::start(&self.setting.world.database.location, self.redis);
        warm(&server, &self.setting.hot());
        self.server.insert(server)
    }

    fn round(&mut self, plan: Plan, turn: usize) {
        let (time, setting) = (Until::Time(plan.time), self.setting);
        let Some(server) = &self.server else { return };
        warm(server, &setting.hot());
        timed(&mut self.cached, server, time, &setting.hot());
        timed(&mut self.signed, server, time, &setting.signed());
        // The rate that pgbench tells is without the time for connections and their first plans.
        run(server, Until::Count(ACTIVATED_BEFORE), &setting.activations());
        timed(&mut self.activate, server, time, &setting.activations());
        if let Some(script) = &self.script {
            let location = &setting.world.database.location;
            self.replay.add_rate(replay::pgbench(location, script, plan.seconds(), turn));
        }
        timed(&mut self.refresh, server, time, &setting.refreshes());
        self.start();
        if let Some(server) = &self.server {
            timed(&mut self.uncached, server, Until::Count(DRIVEN - HOT), &setting.cold());
        }
    }
}

/// Measures all verbs on these databases in turns, and tells the rate at which cached checks were answered on the first.
pub(crate) fn measure(settings: &[&Setting], redis: Option<&str>, plan: Plan, report: &mut Report) -> f64 {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let mut all: Vec<Rows<'_>> = Vec::new();
    for setting in settings {
        let script = redis.map(|redis| {
            let path = folder.path().join(setting.name);
            std::fs::write(&path, trips(setting, redis, report, all.is_empty())).expect("a file");
            path
        });
        all.push(Rows::new(setting, redis, script));
    }
    let Some(first) = settings.first() else { return f64::NAN };
    let echo = Server::echo();
    let echoes = all.iter().find_map(|rows| rows.server.as_ref()).map(|server| first.echo(server));
    let echoes = echoes.expect("a server");
    let mut echo_row = Row::new(format!("{}, bare echo", first.name));
    for turn in 0..plan.rounds {
        warm(&echo, &echoes);
        timed(&mut echo_row, &echo, Until::Time(plan.time), &echoes);
        for rows in &mut all {
            rows.round(plan, turn);
        }
    }
    let Some(rows) = all.first() else { return f64::NAN };
    let (name, rate) = (first.name, rows.cached.rate());
    let least = if redis.is_some() { 0.5 } else { 0.7 };
    report.least(&format!("{name}/validate_cached_by_echo"), rows.cached.rate_by(&echo_row), least);
    half(rows, rate, &echo, echo_row.rate(), &echoes, plan, report);
    if let Some(rows) = all.iter().find(|rows| rows.script.is_some()) {
        report.least(&format!("{name}/activate_by_pgbench"), rows.activate.rate_by(&rows.replay), 0.6);
    }
    if let [small, large] = all.as_slice() {
        for (verb, small, large) in [
            ("validate_cached", &small.cached, &large.cached),
            ("validate_uncached", &small.uncached, &large.uncached),
            ("validate_nonce", &small.signed, &large.signed),
            ("activate", &small.activate, &large.activate),
            ("refresh", &small.refresh, &large.refresh),
        ] {
            report.at_most(&format!("million/{verb}_p50"), large.p50_by(small), 1.2);
        }
    }
    report.row(echo_row);
    for rows in all {
        for row in [rows.cached, rows.uncached, rows.signed, rows.activate, rows.refresh] {
            report.row(row);
        }
        if rows.script.is_some() {
            report.row(rows.replay);
        }
    }
    rate
}

/// Both at half of what they can do at most, at a constant rate.
fn half(
    rows: &Rows<'_>,
    rate: f64,
    echo: &Server,
    echo_rate: f64,
    echoes: &Requests,
    plan: Plan,
    report: &mut Report,
) {
    let Some(server) = &rows.server else { return };
    let name = rows.setting.name;
    let mut row = Row::new(format!("{name}, validate cached at half rate"));
    let mut echo_row = Row::new(format!("{name}, bare echo at half rate"));
    let (hot, next) = (rows.setting.hot(), AtomicU64::new(0));
    for _ in 0..plan.rounds {
        for (row, server, rate, requests) in
            [(&mut echo_row, echo, echo_rate, echoes), (&mut row, server, rate, &hot)]
        {
            warm(server, requests);
            let before = server.process.cpu();
            let load = constant(server.address, PACED, rate / 2.0, plan.time, requests, &next);
            row.add(&load, server.process.cpu() - before);
        }
    }
    report.at_most(&format!("{name}/p99_at_half_by_echo"), row.p99_by(&echo_row), 3.0);
    report.row(echo_row);
    report.row(row);
}

/// What each verb sends to PostgreSQL; gives the activation as a script.
fn trips(setting: &Setting, redis: &str, report: &mut Report, tell: bool) -> String {
    let verbs = [
        ("validate", setting.hot(), 0.0),
        ("validate_uncached", setting.cold(), 3.0),
        ("activate", setting.activations(), f64::INFINITY),
        ("refresh", setting.refreshes(), f64::INFINITY),
    ];
    let requests: Vec<&Requests> = verbs.iter().map(|(_, requests, _)| requests).collect();
    let heard = replay::listen(setting, Some(redis), &requests);
    let mut script = String::new();
    for ((verb, _, limit), traffic) in verbs.iter().zip(&heard) {
        if *verb == "activate" {
            script = replay::script(setting, traffic);
        }
        if !tell {
            continue;
        }
        let asked = traffic.round_trips.saturating_sub(traffic.statements.len());
        println!(
            "{verb}: {} round trips, and {asked} to see that a connection is there",
            traffic.statements.len()
        );
        for statement in &traffic.statements {
            println!("    {statement:.100}");
        }
        if limit.is_finite() && *verb != "validate" {
            report.most(&format!("{verb}_round_trips"), traffic.statements.len() as f64, "trips", *limit);
        }
    }
    script
}

fn run(server: &Server, until: Until, requests: &Requests) -> Load {
    closed(server.address, CONNECTIONS, until, requests, &AtomicU64::new(0))
}

/// Asks about each hot license twice. What was loaded lasts for half a minute at most, and the turns of others take longer.
fn warm(server: &Server, requests: &Requests) {
    run(server, Until::Count(HOT * 2), requests);
}

fn timed(row: &mut Row, server: &Server, until: Until, requests: &Requests) {
    let before = server.process.cpu();
    let load = run(server, until, requests);
    row.add(&load, server.process.cpu() - before);
    row.resident(server.process.mib("VmHWM"));
}
