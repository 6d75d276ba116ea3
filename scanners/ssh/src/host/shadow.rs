//! `shadow.txt` (optional): whether a password is locked and when an account ends, without any hash.
//!
//! ```text
//! # holdover-shadow 1
//! ana:locked:20665
//! ben:usable:
//! # end 2
//! ```
//!
//! Name, state of the password (`usable`, `locked`, `none`, `empty`), and the last day of the account in days since
//! 1970 (shadow(5), field 8). What it says can only close something, so without it nothing is missed.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta};
use scan_contract::{Cause, Moment, YEARS};

/// State of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Password {
    /// One is set.
    Usable,
    /// Locked: `!` before the hash. Keys still work, unless sshd does without PAM.
    Locked,
    /// Never set: `*`.
    None,
    /// Empty.
    Empty,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shadow {
    /// State of the password.
    pub(crate) password: Password,
    /// Day after which the account is refused.
    pub(crate) last_day: Option<NaiveDate>,
}

impl Shadow {
    /// When the account ends. sshd refuses it from the day after, PAM from that day on, both in UTC.
    pub(crate) fn ends(self) -> Option<Moment> {
        self.last_day.map(|day| Moment::within(Moment::day(day).at, 2 * 86_400))
    }

    /// The password in words, where there is something to say.
    pub(crate) fn describe(self) -> Option<&'static str> {
        match self.password {
            Password::Usable => None,
            Password::Locked => Some("its password is locked, which stops no key"),
            Password::None => Some("it never had a password"),
            Password::Empty => Some("its password is empty"),
        }
    }
}

/// Lines by account name, and what is wrong with the file.
pub(super) fn parse(bytes: &[u8], name: &str) -> (BTreeMap<String, Shadow>, Vec<(String, Cause)>) {
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    let (mut versioned, mut end, mut counted) = (false, None, 0_u64);
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{name}:{}", index + 1);
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        if let Some(comment) = text.strip_prefix('#') {
            let comment = comment.trim();
            versioned |= comment == "holdover-shadow 1";
            if let Some(count) = comment.strip_prefix("end ") {
                end = Some(count.parse::<u64>().unwrap_or(u64::MAX));
            }
            continue;
        }
        counted += 1;
        match parse_line(text) {
            Some((account, shadow)) => drop(found.insert(account, shadow)),
            None => problems.push((place.clone(), Cause::Malformed { what: format!("{place}: not name:state:day") })),
        }
    }
    match end {
        Some(announced) if announced != counted => problems.push((
            name.to_owned(),
            Cause::CountDiffers { what: format!("lines of {name}"), announced, found: counted },
        )),
        None if versioned => {
            problems.push((name.to_owned(), Cause::CutOff { what: format!("{name} has no end line") }));
        }
        _ => {}
    }
    (found, problems)
}

fn parse_line(text: &str) -> Option<(String, Shadow)> {
    let mut parts = text.split(':');
    let (name, state, day) = (parts.next()?, parts.next()?, parts.next()?);
    let password = match state {
        "usable" => Password::Usable,
        "locked" => Password::Locked,
        "none" => Password::None,
        "empty" => Password::Empty,
        _ => return None,
    };
    let last_day = match day {
        "" | "-1" => None,
        days => {
            let since = TimeDelta::try_days(days.parse().ok()?)?;
            let day = DateTime::UNIX_EPOCH.date_naive().checked_add_signed(since)?;
            YEARS.contains(&day.year()).then_some(())?;
            Some(day)
        }
    };
    (parts.next().is_none() && !name.is_empty()).then(|| (name.to_owned(), Shadow { password, last_day }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_days_are_read_and_other_lines_are_named() {
        let (found, problems) =
            parse(b"ana:locked:20665\nben:usable:\nroot:none:-1\nx:open:\ny:usable:soon\n", "shadow.txt");
        assert_eq!(found["ana"].last_day, NaiveDate::from_ymd_opt(2026, 7, 31));
        assert_eq!((found["ben"].password, found["ben"].last_day), (Password::Usable, None));
        assert_eq!(
            problems.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(),
            ["shadow.txt:4", "shadow.txt:5"]
        );
        assert_eq!(parse(b"# holdover-shadow 1\nana:locked:\n# end 1\n", "s").1, []);
        assert_eq!(parse(b"# holdover-shadow 1\nana:locked:\n", "s").1.len(), 1);
    }

    #[test]
    fn a_last_day_outside_the_calendar_is_named_and_the_last_one_inside_is_read() {
        let last = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day");
        let days = (last - DateTime::UNIX_EPOCH.date_naive()).num_days();
        let text = format!("a:usable:{days}\nb:usable:{}\nc:usable:95026236\nd:usable:-99999999\n", days + 1);
        let (found, problems) = parse(text.as_bytes(), "s");
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(problems.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), ["s:2", "s:3", "s:4"]);
        let ends = found["a"].ends().expect("it ends");
        assert!(!ends.certainly_before("2026-08-01T00:00:00Z".parse().expect("an instant")));
    }
}
