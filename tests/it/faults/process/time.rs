//! S7: clocks that jump, both clock changes, missed and double starts.

use std::path::{Path, PathBuf};

use super::cannot_run;
use crate::company::{Company, Copy, Run, account, command};
use crate::serve::{Serving, daily, today, until};

/// The clock of the C library, moved: `libfaketime`, from Debian's package `faketime`.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let found = folders.map(|entry| entry.expect("an entry").path().join("faketime/libfaketimeMT.so.1"));
    found.into_iter().find(|path| path.exists())
}

fn needs_library(test: &str) -> Option<String> {
    let found = library();
    if found.is_none() {
        cannot_run(test, "libfaketime (Debian: faketime)");
    }
    found.map(|path| path.display().to_string())
}

/// A company that was scanned at this instant of the moved clock.
fn scan_at(copy: &Path, library: &str, now: &str) -> Run {
    let mut command = command(copy);
    command.args(["scan", "--no-progress"]);
    command.env("LD_PRELOAD", library).env("FAKETIME", format!("@{now}")).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Run::new(&command.output().expect("the program starts"), copy)
}

/// Nothing opens and nothing closes by a clock alone, and nobody is told that all is well.
fn unmoved(run: &Run, what: &str) {
    assert!(matches!(run.code, 1 | 3 | 4 | 5), "{what}: exit {}\n{}", run.code, run.stderr);
    assert!(run.closed().is_empty(), "{what}: {:?}", run.closed());
    let states = run.states();
    let grants: Vec<&str> = states.keys().map(String::as_str).collect();
    assert_eq!(grants, ["t-1", "u-1"], "{what}: {states:?}");
    assert_eq!(first_seen(run), "2026-08-03T03:00:0", "{what}: its age is kept");
}

/// When it was first seen, without the last digit of the seconds: the moved clock runs on.
fn first_seen(run: &Run) -> String {
    let finding = run.finding("u-1");
    let text = finding["first_seen_at"].as_str().expect("an instant");
    String::from(&text[..18])
}

fn clock_notice(run: &Run) -> Option<String> {
    run.notices().into_iter().find(|notice| notice.starts_with("clock: "))
}

#[test]
fn s7_a_clock_that_jumps_a_day_or_a_year_changes_no_state() {
    let Some(library) = needs_library("s7_a_clock_that_jumps") else { return };
    let company = Company::new();
    company.write_all();
    let first = scan_at(company.path(), &library, "2026-08-03 03:00:00");
    first.expect(1);
    assert!(
        first.report()["run"]["started_at"].as_str().expect("an instant").starts_with("2026-08-03T03:00:0"),
        "the clock was moved"
    );
    for (jump, back) in [
        ("2026-08-04 03:00:00", false),
        ("2026-08-02 03:00:00", true),
        ("2027-08-03 03:00:00", false),
        ("2025-08-03 03:00:00", true),
    ] {
        let copy = company.copy();
        let jumped = scan_at(copy.path(), &library, jump);
        unmoved(&jumped, jump);
        let notice = clock_notice(&jumped);
        assert_eq!(notice.is_some(), back, "{jump}: {:?}", jumped.notices());
        if let Some(notice) = notice {
            assert!(notice.contains("2026-08-03T03:00:0") && notice.contains(&jump[..10]), "both instants: {notice}");
        }
        // And back to an hour after the first run, twice.
        for now in ["2026-08-03 04:00:00", "2026-08-03 05:00:00"] {
            let after = scan_at(copy.path(), &library, now);
            unmoved(&after, &format!("{jump}, then {now}"));
            // A run of the future lies before it: the clock went back, which is a gap until that time has come.
            after.expect(if back { 1 } else { 4 });
            assert_eq!(clock_notice(&after).is_some(), !back, "{jump}, then {now}: {:?}", after.notices());
            assert!(
                after.states().values().all(|state| state == "confirmed"),
                "{jump}, then {now}: {:?}",
                after.states()
            );
        }
        copy.holdover(&["ledger", "verify"]).expect(0);
    }
}

#[test]
fn s7_an_instant_that_is_chosen_far_away_changes_no_state_either() {
    let company = Company::new();
    company.write_all();
    company.scan_at("2026-08-03T03:00:00Z").expect(1);
    for (jump, back) in [
        ("2026-08-04T03:00:00Z", false),
        ("2026-08-02T03:00:00Z", true),
        ("2027-08-03T03:00:00Z", false),
        ("2025-08-03T03:00:00Z", true),
    ] {
        let copy: Copy = company.copy();
        unmoved(&copy.scan_at(jump), jump);
        let after = copy.scan_at("2026-08-03T04:00:00Z");
        after.expect(if back { 1 } else { 4 });
        unmoved(&after, jump);
    }
}

/// A company from which Dora leaves at the end of this day, judged from an export of `as_of`.
fn dora(last_day: &str, as_of: &str) -> Company {
    let mut company = Company::new();
    company.people = vec![
        format!(
            "p-9,employee,ended,Dora Dorn,dora@acme.example,2020-01-01,{last_day},Europe/Berlin,2026-08-01T00:00:00Z"
        ),
        company.people[1].clone(),
    ];
    company.records =
        vec![account("d-1", "dora@acme.example", "enabled"), account("u-2", "bea@acme.example", "enabled")];
    company.as_of = String::from(as_of);
    company.roster_as_of = String::from(as_of);
    company.write_all();
    company
}

