//! From a row to an access, by the mapping.

use std::collections::{BTreeMap, HashMap};

use scan_contract::{
    Access, Cause, ExternalIdentity, Fact, GrantId, Holder, KeyFingerprint, Moment, Privilege, Relation, ScopeName,
    Status, Subtype,
};

use super::local::TimeReader;
use crate::settings::{CsvSettings, Field};
use crate::tally::{Damage, Words, short};
use crate::{fingerprint, time};

/// What is noted about rows that are kept.
pub(super) struct Notes {
    pub(super) damage: Damage<u16>,
    pub(super) words: Words<u16>,
}

/// The one scope of a table, where notes are kept by number.
pub(super) const SCOPE: u16 = 0;

/// One mapped column.
struct Column {
    index: usize,
    /// Our word for each of the source's words; `None` without `values`.
    values: Option<HashMap<String, String>>,
    times: TimeReader,
}

/// The mapping, held against a header.
pub(super) struct Mapping {
    scope: ScopeName,
    settings: CsvSettings,
    columns: BTreeMap<Field, Column>,
    path: String,
    /// Header names that nothing is mapped to.
    pub(super) ignored: Vec<String>,
}

impl Mapping {
    /// Every mapped column must be in the header exactly once; the error names each that is not.
    pub(super) fn new(settings: &CsvSettings, scope: ScopeName, header: &[String], path: &str) -> Result<Self, String> {
        let mut columns = BTreeMap::new();
        let mut problems = Vec::new();
        for (field, name) in &settings.columns {
            let mut found = header.iter().zip(0..).filter(|(written, _)| *written == name);
            match (found.next(), found.next()) {
                (Some((_, index)), None) => {
                    columns.insert(*field, Column::new(settings, *field, index));
                }
                (Some(_), Some(_)) => problems.push(format!("the column {name:?} ({}) is there twice", field.as_str())),
                (None, _) => problems.push(missing(*field, name, header)),
            }
        }
        if !settings.columns.contains_key(&Field::GrantId) {
            problems.push(String::from("no column is mapped to grant_id"));
        }
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        let ignored =
            header.iter().filter(|name| !settings.columns.values().any(|mapped| mapped == *name)).cloned().collect();
        Ok(Self { scope, settings: settings.clone(), columns, path: path.to_owned(), ignored })
    }

    /// One row. The error says why it cannot be used; what is wrong with single cells is noted, and the row kept.
    pub(super) fn access(&self, cells: &[String], line: u64, notes: &mut Notes) -> Result<Access, Cause> {
        let row = RowReader { mapping: self, cells, line };
        let Some(grant_id) = row.id(Field::GrantId) else {
            return Err(Cause::Malformed { what: format!("{}: the cell is empty", Field::GrantId.as_str()) });
        };
        let (status, status_text) = row.status(notes);
        let mut access = Access::new(self.scope.clone(), self.settings.kind, GrantId::from(grant_id), status);
        access.status_text = status_text;
        access.grant_display = row.text(Field::GrantDisplay).map(str::to_owned);
        (access.privilege, access.privilege_reason) = row.privilege(notes);
        access.subtype = row.subtype(notes);
        access.parent = row.id(Field::Parent).map(GrantId::from);
        access.target = row.text(Field::Target).map(str::to_owned);
        access.created_at = row.time(Field::CreatedAt, notes);
        access.last_used_at = row.time(Field::LastUsedAt, notes);
        if let (Fact::Known(moment), Some(text)) = (&mut access.last_used_at, row.text(Field::LastUsedPrecision)) {
            match time::duration(text) {
                Some(seconds) => moment.precision_seconds = moment.precision_seconds.max(seconds),
                None => row.note(Field::LastUsedPrecision, "is no duration such as 15m", notes),
            }
        }
        access.expires_at = row.time(Field::ExpiresAt, notes);
        access.rotated_at = row.time(Field::RotatedAt, notes);
        access.client = row.text(Field::Client).map(str::to_owned);
        access.cutoff_at = row.time(Field::CutoffAt, notes).known().map(|moment| moment.at);
        access.live_until = row.time(Field::LiveUntil, notes).known().map(Moment::settled_at);
        access.managed_by = row.text(Field::ManagedBy).map(str::to_owned);
        access.evidence = row.text(Field::Evidence).map(str::to_owned).into_iter().collect();
        access.evidence.push(format!("{}:{line}", self.path));
        access.holders = row.holder(notes)?.into_iter().collect();
        Ok(access)
    }
}

