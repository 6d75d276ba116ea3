//! The life of a finding, as cases and as a property over random histories.

use std::sync::Arc;

use proptest::prelude::*;
use scan_contract::{AccessKind, Fact, Privilege, Relation, Status};

use super::*;
use crate::findings::{Confidence, MatchFacts, Severity, Usability, UsedAfterEnd, fingerprint};
use crate::roster::{AccessEnd, EndSource, PersonId};

#[path = "lifecycle_walk_tests.rs"]
mod walk;

fn day(number: i64) -> Instant {
    let start: Instant = "2026-08-01T00:00:00Z".parse().expect("a valid instant");
    start + chrono::TimeDelta::days(number)
}

fn finding() -> Finding {
    let end = AccessEnd {
        at: day(-1),
        earliest: day(-1),
        latest: day(-1),
        source: EndSource::EndDate,
        zone: Arc::from("UTC"),
        zone_is_default: false,
        known_at: None,
    };
    Finding {
        fingerprint: fingerprint::fingerprint("p-1", "crm", AccessKind::Account, "u-1"),
        state: FindingState::Observed,
        class: Class::Residual,
        rule: Arc::from("account-active"),
        rules: Vec::new(),
        undecided: Vec::new(),
        severity: Severity::High,
        severity_reasons: Vec::new(),
        confidence: Confidence::High,
        person_id: PersonId::new("p-1"),
        stint: 1,
        role_tier: None,
        system: "crm".into(),
        scope: "accounts".into(),
        access_kind: AccessKind::Account,
        subtype: None,
        grant_id: "u-1".into(),
        grant_display: None,
        target: None,
        relation: Relation::Holder,
        status: Status::Enabled,
        privilege: Privilege::Write,
        usability: Usability::UsableNow,
        access_end: end,
        due_at: day(-1),
        due: true,
        due_rule: Arc::from("default"),
        created_at: Fact::not_given(),
        last_used_at: Fact::not_given(),
        expires_at: Fact::not_given(),
        live_until: None,
        used_after_end: UsedAfterEnd::NotKnown,
        first_seen_at: day(0),
        last_seen_at: day(0),
        last_complete_read_at: None,
        exposure_seconds: 0,
        matched: MatchFacts { method: String::from("employee_id"), evidence: Vec::new(), chain: Vec::new() },
        remediation: String::new(),
        controls: Vec::new(),
        exception_id: None,
        exception_expires_at: None,
        ticket: None,
        owner_team: None,
        managed_by: None,
        notes: Vec::new(),
        evidence: Vec::new(),
        change: Change::New,
        revoked_between: None,
    }
}

fn seen(confirms: bool, suppressed: bool, scope_complete: bool) -> Box<Seen> {
    let as_of = day(0);
    Box::new(Seen { finding: finding(), scope_complete, confirms, suppressed, also_in: Vec::new(), as_of })
}

/// The same sight in data that describe a day.
fn of_day(sight: Sight, number: i64) -> Sight {
    let of = |mut seen: Box<Seen>| {
        seen.as_of = day(number);
        seen
    };
    match sight {
        Sight::Present(seen) => Sight::Present(of(seen)),
        Sight::Ended(seen) => Sight::Ended(of(seen)),
        other => other,
    }
}

fn context(number: i64) -> Context<'static> {
    Context { run_id: "run", now: day(number) }
}

fn step(memory: Option<Memory>, sight: Sight, number: i64) -> Step {
    advance(memory, of_day(sight, number), &context(number)).expect("a step")
}

#[test]
fn a_first_sight_is_observed_until_it_is_confirmed() {
    let first = step(None, Sight::Present(seen(false, false, true)), 0);
    assert_eq!(first.memory.finding.state, FindingState::Observed);
    let second = step(Some(first.memory), Sight::Present(seen(true, false, true)), 1);
    assert_eq!(second.memory.finding.state, FindingState::Confirmed);
    assert_eq!(second.memory.finding.first_seen_at, day(0));
    assert_eq!(second.memory.finding.exposure_seconds, 2 * 86_400);
}

