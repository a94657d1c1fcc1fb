//! Metrics. None of them names a tenant or a key.

use std::{sync::Weak, time::Instant};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, ObservableGauge},
};

use crate::{Reason, Scope, Standing, redis::Link};

/// Counts refusals.
pub(crate) struct Refusals(Counter<u64>);

impl Refusals {
    pub(crate) fn new() -> Self {
        Self(
            global::meter("leasehold")
                .u64_counter("leasehold.rate_limit.refusals")
                .with_description("Requests that a limit refused")
                .with_unit("{request}")
                .build(),
        )
    }

    pub(crate) fn count<'a>(&self, standings: impl Iterator<Item = (Scope, &'a Standing)>) {
        for (scope, standing) in standings {
            if standing.retry_after.is_some() {
                self.0.add(1, &[KeyValue::new("scope", scope.name())]);
            }
        }
    }
}

/// What is asked of Redis.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Ask,
    Keep,
    Forget,
}

/// What is measured of Redis.
pub(crate) struct Metrics {
    duration: Histogram<f64>,
    interruptions: Counter<u64>,
    _up: ObservableGauge<u64>,
    /// Of those that went well, by operation.
    attributes: [[KeyValue; 2]; 3],
}

impl Metrics {
    pub(crate) fn new(link: Weak<Link>) -> Self {
        let meter = global::meter("leasehold");
        let of = |name| [KeyValue::new("db.system.name", "redis"), KeyValue::new("db.operation.name", name)];
        Self {
            duration: meter
                .f64_histogram("db.client.operation.duration")
                .with_description("How long Redis takes to answer")
                .with_unit("s")
                .with_boundaries(vec![
                    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                ])
                .build(),
            interruptions: meter
                .u64_counter("leasehold.redis.interruptions")
                .with_description("How often Redis stopped or started again to answer")
                .with_unit("{interruption}")
                .build(),
            _up: meter
                .u64_observable_gauge("leasehold.redis.up")
                .with_description("1 while Redis answers, else 0")
                .with_callback(move |observer| {
                    if let Some(link) = link.upgrade() {
                        observer.observe(link.current().is_some().into(), &[]);
                    }
                })
                .build(),
            attributes: ["ask", "keep", "forget"].map(of),
        }
    }

    pub(crate) fn measured(&self, operation: Operation, since: Instant, failed: Option<Reason>) {
        let seconds = since.elapsed().as_secs_f64();
        let [ask, keep, forget] = &self.attributes;
        let attributes = match operation {
            Operation::Ask => ask,
            Operation::Keep => keep,
            Operation::Forget => forget,
        };
        match failed {
            None => self.duration.record(seconds, attributes),
            Some(reason) => {
                let [system, operation] = attributes.clone();
                self.duration
                    .record(seconds, &[system, operation, KeyValue::new("error.type", reason.name())]);
            }
        }
    }

    pub(crate) fn interrupted(&self) {
        self.interruptions.add(1, &[]);
    }
}
