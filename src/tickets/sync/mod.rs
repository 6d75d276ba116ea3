//! Sending: one step at a time, each written down before it is asked for and after it was answered.
//!
//! A program killed between any two steps neither forgets a ticket nor makes a second one: what may have happened is
//! looked up before it is repeated (TKT-2), and what cannot be looked up, a comment, is not repeated.
//!
//! | file | what is in it |
//! |---|---|
//! | `observe` | how our open tickets stand in the tracker |
//! | `create` | making a ticket, never twice |
//! | `adopt` | taking over a ticket that is there already |
//! | `update` | revising, commenting, opening again, closing |
//! | `tell` | receivers that keep no tickets |

mod adopt;
mod create;
mod observe;
mod tell;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use scan_contract::{Cause, Instant};

use super::plan::{self, Ground, Plan, Task, Work};
use super::settings::{Habits, Route};
use super::tracker::{Channel, Tracker, TrackerError};
use crate::clock::Clock;
use crate::findings::Fingerprint;
use crate::hostile;
use crate::store::outbox::{Operation, Outbox, Outcome, Ticket, TicketChanges, TicketLine, Verdict};
use crate::store::{LedgerEvent, StoreError};

/// Time that a server may still be at work on a request whose answer was lost.
const STILL_AT_WORK: Duration = Duration::from_secs(10);
/// Longest wait for an index inside one sync; what needs more waits for the next one.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Failures in a row after which a tracker is left alone until the next sync.
const FAILURES: u32 = 3;

/// Waits, for an index that shows new tickets late.
#[async_trait]
pub trait Rest: Send + Sync {
    /// Comes back after this time.
    async fn rest(&self, time: Duration);
}

/// Waits by the runtime's own timer.
#[derive(Debug, Clone, Copy)]
pub struct Sleep;

#[async_trait]
impl Rest for Sleep {
    async fn rest(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Everything that sending needs.
pub struct Desk<'a> {
    /// What is kept.
    pub outbox: &'a mut dyn Outbox,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// Waits.
    pub rest: &'a dyn Rest,
    /// What holds for all trackers.
    pub habits: &'a Habits,
    /// Trackers and receivers, in the order of `channels`.
    pub routes: &'a [Route],
}

/// Something that went wrong, in our words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Tracker.
    pub tracker: String,
    /// Our key of the ticket, where it is about one.
    pub ticket: Option<String>,
    /// What was tried and what came back.
    pub says: String,
}

/// What came of a sync.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncOutcome {
    /// Steps done, by tracker and operation.
    pub done: BTreeMap<(String, Operation), u64>,
    /// Tickets that were found instead of made.
    pub adopted: u64,
    /// Failures: what stays pending because of them is sent by a later sync.
    pub faults: Vec<Trouble>,
    /// Refusals by a tracker, not repeated unchanged.
    pub refusals: Vec<Trouble>,
    /// Worth knowing: closed by hand, missing, disputed.
    pub remarks: Vec<Trouble>,
    /// What was to be sent.
    pub plan: Plan,
    /// Findings that still wait for a ticket or for news on one, for whatever reason but a word of an operator.
    pub pending: u64,
}

impl SyncOutcome {
    /// Whether something stays pending by a fault.
    pub fn is_faulty(&self) -> bool {
        !self.faults.is_empty() || !self.refusals.is_empty()
    }
}

/// How a step ended.
enum Ended {
    /// Done, or nothing more can be done about it now.
    Done,
    /// The tracker did not do it.
    Failed,
    /// The tracker is not to be had.
    Down,
}

/// State of one sync.
struct Session<'a, 'b> {
    desk: &'a mut Desk<'b>,
    run: String,
    outcome: SyncOutcome,
    /// Trackers that are left alone, by name.
    down: BTreeSet<String>,
    failures: BTreeMap<String, u32>,
    /// Ids in each tracker that our records know, with the key of the record.
    known: BTreeMap<(String, String), String>,
    /// Findings that are to be put on new tickets of the present tracker.
    wanted: Vec<TicketLine>,
    /// Findings that turned out to stand on another ticket; their own step waits for the next plan.
    elsewhere: BTreeSet<Fingerprint>,
}

