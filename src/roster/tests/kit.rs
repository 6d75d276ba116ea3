//! A roster in memory, a clock, and a store of one accepted roster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scan_contract::{Cause, Document, Documents, Entry, Instant, Origin};

use crate::config::ProvenFile;
use crate::roster::model::{Claim, EndBasis, LeavePolicy, Person, Standing};
use crate::roster::settings::{
    Authority, Encoding, EndDateMeaning, RosterSettings, SourceCoverage, SourceFormat, SourceSettings,
};
use crate::roster::{LoadInput, Loaded, load};
use crate::store::AcceptedRoster;

pub(super) const HEADER: &str = "person_id,stint,employment_type,status,display_name,work_email,start_date,end_date,last_day_worked,access_end_at,time_zone,termination_type,batch,manager_person_id,source_record_id,updated_at";

pub(super) fn instant(text: &str) -> Instant {
    text.parse().expect("a test writes valid instants")
}

/// Files in memory, with their times.
#[derive(Default, Clone)]
pub(super) struct Files {
    files: BTreeMap<PathBuf, (Vec<u8>, Option<Instant>)>,
}

impl Files {
    pub(super) fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>, modified: Option<Instant>) {
        self.files.insert(PathBuf::from(path), (bytes.into(), modified));
    }
}

impl Documents for Files {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let (bytes, modified) = self.files.get(path).ok_or_else(|| Cause::Unreachable {
            step: format!("open {}", path.display()),
            detail: "no such file".to_owned(),
        })?;
        Ok(Document {
            reader: Box::new(std::io::Cursor::new(bytes.clone())),
            length: bytes.len() as u64,
            modified: *modified,
            origin: Origin(path.display().to_string()),
        })
    }

    fn list(&self, _: &Path) -> Result<Vec<Entry>, Cause> {
        Ok(Vec::new())
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        Ok(self.files.contains_key(path))
    }
}

pub(super) fn source(id: &str) -> SourceSettings {
    SourceSettings {
        id: id.to_owned(),
        format: SourceFormat::Csv,
        path: PathBuf::from(format!("{id}.csv")),
        manifest: None,
        coverage: SourceCoverage::Full,
        encoding: Encoding::Utf8,
        delimiter: b',',
        default_time_zone: None,
        end_date_meaning: EndDateMeaning::LastDayIncluded,
        max_age: Duration::from_hours(26),
        rank: 1,
        columns: BTreeMap::new(),
        values: BTreeMap::new(),
        date_format: None,
        none_values: vec![String::new()],
        sentinels_active: Vec::new(),
        sentinels_ended: Vec::new(),
        authority: Authority::Employment,
        service: None,
    }
}

