//! The life of a ticket: lines, comments, closing with proof, opening again.

use super::fake::Fault;
use super::world::{World, absent, excepted, gap, grant, present};
use crate::findings::{Severity, UsedAfterEnd};
use crate::store::outbox::{Operation, TicketState};
use crate::store::sample;
use crate::tickets::tracker::Standing;

/// A second grant of the person of grant 1.
fn second_of_one(number: u32) -> crate::findings::Finding {
    crate::findings::Finding { person_id: grant(1).person_id, ..grant(number) }
}

#[tokio::test]
async fn findings_of_one_person_and_team_stand_on_one_ticket_which_says_what_a_reader_needs() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1))), (2, present(second_of_one(2)))]);
    let outcome = world.sync().await;
    assert!(!outcome.is_faulty(), "{outcome:?}");
    let ticket = world.tracker.only();
    assert_eq!(ticket.draft.findings.len(), 2);
    assert_eq!(ticket.draft.title, "Access that outlived employment: p-1, platform");
    let text = super::fake::plain(&ticket.draft.body);
    for needed in ["p-1", "access_key", "AKIA…0001", "aws-prod", "ra1:", "Deactivate", "exceptions new", "high"] {
        assert!(text.contains(needed), "{needed} is missing in\n{text}");
    }
    assert!(!text.contains("AKIA0000000000000001"), "a full grant id:\n{text}");
    assert!(!text.contains("someone"), "text of the scanned system:\n{text}");
    let remembered = world.memory(1).finding.ticket;
    assert_eq!(remembered.as_deref(), Some("https://tickets.example.org/T-1"));
}

#[tokio::test]
async fn nothing_changed_means_nothing_sent_whatever_a_scanned_system_renames_t5() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    let writes = world.tracker.writes();
    world.later(24).await;
    let mut renamed = grant(1);
    renamed.grant_display = Some(String::from("another name"));
    renamed.notes.push(String::from("another note"));
    renamed.evidence = vec![String::from("credential-report.csv line 18")];
    world.scan(&[(1, present(renamed))]);
    let outcome = world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "{:?}", world.tracker.look().writes);
    assert_eq!((outcome.pending, world.carriers(sample::fingerprint(1))), (0, 1));
    assert!(world.store_wishes().is_empty(), "nothing is left in the outbox");
}

#[tokio::test]
async fn a_new_finding_joins_the_open_ticket_with_one_comment_a_run() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.later(24).await;
    world.scan(&[(1, present(grant(1))), (2, present(second_of_one(2)))]);
    world.sync().await;
    let ticket = world.tracker.only();
    assert_eq!((ticket.comments.len(), ticket.draft.findings.len()), (1, 2));
    assert!(ticket.comments[0].contains("Added: access_key"), "{}", ticket.comments[0]);
    world.sync().await;
    assert_eq!(world.tracker.only().comments.len(), 1, "once");
}

#[tokio::test]
async fn what_gets_worse_is_said_and_raises_the_priority_and_what_gets_milder_is_not_said() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.later(24).await;
    let worse =
        crate::findings::Finding { severity: Severity::Critical, used_after_end: UsedAfterEnd::After, ..grant(1) };
    world.scan(&[(1, present(worse))]);
    world.sync().await;
    let ticket = world.tracker.only();
    assert_eq!(ticket.draft.severity, Severity::Critical);
    assert_eq!(ticket.comments.len(), 1);
    assert!(ticket.comments[0].contains("used after the end"), "{}", ticket.comments[0]);
    world.later(24).await;
    world.scan(&[(1, present(crate::findings::Finding { severity: Severity::Low, ..grant(1) }))]);
    world.sync().await;
    let ticket = world.tracker.only();
    assert_eq!((ticket.draft.severity, ticket.comments.len()), (Severity::Low, 1));
}

#[tokio::test]
async fn a_gap_is_said_once_when_it_begins_and_once_when_it_ends() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    for _ in 0..3 {
        world.later(24).await;
        world.scan(&[(1, gap())]);
        world.sync().await;
    }
    assert_eq!(world.tracker.only().comments.len(), 1);
    assert_eq!(world.tracker.only().standing, Standing::Open, "a gap closes nothing");
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    let ticket = world.tracker.only();
    assert_eq!(ticket.comments.len(), 2);
    assert!(ticket.comments[1].contains("Looked at again"), "{}", ticket.comments[1]);
}

