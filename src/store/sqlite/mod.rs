//! The store on disk: SQLite with a write-ahead log, one writer, every commit synced.
//!
//! | file | what is in it |
//! |---|---|
//! | `open.rs` | making, opening and checking; moving a damaged store aside |
//! | `schema.rs`, `migrations/` | versions of the database |
//! | `runs.rs` | begin, declare, apply, end; kept reports |
//! | `findings.rs` | findings between runs |
//! | `remembered.rs` | baselines, times, figures, small memories |
//! | `outbox.rs` | wishes, tickets and lines |
//! | `rosters.rs` | accepted rosters and releases |
//! | `export.rs` | the ledger in the database and in its file, the checkpoint |
//!
//! A file named by a dated `damaged` or `set-aside` ending is never touched again.

mod export;
mod findings;
mod open;
mod outbox;
mod remembered;
mod rosters;
mod runs;
mod schema;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod load_tests;

use std::path::Path;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use scan_contract::{AccessKind, Instant, ScopeName, SystemId};

use crate::findings::{Acknowledgement, Fingerprint, Memory};
use crate::report::{RunFacts, Totals};
use crate::store::directory::StateDirectory;
use crate::store::lock::Lock;
use crate::store::{
    AcceptedRoster, HistoryLine, KnownScope, LedgerCheck, Opening, RunChanges, ScopeBaseline, Store, StoreError,
    SystemTimes,
};

/// Name of the database file.
pub const DATABASE_FILE: &str = "state.db";
/// Name of the directory of kept reports.
pub const REPORTS_DIRECTORY: &str = "reports";

/// The version of the database that this program writes.
pub fn schema_version() -> i64 {
    schema::known_version()
}

/// How a store is opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// Whether the state directory may lie on a network file system (STO-7).
    pub allow_network: bool,
    /// The present instant: for the lock's message and for the names of files moved aside.
    pub now: Instant,
}

/// The store on disk.
#[derive(Debug)]
pub struct SqliteStore {
    directory: StateDirectory,
    connection: Connection,
    lineage: String,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    /// Holds the lock until dropped.
    Writer(#[expect(dead_code, reason = "held, never read: dropping it releases the lock")] Lock),
    Reader,
}

impl SqliteStore {
    /// Opens the store for a run, making it if the directory holds none. Takes the lock and keeps it until dropped.
    ///
    /// Checks the whole database, completes the exported ledger, and compares it and the checkpoint with the database.
    /// A damaged database is moved aside; that, a missing part and an older copy are errors, never an empty store.
    pub fn open(state_directory: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        let directory = StateDirectory::prepare(state_directory, options.allow_network)?;
        let lock = Lock::take(&directory, options.now)?;
        let (connection, lineage) = open::for_writing(&directory, options.now)?;
        let store = Self { directory, connection, lineage, mode: Mode::Writer(lock) };
        export::check_and_catch_up(&store)?;
        Ok(store)
    }

    /// Opens the store for reading beside a writer, without the lock. Everything that writes is refused.
    pub fn open_read_only(state_directory: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        let directory = StateDirectory::existing(state_directory, options.allow_network)?;
        // Read before the database: the writer commits first and exports afterwards, so the database is never behind.
        let outside = export::outside(&directory)?;
        let (connection, lineage) = open::for_reading(&directory, open::Look::Whole)?;
        let store = Self { directory, connection, lineage, mode: Mode::Reader };
        export::compare(&store, &outside)?;
        Ok(store)
    }

    /// As [`SqliteStore::open_read_only`], for a question among many: neither the whole database nor its exported files
    /// are gone through. What is read is held against its own digest; runs, and the readiness of the service, look at
    /// the rest.
    pub fn open_glancing(state_directory: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        let directory = StateDirectory::existing(state_directory, options.allow_network)?;
        let (connection, lineage) = open::for_reading(&directory, open::Look::Head)?;
        Ok(Self { directory, connection, lineage, mode: Mode::Reader })
    }

