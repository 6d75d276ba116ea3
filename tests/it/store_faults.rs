//! Kills, locks, damaged stores and outputs that cannot be written: the run never claims what it did not keep.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::company::{Company, Copy, account, command};

const EARLIER: &str = "2026-08-03T03:00:00Z";
const LATER: &str = "2026-08-04T06:00:00Z";

/// A company with an export large enough to be killed in the middle of.
fn large() -> Company {
    with_accounts(20_000)
}

fn with_accounts(count: usize) -> Company {
    let mut company = Company::new();
    for number in 0..count {
        company.records.push(account(&format!("n-{number}"), &format!("n{number}@acme.example"), "enabled"));
    }
    company.write_all();
    company
}

#[test]
fn s1_a_run_that_is_killed_at_any_moment_leaves_a_store_that_the_next_one_can_trust() {
    const ROUNDS: u32 = 25;
    let company = large();
    // The first run ends: there is something to lose, and the time a run takes is known.
    let began = Instant::now();
    company.scan_at(EARLIER).expect(1);
    let mut whole = began.elapsed();
    let (mut killed, mut round) = (0, 0);
    // Where the first run took longer than later ones do, kills come too late: then there are more rounds.
    while round < ROUNDS || (killed < 12 && round < 4 * ROUNDS) {
        let (hour, minute) = (6 + round / 60, round % 60);
        let mut child = command(company.path())
            .args(["scan", "--no-progress", "--quiet", "--as-of", &format!("2026-08-03T{hour:02}:{minute:02}:00Z")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        // Spread over the whole of a run, and a little beyond it.
        let moment = whole * (round % ROUNDS + 1) / ROUNDS;
        let started = Instant::now();
        while started.elapsed() < moment && child.try_wait().expect("a status").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("killed, or ended already");
        let status = child.wait().expect("a status");
        match status.code() {
            None => killed += 1,
            Some(_) => whole = whole.min(started.elapsed()),
        }
        if round % 8 == 7 {
            company.holdover(&["ledger", "verify"]).expect(0);
        }
        round += 1;
    }
    assert!(killed >= 12, "the fault fired: {killed} of {round} were killed");
    company.holdover(&["ledger", "verify"]).expect(0);
    let run = company.scan_at(LATER);
    run.expect(1);
    let named = run.notices().iter().filter(|notice| notice.starts_with("run-interrupted")).count();
    assert!(run.closed().is_empty());
    let states = run.states();
    assert_eq!(states.get("u-1").map(String::as_str), Some("confirmed"), "{states:?}");
    assert_eq!(states.len(), 2, "{states:?}");
    assert_eq!(run.finding("u-1")["first_seen_at"], EARLIER, "its age is kept");
    company.holdover(&["ledger", "verify"]).expect(0);
    // Each interrupted run is named once, by the run after it; the last one may have been killed before it began.
    let ledger = std::fs::read_to_string(company.path().join("state/ledger.ndjson")).expect("the ledger");
    let interrupted = ledger.lines().filter(|line| line.contains("run_interrupted")).count();
    assert!(interrupted >= 1 && interrupted >= named, "{interrupted} interrupted runs in the ledger");
    let left = std::fs::read_dir(company.path().join("state")).expect("the state").count();
    assert!(left < 20, "scratch files are not left over: {left} entries");
}

#[test]
fn s1_a_run_that_was_killed_is_named_by_the_next_one() {
    let company = large();
    let mut tries = 0;
    loop {
        tries += 1;
        assert!(tries < 40, "the program was never caught between its beginning and its end");
        let copy = company.copy();
        let mut child = command(copy.path())
            .args(["scan", "--no-progress", "--as-of", EARLIER])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        // The run is in the ledger's file or at least in the database once the log of the database is there.
        let log = copy.path().join("state/state.db-wal");
        while child.try_wait().expect("a status").is_none()
            && !std::fs::metadata(&log).is_ok_and(|found| found.len() > 100_000)
        {
            std::thread::yield_now();
        }
        child.kill().expect("killed");
        let status = child.wait().expect("a status");
        if status.code().is_some() {
            continue;
        }
        let run = copy.scan_at(crate::company::NOW);
        run.expect(1);
        if run
            .notices()
            .iter()
            .any(|notice| notice.starts_with("run-interrupted") && notice.contains(&format!("run-{EARLIER}")))
        {
            assert_eq!(run.states().len(), 2);
            let again = copy.scan_at(LATER);
            assert!(!again.notices().iter().any(|notice| notice.starts_with("run-interrupted")), "named once");
            return;
        }
    }
}

#[test]
fn s4_a_second_run_beside_the_first_is_busy_and_changes_nothing() {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    let before = files(company.path());
    let lock =
        std::fs::File::options().read(true).write(true).open(company.path().join("state/lock")).expect("the lock");
    lock.try_lock().expect("held by the test");
    for arguments in [
        &["scan", "--no-progress", "--as-of", crate::company::NOW][..],
        &["roster", "accept", &"0".repeat(64)],
        &["coverage", "accept", "crm/accounts", "run-x"],
    ] {
        let run = company.holdover(arguments);
        run.expect(7);
        assert!(run.stderr.contains("another run holds the store"), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
    assert_eq!(files(company.path()), before, "nothing changed");
    // Reading is allowed meanwhile.
    company.holdover(&["report"]).expect(0);
    // A child of another test may hold this descriptor, too, until it has become its program.
    lock.unlock().expect("let go");
    drop(lock);
    company.scan().expect(1);
}

#[test]
fn s4_of_many_runs_at_once_some_are_busy_and_none_is_wrong() {
    let company = large();
    let children: Vec<_> = (0..8)
        .map(|_| {
            command(company.path())
                .args(["scan", "--no-progress", "--as-of", EARLIER])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program starts")
        })
        .collect();
    let codes: Vec<Option<i32>> =
        children.into_iter().map(|mut child| child.wait().expect("a status").code()).collect();
    assert!(codes.iter().all(|code| matches!(code, Some(1 | 7))), "{codes:?}");
    assert!(codes.contains(&Some(1)) && codes.contains(&Some(7)), "the fault fired: {codes:?}");
    company.holdover(&["ledger", "verify"]).expect(0);
}

#[test]
fn s5_a_damaged_store_is_kept_aside_and_never_replaced_by_an_empty_one() {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    let length = std::fs::read(database(company.path())).expect("the store").len();
    let mut fired = 0;
    let damages: Vec<(String, Box<dyn Fn(&mut Vec<u8>)>)> = vec![
        (String::from("no bytes"), Box::new(Vec::clear)),
        (String::from("header"), Box::new(|bytes| bytes[..100].fill(0xa5))),
        (String::from("half"), Box::new(move |bytes| bytes.truncate(length / 2))),
        (String::from("one page less"), Box::new(move |bytes| bytes.truncate(length - 8192))),
        (String::from("some bytes less"), Box::new(move |bytes| bytes.truncate(length - 100))),
        (String::from("another file"), Box::new(|bytes| *bytes = b"this is no database at all".repeat(100))),
    ];
    // Where something is written; most of a small database is empty pages.
    let bytes = std::fs::read(database(company.path())).expect("the store");
    let written: Vec<usize> =
        (0..length / 64).filter(|block| bytes[block * 64..block * 64 + 64].iter().any(|byte| *byte != 0)).collect();
    let flips = (0..24_usize).map(|step| {
        let place = written[written.len() * step / 24] * 64;
        let flip: Box<dyn Fn(&mut Vec<u8>)> = Box::new(move |bytes: &mut Vec<u8>| {
            for byte in &mut bytes[place..place + 64] {
                *byte ^= 0xff;
            }
        });
        (format!("64 bytes flipped at {place}"), flip)
    });
    for (what, damage) in damages.into_iter().chain(flips) {
        let copy = company.copy();
        let mut bytes = std::fs::read(database(copy.path())).expect("the store");
        let before = bytes.clone();
        damage(&mut bytes);
        assert_ne!(bytes, before);
        std::fs::write(database(copy.path()), &bytes).expect("a file");
        let run = copy.scan_at(crate::company::NOW);
        if run.code == 6 {
            fired += 1;
            damaged_is_kept(&what, &copy, &run.stderr, &bytes);
        } else {
            // Unused bytes of a page may be anything: then the run has all it knew.
            run.expect(1);
            assert_eq!(run.states().len(), 2, "{what}");
            assert_eq!(run.finding("u-1")["first_seen_at"], EARLIER, "{what}: it is not an empty store");
            // An old record of the ledger is read by nobody but the one who verifies.
            let verified = copy.holdover(&["ledger", "verify"]);
            assert!(
                verified.code == 0 || verified.stderr.contains("damaged") || verified.stderr.contains("broken"),
                "{what}: {}",
                verified.stderr
            );
            assert!(matches!(verified.code, 0 | 6));
        }
    }
    assert!(fired >= 12, "the fault fired: {fired}");
}

fn damaged_is_kept(what: &str, copy: &Copy, stderr: &str, bytes: &[u8]) {
    assert!(stderr.contains("state"), "{what}: {stderr}");
    let kept: Vec<PathBuf> = std::fs::read_dir(copy.path().join("state"))
        .expect("the state")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("state.db")))
        .filter(|path| std::fs::read(path).is_ok_and(|found| found == bytes))
        .collect();
    if kept.first().is_none_or(|path| path.ends_with("state.db")) {
        // A value that is damaged inside a sound database shows only when it is read: the store stays in its place,
        // and no run gets past it.
        assert!(stderr.contains("damaged"), "{what}: the damaged file is kept as it was\n{stderr}");
        copy.scan_at(LATER).expect(6);
        assert!(database(copy.path()).exists());
        return;
    }
    // The next run does not begin anew either.
    let again = copy.scan_at(LATER);
    again.expect(6);
    assert!(!copy.path().join("state/state.db").exists() || kept[0].ends_with("state.db"), "{what}: {}", again.stderr);
    for command in [&["report"][..], &["ledger", "verify"], &["diff"]] {
        copy.holdover(command).expect(6);
    }
}

#[test]
fn s5_a_store_that_is_gone_beside_its_ledger_is_a_loss_and_no_first_run() {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    std::fs::remove_file(database(company.path())).expect("removed");
    company.scan().expect(6);
    assert!(!database(company.path()).exists());
}

#[test]
fn s5_an_older_copy_of_the_store_is_recognised() {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    let older = std::fs::read(database(company.path())).expect("the store");
    company.scan().expect(1);
    std::fs::write(database(company.path()), older).expect("a file");
    let run = company.scan_at(LATER);
    run.expect(6);
    assert!(run.stderr.contains("older"), "{}", run.stderr);
}

#[test]
fn s5_a_store_of_a_newer_version_is_refused_and_left_alone() {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    {
        let connection = rusqlite::Connection::open(database(company.path())).expect("the store");
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
        connection.pragma_update(None, "user_version", version + 1).expect("written");
    }
    let bytes = std::fs::read(database(company.path())).expect("the store");
    for arguments in [&["scan", "--as-of", LATER][..], &["report"], &["ledger", "verify"]] {
        let run = company.holdover(arguments);
        run.expect(6);
        assert!(run.stderr.contains("newer"), "{}", run.stderr);
    }
    assert_eq!(std::fs::read(database(company.path())).expect("the store"), bytes);
}

#[test]
fn t9_an_output_that_cannot_be_written_is_six_and_the_earlier_report_stays() {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    let report = std::fs::read(company.path().join("out/report.json")).expect("the report");
    let table: &[(&str, &dyn Fn(&Path))] = &[
        ("a link", &|folder| {
            std::fs::rename(folder.join("out/report.json"), folder.join("target.json")).expect("moved");
            std::os::unix::fs::symlink("../target.json", folder.join("out/report.json")).expect("a link");
        }),
        ("a folder of the same name", &|folder| {
            std::fs::rename(folder.join("out/report.json"), folder.join("target.json")).expect("moved");
            std::fs::create_dir(folder.join("out/report.json")).expect("a folder");
        }),
        ("open to others", &|folder| {
            std::fs::copy(folder.join("out/report.json"), folder.join("target.json")).expect("copied");
            mode(&folder.join("out/report.json"), 0o666);
        }),
        ("a folder open to everybody", &|folder| {
            std::fs::copy(folder.join("out/report.json"), folder.join("target.json")).expect("copied");
            mode(&folder.join("out"), 0o777);
        }),
        ("a file in the place of the folder", &|folder| {
            std::fs::rename(folder.join("out/report.json"), folder.join("target.json")).expect("moved");
            std::fs::remove_dir_all(folder.join("out")).expect("removed");
            std::fs::write(folder.join("out"), "precious").expect("a file");
        }),
    ];
    for (what, damage) in table {
        let copy = company.copy();
        damage(copy.path());
        let run = copy.scan_at(LATER);
        run.expect(6);
        assert!(run.stderr.contains("out"), "{what}: {}", run.stderr);
        assert_eq!(
            std::fs::read(copy.path().join("target.json")).expect("the old report"),
            report,
            "{what}: untouched"
        );
        let temporary = std::fs::read_dir(copy.path().join("out")).map_or(0, |entries| {
            entries
                .filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().ends_with(".tmp"))
                .count()
        });
        assert_eq!(temporary, 0, "{what}: nothing half-written is left");
        let run_json = std::fs::read_to_string(copy.path().join("state/run.json")).expect("run.json");
        assert!(
            run_json.contains("\"store_failed\": true") || run_json.contains("\"store_failed\":true"),
            "{what}: {run_json}"
        );
    }
}

#[test]
fn t9_a_state_directory_that_others_can_read_is_refused() {
    let company = Company::new();
    company.write_all();
    company.scan_at(EARLIER).expect(1);
    mode(&company.path().join("state"), 0o755);
    let run = company.scan();
    run.expect(6);
    assert!(run.stderr.contains("chmod 700"), "{}", run.stderr);
}

#[test]
fn s3_a_reader_that_goes_away_is_six_and_quiet() {
    let company = large();
    for arguments in [
        &["scan", "--no-progress", "--format", "csv", "--as-of", EARLIER][..],
        &["report", "--format", "json"],
        &["rules", "list"],
        &["schema", "config"],
        &["completions", "bash"],
        &["config", "show"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut child =
            command(company.path()).args(arguments).stdout(writer).stderr(Stdio::piped()).spawn().expect("starts");
        let mut told = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut told).expect("text");
        let status = child.wait().expect("a status");
        assert_eq!(status.code(), Some(6), "{arguments:?}: {told}");
        assert!(!told.contains("panicked") && !told.contains("Broken pipe"), "{arguments:?}: {told}");
    }
}

#[test]
fn s3_a_full_disk_is_six() {
    let company = Company::new();
    company.write_all();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let status = command(company.path())
        .args(["scan", "--no-progress", "--as-of", EARLIER])
        .stdout(full)
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(6));
}