#[tokio::test]
async fn a_gap_that_began_and_ended_between_two_syncs_is_not_said() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    let writes = world.tracker.writes();
    world.scan(&[(1, gap())]);
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes);
}

#[tokio::test]
async fn a_ticket_closes_itself_when_every_line_is_done_and_names_both_looks() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1))), (2, present(second_of_one(2)))]);
    world.sync().await;
    for number in [1, 2] {
        world.later(24).await;
        world.scan(&[(number, absent(&world))]);
        world.later(24).await;
        let run_of_second_look = world.runs + 1;
        world.scan(&[(number, absent(&world))]);
        world.sync().await;
        let text = super::fake::plain(&world.tracker.only().draft.body);
        assert!(text.contains("[x]"), "{text}");
        let proof = format!("(run-{run_of_second_look})");
        assert!(text.contains("first look: absent") && text.contains(&proof), "{text}");
    }
    let ticket = world.tracker.only();
    assert!(matches!(ticket.standing, Standing::Done { .. }));
    let closing = ticket.comments.last().expect("it says why");
    assert_eq!(closing.matches("first look").count(), 2, "{closing}");
    assert_eq!(closing.matches("second look").count(), 2, "{closing}");
}

#[tokio::test]
async fn one_absent_look_ticks_nothing() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    let writes = world.tracker.writes();
    world.later(24).await;
    world.scan(&[(1, absent(&world))]);
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes);
}

#[tokio::test]
async fn an_exception_is_named_with_its_end_and_its_lapse_opens_the_line_again() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.later(24).await;
    world.scan(&[(1, excepted(grant(1)))]);
    world.sync().await;
    let ticket = world.tracker.only();
    assert!(matches!(ticket.standing, Standing::Done { .. }));
    let said = ticket.comments.last().expect("it says why");
    assert!(said.contains("exception EX-7 until 2026-09-01"), "{said}");
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    let ticket = world.tracker.only();
    assert_eq!(ticket.standing, Standing::Open);
    assert!(super::fake::plain(&ticket.draft.body).contains("[ ]"));
}

#[tokio::test]
async fn what_comes_back_soon_opens_its_ticket_again_and_later_gets_a_new_one_that_names_the_old() {
    for (days, tickets) in [(5, 1), (60, 2)] {
        let mut world = World::seasoned().await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync().await;
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
        world.sync().await;
        world.later(24 * days).await;
        world.scan(&[(1, present(grant(1)))]);
        let outcome = world.sync().await;
        assert!(!outcome.is_faulty(), "{outcome:?}");
        let all = world.tracker.tickets();
        assert_eq!(all.len(), tickets, "after {days} days");
        let last = all.last().expect("a ticket");
        assert_eq!(last.standing, Standing::Open);
        if tickets == 2 {
            let text = super::fake::plain(&last.draft.body);
            assert!(text.contains("Ticket before this one: https://tickets.example.org/T-1"), "{text}");
            assert_ne!(all[0].draft.key, last.draft.key);
        }
    }
}

#[tokio::test]
async fn hostile_names_stay_values_and_lose_their_control_characters_t6() {
    use crate::tickets::text::{Block, Span};
    let mut world = World::seasoned().await;
    let nasty = "=cmd|'/C calc'!A0 @everyone <!channel> [x](https://evil.example) {code} \u{202e}\u{1b}[31m\n# h";
    let mut finding = grant(1);
    finding.person_id = crate::roster::PersonId::new(nasty);
    finding.severity_reasons = vec![nasty.to_owned()];
    finding.remediation = nasty.to_owned();
    finding.owner_team = Some(nasty.into());
    world.scan(&[(1, present(finding))]);
    world.sync().await;
    let draft = world.tracker.only().draft;
    assert!(!draft.title.chars().any(crate::hostile::is_dangerous), "{}", draft.title);
    let mut values = 0;
    let mut check = |span: &Span| match span {
        Span::Ours(text) => assert!(!text.contains("evil"), "a value among our words: {text}"),
        Span::Link { to, .. } => assert!(!to.as_str().contains("evil")),
        Span::Value(text) => {
            values += usize::from(text.contains("@everyone"));
            assert!(!text.chars().any(crate::hostile::is_dangerous), "{text}");
        }
    };
    for block in &draft.body.blocks {
        match block {
            Block::Heading(text) => assert!(!text.contains("evil")),
            Block::Paragraph(spans) => spans.iter().for_each(&mut check),
            Block::Facts(facts) => facts.iter().flat_map(|(_, spans)| spans).for_each(&mut check),
            Block::Lines(lines) => lines.iter().flat_map(|line| &line.spans).for_each(&mut check),
            Block::Steps(steps) => steps.iter().flatten().for_each(&mut check),
        }
    }
    assert!(values >= 4, "the control: values are there, {values}");
}

