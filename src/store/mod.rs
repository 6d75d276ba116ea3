//! What is kept between runs, and the ledger.
//!
//! The trait speaks in whole use cases, so that a run can be simulated with a store in memory and any database can
//! stand behind it. A run that cannot write claims nothing.
//!
//! | file | what is in it |
//! |---|---|
//! | [`sqlite`] | the store on disk |
//! | [`memory`] | the store in memory, for simulations and tests |
//! | [`directory`] | the state directory: modes, owners, links, network file systems, atomic writing |
//! | [`lock`] | one writer at a time |
//! | [`ledger`] | the hash chain, its exported file and the checkpoint |
//! | [`outbox`] | wishes of runs, tickets, and which finding stands on which |
//! | `event` | what the ledger tells |
//! | [`record`], [`totals`] | the stored form of a finding, and of the figures over all runs |
//!
//! This room never decides anything about access, never deletes a damaged file, and never replaces a store by an
//! empty one. It alone speaks SQL.

pub mod directory;
mod event;
pub mod ledger;
pub mod lock;
pub mod memory;
mod memory_outbox;
pub mod outbox;
mod outbox_form;
#[cfg(test)]
mod outbox_suite;
pub mod pseudonym;
pub mod record;
#[cfg(test)]
mod record_tests;
#[cfg(test)]
pub(crate) mod sample;
pub mod sqlite;
#[cfg(test)]
mod suite;
pub mod totals;

pub use event::{HistoryLine, LedgerEvent};
pub use memory::MemoryStore;
pub use outbox::{Outbox, TicketFigures};
pub use sqlite::{OpenOptions, SqliteStore};

use scan_contract::{AccessKind, Instant, ScopeName, SystemId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::findings::{Acknowledgement, Fingerprint, Memory};
use crate::report::{RunFacts, ScopeFact, Totals};

/// Why the store could not do what was asked. Every variant ends a run with exit code 6, except `Busy` with 7.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another run holds it.
    #[error("another run holds the store at {path} (process {holder}, since {since})")]
    Busy {
        /// State directory.
        path: String,
        /// What the holder wrote about itself.
        holder: String,
        /// Since when.
        since: String,
    },
    /// It is damaged. It was moved aside, never deleted.
    #[error(
        "the store {path} is damaged: {detail}; it was kept as {kept_as}. Restore a backup, or start anew with an empty state directory"
    )]
    Damaged {
        /// Database file.
        path: String,
        /// What the check said.
        detail: String,
        /// Where it is kept.
        kept_as: String,
    },
    /// It was written by a newer version.
    #[error("the store {path} has schema version {found}, this program knows {known}: use the newer program")]
    Newer {
        /// Database file.
        path: String,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// An older copy was put back: the exported checkpoint knows more.
    #[error(
        "the store at {path} is older than its last checkpoint (serial {found}, checkpoint {expected}): an older copy was put back"
    )]
    RolledBack {
        /// State directory.
        path: String,
        /// Serial in the store.
        found: u64,
        /// Serial in the checkpoint.
        expected: u64,
    },
    /// The ledger's chain is broken.
    #[error("the ledger {path} is broken at record {sequence}: {detail}")]
    LedgerBroken {
        /// File or table.
        path: String,
        /// First record that does not fit.
        sequence: u64,
        /// What does not fit.
        detail: String,
    },
    /// A path has rights, an owner or a form that is refused (FIL-1, STO-7).
    #[error("{path} is refused: {why}")]
    Refused {
        /// Path.
        path: String,
        /// Why, and what to do.
        why: String,
    },
    /// Writing or reading failed.
    #[error("{doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: String,
        /// What came back.
        #[source]
        source: std::io::Error,
    },
    /// The database failed; the text is the database's own.
    #[error("{doing}: {detail}")]
    Database {
        /// What was tried.
        doing: &'static str,
        /// What came back.
        detail: String,
    },
    /// What was asked for is not there.
    #[error("{what} is not in the store")]
    Missing {
        /// What.
        what: String,
    },
}

