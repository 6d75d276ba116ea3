//! What every store must do, run against each of them.

use scan_contract::{AccessKind, ScopeName, ScopeState, SystemId};

use super::sample::{at, facts, fingerprint, memory, now, open, place, roster, scope, state_line};
use super::*;
use crate::findings::{AbsentLook, FindingState};

fn open_ids(store: &dyn Store) -> Vec<Fingerprint> {
    let mut seen = Vec::new();
    store
        .for_each_open(&mut |memory| {
            seen.push(memory.finding.fingerprint);
            Ok(())
        })
        .unwrap();
    seen
}

/// Each test gets a way to open the same store again, as the next process would.
trait Shelf {
    fn with(&mut self, work: &mut dyn FnMut(&mut dyn Store));
}

struct OnDisk(tempfile::TempDir);

impl Shelf for OnDisk {
    fn with(&mut self, work: &mut dyn FnMut(&mut dyn Store)) {
        let mut store = open(self.0.path()).unwrap();
        work(&mut store);
    }
}

struct InMemory(MemoryStore);

impl Shelf for InMemory {
    fn with(&mut self, work: &mut dyn FnMut(&mut dyn Store)) {
        work(&mut self.0);
    }
}

fn on_both(test: impl Fn(&mut dyn Shelf)) {
    test(&mut OnDisk(place()));
    test(&mut InMemory(MemoryStore::new("simulation")));
}

#[test]
fn a_first_run_finds_nothing_and_the_next_one_finds_it() {
    on_both(|shelf| {
        shelf.with(&mut |store| {
            let opening = store.begin_run("run-1", now(), "c1").unwrap();
            assert_eq!((opening.previous_run, opening.latest_recorded_at, opening.serial), (None, None, 1));
            assert_eq!(opening.config, None);
            let changes = RunChanges { accepted_roster: Some(roster("d1", now())), ..RunChanges::default() };
            store.apply("run-1", now(), changes).unwrap();
            store.end_run(&facts("run-1", at("2026-08-01T02:40:00Z")), b"report", 3).unwrap();
        });
        shelf.with(&mut |store| {
            let opening = store.begin_run("run-2", at("2026-08-02T02:30:00Z"), "c1").unwrap();
            let previous = opening.previous_run.unwrap();
            assert_eq!((previous.id.as_str(), previous.roster_digest.as_deref()), ("run-1", Some("d1")));
            assert_eq!(opening.latest_recorded_at, Some(at("2026-08-01T02:40:00Z")));
            assert_eq!(opening.config, Some((String::from("c1"), now())));
            assert_eq!(opening.serial, 2);
            assert!(opening.interrupted_runs.is_empty());
        });
    });
}

#[test]
fn the_latest_recorded_time_shows_a_clock_that_went_back() {
    on_both(|shelf| {
        let later = at("2027-08-01T00:00:00Z");
        shelf.with(&mut |store| {
            store.begin_run("run-1", later, "c1").unwrap();
            store.end_run(&facts("run-1", later), b"", 1).unwrap();
        });
        shelf.with(&mut |store| {
            let opening = store.begin_run("run-2", now(), "c1").unwrap();
            assert_eq!(opening.latest_recorded_at, Some(later));
        });
        shelf.with(&mut |store| {
            let opening = store.begin_run("run-3", now(), "c1").unwrap();
            assert_eq!(opening.latest_recorded_at, Some(later), "an earlier time does not replace it");
        });
    });
}

#[test]
fn a_run_that_never_ended_is_interrupted_and_one_that_ended_is_not() {
    on_both(|shelf| {
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            store.end_run(&facts("run-1", now()), b"", 1).unwrap();
            store.begin_run("run-2", now(), "c1").unwrap();
        });
        shelf.with(&mut |store| {
            assert_eq!(store.begin_run("run-3", now(), "c1").unwrap().interrupted_runs, ["run-2"]);
            assert!(store.end_run(&facts("run-2", now()), b"", 1).is_err(), "a dead run cannot end");
            assert!(store.apply("run-2", now(), RunChanges::default()).is_err());
        });
        shelf.with(&mut |store| {
            let opening = store.begin_run("run-4", now(), "c1").unwrap();
            assert_eq!(opening.interrupted_runs, ["run-3"], "each is told once");
            assert_eq!(opening.previous_run.unwrap().id, "run-1");
        });
    });
}