/// One row in the order of [`HEADER`]; only what a test is about is given.
#[derive(Clone)]
pub(super) struct Row(pub(super) BTreeMap<&'static str, String>);

pub(super) fn row(id: &str) -> Row {
    let mut row = Row(BTreeMap::new());
    for (column, value) in [
        ("person_id", id),
        ("employment_type", "employee"),
        ("status", "active"),
        ("display_name", &format!("Name {id}")),
        ("work_email", &format!("{id}@acme.example")),
        ("start_date", "2020-01-01"),
        ("time_zone", "UTC"),
        ("updated_at", "2026-07-01T00:00:00Z"),
    ] {
        row.0.insert(column, value.to_owned());
    }
    row
}

impl Row {
    pub(super) fn with(mut self, column: &'static str, value: &str) -> Self {
        assert!(HEADER.split(',').any(|known| known == column), "{column}");
        self.0.insert(column, value.to_owned());
        self
    }

    pub(super) fn ended(self, last_day: &str) -> Self {
        self.with("status", "ended").with("end_date", last_day).with("updated_at", &format!("{last_day}T09:00:00Z"))
    }

    fn line(&self) -> String {
        let cells: Vec<&str> = HEADER.split(',').map(|column| self.0.get(column).map_or("", String::as_str)).collect();
        cells.join(",")
    }
}

pub(super) fn csv(rows: &[Row]) -> String {
    let mut text = HEADER.to_owned() + "\n";
    for row in rows {
        text += &row.line();
        text.push('\n');
    }
    text
}

/// A company with one source `hris`, a clock, and what was accepted last.
#[derive(Clone)]
pub(super) struct World {
    pub(super) settings: RosterSettings,
    pub(super) files: Files,
    pub(super) now: Instant,
    pub(super) end_basis: EndBasis,
    pub(super) leave: LeavePolicy,
    pub(super) accepted: Option<AcceptedRoster>,
    pub(super) week_ago: Option<String>,
    pub(super) released: BTreeMap<String, Instant>,
    pub(super) matched_share: Option<f64>,
}

pub(super) fn world(now: &str) -> World {
    World {
        settings: RosterSettings { sources: vec![source("hris")], ..RosterSettings::default() },
        files: Files::default(),
        now: instant(now),
        end_basis: EndBasis::EarliestOfLastDayWorkedAndEndDate,
        leave: LeavePolicy::KeepAccess,
        accepted: None,
        week_ago: None,
        released: BTreeMap::new(),
        matched_share: None,
    }
}

impl World {
    pub(super) fn rows(mut self, rows: &[Row]) -> Self {
        self.put_rows("hris", rows);
        self
    }

    pub(super) fn put_rows(&mut self, source: &str, rows: &[Row]) {
        self.put_text(source, csv(rows));
    }

    pub(super) fn put_text(&mut self, source: &str, text: impl Into<Vec<u8>>) {
        let modified = Some(self.now - chrono::TimeDelta::hours(1));
        self.files.put(&format!("{source}.csv"), text, modified);
    }

    pub(super) fn aliases(mut self, lines: &[&str]) -> Self {
        let mut text = "person_id,kind,value,system,personal,valid_from,valid_to\n".to_owned();
        for line in lines {
            text += line;
            text.push('\n');
        }
        self.files.put("aliases.csv", text, Some(self.now));
        self.settings.aliases = Some(ProvenFile { path: PathBuf::from("aliases.csv"), sha256: None });
        self
    }

    pub(super) fn at(&mut self, now: &str) {
        self.now = instant(now);
    }

    pub(super) fn load(&self) -> Loaded {
        load(&LoadInput {
            settings: &self.settings,
            documents: &self.files,
            now: self.now,
            end_basis: self.end_basis,
            leave_policy: self.leave,
            previous: self.accepted.as_ref(),
            week_ago_figures: self.week_ago.as_deref(),
            released: &|digest| self.released.get(digest).copied(),
            matched_share: self.matched_share,
        })
    }

    /// Loads, and remembers what is to be remembered.
    pub(super) fn run(&mut self) -> Loaded {
        let loaded = self.load();
        if let Some(accept) = &loaded.accept {
            self.accepted = Some(accept.clone());
        }
        loaded
    }

    pub(super) fn release(&mut self, loaded: &Loaded) {
        self.released.insert(loaded.facts.digest.clone().expect("a digest"), self.now);
    }
}

pub(super) fn person<'a>(loaded: &'a Loaded, id: &str) -> &'a Person {
    let roster = loaded.roster.as_ref().expect("a roster in force");
    roster.person(roster.find(id).unwrap_or_else(|| panic!("{id} is on the roster")))
}

/// Where somebody stands, in one word, and the end where there is one.
pub(super) fn standing(loaded: &Loaded, id: &str, world: &World) -> String {
    match person(loaded, id).standing(world.now, world.leave) {
        Standing::NotStarted => "not started".to_owned(),
        Standing::Employed { .. } => "employed".to_owned(),
        Standing::Suspended { .. } => "suspended".to_owned(),
        Standing::Left { end, .. } => format!("left {}", end.at.format("%Y-%m-%dT%H:%MZ")),
        Standing::NotJudged { .. } => "not judged".to_owned(),
    }
}

pub(super) fn gate<'a>(loaded: &'a Loaded, number: &str) -> Option<&'a crate::report::GateFact> {
    loaded.facts.gates.iter().filter(|gate| gate.gate == number).max_by_key(|gate| gate.holds)
}

pub(super) fn holds(loaded: &Loaded, number: &str) -> bool {
    gate(loaded, number).is_some_and(|gate| gate.holds)
}

pub(super) fn has_notice(loaded: &Loaded, id: &str) -> bool {
    loaded.notices.iter().any(|notice| notice.id == id)
}

/// Claims of a person as text: kind, value, and window.
pub(super) fn claims(loaded: &Loaded, id: &str) -> Vec<String> {
    let roster = loaded.roster.as_ref().expect("a roster in force");
    let index = roster.find(id).expect("a person");
    let mut found = Vec::new();
    roster.claims(&mut |claim: Claim<'_>| {
        if claim.person == index {
            let day = |at: Option<Instant>| at.map_or("-".to_owned(), |at| at.format("%Y-%m-%d").to_string());
            found.push(format!("{:?} {} {}..{}", claim.kind, claim.value, day(claim.from), day(claim.until)));
        }
    });
    found.sort();
    found
}

/// Everything the outside can see of a load, as one text.
pub(super) fn told(loaded: &Loaded) -> String {
    let mut text = format!("{:?}", loaded.facts);
    for notice in &loaded.notices {
        text += &notice.says;
    }
    for problem in &loaded.problems {
        text += &problem.says;
        text += &problem.key;
        text += problem.help.as_deref().unwrap_or_default();
    }
    text
}

/// `count` people in employment, `p-000` and on.
pub(super) fn staff(count: usize) -> Vec<Row> {
    (0..count).map(|number| row(&format!("p-{number:03}"))).collect()
}
