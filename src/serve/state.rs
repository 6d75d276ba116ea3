//! What the service knows of itself, shared between the scheduler and whoever asks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scan_contract::{Instant, SystemId};

use super::door::Door;
use super::host::{Ended, Work};
use super::page_port::{NextRun, RunNow, ServiceFacts};
use crate::metrics::{Families, ServiceFigures};

/// Runs that are remembered in this process.
const REMEMBERED: usize = 100;
/// The scheduler looks at the clock at least every 15 s; after this it is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(90);
/// A run ends itself at its deadline; after that much more it is stuck.
const RUN_MARGIN: Duration = Duration::from_mins(10);

/// Why a run started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// By the entry of this name.
    Schedule(String),
    /// By the entry of this name, late.
    CatchUp(String),
    /// Somebody asked.
    Request,
}

impl Reason {
    /// The word of the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Schedule(_) => "schedule",
            Self::CatchUp(_) => "catch_up",
            Self::Request => "request",
        }
    }

    /// The entry.
    pub fn schedule(&self) -> Option<&str> {
        match self {
            Self::Schedule(name) | Self::CatchUp(name) => Some(name),
            Self::Request => None,
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone)]
pub enum Phase {
    /// It waits for the one before it, or for the store.
    Queued,
    /// It goes on.
    Running {
        /// What it is doing.
        stage: String,
    },
    /// It ended.
    Ended(Ended),
}

/// One run of this process.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its number.
    pub id: u64,
    /// Why it started.
    pub reason: Reason,
    /// Systems; empty is all.
    pub systems: Vec<SystemId>,
    /// When it was asked for.
    pub queued_at: Instant,
    /// When it began.
    pub started_at: Option<Instant>,
    /// How far it is.
    pub phase: Phase,
}

/// How the last reload ended.
#[derive(Debug, Clone, Default)]
pub struct Reloads {
    /// Why the last one was refused.
    pub refused: Option<String>,
    /// When a configuration was taken over last.
    pub last_success_at: Option<Instant>,
    /// What the configuration asks of the listener and does not get before a restart.
    pub needs_restart: Option<String>,
}

struct Inner {
    work: Arc<dyn Work>,
    door: Arc<Door>,
    runs: VecDeque<RunRecord>,
    next_id: u64,
    next_runs: Vec<NextRun>,
    schedule_known: bool,
    reloads: Reloads,
    families: Option<Families>,
    skipped: u64,
    /// Monotonic time at which the scheduler looked at the clock last, and at which the present run began.
    beat: Duration,
    run_began: Option<Duration>,
}

/// What the service knows of itself.
pub struct State {
    started_at: Instant,
    inner: Mutex<Inner>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("State").field("started_at", &self.started_at).finish_non_exhaustive()
    }
}

