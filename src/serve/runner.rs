//! The scheduler: one task that looks at the clock, starts runs one at a time, reloads, and stops in order.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use scan_contract::{Instant, SystemId};
use tokio::sync::{mpsc, oneshot, watch};

use super::host::{Ended, Host, Work};
use super::notify;
use super::reload::Watched;
use super::schedule::{Schedule, Start};
use super::state::{Reason, State};
use crate::clock::Clock;
use crate::report::ExitCode;
use crate::run::{Event, Progress};

/// Longest time between two looks at the clock: a clock that was set and a machine that slept are noticed after that.
const LOOK: Duration = Duration::from_secs(15);
/// Differences between wall clock and monotonic clock that are no setting of the clock.
const DRIFT: TimeDelta = TimeDelta::seconds(30);
/// How long a run has to end once it was told to: with the listener's second, within ten.
const STOP_TIME: Duration = Duration::from_millis(7500);
/// When another run holds the store, the start is tried again after this time, so often.
const BUSY_WAIT: TimeDelta = TimeDelta::seconds(60);
const BUSY_TRIES: u32 = 30;

/// Somebody asks for a run.
#[derive(Debug)]
pub struct Asked {
    /// Systems; empty is all.
    pub systems: Vec<SystemId>,
    /// What became of it.
    pub reply: oneshot::Sender<Taken>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It has this number.
    Queued(u64),
    /// The run of this number waits already.
    AlreadyQueued(u64),
}

/// What the program was told from outside.
#[derive(Debug)]
pub struct Signals {
    /// Turns true when it has to stop.
    pub stop: watch::Receiver<bool>,
    /// One message for each request to reload.
    pub reload: mpsc::Receiver<()>,
}

/// Lets time pass between two looks at the clock. Beside the clock, so that a test's time is the only time there is.
pub trait Timer: Send + Sync {
    /// Ends after this time.
    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The machine's own time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTimer;

impl Timer for SystemTimer {
    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(time))
    }
}

#[derive(Debug)]
struct Queued {
    id: u64,
    systems: Vec<SystemId>,
    not_before: Instant,
    tries: u32,
}

struct Running {
    id: u64,
    systems: Vec<SystemId>,
    tries: u32,
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<Ended>,
}

/// The scheduler.
pub(super) struct Runner {
    pub(super) host: Arc<dyn Host>,
    pub(super) clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    pub(super) state: Arc<State>,
    schedule: Schedule,
    watched: Watched,
    looked_at_files: Duration,
    queued: Option<Queued>,
    running: Option<Running>,
    /// Systems of runs that ended without a report; an empty list is all. The next run reads them, whatever it is about:
    /// a run over others would carry on what was known before, and look as if nothing had failed.
    owed: Option<Vec<SystemId>>,
    /// Wall clock and monotonic clock at the last look.
    looked: (Instant, Duration),
    watchdog: Option<Duration>,
}

/// Tells the state what a run does.
struct Stage {
    id: u64,
    state: Arc<State>,
}

impl Progress for Stage {
    fn tell(&self, event: &Event<'_>) {
        let says = match event {
            Event::SystemStarted { system, .. } | Event::Read { system, .. } => format!("reading {system}"),
            Event::Asking { system, records, .. } => format!("reading {system}: {records} records so far"),
            Event::SystemEnded { system, complete, scopes, .. } => {
                format!("{system}: {complete} of {scopes} scopes complete")
            }
            Event::Stage(stage) => String::from(*stage),
        };
        self.state.stage(self.id, says);
    }
}

/// Waits for the run that goes on; for ever where there is none.
async fn end_of(running: Option<&mut Running>) -> Option<Ended> {
    match running {
        // The sender is gone without a word only where its thread died.
        Some(running) => (&mut running.ended).await.ok(),
        None => std::future::pending().await,
    }
}

impl Runner {
    pub(super) fn new(
        host: Arc<dyn Host>,
        clock: Arc<dyn Clock>,
        timer: Arc<dyn Timer>,
        state: Arc<State>,
        schedule: Schedule,
    ) -> Self {
        let looked = (clock.now(), clock.monotonic());
        let watched = Watched::new(state.work().watched());
        Self {
            host,
            clock,
            timer,
            state,
            schedule,
            watched,
            looked_at_files: looked.1,
            queued: None,
            running: None,
            owed: None,
            looked,
            watchdog: notify::watchdog(),
        }
    }

    /// Runs until it is told to stop.
    pub(super) async fn run(&mut self, mut asks: mpsc::Receiver<Asked>, signals: &mut Signals) {
        loop {
            if *signals.stop.borrow() {
                return;
            }
            let wait = self.look();
            tokio::select! {
                changed = signals.stop.changed() => {
                    // Whoever could tell to stop is gone: nobody will.
                    if changed.is_err() {
                        return;
                    }
                }
                Some(()) = signals.reload.recv() => self.reload("asked for by a signal"),
                Some(asked) = asks.recv() => self.take(asked),
                ended = end_of(self.running.as_mut()) => self.finish(ended),
                () = self.timer.pause(wait) => {}
            }
        }
    }

