//! From text cells to typed values: declared headers, declared vocabularies, declared date formats. What is not
//! declared is a mistake with its place; nothing is ever guessed.

use std::collections::{BTreeSet, HashMap};

use chrono::format::{Parsed, StrftimeItems};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use scan_contract::Instant;

use super::columns::Column;
use super::mistakes::Mistakes;
use super::model::{EmploymentStatus, EmploymentType, RoleTier, TerminationType, Urgency};
use super::row::RawRow;
use super::settings::SourceSettings;
use crate::hostile;
use crate::problem;

/// One stint as its row says it.
#[derive(Debug, Clone)]
pub(super) struct Record<'r> {
    pub(super) person_id: &'r str,
    pub(super) stint: Option<u32>,
    pub(super) employment_type: EmploymentType,
    pub(super) status: Option<EmploymentStatus>,
    pub(super) display_name: Option<&'r str>,
    pub(super) preferred_name: Option<&'r str>,
    pub(super) legal_name: Option<&'r str>,
    pub(super) work_email: Option<&'r str>,
    pub(super) start_date: NaiveDate,
    /// As written: whether the day is included is the source's meaning.
    pub(super) end_date: Option<NaiveDate>,
    pub(super) last_day_worked: Option<NaiveDate>,
    pub(super) access_end_at: Option<Instant>,
    pub(super) time_zone: Option<&'r str>,
    pub(super) termination_type: Option<TerminationType>,
    pub(super) urgency: Urgency,
    pub(super) role_tier: Option<RoleTier>,
    pub(super) batch: Option<&'r str>,
    pub(super) manager: Option<&'r str>,
    pub(super) department: Option<&'r str>,
    pub(super) legal_hold: bool,
    pub(super) source_record_id: Option<&'r str>,
    pub(super) updated_at: Option<Instant>,
}

/// Reads rows of one source.
pub(super) struct Mapper<'s> {
    settings: &'s SourceSettings,
    /// Per column: the source's word to the canonical word.
    words: HashMap<Column, HashMap<&'s str, &'s str>>,
    none: BTreeSet<&'s str>,
    now: Instant,
}

/// A row that could not be used: everything about it that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rejected<'r> {
    /// Whose row it is, where that much could be read.
    pub(super) person_id: Option<&'r str>,
    /// The source's own number of the row, likewise.
    pub(super) source_record_id: Option<&'r str>,
    /// The address, likewise: an account that carries it is this person's, whatever is wrong with the row.
    pub(super) work_email: Option<&'r str>,
}

impl<'s> Mapper<'s> {
    pub(super) fn new(settings: &'s SourceSettings, now: Instant) -> Self {
        let words = settings
            .values
            .iter()
            .filter_map(|(column, canonical)| {
                let column = Column::parse(column)?;
                let words = canonical
                    .iter()
                    .flat_map(|(word, theirs)| theirs.iter().map(move |their| (their.as_str(), word.as_str())))
                    .collect();
                Some((column, words))
            })
            .collect();
        Self { settings, words, none: settings.none_values.iter().map(String::as_str).collect(), now }
    }

