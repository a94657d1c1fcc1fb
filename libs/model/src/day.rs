//! Days: UTC, between 1970 and 9999.

use std::{fmt, str::FromStr};

use crate::{text::Invalid, timestamp::Timestamp};

/// A day in UTC, between 1970-01-01 and 9999-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

const SECONDS: i64 = 86_400;

impl Day {
    /// 9999-12-31.
    pub const MAX: Self = Self(2_932_896);

    /// From the number of days since 1970-01-01; `None` outside the years 1970 to 9999.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        (0..=Self::MAX.0).contains(&number).then_some(Self(number))
    }

    /// The number of days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The day that an instant is in.
    #[must_use]
    pub const fn of(instant: Timestamp) -> Self {
        Self(instant.unix_seconds().div_euclid(SECONDS))
    }

    /// Later (or, when negative, earlier) by so many days, saturating.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days).clamp(0, Self::MAX.0))
    }
}

impl FromStr for Day {
    type Err = Invalid;

    /// Reads a full-date of RFC 3339, as `2026-03-01`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid::new("a day between the years 1970 and 9999, as 2026-03-01");
        if text.len() != 10 {
            return Err(RULE);
        }
        Timestamp::parse(&format!("{text}T00:00:00Z")).map(Self::of).map_err(|_| RULE)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = Timestamp::MIN.plus_seconds(self.0.saturating_mul(SECONDS)).date_time().date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Day({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_24_hours_in_utc() {
        let day: Day = "2026-03-01".parse().unwrap();
        for (instant, expected) in [
            ("2026-02-28T23:59:59.999999Z", day.plus_days(-1)),
            ("2026-03-01T00:00:00Z", day),
            ("2026-03-01T23:59:59.999999Z", day),
            ("2026-03-02T00:30:00+01:00", day),
            ("2026-03-02T00:00:00Z", day.plus_days(1)),
        ] {
            assert_eq!(Day::of(Timestamp::parse(instant).unwrap()), expected, "{instant}");
        }
        assert_eq!(day.to_string(), "2026-03-01");
        assert_eq!(Day::from_number(day.number()), Some(day));
        assert_eq!(Day::of(Timestamp::MAX), Day::MAX);
        assert_eq!((Day::MAX.plus_days(1), Day::MAX.to_string()), (Day::MAX, "9999-12-31".to_owned()));
        assert_eq!(day.plus_days(-100_000).to_string(), "1970-01-01");
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["", "2026-3-1", "2026-02-30", "1969-12-31", "10000-01-01", "2026-03-01T", " 2026-03-01"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
        assert_eq!(Day::from_number(-1), None);
        assert_eq!(Day::from_number(Day::MAX.number() + 1), None);
    }
}
