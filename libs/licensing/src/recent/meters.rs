//! What is measured of the checks that are kept.

use std::sync::PoisonError;

use ephemeral::{Found, LIFETIME_SECONDS};
use opentelemetry::{KeyValue, global, metrics::Counter};

use super::{EPOCH_PERIOD, era::Eras, right_at::UNTOLD};

pub(super) struct Meters {
    lookups: Counter<u64>,
    held: [KeyValue; 1],
    kept: [KeyValue; 1],
    missed: [KeyValue; 1],
    unavailable: [KeyValue; 1],
}

impl Meters {
    pub(super) fn new(eras: &Eras) -> Self {
        let meter = global::meter("leasehold");
        let seen = eras.seen();
        let _age = meter
            .f64_observable_gauge("leasehold.check_cache.epoch_age")
            .with_unit("s")
            .with_description("Time since the server last looked for changes that Redis does not tell of.")
            .with_callback(move |gauge| {
                let seen = *seen.lock().unwrap_or_else(PoisonError::into_inner);
                gauge.observe(seen.elapsed().as_secs_f64(), &[]);
            })
            .build();
        let _bound = meter
            .f64_observable_gauge("leasehold.check_cache.staleness_bound")
            .with_unit("s")
            .with_description(
                "The longest that a check may be answered as before a change, by what kept it apart.",
            )
            .with_callback(|gauge| {
                let bounds = [
                    ("told", 0.0),
                    ("epoch", 2.0 * EPOCH_PERIOD.as_secs_f64()),
                    ("untold", UNTOLD.as_secs_f64()),
                    ("lifetime", LIFETIME_SECONDS as f64),
                ];
                for (by, seconds) in bounds {
                    gauge.observe(seconds, &[KeyValue::new("by", by)]);
                }
            })
            .build();
        let result = |name| [KeyValue::new("result", name)];
        Self {
            lookups: meter
                .u64_counter("leasehold.check_cache.lookups")
                .with_description("Checks of licenses by where the license came from.")
                .build(),
            held: result("held"),
            kept: result("kept"),
            missed: result("missed"),
            unavailable: result("unavailable"),
        }
    }

    pub(super) fn looked_up(&self, found: &Found) {
        let result = match found {
            Found::Current => &self.held,
            Found::Kept(..) => &self.kept,
            Found::Missing(_) => &self.missed,
            Found::Unknown => &self.unavailable,
        };
        self.lookups.add(1, result);
    }
}