impl State {
    /// The state at the start.
    pub fn new(work: Arc<dyn Work>, families: Option<Families>, now: Instant, monotonic: Duration) -> Self {
        let inner = Inner {
            door: work.door(),
            work,
            runs: VecDeque::new(),
            next_id: 1,
            next_runs: Vec::new(),
            schedule_known: false,
            reloads: Reloads { last_success_at: Some(now), ..Reloads::default() },
            families,
            skipped: 0,
            beat: monotonic,
            run_began: None,
        };
        Self { started_at: now, inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that holds the lock can panic half-way through a change that matters.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration in force.
    pub fn work(&self) -> Arc<dyn Work> {
        Arc::clone(&self.lock().work)
    }

    /// Who may ask.
    pub fn door(&self) -> Arc<Door> {
        Arc::clone(&self.lock().door)
    }

    /// Takes another configuration over, and its door unless the listener stands on another one.
    pub fn take_over(&self, work: Arc<dyn Work>, now: Instant) {
        let door = work.door();
        let mut inner = self.lock();
        inner.reloads = Reloads { last_success_at: Some(now), ..Reloads::default() };
        if door.shape == inner.door.shape {
            inner.door = door;
        } else {
            inner.reloads.needs_restart = Some(String::from(
                "listen, tls, bearer or client_ca changed: the service goes on as before until it is restarted",
            ));
        }
        inner.work = work;
    }

    /// A configuration was refused.
    pub fn refuse(&self, why: String) {
        self.lock().reloads.refused = Some(why);
    }

    /// How the last reload ended.
    pub fn reloads(&self) -> Reloads {
        self.lock().reloads.clone()
    }

    /// The scheduler looked at the clock.
    pub fn beat(&self, monotonic: Duration, next_runs: Vec<NextRun>) {
        let mut inner = self.lock();
        inner.beat = monotonic;
        inner.next_runs = next_runs;
        inner.schedule_known = true;
    }

    /// Starts that got no run of their own.
    pub fn skip(&self, count: u64) {
        self.lock().skipped += count;
    }

    /// Writes a run down that waits. Gives its number.
    pub fn queue(&self, reason: Reason, systems: Vec<SystemId>, now: Instant) -> u64 {
        let mut inner = self.lock();
        let id = inner.next_id;
        inner.next_id += 1;
        if inner.runs.len() == REMEMBERED {
            inner.runs.pop_front();
        }
        let phase = Phase::Queued;
        inner.runs.push_back(RunRecord { id, reason, systems, queued_at: now, started_at: None, phase });
        id
    }

    /// Widens a run that waits.
    pub fn widen(&self, id: u64, systems: &[SystemId]) {
        self.change(id, |run| systems.clone_into(&mut run.systems));
    }

    /// A run begins.
    pub fn begin(&self, id: u64, now: Instant, monotonic: Duration) {
        self.change(id, |run| {
            run.started_at = Some(now);
            run.phase = Phase::Running { stage: String::from("starting") };
        });
        self.lock().run_began = Some(monotonic);
    }

    /// A run does something else now.
    pub fn stage(&self, id: u64, says: String) {
        self.change(id, |run| {
            if let Phase::Running { stage } = &mut run.phase {
                *stage = says;
            }
        });
    }

    /// A run waits for the store again.
    pub fn wait_again(&self, id: u64) {
        self.change(id, |run| {
            run.started_at = None;
            run.phase = Phase::Queued;
        });
        self.lock().run_began = None;
    }

    /// A run ended.
    pub fn end(&self, id: u64, mut ended: Ended) {
        let mut inner = self.lock();
        // Kept once, and not with every run that is remembered.
        if let Some(families) = ended.families.take() {
            inner.families = Some(families);
        }
        inner.run_began = None;
        drop(inner);
        self.change(id, |run| run.phase = Phase::Ended(ended));
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut RunRecord)) {
        if let Some(run) = self.lock().runs.iter_mut().find(|run| run.id == id) {
            change(run);
        }
    }

    /// Every remembered run, newest first.
    pub fn runs(&self) -> Vec<RunRecord> {
        self.lock().runs.iter().rev().cloned().collect()
    }

    /// One run.
    pub fn run(&self, id: u64) -> Option<RunRecord> {
        self.lock().runs.iter().find(|run| run.id == id).cloned()
    }

    /// What the page is told.
    pub fn facts(&self) -> ServiceFacts {
        let inner = self.lock();
        let running = inner.runs.iter().find_map(|run| match (&run.phase, run.started_at) {
            (Phase::Running { stage }, Some(started_at)) => {
                Some(RunNow { id: run.id, started_at, systems: run.systems.clone(), stage: stage.clone() })
            }
            _ => None,
        });
        let mut troubles = Vec::new();
        if inner.reloads.refused.is_some() {
            troubles.push(String::from(
                "the configuration on disk was refused and the earlier one is in force: holdover config check",
            ));
        }
        troubles.extend(inner.reloads.needs_restart.clone());
        let last = inner.runs.iter().rev().find_map(|run| match &run.phase {
            Phase::Ended(ended) => Some(ended),
            Phase::Queued | Phase::Running { .. } => None,
        });
        troubles
            .extend(last.and_then(|ended| ended.failure.as_ref()).map(|says| format!("the last run failed: {says}")));
        ServiceFacts {
            running,
            next_runs: inner.next_runs.clone(),
            troubles,
            run_on_request: inner.work.settings().run_on_request && inner.door.shape.has_sign_in(),
        }
    }

    /// Figures of the service, and those of the last run.
    pub fn figures(&self) -> (ServiceFigures, Option<Families>) {
        let inner = self.lock();
        let figures = ServiceFigures {
            started_at: self.started_at,
            next_runs: inner.next_runs.iter().map(|next| (next.schedule.clone(), next.at)).collect(),
            run_in_progress: inner.runs.iter().any(|run| matches!(run.phase, Phase::Running { .. })),
            runs_skipped: inner.skipped,
            reload_succeeded: inner.reloads.refused.is_none(),
            reload_last_success_at: inner.reloads.last_success_at,
        };
        (figures, inner.families.clone())
    }

    /// Whether the scheduler looks at the clock, and the run that is on has not passed its deadline by far.
    ///
    /// # Errors
    /// What is stuck.
    pub fn alive(&self, monotonic: Duration) -> Result<(), String> {
        let inner = self.lock();
        let silent = monotonic.saturating_sub(inner.beat);
        if silent > STUCK_AFTER {
            return Err(format!("the scheduler has not looked at the clock for {} s", silent.as_secs()));
        }
        let limit = inner.work.deadline() + RUN_MARGIN;
        match inner.run_began.map(|began| monotonic.saturating_sub(began)) {
            Some(taken) if taken > limit => Err(format!("the run has been going on for {} s", taken.as_secs())),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the schedule was worked out once.
    pub fn schedule_known(&self) -> bool {
        self.lock().schedule_known
    }
}
