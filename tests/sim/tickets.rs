//! Tickets of the company: the real plan and sending, against a tracker in memory that loses answers, shows new tickets
//! late, shows them twice, is down, and whose people close what is not done.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use holdover::clock::Clock;
use holdover::findings::Fingerprint;
use holdover::report::Report;
use holdover::store::outbox::{OperationCounts, Outbox, TicketBook, TicketChanges, TicketRun, TicketStanding};
use holdover::store::{MemoryStore, StoreError};
use holdover::tickets::settings::{Habits, Route, TrackerId};
use holdover::tickets::sync::{Desk, Rest, sync};
use holdover::tickets::text::Text;
use holdover::tickets::tracker::{
    Channel, Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker, TrackerError,
};
use holdover_kit::random::Random;
use scan_contract::{Cause, Instant};

use crate::fault::{Fault, Met};

/// Time until a new ticket is found, where the index lags.
const LAG: Duration = Duration::from_secs(90);

/// A ticket in the tracker.
#[derive(Debug, Clone)]
struct Kept {
    keys: Vec<TicketKey>,
    findings: Vec<Fingerprint>,
    standing: Standing,
    found_from: Instant,
}

/// What is in the tracker, and what goes wrong there.
#[derive(Debug)]
struct Inside {
    tickets: Vec<Kept>,
    faults: Vec<Fault>,
    now: Instant,
    random: Random,
}

/// The tracker. All clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct SimTracker {
    inside: Arc<Mutex<Inside>>,
    met: Arc<Met>,
    /// A tracker that does not keep its word: proves that the checks can fail.
    lags_longer_than_it_says: bool,
}

fn lost() -> Cause {
    Cause::Unreachable { step: String::from("read the answer"), detail: String::from("connection reset") }
}

fn keys_of(draft: &Draft) -> Vec<TicketKey> {
    std::iter::once(draft.key.clone()).chain(draft.findings.iter().map(TicketKey::of_finding)).collect()
}

fn remote(at: usize, ticket: &Kept, keys: &[TicketKey]) -> Remote {
    Remote {
        id: RemoteId(at.to_string()),
        url: Some(format!("https://tickets.example.org/{at}")),
        keys: keys.iter().filter(|key| ticket.keys.contains(key)).cloned().collect(),
        standing: ticket.standing.clone(),
    }
}

impl SimTracker {
    pub(crate) fn new(random: Random, now: Instant, met: Arc<Met>) -> Self {
        let inside = Inside { tickets: Vec::new(), faults: Vec::new(), now, random };
        Self { inside: Arc::new(Mutex::new(inside)), met, lags_longer_than_it_says: false }
    }

    /// The same tracker, which shows a new ticket far later than it says.
    pub(crate) fn lying(self) -> Self {
        Self { lags_longer_than_it_says: true, ..self }
    }

    fn fires(&self, inside: &mut Inside, fault: Fault, percent: u64) -> bool {
        let fires = inside.faults.contains(&fault) && inside.random.chance(percent);
        if fires {
            self.met.fired(fault);
        }
        fires
    }

    /// Before a write: may it reach the tracker at all?
    fn reach(&self, inside: &mut Inside) -> Result<(), TrackerError> {
        if self.fires(inside, Fault::TrackerDown, 100) {
            return Err(TrackerError::NotDone(lost()));
        }
        if self.fires(inside, Fault::AnswerLostNotDone, 40) {
            return Err(TrackerError::MayHaveHappened(lost()));
        }
        Ok(())
    }

    fn change(&self, id: &RemoteId, change: impl FnOnce(&mut Kept)) -> Result<(), TrackerError> {
        let mut inside = self.inside.lock().expect("a lock");
        self.reach(&mut inside)?;
        let at: usize = id.0.parse().expect("our own ids");
        change(inside.tickets.get_mut(at).expect("nothing is deleted"));
        if self.fires(&mut inside, Fault::AnswerLost, 40) {
            return Err(TrackerError::MayHaveHappened(lost()));
        }
        Ok(())
    }

    /// People close what they take for done, or do not want to see.
    fn close_some_by_hand(&self) {
        let mut inside = self.inside.lock().expect("a lock");
        let open: Vec<usize> =
            (0..inside.tickets.len()).filter(|at| inside.tickets[*at].standing == Standing::Open).collect();
        if open.is_empty() {
            return;
        }
        let at = *inside.random.pick(&open);
        let refused = inside.random.chance(30);
        let when = Some(inside.now);
        inside.tickets[at].standing = Standing::Done { refused, word: String::from("Closed"), at: when };
        self.met.fired(Fault::ClosedByHand);
    }

    /// How many tickets carry a finding.
    pub(crate) fn carriers(&self, print: &Fingerprint) -> usize {
        let inside = self.inside.lock().expect("a lock");
        inside.tickets.iter().filter(|ticket| ticket.findings.contains(print)).count()
    }

