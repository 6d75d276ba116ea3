//! What people do with tickets: close them, refuse them, delete them, move them.

use super::world::{World, absent, gap, grant, present};
use crate::store::Store as _;
use crate::store::outbox::{Outbox as _, TicketState};
use crate::tickets::tracker::Standing;

async fn with_one_ticket() -> World {
    let mut world = World::seasoned().await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    world
}

impl World {
    pub(super) fn state(&self) -> TicketState {
        let book = self.store.ticket_book().expect("a store in memory");
        let line = book.lines.iter().find(|line| line.fingerprint == crate::store::sample::fingerprint(1));
        let line = line.expect("the finding has a ticket");
        book.tickets.iter().find(|ticket| ticket.key == line.ticket).expect("its ticket").state
    }

    pub(super) fn store_wishes(&self) -> Vec<crate::store::outbox::Wish> {
        self.store.ticket_book().expect("a store in memory").wishes
    }
}

#[tokio::test]
async fn closed_by_hand_while_access_remains_opens_it_once_and_is_disputed_the_second_time_t3() {
    let mut world = with_one_ticket().await;
    world.later(1).await;
    world.tracker.close_by_hand(0, false, Some(world.now()));
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    let outcome = world.sync().await;
    assert!(!outcome.remarks.is_empty());
    let ticket = world.tracker.only();
    assert_eq!((ticket.standing.clone(), ticket.comments.len()), (Standing::Open, 1));
    assert!(ticket.comments[0].contains("closed by hand"), "{}", ticket.comments[0]);
    world.later(1).await;
    world.tracker.close_by_hand(0, false, Some(world.now()));
    world.later(24).await;
    let writes = world.tracker.writes();
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "only reported");
    assert_eq!(world.state(), TicketState::Disputed);
    assert_eq!(world.store.ticket_standings().expect("a store in memory").len(), 1);
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "and never again");
}

#[tokio::test]
async fn what_was_read_before_the_close_opens_nothing() {
    let mut world = with_one_ticket().await;
    world.later(1).await;
    world.tracker.close_by_hand(0, false, Some(world.now()));
    let writes = world.tracker.writes();
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "nobody has looked since");
    world.later(24).await;
    world.scan(&[(1, gap())]);
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "nobody could look");
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
        world.sync().await;
    }
    assert_eq!(world.tracker.writes(), writes, "it is gone, and the ticket is closed already");
    assert_eq!(world.state(), TicketState::Resolved);
}

#[tokio::test]
async fn a_close_without_a_time_counts_from_when_it_was_seen() {
    let mut world = with_one_ticket().await;
    world.later(1).await;
    world.tracker.close_by_hand(0, false, None);
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert!(matches!(world.tracker.only().standing, Standing::Done { .. }), "it may have been closed after the read");
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.tracker.only().standing, Standing::Open);
}

#[tokio::test]
async fn a_refusal_is_reported_and_never_opened_again_and_a_person_may_open_it() {
    let mut world = with_one_ticket().await;
    world.later(1).await;
    world.tracker.close_by_hand(0, true, Some(world.now()));
    let writes = world.tracker.writes();
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync().await;
    }
    assert_eq!(world.tracker.writes(), writes);
    assert_eq!(world.state(), TicketState::Refused);
    let standings = world.store.ticket_standings().expect("a store in memory");
    assert!(standings[0].by_hand.as_ref().is_some_and(|hand| hand.refused), "{standings:?}");
    world.tracker.look().tickets[0].standing = Standing::Open;
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.state(), TicketState::Open);
    assert!(world.store.ticket_standings().expect("a store in memory").is_empty());
}

#[tokio::test]
async fn a_missing_ticket_is_looked_for_once_reported_and_not_made_again() {
    let mut world = with_one_ticket().await;
    world.tracker.look().tickets[0].deleted = true;
    world.later(24).await;
    let writes = world.tracker.writes();
    world.scan(&[(1, present(grant(1)))]);
    let outcome = world.sync().await;
    assert!(outcome.remarks.iter().any(|remark| remark.says.contains("missing")), "{outcome:?}");
    assert_eq!(world.state(), TicketState::Missing);
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    let outcome = world.sync().await;
    assert!(outcome.remarks.is_empty(), "once");
    assert_eq!(world.tracker.writes(), writes);
    assert_eq!(world.store.ticket_standings().expect("a store in memory")[0].state, TicketState::Missing);
}

