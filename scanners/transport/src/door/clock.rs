//! Two clocks: ours and the service's (TIM-8), and whether a reply belongs to this run (CMP-9).

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use http::HeaderMap;
use scan_contract::{Cause, Instant};

use crate::dialect::hint;

/// Differences up to here are nothing to speak of, in seconds.
const NOTICE: i64 = 60;
/// Beyond this, times cannot be compared at all, in seconds.
const TOO_MUCH: i64 = 300;

#[derive(Debug)]
pub(crate) struct Clock {
    opened: Instant,
    /// Largest difference so far in seconds, ours minus the service's.
    largest: AtomicI64,
}

impl Clock {
    pub(crate) fn new(opened: Instant) -> Self {
        Self { opened, largest: AtomicI64::new(0) }
    }

    /// When the door was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// The time of a reply that came in at `now` by our clock: the service's, where it says it.
    ///
    /// # Errors
    /// `Unreachable`, naming the clock, beyond five minutes of difference; `Stale` for a stored reply that is older than
    /// this run; `Malformed` for one of which nothing tells how old it is.
    pub(crate) fn hear(
        &self,
        headers: &HeaderMap,
        host: &str,
        operation: &str,
        now: Instant,
    ) -> Result<Instant, Cause> {
        let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let date = text("date").and_then(hint::http_date);
        let age = match headers.get("age").map(seconds) {
            Some(Some(age)) => age,
            // No store on the way; or a store whose reply carries the date at which it was made.
            None => 0,
            Some(None) if date.is_some() => 0,
            Some(None) => {
                let what = format!("{operation}: answered from a store on the way, with an age that is no number");
                return Err(Cause::Malformed { what });
            }
        };
        if let Some(made) = now.checked_sub_signed(TimeDelta::seconds(i64::from(age)))
            && made < self.opened - TimeDelta::seconds(TOO_MUCH)
        {
            return Err(Cause::Stale {
                as_of: made.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                age: format!("{age} s ({operation} answered from a store on the way)"),
                allowed: format!("{TOO_MUCH} s before the run began"),
            });
        }
        let Some(date) = date else { return Ok(now) };
        // A reply from a store carries the date at which it was made.
        let ahead = (now - date).num_seconds() - i64::from(age);
        if ahead.abs() > TOO_MUCH {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            return Err(Cause::Unreachable {
                step: format!("check the clock against {host}"),
                detail: format!("our clock is {} s {side} the service's, allowed {TOO_MUCH} s", ahead.abs()),
            });
        }
        self.note(ahead);
        Ok(date)
    }

    fn note(&self, ahead: i64) {
        let larger = |before: i64| (ahead.abs() > before.abs()).then_some(ahead);
        let noted = self.largest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, larger).is_ok();
        if noted && ahead.abs() > NOTICE {
            tracing::warn!(seconds = ahead, "our clock differs from the service's");
        }
    }

    pub(crate) fn skew(&self) -> Option<TimeDelta> {
        let largest = self.largest.load(Ordering::Relaxed);
        (largest.abs() > NOTICE).then(|| TimeDelta::seconds(largest))
    }
}

/// The seconds of an `Age` (RFC 9111, 5.1): more than can be counted is very old, and never new.
fn seconds(value: &http::HeaderValue) -> Option<u32> {
    let text = value.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn now() -> Instant {
        chrono::DateTime::parse_from_rfc3339("2026-07-31T12:00:00Z").unwrap().to_utc()
    }

    fn headers(ahead: i64, age: Option<u32>) -> HeaderMap {
        let date = now() - TimeDelta::seconds(ahead);
        let date = httpdate::fmt_http_date(date.into());
        let mut headers = HeaderMap::new();
        headers.insert("date", HeaderValue::from_str(&date).unwrap());
        if let Some(age) = age {
            headers.insert("age", HeaderValue::from(age));
        }
        headers
    }

    fn hear(clock: &Clock, ahead: i64, age: Option<u32>) -> Result<Instant, Cause> {
        clock.hear(&headers(ahead, age), "api.example:443", "op", now())
    }

    #[test]
    fn the_reply_carries_the_time_of_the_service() {
        let clock = Clock::new(now());
        assert_eq!(hear(&clock, -20, None), Ok(now() + TimeDelta::seconds(20)));
        assert_eq!(clock.skew(), None);
        assert_eq!(clock.hear(&HeaderMap::new(), "h", "op", now()), Ok(now()));
    }

    #[test]
    fn a_minute_is_noticed_and_five_are_an_error_that_names_the_clock() {
        for side in [1, -1] {
            let clock = Clock::new(now());
            assert!(hear(&clock, 60 * side, None).is_ok());
            assert_eq!(clock.skew(), None);
            assert!(hear(&clock, 61 * side, None).is_ok());
            assert!(hear(&clock, 5 * side, None).is_ok());
            assert_eq!(clock.skew(), Some(TimeDelta::seconds(61 * side)));
            assert!(hear(&clock, 300 * side, None).is_ok());
            let says = hear(&clock, 301 * side, None).unwrap_err().to_string();
            assert!(says.contains("clock") && says.contains("301 s"), "{says}");
        }
    }

    #[test]
    fn a_stored_reply_of_an_earlier_run_is_refused() {
        let clock = Clock::new(now() - TimeDelta::seconds(100));
        assert!(hear(&clock, 400, Some(400)).is_ok());
        assert!(matches!(hear(&clock, 401, Some(401)), Err(Cause::Stale { .. })));
        assert!(matches!(hear(&clock, 0, Some(u32::MAX)), Err(Cause::Stale { .. })));
        assert_eq!(clock.skew(), None);
    }

    #[test]
    fn an_age_that_cannot_be_counted_is_never_young() {
        let clock = Clock::new(now() - TimeDelta::seconds(100));
        let aged = |age: &'static str| {
            HeaderMap::from_iter([(http::header::AGE, HeaderValue::from_bytes(age.as_bytes()).unwrap())])
        };
        let hear = |headers: &HeaderMap| clock.hear(headers, "api.example:443", "op", now());
        assert!(hear(&aged("400")).is_ok());
        for age in ["4294967296", "99999999999999999999"] {
            assert!(matches!(hear(&aged(age)), Err(Cause::Stale { .. })), "{age:?}");
        }
        for age in ["an hour", "", "1e5", "-1", "400, 4000"] {
            assert!(matches!(hear(&aged(age)), Err(Cause::Malformed { .. })), "{age:?}");
        }
        // The date tells it as well.
        let mut dated = headers(0, None);
        dated.insert("age", HeaderValue::from_static("an hour"));
        assert_eq!(hear(&dated), Ok(now()));
    }
}
