//! Receivers of alerts: told once, told again where that is harmless, told when it is over.

use scan_contract::Cause;

use super::fake::FakeSink;
use super::world::{World, absent, grant, present, route};
use crate::findings::Finding;
use crate::tickets::settings::Caps;
use crate::tickets::tracker::{Channel, Resend, TrackerError};

fn lost() -> Cause {
    Cause::Unreachable { step: String::from("reading the answer"), detail: String::from("connection reset") }
}

/// A world with a tracker and a receiver.
async fn world() -> World {
    let mut world = World::seasoned().await;
    world.routes.push(route("pager", false));
    world
}

fn channels(world: &World, sink: &FakeSink) -> Vec<Result<Channel, Cause>> {
    vec![Ok(Channel::Tracker(Box::new(world.tracker.clone()))), Ok(Channel::Sink(Box::new(sink.clone())))]
}

fn count(sink: &FakeSink, what: &str) -> usize {
    sink.told().iter().filter(|(told, _)| told == what).count()
}

#[tokio::test]
async fn a_receiver_is_told_beside_the_tracker_and_told_when_it_is_over() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut world = world().await;
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        assert_eq!((world.tracker.tickets().len(), count(&sink, "raise")), (1, 1));
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        assert_eq!(count(&sink, "raise"), 1, "nothing changed");
        for _ in 0..2 {
            world.later(24).await;
            world.scan(&[(1, absent(&world))]);
        }
        world.sync_with(&channels).await;
        assert_eq!(count(&sink, "resolve"), 1);
        let told = sink.told();
        assert_eq!(told[0].1, told[1].1, "under the same key");
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        let episodes = sink.episodes.lock().expect("free").clone();
        assert_eq!(episodes.len(), 3, "{resend:?}: {episodes:?}");
        assert_ne!(episodes[0], episodes[2], "{resend:?}: its return is another telling");
    }
}

#[tokio::test]
async fn a_lost_answer_is_repeated_where_that_is_harmless_and_only_there() {
    for (resend, raised) in [(Resend::Harmless, 1), (Resend::Doubles, 0)] {
        let mut world = world().await;
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        sink.faults.lock().expect("free").push_back(TrackerError::MayHaveHappened(lost()));
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        assert!(sink.faults.lock().expect("free").is_empty(), "the fault fired");
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        assert_eq!(count(&sink, "raise"), raised, "{resend:?}");
        let episodes = sink.episodes.lock().expect("free").clone();
        assert!(episodes.windows(2).all(|two| two[0] == two[1]), "the same telling: {episodes:?}");
    }
}

#[tokio::test]
async fn what_was_surely_not_told_is_told_later() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut world = world().await;
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        sink.faults.lock().expect("free").push_back(TrackerError::NotDone(lost()));
        world.scan(&[(1, present(grant(1)))]);
        assert!(world.sync_with(&channels).await.is_faulty());
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        assert!(!world.sync_with(&channels).await.is_faulty());
        assert_eq!(count(&sink, "raise"), 1, "{resend:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_forgets_is_reminded_in_every_sync() {
    let mut world = world().await;
    let sink = FakeSink { reminds: true, ..FakeSink::new(Resend::Harmless) };
    let channels = channels(&world, &sink);
    world.scan(&[(1, present(grant(1)))]);
    world.sync_with(&channels).await;
    let before = count(&sink, "raise");
    world.sync_with(&channels).await;
    assert_eq!(count(&sink, "raise"), before + 1);
    let systems = sink.systems.lock().expect("free").clone();
    assert!(systems.len() > 1 && systems.windows(2).all(|two| two[0] == two[1]), "one label: {systems:?}");
}

#[tokio::test]
async fn a_receiver_added_later_is_told_of_what_has_a_ticket_already() {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world.routes.push(route("pager", false));
    let sink = FakeSink::new(Resend::Harmless);
    let channels = channels(&world, &sink);
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync_with(&channels).await;
    assert_eq!((count(&sink, "raise"), world.tracker.tickets().len()), (1, 1));
}

#[tokio::test]
async fn one_refused_alert_takes_no_other_with_it_where_each_is_sent_alone() {
    for (takes_lists, raised) in [(true, 0), (false, 1)] {
        let mut world = world().await;
        world.habits.group_by = crate::tickets::settings::GroupBy::Finding;
        let sink = FakeSink { takes_lists, ..FakeSink::new(Resend::Harmless) };
        let channels = channels(&world, &sink);
        let refusal = TrackerError::Rejected { reason: String::from("400") };
        sink.faults.lock().expect("free").push_back(refusal);
        world.scan(&[(1, present(grant(1))), (2, present(grant(2)))]);
        world.sync_with(&channels).await;
        assert!(sink.faults.lock().expect("free").is_empty(), "the fault fired");
        assert_eq!(count(&sink, "raise"), raised, "lists: {takes_lists}");
    }
}

/// A receiver that took "it is over" although nobody heard of it shows nothing of access that is back.
#[tokio::test]
async fn what_comes_back_after_a_telling_of_its_end_was_lost_is_told_again() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut world = world().await;
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        for _ in 0..2 {
            world.later(24).await;
            world.scan(&[(1, absent(&world))]);
        }
        sink.faults.lock().expect("free").push_back(TrackerError::MayHaveHappened(lost()));
        world.sync_with(&channels).await;
        assert!(sink.faults.lock().expect("free").is_empty(), "the fault fired");
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        for _ in 0..3 {
            world.sync_with(&channels).await;
            world.later(2).await;
        }
        assert_eq!(count(&sink, "raise"), 2, "{resend:?}: told once more, and once only");
    }
}