#[test]
fn since_when_a_configuration_holds() {
    on_both(|shelf| {
        let second = at("2026-08-02T02:30:00Z");
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            store.begin_run("run-2", second, "c2").unwrap();
            let third = store.begin_run("run-3", at("2026-08-03T02:30:00Z"), "c2").unwrap();
            assert_eq!(third.config, Some((String::from("c2"), second)));
        });
    });
}

#[test]
fn findings_come_back_as_they_were_and_open_ones_in_order() {
    on_both(|shelf| {
        let states = FindingState::ALL;
        let mut memories: Vec<Memory> =
            states.iter().zip(1_u32..).map(|(state, number)| memory(number, *state)).collect();
        memories[3].absent = Some(AbsentLook { run_id: String::from("run-0"), as_of: now() });
        memories[4].closed_at = Some(now());
        memories[4].reopened = 2;
        memories[4].finding.revoked_between = Some((at("2026-07-31T02:30:00Z"), now()));
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            let changes = RunChanges { memories: memories.clone(), ..RunChanges::default() };
            store.apply("run-1", now(), changes).unwrap();
        });
        shelf.with(&mut |store| {
            for memory in &memories {
                assert_eq!(store.recall(&memory.finding.fingerprint).unwrap().as_ref(), Some(memory));
            }
            assert_eq!(store.recall(&fingerprint(99)).unwrap(), None);
            let mut expected: Vec<Fingerprint> = memories
                .iter()
                .filter(|memory| memory.finding.state != FindingState::Closed)
                .map(|memory| memory.finding.fingerprint)
                .collect();
            expected.sort();
            assert_eq!(open_ids(store), expected);
        });
    });
}

#[test]
fn a_finding_written_again_replaces_itself_and_others_stay() {
    on_both(|shelf| {
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            let both = vec![memory(1, FindingState::Observed), memory(2, FindingState::Observed)];
            store.apply("run-1", now(), RunChanges { memories: both, ..RunChanges::default() }).unwrap();
            let closed = vec![memory(1, FindingState::Closed)];
            store.apply("run-1", now(), RunChanges { memories: closed, ..RunChanges::default() }).unwrap();
            assert_eq!(open_ids(store), [fingerprint(2)]);
            assert_eq!(store.recall(&fingerprint(1)).unwrap().unwrap().finding.state, FindingState::Closed);
        });
    });
}

#[test]
fn a_visitor_that_fails_stops_the_walk() {
    on_both(|shelf| {
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            let memories = vec![memory(1, FindingState::Observed), memory(2, FindingState::Observed)];
            store.apply("run-1", now(), RunChanges { memories, ..RunChanges::default() }).unwrap();
            let mut seen = 0;
            let result = store.for_each_open(&mut |_| {
                seen += 1;
                Err(StoreError::Missing { what: String::from("patience") })
            });
            assert!(result.is_err());
            assert_eq!(seen, 1);
        });
    });
}

