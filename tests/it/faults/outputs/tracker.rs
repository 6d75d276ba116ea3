//! T1, T3, T4: lost answers, tickets closed by hand, a tracker that is down.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use holdover_kit::fault::{Answer, Asked, Damage, On, Planted};
use holdover_kit::stub::tracker::Dialect;
use serde_json::{Value, json};

use super::desk::{self, Desk};
use crate::company::{Company, Run, account, list, word};
use crate::life::{DAYS, fresh, staff};
use crate::trackers::bench::is_creation;

/// Ana left; sixteen colleagues have accounts and may leave.
fn company() -> Company {
    let mut company = Company::new();
    staff(&mut company, 40);
    for number in 100..116 {
        company.records.push(account(&format!("u-{number}"), &format!("person{number}@acme.example"), "enabled"));
    }
    company
}

/// A colleague leaves, and it is scanned: one more ticket is wished.
#[track_caller]
fn leaves(desk: &mut Desk, number: usize, now: &str) -> Run {
    let row = crate::life::colleague(number)
        .replace(",active,", ",ended,")
        .replace("2021-01-01,,", "2021-01-01,2026-08-02,")
        .replace("2026-08-01T", "2026-08-03T");
    let at = desk.company.people.iter().position(|row| row.starts_with(&format!("p-{number},"))).expect("a colleague");
    desk.company.people[at] = row;
    fresh(&mut desk.company, DAYS.iter().position(|day| day[..10] == now[..10]).expect("one of the days"));
    let run = desk.company.scan_at(now);
    run.expect(1);
    assert_eq!(run.states().get(&format!("u-{number}")).map(String::as_str), Some("confirmed"));
    run
}

/// Tickets about somebody.
fn about(desk: &Desk, person: &str) -> usize {
    let word = format!(": {person},");
    desk.bench.stub.desk.tickets().iter().filter(|ticket| ticket.title.contains(&word)).count()
}

fn is_search(dialect: Dialect, asked: &Asked) -> bool {
    let end = match dialect {
        Dialect::JiraCloud => "/search/jql",
        Dialect::JiraDataCenter => "/search",
        Dialect::ServiceNow => "/incident",
        Dialect::GitHub | Dialect::GitLab => "/issues",
        Dialect::Redmine => "/issues.json",
        Dialect::PagerDuty | Dialect::Slack | Dialect::Webhook => return false,
    };
    asked.path.ends_with(end) && !is_creation(dialect, asked)
}

/// An index that does not find a new ticket for so long.
fn slow_index(desk: &Desk, lag: Duration) -> Planted {
    let dialect = desk.bench.dialect;
    let made: Arc<Mutex<Option<Instant>>> = Arc::default();
    let noted = Arc::clone(&made);
    let note = move |asked: &Asked| {
        if is_creation(dialect, asked) {
            *noted.lock().expect("one writer") = Some(Instant::now());
        }
        false
    };
    drop(desk.bench.server.plant(On::any().when(note), Damage::Delay(Duration::ZERO)).optional());
    let young = move |asked: &Asked| {
        is_search(dialect, asked) && made.lock().expect("one reader").is_some_and(|made| made.elapsed() < lag)
    };
    let nothing = Damage::change(|_, answer| {
        answer.edit(|value| {
            let rows = match value {
                Value::Array(_) => return *value = json!([]),
                Value::Object(fields) => fields,
                _ => return,
            };
            for name in ["issues", "result"] {
                if rows.contains_key(name) {
                    rows.insert(String::from(name), json!([]));
                }
            }
            for name in ["total", "total_count"] {
                if rows.contains_key(name) {
                    rows.insert(String::from(name), json!(0));
                }
            }
        })
    });
    desk.bench.server.plant(On::any().when(young), nothing).optional()
}

#[test]
fn t1_a_creation_that_happened_though_its_answer_was_lost_is_found_and_not_repeated() {
    let dialects = [Dialect::JiraCloud, Dialect::GitHub, Dialect::Redmine];
    std::thread::scope(|scope| {
        for dialect in dialects {
            scope.spawn(move || lost_answers(dialect));
        }
    });
}

