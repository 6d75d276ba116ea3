//! Records of a source become lines of a canonical roster: one JSON object a spell, sorted, so that the same people give
//! the same bytes in whatever order the service tells them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bytes::Bytes;
use scan_contract::Cause;
use serde_json::{Map, Value, json};

use crate::column::Column;
use crate::dates;
use crate::mapping::Mapping;
use crate::pick::Picked;
use crate::source::{Dates, Leavers, Source};

/// Text in a cell that could not be read: no date, no word, no address looks like it, so that its row is rejected and
/// counted by the roster's own gates.
const UNREADABLE: &str = "(not a text)";
/// Records that cannot be read, of which so many make no roster whatever its gates say.
const MOST_UNREADABLE: u64 = 100_000;
/// How many locations without a zone are named.
const NAMED: usize = 5;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Cell {
    /// The record has no such field.
    #[default]
    Absent,
    /// The field is there and empty.
    Empty,
    /// Text.
    Text(String),
}

impl Cell {
    pub(crate) fn of(picked: &Picked) -> Self {
        match picked {
            Picked::Absent => Self::Absent,
            Picked::Null => Self::Empty,
            Picked::Text(text) if text.trim().is_empty() => Self::Empty,
            Picked::Text(text) => Self::Text(String::from(text.trim())),
            Picked::List(_) | Picked::Other => Self::Text(String::from(UNREADABLE)),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Empty => None,
        }
    }
}

/// A name somebody is found by beside those in columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alias {
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) system: Option<String>,
    pub(crate) personal: bool,
}

impl Alias {
    /// An address; private ones are matched and never shown.
    pub(crate) fn email(value: &str, personal: bool) -> Self {
        Self { kind: "email", value: String::from(value), system: None, personal }
    }

    fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert(String::from("kind"), json!(self.kind));
        fields.insert(String::from("value"), json!(self.value));
        if let Some(system) = &self.system {
            fields.insert(String::from("system"), json!(system));
        }
        if self.personal {
            fields.insert(String::from("personal"), json!(true));
        }
        Value::Object(fields)
    }
}

/// One spell of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    cells: [Cell; Column::COUNT],
    pub(crate) aliases: Vec<Alias>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { cells: std::array::from_fn(|_| Cell::Absent), aliases: Vec::new() }
    }

    /// A record that could not be read, so that it is counted and nobody is judged by its neighbours in its place. Each
    /// has a number, since lines that are equal count once.
    fn unreadable(number: u64) -> Self {
        let mut record = Self::new();
        for column in [Column::PersonId, Column::EmploymentType] {
            record.set(column, Cell::Empty);
        }
        record.put(Column::StartDate, format!("(unreadable record {number})"));
        record
    }

    pub(crate) fn get(&self, column: Column) -> Option<&str> {
        self.cells[column as usize].text()
    }

    pub(crate) fn cell(&self, column: Column) -> &Cell {
        &self.cells[column as usize]
    }

    pub(crate) fn set(&mut self, column: Column, cell: Cell) {
        self.cells[column as usize] = cell;
    }

    pub(crate) fn put(&mut self, column: Column, text: impl Into<String>) {
        self.set(column, Cell::Text(text.into()));
    }

    /// Adds an alias, unless it is no address at all: a private mailbox with a typing error must not reject a row.
    pub(crate) fn alias(&mut self, alias: Alias) {
        let looks_fine = alias.kind != "email" || looks_like_address(&alias.value);
        if looks_fine && !alias.value.trim().is_empty() && !self.aliases.contains(&alias) {
            self.aliases.push(alias);
        }
    }

    fn to_line(&self) -> String {
        let mut fields = Map::new();
        for column in Column::ALL.iter().filter(|column| !Column::HELPERS.contains(column)) {
            let value = match self.cell(*column) {
                Cell::Absent => continue,
                Cell::Empty => Value::Null,
                Cell::Text(text) if *column == Column::Stint => match text.parse::<u32>() {
                    Ok(number) => json!(number),
                    Err(_) => json!(text),
                },
                Cell::Text(text) => json!(text),
            };
            fields.insert(String::from(column.as_str()), value);
        }
        if !self.aliases.is_empty() {
            let mut aliases = self.aliases.clone();
            aliases.sort();
            fields.insert(String::from("aliases"), aliases.iter().map(Alias::to_json).collect());
        }
        Value::Object(fields).to_string()
    }
}

