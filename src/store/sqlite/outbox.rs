//! Wishes, tickets and lines in the database.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};
use scan_contract::Instant;

use crate::findings::{Fingerprint, Memory};
use crate::store::outbox::{
    Operation, OperationCounts, Outbox, Outcome, Ticket, TicketBook, TicketChanges, TicketLine, TicketRun,
    TicketStanding, Wish, held_runs,
};
use crate::store::outbox_form::{
    self, read_line, read_ticket, read_verdict, read_wish, roster_hold_of, word_of_hold, write_line, write_ticket,
    write_verdict, write_wish,
};
use crate::store::sqlite::remembered::{damaged, digest_of};
use crate::store::sqlite::{Change, SqliteStore, database, export, findings, instant, stamp};
use crate::store::{LedgerEvent, RunChanges, StoreError};

/// Runs that are remembered for the breaker, besides those that are held.
const RUNS_KEPT: i64 = 400;

/// Version of the database that first knew tickets. An older one that is only read holds none.
const SINCE: i64 = 2;

fn knows_tickets(store: &SqliteStore) -> Result<bool, StoreError> {
    Ok(super::schema::version_of(&store.connection).map_err(database(READING))? >= SINCE)
}

const READING: &str = "reading what is known of tickets";

fn wish_digest(fingerprint: Fingerprint, body: &str) -> [u8; 32] {
    digest_of(&[&fingerprint.0, body.as_bytes()])
}

fn ticket_digest(tracker: &str, key: &str, body: &str) -> [u8; 32] {
    digest_of(&[tracker.as_bytes(), key.as_bytes(), body.as_bytes()])
}

fn line_digest(tracker: &str, fingerprint: Fingerprint, ticket: &str, body: &str) -> [u8; 32] {
    digest_of(&[tracker.as_bytes(), &fingerprint.0, ticket.as_bytes(), body.as_bytes()])
}

fn unreadable(store: &SqliteStore, what: &str, detail: impl std::fmt::Display) -> StoreError {
    damaged(store, format!("{what}: {detail}"))
}

fn unfit(store: &SqliteStore, what: &str) -> StoreError {
    unreadable(store, what, "its digest does not fit")
}

