//! Instants: UTC, to the microsecond, between 1970 and 9999.

use std::fmt;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::text::Invalid;

/// An instant in UTC, in whole microseconds since 1970-01-01T00:00:00Z, never outside the years 1970 to 9999.
///
/// Microseconds because that is what PostgreSQL keeps: a value read back equals the value written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MICROS: i64 = 1_000_000;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59.999999Z, also what arithmetic saturates at.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// From microseconds since the Unix epoch; `None` outside the years 1970 to 9999.
    #[must_use]
    pub fn from_unix_micros(micros: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&micros).then_some(Self(micros))
    }

    /// From seconds since the Unix epoch; `None` outside the years 1970 to 9999.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        seconds.checked_mul(MICROS).and_then(Self::from_unix_micros)
    }

    /// From a date and time, cut to the microsecond and saturated at [`Self::MIN`] and [`Self::MAX`].
    #[must_use]
    pub fn saturating_from(instant: OffsetDateTime) -> Self {
        let micros = instant.unix_timestamp_nanos().div_euclid(1_000);
        let bounded = micros.clamp(i128::from(Self::MIN.0), i128::from(Self::MAX.0));
        // Both bounds fit, so the fallback is never taken.
        i64::try_from(bounded).map_or(Self::MAX, Self)
    }

    /// Reads an RFC 3339 date and time with any offset.
    ///
    /// # Errors
    /// When the text is not RFC 3339 or outside the years 1970 to 9999.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid::new("an RFC 3339 date and time between the years 1970 and 9999");
        let instant = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| RULE)?;
        i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000))
            .ok()
            .and_then(Self::from_unix_micros)
            .ok_or(RULE)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: the unit of JWT times (RFC 7519 section 2).
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// Later (or, when negative, earlier) by whole seconds, saturating.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        let micros = self.0.saturating_add(seconds.saturating_mul(MICROS));
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// As a date and time in UTC.
    #[must_use]
    pub fn date_time(self) -> OffsetDateTime {
        // The range of this type lies inside that of OffsetDateTime, so the fallback is never taken.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, as `2026-03-01T12:00:00Z` or with a fraction of up to six digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.date_time().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_are_the_first_and_last_microsecond() {
        assert_eq!(Timestamp::MIN.to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::MAX.plus_seconds(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.plus_seconds(i64::MIN), Timestamp::MIN);
    }

    #[test]
    fn numbers_outside_the_bounds_are_refused() {
        assert_eq!(Timestamp::from_unix_micros(0), Some(Timestamp::MIN));
        let last = Timestamp::MAX.unix_micros();
        assert_eq!(Timestamp::from_unix_micros(last), Some(Timestamp::MAX));
        for micros in [i64::MIN, -1, last + 1, i64::MAX] {
            assert_eq!(Timestamp::from_unix_micros(micros), None, "{micros}");
        }
        assert_eq!(Timestamp::MAX.unix_seconds(), 253_402_300_799);
        assert!(Timestamp::from_unix_seconds(253_402_300_799).is_some());
        for seconds in [i64::MIN, -1, 253_402_300_800, i64::MAX] {
            assert_eq!(Timestamp::from_unix_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn dates_and_times_are_cut_and_saturate_on_their_own_side() {
        use time::{Duration, PrimitiveDateTime};

        let epoch = OffsetDateTime::UNIX_EPOCH;
        for (instant, expected) in [
            (PrimitiveDateTime::MIN.assume_utc(), Timestamp::MIN),
            (epoch - Duration::nanoseconds(1), Timestamp::MIN),
            (epoch + Duration::nanoseconds(999), Timestamp::MIN),
            (epoch + Duration::nanoseconds(1_999), Timestamp(1)),
            (PrimitiveDateTime::MAX.assume_utc(), Timestamp::MAX),
            (Timestamp::MAX.date_time(), Timestamp::MAX),
        ] {
            assert_eq!(Timestamp::saturating_from(instant), expected, "{instant}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let second = Timestamp::from_unix_seconds(1).unwrap();
        assert_eq!(second.plus_seconds(-1), Timestamp::MIN);
        assert_eq!(second.plus_seconds(-2), Timestamp::MIN);
        for (seconds, end) in [(i64::MAX, Timestamp::MAX), (i64::MIN, Timestamp::MIN)] {
            assert_eq!(second.plus_seconds(seconds), end);
            assert_eq!(Timestamp::MAX.plus_seconds(seconds), end);
        }
    }

    #[test]
    fn absurd_texts_are_refused() {
        for text in [
            "",
            "now",
            "2026-02-30T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00Z ",
            "2026-01-01T25:00:00Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        for (text, normal) in [
            ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"),
            ("2026-01-01T00:00:00.1234569Z", "2026-01-01T00:00:00.123456Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
            // A leap second is the last microsecond before it.
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), normal, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(micros in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let instant = Timestamp::from_unix_micros(micros).unwrap();
            prop_assert_eq!(Timestamp::parse(&instant.to_string()).unwrap(), instant);
            prop_assert_eq!(Timestamp::saturating_from(instant.date_time()), instant);
        }
    }
}
