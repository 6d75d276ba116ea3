//! S5: a damaged store, through every command that opens it.

use std::path::{Path, PathBuf};

use holdover_kit::random::Random;

use super::is_long;
use super::office::{Blow, Office};
use super::shim::{Act, Call, Point};
use crate::company::{Copy, Run, command};
use crate::serve::{QUIET, SECRET as BEARER, Serving, today};
use crate::trackers::bench::SECRET;

type Harm = Box<dyn Fn(&Path)>;

const COMMANDS: [&[&str]; 4] = [
    &["scan", "--no-progress", "--as-of", "2026-08-03T10:00:00Z"],
    &["tickets", "sync"],
    &["ledger", "verify"],
    &["serve", "--no-progress"],
];

fn database(folder: &Path) -> PathBuf {
    folder.join("state/state.db")
}

fn change(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("a file");
    let before = bytes.clone();
    change(&mut bytes);
    assert_ne!(bytes, before, "the fault fired");
    std::fs::write(path, bytes).expect("written");
}

/// A seasoned company whose last run was killed, so that its log lies beside the database.
fn killed() -> Office {
    let mut office = Office::closed(2);
    office.company.extra.push_str(QUIET);
    office.write();
    office.scan(&Blow::Spared);
    office.scan(&Blow::Spared);
    let point = Point::named(Call::Rename, "/out/report.json", 1, Act::KillBefore);
    let struck = office.scan(&Blow::At(point));
    assert!(struck.fired, "{struck:?}");
    assert!(std::fs::metadata(office.folder().join("state/state.db-wal")).expect("the log").len() > 0);
    office
}

fn run(copy: &Copy, arguments: &[&str]) -> Run {
    let mut command = command(copy.path());
    command.args(arguments).env("DESK_TOKEN", SECRET).env("BEARER", BEARER);
    // A service that begins in spite of the damage would go on for ever.
    if arguments[0] == "serve" {
        let mut limited = std::process::Command::new("timeout");
        limited.args(["--preserve-status", "-s", "TERM", "20"]).arg(env!("CARGO_BIN_EXE_holdover")).args(arguments);
        limited.current_dir(copy.path()).env_clear().env("PATH", "/usr/bin:/bin").env("BEARER", BEARER);
        limited.env("DESK_TOKEN", SECRET);
        command = limited;
    }
    Run::new(&command.output().expect("the program starts"), copy.path())
}

