//! S3: whatever cannot be written, the run ends with 6 and names it, or has all it says it has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::office::{Blow, Office};
use super::shim::{Act, Call, Point, Shim};
use super::{cannot_run, is_long, tried};
use crate::company::{Company, Copy, Run, account, command};
use crate::serve::{QUIET, Serving, today};

const EARLIER: &str = "2026-08-03T03:00:00Z";
const NOW: &str = "2026-08-03T06:00:00Z";
const LATER: &str = "2026-08-03T07:00:00Z";
const OUTPUTS: [&str; 4] = ["out/report.json", "out/findings.csv", "out/run.json", "state/run.json"];

/// A company that was scanned once, and what it wrote then.
struct Before {
    company: Company,
    outputs: BTreeMap<&'static str, Vec<u8>>,
}

impl Before {
    fn new() -> Self {
        let mut company = Company::new();
        company.extra = String::from("metrics: { textfile: out/holdover.prom }\n");
        company.write_all();
        company.scan_at(EARLIER).expect(1);
        let outputs = OUTPUTS.map(|name| (name, std::fs::read(company.path().join(name)).expect("an output")));
        Self { company, outputs: outputs.into() }
    }

    /// A scan of a copy under one fault; `None` where the fault was never reached.
    fn fail(&self, point: &Point) -> Option<(Run, Vec<String>)> {
        let copy = self.company.copy();
        let shim = Shim::at(copy.path(), point.clone());
        let mut command = command(copy.path());
        command.args(["scan", "--no-progress", "--as-of", NOW]);
        shim.before(&mut command);
        let run = Run::new(&command.output().expect("the program starts"), copy.path());
        let fired = shim.fired();
        let what = format!("{point:?}: {fired:?}\nexit {}: {}", run.code, run.stderr);
        match run.code {
            1 => self.all_is_there(&copy, &what),
            6 => self.nothing_is_claimed(&copy, &run, &what),
            _ => panic!("{what}"),
        }
        no_harm_was_done(&copy, &what);
        (!fired.is_empty()).then_some((run, fired))
    }

    /// It says that it wrote everything, and did.
    fn all_is_there(&self, copy: &Copy, what: &str) {
        for name in OUTPUTS {
            let bytes = std::fs::read(copy.path().join(name)).expect("an output");
            assert_ne!(Some(&bytes), self.outputs.get(name), "{what}: {name} is the old one");
            if name.ends_with("run.json") {
                assert_eq!(exit_code(&bytes), 1, "{what}: {name}");
            }
        }
        let stored = copy.holdover(&["report", "--format", "json"]);
        assert!(stored.code == 0 && stored.stdout.contains(NOW), "{what}: it was not kept: {}", stored.stderr);
        assert_eq!(metric(copy.path()), "1", "{what}");
    }

    /// It says that it could not: each output is the old one or a whole new one, and none says that all was well.
    fn nothing_is_claimed(&self, copy: &Copy, run: &Run, what: &str) {
        let names = ["/state", "./state", "./out", "state directory"];
        assert!(
            run.stderr.contains("error: ") && names.iter().any(|name| run.stderr.contains(name)),
            "{what}: no file"
        );
        for name in OUTPUTS {
            let path = copy.path().join(name);
            let Ok(bytes) = std::fs::read(&path) else {
                // Withdrawn, since it could not be corrected; never one of an earlier run.
                assert!(run.stderr.contains("could not be corrected"), "{what}: {name} is gone");
                continue;
            };
            if self.outputs.get(name) == Some(&bytes) {
                continue;
            }
            if name.ends_with("run.json") {
                assert_eq!(exit_code(&bytes), 6, "{what}: {name} claims");
            } else if name == "out/findings.csv" {
                assert!(bytes.ends_with(b"\n"), "{what}: {name} is cut");
            } else {
                drop(serde_json::from_slice::<Value>(&bytes).unwrap_or_else(|error| panic!("{what}: {name}: {error}")));
            }
        }
    }
}

fn exit_code(bytes: &[u8]) -> u64 {
    let value: Value = serde_json::from_slice(bytes).expect("run.json is whole");
    value["exit_code"].as_u64().expect("a code")
}

fn metric(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("out/holdover.prom")).expect("metrics");
    let line = text.lines().find_map(|line| line.strip_prefix("holdover_run_exit_code "));
    line.expect("a figure").to_owned()
}

/// The store opens, its ledger is whole, and the next run knows everything and how old it is.
fn no_harm_was_done(copy: &Copy, what: &str) {
    let verified = copy.holdover(&["ledger", "verify"]);
    assert_eq!(verified.code, 0, "{what}\nverify: {}", verified.stderr);
    let run = copy.scan_at(LATER);
    assert_eq!(run.code, 1, "{what}\nnext: {}", run.stderr);
    assert_eq!(run.states().len(), 2, "{what}");
    assert!(run.closed().is_empty(), "{what}");
    assert_eq!(run.finding("u-1")["first_seen_at"], EARLIER, "{what}");
}

