//! Time zones by their names in the tz database, and the first instant of a civil day.
//!
//! "First instant of the day" is not "00:00": zones jump over midnight and skip whole days.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use scan_contract::Instant;

use crate::problem;

/// The zone where a day ends last, twelve hours behind UTC.
const LAST_TO_END: Tz = Tz::Etc__GMTPlus12;
/// The zone where a day ends first, fourteen hours ahead of UTC.
const FIRST_TO_END: Tz = Tz::Pacific__Kiritimati;

/// Version of the tz database this program was built with; it belongs into the record of a run, because a newer one
/// may move ends that lie ahead.
pub fn tz_version() -> &'static str {
    chrono_tz::IANA_TZDB_VERSION
}

/// A zone of the tz database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    tz: Tz,
    name: Arc<str>,
}

/// A text that is not the name of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAZone {
    /// What to write instead, where something is near.
    pub help: String,
}

impl Zone {
    /// The zone with this name. Offsets (`+02:00`) and abbreviations (`EST`, `CET`) are refused: they do not say when
    /// clocks change. `UTC` is the one name without a region.
    pub fn parse(name: &str) -> Result<Self, NotAZone> {
        if name.contains('/') || name == "UTC" {
            if let Ok(tz) = Tz::from_str(name) {
                return Ok(Self { tz, name: Arc::from(name) });
            }
            let near = problem::nearest(name, TZ_VARIANTS.iter().map(|tz| tz.name()).filter(|name| name.contains('/')));
            return Err(NotAZone {
                help: match near {
                    Some(near) => format!("is it {near:?}?"),
                    None => "write a name of the tz database, such as Europe/Berlin".to_owned(),
                },
            });
        }
        Err(NotAZone {
            help: "offsets and abbreviations do not say when clocks change: write a name of the tz database, such as Europe/Berlin or America/New_York, or UTC".to_owned(),
        })
    }

    /// Name in the tz database.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The civil date at an instant.
    pub fn date_at(&self, instant: Instant) -> NaiveDate {
        instant.with_timezone(&self.tz).date_naive()
    }

    /// First instant of a civil day. A day that the zone skipped begins where the next day begins.
    pub fn first_instant(&self, day: NaiveDate) -> Instant {
        first_instant(self.tz, day)
    }

    /// First instant after a civil day.
    pub fn first_instant_after(&self, day: NaiveDate) -> Instant {
        self.first_instant(day.succ_opt().unwrap_or(day))
    }
}

/// The earliest and the latest instant at which a civil day can be over anywhere.
pub fn anywhere_after(day: NaiveDate) -> (Instant, Instant) {
    let next = day.succ_opt().unwrap_or(day);
    (first_instant(FIRST_TO_END, next), first_instant(LAST_TO_END, next))
}

fn first_instant(tz: Tz, day: NaiveDate) -> Instant {
    let midnight = day.and_time(NaiveTime::MIN);
    match tz.from_local_datetime(&midnight) {
        // Where midnight comes twice, the day begins with the first one.
        LocalResult::Single(local) | LocalResult::Ambiguous(local, _) => local.with_timezone(&Utc),
        LocalResult::None => after_the_jump(tz, day),
    }
}

/// Midnight does not exist on that day: the day begins where the clock lands. Looks for the first instant whose local
/// date is that day or a later one; within the two days around it the local date only grows.
fn after_the_jump(tz: Tz, day: NaiveDate) -> Instant {
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    let reached = |instant: Instant| instant.with_timezone(&tz).date_naive() >= day;
    let mut before = (midnight - TimeDelta::hours(36)).timestamp();
    let mut after = (midnight + TimeDelta::hours(36)).timestamp();
    let at = |second: i64| Utc.timestamp_opt(second, 0).single();
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        match at(middle) {
            Some(instant) if reached(instant) => after = middle,
            _ => before = middle,
        }
    }
    at(after).unwrap_or(midnight)
}

