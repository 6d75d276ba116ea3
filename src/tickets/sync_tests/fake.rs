//! A tracker in memory that does what real ones do: it answers late, loses answers, shows new tickets late, shows one
//! twice, is down, and refuses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use scan_contract::{Cause, Instant};

use crate::clock::Clock;
use crate::store::outbox::{OperationCounts, Outbox, TicketBook, TicketChanges, TicketRun, TicketStanding};
use crate::store::{MemoryStore, StoreError};
use crate::tickets::sync::Rest;
use crate::tickets::text::{Block, Span, Text};
use crate::tickets::tracker::{
    Alert, Draft, Limits, Remote, RemoteId, Resend, Sighted, Sink, Standing, TicketKey, Tracker, TrackerError,
};

/// What happens to the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Done, but the answer is lost: a timeout, or 500 after the fact.
    DoneAndLost,
    /// Not done, and nobody can tell.
    LostAndNotDone,
    /// The comment is there, the state did not change, and the answer says that nobody knows.
    CommentAlone,
    /// Surely not done.
    Down,
    /// Understood and refused.
    Refuses,
    /// Nothing goes wrong.
    Fine,
}

#[derive(Debug, Clone)]
pub(super) struct FakeTicket {
    pub(super) id: String,
    pub(super) draft: Draft,
    pub(super) comments: Vec<String>,
    pub(super) standing: Standing,
    pub(super) deleted: bool,
    shown_from: Duration,
    labels: Vec<TicketKey>,
}

#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) tickets: Vec<FakeTicket>,
    pub(super) faults: VecDeque<Fault>,
    pub(super) down: bool,
    /// It answers, and what it says of a ticket cannot be read.
    pub(super) unreadable: bool,
    pub(super) refuses_title: Option<String>,
    pub(super) writes: Vec<String>,
    pub(super) faults_fired: u32,
    pub(super) shows_twice: bool,
}

#[derive(Debug, Clone)]
pub(super) struct FakeTracker {
    inside: Arc<Mutex<Inside>>,
    lag: Duration,
    time: FakeTime,
}

fn lost() -> Cause {
    Cause::Unreachable { step: String::from("reading the answer"), detail: String::from("connection reset") }
}

/// A text as one line, values and all.
pub(super) fn plain(text: &Text) -> String {
    let of = |spans: &[Span]| -> String {
        spans
            .iter()
            .map(|span| match span {
                Span::Ours(text) | Span::Value(text) => text.clone(),
                Span::Link { says, .. } => says.clone(),
            })
            .collect()
    };
    let mut lines = Vec::new();
    for block in &text.blocks {
        match block {
            Block::Heading(text) => lines.push(text.clone()),
            Block::Paragraph(spans) => lines.push(of(spans)),
            Block::Facts(facts) => lines.extend(facts.iter().map(|(name, spans)| format!("{name}: {}", of(spans)))),
            Block::Lines(all) => {
                lines.extend(
                    all.iter().map(|line| format!("[{}] {}", if line.done { "x" } else { " " }, of(&line.spans))),
                );
            }
            Block::Steps(steps) => lines.extend(steps.iter().map(|spans| of(spans))),
        }
    }
    lines.join("\n")
}

impl FakeTracker {
    pub(super) fn new(lag: Duration, time: FakeTime) -> Self {
        Self { inside: Arc::default(), lag, time }
    }

    pub(super) fn look(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("no test panics while it looks")
    }

    pub(super) fn tickets(&self) -> Vec<FakeTicket> {
        self.look().tickets.clone()
    }

    pub(super) fn only(&self) -> FakeTicket {
        let tickets = self.tickets();
        assert_eq!(tickets.len(), 1, "{:?}", tickets.iter().map(|ticket| &ticket.draft.title).collect::<Vec<_>>());
        tickets[0].clone()
    }

    pub(super) fn writes(&self) -> usize {
        self.look().writes.len()
    }

    pub(super) fn close_by_hand(&self, position: usize, refused: bool, at: Option<Instant>) {
        self.look().tickets[position].standing = Standing::Done { refused, word: String::from("Done"), at };
    }

