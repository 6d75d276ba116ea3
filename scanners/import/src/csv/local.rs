//! Times as tables write them: patterns, zones, and local times that happen twice or never.

use std::fmt::Write as _;

use chrono::format::{Fixed, Item, Parsed, StrftimeItems, parse};
use chrono::{
    DateTime, Datelike as _, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
    TimeZone as _, Utc,
};
use chrono_tz::Tz;
use scan_contract::{Moment, YEARS, is_in_calendar};

use crate::time;

/// How one column writes its times.
#[derive(Debug, Clone)]
pub(crate) struct TimeReader {
    /// The pattern, taken apart; `None` reads RFC 3339 instants and ISO 8601 dates only.
    pattern: Option<Vec<Item<'static>>>,
    zone: Option<Tz>,
    /// Why no value may be read with this pattern in this zone.
    refused: Option<String>,
}

/// What a text says before a zone is applied.
enum Civil {
    Instant(DateTime<Utc>, u32),
    Local(NaiveDateTime, u32),
    Day(NaiveDate),
}

impl Civil {
    fn year(&self) -> i32 {
        match self {
            Self::Instant(at, _) => at.year(),
            Self::Local(local, _) => local.year(),
            Self::Day(date) => date.year(),
        }
    }
}

impl TimeReader {
    /// A reader for `pattern`. A pattern that cannot be followed reads nothing: every value is then refused.
    pub(crate) fn new(pattern: Option<&str>, zone: Option<Tz>) -> Self {
        let pattern: Option<Vec<Item<'static>>> = pattern.map(items);
        let refused = pattern.as_deref().and_then(|items| zone_problem(items, zone));
        Self { pattern, zone, refused }
    }

    /// The moment `text` stands for, as wide as it is uncertain. The error says what is wrong with it.
    pub(crate) fn read(&self, text: &str) -> Result<Moment, String> {
        if let Some(refused) = &self.refused {
            return Err(format!("is not read: the configured format {refused}"));
        }
        let civil = match &self.pattern {
            Some(items) => civil(text, items)?,
            None => match time::moment(text) {
                Some(time::Written::Instant(at)) => Civil::Instant(at, 0),
                Some(time::Written::Day(date)) => Civil::Day(date),
                None if looks_like_a_serial(text) => {
                    return Err(String::from("looks like a spreadsheet's serial number; export dates as text"));
                }
                None => return Err(String::from("is neither an RFC 3339 instant nor an ISO 8601 date")),
            },
        };
        let outside = || String::from("lies outside the years 0000 to 9999");
        // Before any arithmetic: the last years that the library counts have no room for an offset.
        if !YEARS.contains(&civil.year()) {
            return Err(outside());
        }
        let moment = match civil {
            Civil::Instant(at, precision) => Moment::within(at, precision),
            Civil::Local(local, precision) => self.local(local, precision)?,
            Civil::Day(date) => self.day(date)?,
        };
        if is_in_calendar(moment.at) { Ok(moment) } else { Err(outside()) }
    }

    fn local(&self, local: NaiveDateTime, precision: u32) -> Result<Moment, String> {
        let Some(zone) = self.zone else {
            return Err(String::from("has no offset, and no time_zone is configured"));
        };
        match zone.from_local_datetime(&local) {
            MappedLocalTime::Single(at) => Ok(Moment::within(at.to_utc(), precision)),
            // The clock was put back: the hour happened twice, and nothing says which one is meant.
            MappedLocalTime::Ambiguous(first, second) => {
                let width = (second - first).num_seconds() + i64::from(precision.max(1));
                moment(first.to_utc(), width)
            }
            MappedLocalTime::None => Err(format!("never happened in {zone}: the clock was put forward over it")),
        }
    }

    fn day(&self, date: NaiveDate) -> Result<Moment, String> {
        let Some(zone) = self.zone else { return Ok(Moment::day(date)) };
        let next = date.succ_opt().ok_or_else(|| String::from("is beyond the calendar"))?;
        let (Some(from), Some(until)) = (first_instant(zone, date), first_instant(zone, next)) else {
            return Err(String::from("is beyond the calendar"));
        };
        if from == until {
            return Err(format!("never happened in {zone}"));
        }
        moment(from, (until - from).num_seconds())
    }
}

fn moment(at: DateTime<Utc>, width: i64) -> Result<Moment, String> {
    let width = u32::try_from(width).map_err(|_| String::from("is too uncertain to be kept"))?;
    Ok(Moment::within(at, width))
}