#[test]
fn one_absent_look_is_not_enough_and_the_same_data_twice_is_one_look() {
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let once = step(Some(open), Sight::Absent { as_of: day(1), suppressed: false }, 1);
    assert_eq!(once.memory.finding.state, FindingState::Closing);
    let same = step(Some(once.memory), Sight::Absent { as_of: day(1), suppressed: false }, 2);
    assert_eq!(same.memory.finding.state, FindingState::Closing);
    let twice = step(Some(same.memory), Sight::Absent { as_of: day(3), suppressed: false }, 3);
    assert_eq!(twice.memory.finding.state, FindingState::Closed);
    assert_eq!(twice.memory.finding.revoked_between, Some((day(0), day(1))));
}

#[test]
fn a_gap_freezes_and_never_closes() {
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let closing = step(Some(open), Sight::Absent { as_of: day(1), suppressed: false }, 1).memory;
    let gap = step(Some(closing), Sight::NotRead { suppressed: false }, 2);
    assert_eq!(gap.memory.finding.state, FindingState::Unverified);
    let later = step(Some(gap.memory), Sight::Absent { as_of: day(3), suppressed: false }, 3);
    assert_eq!(later.memory.finding.state, FindingState::Closed, "two complete looks around a gap are two looks");
}

#[test]
fn a_sighting_between_two_absent_looks_makes_the_second_the_first() {
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let absent = |number| Sight::Absent { as_of: day(number), suppressed: false };
    let between = [Sight::Unclear { suppressed: false }, Sight::Ended(seen(true, false, false))];
    for sight in between {
        let closing = step(Some(open.clone()), absent(1), 1).memory;
        let there = step(Some(closing), sight, 2);
        assert_eq!(there.memory.finding.state, FindingState::Unverified);
        let again = step(Some(there.memory), absent(3), 3);
        assert_eq!(again.memory.finding.state, FindingState::Closing, "one look since it was seen");
        assert_eq!(step(Some(again.memory), absent(4), 4).memory.finding.state, FindingState::Closed);
    }
}

#[test]
fn what_an_exception_covers_is_not_residual_on_its_way_out() {
    let open = step(None, Sight::Present(seen(true, true, true)), 0).memory;
    assert_eq!(open.finding.state, FindingState::Suppressed);
    let covered = |number, suppressed| Sight::Absent { as_of: day(number), suppressed };
    let once = step(Some(open.clone()), covered(1, true), 1).memory;
    assert_eq!(once.finding.state, FindingState::Suppressed);
    assert_eq!(step(Some(once), covered(2, true), 2).memory.finding.state, FindingState::Closed);
    let ended = step(Some(open), covered(1, false), 1).memory;
    assert_eq!(ended.finding.state, FindingState::Closing, "its twin, whose exception is over, is open until then");
}

#[test]
fn shown_as_disabled_in_a_complete_read_closes_at_once_and_in_a_partial_one_does_not() {
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let closed = step(Some(open.clone()), Sight::Ended(seen(true, false, true)), 1);
    assert_eq!(closed.memory.finding.state, FindingState::Closed);
    let partial = step(Some(open), Sight::Ended(seen(true, false, false)), 1);
    assert_eq!(partial.memory.finding.state, FindingState::Unverified);
}