#[tokio::test]
async fn a_tracker_that_is_down_for_three_runs_loses_nothing_t4() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.tracker.look().down = true;
    for number in [2, 3, 4] {
        world.later(24).await;
        world.scan(&[(number, present(grant(number)))]);
        let outcome = world.sync().await;
        assert!(outcome.is_faulty());
        assert_eq!(outcome.pending, u64::from(number) - 1, "all of them wait");
    }
    assert_eq!(world.tracker.tickets().len(), 1);
    world.tracker.look().down = false;
    world.later(24).await;
    world.scan(&[]);
    let outcome = world.sync().await;
    assert!(!outcome.is_faulty(), "{outcome:?}");
    assert_eq!(outcome.pending, 0);
    for number in 1..=4 {
        assert_eq!(world.carriers(sample::fingerprint(number)), 1);
    }
}

#[tokio::test]
async fn a_refused_ticket_is_recorded_not_repeated_unchanged_and_blocks_no_other() {
    let mut world = World::seasoned().await;
    world.tracker.look().refuses_title = Some(String::from("p-1,"));
    world.scan(&[(1, present(grant(1))), (2, present(grant(2)))]);
    let outcome = world.sync().await;
    assert_eq!(outcome.refusals.len(), 1);
    assert!(outcome.refusals[0].says.contains("422: title"), "{:?}", outcome.refusals);
    assert_eq!(world.carriers(sample::fingerprint(2)), 1);
    let writes = world.tracker.writes();
    world.later(24).await;
    world.scan(&[(1, present(grant(1))), (2, present(grant(2)))]);
    let outcome = world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "not repeated unchanged");
    assert!(outcome.is_faulty(), "and still told");
    world.tracker.look().refuses_title = None;
    world.later(24).await;
    world.scan(&[(1, present(crate::findings::Finding { severity: Severity::Critical, ..grant(1) }))]);
    let outcome = world.sync().await;
    assert!(!outcome.is_faulty(), "{outcome:?}");
    assert_eq!(world.carriers(sample::fingerprint(1)), 1, "tried again when it changed");
}

#[tokio::test]
async fn what_comes_back_after_a_ticket_that_was_never_made_gets_a_ticket() {
    for refused in [true, false] {
        let mut world = World::seasoned().await;
        world.tracker.look().faults.extend([if refused { Fault::Refuses } else { Fault::Down }]);
        world.scan(&[(1, present(grant(1)))]);
        assert!(world.sync().await.is_faulty());
        assert_eq!(world.tracker.look().faults_fired, 1);
        for _ in 0..2 {
            world.later(24).await;
            world.scan(&[(1, absent(&world))]);
        }
        world.sync().await;
        assert!(world.tracker.tickets().is_empty(), "refused: {refused}");
        assert_eq!(world.state(), TicketState::Resolved, "refused: {refused}");
        world.later(24 * 5).await;
        world.scan(&[(1, present(grant(1)))]);
        let outcome = world.sync().await;
        assert!(!outcome.is_faulty(), "{outcome:?}");
        assert_eq!(world.tracker.only().standing, Standing::Open, "refused: {refused}");
        assert_eq!(world.carriers(sample::fingerprint(1)), 1, "refused: {refused}");
    }
}

#[tokio::test]
async fn the_worst_is_sent_first_then_the_oldest() {
    let mut world = World::seasoned().await;
    let mut old = grant(2);
    old.access_end.at = sample::at("2026-01-01T00:00:00Z");
    let critical = crate::findings::Finding { severity: Severity::Critical, ..grant(3) };
    world.scan(&[(1, present(grant(1))), (2, present(old)), (3, present(critical))]);
    let outcome = world.sync().await;
    let people: Vec<String> = world.tracker.tickets().into_iter().map(|ticket| ticket.draft.title).collect();
    let order: Vec<bool> =
        people.iter().zip(["p-3", "p-2", "p-1"]).map(|(title, person)| title.contains(person)).collect();
    assert_eq!(order, [true; 3], "{people:?}");
    assert_eq!(outcome.done[&(String::from("fake"), Operation::Create)], 3);
}

