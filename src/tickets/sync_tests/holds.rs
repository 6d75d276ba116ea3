//! What waits for a word: the first run, the breaker, batches, the roster; and the caps behind them.

use super::fake::Fault;
use super::world::{World, absent, gap, grant, present};
use crate::findings::lifecycle::Sight;
use crate::store::outbox::{Outbox as _, RosterHold, TicketState, Unit, Verdict, WishAbout};
use crate::store::{Store as _, sample};
use crate::tickets::plan::Kept;
use crate::tickets::settings::Caps;
use crate::tickets::tracker::{Standing, TicketKey};

fn many(numbers: std::ops::Range<u32>) -> Vec<(u32, Sight)> {
    numbers.map(|number| (number, present(grant(number)))).collect()
}

#[tokio::test]
async fn the_first_run_is_always_held_and_goes_when_it_is_released_by_name() {
    let mut world = World::new();
    world.scan(&[(1, present(grant(1)))]);
    let outcome = world.sync().await;
    assert!(world.tracker.tickets().is_empty());
    assert!(!outcome.is_faulty(), "held is no fault");
    assert!(
        matches!(&outcome.plan.verdicts[..], [(run, Verdict::Held { tickets: 1, findings: 1, .. })] if run == "run-1")
    );
    assert_eq!(world.store.tickets_held().expect("a store in memory").len(), 1);
    world.later(24).await;
    world.scan(&[(2, present(grant(2)))]);
    world.sync().await;
    assert!(world.tracker.tickets().is_empty(), "a second run is no way around the first");
    assert!(world.store.release_tickets("run-9", world.now(), "a test").is_err(), "an unknown run");
    world.store.release_tickets("run-1", world.now(), "a test").expect("it is known");
    world.sync().await;
    assert_eq!(world.tracker.only().draft.title, "Access that outlived employment: p-1, platform");
    assert_eq!(
        world.store.tickets_held().expect("a store in memory").len(),
        1,
        "the second run waits for its own word"
    );
}

#[tokio::test]
async fn twenty_new_tickets_pass_and_twenty_one_that_are_much_of_everything_do_not() {
    for (count, passes) in [(20, true), (21, false)] {
        let mut world = World::seasoned().await;
        world.scan(&many(1..count + 1));
        world.sync().await;
        assert_eq!(!world.tracker.tickets().is_empty(), passes, "{count}");
    }
}

#[tokio::test]
async fn a_run_is_judged_by_all_that_it_wished_also_when_a_later_run_could_not_look() {
    let mut world = World::seasoned().await;
    world.habits.caps = Caps { per_run: 1_000, per_day: 1_000 };
    world.scan(&many(1..301));
    world.later(24).await;
    // Before anybody sends anything, nearly all of them cannot be looked at.
    world.scan(&(1..300).map(|number| (number, gap())).collect::<Vec<_>>());
    world.sync().await;
    world.later(24).await;
    world.scan(&many(1..301));
    world.sync().await;
    assert_eq!(world.tracker.tickets().len(), 0, "they are judged together, and held");
    let held = world.store.tickets_held().expect("a store in memory");
    assert!(matches!(held[0].verdict, Some(Verdict::Held { tickets: 300, findings: 300, .. })), "{held:?}");
}

#[tokio::test]
async fn a_run_whose_findings_are_gone_again_is_judged_by_what_is_left() {
    let mut world = World::seasoned().await;
    world.habits.caps = Caps { per_run: 1_000, per_day: 1_000 };
    world.scan(&many(1..301));
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&(1..300).map(|number| (number, absent(&world))).collect::<Vec<_>>());
    }
    world.sync().await;
    assert_eq!(world.tracker.tickets().len(), 1);
}

