//! What one tenant's flood does to another, how soon a suspension is seen everywhere, and whether memory grows.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::PolicyRules;
use tokio::runtime::Runtime;

use crate::client::{Expected, Waiting, post};
use crate::load::{Requests, Until, closed, constant};
use crate::plan::Plan;
use crate::process::{Server, environment, leashed};
use crate::report::{Report, Row, median};
use crate::setting::{Setting, validation};

/// Connections of the constant rates.
const CONNECTIONS: usize = 32;

/// Lifts the limits of a tenant out of reach, so that they are counted and never met.
///
/// Gives whether the program knows limits.
pub(crate) fn lift_limits(setting: &Setting, tenant: &str) -> bool {
    limit(setting, tenant, "10000000/1")
}

fn limit(setting: &Setting, tenant: &str, rate: &str) -> bool {
    let mut command = leashed(env!("CARGO_BIN_EXE_leasehold"));
    command.args(["tenant", "rate-limits", tenant]);
    for name in ["--license-key", "--address", "--tenant-total"] {
        command.args([name, rate]);
    }
    command.envs(environment(&setting.world.database.location)).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("the program runs").success()
}

/// A tenant far over its limits, next to one that keeps to them.
pub(crate) fn flood(
    setting: &Setting,
    runtime: &Runtime,
    redis: &str,
    rate: f64,
    plan: Plan,
    report: &mut Report,
) {
    runtime.block_on(async {
        let noisy = setting.world.shop("noisy").await;
        noisy.policy("standard", PolicyRules::default()).await;
    });
    if !limit(setting, "noisy", "10/1") {
        println!("flood: this server knows no limits");
    }
    let server = Server::start(&setting.world.database.location, Some(redis));
    let body = "{\"key\":\"NOBODY-HAS-THIS\",\"product\":\"app\"}";
    let request = post("/t/noisy/v1/validate", None, body);
    let refused = Requests::cycle(vec![request.into()], Expected::ANY);
    let next = AtomicU64::new(0);
    let most = plan.time * 3;
    let quiet_rate = rate / 10.0;
    let hot = setting.hot();
    let mut rows = [Row::new("quiet alone"), Row::new("quiet in flood")];
    let mut sent = Vec::new();
    for _ in 0..plan.rounds {
        for (row, flooded) in rows.iter_mut().zip([false, true]) {
            let load = std::thread::scope(|scope| {
                let flood = flooded.then(|| {
                    scope.spawn(|| {
                        constant(server.address, CONNECTIONS * 2, rate / 3.0, most, &refused, &next)
                    })
                });
                let load = constant(server.address, CONNECTIONS, quiet_rate, most, &hot, &next);
                sent.extend(flood.map(|flood| flood.join().expect("the flood ends").rate()));
                load
            });
            row.add(&load, f64::NAN);
        }
    }
    println!("flood: {:.0} requests per second of one tenant, {quiet_rate:.0} of the other", median(&sent));
    let [alone, flooded] = rows;
    report.at_most("flood/p99_of_another_tenant", flooded.p99_by(&alone), 3.0);
    report.row(alone);
    report.row(flooded);
}

/// Suspends licenses through one server, and asks another about them.
pub(crate) fn staleness(setting: &Setting, runtime: &Runtime, redis: &str, rounds: u64, report: &mut Report) {
    let ids = runtime.block_on(async {
        let mut raw = setting.world.database.raw().await;
        let newest = "SELECT l.id::text FROM licenses l JOIN tenants t ON t.id = l.tenant_id \
                      WHERE t.slug = 'acme' AND l.number < 1000000000 ORDER BY l.number";
        raw.texts(newest).await
    });
    let location = &setting.world.database.location;
    let (one, other) = (Server::start(location, Some(redis)), Server::start(location, Some(redis)));
    let mut changing = Waiting::open(one.address).expect("a connection");
    let mut stale = Vec::new();
    for (number, id) in (0..rounds).zip(&ids) {
        let change = |verb: &str| post(&format!("/t/acme/v1/licenses/{id}/{verb}"), Some(&setting.token), "");
        let check = validation(number, None);
        let mut asking = Waiting::open(other.address).expect("a connection");
        for _ in 0..3 {
            assert!(asking.exchange(&check, Expected::VALID).expect("an answer"), "it is valid");
        }
        let acknowledged = AtomicBool::new(false);
        let (at, valid_last) = std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let mut valid_last = Instant::now();
                loop {
                    let after = acknowledged.load(Ordering::Acquire);
                    let valid = asking.exchange(&check, Expected::VALID).expect("an answer");
                    if valid && after {
                        valid_last = Instant::now();
                    } else if after {
                        return valid_last;
                    }
                }
            });
            let suspended = changing.exchange(&change("suspend"), Expected::OK).expect("an answer");
            assert!(suspended, "a license is suspended");
            let at = Instant::now();
            acknowledged.store(true, Ordering::Release);
            (at, asking.join().expect("it ends"))
        });
        stale.push(valid_last.saturating_duration_since(at).as_secs_f64() * 1_000.0);
        assert!(
            changing.exchange(&change("reinstate"), Expected::OK).expect("an answer"),
            "it is valid again"
        );
    }
    println!("staleness: median {:.2} ms over {rounds} suspensions", median(&stale));
    report.most("staleness/longest", stale.into_iter().fold(0.0, f64::max), "ms", 1_000.0);
}

/// Full load for long: resident memory in the first and the last tenth.
pub(crate) fn growth(setting: &Setting, redis: Option<&str>, whole: Duration, report: &mut Report) {
    let server = Server::start(&setting.world.database.location, redis);
    let next = AtomicU64::new(0);
    let requests = [setting.hot(), setting.activations(), setting.signed(), setting.cold()];
    let mut sizes = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < whole {
        for requests in &requests {
            closed(server.address, 64, Until::Time(whole / 80), requests, &next);
            sizes.push(server.process.mib("VmRSS"));
        }
    }
    let tenth = (sizes.len() / 10).max(1);
    let (first, last) = (sizes.iter().take(tenth), sizes.iter().rev().take(tenth));
    let (first, last) = (first.copied().fold(0.0, f64::max), last.copied().fold(0.0, f64::max));
    println!("memory: {first:.1} MiB in the first tenth, {last:.1} MiB in the last");
    report.at_most(&format!("{}/memory_growth", setting.name), last / first, 1.1);
    report.most(&format!("{}/memory_peak", setting.name), server.process.mib("VmHWM"), "MiB", 80.0);
}