#[tokio::test]
async fn what_comes_back_after_its_missing_ticket_was_done_gets_a_new_ticket() {
    let mut world = with_one_ticket().await;
    world.tracker.look().tickets[0].deleted = true;
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.state(), TicketState::Missing);
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
    }
    world.sync().await;
    assert_eq!(world.state(), TicketState::Resolved);
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    let outcome = world.sync().await;
    assert!(!outcome.is_faulty(), "{outcome:?}");
    let there: Vec<_> = world.tracker.tickets().into_iter().filter(|ticket| !ticket.deleted).collect();
    assert_eq!((there.len(), world.state()), (1, TicketState::Open));
    assert_eq!(there[0].standing, Standing::Open);
}

#[tokio::test]
async fn an_open_ticket_of_the_finding_is_taken_over_before_a_closed_one_with_our_key() {
    let mut world = with_one_ticket().await;
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
    }
    world.sync().await;
    world.later(24 * 60).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    let all = world.tracker.tickets();
    assert_eq!(all.len(), 2);
    assert!(all[0].standing != Standing::Open && all[1].standing == Standing::Open);
    // The state directory is lost: what is made anew has the key of the first, closed one.
    let mut anew = World::new();
    anew.clock = world.clock.clone();
    anew.tracker = world.tracker.clone();
    anew.scan(&[(1, present(grant(1)))]);
    anew.release();
    let outcome = anew.sync().await;
    assert!(!outcome.is_faulty(), "{outcome:?}");
    let book = anew.store.ticket_book().expect("a store in memory");
    let remotes: Vec<_> = book.tickets.iter().map(|ticket| (ticket.remote.as_deref(), &ticket.by_hand)).collect();
    assert_eq!(remotes, [(Some(all[1].id.as_str()), &None)]);
    anew.later(24).await;
    anew.scan(&[(1, present(grant(1)))]);
    anew.sync().await;
    let standings: Vec<bool> = anew.tracker.tickets().iter().map(|ticket| ticket.standing == Standing::Open).collect();
    assert_eq!(standings, [false, true], "the closed one stays closed");
}

#[tokio::test]
async fn a_moved_ticket_is_found_by_its_key() {
    let mut world = with_one_ticket().await;
    world.tracker.look().tickets[0].id = String::from("OTHER-9");
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.state(), TicketState::Open);
    let remote = &world.store.ticket_book().expect("a store in memory").tickets;
    assert!(remote.iter().any(|ticket| ticket.remote.as_deref() == Some("OTHER-9")), "{remote:?}");
}

#[tokio::test]
async fn a_lost_state_directory_finds_its_tickets_again() {
    let mut world = World::seasoned().await;
    let mut other = grant(2);
    other.person_id = grant(1).person_id;
    world.scan(&[(1, present(grant(1))), (2, present(other.clone())), (3, present(grant(3)))]);
    world.sync().await;
    world.tracker.look().shows_twice = true;
    assert_eq!(world.tracker.tickets().len(), 2);
    // Another state directory, which groups in another way.
    let mut anew = World::new();
    anew.clock = world.clock.clone();
    anew.tracker = world.tracker.clone();
    anew.habits.group_by = crate::tickets::settings::GroupBy::Finding;
    anew.scan(&[(1, present(grant(1))), (2, present(other)), (3, present(grant(3)))]);
    anew.release();
    let outcome = anew.sync().await;
    assert!(!outcome.is_faulty(), "{outcome:?}");
    assert_eq!(anew.tracker.tickets().len(), 2, "no second ticket for any finding");
    for number in 1..=3 {
        let memory = anew.store.recall(&crate::store::sample::fingerprint(number)).expect("a store in memory");
        assert!(memory.expect("it is known").finding.ticket.is_some());
    }
}

