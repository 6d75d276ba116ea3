//! R5, R7, R9, R10: many leavers, stale rosters, rows that disagree, leavers who vanish.

use std::collections::BTreeMap;
use std::path::Path;

use holdover_kit::stub::tracker::Dialect;

use super::{
    HEADER, PEOPLE, after, ages, company, export, gates, is_accepted, is_held, issue, issue_bytes, left, next_day, open,
};
use crate::company::{list, word};
use crate::faults::outputs::desk::{self, Desk};
use crate::life::{DAYS, colleague};

/// The next day's roster in which three fifths have left.
fn surge(rows: &[String]) -> Vec<String> {
    let mut rows = rows.to_vec();
    for number in 100..100 + PEOPLE * 3 / 5 {
        let at = rows.iter().position(|row| row.starts_with(&format!("p-{number},"))).expect("a colleague");
        rows[at] = left(number);
    }
    rows
}

#[test]
fn r5_a_mass_departure_is_judged_at_once_and_its_tickets_wait_for_a_word() {
    let desk = open();
    let rows = next_day(&desk.company);
    let flipped = surge(&rows);
    let (copy, run) = after(&desk, |folder| issue(folder, HEADER, &flipped));
    run.expect(5);
    assert!(run.flag("roster_surge") && !run.flag("roster_held"), "a layoff does not hold the roster");
    // 25 colleagues and Bea; the limit is the larger of ten and a twentieth.
    let gate = gates(&run);
    assert!(
        gate.iter().any(|says| says.starts_with("ROS-5") && says.contains("26 people") && says.contains("limit: 10")),
        "{gate:#?}"
    );
    assert_eq!(run.report()["roster"]["state"], "accepted");
    let states = run.states();
    assert_eq!(states.len(), 2 + 20 + 1, "every account of a leaver is found at once: {states:?}");
    for (grant, state) in &states {
        let old = matches!(grant.as_str(), "u-1" | "t-1");
        assert_eq!(state, if old { "confirmed" } else { "observed" }, "{grant}");
    }
    assert_eq!(ages(&run).get("u-1").map(String::as_str), Some(DAYS[0]));
    // Tickets: held, however often it is sent, and said so.
    assert_eq!(desk.made_by(copy.path()), 0);
    assert_eq!(desk::steps(&desk::plan(copy.path()), "create"), 0);
    // The word: the digest.
    desk::accept(copy.path(), DAYS[1]);
    let confirmed = copy.scan_at("2026-08-04T08:00:00Z");
    confirmed.expect(1);
    assert!(!confirmed.flag("roster_surge"));
    assert!(confirmed.states().values().all(|state| state == "confirmed"), "{:?}", confirmed.states());
    assert_eq!(ages(&confirmed).get("u-110").map(String::as_str), Some(DAYS[1]), "known since the first look");
    // Now the breaker has its say: 21 tickets are more than 20.
    let held = desk::sync(copy.path(), 0);
    assert!(held["held"].to_string().contains("tickets release"), "{held}");
    assert_eq!(desk.bench.creations(), 1);
    desk::release(copy.path());
    assert_eq!(desk.made_by(copy.path()), 21, "one each");
}

#[test]
fn r5_the_twins_a_few_leavers_and_an_announced_batch_are_no_surprise() {
    let desk = open();
    let rows = next_day(&desk.company);
    // Ten newly left, Bea among them: at the limit.
    let mut few = rows.clone();
    for number in 100..109 {
        let at = few.iter().position(|row| row.starts_with(&format!("p-{number},"))).expect("a colleague");
        few[at] = left(number);
    }
    let (_copy, run) = after(&desk, |folder| issue(folder, HEADER, &few));
    run.expect(1);
    assert!(!run.flag("roster_surge"), "{:#?}", gates(&run));
    assert_eq!(run.states().get("u-108").map(String::as_str), Some("confirmed"), "nothing waits");
    let batch = format!("{HEADER},batch");
    let tagged: Vec<String> = surge(&rows)
        .iter()
        .map(|row| {
            format!("{row},{}", if row.contains(",ended,") && row.contains("2026-08-03") { "wave-1" } else { "" })
        })
        .collect();
    assert_eq!(tagged.iter().filter(|row| row.ends_with("wave-1")).count(), 26);
    let announce = |folder: &Path, count: usize| {
        issue(folder, &batch, &tagged);
        let config = std::fs::read_to_string(folder.join("holdover.yaml")).expect("the configuration");
        let expected = format!(
            "roster:\n  expected: [{{ batch: wave-1, count: {count}, from: 2026-08-01, until: 2026-08-05 }}]\n"
        );
        std::fs::write(folder.join("holdover.yaml"), config.replace("roster:\n", &expected)).expect("written");
    };
    let (_copy, run) = after(&desk, |folder| announce(folder, 26));
    run.expect(1);
    assert!(!run.flag("roster_surge"), "{:#?}", gates(&run));
    assert_eq!(run.states().len(), 23);
    let (_copy, run) = after(&desk, |folder| announce(folder, 15));
    run.expect(5);
    assert!(run.flag("roster_surge"), "eleven more than were announced: {:#?}", gates(&run));
}

