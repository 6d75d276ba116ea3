//! A company with a tracker that lives on through kills, and what must be true of it after each.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use holdover_kit::fault::{Damage, On};
use holdover_kit::random::Random;
use holdover_kit::stub::tracker::Dialect;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::shim::{Point, Shim};
use crate::company::{Company, Run, account, command, list, word};
use crate::trackers::bench::{Bench, SECRET, is_creation};

const DIALECT: Dialect = Dialect::JiraDataCenter;
/// Nobody is killed for this process number.
const NOBODY: i32 = 0;

/// How a program is struck.
#[derive(Debug, Clone)]
pub(super) enum Blow {
    /// Not at all.
    Spared,
    /// Killed after this time.
    Killed(Duration),
    /// Told to stop after this time.
    Stopped(Duration),
    /// Killed at a call of the C library.
    At(Point),
    /// Killed after the tracker has made a ticket and before it answers.
    InAnswer,
}

/// How a struck program ended.
#[derive(Debug)]
pub(super) struct Struck {
    /// `None` where a signal ended it.
    pub(super) code: Option<i32>,
    /// Whether what was planned came about.
    pub(super) fired: bool,
    pub(super) told: String,
}

/// What is true of one access of somebody who left.
#[derive(Debug, Clone, Copy)]
struct Access {
    /// Day of the first export that lists it no more.
    gone: Option<i64>,
}

/// The company, its tracker, and the truth about it.
pub(super) struct Office {
    pub(super) company: Company,
    pub(super) bench: Bench,
    day: i64,
    minute: i64,
    stay: Vec<usize>,
    truth: BTreeMap<String, Access>,
    first_seen: BTreeMap<String, String>,
    confirmed: BTreeSet<String>,
    outputs: BTreeMap<&'static str, Vec<u8>>,
    victim: Arc<AtomicI32>,
    answered: Arc<AtomicUsize>,
}

const OUTPUTS: [&str; 4] = ["out/report.json", "out/findings.csv", "out/run.json", "state/run.json"];

impl Office {
    /// Somebody left, her tickets are made, and `staff` people may leave later.
    pub(super) fn open(staff: usize) -> Self {
        let mut office = Self::closed(staff);
        assert_eq!(office.scan(&Blow::Spared).code, Some(1));
        let text = office.run(&["roster", "validate"]).stdout;
        let digest = text.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
        office.run(&["roster", "accept", &digest]).expect(0);
        office.run(&["tickets", "sync"]).expect(0);
        let plan = office.run(&["tickets", "plan", "--format", "json"]).stdout;
        let plan: Value = serde_json::from_str(&plan).expect("a plan");
        office.run(&["tickets", "release", plan["run"].as_str().expect("a run")]).expect(0);
        office.run(&["tickets", "sync"]).expect(0);
        assert_eq!(office.bench.stub.desk.tickets().len(), 1);
        office.keep_outputs();
        office
    }

    /// The same before its first run.
    pub(super) fn closed(staff: usize) -> Self {
        let bench = Bench::new(DIALECT);
        let (victim, answered) = (Arc::new(AtomicI32::new(NOBODY)), Arc::new(AtomicUsize::new(0)));
        let (aim, count) = (Arc::clone(&victim), Arc::clone(&answered));
        let kills = Damage::change(move |_, answer| {
            if let Some(pid) = Pid::from_raw(aim.swap(NOBODY, Ordering::SeqCst)) {
                kill_process(pid, Signal::KILL).expect("it lives: it waits for this answer");
                count.fetch_add(1, Ordering::SeqCst);
            }
            answer
        });
        drop(bench.server.plant(On::any().when(move |asked| is_creation(DIALECT, asked)), kills).optional());
        let mut company = Company::new();
        company.extra = format!(
            "tickets:\n  trackers:\n    - id: desk\n      connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500 }} }}\n      lag: 1s\n      jira: {{ url: \"{}\", project: SEC, sign_in: {{ token: {{ env: DESK_TOKEN }} }} }}\n",
            bench.server.origin()
        );
        for number in 0..staff {
            company.people.push(person(number, None));
            company.records.push(account(&format!("s-{number}"), &format!("staff{number}@acme.example"), "enabled"));
        }
        company.write_all();
        let truth = ["u-1", "t-1"].map(|grant| (String::from(grant), Access { gone: None })).into();
        Self {
            company,
            bench,
            day: 0,
            minute: 0,
            stay: (0..staff).rev().collect(),
            truth,
            first_seen: BTreeMap::new(),
            confirmed: BTreeSet::new(),
            outputs: BTreeMap::new(),
            victim,
            answered,
        }
    }

