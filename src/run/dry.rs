//! A store that answers from another one and keeps nothing: for dry runs.

use std::collections::BTreeSet;

use scan_contract::{AccessKind, Instant, ScopeName, SystemId};

use crate::findings::{Acknowledgement, Fingerprint, Memory};
use crate::report::{RunFacts, Totals};
use crate::store::outbox::{OperationCounts, Outbox, TicketBook, TicketChanges, TicketRun, TicketStanding};
use crate::store::{
    AcceptedRoster, HistoryLine, LedgerCheck, Opening, RunChanges, ScopeBaseline, Store, StoreError, SystemTimes,
};

/// Reads from `inner`; every write is taken and forgotten.
pub struct DryStore {
    inner: Box<dyn Store>,
}

impl std::fmt::Debug for DryStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DryStore(..)")
    }
}

impl DryStore {
    /// A dry store over another one.
    pub fn new(inner: Box<dyn Store>) -> Self {
        Self { inner }
    }
}

impl Outbox for DryStore {
    fn ticket_book(&self) -> Result<TicketBook, StoreError> {
        self.inner.ticket_book()
    }

    fn keep_tickets(&mut self, _: Instant, _: TicketChanges) -> Result<(), StoreError> {
        Ok(())
    }

    fn release_tickets(&mut self, _: &str, _: Instant, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn tickets_held(&self) -> Result<Vec<TicketRun>, StoreError> {
        self.inner.tickets_held()
    }

    fn ticket_standings(&self) -> Result<Vec<TicketStanding>, StoreError> {
        self.inner.ticket_standings()
    }

    fn ticket_known(&self) -> Result<BTreeSet<Fingerprint>, StoreError> {
        self.inner.ticket_known()
    }

    fn ticket_operations(&self) -> Result<OperationCounts, StoreError> {
        self.inner.ticket_operations()
    }
}

impl Store for DryStore {
    fn begin_run(&mut self, _: &str, _: Instant, _: &str) -> Result<Opening, StoreError> {
        Ok(Opening::default())
    }

    fn declare(&mut self, _: &str, _: &[(SystemId, ScopeName, String)]) -> Result<(), StoreError> {
        Ok(())
    }

    fn baseline(&self, system: &SystemId, scope: &ScopeName) -> Result<Option<ScopeBaseline>, StoreError> {
        self.inner.baseline(system, scope)
    }

    fn system_times(&self, system: &SystemId) -> Result<SystemTimes, StoreError> {
        self.inner.system_times(system)
    }

    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Memory>, StoreError> {
        self.inner.recall(fingerprint)
    }

    fn for_each_open(&self, visit: &mut dyn FnMut(Memory) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.inner.for_each_open(visit)
    }

    fn unattributed_since(
        &self,
        system: &SystemId,
        kind: AccessKind,
        grant_id: &str,
    ) -> Result<Option<Instant>, StoreError> {
        self.inner.unattributed_since(system, kind, grant_id)
    }

    fn leaver_checked(&self, person_id: &str, stint: u32) -> Result<bool, StoreError> {
        self.inner.leaver_checked(person_id, stint)
    }

    fn exception_idle_runs(&self, exception_id: &str) -> Result<u32, StoreError> {
        self.inner.exception_idle_runs(exception_id)
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.inner.totals()
    }

    fn last_success(&self) -> Result<Option<Instant>, StoreError> {
        self.inner.last_success()
    }

    fn config_since(&self) -> Result<Option<(String, Instant)>, StoreError> {
        self.inner.config_since()
    }

    fn accepted_roster(&self) -> Result<Option<AcceptedRoster>, StoreError> {
        self.inner.accepted_roster()
    }

    fn roster_figures_at(&self, instant: Instant) -> Result<Option<String>, StoreError> {
        self.inner.roster_figures_at(instant)
    }

    fn roster_released(&self, digest: &str) -> Result<Option<Instant>, StoreError> {
        self.inner.roster_released(digest)
    }

    fn release_roster(&mut self, _: &str, _: Instant, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn acknowledge(&mut self, _: &Fingerprint, _: &Acknowledgement) -> Result<(), StoreError> {
        Ok(())
    }

    fn accept_drop(&mut self, _: &SystemId, _: &ScopeName, _: &str, _: Instant) -> Result<(), StoreError> {
        Ok(())
    }

    fn drops_accepted(&self) -> Result<u64, StoreError> {
        self.inner.drops_accepted()
    }

    fn carry_over(&mut self, _: &str, _: Instant, _: &Fingerprint, _: Memory) -> Result<(), StoreError> {
        Ok(())
    }

    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<HistoryLine>, StoreError> {
        self.inner.history(fingerprint)
    }

    fn apply(&mut self, _: &str, _: Instant, _: RunChanges) -> Result<(), StoreError> {
        Ok(())
    }

    fn end_run(&mut self, _: &RunFacts, _: &[u8], _: usize) -> Result<(), StoreError> {
        Ok(())
    }

    fn reports(&self) -> Result<Vec<(String, Instant)>, StoreError> {
        self.inner.reports()
    }

    fn report(&self, run_id: &str) -> Result<Vec<u8>, StoreError> {
        self.inner.report(run_id)
    }

    fn verify_ledger(&self) -> Result<LedgerCheck, StoreError> {
        self.inner.verify_ledger()
    }
}
