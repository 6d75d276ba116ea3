//! Times and durations of the native format.
//!
//! Hand-written because it runs three times a record: RFC 3339 instants (section 5.6) and ISO 8601 calendar dates,
//! nothing else. The tests hold it against `chrono`'s own reader.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use scan_contract::is_in_calendar;

/// A time as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// With time of day and offset.
    Instant(DateTime<Utc>),
    /// A date alone.
    Day(NaiveDate),
}

/// The parts of a valid time, before any calendar arithmetic.
#[derive(Clone, Copy)]
struct Parts {
    year: u32,
    month: u32,
    day: u32,
    /// `None` for a date alone.
    clock: Option<Clock>,
}

#[derive(Clone, Copy)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    offset_seconds: i32,
}

/// Reads an instant or a date.
pub(crate) fn moment(text: &str) -> Option<Written> {
    let parts = parts(text.as_bytes())?;
    let date = NaiveDate::from_ymd_opt(parts.year.cast_signed(), parts.month, parts.day)?;
    let Some(clock) = parts.clock else { return Some(Written::Day(date)) };
    // A leap second is the first instant of the next minute: intervals are plain seconds everywhere.
    let time = date.and_hms_nano_opt(clock.hour, clock.minute, clock.second.min(59), clock.nanosecond)?;
    let leap = i64::from(clock.second == 60);
    let at = time.and_utc().checked_add_signed(TimeDelta::seconds(leap - i64::from(clock.offset_seconds)))?;
    is_in_calendar(at).then_some(Written::Instant(at))
}

/// Reads an instant; a date alone is refused.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    match moment(text)? {
        Written::Instant(at) => Some(at),
        Written::Day(_) => None,
    }
}

/// Reads a duration such as `15m`, `24h` or `14d`; the result is in seconds.
pub(crate) fn duration(text: &str) -> Option<u32> {
    let unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        b'w' => 604_800,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Nothing a system keeps is coarser than some years; the bound keeps sums inside the calendar.
    let Ok(count) = digits.parse::<u32>() else { return None };
    count.checked_mul(unit).filter(|seconds| *seconds <= 10 * 366 * 86_400)
}

const fn template(text: [u8; 8]) -> u64 {
    u64::from_le_bytes(text)
}

const DATE: u64 = template(*b"0000-00-");
const DATE_DIGITS: u64 = template(*b"\xf0\xf0\xf0\xf0\0\xf0\xf0\0");
const TIME: u64 = template(*b"00T00:00");
const TIME_DIGITS: u64 = template(*b"\xf0\xf0\0\xf0\xf0\0\xf0\xf0");

/// Eight bytes against a template: what remains are the digits' values; `None` if a digit is none or a sign differs.
fn digits(word: u64, template: u64, digits: u64) -> Option<[u8; 8]> {
    let values = word ^ template;
    // A digit's value is below ten, so adding six leaves its upper half empty; signs must have become zero.
    let overflow = (values | values.wrapping_add(0x0606_0606_0606_0606)) & digits;
    let signs = values & !(digits | (digits >> 4));
    if overflow != 0 || signs != 0 { None } else { Some(values.to_le_bytes()) }
}

