//! Real rows as instants: the one look in which whoever sets a source up sees what its dates come out as.

use std::collections::BTreeSet;

use scan_contract::{Documents, Instant};

use super::columns::Column;
use super::encoding::TextReader;
use super::intake::{Intake, Packing};
use super::mapping::Mapper;
use super::mistakes::Mistakes;
use super::model::{AccessEnd, EndBasis, EndSource};
use super::read_csv;
use super::read_ndjson;
use super::row::RawRow;
use super::settings::{EndDateMeaning, SourceFormat, SourceSettings};
use super::sources::wanted_columns;
use super::stints::{self, Interner, Surroundings};
use super::zones::ZoneCache;

/// How many rows of a source are explained.
const ROWS: usize = 3;

/// One row and what it comes out as.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Source.
    pub source: String,
    /// Line of the row.
    pub line: usize,
    /// Person.
    pub person_id: String,
    /// `start_date` as written.
    pub start_date: String,
    /// `end_date` as written.
    pub end_date: Option<String>,
    /// `last_day_worked` as written.
    pub last_day_worked: Option<String>,
    /// `access_end_at` as written.
    pub access_end_at: Option<String>,
    /// First instant of the stint.
    pub start: Instant,
    /// End of access as the configuration has it.
    pub end: Option<AccessEnd>,
    /// End of access if the end date meant the other thing; `None` where it makes no difference.
    pub end_otherwise: Option<Instant>,
    /// Configured meaning, as it is written.
    pub end_date_meaning: &'static str,
}

impl Explanation {
    /// The row as one line of text.
    pub fn to_line(&self) -> String {
        let none = "-";
        let end = match &self.end {
            None => "open".to_owned(),
            Some(end) => {
                let by = match end.source {
                    EndSource::AccessEndAt => "access_end_at",
                    EndSource::LastDayWorked => "last_day_worked",
                    EndSource::EndDate => "end_date",
                    EndSource::PresumedFromAbsence => "absence",
                };
                let between = if end.zone_is_default {
                    format!(" (default zone: between {} and {})", utc(end.earliest), utc(end.latest))
                } else {
                    String::new()
                };
                format!("{} by {by} in {}{between}", utc(end.at), end.zone)
            }
        };
        let otherwise = match self.end_otherwise {
            Some(at) => format!("; with the other end_date_meaning {}", utc(at)),
            None => String::new(),
        };
        crate::hostile::line(&format!(
            "{} line {}: {}: start_date {}, end_date {}, last_day_worked {}, access_end_at {} -> access ends {end} ({}{otherwise})",
            self.source,
            self.line,
            self.person_id,
            self.start_date,
            self.end_date.as_deref().unwrap_or(none),
            self.last_day_worked.as_deref().unwrap_or(none),
            self.access_end_at.as_deref().unwrap_or(none),
            self.end_date_meaning,
        ))
    }
}

fn utc(instant: Instant) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Up to three rows of a source that tell an end, of different shapes where there are some. Rows whose end lies ahead
/// are left out, unless `confidential` says that only whoever may know is looking.
pub fn explain(
    source: &SourceSettings,
    documents: &dyn Documents,
    now: Instant,
    end_basis: EndBasis,
    confidential: bool,
) -> Vec<Explanation> {
    let Ok(mut intake) = Intake::open(documents, &source.path, Packing::Forget) else {
        return Vec::new(); // Loading the roster says why.
    };
    let mut mistakes = Mistakes::of(&source.path);
    let mut explainer = Explainer {
        source,
        now,
        end_basis,
        confidential,
        mapper: Mapper::new(source, now),
        zones: ZoneCache::default(),
        texts: Interner::default(),
        shapes: BTreeSet::new(),
        found: Vec::new(),
        spare: Vec::new(),
    };
    let wanted = wanted_columns(source);
    let mut text = TextReader::new(&mut intake, source.encoding);
    let mut on_row = |row: &RawRow, mistakes: &mut Mistakes| explainer.look(row, mistakes);
    match source.format {
        SourceFormat::Csv => read_csv::read(&mut text, source.delimiter, &wanted, &mut mistakes, &mut on_row),
        SourceFormat::Ndjson => read_ndjson::read(&mut text, &wanted, &mut mistakes, &mut on_row),
    };
    let missing = ROWS.saturating_sub(explainer.found.len());
    explainer.found.extend(explainer.spare.into_iter().take(missing));
    explainer.found.sort_by_key(|explanation| explanation.line);
    explainer.found
}

struct Explainer<'s> {
    source: &'s SourceSettings,
    now: Instant,
    end_basis: EndBasis,
    confidential: bool,
    mapper: Mapper<'s>,
    zones: ZoneCache,
    texts: Interner,
    /// Which of the three end columns a row fills, and whether its zone is a default.
    shapes: BTreeSet<(bool, bool, bool, bool)>,
    found: Vec<Explanation>,
    spare: Vec<Explanation>,
}

impl Explainer<'_> {
    fn look(&mut self, row: &RawRow, mistakes: &mut Mistakes) {
        if self.found.len() >= ROWS {
            return;
        }
        let Ok(record) = self.mapper.read(row, mistakes) else { return };
        let zone_is_default = record.time_zone.is_none();
        let Some(name) = record.time_zone.or(self.source.default_time_zone.as_deref()) else { return };
        let Ok(zone) = self.zones.find(name) else { return };
        let name = self.texts.keep(&self.source.id);
        let around = |meaning| Surroundings {
            source: &name,
            zone: &zone,
            zone_is_default,
            meaning,
            basis: self.end_basis,
            now: self.now,
        };
        let (meaning, other, word) = match self.source.end_date_meaning {
            EndDateMeaning::LastDayIncluded => {
                (EndDateMeaning::LastDayIncluded, EndDateMeaning::FirstDayExcluded, "last_day_included")
            }
            EndDateMeaning::FirstDayExcluded => {
                (EndDateMeaning::FirstDayExcluded, EndDateMeaning::LastDayIncluded, "first_day_excluded")
            }
        };
        let (stint, _) = stints::make(&record, &around(meaning), &mut self.texts);
        let (otherwise, _) = stints::make(&record, &around(other), &mut self.texts);
        // An open row tells nothing about what an end date means.
        let Some(end) = stint.end else { return };
        if end.latest > self.now && !self.confidential {
            return;
        }
        let written = |column: Column| row.get(column as usize).map(str::to_owned);
        let shape = (
            record.end_date.is_some(),
            record.last_day_worked.is_some(),
            record.access_end_at.is_some(),
            zone_is_default,
        );
        let explanation = Explanation {
            source: self.source.id.clone(),
            line: row.line(),
            person_id: record.person_id.to_owned(),
            start_date: written(Column::StartDate).unwrap_or_default(),
            end_date: written(Column::EndDate),
            last_day_worked: written(Column::LastDayWorked),
            access_end_at: written(Column::AccessEndAt),
            start: stint.start,
            end_otherwise: otherwise.end.map(|other| other.at).filter(|other| *other != end.at),
            end: Some(end),
            end_date_meaning: word,
        };
        if self.shapes.insert(shape) {
            self.found.push(explanation);
        } else if self.spare.len() < ROWS {
            self.spare.push(explanation);
        }
    }
}