    fn date(&self, back: i64) -> chrono::DateTime<chrono::Utc> {
        let first: chrono::DateTime<chrono::Utc> = "2026-08-03T00:00:00Z".parse().expect("an instant");
        first + chrono::TimeDelta::days(self.day - back)
    }

    /// A minute later.
    fn tick(&mut self) -> String {
        self.minute += 1;
        let now = self.date(0) + chrono::TimeDelta::minutes(6 * 60 + self.minute);
        now.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Everything below the folder that a run writes.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.company.path()
    }

    /// The program: a scan at the office's own time, everything else at the machine's, which the tracker has as well.
    fn program(&mut self, arguments: &[&str]) -> Command {
        let mut command = command(self.company.path());
        command.args(arguments).arg("--no-progress").env("DESK_TOKEN", SECRET);
        if arguments[0] == "scan" {
            command.args(["--as-of", &self.tick()]);
        }
        command
    }

    /// A command that nothing happens to.
    pub(super) fn run(&mut self, arguments: &[&str]) -> Run {
        let output = self.program(arguments).output().expect("the program starts");
        Run::new(&output, self.company.path())
    }

    /// The next day, on which nothing changes.
    pub(super) fn quiet_day(&mut self) {
        self.day += 1;
        self.minute = 0;
        self.write();
    }

    /// Writes the files of this day.
    pub(super) fn write(&mut self) {
        self.company.as_of = self.date(0).format("%Y-%m-%dT01:00:00Z").to_string();
        self.company.roster_as_of = self.date(0).format("%Y-%m-%dT00:00:00Z").to_string();
        self.company.write_all();
    }

    /// The next day, on which something changes in the company.
    pub(super) fn next_day(&mut self, random: &mut Random) {
        self.day += 1;
        self.minute = 0;
        match random.below(5) {
            0..=2 => self.somebody_leaves(),
            3 => {
                let open = self.truth.iter().filter(|(grant, access)| grant.starts_with("s-") && access.gone.is_none());
                let open: Vec<String> = open.map(|(grant, _)| grant.clone()).collect();
                if !open.is_empty() {
                    let grant = random.pick(&open).clone();
                    self.company.records.retain(|record| !record.contains(&format!("\"grant_id\":\"{grant}\"")));
                    self.truth.insert(grant, Access { gone: Some(self.day) });
                }
            }
            _ => {}
        }
        self.write();
    }

    /// One person of the staff leaves, and nobody takes the access away.
    pub(super) fn somebody_leaves(&mut self) {
        let Some(number) = self.stay.pop() else { return };
        // Three days ago: nothing waits to settle.
        let end = self.date(3).format("%Y-%m-%d").to_string();
        let row = self.company.people.iter_mut().find(|row| row.starts_with(&format!("s-{number},"))).expect("a row");
        *row = person(number, Some(&end));
        self.truth.insert(format!("s-{number}"), Access { gone: None });
    }

    /// One scan, struck or spared.
    pub(super) fn scan(&mut self, blow: &Blow) -> Struck {
        let struck = self.strike(&["scan"], blow);
        let right = match blow {
            Blow::Stopped(_) => matches!(struck.code, Some(1 | 3 | 4) | None),
            _ => matches!(struck.code, Some(1) | None),
        };
        assert!(right, "a scan under {blow:?} ended with {struck:?}");
        struck
    }

    /// One sync, struck or spared.
    pub(super) fn sync(&mut self, blow: &Blow) -> Struck {
        let struck = self.strike(&["tickets", "sync"], blow);
        let right = match blow {
            Blow::Spared => struck.code == Some(0),
            _ => matches!(struck.code, Some(0 | 3) | None),
        };
        assert!(right, "a sync under {blow:?} ended with {struck:?}");
        struck
    }