fn lost_answers(dialect: Dialect) {
    let mut desk = Desk::open(company(), dialect, "");
    // The index shows nothing new for 0.8 s; the configured lag is a second, where a real tracker has a minute.
    let _index = slow_index(&desk, Duration::from_millis(800));
    let faults = [
        (100, Damage::Reset),
        (101, Damage::Silence),
        (102, Damage::change(|_, _| Answer::json(&json!({"message": "no"})).of(500))),
    ];
    for (number, damage) in faults {
        let run = leaves(&mut desk, number, DAYS[1]);
        let is_silent = matches!(damage, Damage::Silence);
        let fault = desk.bench.server.plant(On::any().when(move |asked| is_creation(dialect, asked)).once(), damage);
        if is_silent {
            desk.be_impatient();
        }
        let began = Instant::now();
        let outcome = desk::sync(desk.path(), 0);
        fault.expect_fired();
        if is_silent {
            desk.be_patient();
        }
        let person = format!("p-{number}");
        assert_eq!(outcome["found"], 1, "{dialect:?}: the look-up tells what it found: {outcome}");
        assert!(began.elapsed() >= Duration::from_secs(1), "{dialect:?}: it waited for the index");
        assert_eq!(about(&desk, &person), 1, "{dialect:?}: exactly one for {person}");
        assert_eq!(outcome["pending"], 0, "{dialect:?}: {outcome}");
        let ledger = std::fs::read_to_string(desk.path().join("state/ledger.ndjson")).expect("the ledger");
        assert!(
            ledger.contains("the answer was lost") && ledger.contains("looked for before it is repeated"),
            "{ledger}"
        );
        assert!(ledger.contains("found: "), "{ledger}");
        // The gap, the exit code and the findings are as before.
        assert!(run.incomplete().is_empty());
        desk::sync(desk.path(), 0);
        assert_eq!(about(&desk, &person), 1, "{dialect:?}: and none later");
    }
    assert_eq!(desk.bench.stub.desk.tickets().len(), 4, "{dialect:?}");
    assert_eq!(desk.bench.creations(), 4, "{dialect:?}: each was asked for once");
}

/// The control: an index slower than it was configured to be is met, and makes two.
#[test]
fn t1_the_slow_index_is_real_and_a_lag_configured_too_short_meets_it() {
    let mut desk = Desk::open(company(), Dialect::JiraDataCenter, "");
    desk.company.extra = desk.company.extra.replace("lag: 1s", "lag: 0s");
    let index = slow_index(&desk, Duration::from_secs(20));
    leaves(&mut desk, 100, DAYS[1]);
    let lost = On::any().when(|asked| is_creation(Dialect::JiraDataCenter, asked)).once();
    let fault = desk.bench.server.plant(lost, Damage::Reset);
    desk::sync(desk.path(), 0);
    fault.expect_fired();
    index.expect_fired();
    assert_eq!(about(&desk, "p-100"), 2, "nothing protects from an index that is slower than it is said to be");
}

#[test]
fn t3_a_ticket_closed_by_hand_is_opened_again_once_and_disputed_after_that() {
    let mut desk = Desk::open(company(), Dialect::JiraDataCenter, "");
    let ticket = || desk_ticket(&desk);
    assert!(!ticket().closed);
    // The tracker tells when it was closed: by the second of these days, then by the fourth.
    let closed_at: Arc<Mutex<&str>> = Arc::new(Mutex::new("2026-08-03T12:00:00.000+0000"));
    let told = Arc::clone(&closed_at);
    let times = Damage::change(move |_, answer| {
        let told = *told.lock().expect("one reader");
        answer.edit(|value| {
            if value.pointer("/fields/resolutiondate").is_some_and(|date| !date.is_null()) {
                value["fields"]["resolutiondate"] = json!(told);
            }
        })
    });
    let by_hand = desk.bench.server.plant(On::get("/rest/api/2/issue/*"), times);
    let close = |desk: &Desk| desk.bench.stub.desk.edit(1, |ticket| ticket.closed = true);
    close(&desk);
    // What was read before it was closed says nothing about the time after.
    let outcome = desk::sync(desk.path(), 0);
    assert!(outcome["remarks"].to_string().contains("closed by hand"), "{outcome}");
    assert!(desk_ticket(&desk).closed, "not before it was read again");
    // Read again, and still there: opened again, once.
    fresh(&mut desk.company, 1);
    desk.company.scan_at(DAYS[1]).expect(1);
    desk::sync(desk.path(), 0);
    let opened = desk_ticket(&desk);
    assert!(!opened.closed, "opened again");
    let said = opened.notes.len();
    assert_eq!(said, 1, "and it says why: {:?}", opened.notes);
    // Closed by hand once more.
    *closed_at.lock().expect("one writer") = "2026-08-04T12:00:00.000+0000";
    close(&desk);
    desk::sync(desk.path(), 0);
    for (day, now) in DAYS.iter().enumerate().skip(2) {
        fresh(&mut desk.company, day);
        let run = desk.company.scan_at(now);
        run.expect(1);
        desk::sync(desk.path(), 0);
        let now = desk_ticket(&desk);
        assert!(now.closed && now.notes.len() == said, "left alone from now on: {now:?}");
        assert!(run.states().contains_key("u-1") && run.states().contains_key("t-1"), "and reported");
    }
    by_hand.expect_fired();
    let listed = desk::holdover(desk.path(), &["tickets", "list", "--format", "json"]);
    assert!(listed.stdout.contains("\"disputed\""), "{}", listed.stdout);
    let report = desk.company.scan_at("2026-08-07T08:00:00Z").report();
    let contradictions = list(&report["contradictions"]);
    assert_eq!(contradictions.len(), 2, "{contradictions:?}");
    for one in contradictions {
        assert!(word(&one["ticket"]).ends_with("/browse/SEC-1"), "the ticket is named: {one}");
    }
    assert_eq!(desk.bench.creations(), 1);
}

