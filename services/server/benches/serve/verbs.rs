//! What each verb costs, on PostgreSQL with Redis and on embedded data.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use testkit::Database;
use tokio::runtime::Runtime;

use crate::load::{Load, Requests, Until, closed};
use crate::process::Server;
use crate::report::{Report, Row};
use crate::setting::{DRIVEN, HOT, Setting};

/// Connections that ask at the same time.
const CONNECTIONS: u32 = 32;

/// How long and how often.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
}

/// Measures all verbs.
pub(crate) fn measure(quick: bool, report: &mut Report) {
    let plan = if quick {
        Plan { rounds: 3, time: Duration::from_secs(1) }
    } else {
        Plan { rounds: 7, time: Duration::from_secs(4) }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let postgres = runtime.block_on(Database::postgres());
    let postgres = Setting::new("postgres", &runtime, postgres, 10_000);
    verbs(&postgres, Some(&testkit::server("LEASEHOLD_TEST_REDIS")), plan, report);
    let sqlite = runtime.block_on(Database::sqlite());
    let sqlite = Setting::new("embedded", &runtime, sqlite, DRIVEN);
    verbs(&sqlite, None, plan, report);
}

fn verbs(setting: &Setting, redis: Option<&str>, plan: Plan, report: &mut Report) {
    let name = setting.name;
    let location = &setting.world.database.location;
    let mut server = Server::start(location, redis);
    let echo = Server::echo();
    let echoes = setting.echo(&server);
    let rows = ["echo", "cached", "uncached", "signed", "activate", "refresh"];
    let [mut echo_row, mut cached, mut uncached, mut signed, mut activate, mut refresh] =
        rows.map(|row| Row::new(format!("{name} {row}")));
    // What both have in memory after their first requests is not what is measured.
    run(&server, Until::Count(HOT), &setting.hot());
    run(&echo, Until::Count(HOT), &echoes);
    for _ in 0..plan.rounds {
        let time = Until::Time(plan.time);
        timed(&mut echo_row, &echo, time, &echoes);
        timed(&mut cached, &server, time, &setting.hot());
        timed(&mut signed, &server, time, &setting.signed());
        timed(&mut activate, &server, time, &setting.activations());
        timed(&mut refresh, &server, time, &setting.refreshes());
        refresh.resident(server.process.mib("VmHWM"));
        // A new server has nothing of the other licenses in memory.
        drop(server);
        server = Server::start(location, redis);
        run(&server, Until::Count(HOT), &setting.hot());
        timed(&mut uncached, &server, Until::Count(DRIVEN - HOT), &setting.cold());
    }
    report.least(
        &format!("{name}/validate_cached_by_echo"),
        cached.rate_by(&echo_row),
        if redis.is_some() { 0.5 } else { 0.7 },
    );
    for row in [echo_row, cached, uncached, signed, activate, refresh] {
        report.row(row);
    }
}

fn run(server: &Server, until: Until, requests: &Requests) -> Load {
    closed(server.address, CONNECTIONS, until, requests, &AtomicU64::new(0))
}

fn timed(row: &mut Row, server: &Server, until: Until, requests: &Requests) {
    let before = server.process.cpu();
    let load = run(server, until, requests);
    row.add(&load, server.process.cpu() - before);
    row.resident(server.process.mib("VmHWM"));
}