/// A bench whose roster may be 26 hours old, and is held from 72.
fn strict() -> Desk {
    let company = company();
    let mut desk = Desk::open(company, Dialect::JiraDataCenter, "");
    let config = desk.company.config().replace("max_age: 240h, rank: 1", "rank: 1");
    assert_ne!(config, desk.company.config());
    desk.company.write("holdover.yaml", config);
    desk.company.roster_extra = String::new();
    desk
}

#[test]
fn r7_a_roster_of_four_days_ago_is_held_and_old_tickets_go_on() {
    let desk = strict();
    let rows = next_day(&desk.company);
    let bytes = format!("{HEADER}\n{}\n", rows.join("\n"));
    let (copy, run) = after(&desk, |folder| issue_bytes(folder, bytes.as_bytes(), PEOPLE, "2026-07-31T06:00:00Z"));
    is_held(&desk, &copy, &run, "four days old", "ROS-7", &["96.0 h old", "held above 72 h"]);
    // A ticket of an old finding goes on as usual: its access is gone in two complete reads.
    let gone = |day: usize| {
        let mut records = desk.company.records.clone();
        records.retain(|record| !record.contains("\"u-1\"") && !record.contains("\"t-1\""));
        let date = &DAYS[day][..10];
        let mut lines = vec![format!(
            "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{date}T01:00:00Z\",\"produced_by\":\"test\",\"scopes\":[\"accounts\",\"api-tokens\"]}}"
        )];
        let accounts = records.len();
        lines.extend(records);
        lines.push(format!("{{\"record\":\"end\",\"counts\":{{\"accounts\":{accounts},\"api-tokens\":0}}}}"));
        std::fs::write(copy.path().join("crm.ndjson"), lines.join("\n") + "\n").expect("the export");
        copy.scan_at(DAYS[day])
    };
    gone(2).expect(5);
    assert!(!desk.bench.stub.desk.tickets()[0].closed, "not before the second look");
    let second = gone(3);
    second.expect(5);
    assert_eq!(second.closed().len(), 2);
    desk::sync(copy.path(), 0);
    let tickets = desk.bench.stub.desk.tickets();
    assert!(tickets.len() == 1 && tickets[0].closed, "closed with both looks: {tickets:?}");
    assert_eq!(desk.bench.creations(), 1, "and none for Bea");
    // The twin is an hour old.
    is_accepted(&desk, "an hour old", |folder| issue_bytes(folder, bytes.as_bytes(), PEOPLE, "2026-08-04T05:00:00Z"));
}

#[test]
fn r7_the_same_bytes_with_a_newer_time_are_as_old_as_before() {
    let desk = strict();
    let config = std::fs::read_to_string(desk.path().join("holdover.yaml")).expect("the configuration");
    let config = config.replace("manifest: roster.meta.json, ", "");
    let rows = desk.company.people.clone();
    let bytes = format!("{HEADER}\n{}\n", rows.join("\n"));
    let roster = |folder: &Path, text: &str, time: &str| {
        std::fs::write(folder.join("holdover.yaml"), &config).expect("the configuration");
        std::fs::write(folder.join("roster.csv"), text).expect("the roster");
        let time = chrono::DateTime::parse_from_rfc3339(time).expect("a time");
        let file = std::fs::File::options().write(true).open(folder.join("roster.csv")).expect("the roster");
        file.set_modified(time.into()).expect("a time");
    };
    // Accepted by its own time, at first.
    roster(desk.path(), &bytes, "2026-08-03T05:00:00Z");
    desk.company.scan_at("2026-08-03T06:30:00Z").expect(1);
    let scan = |text: &str, time: &str| {
        let copy = desk.copy();
        let later = desk.company.export().replace("2026-08-03T01:00:00Z", "2026-08-07T01:00:00Z");
        std::fs::write(copy.path().join("crm.ndjson"), later).expect("the export");
        roster(copy.path(), text, time);
        let run = copy.scan_at(DAYS[4]);
        (copy, run)
    };
    let (copy, run) = scan(&bytes, "2026-08-07T05:00:00Z");
    run.expect(5);
    let says = gates(&run);
    assert!(
        says.iter().any(|gate| gate.starts_with("ROS-7 holds") && gate.contains("h old by file time")),
        "{says:#?}"
    );
    assert!(run.closed().is_empty() && run.states().contains_key("u-1"));
    assert_eq!(desk.made_by(copy.path()), 0);
    // One letter more, and the file is of today.
    let (_copy, run) = scan(&bytes.replace("Person 110", "Person 110a"), "2026-08-07T05:00:00Z");
    run.expect(1);
}

