//! Three answers for everything a system may withhold, and times that carry their precision.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A point in time, in UTC.
pub type Instant = DateTime<Utc>;

/// Years that RFC 3339 can write (section 5.6). A scanner refuses a time from outside them: nothing that stores or
/// prints it could be read again.
pub const YEARS: RangeInclusive<i32> = 0..=9999;

/// Last second of those years, as seconds since 1970.
const LAST_SECOND: i64 = 253_402_300_799;

/// Whether an instant lies in [`YEARS`].
pub fn is_in_calendar(at: Instant) -> bool {
    YEARS.contains(&at.year())
}

/// What a system says about one time or status.
///
/// "Not known" is never read as "no": whoever matches on a `Fact` has to say what becomes of `Hidden`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// The system gave a value.
    Known(T),
    /// The system says that there is none: never used, never expires.
    None,
    /// The system did not say; the text says why, in words for people.
    Hidden(String),
}

impl<T> Fact<T> {
    /// Hidden because the source has no such field.
    pub fn not_given() -> Self {
        Self::Hidden(String::from("the source does not say"))
    }

    /// The value, where there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::None | Self::Hidden(_) => None,
        }
    }

    /// Whether the system withheld the answer.
    pub fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden(_))
    }
}

/// A time as a source gives it: the true instant lies in `[at, at + precision)`, or is exactly `at`
/// where the precision is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment {
    /// Earliest instant it can be.
    pub at: Instant,
    /// Width of the uncertainty in seconds; zero means exact.
    pub precision_seconds: u32,
}

impl Moment {
    /// An exact instant.
    pub fn exact(at: Instant) -> Self {
        Self { at, precision_seconds: 0 }
    }

    /// Somewhere in `[at, at + precision_seconds)`.
    pub fn within(at: Instant, precision_seconds: u32) -> Self {
        Self { at, precision_seconds }
    }

    /// A civil date without zone: some time that day, UTC, so `[00:00Z, +24 h)`.
    pub fn day(date: NaiveDate) -> Self {
        let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
        Self { at: midnight, precision_seconds: 86_400 }
    }

    /// First instant at which it has certainly happened. It never leaves [`YEARS`]: where the sum would, it is the last
    /// second of them, or the last instant there is where the time itself lies outside.
    pub fn settled_at(&self) -> Instant {
        let width = TimeDelta::seconds(i64::from(self.precision_seconds));
        let settled = self.at.checked_add_signed(width).unwrap_or(Instant::MAX_UTC);
        if is_in_calendar(settled) || !is_in_calendar(self.at) {
            return settled;
        }
        Instant::from_timestamp(LAST_SECOND, 0).unwrap_or(settled).max(self.at)
    }

    /// Whether it certainly lies at or after `instant`.
    pub fn certainly_at_or_after(&self, instant: Instant) -> bool {
        self.at >= instant
    }

    /// Whether it certainly lies before `instant`.
    pub fn certainly_before(&self, instant: Instant) -> bool {
        if self.precision_seconds == 0 { self.at < instant } else { self.settled_at() <= instant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Instant {
        text.parse().expect("a test writes valid instants")
    }

    #[test]
    fn a_day_is_neither_before_nor_after_an_instant_inside_it() {
        let day = Moment::day(NaiveDate::from_ymd_opt(2026, 7, 30).expect("a real date"));
        let noon = instant("2026-07-30T12:00:00Z");
        assert!(!day.certainly_before(noon) && !day.certainly_at_or_after(noon));
        assert!(day.certainly_before(instant("2026-07-31T00:00:00Z")));
        assert!(day.certainly_at_or_after(instant("2026-07-30T00:00:00Z")));
    }

    #[test]
    fn an_exact_instant_equal_to_the_end_is_after_it() {
        let end = instant("2026-07-30T12:00:00Z");
        assert!(Moment::exact(end).certainly_at_or_after(end));
        assert!(!Moment::exact(end).certainly_before(end));
    }

    #[test]
    fn a_moment_at_the_edge_of_the_calendar_settles_there() {
        for at in [Instant::MAX_UTC, instant("9999-12-31T23:59:00Z")] {
            let moment = Moment::within(at, u32::MAX);
            assert!(moment.settled_at() >= at);
            assert!(!moment.certainly_before(instant("2026-07-31T00:00:00Z")));
        }
        let never = Moment::day(NaiveDate::from_ymd_opt(9999, 12, 31).expect("a real date"));
        assert!(is_in_calendar(never.settled_at()), "what was written inside the calendar stays inside it");
        let before = Moment::day(NaiveDate::from_ymd_opt(9999, 12, 30).expect("a real date"));
        assert_eq!(before.settled_at(), instant("9999-12-31T00:00:00Z"));
    }
}