/// First instant of a civil day in a zone: midnight, or what follows where midnight was left out.
fn first_instant(zone: Tz, date: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = date.and_time(NaiveTime::MIN);
    // A clock was never put forward by more than a day.
    (0..=25 * 60).find_map(|minutes| {
        let local = midnight.checked_add_signed(TimeDelta::minutes(minutes))?;
        zone.from_local_datetime(&local).earliest().map(|at| at.to_utc())
    })
}

fn civil(text: &str, items: &[Item<'static>]) -> Result<Civil, String> {
    let mismatch = |_| String::from("does not follow the configured format");
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).map_err(mismatch)?;
    if parsed.timestamp().is_some() && parsed.offset().is_none() {
        let at = parsed.to_naive_datetime_with_offset(0).map_err(mismatch)?;
        return Ok(Civil::Instant(at.and_utc(), 0));
    }
    let precision = if parsed.second().is_some() { 0 } else { 60 };
    if parsed.hour_mod_12().is_none() {
        let date = parsed.to_naive_date().map_err(mismatch)?;
        return parsed.offset().map_or(Ok(Civil::Day(date)), |seconds| day_at(date, seconds));
    }
    if parsed.offset().is_some() {
        let at = parsed.to_datetime().map_err(mismatch)?;
        return Ok(Civil::Instant(at.to_utc(), precision));
    }
    let local = parsed.to_naive_datetime_with_offset(0).map_err(mismatch)?;
    Ok(Civil::Local(local, precision))
}

/// A date with an offset, as XML writes it, is the day at that offset, whatever zone is configured.
fn day_at(date: NaiveDate, offset_seconds: i32) -> Result<Civil, String> {
    FixedOffset::east_opt(offset_seconds)
        .and_then(|offset| offset.from_local_datetime(&date.and_time(NaiveTime::MIN)).single())
        .map(|at| Civil::Instant(at.to_utc(), 86_400))
        .ok_or_else(|| String::from("is beyond the calendar"))
}

fn looks_like_a_serial(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
}

fn items(pattern: &str) -> Vec<Item<'static>> {
    StrftimeItems::new(pattern).map(Item::to_owned).collect()
}

/// What is wrong with how a pattern treats zones. The library passes over the name of a zone while it reads, and a
/// literal says nothing to it, so that either would let a time of one zone be taken for one of another.
fn zone_problem(items: &[Item<'static>], zone: Option<Tz>) -> Option<String> {
    if items.contains(&Item::Fixed(Fixed::TimezoneName)) {
        let help = "use %z for an offset, or write the name out as text and set time_zone to that zone";
        return Some(format!("asks for the name of a zone (%Z), which is not read: {help}"));
    }
    let literal = |item: &Item<'static>| match item {
        Item::Literal(text) => says_utc(text),
        Item::OwnedLiteral(text) => says_utc(text),
        _ => false,
    };
    let zone = zone.filter(|zone| !is_utc(*zone))?;
    (items.iter().any(literal) && !items.iter().any(is_offset))
        .then(|| format!("says UTC, and time_zone says {zone}: use %z, or set time_zone to UTC"))
}

fn says_utc(literal: &str) -> bool {
    let word = literal.trim_matches(|letter: char| matches!(letter, '(' | ')' | '[' | ']' | '\''));
    ["Z", "UTC", "GMT", "+00:00", "+0000", "+00"].iter().any(|utc| word.eq_ignore_ascii_case(utc))
}

/// Whether a zone's clock is that of UTC in winter and in summer.
fn is_utc(zone: Tz) -> bool {
    [1, 7].into_iter().filter_map(|month| NaiveDate::from_ymd_opt(2026, month, 1)).all(|date| {
        let at = date.and_time(NaiveTime::MIN);
        zone.from_utc_datetime(&at).naive_local() == at
    })
}

fn is_offset(item: &Item<'static>) -> bool {
    is_permissive(item)
        || matches!(
            item,
            Item::Fixed(
                Fixed::TimezoneOffset
                    | Fixed::TimezoneOffsetZ
                    | Fixed::TimezoneOffsetColon
                    | Fixed::TimezoneOffsetColonZ
                    | Fixed::TimezoneOffsetDoubleColon
                    | Fixed::TimezoneOffsetTripleColon
                    | Fixed::RFC2822
                    | Fixed::RFC3339
            )
        )
}