fn looks_like_address(text: &str) -> bool {
    text.len() <= 254
        && !text.contains(char::is_whitespace)
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// Collects records.
#[derive(Debug)]
pub(crate) struct Table<'s> {
    source: &'s Source,
    lines: BTreeSet<Box<str>>,
    /// The service's own keys of what it told, for counting.
    keys: HashSet<Box<str>>,
    repeated: u64,
    unreadable: u64,
    leavers: u64,
    without_zone: BTreeMap<String, u64>,
    earlier_spell_unknown: u64,
    seen: [bool; Column::COUNT],
    /// The fields of each column that should come.
    expected: BTreeMap<Column, Vec<String>>,
    sums: BTreeMap<&'static str, u64>,
    notices: Vec<String>,
}

impl<'s> Table<'s> {
    pub(crate) fn new(source: &'s Source, mapping: &Mapping) -> Self {
        Self {
            source,
            expected: mapping.by_column().clone(),
            lines: BTreeSet::new(),
            keys: HashSet::new(),
            repeated: 0,
            unreadable: 0,
            leavers: 0,
            without_zone: BTreeMap::new(),
            earlier_spell_unknown: 0,
            seen: [false; Column::COUNT],
            sums: BTreeMap::new(),
            notices: Vec::new(),
        }
    }

    pub(crate) fn notice(&mut self, says: impl Into<String>) {
        self.notices.push(says.into());
    }

