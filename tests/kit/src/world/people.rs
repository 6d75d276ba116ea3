//! People and their spells of employment.

use chrono::{LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use scan_contract::Instant;

/// The file a person's rows stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The main system of record: UTF-8, commas, ISO dates, the last day is included.
    Hris,
    /// Agencies and freelancers: windows-1252, semicolons, German dates, the first day that is no longer employed.
    Contractors,
}

impl Source {
    /// Configured id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Hris => "hris",
            Self::Contractors => "contractors",
        }
    }

    /// Zone of rows that name none.
    pub const DEFAULT_ZONE: Tz = Tz::Europe__Berlin;
}

/// One spell of employment.
#[derive(Debug, Clone)]
pub struct Stint {
    /// Where its row stands.
    pub source: Source,
    /// Id of the row.
    pub record: String,
    /// First day.
    pub start: NaiveDate,
    /// Last day employed, included.
    pub end: Option<NaiveDate>,
    /// Last day worked, where it lies before.
    pub last_day_worked: Option<NaiveDate>,
    /// The minute, where somebody gave it.
    pub access_end_at: Option<Instant>,
    /// Zone of the worker; without it the end is known as an interval only.
    pub zone: Option<Tz>,
    /// Word of the employment.
    pub employment: &'static str,
    /// Word of the status.
    pub status: &'static str,
    /// How it ended.
    pub termination: Option<&'static str>,
    /// Whether access has to end at once.
    pub immediate: bool,
    /// Tier, 0 to 3.
    pub tier: u8,
    /// Tag of a common departure.
    pub batch: Option<String>,
    /// Data has to be kept.
    pub legal_hold: bool,
}

/// When access ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The instant that counts.
    pub at: Instant,
    /// Earliest and latest it can be.
    pub earliest: Instant,
    /// See above.
    pub latest: Instant,
}

impl Stint {
    /// When access ends, if it ends.
    pub fn ends(&self) -> Option<End> {
        if let Some(at) = self.access_end_at {
            return Some(End { at, earliest: at, latest: at });
        }
        let last = match (self.last_day_worked, self.end) {
            (Some(worked), Some(end)) => worked.min(end),
            (worked, end) => worked.or(end)?,
        };
        let next = last.succ_opt()?;
        match self.zone {
            Some(zone) => {
                let at = first_instant(zone, next);
                Some(End { at, earliest: at, latest: at })
            }
            None => Some(End {
                at: first_instant(Source::DEFAULT_ZONE, next),
                earliest: first_instant(Tz::Pacific__Kiritimati, next),
                latest: first_instant(Tz::Etc__GMTPlus12, next),
            }),
        }
    }

    /// When it begins.
    pub fn starts(&self) -> Instant {
        first_instant(self.zone.unwrap_or(Source::DEFAULT_ZONE), self.start)
    }
}

/// First instant of a civil day, found by counting minutes: slow and plain.
pub(crate) fn first_instant(zone: Tz, day: NaiveDate) -> Instant {
    let midnight = day.and_time(NaiveTime::MIN);
    if let LocalResult::Single(local) = zone.from_local_datetime(&midnight) {
        return local.with_timezone(&Utc);
    }
    let mut instant = midnight.and_utc() - TimeDelta::hours(36);
    while instant.with_timezone(&zone).date_naive() < day {
        instant += TimeDelta::minutes(1);
    }
    instant
}

/// Sort of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AliasKind {
    /// Mail address.
    Email,
    /// Login of one system.
    Username,
    /// Immutable id in one system, or the id of a row in another source.
    ProviderId,
    /// Public key.
    SshFingerprint,
}

impl AliasKind {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
            Self::ProviderId => "provider_id",
            Self::SshFingerprint => "ssh_fingerprint",
        }
    }
}

/// An identifier of a person beside the roster.
#[derive(Debug, Clone)]
pub struct Alias {
    /// Sort.
    pub kind: AliasKind,
    /// The identifier.
    pub value: String,
    /// The system it belongs to.
    pub system: Option<String>,
    /// Whether it is private.
    pub personal: bool,
    /// First and last day.
    pub window: (Option<NaiveDate>, Option<NaiveDate>),
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Immutable id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Legal name, which stands in no output.
    pub legal_name: Option<String>,
    /// Current work address; empty where there is none.
    pub email: String,
    /// Manager.
    pub manager: Option<String>,
    /// Department.
    pub department: String,
    /// Spells, in order.
    pub stints: Vec<Stint>,
    /// Aliases.
    pub aliases: Vec<Alias>,
}

