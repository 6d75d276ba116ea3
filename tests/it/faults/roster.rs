//! Rows R1 to R10: the roster is missing, cut, renamed, shrunk, stale or contradicts itself.
//!
//! Each fault is laid over a newer, sound roster in which one more person has left. A held roster then has to show in
//! both directions: nothing is opened on its account, and nothing that was open is closed. The twin is the same newer
//! roster without the fault.

mod dates;
mod held;
mod judged;

use std::collections::BTreeMap;
use std::path::Path;

use holdover_kit::stub::tracker::Dialect;
use serde_json::Value;

use super::outputs::desk::{self, Desk};
use crate::company::{Company, Copy, Run, account, list, sha256, word};
use crate::life::{DAYS, colleague, staff};

/// People on the roster of these rows.
const PEOPLE: usize = 43;

/// 43 people, of whom Ana (`p-1`) left; accounts of twenty colleagues, and of Bea (`p-2`), who leaves next.
fn company() -> Company {
    let mut company = Company::new();
    staff(&mut company, PEOPLE - 3);
    for number in 100..120 {
        company.records.push(account(&format!("u-{number}"), &format!("person{number}@acme.example"), "enabled"));
    }
    company.extra = String::from("metrics: { textfile: out/holdover.prom }\n");
    company
}

/// The bench of these rows: one ticket, about Ana's account and token.
fn open() -> Desk {
    let desk = Desk::open(company(), Dialect::JiraDataCenter, "");
    assert_eq!(desk.bench.stub.desk.tickets().len(), 1);
    desk
}

/// The rows of the next day's roster: Bea has left, too.
fn next_day(company: &Company) -> Vec<String> {
    let mut rows = company.people.clone();
    rows[1] = String::from(
        "p-2,employee,ended,Bea Braun,bea@acme.example,2021-01-01,2026-08-03,Europe/Berlin,2026-08-04T00:00:00Z",
    );
    rows
}

/// A colleague's row as it reads once she has left on 3 August.
fn left(number: usize) -> String {
    colleague(number)
        .replace(",active,", ",ended,")
        .replace("2021-01-01,,", "2021-01-01,2026-08-03,")
        .replace("2026-08-01T", "2026-08-04T")
}

pub(super) const HEADER: &str =
    "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at";

/// Writes a roster with its manifest, which fits: the damage is in the source.
fn issue(folder: &Path, header: &str, rows: &[String]) {
    issue_bytes(folder, format!("{header}\n{}\n", rows.join("\n")).as_bytes(), rows.len(), "2026-08-04T00:30:00Z");
}

