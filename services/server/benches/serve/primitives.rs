//! What a request is made of, bare: a signature, its verification, and a question to Redis.

use std::hint::black_box;
use std::time::Instant;

use ed25519_dalek::{Signer as _, SigningKey};
use tokio::runtime::Runtime;

use crate::load::{Load, micros};
use crate::plan::Plan;
use crate::report::{Report, Row};
use crate::trouble::Redis;
use crate::verbs::CONNECTIONS;

/// Signs and verifies the bytes of a usual lease, and asks Redis for something as long as a usual answer.
pub(crate) fn measure(redis: &Redis, runtime: &Runtime, plan: Plan, report: &mut Report) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key();
    let message = [b'x'; 900];
    let signature = key.sign(&message);
    let mut sign = Row::new("bare Ed25519 sign, one thread");
    let mut verify = Row::new("bare Ed25519 verify, one thread");
    let mut get = Row::new("bare Redis GET, one multiplexed connection");
    for _ in 0..plan.rounds {
        get.add(&runtime.block_on(questions(redis, plan)), f64::NAN);
        sign.add_rate(rate(|| black_box(key.sign(black_box(&message))).to_bytes()[0] < u8::MAX));
        verify.add_rate(rate(|| public.verify_strict(black_box(&message), &signature).is_ok()));
    }
    report.row(get);
    report.row(sign);
    report.row(verify);
}

/// As many callers as ask a server at the same time, on one connection.
async fn questions(redis: &Redis, plan: Plan) -> Load {
    let client = redis::Client::open(redis.url()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let set = redis::cmd("SET").arg("bench").arg("x".repeat(900)).exec_async(&mut connection).await;
    set.expect("Redis keeps it");
    let begun = Instant::now();
    let callers = (0..CONNECTIONS).map(|_| {
        let mut connection = connection.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < plan.time {
                let asked = Instant::now();
                let answer: Vec<u8> =
                    redis::cmd("GET").arg("bench").query_async(&mut connection).await.expect("an answer");
                assert_eq!(answer.len(), 900);
                latencies.push(micros(asked.elapsed()));
            }
            latencies
        })
    });
    let mut load = Load::default();
    for latencies in futures::future::join_all(callers).await {
        load.latencies.extend(latencies.expect("a caller ends"));
    }
    load.elapsed = begun.elapsed();
    load.latencies.sort_unstable();
    load
}

/// How often in a second.
fn rate(work: impl Fn() -> bool) -> f64 {
    const TIMES: u32 = 5_000;
    let begun = Instant::now();
    for _ in 0..TIMES {
        black_box(work());
    }
    f64::from(TIMES) / begun.elapsed().as_secs_f64()
}