#[test]
fn r9_two_rows_that_disagree_make_nobody_a_leaver_and_close_nothing() {
    let desk = open();
    // Bea is employed in one row and has left in the other, and so it is with Ana, whose findings are open.
    let mut rows = desk.company.people.clone();
    rows.push(next_day(&desk.company)[1].replace("2026-08-04T00:00:00Z", "2026-08-01T00:00:00Z"));
    rows.push(rows[0].replace(",ended,", ",active,").replace(",2026-07-31,", ",,"));
    let (copy, run) = after(&desk, |folder| issue(folder, HEADER, &rows));
    assert!(!run.flag("roster_held") && !run.flag("roster_surge"), "{:#?}", gates(&run));
    assert!(matches!(run.code, 1 | 4), "exit {}\n{}", run.code, run.stdout);
    let conflicts: Vec<String> = list(&run.report()["roster"]["conflicts"]).iter().map(word).collect();
    for (person, dates) in [("p-1", ["2020-01-01", "2026-07-31"]), ("p-2", ["2021-01-01", "2026-08-03"])] {
        let says = conflicts.iter().find(|says| says.starts_with(&format!("{person}:")));
        let says = says.unwrap_or_else(|| panic!("{person} is not named in {conflicts:?}"));
        for date in dates {
            assert!(says.contains(date), "both rows' dates: {date} in {says}");
        }
        assert!(says.contains("no end"), "{says}");
    }
    assert_eq!(run.report()["roster"]["sources"][0]["ambiguous_people"], 2);
    // Kept: what was open stays open, and nothing is opened for Bea.
    assert!(run.closed().is_empty());
    let ages = ages(&run);
    let expected =
        BTreeMap::from([("t-1", DAYS[0]), ("u-1", DAYS[0])].map(|(a, b)| (String::from(a), String::from(b))));
    assert_eq!(ages, expected);
    let plan = desk::plan(copy.path());
    assert_eq!(desk::steps(&plan, "create") + desk::steps(&plan, "resolve"), 0, "{plan}");
    assert_eq!(desk.made_by(copy.path()), 0);
    assert!(!desk.bench.stub.desk.tickets()[0].closed);
    // Four such people in fifty are too many.
    let mut many = rows;
    for number in 100..102 {
        many.push(left(number).replace("2026-08-04T", "2026-08-01T"));
    }
    let (_copy, run) = after(&desk, |folder| issue(folder, HEADER, &many));
    run.expect(5);
    assert!(gates(&run).iter().any(|gate| gate.starts_with("ROS-11 holds")), "{:#?}", gates(&run));
    is_accepted(&desk, "the twin", |folder| issue(folder, HEADER, &next_day(&desk.company)));
}