#[tokio::test]
async fn a_tracker_that_is_new_in_the_configuration_is_judged_like_a_run() {
    for (count, passes) in [(10, true), (300, false)] {
        for scanned in [true, false] {
            let mut world = World::seasoned().await;
            world.habits.caps = Caps { per_run: 1_000, per_day: 1_000 };
            world.scan(&many(1..count + 1));
            world.release();
            world.sync().await;
            let all = usize::try_from(count).expect("small");
            assert_eq!(world.tracker.tickets().len(), all);
            world.later(24).await;
            world.scan(&[(5_000, present(grant(5_000)))]);
            world.sync().await;
            assert_eq!(world.tracker.tickets().len(), all + 1, "this run passes");
            world.tracker.look().tickets.clear();
            world.routes = vec![super::world::route("renamed", true)];
            if scanned {
                world.later(24).await;
                world.scan(&[]);
            }
            for _ in 0..3 {
                world.sync().await;
            }
            let made = if passes { all + 1 } else { 0 };
            assert_eq!(world.tracker.tickets().len(), made, "{count}, scanned again: {scanned}");
            let held = world.store.tickets_held().expect("a store in memory");
            assert_eq!(held.is_empty(), passes, "{held:?}");
            world.release();
            world.sync().await;
            assert_eq!(world.tracker.tickets().len(), all + 1, "an operator's word lets them go");
        }
    }
}

#[tokio::test]
async fn what_is_usual_passes_the_next_time() {
    let mut world = World::seasoned().await;
    world.habits.caps = Caps { per_run: 1_000, per_day: 1_000 };
    // Twenty runs of twelve: three times the 90th percentile is 36, and the share of all open findings is small.
    for round in 0..20 {
        world.scan(&many(round * 12 + 1..round * 12 + 13));
        world.sync().await;
        world.later(24).await;
    }
    let made = world.tracker.tickets().len();
    assert_eq!(made, 240);
    world.scan(&many(1_001..1_037));
    world.sync().await;
    assert_eq!(world.tracker.tickets().len(), made + 36);
    world.later(24).await;
    world.scan(&many(2_001..2_038 + 72));
    world.sync().await;
    assert_eq!(world.tracker.tickets().len(), made + 36, "more than three times the usual");
}

#[tokio::test]
async fn five_thousand_new_findings_are_held_then_sent_at_the_capped_pace_through_kills_t2() {
    let mut world = World::seasoned().await;
    world.tracker.look().shows_twice = true;
    let total = 5_000;
    world.scan(&many(1..total + 1));
    let wave = world.run_id();
    let outcome = world.sync().await;
    assert!(world.tracker.tickets().is_empty(), "nothing is sent");
    assert_eq!(outcome.plan.channels[0].held.len(), 5_000);
    let held = world.store.tickets_held().expect("a store in memory");
    assert!(matches!(held[0].verdict, Some(Verdict::Held { tickets: 5_000, .. })), "{held:?}");
    world.store.release_tickets(&wave, world.now(), "a test").expect("it is known");
    let own = |world: &World| world.tracker.tickets().iter().filter(|ticket| !ticket.draft.findings.is_empty()).count();
    let mut dice = 7_u32;
    let mut before = 0;
    for round in 0..6 {
        // Killed twice in each round, at moments that differ.
        for _ in 0..2 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let died = world.dying(dice >> 27, dice & 1 == 0).await.expect("a store in memory").1;
            assert!(died || own(&world) > before, "the kill fired, or everything was sent before it");
            assert!(own(&world) - before <= 25, "no more than the cap in one run");
        }
        world.later(1).await;
        world.sync().await;
        let now = own(&world);
        assert!(now - before <= 25, "round {round}");
        assert!(now <= 100 + 25 * usize::try_from(round).expect("small"), "no more than a hundred a day");
        before = now;
        world.later(5).await;
        world.scan(&[]);
    }
    assert!(before >= 100, "{before} were sent");
    let digests: Vec<_> =
        world.tracker.tickets().into_iter().filter(|ticket| ticket.draft.findings.is_empty()).collect();
    assert_eq!(digests.len(), 1, "one digest for the one system");
    assert!(digests[0].draft.title.contains("aws-prod"), "{}", digests[0].draft.title);
    // The rest at once, so that the test ends.
    world.habits.caps = Caps { per_run: 10_000, per_day: 10_000 };
    world.later(24).await;
    let outcome = world.sync().await;
    assert!(!outcome.is_faulty());
    let mut labels: Vec<TicketKey> = world
        .tracker
        .tickets()
        .iter()
        .flat_map(|ticket| ticket.draft.findings.iter().map(TicketKey::of_finding).collect::<Vec<_>>())
        .collect();
    assert_eq!(labels.len(), 5_000);
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), 5_000, "one ticket for each finding");
    world.later(1).await;
    world.scan(&[]);
    world.sync().await;
    let digest = world.tracker.tickets().into_iter().find(|ticket| ticket.draft.findings.is_empty());
    assert!(matches!(digest.expect("a digest").standing, Standing::Done { .. }), "nothing is above the caps now");
}