    /// Looks at the clock and at files, starts what is due, and says how long nothing will be.
    fn look(&mut self) -> Duration {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        self.notice_clock(now, monotonic);
        let due = self.schedule.due(now);
        if due.passed_over > 0 {
            self.state.skip(due.passed_over);
            self.host.note(&format!("{} missed starts get no run of their own", due.passed_over));
        }
        for start in due.starts {
            self.offer(start, now);
        }
        self.start_queued(now);
        let watch = self.state.work().settings().watch;
        if let Some(every) = watch
            && monotonic.saturating_sub(self.looked_at_files) >= every
        {
            self.looked_at_files = monotonic;
            if self.watched.changed() {
                self.reload("a file changed");
            }
        }
        self.state.beat(monotonic, self.schedule.next_runs());
        if self.watchdog.is_some() && self.state.alive(monotonic).is_ok() {
            notify::alive();
        }
        let until = |at: Instant| (at - now).to_std().unwrap_or(Duration::ZERO);
        let queued = self.queued.as_ref().filter(|_| self.running.is_none()).map(|queued| until(queued.not_before));
        let waits = [self.schedule.next().map(until), queued, watch, self.watchdog];
        let wait = waits.into_iter().flatten().min().unwrap_or(LOOK).min(LOOK);
        wait.max(Duration::from_millis(20))
    }

    /// The wall clock moves with the monotonic one unless it was set, or the machine slept.
    fn notice_clock(&mut self, now: Instant, monotonic: Duration) {
        let (before, at) = self.looked;
        self.looked = (now, monotonic);
        let passed = TimeDelta::from_std(monotonic.saturating_sub(at)).unwrap_or(TimeDelta::zero());
        let jumped = (now - before) - passed;
        if jumped < -DRIFT {
            self.host.note(&format!("the clock went back by {} s; starts are worked out anew", -jumped.num_seconds()));
            self.schedule.clock_went_back(now);
            // What waits for a time by the old clock would wait for as long again.
            if let Some(queued) = &mut self.queued {
                queued.not_before = queued.not_before.min(now);
            }
        } else if jumped > DRIFT {
            let says =
                format!("the clock went on by {} s at once: it was set, or the machine slept", jumped.num_seconds());
            self.host.note(&says);
        }
    }

    /// Queues a start of the schedule. Where one waits already, the two become one.
    fn offer(&mut self, start: Start, now: Instant) {
        let Start { schedule, systems, planned, missed } = start;
        let planned = planned.format("%Y-%m-%dT%H:%M:%SZ");
        if missed {
            self.host.note(&format!("{schedule}: the start of {planned} was missed; it is caught up once"));
        }
        if let Some(queued) = &mut self.queued {
            queued.systems = both(systems, &queued.systems);
            self.state.widen(queued.id, &queued.systems);
            self.state.skip(1);
            let says = format!("{schedule}: run {} waits already; the start of {planned} is part of it", queued.id);
            self.host.note(&says);
            return;
        }
        if let Some(running) = &self.running {
            let says = format!("{schedule}: run {} goes on; the start of {planned} waits for its end", running.id);
            self.host.note(&says);
        }
        let reason = if missed { Reason::CatchUp(schedule) } else { Reason::Schedule(schedule) };
        self.queue(reason, systems, now);
    }

    fn queue(&mut self, reason: Reason, systems: Vec<SystemId>, now: Instant) -> u64 {
        let id = self.state.queue(reason, systems.clone(), now);
        self.queued = Some(Queued { id, systems, not_before: now, tries: 0 });
        id
    }

    /// Takes a request for a run.
    fn take(&mut self, asked: Asked) {
        let taken = match &self.queued {
            Some(queued) => Taken::AlreadyQueued(queued.id),
            None => Taken::Queued(self.queue(Reason::Request, asked.systems, self.clock.now())),
        };
        if asked.reply.send(taken).is_err() {
            tracing::debug!(event = "request", "whoever asked for a run went away");
        }
    }

    fn start_queued(&mut self, now: Instant) {
        if self.running.is_some() || self.queued.as_ref().is_none_or(|queued| queued.not_before > now) {
            return;
        }
        let Some(Queued { id, mut systems, tries, .. }) = self.queued.take() else { return };
        if let Some(owed) = self.still_owed() {
            systems = both(systems, &owed);
            self.state.widen(id, &systems);
        }
        self.state.begin(id, now, self.clock.monotonic());
        let shown = match systems.as_slice() {
            [] => String::from("all systems"),
            some => some.iter().map(SystemId::as_str).collect::<Vec<_>>().join(", "),
        };
        self.host.note(&format!("run {id} begins: {shown}"));
        notify::status(&format!("run {id} goes on"));
        let (stop, told) = watch::channel(false);
        let (sender, ended) = oneshot::channel();
        let (work, clock, wanted) = (self.state.work(), Arc::clone(&self.clock), systems.clone());
        let progress = Arc::new(Stage { id, state: Arc::clone(&self.state) });
        let dead = Arc::clone(&work);
        let scan = move || {
            let ended = catch_unwind(AssertUnwindSafe(|| work.scan(&wanted, told, progress))).unwrap_or_else(|_| {
                died(dead.as_ref(), clock.now(), "the run panicked: a defect of Holdover, see the log")
            });
            // Nobody waits any more where the service stopped without it.
            drop(sender.send(ended));
        };
        // A thread of its own: a run brings its own runtime, and takes it along when it ends.
        match std::thread::Builder::new().name(format!("run-{id}")).spawn(scan) {
            Ok(_) => self.running = Some(Running { id, systems, tries, stop, ended }),
            Err(error) => {
                self.owed = Some(systems);
                let ended = died(self.state.work().as_ref(), now, &format!("no thread for the run: {error}"));
                self.state.end(id, ended);
            }
        }
    }