    /// The typed row, or every mistake in it.
    pub(super) fn read<'r>(&self, row: &'r RawRow, mistakes: &mut Mistakes) -> Result<Record<'r>, Rejected<'r>> {
        let mut cells = Cells { mapper: self, row, mistakes, fits: row.fits, secret: self.speaks_of_a_future_end(row) };
        let person_id = cells.person_id();
        let employment_type = cells.word(Column::EmploymentType, EmploymentType::WORDS, EmploymentType::parse);
        let status = cells.word(Column::Status, EmploymentStatus::WORDS, EmploymentStatus::parse);
        let start_date = cells.date(Column::StartDate);
        let record = Record {
            person_id: person_id.unwrap_or_default(),
            stint: cells.stint(),
            employment_type: employment_type.unwrap_or(EmploymentType::Other),
            status,
            display_name: cells.text(Column::DisplayName, 200),
            preferred_name: cells.text(Column::PreferredName, 200),
            legal_name: cells.text(Column::LegalName, 200),
            work_email: cells.email(),
            start_date: start_date.unwrap_or(NaiveDate::MIN),
            end_date: cells.date(Column::EndDate),
            last_day_worked: cells.date(Column::LastDayWorked),
            access_end_at: cells.instant(Column::AccessEndAt),
            time_zone: cells.text(Column::TimeZone, 64),
            termination_type: cells.word(Column::TerminationType, TerminationType::WORDS, TerminationType::parse),
            urgency: cells.word(Column::Urgency, Urgency::WORDS, Urgency::parse).unwrap_or(Urgency::Standard),
            role_tier: cells.word(Column::RoleTier, RoleTier::WORDS, RoleTier::parse),
            batch: cells.batch(),
            manager: cells.text(Column::ManagerPersonId, 64),
            department: cells.text(Column::Department, 128),
            legal_hold: cells.flag(Column::LegalHold),
            source_record_id: cells.text(Column::SourceRecordId, 128),
            updated_at: cells.instant(Column::UpdatedAt),
        };
        if employment_type.is_none() {
            cells.missing(Column::EmploymentType);
        }
        if start_date.is_none() {
            cells.missing(Column::StartDate);
        }
        if cells.fits {
            Ok(record)
        } else {
            Err(Rejected { person_id, source_record_id: record.source_record_id, work_email: record.work_email })
        }
    }

    /// Whether the row names an end that is not certainly over: then nothing of it may be quoted.
    fn speaks_of_a_future_end(&self, row: &RawRow) -> bool {
        let today = self.now.date_naive();
        let day_ahead = |column: Column| {
            row.get(column as usize).is_some_and(|text| {
                !self.none.contains(text)
                    && self.parse_date(text).is_none_or(|day| day.num_days_from_ce() + 2 > today.num_days_from_ce())
            })
        };
        let instant_ahead = row.get(Column::AccessEndAt as usize).is_some_and(|text| {
            !self.none.contains(text) && parse_instant(text).is_none_or(|instant| instant > self.now)
        });
        instant_ahead || day_ahead(Column::EndDate) || day_ahead(Column::LastDayWorked)
    }

    fn parse_date(&self, text: &str) -> Option<NaiveDate> {
        let date = match &self.settings.date_format {
            Some(format) => parse_declared_date(text, format)?,
            None => parse_iso_date(text)?,
        };
        (1900..=9999).contains(&date.year()).then_some(date)
    }
}

/// A date as its source declared it. A time of day is read over where it is midnight, which says no more than the date;
/// any other one is an instant, whose day depends on a zone that nobody declared: midnight in Berlin, written in UTC, is
/// ten at night of the day before.
fn parse_declared_date(text: &str, format: &str) -> Option<NaiveDate> {
    let mut parsed = Parsed::new();
    if chrono::format::parse(&mut parsed, text, StrftimeItems::new(format)).is_err() {
        return None;
    }
    let begins_the_day = [parsed.hour_div_12(), parsed.hour_mod_12(), parsed.minute(), parsed.second()]
        .into_iter()
        .flatten()
        .all(|number| number == 0);
    let Ok(date) = parsed.to_naive_date() else { return None };
    begins_the_day.then_some(date)
}

/// `YYYY-MM-DD` and nothing else.
pub(super) fn parse_iso_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = bytes else {
        return None;
    };
    let number = |digits: &[&u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(**digit - b'0')))
    };
    let year = number(&[y1, y2, y3, y4])?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(&[m1, m2])?, number(&[d1, d2])?)
}

/// RFC 3339 with an offset; a time without one is refused.
pub(super) fn parse_instant(text: &str) -> Option<Instant> {
    let Ok(instant) = DateTime::parse_from_rfc3339(text) else { return None };
    Some(instant.with_timezone(&Utc))
}

