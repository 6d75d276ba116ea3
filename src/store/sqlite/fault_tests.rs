//! Faults of disks, copies and people: rows S3, S4, S5 and T9 of the fault table, as far as they concern the store.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::findings::FindingState;
use crate::store::ledger::{CHECKPOINT_FILE, LEDGER_FILE};
use crate::store::sample::{facts, fingerprint, memory, now, open, place, roster, state_line};
use crate::store::sqlite::{DATABASE_FILE, OpenOptions, SqliteStore};
use crate::store::{LedgerEvent, RunChanges, Store, StoreError};

pub(super) const FINDINGS: u32 = 60;

pub(super) fn options() -> OpenOptions {
    OpenOptions { allow_network: true, now: now() }
}

/// One whole run with findings, a roster and a report.
fn run(store: &mut SqliteStore, id: &str) -> Result<(), StoreError> {
    store.begin_run(id, now(), "c1")?;
    let memories: Vec<_> = (0..FINDINGS).map(|number| memory(number, FindingState::Confirmed)).collect();
    let ledger = memories.iter().map(|memory| state_line(id, memory)).collect();
    let changes = RunChanges { memories, ledger, accepted_roster: Some(roster("d1", now())), ..RunChanges::default() };
    store.apply(id, now(), changes)?;
    store.end_run(&facts(id, now()), b"the report", 5)
}

/// A directory with a store of one run; closed.
pub(super) fn one_run() -> (tempfile::TempDir, PathBuf) {
    let place = place();
    run(&mut open(place.path()).unwrap(), "run-1").unwrap();
    let state = place.path().join("state");
    (place, state)
}

pub(super) fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Everything that must never be lost or changed without an error.
fn assert_intact(store: &SqliteStore) -> Result<(), StoreError> {
    let mut seen = 0;
    store.for_each_open(&mut |found| {
        let number = (0..FINDINGS).find(|number| fingerprint(*number) == found.finding.fingerprint).unwrap();
        assert_eq!(found, memory(number, FindingState::Confirmed));
        seen += 1;
        Ok(())
    })?;
    assert_eq!(seen, FINDINGS);
    for number in 0..FINDINGS {
        let found = store.recall(&fingerprint(number))?;
        assert_eq!(
            found,
            Some(memory(number, FindingState::Confirmed)),
            "finding {number} must not be lost in silence"
        );
    }
    assert_eq!(store.accepted_roster()?, Some(roster("d1", now())));
    assert_eq!(store.verify_ledger()?.records, u64::from(FINDINGS) + 2);
    assert_eq!(store.report("run-1")?, b"the report");
    Ok(())
}

#[test]
fn s4_one_of_twenty_gets_the_store_and_the_others_are_told_who_has_it() {
    let (place, _) = one_run();
    let start = std::sync::Barrier::new(20);
    let results: Vec<_> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    open(place.path())
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (held, busy): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(held.len(), 1);
    let us = std::process::id().to_string();
    let told = busy.iter().filter(|one| matches!(one, Err(StoreError::Busy { holder, .. }) if holder.starts_with(&us)));
    // The holder writes its name after it has the lock: who comes between is told "unknown".
    assert!(busy.iter().all(|one| matches!(one, Err(StoreError::Busy { .. }))));
    assert!(told.count() + 19 >= busy.len());
    drop(held);
    let holder = open(place.path()).unwrap();
    match open(place.path()) {
        Err(StoreError::Busy { holder, since, .. }) => {
            assert!(holder.starts_with(&us), "{holder}");
            assert_eq!(since, "2026-08-01T02:30:00Z");
        }
        other => panic!("must be busy: {other:?}"),
    }
    assert_intact(&holder).unwrap();
}

