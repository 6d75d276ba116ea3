//! Reads every file of the roster once and says how far each got.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use scan_contract::{Cause, Documents, Instant};

use super::aliases;
use super::columns::{ALIAS_COLUMNS, Column};
use super::digest;
use super::encoding::TextReader;
use super::gates::{Force, Gate};
use super::intake::{Intake, Packing, TakenFile};
use super::links::{self, Links};
use super::manifest::{self, Manifest};
use super::mapping::{Mapper, Record, Rejected};
use super::mistakes::Mistakes;
use super::model::{EndBasis, RosterDigest};
use super::people::{Builder, People};
use super::read_csv::{self, TableRead, Wanted};
use super::read_ndjson;
use super::row::{AliasText, RawRow};
use super::settings::{Encoding, RosterSettings, SourceCoverage, SourceFormat, SourceSettings};
use super::stints::Surroundings;
use super::zones::{NotAZone, Zone};
use crate::config::ProvenFile;
use crate::problem::Problem;

/// Name of the aliases file in the digest and in facts.
pub(super) const ALIASES: &str = "aliases";
/// Name of the links file in the digest and in facts.
pub(super) const LINKS: &str = "links";

/// How one file was read.
#[derive(Debug, Default)]
pub(super) struct FileRead {
    /// Source id, `aliases` or `links`.
    pub(super) id: String,
    pub(super) taken: Option<TakenFile>,
    pub(super) manifest_taken: Option<TakenFile>,
    pub(super) table: TableRead,
    pub(super) rejected: u64,
    pub(super) as_of: Option<Instant>,
    pub(super) by_file_time: bool,
    pub(super) gates: Vec<Gate>,
    pub(super) problems: Vec<Problem>,
}

impl FileRead {
    fn gate(&mut self, number: &'static str, force: Force, says: impl Into<String>) {
        self.gates.push(Gate { number, source: Some(self.id.clone()), force, says: says.into() });
    }

    fn unreadable(&mut self, path: &Path, cause: &Cause) {
        self.gate("ROS-1", Force::Refuses, format!("{}: {cause}", path.display()));
        self.problems.push(Problem::file(path, cause.to_string()));
    }
}

/// Everything the files say.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) sources: Vec<FileRead>,
    /// Aliases and links, where configured.
    pub(super) others: Vec<FileRead>,
    pub(super) people: People,
    pub(super) links: Links,
    /// `None` where a file could not be read to its end.
    pub(super) digest: Option<RosterDigest>,
}

impl Reading {
    pub(super) fn files(&self) -> impl Iterator<Item = &FileRead> {
        self.sources.iter().chain(&self.others)
    }
}

/// What reading needs to know.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) settings: &'a RosterSettings,
    pub(super) documents: &'a dyn Documents,
    pub(super) now: Instant,
    pub(super) end_basis: EndBasis,
    pub(super) packing: Packing,
}

