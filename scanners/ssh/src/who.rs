//! `who.txt`: who is signed in, as `who -u` or `who --ips` prints it.
//!
//! ```text
//! # holdover-who 1
//! # taken-at: 2026-08-01T00:28:00Z
//! # time-zone: Europe/Berlin
//! ana      pts/0        2026-07-31 08:12 00:05        1234 (10.0.0.5)
//! # end 1
//! ```
//!
//! A time without a zone is not read: the file must say `# time-zone:` with a name of the time zone database, or
//! `# utc-offset: +02:00`, or each time must carry its own offset. With the first line, the last one is demanded.

use chrono::{
    DateTime, Datelike as _, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone,
};
use chrono_tz::Tz;
use scan_contract::{Cause, Instant, Moment, YEARS, is_in_calendar};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Account name.
    pub(crate) account: String,
    /// Terminal line.
    pub(crate) terminal: String,
    /// Where from, as printed.
    pub(crate) origin: Option<String>,
    /// Since when; `None` where the time could not be read.
    pub(crate) since: Option<Moment>,
    /// Last activity; `None` where it is not printed or not to be reckoned.
    pub(crate) active: Option<Moment>,
    /// Line number.
    pub(crate) line: usize,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Who {
    /// Sessions.
    pub(crate) sessions: Vec<Seen>,
    /// What is not understood: a part and a cause.
    pub(crate) problems: Vec<(String, Cause)>,
}

#[derive(Debug, Clone, Copy)]
enum Zone {
    None,
    Named(Tz),
    Offset(FixedOffset),
}

/// `who` prints minutes.
const MINUTE: u32 = 60;

/// Reads the file; `name` is its path for messages.
pub(crate) fn parse(bytes: &[u8], name: &str) -> Who {
    let mut reader =
        Reader { who: Who::default(), zone: Zone::None, taken_at: None, zone_missing: 0, impossible: 0, outside: 0 };
    let (mut versioned, mut end, mut counted) = (false, None, 0_u64);
    if !bytes.is_empty() && bytes.last() != Some(&b'\n') {
        reader.problem(name, None, Cause::CutOff { what: format!("{name} ends inside a line") });
    }
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let Ok(text) = std::str::from_utf8(line) else {
            reader.problem(name, Some(number), Cause::Malformed { what: format!("{name}:{number} is not UTF-8") });
            continue;
        };
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        if let Some(comment) = text.strip_prefix('#') {
            let comment = comment.trim();
            if let Some(version) = comment.strip_prefix("holdover-who ") {
                versioned = true;
                if version != "1" {
                    reader.problem(
                        name,
                        Some(number),
                        Cause::NotSupported { what: format!("{name} version {version:?}") },
                    );
                }
            } else if let Some(count) = comment.strip_prefix("end ") {
                end = count.parse::<u64>().map_or(Some(u64::MAX), Some);
            } else {
                reader.header(name, number, comment);
            }
            continue;
        }
        counted += 1;
        reader.session(name, number, text);
    }
    match end {
        Some(announced) if announced != counted => {
            reader.problem(
                name,
                None,
                Cause::CountDiffers { what: format!("lines of {name}"), announced, found: counted },
            );
        }
        None if versioned => reader.problem(name, None, Cause::CutOff { what: format!("{name} has no end line") }),
        _ => {}
    }
    if reader.zone_missing > 0 {
        let what = format!(
            "{name}: {} times without a zone; add `# time-zone: Area/City` or `# utc-offset: +HH:MM`",
            reader.zone_missing
        );
        reader.problem(name, None, Cause::Malformed { what });
    }
    if reader.impossible > 0 {
        let what = format!("{name}: {} times that the clock of its zone never showed", reader.impossible);
        reader.problem(name, None, Cause::Malformed { what });
    }
    if reader.outside > 0 {
        let what = format!("{name}: {} times outside the years 0000 to 9999", reader.outside);
        reader.problem(name, None, Cause::Malformed { what });
    }
    reader.who
}

struct Reader {
    who: Who,
    zone: Zone,
    taken_at: Option<Instant>,
    zone_missing: usize,
    impossible: usize,
    outside: usize,
}

