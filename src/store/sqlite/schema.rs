//! Versions of the database, oldest first. A migration is never changed once released.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::StoreError;
use crate::store::sqlite::database;

/// Marks the file as ours: the bytes `HOLD` in the header (sqlite.org/fileformat2.html, offset 68).
pub(super) const APPLICATION_ID: i64 = 0x484F_4C44;

/// Each migration with the version it leads to.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("migrations/0001_first.sql")),
    (2, include_str!("migrations/0002_tickets.sql")),
    (3, include_str!("migrations/0003_scopes.sql")),
];

/// The version this program writes.
pub(super) fn known_version() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, _)| *version)
}

/// The version of an opened database.
pub(super) fn version_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings a database to the known version; each step is one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let doing = "bringing the store to this version";
    let found = version_of(connection).map_err(database(doing))?;
    for (version, statements) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database(doing))?;
        transaction.execute_batch(statements).map_err(database(doing))?;
        transaction.pragma_update(None, "user_version", version).map_err(database(doing))?;
        transaction.commit().map_err(database(doing))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_by_one_and_the_text_builds_a_sound_database() {
        for (index, (version, _)) in MIGRATIONS.iter().enumerate() {
            assert_eq!(*version, i64::try_from(index).unwrap() + 1);
        }
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version_of(&connection).unwrap(), known_version());
        migrate(&mut connection).unwrap();
    }
}
