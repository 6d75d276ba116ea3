//! Revising, commenting, opening again, closing.

use chrono::TimeDelta;

use super::{Ended, Session, failed};
use crate::store::StoreError;
use crate::store::outbox::{Operation, Outcome, Pending, Rejection, Ticket};
use crate::tickets::plan::{self, Task, Work};
use crate::tickets::text::Text;
use crate::tickets::tracker::{RemoteId, Sighted, Standing, Tracker, TrackerError};

impl Session<'_, '_> {
    /// Sets the text, then says what is new. The text is set first: it can be set again, a comment cannot be taken back.
    pub(super) async fn revise(&mut self, tracker: &dyn Tracker, work: &Work) -> Result<Ended, StoreError> {
        let Some(id) = remote_of(work) else { return Ok(Ended::Done) };
        let (ticket, ended) = self.set_text(tracker, &id, work).await?;
        let Some(mut ticket) = ticket else { return Ok(ended) };
        let Some(comment) = &work.comment else {
            self.keep_step(ticket, work.lines.clone(), Operation::Revise, Outcome::Ok, "text set")?;
            return Ok(ended);
        };
        // What may have been said is not said again: a program killed from here on leaves this mark.
        self.begin(work, Operation::Comment)?;
        ticket.commented_in = Some(self.run.clone());
        match tracker.comment(&id, comment).await {
            Ok(()) => {
                *self.outcome.done.entry((ticket.tracker.clone(), Operation::Revise)).or_default() += 1;
                self.keep_step(ticket, work.lines.clone(), Operation::Comment, Outcome::Ok, "said what is new")?;
                Ok(ended)
            }
            Err(TrackerError::Rejected { reason }) => {
                self.refusal(&ticket, Operation::Comment, &reason);
                let says = format!("refused: {reason}");
                self.keep_step(ticket, work.lines.clone(), Operation::Comment, Outcome::Failed, &says)?;
                Ok(Ended::Done)
            }
            Err(TrackerError::MayHaveHappened(cause)) => {
                let says = format!("the answer was lost, and it is not repeated: {cause}");
                self.remark(&ticket, says.clone());
                self.keep_step(ticket, work.lines.clone(), Operation::Comment, Outcome::Failed, &says)?;
                Ok(Ended::Failed)
            }
            Err(TrackerError::NotDone(cause)) => {
                let ended = self.fault(&ticket, Operation::Comment, &cause);
                self.not_done(work, Operation::Comment, &cause)?;
                Ok(ended)
            }
        }
    }

    /// Sets the text. Gives the record to go on with; `None` where the tracker did not do it.
    async fn set_text(
        &mut self,
        tracker: &dyn Tracker,
        id: &RemoteId,
        work: &Work,
    ) -> Result<(Option<Ticket>, Ended), StoreError> {
        // A program that is killed from here on leaves this mark: the text may say "gone" of access that comes back.
        if let Some(before) = work.before.as_ref().filter(|before| !before.stale) {
            self.keep(Ticket { stale: true, ..before.clone() }, Vec::new())?;
        }
        let mut ticket = work.ticket.clone();
        match tracker.revise(id, &work.draft).await {
            Ok(()) => {
                ticket.stale = false;
                ticket.rejection = None;
                ticket.attempts = 0;
                ticket.not_before = None;
                Ok((Some(ticket), Ended::Done))
            }
            Err(TrackerError::Rejected { reason }) => {
                // The news can still be told in a comment, and the refusal is not repeated unchanged.
                self.refusal(&ticket, Operation::Revise, &reason);
                ticket.rejection = Some(Rejection { reason, digest: plan::digest(work.task, &work.draft) });
                ticket.stale = false;
                Ok((Some(ticket), Ended::Done))
            }
            Err(TrackerError::NotDone(cause) | TrackerError::MayHaveHappened(cause)) => {
                // Setting a text twice is harmless.
                let ended = self.fault(&ticket, Operation::Revise, &cause);
                self.not_done(work, Operation::Revise, &cause)?;
                Ok((None, ended))
            }
        }
    }

    pub(super) async fn reopen(&mut self, tracker: &dyn Tracker, work: &Work) -> Result<Ended, StoreError> {
        let Some(id) = remote_of(work) else { return Ok(Ended::Done) };
        let text = work.comment.clone().unwrap_or_default();
        let begun = self.begin(work, Operation::Reopen)?;
        let mut ticket = Ticket { pending: None, stale: true, ..work.ticket.clone() };
        super::settled(&mut ticket);
        ticket.commented_in = Some(self.run.clone());
        match tracker.reopen(&id, &text).await {
            Ok(()) => {}
            Err(TrackerError::Rejected { reason }) => return self.refused(begun, work, Operation::Reopen, reason),
            Err(TrackerError::NotDone(cause)) => {
                let begun = Ticket { pending: None, ..begun };
                return self.put_off(begun, Operation::Reopen, &cause, "not done");
            }
            Err(TrackerError::MayHaveHappened(cause)) => {
                if self.stands(tracker, &id).await != Some(Standing::Open) {
                    // Left as begun: the next sync looks how it stands before anything is repeated.
                    return self.put_off(begun, Operation::Reopen, &cause, "the answer was lost");
                }
            }
        }
        self.keep_step(ticket.clone(), work.lines.clone(), Operation::Reopen, Outcome::Ok, "opened again")?;
        if tracker.revise(&id, &work.draft).await.is_ok() {
            ticket.stale = false;
            self.keep_step(ticket, Vec::new(), Operation::Revise, Outcome::Ok, "text set")?;
        }
        Ok(Ended::Done)
    }

