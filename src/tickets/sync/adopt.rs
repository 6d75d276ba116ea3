//! Taking over a ticket that is there already: made by a program that was killed, by an answer that was lost, or by an
//! earlier state directory.

use std::collections::BTreeSet;

use super::{Ended, Session};
use crate::hostile;
use crate::store::StoreError;
use crate::store::outbox::{ClosedByHand, Operation, Outcome, Ticket, TicketChanges, TicketLine, TicketState, Unit};
use crate::tickets::plan::Work;
use crate::tickets::tracker::{Remote, RemoteId, Standing, TicketKey, Tracker, TrackerError};

impl Session<'_, '_> {
    /// Takes over what was found. Findings that stand on another ticket stay there: one ticket a finding, for ever.
    pub(super) async fn adopt(
        &mut self,
        tracker: &dyn Tracker,
        ticket: Ticket,
        work: &Work,
        found: &[Remote],
    ) -> Result<Ended, StoreError> {
        let own = &work.draft.key;
        let mut remotes: Vec<&Remote> = found.iter().collect();
        // An open one of the same finding goes before a closed one with our key: a lost record counts generations anew.
        remotes
            .sort_by_key(|remote| (remote.standing != Standing::Open, !remote.keys.contains(own), remote.id.clone()));
        remotes.dedup_by(|left, right| left.id == right.id);
        let Some((main, others)) = remotes.split_first() else { return Ok(Ended::Done) };
        self.outcome.adopted += 1;
        let mut lines = work.lines.clone();
        // It may have been made for another group: whatever else is to be put on new tickets may stand on it already.
        match self.also_on(tracker, main, &lines).await {
            Ok(more) => lines.extend(more.into_iter().map(|line| TicketLine { ticket: ticket.key.clone(), ..line })),
            Err(error) => return Ok(self.fault(&ticket, Operation::Create, &super::cause_of(&error))),
        }
        for other in others {
            let moved = theirs(main, other, &lines);
            if moved.is_empty() {
                let shown = hostile::short(&other.id.0, 80);
                let says =
                    format!("{shown} carries the same findings; it was not made by this record and is left alone");
                self.remark(&ticket, says);
                continue;
            }
            let more = match self.also_on(tracker, other, &lines).await {
                Ok(more) => more,
                Err(error) => return Ok(self.fault(&ticket, Operation::Create, &super::cause_of(&error))),
            };
            lines.retain(|line| !moved.contains(line));
            self.stand_aside(&ticket, other, moved, more)?;
        }
        let mut ticket = self.taken_over(ticket, main);
        ticket.stale = main.standing == Standing::Open;
        self.known.insert((ticket.tracker.clone(), main.id.0.clone()), ticket.key.clone());
        let says = format!("found: {}", main.id.0);
        self.keep_step(ticket.clone(), lines.clone(), Operation::Create, Outcome::Ok, &says)?;
        if !ticket.stale || lines != work.lines {
            // Closed there, or with other lines than planned: the next plan sees to it.
            return Ok(Ended::Done);
        }
        // Its text may be older than what is known now.
        match tracker.revise(&RemoteId(main.id.0.clone()), &work.draft).await {
            Ok(()) => {
                ticket.stale = false;
                self.keep_step(ticket, Vec::new(), Operation::Revise, Outcome::Ok, "set again")?;
                Ok(Ended::Done)
            }
            Err(error) => Ok(self.fault(&ticket, Operation::Revise, &super::cause_of(&error))),
        }
    }

    /// Other findings of this plan that a found ticket carries, and that stand on none yet.
    async fn also_on(
        &mut self,
        tracker: &dyn Tracker,
        remote: &Remote,
        lines: &[TicketLine],
    ) -> Result<Vec<TicketLine>, TrackerError> {
        let own = |line: &&TicketLine| lines.iter().any(|known| known.fingerprint == line.fingerprint);
        let placed = |line: &&TicketLine| self.elsewhere.contains(&line.fingerprint);
        let others: Vec<TicketLine> = self.wanted.iter().filter(|line| !own(line) && !placed(line)).cloned().collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<TicketKey> = others.iter().map(|line| TicketKey::of_finding(&line.fingerprint)).collect();
        let found = tracker.find(&keys).await?;
        let carried: BTreeSet<TicketKey> =
            found.into_iter().filter(|found| found.id == remote.id).flat_map(|found| found.keys).collect();
        let more: Vec<TicketLine> =
            others.into_iter().filter(|line| carried.contains(&TicketKey::of_finding(&line.fingerprint))).collect();
        self.elsewhere.extend(more.iter().map(|line| line.fingerprint));
        Ok(more)
    }

    fn taken_over(&self, mut ticket: Ticket, remote: &Remote) -> Ticket {
        let now = self.now();
        ticket.state = TicketState::Open;
        ticket.remote = Some(remote.id.0.clone());
        ticket.url.clone_from(&remote.url);
        ticket.made_at = Some(now);
        ticket.pending = None;
        ticket.rejection = None;
        ticket.attempts = 0;
        ticket.not_before = None;
        ticket.by_hand = match &remote.standing {
            Standing::Open => None,
            Standing::Done { refused, word, at } => Some(ClosedByHand {
                at: at.map_or(now, |at| at.min(now)),
                word: hostile::short(word, 80),
                refused: *refused,
            }),
        };
        ticket
    }

    /// Another ticket that carries findings of this one, which stay with it, and more that are to be put on new tickets.
    fn stand_aside(
        &mut self,
        ticket: &Ticket,
        other: &Remote,
        moved: Vec<TicketLine>,
        more: Vec<TicketLine>,
    ) -> Result<(), StoreError> {
        let Some(first) = moved.first() else { return Ok(()) };
        let key = TicketKey::of_finding(&first.fingerprint).to_string();
        let aside =
            Ticket { key: key.clone(), unit: Unit::Finding, group: key.clone(), generation: 0, ..ticket.clone() };
        let aside = Ticket { stale: true, ..self.taken_over(aside, other) };
        let shown = hostile::short(&other.id.0, 80);
        self.remark(&aside, format!("{} findings stand on {shown} already and stay there", moved.len() + more.len()));
        // Nobody else takes it over.
        self.known.insert((aside.tracker.clone(), other.id.0.clone()), key.clone());
        self.elsewhere.extend(moved.iter().map(|line| line.fingerprint));
        let lines = moved.into_iter().chain(more).map(|line| TicketLine { ticket: key.clone(), ..line }).collect();
        let changes = TicketChanges { tickets: vec![aside], lines, ..TicketChanges::default() };
        self.desk.outbox.keep_tickets(self.desk.clock.now(), changes)
    }
}

/// Findings that another ticket carries and the main one does not.
fn theirs(main: &Remote, other: &Remote, lines: &[TicketLine]) -> Vec<TicketLine> {
    let carries = |remote: &Remote, line: &TicketLine| remote.keys.contains(&TicketKey::of_finding(&line.fingerprint));
    lines.iter().filter(|line| carries(other, line) && !carries(main, line)).cloned().collect()
}
