//! Making, opening and checking the database file; moving a damaged one aside (STO-5).

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use scan_contract::Instant;

use crate::randomness::{Randomness, SystemRandomness};
use crate::store::StoreError;
use crate::store::directory::StateDirectory;
use crate::store::ledger::{CHECKPOINT_FILE, Chain, Checkpoint, LEDGER_FILE, hex};
use crate::store::sqlite::{DATABASE_FILE, database, schema};

const LOG_FILE: &str = "state.db-wal";
const INDEX_FILE: &str = "state.db-shm";
const UNFINISHED_FILE: &str = "state.db.new";

/// How long a reader and the writer wait for each other at the few moments in which they must.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the database for the writer, making it where the directory never held one.
pub(super) fn for_writing(directory: &StateDirectory, now: Instant) -> Result<(Connection, String), StoreError> {
    for name in [LOG_FILE, INDEX_FILE, LEDGER_FILE, CHECKPOINT_FILE] {
        directory.look(name)?;
    }
    match directory.look(DATABASE_FILE)? {
        None => {
            refuse_if_there_was_one(directory)?;
            create(directory)?;
        }
        Some(metadata) if metadata.len() == 0 => {
            return Err(set_aside(directory, now, String::from("it has no bytes")));
        }
        Some(_) => {}
    }
    let mut connection = connect(directory, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    match inspect(&connection, directory, Look::Whole) {
        Ok(()) => {}
        Err(Fault::Damaged(detail)) => {
            drop(connection);
            return Err(set_aside(directory, now, detail));
        }
        Err(Fault::Other(error)) => return Err(error),
    }
    prepare_for_writing(&mut connection)?;
    let lineage = lineage(&connection)?;
    Ok((connection, lineage))
}

/// Opens the database for a reader. A damaged one is reported and left where it is: a writer may hold it.
pub(super) fn for_reading(directory: &StateDirectory, look: Look) -> Result<(Connection, String), StoreError> {
    let path = directory.text(DATABASE_FILE);
    let left = |detail: String| StoreError::Damaged { path: path.clone(), detail, kept_as: path.clone() };
    match directory.look(DATABASE_FILE)? {
        None => {
            refuse_if_there_was_one(directory)?;
            return Err(StoreError::Missing { what: format!("a store ({path})") });
        }
        Some(metadata) if metadata.len() == 0 => return Err(left(String::from("it has no bytes"))),
        Some(_) => {}
    }
    let connection = connect(directory, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match inspect(&connection, directory, look) {
        Ok(()) => {}
        Err(Fault::Damaged(detail)) => return Err(left(detail)),
        Err(Fault::Other(error)) => return Err(error),
    }
    let lineage = lineage(&connection)?;
    Ok((connection, lineage))
}

/// How much of a database is looked at when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// All of it.
    Whole,
    /// Its head: what is read afterwards has digests of its own.
    Head,
}

enum Fault {
    Damaged(String),
    Other(StoreError),
}

/// A missing database beside its own ledger is a loss, not a first run.
fn refuse_if_there_was_one(directory: &StateDirectory) -> Result<(), StoreError> {
    for name in [LEDGER_FILE, CHECKPOINT_FILE, LOG_FILE] {
        if directory.look(name)?.is_some() {
            return Err(StoreError::Damaged {
                path: directory.text(DATABASE_FILE),
                detail: format!("it is missing, while {name} is there"),
                kept_as: directory.path().display().to_string(),
            });
        }
    }
    Ok(())
}

/// Builds a new database under another name and gives it its name when it is whole, so that a half-made store never
/// bears the name of one.
fn create(directory: &StateDirectory) -> Result<(), StoreError> {
    let doing = "making the store";
    directory.remove(UNFINISHED_FILE)?;
    directory.remove(&format!("{UNFINISHED_FILE}-journal"))?;
    drop(directory.create(UNFINISHED_FILE)?);
    let lineage = hex(&SystemRandomness.key());
    let mut connection = Connection::open_with_flags(
        directory.file(UNFINISHED_FILE),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )
    .map_err(database(doing))?;
    connection.pragma_update(None, "page_size", 8192).map_err(database(doing))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(database(doing))?;
    connection.pragma_update(None, "application_id", schema::APPLICATION_ID).map_err(database(doing))?;
    schema::migrate(&mut connection)?;
    connection
        .execute("INSERT INTO store (only_row, lineage, serial) VALUES (1, ?1, 0)", [&lineage])
        .map_err(database(doing))?;
    connection.close().map_err(|(_, error)| database(doing)(error))?;
    directory.rename(UNFINISHED_FILE, DATABASE_FILE)?;
    // From here on a missing database shows.
    let head = hex(&Chain::begin(&lineage).head);
    let checkpoint = Checkpoint { version: 1, lineage, serial: 0, records: 0, head };
    directory.replace(CHECKPOINT_FILE, &checkpoint.write()?)
}

fn connect(directory: &StateDirectory, access: OpenFlags) -> Result<Connection, StoreError> {
    let doing = "opening the store";
    let connection = Connection::open_with_flags(
        directory.file(DATABASE_FILE),
        access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )
    .map_err(database(doing))?;
    // Until it is known to be sound, closing it must not fold the log into it: both are evidence.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(database(doing))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(database(doing))?;
    connection.busy_timeout(PATIENCE).map_err(database(doing))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Whether it is ours, of a version we know, and sound.
fn inspect(connection: &Connection, directory: &StateDirectory, look: Look) -> Result<(), Fault> {
    let sorted = |error: rusqlite::Error| {
        if is_damage(&error) {
            Fault::Damaged(error.to_string())
        } else {
            Fault::Other(database("opening the store")(error))
        }
    };
    for (setting, value) in
        [("cell_size_check", 1), ("trusted_schema", 0), ("foreign_keys", 1), ("cache_size", -16_384)]
    {
        connection.pragma_update(None, setting, value).map_err(sorted)?;
    }
    let path = directory.text(DATABASE_FILE);
    let found = schema::version_of(connection).map_err(sorted)?;
    let known = schema::known_version();
    let ours: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(sorted)?;
    if ours == schema::APPLICATION_ID && found > known {
        return Err(Fault::Other(StoreError::Newer { path, found, known }));
    }
    if ours != schema::APPLICATION_ID || found < 1 {
        return Err(Fault::Damaged(format!(
            "its header says application {ours}, version {found}, which is no store of ours"
        )));
    }
    if look == Look::Head {
        return Ok(());
    }
    let mut answers = Vec::new();
    let mut statement = connection.prepare("PRAGMA integrity_check(3)").map_err(sorted)?;
    let mut rows = statement.query([]).map_err(sorted)?;
    while let Some(row) = rows.next().map_err(sorted)? {
        answers.push(row.get::<_, String>(0).map_err(sorted)?);
    }
    if answers == ["ok"] { Ok(()) } else { Err(Fault::Damaged(answers.join("; "))) }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error() {
        Some(inner) => {
            matches!(inner.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                || inner.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ
                // A damaged schema shows as an ordinary error of the statement.
                || (inner.code == ErrorCode::Unknown && inner.extended_code == rusqlite::ffi::SQLITE_ERROR)
        }
        // Text that is no text, a value of another type: nothing we ever wrote.
        None => true,
    }
}

fn prepare_for_writing(connection: &mut Connection) -> Result<(), StoreError> {
    let doing = "preparing the store";
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(database(doing))?;
    if mode != "wal" {
        return Err(StoreError::Database {
            doing,
            detail: format!("the write-ahead log is not to be had: mode {mode}"),
        });
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(database(doing))?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024).map_err(database(doing))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(database(doing))?;
    schema::migrate(connection)
}

fn lineage(connection: &Connection) -> Result<String, StoreError> {
    connection
        .query_row("SELECT lineage FROM store", [], |row| row.get(0))
        .map_err(database("reading the lineage of the store"))
}

/// Moves the database with its side files aside and gives the error that says so.
fn set_aside(directory: &StateDirectory, now: Instant, detail: String) -> StoreError {
    let path = directory.text(DATABASE_FILE);
    let mut kept_as = path.clone();
    for name in [DATABASE_FILE, LOG_FILE, INDEX_FILE] {
        let moved = directory
            .look(name)
            .and_then(|found| found.map(|_| directory.move_aside(name, "damaged", now)).transpose());
        match moved {
            Ok(Some(aside)) if name == DATABASE_FILE => kept_as = aside.display().to_string(),
            Ok(_) => {}
            Err(error) => {
                return StoreError::Damaged {
                    path,
                    detail: format!("{detail}; moving it aside failed: {error}"),
                    kept_as,
                };
            }
        }
    }
    StoreError::Damaged { path, detail, kept_as }
}