#[tokio::test]
async fn a_release_of_something_that_is_gone_sends_nothing() {
    let mut world = World::new();
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
    }
    world.store.release_tickets("run-1", world.now(), "a test").expect("it is known");
    world.sync().await;
    assert!(world.tracker.tickets().is_empty());
    assert!(world.store_wishes().is_empty());
}

#[tokio::test]
async fn a_held_run_that_has_nothing_left_to_send_is_held_no_longer() {
    let mut world = World::new();
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    let held = |world: &World| world.store.tickets_held().expect("a store in memory").len();
    assert_eq!(held(&world), 1);
    world.later(24).await;
    world.scan(&[(1, gap())]);
    world.sync().await;
    assert_eq!(held(&world), 1, "nobody could look, so it may still be sent");
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
    }
    world.sync().await;
    assert_eq!(held(&world), 0);
}

#[tokio::test]
async fn a_batch_waits_for_a_person_and_for_the_day_it_may_be_named() {
    let mut world = World::seasoned().await;
    let disclosed_at = world.now() + chrono::TimeDelta::hours(48);
    world.about = WishAbout { batch: Some(String::from("wave-1")), disclosed_at: Some(disclosed_at), name: None };
    world.scan(&[(1, present(grant(1)))]);
    let wave = world.run_id();
    let kept = |outcome: &super::super::SyncOutcome| outcome.plan.channels[0].held[0].kept;
    assert_eq!(kept(&world.sync().await), Kept::Undisclosed);
    world.store.release_tickets(&wave, world.now(), "a test").expect("it is known");
    assert_eq!(kept(&world.sync().await), Kept::Undisclosed, "a word does not make it public");
    world.later(49).await;
    world.sync().await;
    assert_eq!(world.tracker.tickets().len(), 1);
    let mut other = World::seasoned().await;
    other.about = WishAbout { batch: Some(String::from("wave-1")), ..WishAbout::default() };
    other.scan(&[(1, present(grant(1)))]);
    assert_eq!(kept(&other.sync().await), Kept::Batch);
    assert!(other.tracker.tickets().is_empty());
}

#[tokio::test]
async fn a_batch_has_a_parent_a_child_for_each_team_and_critical_findings_alone() {
    let mut world = World::seasoned().await;
    world.habits.group_by = crate::tickets::settings::GroupBy::Batch;
    world.about = WishAbout { batch: Some(String::from("wave-1")), ..WishAbout::default() };
    let critical = crate::findings::Finding { severity: crate::findings::Severity::Critical, ..grant(3) };
    let crm = crate::findings::Finding { owner_team: Some("sales".into()), ..grant(4) };
    world.scan(&[(1, present(grant(1))), (2, present(grant(2))), (3, present(critical)), (4, present(crm))]);
    world.release();
    world.sync().await;
    let titles: Vec<String> = world.tracker.tickets().into_iter().map(|ticket| ticket.draft.title).collect();
    assert_eq!(titles.len(), 4, "{titles:?}");
    assert!(titles[0].contains("p-3"), "the critical one first: {titles:?}");
    assert!(titles.iter().any(|title| title.ends_with("batch wave-1")), "{titles:?}");
    world.later(24).await;
    world.scan(&[]);
    world.sync().await;
    let parent = |world: &World| {
        let mut all = world.tracker.tickets().into_iter();
        all.find(|ticket| ticket.draft.title.ends_with("batch wave-1")).expect("a parent")
    };
    let text = super::fake::plain(&parent(&world).draft.body);
    assert!(text.contains("4 findings") && text.contains("platform, critical: 1 open"), "{text}");
    for (gone, is_open) in [(vec![1, 2, 4], true), (vec![3], false)] {
        for _ in 0..2 {
            world.later(24).await;
            world.scan(&gone.iter().map(|number| (*number, absent(&world))).collect::<Vec<_>>());
        }
        for _ in 0..2 {
            world.sync().await;
        }
        assert_eq!(parent(&world).standing == Standing::Open, is_open, "after {gone:?} are gone");
    }
}