    /// What is owed of the systems that there are still: a run over one that was taken out of the configuration fails, and
    /// would be owed for ever.
    fn still_owed(&self) -> Option<Vec<SystemId>> {
        let owed = self.owed.as_ref()?;
        let known = self.state.work().systems();
        let still: Vec<SystemId> = owed.iter().filter(|id| known.contains(id)).cloned().collect();
        (owed.is_empty() || !still.is_empty()).then_some(still)
    }

    fn finish(&mut self, ended: Option<Ended>) {
        let Some(Running { id, systems, tries, .. }) = self.running.take() else { return };
        let now = self.clock.now();
        let ended = ended.unwrap_or_else(|| {
            died(self.state.work().as_ref(), now, "the run's thread died: a defect of Holdover, see the log")
        });
        if ended.is_busy() && tries < BUSY_TRIES {
            self.host.note(&format!("run {id}: another run holds the store; it is tried again in a minute"));
            // What waits behind it waits for the same store.
            if let Some(behind) = &mut self.queued {
                behind.not_before = now + BUSY_WAIT;
                behind.systems = both(systems, &behind.systems);
                self.state.skip(1);
                self.state.widen(behind.id, &behind.systems);
                self.state.end(id, ended);
            } else {
                self.state.wait_again(id);
                self.queued = Some(Queued { id, systems, not_before: now + BUSY_WAIT, tries: tries + 1 });
            }
            return;
        }
        // What it read includes what was owed.
        self.owed = ended.run_id.is_none().then_some(systems);
        let meaning = ExitCode::meaning_of(ended.exit_code);
        let run = ended.run_id.as_deref().unwrap_or("no report");
        let failure = ended.failure.as_deref().map_or_else(String::new, |says| format!(": {says}"));
        let line = format!("run {id} ended: {meaning} (exit code {}, {run}){failure}", ended.exit_code);
        self.host.note(&crate::hostile::line(&line));
        notify::status(&format!("idle; run {id} ended: {meaning}"));
        self.state.end(id, ended);
    }

    /// Takes the configuration on disk over as a whole, or not at all.
    fn reload(&mut self, why: &str) {
        notify::reloading();
        let now = self.clock.now();
        // The look comes before the reading: whatever is saved meanwhile is read again.
        self.watched.changed();
        match self.host.load() {
            Ok(work) => {
                self.schedule.replace(work.settings(), work.seed(), now);
                self.watched.follow(work.watched());
                let digest: String = work.digest().chars().take(12).collect();
                self.state.take_over(work, now);
                self.host.note(&format!("configuration {digest} is in force ({why})"));
                if let Some(says) = self.state.reloads().needs_restart {
                    self.host.note(&format!("restart needed: {says}"));
                }
                notify::ready(&format!("configuration {digest} is in force"));
            }
            Err(says) => {
                self.host.note(&format!(
                    "the configuration was refused and the earlier one stays in force ({why}):\n{says}"
                ));
                self.state.refuse(says);
                notify::ready("the configuration on disk was refused; the earlier one is in force");
            }
        }
    }

    /// Ends the run that goes on, in order. Gives whether it ended in time.
    pub(super) async fn stop(&mut self) -> bool {
        let Some(running) = &self.running else { return true };
        running.stop.send_replace(true);
        self.host.note(&format!("run {} is told to stop: what it has not read is marked as interrupted", running.id));
        if let Ok(ended) = tokio::time::timeout(STOP_TIME, end_of(self.running.as_mut())).await {
            self.finish(ended);
            return true;
        }
        self.host.note("the run did not end in time; the next one counts it as interrupted");
        false
    }
}

/// Systems of two starts that become one: each of the two has to be read. Empty is all.
fn both(mut one: Vec<SystemId>, other: &[SystemId]) -> Vec<SystemId> {
    if one.is_empty() || other.is_empty() {
        return Vec::new();
    }
    one.extend_from_slice(other);
    one.sort();
    one.dedup();
    one
}

fn died(work: &dyn Work, at: Instant, says: &str) -> Ended {
    let exit_code = ExitCode::Store.code();
    Ended { exit_code, run_id: None, at, failure: Some(String::from(says)), families: work.families_of_death(at) }
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
