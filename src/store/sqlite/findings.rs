//! Findings between runs.
//!
//! Each row carries a digest over its key, its open mark and its bytes: a single changed bit is an error when the row
//! is read, never another answer.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use scan_contract::Instant;
use sha2::{Digest, Sha256};

use crate::findings::{Acknowledgement, FindingState, Fingerprint, Memory};
use crate::store::record::{self, RecordError};
use crate::store::sqlite::{DATABASE_FILE, SqliteStore, database, export, outbox};
use crate::store::{LedgerEvent, StoreError};

type RowDigest = [u8; 16];

fn row_digest(fingerprint: &Fingerprint, open: bool, body: &[u8]) -> RowDigest {
    let whole: [u8; 32] =
        Sha256::new().chain_update(fingerprint.0).chain_update([u8::from(open)]).chain_update(body).finalize().into();
    let mut digest = [0; 16];
    digest.copy_from_slice(&whole[..16]);
    digest
}

fn is_open(memory: &Memory) -> bool {
    memory.finding.state != FindingState::Closed
}

pub(super) fn recall(store: &SqliteStore, fingerprint: &Fingerprint) -> Result<Option<Memory>, StoreError> {
    let doing = "reading a finding";
    let mut statement = store
        .connection
        .prepare_cached("SELECT open, body, digest FROM finding WHERE fingerprint = ?1")
        .map_err(database(doing))?;
    let mut rows = statement.query([fingerprint.0]).map_err(database(doing))?;
    let Some(row) = rows.next().map_err(database(doing))? else { return Ok(None) };
    read_row(store, *fingerprint, row).map(Some)
}

/// Reads `open, body, digest` from the first three columns.
fn read_row(store: &SqliteStore, fingerprint: Fingerprint, row: &rusqlite::Row<'_>) -> Result<Memory, StoreError> {
    let doing = "reading a finding";
    let open: bool = row.get(0).map_err(database(doing))?;
    let digest: RowDigest = row.get(2).map_err(database(doing))?;
    let damaged = |detail: String| damaged(store, format!("finding {fingerprint}: {detail}"));
    let ValueRef::Text(body) = row.get_ref(1).map_err(database(doing))? else {
        return Err(damaged(String::from("it is no text")));
    };
    if row_digest(&fingerprint, open, body) != digest {
        return Err(damaged(String::from("its digest does not fit")));
    }
    record::read_memory(fingerprint, body).map_err(|error| match error {
        RecordError::Newer { found } => StoreError::Newer {
            path: store.directory.text(DATABASE_FILE),
            found: i64::from(found),
            known: i64::from(record::VERSION),
        },
        RecordError::Form(_) | RecordError::Word { .. } => damaged(error.to_string()),
    })
}

fn damaged(store: &SqliteStore, detail: String) -> StoreError {
    let path = store.directory.text(DATABASE_FILE);
    StoreError::Damaged { kept_as: path.clone(), path, detail }
}

pub(super) fn for_each_open(
    store: &SqliteStore,
    visit: &mut dyn FnMut(Memory) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let doing = "reading the open findings";
    let expected: i64 =
        store.connection.query_row("SELECT open_findings FROM store", [], |row| row.get(0)).map_err(database(doing))?;
    let mut statement = store
        .connection
        .prepare_cached("SELECT open, body, digest, fingerprint FROM finding WHERE open = 1 ORDER BY fingerprint")
        .map_err(database(doing))?;
    let mut rows = statement.query([]).map_err(database(doing))?;
    let mut seen = 0;
    while let Some(row) = rows.next().map_err(database(doing))? {
        let fingerprint = Fingerprint(row.get(3).map_err(database(doing))?);
        visit(read_row(store, fingerprint, row)?)?;
        seen += 1;
    }
    if seen == expected {
        return Ok(());
    }
    Err(damaged(store, format!("{expected} open findings were stored, {seen} were read")))
}

/// Writes memories inside a transaction, in order of fingerprint so that pages are touched once.
pub(super) fn write_all(transaction: &Connection, memories: &[Memory]) -> Result<(), WriteError> {
    let mut order: Vec<u32> = (0..).take(memories.len()).collect();
    order.sort_by_key(|index| memories[*index as usize].finding.fingerprint);
    let mut body = Vec::new();
    for index in order {
        write_one(transaction, &memories[index as usize], &mut body)?;
    }
    count_open(transaction)?;
    Ok(())
}

/// Why a memory could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Record(#[from] RecordError),
}

fn write_one(transaction: &Connection, memory: &Memory, body: &mut Vec<u8>) -> Result<(), WriteError> {
    record::write_memory(memory, body)?;
    let fingerprint = memory.finding.fingerprint;
    let open = is_open(memory);
    let digest = row_digest(&fingerprint, open, body);
    transaction
        .prepare_cached(
            "INSERT INTO finding (fingerprint, open, body, digest) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (fingerprint) DO UPDATE SET open = excluded.open, body = excluded.body, digest = excluded.digest",
        )?
        .execute((fingerprint.0, open, rusqlite::types::ToSqlOutput::Borrowed(ValueRef::Text(body)), digest))?;
    Ok(())
}

fn count_open(transaction: &Connection) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE store SET open_findings = (SELECT count(*) FROM finding WHERE open = 1)")?
        .execute([])?;
    Ok(())
}

pub(super) fn acknowledge(
    store: &mut SqliteStore,
    fingerprint: &Fingerprint,
    acknowledgement: &Acknowledgement,
) -> Result<(), StoreError> {
    let Some(mut memory) = recall(store, fingerprint)? else {
        return Err(StoreError::Missing { what: format!("finding {fingerprint}") });
    };
    memory.acknowledged = Some(acknowledgement.clone());
    let event = LedgerEvent::Acknowledged {
        fingerprint: fingerprint.to_string(),
        reference: acknowledgement.reference.clone(),
    };
    let mut change = store.change("recording that a use after the end was handled")?;
    change.write(std::slice::from_ref(&memory))?;
    change.record(acknowledgement.at, [&event])?;
    change.recorded_at(acknowledgement.at)?;
    change.commit()?;
    export::export(store)?;
    export::write_checkpoint(store)
}

pub(super) fn carry_over(
    store: &mut SqliteStore,
    run_id: &str,
    at: Instant,
    old: &Fingerprint,
    memory: &Memory,
) -> Result<(), StoreError> {
    let new = memory.finding.fingerprint;
    let (lines, wishes) = outbox::of_finding(store, *old)?;
    let mut change = store.change("carrying a finding over to another fingerprint")?;
    change.running(run_id)?;
    let removed = change.run(|transaction| {
        transaction
            .prepare_cached("DELETE FROM finding WHERE fingerprint = ?1 RETURNING 1")?
            .query_row([old.0], |_| Ok(()))
            .optional()
    })?;
    if removed.is_none() {
        return Err(StoreError::Missing { what: format!("finding {old}") });
    }
    outbox::carry_over(&lines, &wishes, &change, new)?;
    change.write(std::slice::from_ref(memory))?;
    change.record(at, &crate::store::ledger::carried_over(run_id, *old, new, memory.finding.state))?;
    change.recorded_at(at)?;
    change.commit()?;
    export::export(store)
}
