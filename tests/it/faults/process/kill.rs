//! S1 and S2: killed at random, at counted and at named points, also between the making of a ticket and its recording.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use holdover_kit::random::Random;

use super::office::{Blow, Office};
use super::shim::{Act, Call, Point, Shim};
use super::tried;
use crate::company::{Company, command};
use crate::serve::{QUIET, Serving, today};

/// Rounds of one history: the company grows old, and a history can be played again.
const ROUNDS_OF_A_HISTORY: usize = 25;

/// Points with a name: what has just become durable there, or has not.
const NAMED: [(Call, &str, usize); 14] = [
    (Call::Write, "/state/lock", 1),
    (Call::Fsync, "/state/state.db-wal", 1),
    (Call::Fsync, "/state/state.db-wal", 2),
    (Call::Fsync, "/state/state.db-wal", 3),
    (Call::Write, "/state/ledger.ndjson", 1),
    (Call::Write, "/state/ledger.ndjson", 2),
    (Call::Rename, "/out/report.json", 1),
    (Call::Rename, "/out/findings.csv", 1),
    (Call::Rename, "/state/run.json", 1),
    (Call::Rename, ".report", 2),
    (Call::Fsync, "/state/reports", 1),
    (Call::Rename, "/state/checkpoint.json", 1),
    (Call::Write, "/state/state.db", 20),
    (Call::Unlink, "/state/state.db-wal", 1),
];

/// Tells how to play a history again when it fails.
struct Replay {
    seed: u64,
    round: usize,
    how: String,
}

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("HOLDOVER_CRASH_SEED={} plays it again; round {}: {}", self.seed, self.round, self.how);
        }
    }
}

/// What a history met, for the figures and to prove that everything fired.
#[derive(Debug, Default)]
struct Met {
    tried: BTreeMap<&'static str, usize>,
    fired: BTreeMap<&'static str, usize>,
    interrupted: usize,
}

impl Met {
    fn note(&mut self, kind: &'static str, fired: bool) {
        *self.tried.entry(kind).or_default() += 1;
        *self.fired.entry(kind).or_default() += usize::from(fired);
    }
}

/// How long and how busy a command is.
struct Size {
    time: Duration,
    calls: usize,
}

fn part(size: &Size, random: &mut Random) -> Duration {
    // A little beyond its end as well.
    size.time * u32::try_from(random.below(1_150)).expect("small") / 1_000
}

fn act(random: &mut Random) -> Act {
    *random.pick(&[Act::KillBefore, Act::KillAfter, Act::KillHalf])
}

fn counted(size: &Size, random: &mut Random) -> Point {
    Point::nth(Call::File, 1 + random.position(size.calls + 2), act(random))
}

fn blow_of_scan(size: &Size, random: &mut Random) -> (&'static str, Blow) {
    match random.below(100) {
        0..=37 => ("scan, at any time", Blow::Killed(part(size, random))),
        38..=71 => ("scan, at a counted call", Blow::At(counted(size, random))),
        72..=87 => {
            let (call, name, nth) = *random.pick(&NAMED);
            ("scan, at a named point", Blow::At(Point::named(call, name, nth, act(random))))
        }
        88..=95 => ("scan, told to stop", Blow::Stopped(part(size, random))),
        _ => ("scan, spared", Blow::Spared),
    }
}

fn blow_of_sync(size: &Size, random: &mut Random) -> (&'static str, Blow) {
    match random.below(100) {
        0..=24 => ("sync, at any time", Blow::Killed(part(size, random))),
        25..=44 => ("sync, at a counted call", Blow::At(counted(size, random))),
        45..=64 => {
            let nth = 1 + random.position(6);
            ("sync, at a request", Blow::At(Point::nth(Call::Send, nth, act(random))))
        }
        65..=89 => ("sync, while a ticket is answered", Blow::InAnswer),
        90..=95 => ("sync, told to stop", Blow::Stopped(part(size, random))),
        _ => ("sync, spared", Blow::Spared),
    }
}

