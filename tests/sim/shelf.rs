//! The store of one company, in memory or on disk, whose n-th call fails, or in whose n-th call the program dies.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use holdover::findings::{Acknowledgement, Fingerprint, Memory};
use holdover::report::RunFacts;
use holdover::report::Totals;
use holdover::store::outbox::{OperationCounts, Outbox, TicketBook, TicketChanges, TicketRun, TicketStanding};
use holdover::store::{
    AcceptedRoster, HistoryLine, LedgerCheck, MemoryStore, Opening, RunChanges, ScopeBaseline, Store, StoreError,
    SystemTimes,
};
use holdover_kit::random::Random;
use scan_contract::{AccessKind, Instant, ScopeName, SystemId};

use crate::disk::Disk;
use crate::fault::{Fault, Met, Reached};

/// What happens at the n-th call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It fails, and nothing was done.
    Fails,
    /// The program dies before it is done.
    DiesBefore,
    /// It dies when it is durable, and nobody is told.
    DiesAfter,
    /// It is killed: what is on the disk at that moment is what is left.
    Killed,
}

#[derive(Debug, Clone, Copy)]
struct Strike {
    fault: Fault,
    /// Calls until then.
    left: u64,
    writes_only: bool,
    how: How,
}

enum Keep {
    Memory(Box<MemoryStore>),
    Disk(Box<Disk>),
}

/// The store.
pub(crate) struct Shelf {
    keep: Keep,
    strike: Cell<Option<Strike>>,
    dead: Cell<bool>,
    failed: Cell<bool>,
    met: Arc<Met>,
    /// Runs whose changes were committed.
    pub(crate) applied: u64,
}

fn struck(what: &str) -> StoreError {
    StoreError::Database { doing: "being simulated", detail: String::from(what) }
}

impl Shelf {
    pub(crate) fn new(on_disk: bool, met: &Arc<Met>) -> Self {
        let keep = if on_disk {
            Keep::Disk(Box::new(Disk::new(Arc::clone(met))))
        } else {
            Keep::Memory(Box::new(MemoryStore::new("simulation")))
        };
        let (strike, dead, failed) = (Cell::new(None), Cell::new(false), Cell::new(false));
        Self { keep, strike, dead, failed, met: Arc::clone(met), applied: 0 }
    }

    pub(crate) fn disk(&mut self) -> Option<&mut Disk> {
        match &mut self.keep {
            Keep::Memory(_) => None,
            Keep::Disk(disk) => Some(disk),
        }
    }

    /// Plans what goes wrong in the next calls: the first of these faults of the store.
    pub(crate) fn arm(&mut self, faults: &[Fault], random: &mut Random) {
        self.dead.set(false);
        self.failed.set(false);
        let Some(fault) = faults.first().copied() else { return };
        let how = match fault {
            Fault::StoreFails | Fault::SyncStoreFails => How::Fails,
            Fault::Killed => How::Killed,
            _ if random.chance(50) => How::DiesBefore,
            _ => How::DiesAfter,
        };
        let syncs = matches!(fault, Fault::SyncDies | Fault::SyncStoreFails);
        let writes_only = fault == Fault::SyncDies || random.chance(50);
        let calls = match (syncs, writes_only) {
            (true, _) => 12,
            (false, true) => 5,
            (false, false) => 90,
        };
        self.strike.set(Some(Strike { fault, left: random.below(calls), writes_only, how }));
    }

    /// Nothing goes wrong any more. Whether something did, and how: the program is started again where it died.
    pub(crate) fn disarm(&mut self, now: Instant) -> Result<bool, String> {
        self.strike.set(None);
        let (dead, failed) = (self.dead.replace(false), self.failed.replace(false));
        self.reopen(now)?;
        Ok(dead || failed)
    }

    /// The program ends and is started again.
    pub(crate) fn reopen(&mut self, now: Instant) -> Result<(), String> {
        match &mut self.keep {
            Keep::Memory(_) => Ok(()),
            Keep::Disk(disk) => disk.reopen(now),
        }
    }

    /// Counts a call; an error where it is the one. `Some`: it is done, and then the program dies.
    fn count(&self, writes: bool) -> Result<Option<Strike>, StoreError> {
        if self.dead.get() {
            return Err(struck("the program is dead"));
        }
        let Some(mut strike) = self.strike.get() else { return Ok(None) };
        if strike.writes_only && !writes {
            return Ok(None);
        }
        if strike.left > 0 {
            strike.left -= 1;
            self.strike.set(Some(strike));
            return Ok(None);
        }
        self.strike.set(None);
        self.met.fired(strike.fault);
        self.met.reached(Reached::StoreRefused);
        match strike.how {
            How::Fails => {
                self.failed.set(true);
                Err(struck("planted"))
            }
            How::DiesBefore => {
                self.dead.set(true);
                Err(struck("died"))
            }
            How::DiesAfter | How::Killed => Ok(Some(strike)),
        }
    }

    fn die(&self) -> StoreError {
        self.dead.set(true);
        struck("died")
    }

    fn inner(&self) -> &dyn Store {
        match &self.keep {
            Keep::Memory(store) => store.as_ref(),
            Keep::Disk(disk) => disk.store(),
        }
    }

