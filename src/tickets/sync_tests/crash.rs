//! Killed at every step, with every lost answer: one ticket a finding, and nothing forgotten (S2, T1).

use std::time::Duration;

use proptest::prelude::*;

use super::fake::Fault;
use super::world::{OPEN, World, absent, excepted, gap, grant, present};
use crate::findings::{Finding, FindingState, Severity, UsedAfterEnd};
use crate::store::sample;
use crate::tickets::settings::Caps;

fn same_person(number: u32) -> Finding {
    Finding { person_id: grant(1).person_id, ..grant(number) }
}

/// Three tickets for four findings are wanted.
fn wanting(lag: Duration, faults: &[Fault]) -> World {
    let mut world = World::with_lag(lag);
    world.tracker.look().faults.extend(faults);
    world.scan(&[(1, present(grant(1))), (2, present(same_person(2))), (3, present(grant(3))), (4, present(grant(4)))]);
    world.release();
    world
}

async fn finish(world: &mut World) {
    for _ in 0..6 {
        let outcome = world.sync().await;
        if outcome.pending == 0 && !outcome.is_faulty() {
            return;
        }
        world.later(2).await;
    }
    panic!("it never came to rest");
}

fn one_each(world: &World, what: &str) {
    for number in 1..=4 {
        assert_eq!(world.carriers(sample::fingerprint(number)), 1, "{what}: finding {number}");
        assert!(world.memory(number).finding.ticket.is_some(), "{what}: finding {number} knows no address");
    }
    assert_eq!(world.tracker.tickets().len(), 3, "{what}");
}

#[tokio::test]
async fn killed_at_any_write_there_is_one_ticket_a_finding_s2() {
    let mut kills = 0;
    for lag in [Duration::ZERO, Duration::from_mins(1)] {
        for fault in [Fault::Fine, Fault::DoneAndLost, Fault::LostAndNotDone] {
            for durable in [false, true] {
                for step in 0.. {
                    let mut world = wanting(lag, &[fault]);
                    let died = world.dying(step, durable).await.expect("a store in memory").1;
                    if !died {
                        break;
                    }
                    kills += 1;
                    finish(&mut world).await;
                    one_each(&world, &format!("lag {lag:?}, {fault:?}, durable {durable}, step {step}"));
                }
            }
        }
    }
    assert!(kills > 60, "{kills} kills");
}

#[tokio::test]
async fn lost_answers_and_a_slow_index_make_no_second_ticket_t1() {
    for lag in [Duration::ZERO, Duration::from_mins(1)] {
        for faults in [
            vec![Fault::DoneAndLost],
            vec![Fault::LostAndNotDone],
            vec![Fault::LostAndNotDone, Fault::DoneAndLost],
            vec![Fault::DoneAndLost; 3],
            vec![Fault::LostAndNotDone; 4],
            vec![Fault::Down, Fault::DoneAndLost],
        ] {
            let mut world = wanting(lag, &faults);
            world.tracker.look().shows_twice = true;
            finish(&mut world).await;
            one_each(&world, &format!("{lag:?} {faults:?}"));
            let fired = world.tracker.look().faults_fired;
            assert_eq!(fired as usize, faults.len(), "every fault fired");
        }
    }
}

#[tokio::test]
async fn a_finding_that_ends_while_its_ticket_is_in_doubt_leaves_no_open_ticket() {
    for fault in [Fault::DoneAndLost, Fault::LostAndNotDone] {
        let mut world = World::with_lag(Duration::from_mins(1));
        world.scan(&[(1, present(grant(1)))]);
        world.release();
        world.tracker.look().faults.push_back(fault);
        // Killed when the answer is lost.
        for step in 0..20 {
            if world.tracker.look().faults_fired > 0 {
                break;
            }
            world.dying(step, false).await.expect("a store in memory");
        }
        assert_eq!(world.tracker.look().faults_fired, 1);
        for _ in 0..2 {
            world.later(24).await;
            world.scan(&[(1, absent(&world))]);
        }
        for _ in 0..3 {
            world.sync().await;
            world.later(2).await;
        }
        let open = world.tracker.tickets().into_iter().filter(|ticket| ticket.standing == super::world::OPEN).count();
        assert_eq!(open, 0, "{fault:?}");
    }
}

