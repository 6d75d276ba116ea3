//! The ledger in the database and in its exported file, and the checkpoint.
//!
//! The database commits first, the file follows. So the file may lack the last records after a crash, and is completed
//! at the next opening; it can never know more than the database, unless an older database was put back.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use rusqlite::{Connection, OptionalExtension};
use scan_contract::Instant;

use crate::findings::Fingerprint;
use crate::store::directory::{StateDirectory, io_error};
use crate::store::ledger::{CHECKPOINT_FILE, Chain, Checkpoint, Hash, LEDGER_FILE, Record, hex, line_of, split_line};
use crate::store::sqlite::{Change, DATABASE_FILE, SqliteStore, database};
use crate::store::{HistoryLine, LedgerCheck, LedgerEvent, StoreError};

const BLOCK: usize = 64 * 1024;
const CHECKPOINT_LIMIT: u64 = 64 * 1024;

/// What stands outside the database.
pub(super) struct Outside {
    checkpoint: Option<Checkpoint>,
    tail: Tail,
}

/// The end of the exported file.
#[derive(Debug, Default)]
struct Tail {
    /// Bytes up to and with the last newline.
    whole_bytes: u64,
    /// The last whole line.
    last: Option<LastLine>,
    /// What follows the last newline: a line that was being written when the machine stopped.
    torn: Vec<u8>,
}

#[derive(Debug)]
struct LastLine {
    sequence: u64,
    hash: String,
    body: String,
}

impl Tail {
    fn records(&self) -> u64 {
        self.last.as_ref().map_or(0, |line| line.sequence)
    }
}

/// The end of the chain in the database.
pub(super) fn chain(connection: &Connection, lineage: &str) -> Result<Chain, StoreError> {
    let last = connection
        .prepare_cached("SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT 1")
        .and_then(|mut statement| {
            statement.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Hash>(1)?))).optional()
        })
        .map_err(database("reading the end of the ledger"))?;
    Ok(match last {
        Some((sequence, head)) => Chain { sequence: sequence.cast_unsigned(), head },
        None => Chain::begin(lineage),
    })
}

impl Change<'_> {
    /// Writes lines into the ledger, in the transaction of what they tell of (ATT-5).
    pub(super) fn record<'e>(
        &mut self,
        at: Instant,
        events: impl IntoIterator<Item = &'e LedgerEvent>,
    ) -> Result<(), StoreError> {
        for event in events {
            let sealed = self.chain.append(at, event)?;
            let subject = subject(event)?;
            self.run(|transaction| {
                transaction
                    .prepare_cached("INSERT INTO ledger (sequence, subject, body, hash) VALUES (?1, ?2, ?3, ?4)")?
                    .execute((sealed.sequence.cast_signed(), subject.map(|print| print.0), &sealed.body, sealed.hash))
            })?;
        }
        Ok(())
    }
}

fn subject(event: &LedgerEvent) -> Result<Option<Fingerprint>, StoreError> {
    event
        .fingerprint()
        .map(str::parse)
        .transpose()
        .map_err(|detail| StoreError::Database { doing: "writing a line of the ledger", detail })
}

/// Reads the checkpoint and the end of the exported file.
pub(super) fn outside(directory: &StateDirectory) -> Result<Outside, StoreError> {
    let checkpoint = directory
        .read(CHECKPOINT_FILE, CHECKPOINT_LIMIT)?
        .map(|bytes| Checkpoint::read(&directory.text(CHECKPOINT_FILE), &bytes))
        .transpose()?;
    let tail = match directory.open(LEDGER_FILE)? {
        Some(file) => read_tail(file, &directory.text(LEDGER_FILE))?,
        None => Tail::default(),
    };
    Ok(Outside { checkpoint, tail })
}

