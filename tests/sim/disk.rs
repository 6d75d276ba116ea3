//! The real store on disk, and what happens to disks: kills, older copies, lines that cannot be written, a second opener.

use std::cell::RefCell;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdover::store::ledger::{CHECKPOINT_FILE, Checkpoint, LEDGER_FILE};
use holdover::store::sqlite::DATABASE_FILE;
use holdover::store::{LedgerCheck, OpenOptions, SqliteStore, StoreError};
use scan_contract::Instant;

use crate::fault::{Fault, Met, Reached};

/// Where nothing is ever really synced: memory, where the machine has some that is a file system.
fn place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a directory")
}

/// The store.
pub(crate) struct Disk {
    place: tempfile::TempDir,
    store: Option<SqliteStore>,
    directory: PathBuf,
    /// What a kill left, where there was one.
    image: RefCell<Option<PathBuf>>,
    images: RefCell<u32>,
    met: Arc<Met>,
}

fn options(now: Instant) -> OpenOptions {
    OpenOptions { allow_network: true, now }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    fs::set_permissions(to, Permissions::from_mode(0o700)).expect("our own");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

const DATABASE_FILES: [&str; 3] = [DATABASE_FILE, "state.db-wal", "state.db-shm"];

impl Disk {
    pub(crate) fn new(met: Arc<Met>) -> Self {
        let place = place();
        let directory = place.path().join("state");
        let now = chrono::DateTime::UNIX_EPOCH;
        let store = SqliteStore::open(&directory, options(now)).expect("a new store");
        Self { place, store: Some(store), directory, image: RefCell::default(), images: RefCell::new(0), met }
    }

    pub(crate) fn store(&self) -> &SqliteStore {
        self.store.as_ref().expect("it is open")
    }

    pub(crate) fn store_mut(&mut self) -> &mut SqliteStore {
        self.store.as_mut().expect("it is open")
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The program is killed at this moment.
    pub(crate) fn take_image(&self) {
        let mut images = self.images.borrow_mut();
        *images += 1;
        let to = self.place.path().join(format!("state-{images}"));
        copy(&self.directory, &to);
        *self.image.borrow_mut() = Some(to);
    }

    /// Ends the program and starts it again: in an ordinary way, or on what a kill left.
    pub(crate) fn reopen(&mut self, now: Instant) -> Result<(), String> {
        drop(self.store.take());
        if let Some(image) = self.image.take() {
            fs::remove_dir_all(&self.directory).expect("our own");
            self.directory = image;
        }
        self.unplant();
        match SqliteStore::open(&self.directory, options(now)) {
            Ok(store) => {
                self.store = Some(store);
                self.check()
            }
            Err(error) => {
                // Nothing more can be said of this seed; a store in its place lets the others go on.
                let says = format!("the store does not open again: {error}");
                self.directory = self.place.path().join("in-its-place");
                self.store = SqliteStore::open(&self.directory, options(now)).ok();
                Err(says)
            }
        }
    }

    /// What stands outside the database fits it (ATT-4), read without the store's own eyes.
    fn check(&self) -> Result<(), String> {
        use holdover::store::Store as _;
        let LedgerCheck { records, head, lineage, serial } =
            self.store().verify_ledger().map_err(|error| format!("the ledger does not verify: {error}"))?;
        let ledger = fs::read_to_string(self.directory.join(LEDGER_FILE)).unwrap_or_default();
        let lines: Vec<&str> = ledger.lines().collect();
        if lines.len() as u64 != records {
            return Err(format!("the exported ledger has {} lines, the store {records}", lines.len()));
        }
        if lines.last().is_some_and(|line| !line.contains(&head)) {
            return Err(String::from("the last line of the exported ledger is not the head of the store"));
        }
        let Ok(text) = fs::read(self.directory.join(CHECKPOINT_FILE)) else { return Ok(()) };
        let found: Checkpoint = serde_json::from_slice(&text).map_err(|error| format!("the checkpoint: {error}"))?;
        let at = usize::try_from(found.records).expect("few");
        let fits = at == 0 || lines.get(at - 1).is_some_and(|line| line.contains(&found.head));
        if found.lineage != lineage || found.serial > serial || !fits {
            return Err(format!("the checkpoint {found:?} is not of this store, of serial {serial}"));
        }
        Ok(())
    }

    fn beside(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory.join(DATABASE_FILE)).expect("the database")
    }

    /// From now on the n-th new line of the ledger cannot be written.
    pub(crate) fn plant(&self, lines: u64) {
        let beside = self.beside();
        let statement = format!(
            "CREATE TRIGGER planted BEFORE INSERT ON ledger WHEN NEW.sequence > {}
             BEGIN SELECT RAISE(ABORT, 'planted'); END",
            Self::records(&beside) + lines
        );
        beside.execute_batch(&statement).expect("a trigger");
    }

    fn records(beside: &rusqlite::Connection) -> u64 {
        let count: i64 = beside
            .query_row("SELECT coalesce(max(sequence), 0) FROM ledger", [], |row| row.get(0))
            .expect("the ledger");
        u64::try_from(count).expect("a count")
    }

    fn unplant(&self) {
        if self.directory.join(DATABASE_FILE).exists() {
            self.beside().execute_batch("DROP TRIGGER IF EXISTS planted").expect("a trigger");
        }
    }

    /// Somebody else wants to write while we do.
    pub(crate) fn open_beside(&self, now: Instant) -> Result<(), String> {
        self.met.fired(Fault::SecondOpener);
        match SqliteStore::open(&self.directory, options(now)) {
            Err(StoreError::Busy { .. }) => {
                self.met.reached(Reached::Busy);
                Ok(())
            }
            Ok(_) => Err(String::from("two hold the store at once")),
            Err(error) => Err(format!("a second opener is told {error}")),
        }
    }

    /// Keeps a copy of the database. The store is closed meanwhile, so that one file is all of it.
    pub(crate) fn back_up(&mut self, now: Instant) -> Result<(), String> {
        drop(self.store.take());
        fs::copy(self.directory.join(DATABASE_FILE), self.place.path().join("backup.db")).expect("a copy");
        self.reopen(now)
    }

    /// Puts the copy back, and looks whether that is noticed. `accepts`: the operator says that it is right so; otherwise
    /// the right file is put back. Whether the older copy is in force now.
    pub(crate) fn put_back(&mut self, now: Instant, accepts: bool) -> Result<bool, String> {
        let backup = self.place.path().join("backup.db");
        if !backup.exists() {
            return Ok(false);
        }
        self.met.fired(Fault::OlderCopy);
        drop(self.store.take());
        let right = self.place.path().join("right.db");
        fs::copy(self.directory.join(DATABASE_FILE), &right).expect("a copy");
        for name in DATABASE_FILES {
            if self.directory.join(name).exists() {
                fs::remove_file(self.directory.join(name)).expect("our own");
            }
        }
        fs::copy(&backup, self.directory.join(DATABASE_FILE)).expect("a copy");
        let noticed = match SqliteStore::open(&self.directory, options(now)) {
            Err(StoreError::RolledBack { .. } | StoreError::LedgerBroken { .. }) => true,
            Ok(_) => fs::read(&right).expect("a file") == fs::read(&backup).expect("a file"),
            Err(error) => return Err(format!("an older copy is told as {error}")),
        };
        if !noticed {
            return Err(String::from("an older copy was put back, and nobody noticed"));
        }
        self.met.reached(Reached::RolledBack);
        if accepts {
            let told = SqliteStore::accept_history(&self.directory, options(now), "the simulation");
            told.map_err(|error| format!("an older copy cannot be accepted: {error}"))?;
            self.met.reached(Reached::HistoryAccepted);
        } else {
            fs::copy(&right, self.directory.join(DATABASE_FILE)).expect("a copy");
        }
        self.reopen(now)?;
        Ok(accepts)
    }
}
