//! Small memories: baselines of scopes, times of systems, figures, what was seen without an owner.

use rusqlite::{Connection, OptionalExtension};
use scan_contract::{AccessKind, Instant, ScopeName, ScopeState, SystemId};
use sha2::{Digest, Sha256};

use crate::report::Totals;
use crate::store::sqlite::{DATABASE_FILE, SqliteStore, database, export, instant, maybe_instant, schema, stamp};
use crate::store::totals::{read_totals, write_totals};
use crate::store::{KnownScope, LedgerEvent, RunChanges, ScopeBaseline, StoreError, SystemTimes};

/// SHA-256 over parts, each with its length before it.
pub(super) fn digest_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

pub(super) fn damaged(store: &SqliteStore, detail: String) -> StoreError {
    let path = store.directory.text(DATABASE_FILE);
    StoreError::Damaged { kept_as: path.clone(), path, detail }
}

struct BaselineRow {
    run_id: String,
    objects: i64,
    as_of: Option<String>,
    read_at: String,
    kind: Option<String>,
    configuration: Option<String>,
}

/// Columns of a baseline, in the order in which [`BaselineRow::read`] takes them.
const COLUMNS: &str = "run_id, objects, as_of, read_at, kind, configuration";

/// The same of a store of before version 3, which only a reader meets.
const EARLIER_COLUMNS: &str = "run_id, objects, as_of, read_at, NULL, NULL";

fn columns(store: &SqliteStore) -> rusqlite::Result<&'static str> {
    Ok(if schema::version_of(&store.connection)? < 3 { EARLIER_COLUMNS } else { COLUMNS })
}

impl BaselineRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            run_id: row.get(0)?,
            objects: row.get(1)?,
            as_of: row.get(2)?,
            read_at: row.get(3)?,
            kind: row.get(4)?,
            configuration: row.get(5)?,
        })
    }

    fn digest(&self, system: &SystemId, scope: &ScopeName) -> [u8; 32] {
        let objects = self.objects.to_be_bytes();
        let mut parts = vec![
            system.as_str().as_bytes(),
            scope.as_str().as_bytes(),
            self.run_id.as_bytes(),
            &objects,
            self.as_of.as_deref().unwrap_or("-").as_bytes(),
            self.read_at.as_bytes(),
        ];
        // Rows of before these columns have none of them, and keep their digest.
        parts.extend([&self.kind, &self.configuration].into_iter().flatten().map(String::as_bytes));
        digest_of(&parts)
    }
}

pub(super) fn baseline(
    store: &SqliteStore,
    system: &SystemId,
    scope: &ScopeName,
) -> Result<Option<ScopeBaseline>, StoreError> {
    let doing = "reading the baseline of a scope";
    let key = (system.as_str(), scope.as_str());
    let columns = columns(store).map_err(database(doing))?;
    let found = store
        .connection
        .prepare_cached(&format!("SELECT {columns}, digest FROM baseline WHERE system = ?1 AND name = ?2"))
        .and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| Ok((BaselineRow::read(row)?, row.get::<_, [u8; 32]>(6)?));
            statement.query_row(key, read).optional()
        })
        .map_err(database(doing))?;
    let Some((row, digest)) = found else { return Ok(None) };
    if row.digest(system, scope) != digest {
        return Err(damaged(store, format!("baseline of {system} {scope}: its digest does not fit")));
    }
    let drop_accepted_for = store
        .connection
        .prepare_cached("SELECT run_id FROM drop_accepted WHERE system = ?1 AND name = ?2")
        .and_then(|mut statement| statement.query_row(key, |row| row.get(0)).optional())
        .map_err(database(doing))?;
    Ok(Some(ScopeBaseline {
        objects: row.objects.cast_unsigned(),
        as_of: maybe_instant(2, row.as_of).map_err(database(doing))?,
        read_at: instant(3, &row.read_at).map_err(database(doing))?,
        run_id: row.run_id,
        drop_accepted_for,
    }))
}

pub(super) fn known_scopes(store: &SqliteStore, system: &SystemId) -> Result<Vec<KnownScope>, StoreError> {
    let doing = "reading which scopes of a system are known";
    let columns = columns(store).map_err(database(doing))?;
    let rows: Vec<(String, BaselineRow, [u8; 32])> = store
        .connection
        .prepare_cached(&format!("SELECT {columns}, digest, name FROM baseline WHERE system = ?1 ORDER BY name"))
        .and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(7)?, BaselineRow::read(row)?, row.get(6)?));
            statement.query_map([system.as_str()], read)?.collect()
        })
        .map_err(database(doing))?;
    let mut known = Vec::new();
    for (name, row, digest) in rows {
        let name = ScopeName::from(name);
        if row.digest(system, &name) != digest {
            return Err(damaged(store, format!("baseline of {system} {name}: its digest does not fit")));
        }
        if let (Some(kind), Some(configuration)) = (row.kind, row.configuration) {
            let read_at = instant(3, &row.read_at).map_err(database(doing))?;
            known.push(KnownScope { name, kind, read_at, configuration });
        }
    }
    Ok(known)
}

