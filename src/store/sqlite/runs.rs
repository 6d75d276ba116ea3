//! The life of a run in the store: begin, declare, apply, end; and the reports that are kept.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use scan_contract::{Instant, ScopeName, ScopeState, SystemId};
use sha2::{Digest, Sha256};

use crate::findings::Memory;
use crate::report::RunFacts;
use crate::store::directory::{StateDirectory, io_error};
use crate::store::sqlite::{
    Change, REPORTS_DIRECTORY, SqliteStore, database, export, findings, instant, maybe_instant, outbox, remembered,
    rosters, stamp,
};
use crate::store::{LedgerEvent, Opening, PreviousRun, RunChanges, StoreError, is_success};

const REPORT_ENDING: &str = ".report";

impl Change<'_> {
    /// Serial of the run, which must have begun and not ended.
    pub(super) fn running(&self, run_id: &str) -> Result<i64, StoreError> {
        let serial = self.run(|transaction| {
            transaction
                .prepare_cached("SELECT max(serial) FROM run WHERE id = ?1 AND state = 'running'")?
                .query_row([run_id], |row| row.get::<_, Option<i64>>(0))
        })?;
        serial.ok_or_else(|| StoreError::Missing { what: format!("run {run_id}, begun and not ended,") })
    }

    /// Remembers the latest wall time that was recorded: a clock that goes back shows by it (TIM-7).
    pub(super) fn recorded_at(&self, at: Instant) -> Result<(), StoreError> {
        self.run(|transaction| {
            transaction
                .prepare_cached("UPDATE store SET latest_at = max(coalesce(latest_at, ''), ?1)")?
                .execute([stamp(at)])
        })?;
        Ok(())
    }

    /// Writes memories.
    pub(super) fn write(&self, memories: &[Memory]) -> Result<(), StoreError> {
        match findings::write_all(&self.transaction, memories) {
            Ok(()) => Ok(()),
            Err(findings::WriteError::Database(error)) => Err(super::full(self.directory, self.doing, &error)),
            Err(findings::WriteError::Record(error)) => {
                Err(StoreError::Database { doing: self.doing, detail: error.to_string() })
            }
        }
    }
}

pub(super) fn begin(
    store: &mut SqliteStore,
    run_id: &str,
    started_at: Instant,
    config_digest: &str,
) -> Result<Opening, StoreError> {
    let (witnessed_serial, witnessed_records) = export::witnessed(store)?;
    let lineage = store.lineage.clone();
    let mut change = store.change("beginning a run")?;
    let mut opening = change.run(opening)?;
    opening.lineage = lineage;
    let interrupted = change.run(mark_interrupted)?;
    opening.serial = change
        .run(|transaction| {
            transaction.query_row(
                "UPDATE store SET serial = serial + 1, witnessed_serial = ?1, witnessed_records = ?2,
                config_since = CASE WHEN config_digest IS ?3 THEN config_since ELSE ?4 END, config_digest = ?3
             RETURNING serial",
                (witnessed_serial.cast_signed(), witnessed_records.cast_signed(), config_digest, stamp(started_at)),
                |row| row.get::<_, i64>(0),
            )
        })?
        .cast_unsigned();
    change.run(|transaction| {
        transaction.execute(
            "INSERT INTO run (serial, id, state, started_at, config_digest) VALUES (?1, ?2, 'running', ?3, ?4)",
            (opening.serial.cast_signed(), run_id, stamp(started_at), config_digest),
        )
    })?;
    let mut events: Vec<LedgerEvent> =
        interrupted.iter().map(|run| LedgerEvent::RunInterrupted { run: run.clone() }).collect();
    events.push(LedgerEvent::RunStarted { run: run_id.to_owned(), config: config_digest.to_owned() });
    change.record(started_at, &events)?;
    change.recorded_at(started_at)?;
    change.commit()?;
    export::export(store)?;
    opening.interrupted_runs = interrupted;
    Ok(opening)
}

/// What earlier runs left behind.
fn opening(transaction: &Connection) -> rusqlite::Result<Opening> {
    let previous_run = transaction
        .query_row(
            "SELECT id, ended_at, roster_digest FROM run WHERE state = 'ended' ORDER BY serial DESC LIMIT 1",
            [],
            |row| {
                let ended_at = instant(1, &row.get::<_, String>(1)?)?;
                Ok(PreviousRun { id: row.get(0)?, ended_at, roster_digest: row.get(2)? })
            },
        )
        .optional()?;
    transaction.query_row("SELECT latest_at, config_digest, config_since FROM store", [], |row| {
        let config = row.get::<_, Option<String>>(1)?.zip(maybe_instant(2, row.get(2)?)?);
        let latest_recorded_at = maybe_instant(0, row.get(0)?)?;
        Ok(Opening { previous_run, latest_recorded_at, config, ..Opening::default() })
    })
}