#[tokio::test]
async fn the_roster_keeps_new_tickets_back_until_an_operator_speaks() {
    for hold in [RosterHold::Baseline, RosterHold::Surge, RosterHold::Held] {
        let mut world = World::seasoned().await;
        world.hold = Some(hold);
        world.scan(&[(1, present(grant(1)))]);
        let outcome = world.sync().await;
        assert!(world.tracker.tickets().is_empty(), "{hold:?}");
        assert_eq!(outcome.plan.channels[0].held[0].kept, Kept::Roster(hold.into()));
        world.store.release_roster("d1", world.now(), "roster accept").expect("a store in memory");
        world.sync().await;
        let lifted = hold != RosterHold::Held;
        assert_eq!(world.tracker.tickets().len(), usize::from(lifted), "{hold:?}: a held roster needs a scan");
        world.hold = None;
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync().await;
        assert_eq!(world.tracker.tickets().len(), 1, "{hold:?}");
    }
}

#[tokio::test]
async fn a_ticket_that_was_begun_is_looked_for_and_not_made_while_the_roster_holds_new_ones_back() {
    for (fault, made) in [(Fault::DoneAndLost, 1), (Fault::LostAndNotDone, 0)] {
        let mut world = World::new();
        world.scan(&[(1, present(grant(1)))]);
        world.release();
        world.tracker.look().faults.push_back(fault);
        // The intent and the asking are kept; what came of it is not.
        assert!(world.dying(2, false).await.expect("a store in memory").1, "the program dies before it knows");
        assert_eq!((world.tracker.tickets().len(), world.tracker.look().faults_fired), (made, 1), "{fault:?}");
        world.hold = Some(RosterHold::Held);
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        let outcome = world.sync().await;
        assert_eq!(world.tracker.tickets().len(), made, "{fault:?}: found, or not made");
        assert_eq!((outcome.adopted, outcome.remarks.len()), (made as u64, 1 - made), "{fault:?}");
        world.hold = None;
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync().await;
        assert_eq!(world.tracker.tickets().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_ticket_closes_with_proof_also_while_new_ones_are_held() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
    }
    world.hold = Some(RosterHold::Surge);
    world.later(1).await;
    world.scan(&many(100..400));
    world.sync().await;
    assert!(matches!(world.tracker.only().standing, Standing::Done { .. }));
}

#[tokio::test]
async fn a_digest_that_somebody_closes_is_not_made_again() {
    let mut world = World::seasoned().await;
    world.habits.caps = Caps { per_run: 1, per_day: 100 };
    world.scan(&many(1..6));
    world.sync().await;
    assert_eq!(world.tracker.tickets().len(), 2, "one, and the digest");
    let position = world.tracker.tickets().iter().position(|ticket| ticket.draft.findings.is_empty());
    world.tracker.close_by_hand(position.expect("a digest"), false, None);
    world.later(24).await;
    world.scan(&[]);
    world.sync().await;
    world.scan(&[]);
    world.sync().await;
    let digests = world.tracker.tickets().into_iter().filter(|ticket| ticket.draft.findings.is_empty()).count();
    assert_eq!(digests, 1);
    let book = world.store.ticket_book().expect("a store in memory");
    let digest = book.tickets.iter().find(|ticket| ticket.unit == Unit::Digest).expect("a digest");
    assert_eq!(digest.state, TicketState::Refused);
    assert!(world.store.recall(&sample::fingerprint(1)).expect("a store in memory").is_some());
}