/// How somebody stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Employed without a gap that matters.
    Employed,
    /// Employed again after a gap: the end before it, and when they came back.
    Rehired(End, Instant),
    /// Gone.
    Left(End),
    /// Not yet here.
    NotStarted,
}

impl Person {
    /// How the person stands at `now`. Spells that adjoin are one.
    pub fn standing(&self, now: Instant) -> Standing {
        let spells = self.spells();
        if let Some(at) = spells.iter().position(|(start, end)| *start <= now && end.is_none_or(|end| end.at > now)) {
            return match at.checked_sub(1).and_then(|before| spells[before].1) {
                Some(end) => Standing::Rehired(end, spells[at].0),
                None => Standing::Employed,
            };
        }
        spells
            .iter()
            .filter_map(|(_, end)| *end)
            .filter(|end| end.at <= now)
            .max_by_key(|end| end.at)
            .map_or(Standing::NotStarted, Standing::Left)
    }

    /// Whether the person was employed at an instant.
    pub fn employed_at(&self, at: Instant) -> bool {
        self.spells().iter().any(|(start, end)| *start <= at && end.is_none_or(|end| end.at > at))
    }

    /// The spell that is judged: the last one that has ended.
    pub fn judged_stint(&self, now: Instant) -> Option<&Stint> {
        self.stints.iter().rfind(|stint| stint.ends().is_some_and(|end| end.at <= now))
    }

    /// Spells with those that adjoin made one.
    fn spells(&self) -> Vec<(Instant, Option<End>)> {
        let mut spells: Vec<(Instant, Option<End>)> = Vec::new();
        for stint in &self.stints {
            match spells.last_mut() {
                Some((_, end)) if end.is_some_and(|end| end.at >= stint.starts()) => *end = stint.ends(),
                _ => spells.push((stint.starts(), stint.ends())),
            }
        }
        spells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn stint(start: &str, end: Option<&str>, zone: Tz) -> Stint {
        Stint {
            source: Source::Hris,
            record: String::from("1"),
            start: day(start),
            end: end.map(day),
            last_day_worked: None,
            access_end_at: None,
            zone: Some(zone),
            employment: "employee",
            status: "active",
            termination: None,
            immediate: false,
            tier: 2,
            batch: None,
            legal_hold: false,
        }
    }

    fn person(stints: Vec<Stint>) -> Person {
        Person {
            id: String::from("p"),
            name: String::new(),
            legal_name: None,
            email: String::new(),
            manager: None,
            department: String::new(),
            stints,
            aliases: Vec::new(),
        }
    }

    #[test]
    fn ends_lie_where_the_zone_says() {
        for (last, zone, end) in [
            ("2026-07-29", Tz::America__Sao_Paulo, "2026-07-30T03:00:00Z"),
            ("2026-07-31", Tz::Asia__Kolkata, "2026-07-31T18:30:00Z"),
            ("2026-04-23", Tz::Africa__Cairo, "2026-04-23T22:00:00Z"),
            ("2026-03-28", Tz::Asia__Beirut, "2026-03-28T22:00:00Z"),
            ("2011-12-29", Tz::Pacific__Apia, "2011-12-30T10:00:00Z"),
            ("2026-07-31", Tz::Etc__GMTPlus12, "2026-08-01T12:00:00Z"),
        ] {
            let found = stint("2010-01-01", Some(last), zone).ends().expect("an end").at;
            assert_eq!(found, end.parse::<Instant>().expect("an instant"), "{last} {zone}");
        }
    }

    #[test]
    fn spells_that_adjoin_are_one_and_a_gap_is_a_rehire() {
        let zone = Tz::Europe__Berlin;
        let now: Instant = "2026-08-03T06:00:00Z".parse().expect("an instant");
        let adjoining = person(vec![stint("2020-01-01", Some("2024-12-31"), zone), stint("2025-01-01", None, zone)]);
        assert_eq!(adjoining.standing(now), Standing::Employed);
        let gap = person(vec![stint("2020-01-01", Some("2024-12-31"), zone), stint("2025-01-02", None, zone)]);
        assert!(matches!(gap.standing(now), Standing::Rehired(..)));
        let gone = person(vec![stint("2020-01-01", Some("2026-08-02"), zone)]);
        assert!(matches!(gone.standing(now), Standing::Left(_)));
        let today = person(vec![stint("2020-01-01", Some("2026-08-02"), Tz::America__Los_Angeles)]);
        assert_eq!(today.standing(now), Standing::Employed, "the day is not over in Los Angeles");
    }
}
