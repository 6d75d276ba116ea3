//! Scanners are run side by side; a panic, a hang or a flood of one stays its own (STO-9).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use scan_contract::{
    Cause, CredentialFacts, Effort, Manifest, Pass, Scanner, Scope, ScopeName, ScopeState, Sealed, SystemId, channel,
};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use super::coverage::ScopeRecord;
use super::intake::{Intake, IntakeSettings, Lookup};
use super::plan::SystemPlan;
use super::progress::{Event, Progress};
use crate::config::{Exclusion, SystemConfig};
use crate::inventory::Scratch;
use crate::roster::PersonId;

/// Pages that may wait between a reader and the engine.
const WAITING_PAGES: usize = 4;
/// Records between two lines of progress.
const PROGRESS_EVERY: u64 = 250_000;

/// Time between two lines of progress of a system that is asked itself.
const BEAT: Duration = Duration::from_secs(10);

/// What reading one system gave.
pub struct Reading {
    /// Its configuration.
    pub config: SystemConfig,
    /// What came in.
    pub intake: Intake,
    /// Whether every walk came to its own end.
    pub ran_to_end: bool,
    /// Seconds it took.
    pub seconds: f64,
    /// What the connector says of itself.
    pub manifest: Manifest,
    /// Who reads it; `None` where nothing may be read.
    pub scanner: Option<Arc<dyn Scanner>>,
    /// What is remembered as open.
    pub watch: Watch,
    /// What reading cost, once it is over.
    pub effort: Option<Effort>,
    /// What was learned of the credential, once reading is over.
    pub credential: CredentialFacts,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reading").field("config", &self.config.id).finish_non_exhaustive()
    }
}

/// What all readings share.
#[derive(Clone)]
pub struct Shared {
    /// Roster claims and interest.
    pub lookup: Arc<Lookup>,
    /// Scratch space.
    pub scratch: Arc<dyn Scratch>,
    /// Receives events.
    pub progress: Arc<dyn Progress>,
    /// Measures durations.
    pub clock: Arc<dyn crate::clock::Clock>,
    /// Turns true when the run has to stop.
    pub stop: watch::Receiver<bool>,
    /// Time allowed for reading, for words.
    pub deadline: Duration,
    /// When that time is over, for every walk of every system alike.
    pub ends_at: tokio::time::Instant,
}

/// What is remembered as open in one system.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Keys of the grants.
    pub keys: HashSet<u64>,
    /// Follow-up scopes they were seen in, with the people they were found for.
    pub follow_ups: BTreeMap<ScopeName, BTreeSet<PersonId>>,
}

/// A plan with what is remembered of its system.
pub type Planned = (SystemPlan, Watch);

/// Reads every planned system, at most `parallel` at a time. The result is in the order of the plans.
pub async fn read_all(plans: Vec<Planned>, parallel: usize, shared: &Shared) -> io::Result<Vec<Reading>> {
    let permits = Arc::new(Semaphore::new(parallel.max(1)));
    let mut tasks = JoinSet::new();
    let mut readings: Vec<Option<Reading>> = Vec::new();
    let mut kept: Vec<(SystemConfig, Manifest, Vec<Scope>)> = Vec::new();
    for (position, (plan, watch)) in plans.into_iter().enumerate() {
        readings.push(None);
        let scopes = plan.scopes.values().map(ScopeRecord::scope).cloned().collect();
        kept.push((plan.system.config.clone(), plan.system.scanner.manifest().clone(), scopes));
        let (permits, shared) = (Arc::clone(&permits), shared.clone());
        tasks.spawn(async move {
            // The semaphore is never closed; a closed one would only mean that nothing limits us.
            let permit = permits.acquire_owned().await;
            let reading = read_system(plan, watch, &shared).await;
            drop(permit);
            (position, reading)
        });
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((position, reading)) => readings[position] = Some(reading?),
            // Which one it was shows by its place staying empty.
            Err(error) => tracing::error!(event = "system-task-failed", %error),
        }
    }
    Ok(readings
        .into_iter()
        .zip(kept)
        .map(|(reading, (config, manifest, scopes))| {
            let cause = Cause::Bug { what: String::from("the engine failed while this system was read") };
            reading.unwrap_or_else(|| unread(config, manifest, scopes, &cause, shared))
        })
        .collect())
}

