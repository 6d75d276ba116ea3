//! Bytes that change on the disk: whatever they hit, it is an error or without effect, never another answer (row S5).

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::findings::FindingState;
use crate::store::ledger::{CHECKPOINT_FILE, LEDGER_FILE};
use crate::store::sample::{fingerprint, memory, now, open, place, roster};
use crate::store::sqlite::fault_tests::{FINDINGS, copy_directory, one_run, options};
use crate::store::sqlite::{DATABASE_FILE, SqliteStore};
use crate::store::{Store, StoreError};

/// A store after a kill in mid-run: with a log that is not folded in.
fn killed() -> (tempfile::TempDir, PathBuf) {
    let (place, state) = one_run();
    let mut store = open(place.path()).unwrap();
    store.begin_run("run-2", now(), "c1").unwrap();
    let copy = place.path().join("killed");
    copy_directory(&state, &copy);
    drop(store);
    (place, copy)
}

fn flip_and_open(
    original: &Path,
    name: &str,
    flips: &[(prop::sample::Index, u8)],
    cut: Option<prop::sample::Index>,
) -> bool {
    let place = place();
    let state = place.path().join("state");
    copy_directory(original, &state);
    let mut bytes = fs::read(state.join(name)).unwrap();
    for (index, mask) in flips {
        let at = index.index(bytes.len());
        bytes[at] ^= mask;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    fs::write(state.join(name), &bytes).unwrap();
    match SqliteStore::open(&state, options()) {
        Ok(store) => match assert_after_kill_or_rest(&store) {
            Ok(()) => false,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                true
            }
        },
        Err(StoreError::Damaged { kept_as, .. }) => {
            assert!(Path::new(&kept_as).exists());
            assert!(SqliteStore::open(&state, options()).is_err(), "no empty store takes its place");
            true
        }
        Err(_) => true,
    }
}

/// Intact means: the findings of run 1, and the ledger of run 1 with, after a kill, the beginning of run 2.
fn assert_after_kill_or_rest(store: &SqliteStore) -> Result<(), StoreError> {
    let mut seen = 0;
    store.for_each_open(&mut |found| {
        let number = (0..FINDINGS).find(|number| fingerprint(*number) == found.finding.fingerprint).unwrap();
        assert_eq!(found, memory(number, FindingState::Confirmed));
        seen += 1;
        Ok(())
    })?;
    assert_eq!(seen, FINDINGS, "never a silent empty store");
    for number in 0..FINDINGS {
        assert_eq!(store.recall(&fingerprint(number))?, Some(memory(number, FindingState::Confirmed)));
    }
    assert_eq!(store.accepted_roster()?, Some(roster("d1", now())));
    let records = store.verify_ledger()?.records;
    assert!(records >= u64::from(FINDINGS) + 2);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s5_flipped_bytes_are_an_error_or_without_effect(
        killed_in_a_run: bool,
        file in prop::sample::select(vec![DATABASE_FILE, DATABASE_FILE, "state.db-wal", LEDGER_FILE, CHECKPOINT_FILE]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        thread_local! {
            static REST: (tempfile::TempDir, PathBuf) = one_run();
            static KILLED: (tempfile::TempDir, PathBuf) = killed();
        }
        let store = if killed_in_a_run || file == "state.db-wal" { &KILLED } else { &REST };
        store.with(|(_, original)| flip_and_open(original, file, &flips, cut));
    }
}

#[test]
fn s5_the_damage_test_can_fail_to_find_damage_and_can_find_it() {
    let (_place, state) = one_run();
    assert!(!flip_and_open(&state, DATABASE_FILE, &[], None), "no flip, no damage");
    let nothing: [(prop::sample::Index, u8); 0] = [];
    let mut fired = 0;
    let length = fs::metadata(state.join(DATABASE_FILE)).unwrap().len();
    for step in 0..64_u64 {
        let place = place();
        let copy = place.path().join("state");
        copy_directory(&state, &copy);
        let mut bytes = fs::read(copy.join(DATABASE_FILE)).unwrap();
        let at = usize::try_from(length * step / 64).unwrap();
        bytes[at..at + 64].fill(0x5a);
        fs::write(copy.join(DATABASE_FILE), &bytes).unwrap();
        fired += usize::from(flip_and_open(&copy, DATABASE_FILE, &nothing, None));
    }
    assert!(fired > 20, "64 holes in the file, {fired} noticed; the rest is free space");
}