#[test]
fn s1_a_signal_ends_the_run_with_what_was_read() {
    let company = with_accounts(5_000);
    let began = Instant::now();
    company.copy().scan_at(EARLIER).expect(1);
    let whole = began.elapsed();
    let mut fired = false;
    for step in 2..20 {
        let copy = company.copy();
        let child = command(copy.path())
            .args(["scan", "--no-progress", "--as-of", EARLIER])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let began = Instant::now();
        while began.elapsed() < whole * step / 20 {
            std::thread::yield_now();
        }
        let process = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("a signal");
        let asked = Instant::now();
        let output = child.wait_with_output().expect("ended");
        let (took, load) = (asked.elapsed(), crate::serve::load());
        assert!(took < Duration::from_secs(10), "it took {took:?}, a whole run {whole:?}; load {load}");
        let code = output.status.code();
        assert!(
            matches!(code, Some(1 | 3 | 4)) || code.is_none(),
            "{code:?} {}",
            String::from_utf8_lossy(&output.stderr)
        );
        if matches!(code, Some(3 | 4)) {
            fired = true;
            let run = copy.scan_at(LATER);
            run.expect(1);
            copy.holdover(&["ledger", "verify"]).expect(0);
            break;
        }
    }
    assert!(fired, "no signal met a run while it was reading");
}

fn database(folder: &Path) -> PathBuf {
    folder.join("state/state.db")
}

fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

/// Every file below a folder with its bytes; the lock tells who looked last and is left out.
fn files(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if !path.ends_with("state/lock") {
                let bytes = std::fs::read(&path).expect("a file");
                found.insert(path, bytes);
            }
        }
    }
    found
}