/// A system of which nothing was read, for one reason that stands in every scope.
pub(super) fn unread(
    config: SystemConfig,
    manifest: Manifest,
    scopes: Vec<Scope>,
    cause: &Cause,
    shared: &Shared,
) -> Reading {
    let mut records = BTreeMap::new();
    for scope in scopes {
        let mut record = ScopeRecord::declared(scope.clone(), None, Arc::clone(&shared.scratch));
        record.gap(None, cause.clone());
        records.insert(scope.name, record);
    }
    let intake = Intake::new(
        settings(&config, &Watch::default(), Vec::new()),
        Arc::clone(&shared.lookup),
        records,
        Arc::clone(&shared.scratch),
    );
    let watch = Watch::default();
    let credential = CredentialFacts::default();
    Reading {
        config,
        intake,
        ran_to_end: false,
        seconds: 0.0,
        manifest,
        scanner: None,
        watch,
        effort: None,
        credential,
    }
}

/// A system that is not read in this run, and why.
pub fn left_out(plan: SystemPlan, cause: &Cause, shared: &Shared) -> Reading {
    let scopes = plan.scopes.values().map(ScopeRecord::scope).cloned().collect();
    let manifest = plan.system.scanner.manifest().clone();
    unread(plan.system.config, manifest, scopes, cause, shared)
}

fn settings(config: &SystemConfig, watch: &Watch, exclusions: Vec<Exclusion>) -> IntakeSettings {
    IntakeSettings {
        system: String::from(config.id.as_str()),
        login_is: config.login_is,
        known_object: config.known_object.clone(),
        watched: watch.keys.clone(),
        remembered: watch.follow_ups.keys().cloned().collect(),
        depth: config.depth,
        exclusions,
    }
}

async fn read_system(plan: SystemPlan, watch: Watch, shared: &Shared) -> io::Result<Reading> {
    let SystemPlan { system, passes, scopes, failure, exclusions, notices: _ } = plan;
    let config = system.config;
    let manifest = system.scanner.manifest().clone();
    let started = shared.clock.monotonic();
    shared.progress.tell(&Event::SystemStarted { system: &config.id, scopes: scopes.len() });
    let mut intake = Intake::new(
        settings(&config, &watch, exclusions),
        Arc::clone(&shared.lookup),
        scopes,
        Arc::clone(&shared.scratch),
    );
    let mut scanner = Some(Arc::clone(&system.scanner));
    let mut ran_to_end = failure.is_none();
    if failure.is_none()
        && let Some(cause) = check_identity(system.scanner.as_ref(), shared).await
    {
        ran_to_end = false;
        scanner = None;
        let all: Vec<Scope> = passes.iter().flat_map(|pass| pass.scopes.clone()).collect();
        intake.begin_pass(&all);
        intake.end_pass(Some(&cause));
    } else {
        for pass in passes {
            let (back, whole) = read_pass(Arc::clone(&system.scanner), pass, intake, &config.id, shared).await?;
            intake = back;
            ran_to_end &= whole;
        }
    }
    let seconds = shared.clock.monotonic().saturating_sub(started).as_secs_f64();
    let credential = CredentialFacts::default();
    Ok(Reading { config, intake, ran_to_end, seconds, manifest, scanner, watch, effort: None, credential })
}

/// CMP-1: the other side is asked who it is before anything is believed.
async fn check_identity(scanner: &dyn Scanner, shared: &Shared) -> Option<Cause> {
    let identity = tokio::select! {
        biased;
        cause = early_end(shared) => return Some(cause),
        identity = scanner.identify() => identity,
    };
    match identity {
        Ok(identity) if identity.declared == identity.found => None,
        Ok(identity) => Some(Cause::WrongSystem { declared: identity.declared, found: identity.found }),
        Err(cause) => Some(cause),
    }
}