#[test]
fn only_a_complete_scope_becomes_a_baseline() {
    on_both(|shelf| {
        let (system, name) = (SystemId::from("aws-prod"), ScopeName::from("keys"));
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            store.declare("run-1", &[(system.clone(), name.clone(), String::from("iam.access-keys"))]).unwrap();
            assert_eq!(store.baseline(&system, &name).unwrap(), None);
            let settle = |state, objects| RunChanges {
                scopes: vec![(system.clone(), scope("keys", state, objects))],
                ..RunChanges::default()
            };
            store.apply("run-1", now(), settle(ScopeState::Complete, 40)).unwrap();
            store.end_run(&facts("run-1", now()), b"", 1).unwrap();
            store.begin_run("run-2", now(), "c1").unwrap();
            store.apply("run-2", now(), settle(ScopeState::Partial, 3)).unwrap();
            let baseline = store.baseline(&system, &name).unwrap().unwrap();
            assert_eq!((baseline.run_id.as_str(), baseline.objects), ("run-1", 40));
            assert_eq!(baseline.as_of, Some(at("2026-08-01T01:00:00Z")));
            assert_eq!(baseline.drop_accepted_for, None);
            assert_eq!(store.drops_accepted().unwrap(), 0);
            store.accept_drop(&system, &name, "run-2", now()).unwrap();
            let accepted = store.baseline(&system, &name).unwrap().unwrap();
            assert_eq!((accepted.drop_accepted_for.as_deref(), accepted.objects), (Some("run-2"), 3));
            for (scope, run) in [("keys", "run-1"), ("kyes", "run-2")] {
                let refused = store.accept_drop(&system, &ScopeName::from(scope), run, now());
                assert!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
            }
            assert_eq!(store.baseline(&system, &ScopeName::from("other")).unwrap(), None);
            assert_eq!(store.drops_accepted().unwrap(), 1, "in force until the scope was read completely");
            store.end_run(&facts("run-2", now()), b"", 1).unwrap();
            store.begin_run("run-3", now(), "c1").unwrap();
            store.apply("run-3", now(), settle(ScopeState::Complete, 3)).unwrap();
            assert_eq!(store.drops_accepted().unwrap(), 0);
        });
    });
}

#[test]
fn small_memories_last() {
    on_both(|shelf| {
        let system = SystemId::from("crm");
        let times = SystemTimes { last_success_at: Some(now()), last_complete_at: None };
        let mut totals = Totals { opened: [0, 4, 0, 0, 1], leavers_clean: 9, ..Totals::default() };
        totals.revocation_delay[0].observe(7_000);
        let later = at("2026-08-09T00:00:00Z");
        shelf.with(&mut |store| {
            assert_eq!(store.totals().unwrap(), Totals::default());
            store.begin_run("run-1", now(), "c1").unwrap();
            let ghost = (system.clone(), AccessKind::ApiToken, String::from("tok_1"));
            let changes = || RunChanges {
                systems: vec![(system.clone(), times)],
                totals: totals.clone(),
                leavers_checked: vec![(String::from("p-1"), 2)],
                unattributed: vec![ghost.clone()],
                exception_idle_runs: vec![(String::from("e-1"), 3)],
                ..RunChanges::default()
            };
            store.apply("run-1", now(), changes()).unwrap();
            store.apply("run-1", later, changes()).unwrap();
        });
        shelf.with(&mut |store| {
            assert_eq!(store.system_times(&system).unwrap(), times);
            assert_eq!(store.system_times(&SystemId::from("other")).unwrap(), SystemTimes::default());
            assert_eq!(store.totals().unwrap(), totals);
            assert!(store.leaver_checked("p-1", 2).unwrap());
            assert!(!store.leaver_checked("p-1", 1).unwrap());
            assert_eq!(store.unattributed_since(&system, AccessKind::ApiToken, "tok_1").unwrap(), Some(now()));
            assert_eq!(store.unattributed_since(&system, AccessKind::Session, "tok_1").unwrap(), None);
            assert_eq!(store.exception_idle_runs("e-1").unwrap(), 3);
            assert_eq!(store.exception_idle_runs("e-2").unwrap(), 0);
        });
    });
}