    pub(crate) fn count(&self) -> usize {
        self.inside.lock().expect("a lock").tickets.len()
    }
}

#[async_trait]
impl Tracker for SimTracker {
    fn limits(&self) -> Limits {
        Limits { title: 255, body: 30_000, finding_labels: 50 }
    }

    fn look_up_lag(&self) -> Duration {
        LAG
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        let mut inside = self.inside.lock().expect("a lock");
        if self.fires(&mut inside, Fault::TrackerDown, 100) {
            return Err(TrackerError::NotDone(lost()));
        }
        let now = inside.now;
        let mut found: Vec<Remote> = Vec::new();
        for (at, ticket) in inside.tickets.iter().enumerate() {
            let remote = remote(at, ticket, keys);
            if remote.keys.is_empty() {
                continue;
            }
            if ticket.found_from > now {
                continue;
            }
            found.push(remote);
        }
        if !found.is_empty() && self.fires(&mut inside, Fault::ShownTwice, 100) {
            found.extend(found.clone());
        }
        Ok(found)
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        let mut inside = self.inside.lock().expect("a lock");
        self.reach(&mut inside)?;
        let lag = chrono::TimeDelta::from_std(LAG).expect("short");
        let found_from = if self.lags_longer_than_it_says {
            inside.now + lag * 1_000
        } else if self.fires(&mut inside, Fault::IndexLags, 100) {
            inside.now + lag - chrono::TimeDelta::seconds(1)
        } else {
            inside.now
        };
        let ticket =
            Kept { keys: keys_of(draft), findings: draft.findings.clone(), standing: Standing::Open, found_from };
        inside.tickets.push(ticket.clone());
        if self.fires(&mut inside, Fault::AnswerLost, 40) {
            return Err(TrackerError::MayHaveHappened(lost()));
        }
        Ok(remote(inside.tickets.len() - 1, &ticket, &ticket.keys))
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        let mut inside = self.inside.lock().expect("a lock");
        if self.fires(&mut inside, Fault::TrackerDown, 100) {
            return Err(TrackerError::NotDone(lost()));
        }
        let at: usize = id.0.parse().expect("our own ids");
        let ticket = inside.tickets.get(at).expect("nothing is deleted");
        Ok(Sighted::Found(remote(at, ticket, &ticket.keys)))
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        self.change(id, |ticket| {
            ticket.keys = keys_of(draft);
            ticket.findings.clone_from(&draft.findings);
        })
    }

    async fn comment(&self, id: &RemoteId, _: &Text) -> Result<(), TrackerError> {
        self.change(id, |_| {})
    }

    async fn reopen(&self, id: &RemoteId, _: &Text) -> Result<(), TrackerError> {
        self.change(id, |ticket| ticket.standing = Standing::Open)
    }

    async fn resolve(&self, id: &RemoteId, _: &Text) -> Result<(), TrackerError> {
        self.change(id, |ticket| {
            ticket.standing = Standing::Done { refused: false, word: String::from("Resolved"), at: None };
        })
    }

    async fn check(&self) -> Result<String, TrackerError> {
        Ok(String::from("simulated"))
    }
}

/// The tracker's own time, which passes while somebody waits.
struct Time(SimTracker);

impl Clock for Time {
    fn now(&self) -> Instant {
        self.0.inside.lock().expect("a lock").now
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[async_trait]
impl Rest for Time {
    async fn rest(&self, time: Duration) {
        self.0.inside.lock().expect("a lock").now += chrono::TimeDelta::from_std(time).expect("short");
    }
}

/// An outbox whose program dies at its n-th write, before or after the write is durable.
struct Mortal<'a> {
    store: &'a mut MemoryStore,
    left: Option<u64>,
    durable: bool,
    died: bool,
}

impl Outbox for Mortal<'_> {
    fn ticket_book(&self) -> Result<TicketBook, StoreError> {
        self.store.ticket_book()
    }

    fn keep_tickets(&mut self, at: Instant, changes: TicketChanges) -> Result<(), StoreError> {
        let dies = self.left == Some(0);
        self.left = self.left.map(|left| left.saturating_sub(1));
        if !dies || self.durable {
            self.store.keep_tickets(at, changes)?;
        }
        if dies {
            self.died = true;
            return Err(StoreError::Database { doing: "dying", detail: String::from("killed") });
        }
        Ok(())
    }

    fn release_tickets(&mut self, run_id: &str, at: Instant, by: &str) -> Result<(), StoreError> {
        self.store.release_tickets(run_id, at, by)
    }

    fn tickets_held(&self) -> Result<Vec<TicketRun>, StoreError> {
        self.store.tickets_held()
    }