/// Settles the scopes of a run; a complete one becomes the baseline.
pub(super) fn settle_scopes(
    transaction: &Connection,
    run: i64,
    run_id: &str,
    at: Instant,
    changes: &RunChanges,
) -> rusqlite::Result<()> {
    for (system, scope) in &changes.scopes {
        let objects = scope.objects.cast_signed();
        let key = (system.clone(), scope.name.clone());
        transaction
            .prepare_cached(
                "INSERT INTO scope (run, system, name, kind, state, objects, gone) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (run, system, name) DO UPDATE
                 SET kind = excluded.kind, state = excluded.state, objects = excluded.objects, gone = excluded.gone",
            )?
            .execute((
                run,
                system.as_str(),
                scope.name.as_str(),
                &scope.kind,
                scope.state.as_str(),
                objects,
                changes.gone.contains(&key),
            ))?;
        if scope.state != ScopeState::Complete {
            continue;
        }
        let configuration = changes.configurations.get(system).cloned();
        let row = BaselineRow {
            run_id: run_id.to_owned(),
            objects,
            as_of: scope.as_of.map(stamp),
            read_at: stamp(at),
            kind: configuration.is_some().then(|| scope.kind.clone()),
            configuration,
        };
        write_baseline(transaction, system, &scope.name, &row)?;
    }
    for (system, name) in &changes.forgotten {
        forget_scope(transaction, system, name)?;
    }
    Ok(())
}

fn write_baseline(
    transaction: &Connection,
    system: &SystemId,
    name: &ScopeName,
    row: &BaselineRow,
) -> rusqlite::Result<()> {
    let digest = row.digest(system, name);
    let BaselineRow { run_id, objects, as_of, read_at, kind, configuration } = row;
    transaction
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO baseline ({COLUMNS}, digest, system, name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        ))?
        .execute((run_id, objects, as_of, read_at, kind, configuration, digest, system.as_str(), name.as_str()))?;
    Ok(())
}

fn forget_scope(transaction: &Connection, system: &SystemId, name: &ScopeName) -> rusqlite::Result<()> {
    for table in ["baseline", "drop_accepted"] {
        transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE system = ?1 AND name = ?2"))?
            .execute((system.as_str(), name.as_str()))?;
    }
    Ok(())
}

/// Rows of earlier runs are needed until their system is read again: what a run found may be accepted until then.
pub(super) fn sweep_scopes(transaction: &Connection, run: i64) -> rusqlite::Result<usize> {
    transaction.execute(
        &format!(
            "DELETE FROM scope WHERE run < ?1 AND system IN (SELECT system FROM scope WHERE run = ?1 AND {WAS_READ})"
        ),
        [run],
    )
}

/// Whether a row tells what was found in a scope, rather than that it was not read.
const WAS_READ: &str = "(state IN ('complete', 'partial') OR gone = 1)";

pub(super) fn accept_drop(
    store: &mut SqliteStore,
    system: &SystemId,
    scope: &ScopeName,
    run_id: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let event = LedgerEvent::DropAccepted { scope: format!("{system} {scope}"), run: run_id.to_owned() };
    let mut change = store.change("accepting a drop")?;
    let key = (system.as_str(), scope.as_str());
    // The figure is taken over now: what is accepted is what that run found, and nothing lower.
    let accepted = change.run(|transaction| {
        let found: Option<(i64, bool)> = transaction
            .query_row(
                &format!(
                    "SELECT objects, gone FROM scope JOIN run ON run.serial = scope.run
                     WHERE run.id = ?1 AND system = ?2 AND name = ?3
                     AND run = (SELECT MAX(run) FROM scope WHERE system = ?2 AND name = ?3 AND {WAS_READ})"
                ),
                (run_id, key.0, key.1),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let known: Option<BaselineRow> = transaction
            .query_row(
                &format!("SELECT {COLUMNS} FROM baseline WHERE system = ?1 AND name = ?2"),
                key,
                BaselineRow::read,
            )
            .optional()?;
        let Some(((objects, gone), known)) = found.zip(known) else { return Ok(false) };
        if gone {
            forget_scope(transaction, system, scope)?;
            return Ok(true);
        }
        write_baseline(transaction, system, scope, &BaselineRow { objects, ..known })?;
        transaction.execute(
            "INSERT OR REPLACE INTO drop_accepted (system, name, run_id, accepted_at) VALUES (?1, ?2, ?3, ?4)",
            (key.0, key.1, run_id, stamp(at)),
        )?;
        Ok(true)
    })?;
    if !accepted {
        return Err(StoreError::Missing {
            what: format!("the scope {system}/{scope} as the last run {run_id} found it"),
        });
    }
    change.record(at, [&event])?;
    change.recorded_at(at)?;
    change.commit()?;
    export::export(store)?;
    export::write_checkpoint(store)
}

/// Accepted drops whose scope no later run has read completely.
pub(super) fn drops_accepted(store: &SqliteStore) -> Result<u64, StoreError> {
    let count: i64 = store
        .connection
        .query_row(
            "SELECT COUNT(*) FROM drop_accepted AS accepted
             JOIN baseline ON baseline.system = accepted.system AND baseline.name = accepted.name
             WHERE (SELECT MAX(serial) FROM run WHERE id = baseline.run_id)
                 < (SELECT MAX(serial) FROM run WHERE id = accepted.run_id)",
            [],
            |row| row.get(0),
        )
        .map_err(database("counting accepted drops"))?;
    Ok(count.cast_unsigned())
}

pub(super) fn system_times(store: &SqliteStore, system: &SystemId) -> Result<SystemTimes, StoreError> {
    let found = store
        .connection
        .prepare_cached("SELECT last_success_at, last_complete_at FROM system_times WHERE system = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([system.as_str()], |row| {
                    Ok(SystemTimes {
                        last_success_at: maybe_instant(0, row.get(0)?)?,
                        last_complete_at: maybe_instant(1, row.get(1)?)?,
                    })
                })
                .optional()
        })
        .map_err(database("reading the times of a system"))?;
    Ok(found.unwrap_or_default())
}

