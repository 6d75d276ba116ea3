//! What every store must do about tickets, run against each of them.

use std::collections::BTreeSet;

use super::outbox::{
    LineStatus, Operation, Outcome, RosterHold, Ticket, TicketChanges, TicketLine, TicketState, Unit, Verdict, Wish,
    WishAbout,
};
use super::sample::{at, facts, fingerprint, memory, now, open, place};
use super::*;
use crate::findings::wish::{Happening, Proof};
use crate::findings::{FindingState, Severity};

fn on_both(test: impl Fn(&mut dyn FnMut(&mut dyn FnMut(&mut dyn Store)))) {
    let folder = place();
    test(&mut |work| work(&mut open(folder.path()).unwrap()));
    let mut memory = MemoryStore::new("simulation");
    test(&mut |work| work(&mut memory));
}

fn wish(run: &str, number: u32, happening: Happening) -> Wish {
    let about = WishAbout {
        batch: Some(String::from("wave-1")),
        disclosed_at: Some(at("2026-08-02T00:00:00Z")),
        name: Some(String::from("Ada \u{202e} Example")),
    };
    Wish { number: 0, run: run.to_owned(), at: now(), fingerprint: fingerprint(number), happening, about }
}

fn ticket(key: &str) -> Ticket {
    Ticket {
        tracker: String::from("jira"),
        key: key.to_owned(),
        unit: Unit::PersonOwner,
        group: String::from("g"),
        generation: 1,
        person: Some(String::from("p-1")),
        team: Some(String::from("platform")),
        system: None,
        batch: None,
        state: TicketState::Open,
        remote: Some(String::from("SEC-1")),
        url: Some(String::from("https://tickets.example.org/SEC-1")),
        run: String::from("run-1"),
        intended_at: now(),
        made_at: Some(now()),
        resolved_at: None,
        by_hand: Some(outbox::ClosedByHand { at: now(), word: String::from("Done"), refused: true }),
        reopened_by_us: 1,
        severity: Some(Severity::High),
        previous: None,
        commented_in: Some(String::from("run-1")),
        count: 3,
        stale: true,
        pending: Some(outbox::Pending { operation: Operation::Reopen, at: now() }),
        rejection: Some(outbox::Rejection { reason: String::from("422"), digest: String::from("ab") }),
        attempts: 2,
        not_before: Some(at("2026-08-01T03:00:00Z")),
    }
}

fn line(number: u32, key: &str, status: LineStatus) -> TicketLine {
    TicketLine {
        tracker: String::from("jira"),
        fingerprint: fingerprint(number),
        ticket: key.to_owned(),
        status,
        severity: Severity::Medium,
        used: true,
        remark: Some(String::from("first look; second look")),
        through: 7,
        about: WishAbout::default(),
    }
}

fn begin(store: &mut dyn Store, run: &str, changes: RunChanges) {
    store.begin_run(run, now(), "c1").unwrap();
    store.apply(run, now(), changes).unwrap();
    store.end_run(&facts(run, now()), b"", 1).unwrap();
}

#[test]
fn wishes_come_with_the_run_that_left_them_in_order_and_keep_their_numbers() {
    on_both(|shelf| {
        let proof = Proof::AbsentTwice {
            first_run: String::from("run-0"),
            first_as_of: at("2026-07-31T00:00:00Z"),
            second_run: String::from("run-1"),
            second_as_of: now(),
        };
        let happenings = [
            Happening::Confirmed,
            Happening::Worse { from: Severity::Low, used: true },
            Happening::Unverified,
            Happening::ReadAgain,
            Happening::Closed { proof },
            Happening::Closed { proof: Proof::Employed { run: String::from("run-1") } },
            Happening::Closed {
                proof: Proof::ShownEnded { in_force_at: now(), run: String::from("run-1"), at: now() },
            },
            Happening::CameBack,
            Happening::Suppressed { exception: String::from("EX-1"), until: Some(now()) },
            Happening::Lapsed { exception: None },
        ];
        shelf(&mut |store| {
            let wishes = happenings.iter().map(|happening| wish("run-1", 1, happening.clone())).collect();
            let changes = RunChanges {
                wishes,
                roster_hold: Some(RosterHold::Surge),
                roster_digest: Some(String::from("d1")),
                memories: vec![memory(1, FindingState::Confirmed)],
                ..RunChanges::default()
            };
            begin(store, "run-1", changes);
        });
        shelf(&mut |store| {
            let book = store.ticket_book().unwrap();
            let told: Vec<&Happening> = book.wishes.iter().map(|wish| &wish.happening).collect();
            assert_eq!(told, happenings.iter().collect::<Vec<_>>());
            assert_eq!(book.wishes[0].about, wish("run-1", 1, Happening::Confirmed).about);
            assert!(book.wishes.is_sorted_by_key(|wish| wish.number));
            assert_eq!(book.runs.len(), 1);
            assert_eq!((book.runs[0].hold, book.roster_released), (Some(RosterHold::Surge), false));
            assert_eq!((book.open_findings, book.memories.len()), (1, 1));
            store.release_roster("d1", now(), "roster accept").unwrap();
            assert!(store.ticket_book().unwrap().roster_released);
            let last = book.wishes.last().unwrap().number;
            let done = book.wishes.iter().map(|wish| wish.number).collect();
            store.keep_tickets(now(), TicketChanges { done, ..TicketChanges::default() }).unwrap();
            assert!(store.ticket_book().unwrap().wishes.is_empty());
            let wishes = vec![wish("run-2", 2, Happening::Confirmed)];
            begin(store, "run-2", RunChanges { wishes, ..RunChanges::default() });
            assert!(store.ticket_book().unwrap().wishes[0].number > last, "a number is never given twice");
        });
    });
}