    /// Runs a command under a blow.
    pub(super) fn strike(&mut self, arguments: &[&str], blow: &Blow) -> Struck {
        let told = tempfile::NamedTempFile::new().expect("a file");
        let mut command = self.program(arguments);
        command.stdout(Stdio::null()).stderr(told.reopen().expect("a file"));
        let shim = match blow {
            Blow::At(point) => Some(Shim::at(self.company.path(), point.clone())),
            _ => None,
        };
        if let Some(shim) = &shim {
            shim.before(&mut command);
        }
        let answered = self.answered.load(Ordering::SeqCst);
        let mut child = command.spawn().expect("the program starts");
        let pid = Pid::from_child(&child);
        match blow {
            Blow::InAnswer => self.victim.store(pid.as_raw_nonzero().get(), Ordering::SeqCst),
            Blow::Killed(moment) => {
                wait(&mut child, *moment);
                child.kill().expect("killed, or ended already");
            }
            Blow::Stopped(moment) => {
                wait(&mut child, *moment);
                match kill_process(pid, Signal::TERM) {
                    Ok(()) => {}
                    // It has ended by itself.
                    Err(errno) => assert_eq!(errno, rustix::io::Errno::SRCH),
                }
            }
            Blow::Spared | Blow::At(_) => {}
        }
        let status = child.wait().expect("a status");
        self.victim.store(NOBODY, Ordering::SeqCst);
        let fired = match blow {
            Blow::Spared => false,
            Blow::At(_) => shim.is_some_and(|shim| !shim.fired().is_empty()),
            Blow::InAnswer => self.answered.load(Ordering::SeqCst) > answered,
            Blow::Killed(_) => status.code().is_none(),
            Blow::Stopped(_) => status.code() != Some(1) && status.code() != Some(0),
        };
        let told = std::fs::read_to_string(told.path()).expect("text");
        Struck { code: status.code(), fired, told }
    }