/// What a run finds when it begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Opening {
    /// The last run that ended, if any.
    pub previous_run: Option<PreviousRun>,
    /// Runs that were killed; they are marked `interrupted` now (STO-3).
    pub interrupted_runs: Vec<String>,
    /// Serial of the store after this run began; only grows.
    pub serial: u64,
    /// Lineage of the store.
    pub lineage: String,
    /// The latest wall time any run recorded: if it lies after now, the clock went back.
    pub latest_recorded_at: Option<Instant>,
    /// Configuration digest of the last run, and since when it holds.
    pub config: Option<(String, Instant)>,
}

/// The last run that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviousRun {
    /// Its id.
    pub id: String,
    /// When it ended.
    pub ended_at: Instant,
    /// Roster digest in force then.
    pub roster_digest: Option<String>,
}

/// What the last complete read of a scope showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScopeBaseline {
    /// Run that read it.
    pub run_id: String,
    /// Distinct objects; the lower figure that an operator accepted since then, if one did.
    pub objects: u64,
    /// Instant its data described.
    pub as_of: Option<Instant>,
    /// When it was read.
    pub read_at: Instant,
    /// A drop that an operator accepted for this scope, by run id.
    pub drop_accepted_for: Option<String>,
}

/// Times remembered of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SystemTimes {
    /// Last run in which the scanner came to its own end.
    pub last_success_at: Option<Instant>,
    /// Last run without any gap.
    pub last_complete_at: Option<Instant>,
}

/// The last accepted roster, in the form the roster room wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedRoster {
    /// Digest of its files.
    pub digest: String,
    /// When it was accepted.
    pub accepted_at: Instant,
    /// By command, or by passing the gates.
    pub accepted_by: String,
    /// The room's own archive (compressed), from which it can be loaded again.
    pub archive: Vec<u8>,
    /// The room's own figures for the gates, as JSON.
    pub figures: String,
}

/// Everything a run changes, committed in one transaction.
#[derive(Debug, Default)]
pub struct RunChanges {
    /// Findings as they are now.
    pub memories: Vec<Memory>,
    /// Ledger, in order.
    pub ledger: Vec<LedgerEvent>,
    /// Scopes as they ended.
    pub scopes: Vec<(SystemId, ScopeFact)>,
    /// System times.
    pub systems: Vec<(SystemId, SystemTimes)>,
    /// Figures over all runs.
    pub totals: Totals,
    /// Leavers whose first complete check is done: person id and stint.
    pub leavers_checked: Vec<(String, u32)>,
    /// Grants listed without an owner: (system, kind, grant id).
    pub unattributed: Vec<(SystemId, AccessKind, String)>,
    /// Complete runs in a row in which each exception matched nothing.
    pub exception_idle_runs: Vec<(String, u32)>,
    /// Roster to remember as accepted.
    pub accepted_roster: Option<AcceptedRoster>,
    /// What tickets should tell of it (TKT-1).
    pub wishes: Vec<outbox::Wish>,
    /// Whether the roster keeps new tickets back.
    pub roster_hold: Option<outbox::RosterHold>,
    /// Digest of the newest roster.
    pub roster_digest: Option<String>,
}

/// Result of checking the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCheck {
    /// Records in the chain.
    pub records: u64,
    /// Hash of the last record, lower-case hex.
    pub head: String,
    /// Lineage.
    pub lineage: String,
    /// Serial.
    pub serial: u64,
}

/// Whether a run counts as a success: what it says was read, believed and written.
pub(crate) fn is_success(facts: &RunFacts) -> bool {
    let flags = &facts.flags;
    !(flags.gaps || flags.roster_held || flags.interrupted || flags.store_failed)
}

/// What is kept between runs. One writer; opened for writing, it holds the lock.
pub trait Store: Outbox + Send {
    /// Begins a run: marks killed ones, raises the serial, writes the start into the ledger. The same id may come
    /// again: a run with a chosen clock is named after that instant.
    fn begin_run(&mut self, run_id: &str, started_at: Instant, config_digest: &str) -> Result<Opening, StoreError>;

    /// Writes declared scopes down as not attempted, before anything is read (COV-1).
    fn declare(&mut self, run_id: &str, scopes: &[(SystemId, ScopeName, String)]) -> Result<(), StoreError>;

