//! Receivers that keep no tickets: told once, told again where that is harmless, told when it is over.

use super::{Ended, Session, failed};
use crate::store::StoreError;
use crate::store::outbox::{Operation, Outcome, Pending, Rejection, Ticket, TicketBook, TicketState};
use crate::tickets::plan::{self, Task, Work};
use crate::tickets::settings::Route;
use crate::tickets::tracker::{Alert, Resend, Sink, TicketKey, TrackerError};
use crate::tickets::words;

impl Session<'_, '_> {
    /// Settles what an earlier sync left in doubt: where telling twice would be shown twice, it counts as told; elsewhere
    /// what stands there is told again, because it may say that access is gone which is back by now.
    pub(super) fn settle_sink(&mut self, route: &Route, sink: &dyn Sink, book: &TicketBook) -> Result<(), StoreError> {
        for ticket in book.tickets.iter().filter(|ticket| ticket.tracker == route.id.as_str()) {
            let Some(pending) = &ticket.pending else { continue };
            if sink.resend() == Resend::Harmless {
                // One that is only intended is asked for again in any case.
                if ticket.state != TicketState::Intended {
                    self.keep(in_doubt(Ticket { pending: None, ..ticket.clone() }), Vec::new())?;
                }
                continue;
            }
            let state = if pending.operation == Operation::Resolve { TicketState::Resolved } else { TicketState::Open };
            let mut told = Ticket { state, pending: None, ..ticket.clone() };
            let now = self.now();
            match state {
                TicketState::Resolved => told.resolved_at = Some(now),
                _ => told.made_at = Some(now),
            }
            self.remark(ticket, String::from("an answer was lost; it counts as told, and is not told again"));
            self.keep(told, Vec::new())?;
        }
        Ok(())
    }

    /// Tells what is new and what is over, each in one call where the receiver takes lists.
    pub(super) async fn tell(&mut self, route: &Route, sink: &dyn Sink, works: &[Work]) -> Result<(), StoreError> {
        let harmless = sink.resend() == Resend::Harmless;
        let (mut raise, mut resolve) = (Vec::new(), Vec::new());
        for work in works {
            match work.task {
                // What ended before it could be told is not told any longer. An answer that was lost may have been a
                // telling: its end is told where that is harmless.
                Task::Create if plan::is_over(work) && harmless => resolve.push(work),
                Task::Create if plan::is_over(work) => self.never_told(work)?,
                Task::Create | Task::Reopen => raise.push(work),
                // Where it would be shown as another message, only what is worth one is told.
                Task::Revise if harmless || work.comment.is_some() => raise.push(work),
                Task::Resolve => resolve.push(work),
                Task::Revise | Task::Keep => self.keep(work.ticket.clone(), work.lines.clone())?,
            }
        }
        for (works, operation) in [(raise, Operation::Create), (resolve, Operation::Resolve)] {
            let at_once = if sink.takes_lists() { works.len().max(1) } else { 1 };
            for some in works.chunks(at_once) {
                if !self.down.contains(route.id.as_str()) {
                    self.tell_all(sink, some, operation).await?;
                }
            }
        }
        if sink.needs_reminding() && !self.down.contains(route.id.as_str()) {
            self.remind(route, sink).await?;
        }
        Ok(())
    }

    async fn tell_all(&mut self, sink: &dyn Sink, works: &[&Work], operation: Operation) -> Result<(), StoreError> {
        for work in works {
            let before =
                work.before.clone().unwrap_or_else(|| Ticket { state: TicketState::Intended, ..work.ticket.clone() });
            let begun = Ticket { pending: Some(Pending { operation, at: self.now() }), ..before };
            let lines = if work.before.is_none() { work.lines.clone() } else { Vec::new() };
            self.keep(begun, lines)?;
        }
        let alerts: Vec<Alert> = works.iter().map(|work| alert(work)).collect();
        let told = match operation {
            Operation::Resolve => sink.resolve(&alerts).await,
            Operation::Create | Operation::Revise | Operation::Comment | Operation::Reopen => sink.raise(&alerts).await,
        };
        let doubles = sink.resend() == Resend::Doubles;
        for work in works {
            let ended = match &told {
                Ok(()) => self.told(work, operation, Outcome::Ok, "told")?,
                Err(TrackerError::MayHaveHappened(cause)) if doubles => {
                    let says = format!("the answer was lost; it counts as told: {cause}");
                    self.remark(&work.ticket, says.clone());
                    self.told(work, operation, Outcome::Failed, &says)?
                }
                Err(TrackerError::NotDone(cause)) => {
                    let ended = self.fault(&work.ticket, operation, cause);
                    self.untold(work, operation, Doubt::None, &format!("not told: {cause}"))?;
                    ended
                }
                Err(TrackerError::MayHaveHappened(cause)) => {
                    let ended = self.fault(&work.ticket, operation, cause);
                    self.untold(work, operation, Doubt::MayBeTold, &format!("the answer was lost: {cause}"))?;
                    ended
                }
                Err(TrackerError::Rejected { reason }) => {
                    self.refusal(&work.ticket, operation, reason);
                    self.not_wanted(work, operation, reason)?;
                    Ended::Done
                }
            };
            self.note_end(&work.ticket.tracker, &ended);
        }
        Ok(())
    }