    fn read<T>(&self, call: impl FnOnce(&dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let strike = self.count(false)?;
        let answer = call(self.inner());
        if let Some(strike) = strike {
            if let (How::Killed, Keep::Disk(disk)) = (strike.how, &self.keep) {
                disk.take_image();
            }
            return Err(self.die());
        }
        answer
    }

    fn write<T>(&mut self, call: impl FnOnce(&mut dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let strike = self.count(true)?;
        let answer = match &mut self.keep {
            Keep::Memory(store) => call(store.as_mut()),
            Keep::Disk(disk) => call(disk.store_mut()),
        };
        if answer.is_err() {
            self.failed.set(true);
        }
        if let Some(strike) = strike {
            if let (How::Killed, Keep::Disk(disk)) = (strike.how, &self.keep) {
                disk.take_image();
            }
            return Err(self.die());
        }
        answer
    }
}

impl Outbox for Shelf {
    fn ticket_book(&self) -> Result<TicketBook, StoreError> {
        self.read(|store| store.ticket_book())
    }

    fn keep_tickets(&mut self, at: Instant, changes: TicketChanges) -> Result<(), StoreError> {
        self.write(|store| store.keep_tickets(at, changes))
    }

    fn release_tickets(&mut self, run_id: &str, at: Instant, by: &str) -> Result<(), StoreError> {
        self.write(|store| store.release_tickets(run_id, at, by))
    }

    fn tickets_held(&self) -> Result<Vec<TicketRun>, StoreError> {
        self.read(|store| store.tickets_held())
    }

    fn ticket_standings(&self) -> Result<Vec<TicketStanding>, StoreError> {
        self.read(|store| store.ticket_standings())
    }

    fn ticket_known(&self) -> Result<BTreeSet<Fingerprint>, StoreError> {
        self.read(|store| store.ticket_known())
    }

    fn ticket_operations(&self) -> Result<OperationCounts, StoreError> {
        self.read(|store| store.ticket_operations())
    }
}

impl Store for Shelf {
    fn begin_run(&mut self, run_id: &str, started_at: Instant, config: &str) -> Result<Opening, StoreError> {
        self.write(|store| store.begin_run(run_id, started_at, config))
    }

    fn declare(&mut self, run_id: &str, scopes: &[(SystemId, ScopeName, String)]) -> Result<(), StoreError> {
        self.write(|store| store.declare(run_id, scopes))
    }

    fn baseline(&self, system: &SystemId, scope: &ScopeName) -> Result<Option<ScopeBaseline>, StoreError> {
        self.read(|store| store.baseline(system, scope))
    }

    fn system_times(&self, system: &SystemId) -> Result<SystemTimes, StoreError> {
        self.read(|store| store.system_times(system))
    }

    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Memory>, StoreError> {
        self.read(|store| store.recall(fingerprint))
    }

    fn for_each_open(&self, visit: &mut dyn FnMut(Memory) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.read(|store| store.for_each_open(visit))
    }

    fn unattributed_since(
        &self,
        system: &SystemId,
        kind: AccessKind,
        grant_id: &str,
    ) -> Result<Option<Instant>, StoreError> {
        self.read(|store| store.unattributed_since(system, kind, grant_id))
    }

    fn leaver_checked(&self, person_id: &str, stint: u32) -> Result<bool, StoreError> {
        self.read(|store| store.leaver_checked(person_id, stint))
    }

    fn config_since(&self) -> Result<Option<(String, Instant)>, StoreError> {
        self.read(|store| store.config_since())
    }

    fn exception_idle_runs(&self, exception_id: &str) -> Result<u32, StoreError> {
        self.read(|store| store.exception_idle_runs(exception_id))
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.read(|store| store.totals())
    }

    fn accepted_roster(&self) -> Result<Option<AcceptedRoster>, StoreError> {
        self.read(|store| store.accepted_roster())
    }

    fn roster_figures_at(&self, instant: Instant) -> Result<Option<String>, StoreError> {
        self.read(|store| store.roster_figures_at(instant))
    }

    fn roster_released(&self, digest: &str) -> Result<Option<Instant>, StoreError> {
        self.read(|store| store.roster_released(digest))
    }

    fn release_roster(&mut self, digest: &str, at: Instant, by: &str) -> Result<(), StoreError> {
        self.write(|store| store.release_roster(digest, at, by))
    }

    fn acknowledge(&mut self, fingerprint: &Fingerprint, acknowledgement: &Acknowledgement) -> Result<(), StoreError> {
        self.write(|store| store.acknowledge(fingerprint, acknowledgement))
    }

    fn accept_drop(
        &mut self,
        system: &SystemId,
        scope: &ScopeName,
        run_id: &str,
        at: Instant,
    ) -> Result<(), StoreError> {
        self.write(|store| store.accept_drop(system, scope, run_id, at))
    }

    fn drops_accepted(&self) -> Result<u64, StoreError> {
        self.read(|store| store.drops_accepted())
    }

    fn carry_over(&mut self, run_id: &str, at: Instant, old: &Fingerprint, memory: Memory) -> Result<(), StoreError> {
        self.write(|store| store.carry_over(run_id, at, old, memory))
    }

    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<HistoryLine>, StoreError> {
        self.read(|store| store.history(fingerprint))
    }

    fn last_success(&self) -> Result<Option<Instant>, StoreError> {
        self.read(|store| store.last_success())
    }

    fn apply(&mut self, run_id: &str, at: Instant, changes: RunChanges) -> Result<(), StoreError> {
        let mut done = false;
        let answer = self.write(|store| {
            store.apply(run_id, at, changes)?;
            done = true;
            Ok(())
        });
        self.applied += u64::from(done);
        answer
    }

    fn end_run(&mut self, facts: &RunFacts, report: &[u8], keep: usize) -> Result<(), StoreError> {
        self.write(|store| store.end_run(facts, report, keep))
    }

    fn reports(&self) -> Result<Vec<(String, Instant)>, StoreError> {
        self.read(|store| store.reports())
    }

    fn report(&self, run_id: &str) -> Result<Vec<u8>, StoreError> {
        self.read(|store| store.report(run_id))
    }

    fn verify_ledger(&self) -> Result<LedgerCheck, StoreError> {
        self.read(|store| store.verify_ledger())
    }
}