    fn ticket_standings(&self) -> Result<Vec<TicketStanding>, StoreError> {
        self.store.ticket_standings()
    }

    fn ticket_known(&self) -> Result<std::collections::BTreeSet<Fingerprint>, StoreError> {
        self.store.ticket_known()
    }

    fn ticket_operations(&self) -> Result<OperationCounts, StoreError> {
        self.store.ticket_operations()
    }
}

fn runs(store: &MemoryStore) -> usize {
    store.ticket_book().expect("memory").runs.len()
}

/// The ticketing of one company.
pub(crate) struct Tickets {
    pub(crate) tracker: SimTracker,
    habits: Habits,
    routes: Vec<Route>,
}

impl Tickets {
    pub(crate) fn new(tracker: SimTracker) -> Self {
        let id = TrackerId::new("sim");
        let routes = vec![Route { id, owner_teams: Vec::new(), keeps_tickets: true, lag: None }];
        Self { tracker, habits: Habits::default(), routes }
    }

    /// One sync an hour after the run, with its faults. Gives what is wrong.
    pub(crate) fn sync(
        &self,
        runtime: &tokio::runtime::Runtime,
        store: &mut MemoryStore,
        at: Instant,
        faults: &[Fault],
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let dies = {
            let mut inside = self.tracker.inside.lock().expect("a lock");
            inside.now = std::cmp::max(inside.now, at + chrono::TimeDelta::hours(1));
            inside.faults = faults.to_vec();
            // Habits of an index rather than accidents: they are there more often than not.
            for (habit, percent) in [(Fault::IndexLags, 60), (Fault::ShownTwice, 20)] {
                if inside.random.chance(percent) {
                    inside.faults.push(habit);
                }
            }
            faults.contains(&Fault::SyncDies).then(|| inside.random.below(12))
        };
        if faults.contains(&Fault::ClosedByHand) {
            self.tracker.close_some_by_hand();
        }
        let before = self.tracker.count();
        let held = store.tickets_held().expect("memory");
        let mut outbox = Mortal { store, left: dies, durable: dies.is_some_and(|at| at % 2 == 0), died: false };
        let time = Time(self.tracker.clone());
        let mut desk =
            Desk { outbox: &mut outbox, clock: &time, rest: &time, habits: &self.habits, routes: &self.routes };
        let channels = vec![Ok(Channel::Tracker(Box::new(self.tracker.clone())))];
        let outcome = runtime.block_on(sync(&mut desk, &channels));
        if outbox.died {
            self.tracker.met.fired(Fault::SyncDies);
            // It is started again at once, while the index may not show yet what was made.
            let rest: Vec<Fault> = faults.iter().copied().filter(|fault| *fault != Fault::SyncDies).collect();
            wrong.extend(self.sync(runtime, store, at, &rest));
        } else if let Err(error) = outcome {
            wrong.push(format!("the sync failed by itself: {error}"));
        }
        let made = self.tracker.count() - before;
        let cap = usize::try_from(self.habits.caps.per_run).expect("small");
        if made > cap {
            wrong.push(format!("{made} tickets in one sync, allowed {cap}"));
        }
        if made > 0
            && held.len() > 1
            && store.tickets_held().expect("memory").len() == held.len()
            && held.len() == runs(store)
        {
            wrong.push(format!("{made} tickets although every run is held"));
        }
        wrong
    }

    /// An operator looks at what is held and lets it go.
    pub(crate) fn release(store: &mut MemoryStore, at: Instant) {
        for run in store.tickets_held().expect("memory") {
            store.release_tickets(&run.run, at, "the simulation").expect("the run is known");
        }
    }

    /// At most one ticket for each finding, for ever.
    pub(crate) fn check(&self, report: &Report) -> Vec<String> {
        let all = report.findings.iter().chain(&report.closed);
        all.filter_map(|finding| {
            let carriers = self.tracker.carriers(&finding.fingerprint);
            (carriers > 1).then(|| format!("{} stands on {carriers} tickets", finding.grant_id))
        })
        .collect()
    }

    /// Once all is quiet: what is confirmed stands on an open ticket unless somebody refused it twice; nothing waits.
    pub(crate) fn settled(&self, report: &Report) -> Vec<String> {
        let inside = self.tracker.inside.lock().expect("a lock");
        let confirmed = report.residual().filter(|finding| {
            finding.state == holdover::findings::FindingState::Confirmed
                && finding.confidence != holdover::findings::Confidence::Low
        });
        confirmed
            .filter(|finding| {
                let carried = inside.tickets.iter().any(|ticket| ticket.findings.contains(&finding.fingerprint));
                let digest = report.contradictions.iter().any(|one| one.fingerprint == finding.fingerprint);
                !carried && !digest
            })
            .map(|finding| format!("{} is confirmed and stands on no ticket", finding.grant_id))
            .collect()
    }
}