/// `%#z`, which reads offsets and cannot write them.
fn is_permissive(item: &Item<'static>) -> bool {
    StrftimeItems::new("%#z").any(|permissive| permissive == *item)
}

/// Whether a configured pattern can be followed with the configured zone; the error says why not.
pub(crate) fn pattern_problem(pattern: &str, zone: Option<Tz>) -> Result<(), String> {
    let items = items(pattern);
    if items.iter().any(|item| matches!(item, Item::Error)) {
        return Err(format!("{pattern:?} is no strftime pattern"));
    }
    if let Some(says) = zone_problem(&items, zone) {
        return Err(format!("{pattern:?} {says}"));
    }
    let probe = NaiveDate::from_ymd_opt(2026, 2, 3)
        .and_then(|date| date.and_hms_opt(4, 5, 6))
        .ok_or_else(|| String::from("the probe is a real date"))?
        .and_utc()
        .fixed_offset();
    let writable =
        items.iter().map(|item| if is_permissive(item) { Item::Fixed(Fixed::TimezoneOffset) } else { item.clone() });
    let mut written = String::new();
    if write!(written, "{}", probe.format_with_items(writable)).is_err() {
        return Err(format!("{pattern:?} cannot be tried"));
    }
    match civil(&written, &items) {
        Err(_) => Err(format!("{pattern:?} does not give a whole date")),
        Ok(Civil::Local(..)) if zone.is_none() => {
            Err(format!("{pattern:?} gives times without an offset, so time_zone is needed"))
        }
        Ok(Civil::Instant(at, _)) if at.date_naive() == probe.date_naive() => Ok(()),
        Ok(Civil::Local(at, _)) if at.date() == probe.date_naive() => Ok(()),
        Ok(Civil::Day(date)) if date == probe.date_naive() => Ok(()),
        Ok(_) => Err(format!("{pattern:?} does not give back the date it writes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: Option<&str>, zone: Option<Tz>, text: &str) -> Result<(String, u32), String> {
        TimeReader::new(pattern, zone)
            .read(text)
            .map(|moment| (moment.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), moment.precision_seconds))
    }

    const BERLIN: Option<Tz> = Some(Tz::Europe__Berlin);

    #[test]
    fn an_hour_that_happened_twice_covers_both() {
        let pattern = Some("%d.%m.%Y %H:%M");
        assert_eq!(read(pattern, BERLIN, "25.10.2026 02:30"), Ok((String::from("2026-10-25T00:30:00Z"), 3660)));
        assert_eq!(read(pattern, BERLIN, "25.10.2026 03:30"), Ok((String::from("2026-10-25T02:30:00Z"), 60)));
    }

    #[test]
    fn an_hour_that_never_happened_is_refused() {
        assert!(read(Some("%d.%m.%Y %H:%M"), BERLIN, "29.03.2026 02:30").is_err());
        assert!(read(Some("%d.%m.%Y %H:%M"), BERLIN, "29.03.2026 03:30").is_ok());
    }

    #[test]
    fn a_day_is_as_long_as_it_was_in_its_zone() {
        assert_eq!(read(None, None, "2026-10-25"), Ok((String::from("2026-10-25T00:00:00Z"), 86_400)));
        assert_eq!(read(None, BERLIN, "2026-10-25"), Ok((String::from("2026-10-24T22:00:00Z"), 25 * 3600)));
        assert_eq!(read(None, BERLIN, "2026-03-29"), Ok((String::from("2026-03-28T23:00:00Z"), 23 * 3600)));
    }

    #[test]
    fn a_day_that_a_country_left_out_is_refused() {
        assert!(read(None, Some(Tz::Pacific__Apia), "2011-12-30").is_err());
        assert!(read(None, Some(Tz::Pacific__Apia), "2011-12-29").is_ok());
    }

    #[test]
    fn a_serial_number_is_no_date() {
        assert!(read(None, BERLIN, "45123").is_err_and(|says| says.contains("serial")));
        assert!(read(None, BERLIN, "45123.75").is_err_and(|says| says.contains("serial")));
    }

    #[test]
    fn seconds_that_are_not_written_are_not_known() {
        let zone = Some(Tz::UTC);
        assert_eq!(
            read(Some("%Y-%m-%d %H:%M"), zone, "2026-01-02 03:04"),
            Ok((String::from("2026-01-02T03:04:00Z"), 60))
        );
        assert_eq!(
            read(Some("%Y-%m-%d %T"), zone, "2026-01-02 03:04:05"),
            Ok((String::from("2026-01-02T03:04:05Z"), 0))
        );
        assert_eq!(read(Some("%s"), None, "86400"), Ok((String::from("1970-01-02T00:00:00Z"), 0)));
    }

    #[test]
    fn a_pattern_is_tried_before_it_is_used() {
        assert_eq!(pattern_problem("%d.%m.%Y", None), Ok(()));
        assert_eq!(pattern_problem("%Y-%m-%dT%H:%M:%S%z", None), Ok(()));
        assert_eq!(pattern_problem("%d/%m/%Y %I:%M %p", BERLIN), Ok(()));
        assert!(pattern_problem("%d.%m.%Y %H:%M", None).is_err(), "a local time needs a zone");
        assert!(pattern_problem("%d.%m.", BERLIN).is_err(), "no year");
        assert!(pattern_problem("%Q", BERLIN).is_err(), "no such specifier");
    }

    #[test]
    fn a_pattern_that_throws_the_zone_of_a_cell_away_is_refused() {
        let named = "%Y-%m-%d %H:%M:%S %Z";
        assert!(pattern_problem(named, BERLIN).is_err_and(|says| says.contains("%z")), "the name of a zone");
        assert!(read(Some(named), BERLIN, "2026-07-31 23:30:00 UTC").is_err(), "not read as a time of Berlin");
        assert_eq!(pattern_problem("%Y-%m-%d %H:%M:%S UTC", Some(Tz::UTC)), Ok(()), "written out, with its zone");
        assert_eq!(pattern_problem("%Y-%m-%d %H:%M:%S CEST", BERLIN), Ok(()));
        for ending in ["Z", " UTC", "UTC", " (UTC)", "Z%n"] {
            let pattern = format!("%Y-%m-%dT%H:%M:%S{ending}");
            assert!(pattern_problem(&pattern, BERLIN).is_err_and(|says| says.contains("time_zone")), "{pattern}");
            assert_eq!(pattern_problem(&pattern, Some(Tz::Etc__UTC)), Ok(()), "{pattern}");
        }
        assert!(read(Some("%Y-%m-%dT%H:%M:%SZ"), BERLIN, "2026-07-31T23:30:00Z").is_err());
    }

    #[test]
    fn a_date_with_an_offset_is_the_day_there() {
        assert_eq!(pattern_problem("%Y-%m-%d%z", BERLIN), Ok(()));
        assert_eq!(
            read(Some("%Y-%m-%d%z"), BERLIN, "2026-07-31-08:00"),
            Ok((String::from("2026-07-31T08:00:00Z"), 86_400))
        );
        assert!(read(Some("%Y-%m-%d%z"), None, "9999-12-31-08:00").is_ok_and(|(at, _)| at.starts_with("9999")));
        assert!(read(Some("%Y-%m-%d%z"), None, "0000-01-01+08:00").is_err(), "it begins in the year before");
    }

    #[test]
    fn an_offset_without_minutes_can_be_asked_for() {
        assert_eq!(pattern_problem("%Y-%m-%d %H:%M:%S%#z", None), Ok(()));
        assert_eq!(
            read(Some("%Y-%m-%d %H:%M:%S%#z"), BERLIN, "2026-07-31 23:30:00+05"),
            Ok((String::from("2026-07-31T18:30:00Z"), 0))
        );
    }

    #[test]
    fn a_year_that_no_instant_of_ours_can_have_is_refused() {
        for zone in [None, BERLIN] {
            for year in ["+262142", "-262143", "+10000", "-1"] {
                let read = read(Some("%Y-%m-%d"), zone, &format!("{year}-12-31"));
                assert!(read.as_ref().is_err_and(|says| says.contains("years 0000 to 9999")), "{year}: {read:?}");
            }
            assert!(read(Some("%Y-%m-%d"), zone, "9999-12-31").is_ok());
        }
        assert!(read(Some("%Y-%m-%d %H:%M"), BERLIN, "+262142-12-31 23:59").is_err());
        assert!(read(Some("%Y-%m-%d %H:%M %z"), None, "9999-12-31 23:59 -0100").is_err());
        assert!(read(Some("%s"), None, "8210266876799").is_err());
        assert!(read(None, None, "9999-12-31T23:59:59-01:00").is_err());
        assert!(read(None, BERLIN, "0000-01-01").is_err(), "the day begins in the year before");
    }
}