impl Column {
    fn new(settings: &CsvSettings, field: Field, index: usize) -> Self {
        let values = settings.values.get(&field).map(|words| {
            words.iter().flat_map(|(ours, theirs)| theirs.iter().map(|word| (word.clone(), ours.clone()))).collect()
        });
        let pattern = settings.formats.get(&field).map(String::as_str);
        Self { index, values, times: TimeReader::new(pattern, settings.time_zone) }
    }
}

/// Says which column is missing, and which one may be meant.
fn missing(field: Field, name: &str, header: &[String]) -> String {
    let folded = name.trim().to_lowercase();
    let nearest = header
        .iter()
        .map(|written| (strsim::damerau_levenshtein(&folded, &short(written).trim().to_lowercase()), written))
        .filter(|(distance, _)| *distance <= 1 + name.chars().count() / 3)
        .min();
    let listed: Vec<String> = header.iter().take(20).map(|written| format!("{:?}", short(written))).collect();
    let more = if header.len() > 20 { ", …" } else { "" };
    let hint = nearest.map_or_else(String::new, |(_, written)| format!("; the nearest is {:?}", short(written)));
    format!("the header has no column {name:?} ({}){hint}; it has {}{more}", field.as_str(), listed.join(", "))
}

/// What a word means.
enum Meaning<'w> {
    /// The column is not mapped.
    NotMapped,
    /// The cell is empty, and no list names the empty text.
    Empty,
    /// One of our words.
    Word(&'w str),
    /// A word that no list names.
    Unknown(&'w str),
}

struct RowReader<'r> {
    mapping: &'r Mapping,
    cells: &'r [String],
    line: u64,
}

impl<'r> RowReader<'r> {
    fn cell(&self, field: Field) -> Option<(&'r Column, &'r str)> {
        let column = self.mapping.columns.get(&field)?;
        self.cells.get(column.index).map(|cell| (column, cell.as_str()))
    }