/// Sends what is planned: critical first, oldest end first, one at a time. A channel that could not be opened is told,
/// and what it should send stays pending.
///
/// # Errors
/// The store's; what a tracker did not do is in the outcome.
pub async fn sync(desk: &mut Desk<'_>, channels: &[Result<Channel, Cause>]) -> Result<SyncOutcome, StoreError> {
    let book = desk.outbox.ticket_book()?;
    let Some(last) = book.runs.last() else { return Ok(SyncOutcome::default()) };
    let mut session = Session {
        run: last.run.clone(),
        desk,
        outcome: SyncOutcome::default(),
        down: BTreeSet::new(),
        failures: BTreeMap::new(),
        known: BTreeMap::new(),
        wanted: Vec::new(),
        elsewhere: BTreeSet::new(),
    };
    let routes = session.desk.routes;
    for (route, channel) in routes.iter().zip(channels) {
        match channel {
            Ok(Channel::Tracker(tracker)) => session.observe(route, tracker.as_ref(), &book).await?,
            Ok(Channel::Sink(sink)) => session.settle_sink(route, sink.as_ref(), &book)?,
            Err(cause) => {
                let says = format!("it cannot be opened: {cause}");
                session.trouble(|outcome| &mut outcome.faults, route.id.as_str(), None, says);
            }
        }
    }
    let book = session.desk.outbox.ticket_book()?;
    let remote = |ticket: &Ticket| Some(((ticket.tracker.clone(), ticket.remote.clone()?), ticket.key.clone()));
    session.known = book.tickets.iter().filter_map(remote).collect();
    let ground = session.ground(&book);
    let plan = plan::plan(&ground);
    session.keep_verdicts(&plan)?;
    for ((route, channel), planned) in routes.iter().zip(channels).zip(&plan.channels) {
        match channel {
            Ok(Channel::Tracker(tracker)) => session.send(route, tracker.as_ref(), &planned.works).await?,
            Ok(Channel::Sink(sink)) => session.tell(route, sink.as_ref(), &planned.works).await?,
            Err(_) => {}
        }
    }
    session.finish(plan)
}