    /// Counts something that is said once with its number.
    pub(crate) fn add_up(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.sums.entry(what).or_default() += count;
        }
    }

    /// Keys of what was told, in any order.
    pub(crate) fn keys(&self) -> &HashSet<Box<str>> {
        &self.keys
    }

    /// Counts an object by the service's own key. `false`: it was told before.
    pub(crate) fn count(&mut self, key: &str) -> bool {
        let new = self.keys.insert(Box::from(key));
        self.repeated += u64::from(!new);
        new
    }

    /// Takes a record that could not be read.
    pub(crate) fn push_unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// Takes a record.
    pub(crate) fn push(&mut self, mut record: Record) {
        for column in Column::ALL {
            self.seen[*column as usize] |= *record.cell(*column) != Cell::Absent;
        }
        self.tidy(&mut record);
        self.leavers += u64::from(self.tells_of_a_leaver(&record));
        if let Some(earlier) = self.split(&mut record) {
            self.insert(&earlier);
        }
        self.insert(&record);
    }

    fn insert(&mut self, record: &Record) {
        // Two pages that overlap give the same line twice: it is one spell.
        self.lines.insert(record.to_line().into_boxed_str());
    }

    /// Dates without offsets, a zone for the location, a sort of employment for whoever has none.
    fn tidy(&mut self, record: &mut Record) {
        if self.source.dates == Dates::Iso {
            for column in Column::ALL.iter().filter(|column| column.is_date()) {
                if let Some(text) = record.get(*column).map(dates::civil) {
                    record.set(*column, Cell::Text(String::from(text)));
                }
            }
        }
        if record.get(Column::EmploymentType).is_none() {
            record.put(Column::EmploymentType, self.source.employment_type.as_str());
        }
        let place = record.get(Column::Location).map(String::from);
        if record.get(Column::TimeZone).is_none()
            && let Some(place) = place
            && !self.source.zones.is_empty()
        {
            match self.source.zones.get(&place) {
                Some(zone) => record.put(Column::TimeZone, zone.as_str()),
                None => *self.without_zone.entry(place).or_default() += 1,
            }
        }
        if self.source.leavers == Leavers::MayBeNone && record.cell(Column::EndDate) == &Cell::Absent {
            record.set(Column::EndDate, Cell::Empty);
        }
    }

    fn none<'r>(&self, text: &'r str) -> Option<&'r str> {
        (!self.source.none_values.iter().any(|none| none == text)).then_some(text)
    }

    fn tells_of_a_leaver(&self, record: &Record) -> bool {
        let ended =
            record.get(Column::Status).is_some_and(|word| self.source.ended_words.iter().any(|ended| ended == word));
        ended || Column::ENDS.iter().any(|column| record.get(*column).and_then(|text| self.none(text)).is_some())
    }

    /// A source that keeps one row a person overwrites the first day and may leave the earlier end standing: an end
    /// before the start is the end of the spell before.
    fn split(&mut self, record: &mut Record) -> Option<Record> {
        let iso = |column: Column| {
            let text = record.get(column).and_then(|text| self.none(text))?;
            let [_, _, _, _, b'-', _, _, b'-', _, _] = text.as_bytes() else { return None };
            Some(String::from(text))
        };
        if self.source.dates != Dates::Iso {
            return None;
        }
        let (start, end) = (iso(Column::StartDate)?, iso(Column::EndDate)?);
        if end >= start {
            return None;
        }
        let first = iso(Column::OriginalStartDate).filter(|first| *first <= end);
        let earlier = first.map(|first| {
            let mut earlier = record.clone();
            earlier.put(Column::StartDate, first);
            // How things stand now is said of the present spell.
            earlier.set(Column::Status, Cell::Empty);
            earlier.aliases.clear();
            earlier
        });
        self.earlier_spell_unknown += u64::from(earlier.is_none());
        for column in [Column::EndDate, Column::LastDayWorked, Column::TerminationType] {
            if record.cell(column) != &Cell::Absent {
                record.set(column, Cell::Empty);
            }
        }
        earlier
    }

    /// Everything that was told, or why it may not be believed.
    pub(crate) fn finish(mut self, announced: Option<u64>) -> Result<Lines, Cause> {
        let distinct = self.keys.len() as u64;
        if let Some(announced) = announced
            && distinct < announced
        {
            return Err(Cause::CountDiffers {
                what: String::from("records of the source"),
                announced,
                found: distinct,
            });
        }
        self.insert_unreadable()?;
        if self.lines.is_empty() {
            return Err(Cause::NotSeen {
                what: String::from("anybody: the source gave no record, and an empty roster is never valid"),
            });
        }
        self.check_leavers()?;
        self.tell();
        let mut table = Vec::with_capacity(self.lines.iter().map(|line| line.len() + 1).sum());
        for line in &self.lines {
            table.extend_from_slice(line.as_bytes());
            table.push(b'\n');
        }
        Ok(Lines { table: Bytes::from(table), rows: self.lines.len() as u64, notices: self.notices })
    }

    /// One row for each record that could not be read: the share of rows that are rejected is judged (ROS-3).
    fn insert_unreadable(&mut self) -> Result<(), Cause> {
        if self.unreadable > MOST_UNREADABLE {
            return Err(Cause::Malformed { what: format!("{} records of the source cannot be read", self.unreadable) });
        }
        for number in 1..=self.unreadable {
            let mut record = Record::unreadable(number);
            self.tidy(&mut record);
            self.insert(&record);
        }
        Ok(())
    }

    fn check_leavers(&mut self) -> Result<(), Cause> {
        let rows = self.lines.len();
        match self.source.leavers {
            Leavers::Expected if self.leavers == 0 => Err(Cause::NotSeen {
                what: format!(
                    "anybody who left, among {rows} records: a filter or a missing right hides them; if nobody ever left, set `expect_leavers: false`"
                ),
            }),
            Leavers::MayBeNone if self.leavers == 0 => {
                let says = format!(
                    "none of {rows} records tells of somebody who left; a filter that hides them looks just like this"
                );
                self.notices.push(says);
                Ok(())
            }
            Leavers::Expected | Leavers::MayBeNone => Ok(()),
        }
    }

    fn tell(&mut self) {
        let missing: Vec<String> = self
            .expected
            .iter()
            .filter(|(column, _)| !self.seen[**column as usize])
            .map(|(column, fields)| format!("{} ({})", column.as_str(), fields.join(", ")))
            .collect();
        if !missing.is_empty() {
            self.notices.push(format!(
                "no record has a field for these columns; what the credential may not see is left out without a word: {}",
                missing.join(", ")
            ));
        }
        let sums = std::mem::take(&mut self.sums);
        self.notices.extend(sums.into_iter().map(|(what, count)| format!("{count} {what}")));
        if self.repeated > 0 {
            self.notices.push(format!("{} records were told twice and count once", self.repeated));
        }
        if self.earlier_spell_unknown > 0 {
            self.notices.push(format!(
                "{} people have an end before their first day and no earlier first day: the earlier spell is not known",
                self.earlier_spell_unknown
            ));
        }
        if !self.without_zone.is_empty() {
            let rows: u64 = self.without_zone.values().sum();
            let places: Vec<String> = self.without_zone.keys().take(NAMED).map(|place| shown(place)).collect();
            let more = self.without_zone.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.notices.push(format!(
                "{rows} records are at places without a zone in `time_zones` and take the default one: {}{more}",
                places.join(", ")
            ));
        }
    }
}

/// A name from outside, in quotes and short.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("{short:?}")
}

/// The finished table.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) table: Bytes,
    pub(crate) rows: u64,
    pub(crate) notices: Vec<String>,
}