    pub(super) async fn resolve(&mut self, tracker: &dyn Tracker, work: &Work) -> Result<Ended, StoreError> {
        let Some(id) = remote_of(work) else { return Ok(Ended::Done) };
        let text: Text = work.comment.clone().unwrap_or_default();
        let (set, ended) = self.set_text(tracker, &id, work).await?;
        if set.is_none() {
            return Ok(ended);
        }
        let begun = self.begin(work, Operation::Resolve)?;
        let mut ticket = Ticket { pending: None, stale: false, ..work.ticket.clone() };
        super::settled(&mut ticket);
        match tracker.resolve(&id, &text).await {
            Ok(()) => {}
            Err(TrackerError::Rejected { reason }) => return self.refused(begun, work, Operation::Resolve, reason),
            Err(TrackerError::NotDone(cause)) => {
                let begun = Ticket { pending: None, ..begun };
                return self.put_off(begun, Operation::Resolve, &cause, "not done");
            }
            Err(TrackerError::MayHaveHappened(cause)) => {
                let stands = self.stands(tracker, &id).await;
                if !matches!(stands, Some(Standing::Done { .. })) {
                    return self.put_off(begun, Operation::Resolve, &cause, "the answer was lost");
                }
            }
        }
        self.keep_step(ticket, work.lines.clone(), Operation::Resolve, Outcome::Ok, "closed with proof")?;
        Ok(Ended::Done)
    }

    /// Writes down that a step is about to be asked for, after its text was set; everything else stays as it was. Gives the
    /// record as it is kept.
    fn begin(&mut self, work: &Work, operation: Operation) -> Result<Ticket, StoreError> {
        let mut ticket = work.before.clone().unwrap_or_else(|| work.ticket.clone());
        ticket.pending = Some(Pending { operation, at: self.now() });
        // A comment and a close come after a new text, and what the text says is recorded with them.
        ticket.stale |= matches!(operation, Operation::Comment | Operation::Resolve);
        if matches!(operation, Operation::Reopen | Operation::Resolve) {
            // Most trackers take the comment first and the state after it. From here on nobody knows whether the
            // comment is there, so this run makes no other one, also after a kill.
            ticket.commented_in = Some(self.run.clone());
            ticket.attempts = ticket.attempts.saturating_add(1);
        }
        self.keep(ticket.clone(), Vec::new())?;
        Ok(ticket)
    }

    /// Closing or opening again did not come about, and its comment may be there.
    ///
    /// What remains: each try of a later run may add one more comment. So tries get rarer, up to a week apart for a
    /// close and a day for an access that is back. In the meantime the finding counts as pending.
    fn put_off(
        &mut self,
        mut begun: Ticket,
        operation: Operation,
        cause: &scan_contract::Cause,
        why: &str,
    ) -> Result<Ended, StoreError> {
        let ended = self.fault(&begun, operation, cause);
        let task = if operation == Operation::Resolve { Task::Resolve } else { Task::Reopen };
        let wait = TimeDelta::minutes(1_i64 << begun.attempts.min(14));
        begun.not_before = Some(self.now() + wait.min(task.longest_wait()));
        self.keep_step(begun, Vec::new(), operation, Outcome::Failed, &format!("{why}: {cause}"))?;
        Ok(ended)
    }

    fn not_done(&mut self, work: &Work, operation: Operation, cause: &scan_contract::Cause) -> Result<(), StoreError> {
        let before = work.before.clone().unwrap_or_else(|| work.ticket.clone());
        // What was in doubt before stays so: this step says nothing of it.
        let pending = before.pending.clone();
        let mut ticket = Ticket { pending, ..failed(before, self.now()) };
        // The text may have been set, and was before a comment: it may be news that a later run takes back.
        ticket.stale = true;
        self.keep_step(ticket, Vec::new(), operation, Outcome::Failed, &format!("not done: {cause}"))
    }

    fn refused(
        &mut self,
        mut ticket: Ticket,
        work: &Work,
        operation: Operation,
        reason: String,
    ) -> Result<Ended, StoreError> {
        self.refusal(&ticket, operation, &reason);
        let says = format!("refused: {reason}");
        ticket.pending = None;
        ticket.rejection = Some(Rejection { reason, digest: plan::digest(work.task, &work.draft) });
        self.keep_step(ticket, Vec::new(), operation, Outcome::Failed, &says)?;
        Ok(Ended::Done)
    }

    /// How it stands now; `None` where that is not known.
    async fn stands(&self, tracker: &dyn Tracker, id: &RemoteId) -> Option<Standing> {
        match tracker.read(id).await {
            Ok(Sighted::Found(remote)) => Some(remote.standing),
            Ok(Sighted::Missing { .. }) | Err(_) => None,
        }
    }
}

fn remote_of(work: &Work) -> Option<RemoteId> {
    work.ticket.remote.clone().map(RemoteId)
}