impl<'a> Session<'a, '_> {
    fn ground<'g>(&self, book: &'g crate::store::outbox::TicketBook) -> Ground<'g>
    where
        'a: 'g,
    {
        Ground { book, habits: self.desk.habits, routes: self.desk.routes, now: self.desk.clock.now() }
    }

    fn now(&self) -> Instant {
        self.desk.clock.now()
    }

    /// Words of the breaker go into the store before anything is sent.
    fn keep_verdicts(&mut self, plan: &Plan) -> Result<(), StoreError> {
        if plan.verdicts.is_empty() {
            return Ok(());
        }
        let held = plan.verdicts.iter().filter_map(|(run, verdict)| match verdict {
            Verdict::Held { why, .. } => Some(LedgerEvent::TicketsHeld { run: run.clone(), why: why.clone() }),
            Verdict::Passed { .. } => None,
        });
        let changes =
            TicketChanges { verdicts: plan.verdicts.clone(), ledger: held.collect(), ..TicketChanges::default() };
        self.desk.outbox.keep_tickets(self.desk.clock.now(), changes)
    }

    async fn send(&mut self, route: &Route, tracker: &dyn Tracker, works: &[Work]) -> Result<(), StoreError> {
        let new = works.iter().filter(|work| work.task == Task::Create);
        self.wanted = new.flat_map(|work| work.lines.clone()).collect();
        self.elsewhere.clear();
        for work in works {
            let ended = match work.task {
                Task::Keep => {
                    self.keep(work.ticket.clone(), work.lines.clone())?;
                    Ended::Done
                }
                _ if self.down.contains(route.id.as_str()) => continue,
                Task::Create if work.lines.iter().any(|line| self.elsewhere.contains(&line.fingerprint)) => continue,
                Task::Create => self.create(route, tracker, work).await?,
                Task::Revise => self.revise(tracker, work).await?,
                Task::Reopen => self.reopen(tracker, work).await?,
                Task::Resolve => self.resolve(tracker, work).await?,
            };
            self.note_end(route.id.as_str(), &ended);
        }
        Ok(())
    }

    /// A tracker that fails again and again is left alone until the next sync.
    fn note_end(&mut self, tracker: &str, ended: &Ended) {
        let failures = self.failures.entry(tracker.to_owned()).or_default();
        match ended {
            Ended::Done => *failures = 0,
            Ended::Failed => *failures += 1,
            Ended::Down => *failures = FAILURES,
        }
        if *failures >= FAILURES {
            self.down.insert(tracker.to_owned());
        }
    }

    /// Keeps a ticket and its lines, without a word in the ledger.
    fn keep(&mut self, ticket: Ticket, lines: Vec<TicketLine>) -> Result<(), StoreError> {
        let addresses = addresses(&ticket, &lines);
        let changes = TicketChanges { tickets: vec![ticket], lines, addresses, ..TicketChanges::default() };
        self.desk.outbox.keep_tickets(self.desk.clock.now(), changes)
    }

    /// Keeps what came of a step, counts it, and writes it into the ledger.
    fn keep_step(
        &mut self,
        ticket: Ticket,
        lines: Vec<TicketLine>,
        operation: Operation,
        outcome: Outcome,
        says: &str,
    ) -> Result<(), StoreError> {
        let tracker = ticket.tracker.clone();
        if outcome == Outcome::Ok {
            *self.outcome.done.entry((tracker.clone(), operation)).or_default() += 1;
        }
        let event = |fingerprint: Option<Fingerprint>, says: &str| LedgerEvent::Ticket {
            tracker: tracker.clone(),
            ticket: ticket.key.clone(),
            operation: String::from(operation.as_str()),
            outcome: hostile::short(says, 400),
            fingerprint: fingerprint.map(|print| print.to_string()),
        };
        let mut ledger = vec![event(None, says)];
        if outcome == Outcome::Ok && matches!(operation, Operation::Create | Operation::Reopen | Operation::Resolve) {
            ledger.extend(lines.iter().map(|line| event(Some(line.fingerprint), line.status.as_str())));
        }
        let changes = TicketChanges {
            addresses: addresses(&ticket, &lines),
            operations: vec![(tracker.clone(), operation, outcome)],
            tickets: vec![ticket],
            lines,
            ledger,
            ..TicketChanges::default()
        };
        self.desk.outbox.keep_tickets(self.desk.clock.now(), changes)
    }

    fn fault(&mut self, ticket: &Ticket, operation: Operation, cause: &Cause) -> Ended {
        let says = format!("{}: {cause}", operation.as_str());
        self.trouble(|outcome| &mut outcome.faults, &ticket.tracker, Some(&ticket.key), says);
        if is_down(cause) { Ended::Down } else { Ended::Failed }
    }

    fn refusal(&mut self, ticket: &Ticket, operation: Operation, reason: &str) {
        let says = format!("{}: the tracker refused it: {}", operation.as_str(), hostile::short(reason, 400));
        self.trouble(|outcome| &mut outcome.refusals, &ticket.tracker, Some(&ticket.key), says);
    }

    fn remark(&mut self, ticket: &Ticket, says: String) {
        self.trouble(|outcome| &mut outcome.remarks, &ticket.tracker, Some(&ticket.key), says);
    }

    fn trouble(
        &mut self,
        list: impl Fn(&mut SyncOutcome) -> &mut Vec<Trouble>,
        tracker: &str,
        ticket: Option<&str>,
        says: String,
    ) {
        tracing::warn!(event = "ticket", tracker, ticket, %says);
        list(&mut self.outcome).push(Trouble { tracker: tracker.to_owned(), ticket: ticket.map(str::to_owned), says });
    }

    /// Forgets wishes that are fulfilled, and counts what still waits.
    fn finish(mut self, plan: Plan) -> Result<SyncOutcome, StoreError> {
        let book = self.desk.outbox.ticket_book()?;
        let ground = self.ground(&book);
        let done = plan::fulfilled(&ground);
        let left = plan::plan(&ground);
        let capped: u64 = left.channels.iter().flat_map(|channel| channel.capped.values()).sum();
        self.outcome.pending = pending(&left).len() as u64 + capped;
        for channel in &left.channels {
            for (key, reason) in &channel.refused {
                let told = self.outcome.refusals.iter().any(|known| known.ticket.as_deref() == Some(key));
                if !told {
                    let says = format!("refused earlier, and unchanged since: {}", hostile::short(reason, 400));
                    self.outcome.refusals.push(Trouble {
                        tracker: channel.tracker.to_string(),
                        ticket: Some(key.clone()),
                        says,
                    });
                }
            }
        }
        self.outcome.plan = plan;
        if !done.is_empty() {
            let changes = TicketChanges { done, ..TicketChanges::default() };
            self.desk.outbox.keep_tickets(self.desk.clock.now(), changes)?;
        }
        Ok(self.outcome)
    }
}

