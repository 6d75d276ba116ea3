//! The gates over what each system gives: a shrunk roster, words nobody knows, columns that are gone, cut answers.

use holdover_kit::fault::{Damage, On};
use serde_json::json;

use super::{KINDS, Kind, Office, each_object, truth};
use crate::company::Run;

fn gates(run: &Run) -> String {
    run.report()["roster"]["gates"].to_string()
}

/// Answers that list people.
fn lists() -> On {
    On::any().when(|asked| !asked.path.ends_with("/token"))
}

/// A first run that is accepted, then something else.
fn after_a_good_run(
    kind: Kind,
    then: impl FnOnce(&holdover_kit::fault::FaultServer, &holdover_kit::stub::hr::Truth),
) -> (Run, Office) {
    let truth = truth();
    let server = kind.serve(&truth);
    let office = Office::new(&kind.source(server.origin()));
    office.scan().expect(1);
    then(&server, &truth);
    let run = office.scan();
    server.finish();
    (run, office)
}

#[test]
fn a_roster_that_shrank_holds() {
    for kind in KINDS {
        let (run, _office) = after_a_good_run(kind, |_, truth| truth.change(|staff| staff.members.truncate(20)));
        run.expect(5);
        assert!(gates(&run).contains("ROS-4"), "{kind:?}: {}", gates(&run));
        assert!(run.states().contains_key("u-1"), "{kind:?}");
    }
}

#[test]
fn words_of_the_status_that_nobody_knows_hold_and_are_never_active() {
    for kind in KINDS {
        let keys = kind.status_keys();
        let (run, _office) = after_a_good_run(kind, |server, _| {
            server.plant(
                lists(),
                Damage::change(move |_, answer| {
                    answer.edit(|value| {
                        each_object(value, &|fields| {
                            for key in keys {
                                if fields.contains_key(*key) {
                                    fields.insert(String::from(*key), json!("On sabbatical"));
                                }
                            }
                        });
                    })
                }),
            );
        });
        run.expect(5);
        let said = gates(&run);
        assert!(said.contains("ROS-3"), "{kind:?}: {said}");
        assert!(run.states().contains_key("u-1"), "{kind:?}: the accepted roster goes on");
    }
}

#[test]
fn an_address_column_that_is_gone_holds() {
    for kind in KINDS {
        let key = kind.address_key();
        let (run, _office) = after_a_good_run(kind, |server, _| {
            server.plant(
                lists(),
                Damage::change(move |_, answer| {
                    answer.edit(|value| each_object(value, &|fields| drop(fields.remove(key))))
                }),
            );
        });
        run.expect(5);
        assert!(gates(&run).contains("ROS-2"), "{kind:?}: {}", gates(&run));
    }
}

#[test]
fn an_end_that_is_told_no_more_holds_at_once() {
    for kind in KINDS.into_iter().filter(|kind| !kind.end_keys().is_empty()) {
        let keys = kind.end_keys();
        let truth = truth();
        let server = kind.serve(&truth);
        server.plant(
            lists(),
            Damage::change(move |_, answer| {
                answer.edit(|value| each_object(value, &|fields| keys.iter().for_each(|key| drop(fields.remove(*key)))))
            }),
        );
        let office = Office::new(&kind.source(server.origin()));
        let run = office.scan();
        run.expect(5);
        let said = gates(&run);
        assert!(said.contains("ROS-2") || said.contains("ROS-1"), "{kind:?}: {said}");
        assert!(run.states().is_empty(), "{kind:?}: nobody is judged by it");
        server.finish();
    }
}

#[test]
fn a_cut_answer_holds() {
    // Each is asked for again several times; the others are tested beside their code.
    for kind in [Kind::BambooHr, Kind::HttpJson] {
        let (run, _office) = after_a_good_run(kind, |server, _| {
            server.plant(lists(), Damage::CutAtFraction(1, 3));
        });
        run.expect(5);
        assert!(gates(&run).contains("ROS-1"), "{kind:?}: {}", gates(&run));
    }
}

#[test]
fn leavers_that_vanish_behind_a_filter_hold() {
    for kind in KINDS {
        // The filter is on again: the rows needed are gone, the rest is fine.
        let (run, _office) = after_a_good_run(kind, |_, truth| {
            truth.change(|staff| {
                let today = staff.today;
                for member in &mut staff.members {
                    member.spells.truncate(1);
                }
                staff.members.retain(|member| !member.has_left(today));
                for member in &mut staff.members {
                    member.spells[0].end = None;
                    member.spells[0].last_day = None;
                }
            });
        });
        let said = gates(&run);
        match kind {
            // A directory forgets people by itself; they are told to have vanished, and stay left.
            Kind::Okta | Kind::Entra => {
                assert!(run.states().contains_key("u-1"), "{kind:?}: {said}");
            }
            _ => {
                run.expect(5);
                assert!(said.contains("ROS-1") && said.contains("expect_leavers"), "{kind:?}: {said}");
                assert!(run.states().contains_key("u-1"), "{kind:?}");
            }
        }
    }
}

#[test]
fn many_new_leavers_are_judged_and_wait_for_a_word() {
    let (run, _office) = after_a_good_run(Kind::BambooHr, |_, truth| {
        truth.change(|staff| {
            let day = staff.today - chrono::Days::new(3);
            for member in staff.members.iter_mut().filter(|member| member.number >= 100).take(15) {
                member.spells[0].end = Some(day);
            }
        });
    });
    run.expect(5);
    assert!(run.flag("roster_surge") && !run.flag("roster_held"));
}

#[test]
fn a_sentinel_of_the_wrong_company_holds() {
    let server = Kind::BambooHr.serve(&truth());
    let source = Kind::BambooHr
        .source(server.origin())
        .replace("coverage: full", "coverage: full, sentinels: { active: [\"999\"] }");
    let run = Office::new(&source).validate();
    run.expect(5);
    assert!(run.stdout.contains("ROS-10"), "{}", run.stdout);
    server.finish();
}