    fn told(&mut self, work: &Work, operation: Operation, outcome: Outcome, says: &str) -> Result<Ended, StoreError> {
        let mut ticket = Ticket { pending: None, attempts: 0, not_before: None, stale: false, ..work.ticket.clone() };
        let now = Some(self.now());
        if operation == Operation::Resolve {
            ticket.state = TicketState::Resolved;
            ticket.resolved_at = ticket.resolved_at.or(now);
        } else {
            ticket.state = TicketState::Open;
            ticket.made_at = ticket.made_at.or(now);
        }
        ticket.commented_in = Some(self.run.clone());
        self.keep_step(ticket, work.lines.clone(), operation, outcome, says)?;
        Ok(Ended::Done)
    }

    fn untold(&mut self, work: &Work, operation: Operation, doubt: Doubt, says: &str) -> Result<(), StoreError> {
        let before =
            work.before.clone().unwrap_or_else(|| Ticket { state: TicketState::Intended, ..work.ticket.clone() });
        // What is back and may have been told is on record as it may have been told, or nobody would tell its end.
        let is_back = before.state == TicketState::Resolved && doubt == Doubt::MayBeTold;
        let lines = if is_back { work.lines.clone() } else { Vec::new() };
        let mut ticket = failed(before, self.now());
        if doubt == Doubt::MayBeTold {
            ticket = in_doubt(ticket);
        }
        self.keep_step(ticket, lines, operation, Outcome::Failed, says)
    }

    /// Everything of it ended before it was told.
    fn never_told(&mut self, work: &Work) -> Result<(), StoreError> {
        let resolved_at = Some(self.now());
        let mut ticket = Ticket { state: TicketState::Resolved, resolved_at, pending: None, ..work.ticket.clone() };
        super::settled(&mut ticket);
        self.keep(ticket, work.lines.clone())
    }

    fn not_wanted(&mut self, work: &Work, operation: Operation, reason: &str) -> Result<(), StoreError> {
        let mut ticket = work.before.clone().unwrap_or_else(|| work.ticket.clone());
        ticket.pending = None;
        if operation == Operation::Create && ticket.made_at.is_none() {
            ticket.state = TicketState::Rejected;
        }
        let digest = plan::digest(work.task, &work.draft);
        ticket.rejection = Some(Rejection { reason: reason.to_owned(), digest });
        self.keep_step(ticket, Vec::new(), operation, Outcome::Failed, &format!("refused: {reason}"))
    }

    /// Tells again of everything that lasts: the receiver forgets.
    async fn remind(&mut self, route: &Route, sink: &dyn Sink) -> Result<(), StoreError> {
        let book = self.desk.outbox.ticket_book()?;
        let tracker = route.id.as_str();
        let open = book.tickets.iter().filter(|ticket| ticket.tracker == tracker && ticket.state == TicketState::Open);
        let alerts: Vec<Alert> = open
            .map(|ticket| {
                let lines = super::observe::lines_of(&book, ticket);
                let entries: Vec<words::Entry<'_>> =
                    lines.iter().map(|line| (line, book.memories.get(&line.fingerprint))).collect();
                let draft = if plan::holds_no_finding(ticket.unit) {
                    words::figure_draft(ticket, &[], self.desk.habits)
                } else {
                    words::draft(ticket, &entries, self.desk.habits)
                };
                Alert {
                    key: TicketKey::of_label(&ticket.key),
                    title: draft.title,
                    body: draft.body,
                    severity: draft.severity,
                    system: system_of(ticket),
                    began_at: began_at(ticket, &entries),
                    episode: episode(ticket),
                }
            })
            .collect();
        if alerts.is_empty() {
            return Ok(());
        }
        if let Err(error) = sink.raise(&alerts).await {
            let says = format!("reminding: {}", super::cause_of(&error));
            self.trouble(|outcome| &mut outcome.faults, tracker, None, says);
        }
        Ok(())
    }
}

/// Whether a telling that failed may have been heard all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    None,
    MayBeTold,
}

/// The record of an alert of which a receiver that merges by key may have heard: it is told again as it is by then, and
/// so is its end.
fn in_doubt(ticket: Ticket) -> Ticket {
    let state = match ticket.state {
        TicketState::Resolved => TicketState::Open,
        TicketState::Rejected => TicketState::Intended,
        other => other,
    };
    let stale = ticket.stale || state == TicketState::Open;
    let resolved_at = ticket.resolved_at.filter(|_| state != TicketState::Open);
    Ticket { state, resolved_at, stale, ..ticket }
}

fn began_at(ticket: &Ticket, entries: &[words::Entry<'_>]) -> scan_contract::Instant {
    let ends = entries.iter().filter_map(|(_, memory)| *memory).map(|memory| memory.finding.access_end.at);
    ends.min().unwrap_or(ticket.intended_at)
}

/// The label of the system, the same whenever a ticket is told of: receivers that know an alert by its labels would take
/// another for another alert.
fn system_of(ticket: &Ticket) -> String {
    ticket.system.clone().unwrap_or_else(|| String::from("all"))
}

fn alert(work: &Work) -> Alert {
    Alert {
        key: work.draft.key.clone(),
        title: work.draft.title.clone(),
        body: work.draft.body.clone(),
        severity: work.draft.severity,
        system: system_of(&work.ticket),
        began_at: work.rank.1,
        episode: work.before.as_ref().map_or_else(String::new, episode),
    }
}

/// The run whose telling was taken last, as the record has it before this telling. A telling that fails leaves it as it is.
fn episode(before: &Ticket) -> String {
    before.commented_in.clone().unwrap_or_default()
}
