//! Coverage states, cause by cause.

use super::*;
use crate::inventory::MemoryScratch;

fn at(text: &str) -> Instant {
    text.parse().expect("a valid instant")
}

fn record() -> ScopeRecord {
    ScopeRecord::declared(Scope::new("accounts", "import"), None, Arc::new(MemoryScratch))
}

fn expectation() -> Expectation<'static> {
    Expectation {
        now: at("2026-08-02T00:00:00Z"),
        read_until: at("2026-08-02T00:00:00Z"),
        max_age: Some(std::time::Duration::from_hours(26)),
        known_object: None,
        baseline: None,
        drop_guard: DropGuard { share: 0.2, count: 5 },
        missing_sentinels: &[],
    }
}

fn read(record: &mut ScopeRecord, objects: u64) {
    record.open(Some(AsOf { at: at("2026-08-01T23:00:00Z"), source: AsOfSource::Stated }));
    for key in 0..objects {
        record.count(AccessKind::Account, key).expect("memory");
    }
}

fn proof(announced: u64) -> EndProof {
    EndProof { kind: ProofKind::EndLine, announced: Some(announced), sha256: None }
}

#[test]
fn a_sealed_scope_without_gaps_is_complete_and_an_unsealed_one_is_not() {
    let mut whole = record();
    read(&mut whole, 3);
    whole.seal(proof(3));
    assert_eq!(whole.settle(&expectation()).expect("memory").state, ScopeState::Complete);
    let mut open = record();
    read(&mut open, 3);
    let fact = open.settle(&expectation()).expect("memory");
    assert_eq!(fact.state, ScopeState::Failed);
    assert!(matches!(fact.gaps[0].cause, Cause::Bug { .. }));
}

#[test]
fn a_scope_nobody_touched_is_never_complete() {
    assert_eq!(record().settle(&expectation()).expect("memory").state, ScopeState::Failed);
}

#[test]
fn an_empty_scope_with_a_proof_is_complete() {
    let mut empty = record();
    read(&mut empty, 0);
    empty.seal(proof(0));
    assert_eq!(empty.settle(&expectation()).expect("memory").state, ScopeState::Complete);
}

#[test]
fn a_count_that_differs_is_partial_and_duplicates_are_not_objects() {
    let mut short = record();
    read(&mut short, 3);
    short.count(AccessKind::Account, 0).expect("memory");
    short.seal(proof(4));
    let fact = short.settle(&expectation()).expect("memory");
    assert_eq!((fact.state, fact.objects, fact.duplicates), (ScopeState::Partial, 3, 1));
}

#[test]
fn denied_with_nothing_read_is_denied_and_with_something_partial() {
    let cause = Cause::Denied { permission: String::from("read") };
    let mut nothing = record();
    nothing.gap(None, cause.clone());
    assert_eq!(nothing.settle(&expectation()).expect("memory").state, ScopeState::Denied);
    let mut some = record();
    read(&mut some, 1);
    some.gap(Some(String::from("part")), cause);
    some.seal(proof(1));
    assert_eq!(some.settle(&expectation()).expect("memory").state, ScopeState::Partial);
}

#[test]
fn age_is_held_against_the_allowed_age() {
    let mut fresh = record();
    fresh.open(Some(AsOf { at: at("2026-07-31T22:00:00Z"), source: AsOfSource::Stated }));
    fresh.seal(proof(0));
    assert_eq!(fresh.settle(&expectation()).expect("memory").state, ScopeState::Complete);
    let mut stale = record();
    stale.open(Some(AsOf { at: at("2026-07-31T21:59:59Z"), source: AsOfSource::Stated }));
    stale.seal(proof(0));
    let fact = stale.settle(&expectation()).expect("memory");
    assert_eq!(fact.state, ScopeState::Partial);
    assert!(matches!(fact.gaps[0].cause, Cause::Stale { .. }));
    let mut ahead = record();
    ahead.open(Some(AsOf { at: at("2026-08-02T01:00:00Z"), source: AsOfSource::Stated }));
    ahead.seal(proof(0));
    assert_eq!(ahead.settle(&expectation()).expect("memory").state, ScopeState::Partial);
}

#[test]
fn what_a_live_system_says_late_in_a_long_run_does_not_lie_ahead() {
    let check = |as_of: &str| {
        let mut record = record();
        record.open(Some(AsOf { at: at(as_of), source: AsOfSource::Stated }));
        record.seal(proof(0));
        let expectation = Expectation { read_until: at("2026-08-02T00:45:00Z"), ..expectation() };
        record.settle(&expectation).expect("memory").state
    };
    assert_eq!(check("2026-08-02T00:40:00Z"), ScopeState::Complete, "read 40 minutes after the run began");
    assert_eq!(check("2026-08-02T00:56:00Z"), ScopeState::Partial, "after the reading itself");
}

