//! The store in memory, for simulations and tests. It keeps the same promises as the one on disk, by the same suite of
//! tests, except the ones about disks.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::{AccessKind, Instant, ScopeName, ScopeState, SystemId};

use crate::findings::{Acknowledgement, FindingState, Fingerprint, Memory};
use crate::report::{RunFacts, Totals};
use crate::store::ledger::{Chain, Sealed, carried_over, hex};
use crate::store::memory_outbox::Drawer;
use crate::store::{
    AcceptedRoster, HistoryLine, LedgerCheck, LedgerEvent, Opening, PreviousRun, RunChanges, ScopeBaseline, Store,
    StoreError, SystemTimes, is_success,
};

type ScopeKey = (SystemId, ScopeName);

/// A store that ends with the program. A simulated crash is a run that is never ended.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    lineage: String,
    serial: u64,
    latest_at: Option<Instant>,
    config: Option<(String, Instant)>,
    previous_run: Option<PreviousRun>,
    running: Option<Running>,
    pub(super) findings: BTreeMap<Fingerprint, Memory>,
    baselines: BTreeMap<ScopeKey, ScopeBaseline>,
    drops: BTreeMap<ScopeKey, String>,
    drops_in_force: BTreeSet<ScopeKey>,
    /// Objects per scope of the run that was applied last.
    last_objects: BTreeMap<ScopeKey, (String, u64)>,
    systems: BTreeMap<SystemId, SystemTimes>,
    totals: Totals,
    leavers_checked: BTreeSet<(String, u32)>,
    unattributed: BTreeMap<(SystemId, AccessKind, String), Instant>,
    exception_idle: BTreeMap<String, u32>,
    rosters: Vec<AcceptedRoster>,
    pub(super) released: BTreeMap<String, Instant>,
    reports: Vec<(String, Instant, Vec<u8>)>,
    last_success_at: Option<Instant>,
    chain: Chain,
    ledger: Vec<(Sealed, Instant, LedgerEvent)>,
    pub(super) drawer: Drawer,
}

#[derive(Debug, Clone)]
struct Running {
    id: String,
    scopes: BTreeMap<ScopeKey, ScopeState>,
    end_in_ledger: bool,
}

impl MemoryStore {
    /// An empty store of the given lineage.
    pub fn new(lineage: &str) -> Self {
        Self {
            lineage: lineage.to_owned(),
            serial: 0,
            latest_at: None,
            config: None,
            previous_run: None,
            running: None,
            findings: BTreeMap::new(),
            baselines: BTreeMap::new(),
            drops: BTreeMap::new(),
            drops_in_force: BTreeSet::new(),
            last_objects: BTreeMap::new(),
            systems: BTreeMap::new(),
            totals: Totals::default(),
            leavers_checked: BTreeSet::new(),
            unattributed: BTreeMap::new(),
            exception_idle: BTreeMap::new(),
            rosters: Vec::new(),
            released: BTreeMap::new(),
            reports: Vec::new(),
            last_success_at: None,
            chain: Chain::begin(lineage),
            ledger: Vec::new(),
            drawer: Drawer::default(),
        }
    }

    pub(super) fn record(&mut self, at: Instant, event: LedgerEvent) -> Result<(), StoreError> {
        let sealed = self.chain.append(at, &event)?;
        self.ledger.push((sealed, at, event));
        self.latest_at = self.latest_at.max(Some(at));
        Ok(())
    }

    fn running(&mut self, run_id: &str) -> Result<&mut Running, StoreError> {
        match &mut self.running {
            Some(running) if running.id == run_id => Ok(running),
            Some(_) | None => Err(StoreError::Missing { what: format!("run {run_id}, begun and not ended,") }),
        }
    }

    fn known(&mut self, fingerprint: &Fingerprint) -> Result<&mut Memory, StoreError> {
        let missing = || StoreError::Missing { what: format!("finding {fingerprint}") };
        self.findings.get_mut(fingerprint).ok_or_else(missing)
    }
}

impl Store for MemoryStore {
    fn begin_run(&mut self, run_id: &str, started_at: Instant, config_digest: &str) -> Result<Opening, StoreError> {
        let opening = Opening {
            previous_run: self.previous_run.clone(),
            interrupted_runs: self.running.take().map(|running| running.id).into_iter().collect(),
            serial: self.serial + 1,
            lineage: self.lineage.clone(),
            latest_recorded_at: self.latest_at,
            config: self.config.clone(),
        };
        self.serial += 1;
        if self.config.as_ref().is_none_or(|(digest, _)| digest != config_digest) {
            self.config = Some((config_digest.to_owned(), started_at));
        }
        for run in &opening.interrupted_runs {
            self.record(started_at, LedgerEvent::RunInterrupted { run: run.clone() })?;
        }
        let config = config_digest.to_owned();
        self.record(started_at, LedgerEvent::RunStarted { run: run_id.to_owned(), config })?;
        self.running = Some(Running { id: run_id.to_owned(), scopes: BTreeMap::new(), end_in_ledger: false });
        Ok(opening)
    }