pub(super) fn write_system_times(
    transaction: &Connection,
    systems: &[(SystemId, SystemTimes)],
) -> rusqlite::Result<()> {
    for (system, times) in systems {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO system_times (system, last_success_at, last_complete_at) VALUES (?1, ?2, ?3)",
            )?
            .execute((system.as_str(), times.last_success_at.map(stamp), times.last_complete_at.map(stamp)))?;
    }
    Ok(())
}

pub(super) fn unattributed_since(
    store: &SqliteStore,
    system: &SystemId,
    kind: AccessKind,
    grant_id: &str,
) -> Result<Option<Instant>, StoreError> {
    store
        .connection
        .prepare_cached("SELECT first_at FROM unattributed WHERE system = ?1 AND kind = ?2 AND grant_id = ?3")
        .and_then(|mut statement| {
            statement
                .query_row((system.as_str(), kind.as_str(), grant_id), |row| instant(0, &row.get::<_, String>(0)?))
                .optional()
        })
        .map_err(database("reading since when a grant has no owner"))
}

pub(super) fn write_unattributed(
    transaction: &Connection,
    at: Instant,
    grants: &[(SystemId, AccessKind, String)],
) -> rusqlite::Result<()> {
    let at = stamp(at);
    for (system, kind, grant_id) in grants {
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO unattributed (system, kind, grant_id, first_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((system.as_str(), kind.as_str(), grant_id, &at))?;
    }
    Ok(())
}

pub(super) fn leaver_checked(store: &SqliteStore, person_id: &str, stint: u32) -> Result<bool, StoreError> {
    store
        .connection
        .prepare_cached("SELECT 1 FROM leaver_checked WHERE person = ?1 AND stint = ?2")
        .and_then(|mut statement| statement.exists((person_id, stint)))
        .map_err(database("reading whether a leaver was checked"))
}

pub(super) fn write_leavers_checked(transaction: &Connection, leavers: &[(String, u32)]) -> rusqlite::Result<()> {
    for (person, stint) in leavers {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO leaver_checked (person, stint) VALUES (?1, ?2)")?
            .execute((person, stint))?;
    }
    Ok(())
}

pub(super) fn exception_idle_runs(store: &SqliteStore, exception_id: &str) -> Result<u32, StoreError> {
    let found = store
        .connection
        .prepare_cached("SELECT runs FROM exception_idle WHERE exception = ?1")
        .and_then(|mut statement| statement.query_row([exception_id], |row| row.get(0)).optional())
        .map_err(database("reading the idle runs of an exception"))?;
    Ok(found.unwrap_or(0))
}

pub(super) fn write_exception_idle(transaction: &Connection, exceptions: &[(String, u32)]) -> rusqlite::Result<()> {
    for (exception, runs) in exceptions {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO exception_idle (exception, runs) VALUES (?1, ?2)")?
            .execute((exception, runs))?;
    }
    Ok(())
}

pub(super) fn totals(store: &SqliteStore) -> Result<Totals, StoreError> {
    let doing = "reading the figures over all runs";
    let (body, digest): (Option<String>, Option<[u8; 32]>) = store
        .connection
        .query_row("SELECT totals, totals_digest FROM store", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(database(doing))?;
    let Some(body) = body else { return Ok(Totals::default()) };
    if digest != Some(digest_of(&[body.as_bytes()])) {
        return Err(damaged(store, String::from("the figures over all runs: their digest does not fit")));
    }
    read_totals(body.as_bytes()).map_err(|error| damaged(store, format!("the figures over all runs: {error}")))
}

pub(super) fn totals_as_stored(totals: &Totals) -> Result<String, StoreError> {
    let failed = |detail: String| StoreError::Database { doing: "writing the figures over all runs", detail };
    let bytes = write_totals(totals).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

pub(super) fn store_totals(transaction: &Connection, body: &str) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE store SET totals = ?1, totals_digest = ?2")?
        .execute((body, digest_of(&[body.as_bytes()])))?;
    Ok(())
}