#[test]
fn s7_on_the_days_of_both_clock_changes_an_end_is_its_own_midnight_wherever_the_program_runs() {
    // The last day, the last moment of it, and the first after it: 25 hours in autumn, 23 in spring, 24 between.
    for (last_day, as_of, within, after) in [
        ("2026-10-25", "2026-10-25T20:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"),
        ("2027-03-28", "2027-03-28T20:00:00Z", "2027-03-28T21:59:59Z", "2027-03-28T22:00:00Z"),
        ("2027-06-30", "2027-06-30T20:00:00Z", "2027-06-30T21:59:59Z", "2027-06-30T22:00:00Z"),
    ] {
        let company = dora(last_day, as_of);
        let mut reports = Vec::new();
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"] {
            let copy = company.copy();
            let scan = |now: &str| {
                let mut command = command(copy.path());
                command.args(["scan", "--no-progress", "--as-of", now]).env("TZ", zone);
                Run::new(&command.output().expect("the program starts"), copy.path())
            };
            let before = scan(within);
            assert!(before.states().is_empty(), "{last_day}, {zone}: {:?}", before.states());
            let run = scan(after);
            assert_eq!(run.states().keys().collect::<Vec<_>>(), ["d-1"], "{last_day}, {zone}: {}", run.stderr);
            reports.push(std::fs::read(copy.path().join("out/report.json")).expect("the report"));
        }
        assert!(reports.windows(2).all(|pair| pair[0] == pair[1]), "{last_day}: the zone of the machine shows");
    }
}

/// By how many seconds the clock of these tests themselves is moved (`FAKETIME=+N`).
fn outer() -> i64 {
    std::env::var("FAKETIME").map_or(0, |text| text.parse().expect("FAKETIME is +N"))
}

/// A service whose clock can be moved while it runs.
struct Moved {
    serving: Serving,
    company: Company,
}

impl Moved {
    fn start(library: &str, company: Company) -> Self {
        company.write("clock", format!("{:+}", outer()));
        let clock = company.path().join("clock").display().to_string();
        let variables = [
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", clock.as_str()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        let serving = Serving::start_with(&company, &variables);
        Self { serving, company }
    }

    /// Moves the clock by so many seconds against the machine's.
    fn by(&self, seconds: i64) {
        // Renamed, so that nobody reads half a file.
        let seconds = seconds + outer();
        self.company.write("clock.new", format!("{seconds:+}"));
        let place = self.company.path();
        std::fs::rename(place.join("clock.new"), place.join("clock")).expect("renamed");
    }

    fn told(&self, words: &str) -> usize {
        self.serving.told().matches(words).count()
    }

    fn runs(&self) -> usize {
        let runs = self.serving.known("GET", "/api/v1/runs", "").json();
        runs["runs"].as_array().expect("runs").iter().filter(|run| run["state"] == "ended").count()
    }
}

#[test]
fn s7_a_start_that_a_jump_passed_over_is_caught_up_once_and_one_that_comes_twice_runs_once() {
    let Some(library) = needs_library("s7_a_start_that_a_jump_passed_over") else { return };
    let (daily, to_start) = daily();
    let company = today(&daily.replace("watch: 0s", "watch: 1s"));
    let moved = Moved::start(&library, company);
    // To ten minutes before it.
    let before = to_start - 600;
    moved.by(before);
    until("the jump is told", || (moved.told("the clock went on by") >= 1).then_some(()));
    assert_eq!(moved.runs(), 0, "{}", moved.serving.told());
    // Past it by half an hour: the start was missed, and is caught up.
    moved.by(before + 2_400);
    let run = moved.serving.ended(1);
    assert_eq!((&run["reason"], &run["schedule"]), (&"catch_up".into(), &"daily".into()), "{run}");
    // Back before it, as when a clock is set: the same start comes a second time, and is no second run.
    moved.by(before);
    until("the step back is told", || (moved.told("the clock went back by") >= 1).then_some(()));
    moved.by(before + 2_400);
    until("the second jump is told", || (moved.told("the clock went on by") >= 3).then_some(()));
    // The service has looked again since then: it answers a run that is asked for, and that one is number two.
    let asked = moved.serving.run("{}");
    assert_eq!((&asked["id"], &asked["reason"]), (&2.into(), &"request".into()), "{}", moved.serving.told());
    // A machine that slept for three days catches up once.
    moved.by(before + 3 * 86_400);
    let third = moved.serving.ended(3);
    assert_eq!(third["reason"], "catch_up", "{third}");
    until("it looks on", || (moved.told("missed starts get no run") >= 1).then_some(()));
    assert_eq!(moved.runs(), 3, "{}", moved.serving.told());
    let states = moved.company.holdover(&["report", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&states.stdout).expect("a report");
    assert_eq!(report["findings"].as_array().expect("findings").len(), 2);
    assert!(report["closed"].as_array().expect("closed").is_empty());
}