#[test]
fn data_from_before_it_was_last_seen_neither_close_it_nor_are_a_look() {
    let closed_by = |sight: Sight, number| {
        let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
        let partial = step(Some(open), Sight::Present(seen(true, false, false)), 5).memory;
        assert_eq!(partial.seen_as_of, Some(day(5)));
        advance(Some(partial), of_day(sight, number), &context(7)).expect("a step").memory
    };
    let ended = || Sight::Ended(seen(true, false, true));
    assert_eq!(closed_by(ended(), 4).finding.state, FindingState::Unverified);
    assert_eq!(closed_by(ended(), 4).finding.usability, Usability::UsableNow, "what newer data say stands");
    assert_eq!(closed_by(ended(), 5).finding.state, FindingState::Closed, "of the same instant");
    let absent = |number| Sight::Absent { as_of: day(number), suppressed: false };
    let older = closed_by(absent(4), 4);
    assert_eq!((older.finding.state, &older.absent), (FindingState::Unverified, &None));
    let once = closed_by(absent(6), 6);
    assert_eq!(once.finding.state, FindingState::Closing);
    let twice = step(Some(once), absent(8), 8).memory.finding;
    assert_eq!((twice.state, twice.revoked_between), (FindingState::Closed, Some((day(5), day(6)))));
    // Shown as ended in a partial read is seen, too.
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let partial = step(Some(open), Sight::Ended(seen(true, false, false)), 5).memory;
    let older = advance(Some(partial), absent(4), &context(7)).expect("a step").memory;
    assert_eq!((older.finding.state, older.absent), (FindingState::Unverified, None));
}

#[test]
fn a_record_of_an_older_version_bounds_a_revocation_by_no_run_after_its_data() {
    let mut open = step(None, Sight::Present(seen(true, false, true)), 3).memory;
    open.seen_as_of = None;
    let absent = |number| Sight::Absent { as_of: day(number), suppressed: false };
    let once = advance(Some(open), absent(2), &context(4)).expect("a step").memory;
    let twice = step(Some(once), absent(5), 5).memory.finding;
    assert_eq!(twice.revoked_between, Some((day(2), day(2))), "and not between the third and the second day");
}

#[test]
fn a_planted_grant_is_closed_as_planted_and_opens_again_when_it_is_planted_no_longer() {
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let planted = step(Some(open), Sight::Planted, 1);
    assert_eq!(planted.memory.finding.state, FindingState::Closed);
    assert_eq!(planted.memory.finding.change, Change::Planted);
    let back = step(Some(planted.memory), Sight::Present(seen(true, false, true)), 2);
    assert_eq!(back.memory.finding.change, Change::Reopened);
}

#[test]
fn a_remnant_that_never_was_open_is_not_remembered() {
    assert!(advance(None, Sight::Ended(seen(true, false, true)), &context(0)).is_none());
}

#[test]
fn coming_back_after_closing_is_a_reopening_with_its_first_day_kept() {
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let closed = step(Some(open), Sight::Ended(seen(true, false, true)), 1).memory;
    let back = step(Some(closed), Sight::Present(seen(true, false, true)), 5);
    assert_eq!(back.memory.finding.change, Change::Reopened);
    assert_eq!(back.memory.finding.first_seen_at, day(0));
    assert_eq!(back.memory.reopened, 1);
}

#[test]
fn an_exception_suppresses_and_its_end_opens_with_full_exposure() {
    let covered = step(None, Sight::Present(seen(true, true, true)), 0).memory;
    assert_eq!(covered.finding.state, FindingState::Suppressed);
    let lapsed = step(Some(covered), Sight::Present(seen(true, false, true)), 9);
    assert_eq!(lapsed.memory.finding.state, FindingState::Confirmed);
    assert_eq!(lapsed.memory.finding.first_seen_at, day(0));
    assert_eq!(lapsed.memory.finding.exposure_seconds, 10 * 86_400);
}

#[test]
fn only_an_employment_with_a_date_ends_a_watch() {
    let open = step(None, Sight::Present(seen(true, false, true)), 0).memory;
    let rehired = step(Some(open), Sight::Employed, 1);
    assert_eq!(rehired.memory.finding.state, FindingState::Closed);
    assert_eq!(rehired.memory.finding.change, Change::Rehired);
}

#[test]
fn a_gap_confirms_nothing() {
    let held = step(None, Sight::Present(seen(false, false, true)), 0).memory;
    let gap = step(Some(held), Sight::NotRead { suppressed: false }, 1).memory;
    let back = step(Some(gap.clone()), Sight::Present(seen(false, false, true)), 2);
    assert_eq!(back.memory.finding.state, FindingState::Observed, "an operator has not spoken yet");
    let read = step(Some(gap), Sight::Present(seen(true, false, true)), 2);
    assert_eq!(read.memory.finding.state, FindingState::Confirmed);
}