/// Zones already looked up: rosters name few of them many times.
#[derive(Debug, Default)]
pub(super) struct ZoneCache {
    known: HashMap<String, Zone>,
}

impl ZoneCache {
    pub(super) fn find(&mut self, name: &str) -> Result<Zone, NotAZone> {
        if let Some(zone) = self.known.get(name) {
            return Ok(zone.clone());
        }
        let zone = Zone::parse(name)?;
        self.known.insert(name.to_owned(), zone.clone());
        Ok(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(last_day: &str, zone: &str) -> String {
        let zone = Zone::parse(zone).expect("a zone of the table");
        let day = last_day.parse().expect("a date of the table");
        zone.first_instant_after(day).format("%Y-%m-%dT%H:%MZ").to_string()
    }

    #[test]
    fn the_day_after_the_last_day_begins_where_the_zone_says() {
        for (last_day, zone, expected) in [
            ("2026-07-29", "America/Sao_Paulo", "2026-07-30T03:00Z"),
            ("2026-07-31", "America/Los_Angeles", "2026-08-01T07:00Z"),
            ("2026-07-31", "Asia/Kolkata", "2026-07-31T18:30Z"),
            ("2026-07-04", "Australia/Sydney", "2026-07-04T14:00Z"),
            ("2026-10-24", "Europe/Berlin", "2026-10-24T22:00Z"),
            ("2026-10-25", "Europe/Berlin", "2026-10-25T23:00Z"),
            ("2026-04-23", "Africa/Cairo", "2026-04-23T22:00Z"),
            ("2026-03-28", "Asia/Beirut", "2026-03-28T22:00Z"),
            ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00Z"),
            ("2026-07-31", "Pacific/Kiritimati", "2026-07-31T10:00Z"),
            ("2026-07-31", "Etc/GMT+12", "2026-08-01T12:00Z"),
            // Clocks going back across midnight: the day before is longer, not this one shorter.
            ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00Z"),
            // Midnight comes twice: the first one counts.
            ("2026-10-31", "America/Havana", "2026-11-01T04:00Z"),
            ("2026-07-31", "Pacific/Tongatapu", "2026-07-31T11:00Z"),
            ("2026-07-31", "Pacific/Pago_Pago", "2026-08-01T11:00Z"),
        ] {
            assert_eq!(end(last_day, zone), expected, "{last_day} in {zone}");
        }
    }

    #[test]
    fn a_day_can_be_over_26_hours_earlier_or_later() {
        let (earliest, latest) = anywhere_after("2026-07-31".parse().expect("a date"));
        assert_eq!(earliest.to_rfc3339(), "2026-07-31T10:00:00+00:00");
        assert_eq!(latest.to_rfc3339(), "2026-08-01T12:00:00+00:00");
        assert_eq!((latest - earliest).num_hours(), 26);
    }

    #[test]
    fn only_names_of_the_database_are_zones() {
        for name in ["Europe/Berlin", "UTC", "Etc/UTC", "Etc/GMT+12", "America/Argentina/Buenos_Aires"] {
            assert!(Zone::parse(name).is_ok(), "{name}");
        }
        for name in ["EST", "CET", "EST5EDT", "+02:00", "UTC+2", "GMT+2", "Z", "", "europe/berlin", "Europe/Berlín"] {
            assert!(Zone::parse(name).is_err(), "{name:?} must be refused");
        }
        assert!(Zone::parse("Europe/Berln").expect_err("a slip").help.contains("Europe/Berlin"));
    }

    #[test]
    fn every_zone_has_a_first_instant_for_every_day_around_its_jumps() {
        for tz in TZ_VARIANTS {
            for day in "2011-12-25".parse::<NaiveDate>().expect("a date").iter_days().take(10) {
                let first = first_instant(tz, day);
                let second_before = first - TimeDelta::seconds(1);
                assert!(first.with_timezone(&tz).date_naive() >= day, "{tz} {day}");
                assert!(second_before.with_timezone(&tz).date_naive() < day, "{tz} {day}");
            }
        }
    }
}
