//! What goes on while Redis is away.

use std::net::TcpStream;
use std::process::Stdio;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::load::{Load, constant, quantile};
use crate::process::{Process, Server, leashed};
use crate::report::Report;
use crate::setting::Setting;

/// Connections of the constant rate.
const CONNECTIONS: usize = 64;
/// How long Redis is away.
const AWAY: Duration = Duration::from_secs(4);
/// Load before it goes and after it is back.
const AROUND: Duration = Duration::from_secs(4);
/// Answers whose median tells whether all is as before.
const WINDOW: usize = 100;

/// A Redis of which the benchmark disposes.
pub(crate) struct Redis {
    process: Process,
    port: u16,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        Self::start_on(free.expect("a free port").port())
    }

    fn start_on(port: u16) -> Self {
        let mut command = leashed("redis-server");
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let process = Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "Redis does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { process, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

/// Stops Redis in the middle of a constant rate of checks, once so that it keeps silent and once so that it is gone.
pub(crate) fn measure(setting: &Setting, rate: f64, report: &mut Report) {
    let redis = Redis::start();
    let server = Server::start(&setting.world.database.location, Some(&redis.url()));
    let silent = during(setting, &server, rate, || {
        redis.process.signal(Signal::STOP);
        std::thread::sleep(AWAY);
        redis.process.signal(Signal::CONT);
    });
    tell("silent", &silent, report);
    let port = redis.port;
    let mut kept = Some(redis);
    let gone = during(setting, &server, rate, || {
        kept = None;
        std::thread::sleep(AWAY);
        kept = Some(Redis::start_on(port));
    });
    tell("gone", &gone, report);
}

/// What happened in a trouble, with the times of its begin and its end from the start of the load.
struct Trouble {
    load: Load,
    begun: Duration,
    ended: Duration,
}

fn during(setting: &Setting, server: &Server, rate: f64, mut trouble: impl FnMut() + Send) -> Trouble {
    let next = AtomicU64::new(0);
    let hot = setting.hot();
    // All answers are where they are kept before the measured load begins.
    constant(server.address, CONNECTIONS, rate, Duration::from_secs(2), &hot, &next);
    let whole = AROUND * 2 + AWAY;
    let start = Instant::now();
    let (load, begun, ended) = std::thread::scope(|scope| {
        let load = scope.spawn(|| constant(server.address, CONNECTIONS, rate, whole, &hot, &next));
        std::thread::sleep(AROUND);
        let begun = start.elapsed();
        // Here and not in the other thread: what it starts ends with this one.
        trouble();
        let ended = start.elapsed();
        (load.join().expect("the load ends"), begun, ended)
    });
    Trouble { load, begun, ended }
}

fn tell(name: &str, trouble: &Trouble, report: &mut Report) {
    let Trouble { load, begun, ended } = trouble;
    let micros = |duration: &Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let (begun, ended) = (micros(begun), micros(ended));
    let sorted = |from: u64, to: u64| {
        let part = load.timeline.iter().filter(|(due, _)| (from..to).contains(due));
        let mut part: Vec<u32> = part.map(|(_, latency)| *latency).collect();
        part.sort_unstable();
        part
    };
    let (before, meanwhile) = (sorted(0, begun), sorted(begun, ended));
    let usual = quantile(&before, 0.5);
    let after: Vec<(u64, u32)> = load.timeline.iter().filter(|(due, _)| *due >= ended).copied().collect();
    let back = after.chunks(WINDOW).find(|window| {
        let mut latencies: Vec<u32> = window.iter().map(|(_, latency)| *latency).collect();
        latencies.sort_unstable();
        quantile(&latencies, 0.5) <= usual * 1.5
    });
    let back = back.and_then(|window| window.first()).map_or(f64::INFINITY, |(due, latency)| {
        Duration::from_micros(due + u64::from(*latency) - ended).as_secs_f64()
    });
    println!(
        "redis {name}: p50 {usual:.0} µs before, {:.0} meanwhile; p99 {:.0} before, {:.0} meanwhile",
        quantile(&meanwhile, 0.5),
        quantile(&before, 0.99),
        quantile(&meanwhile, 0.99)
    );
    report.most(&format!("redis_{name}/failed"), load.failed as f64, "requests", 0.0);
    report.at_most(
        &format!("redis_{name}/p99_by_normal"),
        quantile(&meanwhile, 0.99) / quantile(&before, 0.99),
        5.0,
    );
    report.most(&format!("redis_{name}/recovery"), back, "s", 2.0);
}
