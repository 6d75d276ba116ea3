//! Wishes, tickets and lines of the store in memory.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::Instant;

use super::memory::MemoryStore;
use super::outbox::{
    OperationCounts, Outbox, Ticket, TicketBook, TicketChanges, TicketLine, TicketRun, TicketStanding, Wish,
};
use super::{LedgerEvent, RunChanges, StoreError, outbox, outbox_form};
use crate::findings::{FindingState, Fingerprint};

/// What the store in memory knows of tickets.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawer {
    tickets: BTreeMap<(String, String), Ticket>,
    lines: BTreeMap<(String, Fingerprint), TicketLine>,
    wishes: BTreeMap<u64, Wish>,
    last_number: u64,
    runs: Vec<TicketRun>,
    operations: OperationCounts,
}

impl Drawer {
    fn add(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            self.last_number += 1;
            self.wishes.insert(self.last_number, Wish { number: self.last_number, ..wish });
        }
    }

    pub(super) fn take_run(&mut self, run_id: &str, at: Instant, changes: &mut RunChanges) {
        self.add(std::mem::take(&mut changes.wishes));
        let (hold, roster_digest) = (changes.roster_hold, changes.roster_digest.take());
        match self.runs.iter_mut().find(|run| run.run == run_id) {
            Some(run) => (run.at, run.hold, run.roster_digest) = (at, hold, roster_digest),
            None => self.runs.push(TicketRun {
                run: run_id.to_owned(),
                at,
                hold,
                roster_digest,
                verdict: None,
                released: None,
            }),
        }
    }

    pub(super) fn carry_over(&mut self, old: Fingerprint, new: Fingerprint) {
        for wish in self.wishes.values_mut().filter(|wish| wish.fingerprint == old) {
            wish.fingerprint = new;
        }
        let keys: Vec<(String, Fingerprint)> = self.lines.keys().filter(|(_, print)| *print == old).cloned().collect();
        for key in keys {
            if let Some(line) = self.lines.remove(&key) {
                self.lines.insert((key.0, new), TicketLine { fingerprint: new, ..line });
            }
        }
    }

    fn keep(&mut self, changes: TicketChanges) {
        for ticket in changes.tickets {
            self.tickets.insert((ticket.tracker.clone(), ticket.key.clone()), ticket);
        }
        for line in changes.lines {
            self.lines.insert((line.tracker.clone(), line.fingerprint), line);
        }
        self.add(changes.wishes);
        for number in changes.done {
            self.wishes.remove(&number);
        }
        for (id, verdict) in changes.verdicts {
            for run in self.runs.iter_mut().filter(|run| run.run == id) {
                run.verdict = Some(verdict.clone());
            }
        }
        for operation in changes.operations {
            *self.operations.entry(operation).or_default() += 1;
        }
    }

    fn all_tickets(&self) -> Vec<Ticket> {
        self.tickets.values().cloned().collect()
    }

    fn all_lines(&self) -> Vec<TicketLine> {
        self.lines.values().cloned().collect()
    }
}

impl Outbox for MemoryStore {
    fn ticket_book(&self) -> Result<TicketBook, StoreError> {
        let drawer = &self.drawer;
        let lines = drawer.all_lines();
        let tickets = drawer.all_tickets();
        let is_open = |print: &Fingerprint| {
            self.findings.get(print).is_some_and(|memory| memory.finding.state != FindingState::Closed)
        };
        let beside = outbox_form::shown_beside(&tickets, &lines, &is_open);
        let wanted = self.findings.iter().filter(|(print, _)| is_open(print) || beside.contains(print));
        let open = self.findings.values().filter(|memory| memory.finding.state.is_open());
        let digest = drawer.runs.last().and_then(|run| run.roster_digest.as_ref());
        Ok(TicketBook {
            tickets,
            memories: wanted.map(|(print, memory)| (*print, memory.clone())).collect(),
            lines,
            wishes: drawer.wishes.values().cloned().collect(),
            runs: drawer.runs.clone(),
            open_findings: open.count() as u64,
            roster_released: digest.is_some_and(|digest| self.released.contains_key(digest)),
        })
    }

    fn keep_tickets(&mut self, at: Instant, changes: TicketChanges) -> Result<(), StoreError> {
        for event in &changes.ledger {
            self.record(at, event.clone())?;
        }
        for (fingerprint, address) in &changes.addresses {
            if let Some(memory) = self.findings.get_mut(fingerprint) {
                memory.finding.ticket.clone_from(address);
            }
        }
        self.drawer.keep(changes);
        Ok(())
    }

    fn release_tickets(&mut self, run_id: &str, at: Instant, by: &str) -> Result<(), StoreError> {
        let Some(position) = self.drawer.runs.iter().position(|run| run.run == run_id) else {
            return Err(StoreError::Missing { what: format!("run {run_id}") });
        };
        self.record(at, LedgerEvent::TicketsReleased { run: run_id.to_owned(), by: by.to_owned() })?;
        self.drawer.runs[position].released = Some((at, by.to_owned()));
        Ok(())
    }

    fn tickets_held(&self) -> Result<Vec<TicketRun>, StoreError> {
        let wishes: Vec<Wish> = self.drawer.wishes.values().cloned().collect();
        Ok(outbox::held_runs(&self.drawer.runs, &wishes))
    }

    fn ticket_standings(&self) -> Result<Vec<TicketStanding>, StoreError> {
        Ok(outbox_form::standings(&self.drawer.all_tickets(), &self.drawer.all_lines()))
    }

    fn ticket_known(&self) -> Result<BTreeSet<Fingerprint>, StoreError> {
        let wishes: Vec<Wish> = self.drawer.wishes.values().cloned().collect();
        Ok(outbox_form::known_findings(&self.drawer.all_lines(), &wishes))
    }

    fn ticket_operations(&self) -> Result<OperationCounts, StoreError> {
        Ok(self.drawer.operations.clone())
    }
}
