//! The times of a lease: when it ends, when the app should come back, how long it is tolerated.

use crate::{policy::PolicyRules, timestamp::Timestamp};

/// The times of a lease, in whole seconds since the Unix epoch (RFC 7519 section 2).
///
/// `issued_at ≤ refresh_at ≤ expires_at ≤ grace_until`, and `expires_at` is never later than the license's own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTimes {
    /// `iat` and `nbf`.
    pub issued_at: i64,
    /// `refresh_at`.
    pub refresh_at: i64,
    /// `exp`.
    pub expires_at: i64,
    /// `grace_until`.
    pub grace_until: i64,
}

impl LeaseTimes {
    /// The times of a lease signed at `now` for a license that ends at `license_end`.
    ///
    /// `jitter` is a uniformly random number that spreads `refresh_at` by ± 10 %, so that a fleet which was
    /// activated at once does not return at once.
    #[must_use]
    pub fn new(rules: &PolicyRules, license_end: Option<Timestamp>, now: Timestamp, jitter: u32) -> Self {
        let issued_at = now.unix_seconds();
        let mut expires_at = issued_at + i64::from(rules.lease_seconds);
        if let Some(end) = license_end {
            expires_at = expires_at.min(end.unix_seconds()).max(issued_at);
        }
        let refresh = i64::from(rules.refresh_seconds);
        let spread = refresh / 10;
        let shift = i64::from(jitter) * (2 * spread + 1) / (i64::from(u32::MAX) + 1) - spread;
        Self {
            issued_at,
            refresh_at: (issued_at + refresh + shift).min(expires_at),
            expires_at,
            grace_until: expires_at + i64::from(rules.grace_seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_are_ordered_and_never_outlive_the_license(
            lease in 60u32..400_000_000, refresh_part in 1u32..=100, grace in 0u32..31_000_000, jitter: u32,
            now in 0i64..4_000_000_000_000_000, left in proptest::option::of(1i64..900_000_000_000_000),
        ) {
            let rules = PolicyRules {
                lease_seconds: lease,
                refresh_seconds: (lease / 100 * refresh_part).max(1),
                grace_seconds: grace,
                ..PolicyRules::default()
            };
            let now = Timestamp::from_unix_micros(now).unwrap();
            let end = left.map(|left| Timestamp::from_unix_micros(now.unix_micros() + left).unwrap());
            let times = LeaseTimes::new(&rules, end, now, jitter);
            prop_assert_eq!(times.issued_at, now.unix_seconds());
            prop_assert!(times.issued_at <= times.refresh_at && times.refresh_at <= times.expires_at);
            prop_assert_eq!(times.grace_until - times.expires_at, i64::from(grace));
            if let Some(end) = end {
                prop_assert!(times.expires_at <= end.unix_seconds());
            }
            let ideal = times.issued_at + i64::from(rules.refresh_seconds);
            prop_assert!(times.refresh_at <= ideal + i64::from(rules.refresh_seconds) / 10);
            prop_assert!(times.refresh_at == times.expires_at || times.refresh_at >= ideal - i64::from(rules.refresh_seconds) / 10);
        }
    }

    #[test]
    fn nothing_overflows() {
        let rules = PolicyRules {
            lease_seconds: u32::MAX,
            refresh_seconds: u32::MAX,
            grace_seconds: u32::MAX,
            ..PolicyRules::default()
        };
        for jitter in [0, u32::MAX] {
            let times = LeaseTimes::new(&rules, None, Timestamp::MAX, jitter);
            assert_eq!(times.expires_at, times.issued_at + i64::from(u32::MAX));
            assert_eq!(times.grace_until, times.expires_at + i64::from(u32::MAX));
            assert!(times.issued_at < times.refresh_at && times.refresh_at <= times.expires_at);
        }
    }

    #[test]
    fn a_license_that_ends_within_this_second_has_a_lease_that_ends_at_once() {
        let at = |micros| Timestamp::from_unix_micros(micros).unwrap();
        let times = LeaseTimes::new(&PolicyRules::default(), Some(at(5_900_000)), at(5_200_000), 0);
        assert_eq!((times.issued_at, times.refresh_at, times.expires_at), (5, 5, 5));
    }

    #[test]
    fn jitter_reaches_both_ends() {
        let rules = PolicyRules { refresh_seconds: 1_000, ..PolicyRules::default() };
        let at = |jitter| LeaseTimes::new(&rules, None, Timestamp::MIN, jitter).refresh_at;
        assert_eq!((at(0), at(u32::MAX / 2), at(u32::MAX)), (900, 1_000, 1_100));
    }
}