/// Marks runs that never ended, and what they had declared and not settled (STO-3).
fn mark_interrupted(transaction: &Connection) -> rusqlite::Result<Vec<String>> {
    transaction.execute(
        "UPDATE scope SET state = ?1 WHERE state = ?2 AND run IN (SELECT serial FROM run WHERE state = 'running')",
        (ScopeState::Interrupted.as_str(), ScopeState::NotAttempted.as_str()),
    )?;
    let mut statement = transaction.prepare("SELECT id FROM run WHERE state = 'running' ORDER BY serial")?;
    let ids = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    transaction.execute("UPDATE run SET state = 'interrupted' WHERE state = 'running'", [])?;
    Ok(ids)
}

pub(super) fn declare(
    store: &mut SqliteStore,
    run_id: &str,
    scopes: &[(SystemId, ScopeName, String)],
) -> Result<(), StoreError> {
    let change = store.change("declaring scopes")?;
    let run = change.running(run_id)?;
    change.run(|transaction| {
        let mut statement = transaction.prepare_cached(
            "INSERT OR IGNORE INTO scope (run, system, name, kind, state) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (system, name, kind) in scopes {
            statement.execute((run, system.as_str(), name.as_str(), kind, ScopeState::NotAttempted.as_str()))?;
        }
        Ok(())
    })?;
    change.commit()
}

pub(super) fn apply(
    store: &mut SqliteStore,
    run_id: &str,
    at: Instant,
    mut changes: RunChanges,
) -> Result<(), StoreError> {
    let totals = remembered::totals_as_stored(&changes.totals)?;
    let mut change = store.change("committing what the run changed")?;
    let run = change.running(run_id)?;
    change.write(&changes.memories)?;
    // The largest part is given back before the rest is written.
    drop(std::mem::take(&mut changes.memories));
    change.run(|transaction| {
        remembered::settle_scopes(transaction, run, run_id, at, &changes.scopes)?;
        remembered::write_system_times(transaction, &changes.systems)?;
        remembered::store_totals(transaction, &totals)?;
        remembered::write_leavers_checked(transaction, &changes.leavers_checked)?;
        remembered::write_unattributed(transaction, at, &changes.unattributed)?;
        remembered::write_exception_idle(transaction, &changes.exception_idle_runs)?;
        changes.accepted_roster.as_ref().map_or(Ok(()), |roster| rosters::write_accepted(transaction, roster))
    })?;
    outbox::write_run(&change, run_id, at, &changes)?;
    change.record(at, &changes.ledger)?;
    let told = |event: &LedgerEvent| matches!(event, LedgerEvent::RunEnded { run, .. } if run == run_id);
    if changes.ledger.iter().any(told) {
        change.run(|transaction| transaction.execute("UPDATE run SET end_in_ledger = 1 WHERE serial = ?1", [run]))?;
    }
    change.recorded_at(at)?;
    change.commit()?;
    export::export(store)
}

pub(super) fn end(store: &mut SqliteStore, facts: &RunFacts, report: &[u8], keep: usize) -> Result<(), StoreError> {
    let reports = store.directory.inner(REPORTS_DIRECTORY)?;
    let mut change = store.change("ending the run")?;
    let run = change.running(&facts.id)?;
    let digest: [u8; 32] = Sha256::digest(report).into();
    // The file comes first: a row without its file would be a lost report, a file without its row is swept later.
    reports.replace(&report_name(run), report)?;
    let (complete, declared, in_ledger) = change.run(|transaction| how_it_went(transaction, run))?;
    if !in_ledger {
        let exit_code = facts.exit_code.code();
        change.record(
            facts.ended_at,
            [&LedgerEvent::RunEnded { run: facts.id.clone(), exit_code, complete, declared }],
        )?;
    }
    change.run(|transaction| {
        transaction.execute(
            "UPDATE run SET state = 'ended', ended_at = ?2, exit_code = ?3, program = ?4, report_digest = ?5,
                report_bytes = ?6, is_success = ?7, end_in_ledger = 1,
                roster_digest = (SELECT roster_digest FROM roster ORDER BY number DESC LIMIT 1)
             WHERE serial = ?1",
            (
                run,
                stamp(facts.ended_at),
                facts.exit_code.code(),
                &facts.version,
                digest,
                i64::try_from(report.len()).unwrap_or(i64::MAX),
                is_success(facts),
            ),
        )?;
        // A run with a chosen clock that is repeated replaces its earlier report.
        transaction.execute("UPDATE run SET report_digest = NULL WHERE id = ?1 AND serial < ?2", (&facts.id, run))?;
        transaction.execute(
            "UPDATE run SET report_digest = NULL WHERE serial IN
                (SELECT serial FROM run WHERE report_digest IS NOT NULL ORDER BY serial DESC LIMIT -1 OFFSET ?1)",
            [i64::try_from(keep).unwrap_or(i64::MAX)],
        )?;
        transaction.execute("DELETE FROM scope WHERE run < ?1", [run])
    })?;
    change.recorded_at(facts.ended_at)?;
    change.commit()?;
    export::export(store)?;
    export::write_checkpoint(store)?;
    fold_log(store)?;
    sweep(store, &reports)
}