impl Reader<'_> {
    /// Reads aliases first, because they say which rows of different sources are one person's; then every source.
    pub(super) fn read(&self, only: Option<BTreeSet<String>>) -> Reading {
        let mut builder = Builder::new(self.now, only);
        let mut others = Vec::new();
        if let Some(file) = &self.settings.aliases {
            others.push(self.read_aliases(file, &mut builder));
        }
        let mut links = Links::new();
        if let Some(file) = &self.settings.links {
            others.push(self.read_links(file, &mut links));
        }
        let sources: Vec<FileRead> =
            self.settings.sources.iter().map(|source| self.read_source(source, &mut builder)).collect();
        let lines: Option<BTreeMap<&str, &str>> = sources
            .iter()
            .chain(&others)
            .map(|file| file.taken.as_ref().map(|taken| (file.id.as_str(), taken.sha256.as_str())))
            .collect();
        let digest = lines.filter(|lines| !lines.is_empty()).map(|lines| digest::of(&lines));
        Reading { sources, others, people: builder.finish(), links, digest }
    }

    fn open(&self, path: &Path, file: &mut FileRead) -> Option<Intake> {
        match Intake::open(self.documents, path, self.packing) {
            Ok(intake) => Some(intake),
            Err(cause) => {
                file.unreadable(path, &cause);
                None
            }
        }
    }

    fn finish(intake: Intake, path: &Path, file: &mut FileRead) {
        match intake.finish() {
            Ok(taken) => file.taken = Some(taken),
            Err(cause) => file.unreadable(path, &cause),
        }
    }

    fn read_source(&self, source: &SourceSettings, builder: &mut Builder) -> FileRead {
        let mut file = FileRead { id: source.id.clone(), ..FileRead::default() };
        // What a service did not give is told once.
        let given = source.service.is_none() || self.documents.exists(&source.path).is_ok();
        let manifest = if given { self.read_manifest(source, &mut file) } else { None };
        let Some(mut intake) = self.open(&source.path, &mut file) else {
            return file;
        };
        let mut mistakes = Mistakes::of(&source.path);
        let wanted = wanted_columns(source);
        {
            let mut text = TextReader::new(&mut intake, source.encoding);
            let mut rows = SourceRows::new(self, source, builder);
            let mut on_row = |row: &RawRow, mistakes: &mut Mistakes| rows.take(row, mistakes);
            file.table = match source.format {
                SourceFormat::Csv => read_csv::read(&mut text, source.delimiter, &wanted, &mut mistakes, &mut on_row),
                SourceFormat::Ndjson => read_ndjson::read(&mut text, &wanted, &mut mistakes, &mut on_row),
            };
            file.rejected = rows.rejected;
        }
        Self::finish(intake, &source.path, &mut file);
        check_ends(source, &mut file.table, &mut mistakes);
        check_table(&mut file, manifest.as_ref().is_some_and(Manifest::proves));
        Self::check_manifest(source, manifest.as_ref(), &mut file);
        file.problems.extend(mistakes.finish());
        file
    }

    fn read_manifest(&self, source: &SourceSettings, file: &mut FileRead) -> Option<Manifest> {
        let path = source.manifest.as_ref()?;
        let mut intake = self.open(path, file)?;
        let mut bytes = Vec::new();
        let read = std::io::Read::read_to_end(&mut std::io::Read::take(&mut intake, manifest::LARGEST + 1), &mut bytes);
        if let Err(error) = read {
            file.unreadable(path, &scan_contract::documents::io_cause("read", path, &error));
            return None;
        }
        match intake.finish() {
            Ok(taken) => file.manifest_taken = Some(taken),
            Err(cause) => file.unreadable(path, &cause),
        }
        match Manifest::parse(&bytes) {
            Ok(manifest) => Some(manifest),
            Err((line, column, says)) => {
                let place = (line > 0).then(|| crate::problem::Place { line, column: column.max(1), length: 1 });
                file.gate("ROS-1", Force::Refuses, format!("the manifest {} cannot be read", path.display()));
                file.problems.push(Problem::at(path, place, "", says));
                None
            }
        }
    }

    fn check_manifest(source: &SourceSettings, manifest: Option<&Manifest>, file: &mut FileRead) {
        let modified = file.taken.as_ref().and_then(|taken| taken.modified);
        let Some(manifest) = manifest else {
            file.as_of = modified;
            file.by_file_time = true;
            return;
        };
        file.as_of = Some(manifest.as_of);
        if let Some(rows) = manifest.rows
            && rows != file.table.rows
        {
            let says = format!("the manifest announces {rows} rows, the file has {}", file.table.rows);
            file.gate("ROS-1", Force::Holds, says);
        }
        if let (Some(expected), Some(taken)) = (&manifest.sha256, &file.taken)
            && *expected != taken.sha256
        {
            let says = format!("the manifest gives SHA-256 {expected}, the file has {}", taken.sha256);
            file.gate("ROS-12", Force::Holds, says);
        }
        if let Some(coverage) = manifest.coverage
            && coverage != source.coverage
        {
            let says = format!(
                "the manifest says coverage {}, the configuration {}",
                coverage_word(coverage),
                coverage_word(source.coverage)
            );
            file.gate("ROS-1", Force::Holds, says);
        }
    }

    fn check_proof(expected: Option<&String>, file: &mut FileRead) {
        let Some(expected) = expected else { return };
        if let Some(taken) = &file.taken
            && !expected.eq_ignore_ascii_case(&taken.sha256)
        {
            let says = format!("the configuration gives SHA-256 {expected}, the file has {}", taken.sha256);
            file.gate("ROS-12", Force::Holds, says);
        }
    }

    fn read_aliases(&self, proven: &ProvenFile, builder: &mut Builder) -> FileRead {
        let mut file = FileRead { id: ALIASES.to_owned(), ..FileRead::default() };
        let Some(mut intake) = self.open(&proven.path, &mut file) else {
            return file;
        };
        let sources: BTreeSet<&str> = self.settings.sources.iter().map(|source| source.id.as_str()).collect();
        let mut mistakes = Mistakes::of(&proven.path);
        let wanted = alias_columns();
        let mut rejected = 0;
        {
            let mut text = TextReader::new(&mut intake, Encoding::Utf8);
            let mut on_row = |row: &RawRow, mistakes: &mut Mistakes| {
                rejected += u64::from(!take_alias(row, mistakes, &sources, builder));
            };
            file.table = read_csv::read(&mut text, b',', &wanted, &mut mistakes, &mut on_row);
        }
        file.rejected = rejected;
        Self::finish(intake, &proven.path, &mut file);
        file.as_of = file.taken.as_ref().and_then(|taken| taken.modified);
        file.by_file_time = true;
        check_table(&mut file, proven.sha256.is_some());
        Self::check_proof(proven.sha256.as_ref(), &mut file);
        file.problems.extend(mistakes.finish());
        file
    }

    fn read_links(&self, proven: &ProvenFile, links: &mut Links) -> FileRead {
        let mut file = FileRead { id: LINKS.to_owned(), ..FileRead::default() };
        let Some(mut intake) = self.open(&proven.path, &mut file) else {
            return file;
        };
        let mut bytes = Vec::new();
        let limit = crate::yaml::MAX_BYTES as u64 + 1;
        let read = std::io::Read::read_to_end(&mut std::io::Read::take(&mut intake, limit), &mut bytes);
        if let Err(error) = read {
            file.unreadable(&proven.path, &scan_contract::documents::io_cause("read", &proven.path, &error));
            return file;
        }
        Self::finish(intake, &proven.path, &mut file);
        let parsed = match std::str::from_utf8(&bytes) {
            Ok(text) => links::read(&proven.path, text, self.now.date_naive()),
            Err(error) => {
                let says = format!("byte {} is not utf-8", error.valid_up_to());
                Err(vec![Problem::file(&proven.path, says)])
            }
        };
        match parsed {
            Ok(read) => {
                file.table.rows = read.len() as u64;
                *links = read;
            }
            Err(problems) => {
                let says = format!("{} mistakes in the links file", problems.len());
                file.gate("ROS-1", Force::Refuses, says);
                file.problems.extend(problems);
            }
        }
        Self::check_proof(proven.sha256.as_ref(), &mut file);
        file
    }
}