    fn declare(&mut self, run_id: &str, scopes: &[(SystemId, ScopeName, String)]) -> Result<(), StoreError> {
        let running = self.running(run_id)?;
        for (system, name, _) in scopes {
            running.scopes.entry((system.clone(), name.clone())).or_insert(ScopeState::NotAttempted);
        }
        Ok(())
    }

    fn baseline(&self, system: &SystemId, scope: &ScopeName) -> Result<Option<ScopeBaseline>, StoreError> {
        let key = (system.clone(), scope.clone());
        let drop_accepted_for = self.drops.get(&key).cloned();
        Ok(self.baselines.get(&key).map(|baseline| ScopeBaseline { drop_accepted_for, ..baseline.clone() }))
    }

    fn system_times(&self, system: &SystemId) -> Result<SystemTimes, StoreError> {
        Ok(self.systems.get(system).copied().unwrap_or_default())
    }

    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Memory>, StoreError> {
        Ok(self.findings.get(fingerprint).cloned())
    }

    fn for_each_open(&self, visit: &mut dyn FnMut(Memory) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let open = |memory: &&Memory| memory.finding.state != FindingState::Closed;
        self.findings.values().filter(open).try_for_each(|memory| visit(memory.clone()))
    }

    fn unattributed_since(
        &self,
        system: &SystemId,
        kind: AccessKind,
        grant_id: &str,
    ) -> Result<Option<Instant>, StoreError> {
        Ok(self.unattributed.get(&(system.clone(), kind, grant_id.to_owned())).copied())
    }

    fn leaver_checked(&self, person_id: &str, stint: u32) -> Result<bool, StoreError> {
        Ok(self.leavers_checked.contains(&(person_id.to_owned(), stint)))
    }