#[test]
fn a_ticket_and_its_lines_come_back_as_they_were_and_a_finding_has_one_line_for_ever() {
    on_both(|shelf| {
        let (one, two) = (ticket("hp-1"), Ticket { remote: None, url: None, ..ticket("hp-2") });
        shelf(&mut |store| {
            let memories = vec![memory(1, FindingState::Confirmed)];
            begin(store, "run-1", RunChanges { memories, ..RunChanges::default() });
            let changes = TicketChanges {
                tickets: vec![one.clone(), two.clone()],
                lines: vec![line(1, "hp-1", LineStatus::Open)],
                operations: vec![(String::from("jira"), Operation::Create, Outcome::Ok)],
                addresses: vec![(fingerprint(1), one.url.clone())],
                ..TicketChanges::default()
            };
            store.keep_tickets(now(), changes).unwrap();
        });
        shelf(&mut |store| {
            let book = store.ticket_book().unwrap();
            assert_eq!(book.tickets, [one.clone(), two.clone()]);
            assert_eq!(book.lines, [line(1, "hp-1", LineStatus::Open)]);
            assert_eq!(store.recall(&fingerprint(1)).unwrap().unwrap().finding.ticket, one.url);
            assert_eq!(store.ticket_known().unwrap(), BTreeSet::from([fingerprint(1)]));
            assert_eq!(store.ticket_standings().unwrap().len(), 1, "closed by hand");
            let moved = line(1, "hp-2", LineStatus::Closed);
            let operations = vec![(String::from("jira"), Operation::Create, Outcome::Ok)];
            let changes = TicketChanges { lines: vec![moved.clone()], operations, ..TicketChanges::default() };
            store.keep_tickets(now(), changes).unwrap();
            assert_eq!(store.ticket_book().unwrap().lines, [moved], "it stands on one ticket");
            assert!(store.ticket_standings().unwrap().is_empty());
            let counts = store.ticket_operations().unwrap();
            assert_eq!(counts[&(String::from("jira"), Operation::Create, Outcome::Ok)], 2);
        });
    });
}

#[test]
fn a_release_is_for_one_run_that_is_known_and_stands_in_the_ledger() {
    on_both(|shelf| {
        shelf(&mut |store| {
            for run in ["run-1", "run-2"] {
                let wishes = vec![wish(run, 1, Happening::Confirmed)];
                begin(store, run, RunChanges { wishes, ..RunChanges::default() });
            }
            let held = Verdict::Held { tickets: 21, findings: 40, why: String::from("too many") };
            let verdicts = vec![(String::from("run-1"), held.clone()), (String::from("run-2"), held.clone())];
            store.keep_tickets(now(), TicketChanges { verdicts, ..TicketChanges::default() }).unwrap();
            assert_eq!(store.tickets_held().unwrap().len(), 2);
            assert!(matches!(store.release_tickets("run-9", now(), "me"), Err(StoreError::Missing { .. })));
            let before = store.verify_ledger().unwrap().records;
            store.release_tickets("run-1", now(), "me").unwrap();
            assert_eq!(store.verify_ledger().unwrap().records, before + 1);
        });
        shelf(&mut |store| {
            let held: Vec<String> = store.tickets_held().unwrap().into_iter().map(|run| run.run).collect();
            assert_eq!(held, ["run-2"]);
            let run = &store.ticket_book().unwrap().runs[0];
            assert_eq!(run.released, Some((now(), String::from("me"))));
            assert!(matches!(run.verdict, Some(Verdict::Held { tickets: 21, .. })), "the word itself stays");
        });
    });
}

#[test]
fn a_held_run_is_held_no_longer_once_its_wishes_are_gone_and_a_newer_run_is_there() {
    on_both(|shelf| {
        shelf(&mut |store| {
            for run in ["run-1", "run-2", "run-3"] {
                let wishes = if run == "run-3" { Vec::new() } else { vec![wish(run, 1, Happening::Confirmed)] };
                begin(store, run, RunChanges { wishes, ..RunChanges::default() });
            }
            let held = Verdict::Held { tickets: 21, findings: 40, why: String::from("too many") };
            let verdicts = ["run-1", "run-2", "run-3"].map(|run| (run.to_owned(), held.clone())).to_vec();
            let book = store.ticket_book().unwrap();
            let done = book.wishes.iter().filter(|wish| wish.run == "run-1").map(|wish| wish.number).collect();
            store.keep_tickets(now(), TicketChanges { done, verdicts, ..TicketChanges::default() }).unwrap();
        });
        shelf(&mut |store| {
            let held: Vec<String> = store.tickets_held().unwrap().into_iter().map(|run| run.run).collect();
            assert_eq!(held, ["run-2", "run-3"], "the newest also holds what a new tracker asks for");
        });
    });
}