fn wishes(store: &SqliteStore) -> Result<Vec<Wish>, StoreError> {
    if !knows_tickets(store)? {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, [u8; 16], String, [u8; 32])> = store
        .connection
        .prepare_cached("SELECT number, fingerprint, body, digest FROM outbox ORDER BY number")
        .and_then(|mut statement| {
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
        .map_err(database(READING))?;
    let read = |(number, fingerprint, body, digest): (i64, [u8; 16], String, [u8; 32])| {
        let fingerprint = Fingerprint(fingerprint);
        if wish_digest(fingerprint, &body) != digest {
            return Err(unfit(store, "a wish"));
        }
        read_wish(number.cast_unsigned(), fingerprint, &body).map_err(|error| unreadable(store, "a wish", error))
    };
    rows.into_iter().map(read).collect()
}

fn tickets(store: &SqliteStore) -> Result<Vec<Ticket>, StoreError> {
    if !knows_tickets(store)? {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, String, String, [u8; 32])> = store
        .connection
        .prepare_cached("SELECT tracker, key, body, digest FROM ticket ORDER BY tracker, key")
        .and_then(|mut statement| {
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
        .map_err(database(READING))?;
    let read = |(tracker, key, body, digest): (String, String, String, [u8; 32])| {
        if ticket_digest(&tracker, &key, &body) != digest {
            return Err(unfit(store, &format!("ticket {key} at {tracker}")));
        }
        read_ticket(&tracker, &key, &body).map_err(|error| unreadable(store, "a ticket", error))
    };
    rows.into_iter().map(read).collect()
}

type LineRow = (String, [u8; 16], String, String, [u8; 32]);

fn lines(store: &SqliteStore) -> Result<Vec<TicketLine>, StoreError> {
    if !knows_tickets(store)? {
        return Ok(Vec::new());
    }
    let rows: Vec<LineRow> = store
        .connection
        .prepare_cached(
            "SELECT tracker, fingerprint, ticket, body, digest FROM ticket_line ORDER BY tracker, fingerprint",
        )
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
                .collect()
        })
        .map_err(database(READING))?;
    rows.into_iter()
        .map(|(tracker, fingerprint, ticket, body, digest)| {
            let fingerprint = Fingerprint(fingerprint);
            if line_digest(&tracker, fingerprint, &ticket, &body) != digest {
                return Err(unfit(store, &format!("the ticket line of {fingerprint}")));
            }
            read_line(&tracker, fingerprint, &ticket, &body).map_err(|error| unreadable(store, "a ticket line", error))
        })
        .collect()
}

type RunRow = (String, String, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

fn runs(store: &SqliteStore) -> Result<Vec<TicketRun>, StoreError> {
    if !knows_tickets(store)? {
        return Ok(Vec::new());
    }
    let rows: Vec<RunRow> = store
        .connection
        .prepare_cached(
            "SELECT ticket_run.run, committed_at, hold, roster_digest, verdict, released_at, released_by
             FROM ticket_run LEFT JOIN ticket_release ON ticket_release.run = ticket_run.run ORDER BY number",
        )
        .and_then(|mut statement| {
            statement
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
                })?
                .collect()
        })
        .map_err(database(READING))?;
    rows.into_iter()
        .map(|(run, at, hold, roster_digest, verdict, released_at, released_by)| {
            let wrong = |error: String| unreadable(store, &format!("the tickets of {run}"), error);
            let released = match (released_at, released_by) {
                (Some(at), Some(by)) => Some((instant(5, &at).map_err(database(READING))?, by)),
                _ => None,
            };
            Ok(TicketRun {
                at: instant(1, &at).map_err(database(READING))?,
                hold: hold.as_deref().map(roster_hold_of).transpose().map_err(wrong)?,
                verdict: verdict.as_deref().map(read_verdict).transpose().map_err(wrong)?,
                roster_digest,
                released,
                run,
            })
        })
        .collect()
}

/// Adds what a run wishes, and the run itself, inside its transaction (TKT-1).
pub(super) fn write_run(
    change: &Change<'_>,
    run_id: &str,
    at: Instant,
    changes: &RunChanges,
) -> Result<(), StoreError> {
    write_wishes(change, &changes.wishes)?;
    change.run(|transaction| {
        transaction.execute(
            "INSERT INTO ticket_run (run, committed_at, hold, roster_digest) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (run) DO UPDATE SET committed_at = excluded.committed_at, hold = excluded.hold,
                roster_digest = excluded.roster_digest",
            (run_id, stamp(at), changes.roster_hold.map(word_of_hold), &changes.roster_digest),
        )?;
        transaction.execute(
            "DELETE FROM ticket_run WHERE number <= (SELECT max(number) FROM ticket_run) - ?1
                AND run NOT IN (SELECT json_extract(body, '$.run') FROM outbox)",
            [RUNS_KEPT],
        )
    })?;
    Ok(())
}

fn write_wishes(change: &Change<'_>, wishes: &[Wish]) -> Result<(), StoreError> {
    for wish in wishes {
        let body = write_wish(wish).map_err(|error| form(change, &error))?;
        change.run(|transaction| {
            transaction.prepare_cached("INSERT INTO outbox (fingerprint, body, digest) VALUES (?1, ?2, ?3)")?.execute((
                wish.fingerprint.0,
                &body,
                wish_digest(wish.fingerprint, &body),
            ))
        })?;
    }
    Ok(())
}

fn form(change: &Change<'_>, error: &outbox_form::FormError) -> StoreError {
    StoreError::Database { doing: change.doing, detail: error.to_string() }
}

/// Carries wishes and lines over to another fingerprint, with the finding they belong to.
pub(super) fn carry_over(
    store_lines: &[TicketLine],
    store_wishes: &[Wish],
    change: &Change<'_>,
    new: Fingerprint,
) -> Result<(), StoreError> {
    for wish in store_wishes {
        let body = write_wish(wish).map_err(|error| form(change, &error))?;
        change.run(|transaction| {
            transaction.execute(
                "UPDATE outbox SET fingerprint = ?2, digest = ?3 WHERE number = ?1",
                (wish.number.cast_signed(), new.0, wish_digest(new, &body)),
            )
        })?;
    }
    for line in store_lines {
        change.run(|transaction| {
            transaction.execute(
                "DELETE FROM ticket_line WHERE tracker = ?1 AND fingerprint = ?2",
                (&line.tracker, line.fingerprint.0),
            )
        })?;
        write_one_line(change, &TicketLine { fingerprint: new, ..line.clone() })?;
    }
    Ok(())
}

/// What of the outbox belongs to a finding.
pub(super) fn of_finding(
    store: &SqliteStore,
    fingerprint: Fingerprint,
) -> Result<(Vec<TicketLine>, Vec<Wish>), StoreError> {
    let lines = lines(store)?.into_iter().filter(|line| line.fingerprint == fingerprint).collect();
    let wishes = wishes(store)?.into_iter().filter(|wish| wish.fingerprint == fingerprint).collect();
    Ok((lines, wishes))
}

fn write_one_line(change: &Change<'_>, line: &TicketLine) -> Result<(), StoreError> {
    let body = write_line(line).map_err(|error| form(change, &error))?;
    let digest = line_digest(&line.tracker, line.fingerprint, &line.ticket, &body);
    change.run(|transaction| {
        transaction
            .prepare_cached(
                "INSERT INTO ticket_line (tracker, fingerprint, ticket, body, digest) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (tracker, fingerprint) DO UPDATE
                 SET ticket = excluded.ticket, body = excluded.body, digest = excluded.digest",
            )?
            .execute((&line.tracker, line.fingerprint.0, &line.ticket, &body, digest))
    })?;
    Ok(())
}

fn write_all(change: &Change<'_>, changes: &TicketChanges) -> Result<(), StoreError> {
    for ticket in &changes.tickets {
        let body = write_ticket(ticket).map_err(|error| form(change, &error))?;
        let digest = ticket_digest(&ticket.tracker, &ticket.key, &body);
        change.run(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO ticket (tracker, key, body, digest) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (tracker, key) DO UPDATE SET body = excluded.body, digest = excluded.digest",
                )?
                .execute((&ticket.tracker, &ticket.key, &body, digest))
        })?;
    }
    for line in &changes.lines {
        write_one_line(change, line)?;
    }
    write_wishes(change, &changes.wishes)?;
    for (run, verdict) in &changes.verdicts {
        let text = write_verdict(verdict).map_err(|error| form(change, &error))?;
        change
            .run(|transaction| transaction.execute("UPDATE ticket_run SET verdict = ?2 WHERE run = ?1", (run, text)))?;
    }
    change.run(|transaction| {
        for number in &changes.done {
            transaction.prepare_cached("DELETE FROM outbox WHERE number = ?1")?.execute([number.cast_signed()])?;
        }
        for (tracker, operation, outcome) in &changes.operations {
            transaction
                .prepare_cached(
                    "INSERT INTO ticket_operation (tracker, operation, outcome, count) VALUES (?1, ?2, ?3, 1)
                     ON CONFLICT (tracker, operation, outcome) DO UPDATE SET count = count + 1",
                )?
                .execute((tracker, operation.as_str(), outcome.as_str()))?;
        }
        Ok(())
    })
}