    /// Accepts, on an operator's word, a sound database that does not fit its exported ledger and checkpoint: an older
    /// copy that was put back on purpose, or exported files that were lost (STO-6). The files that do not fit are kept
    /// under a dated name, the ledger is exported anew, and the acceptance is written into it. Gives what did not fit;
    /// `None` where everything fits, and nothing is changed.
    pub fn accept_history(
        state_directory: &Path,
        options: OpenOptions,
        by: &str,
    ) -> Result<Option<String>, StoreError> {
        let directory = StateDirectory::existing(state_directory, options.allow_network)?;
        let lock = Lock::take(&directory, options.now)?;
        let (connection, lineage) = open::for_writing(&directory, options.now)?;
        let mut store = Self { directory, connection, lineage, mode: Mode::Writer(lock) };
        export::accept(&mut store, options.now, by)
    }

    /// The state directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Begins a transaction for a change, or refuses in a store opened for reading.
    fn change(&mut self, doing: &'static str) -> Result<Change<'_>, StoreError> {
        match self.mode {
            Mode::Writer(_) => {}
            Mode::Reader => {
                return Err(StoreError::Refused {
                    path: self.directory.text(DATABASE_FILE),
                    why: String::from("it was opened for reading only"),
                });
            }
        }
        let directory = &self.directory;
        let chain = export::chain(&self.connection, &self.lineage)?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| full(directory, doing, &error))?;
        Ok(Change { transaction, chain, directory, doing })
    }
}

/// One transaction: state and the ledger lines that tell of it.
struct Change<'a> {
    transaction: Transaction<'a>,
    chain: crate::store::ledger::Chain,
    directory: &'a StateDirectory,
    doing: &'static str,
}

impl Change<'_> {
    /// Runs a part of the change; an error of the database names what was being done.
    fn run<T>(&self, part: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        part(&self.transaction).map_err(|error| full(self.directory, self.doing, &error))
    }

    fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().map_err(|error| full(self.directory, self.doing, &error))
    }
}

/// Turns an error of the database into ours.
fn database(doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| {
        let help = if is_of_damage(&error) {
            format!(
                " ({DATABASE_FILE} in the state directory is damaged: restore a backup, or start anew with an empty state directory)"
            )
        } else if is_of_the_disk(&error) {
            format!(
                " ({DATABASE_FILE} in the state directory, or a file beside it: look at the disk, its space and its rights)"
            )
        } else {
            String::new()
        };
        StoreError::Database { doing, detail: format!("{error}{help}") }
    }
}

/// The same, with the file and the space left where writing failed (S3).
fn full(directory: &StateDirectory, doing: &'static str, error: &rusqlite::Error) -> StoreError {
    if is_of_damage(error) {
        let path = directory.text(DATABASE_FILE);
        return StoreError::Damaged { kept_as: path.clone(), path, detail: format!("{doing}: {error}") };
    }
    if !is_of_the_disk(error) {
        return StoreError::Database { doing, detail: error.to_string() };
    }
    let free = directory.free_bytes().map_or_else(|| String::from("an unknown number of"), |free| free.to_string());
    let path = directory.text(DATABASE_FILE);
    StoreError::Database { doing, detail: format!("{error} ({path}; {free} bytes are free there)") }
}

/// Whether the file is damaged. A value that is not what we write is made by nothing else, and the database's own check
/// misses it.
fn is_of_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    ) || matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether the operating system refused something, rather than the database.
fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}

/// An instant as text of one width, so that texts sort by time.
fn stamp(instant: Instant) -> String {
    instant.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
}

