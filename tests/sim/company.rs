//! One company over many runs: files and answers made from the truth, the real engine, a store.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use holdover::config::{self, Config, Connector, OutputFormat, PersonDisplay};
use holdover::emit::{Colour, EmitContext, Places};
use holdover::inventory::MemoryScratch;
use holdover::policy::Policy;
use holdover::randomness::FixedRandomness;
use holdover::report::{ExitCode, Report};
use holdover::roster::{self, LoadInput};
use holdover::rules::RuleSet;
use holdover::run::plan::ConfiguredSystem;
use holdover::run::progress::Silent;
use holdover::run::{Engine, RunOutcome};
use holdover::store::{RunChanges, Store as _, StoreError};
use holdover_kit::memory::MemoryDocuments;
use holdover_kit::random::Random;
use scan_contract::Instant;

use crate::allowed::Exceptions;
use crate::canary::{NoTexts, Secrets};
use crate::fault::{Fault, Has, Met};
use crate::hub::Hub;
use crate::lie::Lie;
use crate::okta::{self, Asking, RunTime, SimWire};
use crate::shelf::Shelf;
use crate::truth::Truth;
use crate::written;

const CONFIG: &str = "version: 1
organisation: acme
state_dir: state
roster:
  links: links.yaml
  sources:
    - { id: hris, format: csv, path: roster.csv, manifest: roster.meta.json, coverage: full, default_time_zone: UTC, end_date_meaning: first_day_excluded, max_age: 900h, rank: 1 }
identity:
  domains: [{ name: acme.example }]
systems:
  - id: crm
    connector: import
    tier: tier1
    owner_team: sales
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
    /// The truth that the live systems told.
    pub(crate) live: Truth,
    /// The truth of the newest roster file.
    pub(crate) roster: Truth,
    /// Exceptions as they can be read.
    pub(crate) allowed: Exceptions,
    /// The clock of the run.
    pub(crate) now: Instant,
}

/// What came of a run.
pub(crate) struct Ran {
    /// What it found; `None` where it ended before it had found anything.
    pub(crate) report: Option<Report>,
    /// Whether it came to say so: a program that died or could not write says nothing.
    pub(crate) claimed: bool,
    pub(crate) looked: Looked,
    /// Whether its changes were committed.
    pub(crate) committed: bool,
    /// Whether an output or the store failed, and the report was made all the same.
    pub(crate) output_failed: bool,
    /// What is wrong that only the company can see.
    pub(crate) wrong: Vec<String>,
}

/// Shared by all seeds: made once.
pub(crate) struct Bench {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) rules: RuleSet,
    pub(crate) met: Arc<Met>,
    pub(crate) config: Config,
}

impl Bench {
    pub(crate) fn new(met: &Arc<Met>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let loaded = config::load(Path::new("/sim/holdover.yaml"), CONFIG, &|_| None);
        let config = loaded.unwrap_or_else(|problems| panic!("{problems:?}")).config;
        Self { runtime, rules: RuleSet::embedded().unwrap(), met: Arc::clone(met), config }
    }
}

/// The company.
pub(crate) struct Company {
    pub(crate) shelf: Shelf,
    pub(crate) has: Has,
    pub(crate) secrets: Secrets,
    pub(crate) allowed: Exceptions,
    pub(crate) lie: Lie,
    export: Option<Truth>,
    roster: Option<Truth>,
    random: Random,
}

