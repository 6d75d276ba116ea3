//! A process that is killed at any moment, and one whose files may not grow: rows S1 and S3 of the fault table.
//!
//! The tests start their own program again, with the one test that does the work, and look at what it leaves.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::params;

use crate::findings::FindingState;
use crate::randomness::{Randomness, SystemRandomness};
use crate::store::sample::{facts, fingerprint, memory, now, open, place, state_line};
use crate::store::sqlite::SqliteStore;
use crate::store::{RunChanges, Store, StoreError};

const PLACE: &str = "HOLDOVER_TEST_PLACE";
const RUNS: &str = "HOLDOVER_TEST_RUNS";
const ROUNDS: &str = "HOLDOVER_CRASH_ROUNDS";
const PER_RUN: u32 = 40;
const WORKER: &str = "store::sqlite::crash_tests::worker";

#[expect(clippy::disallowed_methods, reason = "the test and the program it starts talk by the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// One run: its findings are numbered by its serial, so that each commit can be told from the next.
fn one_run(store: &mut SqliteStore) -> Result<u64, StoreError> {
    let id = format!("run-{}", store.verify_ledger()?.serial + 1);
    let serial = store.begin_run(&id, now(), "c1")?.serial;
    let memories: Vec<_> = numbers(serial).map(|number| memory(number, FindingState::Observed)).collect();
    let ledger = memories.iter().map(|memory| state_line(&id, memory)).collect();
    store.apply(&id, now(), RunChanges { memories, ledger, ..RunChanges::default() })?;
    store.end_run(&facts(&id, now()), id.as_bytes(), 3)?;
    Ok(serial)
}

fn numbers(serial: u64) -> std::ops::Range<u32> {
    let first = u32::try_from(serial).unwrap() * PER_RUN;
    first..first + PER_RUN
}

/// The program that is killed. Tells each run after it has ended.
#[test]
#[ignore = "started by the other tests of this file"]
fn worker() {
    let place = environment(PLACE).expect("started by another test");
    let runs: u32 = environment(RUNS).expect("started by another test").parse().unwrap();
    let mut out = std::io::stdout();
    let mut work = || -> Result<(), StoreError> {
        let mut store = open(Path::new(&place))?;
        for _ in 0..runs {
            let serial = one_run(&mut store)?;
            writeln!(out, "ended {serial}").unwrap();
            out.flush().unwrap();
        }
        Ok(())
    };
    match work() {
        Ok(()) => println!("\ndone"),
        Err(error) => println!("\nfailed {error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the test starts its own program again")]
fn start(place: &Path, runs: u32, limit: Option<u64>) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = match limit {
        // The shell ignores the signal, so that the write fails as on a full disk instead of ending the program.
        Some(blocks) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")).arg(program);
            shell
        }
        None => Command::new(program),
    };
    command
        .args(["--exact", WORKER, "--ignored", "--nocapture", "--test-threads=1"])
        .env(PLACE, place)
        .env(RUNS, runs.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn ended(line: &str) -> Option<u64> {
    // The test runner may write before it on the same line.
    line.rsplit_once("ended ").map(|(_, serial)| serial.trim().parse().unwrap())
}

/// Whole or not at all: what every kill must leave.
fn assert_sound(store: &SqliteStore, told: u64) {
    let check = store.verify_ledger().unwrap();
    assert!(check.serial >= told, "run {told} was told as ended, the store knows {}", check.serial);
    let mut committed = 0;
    for serial in 1..=check.serial {
        let there = numbers(serial).filter(|number| store.recall(&fingerprint(*number)).unwrap().is_some()).count();
        assert!(there == 0 || there == PER_RUN as usize, "run {serial} is half there: {there}");
        let lines = numbers(serial).map(|number| store.history(&fingerprint(number)).unwrap().len()).sum::<usize>();
        assert_eq!(lines, there, "each finding and its line share one fate");
        committed += there;
    }
    let mut open = 0;
    store
        .for_each_open(&mut |_| {
            open += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(open, committed);
    let ended: i64 = store
        .connection
        .query_row(
            "SELECT count(*) FROM run WHERE state = 'ended' AND serial <= ?1",
            params![told.cast_signed()],
            |row| row.get(0),
        )
        .unwrap();
    assert!(ended > 0 || told == 0);
    for (run, _) in store.reports().unwrap() {
        assert_eq!(store.report(&run).unwrap(), run.as_bytes());
    }
}

#[test]
fn s1_a_process_killed_at_any_moment_leaves_a_sound_store() {
    let rounds = environment(ROUNDS).map_or(25, |rounds| rounds.parse().unwrap());
    let place = place();
    let (mut round, mut interrupted) = (0, 0);
    // On a machine with much to do a whole series may miss: then there are more rounds, until one kill falls into a run.
    while round < rounds || (interrupted == 0 && round < rounds * 8) {
        round += 1;
        let dice = SystemRandomness.key();
        let mut child = start(place.path(), 1_000, None);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = 0;
        let wanted = usize::from(dice[0] % 3);
        for line in lines.by_ref().map_while(Result::ok).filter_map(|line| ended(&line)).take(wanted) {
            told = line;
        }
        // The moment of the kill is the point: up to a few runs later.
        let (_never, wait) = std::sync::mpsc::sync_channel::<()>(0);
        let moment = u64::from(u16::from_le_bytes([dice[1], dice[2]]));
        assert!(wait.recv_timeout(Duration::from_micros(moment)).is_err());
        child.kill().unwrap();
        for line in lines.map_while(Result::ok).filter_map(|line| ended(&line)) {
            told = told.max(line);
        }
        child.wait().unwrap();
        let mut store = open(place.path()).unwrap();
        assert_sound(&store, told);
        let id = format!("check-{moment}");
        interrupted += store.begin_run(&id, now(), "c1").unwrap().interrupted_runs.len();
        store.end_run(&facts(&id, now()), id.as_bytes(), 3).unwrap();
    }
    assert!(interrupted > 0, "no kill fell into a run: the fault never fired");
}

#[test]
fn s3_files_that_may_not_grow_never_damage_the_store() {
    let mut failed = 0;
    let mut done = false;
    // In blocks of 512 bytes, from nothing to plenty.
    for blocks in (0..24).map(|step| step * 20).chain([600, 800, 1_200, 4_000]) {
        let place = place();
        let told_before = one_run(&mut open(place.path()).unwrap()).unwrap();
        let child = start(place.path(), 3, Some(blocks));
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{blocks} blocks: it must end by itself: {text}");
        let told = text.lines().filter_map(ended).max().unwrap_or(told_before);
        let says_done = text.lines().any(|line| line == "done");
        assert!(says_done || text.contains("\nfailed "), "{blocks} blocks: {text}");
        failed += u32::from(!says_done);
        done |= says_done;
        let mut store = open(place.path()).unwrap();
        assert_sound(&store, told);
        assert!(!says_done || told == told_before + 3, "{blocks} blocks");
        one_run(&mut store).unwrap();
    }
    assert!(failed > 10, "the fault must fire: {failed}");
    assert!(done, "the last limit is high enough");
}
