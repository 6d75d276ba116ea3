//! Scopes that were there before, or that somebody knows to be there, and of which the source says nothing.

use scan_contract::{ScopeName, ScopeState, SystemId};

use super::world::{World, account, record, scope, states};
use crate::report::CellVerdict;
use crate::store::{Store as _, StoreError};

const NOW: &str = "2026-08-03T02:00:00Z";
const NEXT_DAY: &str = "2026-08-04T02:00:00Z";
const THIRD_DAY: &str = "2026-08-05T02:00:00Z";

fn token(id: &str, holders: &str) -> String {
    record("tokens", "api_token", id, holders)
}

/// A company whose export alone says which scopes there are: an account of a colleague, and a token of its owner.
fn told_by_its_source() -> World {
    let mut world = World::new();
    world.declared = false;
    world.records = vec![account("u-1", "p-1@acme.example"), token("t-1", r#","parent":"u-1""#)];
    world
}

#[test]
fn a_scope_that_its_source_names_no_more_is_a_gap_until_an_operator_accepts_it() {
    let mut world = told_by_its_source();
    let report = world.scan(NOW);
    assert!(!report.run.flags.gaps);
    assert_eq!(states(&report, "p-1"), [("t-1", "confirmed"), ("u-1", "confirmed")]);
    // The producer leaves the accounts out: whose the token is cannot be told any more.
    world.scopes = vec!["tokens"];
    world.records.remove(0);
    world.as_of = String::from("2026-08-04T01:00:00Z");
    let report = world.scan(NEXT_DAY);
    let accounts = scope(&report, "accounts");
    assert_eq!(accounts.state, ScopeState::NotAttempted, "{:?}", accounts.gaps);
    let says = accounts.gaps[0].cause.to_string();
    assert!(says.contains("2026-08-03T02:00:00Z") && says.contains("coverage accept crm/accounts"), "{says}");
    assert_eq!(accounts.last_complete_at.map(|at| at.to_rfc3339()), Some(String::from("2026-08-03T02:00:00+00:00")));
    assert!(report.run.flags.gaps);
    assert_eq!(scope(&report, "tokens").state, ScopeState::Partial, "what hangs from it cannot be told either");
    assert_eq!(report.leavers[0].cells[0].0, CellVerdict::Open, "what is remembered stands");
    assert_eq!(states(&report, "p-1"), [("t-1", "unverified"), ("u-1", "unverified")]);
    // It stays one, however often.
    assert!(world.scan(THIRD_DAY).run.flags.gaps);
    let (system, name) = (SystemId::new("crm"), ScopeName::new("accounts"));
    let run = world.store.reports().expect("memory")[0].0.clone();
    let wrong = world.store.accept_drop(&system, &name, "run-of-yesterday", super::world::instant(THIRD_DAY));
    assert!(matches!(wrong, Err(StoreError::Missing { .. })), "{wrong:?}");
    world.store.accept_drop(&system, &name, &run, super::world::instant(THIRD_DAY)).expect("it is known");
    let report = world.scan("2026-08-06T02:00:00Z");
    assert!(report.systems[0].scopes.iter().all(|scope| scope.name.as_str() != "accounts"));
    assert_eq!(states(&report, "p-1"), [("t-1", "unverified"), ("u-1", "unverified")], "nothing closes by it");
}

#[test]
fn a_scope_that_left_with_a_change_of_the_configuration_is_told_once_and_awaited_no_more() {
    let mut world = told_by_its_source();
    world.scan(NOW);
    world.scopes = vec!["tokens"];
    world.records.remove(0);
    world.extra = String::from("    login_is: employee_id\n");
    let told = |report: &crate::report::Report| report.notices.iter().filter(|one| one.id == "scope-left").count();
    let report = world.scan(NEXT_DAY);
    assert_eq!((told(&report), report.systems[0].scopes.len()), (1, 1), "{:?}", report.notices);
    let report = world.scan(THIRD_DAY);
    assert_eq!((told(&report), report.systems[0].scopes.len()), (0, 1), "{:?}", report.notices);
}

#[test]
fn an_object_that_is_known_in_a_scope_that_is_not_there_was_not_seen() {
    let mut world = told_by_its_source();
    world.extra = String::from("    known_object: { scope: acounts, kind: account, grant_id: u-1 }\n");
    let report = world.scan(NOW);
    let missing = scope(&report, "acounts");
    assert_ne!(missing.state, ScopeState::Complete);
    let says: Vec<String> = missing.gaps.iter().map(|gap| gap.cause.to_string()).collect();
    assert!(says.iter().any(|says| says.contains("no scope is called acounts")), "{says:?}");
    assert!(report.run.flags.gaps);
    // The twin: its name is right.
    world.extra = world.extra.replace("acounts", "accounts");
    assert!(!world.scan(NEXT_DAY).run.flags.gaps);
}