    /// Takes the next fault. `Err` where nothing may be done.
    fn next(&self, what: &str) -> Result<Fault, TrackerError> {
        let mut inside = self.look();
        inside.writes.push(what.to_owned());
        if inside.down {
            inside.faults_fired += 1;
            return Err(TrackerError::NotDone(lost()));
        }
        let fault = inside.faults.pop_front().unwrap_or(Fault::Fine);
        if fault != Fault::Fine {
            inside.faults_fired += 1;
        }
        match fault {
            Fault::Down => Err(TrackerError::NotDone(lost())),
            Fault::Refuses => Err(TrackerError::Rejected { reason: String::from("422: assignee") }),
            Fault::LostAndNotDone => Err(TrackerError::MayHaveHappened(lost())),
            Fault::DoneAndLost | Fault::CommentAlone | Fault::Fine => Ok(fault),
        }
    }

    fn change(&self, id: &RemoteId, what: &str, change: impl FnOnce(&mut FakeTicket)) -> Result<(), TrackerError> {
        let fault = self.next(&format!("{what} {}", id.0))?;
        let mut inside = self.look();
        let found = inside.tickets.iter_mut().find(|ticket| ticket.id == id.0 && !ticket.deleted);
        let Some(ticket) = found else { return Err(TrackerError::Rejected { reason: String::from("404") }) };
        let standing = ticket.standing.clone();
        change(ticket);
        if fault == Fault::CommentAlone {
            ticket.standing = standing;
        }
        if fault == Fault::Fine { Ok(()) } else { Err(TrackerError::MayHaveHappened(lost())) }
    }
}

fn labels(draft: &Draft) -> Vec<TicketKey> {
    std::iter::once(draft.key.clone()).chain(draft.findings.iter().map(TicketKey::of_finding)).collect()
}

fn remote(ticket: &FakeTicket, keys: &[TicketKey]) -> Remote {
    let own = &ticket.labels;
    Remote {
        id: RemoteId(ticket.id.clone()),
        url: Some(format!("https://tickets.example.org/{}", ticket.id)),
        keys: keys.iter().filter(|key| own.contains(key)).cloned().collect(),
        standing: ticket.standing.clone(),
    }
}

#[async_trait]
impl Tracker for FakeTracker {
    fn limits(&self) -> Limits {
        Limits { title: 255, body: 30_000, finding_labels: 50 }
    }

    fn look_up_lag(&self) -> Duration {
        self.lag
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        let inside = self.look();
        if inside.down {
            return Err(TrackerError::NotDone(lost()));
        }
        let now = self.time.monotonic();
        let carries = |ticket: &&FakeTicket| ticket.labels.iter().any(|label| keys.contains(label));
        let shown = inside.tickets.iter().filter(|ticket| !ticket.deleted && ticket.shown_from <= now).filter(carries);
        let mut found: Vec<Remote> = shown.map(|ticket| remote(ticket, keys)).collect();
        if inside.shows_twice {
            found.extend(found.clone());
        }
        Ok(found)
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        let fault = self.next(&format!("create {}", draft.key))?;
        let mut inside = self.look();
        if inside.refuses_title.as_ref().is_some_and(|part| draft.title.contains(part)) {
            inside.faults_fired += 1;
            return Err(TrackerError::Rejected { reason: String::from("422: title") });
        }
        let ticket = FakeTicket {
            id: format!("T-{}", inside.tickets.len() + 1),
            draft: draft.clone(),
            comments: Vec::new(),
            standing: Standing::Open,
            deleted: false,
            labels: labels(draft),
            shown_from: self.time.monotonic() + self.lag,
        };
        inside.tickets.push(ticket.clone());
        drop(inside);
        self.time.pass(Duration::from_millis(200));
        if fault != Fault::Fine {
            return Err(TrackerError::MayHaveHappened(lost()));
        }
        Ok(remote(&ticket, &labels(draft)))
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        let inside = self.look();
        if inside.down {
            return Err(TrackerError::NotDone(lost()));
        }
        if inside.unreadable {
            return Err(TrackerError::NotDone(Cause::Malformed { what: String::from("a page instead of a ticket") }));
        }
        let found = inside.tickets.iter().find(|ticket| ticket.id == id.0 && !ticket.deleted);
        Ok(found.map_or_else(
            || Sighted::Missing { why: String::from("404") },
            |ticket| Sighted::Found(remote(ticket, &labels(&ticket.draft))),
        ))
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        self.change(id, "revise", |ticket| {
            ticket.draft = draft.clone();
            ticket.labels = labels(draft);
        })
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.change(id, "comment", |ticket| ticket.comments.push(plain(text)))
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.change(id, "reopen", |ticket| {
            ticket.standing = Standing::Open;
            ticket.comments.push(plain(text));
        })
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.change(id, "resolve", |ticket| {
            ticket.standing = Standing::Done { refused: false, word: String::from("Resolved"), at: None };
            ticket.comments.push(plain(text));
        })
    }

