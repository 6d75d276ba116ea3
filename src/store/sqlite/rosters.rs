//! Accepted rosters, their figures, and what operators released by digest.

use rusqlite::{Connection, OptionalExtension};
use scan_contract::Instant;

use crate::store::sqlite::remembered::{damaged, digest_of};
use crate::store::sqlite::{SqliteStore, database, export, instant, stamp};
use crate::store::{AcceptedRoster, LedgerEvent, StoreError};

/// Rows of figures kept: one a run, for the look seven days back, also with a run every quarter of an hour.
const FIGURES_KEPT: i64 = 2_000;

fn row_digest(roster: &AcceptedRoster) -> [u8; 32] {
    digest_of(&[
        roster.digest.as_bytes(),
        stamp(roster.accepted_at).as_bytes(),
        roster.accepted_by.as_bytes(),
        roster.figures.as_bytes(),
        &roster.archive,
    ])
}

pub(super) fn accepted(store: &SqliteStore) -> Result<Option<AcceptedRoster>, StoreError> {
    let found = store
        .connection
        .prepare_cached(
            "SELECT roster_digest, accepted_at, accepted_by, archive, figures, digest FROM roster
             ORDER BY number DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| {
                let roster = AcceptedRoster {
                    digest: row.get(0)?,
                    accepted_at: instant(1, &row.get::<_, String>(1)?)?,
                    accepted_by: row.get(2)?,
                    archive: row.get(3)?,
                    figures: row.get(4)?,
                };
                Ok((roster, row.get::<_, [u8; 32]>(5)?))
            };
            statement.query_row([], read).optional()
        })
        .map_err(database("reading the accepted roster"))?;
    match found {
        Some((roster, digest)) if row_digest(&roster) != digest => {
            Err(damaged(store, String::from("the accepted roster: its digest does not fit")))
        }
        Some((roster, _)) => Ok(Some(roster)),
        None => Ok(None),
    }
}

pub(super) fn write_accepted(transaction: &Connection, roster: &AcceptedRoster) -> rusqlite::Result<()> {
    transaction.execute("UPDATE roster SET archive = NULL WHERE archive IS NOT NULL", [])?;
    transaction.execute(
        "INSERT INTO roster (roster_digest, accepted_at, accepted_by, figures, archive, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            &roster.digest,
            stamp(roster.accepted_at),
            &roster.accepted_by,
            &roster.figures,
            &roster.archive,
            row_digest(roster),
        ),
    )?;
    transaction.execute("DELETE FROM roster WHERE number <= (SELECT max(number) FROM roster) - ?1", [FIGURES_KEPT])?;
    Ok(())
}

pub(super) fn figures_at(store: &SqliteStore, instant: Instant) -> Result<Option<String>, StoreError> {
    store
        .connection
        .prepare_cached(
            "SELECT figures FROM roster WHERE accepted_at <= ?1 ORDER BY accepted_at DESC, number DESC LIMIT 1",
        )
        .and_then(|mut statement| statement.query_row([stamp(instant)], |row| row.get(0)).optional())
        .map_err(database("reading the figures of an earlier roster"))
}

pub(super) fn released(store: &SqliteStore, digest: &str) -> Result<Option<Instant>, StoreError> {
    store
        .connection
        .prepare_cached("SELECT released_at FROM roster_release WHERE roster_digest = ?1")
        .and_then(|mut statement| statement.query_row([digest], |row| instant(0, &row.get::<_, String>(0)?)).optional())
        .map_err(database("reading whether a roster was released"))
}

pub(super) fn release(store: &mut SqliteStore, digest: &str, at: Instant, by: &str) -> Result<(), StoreError> {
    let event =
        LedgerEvent::Roster { by: by.to_owned(), digest: digest.to_owned(), decision: String::from("accepted") };
    let mut change = store.change("releasing a roster")?;
    change.run(|transaction| {
        transaction.execute(
            "INSERT OR REPLACE INTO roster_release (roster_digest, released_at, released_by) VALUES (?1, ?2, ?3)",
            (digest, stamp(at), by),
        )
    })?;
    change.record(at, [&event])?;
    change.recorded_at(at)?;
    change.commit()?;
    export::export(store)?;
    export::write_checkpoint(store)
}