    /// What must hold right after a blow, before anything else is run.
    pub(super) fn is_sound(&mut self) {
        self.run(&["ledger", "verify"]).expect(0);
        for name in OUTPUTS {
            let bytes = std::fs::read(self.company.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            if self.outputs.get(name) == Some(&bytes) {
                continue;
            }
            // A new one then, whole.
            if name == "out/findings.csv" {
                assert!(bytes.ends_with(b"\n"), "{name} is cut");
                let rows = csv::Reader::from_reader(bytes.as_slice()).into_records().map(|row| row.expect("a row"));
                assert!(rows.count() >= self.confirmed.len().min(1), "{name}");
            } else {
                let value: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(value.is_object(), "{name}");
            }
        }
    }

    /// Runs that began and did not end, as the store has them.
    pub(super) fn unended(&self) -> Vec<String> {
        let path = self.company.path().join("state/state.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = rusqlite::Connection::open_with_flags(path, flags).expect("the store");
        let mut statement = connection.prepare("SELECT id FROM run WHERE state = 'running'").expect("a question");
        let rows = statement.query_map([], |row| row.get(0)).expect("an answer");
        rows.map(|id| id.expect("an id")).collect()
    }

    /// The next run: it names what was interrupted, and knows all that is true.
    pub(super) fn recover(&mut self) {
        let unended = self.unended();
        let run = self.run(&["scan"]);
        run.expect(1);
        let notices = run.notices();
        for id in &unended {
            let named = |notice: &&String| notice.starts_with("run-interrupted") && notice.contains(id.as_str());
            assert_eq!(notices.iter().filter(named).count(), 1, "{id} is named once: {notices:?}");
        }
        let told = notices.iter().filter(|notice| notice.starts_with("run-interrupted")).count();
        assert_eq!(told, unended.len(), "only what was interrupted: {notices:?}");
        assert!(self.unended().is_empty());
        self.agrees(&run);
        self.keep_outputs();
    }

    fn keep_outputs(&mut self) {
        let read = |name: &'static str| std::fs::read(self.company.path().join(name)).expect("an output");
        self.outputs = OUTPUTS.map(|name| (name, read(name))).into();
    }

    /// Nothing is lost, nothing is closed that is open, nothing that is gone stays, nobody is wronged.
    fn agrees(&mut self, run: &Run) {
        let (states, closed) = (run.states(), run.closed());
        for (grant, state) in &states {
            assert!(self.truth.contains_key(grant), "{grant} is {state}: a false alarm");
        }
        for (grant, access) in &self.truth {
            match (access.gone, states.get(grant)) {
                (None, Some(state)) => {
                    let first = self.confirmed.insert(grant.clone());
                    assert!(state == "confirmed" || (first && state == "observed"), "{grant} is {state}");
                    assert!(!closed.contains(grant), "{grant} is closed and open");
                }
                (None, None) => panic!("{grant} is lost: {states:?}, closed {closed:?}"),
                (Some(gone), Some(state)) => assert!(self.day <= gone, "{grant} is {state}, {gone} was its last day"),
                // Two complete reads of different days.
                (Some(gone), None) => assert!(self.day > gone, "{grant} was closed by one look"),
            }
        }
        for finding in list(&run.report()["findings"]) {
            let (grant, seen) = (word(&finding["grant_id"]), word(&finding["first_seen_at"]));
            let first = self.first_seen.entry(grant.clone()).or_insert_with(|| seen.clone());
            assert_eq!(first, &seen, "the age of {grant}");
        }
    }

    /// Sends what is left to send; then each finding stands on one ticket, which is open as long as it is.
    pub(super) fn settle_tickets(&mut self) {
        for _ in 0..4 {
            let run = self.run(&["tickets", "sync", "--format", "json"]);
            run.expect(0);
            let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
            if document["pending"] == 0 {
                break;
            }
        }
        self.one_ticket_each();
        let report = std::fs::read(self.company.path().join("out/report.json")).expect("the report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        let tickets = self.bench.stub.desk.tickets();
        for finding in list(&report["findings"]) {
            let label = word(&finding["fingerprint"]).replace(':', "-");
            let ticket = tickets.iter().find(|ticket| ticket.labels.contains(&label));
            let grant = &finding["grant_id"];
            let ticket = ticket.unwrap_or_else(|| panic!("{grant} has no ticket: {finding}"));
            assert!(!ticket.closed, "{grant} is open and its ticket is closed");
        }
    }

    /// No finding stands on two tickets.
    pub(super) fn one_ticket_each(&self) {
        let mut carriers: BTreeMap<String, usize> = BTreeMap::new();
        for ticket in self.bench.stub.desk.tickets() {
            for label in ticket.labels.iter().filter(|label| label.starts_with("ra1-")) {
                *carriers.entry(label.clone()).or_default() += 1;
            }
        }
        assert!(carriers.values().all(|count| *count == 1), "{carriers:?}");
    }

    /// Times a command takes when nothing happens to it.
    pub(super) fn time(&mut self, arguments: &[&str]) -> Duration {
        let began = Instant::now();
        let run = self.run(arguments);
        assert!(matches!(run.code, 0 | 1), "{}", run.stderr);
        began.elapsed()
    }

    /// Calls of a command when nothing happens to it.
    pub(super) fn watch(&mut self, arguments: &[&str]) -> Shim {
        let shim = Shim::watching(self.company.path());
        let mut command = self.program(arguments);
        shim.before(&mut command);
        let output = command.output().expect("the program starts");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        shim
    }
}

fn person(number: usize, end: Option<&str>) -> String {
    let (status, end) = end.map_or(("active", ""), |end| ("ended", end));
    format!(
        "s-{number},employee,{status},Staff {number},staff{number}@acme.example,2021-01-01,{end},Europe/Berlin,2026-08-01T00:00:00Z"
    )
}

/// Waits for a moment, or the end of the program.
fn wait(child: &mut Child, moment: Duration) {
    let began = Instant::now();
    while began.elapsed() < moment && child.try_wait().expect("a status").is_none() {
        std::thread::park_timeout(Duration::from_micros(200));
    }
}