/// Fails calls of one kind, each in a run of its own, until one more would never be reached.
fn fail_each(call: Call, act: Act, on: bool, some: usize) {
    let before = Before::new();
    let copy = before.company.copy();
    let shim = Shim::watching(copy.path());
    let mut command = command(copy.path());
    command.args(["scan", "--no-progress", "--as-of", NOW]);
    shim.before(&mut command);
    assert_eq!(command.output().expect("the program starts").status.code(), Some(1));
    let calls = shim.count(call);
    assert!(calls > 2, "{call:?}: {calls}");
    let point = |nth| if on { Point::nth(call, nth, act).on() } else { Point::nth(call, nth, act) };
    let (mut fired, mut six) = (0, 0);
    for nth in tried(calls, some) {
        if let Some((run, _)) = before.fail(&point(nth)) {
            fired += 1;
            six += usize::from(run.code == 6);
            assert!(act != Act::Short || run.code == 1, "a short write is gone on with: {}", run.stderr);
        }
    }
    // Threads may change the number of calls a little.
    assert!(fired + 3 >= some.min(calls), "{call:?}: {fired} of {calls} fired");
    assert!(act == Act::Short || six * 2 > fired, "{call:?}: {six} of {fired}");
    let beyond = before.fail(&point(calls + 60));
    assert!(beyond.is_none(), "{:?}", beyond.map(|(_, fired)| fired));
    println!(
        "{call:?} {act:?} {}: {fired} of {calls} calls failed, {six} runs ended with 6",
        if on { "from there on" } else { "once" }
    );
}

/// How a run ended, for messages.
fn ended(run: &Run) -> String {
    format!("exit {}: {}", run.code, run.stderr)
}

#[test]
fn s3_whichever_write_fails_the_run_claims_nothing() {
    fail_each(Call::Write, Act::InputOutput, false, 10);
}

#[test]
fn s3_a_disk_that_is_full_from_any_write_on_takes_nothing_from_what_was_there() {
    fail_each(Call::Write, Act::NoSpace, true, 10);
}

#[test]
fn s3_a_write_that_takes_half_is_gone_on_with() {
    fail_each(Call::Write, Act::Short, false, 6);
}

#[test]
fn s3_whichever_sync_fails_the_run_claims_nothing() {
    fail_each(Call::Fsync, Act::InputOutput, false, 8);
    if is_long() {
        fail_each(Call::Fsync, Act::InputOutput, true, 8);
    }
}

#[test]
fn s3_whichever_rename_fails_the_earlier_report_stays() {
    fail_each(Call::Rename, Act::NoSpace, false, 6);
    if is_long() {
        fail_each(Call::Rename, Act::NoSpace, true, 6);
    }
}

#[test]
fn s3_whichever_file_cannot_be_made_the_run_claims_nothing() {
    fail_each(Call::Open, Act::NoSpace, false, 6);
    if is_long() {
        fail_each(Call::Open, Act::NoSpace, true, 6);
        fail_each(Call::Truncate, Act::InputOutput, false, 6);
        // Left-over side files of the database do no harm, so most of these runs end well.
        let before = Before::new();
        for nth in 1..=4 {
            assert!(before.fail(&Point::nth(Call::Unlink, nth, Act::InputOutput)).is_some(), "{nth}");
        }
    }
}

#[test]
fn s3_a_sync_of_tickets_whose_writes_fail_makes_no_second_ticket() {
    let mut office = Office::open(12);
    let calls = office.watch(&["tickets", "sync"]).count(Call::File);
    let (mut fired, mut six) = (0, 0);
    // What is new to send makes more calls than a sync with nothing to do.
    for nth in tried(calls + 40, 10) {
        office.quiet_day();
        office.somebody_leaves();
        office.write();
        office.scan(&Blow::Spared);
        let struck = office.strike(&["tickets", "sync"], &Blow::At(Point::nth(Call::File, nth, Act::NoSpace)));
        assert!(matches!(struck.code, Some(0 | 3 | 6)), "{nth}: {struck:?}");
        assert!(struck.code != Some(6) || struck.told.contains("state"), "{nth}: no file: {}", struck.told);
        fired += usize::from(struck.fired);
        six += usize::from(struck.code == Some(6));
        office.one_ticket_each();
        office.is_sound();
        office.recover();
        office.settle_tickets();
    }
    assert!(fired >= 5 && six >= 3, "{fired} fired, {six} ended with 6");
}

