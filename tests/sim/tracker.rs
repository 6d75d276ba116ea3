//! A tracker in memory that loses answers, shows new tickets late, shows them twice, is down, and whose people close what
//! is not done.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use holdover::clock::Clock;
use holdover::findings::Fingerprint;
use holdover::tickets::sync::Rest;
use holdover::tickets::text::Text;
use holdover::tickets::tracker::{
    Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker, TrackerError,
};
use holdover_kit::random::Random;
use scan_contract::{Cause, Instant};

use crate::fault::{Fault, Met, Reached};

/// Time until a new ticket is found, where the index lags.
const LAG: Duration = Duration::from_secs(90);

/// A ticket in the tracker.
#[derive(Debug, Clone)]
struct Kept {
    keys: Vec<TicketKey>,
    findings: Vec<Fingerprint>,
    standing: Standing,
    found_from: Instant,
    /// Whoever closed it by hand closes it once more when it is opened again.
    closer_insists: bool,
}

/// What is in the tracker, and what goes wrong there.
#[derive(Debug)]
struct Inside {
    tickets: Vec<Kept>,
    faults: Vec<Fault>,
    random: Random,
    /// What was written there since somebody looked.
    texts: Vec<String>,
}

/// The trackers' own time, which passes while somebody waits. All clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Time(Arc<Mutex<Instant>>);

impl Time {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// It is this late at least.
    pub(crate) fn reach(&self, at: Instant) {
        let mut now = self.0.lock().expect("a lock");
        *now = std::cmp::max(*now, at);
    }
}

/// The tracker. All clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct SimTracker {
    inside: Arc<Mutex<Inside>>,
    time: Time,
    met: Arc<Met>,
    /// A tracker that does not keep its word: proves that the checks can fail.
    lags_longer_than_it_says: bool,
}

impl Kept {
    fn close_by_hand(&mut self, refused: bool, at: Instant) {
        self.standing = Standing::Done { refused, word: String::from("Closed"), at: Some(at) };
    }
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
    pub(crate) fn new(random: Random, time: &Time, met: &Arc<Met>) -> Self {
        let inside = Inside { tickets: Vec::new(), faults: Vec::new(), random, texts: Vec::new() };
        let (time, met) = (time.clone(), Arc::clone(met));
        Self { inside: Arc::new(Mutex::new(inside)), time, met, lags_longer_than_it_says: false }
    }

    /// What goes wrong from now on.
    pub(crate) fn meets(&self, faults: &[Fault]) {
        let mut inside = self.inside.lock().expect("a lock");
        inside.faults = faults.to_vec();
        // Habits of an index rather than accidents: they are there more often than not.
        for (habit, percent) in [(Fault::IndexLags, 60), (Fault::ShownTwice, 20)] {
            if inside.random.chance(percent) {
                inside.faults.push(habit);
            }
        }
        let now = self.time.now();
        for ticket in inside.tickets.iter_mut().filter(|ticket| ticket.closer_insists) {
            if ticket.standing == Standing::Open {
                ticket.close_by_hand(false, now);
                ticket.closer_insists = false;
            }
        }
    }

    /// What was written since the last look.
    pub(crate) fn texts(&self) -> Vec<String> {
        std::mem::take(&mut self.inside.lock().expect("a lock").texts)
    }

    fn write(&self, text: impl std::fmt::Debug) {
        self.inside.lock().expect("a lock").texts.push(format!("{text:?}"));
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
    pub(crate) fn close_some_by_hand(&self) {
        let mut inside = self.inside.lock().expect("a lock");
        let open: Vec<usize> =
            (0..inside.tickets.len()).filter(|at| inside.tickets[*at].standing == Standing::Open).collect();
        if open.is_empty() {
            return;
        }
        let at = *inside.random.pick(&open);
        let (refused, insists) = (inside.random.chance(30), inside.random.chance(50));
        inside.tickets[at].close_by_hand(refused, self.time.now());
        inside.tickets[at].closer_insists = insists;
        self.met.fired(Fault::ClosedByHand);
    }

    /// How many tickets carry a finding.
    pub(crate) fn carriers(&self, print: &Fingerprint) -> usize {
        let inside = self.inside.lock().expect("a lock");
        inside.tickets.iter().filter(|ticket| ticket.findings.contains(print)).count()
    }

    /// Findings on its tickets.
    pub(crate) fn carries(&self, print: &Fingerprint) -> bool {
        self.carriers(print) > 0
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
        let now = self.time.now();
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
        self.write((&draft.title, &draft.body));
        let mut inside = self.inside.lock().expect("a lock");
        self.reach(&mut inside)?;
        let lag = chrono::TimeDelta::from_std(LAG).expect("short");
        let found_from = if self.lags_longer_than_it_says {
            self.time.now() + lag * 1_000
        } else if self.fires(&mut inside, Fault::IndexLags, 100) {
            self.time.now() + lag - chrono::TimeDelta::seconds(1)
        } else {
            self.time.now()
        };
        let ticket = Kept {
            keys: keys_of(draft),
            findings: draft.findings.clone(),
            standing: Standing::Open,
            found_from,
            closer_insists: false,
        };
        inside.tickets.push(ticket.clone());
        self.met.reached(Reached::TicketMade);
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
        self.write((&draft.title, &draft.body));
        self.change(id, |ticket| {
            ticket.keys = keys_of(draft);
            ticket.findings.clone_from(&draft.findings);
        })
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.write(text);
        self.change(id, |_| {})
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.write(text);
        self.met.reached(Reached::TicketReopened);
        self.change(id, |ticket| ticket.standing = Standing::Open)
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.write(text);
        self.met.reached(Reached::TicketResolved);
        self.change(id, |ticket| {
            ticket.standing = Standing::Done { refused: false, word: String::from("Resolved"), at: None };
        })
    }

    async fn check(&self) -> Result<String, TrackerError> {
        Ok(String::from("simulated"))
    }
}

impl Clock for Time {
    fn now(&self) -> Instant {
        *self.0.lock().expect("a lock")
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[async_trait]
impl Rest for Time {
    async fn rest(&self, time: Duration) {
        *self.0.lock().expect("a lock") += chrono::TimeDelta::from_std(time).expect("short");
    }
}