/// One finds its way to a ticket by a finding that stands aside, another by its own: they may not both own it.
#[tokio::test]
async fn a_lost_state_directory_and_another_grouping_leave_one_record_for_each_ticket() {
    use crate::findings::{Finding, Severity};
    let sights = || {
        let critical = Finding { severity: Severity::Critical, ..grant(1) };
        let elsewhere = Finding { person_id: grant(1).person_id, system: "crm".into(), ..grant(2) };
        let of_another = Finding { system: "crm".into(), ..grant(3) };
        [(1, present(critical)), (2, present(elsewhere)), (3, present(of_another))]
    };
    let mut world = World::seasoned().await;
    world.habits.group_by = crate::tickets::settings::GroupBy::System;
    world.scan(&sights());
    world.sync().await;
    assert_eq!(world.tracker.tickets().len(), 2);
    let mut anew = World::new();
    anew.clock = world.clock.clone();
    anew.tracker = world.tracker.clone();
    anew.scan(&sights());
    anew.release();
    let open = |world: &World| [1, 2, 3].map(|number| world.open_carriers(crate::store::sample::fingerprint(number)));
    for round in 0..2 {
        let outcome = anew.sync().await;
        assert!(!outcome.is_faulty(), "{outcome:?}");
        assert_eq!(open(&anew), [1; 3], "sync {round}");
        anew.later(1).await;
    }
    assert_eq!(anew.tracker.tickets().len(), 2, "no second ticket for any finding");
    let shown = super::fake::plain(&anew.tracker.tickets()[1].draft.body);
    assert!(shown.contains("of p-3;"), "whose it is, where it is another person's than the ticket's:\n{shown}");
    let mut remotes: Vec<_> = anew.store.ticket_book().expect("a store in memory").tickets;
    remotes.sort_by(|left, right| left.remote.cmp(&right.remote));
    assert!(remotes.windows(2).all(|two| two[0].remote != two[1].remote), "two records of one ticket: {remotes:?}");
    for _ in 0..2 {
        anew.later(24).await;
        anew.scan(&[(1, absent(&anew)), (2, absent(&anew))]);
        anew.sync().await;
    }
    assert_eq!(open(&anew), [0, 0, 1], "what is gone closes nothing of another person's");
}

/// A ticket that was closed by hand, whose access was proven gone, and came back.
async fn closed_by_hand_gone_and_back() -> World {
    let mut world = with_one_ticket().await;
    world.tracker.close_by_hand(0, false, Some(world.now()));
    for _ in 0..2 {
        world.later(24).await;
        world.scan(&[(1, absent(&world))]);
        world.sync().await;
    }
    assert_eq!(world.state(), TicketState::Resolved);
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world
}

#[tokio::test]
async fn an_old_close_by_hand_is_over_when_its_ticket_is_opened_again_for_access_that_is_back() {
    let mut world = closed_by_hand_gone_and_back().await;
    world.sync().await;
    assert_eq!(world.tracker.only().standing, Standing::Open);
    let standings = world.store.ticket_standings().expect("a store in memory");
    assert!(standings.is_empty(), "it is open: {standings:?}");
    world.tracker.close_by_hand(0, false, Some(world.now()));
    let writes = world.tracker.writes();
    world.sync().await;
    assert_eq!(world.tracker.writes(), writes, "nobody has looked since");
    world.later(24).await;
    world.scan(&[(1, present(grant(1)))]);
    world.sync().await;
    assert_eq!(world.tracker.only().standing, Standing::Open, "opened again once");
}

#[tokio::test]
async fn an_opening_for_access_that_is_back_is_no_answer_to_an_old_close_by_hand_also_when_it_is_killed() {
    let mut opened_unrecorded = 0;
    for step in 0.. {
        let mut world = closed_by_hand_gone_and_back().await;
        if !world.dying(step, false).await.expect("a store in memory").1 {
            break;
        }
        opened_unrecorded += u32::from(world.tracker.only().standing == Standing::Open);
        world.later(2).await;
        world.sync().await;
        assert_eq!(world.tracker.only().standing, Standing::Open, "step {step}");
        world.tracker.close_by_hand(0, false, Some(world.now()));
        world.later(24).await;
        world.scan(&[(1, present(grant(1)))]);
        world.sync().await;
        assert_eq!(world.tracker.only().standing, Standing::Open, "step {step}: the first answer to this close");
    }
    assert!(opened_unrecorded > 0, "no kill fell between the opening and its record");
}