#[test]
fn s3_a_service_whose_disk_fails_says_so_and_its_next_run_is_whole() {
    let company = today(QUIET);
    let shim = Shim::at(company.path(), Point::named(Call::Fsync, "/state/state.db-wal", 4, Act::InputOutput));
    let variables = shim.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let serving = Serving::start_with(&company, &variables);
    let run = serving.run("{}");
    assert_eq!(shim.fired().len(), 1, "the fault fired: {run}");
    assert_eq!(run["exit_code"], 6, "{run}");
    assert!(run["failure"].as_str().is_some_and(|says| says.contains("state.db")), "{run}");
    let metrics = serving.known("GET", "/metrics", "").body;
    assert!(metrics.contains("\nholdover_run_exit_code 6\n"), "{metrics}");
    assert_eq!(serving.run("{}")["exit_code"], 1);
    assert!(serving.known("GET", "/metrics", "").body.contains("\nholdover_run_exit_code 1\n"));
    drop(serving);
    company.holdover(&["ledger", "verify"]).expect(0);
}

/// Runs a scan in a folder whose state lies on a disk of `size` KiB that nobody else sees, and keeps what it held.
/// `None` where what is there already does not fit.
fn on_small_disk(copy: &Copy, size: u64) -> Option<Run> {
    const SCRIPT: &str = "mount -t tmpfs -o size=${SIZE}k,mode=700 none state || exit 91
        cp -a before/. state/ 2>/dev/null || exit 90
        code=0; \"$@\" || code=$?
        cp -a state/. after/ || exit 92
        exit $code";
    std::fs::rename(copy.path().join("state"), copy.path().join("before")).expect("renamed");
    for name in ["state", "after"] {
        std::fs::create_dir(copy.path().join(name)).expect("a folder");
        private(&copy.path().join(name));
    }
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", SCRIPT, "sh"]).arg(env!("CARGO_BIN_EXE_holdover"));
    command.args(["scan", "--no-progress", "--as-of", NOW]).env("SIZE", size.to_string()).current_dir(copy.path());
    let run = Run::new(&command.output().expect("unshare starts"), copy.path());
    assert!(!matches!(run.code, 91 | 92), "{}", ended(&run));
    std::fs::remove_dir(copy.path().join("state")).expect("removed");
    std::fs::rename(copy.path().join("after"), copy.path().join("state")).expect("renamed");
    (run.code != 90).then_some(run)
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).expect("a mode");
}

#[test]
fn s3_on_a_disk_that_is_too_small_the_run_ends_with_six_and_nothing_is_lost() {
    let probe = Command::new("unshare").args(["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        cannot_run("s3_on_a_disk_that_is_too_small", "private mounts (unshare -m)");
        return;
    }
    let mut before = Before::new();
    // Many findings, so that a commit needs room.
    for number in 0..300 {
        before.company.records.push(account(&format!("a-{number}"), "ana@acme.example", "enabled"));
    }
    before.company.write_all();
    let mut codes = BTreeSet::new();
    for size in (256..=8_192).step_by(if is_long() { 64 } else { 512 }) {
        let copy = before.company.copy();
        let Some(run) = on_small_disk(&copy, size) else { continue };
        let what = format!("{size} KiB: {}", ended(&run));
        assert!(matches!(run.code, 1 | 6), "{what}");
        codes.insert(run.code);
        if run.code == 6 {
            assert!(run.stderr.contains("state"), "{what}");
        }
        let verified = copy.holdover(&["ledger", "verify"]);
        assert_eq!(verified.code, 0, "{what}\nverify: {}", verified.stderr);
        let next = copy.scan_at(LATER);
        assert_eq!((next.code, next.states().len()), (1, 302), "{what}\nnext: {}", next.stderr);
        assert_eq!(next.finding("u-1")["first_seen_at"], EARLIER, "{what}");
    }
    assert_eq!(codes, BTreeSet::from([1, 6]), "some disks were too small, and some were not");
}

#[test]
fn s3_files_that_may_not_grow_end_the_run_with_six_and_nothing_is_lost() {
    let before = Before::new();
    let mut codes = BTreeSet::new();
    // In blocks of 512 bytes; the database has some 480 of them.
    for blocks in [0, 1, 8, 40, 100, 300, 480, 500, 560, 1_200, 4_000] {
        let copy = before.company.copy();
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_holdover"), "scan", "--no-progress", "--as-of", NOW]);
        let output = command.current_dir(copy.path()).env_clear().output().expect("the program starts");
        let run = Run::new(&output, copy.path());
        let what = format!("{blocks} blocks: {}", ended(&run));
        match run.code {
            1 => before.all_is_there(&copy, &what),
            6 => before.nothing_is_claimed(&copy, &run, &what),
            _ => panic!("{what}"),
        }
        codes.insert(run.code);
        no_harm_was_done(&copy, &what);
    }
    assert_eq!(codes, BTreeSet::from([1, 6]), "some limits were met, and some were not");
}
