//! What is measured of Redis.

use std::{sync::Arc, time::Instant};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram},
};

use super::breaker::{Breaker, Health};

/// Upper bounds of the buckets, in seconds: the timeout is 0.1.
const BUCKETS: [f64; 10] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1];

pub(super) struct Meters {
    duration: Histogram<f64>,
    unkept: Counter<u64>,
    operations: [[KeyValue; 2]; 3],
}

/// What is asked of Redis.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    Ask = 0,
    Keep = 1,
    Forget = 2,
}

impl Meters {
    pub(super) fn new(breaker: &Arc<Breaker>) -> Self {
        let meter = global::meter("leasehold");
        let (up, lost) = (Arc::downgrade(breaker), Arc::downgrade(breaker));
        let _up = meter
            .u64_observable_gauge("leasehold.redis.up")
            .with_description("Whether Redis answers: 1 or 0.")
            .with_callback(move |gauge| {
                if let Some(breaker) = up.upgrade() {
                    gauge.observe(u64::from(breaker.health() == Health::Answering), &[]);
                }
            })
            .build();
        let _interruptions = meter
            .u64_observable_counter("leasehold.redis.interruptions")
            .with_description("How often the connection to Redis was made anew.")
            .with_callback(move |counter| {
                if let Some(breaker) = lost.upgrade() {
                    counter.observe(breaker.interruptions().saturating_sub(1), &[]);
                }
            })
            .build();
        let operation =
            |name| [KeyValue::new("db.system.name", "redis"), KeyValue::new("db.operation.name", name)];
        Self {
            duration: meter
                .f64_histogram("db.client.operation.duration")
                .with_unit("s")
                .with_description("How long Redis took to answer.")
                .with_boundaries(BUCKETS.to_vec())
                .build(),
            unkept: meter
                .u64_counter("leasehold.redis.unkept")
                .with_description("Licenses that were not kept in Redis because too many waited.")
                .build(),
            operations: [operation("ask"), operation("keep"), operation("forget")],
        }
    }

    pub(super) fn answered(&self, operation: Operation, started: Instant, error: Option<&'static str>) {
        let [[ask, ask_name], [keep, keep_name], [forget, forget_name]] = &self.operations;
        let (system, name) = match operation {
            Operation::Ask => (ask, ask_name),
            Operation::Keep => (keep, keep_name),
            Operation::Forget => (forget, forget_name),
        };
        let seconds = started.elapsed().as_secs_f64();
        match error {
            None => self.duration.record(seconds, &[system.clone(), name.clone()]),
            Some(error) => {
                let attributes = [system.clone(), name.clone(), KeyValue::new("error.type", error)];
                self.duration.record(seconds, &attributes);
            }
        }
    }

    pub(super) fn not_kept(&self) {
        self.unkept.add(1, &[]);
    }
}