fn play(seed: u64, rounds: usize, met: &mut Met) {
    let mut random = Random::new(seed);
    let mut office = Office::open(rounds + 5);
    let scan = Size { time: office.time(&["scan"]), calls: office.watch(&["scan"]).count(Call::File) };
    assert!(scan.calls > 50, "it sees what is written: {}", scan.calls);
    office.recover();
    office.quiet_day();
    let sync =
        Size { time: office.time(&["tickets", "sync"]), calls: office.watch(&["tickets", "sync"]).count(Call::File) };
    let mut told = Replay { seed, round: 0, how: String::new() };
    for round in 1..=rounds {
        office.next_day(&mut random);
        let (kind, blow) = blow_of_scan(&scan, &mut random);
        (told.round, told.how) = (round, format!("{kind}: {blow:?}"));
        let struck = office.scan(&blow);
        met.note(kind, struck.fired);
        met.interrupted += office.unended().len();
        office.is_sound();
        // What a run that was killed has kept may be sent before the next run.
        if random.chance(30) {
            office.recover();
        }
        let (kind, blow) = blow_of_sync(&sync, &mut random);
        told.how.push_str(&format!("; {kind}: {blow:?}"));
        let struck = office.sync(&blow);
        met.note(kind, struck.fired);
        office.one_ticket_each();
        office.is_sound();
        office.recover();
        office.settle_tickets();
    }
}

#[test]
fn s1_s2_killed_at_any_moment_nothing_is_lost_and_no_ticket_is_made_twice() {
    let rounds: usize = std::env::var("HOLDOVER_CRASH_ROUNDS").map_or(25, |text| text.parse().expect("a number"));
    let seed = std::env::var("HOLDOVER_CRASH_SEED").map(|text| text.parse::<u64>().expect("a number"));
    let mut met = Met::default();
    match seed {
        Ok(seed) => play(seed, ROUNDS_OF_A_HISTORY, &mut met),
        Err(_) => {
            for history in 0..rounds.div_ceil(ROUNDS_OF_A_HISTORY) {
                let left = rounds - history * ROUNDS_OF_A_HISTORY;
                play(1 + history as u64, left.min(ROUNDS_OF_A_HISTORY), &mut met);
            }
        }
    }
    println!("{rounds} rounds: {met:#?}");
    let fired: usize = met.fired.values().sum();
    assert!(fired * 2 > rounds, "the faults fired: {met:#?}");
    // Where a kill by time falls depends on the machine, so few rounds say little of the share.
    let expected = if rounds < 100 { 0 } else { rounds / 4 };
    assert!(met.interrupted > expected, "kills fell into runs: {met:#?}");
    for kind in ["scan, at any time", "scan, at a counted call", "sync, while a ticket is answered"] {
        assert!(met.fired.get(kind).is_some_and(|fired| *fired > 0), "{kind} never fired: {met:#?}");
    }
}

/// What goes: the program, or the power of the whole machine with all that was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Program,
    Power,
}

/// Kills one scan of a copy at one point; the next run knows everything. Gives how many files a power cut changed, or
/// `None` where the point was never reached.
fn kill_and_recover(company: &Company, point: &Point, goes: Goes) -> Option<usize> {
    let copy = company.copy();
    let shim = match goes {
        Goes::Program => Shim::at(copy.path(), point.clone()),
        Goes::Power => Shim::remembering(copy.path(), point.clone()),
    };
    let mut command = command(copy.path());
    command.args(["scan", "--no-progress", "--quiet", "--as-of", "2026-08-03T06:00:00Z"]);
    shim.before(&mut command);
    let output = command.output().expect("the program starts");
    let fired = shim.fired();
    if fired.is_empty() {
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    let what = format!("{goes:?}, {point:?}: {fired:?}");
    assert_eq!(output.status.code(), None, "{what}: it was killed");
    let lost = if goes == Goes::Power { shim.cut_power() } else { 0 };
    let run = copy.scan_at("2026-08-03T07:00:00Z");
    assert_eq!(run.code, 1, "{what}: {}", run.stderr);
    let states = run.states();
    assert_eq!(states.len(), 2, "{what}: {states:?}");
    assert!(run.closed().is_empty(), "{what}");
    let verified = copy.holdover(&["ledger", "verify"]);
    assert_eq!(verified.code, 0, "{what}: {}", verified.stderr);
    assert_eq!(left_over(copy.path()), Vec::<String>::new(), "{what}: half-written files stay");
    Some(lost)
}

fn unfinished(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "tmp" || extension == "new")
}