#[test]
fn the_newest_roster_is_kept_whole_and_earlier_figures_can_be_asked_for() {
    on_both(|shelf| {
        let day = |day: u32| at(&format!("2026-08-{day:02}T02:30:00Z"));
        shelf.with(&mut |store| {
            assert_eq!(store.accepted_roster().unwrap(), None);
            store.begin_run("run-1", day(1), "c1").unwrap();
            for number in [1, 5, 9] {
                let accepted = roster(&format!("d{number}"), day(number));
                let changes = RunChanges { accepted_roster: Some(accepted), ..RunChanges::default() };
                store.apply("run-1", day(number), changes).unwrap();
            }
            store.apply("run-1", day(9), RunChanges::default()).unwrap();
        });
        shelf.with(&mut |store| {
            assert_eq!(store.accepted_roster().unwrap(), Some(roster("d9", day(9))));
            assert_eq!(store.roster_figures_at(day(7)).unwrap(), Some(roster("d5", day(5)).figures));
            assert_eq!(store.roster_figures_at(day(5)).unwrap(), Some(roster("d5", day(5)).figures));
            assert_eq!(store.roster_figures_at(at("2026-07-01T00:00:00Z")).unwrap(), None);
        });
    });
}

#[test]
fn a_release_is_for_one_digest() {
    on_both(|shelf| {
        shelf.with(&mut |store| {
            assert_eq!(store.roster_released("d1").unwrap(), None);
            store.release_roster("d1", now(), "roster accept").unwrap();
        });
        shelf.with(&mut |store| {
            assert_eq!(store.roster_released("d1").unwrap(), Some(now()));
            assert_eq!(store.roster_released("d2").unwrap(), None);
        });
    });
}

#[test]
fn an_acknowledgement_stays_with_its_finding_and_an_unknown_one_is_refused() {
    on_both(|shelf| {
        let word = Acknowledgement { reference: String::from("INC-7"), at: now() };
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            let memories = vec![memory(1, FindingState::Confirmed)];
            store.apply("run-1", now(), RunChanges { memories, ..RunChanges::default() }).unwrap();
            store.acknowledge(&fingerprint(1), &word).unwrap();
            assert!(matches!(store.acknowledge(&fingerprint(2), &word), Err(StoreError::Missing { .. })));
        });
        shelf.with(&mut |store| {
            assert_eq!(store.recall(&fingerprint(1)).unwrap().unwrap().acknowledged, Some(word.clone()));
            assert_eq!(open_ids(store), [fingerprint(1)]);
        });
    });
}

#[test]
fn a_finding_carried_over_keeps_its_age_under_the_new_fingerprint() {
    on_both(|shelf| {
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            let memories = vec![memory(1, FindingState::Confirmed)];
            store.apply("run-1", now(), RunChanges { memories, ..RunChanges::default() }).unwrap();
            let mut carried = memory(2, FindingState::Confirmed);
            carried.finding.first_seen_at = at("2026-01-01T00:00:00Z");
            store.carry_over("run-1", now(), &fingerprint(1), carried.clone()).unwrap();
            assert_eq!(store.recall(&fingerprint(1)).unwrap(), None);
            assert_eq!(store.recall(&fingerprint(2)).unwrap(), Some(carried.clone()));
            assert_eq!(open_ids(store), [fingerprint(2)]);
            assert_eq!(store.history(&fingerprint(1)).unwrap().len(), 1);
            assert_eq!(store.history(&fingerprint(2)).unwrap().len(), 1);
            assert!(store.carry_over("run-1", now(), &fingerprint(1), carried.clone()).is_err(), "it is gone");
        });
    });
}

#[test]
fn the_ledger_tells_what_happened_in_order_and_verifies() {
    on_both(|shelf| {
        let one = memory(1, FindingState::Observed);
        shelf.with(&mut |store| {
            store.begin_run("run-1", now(), "c1").unwrap();
            let scopes = [(SystemId::from("crm"), ScopeName::from("a"), String::from("k"))];
            store.declare("run-1", &scopes).unwrap();
            let changes = RunChanges { ledger: vec![state_line("run-1", &one)], ..RunChanges::default() };
            store.apply("run-1", now(), changes).unwrap();
            store.end_run(&facts("run-1", now()), b"", 1).unwrap();
            let check = store.verify_ledger().unwrap();
            assert_eq!((check.records, check.serial), (3, 1), "started, state, ended");
        });
        shelf.with(&mut |store| {
            let before = store.verify_ledger().unwrap();
            store.begin_run("run-2", now(), "c1").unwrap();
            let ended = LedgerEvent::RunEnded { run: String::from("run-2"), exit_code: 3, complete: 0, declared: 0 };
            store.apply("run-2", now(), RunChanges { ledger: vec![ended], ..RunChanges::default() }).unwrap();
            store.end_run(&facts("run-2", now()), b"", 1).unwrap();
            let after = store.verify_ledger().unwrap();
            assert_eq!(after.records, before.records + 2, "an end that the run told itself is not told twice");
            assert_eq!(after.lineage, before.lineage);
            assert_ne!(after.head, before.head);
            let history = store.history(&fingerprint(1)).unwrap();
            assert_eq!(history.len(), 1);
            assert_eq!((history[0].sequence, &history[0].event), (2, &state_line("run-1", &one)));
            assert!(store.history(&fingerprint(2)).unwrap().is_empty());
        });
    });
}