    fn exception_idle_runs(&self, exception_id: &str) -> Result<u32, StoreError> {
        Ok(self.exception_idle.get(exception_id).copied().unwrap_or(0))
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.totals.clone())
    }

    fn accepted_roster(&self) -> Result<Option<AcceptedRoster>, StoreError> {
        Ok(self.rosters.last().cloned())
    }

    fn roster_figures_at(&self, instant: Instant) -> Result<Option<String>, StoreError> {
        let known = self.rosters.iter().filter(|roster| roster.accepted_at <= instant);
        Ok(known.max_by_key(|roster| roster.accepted_at).map(|roster| roster.figures.clone()))
    }

    fn roster_released(&self, digest: &str) -> Result<Option<Instant>, StoreError> {
        Ok(self.released.get(digest).copied())
    }

    fn release_roster(&mut self, digest: &str, at: Instant, by: &str) -> Result<(), StoreError> {
        let decision = String::from("accepted");
        self.record(at, LedgerEvent::Roster { by: by.to_owned(), digest: digest.to_owned(), decision })?;
        self.released.insert(digest.to_owned(), at);
        Ok(())
    }

    fn acknowledge(&mut self, fingerprint: &Fingerprint, acknowledgement: &Acknowledgement) -> Result<(), StoreError> {
        self.known(fingerprint)?.acknowledged = Some(acknowledgement.clone());
        let reference = acknowledgement.reference.clone();
        let event = LedgerEvent::Acknowledged { fingerprint: fingerprint.to_string(), reference };
        self.record(acknowledgement.at, event)
    }

    fn accept_drop(
        &mut self,
        system: &SystemId,
        scope: &ScopeName,
        run_id: &str,
        at: Instant,
    ) -> Result<(), StoreError> {
        let event = LedgerEvent::DropAccepted { scope: format!("{system} {scope}"), run: run_id.to_owned() };
        let key = (system.clone(), scope.clone());
        let found = self.last_objects.get(&key).filter(|(run, _)| run == run_id).map(|(_, objects)| *objects);
        let Some((baseline, objects)) = self.baselines.get_mut(&key).zip(found) else {
            let what = format!("the scope {system}/{scope} as the last run {run_id} found it");
            return Err(StoreError::Missing { what });
        };
        baseline.objects = objects;
        self.record(at, event)?;
        self.drops_in_force.insert(key.clone());
        self.drops.insert(key, run_id.to_owned());
        Ok(())
    }

    fn drops_accepted(&self) -> Result<u64, StoreError> {
        Ok(self.drops_in_force.len() as u64)
    }

    fn carry_over(&mut self, run_id: &str, at: Instant, old: &Fingerprint, memory: Memory) -> Result<(), StoreError> {
        self.running(run_id)?;
        self.known(old)?;
        self.findings.remove(old);
        let new = memory.finding.fingerprint;
        for event in carried_over(run_id, *old, new, memory.finding.state) {
            self.record(at, event)?;
        }
        self.findings.insert(new, memory);
        self.drawer.carry_over(*old, new);
        Ok(())
    }

    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<HistoryLine>, StoreError> {
        let wanted = fingerprint.to_string();
        let about = self.ledger.iter().filter(|(_, _, event)| event.fingerprint() == Some(&wanted));
        let line = |(sealed, at, event): &(Sealed, Instant, LedgerEvent)| HistoryLine {
            sequence: sealed.sequence,
            at: *at,
            event: event.clone(),
        };
        Ok(about.map(line).collect())
    }

    fn last_success(&self) -> Result<Option<Instant>, StoreError> {
        Ok(self.last_success_at)
    }

    fn config_since(&self) -> Result<Option<(String, Instant)>, StoreError> {
        Ok(self.config.clone())
    }

    fn apply(&mut self, run_id: &str, at: Instant, mut changes: RunChanges) -> Result<(), StoreError> {
        let running = self.running(run_id)?;
        let told = |event: &LedgerEvent| matches!(event, LedgerEvent::RunEnded { run, .. } if run == run_id);
        running.end_in_ledger |= changes.ledger.iter().any(told);
        for (system, scope) in &changes.scopes {
            running.scopes.insert((system.clone(), scope.name.clone()), scope.state);
        }
        for event in std::mem::take(&mut changes.ledger) {
            self.record(at, event)?;
        }
        self.drawer.take_run(run_id, at, &mut changes);
        self.latest_at = self.latest_at.max(Some(at));
        for memory in changes.memories {
            self.findings.insert(memory.finding.fingerprint, memory);
        }
        for (system, scope) in changes.scopes {
            self.last_objects.insert((system.clone(), scope.name.clone()), (run_id.to_owned(), scope.objects));
            if scope.state == ScopeState::Complete {
                let baseline = ScopeBaseline {
                    run_id: run_id.to_owned(),
                    objects: scope.objects,
                    as_of: scope.as_of,
                    read_at: at,
                    drop_accepted_for: None,
                };
                let key = (system, scope.name);
                self.drops_in_force.remove(&key);
                self.baselines.insert(key, baseline);
            }
        }
        self.systems.extend(changes.systems);
        self.totals = changes.totals;
        self.leavers_checked.extend(changes.leavers_checked);
        for grant in changes.unattributed {
            self.unattributed.entry(grant).or_insert(at);
        }
        self.exception_idle.extend(changes.exception_idle_runs);
        self.rosters.extend(changes.accepted_roster);
        Ok(())
    }

    fn end_run(&mut self, facts: &RunFacts, report: &[u8], keep: usize) -> Result<(), StoreError> {
        let running = self.running(&facts.id)?.clone();
        if !running.end_in_ledger {
            let complete = running.scopes.values().filter(|state| **state == ScopeState::Complete).count() as u64;
            let declared = running.scopes.len() as u64;
            let exit_code = facts.exit_code.code();
            self.record(
                facts.ended_at,
                LedgerEvent::RunEnded { run: facts.id.clone(), exit_code, complete, declared },
            )?;
        }
        self.latest_at = self.latest_at.max(Some(facts.ended_at));
        self.running = None;
        self.previous_run = Some(PreviousRun {
            id: facts.id.clone(),
            ended_at: facts.ended_at,
            roster_digest: self.rosters.last().map(|roster| roster.digest.clone()),
        });
        if is_success(facts) {
            self.last_success_at = Some(facts.ended_at);
        }
        self.reports.retain(|(id, _, _)| *id != facts.id);
        self.reports.insert(0, (facts.id.clone(), facts.ended_at, report.to_vec()));
        self.reports.truncate(keep);
        Ok(())
    }

    fn reports(&self) -> Result<Vec<(String, Instant)>, StoreError> {
        Ok(self.reports.iter().map(|(id, ended_at, _)| (id.clone(), *ended_at)).collect())
    }

    fn report(&self, run_id: &str) -> Result<Vec<u8>, StoreError> {
        let found = self.reports.iter().find(|(id, _, _)| id == run_id);
        found
            .map(|(_, _, report)| report.clone())
            .ok_or_else(|| StoreError::Missing { what: format!("the report of run {run_id}") })
    }

    fn verify_ledger(&self) -> Result<LedgerCheck, StoreError> {
        let mut chain = Chain::begin(&self.lineage);
        for (sealed, _, _) in &self.ledger {
            chain.follow(&sealed.body, &sealed.hash).map_err(|detail| StoreError::LedgerBroken {
                path: String::from("memory"),
                sequence: sealed.sequence,
                detail,
            })?;
        }
        Ok(LedgerCheck {
            records: chain.sequence,
            head: hex(&chain.head),
            lineage: self.lineage.clone(),
            serial: self.serial,
        })
    }
}
