//! How our open tickets stand in the tracker: closed by hand, opened again by a person, gone.

use super::{Ended, Session, cause_of};
use crate::hostile;
use crate::store::StoreError;
use crate::store::outbox::{ClosedByHand, Operation, Outcome, Ticket, TicketBook, TicketLine, TicketState};
use crate::tickets::settings::Route;
use crate::tickets::tracker::{Remote, RemoteId, Sighted, Standing, TicketKey, Tracker};

/// Longest foreign word that is kept.
const WORD: usize = 80;

impl Session<'_, '_> {
    /// Reads each of our open tickets by its id.
    pub(super) async fn observe(
        &mut self,
        route: &Route,
        tracker: &dyn Tracker,
        book: &TicketBook,
    ) -> Result<(), StoreError> {
        let own = book.tickets.iter().filter(|ticket| ticket.tracker == route.id.as_str());
        for ticket in own.filter(|ticket| is_watched(ticket)) {
            if self.down.contains(route.id.as_str()) {
                break;
            }
            let Some(remote) = &ticket.remote else { continue };
            let ended = match tracker.read(&RemoteId(remote.clone())).await {
                Ok(Sighted::Found(found)) => {
                    self.found(ticket, &found)?;
                    Ended::Done
                }
                Ok(Sighted::Missing { why }) => self.missing(tracker, ticket, &lines_of(book, ticket), &why).await?,
                Err(error) => self.fault(ticket, Operation::Revise, &cause_of(&error)),
            };
            self.note_end(route.id.as_str(), &ended);
        }
        Ok(())
    }

    fn found(&mut self, before: &Ticket, remote: &Remote) -> Result<(), StoreError> {
        let now = self.now();
        let mut ticket = before.clone();
        ticket.url = remote.url.clone().or(ticket.url);
        // A comment in doubt is the plan's: it is not said again.
        let begun =
            ticket.pending.take_if(|pending| pending.operation != Operation::Comment).map(|pending| pending.operation);
        match &remote.standing {
            Standing::Open => {
                if begun == Some(Operation::Reopen) {
                    super::settled(&mut ticket);
                    let by_hand = ticket.by_hand.is_some() && ticket.state == TicketState::Open;
                    ticket.reopened_by_us += u32::from(by_hand);
                    ticket.stale = true;
                }
                let opened = begun == Some(Operation::Reopen)
                    || matches!(ticket.state, TicketState::Refused | TicketState::Disputed);
                if opened {
                    ticket.state = TicketState::Open;
                    ticket.resolved_at = None;
                }
                if ticket.state == TicketState::Open {
                    ticket.by_hand = None;
                }
            }
            Standing::Done { .. } if begun == Some(Operation::Resolve) => {
                super::settled(&mut ticket);
                ticket.state = TicketState::Resolved;
                ticket.resolved_at = Some(now);
            }
            Standing::Done { refused, word, at } if ticket.state == TicketState::Open && ticket.by_hand.is_none() => {
                let word = hostile::short(word, WORD);
                self.remark(&ticket, format!("closed by hand ({word})"));
                // A clock that is ahead of ours must not hide what is read from now on.
                let at = at.map_or(now, |at| at.min(now));
                ticket.by_hand = Some(ClosedByHand { at, word, refused: *refused });
            }
            Standing::Done { .. } => {}
        }
        if ticket != *before {
            self.keep(ticket, Vec::new())?;
        }
        Ok(())
    }

    /// A ticket that is not where it was is looked for once (TKT-4): moved, or gone.
    async fn missing(
        &mut self,
        tracker: &dyn Tracker,
        before: &Ticket,
        lines: &[TicketLine],
        why: &str,
    ) -> Result<Ended, StoreError> {
        let mut keys = vec![TicketKey::of_label(&before.key)];
        keys.extend(lines.iter().map(|line| TicketKey::of_finding(&line.fingerprint)));
        let found = match tracker.find(&keys).await {
            Ok(found) => found,
            Err(error) => return Ok(self.fault(before, Operation::Revise, &cause_of(&error))),
        };
        let mut ticket = before.clone();
        ticket.pending = None;
        let own = |remote: &&Remote| remote.keys.contains(&keys[0]) && Some(&remote.id.0) != before.remote.as_ref();
        if let Some(moved) = found.iter().filter(own).min_by_key(|remote| remote.standing != Standing::Open) {
            self.remark(&ticket, format!("moved: it is {} now", hostile::short(&moved.id.0, WORD)));
            ticket.remote = Some(moved.id.0.clone());
            ticket.url.clone_from(&moved.url);
            self.keep_step(ticket, Vec::new(), Operation::Revise, Outcome::Ok, "moved; found by its key")?;
            return Ok(Ended::Done);
        }
        self.remark(&ticket, format!("missing: {}. It is reported, and not made again", hostile::short(why, 200)));
        ticket.state = TicketState::Missing;
        self.keep_step(ticket, Vec::new(), Operation::Revise, Outcome::Failed, "missing; looked for once")?;
        Ok(Ended::Done)
    }
}

/// Tickets whose standing matters: open ones, those that people may open again, and those with a step in doubt.
fn is_watched(ticket: &Ticket) -> bool {
    matches!(ticket.state, TicketState::Open | TicketState::Refused | TicketState::Disputed)
        || (ticket.pending.is_some() && ticket.state == TicketState::Resolved)
}

pub(super) fn lines_of(book: &TicketBook, ticket: &Ticket) -> Vec<TicketLine> {
    let own = |line: &&TicketLine| line.tracker == ticket.tracker && line.ticket == ticket.key;
    book.lines.iter().filter(own).cloned().collect()
}