/// The scopes a scanner declares. A panic or a hang here concerns this scanner alone.
pub(super) async fn declare(scanner: Arc<dyn Scanner>, shared: &Shared) -> Result<Vec<Pass>, Cause> {
    let mut task = JoinSet::new();
    task.spawn(async move { scanner.declare().await });
    let ended = tokio::select! {
        biased;
        cause = early_end(shared) => return Err(cause),
        ended = task.join_next() => ended,
    };
    match ended {
        Some(Ok(declared)) => declared,
        Some(Err(error)) if error.is_panic() => {
            Err(Cause::Bug { what: String::from("the scanner panicked while it declared its scopes") })
        }
        Some(Err(_)) | None => Err(Cause::Stopped),
    }
}

pub(super) async fn read_pass(
    scanner: Arc<dyn Scanner>,
    pass: Pass,
    mut intake: Intake,
    system: &SystemId,
    shared: &Shared,
) -> io::Result<(Intake, bool)> {
    let all_excluded =
        pass.scopes.iter().all(|scope| intake.scopes.get(&scope.name).is_some_and(ScopeRecord::is_excluded));
    if all_excluded {
        return Ok((intake, true));
    }
    if *shared.stop.borrow() {
        intake.begin_pass(&pass.scopes);
        intake.end_pass(Some(&Cause::Stopped));
        return Ok((intake, false));
    }
    let (outlet, mut receiver) = channel(WAITING_PAGES);
    let scopes = pass.scopes.clone();
    let name = pass.name.clone();
    let mut reader = JoinSet::new();
    let asked = Arc::clone(&scanner);
    reader.spawn(async move { scanner.read(&pass, outlet).await });
    intake.begin_pass(&scopes);
    let mut told = intake.records;
    let ending = early_end(shared);
    tokio::pin!(ending);
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let early = loop {
        let item = tokio::select! {
            biased;
            cause = &mut ending => break Some(cause),
            item = receiver.recv() => item,
            _ = beat.tick() => {
                if let Some(effort) = asked.effort() {
                    shared.progress.tell(&Event::Asking { system, pass: &name, records: intake.records, effort });
                }
                continue;
            }
        };
        let Some(item) = item else { break None };
        // Counting and probing is work for the processor; the other tasks move to other threads meanwhile.
        tokio::task::block_in_place(|| intake.take(item))?;
        if intake.records - told >= PROGRESS_EVERY {
            told = intake.records;
            shared.progress.tell(&Event::Read { system, records: told, pass: &name });
        }
    };
    // From here on nothing the reader sends arrives: a reader that hangs is abandoned, and finds its outlet closed.
    drop(receiver);
    let failure = match early {
        Some(cause) => {
            reader.abort_all();
            Some(cause)
        }
        None => how_it_ended(reader.join_next().await),
    };
    intake.end_pass(failure.as_ref());
    Ok((intake, failure.is_none()))
}

/// `None` is an end of the reader's own, with a seal in hand.
fn how_it_ended(ended: Option<Result<Result<Sealed, Cause>, JoinError>>) -> Option<Cause> {
    match ended {
        Some(Ok(Ok(_sealed))) => None,
        Some(Ok(Err(cause))) => Some(cause),
        Some(Err(error)) if error.is_panic() => Some(Cause::Bug { what: String::from("the reader panicked") }),
        Some(Err(_)) | None => Some(Cause::Stopped),
    }
}

/// Resolves when the run has to stop or its deadline has come.
pub(super) async fn early_end(shared: &Shared) -> Cause {
    let mut stop = shared.stop.clone();
    let stopped = async move {
        // The sender lives as long as the run; if it is gone, nobody can ask us to stop any more.
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = stopped => Cause::Stopped,
        () = tokio::time::sleep_until(shared.ends_at) => {
            Cause::LimitHit { limit: format!("the run's deadline of {} s", shared.deadline.as_secs()) }
        }
    }
}

/// Worst state among scopes, for progress.
pub fn worst(states: impl Iterator<Item = ScopeState>) -> ScopeState {
    states.max_by_key(|state| rank(*state)).unwrap_or(ScopeState::NotAttempted)
}

fn rank(state: ScopeState) -> u8 {
    match state {
        ScopeState::Complete => 0,
        ScopeState::Partial => 1,
        ScopeState::NotAttempted => 2,
        ScopeState::Interrupted => 3,
        ScopeState::Denied => 4,
        ScopeState::Failed => 5,
    }
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
