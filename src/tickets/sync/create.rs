//! Making a ticket, never twice.

use std::time::Duration;

use super::{Ended, LONGEST_WAIT, STILL_AT_WORK, Session, failed};
use crate::store::StoreError;
use crate::store::outbox::{Operation, Outcome, Pending, Rejection, Ticket, TicketLine, TicketState};
use crate::tickets::plan::{self, Task, Work};
use crate::tickets::settings::Route;
use crate::tickets::tracker::{Remote, TicketKey, Tracker, TrackerError};

/// How often one sync tries to make one ticket whose answers get lost.
const TRIES: u32 = 2;

impl Session<'_, '_> {
    pub(super) async fn create(
        &mut self,
        route: &Route,
        tracker: &dyn Tracker,
        work: &Work,
    ) -> Result<Ended, StoreError> {
        let mut ticket = intended(work);
        // Written down with its findings before anybody is asked.
        self.keep(ticket.clone(), work.lines.clone())?;
        let keys: Vec<TicketKey> = std::iter::once(work.draft.key.clone())
            .chain(work.lines.iter().map(|line| TicketKey::of_finding(&line.fingerprint)))
            .collect();
        let lag = route.lag.unwrap_or_else(|| tracker.look_up_lag().max(STILL_AT_WORK));
        for attempt in 0..=TRIES {
            if !self.wait_for_index(&ticket, lag).await {
                self.remark(&ticket, String::from("may have been made; looked for again in the next sync"));
                return Ok(Ended::Done);
            }
            match tracker.find(&keys).await {
                Ok(found) => {
                    let found = self.strangers(&ticket, found);
                    if !found.is_empty() {
                        return self.adopt(tracker, ticket, work, &found).await;
                    }
                }
                Err(error) => return Ok(self.fault(&ticket, Operation::Create, &super::cause_of(&error))),
            }
            if plan::is_over(work) {
                return self.never_made(ticket, &work.lines);
            }
            if work.only_looks {
                let says = "begun before the roster came to hold new tickets back, and not made; waits for its release";
                self.remark(&ticket, String::from(says));
                return Ok(Ended::Done);
            }
            if attempt == TRIES {
                break;
            }
            ticket.pending = Some(Pending { operation: Operation::Create, at: self.now() });
            self.keep(ticket.clone(), Vec::new())?;
            match tracker.create(&work.draft).await {
                Ok(remote) => {
                    self.made(ticket, work, &remote)?;
                    return Ok(Ended::Done);
                }
                Err(TrackerError::Rejected { reason }) => return self.rejected(ticket, work, reason),
                Err(TrackerError::NotDone(cause)) => {
                    let ended = self.fault(&ticket, Operation::Create, &cause);
                    let ticket = failed(ticket, self.now());
                    let says = format!("not done: {cause}");
                    self.keep_step(ticket, Vec::new(), Operation::Create, Outcome::Failed, &says)?;
                    return Ok(ended);
                }
                Err(TrackerError::MayHaveHappened(cause)) => {
                    // The clock of the index starts when we stopped waiting for the answer.
                    ticket.pending = Some(Pending { operation: Operation::Create, at: self.now() });
                    let says = format!("the answer was lost: {cause}; looked for before it is repeated");
                    self.keep_step(ticket.clone(), Vec::new(), Operation::Create, Outcome::Failed, &says)?;
                }
            }
        }
        let lost = scan_contract::Cause::Unreachable {
            step: String::from("making a ticket"),
            detail: String::from("answers get lost, and the ticket is not found; tried again in the next sync"),
        };
        Ok(self.fault(&ticket, Operation::Create, &lost))
    }

    /// What was found and no other record of ours is about: an earlier ticket of the same finding carries its label too.
    fn strangers(&self, ticket: &Ticket, found: Vec<Remote>) -> Vec<Remote> {
        let is_other = |remote: &Remote| {
            let known = self.known.get(&(ticket.tracker.clone(), remote.id.0.clone()));
            known.is_some_and(|key| *key != ticket.key)
        };
        found.into_iter().filter(|remote| !is_other(remote)).collect()
    }

    /// Waits until a ticket that may have been made is surely found. `false` where that takes too long for this sync.
    async fn wait_for_index(&self, ticket: &Ticket, lag: Duration) -> bool {
        let Some(pending) = &ticket.pending else { return true };
        // A clock that went back waits the whole lag, never longer.
        let passed = (self.now() - pending.at).to_std().unwrap_or(Duration::ZERO);
        let left = lag.saturating_sub(passed);
        if left > LONGEST_WAIT {
            return false;
        }
        if !left.is_zero() {
            self.desk.rest.rest(left).await;
        }
        true
    }

    pub(super) fn made(&mut self, mut ticket: Ticket, work: &Work, remote: &Remote) -> Result<(), StoreError> {
        ticket.state = TicketState::Open;
        ticket.remote = Some(remote.id.0.clone());
        ticket.url.clone_from(&remote.url);
        ticket.made_at = Some(self.now());
        ticket.pending = None;
        ticket.rejection = None;
        ticket.attempts = 0;
        ticket.not_before = None;
        let says = format!("made: {}", remote.id.0);
        self.keep_step(ticket, work.lines.clone(), Operation::Create, Outcome::Ok, &says)
    }

    fn rejected(&mut self, mut ticket: Ticket, work: &Work, reason: String) -> Result<Ended, StoreError> {
        self.refusal(&ticket, Operation::Create, &reason);
        let says = format!("refused: {reason}");
        ticket.state = TicketState::Rejected;
        ticket.pending = None;
        ticket.rejection = Some(Rejection { reason, digest: plan::digest(Task::Create, &work.draft) });
        self.keep_step(ticket, Vec::new(), Operation::Create, Outcome::Failed, &says)?;
        // One ticket that is refused says nothing about the next.
        Ok(Ended::Done)
    }

    /// Everything on it ended before it was made.
    fn never_made(&mut self, mut ticket: Ticket, lines: &[TicketLine]) -> Result<Ended, StoreError> {
        ticket.state = TicketState::Resolved;
        ticket.resolved_at = Some(self.now());
        ticket.pending = None;
        self.keep(ticket, lines.to_vec())?;
        Ok(Ended::Done)
    }
}

/// The record of a ticket that is about to be made, with what is known of earlier tries.
fn intended(work: &Work) -> Ticket {
    let mut ticket = work.ticket.clone();
    ticket.state = TicketState::Intended;
    ticket.pending = work.before.as_ref().and_then(|before| before.pending.clone());
    ticket
}