impl Outbox for SqliteStore {
    fn ticket_book(&self) -> Result<TicketBook, StoreError> {
        let (tickets, lines, wishes, runs) = (tickets(self)?, lines(self)?, wishes(self)?, runs(self)?);
        let mut memories: BTreeMap<Fingerprint, Memory> = BTreeMap::new();
        let mut open_findings = 0;
        findings::for_each_open(self, &mut |memory| {
            open_findings += u64::from(memory.finding.state.is_open());
            memories.insert(memory.finding.fingerprint, memory);
            Ok(())
        })?;
        let beside = outbox_form::shown_beside(&tickets, &lines, &|print| memories.contains_key(print));
        for fingerprint in beside {
            memories.extend(findings::recall(self, &fingerprint)?.map(|memory| (fingerprint, memory)));
        }
        let roster_released = match runs.last().and_then(|run| run.roster_digest.as_deref()) {
            Some(digest) => super::rosters::released(self, digest)?.is_some(),
            None => false,
        };
        Ok(TicketBook { tickets, lines, wishes, runs, memories, open_findings, roster_released })
    }

    fn keep_tickets(&mut self, at: Instant, changes: TicketChanges) -> Result<(), StoreError> {
        let mut memories = Vec::new();
        for (fingerprint, address) in &changes.addresses {
            if let Some(mut memory) = findings::recall(self, fingerprint)? {
                memory.finding.ticket.clone_from(address);
                memories.push(memory);
            }
        }
        let mut change = self.change("writing down what became of a ticket")?;
        if !memories.is_empty() {
            change.write(&memories)?;
        }
        write_all(&change, &changes)?;
        let told = !changes.ledger.is_empty();
        if told {
            change.record(at, &changes.ledger)?;
            change.recorded_at(at)?;
        }
        change.commit()?;
        if told {
            export::export(self)?;
            export::write_checkpoint(self)?;
        }
        Ok(())
    }

