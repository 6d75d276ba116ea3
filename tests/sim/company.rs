//! One company over many runs: files and answers made from the truth, the real engine, a store in memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use holdover::clock::FixedClock;
use holdover::config::{self, Config, Connector};
use holdover::exceptions::ExceptionFile;
use holdover::inventory::MemoryScratch;
use holdover::policy::Policy;
use holdover::randomness::FixedRandomness;
use holdover::report::Report;
use holdover::roster::{self, LoadInput};
use holdover::rules::RuleSet;
use holdover::run::plan::ConfiguredSystem;
use holdover::run::progress::Silent;
use holdover::run::{Engine, RunOutcome};
use holdover::store::{MemoryStore, Store as _};
use holdover_kit::memory::{Damage, MemoryDocuments, Planted};
use scan_contract::Instant;
use sha2::{Digest as _, Sha256};

use crate::fault::{Fault, Met};
use crate::hub::Hub;
use crate::truth::{Grant, Place, Truth, person_id};

/// A secret in the export, in a field that nobody reads.
pub(crate) const CANARY: &str = "canary-9Kq27vTz";

const CONFIG: &str = "version: 1
organisation: acme
state_dir: state
roster:
  sources:
    - { id: hris, format: csv, path: roster.csv, manifest: roster.meta.json, coverage: full, default_time_zone: UTC, end_date_meaning: first_day_excluded, max_age: 900h, rank: 1 }
identity:
  domains: [{ name: acme.example }]
systems:
  - id: crm
    connector: import
    tier: tier1
    max_age: 900h
    scopes: [accounts, tokens]
    dies_with_account: []
    files: [{ path: crm.ndjson, format: ndjson }]
tickets:
  trackers:
    - { id: sim, jira: { url: https://tickets.example.org, project: SEC, sign_in: { token: { env: TOKEN } } } }
";

/// What one run looked at.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    /// The truth that the export tells.
    pub(crate) export: Truth,
    /// The truth that the live system told.
    pub(crate) live: Truth,
    /// The truth of the newest roster file.
    pub(crate) roster: Truth,
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) report: Report,
    pub(crate) looked: Looked,
    /// Whether its changes were committed.
    pub(crate) committed: bool,
}

/// Shared by all seeds: made once.
pub(crate) struct Bench {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) rules: RuleSet,
    pub(crate) met: Arc<Met>,
}

/// The company.
pub(crate) struct Company {
    pub(crate) store: MemoryStore,
    config: Config,
    /// Whether the live system leaves out a user and says that this was all.
    pub(crate) hub_lies: bool,
    export: Option<Truth>,
    roster: Option<Truth>,
}