impl Reader {
    fn problem(&mut self, name: &str, line: Option<usize>, cause: Cause) {
        self.who.problems.push((line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}")), cause));
    }

    fn header(&mut self, name: &str, number: usize, comment: &str) {
        let Some((key, value)) = comment.split_once(':') else { return };
        let value = value.trim();
        let understood = match key.trim() {
            "time-zone" => value.parse().map(|zone| self.zone = Zone::Named(zone)).is_ok(),
            "utc-offset" => offset(value).map(|offset| self.zone = Zone::Offset(offset)).is_some(),
            "taken-at" => {
                self.taken_at = DateTime::parse_from_rfc3339(value)
                    .map_or(None, |at| Some(at.to_utc()).filter(|at| is_in_calendar(*at)));
                self.taken_at.is_some()
            }
            _ => true,
        };
        if !understood {
            self.problem(
                name,
                Some(number),
                Cause::Malformed { what: format!("{name}:{number}: {} {value:?} is not understood", key.trim()) },
            );
        }
    }

    fn session(&mut self, name: &str, number: usize, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.first() == Some(&"NAME") && words.contains(&"LINE") {
            return;
        }
        let Some((account, terminal, rest)) = start(&words) else {
            return self.problem(
                name,
                Some(number),
                Cause::Malformed { what: format!("{name}:{number}: no account, terminal and time") },
            );
        };
        let (since, rest) = self.time(rest);
        let mut seen = Seen {
            account: account.to_owned(),
            terminal: terminal.to_owned(),
            origin: None,
            since,
            active: None,
            line: number,
        };
        for word in rest {
            if let Some(inner) = word.strip_prefix('(') {
                seen.origin = Some(inner.trim_end_matches(')').to_owned());
            } else if *word == "." {
                seen.active = self.idle(TimeDelta::zero());
            } else if *word == "old" || *word == "?" || word.bytes().all(|byte| byte.is_ascii_digit()) {
                // Idle for more than a day, not known, or the process id.
            } else if let Some(idle) = idle(word) {
                seen.active = self.idle(idle);
            } else if word.contains(['.', ':']) {
                seen.origin = Some((*word).to_owned());
            }
        }
        self.who.sessions.push(seen);
    }

    fn idle(&self, idle: TimeDelta) -> Option<Moment> {
        // Printed in whole minutes, cut off: the last activity lies in the minute before.
        let minute = TimeDelta::seconds(i64::from(MINUTE));
        let at = self.taken_at?.checked_sub_signed(idle)?.checked_sub_signed(minute)?;
        is_in_calendar(at).then(|| Moment::within(at, MINUTE))
    }

    /// Takes the time off the front.
    fn time<'a, 'b>(&mut self, words: &'a [&'b str]) -> (Option<Moment>, &'a [&'b str]) {
        let Some(first) = words.first() else { return (None, words) };
        if let Ok(at) = DateTime::parse_from_rfc3339(first) {
            return (self.inside(at.to_utc(), MINUTE), &words[1..]);
        }
        if let (Ok(date), Some(clock)) = (NaiveDate::parse_from_str(first, "%Y-%m-%d"), words.get(1)) {
            let clock =
                NaiveTime::parse_from_str(clock, "%H:%M").or_else(|_| NaiveTime::parse_from_str(clock, "%H:%M:%S"));
            if let Ok(clock) = clock {
                let (zone, rest) = match words.get(2).copied().and_then(offset) {
                    Some(offset) => (Zone::Offset(offset), &words[3..]),
                    None => (self.zone, &words[2..]),
                };
                return (self.instant(date.and_time(clock), zone), rest);
            }
        }
        // `Jul 31 08:12`: the C locale leaves the year out, so it is no time we could use.
        let month = first.len() == 3 && first.bytes().all(|byte| byte.is_ascii_alphabetic());
        if month && words.len() >= 3 {
            self.zone_missing += 1;
            return (None, &words[3..]);
        }
        self.zone_missing += 1;
        (None, words)
    }

    /// The moment, where the store and every output can write it.
    fn inside(&mut self, at: Instant, precision_seconds: u32) -> Option<Moment> {
        if is_in_calendar(at) {
            return Some(Moment::within(at, precision_seconds));
        }
        self.outside += 1;
        None
    }

    fn instant(&mut self, local: NaiveDateTime, zone: Zone) -> Option<Moment> {
        // Before any arithmetic: the last years that the library counts have no room for an offset.
        if !YEARS.contains(&local.year()) {
            self.outside += 1;
            return None;
        }
        let mapped = match zone {
            Zone::None => {
                self.zone_missing += 1;
                return None;
            }
            Zone::Offset(offset) => offset.from_local_datetime(&local).map(|at| at.to_utc()),
            Zone::Named(zone) => zone.from_local_datetime(&local).map(|at| at.to_utc()),
        };
        match mapped {
            MappedLocalTime::Single(at) => self.inside(at, MINUTE),
            MappedLocalTime::Ambiguous(first, second) => {
                let span = u32::try_from((second - first).num_seconds()).unwrap_or(u32::MAX - MINUTE);
                self.inside(first, span.saturating_add(MINUTE))
            }
            MappedLocalTime::None => {
                self.impossible += 1;
                None
            }
        }
    }
}

/// Account, terminal, and the words from the time on. `who -T` puts a sign between them.
fn start<'a, 'b>(words: &'a [&'b str]) -> Option<(&'b str, &'b str, &'a [&'b str])> {
    let (account, rest) = words.split_first()?;
    let rest = match rest.first() {
        Some(&("+" | "-" | "?")) => &rest[1..],
        _ => rest,
    };
    let (terminal, rest) = rest.split_first()?;
    (!rest.is_empty()).then_some((*account, *terminal, rest))
}

fn offset(text: &str) -> Option<FixedOffset> {
    if text == "Z" {
        return FixedOffset::east_opt(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(())?;
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

fn idle(word: &str) -> Option<TimeDelta> {
    let (hours, minutes) = word.split_once(':')?;
    if hours.len() > 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(TimeDelta::minutes(hours * 60 + minutes))
}

#[cfg(test)]
#[path = "who_tests.rs"]
mod tests;
