use std::sync::Arc;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use scan_contract::{AccessKind, Fact, GrantId, Instant, Moment, Privilege, Relation, ScopeName, Status, Subtype};

use crate::findings::{
    AbsentLook, Acknowledgement, Change, Class, Confidence, FindingState, Memory, Severity, Usability, UsedAfterEnd,
};
use crate::roster::{EndSource, PersonId, RoleTier};
use crate::store::record::{RecordError, read_memory, write_memory};
use crate::store::sample::{fingerprint, memory};

fn bytes_of(memory: &Memory) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_memory(memory, &mut bytes).unwrap();
    bytes
}

fn value_of(memory: &Memory) -> serde_json::Value {
    serde_json::from_slice(&bytes_of(memory)).unwrap()
}

#[test]
fn a_field_of_a_newer_version_is_an_error_and_not_dropped() {
    for pointer in ["", "/finding", "/finding/end", "/finding/matched"] {
        let mut value = value_of(&memory(1, FindingState::Observed));
        read_memory(fingerprint(1), value.to_string().as_bytes()).unwrap();
        let object = value.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        object.insert(String::from("newer"), true.into());
        let error = read_memory(fingerprint(1), value.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, RecordError::Form(_)), "{pointer}: {error}");
    }
}

#[test]
fn a_newer_record_says_so_even_with_fields_we_do_not_know() {
    let mut value = value_of(&memory(1, FindingState::Observed));
    value["v"] = 2.into();
    value["finding"]["newer"] = true.into();
    let error = read_memory(fingerprint(1), value.to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, RecordError::Newer { found: 2 }));
}

#[test]
fn a_word_outside_its_vocabulary_and_a_missing_field_are_errors() {
    for field in [
        "state",
        "class",
        "severity",
        "confidence",
        "kind",
        "relation",
        "status",
        "privilege",
        "usability",
        "used_after_end",
        "change",
    ] {
        let mut value = value_of(&memory(1, FindingState::Observed));
        value["finding"][field] = "perhaps".into();
        let error = read_memory(fingerprint(1), value.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, RecordError::Word { .. }), "{field}: {error}");
        value["finding"].as_object_mut().unwrap().remove(field);
        assert!(read_memory(fingerprint(1), value.to_string().as_bytes()).is_err(), "{field} left out");
    }
}

#[test]
fn a_record_cut_anywhere_is_an_error() {
    let bytes = bytes_of(&memory(1, FindingState::Observed));
    for end in 0..bytes.len() {
        assert!(read_memory(fingerprint(1), &bytes[..end]).is_err(), "cut at {end}");
    }
}

fn instants() -> impl Strategy<Value = Instant> {
    // Years 1 to 9999, to the nanosecond: rosters write 9999-12-31 for "never".
    (-62_135_596_800_i64..253_402_300_799, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| DateTime::<Utc>::from_timestamp(seconds, nanos).unwrap())
}

fn facts() -> impl Strategy<Value = Fact<Moment>> {
    prop_oneof![
        (instants(), any::<u32>()).prop_map(|(at, precision_seconds)| Fact::Known(Moment { at, precision_seconds })),
        Just(Fact::None),
        any::<String>().prop_map(Fact::Hidden),
    ]
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any::<String>(), 0..3)
}

prop_compose! {
    fn with_words()(
        state in one_of(FindingState::ALL), class in one_of(Class::ALL), severity in one_of(Severity::ALL),
        confidence in one_of(Confidence::ALL), kind in one_of(AccessKind::ALL), status in one_of(Status::ALL),
        privilege in one_of(Privilege::ALL), usability in one_of(Usability::ALL), used in one_of(UsedAfterEnd::ALL),
        change in one_of(Change::ALL),
    ) -> Memory {
        let mut memory = memory(1, state);
        let finding = &mut memory.finding;
        (finding.class, finding.severity, finding.confidence, finding.access_kind) = (class, severity, confidence, kind);
        (finding.status, finding.privilege, finding.usability) = (status, privilege, usability);
        (finding.used_after_end, finding.change) = (used, change);
        memory
    }
}

prop_compose! {
    fn with_texts()(
        mut memory in with_words(), text in any::<String>(), maybe in any::<Option<String>>(), lists in (words(), words()),
        relation in prop::sample::select(Relation::ALL.to_vec()), subtype in prop::option::of(one_of(Subtype::ALL)),
        tier in prop::option::of(prop::sample::select(vec![RoleTier::Tier0, RoleTier::Tier1, RoleTier::Tier2, RoleTier::Tier3])),
    ) -> Memory {
        let finding = &mut memory.finding;
        finding.person_id = PersonId::new(text.clone());
        finding.grant_id = GrantId::from(text.clone());
        finding.remediation = text;
        (finding.grant_display, finding.target, finding.managed_by) = (maybe.clone(), maybe.clone(), maybe.clone());
        finding.exception_id = maybe.as_deref().map(Arc::from);
        finding.owner_team = maybe.as_deref().map(Arc::from);
        finding.ticket = maybe;
        finding.controls = lists.0.iter().map(|text| Arc::from(text.as_str())).collect();
        (finding.notes, finding.matched.chain) = lists;
        (finding.relation, finding.subtype, finding.role_tier) = (relation, subtype, tier);
        memory
    }
}

prop_compose! {
    fn memories()(
        mut memory in with_texts(), times in (instants(), instants(), instants()),
        maybe in prop::option::of(instants()), known in (facts(), facts(), facts()), reopened: u32, due: bool,
        exposure: i64, text in any::<String>(),
        source in prop::sample::select(vec![
            EndSource::AccessEndAt, EndSource::LastDayWorked, EndSource::EndDate, EndSource::PresumedFromAbsence,
        ]),
    ) -> Memory {
        let finding = &mut memory.finding;
        (finding.access_end.at, finding.access_end.earliest, finding.access_end.latest) = times;
        (finding.access_end.source, finding.access_end.known_at) = (source, maybe);
        (finding.due_at, finding.first_seen_at, finding.last_seen_at) = times;
        (finding.last_complete_read_at, finding.live_until, finding.exception_expires_at) = (maybe, maybe, maybe);
        (finding.created_at, finding.last_used_at, finding.expires_at) = known;
        (finding.due, finding.exposure_seconds) = (due, exposure);
        finding.revoked_between = maybe.map(|at| (at, times.0));
        memory.also_in = maybe.map(|_| vec![ScopeName::from(text.as_str()), "b".into()]).unwrap_or_default();
        memory.absent = maybe.map(|as_of| AbsentLook { run_id: text.clone(), as_of });
        memory.acknowledged = maybe.map(|at| Acknowledgement { reference: text, at });
        (memory.closed_at, memory.end_known_at, memory.reopened) = (maybe, maybe, reopened);
        memory.seen_as_of = maybe;
        memory
    }
}

proptest! {
    #[test]
    fn every_memory_comes_back_as_it_was(memory in memories()) {
        let read = read_memory(memory.finding.fingerprint, &bytes_of(&memory)).unwrap();
        prop_assert_eq!(read, memory);
    }
}