#[tokio::test]
async fn killed_after_the_comment_of_a_closing_the_same_run_makes_no_second_one() {
    let mut killed_after = 0;
    for durable in [false, true] {
        for step in 0.. {
            let mut world = World::seasoned().await;
            world.scan(&[(1, present(grant(1)))]);
            world.sync().await;
            for _ in 0..2 {
                world.later(24).await;
                world.scan(&[(1, absent(&world))]);
            }
            world.tracker.look().faults.extend([Fault::Fine, Fault::CommentAlone]);
            if !world.dying(step, durable).await.expect("a store in memory").1 {
                break;
            }
            killed_after += world.tracker.look().faults_fired;
            for _ in 0..2 {
                world.later(2).await;
                world.sync().await;
            }
            let comments = world.tracker.only().comments.len();
            assert!(comments <= 1, "durable {durable}, step {step}: {comments}");
            for _ in 0..2 {
                world.later(24).await;
                world.scan(&[]);
                world.sync().await;
            }
            let standing = world.tracker.only().standing;
            assert_ne!(standing, super::world::OPEN, "durable {durable}, step {step}");
        }
    }
    assert!(killed_after > 0, "it was killed after the comment");
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Present(u32),
    Absent(u32),
    Gap(u32),
    Excepted(u32),
    Close(u32),
    Sync,
    Killed(u8, bool),
    Lost,
    Down,
}

/// A close that was done and never recorded leaves a closed ticket over a line that is not done.
#[tokio::test]
async fn access_that_comes_back_after_a_close_was_killed_is_told() {
    let mut closed_unrecorded = 0;
    for (durable, unreadable) in [(false, false), (false, true), (true, false), (true, true)] {
        for step in 0.. {
            let mut world = World::seasoned().await;
            world.scan(&[(1, present(grant(1)))]);
            world.sync().await;
            for _ in 0..2 {
                world.later(24).await;
                world.scan(&[(1, absent(&world))]);
            }
            if !world.dying(step, durable).await.expect("a store in memory").1 {
                break;
            }
            let print = sample::fingerprint(1);
            closed_unrecorded += u32::from(world.tracker.only().standing != OPEN && !world.is_ticked(print));
            world.tracker.look().unreadable = unreadable;
            for _ in 0..4 {
                world.later(24).await;
                world.scan(&[(1, present(grant(1)))]);
                world.sync().await;
                world.tracker.look().unreadable = false;
            }
            let told = world.open_carriers(print) == 1 || world.is_reported(print);
            assert!(told, "durable {durable}, unreadable {unreadable}, step {step}: nobody is told");
        }
    }
    assert!(closed_unrecorded > 0, "no kill fell between the close and its record");
}

/// A text that was set although nobody heard of it says "done" until it is set again.
#[tokio::test]
async fn a_text_whose_setting_was_lost_does_not_keep_its_ticks_when_access_comes_back() {
    for fault in [Fault::DoneAndLost, Fault::LostAndNotDone] {
        let mut world = World::seasoned().await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync().await;
        for _ in 0..2 {
            world.later(24).await;
            world.scan(&[(1, absent(&world))]);
        }
        world.tracker.look().faults.push_back(fault);
        world.sync().await;
        assert_eq!(world.tracker.look().faults_fired, 1);
        for _ in 0..4 {
            world.later(24).await;
            world.scan(&[(1, present(grant(1)))]);
            world.sync().await;
        }
        assert_eq!(world.open_carriers(sample::fingerprint(1)), 1, "{fault:?}");
    }
}

/// Finding 2 joins the ticket of finding 1, and the program is killed at that step. `None` where it was not.
async fn joined_and_killed(step: u32, durable: bool) -> Option<World> {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.scan(&[(1, present(grant(1))), (2, present(same_person(2)))]);
    let died = world.dying(step, durable).await.expect("a store in memory").1;
    died.then_some(world)
}

fn added(world: &World) -> usize {
    world.tracker.only().comments.iter().filter(|comment| comment.contains("Added: ")).count()
}

