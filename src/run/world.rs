//! A small company for the tests of a run: files on disk, the real readers, a store in memory.

use std::path::Path;
use std::sync::Arc;

use scan_contract::{DiskDocuments, Instant, Scanner, SystemId};
use sha2::{Digest as _, Sha256};

use super::carried::Carried;
use super::plan::ConfiguredSystem;
use super::progress::Silent;
use super::{Engine, RunOutcome};
use crate::clock::FixedClock;
use crate::config::{self, Config, Connector, Depth, Exclusion};
use crate::exceptions::ExceptionFile;
use crate::inventory::MemoryScratch;
use crate::policy::Policy;
use crate::randomness::FixedRandomness;
use crate::report::{Report, ScopeFact};
use crate::roster::{self, LoadInput};
use crate::rules::RuleSet;
use crate::store::{MemoryStore, Store as _};

pub(super) const HEADER: &str =
    "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at";

/// What a test is about.
pub(super) struct World {
    folder: tempfile::TempDir,
    /// Rows of the roster.
    pub(super) people: Vec<String>,
    /// Rows of the aliases file.
    pub(super) aliases: Vec<String>,
    /// Lines of the export between header and end.
    pub(super) records: Vec<String>,
    /// Instant of the export.
    pub(super) as_of: String,
    /// What the roster covers: `full`, `active` or `leavers`.
    pub(super) coverage: &'static str,
    /// Further keys of the system.
    pub(super) extra: String,
    /// What is kept between runs.
    pub(super) store: MemoryStore,
    /// A second system, `live`, that is asked itself.
    pub(super) live: Option<Arc<dyn Scanner>>,
    /// What is left out of the live system.
    pub(super) excluded: Vec<&'static str>,
    /// Whether the live system is read in depth for everyone.
    pub(super) everyone: bool,
    /// The policy file; the default policy where `None`.
    pub(super) policy: Option<&'static str>,
    /// Digests an operator accepted are in the store; this is the last one seen.
    pub(super) digest: Option<String>,
    /// The systems that are read, with what the last report knew of the others; all where it is empty.
    pub(super) only: Vec<&'static str>,
    last: Option<Report>,
}

pub(super) fn instant(text: &str) -> Instant {
    text.parse().expect("a test writes valid instants")
}

/// A person who left on 31 July 2026, or works here.
pub(super) fn person(id: &str, left: bool) -> String {
    let (status, end) = if left { ("ended", "2026-07-31") } else { ("active", "") };
    format!("{id},employee,{status},Name {id},{id}@acme.example,2020-01-01,{end},Europe/Berlin,2026-08-01T00:00:00Z")
}

/// A record; `rest` are further keys with a comma before them.
pub(super) fn record(scope: &str, kind: &str, id: &str, rest: &str) -> String {
    format!(
        r#"{{"record":"access","scope":"{scope}","kind":"{kind}","grant_id":"{id}","status":"enabled","privilege":"write","created_at":"2023-04-01T08:00:00Z","last_used_at":null,"expires_at":null{rest}}}"#
    )
}

fn exclusion(scope: &str) -> Exclusion {
    let until = chrono::NaiveDate::from_ymd_opt(2027, 1, 31).expect("a day");
    Exclusion { scope: scope.into(), reason: String::from("read by another team"), until }
}