#[test]
fn a_known_object_that_is_missing_makes_the_scope_partial() {
    let known = KnownObject { scope: "accounts".into(), kind: AccessKind::Account, grant_id: "u-1".into() };
    let check = |seen: bool| {
        let mut record = record();
        read(&mut record, 2);
        record.seal(proof(2));
        if seen {
            record.saw_known_object();
        }
        record.settle(&Expectation { known_object: Some(&known), ..expectation() }).expect("memory").state
    };
    assert_eq!(check(true), ScopeState::Complete);
    assert_eq!(check(false), ScopeState::Partial);
}

#[test]
fn a_drop_is_suspicious_until_a_known_object_or_an_operator_vouches() {
    let known = KnownObject { scope: "accounts".into(), kind: AccessKind::Account, grant_id: "u-1".into() };
    let mut baseline = ScopeBaseline {
        run_id: String::from("run-1"),
        objects: 100,
        as_of: None,
        read_at: at("2026-08-01T00:00:00Z"),
        drop_accepted_for: None,
    };
    let check = |baseline: &ScopeBaseline, known: Option<&KnownObject>| {
        let mut record = record();
        read(&mut record, 50);
        record.saw_known_object();
        record.seal(proof(50));
        record
            .settle(&Expectation { known_object: known, baseline: Some(baseline), ..expectation() })
            .expect("memory")
            .state
    };
    assert_eq!(check(&baseline, None), ScopeState::Partial);
    assert_eq!(check(&baseline, Some(&known)), ScopeState::Complete);
    baseline.drop_accepted_for = Some(String::from("run-2"));
    assert_eq!(check(&baseline, None), ScopeState::Partial, "another figure was accepted");
    baseline.objects = 50;
    assert_eq!(check(&baseline, None), ScopeState::Complete);
}

#[test]
fn an_exclusion_is_not_attempted_and_says_why() {
    let exclusion = Exclusion {
        scope: "accounts".into(),
        reason: String::from("read-only copies"),
        until: chrono::NaiveDate::from_ymd_opt(2026, 12, 31).expect("a date"),
    };
    let record = ScopeRecord::declared(Scope::new("accounts", "import"), Some(exclusion), Arc::new(MemoryScratch));
    let fact = record.settle(&expectation()).expect("memory");
    assert_eq!((fact.state, fact.excluded), (ScopeState::NotAttempted, true));
    assert!(fact.gaps[0].cause.to_string().contains("read-only copies"));
}

#[test]
fn repeated_gaps_are_counted_not_lost() {
    let mut record = record();
    read(&mut record, 1);
    for line in 0..500 {
        record.gap(Some(format!("line {line}")), Cause::Malformed { what: String::from("not JSON") });
    }
    record.seal(proof(1));
    let fact = record.settle(&expectation()).expect("memory");
    assert_eq!(fact.gaps.len(), GAPS_LISTED);
    assert_eq!(fact.gaps.iter().map(|gap| gap.count).sum::<u64>(), 500);
}

#[test]
fn a_source_that_counts_is_held_to_its_count_beside_one_that_does_not() {
    let check = |announced: u64| {
        let mut record = record();
        read(&mut record, 3);
        record.seal(proof(announced));
        record.count(AccessKind::Account, 10).expect("memory");
        record.seal(EndProof { kind: ProofKind::Manifest, announced: None, sha256: None });
        record.settle(&expectation()).expect("memory").state
    };
    assert_eq!(check(3), ScopeState::Complete);
    assert_eq!(check(4), ScopeState::Partial, "the other source's record does not make up for a lost one");
}

#[test]
fn data_from_before_the_last_complete_read_is_not_complete() {
    let baseline = |as_of: &str| ScopeBaseline {
        run_id: String::from("run-1"),
        objects: 0,
        as_of: Some(at(as_of)),
        read_at: at("2026-08-01T23:30:00Z"),
        drop_accepted_for: None,
    };
    let check = |baseline: &ScopeBaseline| {
        let mut record = record();
        read(&mut record, 0);
        record.seal(proof(0));
        record.settle(&Expectation { baseline: Some(baseline), ..expectation() }).expect("memory")
    };
    assert_eq!(check(&baseline("2026-08-01T23:00:00Z")).state, ScopeState::Complete, "the same data is no older");
    let older = check(&baseline("2026-08-01T23:00:01Z"));
    assert_eq!(older.state, ScopeState::Partial);
    assert!(older.gaps[0].cause.to_string().contains("2026-08-01T23:00:01Z"), "{:?}", older.gaps);
}