/// The commonest form, `2026-07-30T22:22:00Z`, without the leap second. A "no" means: look closer.
#[inline]
pub(crate) fn is_plain_utc(text: &[u8; 20]) -> bool {
    let [date @ .., b':', s1, s0, b'Z'] = text else { return false };
    let (Some(first), Some(second)) = (date.first_chunk::<8>(), date.last_chunk::<8>()) else { return false };
    let (Some(date), Some(time)) =
        (digits(u64::from_le_bytes(*first), DATE, DATE_DIGITS), digits(u64::from_le_bytes(*second), TIME, TIME_DIGITS))
    else {
        return false;
    };
    let month = date[5] * 10 + date[6];
    let day = time[0] * 10 + time[1];
    // Days that every month has; the rest is looked at closely.
    (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && time[3] * 10 + time[4] < 24
        && time[6] < 6
        && (b'0'..=b'5').contains(s1)
        && s0.is_ascii_digit()
}

fn number(text: &[u8]) -> Option<u32> {
    let mut value = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some(value)
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

fn parts(text: &[u8]) -> Option<Parts> {
    let (date, rest) = text.split_at_checked(10)?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?);
    if !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    let clock = if rest.is_empty() { None } else { Some(clock(rest)?) };
    Some(Parts { year, month, day, clock })
}

/// `T22:22:00`, an optional fraction, and `Z` or an offset.
fn clock(text: &[u8]) -> Option<Clock> {
    let (time, mut rest) = text.split_at_checked(9)?;
    if !matches!(time[0], b'T' | b't') || time[3] != b':' || time[6] != b':' {
        return None;
    }
    let (hour, minute, second) = (number(&time[1..3])?, number(&time[4..6])?, number(&time[7..])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut nanosecond = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (written, after) = fraction.split_at(length);
        // Finer than a nanosecond is cut off.
        for place in 0..9 {
            nanosecond = nanosecond * 10 + written.get(place).map_or(0, |byte| u32::from(byte - b'0'));
        }
        if length == 0 {
            return None;
        }
        rest = after;
    }
    let offset_seconds = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h0, b':', m1, m0] => {
            let (hours, minutes) = (number(&[*h1, *h0])?, number(&[*m1, *m0])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = (hours * 3_600 + minutes * 60).cast_signed();
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some(Clock { hour, minute, second, nanosecond, offset_seconds })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow way: the shape by hand, the rest by `chrono`.
    fn slow(text: &str) -> Option<Written> {
        if text.len() == 10 {
            if text
                .bytes()
                .enumerate()
                .any(|(at, byte)| if at == 4 || at == 7 { byte != b'-' } else { !byte.is_ascii_digit() })
            {
                return None;
            }
            return NaiveDate::parse_from_str(text, "%Y-%m-%d").map_or(None, |date| Some(Written::Day(date)));
        }
        let shape = text.bytes().take(19).enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => matches!(byte, b'T' | b't'),
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
        let colon = text.ends_with(['Z', 'z']) || text.len() > 6 && text.as_bytes()[text.len() - 3] == b':';
        if !shape || !colon || text.contains(' ') {
            return None;
        }
        let read = DateTime::parse_from_rfc3339(text).map_or(None, |at| Some(at.to_utc()))?;
        let nanoseconds = i64::from(read.timestamp_subsec_nanos());
        let at = DateTime::from_timestamp(read.timestamp(), 0)? + TimeDelta::nanoseconds(nanoseconds);
        is_in_calendar(at).then_some(Written::Instant(at))
    }

    #[test]
    fn the_forms_that_count_and_those_that_do_not() {
        for good in [
            "2026-07-30",
            "2026-07-30T22:22:00Z",
            "2026-07-30t22:22:00.5+02:00",
            "2028-02-29T00:00:60Z",
            "2026-01-31T00:00:00-00:00",
        ] {
            assert!(moment(good).is_some(), "{good}");
            assert_eq!(moment(good), slow(good), "{good}");
        }
        for bad in [
            "",
            "2026-07-30 22:22:00Z",
            "2026-07-30T22:22:00",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-07-32T00:00:00Z",
            "2026-07-30T24:00:00Z",
            "2026-07-30T22:60:00Z",
            "2026-07-30T22:22:61Z",
            "2026-07-30T22:22:00.Z",
            "2026-07-30T22:22Z",
            "2026-07-30T22:22:00+0200",
            "2026-07-30T22:22:00+24:00",
            "9999-12-31T23:59:59-01:00",
            "9999-12-31T23:59:60Z",
            "0000-01-01T00:00:00+00:01",
            "45123",
            "20260730",
            "never",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_have_one_number_and_one_unit() {
        assert_eq!(duration("15m"), Some(900));
        assert_eq!(duration("24h"), Some(86_400));
        assert_eq!(duration("14d"), Some(14 * 86_400));
        assert_eq!(duration("0s"), Some(0));
        for bad in ["", "m", "15", "15 m", "-1d", "1h30m", "99999999999d", "+5m", "ä", "1é"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_reader_agrees_with_the_slow_one(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]([Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,11})?(Z|z|[+-][0-2][0-9]:[0-6][0-9]))?") {
            prop_assert_eq!(moment(&text), slow(&text));
            if let Ok(plain) = text.as_bytes().try_into() {
                prop_assert!(!is_plain_utc(plain) || moment(&text).is_some());
            }
        }

        #[test]
        fn one_wrong_byte_is_judged_alike(text in "20[0-9]{2}-0[1-9]-[0-2][1-8]T[01][0-9]:[0-5][0-9]:[0-5][0-9]Z", at in 0_usize..20, byte in 0x20_u8..0x7f) {
            let mut bytes = text.into_bytes();
            bytes[at] = byte;
            let text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(moment(&text), slow(&text));
            prop_assert!(!is_plain_utc(text.as_bytes().try_into().unwrap()) || moment(&text).is_some());
        }
    }
}