/// Files that were being written and never got their names.
fn left_over(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for place in ["out", "state", "state/reports"] {
        let Ok(entries) = std::fs::read_dir(folder.join(place)) else { continue };
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        found.extend(names.filter(|name| name.starts_with('.') || unfinished(name)));
    }
    found
}

/// Calls of one scan of a copy to which nothing happens.
fn count(company: &Company, call: Call) -> usize {
    watch(company).count(call)
}

fn watch(company: &Company) -> Shim {
    let copy = company.copy();
    let watching = Shim::watching(copy.path());
    let mut command = command(copy.path());
    command.args(["scan", "--no-progress", "--quiet", "--as-of", "2026-08-03T06:00:00Z"]);
    watching.before(&mut command);
    assert_eq!(command.status().expect("the program starts").code(), Some(1));
    watching
}

/// Kills at a point that has to come. A run makes a call more or less than another, so the last one may not: then it is
/// counted anew, and where it is there, it is tried again.
fn kill_where_it_comes(company: &Company, point: &Point, goes: Goes) {
    for _ in 0..3 {
        if kill_and_recover(company, point, goes).is_some() {
            return;
        }
        let there = watch(company).count_at(point);
        // One less is what threads make of it; more would be another program than the one that was counted.
        assert!(there > 0 && there + 1 >= point.nth, "{point:?} was never reached: there are {there}");
        if there < point.nth {
            println!("{point:?} was never reached: this time there are {there}");
            return;
        }
    }
    panic!("{point:?} was never reached, though it is there");
}

/// Kills at each of many calls, until one more call was never reached.
fn kill_everywhere(company: &Company, some: usize, acts: &[Act], goes: Goes) {
    let calls = count(company, Call::File);
    assert!(calls > 50, "{calls}");
    let (mut fired, mut lost) = (0, 0);
    for act in acts {
        for nth in tried(calls, some) {
            let ended = kill_and_recover(company, &Point::nth(Call::File, nth, *act), goes);
            fired += usize::from(ended.is_some());
            lost += usize::from(ended.is_some_and(|files| files > 0));
        }
    }
    assert!(fired + 2 * acts.len() >= acts.len() * some.min(calls), "the faults fired: {fired} of {calls} calls");
    assert!(goes == Goes::Program || lost * 4 > fired, "something was lost: {lost} of {fired} times");
    println!("{goes:?}: {fired} kills at {calls} calls, {lost} with files that were not synced");
    let beyond = Point::nth(Call::File, calls + 50, Act::KillBefore);
    assert_eq!(kill_and_recover(company, &beyond, goes), None, "beyond the last call");
}

#[test]
fn s1_killed_at_each_call_of_the_first_run_the_next_one_begins_as_if_nothing_had_been() {
    let company = Company::new();
    company.write_all();
    kill_everywhere(&company, 14, &[Act::KillBefore, Act::KillHalf], Goes::Program);
}

#[test]
fn s1_killed_at_each_call_of_a_later_run_nothing_is_lost() {
    let company = Company::new();
    company.write_all();
    company.scan_at("2026-08-03T03:00:00Z").expect(1);
    kill_everywhere(&company, 14, &[Act::KillBefore, Act::KillHalf], Goes::Program);
}

#[test]
fn s1_when_the_power_goes_what_was_not_synced_is_lost_and_nothing_else() {
    let company = Company::new();
    company.write_all();
    kill_everywhere(&company, 12, &[Act::KillBefore], Goes::Power);
    company.scan_at("2026-08-03T03:00:00Z").expect(1);
    kill_everywhere(&company, 12, &[Act::KillBefore], Goes::Power);
    // Right after each sync is where the next thing relies on it.
    for nth in tried(count(&company, Call::Fsync), 8) {
        kill_where_it_comes(&company, &Point::nth(Call::Fsync, nth, Act::KillAfter), Goes::Power);
    }
}

