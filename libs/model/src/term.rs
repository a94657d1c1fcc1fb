//! How long a license runs: ISO 8601 durations, with calendar arithmetic.

use std::{fmt, str::FromStr};

use time::{Date, Duration, Month, PrimitiveDateTime};

use crate::{text::Invalid, timestamp::Timestamp};

/// A positive ISO 8601 duration such as `P1Y`, `P30D` or `PT12H`: whole months, days and seconds that are
/// added one after the other on the calendar, so that a year is a year whether or not it is a leap year.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Term {
    months: u32,
    days: u32,
    seconds: u32,
}

const RULE: Invalid = Invalid::new(
    "a positive ISO 8601 duration of whole years, months, weeks, days, hours, minutes and seconds, at most 1000 years, such as P1Y or P30D",
);
// The most of each part by itself. Seconds end sooner, at some 136 years.
const MOST_MONTHS: u32 = 12_000;
const MOST_DAYS: u32 = 366_000;
const MOST_SECONDS: u32 = u32::MAX;

impl Term {
    /// The instant at which a term that begins at `start` is over.
    ///
    /// Months first: the 31st of January plus `P1M` is the last day of February. Then days, then seconds.
    /// Saturates at [`Timestamp::MAX`].
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        let begin = start.date_time();
        let Some(date) = add_months(begin.date(), self.months) else {
            return Timestamp::MAX;
        };
        PrimitiveDateTime::new(date, begin.time())
            .checked_add(Duration::days(i64::from(self.days)))
            .and_then(|end| end.checked_add(Duration::seconds(i64::from(self.seconds))))
            .map_or(Timestamp::MAX, |end| Timestamp::saturating_from(end.assume_utc()))
    }
}

fn add_months(date: Date, months: u32) -> Option<Date> {
    let index = u32::try_from(date.year()).ok()? * 12 + u32::from(u8::from(date.month())) - 1 + months;
    let year = i32::try_from(index / 12).ok()?;
    let month = Month::try_from(u8::try_from(index % 12 + 1).ok()?).ok()?;
    Date::from_calendar_date(year, month, date.day().min(month.length(year))).ok()
}

impl FromStr for Term {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let rest = text.strip_prefix('P').ok_or(RULE)?;
        let (dates, times) = match rest.split_once('T') {
            Some((_, "")) => return Err(RULE),
            Some((dates, times)) => (dates, times),
            None => (rest, ""),
        };
        let [years, months, weeks, days] = numbers(dates, ['Y', 'M', 'W', 'D'])?;
        let [hours, minutes, seconds] = numbers(times, ['H', 'M', 'S'])?;
        let sum = |parts: &[(u64, u64)], most: u32| {
            let total: u64 = parts.iter().map(|(n, unit)| n * unit).sum();
            u32::try_from(total).ok().filter(|total| *total <= most).ok_or(RULE)
        };
        let term = Self {
            months: sum(&[(years, 12), (months, 1)], MOST_MONTHS)?,
            days: sum(&[(weeks, 7), (days, 1)], MOST_DAYS)?,
            seconds: sum(&[(hours, 3600), (minutes, 60), (seconds, 1)], MOST_SECONDS)?,
        };
        if (term.months, term.days, term.seconds) == (0, 0, 0) { Err(RULE) } else { Ok(term) }
    }
}

/// Reads `<number><unit>` pairs whose units stand in the given order, each at most once.
fn numbers<const N: usize>(mut text: &str, units: [char; N]) -> Result<[u64; N], Invalid> {
    let mut values = [0; N];
    for (unit, value) in units.into_iter().zip(&mut values) {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let Some((number, rest)) = text.split_at_checked(digits) else {
            return Err(RULE);
        };
        if let Some(rest) = rest.strip_prefix(unit) {
            if !(1..=10).contains(&digits) {
                return Err(RULE);
            }
            *value = number.parse().map_err(|_| RULE)?;
            text = rest;
        }
    }
    if text.is_empty() { Ok(values) } else { Err(RULE) }
}