/// The word of a coverage as it is written.
pub(super) fn coverage_word(coverage: SourceCoverage) -> &'static str {
    match coverage {
        SourceCoverage::Full => "full",
        SourceCoverage::Leavers => "leavers",
        SourceCoverage::Active => "active",
    }
}

/// Columns of the aliases file.
pub(super) fn alias_columns() -> Vec<Wanted> {
    let columns = ALIAS_COLUMNS.iter().enumerate();
    columns.map(|(at, name)| Wanted { header: (*name).to_owned(), required: at < 3 }).collect()
}

/// Columns of a source under the headers it declares. A column that the configuration names has to be there.
pub(super) fn wanted_columns(source: &SourceSettings) -> Vec<Wanted> {
    Column::ALL
        .iter()
        .map(|column| {
            let declared = source.columns.get(column.as_str());
            let named = declared.is_some() && source.format == SourceFormat::Csv;
            Wanted {
                header: declared.map_or(column.as_str(), String::as_str).to_owned(),
                required: named || Column::REQUIRED.contains(column),
            }
        })
        .collect()
}

/// A table that lists people who left has to have a column that can say so. Records may leave out what is empty, but a
/// service that never names the field does not show it to us.
fn check_ends(source: &SourceSettings, table: &mut TableRead, mistakes: &mut Mistakes) {
    let is_table = source.format == SourceFormat::Csv || source.service.is_some();
    let needed = is_table && source.coverage != SourceCoverage::Active;
    let there = Column::ENDS.iter().any(|column| table.present.get(*column as usize) == Some(&true));
    if needed && !there && !table.headers.is_empty() {
        let names = Column::ENDS.map(Column::as_str).join(", ");
        mistakes.add(None, "", format!("no column tells an end: expected at least one of {names}"), None);
        table.missing.push(names);
    }
}