fn written(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Company {
    pub(crate) fn new() -> Self {
        let loaded = config::load(Path::new("/sim/holdover.yaml"), CONFIG, &|_| None);
        let config = loaded.unwrap_or_else(|problems| panic!("{problems:?}")).config;
        Self { store: MemoryStore::new("simulation"), config, hub_lies: false, export: None, roster: None }
    }

    /// One run with its faults.
    pub(crate) fn run(&mut self, bench: &Bench, truth: &Truth, faults: &[Fault]) -> Ran {
        let has = |fault| faults.contains(&fault);
        let old = |fault, kept: &Option<Truth>| match kept {
            Some(kept) if has(fault) => {
                bench.met.fired(fault);
                kept.clone()
            }
            _ => truth.clone(),
        };
        let looked = Looked {
            export: old(Fault::ExportOld, &self.export),
            live: truth.clone(),
            roster: old(Fault::RosterOld, &self.roster),
        };
        let mut documents = MemoryDocuments::new();
        let mut planted = write_roster(&mut documents, &looked.roster, faults, &bench.met);
        planted.extend(write_export(&mut documents, &looked.export, faults, &bench.met));
        let now = if has(Fault::ClockBack) {
            bench.met.fired(Fault::ClockBack);
            truth.now - chrono::TimeDelta::days(2)
        } else {
            truth.now
        };
        let mut hub = Hub::new(truth.clone(), faults.to_vec(), Arc::clone(&bench.met));
        hub.lies = self.hub_lies;
        let outcome = self.engine(bench, now, &Arc::new(documents), hub);
        for (fault, planted) in planted {
            if planted.fired() > 0 {
                bench.met.fired(fault);
            }
        }
        let RunOutcome { report, changes, .. } = outcome;
        let committed = !has(Fault::DiesBeforeCommit);
        if committed {
            self.store.apply(&report.run.id, now, changes).expect("a store in memory takes it");
            self.export = Some(looked.export.clone());
            if !faults.iter().any(|fault| {
                matches!(fault, Fault::RosterMissing | Fault::RosterCut | Fault::RosterColumn | Fault::RosterShrinks)
            }) {
                self.roster = Some(looked.roster.clone());
            }
        } else {
            bench.met.fired(Fault::DiesBeforeCommit);
        }
        if committed && !has(Fault::DiesAfterCommit) {
            self.store.end_run(&report.run, b"", 1).expect("a store in memory takes it");
        } else if has(Fault::DiesAfterCommit) {
            bench.met.fired(Fault::DiesAfterCommit);
        }
        Ran { report, looked, committed }
    }

    fn engine(&mut self, bench: &Bench, now: Instant, documents: &Arc<MemoryDocuments>, hub: Hub) -> RunOutcome {
        let config = &self.config;
        let previous = self.store.accepted_roster().expect("memory");
        let week_ago = self.store.roster_figures_at(now - chrono::TimeDelta::days(7)).expect("memory");
        let store = &self.store;
        let loaded = roster::load(&LoadInput {
            settings: &config.roster,
            documents: documents.as_ref(),
            now,
            end_basis: config.end_basis,
            leave_policy: config.leave_policy,
            previous: previous.as_ref(),
            week_ago_figures: week_ago.as_deref(),
            released: &|digest| store.roster_released(digest).expect("memory"),
            matched_share: None,
        });
        let mut systems = Vec::new();
        for system in &config.systems {
            let Connector::Import(settings) = &system.connector else { panic!("an import") };
            let scanner = scan_import::Import::new(settings.clone(), Arc::clone(documents) as _).expect("a scanner");
            systems.push(ConfiguredSystem { config: system.clone(), scanner: Arc::new(scanner) });
        }
        let mut live = config.systems[0].clone();
        live.id = "hub".into();
        systems.push(ConfiguredSystem { config: live, scanner: Arc::new(hub) });
        let (_stop, stop) = tokio::sync::watch::channel(false);
        let policy = Policy::default_policy();
        let exceptions = ExceptionFile::none();
        let engine = Engine {
            config,
            clock: Arc::new(FixedClock(now)),
            randomness: &FixedRandomness([7; 16]),
            scratch: Arc::new(MemoryScratch),
            store: &mut self.store,
            systems,
            only: Vec::new(),
            carried: holdover::run::carried::Carried::default(),
            rules: &bench.rules,
            policy: &policy,
            exceptions: &exceptions,
            roster: loaded,
            known_apps: Vec::new(),
            notices: Vec::new(),
            progress: Arc::new(Silent),
            stop,
            exit_zero: false,
            as_of_chosen: false,
        };
        bench.runtime.block_on(engine.run()).expect("a run")
    }
}

fn write_roster(documents: &mut MemoryDocuments, truth: &Truth, faults: &[Fault], met: &Met) -> Vec<(Fault, Planted)> {
    let mut header = String::from(
        "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at",
    );
    if faults.contains(&Fault::RosterColumn) {
        met.fired(Fault::RosterColumn);
        header = header.replace("end_date", "ends_on");
    }
    let as_of = written(truth.now);
    let mut rows: Vec<String> = Vec::new();
    for (number, person) in truth.people.iter().enumerate() {
        let id = person_id(number);
        let (status, end) = match person.left_at {
            Some(at) if at <= truth.now => ("ended", at.format("%Y-%m-%d").to_string()),
            _ => ("active", String::new()),
        };
        rows.push(format!("{id},employee,{status},Name {number},{id}@acme.example,2020-01-01,{end},UTC,{as_of}"));
    }
    // People in employment, so that gates about shares have something to count.
    for number in 100..220 {
        rows.push(format!("p-{number},employee,active,Name {number},p-{number}@acme.example,2020-01-01,,UTC,{as_of}"));
    }
    if faults.contains(&Fault::RosterShrinks) {
        met.fired(Fault::RosterShrinks);
        rows.truncate(rows.len() / 2);
    }
    let text = format!("{header}\n{}\n", rows.join("\n"));
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    let manifest = format!(r#"{{"as_of":"{as_of}","rows":{},"sha256":"{digest}","coverage":"full"}}"#, rows.len());
    let length = text.len();
    documents.put("roster.csv", text);
    documents.put("roster.meta.json", manifest);
    let mut planted = Vec::new();
    if faults.contains(&Fault::RosterMissing) {
        planted.push((Fault::RosterMissing, documents.damage("roster.csv", Damage::Missing)));
    } else if faults.contains(&Fault::RosterCut) {
        planted.push((Fault::RosterCut, documents.damage("roster.csv", Damage::CutAt(length * 2 / 3))));
    }
    planted
}

fn line(id: &str, grant: &Grant, status: &str) -> String {
    let scope = if grant.place == Place::Account { "accounts" } else { "tokens" };
    let employee = person_id(grant.person);
    format!(
        r#"{{"record":"access","scope":"{scope}","kind":"{}","grant_id":"{id}","status":"{status}","privilege":"write","created_at":"2023-04-01T08:00:00Z","last_used_at":null,"expires_at":null,"x_note":"{CANARY}","holders":[{{"relation":"holder","employee_id":"{employee}"}}]}}"#,
        grant.place.kind()
    )
}

fn write_export(documents: &mut MemoryDocuments, truth: &Truth, faults: &[Fault], met: &Met) -> Vec<(Fault, Planted)> {
    let grants: Vec<(&String, &Grant)> =
        truth.grants.iter().filter(|(_, grant)| matches!(grant.place, Place::Account | Place::Token)).collect();
    let mut text = format!(
        "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{}\",\"scopes\":[\"accounts\",\"tokens\"]}}\n",
        written(truth.now)
    );
    let mut counts = [0_u64; 2];
    for (at, (id, grant)) in grants.iter().enumerate() {
        counts[usize::from(grant.place == Place::Token)] += 1;
        let mut status = if grant.enabled { "enabled" } else { "disabled" };
        if at == 0 && faults.contains(&Fault::ExportUnknownWord) {
            met.fired(Fault::ExportUnknownWord);
            status = "parked";
        }
        let mut line = line(id, grant, status);
        if at == 1 && faults.contains(&Fault::ExportGarbledLine) {
            met.fired(Fault::ExportGarbledLine);
            line.truncate(line.len() / 2);
        }
        text.push_str(&line);
        text.push('\n');
    }
    if faults.contains(&Fault::ExportCountsMore) {
        met.fired(Fault::ExportCountsMore);
        counts[0] += 1;
    }
    text.push_str(&format!(
        "{{\"record\":\"end\",\"counts\":{{\"accounts\":{},\"tokens\":{}}}}}\n",
        counts[0], counts[1]
    ));
    let length = text.len();
    documents.put("crm.ndjson", text);
    let damages = [
        (Fault::ExportCut, Damage::CutAt(length / 2)),
        (Fault::ExportBreaks, Damage::ErrorAt(length / 2)),
        (Fault::ExportDenied, Damage::Denied),
        (Fault::ExportMissing, Damage::Missing),
    ];
    let mut taken = BTreeSet::new();
    damages
        .into_iter()
        .filter(|(fault, _)| faults.contains(fault) && taken.insert("crm.ndjson"))
        .map(|(fault, damage)| (fault, documents.damage("crm.ndjson", damage)))
        .collect()
}