/// Reads such a text.
fn instant(column: usize, text: &str) -> rusqlite::Result<Instant> {
    text.parse().map_err(|error: chrono::ParseError| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// Reads such a text that may be absent.
fn maybe_instant(column: usize, text: Option<String>) -> rusqlite::Result<Option<Instant>> {
    text.map(|text| instant(column, &text)).transpose()
}

impl Store for SqliteStore {
    fn begin_run(&mut self, run_id: &str, started_at: Instant, config_digest: &str) -> Result<Opening, StoreError> {
        runs::begin(self, run_id, started_at, config_digest)
    }

    fn declare(&mut self, run_id: &str, scopes: &[(SystemId, ScopeName, String)]) -> Result<(), StoreError> {
        runs::declare(self, run_id, scopes)
    }

    fn baseline(&self, system: &SystemId, scope: &ScopeName) -> Result<Option<ScopeBaseline>, StoreError> {
        remembered::baseline(self, system, scope)
    }

    fn known_scopes(&self, system: &SystemId) -> Result<Vec<KnownScope>, StoreError> {
        remembered::known_scopes(self, system)
    }

    fn system_times(&self, system: &SystemId) -> Result<SystemTimes, StoreError> {
        remembered::system_times(self, system)
    }

    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Memory>, StoreError> {
        findings::recall(self, fingerprint)
    }

    fn for_each_open(&self, visit: &mut dyn FnMut(Memory) -> Result<(), StoreError>) -> Result<(), StoreError> {
        findings::for_each_open(self, visit)
    }

    fn unattributed_since(
        &self,
        system: &SystemId,
        kind: AccessKind,
        grant_id: &str,
    ) -> Result<Option<Instant>, StoreError> {
        remembered::unattributed_since(self, system, kind, grant_id)
    }

    fn leaver_checked(&self, person_id: &str, stint: u32) -> Result<bool, StoreError> {
        remembered::leaver_checked(self, person_id, stint)
    }

    fn exception_idle_runs(&self, exception_id: &str) -> Result<u32, StoreError> {
        remembered::exception_idle_runs(self, exception_id)
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        remembered::totals(self)
    }

    fn accepted_roster(&self) -> Result<Option<AcceptedRoster>, StoreError> {
        rosters::accepted(self)
    }

    fn roster_figures_at(&self, instant: Instant) -> Result<Option<String>, StoreError> {
        rosters::figures_at(self, instant)
    }

    fn roster_released(&self, digest: &str) -> Result<Option<Instant>, StoreError> {
        rosters::released(self, digest)
    }

    fn release_roster(&mut self, digest: &str, at: Instant, by: &str) -> Result<(), StoreError> {
        rosters::release(self, digest, at, by)
    }

    fn acknowledge(&mut self, fingerprint: &Fingerprint, acknowledgement: &Acknowledgement) -> Result<(), StoreError> {
        findings::acknowledge(self, fingerprint, acknowledgement)
    }

    fn accept_drop(
        &mut self,
        system: &SystemId,
        scope: &ScopeName,
        run_id: &str,
        at: Instant,
    ) -> Result<(), StoreError> {
        remembered::accept_drop(self, system, scope, run_id, at)
    }

    fn drops_accepted(&self) -> Result<u64, StoreError> {
        remembered::drops_accepted(self)
    }

    fn carry_over(&mut self, run_id: &str, at: Instant, old: &Fingerprint, memory: Memory) -> Result<(), StoreError> {
        findings::carry_over(self, run_id, at, old, &memory)
    }

    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<HistoryLine>, StoreError> {
        export::history(self, fingerprint)
    }

    fn last_success(&self) -> Result<Option<Instant>, StoreError> {
        runs::last_success(self)
    }

    fn config_since(&self) -> Result<Option<(String, Instant)>, StoreError> {
        runs::config_since(self)
    }

    fn apply(&mut self, run_id: &str, at: Instant, changes: RunChanges) -> Result<(), StoreError> {
        runs::apply(self, run_id, at, changes)
    }

    fn end_run(&mut self, facts: &RunFacts, report: &[u8], keep: usize) -> Result<(), StoreError> {
        runs::end(self, facts, report, keep)
    }

    fn reports(&self) -> Result<Vec<(String, Instant)>, StoreError> {
        runs::reports(self)
    }

    fn report(&self, run_id: &str) -> Result<Vec<u8>, StoreError> {
        runs::report(self, run_id)
    }

    fn verify_ledger(&self) -> Result<LedgerCheck, StoreError> {
        export::verify(self)
    }
}