#[test]
fn s1_killed_while_a_person_decides_the_decision_is_kept_or_can_be_made_again() {
    let company = Company::new();
    company.write_all();
    company.scan_at("2026-08-03T03:00:00Z").expect(1);
    let text = company.holdover(&["roster", "validate"]).stdout;
    let digest = text.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
    let accept = ["roster", "accept", digest.as_str()];
    let watched = company.copy();
    let watching = Shim::watching(watched.path());
    let mut first = command(watched.path());
    watching.before(first.args(accept));
    assert_eq!(first.output().expect("the program starts").status.code(), Some(0));
    let calls = watching.count(Call::File);
    let mut fired = 0;
    for nth in tried(calls, 10) {
        for goes in [Goes::Program, Goes::Power] {
            let copy = company.copy();
            let shim = Shim::remembering(copy.path(), Point::nth(Call::File, nth, Act::KillHalf));
            let mut command = command(copy.path());
            shim.before(command.args(accept));
            let code = command.output().expect("the program starts").status.code();
            if goes == Goes::Power {
                shim.cut_power();
            }
            let what = format!("{goes:?} {nth}: {:?}", shim.fired());
            fired += usize::from(code.is_none());
            assert_eq!(copy.holdover(&["ledger", "verify"]).code, 0, "{what}");
            let again = copy.holdover(&accept);
            assert_eq!(again.code, 0, "{what}: {}", again.stderr);
            let run = copy.scan_at("2026-08-03T07:00:00Z");
            assert_eq!((run.code, run.states().len()), (1, 2), "{what}: {}", run.stderr);
            assert!(!run.notices().iter().any(|notice| notice.starts_with("baseline")), "{what}: it was accepted");
        }
    }
    assert!(fired >= 16, "the faults fired: {fired} at {calls} calls");
}

#[test]
fn s1_a_service_that_is_killed_in_a_run_names_it_in_its_next_one() {
    for (call, name, nth) in [(Call::Fsync, "/state/state.db-wal", 3), (Call::Rename, "/out/report.json", 1)] {
        let company = today(QUIET);
        let serving = Serving::start(&company);
        assert_eq!(serving.run("{}")["exit_code"], 1);
        drop(serving);
        let shim = Shim::remembering(company.path(), Point::named(call, name, nth, Act::KillBefore));
        let variables = shim.variables();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut serving = Serving::start_with(&company, &variables);
        assert_eq!(serving.known("POST", "/api/v1/runs", "").status, 202);
        assert_eq!(serving.end().code(), None, "killed at {name}");
        assert_eq!(shim.fired().len(), 1);
        shim.cut_power();
        let serving = Serving::start(&company);
        let run = serving.run("{}");
        assert_eq!(run["exit_code"], 1, "{name}: {run}");
        let report = company.holdover(&["report", "--format", "json"]).stdout;
        assert_eq!(report.matches("run-interrupted").count(), 1, "{name}: {report}");
        drop(serving);
        company.holdover(&["ledger", "verify"]).expect(0);
    }
}

#[test]
fn s1_killed_at_points_with_a_name_nothing_is_lost() {
    let company = Company::new();
    company.write_all();
    company.scan_at("2026-08-03T03:00:00Z").expect(1);
    for (call, name, nth) in NAMED {
        for act in [Act::KillBefore, Act::KillAfter] {
            let point = Point::named(call, name, nth, act);
            assert!(kill_and_recover(&company, &point, Goes::Program).is_some(), "{point:?} was never reached");
        }
    }
}