#[test]
fn what_a_ticket_says_goes_along_when_a_finding_is_carried_over() {
    on_both(|shelf| {
        shelf(&mut |store| {
            let changes = RunChanges {
                memories: vec![memory(1, FindingState::Confirmed)],
                wishes: vec![wish("run-1", 1, Happening::Confirmed)],
                ..RunChanges::default()
            };
            begin(store, "run-1", changes);
            let changes = TicketChanges {
                tickets: vec![ticket("hp-1")],
                lines: vec![line(1, "hp-1", LineStatus::Open)],
                ..TicketChanges::default()
            };
            store.keep_tickets(now(), changes).unwrap();
            store.begin_run("run-2", now(), "c1").unwrap();
            store.carry_over("run-2", now(), &fingerprint(1), memory(2, FindingState::Confirmed)).unwrap();
        });
        shelf(&mut |store| {
            let book = store.ticket_book().unwrap();
            assert_eq!(book.lines, [line(2, "hp-1", LineStatus::Open)]);
            assert_eq!(book.wishes[0].fingerprint, fingerprint(2));
        });
    });
}

#[test]
fn what_a_ledger_line_says_of_a_ticket_is_part_of_the_finding_s_history() {
    on_both(|shelf| {
        shelf(&mut |store| {
            begin(store, "run-1", RunChanges::default());
            let event = LedgerEvent::Ticket {
                tracker: String::from("jira"),
                ticket: String::from("hp-1"),
                operation: String::from("create"),
                outcome: String::from("open"),
                fingerprint: Some(fingerprint(1).to_string()),
            };
            let changes = TicketChanges { ledger: vec![event], ..TicketChanges::default() };
            store.keep_tickets(now(), changes).unwrap();
            let history = store.history(&fingerprint(1)).unwrap();
            assert_eq!(history.len(), 1);
            assert!(history[0].to_string().ends_with("ticket hp-1 at jira: create, open"), "{}", history[0]);
            store.verify_ledger().unwrap();
        });
    });
}

/// Makes a store as the version before tickets left it.
fn without_tickets(folder: &std::path::Path) {
    drop(open(folder).unwrap());
    let connection = rusqlite::Connection::open(folder.join("state").join(sqlite::DATABASE_FILE)).unwrap();
    for table in ["ticket_line", "ticket", "outbox", "ticket_run", "ticket_release", "ticket_operation"] {
        connection.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    for (table, column) in [("baseline", "kind"), ("baseline", "configuration"), ("scope", "gone")] {
        connection.execute_batch(&format!("ALTER TABLE {table} DROP COLUMN {column}")).unwrap();
    }
    connection.pragma_update(None, "user_version", 1).unwrap();
}

#[test]
fn a_store_of_the_version_before_is_read_as_holding_no_tickets_and_brought_along_by_a_writer() {
    let folder = place();
    without_tickets(folder.path());
    let options = OpenOptions { allow_network: true, now: now() };
    let reader = SqliteStore::open_read_only(&folder.path().join("state"), options).unwrap();
    assert_eq!(reader.ticket_book().unwrap(), outbox::TicketBook::default());
    assert!(reader.tickets_held().unwrap().is_empty() && reader.ticket_operations().unwrap().is_empty());
    let system = scan_contract::SystemId::from("crm");
    assert_eq!(reader.baseline(&system, &scan_contract::ScopeName::from("accounts")).unwrap(), None);
    assert!(reader.known_scopes(&system).unwrap().is_empty());
    drop(reader);
    let mut writer = open(folder.path()).unwrap();
    let wishes = vec![wish("run-1", 1, Happening::Confirmed)];
    begin(&mut writer, "run-1", RunChanges { wishes, ..RunChanges::default() });
    assert_eq!(writer.ticket_book().unwrap().wishes.len(), 1);
}

#[test]
fn a_changed_byte_in_a_ticket_is_an_error_and_never_another_answer() {
    let folder = place();
    let mut store = open(folder.path()).unwrap();
    begin(&mut store, "run-1", RunChanges::default());
    let changes = TicketChanges { tickets: vec![ticket("hp-1")], ..TicketChanges::default() };
    store.keep_tickets(now(), changes).unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(folder.path().join("state").join(sqlite::DATABASE_FILE)).unwrap();
    let changed = connection.execute("UPDATE ticket SET body = replace(body, 'SEC-1', 'SEC-2')", []).unwrap();
    assert_eq!(changed, 1);
    drop(connection);
    let store = open(folder.path()).unwrap();
    assert!(matches!(store.ticket_book(), Err(StoreError::Damaged { .. })));
}
