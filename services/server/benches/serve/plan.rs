//! What is measured, how long and how often.

use std::time::Duration;

use testkit::Database;

use crate::report::Report;
use crate::setting::Setting;
use crate::trouble::Redis;
use crate::{fairness, primitives, trouble, verbs};

/// How long and how often.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Rounds, in each of which everything has its turn.
    pub(crate) rounds: usize,
    /// How long a turn takes.
    pub(crate) time: Duration,
    /// How long memory is watched.
    pub(crate) watched: Duration,
    /// Suspensions that are watched.
    pub(crate) suspensions: u64,
    /// Whether also a million licenses are measured.
    million: bool,
}

impl Plan {
    pub(crate) fn new(quick: bool) -> Self {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        if quick {
            Self { rounds: 3, time: second, watched: minute, suspensions: 50, million: false }
        } else {
            Self { rounds: 5, time: second * 4, watched: minute * 10, suspensions: 200, million: true }
        }
    }

    /// How long a turn takes, in seconds.
    pub(crate) fn seconds(self) -> usize {
        usize::try_from(self.time.as_secs()).unwrap_or(1)
    }

    /// Measures everything, or the parts of these names.
    pub(crate) fn run(self, only: &[&str], report: &mut Report) {
        let wanted = |part: &str| only.is_empty() || only.contains(&part);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let redis = Redis::start();
        if wanted("primitives") {
            primitives::measure(&redis, &runtime, self, report);
        }
        if wanted("embedded") {
            let database = runtime.block_on(Database::sqlite());
            let embedded = Setting::new("embedded", &runtime, database, 0);
            verbs::measure(&[&embedded], None, self, report);
            if wanted("growth") {
                fairness::growth(&embedded, None, self.watched, report);
            }
        }
        let database = runtime.block_on(Database::postgres());
        let small = Setting::new("postgres", &runtime, database, 10_000);
        let mut rate = 1_000.0;
        if wanted("postgres") {
            let large = self.million.then(|| {
                let database = runtime.block_on(Database::postgres());
                Setting::new("million", &runtime, database, 1_000_000)
            });
            let settings: Vec<&Setting> = [Some(&small), large.as_ref()].into_iter().flatten().collect();
            rate = verbs::measure(&settings, Some(&redis.url()), self, report);
        }
        if wanted("trouble") {
            trouble::measure(&small, rate / 3.0, report);
        }
        if wanted("flood") {
            fairness::flood(&small, &runtime, &redis.url(), rate, self, report);
        }
        if wanted("staleness") {
            fairness::staleness(&small, &runtime, &redis.url(), self.suspensions, report);
        }
        if wanted("growth") {
            fairness::growth(&small, Some(&redis.url()), self.watched, report);
        }
    }
}
