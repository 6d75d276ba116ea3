//! The limits of the breaker, at their edges.

use super::*;
use crate::store::outbox::{TicketRun, TicketState};
use crate::store::sample;

fn run(name: &str, passed: bool) -> TicketRun {
    TicketRun {
        run: name.to_owned(),
        at: sample::now(),
        hold: None,
        roster_digest: None,
        verdict: passed.then_some(Verdict::Passed { tickets: 1 }),
        released: None,
    }
}

/// A book in which each of twenty earlier runs made so many tickets.
fn book(made: &[u64], open_findings: u64) -> TicketBook {
    let mut book = TicketBook { open_findings, ..TicketBook::default() };
    for (number, count) in made.iter().enumerate() {
        let name = format!("run-{number}");
        book.runs.push(run(&name, true));
        for index in 0..*count {
            book.tickets.push(ticket(&name, &format!("k-{number}-{index}"), sample::now()));
        }
    }
    book.runs.push(run("now", false));
    book
}

fn ticket(run: &str, key: &str, intended_at: Instant) -> Ticket {
    Ticket {
        tracker: String::from("jira"),
        key: key.to_owned(),
        unit: Unit::PersonOwner,
        group: key.to_owned(),
        generation: 0,
        person: None,
        team: None,
        system: None,
        batch: None,
        state: TicketState::Open,
        remote: None,
        url: None,
        run: run.to_owned(),
        intended_at,
        made_at: None,
        resolved_at: None,
        by_hand: None,
        reopened_by_us: 0,
        severity: None,
        previous: None,
        commented_in: None,
        count: 0,
        stale: false,
        pending: None,
        rejection: None,
        attempts: 0,
        not_before: None,
    }
}

fn route(id: &str, keeps_tickets: bool) -> Route {
    Route { id: crate::tickets::settings::TrackerId::new(id), owner_teams: Vec::new(), keeps_tickets, lag: None }
}

fn passes(book: &TicketBook, tickets: u64, findings: u64) -> bool {
    let routes = [route("jira", true), route("slack", false)];
    let verdict = judge(Asked { tickets, findings }, book, &routes, "now", &BreakerLimits::default());
    matches!(verdict, Verdict::Passed { .. })
}

#[test]
fn the_first_run_is_always_held() {
    let mut first = TicketBook { open_findings: 1_000, ..TicketBook::default() };
    first.runs.push(run("now", false));
    assert!(!passes(&first, 1, 1));
    first.runs.insert(0, run("before", true));
    assert!(passes(&first, 1, 1));
}

#[test]
fn twenty_pass_and_more_needs_a_history_of_more_and_a_small_share() {
    let quiet = book(&[0; 20], 1_000);
    assert!(passes(&quiet, 20, 1_000), "up to the floor the share does not count");
    assert!(!passes(&quiet, 21, 21));
    let busy = book(&[10; 20], 1_000);
    assert!(passes(&busy, 30, 250) && !passes(&busy, 31, 250), "three times the usual");
    assert!(!passes(&busy, 30, 251), "more than a quarter of everything open");
}

#[test]
fn receivers_of_alerts_are_no_usual_tickets_unless_there_is_nothing_else() {
    let mut told = book(&[10; 20], 1_000);
    assert!(passes(&told, 30, 100), "the control");
    for ticket in &mut told.tickets {
        ticket.tracker = String::from("slack");
    }
    assert!(!passes(&told, 30, 100), "a receiver's history opens no gate for a tracker");
    let only = [route("slack", false)];
    let asked = Asked { tickets: 30, findings: 100 };
    let verdict = judge(asked, &told, &only, "now", &BreakerLimits::default());
    assert!(matches!(verdict, Verdict::Passed { .. }), "{verdict:?}");
}

#[test]
fn the_usual_is_the_90th_percentile_so_that_one_wave_does_not_open_the_gate() {
    let mut made = [1; 20];
    made[3] = 500;
    made[4] = 500;
    assert!(!passes(&book(&made, 100_000), 21, 21), "two of twenty are above the rank");
    made[5] = 500;
    assert!(passes(&book(&made, 100_000), 1_500, 1_500));
    assert_eq!(percentile_90(&[]), 0);
    assert_eq!(percentile_90(&[7]), 7);
}

#[test]
fn the_caps_count_what_was_begun_in_this_run_and_in_a_day_and_leave_digests_out() {
    let caps = Caps { per_run: 3, per_day: 5 };
    let mut book = TicketBook::default();
    let day_before = sample::now() - TimeDelta::hours(25);
    let hour_before = sample::now() - TimeDelta::hours(1);
    for (key, run, at) in [("a", "old", day_before), ("b", "old", hour_before), ("c", "now", hour_before)] {
        book.tickets.push(ticket(run, key, at));
    }
    let left = |book: &TicketBook| room(book, "jira", "now", sample::now(), caps);
    assert_eq!(left(&book), 2);
    book.tickets.push(Ticket { unit: Unit::Digest, ..ticket("now", "d", hour_before) });
    assert_eq!(left(&book), 2, "a digest is there because of the caps");
    book.tickets.extend(["e", "f"].map(|key| ticket("old", key, hour_before)));
    assert_eq!(left(&book), 1, "the day");
    book.tickets.extend(["g", "h"].map(|key| ticket("now", key, hour_before)));
    assert_eq!(left(&book), 0);
    assert_eq!(room(&book, "other", "now", sample::now(), caps), 3, "each tracker has its own");
}

/// Runs are forgotten after some hundreds; tickets are not.
#[test]
fn what_was_sent_before_is_known_by_its_tickets_when_its_run_is_forgotten() {
    let made = |run: &str, made_at: Option<Instant>| {
        let mut book = TicketBook { open_findings: 1_000, ..TicketBook::default() };
        book.runs.push(self::run("now", false));
        book.tickets.push(Ticket { made_at, ..ticket(run, "k", sample::now()) });
        book
    };
    assert!(passes(&made("old", Some(sample::now())), 1, 1));
    assert!(!passes(&made("old", None), 1, 1), "it was never made");
    assert!(!passes(&made("now", Some(sample::now())), 1, 1), "it is of this run");
}