#[test]
fn r9_a_rehire_with_a_date_of_its_own_ends_the_watch_and_one_without_does_not() {
    let desk = open();
    let rows = next_day(&desk.company);
    let ana = |row: &str| {
        let mut rows = rows.clone();
        rows[0] = String::from(row);
        rows
    };
    // Active, and as old as the row that ended: nothing but a word.
    let word_alone = "p-1,employee,active,Ana Silva,ana@acme.example,2020-01-01,,Europe/Berlin,2026-08-01T00:00:00Z";
    let (copy, run) = after(&desk, |folder| issue(folder, HEADER, &ana(word_alone)));
    assert!(run.closed().is_empty(), "{:?}", run.closed());
    assert!(run.states().contains_key("u-1") && run.states().contains_key("t-1"), "{:?}", run.states());
    let conflicts = run.report()["roster"]["conflicts"].to_string();
    assert!(conflicts.contains("p-1"), "{conflicts}");
    desk::sync(copy.path(), 0);
    assert!(!desk.bench.stub.desk.tickets()[0].closed);
    // With a newer one of its own: the watch ends, is logged, and the ticket says why.
    let rehired = word_alone.replace("2026-08-01T", "2026-08-03T");
    let (copy, run) = after(&desk, |folder| issue(folder, HEADER, &ana(&rehired)));
    run.expect(1);
    let mut closed = run.closed();
    closed.sort();
    assert_eq!(closed, ["t-1", "u-1"]);
    assert_eq!(run.finding("u-1")["change"], "rehired");
    assert!(
        run.notices().iter().any(|notice| notice.contains("p-1") && notice.contains("back in employment")),
        "{:?}",
        run.notices()
    );
    desk::sync(copy.path(), 0);
    let tickets = desk.bench.stub.desk.tickets();
    let ticket = tickets.iter().find(|ticket| ticket.title.contains("p-1")).expect("Ana's");
    let note = ticket.notes.last().expect("a comment").to_string();
    assert!(ticket.closed && note.contains("employed again") && note.contains("nothing was revoked"), "{ticket:?}");
}

/// A bench with twelve more people who left long ago, each with an account that is still open.
fn many_leavers() -> Desk {
    let mut company = company();
    for number in 200..212 {
        let row = colleague(number).replace(",active,", ",ended,").replace("2021-01-01,,", "2021-01-01,2026-03-31,");
        company.people.push(row);
        company.records.push(crate::company::account(
            &format!("u-{number}"),
            &format!("person{number}@acme.example"),
            "enabled",
        ));
    }
    Desk::open(company, Dialect::JiraDataCenter, "")
}

#[test]
fn r10_leavers_who_vanish_are_watched_on_and_too_many_hold_the_roster() {
    let desk = many_leavers();
    let rows = next_day(&desk.company);
    let made = desk.bench.stub.desk.tickets().len();
    assert_eq!(made, 13, "one each");
    let without = |count: usize| -> Vec<String> {
        let gone: Vec<String> = (200..200 + count).map(|number| format!("p-{number},")).collect();
        rows.iter().filter(|row| !gone.iter().any(|id| row.starts_with(id))).cloned().collect()
    };
    let before = 14;
    // Five may vanish; Bea's leaving is taken from the same roster.
    let (copy, run) = after(&desk, |folder| issue(folder, HEADER, &without(5)));
    run.expect(1);
    assert!(!run.flag("roster_held"), "{:#?}", gates(&run));
    assert!(
        run.notices().iter().any(|notice| notice.contains("5 people are on the roster no longer")),
        "{:?}",
        run.notices()
    );
    assert_eq!(run.states().len(), before + 1, "the watch goes on: {:?}", run.states());
    assert!(run.closed().is_empty());
    assert_eq!(ages(&run).get("u-200").map(String::as_str), Some(DAYS[0]));
    assert_eq!(desk.made_by(copy.path()), 1, "Bea's alone");
    assert!(desk.bench.stub.desk.tickets().iter().all(|ticket| !ticket.closed));
    // And they are watched for as long as they stay away.
    let text = desk.company.export().replace("2026-08-03T01:00:00Z", "2026-08-05T01:00:00Z");
    std::fs::write(copy.path().join("crm.ndjson"), text).expect("the export");
    let later = copy.scan_at(DAYS[2]);
    assert_eq!(later.states().len(), before + 1, "{:?}", later.states());
    // Six may not.
    let (copy, run) = after(&desk, |folder| issue(folder, HEADER, &without(6)));
    run.expect(5);
    assert!(run.flag("roster_held"));
    let says = gates(&run);
    assert!(
        says.iter()
            .any(|gate| gate.starts_with("ROS-6 holds") && gate.contains("6 people") && gate.contains("limit: 5")),
        "{says:#?}"
    );
    assert_eq!(run.states().len(), before, "nothing new on its account: {:?}", run.states());
    assert!(run.closed().is_empty());
    assert_eq!(desk.made_by(copy.path()), 0);
    export(&desk, copy.path());
}
