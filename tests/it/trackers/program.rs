//! The program itself, from a scan to a ticket that closes itself, against a tracker that keeps state.

use holdover_kit::stub::tracker::Dialect;
use serde_json::Value;

use super::bench::{Bench, SECRET};
use crate::company::{Company, Run, command};

/// A company whose tickets go to the tracker of this bench.
fn company(bench: &Bench) -> Company {
    let mut company = Company::new();
    company.extra = format!(
        "tickets:\n  trackers:\n    - id: desk\n      \
         connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500 }} }}\n      lag: 1s\n      \
         jira: {{ url: \"{}\", project: SEC, sign_in: {{ token: {{ env: DESK_TOKEN }} }} }}\n",
        bench.server.origin()
    );
    company
}

fn run(company: &Company, arguments: &[&str]) -> Run {
    let output =
        command(company.path()).args(arguments).env("DESK_TOKEN", SECRET).output().expect("the program starts");
    Run::new(&output, company.path())
}

/// Scans, and writes what it must.
#[track_caller]
fn scanned(company: &Company, now: &str) {
    company.write_all();
    let run = company.scan_at(now);
    assert!(matches!(run.code, 0 | 1 | 4), "exit {}: {}", run.code, run.stderr);
}

#[track_caller]
fn synced(company: &Company) -> Value {
    let run = run(company, &["tickets", "sync", "--format", "json"]);
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(SECRET), "{text}");
    }
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

#[test]
fn a_scan_becomes_a_ticket_once_a_person_released_it_and_the_ticket_closes_itself() {
    let bench = Bench::new(Dialect::JiraDataCenter);
    let mut company = company(&bench);
    scanned(&company, "2026-08-03T06:00:00Z");
    synced(&company);
    assert_eq!(bench.server.count(), 0, "the first run is held: nobody is asked anything");

    let text = run(&company, &["roster", "validate"]).stdout;
    let digest = text.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
    let accepted = run(&company, &["roster", "accept", &digest]);
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    synced(&company);
    let plan: Value =
        serde_json::from_str(&run(&company, &["tickets", "plan", "--format", "json"]).stdout).expect("a plan");
    let id = plan["run"].as_str().expect("a run").to_owned();
    let released = run(&company, &["tickets", "release", &id]);
    assert_eq!(released.code, 0, "{}", released.stderr);
    synced(&company);

    let tickets = bench.stub.desk.tickets();
    assert_eq!(tickets.len(), 1, "one person and one team are one ticket: {tickets:?}");
    let (ticket, body) = (&tickets[0], tickets[0].body.to_string());
    assert!(ticket.labels.iter().filter(|label| label.starts_with("ra1-")).count() == 2, "{:?}", ticket.labels);
    assert!(ticket.title.contains("p-1") && !ticket.title.contains("Ana"), "{}", ticket.title);
    assert!(!body.contains("Ana Silva") && !body.contains("ana@acme.example") && !ticket.closed, "{body}");

    // Nothing changed: nothing is told, however often.
    scanned(&company, "2026-08-03T07:00:00Z");
    synced(&company);
    synced(&company);
    let after = bench.stub.desk.tickets();
    assert_eq!((after.len(), after[0].notes.len()), (1, 0), "no comment about nothing: {:?}", after[0].notes);

    // Her access is gone in two complete exports: the ticket is closed, with both looks.
    company.records.retain(|record| !record.contains("\"u-1\"") && !record.contains("\"t-1\""));
    for (as_of, now) in
        [("2026-08-04T01:00:00Z", "2026-08-04T06:00:00Z"), ("2026-08-05T01:00:00Z", "2026-08-05T06:00:00Z")]
    {
        company.as_of = String::from(as_of);
        assert!(!bench.stub.desk.tickets()[0].closed, "not before the second look");
        scanned(&company, now);
        synced(&company);
    }
    let closed = bench.stub.desk.tickets();
    assert!(closed.len() == 1 && closed[0].closed, "{closed:?}");
    let proof = closed[0].notes.last().expect("a comment").to_string();
    assert!(proof.contains("2026") && proof.contains("08"), "it names the looks: {proof}");
    assert_eq!(bench.creations(), 1);
}