fn how_it_went(transaction: &Connection, run: i64) -> rusqlite::Result<(u64, u64, bool)> {
    let (complete, declared): (i64, i64) = transaction.query_row(
        "SELECT count(*) FILTER (WHERE state = ?2), count(*) FROM scope WHERE run = ?1",
        (run, ScopeState::Complete.as_str()),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let in_ledger =
        transaction.query_row("SELECT end_in_ledger FROM run WHERE serial = ?1", [run], |row| row.get(0))?;
    Ok((complete.cast_unsigned(), declared.cast_unsigned(), in_ledger))
}

/// Folds the write-ahead log into the database, so that a copy of the directory at rest is one file. A reader at work
/// may prevent it; then the next run does it.
fn fold_log(store: &SqliteStore) -> Result<(), StoreError> {
    store
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|error| super::full(&store.directory, "folding the log into the store", &error))
}

fn report_name(serial: i64) -> String {
    format!("{serial}{REPORT_ENDING}")
}

fn kept(connection: &Connection) -> rusqlite::Result<BTreeSet<i64>> {
    connection
        .prepare("SELECT serial FROM run WHERE report_digest IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Removes reports that no row names, and what was never finished.
fn sweep(store: &SqliteStore, reports: &StateDirectory) -> Result<(), StoreError> {
    let kept = kept(&store.connection).map_err(database("listing the kept reports"))?;
    let path = reports.path().display().to_string();
    for entry in std::fs::read_dir(reports.path()).map_err(io_error("listing", &path))? {
        let name = entry.map_err(io_error("listing", &path))?.file_name();
        let Some(name) = name.to_str() else { continue };
        // What a killed run left half-written holds persons as well.
        let unfinished = name.ends_with(&format!("{REPORT_ENDING}.new"));
        let serial = name.strip_suffix(REPORT_ENDING).and_then(|serial| serial.parse::<i64>().ok());
        if unfinished || serial.is_some_and(|serial| !kept.contains(&serial)) {
            reports.remove(name)?;
        }
    }
    Ok(())
}

pub(super) fn last_success(store: &SqliteStore) -> Result<Option<Instant>, StoreError> {
    store
        .connection
        .query_row("SELECT ended_at FROM run WHERE is_success = 1 ORDER BY serial DESC LIMIT 1", [], |row| {
            instant(0, &row.get::<_, String>(0)?)
        })
        .optional()
        .map_err(database("reading the last success"))
}

pub(super) fn config_since(store: &SqliteStore) -> Result<Option<(String, Instant)>, StoreError> {
    store
        .connection
        .query_row("SELECT config_digest, config_since FROM store", [], |row| {
            Ok(row.get::<_, Option<String>>(0)?.zip(maybe_instant(1, row.get(1)?)?))
        })
        .map_err(database("reading since when the configuration holds"))
}

pub(super) fn reports(store: &SqliteStore) -> Result<Vec<(String, Instant)>, StoreError> {
    store
        .connection
        .prepare("SELECT id, ended_at FROM run WHERE report_digest IS NOT NULL ORDER BY serial DESC")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, instant(1, &row.get::<_, String>(1)?)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(database("listing the kept reports"))
}

pub(super) fn report(store: &SqliteStore, run_id: &str) -> Result<Vec<u8>, StoreError> {
    let found: Option<(i64, [u8; 32])> = store
        .connection
        .query_row(
            "SELECT serial, report_digest FROM run WHERE id = ?1 AND report_digest IS NOT NULL ORDER BY serial DESC LIMIT 1",
            [run_id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(database("looking for a report"))?;
    let missing = || StoreError::Missing { what: format!("the report of run {run_id}") };
    let (serial, digest) = found.ok_or_else(missing)?;
    let reports = StateDirectory::existing(&store.directory.file(REPORTS_DIRECTORY), true)?;
    let name = report_name(serial);
    let bytes = reports.read(&name, u64::MAX - 1)?.ok_or_else(missing)?;
    let computed: [u8; 32] = Sha256::digest(&bytes).into();
    if computed != digest {
        let path = reports.text(&name);
        return Err(StoreError::Damaged {
            kept_as: path.clone(),
            path,
            detail: String::from("its digest does not fit"),
        });
    }
    Ok(bytes)
}
