//! Limits that may be absent.

use std::fmt;

/// How many of something are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Limit {
    /// Any number.
    Unlimited,
    /// This many and no more.
    AtMost(u32),
}

impl Limit {
    /// Whether one more is allowed where `used` are in use.
    #[must_use]
    pub const fn allows_another(self, used: u32) -> bool {
        match self {
            Self::Unlimited => true,
            Self::AtMost(most) => used < most,
        }
    }

    /// The number, `None` when unlimited.
    #[must_use]
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::Unlimited => None,
            Self::AtMost(most) => Some(most),
        }
    }

    /// How many are left where `used` are in use, `None` when unlimited.
    #[must_use]
    pub const fn remaining(self, used: u32) -> Option<u32> {
        match self {
            Self::Unlimited => None,
            Self::AtMost(most) => Some(most.saturating_sub(used)),
        }
    }

    /// Enlarged by a percentage of itself, rounded down.
    #[must_use]
    pub fn with_overage(self, percent: u16) -> Self {
        match self {
            Self::Unlimited => Self::Unlimited,
            Self::AtMost(most) => {
                let extra = u64::from(most) * u64::from(percent) / 100;
                Self::AtMost(u32::try_from(u64::from(most) + extra).unwrap_or(u32::MAX))
            }
        }
    }
}

impl From<Option<u32>> for Limit {
    fn from(number: Option<u32>) -> Self {
        number.map_or(Self::Unlimited, Self::AtMost)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::AtMost(most) => most.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overage_rounds_down_and_never_overflows() {
        assert_eq!(Limit::AtMost(3).with_overage(10), Limit::AtMost(3));
        assert_eq!(Limit::AtMost(10).with_overage(10), Limit::AtMost(11));
        assert_eq!(Limit::AtMost(10).with_overage(0), Limit::AtMost(10));
        assert_eq!(Limit::AtMost(u32::MAX).with_overage(u16::MAX), Limit::AtMost(u32::MAX));
        assert_eq!(Limit::Unlimited.with_overage(50), Limit::Unlimited);
    }

    #[test]
    fn zero_allows_none() {
        assert!(!Limit::AtMost(0).allows_another(0));
        assert!(Limit::Unlimited.allows_another(u32::MAX));
        assert_eq!(Limit::AtMost(2).remaining(5), Some(0));
    }

    #[test]
    fn the_last_one_is_allowed_and_no_more() {
        let limit = Limit::AtMost(2);
        assert_eq!([0, 1, 2, 3].map(|used| limit.allows_another(used)), [true, true, false, false]);
        assert_eq!([0, 1, 2, 3].map(|used| limit.remaining(used)), [Some(2), Some(1), Some(0), Some(0)]);
        assert!(!Limit::AtMost(u32::MAX).allows_another(u32::MAX));
        assert_eq!(Limit::Unlimited.remaining(7), None);
    }

    #[test]
    fn a_limit_is_an_optional_number() {
        for number in [None, Some(0), Some(u32::MAX)] {
            assert_eq!(Limit::from(number).number(), number);
        }
        assert_eq!([Limit::Unlimited, Limit::AtMost(3)].map(|limit| limit.to_string()), ["unlimited", "3"]);
    }
}
