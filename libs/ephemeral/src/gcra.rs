//! The rule by which limits are kept: the generic cell rate algorithm.
//!
//! A quota of `count` in `seconds` is a bucket that holds `count` and fills evenly. All that is remembered of it is the
//! instant at which it will be full again. `redis/ask.lua` follows the same rule.

use model::Quota;

use crate::Standing;

const SECOND: u64 = 1_000_000_000;

/// A quota in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    /// What one costs.
    one: u64,
    /// What all cost together.
    all: u64,
}

/// What a rule says of one more.
pub(crate) struct Decided {
    pub(crate) standing: Standing,
    /// When the bucket is full again, if one is taken; the same as before when none may be.
    pub(crate) full_at: u64,
}

impl Rule {
    pub(crate) fn new(quota: Quota) -> Self {
        let one = (u64::from(quota.seconds()) * SECOND / u64::from(quota.count())).max(1);
        Self { one, all: one * u64::from(quota.count()) }
    }

    /// What one costs.
    pub(crate) const fn one(self) -> u64 {
        self.one
    }

    /// Decides on one more of a bucket that is full at `full_at`; takes it when `take`.
    pub(crate) fn decide(self, full_at: u64, now: u64, take: bool) -> Decided {
        let full_at = full_at.max(now);
        let after = full_at + self.one;
        let allowed_at = after.saturating_sub(self.all);
        if now < allowed_at {
            return Decided { standing: self.standing(full_at, now, Some(allowed_at - now)), full_at };
        }
        let full_at = if take { after } else { full_at };
        Decided { standing: self.standing(full_at, now, None), full_at }
    }

    fn standing(self, full_at: u64, now: u64, wait: Option<u64>) -> Standing {
        let missing = full_at - now;
        let left = self.all.saturating_sub(missing) / self.one;
        Standing {
            left: u32::try_from(left).unwrap_or(u32::MAX),
            full_after: seconds(missing),
            retry_after: wait.map(|wait| seconds(wait).max(1)),
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(nanos: u64) -> u32 {
    u32::try_from(nanos.div_ceil(SECOND)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use governor::{RateLimiter, clock::FakeRelativeClock};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decisions_are_those_of_governor(
            count in 1_u32..50, seconds in 1_u32..100,
            steps in prop::collection::vec(0_u64..20_000, 1..200),
        ) {
            let quota = Quota::new(count, seconds).unwrap();
            let rule = Rule::new(quota);
            let theirs = governor::Quota::with_period(Duration::from_nanos(rule.one())).unwrap()
                .allow_burst(NonZeroU32::new(count).unwrap());
            let clock = FakeRelativeClock::default();
            let limiter = RateLimiter::direct_with_clock(theirs, clock.clone());
            let (mut now, mut full_at) = (0, 0);
            for millis in steps {
                now += millis * 1_000_000;
                clock.advance(Duration::from_millis(millis));
                let decided = rule.decide(full_at, now, true);
                full_at = decided.full_at;
                prop_assert_eq!(decided.standing.retry_after.is_none(), limiter.check().is_ok());
            }
        }

        #[test]
        fn waiting_as_long_as_told_suffices_and_a_second_less_does_not(
            count in 1_u32..50, seconds in 1_u32..1_000, gaps in prop::collection::vec(0_u64..3_000, 0..100),
        ) {
            let rule = Rule::new(Quota::new(count, seconds).unwrap());
            let (mut now, mut full_at) = (7, 0);
            for millis in gaps {
                now += millis * 1_000_000;
                full_at = rule.decide(full_at, now, true).full_at;
            }
            let mut refused = None;
            for _ in 0..=count {
                let decided = rule.decide(full_at, now, true);
                full_at = decided.full_at;
                refused = decided.standing.retry_after;
                prop_assert!(u64::from(decided.standing.full_after) <= u64::from(seconds) + 1);
            }
            let wait = u64::from(refused.unwrap());
            prop_assert!(rule.decide(full_at, now + wait * SECOND, true).standing.retry_after.is_none());
            if wait > 1 {
                prop_assert!(rule.decide(full_at, now + (wait - 1) * SECOND - 1, true).standing.retry_after.is_some());
            }
            let full = now + u64::from(rule.decide(full_at, now, false).standing.full_after) * SECOND;
            prop_assert_eq!(rule.decide(full_at, full, false).standing.left, count);
        }
    }
}