#[test]
fn reports_are_kept_as_given_newest_first_and_no_more_than_asked() {
    on_both(|shelf| {
        shelf.with(&mut |store| {
            for number in 1..=4_u8 {
                let id = format!("run-{number}");
                store.begin_run(&id, now(), "c1").unwrap();
                store.end_run(&facts(&id, now()), &[0xff, number], 2).unwrap();
            }
        });
        shelf.with(&mut |store| {
            let ids: Vec<String> = store.reports().unwrap().into_iter().map(|(id, _)| id).collect();
            assert_eq!(ids, ["run-4", "run-3"]);
            assert_eq!(store.report("run-3").unwrap(), [0xff, 3]);
            assert!(matches!(store.report("run-1"), Err(StoreError::Missing { .. })));
        });
    });
}

#[test]
fn a_repeated_run_with_a_chosen_clock_replaces_its_report() {
    on_both(|shelf| {
        for content in [b"first", b"again"] {
            shelf.with(&mut |store| {
                let opening = store.begin_run("run-same", now(), "c1").unwrap();
                assert!(opening.interrupted_runs.is_empty());
                store.end_run(&facts("run-same", now()), content, 5).unwrap();
            });
        }
        shelf.with(&mut |store| {
            assert_eq!(store.reports().unwrap().len(), 1);
            assert_eq!(store.report("run-same").unwrap(), b"again");
        });
    });
}

#[test]
fn only_a_run_without_gaps_whose_roster_was_accepted_is_a_success() {
    on_both(|shelf| {
        let day = |day: u32| at(&format!("2026-08-{day:02}T02:30:00Z"));
        shelf.with(&mut |store| {
            assert_eq!(store.last_success().unwrap(), None);
            for number in 1..=5 {
                let id = format!("run-{number}");
                store.begin_run(&id, day(number), "c1").unwrap();
                let mut facts = facts(&id, day(number));
                facts.flags.residual = true;
                match number {
                    1 => {}
                    2 => facts.flags.gaps = true,
                    3 => facts.flags.roster_held = true,
                    4 => facts.flags.interrupted = true,
                    _ => facts.flags.store_failed = true,
                }
                store.end_run(&facts, b"", 1).unwrap();
                assert_eq!(store.last_success().unwrap(), Some(day(1)));
            }
        });
    });
}

#[test]
fn since_when_the_configuration_holds_is_the_first_run_in_a_row_that_had_it() {
    on_both(|shelf| {
        let day = |day: u32| at(&format!("2026-08-{day:02}T02:30:00Z"));
        shelf.with(&mut |store| assert_eq!(store.config_since().unwrap(), None));
        for (number, digest, since) in [(1, "c1", 1), (2, "c1", 1), (3, "c2", 3), (4, "c1", 4)] {
            shelf.with(&mut |store| {
                let id = format!("run-{number}");
                store.begin_run(&id, day(number), digest).unwrap();
                assert_eq!(store.config_since().unwrap(), Some((String::from(digest), day(since))));
                store.end_run(&facts(&id, day(number)), b"", 1).unwrap();
            });
            shelf.with(&mut |store| {
                assert_eq!(store.config_since().unwrap(), Some((String::from(digest), day(since))));
            });
        }
    });
}