impl fmt::Display for Term {
    /// The normal form: years, months, days, hours, minutes, seconds, without those that are zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, seconds) = (self.seconds / 60, self.seconds % 60);
        f.write_str("P")?;
        for (n, unit) in [(self.months / 12, 'Y'), (self.months % 12, 'M'), (self.days, 'D')] {
            if n > 0 {
                write!(f, "{n}{unit}")?;
            }
        }
        if self.seconds > 0 {
            f.write_str("T")?;
        }
        for (n, unit) in [(minutes / 60, 'H'), (minutes % 60, 'M'), (seconds, 'S')] {
            if n > 0 {
                write!(f, "{n}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(start: &str, term: &str) -> String {
        term.parse::<Term>().unwrap().after(Timestamp::parse(start).unwrap()).to_string()
    }

    #[test]
    fn calendar_arithmetic() {
        for (start, term, end) in [
            ("2026-03-01T12:00:00Z", "P1Y", "2027-03-01T12:00:00Z"),
            ("2024-02-29T00:00:00Z", "P1Y", "2025-02-28T00:00:00Z"),
            ("2024-02-29T00:00:00Z", "P4Y", "2028-02-29T00:00:00Z"),
            ("2026-01-31T23:59:59Z", "P1M", "2026-02-28T23:59:59Z"),
            ("2024-01-31T23:59:59Z", "P1M", "2024-02-29T23:59:59Z"),
            ("2026-01-31T00:00:00Z", "P1M1D", "2026-03-01T00:00:00Z"),
            ("2026-12-15T00:00:00Z", "P1M", "2027-01-15T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "P30D", "2026-01-31T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "P2W", "2026-01-15T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "P1DT12H30M5S", "2026-01-02T12:30:05Z"),
            ("2026-01-01T00:00:00.000001Z", "PT1S", "2026-01-01T00:00:01.000001Z"),
            ("9999-06-01T00:00:00Z", "P1Y", "9999-12-31T23:59:59.999999Z"),
            ("2026-01-01T00:00:00Z", "P1000Y", "3026-01-01T00:00:00Z"),
        ] {
            assert_eq!(after(start, term), end, "{start} + {term}");
        }
    }

    #[test]
    fn the_longest_terms_saturate() {
        for longest in ["P1000Y", "P366000D", "PT4294967295S", "P12000M366000DT4294967295S"] {
            let term: Term = longest.parse().unwrap();
            assert_eq!(term.to_string().parse::<Term>(), Ok(term));
            assert_eq!(term.after(Timestamp::MAX), Timestamp::MAX, "{longest}");
            assert!(term.after(Timestamp::MIN) < Timestamp::MAX, "{longest}");
        }
        let last_year = "9999-01-01T00:00:00Z";
        for term in ["P12M", "P366D", "PT8760H", "P1000Y"] {
            assert_eq!(after(last_year, term), Timestamp::MAX.to_string(), "{term}");
        }
        assert_eq!(after(last_year, "PT8759H59M59S"), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn each_part_has_its_bound() {
        for good in ["P12000M", "P999Y12M", "P52285W5D", "PT1193046H28M15S", "P0Y1D", "P0000000001Y"] {
            assert!(good.parse::<Term>().is_ok(), "{good}");
        }
        for bad in [
            "P12001M",
            "P1000Y1M",
            "P366001D",
            "P52285W6D",
            "PT4294967296S",
            "PT1193046H28M16S",
            "P9999999999Y",
            "P9999999999M",
            "P9999999999W9999999999D",
            "PT9999999999H9999999999M9999999999S",
            "P18446744073709551617Y",
            "P00000000001Y",
            "P0Y0M0W0DT0H0M0S",
        ] {
            assert!(bad.parse::<Term>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_normal_form() {
        for (text, normal) in [
            ("P24M", "P2Y"),
            ("P1W", "P7D"),
            ("PT86400S", "PT24H"),
            ("P1Y14M", "P2Y2M"),
            ("PT90M", "PT1H30M"),
            ("P0Y1M0DT0S", "P1M"),
            ("P1M1DT1S", "P1M1DT1S"),
        ] {
            assert_eq!(text.parse::<Term>().unwrap().to_string(), normal);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P0D",
            "P1",
            "1Y",
            "P1Y ",
            " P1Y",
            "P-1Y",
            "P+1Y",
            "P1.5Y",
            "P1H",
            "PT1D",
            "P1D1Y",
            "P1YT",
            "P1001Y",
            "P99999999999D",
            "PY",
            "P1Y1Y",
            "p1y",
            "P1Ü",
            "P١Y",
        ] {
            assert!(text.parse::<Term>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(years in 0u32..500, months in 0u32..100, days in 0u32..4000, seconds in 0u32..10_000_000) {
            prop_assume!(years + months + days + seconds > 0);
            let term: Term = format!("P{years}Y{months}M{days}DT{seconds}S").parse().unwrap();
            prop_assert_eq!(term.to_string().parse::<Term>().unwrap(), term);
        }

        #[test]
        fn a_term_ends_after_it_begins_and_never_runs_backwards(
            start in 0i64..4_000_000_000, later in 0i64..1_000_000_000, months in 0u32..50, days in 0u32..50, seconds in 0u32..100,
        ) {
            prop_assume!(months + days + seconds > 0);
            let term = Term { months, days, seconds };
            let first = Timestamp::from_unix_seconds(start).unwrap();
            let second = first.plus_seconds(later);
            prop_assert!(term.after(first) > first);
            // Clamping to the end of a month may join two days, and may pull times within it out of order
            // by less than the days that were clamped away (at most three).
            prop_assert!(term.after(second).plus_seconds(3 * 86_400) >= term.after(first));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = text.parse::<Term>();
        }
    }
}