    /// A cell that is not blank, as it is written.
    fn text(&self, field: Field) -> Option<&'r str> {
        self.cell(field).map(|(_, cell)| cell).filter(|cell| !cell.trim().is_empty())
    }

    /// An id, without the blanks that a database pads it with: another table, or another column, has it without.
    fn id(&self, field: Field) -> Option<&'r str> {
        self.text(field).map(str::trim)
    }

    fn note(&self, field: Field, says: &str, notes: &mut Notes) {
        let cell = self.cell(field).map_or("", |(_, cell)| cell);
        let what = format!("{}: {:?} {says}", field.as_str(), short(cell));
        notes.damage.note(Some(SCOPE), self.line, || Cause::Malformed { what });
    }

    fn meaning(&self, field: Field) -> Meaning<'r> {
        let Some((column, cell)) = self.cell(field) else { return Meaning::NotMapped };
        match &column.values {
            Some(values) => match values.get(cell) {
                Some(word) => Meaning::Word(word),
                None => Meaning::Unknown(cell),
            },
            None if cell.trim().is_empty() => Meaning::Empty,
            None => Meaning::Word(cell),
        }
    }

    /// A word that must be known: one that is not is told, and makes the scope partial.
    fn word<T>(
        &self,
        field: Field,
        parse: impl Fn(&str) -> Option<T>,
        notes: &mut Notes,
    ) -> Result<Option<T>, &'r str> {
        let unknown = match self.meaning(field) {
            Meaning::NotMapped | Meaning::Empty => return Ok(None),
            Meaning::Word(word) => match parse(word) {
                Some(value) => return Ok(Some(value)),
                None => word,
            },
            Meaning::Unknown(word) => word,
        };
        notes.words.note(SCOPE, field.as_str(), unknown, self.line);
        Err(unknown)
    }

    fn status(&self, notes: &mut Notes) -> (Status, Option<String>) {
        // Even an empty cell of a status column leaves open whether the grant is in force.
        if let Meaning::Empty = self.meaning(Field::Status) {
            notes.words.note(SCOPE, Field::Status.as_str(), "", self.line);
        }
        match self.word(Field::Status, Status::parse, notes) {
            Ok(status) => (status.unwrap_or(Status::Unknown), None),
            Err(word) => (Status::Unknown, Some(word.to_owned()).filter(|word| !word.is_empty())),
        }
    }

    fn privilege(&self, notes: &mut Notes) -> (Privilege, Option<String>) {
        match self.word(Field::Privilege, Privilege::parse, notes) {
            Ok(privilege) => (privilege.unwrap_or(Privilege::Unknown), None),
            Err(word) => (Privilege::Unknown, Some(word.to_owned()).filter(|word| !word.is_empty())),
        }
    }

    fn subtype(&self, notes: &mut Notes) -> Option<Subtype> {
        // A word we do not know was told; the grant is judged by its kind alone.
        self.word(Field::Subtype, Subtype::parse, notes).unwrap_or(None)
    }

    fn time(&self, field: Field, notes: &mut Notes) -> Fact<Moment> {
        let Some((column, cell)) = self.cell(field) else { return Fact::not_given() };
        match column.values.as_ref().and_then(|values| values.get(cell)).map(String::as_str) {
            Some("none") => return Fact::None,
            Some(_) => return Fact::Hidden(format!("the source writes {:?}", short(cell))),
            None => {}
        }
        if cell.trim().is_empty() {
            return Fact::Hidden(String::from("the cell is empty"));
        }
        match column.times.read(cell) {
            Ok(moment) => Fact::Known(moment),
            Err(says) => {
                self.note(field, &says, notes);
                Fact::Hidden(format!("{:?} {says}", short(cell)))
            }
        }
    }

    fn bound(&self, field: Field, notes: &mut Notes) -> Option<Moment> {
        self.time(field, notes).known().copied()
    }

    /// The one holder a row can name; none without a single identifier.
    fn holder(&self, notes: &mut Notes) -> Result<Option<Holder>, Cause> {
        let relation = match self.word(Field::Relation, Relation::parse, notes) {
            Ok(relation) => relation.unwrap_or(self.mapping.settings.relation),
            Err(word) => {
                let what = format!("{}: {:?} is not in its vocabulary", Field::Relation.as_str(), short(word));
                return Err(Cause::Malformed { what });
            }
        };
        let text = |field: Field| self.text(field).map(str::to_owned);
        let mut holder = Holder::new(relation);
        holder.employee_id = text(Field::EmployeeId);
        holder.provider_id = self.id(Field::ProviderId).map(str::to_owned);
        holder.login = text(Field::Login);
        holder.email = text(Field::Email);
        holder.name = text(Field::Name);
        holder.external = self.id(Field::ExternalId).map(|id| ExternalIdentity {
            id: id.to_owned(),
            system: self.id(Field::ExternalSystem).map(str::to_owned),
        });
        if let Some(printed) = self.text(Field::SshFingerprint) {
            if fingerprint::is_sound(printed) {
                holder.ssh_fingerprint = Some(KeyFingerprint::from(printed));
            } else {
                self.note(Field::SshFingerprint, "is not SHA256: and 43 characters of base64", notes);
            }
        }
        if holder == Holder::new(relation) {
            return Ok(None);
        }
        holder.since = self.bound(Field::Since, notes);
        holder.until = self.bound(Field::Until, notes);
        holder.last_at = self.bound(Field::LastAt, notes);
        Ok(Some(holder))
    }
}
