//! One roster source in memory, loaded; and what holds for every roster.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use holdover::config::ProvenFile;
use holdover::roster::settings::{
    Authority, Encoding, EndDateMeaning, RosterSettings, SourceCoverage, SourceFormat, SourceSettings,
};
use holdover::roster::{EndBasis, LeavePolicy, LoadInput, Loaded, RosterState, load};
use holdover::store::AcceptedRoster;
use holdover_kit::memory::MemoryDocuments;

use super::{now, problems};

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) format: SourceFormat,
    pub(crate) delimiter: u8,
    pub(crate) encoding: Encoding,
    pub(crate) table: &'a [u8],
    pub(crate) manifest: Option<&'a [u8]>,
    pub(crate) aliases: Option<&'a [u8]>,
    pub(crate) links: Option<&'a [u8]>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(format: SourceFormat, table: &'a [u8]) -> Self {
        Self { format, delimiter: b',', encoding: Encoding::Utf8, table, manifest: None, aliases: None, links: None }
    }

    fn settings(&self) -> RosterSettings {
        let source = SourceSettings {
            id: "hris".to_owned(),
            format: self.format,
            path: PathBuf::from("hris"),
            manifest: self.manifest.map(|_| PathBuf::from("hris.meta.json")),
            coverage: SourceCoverage::Full,
            encoding: self.encoding,
            delimiter: self.delimiter,
            default_time_zone: Some("UTC".to_owned()),
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
        };
        let beside =
            |path: &str, there: Option<&[u8]>| there.map(|_| ProvenFile { path: PathBuf::from(path), sha256: None });
        RosterSettings {
            sources: vec![source],
            aliases: beside("aliases.csv", self.aliases),
            links: beside("links.yaml", self.links),
            ..RosterSettings::default()
        }
    }

    pub(crate) fn load(&self, previous: Option<&AcceptedRoster>) -> Loaded {
        let mut documents = MemoryDocuments::new();
        documents.modified(now());
        documents.put("hris", self.table);
        let others = [("hris.meta.json", self.manifest), ("aliases.csv", self.aliases), ("links.yaml", self.links)];
        for (path, bytes) in others {
            if let Some(bytes) = bytes {
                documents.put(path, bytes);
            }
        }
        load(&LoadInput {
            settings: &self.settings(),
            documents: &documents,
            now: now(),
            end_basis: EndBasis::EarliestOfLastDayWorkedAndEndDate,
            leave_policy: LeavePolicy::KeepAccess,
            previous,
            week_ago_figures: None,
            released: &|_| None,
            matched_share: None,
        })
    }
}

/// The same twice; mistakes that lie in the text; a roster in force has people and a digest; a roster that was accepted is
/// accepted again, for nothing changed.
pub(crate) fn check(files: &Files<'_>) -> Loaded {
    let loaded = files.load(None);
    let again = files.load(None);
    assert_eq!(format!("{:?}", loaded.facts), format!("{:?}", again.facts), "not the same twice");
    assert_eq!(loaded.problems, again.problems, "not the same twice");
    if files.encoding == Encoding::Utf8
        && let Ok(text) = std::str::from_utf8(files.table)
    {
        let own: Vec<_> =
            loaded.problems.iter().filter(|problem| problem.file.as_os_str() == "hris").cloned().collect();
        problems::check(text, &own);
    }
    let accepted = loaded.facts.state == RosterState::Accepted;
    assert_eq!(accepted, loaded.roster.is_some(), "a first roster is in force if and only if it is accepted");
    if accepted {
        assert!(loaded.facts.people > 0, "a roster without anybody is in force");
        assert!(!loaded.facts.gates.iter().any(|gate| gate.holds), "{:?}", loaded.facts.gates);
        let accept = loaded.accept.as_ref().expect("a first roster is remembered");
        let second = files.load(Some(accept));
        assert_eq!(second.facts.state, RosterState::Accepted, "the same files again: {:?}", second.facts.gates);
        assert_eq!(second.facts.digest, loaded.facts.digest);
        assert_eq!((second.facts.people, second.facts.leavers), (loaded.facts.people, loaded.facts.leavers));
    } else {
        assert!(loaded.facts.gates.iter().any(|gate| gate.holds), "not in force, and no gate says why");
    }
    loaded
}

/// What a row says, for the check of people.
pub(crate) struct Said<'a> {
    pub(crate) line: usize,
    pub(crate) id: &'a str,
    pub(crate) ended: bool,
    pub(crate) dates: [&'a str; 3],
}

/// Nobody whose row stands alone and was not refused gets lost; whoever plainly left is not in employment.
pub(crate) fn check_people(loaded: &Loaded, rows: &[Said<'_>]) {
    use holdover::roster::Standing;
    let Some(roster) = &loaded.roster else { return };
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *count.entry(row.id).or_default() += 1;
    }
    for row in rows {
        let told = loaded.problems.iter().any(|problem| problem.place.is_some_and(|place| place.line == row.line));
        if told || row.id.is_empty() || count[row.id] > 1 {
            continue;
        }
        let Some(index) = roster.find(row.id) else {
            panic!("{:?} of line {} got lost: {:?}", row.id, row.line, loaded.problems);
        };
        let standing = roster.person(index).standing(now(), LeavePolicy::KeepAccess);
        let [end, worked, access] = row.dates;
        let past = |text: &str| {
            let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            shaped && ("1990-01-01".."2026-07-28").contains(&text)
        };
        if row.ended && past(end) && worked.is_empty() && access.is_empty() {
            assert!(
                matches!(standing, Standing::Left { .. } | Standing::NotJudged { .. }),
                "{:?} of line {} ended on {end} and stands as {standing:?}",
                row.id,
                row.line
            );
        }
    }
}
