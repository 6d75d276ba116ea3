//! Forms of text that several written files share: instants, dates, durations, kinds of access, files with a digest.
//!
//! Each says in its schema what it expects, so that a mistake is told in the same words everywhere. What the schema
//! lets through is read without a further way to fail.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use scan_contract::{AccessKind, Instant};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A duration: a whole number of seconds, minutes or hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenDuration(pub Duration);

/// An instant with its offset from UTC (RFC 3339).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenInstant(pub Instant);

/// A civil date (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenDate(pub NaiveDate);

/// One of the seventeen kinds of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenKind(pub AccessKind);

/// Reads `90s`, `15m`, `26h`; `None` for anything else, also for a bare number.
pub fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds_each = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    digits.parse::<u64>().map_or(None, |count| Some(Duration::from_secs(count * seconds_each)))
}

/// A duration as it is written: the largest unit that leaves nothing over.
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => "0m".to_owned(),
        _ if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// Reads an RFC 3339 instant.
pub fn instant(text: &str) -> Option<Instant> {
    // The library takes a space for the `T`; the format says one of the two letters.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return None;
    }
    DateTime::parse_from_rfc3339(text).map_or(None, |at| Some(at.with_timezone(&Utc)))
}

/// Reads `2026-08-01`.
pub fn date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(position, byte)| match position {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") else { return None };
    Some(date)
}

/// How a written form is read and described.
macro_rules! form {
    ($name:ident, $id:literal, $read:expr, $schema:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'_, str>::deserialize(deserializer)?;
                let read: fn(&str) -> Option<_> = $read;
                read(&text).map(Self).ok_or_else(|| D::Error::custom(concat!("is no ", $id)))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $id.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

form!(
    WrittenDuration,
    "duration",
    duration,
    json_schema!({
        "description": "A whole number of seconds, minutes or hours: `90s`, `15m`, `26h`. Days are written in hours.",
        "type": "string",
        "pattern": "^[0-9]{1,9}[smh]$",
        "x-expected": "a duration such as 90s, 15m or 26h (seven days are 168h)",
    })
);

form!(
    WrittenInstant,
    "instant",
    instant,
    json_schema!({
        "description": "An instant with its offset from UTC (RFC 3339), such as `2026-08-01T00:00:00Z`.",
        "type": "string",
        "format": "date-time",
        "x-expected": "an instant with its offset such as 2026-08-01T00:00:00Z",
    })
);

form!(
    WrittenDate,
    "date",
    date,
    json_schema!({
        "description": "A date such as `2026-08-01`.",
        "type": "string",
        "format": "date",
        "x-expected": "a date such as 2026-08-01",
    })
);

form!(
    WrittenKind,
    "access_kind",
    AccessKind::parse,
    json_schema!({
        "description": "Kind of access.",
        "type": "string",
        "enum": AccessKind::WORDS,
        "x-expected": "a kind of access",
    })
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, seconds) in [("0m", 0), ("90s", 90), ("15m", 900), ("26h", 93_600), ("168h", 604_800)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "15", "15d", "-1h", "1.5h", "1 h", "1h30m", "P7D", "9999999999s", "１h", "1µ"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_in_its_largest_whole_unit() {
        for text in ["0m", "90s", "15m", "26h", "61m"] {
            assert_eq!(duration(text).map(duration_text).as_deref(), Some(text));
        }
    }

    #[test]
    fn instants_need_a_date_a_time_and_an_offset() {
        for text in ["2026-08-01T00:00:00Z", "2026-08-01T02:00:00+02:00", "2026-08-01t00:00:00z"] {
            assert_eq!(instant(text).map(|at| at.timestamp()), Some(1_785_542_400), "{text}");
        }
        for text in ["2026-08-01", "2026-08-01T00:00:00", "2026-08-01 00:00:00Z", "2026-02-30T00:00:00Z", "now", ""] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn dates_exist_and_have_ten_characters() {
        assert!(date("2028-02-29").is_some());
        for text in ["2026-02-29", "2026-8-1", "01.08.2026", "2026-08-01T00:00:00Z", "+026-08-01", ""] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