/// Writes so much and no more.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        let most = bytes.len().min(self.0);
        self.0 -= most;
        Ok(most)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Company {
    pub(crate) fn new(seed: u64, has: Has, lie: Lie, met: &Arc<Met>) -> Self {
        Self {
            shelf: Shelf::new(has.disk, met),
            has,
            secrets: Secrets::new(seed),
            allowed: Exceptions::default(),
            lie,
            export: None,
            roster: None,
            random: Random::new(seed).fork("company"),
        }
    }

    fn look(&self, bench: &Bench, truth: &Truth, faults: &[Fault]) -> Looked {
        let has = |fault| faults.contains(&fault);
        let old = |fault, kept: &Option<Truth>| match kept {
            Some(kept) if has(fault) => {
                bench.met.fired(fault);
                kept.clone()
            }
            _ => truth.clone(),
        };
        let mut roster = old(Fault::RosterOld, &self.roster);
        if has(Fault::RosterLosesLeaver)
            && let Some(lost) = (0..crate::truth::CAST).find(|person| roster.has_left(*person))
        {
            bench.met.fired(Fault::RosterLosesLeaver);
            roster.vanished.insert(lost);
        }
        let broken = has(Fault::ExceptionsBroken);
        let allowed = if broken { Exceptions::default() } else { self.allowed.clone() };
        let back = has(Fault::ClockBack);
        if back {
            bench.met.fired(Fault::ClockBack);
        }
        let now = if back { truth.now - chrono::TimeDelta::days(2) } else { truth.now };
        Looked { export: old(Fault::ExportOld, &self.export), live: truth.clone(), roster, allowed, now }
    }

    /// One run with its faults.
    pub(crate) fn run(&mut self, bench: &Bench, truth: &Truth, faults: &[Fault]) -> Ran {
        let looked = self.look(bench, truth, faults);
        let mut documents = MemoryDocuments::new();
        let mut planted = written::roster(&mut documents, &looked.roster, &self.secrets, faults, &bench.met);
        planted.extend(written::export(&mut documents, &looked.export, &self.secrets, faults, &bench.met));
        let of_store = [Fault::StoreFails, Fault::StoreDies, Fault::Killed];
        let of_store: Vec<Fault> = faults.iter().copied().filter(|fault| of_store.contains(fault)).collect();
        self.shelf.arm(&of_store, &mut self.random);
        let (lines, beside) = (1 + self.random.below(50), faults.contains(&Fault::SecondOpener));
        let mut wrong = Vec::new();
        if let Some(disk) = self.shelf.disk() {
            if faults.contains(&Fault::LedgerLineFails) {
                disk.plant(lines);
            }
            if beside {
                wrong.extend(disk.open_beside(looked.now).err());
            }
        }
        let applied = self.shelf.applied;
        let outcome = self.engine(bench, &looked, faults, &Arc::new(documents), &mut wrong);
        for (fault, planted) in planted {
            if planted.fired() > 0 {
                bench.met.fired(fault);
            }
        }
        let (report, ended) = match outcome {
            Ok(RunOutcome { mut report, changes, .. }) => {
                let ended = self.commit(bench, &mut report, changes, faults, looked.now);
                (Some(report), ended)
            }
            Err(error) => (None, Err(error)),
        };
        let failed = ended.as_ref().err().map(ToString::to_string);
        if failed.as_ref().is_some_and(|says| says.contains("planted")) && faults.contains(&Fault::LedgerLineFails) {
            bench.met.fired(Fault::LedgerLineFails);
        }
        let committed = self.shelf.applied > applied;
        let excused = match self.shelf.disarm(looked.now) {
            Ok(struck) => struck,
            Err(says) => {
                wrong.push(says);
                true
            }
        };
        if let (Some(says), false) = (&failed, excused) {
            wrong.push(format!("the run failed by itself: {says}"));
        }
        if committed {
            self.export = Some(looked.export.clone());
            if !faults.iter().any(|fault| fault.holds_roster()) {
                let mut whole = looked.roster.clone();
                whole.vanished.clear();
                self.roster = Some(whole);
            }
        }
        let (claimed, output_failed) = ended.unwrap_or((false, false));
        Ran { report, claimed, looked, committed, output_failed, wrong }
    }

    /// What the program does after the engine: commit, outputs, the end of the run. Whether it came to its end, and whether
    /// an output failed.
    fn commit(
        &mut self,
        bench: &Bench,
        report: &mut Report,
        mut changes: RunChanges,
        faults: &[Fault],
        now: Instant,
    ) -> Result<(bool, bool), StoreError> {
        if faults.contains(&Fault::DiesBeforeCommit) {
            bench.met.fired(Fault::DiesBeforeCommit);
            return Ok((false, false));
        }
        self.lie.before_commit(&mut changes);
        self.shelf.apply(&report.run.id, now, changes)?;
        if faults.contains(&Fault::DiesAfterCommit) {
            bench.met.fired(Fault::DiesAfterCommit);
            return Ok((false, false));
        }
        let mut archive = Vec::new();
        let context = EmitContext {
            persons: PersonDisplay::Id,
            key: None,
            rules: &NoTexts,
            places: &Places::default(),
            width: 100,
            colour: Colour::Off,
            csv_bom: false,
        };
        let mut failed = false;
        if faults.contains(&Fault::OutputFails) {
            let mut full = Full(usize::try_from(self.random.below(2_000)).expect("small"));
            failed = holdover::emit::render(OutputFormat::Json, report, &context, &mut full).is_err();
            if failed {
                bench.met.fired(Fault::OutputFails);
            }
        } else if self.has.disk {
            holdover::emit::render(OutputFormat::Json, report, &context, &mut archive).expect("memory");
        }
        report.run.flags.store_failed |= failed;
        report.run.exit_code = holdover::run::picture::exit_code(&report.run.flags, false);
        self.lie.about_report(report, &self.secrets);
        self.shelf.end_run(&report.run, &archive, 2)?;
        Ok((true, failed))
    }

    fn systems(
        &self,
        bench: &Bench,
        looked: &Looked,
        faults: &[Fault],
        documents: &Arc<MemoryDocuments>,
        time: &Arc<RunTime>,
        turn: u64,
    ) -> (Vec<ConfiguredSystem>, Option<Arc<SimWire>>) {
        let mut systems = Vec::new();
        for system in &bench.config.systems {
            let Connector::Import(settings) = &system.connector else { panic!("an import") };
            let scanner = scan_import::Import::new(settings.clone(), Arc::clone(documents) as _).expect("a scanner");
            systems.push(ConfiguredSystem { config: system.clone(), scanner: Arc::new(scanner) });
        }
        let mut live = bench.config.systems[0].clone();
        live.owner_team = None;
        live.id = "hub".into();
        let mut hub = Hub::new(looked.live.clone(), faults.to_vec(), Arc::clone(&bench.met));
        hub.lies = self.lie == Lie::System;
        systems.push(ConfiguredSystem { config: live.clone(), scanner: Arc::new(hub) });
        if !self.has.okta {
            return (systems, None);
        }
        live.id = "okta".into();
        live.dies_with_account = None;
        live.connector = Connector::Okta(Box::new(okta::settings()));
        let asking = Asking {
            truth: &looked.live,
            faults,
            met: &bench.met,
            time,
            canaries: &self.secrets.all,
            token: &self.secrets.token,
            turn,
        };
        let (scanner, wire) = asking.scanner();
        systems.push(ConfiguredSystem { config: live, scanner: Arc::new(scanner) });
        (systems, Some(wire))
    }

    fn engine(
        &mut self,
        bench: &Bench,
        looked: &Looked,
        faults: &[Fault],
        documents: &Arc<MemoryDocuments>,
        wrong: &mut Vec<String>,
    ) -> Result<RunOutcome, StoreError> {
        let config = &bench.config;
        let now = looked.now;
        let previous = self.shelf.accepted_roster()?;
        let week_ago = self.shelf.roster_figures_at(now - chrono::TimeDelta::days(7))?;
        let failed: RefCell<Option<StoreError>> = RefCell::new(None);
        let released = |digest: &str| {
            self.shelf.roster_released(digest).unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                None
            })
        };
        let loaded = roster::load(&LoadInput {
            settings: &config.roster,
            documents: documents.as_ref(),
            now,
            end_basis: config.end_basis,
            leave_policy: config.leave_policy,
            previous: previous.as_ref(),
            week_ago_figures: week_ago.as_deref(),
            released: &released,
            matched_share: None,
        });
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
        let turn = self.random.draw();
        let time = RunTime::new(now);
        let (systems, wire) = self.systems(bench, looked, faults, documents, &time, turn);
        let broken = faults.contains(&Fault::ExceptionsBroken);
        if broken {
            bench.met.fired(Fault::ExceptionsBroken);
        }
        let exceptions = self.allowed.file(broken);
        let (_stop, stop) = tokio::sync::watch::channel(false);
        let policy = Policy::default_policy();
        let engine = Engine {
            config,
            clock: Arc::<RunTime>::clone(&time),
            randomness: &FixedRandomness([7; 16]),
            scratch: Arc::new(MemoryScratch),
            store: &mut self.shelf,
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
        let ended = bench.runtime.block_on(engine.run());
        if wire.is_some_and(|wire| wire.strayed.load(Ordering::SeqCst)) {
            wrong.push(String::from("a request went to an origin that was not declared"));
        }
        match ended {
            Ok(outcome) => {
                if outcome.report.run.exit_code == ExitCode::Store {
                    wrong.push(String::from("the engine says that the store failed, and it did not say so"));
                }
                Ok(outcome)
            }
            Err(holdover::run::RunError::Store(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }
}