#[test]
fn s4_a_lock_file_left_by_a_dead_process_holds_nobody_up() {
    let (place, state) = one_run();
    fs::write(state.join("lock"), br#"{"process":1,"host":"here","since":"2026-08-01T02:30:00Z"}"#).unwrap();
    assert_intact(&open(place.path()).unwrap()).unwrap();
}

#[test]
fn s5_a_database_without_bytes_is_kept_aside_and_never_replaced_by_an_empty_one() {
    let (place, state) = one_run();
    fs::write(state.join(DATABASE_FILE), b"").unwrap();
    let kept = match open(place.path()) {
        Err(StoreError::Damaged { kept_as, .. }) => kept_as,
        other => panic!("must be damaged: {other:?}"),
    };
    assert!(kept.ends_with("state.db.damaged-20260801T023000Z"), "{kept}");
    assert!(Path::new(&kept).exists());
    for _ in 0..2 {
        assert!(
            matches!(open(place.path()), Err(StoreError::Damaged { .. })),
            "still refused: the ledger knows better"
        );
    }
}

#[test]
fn s5_a_missing_database_is_a_loss_and_an_empty_directory_is_a_beginning() {
    let (place, state) = one_run();
    fs::remove_file(state.join(DATABASE_FILE)).unwrap();
    assert!(matches!(open(place.path()), Err(StoreError::Damaged { .. })));
    assert!(matches!(SqliteStore::open_read_only(&state, options()), Err(StoreError::Damaged { .. })));
    fs::remove_file(state.join(LEDGER_FILE)).unwrap();
    assert!(matches!(open(place.path()), Err(StoreError::Damaged { .. })), "the checkpoint alone is enough");
    fs::remove_file(state.join(CHECKPOINT_FILE)).unwrap();
    assert_eq!(open(place.path()).unwrap().verify_ledger().unwrap().records, 0);
}

/// The database's own check looks at pages, and not at what the values say.
#[test]
fn s5_a_damaged_value_that_a_change_meets_is_told_as_damage() {
    for damage in ["UPDATE run SET roster_digest = CAST(x'61ff' AS TEXT)", "UPDATE run SET ended_at = 'once'"] {
        let (place, state) = one_run();
        let connection = rusqlite::Connection::open(state.join(DATABASE_FILE)).unwrap();
        assert_eq!(connection.execute(damage, []).unwrap(), 1);
        connection.close().unwrap();
        let begun = open(place.path()).and_then(|mut store| store.begin_run("run-2", now(), "c1"));
        assert!(matches!(begun, Err(StoreError::Damaged { .. })), "{damage}: {begun:?}");
        assert!(state.join(DATABASE_FILE).exists(), "it stays where it is");
    }
}

#[test]
fn s5_a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let (place, state) = one_run();
    let connection = rusqlite::Connection::open(state.join(DATABASE_FILE)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    connection.close().unwrap();
    let before = fs::read(state.join(DATABASE_FILE)).unwrap();
    assert!(matches!(open(place.path()), Err(StoreError::Newer { found: 99, known: 3, .. })));
    assert_eq!(fs::read(state.join(DATABASE_FILE)).unwrap(), before);
}

#[test]
fn s5_a_log_that_is_missing_after_a_kill_is_noticed_and_one_that_is_there_is_used() {
    let (place, state) = one_run();
    let mut store = open(place.path()).unwrap();
    store.begin_run("run-2", now(), "c1").unwrap();
    for (name, keep_log) in [("with", true), ("without", false)] {
        // A copy of the files as they are now is what a kill leaves.
        let copy = place.path().join(name);
        copy_directory(&state, &copy);
        assert!(fs::metadata(copy.join("state.db-wal")).unwrap().len() > 0, "the fault must be able to fire");
        if keep_log {
            let mut killed = SqliteStore::open(&copy, options()).unwrap();
            assert_eq!(killed.begin_run("run-3", now(), "c1").unwrap().interrupted_runs, ["run-2"]);
        } else {
            fs::remove_file(copy.join("state.db-wal")).unwrap();
            assert!(matches!(SqliteStore::open(&copy, options()), Err(StoreError::LedgerBroken { .. })));
        }
    }
}

#[test]
fn sto6_an_older_copy_put_back_is_refused_until_an_operator_accepts_it() {
    let (place, state) = one_run();
    let older = fs::read(state.join(DATABASE_FILE)).unwrap();
    run(&mut open(place.path()).unwrap(), "run-2").unwrap();
    fs::write(state.join(DATABASE_FILE), &older).unwrap();
    assert!(matches!(open(place.path()), Err(StoreError::RolledBack { found: 1, expected: 2, .. })));
    assert!(matches!(SqliteStore::open_read_only(&state, options()), Err(StoreError::RolledBack { .. })));
    let misfit = SqliteStore::accept_history(&state, options(), "ledger accept").unwrap().unwrap();
    assert!(misfit.contains("older"), "{misfit}");
    assert!(state.join(format!("{LEDGER_FILE}.set-aside-20260801T023000Z")).exists(), "nothing is deleted");
    let store = open(place.path()).unwrap();
    let check = store.verify_ledger().unwrap();
    assert_eq!(check.serial, 3, "beyond what the checkpoint knew");
    assert_eq!(check.records, u64::from(FINDINGS) + 3);
    drop(store);
    assert_eq!(SqliteStore::accept_history(&state, options(), "again").unwrap(), None, "now everything fits");
}

#[test]
fn sto6_an_older_copy_that_ran_on_is_another_history() {
    let (place, state) = one_run();
    let older = place.path().join("older");
    copy_directory(&state, &older);
    run(&mut open(place.path()).unwrap(), "run-2").unwrap();
    let mut other = SqliteStore::open(&older, options()).unwrap();
    run(&mut other, "run-2b").unwrap();
    run(&mut other, "run-3b").unwrap();
    drop(other);
    fs::copy(older.join(DATABASE_FILE), state.join(DATABASE_FILE)).unwrap();
    assert!(
        matches!(open(place.path()), Err(StoreError::LedgerBroken { .. })),
        "its serial is higher, its past is not ours"
    );
}

#[test]
fn another_stores_checkpoint_is_refused() {
    let (place, state) = one_run();
    let (_other_place, other) = one_run();
    fs::copy(other.join(CHECKPOINT_FILE), state.join(CHECKPOINT_FILE)).unwrap();
    assert!(matches!(open(place.path()), Err(StoreError::Refused { .. })));
}

#[test]
fn a_removed_checkpoint_or_ledger_is_noticed() {
    for name in [CHECKPOINT_FILE, LEDGER_FILE] {
        let (place, state) = one_run();
        run(&mut open(place.path()).unwrap(), "run-2").unwrap();
        fs::remove_file(state.join(name)).unwrap();
        assert!(open(place.path()).is_err(), "{name}");
    }
}

#[test]
fn a_line_torn_by_a_crash_is_completed_and_foreign_bytes_are_not() {
    let (place, state) = one_run();
    let path = state.join(LEDGER_FILE);
    let whole = fs::read(&path).unwrap();
    // A crash between commit and export: the checkpoint is older, the file lacks its end.
    let checkpoint = state.join(CHECKPOINT_FILE);
    fs::remove_file(&checkpoint).unwrap();
    for cut in [1, 5, 100, 300, whole.len() / 2] {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        open(place.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole, "cut by {cut}");
    }
    let mut zeros = whole[..whole.len() - 50].to_vec();
    zeros.extend([0; 50]);
    fs::write(&path, zeros).unwrap();
    open(place.path()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
    let mut foreign = whole.clone();
    foreign.extend(b"{\"sha256\"");
    fs::write(&path, foreign).unwrap();
    assert!(matches!(open(place.path()), Err(StoreError::LedgerBroken { .. })));
}

#[test]
fn a_tail_cut_off_at_a_line_is_shown_by_the_checkpoint() {
    let (place, state) = one_run();
    let path = state.join(LEDGER_FILE);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    fs::write(&path, lines[..lines.len() - 1].concat()).unwrap();
    match open(place.path()) {
        Err(StoreError::LedgerBroken { sequence, .. }) => assert_eq!(sequence, lines.len() as u64),
        other => panic!("must be broken: {other:?}"),
    }
}

#[test]
fn verifying_names_the_first_record_that_was_changed_in_the_file() {
    let (place, state) = one_run();
    let path = state.join(LEDGER_FILE);
    let text = fs::read_to_string(&path).unwrap();
    let changed: Vec<String> = text
        .split_inclusive('\n')
        .enumerate()
        .map(|(index, line)| if index == 4 { line.replace("first", "fist ") } else { line.to_owned() })
        .collect();
    fs::write(&path, changed.concat()).unwrap();
    let store = open(place.path()).unwrap();
    assert!(matches!(store.verify_ledger(), Err(StoreError::LedgerBroken { sequence: 5, .. })));
}

#[test]
fn the_ledger_in_the_database_cannot_be_changed_and_shows_it_where_somebody_did() {
    let (place, state) = one_run();
    let connection = rusqlite::Connection::open(state.join(DATABASE_FILE)).unwrap();
    assert!(connection.execute("UPDATE ledger SET body = '{}' WHERE sequence = 3", []).is_err());
    assert!(connection.execute("DELETE FROM ledger WHERE sequence = 3", []).is_err());
    connection.execute_batch("DROP TRIGGER ledger_is_not_changed").unwrap();
    connection.execute("UPDATE ledger SET body = replace(body, 'confirmed', 'closed') WHERE sequence = 3", []).unwrap();
    connection.close().unwrap();
    let store = open(place.path()).unwrap();
    assert!(matches!(store.verify_ledger(), Err(StoreError::LedgerBroken { sequence: 3, .. })));
}

#[test]
fn a_finding_closed_by_hand_in_the_database_is_noticed() {
    let (place, state) = one_run();
    let connection = rusqlite::Connection::open(state.join(DATABASE_FILE)).unwrap();
    connection.execute("UPDATE finding SET open = 0 WHERE number = 3", []).unwrap();
    connection.close().unwrap();
    let store = open(place.path()).unwrap();
    assert!(matches!(store.for_each_open(&mut |_| Ok(())), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_reader_works_beside_the_writer_and_cannot_write() {
    let (place, state) = one_run();
    let mut writer = open(place.path()).unwrap();
    writer.begin_run("run-2", now(), "c1").unwrap();
    let mut reader = SqliteStore::open_read_only(&state, options()).unwrap();
    assert_eq!(reader.report("run-1").unwrap(), b"the report");
    assert!(matches!(reader.begin_run("run-3", now(), "c1"), Err(StoreError::Refused { .. })));
    assert!(matches!(reader.release_roster("d", now(), "me"), Err(StoreError::Refused { .. })));
    writer.end_run(&facts("run-2", now()), b"second", 5).unwrap();
    assert_eq!(reader.report("run-2").unwrap(), b"second", "it follows");
    let nowhere = place.path().join("nowhere");
    assert!(matches!(SqliteStore::open_read_only(&nowhere, options()), Err(StoreError::Missing { .. })));
    assert!(!nowhere.exists(), "reading makes nothing");
}

#[test]
fn a_reader_reports_damage_and_leaves_the_file_to_the_writer() {
    let (_place, state) = one_run();
    let mut bytes = fs::read(state.join(DATABASE_FILE)).unwrap();
    bytes[..16].fill(0);
    fs::write(state.join(DATABASE_FILE), &bytes).unwrap();
    match SqliteStore::open_read_only(&state, options()) {
        Err(StoreError::Damaged { path, kept_as, .. }) => assert_eq!(path, kept_as),
        other => panic!("must be damaged: {other:?}"),
    }
    assert_eq!(fs::read(state.join(DATABASE_FILE)).unwrap(), bytes);
}

#[test]
fn a_local_file_system_needs_no_permission() {
    let place = place();
    let options = OpenOptions { allow_network: false, ..options() };
    SqliteStore::open(&place.path().join("state"), options).unwrap();
}

#[test]
fn s3_a_full_disk_loses_nothing_and_says_which_file_and_how_much_is_left() {
    let (place, _) = one_run();
    let mut store = open(place.path()).unwrap();
    store.begin_run("run-2", now(), "c1").unwrap();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let limit = |store: &SqliteStore, pages: i64| {
        store.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    limit(&store, pages + 3);
    let many: Vec<_> = (100..400).map(|number| memory(number, FindingState::Observed)).collect();
    let changes = || RunChanges { memories: many.clone(), ..RunChanges::default() };
    match store.apply("run-2", now(), changes()) {
        Err(error @ StoreError::Database { .. }) => {
            let says = error.to_string();
            assert!(says.contains("full") && says.contains("state.db") && says.contains("bytes are free"), "{says}");
        }
        other => panic!("the disk must be full: {other:?}"),
    }
    assert_eq!(store.recall(&fingerprint(100)).unwrap(), None, "all or nothing");
    assert!(store.recall(&fingerprint(1)).unwrap().is_some());
    store.verify_ledger().unwrap();
    limit(&store, 1_000_000);
    store.apply("run-2", now(), changes()).unwrap();
    assert!(store.recall(&fingerprint(399)).unwrap().is_some());
}

#[test]
fn a_report_that_cannot_be_written_does_not_end_the_run() {
    let (place, state) = one_run();
    let mut store = open(place.path()).unwrap();
    store.begin_run("run-2", now(), "c1").unwrap();
    fs::rename(state.join("reports"), state.join("reports-away")).unwrap();
    fs::write(state.join("reports"), b"in the way").unwrap();
    assert!(store.end_run(&facts("run-2", now()), b"second", 5).is_err());
    fs::remove_file(state.join("reports")).unwrap();
    fs::rename(state.join("reports-away"), state.join("reports")).unwrap();
    assert_eq!(store.reports().unwrap().len(), 1);
    store.end_run(&facts("run-2", now()), b"second", 5).unwrap();
    assert_eq!(store.report("run-1").unwrap(), b"the report");
}

#[test]
fn a_damaged_report_is_said_to_be_and_a_stray_one_is_swept() {
    let (place, state) = one_run();
    let path = state.join("reports/1.report");
    fs::write(&path, b"the rep0rt").unwrap();
    let mut store = open(place.path()).unwrap();
    assert!(matches!(store.report("run-1"), Err(StoreError::Damaged { .. })));
    fs::write(state.join("reports/77.report"), b"").unwrap();
    run(&mut store, "run-2").unwrap();
    assert!(!state.join("reports/77.report").exists());
    assert!(path.exists());
}

#[test]
fn t9_files_open_to_others_links_and_strangers_are_refused() {
    let names = [DATABASE_FILE, LEDGER_FILE, CHECKPOINT_FILE, "lock"];
    for name in names {
        let (place, state) = one_run();
        fs::set_permissions(state.join(name), Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(open(place.path()), Err(StoreError::Refused { .. })), "{name} 0640");
        fs::set_permissions(state.join(name), Permissions::from_mode(0o600)).unwrap();
        open(place.path()).unwrap();
        let away = place.path().join("away");
        fs::rename(state.join(name), &away).unwrap();
        let before = fs::read(&away).unwrap();
        symlink(&away, state.join(name)).unwrap();
        assert!(matches!(open(place.path()), Err(StoreError::Refused { .. })), "{name} as a link");
        assert_eq!(fs::read(&away).unwrap(), before);
    }
}

#[test]
fn everything_in_the_directory_is_for_its_owner_alone() {
    let (place, state) = one_run();
    let mut store = open(place.path()).unwrap();
    store.begin_run("run-2", now(), "c1").unwrap();
    let mut seen = Vec::new();
    for directory in [state.clone(), state.join("reports")] {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let wanted = if metadata.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(metadata.permissions().mode() & 0o777, wanted, "{:?}", entry.path());
            seen.push(entry.file_name().into_string().unwrap());
        }
    }
    for name in ["state.db", "state.db-wal", "state.db-shm", "lock", "ledger.ndjson", "checkpoint.json", "1.report"] {
        assert!(seen.iter().any(|one| one == name), "{name} must have been looked at");
    }
}

#[test]
fn a_change_and_its_ledger_line_share_one_fate() {
    let (place, _) = one_run();
    let mut store = open(place.path()).unwrap();
    store.begin_run("run-2", now(), "c1").unwrap();
    let before = store.verify_ledger().unwrap().records;
    // A line about something that is no fingerprint cannot be written; the finding must not be there either.
    let wrong = LedgerEvent::Acknowledged { fingerprint: String::from("no print"), reference: String::new() };
    let changes =
        RunChanges { memories: vec![memory(77, FindingState::Observed)], ledger: vec![wrong], ..RunChanges::default() };
    assert!(store.apply("run-2", now(), changes).is_err());
    assert_eq!(store.recall(&fingerprint(77)).unwrap(), None);
    assert_eq!(store.verify_ledger().unwrap().records, before);
}