/// A comment that may have been made is not made again; what a later run wishes to have said was not in it.
#[tokio::test]
async fn a_comment_in_doubt_swallows_no_news_of_later_runs() {
    let mut said_unrecorded = 0;
    for durable in [false, true] {
        for step in 0.. {
            let Some(mut world) = joined_and_killed(step, durable).await else { break };
            said_unrecorded += u32::from(added(&world) == 1 && !durable);
            world.later(24).await;
            let used = Finding { severity: Severity::Critical, used_after_end: UsedAfterEnd::After, ..grant(1) };
            world.scan(&[(1, present(used))]);
            for _ in 0..2 {
                world.sync().await;
            }
            let comments = world.tracker.only().comments;
            let told = comments.iter().any(|comment| comment.contains("used after the end"));
            assert!(told, "durable {durable}, step {step}: {comments:?}");
            assert!(added(&world) <= 1, "durable {durable}, step {step}: {comments:?}");
            assert_eq!(world.open_carriers(sample::fingerprint(2)), 1, "durable {durable}, step {step}");
        }
    }
    assert!(said_unrecorded > 0, "no kill fell between the comment and its record");
}

#[tokio::test]
async fn a_comment_in_doubt_stays_in_doubt_when_the_text_fails_next() {
    let mut failed = 0;
    for step in 0.. {
        let Some(mut world) = joined_and_killed(step, false).await else { break };
        if added(&world) == 0 {
            continue;
        }
        world.tracker.look().faults.push_back(Fault::Down);
        for _ in 0..3 {
            world.sync().await;
            world.later(24).await;
            world.scan(&[]);
        }
        failed += world.tracker.look().faults_fired;
        assert_eq!((added(&world), world.open_carriers(sample::fingerprint(2))), (1, 1), "step {step}");
    }
    assert!(failed > 0, "no text failed after a comment in doubt");
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..6_u32).prop_map(Event::Present),
        3 => (1..6_u32).prop_map(Event::Absent),
        1 => (1..6_u32).prop_map(Event::Gap),
        1 => (1..6_u32).prop_map(Event::Excepted),
        1 => (0..4_u32).prop_map(Event::Close),
        4 => Just(Event::Sync),
        2 => (0..12_u8, any::<bool>()).prop_map(|(step, durable)| Event::Killed(step, durable)),
        1 => Just(Event::Lost),
        1 => Just(Event::Down),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_finding_has_one_open_ticket_at_most_and_rest_is_rest(events in prop::collection::vec(event(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(history(&events));
    }
}

async fn history(events: &[Event]) {
    let mut world = World::new();
    world.habits.caps = Caps { per_run: 100, per_day: 1_000 };
    world.scan(&[]);
    for event in events {
        world.later(3).await;
        match *event {
            Event::Present(number) => world.scan(&[(number, present(same_person(number)))]),
            Event::Absent(number) => world.scan(&[(number, absent(&world))]),
            Event::Gap(number) => world.scan(&[(number, gap())]),
            Event::Excepted(number) => world.scan(&[(number, excepted(same_person(number)))]),
            Event::Close(position) => {
                let now = world.now();
                if (position as usize) < world.tracker.tickets().len() {
                    world.tracker.close_by_hand(position as usize, false, Some(now));
                }
            }
            Event::Sync => drop(world.sync().await),
            Event::Killed(step, durable) => drop(world.dying(u32::from(step), durable).await),
            Event::Lost => world.tracker.look().faults.push_back(Fault::DoneAndLost),
            Event::Down => world.tracker.look().faults.push_back(Fault::Down),
        }
        world.release();
        for number in 1..6 {
            let open = world.open_carriers(sample::fingerprint(number));
            assert!(open <= 1, "finding {number} stands on {open} open tickets");
        }
    }
    world.tracker.look().faults.clear();
    for _ in 0..6 {
        world.later(3).await;
        world.scan(&[]);
        world.sync().await;
    }
    let writes = world.tracker.writes();
    world.later(3).await;
    world.scan(&[]);
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "nothing changed, and something was sent");
    for number in 1..6 {
        let Some(memory) = world.known(number) else { continue };
        let print = sample::fingerprint(number);
        let open = world.open_carriers(print);
        match memory.finding.state {
            FindingState::Closed | FindingState::Suppressed => {
                assert!(
                    world.is_ticked(print),
                    "finding {number} is {} and its line is not done",
                    memory.finding.state
                );
            }
            FindingState::Confirmed => {
                assert!(open == 1 || world.is_reported(print), "finding {number} is open and nobody is told");
            }
            _ => {}
        }
    }
}
