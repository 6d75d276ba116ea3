//! Cron expressions: the one place that knows the library behind them.
//!
//! At a clock change, an entry with a fixed time of day (no `*` and no step in minute and hour) runs once: in a skipped
//! hour at the first instant after it, in a doubled hour at its first passing. An entry with `*` or a step counts
//! intervals: nothing happens in a skipped hour, and a doubled one is a whole hour more.

use std::fmt;

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use scan_contract::Instant;

/// An expression that names at least one instant.
#[derive(Clone, PartialEq, Eq)]
pub struct CronExpression {
    text: String,
    parsed: Cron,
}

impl fmt::Debug for CronExpression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("CronExpression").field(&self.text).finish()
    }
}

impl fmt::Display for CronExpression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl CronExpression {
    /// Reads an expression of five or six fields.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let parsed = parser.parse(text).map_err(|error| error.to_string())?;
        let expression = Self { text: text.to_owned(), parsed };
        // A leap day comes at least every eight years; what does not come by then never does.
        let from = DateTime::UNIX_EPOCH;
        match expression.next_after(from, Tz::UTC) {
            Some(next) if next < from + TimeDelta::days(366 * 9) => Ok(expression),
            Some(_) | None => Err(String::from("it never comes: there is no such day")),
        }
    }

    /// The first instant later than `after`; `None` where the calendar of the library ends.
    pub fn next_after(&self, after: Instant, zone: Tz) -> Option<Instant> {
        let local = after.with_timezone(&zone);
        let next = self.parsed.find_next_occurrence(&local, false);
        match next {
            Ok(next) if next.to_utc() > after => Some(next.to_utc()),
            // The library looks at whole seconds: between two of them it may answer with the one that has begun.
            Ok(next) => match self.parsed.find_next_occurrence(&(next + TimeDelta::seconds(1)), true) {
                Ok(later) if later.to_utc() > after => Some(later.to_utc()),
                Ok(_) | Err(_) => None,
            },
            Err(_) => None,
        }
    }

    /// The last instant at or before `before`; `None` where there is none.
    pub fn last_until(&self, before: Instant, zone: Tz) -> Option<Instant> {
        match self.parsed.find_previous_occurrence(&before.with_timezone(&zone), true) {
            Ok(last) => Some(last.to_utc()).filter(|last| *last <= before),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
        let expression = CronExpression::parse(text).unwrap_or_else(|says| panic!("{text}: {says}"));
        let mut at: Instant = from.parse().expect("an instant");
        (0..count)
            .map(|_| {
                at = expression.next_after(at, zone).expect("a next time");
                at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
            })
            .collect()
    }

    #[test]
    fn five_and_six_fields_names_last_and_nth_are_understood() {
        let from = "2026-11-27T12:00:00Z";
        assert_eq!(times("30 2 * * *", Tz::UTC, from, 1), ["2026-11-28T02:30:00Z"]);
        assert_eq!(times("15 30 2 * * *", Tz::UTC, from, 1), ["2026-11-28T02:30:15Z"]);
        assert_eq!(times("0 6 * * MON-FRI", Tz::UTC, from, 1), ["2026-11-30T06:00:00Z"]);
        assert_eq!(times("0 6 L * *", Tz::UTC, from, 2), ["2026-11-30T06:00:00Z", "2026-12-31T06:00:00Z"]);
        assert_eq!(times("0 6 * * TUE#1", Tz::UTC, from, 1), ["2026-12-01T06:00:00Z"]);
        assert_eq!(times("@daily", Tz::UTC, from, 1), ["2026-11-28T00:00:00Z"]);
        assert_eq!(times("0 0 29 2 *", Tz::UTC, from, 1), ["2028-02-29T00:00:00Z"]);
    }

    #[test]
    fn what_is_no_expression_or_never_comes_is_refused() {
        for text in ["", "30 2 * *", "61 2 * * *", "30 2 * * * * 2027", "0 0 30 2 *", "30 2 * * FOO"] {
            assert!(CronExpression::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fixed_time_in_a_skipped_hour_comes_once_right_after_it() {
        let from = "2026-03-28T12:00:00Z";
        // Berlin goes from 02:00 to 03:00 on 29 March 2026, which is 01:00Z.
        let expected = ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
        assert_eq!(times("30 2 * * *", Tz::Europe__Berlin, from, 2), expected);
    }

    #[test]
    fn a_fixed_time_in_a_doubled_hour_comes_once_at_its_first_passing() {
        let from = "2026-10-24T12:00:00Z";
        // Berlin passes 02:30 twice on 25 October 2026: 00:30Z and 01:30Z.
        let expected = ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        assert_eq!(times("30 2 * * *", Tz::Europe__Berlin, from, 2), expected);
    }

    #[test]
    fn intervals_go_on_evenly_through_both_changes() {
        let spring = times("0 * * * *", Tz::Europe__Berlin, "2026-03-29T00:00:00Z", 3);
        assert_eq!(spring, ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29T03:00:00Z"]);
        let autumn = times("0 * * * *", Tz::Europe__Berlin, "2026-10-24T23:30:00Z", 4);
        let expected = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"];
        assert_eq!(autumn, expected);
    }

    #[test]
    fn between_two_seconds_the_one_that_has_begun_is_not_the_next() {
        let expression = CronExpression::parse("* * * * * *").unwrap();
        let at: Instant = "2026-11-27T12:00:00.700Z".parse().unwrap();
        assert_eq!(expression.next_after(at, Tz::UTC).unwrap().to_rfc3339(), "2026-11-27T12:00:01+00:00");
        let daily = CronExpression::parse("30 2 * * *").unwrap();
        let just_after: Instant = "2026-11-27T02:30:00.400Z".parse().unwrap();
        assert_eq!(daily.next_after(just_after, Tz::UTC).unwrap().to_rfc3339(), "2026-11-28T02:30:00+00:00");
    }

    #[test]
    fn the_last_time_before_now_is_found_and_one_after_it_is_not() {
        let daily = CronExpression::parse("30 2 * * *").unwrap();
        let at = |text: &str| text.parse::<Instant>().unwrap();
        let last = daily.last_until(at("2026-11-27T02:30:00Z"), Tz::UTC).unwrap();
        assert_eq!(last, at("2026-11-27T02:30:00Z"));
        assert_eq!(daily.last_until(at("2026-11-27T02:29:59Z"), Tz::UTC).unwrap(), at("2026-11-26T02:30:00Z"));
    }
}