/// Findings that wait for a ticket or for news on one, for another reason than a word that is missing.
pub(super) fn pending(plan: &Plan) -> BTreeSet<(String, Fingerprint)> {
    let mut pending = BTreeSet::new();
    for channel in &plan.channels {
        let mut add = |fingerprint: Fingerprint| pending.insert((channel.tracker.to_string(), fingerprint));
        for work in channel.works.iter().filter(|work| work.task != Task::Keep) {
            let changed =
                work.lines.iter().filter(|line| !work.lines_before.contains(line) || work.task != Task::Revise);
            changed.for_each(|line| {
                add(line.fingerprint);
            });
        }
        channel.waiting.iter().for_each(|print| {
            add(*print);
        });
    }
    pending
}

fn addresses(ticket: &Ticket, lines: &[TicketLine]) -> Vec<(Fingerprint, Option<String>)> {
    if ticket.url.is_none() {
        return Vec::new();
    }
    lines.iter().map(|line| (line.fingerprint, ticket.url.clone())).collect()
}

/// Whether a cause means that nothing more is to be had from the tracker now.
fn is_down(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::Unreachable { .. }
            | Cause::Unauthenticated { .. }
            | Cause::Throttled { .. }
            | Cause::WrongSystem { .. }
            | Cause::LimitHit { .. }
            | Cause::Stopped
    )
}

/// A ticket after a try that surely did nothing: tried again later, and less often each time.
fn failed(mut ticket: Ticket, now: Instant) -> Ticket {
    ticket.pending = None;
    ticket.attempts = ticket.attempts.saturating_add(1);
    let wait = TimeDelta::minutes(1_i64 << ticket.attempts.min(6));
    ticket.not_before = Some(now + wait.min(Task::Revise.longest_wait()));
    ticket
}

/// What was tried came about, so earlier failures count no longer.
fn settled(ticket: &mut Ticket) {
    ticket.attempts = 0;
    ticket.not_before = None;
}

/// The cause of an error that left things as they were or may have changed them.
fn cause_of(error: &TrackerError) -> Cause {
    match error {
        TrackerError::NotDone(cause) | TrackerError::MayHaveHappened(cause) => cause.clone(),
        TrackerError::Rejected { reason } => Cause::Denied { permission: reason.clone() },
    }
}

#[cfg(test)]
#[path = "../sync_tests/mod.rs"]
mod tests;