#[test]
fn s1_what_gets_a_name_was_synced_before_and_its_folder_after() {
    let company = Company::new();
    company.write_all();
    for now in ["2026-08-03T03:00:00Z", "2026-08-03T06:00:00Z"] {
        let shim = Shim::watching(company.path());
        let mut command = command(company.path());
        command.args(["scan", "--no-progress", "--quiet", "--as-of", now]);
        shim.before(&mut command);
        assert_eq!(command.status().expect("the program starts").code(), Some(1));
        let seen: Vec<String> = shim.seen().iter().map(|line| line.replace("/./", "/")).collect();
        let mut renames = 0;
        for (at, line) in seen.iter().enumerate() {
            let Some((from, to)) = line.strip_prefix("rename 0 ").and_then(|paths| paths.split_once(" -> ")) else {
                continue;
            };
            renames += 1;
            let last_write = seen[..at].iter().rposition(|line| *line == format!("write 0 {from}"));
            let last_sync = seen[..at].iter().rposition(|line| *line == format!("fsync 0 {from}"));
            assert!(
                last_write.is_some() && last_sync > last_write,
                "{to}: its bytes were not synced before: {seen:#?}"
            );
            let folder = format!("fsync 0 {}", to.rsplit_once('/').expect("a folder").0);
            assert!(seen[at..].contains(&folder), "{to}: its folder was not synced after");
        }
        assert!(renames >= 6, "{renames}");
        // What is appended is synced too, before the program ends.
        for name in ["/state/ledger.ndjson", "/state/state.db-wal"] {
            let last = |call: &str| seen.iter().rposition(|line| *line == format!("{call} 0 {name}"));
            assert!(last("write").is_some() && last("fsync") > last("write"), "{name}");
        }
        everything_was_seen(&company, &seen);
    }
}

/// The library sees calls of the C library alone: what lies on disk without having been seen is known by name.
fn everything_was_seen(company: &Company, seen: &[String]) {
    // Named by `tempfile` with a system call of its own.
    const UNSEEN: [&str; 1] = ["/state/pseudonym.key"];
    let mut files = Vec::new();
    for place in ["out", "state", "state/reports"] {
        for entry in std::fs::read_dir(company.path().join(place)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                files.push(format!("/{}", path.strip_prefix(company.path()).expect("below").display()));
            }
        }
    }
    assert!(files.len() >= 8, "{files:?}");
    for file in files.iter().filter(|file| !UNSEEN.contains(&file.as_str()) && !file.ends_with("/1.report")) {
        let known = |line: &&String| line.ends_with(&format!(" {file}")) || line.contains(&format!(" {file}.new "));
        assert!(seen.iter().any(|line| known(&line)), "{file} came about unseen");
    }
}

#[test]
fn s2_killed_between_the_making_of_a_ticket_and_its_recording_there_is_one_ticket() {
    let mut office = Office::open(6);
    for _ in 0..3 {
        office.quiet_day();
        office.somebody_leaves();
        office.write();
        office.scan(&Blow::Spared);
        let before = office.bench.creations();
        let struck = office.sync(&Blow::InAnswer);
        assert!(struck.fired && struck.code.is_none(), "the fault fired: {struck:?}");
        assert_eq!(office.bench.creations(), before + 1, "the ticket was made");
        office.is_sound();
        let run = office.run(&["tickets", "sync", "--format", "json"]);
        run.expect(0);
        let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(document["found"], 1, "reconciled: {document}");
        assert_eq!(office.bench.creations(), before + 1, "and made no second time");
        office.recover();
        office.settle_tickets();
    }
}

#[test]
fn s2_killed_at_any_request_of_a_sync_there_is_one_ticket() {
    let mut office = Office::open(40);
    let mut fired = 0;
    for nth in 1..=8 {
        for act in [Act::KillBefore, Act::KillHalf, Act::KillAfter] {
            office.quiet_day();
            office.somebody_leaves();
            office.write();
            office.scan(&Blow::Spared);
            let struck = office.sync(&Blow::At(Point::nth(Call::Send, nth, act)));
            fired += usize::from(struck.fired);
            office.one_ticket_each();
            office.is_sound();
            office.recover();
            office.settle_tickets();
        }
    }
    assert!(fired >= 6, "the faults fired: {fired}");
}