/// ROS-1 to ROS-3 for one table.
fn check_table(file: &mut FileRead, proven: bool) {
    if file.taken.is_none() {
        return; // Said already.
    }
    if !file.table.missing.is_empty() {
        let missing = file.table.missing.join(", ");
        let found = crate::hostile::short(&file.table.headers.join(", "), 300);
        file.gate("ROS-2", Force::Refuses, format!("required columns are missing: {missing}; found: {found}"));
        return;
    }
    if file.table.damaged {
        file.gate("ROS-1", Force::Refuses, "the file is damaged or cut off; every place is listed");
        return;
    }
    if file.table.rows == 0 {
        // An empty list of aliases is possible, an empty roster never is.
        let force = if file.id == ALIASES { Force::Reports } else { Force::Refuses };
        file.gate("ROS-1", force, "the file has no data row");
        return;
    }
    if !proven && !file.table.ends_with_line_break {
        let says = "the last row has no line break: it may be cut off. End the file with one, or add a manifest with rows and sha256";
        file.gate("ROS-1", Force::Holds, says);
    } else if !proven {
        file.gate(
            "ROS-1",
            Force::Reports,
            "nothing proves that the file is whole: add a manifest with rows and sha256",
        );
    }
    let (rows, rejected) = (file.table.rows, file.rejected);
    if rejected > 0 {
        let holds = rejected > 5 || rejected * 100 > rows;
        let says = format!("{rejected} of {rows} rows could not be used (limit: 5 rows and 1 %)");
        file.gate("ROS-3", if holds { Force::Holds } else { Force::Reports }, says);
    }
}

fn take_alias(row: &RawRow, mistakes: &mut Mistakes, sources: &BTreeSet<&str>, builder: &mut Builder) -> bool {
    let Some(person) = row.get(0) else {
        mistakes.add(Some(row.place(0)), ALIAS_COLUMNS[0], "expected an id", None);
        return false;
    };
    let raw = AliasText {
        kind: row.get(1).unwrap_or_default(),
        value: row.get(2).unwrap_or_default(),
        system: row.get(3),
        personal: row.get(4),
        valid_from: row.get(5),
        valid_to: row.get(6),
    };
    let mut wrong = Vec::new();
    let alias = aliases::check(raw, &mut wrong);
    for (field, says, help) in wrong {
        let at = ALIAS_COLUMNS.iter().position(|name| *name == field).unwrap_or_default();
        mistakes.add(Some(row.place(at)), field, says, help);
    }
    match alias {
        Some(alias) => {
            aliases::give(person, &alias, sources, builder);
            true
        }
        None => false,
    }
}