#[derive(Debug, Clone)]
enum Event {
    Present,
    EndedComplete,
    EndedPartial,
    Absent { step_back: bool },
    Gap,
    Unclear,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(
        prop_oneof![
            Just(Event::Present),
            Just(Event::EndedComplete),
            Just(Event::EndedPartial),
            any::<bool>().prop_map(|step_back| Event::Absent { step_back }),
            Just(Event::Gap),
            Just(Event::Unclear),
        ],
        1..30,
    )
}

proptest! {
    /// Whatever happens in whatever order: a finding closes only by an ended look in a complete read, or by two
    /// absent looks whose data describe different times with no sighting between.
    #[test]
    fn nothing_closes_without_proof(history in events()) {
        let mut memory: Option<Memory> = None;
        let mut absent_as_of: Vec<Instant> = Vec::new();
        let mut newest = 0_i64;
        for (index, event) in history.iter().enumerate() {
            let number = i64::try_from(index).expect("a short history");
            let before = memory.as_ref().map(|memory| memory.finding.state);
            let sight = match event {
                Event::Present => Sight::Present(seen(true, false, true)),
                Event::EndedComplete => Sight::Ended(seen(true, false, true)),
                Event::EndedPartial => Sight::Ended(seen(true, false, false)),
                Event::Absent { step_back } => {
                    let as_of = if *step_back { newest } else { number };
                    newest = newest.max(as_of);
                    Sight::Absent { as_of: day(as_of), suppressed: false }
                }
                Event::Gap => Sight::NotRead { suppressed: false },
                Event::Unclear => Sight::Unclear { suppressed: false },
            };
            // The engine asks only about findings that are not closed.
            if before == Some(FindingState::Closed) && !matches!(event, Event::Present) {
                continue;
            }
            if let Sight::Absent { as_of, .. } = &sight { absent_as_of.push(*as_of); }
            // What was read was there, whatever else is said of it.
            if matches!(event, Event::Present | Event::Unclear | Event::EndedPartial) { absent_as_of.clear(); }
            if let Some(step) = advance(memory.clone(), of_day(sight, number), &context(number)) {
                if step.memory.finding.state == FindingState::Closed {
                    let by_end = matches!(event, Event::EndedComplete);
                    let looks = absent_as_of.iter().min() < absent_as_of.iter().max();
                    let absent = matches!(event, Event::Absent { .. });
                    prop_assert!(by_end || (absent && looks), "closed without proof");
                }
                if matches!(event, Event::Gap | Event::Unclear) {
                    prop_assert_ne!(step.memory.finding.state, FindingState::Closed);
                }
                memory = Some(step.memory);
            }
        }
    }
}

#[test]
fn the_agreed_time_passes_although_nobody_can_look() {
    let mut within = finding();
    (within.due, within.due_at) = (false, day(2));
    let sight = Sight::Present(Box::new(Seen {
        finding: within,
        scope_complete: true,
        confirms: false,
        suppressed: false,
        also_in: Vec::new(),
        as_of: day(0),
    }));
    let open = step(None, sight, 0).memory;
    let early = step(Some(open.clone()), Sight::NotRead { suppressed: false }, 1).memory;
    assert!(!early.finding.due);
    let late = step(Some(early), Sight::NotRead { suppressed: false }, 2).memory;
    assert!(late.finding.due);
    assert!(
        step(Some(open), Sight::Absent { as_of: day(2), suppressed: false }, 2).memory.finding.due,
        "one absent look proves nothing yet"
    );
}

#[test]
fn an_exception_still_covers_what_an_incomplete_read_shows_as_ended() {
    let open = step(None, Sight::Present(seen(true, true, true)), 0).memory;
    let partial = step(Some(open.clone()), Sight::Ended(seen(true, true, false)), 1);
    assert_eq!(partial.memory.finding.state, FindingState::Suppressed);
    let uncovered = step(Some(open), Sight::Ended(seen(true, false, false)), 1);
    assert_eq!(uncovered.memory.finding.state, FindingState::Unverified);
}