#[tokio::test]
async fn what_comes_back_after_a_kill_between_the_telling_of_its_end_and_its_record_is_told_again() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut killed_after = 0;
        for step in 0.. {
            let mut world = world().await;
            let sink = FakeSink::new(resend);
            let channels = channels(&world, &sink);
            world.scan(&[(1, present(grant(1)))]);
            world.sync_with(&channels).await;
            for _ in 0..2 {
                world.later(24).await;
                world.scan(&[(1, absent(&world))]);
            }
            if !world.dying_with(step, false, &channels).await.expect("a store in memory").1 {
                break;
            }
            if count(&sink, "resolve") == 0 {
                continue;
            }
            killed_after += 1;
            world.later(24).await;
            world.scan(&[(1, present(grant(1)))]);
            for _ in 0..3 {
                world.sync_with(&channels).await;
                world.later(2).await;
            }
            assert_eq!(count(&sink, "raise"), 2, "{resend:?}, step {step}");
        }
        assert!(killed_after > 0, "{resend:?}: no kill came after the telling");
    }
}

impl World {
    /// Finding 1 is proven gone.
    async fn gone(&mut self) {
        for _ in 0..2 {
            self.later(24).await;
            self.scan(&[(1, absent(self))]);
        }
    }

    async fn sync_some(&mut self, times: u32, channels: &[Result<Channel, Cause>]) {
        for _ in 0..times {
            self.sync_with(channels).await;
            self.later(2).await;
        }
    }
}

#[tokio::test]
async fn what_is_gone_before_a_receiver_could_be_told_is_not_raised() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut world = world().await;
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        sink.faults.lock().expect("free").push_back(TrackerError::NotDone(lost()));
        world.scan(&[(1, present(grant(1)))]);
        assert!(world.sync_with(&channels).await.is_faulty());
        world.gone().await;
        world.sync_some(3, &channels).await;
        assert_eq!(count(&sink, "raise"), 0, "{resend:?}");
        assert_eq!(world.sync_with(&channels).await.pending, 0, "{resend:?}");
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync_some(2, &channels).await;
        assert_eq!(count(&sink, "raise"), 1, "{resend:?}: what comes back is told");
    }
}

#[tokio::test]
async fn a_digest_that_has_nothing_left_before_a_receiver_could_be_told_is_not_raised() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut world = world().await;
        world.habits.caps = Caps { per_run: 1, per_day: 100 };
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        sink.faults.lock().expect("free").push_back(TrackerError::NotDone(lost()));
        world.scan(&[(1, present(grant(1))), (2, present(grant(2)))]);
        assert!(world.sync_with(&channels).await.is_faulty());
        world.later(24).await;
        world.scan(&[]);
        world.sync_some(2, &channels).await;
        assert_eq!(count(&sink, "raise"), 2, "{resend:?}: both findings, and no digest of nothing");
    }
}

#[tokio::test]
async fn the_end_of_what_came_back_is_told_also_when_the_answer_to_its_return_was_lost() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut world = world().await;
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        world.gone().await;
        world.sync_with(&channels).await;
        assert_eq!(count(&sink, "resolve"), 1);
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        sink.faults.lock().expect("free").push_back(TrackerError::MayHaveHappened(lost()));
        world.sync_with(&channels).await;
        assert!(sink.faults.lock().expect("free").is_empty(), "the fault fired");
        world.gone().await;
        world.sync_some(3, &channels).await;
        assert_eq!(count(&sink, "resolve"), 2, "{resend:?}");
    }
}

#[tokio::test]
async fn the_end_of_what_came_back_is_told_also_when_its_return_was_told_by_a_killed_program() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut killed_after = 0;
        for step in 0.. {
            let mut world = world().await;
            let sink = FakeSink::new(resend);
            let channels = channels(&world, &sink);
            world.scan(&[(1, present(grant(1)))]);
            world.sync_with(&channels).await;
            world.gone().await;
            world.sync_with(&channels).await;
            world.later(24).await;
            world.scan(&[(1, present(grant(1)))]);
            if !world.dying_with(step, false, &channels).await.expect("a store in memory").1 {
                break;
            }
            killed_after += count(&sink, "raise") - 1;
            world.gone().await;
            world.sync_some(3, &channels).await;
            let last = sink.told().last().map(|(told, _)| told.clone());
            assert_eq!(last.as_deref(), Some("resolve"), "{resend:?}, step {step}");
        }
        assert!(killed_after > 0, "{resend:?}: no kill came after the telling");
    }
}

#[tokio::test]
async fn the_end_of_an_alert_is_told_where_it_was_raised_also_when_another_team_owns_the_system_by_then() {
    for resend in [Resend::Harmless, Resend::Doubles] {
        let mut world = world().await;
        world.routes[1].owner_teams = vec![String::from("platform")];
        let sink = FakeSink::new(resend);
        let channels = channels(&world, &sink);
        let moved = || present(Finding { owner_team: Some("sre".into()), ..grant(1) });
        world.scan(&[(1, present(grant(1)))]);
        world.sync_with(&channels).await;
        world.later(24).await;
        world.scan(&[(1, moved())]);
        world.sync_with(&channels).await;
        world.gone().await;
        world.sync_with(&channels).await;
        assert_eq!((count(&sink, "raise"), count(&sink, "resolve")), (1, 1), "{resend:?}");
        world.later(24).await;
        world.scan(&[(1, moved())]);
        world.sync_with(&channels).await;
        assert_eq!(count(&sink, "raise"), 1, "{resend:?}: its return is another team's");
    }
}