/// An account held by the owner of an address.
pub(super) fn account(id: &str, email: &str) -> String {
    let holder = format!(r#","holders":[{{"relation":"holder","provider_id":"{id}","email":"{email}"}}]"#);
    record("accounts", "account", id, &holder)
}

impl World {
    /// Ana (`p-1`) left, Bea (`p-2`) and Cem (`p-3`) work here; nothing was exported yet.
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            people: vec![person("p-1", true), person("p-2", false), person("p-3", false)],
            aliases: Vec::new(),
            records: Vec::new(),
            as_of: String::from("2026-08-03T01:00:00Z"),
            coverage: "full",
            extra: String::new(),
            store: MemoryStore::new("test"),
            live: None,
            excluded: Vec::new(),
            everyone: false,
            policy: None,
            digest: None,
            only: Vec::new(),
            last: None,
        }
    }

    /// Writes a file beside the configuration.
    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a file");
    }

    fn write_files(&self) -> Config {
        let roster = format!("{HEADER}\n{}\n", self.people.join("\n"));
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(roster.as_bytes()));
        self.write("roster.csv", &roster);
        let as_of = &self.as_of;
        let rows = self.people.len();
        self.write(
            "roster.meta.json",
            &format!(r#"{{"as_of":"{as_of}","rows":{rows},"sha256":"{digest}","coverage":"{}"}}"#, self.coverage),
        );
        let aliases =
            format!("person_id,kind,value,system,personal,valid_from,valid_to\n{}\n", self.aliases.join("\n"));
        self.write("aliases.csv", &aliases);
        let count = |scope: &str| {
            let key = format!("\"scope\":\"{scope}\"");
            self.records.iter().filter(|record| record.contains(&key)).count()
        };
        let mut export = format!(
            "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{as_of}\",\"scopes\":[\"accounts\",\"tokens\"]}}\n"
        );
        for line in &self.records {
            export.push_str(line);
            export.push('\n');
        }
        let (accounts, tokens) = (count("accounts"), count("tokens"));
        export.extend([format!("{{\"record\":\"end\",\"counts\":{{\"accounts\":{accounts},\"tokens\":{tokens}}}}}\n")]);
        self.write("crm.ndjson", &export);
        let text = format!(
            "version: 1\n\
             organisation: acme\n\
             state_dir: state\n\
             roster:\n\
             \x20 aliases: aliases.csv\n\
             \x20 sources:\n\
             \x20   - {{ id: hris, format: csv, path: roster.csv, manifest: roster.meta.json, coverage: {}, default_time_zone: Europe/Berlin, end_date_meaning: last_day_included, max_age: 900h, rank: 1 }}\n\
             identity:\n\
             \x20 domains: [{{ name: acme.example }}]\n\
             systems:\n\
             \x20 - id: crm\n\
             \x20   connector: import\n\
             \x20   tier: tier1\n\
             \x20   max_age: 900h\n\
             \x20   scopes: [accounts, tokens]\n\
             \x20   files: [{{ path: crm.ndjson, format: ndjson }}]\n\
             {}",
            self.coverage, self.extra
        );
        self.write("holdover.yaml", &text);
        let file = self.folder.path().join("holdover.yaml");
        let loaded = config::load(&file, &text, &|_| None);
        loaded.unwrap_or_else(|problems| panic!("{problems:?}")).config
    }

    /// One run at `now`, committed.
    pub(super) fn scan(&mut self, now: &str) -> Report {
        let config = self.write_files();
        let rules = RuleSet::embedded().expect("the rules load");
        let policy = self.policy.map_or_else(Policy::default_policy, |text| {
            Policy::load(Path::new("policy.yaml"), text).unwrap_or_else(|problems| panic!("{problems:?}"))
        });
        let exceptions = ExceptionFile::none();
        let base: &Path = self.folder.path();
        let documents = DiskDocuments::operator(base);
        let now = instant(now);
        let previous = self.store.accepted_roster().expect("memory");
        let store = &self.store;
        let loaded = roster::load(&LoadInput {
            settings: &config.roster,
            documents: &documents,
            now,
            end_basis: config.end_basis,
            leave_policy: config.leave_policy,
            previous: previous.as_ref(),
            week_ago_figures: None,
            released: &|digest| store.roster_released(digest).expect("memory"),
            matched_share: None,
        });
        self.digest = loaded.facts.digest.clone();
        let mut systems: Vec<ConfiguredSystem> = config
            .systems
            .iter()
            .map(|system| {
                let Connector::Import(settings) = &system.connector else { panic!("an import") };
                let documents = Arc::new(DiskDocuments::operator(base));
                let scanner = scan_import::Import::new(settings.clone(), documents).expect("a scanner");
                ConfiguredSystem { config: system.clone(), scanner: Arc::new(scanner) }
            })
            .collect();
        if let Some(scanner) = &self.live {
            let mut config = config.systems[0].clone();
            config.id = "live".into();
            config.depth = if self.everyone { Depth::Everyone } else { Depth::PeopleOfInterest };
            config.exclude = self.excluded.iter().map(|scope| exclusion(scope)).collect();
            systems.push(ConfiguredSystem { config, scanner: Arc::clone(scanner) });
        }
        let only: Vec<SystemId> = self.only.iter().map(|id| SystemId::new(*id)).collect();
        let carried = match &self.last {
            Some(last) if !only.is_empty() => Carried::of(last.clone(), &only, &config.systems, now),
            Some(_) | None => Carried::default(),
        };
        let (_stop, stop) = tokio::sync::watch::channel(false);
        let engine = Engine {
            config: &config,
            clock: Arc::new(FixedClock(now)),
            randomness: &FixedRandomness([7; 16]),
            scratch: Arc::new(MemoryScratch),
            store: &mut self.store,
            systems,
            only,
            carried,
            rules: &rules,
            policy: &policy,
            exceptions: &exceptions,
            roster: loaded,
            known_apps: Vec::new(),
            notices: Vec::new(),
            progress: Arc::new(Silent),
            stop,
            exit_zero: false,
            as_of_chosen: true,
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let RunOutcome { report, changes, .. } = runtime.block_on(engine.run()).expect("a run");
        self.store.apply(&report.run.id, now, changes).expect("memory");
        self.store.end_run(&report.run, b"", 1).expect("memory");
        self.last = Some(report.clone());
        report
    }
}

/// `grant id` and state of every finding of `person`.
pub(super) fn states<'a>(report: &'a Report, person: &str) -> Vec<(&'a str, &'static str)> {
    let mut states: Vec<(&str, &'static str)> = report
        .findings
        .iter()
        .filter(|finding| finding.person_id.as_str() == person)
        .map(|finding| (finding.grant_id.as_str(), finding.state.as_str()))
        .collect();
    states.sort_unstable();
    states
}

/// A scope of the one system.
pub(super) fn scope<'a>(report: &'a Report, name: &str) -> &'a ScopeFact {
    report.systems[0].scopes.iter().find(|scope| scope.name.as_str() == name).expect("a declared scope")
}