    fn release_tickets(&mut self, run_id: &str, at: Instant, by: &str) -> Result<(), StoreError> {
        let event = LedgerEvent::TicketsReleased { run: run_id.to_owned(), by: by.to_owned() };
        let mut change = self.change("releasing the tickets of a run")?;
        let known = change.run(|transaction| known_run(transaction, run_id))?;
        if !known {
            return Err(StoreError::Missing { what: format!("run {run_id}") });
        }
        change.run(|transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO ticket_release (run, released_at, released_by) VALUES (?1, ?2, ?3)",
                (run_id, stamp(at), by),
            )
        })?;
        change.record(at, [&event])?;
        change.recorded_at(at)?;
        change.commit()?;
        export::export(self)?;
        export::write_checkpoint(self)
    }

    fn tickets_held(&self) -> Result<Vec<TicketRun>, StoreError> {
        Ok(held_runs(&runs(self)?, &wishes(self)?))
    }

    fn ticket_standings(&self) -> Result<Vec<TicketStanding>, StoreError> {
        Ok(outbox_form::standings(&tickets(self)?, &lines(self)?))
    }

    fn ticket_known(&self) -> Result<BTreeSet<Fingerprint>, StoreError> {
        Ok(outbox_form::known_findings(&lines(self)?, &wishes(self)?))
    }

    fn ticket_operations(&self) -> Result<OperationCounts, StoreError> {
        if !knows_tickets(self)? {
            return Ok(OperationCounts::new());
        }
        let rows: Vec<(String, String, String, i64)> = self
            .connection
            .prepare_cached("SELECT tracker, operation, outcome, count FROM ticket_operation")
            .and_then(|mut statement| {
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
            })
            .map_err(database(READING))?;
        let mut counts = OperationCounts::new();
        for (tracker, operation, outcome, count) in rows {
            let words = Operation::parse(&operation).zip(Outcome::parse(&outcome));
            let Some((operation, outcome)) = words else {
                return Err(unreadable(self, "a counter of tickets", format!("{operation} {outcome}")));
            };
            counts.insert((tracker, operation, outcome), count.cast_unsigned());
        }
        Ok(counts)
    }
}

fn known_run(transaction: &Connection, run_id: &str) -> rusqlite::Result<bool> {
    let found = transaction.query_row("SELECT 1 FROM ticket_run WHERE run = ?1", [run_id], |_| Ok(())).optional()?;
    Ok(found.is_some())
}