    /// What the last complete read of a scope showed.
    fn baseline(&self, system: &SystemId, scope: &ScopeName) -> Result<Option<ScopeBaseline>, StoreError>;

    /// Times of a system.
    fn system_times(&self, system: &SystemId) -> Result<SystemTimes, StoreError>;

    /// What is remembered of one finding, closed ones included.
    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Memory>, StoreError>;

    /// Every finding that is not closed, in order of fingerprint.
    fn for_each_open(&self, visit: &mut dyn FnMut(Memory) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// When a grant was first listed without an owner.
    fn unattributed_since(
        &self,
        system: &SystemId,
        kind: AccessKind,
        grant_id: &str,
    ) -> Result<Option<Instant>, StoreError>;

    /// Whether a leaver's first complete check is done.
    fn leaver_checked(&self, person_id: &str, stint: u32) -> Result<bool, StoreError>;

    /// Complete runs in a row in which an exception matched nothing.
    fn exception_idle_runs(&self, exception_id: &str) -> Result<u32, StoreError>;

    /// Figures over all runs.
    fn totals(&self) -> Result<Totals, StoreError>;

    /// The last accepted roster.
    fn accepted_roster(&self) -> Result<Option<AcceptedRoster>, StoreError>;

    /// Figures of the roster accepted at or before `instant` (ROS-15 looks seven days back).
    fn roster_figures_at(&self, instant: Instant) -> Result<Option<String>, StoreError>;

    /// When an operator last accepted this digest by name; `None` if nobody did.
    fn roster_released(&self, digest: &str) -> Result<Option<Instant>, StoreError>;

    /// Records an operator's acceptance of a digest, also in the ledger.
    fn release_roster(&mut self, digest: &str, at: Instant, by: &str) -> Result<(), StoreError>;

    /// Records that a use after the end was handled, also in the ledger.
    fn acknowledge(&mut self, fingerprint: &Fingerprint, acknowledgement: &Acknowledgement) -> Result<(), StoreError>;

    /// Accepts what the last run found in a scope as the figure that later ones are held against, also in the ledger.
    /// A run or scope that is not known is `Missing`.
    fn accept_drop(
        &mut self,
        system: &SystemId,
        scope: &ScopeName,
        run_id: &str,
        at: Instant,
    ) -> Result<(), StoreError>;

    /// Drops in force: scopes whose figure an operator accepted and that no complete read has confirmed since.
    fn drops_accepted(&self) -> Result<u64, StoreError>;

    /// Carries a finding over to another fingerprint, when the immutable id of its grant becomes known later. The old
    /// fingerprint is gone afterwards; age and state live on in `memory`. Writes both fingerprints into the ledger.
    fn carry_over(&mut self, run_id: &str, at: Instant, old: &Fingerprint, memory: Memory) -> Result<(), StoreError>;

    /// What the ledger says about a finding, oldest first.
    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<HistoryLine>, StoreError>;

    /// End of the last run without any gap, with an accepted roster, that was not stopped and could write everything.
    fn last_success(&self) -> Result<Option<Instant>, StoreError>;

    /// Digest of the configuration that the last run began with, and the first run in a row that had it. `None` before the
    /// first run.
    fn config_since(&self) -> Result<Option<(String, Instant)>, StoreError>;

    /// Commits everything a run changes; all or nothing. The ledger gets the given lines in their order and nothing
    /// else.
    fn apply(&mut self, run_id: &str, at: Instant, changes: RunChanges) -> Result<(), StoreError>;

    /// Ends a run: keeps its facts and its report (JSON v1, compressed by the caller or not), drops reports beyond
    /// `keep`, exports the ledger's tail and the checkpoint. Writes the end into the ledger, unless `apply` did.
    fn end_run(&mut self, facts: &RunFacts, report: &[u8], keep: usize) -> Result<(), StoreError>;

    /// Ids and end times of kept reports, newest first.
    fn reports(&self) -> Result<Vec<(String, Instant)>, StoreError>;

    /// A kept report.
    fn report(&self, run_id: &str) -> Result<Vec<u8>, StoreError>;

    /// Walks the whole ledger and compares it with the exported file and checkpoint.
    fn verify_ledger(&self) -> Result<LedgerCheck, StoreError>;
}
