//! T2: five thousand new findings at once.

use std::fmt::Write as _;

use holdover_kit::stub::tracker::Dialect;

use super::desk::{self, Desk};
use crate::company::{Company, account, list, token};
use crate::life::{DAYS, fresh};

/// People who left, in the large company.
const LEAVERS: usize = 1_000;
/// Tokens of each.
const TOKENS: usize = 5;

/// A thousand people left long ago; ten of them still have an account.
fn company() -> Company {
    let mut company = Company::new();
    company.people = (0..LEAVERS)
        .map(|number| {
            format!("p-{number},employee,ended,Person {number},person{number}@acme.example,2021-01-01,2026-03-31,UTC,2026-05-01T00:00:00Z")
        })
        .collect();
    company.records = (0..10).map(|number| account_of(number, "enabled")).collect();
    company.records.extend((10..LEAVERS).map(|number| account_of(number, "disabled")));
    company
}

fn account_of(number: usize, status: &str) -> String {
    account(&format!("u-{number}"), &format!("person{number}@acme.example"), status).replace("2026-07-30", "2025-07-30")
}

/// What a newer scanner sees in the same world: tokens that nobody listed before.
fn with_tokens(company: &mut Company) {
    for number in 0..LEAVERS {
        for token_number in 0..TOKENS {
            company.records.push(token(&format!("t-{number}-{token_number}"), &format!("u-{number}"), "enabled"));
        }
    }
}

#[test]
fn t2_five_thousand_new_findings_are_all_reported_and_their_tickets_wait_for_a_word() {
    let mut desk = Desk::open(company(), Dialect::JiraDataCenter, "");
    assert_eq!(desk.bench.creations(), 10);
    with_tokens(&mut desk.company);
    fresh(&mut desk.company, 1);
    let run = desk.company.scan_at(DAYS[1]);
    run.expect(1);
    assert_eq!(list(&run.report()["findings"]).len(), LEAVERS * TOKENS + 10, "a breaker makes no report shorter");
    assert!(!run.flag("gaps"));
    // Held, with figures, and how to release it; one summary notice.
    let held = desk::holdover(desk.path(), &["tickets", "sync"]);
    held.expect(0);
    assert_eq!(desk.bench.creations(), 10, "none is sent");
    let notices: Vec<&str> = held.stderr.lines().filter(|line| line.starts_with("HELD")).collect();
    assert_eq!(notices.len(), 1, "{}", held.stderr);
    // (Ten people have a ticket; their tokens are lines on it.)
    assert!(notices[0].contains("findings of run-") && notices[0].contains("tickets release RUN"), "{notices:?}");
    let plan = desk::plan(desk.path());
    let line = list(&plan["runs"]).iter().find(|run| run["verdict"] == "held").expect("a held run").clone();
    assert_eq!(line["tickets"], LEAVERS - 10, "{line}");
    assert_eq!(line["findings"], (LEAVERS - 10) * TOKENS, "{line}");
    let why = line["why"].as_str().expect("why");
    assert!(why.contains("990 new tickets are more than"), "{why}");
    // The next run says so by its flag, with the same exit code.
    let again = desk.company.scan_at("2026-08-04T08:00:00Z");
    again.expect(1);
    assert!(again.flag("breaker"));
    assert_eq!(list(&again.report()["findings"]).len(), LEAVERS * TOKENS + 10);
    released(&desk, line["run"].as_str().expect("a run"));
}

/// Released: 25 a run, a digest for the rest; each finding stands on one ticket.
fn released(desk: &Desk, run: &str) {
    let released = desk::holdover(desk.path(), &["tickets", "release", run]);
    released.expect(0);
    let outcome = desk::sync(desk.path(), 0);
    let mut said = String::new();
    for ticket in desk.bench.stub.desk.tickets() {
        writeln!(said, "{}", ticket.title).expect("text");
    }
    let digests = said.lines().filter(|title| title.contains("more in crm")).count();
    assert_eq!(digests, 1, "one summary stands for the rest: {said}");
    assert_eq!(desk.bench.creations(), 10 + 25 + 1, "{outcome}");
    // Sent once more, nothing more is made: the cap is for the run, not for the sending.
    desk::sync(desk.path(), 0);
    assert_eq!(desk.bench.creations(), 36);
    let mut labels: Vec<String> = desk.bench.stub.desk.tickets().into_iter().flat_map(|ticket| ticket.labels).collect();
    let all = labels.len();
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), all, "no finding stands on two tickets");
}

/// The twin: twenty of them are no flood.
#[test]
fn t2_as_many_as_the_floor_allows_are_sent_at_once() {
    let mut desk = Desk::open(company(), Dialect::JiraDataCenter, "");
    for number in 10..30 {
        desk.company.records[number] = account_of(number, "enabled");
    }
    fresh(&mut desk.company, 1);
    desk.company.scan_at(DAYS[1]).expect(1);
    assert_eq!(desk.made_by(desk.path()), 20);
}
