//! The Redis that tests share, each with keys of its own.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use ephemeral::{Ephemeral, Health, RedisConfig, Tuning};
use secrecy::ExposeSecret as _;

use crate::server;

/// A place of its own in the test server's Redis.
#[must_use]
pub fn redis() -> RedisConfig {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    RedisConfig { urls: vec![server("LEASEHOLD_TEST_REDIS").into()], cluster: false, prefix, ca_pem: None }
}

/// What a server shares over that Redis, once it is connected.
pub async fn connected(config: RedisConfig, instance: u64) -> Ephemeral {
    // However busy the machine is: without Redis each server would count and hold for itself.
    let patience = Duration::from_secs(20);
    let tuning = Tuning { patience, responding: patience, ..Tuning::default() };
    let shared = Ephemeral::redis_tuned(&config, instance, tuning).expect("a good configuration");
    let until = Instant::now() + patience;
    while shared.health() != Health::Answering {
        assert!(Instant::now() < until, "the test Redis does not answer: {:?}", shared.health());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shared
}

/// A connection past everything that sees what is in Redis.
pub struct RawRedis {
    connection: ::redis::aio::MultiplexedConnection,
    prefix: String,
}

impl RawRedis {
    /// Connects.
    pub async fn open(config: &RedisConfig) -> Self {
        let url = config.urls.first().expect("a URL").expose_secret();
        let client = ::redis::Client::open(url).expect("a Redis URL");
        let connection = client.get_multiplexed_async_connection().await.expect("the test Redis answers");
        Self { connection, prefix: config.prefix.clone() }
    }

    /// The names of all keys with that prefix.
    pub async fn keys(&mut self) -> Vec<Vec<u8>> {
        let pattern = format!("{}:*", self.prefix);
        ::redis::cmd("KEYS").arg(pattern).query_async(&mut self.connection).await.expect("keys are told")
    }

    /// All that is at those keys, with the names of fields.
    pub async fn values(&mut self) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        for key in self.keys().await {
            let kind: String =
                ::redis::cmd("TYPE").arg(&key).query_async(&mut self.connection).await.expect("a type");
            match kind.as_str() {
                "hash" => {
                    let all: Vec<Vec<u8>> = ::redis::cmd("HGETALL")
                        .arg(&key)
                        .query_async(&mut self.connection)
                        .await
                        .expect("fields");
                    values.extend(all);
                }
                "string" => {
                    let one: Option<Vec<u8>> = ::redis::cmd("GET")
                        .arg(&key)
                        .query_async(&mut self.connection)
                        .await
                        .expect("a value");
                    values.extend(one);
                }
                // It has expired in between.
                "none" => {}
                other => panic!("nothing of ours is a {other}"),
            }
        }
        values
    }
}
