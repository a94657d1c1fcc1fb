//! What an ask costs next to a `GET` on a connection of the same kind, by how many ask at the same time.
//!
//! `cargo bench -p leasehold-ephemeral`, with `LEASEHOLD_TEST_REDIS` as the address.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails ends")]

use std::{
    fs,
    future::Future,
    time::{Duration, Instant},
};

use leasehold_ephemeral::{Ask, Ephemeral, Found, Health, Limit, LookUp, RedisConfig, Scope, Stamps, Tuning};
use model::TenantId;
use redis::AsyncConnectionConfig;
use tokio::task::JoinSet;

const EACH: u32 = 100_000;

/// How much is kept of a license, in bytes.
const KEPT: usize = 1_500;

/// CPU seconds of this process, or of another.
fn cpu(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks =
        |n| after.split_whitespace().nth(n).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

async fn measure<F: Future<Output = ()> + Send + 'static>(
    name: &str,
    server: &str,
    concurrency: u32,
    one: impl Fn(u32) -> F + Clone + Send + Sync + 'static,
) {
    let each = if concurrency == 1 { EACH / 10 } else { EACH };
    let (started, here, there) = (Instant::now(), cpu("self"), cpu(server));
    let mut tasks = JoinSet::new();
    for task in 0..concurrency {
        let one = one.clone();
        tasks.spawn(async move {
            for n in 0..each / concurrency {
                one(task * each + n).await;
            }
        });
    }
    tasks.join_all().await;
    let (took, here, there) = (started.elapsed().as_secs_f64(), cpu("self") - here, cpu(server) - there);
    let many = f64::from(each / concurrency * concurrency);
    let micros = |seconds: f64| seconds * 1e6 / many;
    println!(
        "{name:<28} x{concurrency:<3} {:>8.0}/s  {:>6.1} µs  client {:>5.2} µs CPU, Redis {:>5.2} µs CPU",
        many / took,
        micros(took) * f64::from(concurrency),
        micros(here),
        micros(there),
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    #[expect(clippy::disallowed_methods, reason = "a benchmark has no configuration")]
    let url = std::env::var("LEASEHOLD_TEST_REDIS").unwrap_or_else(|_| "redis://127.0.0.1/".to_owned());
    let config = RedisConfig {
        urls: vec![url.clone().into()],
        cluster: false,
        prefix: "bench".to_owned(),
        ca_pem: None,
    };
    let client = redis::Client::open(url).unwrap();
    let timeouts = AsyncConnectionConfig::new();
    let mut connection = client.get_multiplexed_async_connection_with_config(&timeouts).await.unwrap();
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await.unwrap();
    let server =
        info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap_or_default().trim().to_owned();
    let _: () =
        redis::cmd("SET").arg("bench:x").arg("0123456789").query_async(&mut connection).await.unwrap();
    // On a machine that is busy with other things an answer may take longer than a server would wait.
    let patience = Duration::from_secs(10);
    let tuning = Tuning { patience, responding: patience, ..Tuning::default() };
    let shared = Ephemeral::redis_tuned(&config, u64::from(std::process::id()), tuning).unwrap();
    while shared.health() != Health::Answering {
        tokio::task::yield_now().await;
    }
    for concurrency in [1, 4, 16, 32, 64] {
        let (connection, server) = (connection.clone(), server.as_str());
        measure("GET", server, concurrency, move |_| {
            let mut connection = connection.clone();
            async move {
                let value: String =
                    redis::cmd("GET").arg("bench:x").query_async(&mut connection).await.unwrap();
                assert_eq!(value.len(), 10);
            }
        })
        .await;
        let alone = Ephemeral::in_process(1);
        for (name, ephemeral) in [("in Redis", shared.clone()), ("in process", alone)] {
            for limits in [0, 3, 5] {
                let held = stamps(&ephemeral).await;
                let ephemeral = ephemeral.clone();
                measure(&format!("ask {name}, {limits} limits"), server, concurrency, move |n| {
                    let ephemeral = ephemeral.clone();
                    async move { check(&ephemeral, n, limits, held).await }
                })
                .await;
            }
        }
    }
}

fn tenant() -> TenantId {
    "00000000-0000-4000-8000-000000000001".parse().unwrap()
}

async fn stamps(ephemeral: &Ephemeral) -> Option<Stamps> {
    let license = Some(LookUp { key_hash: &[1; 32], variant: &[2; 32], held: None });
    match ephemeral.ask(Ask { tenant: tenant(), limits: &[], license }).await.license {
        Found::Missing(stamps) => {
            let look_up = LookUp { key_hash: &[1; 32], variant: &[2; 32], held: None };
            ephemeral.keep(tenant(), look_up, stamps, vec![3; KEPT]);
            Some(stamps)
        }
        Found::Kept(stamps, _) => Some(stamps),
        Found::Current | Found::Unknown => None,
    }
}

/// What a check of a license asks.
async fn check(ephemeral: &Ephemeral, n: u32, limits: usize, held: Option<Stamps>) {
    let address = (n % 1_000).to_be_bytes();
    let limit = |scope, of, take| Limit { scope, of, quota: "10000000/60".parse().unwrap(), take };
    let all = [
        limit(Scope::Address, &address[..], true),
        limit(Scope::LicenseKey, &[1; 32], true),
        limit(Scope::Tenant, &[], true),
        limit(Scope::WrongKeysOfAddress, &address, false),
        limit(Scope::WrongKeysOfTenant, &[], false),
    ];
    let license = Some(LookUp { key_hash: &[1; 32], variant: &[2; 32], held });
    let answer = ephemeral.ask(Ask { tenant: tenant(), limits: all.get(..limits).unwrap(), license }).await;
    assert!(answer.allows() && answer.tenant.is_some());
}