fn read_tail(mut file: File, path: &str) -> Result<Tail, StoreError> {
    let length = file.metadata().map_err(io_error("looking at", path))?.len();
    let mut start = length;
    let mut bytes: Vec<u8> = Vec::new();
    // Backwards in blocks until two newlines are in hand, or the beginning is.
    loop {
        let newlines = bytes.iter().filter(|byte| **byte == b'\n').take(2).count();
        if start == 0 || newlines == 2 {
            break;
        }
        let step = (BLOCK as u64).min(start);
        start -= step;
        file.seek(SeekFrom::Start(start)).map_err(io_error("reading", path))?;
        let mut block = Vec::new();
        (&mut file).take(step).read_to_end(&mut block).map_err(io_error("reading", path))?;
        block.append(&mut bytes);
        bytes = block;
    }
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        return Ok(Tail { whole_bytes: 0, last: None, torn: bytes });
    };
    let torn = bytes.split_off(end + 1);
    let begin = bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let broken = |detail: String| StoreError::LedgerBroken { path: path.to_owned(), sequence: 0, detail };
    let line =
        std::str::from_utf8(&bytes[begin..]).map_err(|error| broken(format!("its last line is no text: {error}")))?;
    let (hash, body) =
        split_line(line).ok_or_else(|| broken(String::from("its last line is not a line of a ledger")))?;
    let record: Record =
        serde_json::from_str(body).map_err(|error| broken(format!("its last line is no record: {error}")))?;
    let last = LastLine { sequence: record.sequence, hash: hash.to_owned(), body: body.to_owned() };
    Ok(Tail { whole_bytes: length - torn.len() as u64, last: Some(last), torn })
}

/// Compares what stands outside with the database: a cut tail, an older copy, another store's files.
pub(super) fn compare(store: &SqliteStore, outside: &Outside) -> Result<(), StoreError> {
    let known = read_witness(&store.connection)?;
    compare_checkpoint(store, outside.checkpoint.as_ref(), &known)?;
    let expected = known.records.max(outside.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.records));
    compare_tail(store, &outside.tail, expected)
}

struct Witness {
    serial: u64,
    records: u64,
    store_serial: u64,
}

fn read_witness(connection: &Connection) -> Result<Witness, StoreError> {
    connection
        .query_row("SELECT witnessed_serial, witnessed_records, serial FROM store", [], |row| {
            Ok(Witness {
                serial: row.get::<_, i64>(0)?.cast_unsigned(),
                records: row.get::<_, i64>(1)?.cast_unsigned(),
                store_serial: row.get::<_, i64>(2)?.cast_unsigned(),
            })
        })
        .map_err(database("reading the serial of the store"))
}

fn compare_checkpoint(store: &SqliteStore, checkpoint: Option<&Checkpoint>, known: &Witness) -> Result<(), StoreError> {
    let path = store.directory.text(CHECKPOINT_FILE);
    let Some(checkpoint) = checkpoint else {
        if known.serial > 0 {
            let why =
                format!("it is missing, though it was written for serial {}: restore it from a backup", known.serial);
            return Err(StoreError::Refused { path, why });
        }
        return Ok(());
    };
    if checkpoint.lineage != store.lineage {
        let why = format!("it belongs to the store {}, the database to {}", checkpoint.lineage, store.lineage);
        return Err(StoreError::Refused { path, why });
    }
    if known.store_serial < checkpoint.serial {
        return Err(StoreError::RolledBack {
            path: store.directory.path().display().to_string(),
            found: known.store_serial,
            expected: checkpoint.serial,
        });
    }
    let head = head_at(store, checkpoint.records)?;
    if head.as_deref() != Some(checkpoint.head.as_str()) {
        return Err(StoreError::LedgerBroken {
            path: store.directory.text(DATABASE_FILE),
            sequence: checkpoint.records,
            detail: String::from("it is not the record that the checkpoint names: this is another history"),
        });
    }
    Ok(())
}

fn head_at(store: &SqliteStore, sequence: u64) -> Result<Option<String>, StoreError> {
    if sequence == 0 {
        return Ok(Some(hex(&Chain::begin(&store.lineage).head)));
    }
    let row = stored(&store.connection, sequence)?;
    Ok(row.map(|(_, hash)| hex(&hash)))
}

