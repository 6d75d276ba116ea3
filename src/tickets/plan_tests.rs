//! The plan is a pure function of the book.

use super::*;
use crate::findings::FindingState;
use crate::findings::wish::Happening;
use crate::store::outbox::{TicketRun, Wish, WishAbout};
use crate::store::sample;

fn book(count: u32) -> TicketBook {
    let run = |name: &str, verdict| TicketRun {
        run: name.to_owned(),
        at: sample::now(),
        hold: None,
        roster_digest: None,
        verdict,
        released: None,
    };
    let mut book = TicketBook {
        runs: vec![run("run-1", Some(Verdict::Passed { tickets: 1 })), run("run-2", None)],
        open_findings: u64::from(count),
        ..TicketBook::default()
    };
    for number in 1..=count {
        let mut memory = sample::memory(number, FindingState::Confirmed);
        memory.finding.owner_team = (number % 2 == 0).then(|| "sales".into());
        let fingerprint = memory.finding.fingerprint;
        book.memories.insert(fingerprint, memory);
        book.wishes.push(Wish {
            number: u64::from(number),
            run: String::from("run-2"),
            at: sample::now(),
            fingerprint,
            happening: Happening::Confirmed,
            about: WishAbout::default(),
        });
    }
    book
}

fn route(id: &str, teams: &[&str]) -> Route {
    let owner_teams = teams.iter().map(|team| (*team).to_owned()).collect();
    Route { id: TrackerId::new(id), owner_teams, keeps_tickets: true, lag: None }
}

#[test]
fn the_same_book_gives_the_same_plan_and_a_finding_goes_to_the_tracker_of_its_team() {
    let book = book(10);
    let routes = [route("all", &[]), route("of-sales", &["sales"])];
    let habits = Habits::default();
    let ground = Ground { book: &book, habits: &habits, routes: &routes, now: sample::now() };
    let plan = plan(&ground);
    assert_eq!(plan, super::plan(&ground));
    let counts: Vec<usize> = plan.channels.iter().map(|channel| channel.works.len()).collect();
    assert_eq!(counts, [5, 5]);
    let teams = by_team(&plan, &book);
    assert_eq!((teams["sales"].create, teams["-"].create), (5, 5));
    assert_eq!(fulfilled(&ground), Vec::<u64>::new(), "nothing is sent yet, so nothing is forgotten");
}

#[test]
fn what_nobody_wished_for_gets_no_ticket_and_no_run_means_no_plan() {
    let mut book = book(3);
    book.wishes.clear();
    let (habits, routes) = (Habits::default(), [route("all", &[])]);
    let works = |book: &TicketBook| {
        plan(&Ground { book, habits: &habits, routes: &routes, now: sample::now() })
            .channels
            .iter()
            .map(|channel| channel.works.len())
            .sum::<usize>()
    };
    assert_eq!(works(&book), 0);
    book.runs.clear();
    assert_eq!(works(&book), 0);
}
