//! What a step asks a ticket to tell.

use scan_contract::Instant;

use super::*;
use crate::findings::lifecycle::Seen;
use crate::store::sample;

fn context(now: Instant) -> Context<'static> {
    Context { run_id: "run-2", now }
}

fn tell(memory: Option<Memory>, sight: Sight) -> Vec<Happening> {
    advance_telling(memory, sight, &context(sample::now())).expect("a step").1
}

fn present(confirms: bool, suppressed: bool, change: impl Fn(&mut Finding)) -> Sight {
    let mut finding = sample::memory(1, FindingState::Observed).finding;
    change(&mut finding);
    let (also_in, as_of) = (Vec::new(), sample::now());
    Sight::Present(Box::new(Seen { finding, scope_complete: true, confirms, suppressed, also_in, as_of }))
}

#[test]
fn only_a_confirmed_finding_asks_for_a_ticket() {
    assert_eq!(tell(None, present(true, false, |_| ())), [Happening::Confirmed]);
    assert_eq!(tell(None, present(false, false, |_| ())), [], "seen once");
    assert_eq!(tell(None, present(true, false, |finding| finding.confidence = Confidence::Low)), []);
    assert_eq!(tell(None, present(true, false, |finding| finding.due = false)), [], "within the agreed time");
    assert_eq!(tell(None, present(true, false, |finding| finding.class = Class::License)), []);
    assert_eq!(tell(None, present(true, false, |finding| finding.class = Class::Remnant)), []);
}

#[test]
fn what_stays_as_it_was_asks_for_nothing_and_what_gets_worse_does() {
    let before = || Some(sample::memory(1, FindingState::Confirmed));
    assert_eq!(tell(before(), present(true, false, |_| ())), []);
    assert_eq!(tell(before(), present(true, false, |finding| finding.severity = Severity::Low)), [], "milder");
    let worse = tell(before(), present(true, false, |finding| finding.severity = Severity::Critical));
    assert_eq!(worse, [Happening::Worse { from: Severity::High, used: false }]);
    let used = tell(before(), present(true, false, |finding| finding.used_after_end = UsedAfterEnd::After));
    assert_eq!(used, [Happening::Worse { from: Severity::High, used: true }]);
}

#[test]
fn a_gap_is_told_when_it_begins_and_when_it_ends() {
    let gap = || Sight::NotRead { suppressed: false };
    assert_eq!(tell(Some(sample::memory(1, FindingState::Confirmed)), gap()), [Happening::Unverified]);
    assert_eq!(tell(Some(sample::memory(1, FindingState::Unverified)), gap()), [], "once");
    assert_eq!(tell(Some(sample::memory(1, FindingState::Observed)), gap()), [], "it never had a ticket");
    let back = tell(Some(sample::memory(1, FindingState::Unverified)), present(true, false, |_| ()));
    assert_eq!(back, [Happening::ReadAgain]);
}

#[test]
fn closing_names_both_looks() {
    let mut memory = sample::memory(1, FindingState::Closing);
    let first = sample::at("2026-07-31T01:00:00Z");
    memory.absent = Some(AbsentLook { run_id: String::from("run-1"), as_of: first });
    let second = sample::at("2026-08-01T01:00:00Z");
    let proof = Proof::AbsentTwice {
        first_run: String::from("run-1"),
        first_as_of: first,
        second_run: String::from("run-2"),
        second_as_of: second,
    };
    assert_eq!(
        tell(Some(memory.clone()), Sight::Absent { as_of: second, suppressed: false }),
        [Happening::Closed { proof }]
    );
    assert_eq!(
        tell(Some(memory), Sight::Absent { as_of: first, suppressed: false }),
        [],
        "the same data proves nothing new"
    );
    assert_eq!(
        tell(Some(sample::memory(1, FindingState::Confirmed)), Sight::Absent { as_of: second, suppressed: false }),
        []
    );
    let ended = sample::memory(1, FindingState::Confirmed);
    let Sight::Present(seen) = present(true, false, |_| ()) else { unreachable!("it is present") };
    let told = tell(Some(ended), Sight::Ended(seen));
    let proof = Proof::ShownEnded { in_force_at: sample::now(), run: String::from("run-2"), at: sample::now() };
    assert_eq!(told, [Happening::Closed { proof }]);
    let rehired = tell(Some(sample::memory(1, FindingState::Confirmed)), Sight::Employed);
    assert_eq!(rehired, [Happening::Closed { proof: Proof::Employed { run: String::from("run-2") } }]);
    let planted = tell(Some(sample::memory(1, FindingState::Confirmed)), Sight::Planted);
    assert_eq!(planted, [Happening::Closed { proof: Proof::Planted { run: String::from("run-2") } }]);
}

#[test]
fn what_comes_back_says_so_also_when_it_is_confirmed_a_run_later() {
    let closed = || Some(sample::memory(1, FindingState::Closed));
    assert_eq!(tell(closed(), present(true, false, |_| ())), [Happening::CameBack]);
    let (step, told) =
        advance_telling(closed(), present(false, false, |_| ()), &context(sample::now())).expect("a step");
    assert_eq!(told, [], "seen once");
    assert_eq!(tell(Some(step.memory), present(true, false, |_| ())), [Happening::CameBack]);
}

#[test]
fn an_exception_is_named_with_its_end_and_its_lapse_opens_again() {
    let until = sample::at("2026-09-01T00:00:00Z");
    let told = tell(
        Some(sample::memory(1, FindingState::Confirmed)),
        present(true, true, |finding| {
            finding.exception_id = Some("e-7".into());
            finding.exception_expires_at = Some(until);
        }),
    );
    assert_eq!(told, [Happening::Suppressed { exception: String::from("e-7"), until: Some(until) }]);
    let mut suppressed = sample::memory(1, FindingState::Suppressed);
    suppressed.finding.exception_id = Some("e-7".into());
    let lapsed = tell(Some(suppressed), present(true, false, |_| ()));
    assert_eq!(lapsed, [Happening::Lapsed { exception: Some(String::from("e-7")) }]);
}
