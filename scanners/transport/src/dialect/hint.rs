//! Wait hints in all their forms (TIM-2). What is missing, malformed, in the past or out of range is no hint.

use std::time::Duration;

use chrono::{DateTime, Utc};
use scan_contract::Instant;

/// Longest wait that is believed. No service locks a reader out for longer and means it.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// What a number in a reset header counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds from the reply on.
    Seconds,
    /// Milliseconds from the reply on.
    Milliseconds,
    /// Seconds since 1970.
    Epoch,
    /// Whatever its size says: seconds below a year, then epoch seconds, then epoch milliseconds.
    BySize,
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date, which is held against `at`, the service's own time.
pub(crate) fn retry_after(text: &str, at: Instant) -> Option<Duration> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return amount(text, Unit::Seconds, at);
    }
    // Some services send fractions of a second.
    if let Some((whole, rest)) = text.split_once('.')
        && [whole, rest].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return believable(Duration::from_secs(whole.parse::<u64>().ok()?.checked_add(1)?));
    }
    let until: DateTime<Utc> = http_date(text)?;
    believable((until - at).to_std().ok()?)
}

/// A number as a wait, reckoned by the service's clock.
pub(crate) fn amount(text: &str, unit: Unit, at: Instant) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = text.parse().ok()?;
    let since = |milliseconds: u64| {
        let at = u64::try_from(at.timestamp_millis()).ok()?;
        milliseconds.checked_sub(at).map(Duration::from_millis)
    };
    let wait = match unit {
        Unit::Seconds => Duration::from_secs(number),
        Unit::Milliseconds => Duration::from_millis(number),
        Unit::Epoch => since(number.checked_mul(1000)?)?,
        Unit::BySize => match number {
            0..31_536_000 => Duration::from_secs(number),
            31_536_000..100_000_000_000 => since(number.checked_mul(1000)?)?,
            _ => since(number)?,
        },
    };
    believable(wait)
}

fn believable(wait: Duration) -> Option<Duration> {
    (!wait.is_zero() && wait <= LONGEST).then_some(wait)
}

/// The end of a window: a number, or an HTTP date (go-limiter, which several services are built on).
pub(crate) fn reset(text: &str, unit: Unit, at: Instant) -> Option<Duration> {
    amount(text, unit, at).or_else(|| believable((http_date(text)? - at).to_std().ok()?))
}

/// An HTTP date in any of its three forms. Go programs write `UTC` where `GMT` is meant.
pub(crate) fn http_date(text: &str) -> Option<Instant> {
    let text = text.trim();
    let gmt = text.strip_suffix("UTC").map(|start| format!("{start}GMT"));
    httpdate::parse_http_date(gmt.as_deref().unwrap_or(text)).ok().map(DateTime::<Utc>::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at() -> Instant {
        DateTime::parse_from_rfc3339("2026-07-31T12:00:00Z").unwrap().to_utc()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the functions under test give it")]
    fn seconds(count: u64) -> Option<Duration> {
        Some(Duration::from_secs(count))
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(retry_after("7", at()), seconds(7));
        assert_eq!(retry_after(" 7 ", at()), seconds(7));
        assert_eq!(retry_after("1.2", at()), seconds(2));
        assert_eq!(retry_after("Fri, 31 Jul 2026 12:01:00 GMT", at()), seconds(60));
        assert_eq!(retry_after("Friday, 31-Jul-26 12:01:00 GMT", at()), seconds(60));
        assert_eq!(retry_after("86400", at()), seconds(86_400));
    }

    #[test]
    fn what_makes_no_sense_is_no_hint() {
        for text in [
            "",
            "0",
            "-5",
            "soon",
            "1.",
            ".5",
            "99999999999999999999",
            "604801",
            "Fri, 31 Jul 2026 11:59:00 GMT",
            "0x10",
            "+3",
        ] {
            assert_eq!(retry_after(text, at()), None, "{text}");
        }
    }

    #[test]
    fn units_are_told_apart() {
        let now = at().timestamp();
        assert_eq!(amount("30", Unit::Seconds, at()), seconds(30));
        assert_eq!(amount("1500", Unit::Milliseconds, at()), Some(Duration::from_millis(1500)));
        assert_eq!(amount(&(now + 90).to_string(), Unit::Epoch, at()), seconds(90));
        assert_eq!(amount(&(now - 90).to_string(), Unit::Epoch, at()), None);
        assert_eq!(amount("30", Unit::BySize, at()), seconds(30));
        assert_eq!(amount(&(now + 90).to_string(), Unit::BySize, at()), seconds(90));
        assert_eq!(amount(&((now + 90) * 1000).to_string(), Unit::BySize, at()), seconds(90));
    }

    #[test]
    fn the_end_of_a_window_may_be_a_date() {
        assert_eq!(reset("Fri, 31 Jul 2026 12:00:30 UTC", Unit::BySize, at()), seconds(30));
        assert_eq!(reset("30", Unit::BySize, at()), seconds(30));
        assert_eq!(reset("Fri, 31 Jul 2026 11:00:30 UTC", Unit::BySize, at()), None);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_wait_is_zero_or_endless(text in "\\PC{0,30}", number in any::<u64>()) {
            for wait in [
                retry_after(&text, at()),
                retry_after(&number.to_string(), at()),
                amount(&text, Unit::BySize, at()),
                amount(&number.to_string(), Unit::Epoch, at()),
                amount(&number.to_string(), Unit::BySize, at()),
            ].into_iter().flatten() {
                prop_assert!(!wait.is_zero() && wait <= LONGEST);
            }
        }
    }
}