fn stored(connection: &Connection, sequence: u64) -> Result<Option<(String, Hash)>, StoreError> {
    connection
        .prepare_cached("SELECT body, hash FROM ledger WHERE sequence = ?1")
        .and_then(|mut statement| {
            statement.query_row([sequence.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(database("reading the ledger"))
}

fn compare_tail(store: &SqliteStore, tail: &Tail, expected: u64) -> Result<(), StoreError> {
    let broken = |sequence: u64, detail: String| StoreError::LedgerBroken {
        path: store.directory.text(LEDGER_FILE),
        sequence,
        detail,
    };
    if tail.records() < expected {
        return Err(broken(
            tail.records() + 1,
            format!("the file ends before record {expected}, which was exported: it was cut or removed"),
        ));
    }
    if let Some(last) = &tail.last {
        let Some((body, hash)) = stored(&store.connection, last.sequence)? else {
            return Err(broken(
                last.sequence,
                String::from("the database does not reach it: an older copy was put back"),
            ));
        };
        if body != last.body || hex(&hash) != last.hash {
            return Err(broken(last.sequence, String::from("the file and the database differ")));
        }
    }
    // A power cut can leave zeros where the size was written before the bytes.
    let zeros = tail.torn.iter().rev().take_while(|byte| **byte == 0).count();
    let written = &tail.torn[..tail.torn.len() - zeros];
    if written.is_empty() {
        return Ok(());
    }
    let next = tail.records() + 1;
    let line = stored(&store.connection, next)?.map(|(body, hash)| line_of(&body, &hash));
    match line {
        Some(line) if line.as_bytes().starts_with(written) => Ok(()),
        Some(_) => Err(broken(next, String::from("its torn last line is not the beginning of that record"))),
        None => Err(broken(next, String::from("the database does not reach it: an older copy was put back"))),
    }
}

/// At opening for writing: compares, then completes the exported file.
pub(super) fn check_and_catch_up(store: &SqliteStore) -> Result<(), StoreError> {
    let outside = outside(&store.directory)?;
    compare(store, &outside)?;
    append(store, &outside.tail)
}

/// After a commit: appends what the file lacks.
pub(super) fn export(store: &SqliteStore) -> Result<(), StoreError> {
    let tail = outside(&store.directory)?.tail;
    compare_tail(store, &tail, 0)?;
    append(store, &tail)
}

fn append(store: &SqliteStore, tail: &Tail) -> Result<(), StoreError> {
    let path = store.directory.text(LEDGER_FILE);
    let mut file = store.directory.open_or_create(LEDGER_FILE)?;
    if !tail.torn.is_empty() {
        file.set_len(tail.whole_bytes).map_err(io_error("shortening", &path))?;
    }
    file.seek(SeekFrom::Start(tail.whole_bytes)).map_err(io_error("writing", &path))?;
    let mut writer = BufWriter::with_capacity(BLOCK, file);
    let doing = "reading the ledger";
    let mut statement = store
        .connection
        .prepare_cached("SELECT body, hash FROM ledger WHERE sequence > ?1 ORDER BY sequence")
        .map_err(database(doing))?;
    let mut rows = statement.query([tail.records().cast_signed()]).map_err(database(doing))?;
    while let Some(row) = rows.next().map_err(database(doing))? {
        let body = row.get_ref(0).and_then(|value| Ok(value.as_str()?)).map_err(database(doing))?;
        let hash: Hash = row.get(1).map_err(database(doing))?;
        writer.write_all(line_of(body, &hash).as_bytes()).map_err(io_error("writing", &path))?;
    }
    let file = writer.into_inner().map_err(|error| io_error("writing", &path)(error.into_error()))?;
    file.sync_all().map_err(io_error("syncing", &path))
}

/// Writes the checkpoint of the present state.
pub(super) fn write_checkpoint(store: &SqliteStore) -> Result<(), StoreError> {
    let chain = chain(&store.connection, &store.lineage)?;
    let checkpoint = Checkpoint {
        version: 1,
        lineage: store.lineage.clone(),
        serial: read_witness(&store.connection)?.store_serial,
        records: chain.sequence,
        head: hex(&chain.head),
    };
    store.directory.replace(CHECKPOINT_FILE, &checkpoint.write()?)
}

/// What the exported files hold now, to be remembered by the next change.
pub(super) fn witnessed(store: &SqliteStore) -> Result<(u64, u64), StoreError> {
    let outside = outside(&store.directory)?;
    Ok((outside.checkpoint.map_or(0, |checkpoint| checkpoint.serial), outside.tail.records()))
}

/// See [`SqliteStore::accept_history`].
pub(super) fn accept(store: &mut SqliteStore, now: Instant, by: &str) -> Result<Option<String>, StoreError> {
    let misfit = match outside(&store.directory).and_then(|outside| compare(store, &outside)) {
        Ok(()) => return Ok(None),
        Err(error @ (StoreError::RolledBack { .. } | StoreError::LedgerBroken { .. } | StoreError::Refused { .. })) => {
            error.to_string()
        }
        Err(error) => return Err(error),
    };
    // The database's own chain must hold: only what stands outside may differ.
    follow_database(store, &mut |_, _, _| Ok(()))?;
    let mut serial = read_witness(&store.connection)?.store_serial;
    if let Ok(Outside { checkpoint: Some(checkpoint), .. }) = outside(&store.directory) {
        serial = serial.max(checkpoint.serial);
    }
    for name in [LEDGER_FILE, CHECKPOINT_FILE] {
        if store.directory.look(name)?.is_some() {
            store.directory.move_aside(name, "set-aside", now)?;
        }
    }
    let event = LedgerEvent::HistoryAccepted { by: by.to_owned(), serial: serial + 1, detail: misfit.clone() };
    let mut change = store.change("accepting the history of the store")?;
    change.run(|transaction| {
        transaction.execute(
            "UPDATE store SET serial = ?1, witnessed_serial = 0, witnessed_records = 0",
            [(serial + 1).cast_signed()],
        )
    })?;
    change.record(now, [&event])?;
    change.commit()?;
    export(store)?;
    write_checkpoint(store)?;
    Ok(Some(misfit))
}

/// Follows the chain in the database from its beginning, handing each record to `visit` with its bytes and hash.
fn follow_database(
    store: &SqliteStore,
    visit: &mut dyn FnMut(&Record, &str, &Hash) -> Result<(), StoreError>,
) -> Result<Chain, StoreError> {
    let doing = "reading the ledger";
    let mut chain = Chain::begin(&store.lineage);
    let mut statement =
        store.connection.prepare_cached("SELECT body, hash FROM ledger ORDER BY sequence").map_err(database(doing))?;
    let mut rows = statement.query([]).map_err(database(doing))?;
    while let Some(row) = rows.next().map_err(database(doing))? {
        let body = row.get_ref(0).and_then(|value| Ok(value.as_str()?)).map_err(database(doing))?;
        let hash: Hash = row.get(1).map_err(database(doing))?;
        let sequence = chain.sequence + 1;
        let record = chain.follow(body, &hash).map_err(|detail| StoreError::LedgerBroken {
            path: store.directory.text(DATABASE_FILE),
            sequence,
            detail,
        })?;
        visit(&record, body, &hash)?;
    }
    Ok(chain)
}

/// Walks the chain in the database and in the file, record by record, and compares the checkpoint.
pub(super) fn verify(store: &SqliteStore) -> Result<LedgerCheck, StoreError> {
    let outside = outside(&store.directory)?;
    compare(store, &outside)?;
    let path = store.directory.text(LEDGER_FILE);
    let exported = outside.tail.records();
    let mut file = store.directory.open(LEDGER_FILE)?.map(BufReader::new);
    let mut line = Vec::new();
    let head = follow_database(store, &mut |record, body, hash| {
        if record.sequence > exported {
            return Ok(());
        }
        let expected = line_of(body, hash);
        line.clear();
        if let Some(reader) = &mut file {
            let limit = expected.len() as u64 + 1;
            reader.take(limit).read_until(b'\n', &mut line).map_err(io_error("reading", &path))?;
        }
        if line == expected.as_bytes() {
            return Ok(());
        }
        let detail = String::from("the file and the database differ");
        Err(StoreError::LedgerBroken { path: path.clone(), sequence: record.sequence, detail })
    })?;
    let serial = read_witness(&store.connection)?.store_serial;
    Ok(LedgerCheck { records: head.sequence, head: hex(&head.head), lineage: store.lineage.clone(), serial })
}

/// What the ledger says about one finding.
pub(super) fn history(store: &SqliteStore, fingerprint: &Fingerprint) -> Result<Vec<HistoryLine>, StoreError> {
    let doing = "reading the history of a finding";
    let mut statement = store
        .connection
        .prepare_cached("SELECT sequence, body FROM ledger WHERE subject = ?1 ORDER BY sequence")
        .map_err(database(doing))?;
    let mut rows = statement.query([fingerprint.0]).map_err(database(doing))?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next().map_err(database(doing))? {
        let sequence = row.get::<_, i64>(0).map_err(database(doing))?.cast_unsigned();
        let body: String = row.get(1).map_err(database(doing))?;
        let record: Record = serde_json::from_str(&body).map_err(|error| StoreError::LedgerBroken {
            path: store.directory.text(DATABASE_FILE),
            sequence,
            detail: error.to_string(),
        })?;
        lines.push(HistoryLine { sequence, at: record.at, event: record.entry });
    }
    Ok(lines)
}