#[tokio::test]
async fn a_comment_whose_answer_is_lost_is_not_said_twice() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.later(24).await;
    world.tracker.look().faults.extend([Fault::Fine, Fault::DoneAndLost]);
    world.scan(&[(1, present(grant(1))), (2, present(second_of_one(2)))]);
    world.sync().await;
    world.later(24).await;
    world.scan(&[(1, present(grant(1))), (2, present(second_of_one(2)))]);
    world.sync().await;
    let ticket = world.tracker.only();
    assert_eq!((ticket.comments.len(), ticket.draft.findings.len()), (1, 2));
    assert_eq!(world.tracker.look().faults_fired, 1);
}

#[tokio::test]
async fn a_closing_that_fails_after_its_comment_says_it_once_a_run_and_less_often_over_runs() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
    }
    world.tracker.look().faults.extend([Fault::Fine, Fault::CommentAlone].repeat(40));
    for _ in 0..3 {
        assert!(world.sync().await.pending > 0, "it still waits");
        world.later(2).await;
    }
    let ticket = world.tracker.only();
    assert_eq!((ticket.comments.len(), ticket.standing), (1, Standing::Open));
    for _ in 0..30 {
        world.later(1).await;
        world.scan(&[]);
        world.sync().await;
    }
    let comments = world.tracker.only().comments.len();
    assert!((2..=12).contains(&comments), "{comments} in thirty runs");
    assert_eq!(world.tracker.look().faults_fired as usize, comments);
    world.tracker.look().faults.clear();
    world.later(24 * 8).await;
    world.scan(&[]);
    let outcome = world.sync().await;
    assert!(!outcome.is_faulty(), "{outcome:?}");
    let ticket = world.tracker.only();
    assert!(matches!(ticket.standing, Standing::Done { .. }));
    assert_eq!(ticket.comments.len(), comments + 1);
}

#[tokio::test]
async fn an_opening_again_that_fails_after_its_comment_says_it_once_a_run() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
    }
    world.sync().await;
    let before = world.tracker.only().comments.len();
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.tracker.look().faults.extend([Fault::CommentAlone; 2]);
    for _ in 0..3 {
        assert!(world.sync().await.pending > 0, "it still waits");
        world.later(2).await;
    }
    assert_eq!(world.tracker.only().comments.len(), before + 1);
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[]);
        world.sync().await;
    }
    let ticket = world.tracker.only();
    assert_eq!((ticket.standing, ticket.comments.len()), (Standing::Open, before + 3));
    assert_eq!(world.tracker.look().faults_fired, 2);
}

#[tokio::test]
async fn a_comment_that_was_surely_not_made_is_made_later() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.later(24).await;
    world.tracker.look().faults.extend([Fault::Fine, Fault::Down]);
    world.scan(&[(1, present(grant(1))), (2, present(second_of_one(2)))]);
    assert!(world.sync().await.is_faulty());
    assert_eq!(world.tracker.look().faults_fired, 1);
    world.later(24).await;
    world.sync().await;
    assert_eq!(world.tracker.only().comments.len(), 1);
}

#[tokio::test]
async fn a_refused_text_still_lets_the_comment_through() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.later(24).await;
    world.tracker.look().faults.push_back(Fault::Refuses);
    world.scan(&[(1, present(grant(1))), (2, present(second_of_one(2)))]);
    let outcome = world.sync().await;
    assert_eq!((outcome.refusals.len(), world.tracker.look().faults_fired), (1, 1));
    assert_eq!(world.tracker.only().comments.len(), 1);
}

#[tokio::test]
async fn a_close_that_keeps_failing_keeps_nothing_else_of_its_ticket_from_being_told() {
    for (number, finding) in [(1, grant(1)), (2, second_of_one(2))] {
        let mut world = World::seasoned().await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync().await;
        for _ in 0..2 {
            world.later(24).await;
            world.scan(&[(1, absent(&world))]);
        }
        world.tracker.look().faults.extend([Fault::Fine, Fault::Down].repeat(40));
        for _ in 0..14 {
            world.later(24 * 8).await;
            world.scan(&[]);
            world.sync().await;
        }
        assert_eq!(world.tracker.look().faults_fired, 14, "each close failed");
        world.tracker.look().faults.clear();
        world.later(1).await;
        world.scan(&[]);
        let writes = world.tracker.writes();
        world.sync().await;
        assert_eq!(world.tracker.writes(), writes, "the close itself waits");
        world.scan(&[(number, present(finding))]);
        world.sync().await;
        assert_eq!(world.open_carriers(sample::fingerprint(number)), 1, "finding {number}");
    }
}