/// An address as far as the roster cares: one `@` with something on both sides and no white space.
pub(super) fn looks_like_address(text: &str) -> bool {
    text.len() <= 254
        && !text.contains(char::is_whitespace)
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

struct Cells<'m, 'r> {
    mapper: &'m Mapper<'m>,
    row: &'r RawRow,
    mistakes: &'m mut Mistakes,
    fits: bool,
    secret: bool,
}

impl<'r> Cells<'_, 'r> {
    fn raw(&self, column: Column) -> Option<&'r str> {
        self.row.get(column as usize).filter(|text| !self.mapper.none.contains(text))
    }

    fn wrong(&mut self, column: Column, expected: &str, help: Option<String>) {
        self.fits = false;
        let silent = self.secret && column.tells_of_an_end();
        let found = match self.row.get(column as usize) {
            Some(text) if !silent && column != Column::LegalName => format!(", found {:?}", hostile::short(text, 60)),
            _ => String::new(),
        };
        let place = Some(self.row.place(column as usize));
        let header = self.row.header(column as usize);
        let key = if header == column.as_str() { header.to_owned() } else { format!("{} ({header})", column.as_str()) };
        let help = help.filter(|_| !silent);
        self.mistakes.add(place, &key, format!("expected {expected}{found}"), help);
    }

    fn missing(&mut self, column: Column) {
        if self.raw(column).is_none() {
            self.wrong(column, "a value", None);
        }
    }

    fn person_id(&mut self) -> Option<&'r str> {
        match self.raw(Column::PersonId) {
            Some(id) if id.chars().count() <= 64 && !id.contains(hostile::is_dangerous) => Some(id),
            Some(_) => {
                self.wrong(Column::PersonId, "at most 64 printable characters", None);
                None
            }
            None => {
                self.wrong(Column::PersonId, "an id", None);
                None
            }
        }
    }

    fn text(&mut self, column: Column, longest: usize) -> Option<&'r str> {
        let text = self.raw(column)?;
        if text.len() > longest && text.chars().count() > longest {
            self.wrong(column, &format!("at most {longest} characters"), None);
            return None;
        }
        Some(text)
    }

    fn email(&mut self) -> Option<&'r str> {
        let text = self.raw(Column::WorkEmail)?;
        if !looks_like_address(text) {
            self.wrong(Column::WorkEmail, "a mail address", None);
            return None;
        }
        Some(text)
    }

    fn stint(&mut self) -> Option<u32> {
        let text = self.raw(Column::Stint)?;
        match text.parse::<u32>() {
            Ok(number) if number >= 1 => Some(number),
            _ => {
                self.wrong(Column::Stint, "a whole number from 1", None);
                None
            }
        }
    }

    fn batch(&mut self) -> Option<&'r str> {
        let text = self.raw(Column::Batch)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if text.len() > 64 || !text.as_bytes()[0].is_ascii_alphanumeric() || !text.bytes().all(allowed) {
            self.wrong(Column::Batch, "at most 64 letters, digits, dots, hyphens and underscores", None);
            return None;
        }
        Some(text)
    }

    fn word<T>(&mut self, column: Column, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.raw(column)?;
        let theirs = self.mapper.words.get(&column);
        let canonical = theirs.and_then(|theirs| theirs.get(text)).copied().unwrap_or(text);
        let value = parse(canonical);
        if value.is_none() {
            let known: Vec<&str> =
                theirs.into_iter().flat_map(|theirs| theirs.keys().copied()).chain(words.iter().copied()).collect();
            let near = problem::nearest(text, known.iter().copied()).map(|near| {
                format!(
                    "is it {near:?}? A word of the source is declared under `values: {{ {}: ... }}`",
                    column.as_str()
                )
            });
            let help = near.unwrap_or_else(|| {
                format!("declare the source's words under `values: {{ {}: ... }}`", column.as_str())
            });
            self.wrong(column, &format!("one of {}", words.join(", ")), Some(help));
        }
        value
    }

    fn flag(&mut self, column: Column) -> bool {
        let flag = self.word(column, &["true", "false"], |word| match word {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        });
        // Anything else is a mistake that rejects the row.
        flag == Some(true)
    }

    fn date(&mut self, column: Column) -> Option<NaiveDate> {
        let text = self.raw(column)?;
        let date = self.mapper.parse_date(text);
        if date.is_none() {
            let serial = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
            let help = match (&self.mapper.settings.date_format, serial) {
                (_, true) => "this looks like the serial number of a spreadsheet: export dates as YYYY-MM-DD",
                (None, false) => "day and month cannot be told apart without `date_format`: declare it for this source",
                (Some(_), false) => {
                    "the value does not follow the declared `date_format`, or names a time of day other than midnight, whose date depends on a zone"
                }
            };
            let expected = match &self.mapper.settings.date_format {
                Some(format) => format!("a date of the form {format}"),
                None => "a date of the form YYYY-MM-DD".to_owned(),
            };
            self.wrong(column, &expected, Some(help.to_owned()));
        }
        date
    }

    fn instant(&mut self, column: Column) -> Option<Instant> {
        let text = self.raw(column)?;
        let instant = parse_instant(text);
        if instant.is_none() {
            let help = "a time without an offset could be any of 26 hours".to_owned();
            self.wrong(column, "an RFC 3339 instant such as 2026-07-31T13:00:00Z", Some(help));
        }
        instant
    }
}