    async fn check(&self) -> Result<String, TrackerError> {
        Ok(String::from("fake"))
    }
}

/// A receiver of alerts in memory.
#[derive(Debug, Clone)]
pub(super) struct FakeSink {
    pub(super) told: Arc<Mutex<Vec<(String, String)>>>,
    /// The system of each alert in `told`.
    pub(super) systems: Arc<Mutex<Vec<String>>>,
    /// The episode of each telling that was tried, whatever came of it.
    pub(super) episodes: Arc<Mutex<Vec<String>>>,
    pub(super) faults: Arc<Mutex<VecDeque<TrackerError>>>,
    pub(super) resend: Resend,
    pub(super) reminds: bool,
    pub(super) takes_lists: bool,
}

impl FakeSink {
    pub(super) fn new(resend: Resend) -> Self {
        Self {
            told: Arc::default(),
            systems: Arc::default(),
            episodes: Arc::default(),
            faults: Arc::default(),
            resend,
            reminds: false,
            takes_lists: true,
        }
    }

    pub(super) fn told(&self) -> Vec<(String, String)> {
        self.told.lock().expect("no test panics while it looks").clone()
    }

    fn tell(&self, what: &str, alerts: &[Alert]) -> Result<(), TrackerError> {
        let mut episodes = self.episodes.lock().expect("no test panics while it looks");
        episodes.extend(alerts.iter().map(|alert| alert.episode.clone()));
        if let Some(error) = self.faults.lock().expect("no test panics while it looks").pop_front() {
            return Err(error);
        }
        let mut told = self.told.lock().expect("no test panics while it looks");
        told.extend(alerts.iter().map(|alert| (what.to_owned(), alert.key.to_string())));
        let mut systems = self.systems.lock().expect("no test panics while it looks");
        systems.extend(alerts.iter().map(|alert| alert.system.clone()));
        Ok(())
    }
}

#[async_trait]
impl Sink for FakeSink {
    fn resend(&self) -> Resend {
        self.resend
    }

    fn needs_reminding(&self) -> bool {
        self.reminds
    }

    fn takes_lists(&self) -> bool {
        self.takes_lists
    }

    async fn raise(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        self.tell("raise", alerts)
    }

    async fn resolve(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        self.tell("resolve", alerts)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        Ok(String::from("fake"))
    }
}

/// Time that passes when it is told to, and when somebody waits.
#[derive(Debug, Clone)]
pub(super) struct FakeTime {
    start: Instant,
    passed: Arc<Mutex<Duration>>,
}

impl FakeTime {
    pub(super) fn new(start: Instant) -> Self {
        Self { start, passed: Arc::default() }
    }

    pub(super) fn pass(&self, time: Duration) {
        *self.passed.lock().expect("no test panics while it looks") += time;
    }
}

impl Clock for FakeTime {
    fn now(&self) -> Instant {
        self.start + chrono::TimeDelta::from_std(self.monotonic()).expect("tests are short")
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock().expect("no test panics while it looks")
    }
}

#[async_trait]
impl Rest for FakeTime {
    async fn rest(&self, time: Duration) {
        self.pass(time);
    }
}

/// An outbox whose program dies at its n-th write, before or after the write is durable.
pub(super) struct Dying<'a> {
    pub(super) store: &'a mut MemoryStore,
    pub(super) left: u32,
    pub(super) durable: bool,
    pub(super) died: bool,
}

impl Outbox for Dying<'_> {
    fn ticket_book(&self) -> Result<TicketBook, StoreError> {
        self.store.ticket_book()
    }

    fn keep_tickets(&mut self, at: Instant, changes: TicketChanges) -> Result<(), StoreError> {
        let dies = self.left == 0;
        self.left = self.left.saturating_sub(1);
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

    fn ticket_known(&self) -> Result<std::collections::BTreeSet<crate::findings::Fingerprint>, StoreError> {
        self.store.ticket_known()
    }

    fn ticket_operations(&self) -> Result<OperationCounts, StoreError> {
        self.store.ticket_operations()
    }
}