fn desk_ticket(desk: &Desk) -> holdover_kit::stub::tracker::Ticket {
    let tickets = desk.bench.stub.desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    tickets[0].clone()
}

/// The twin of T3: closed by hand, and the access is really gone.
#[test]
fn t3_a_ticket_closed_by_hand_whose_access_is_gone_stays_closed() {
    let mut desk = Desk::open(company(), Dialect::JiraDataCenter, "");
    desk.bench.stub.desk.edit(1, |ticket| ticket.closed = true);
    desk.company.records.retain(|record| !record.contains("\"u-1\"") && !record.contains("\"t-1\""));
    for (day, code) in [(1, 1), (2, 0)] {
        fresh(&mut desk.company, day);
        desk.company.scan_at(DAYS[day]).expect(code);
        desk::sync(desk.path(), 0);
    }
    assert!(desk_ticket(&desk).closed);
    let report = desk.company.scan_at("2026-08-05T08:00:00Z").report();
    assert!(list(&report["contradictions"]).is_empty());
}

#[test]
fn t4_a_tracker_that_is_down_for_three_runs_loses_nothing_and_doubles_nothing() {
    let mut desk = Desk::open(company(), Dialect::JiraDataCenter, "  caps: { per_run: 3, per_day: 3 }\n");
    for (name, down) in
        [("refuses", Damage::Reset), ("answers 503", Damage::status(503)), ("is silent", Damage::Silence)]
    {
        // (One way of being down for each of the three runs.)
        let number = 100 + ["refuses", "answers 503", "is silent"].iter().position(|one| *one == name).expect("one");
        let run = leaves(&mut desk, number, DAYS[1]);
        assert!(run.incomplete().is_empty(), "the report knows nothing of it");
        let is_silent = matches!(down, Damage::Silence);
        let fault = desk.bench.server.plant(On::any(), down);
        if is_silent {
            desk.be_impatient();
        }
        let outcome = desk::sync(desk.path(), 3);
        fault.expect_fired();
        fault.withdraw();
        if is_silent {
            desk.be_patient();
        }
        assert!(outcome["pending"].as_u64().is_some_and(|count| count == number as u64 - 99), "{name}: {outcome}");
        let faults = list(&outcome["faults"]);
        assert!(!faults.is_empty() && faults.iter().all(|fault| fault["tracker"] == "desk"), "{name}: {outcome}");
    }
    assert_eq!(desk.bench.stub.desk.tickets().len(), 1, "nothing was made meanwhile");
    // Back: one each, up to the cap of three a day, of which Ana's is the first; a digest stands for the third.
    let outcome = desk::sync(desk.path(), 0);
    let made = [100, 101, 102].map(|number| about(&desk, &format!("p-{number}")));
    assert_eq!(made.iter().sum::<usize>(), 2, "{made:?} {outcome}");
    assert!(made.iter().all(|count| *count <= 1), "{made:?}");
    let tickets = desk.bench.stub.desk.tickets();
    assert_eq!(tickets.iter().filter(|ticket| ticket.title.contains("more in crm")).count(), 1, "{tickets:?}");
    // More room: the last one gets its own, and the digest is closed.
    desk.company.extra = desk.company.extra.replace("per_run: 3, per_day: 3", "per_run: 25, per_day: 100");
    desk.company.write_all();
    desk::sync(desk.path(), 0);
    desk::sync(desk.path(), 0);
    assert_eq!([100, 101, 102].map(|number| about(&desk, &format!("p-{number}"))), [1, 1, 1]);
    let tickets = desk.bench.stub.desk.tickets();
    let digest = tickets.iter().find(|ticket| ticket.title.contains("more in crm")).expect("the digest");
    assert!(digest.closed && tickets.len() == 5, "{tickets:?}");
}