/// Files of the state directory that hold these bytes.
fn holders(copy: &Copy, bytes: &[u8]) -> Vec<String> {
    let entries =
        std::fs::read_dir(copy.path().join("state")).expect("the state").map(|entry| entry.expect("an entry"));
    let same = entries.filter(|entry| std::fs::read(entry.path()).is_ok_and(|found| found == bytes));
    same.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn s5_whichever_command_meets_a_damaged_store_ends_with_six_says_what_to_do_and_keeps_it() {
    let office = killed();
    let harms: Vec<(&str, &str, Harm)> = vec![
        ("no bytes", "damaged", Box::new(|folder| change(&database(folder), Vec::clear))),
        (
            "cut in half",
            "damaged",
            Box::new(|folder| change(&database(folder), |bytes| bytes.truncate(bytes.len() / 2))),
        ),
        ("no header", "damaged", Box::new(|folder| change(&database(folder), |bytes| bytes[..100].fill(0x5a)))),
        (
            "another file",
            "damaged",
            Box::new(|folder| change(&database(folder), |bytes| *bytes = b"no database".repeat(999))),
        ),
        ("gone", "damaged", Box::new(|folder| std::fs::remove_file(database(folder)).expect("removed"))),
        (
            "its log is gone",
            "",
            Box::new(|folder| {
                for name in ["state/state.db-wal", "state/state.db-shm"] {
                    drop(std::fs::remove_file(folder.join(name)));
                }
            }),
        ),
        (
            "the ledger is gone",
            "broken",
            Box::new(|folder| std::fs::remove_file(folder.join("state/ledger.ndjson")).expect("removed")),
        ),
        (
            "the checkpoint is gone",
            "refused",
            Box::new(|folder| std::fs::remove_file(folder.join("state/checkpoint.json")).expect("removed")),
        ),
        (
            "the ledger is cut at a line",
            "broken",
            Box::new(|folder| {
                change(&folder.join("state/ledger.ndjson"), |bytes| {
                    let end = bytes.iter().position(|byte| *byte == b'\n').expect("a line");
                    bytes.truncate(end + 1);
                });
            }),
        ),
        (
            "from a newer version",
            "newer",
            Box::new(|folder| {
                let connection = rusqlite::Connection::open(database(folder)).expect("the store");
                connection.pragma_update(None, "user_version", 99).expect("written");
                connection.close().expect("closed");
            }),
        ),
    ];
    for (what, word, harm) in &harms {
        for arguments in COMMANDS {
            let copy = office.company.copy();
            harm(copy.path());
            let bytes = std::fs::read(database(copy.path()));
            let run = run(&copy, arguments);
            let what = format!("{what}, {arguments:?}: exit {}\n{}", run.code, run.stderr);
            assert_eq!(run.code, 6, "{what}");
            assert!(run.stderr.contains("state") && run.stderr.contains(word), "{what}");
            assert!(!run.stderr.contains("panicked"), "{what}");
            // Where the database itself is sound, what lies in its log may have been taken over.
            if let (Ok(bytes), "damaged" | "newer") = (bytes, *word) {
                assert!(!holders(&copy, &bytes).is_empty(), "{what}: the damaged file is kept as it was");
            }
            // No later run begins anew.
            assert_eq!(self::run(&copy, COMMANDS[0]).code, 6, "{what}");
        }
    }
    // The twin: nothing is damaged.
    for arguments in &COMMANDS[..3] {
        let copy = office.company.copy();
        let run = run(&copy, arguments);
        assert!(matches!(run.code, 0 | 1), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn s5_a_store_that_is_gone_beside_its_ledger_is_a_beginning_for_no_command() {
    let office = killed();
    let commands: [&[&str]; 7] = [
        &["scan", "--dry-run", "--no-progress", "--as-of", "2026-08-03T10:00:00Z"],
        &["systems", "list"],
        &["roster", "validate"],
        &["report"],
        &["diff"],
        &["tickets", "plan"],
        &["tickets", "list"],
    ];
    for arguments in commands {
        let copy = office.company.copy();
        std::fs::remove_file(database(copy.path())).expect("removed");
        let gone = run(&copy, arguments);
        assert_eq!(gone.code, 6, "{arguments:?}: {}\n{}", gone.stdout, gone.stderr);
        assert!(gone.stderr.contains("it is missing, while"), "{arguments:?}: {}", gone.stderr);
        assert!(!database(copy.path()).exists(), "{arguments:?}");
        // The twin: where there never was one, a command that can do without goes on.
        std::fs::remove_dir_all(copy.path().join("state")).expect("removed");
        let never = run(&copy, arguments);
        let needs_a_run = matches!(arguments[0], "report" | "diff" | "tickets");
        assert_eq!(never.code == 6, needs_a_run, "{arguments:?}: exit {} {}", never.code, never.stderr);
    }
}

#[test]
fn s5_a_service_whose_store_goes_away_is_not_ready_and_its_run_claims_nothing() {
    let company = today(QUIET);
    let serving = Serving::start(&company);
    assert_eq!(serving.run("{}")["exit_code"], 1);
    // What is told of the store is at most ten minutes old, so nobody asks before.
    std::fs::rename(database(company.path()), company.path().join("away")).expect("moved");
    let ready = serving.known("GET", "/readyz", "");
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.contains("it is missing, while"), "{ready:?}");
    let run = serving.run("{}");
    assert_eq!(run["exit_code"], 6, "{run}");
    assert!(!database(company.path()).exists(), "no empty store takes its place");
    std::fs::rename(company.path().join("away"), database(company.path())).expect("moved back");
    assert_eq!(serving.run("{}")["exit_code"], 1);
}

#[test]
fn s5_bits_that_flip_anywhere_are_an_error_or_without_effect() {
    let office = killed();
    let names = ["state/state.db", "state/state.db-wal", "state/ledger.ndjson", "state/checkpoint.json"];
    let mut random =
        Random::new(std::env::var("HOLDOVER_CRASH_SEED").map_or(5, |text| text.parse().expect("a number")));
    let mut fired = 0;
    let rounds = if is_long() { 400 } else { 32 };
    for round in 0..rounds {
        let copy = office.company.copy();
        let name = *random.pick(&names);
        change(&copy.path().join(name), |bytes| {
            // Where something is written: most of a small database is empty space.
            let mut random = Random::new(round);
            for _ in 0..8 {
                let written: Vec<usize> =
                    (0..64).map(|_| random.position(bytes.len())).filter(|at| bytes[*at] != 0).collect();
                let at = written.first().copied().unwrap_or_default();
                bytes[at] ^= 1 << random.below(8);
            }
        });
        let arguments = COMMANDS[random.position(3)];
        let what = format!("round {round}, {name}, {arguments:?}");
        let first = run(&copy, arguments);
        assert!(matches!(first.code, 0 | 1 | 6), "{what}: exit {}\n{}", first.code, first.stderr);
        if first.code == 6 {
            fired += 1;
            assert!(first.stderr.contains("error: "), "{what}");
            continue;
        }
        let scan = run(&copy, COMMANDS[0]);
        if scan.code == 6 {
            fired += 1;
            continue;
        }
        // It has all it knew.
        scan.expect(1);
        assert_eq!(scan.states().len(), 2, "{what}");
        assert_eq!(scan.finding("u-1")["first_seen_at"], "2026-08-03T06:01:00Z", "{what}: it is no empty store");
        assert!(scan.closed().is_empty(), "{what}");
    }
    assert!(fired * 3 > rounds, "{fired} of {rounds} were noticed");
}