/// Takes the rows of one source.
struct SourceRows<'r, 'b> {
    reader: &'r Reader<'r>,
    source: &'r SourceSettings,
    name: std::sync::Arc<str>,
    mapper: Mapper<'r>,
    default_zone: Option<Result<Zone, NotAZone>>,
    sources: BTreeSet<&'r str>,
    builder: &'b mut Builder,
    rejected: u64,
}

impl<'r, 'b> SourceRows<'r, 'b> {
    fn new(reader: &'r Reader<'r>, source: &'r SourceSettings, builder: &'b mut Builder) -> Self {
        let default_zone = source.default_time_zone.as_deref().map(|name| builder.zones.find(name));
        Self {
            reader,
            source,
            name: builder.texts.keep(&source.id),
            mapper: Mapper::new(source, reader.now),
            default_zone,
            sources: reader.settings.sources.iter().map(|source| source.id.as_str()).collect(),
            builder,
            rejected: 0,
        }
    }

    fn take(&mut self, row: &RawRow, mistakes: &mut Mistakes) {
        let record = match self.mapper.read(row, mistakes) {
            Ok(record) => record,
            Err(rejected) => {
                self.rejected += 1;
                self.builder.reject(&self.source.id, rejected, self.source.authority);
                return;
            }
        };
        if self.keep(&record, row, mistakes).is_none() {
            self.rejected += 1;
            let rejected = Rejected {
                person_id: Some(record.person_id),
                source_record_id: record.source_record_id,
                work_email: record.work_email,
            };
            self.builder.reject(&self.source.id, rejected, self.source.authority);
        }
    }

    fn keep(&mut self, record: &Record<'_>, row: &RawRow, mistakes: &mut Mistakes) -> Option<()> {
        let (zone, zone_is_default) = self.zone(record, row, mistakes)?;
        let mut wrong = Vec::new();
        let checked: Vec<_> = row.aliases.iter().map(|alias| aliases::check(alias.text(), &mut wrong)).collect();
        for (field, says, help) in wrong {
            let place = Some(crate::problem::Place { line: row.line(), column: 1, length: 1 });
            mistakes.add(place, &format!("aliases.{field}"), says, help);
        }
        let checked: Vec<_> = checked.into_iter().collect::<Option<_>>()?;
        let around = Surroundings {
            source: &self.name,
            zone: &zone,
            zone_is_default,
            meaning: self.source.end_date_meaning,
            basis: self.reader.end_basis,
            now: self.reader.now,
        };
        let id = self.builder.resolve(&self.source.id, record.person_id, record.source_record_id).to_owned();
        self.builder.add(&id, record, &around, self.source);
        for alias in checked {
            aliases::give(&id, &alias, &self.sources, self.builder);
        }
        Some(())
    }

    /// The worker's own zone, else the source's default: then the end is only known as an interval.
    fn zone(&mut self, record: &Record<'_>, row: &RawRow, mistakes: &mut Mistakes) -> Option<(Zone, bool)> {
        let place = Some(row.place(Column::TimeZone as usize));
        let key = Column::TimeZone.as_str();
        match record.time_zone {
            Some(name) => match self.builder.zones.find(name) {
                Ok(zone) => Some((zone, false)),
                Err(error) => {
                    let found = crate::hostile::short(name, 64);
                    mistakes.add(
                        place,
                        key,
                        format!("expected a name of the tz database, found {found:?}"),
                        Some(error.help),
                    );
                    None
                }
            },
            None if self.default_zone.is_some() => match self.default_zone.clone()? {
                Ok(zone) => Some((zone, true)),
                Err(error) => {
                    mistakes.add(
                        place,
                        key,
                        "the source's default_time_zone is no name of the tz database",
                        Some(error.help),
                    );
                    None
                }
            },
            None => {
                let help = "set default_time_zone for this source".to_owned();
                mistakes.add(place, key, "expected a zone: the row has none and the source has no default", Some(help));
                None
            }
        }
    }
}