/// The same for bytes, and another time.
fn issue_bytes(folder: &Path, roster: &[u8], rows: usize, as_of: &str) {
    std::fs::write(folder.join("roster.csv"), roster).expect("the roster");
    let digest = sha256(roster);
    let manifest = format!(r#"{{"as_of":"{as_of}","rows":{rows},"sha256":"{digest}","coverage":"full"}}"#);
    std::fs::write(folder.join("roster.meta.json"), manifest).expect("the manifest");
}

/// Writes the export of the next day, as it stands in the company.
fn export(desk: &Desk, folder: &Path) {
    let text = desk.company.export().replace("2026-08-03T01:00:00Z", "2026-08-04T01:00:00Z");
    assert!(text.contains("2026-08-04T01:00:00Z"));
    std::fs::write(folder.join("crm.ndjson"), text).expect("the export");
}

/// `gate: sentence` of every gate that spoke, the holding ones first marked.
fn gates(run: &Run) -> Vec<String> {
    let report = run.report();
    let line = |gate: &Value| {
        let holds = if gate["holds"] == true { "holds" } else { "says" };
        let source = gate["source"].as_str().unwrap_or("-");
        format!("{} {holds} {source}: {}", word(&gate["gate"]), word(&gate["says"]))
    };
    list(&report["roster"]["gates"]).iter().map(line).collect()
}

/// `grant -> first seen` of what is open.
fn ages(run: &Run) -> BTreeMap<String, String> {
    let report = run.report();
    list(&report["findings"])
        .iter()
        .map(|finding| (word(&finding["grant_id"]), word(&finding["first_seen_at"])))
        .collect()
}

/// A copy of the bench with the next day's export and this damage, scanned on the next day.
fn after(desk: &Desk, damage: impl FnOnce(&Path)) -> (Copy, Run) {
    let copy = desk.copy();
    export(desk, copy.path());
    damage(copy.path());
    let run = copy.scan_at(DAYS[1]);
    (copy, run)
}

/// Everything that holds of a held roster, whatever the row: 5, the gate and what it says, the date of the one in force,
/// nothing closed, nothing opened on its account, no ticket, and figures that tell it.
#[track_caller]
fn holds(desk: &Desk, what: &str, gate: &str, names: &[&str], damage: impl FnOnce(&Path)) {
    let (copy, run) = after(desk, damage);
    is_held(desk, &copy, &run, what, gate, names);
}

/// The same for a run that was made already.
#[track_caller]
fn is_held(desk: &Desk, copy: &Copy, run: &Run, what: &str, gate: &str, names: &[&str]) {
    assert_eq!(run.code, 5, "{what}: exit {}\n{}\n{}", run.code, run.stderr, run.stdout);
    assert!(run.flag("roster_held") && !run.flag("roster_surge"), "{what}");
    let report = run.report();
    assert_eq!(report["roster"]["state"], "held", "{what}");
    assert_eq!(report["roster"]["accepted_at"], DAYS[0], "{what}: the one in force");
    let gates = gates(run);
    let holding = format!("{gate} holds");
    assert!(gates.iter().any(|says| says.starts_with(&holding)), "{what}: no {gate} in {gates:#?}\n{}", run.stderr);
    // What the error names, to whoever reads the terminal or the report.
    let told = [run.stdout.as_str(), run.stderr.as_str(), &gates.join("\n"), &run.notices().join("\n")].join("\n");
    for name in names {
        assert!(told.contains(name), "{what}: {name:?} is not named in\n{told}");
    }
    assert!(told.contains(&format!("the one accepted at {} stays in force", DAYS[0])), "{what}: {told}");
    // Kept: as old as it was, and nothing new on account of what is held.
    assert!(run.closed().is_empty(), "{what}: closed {:?}", run.closed());
    let expected = [("t-1", DAYS[0]), ("u-1", DAYS[0])].map(|(grant, day)| (String::from(grant), String::from(day)));
    assert_eq!(ages(run), BTreeMap::from(expected), "{what}");
    for (grant, state) in run.states() {
        assert_eq!(state, "confirmed", "{what}: {grant} is judged by the roster in force");
    }
    assert!(run.incomplete().is_empty(), "{what}: no scope is to blame");
    // Tickets: none, and the one there is stays as it is.
    let plan = desk::plan(copy.path());
    assert!(list(&plan["steps"]).is_empty(), "{what}: {plan}");
    assert_eq!(desk.made_by(copy.path()), 0, "{what}");
    let tickets = desk.bench.stub.desk.tickets();
    assert!(tickets.iter().all(|ticket| !ticket.closed && ticket.notes.is_empty()), "{what}: {tickets:?}");
    let figures = std::fs::read_to_string(copy.path().join("out/holdover.prom")).expect("the figures");
    assert!(figures.contains("holdover_roster_held{roster=\"hris\"} 1\n"), "{what}: {figures}");
}

/// The twin: the same newer roster is accepted, Bea's account is found, and gets its ticket.
#[track_caller]
fn is_accepted(desk: &Desk, what: &str, issue: impl FnOnce(&Path)) {
    let (copy, run) = after(desk, issue);
    assert_eq!(run.code, 1, "{what}: exit {}\n{:#?}\n{}", run.code, gates(&run), run.stderr);
    assert!(!run.flag("roster_held") && !run.flag("roster_surge"), "{what}");
    assert_eq!(ages(&run).get("u-2").map(String::as_str), Some(DAYS[1]), "{what}: {:?}", ages(&run));
    assert_eq!(ages(&run).get("u-1").map(String::as_str), Some(DAYS[0]), "{what}");
    assert!(run.closed().is_empty(), "{what}");
    let before = desk.bench.stub.desk.tickets().len();
    desk::sync(copy.path(), 0);
    let tickets = desk.bench.stub.desk.tickets();
    // Another copy may have made it: then it was found, and not made again.
    assert!(tickets.len() <= before + 1, "{what}");
    let bea = tickets.iter().filter(|ticket| ticket.title.contains("p-2")).count();
    assert_eq!(bea, 1, "{what}: {tickets:?}");
}
