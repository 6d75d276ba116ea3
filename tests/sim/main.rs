//! Simulation: the real roster gates, readers, matcher, rules, state machine and store over a small company whose truth
//! is known, with faults that a seed decides. After every run the invariants are held against the truth.
//!
//! `HOLDOVER_SEEDS=20000` tries more seeds, `HOLDOVER_SEED=17` one alone, step by step. Seeds that once failed stand in
//! `tests/seeds/known.txt` and are always tried.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a test fails by panicking, and tells one seed's days where it is asked to"
)]

mod check;
mod company;
mod fault;
mod hub;
mod tickets;
mod truth;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holdover::rules::RuleSet;
use holdover::store::Store as _;
use holdover_kit::random::Random;

use check::Watch;
use company::{Bench, Company};
use fault::{Fault, Met};
use tickets::{SimTracker, Tickets};
use truth::Truth;

/// Runs with faults, one a day.
const RUNS: usize = 7;
/// Runs within which everything must be right again once faults have stopped. A week has passed by then for no gate.
const QUIET: usize = 3;

fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test asks how much it should do")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

fn known() -> Vec<u64> {
    let text = include_str!("../seeds/known.txt");
    text.lines().filter_map(|line| line.split('#').next()?.trim().parse().ok()).collect()
}

fn bench(met: &Arc<Met>) -> Bench {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    Bench { runtime, rules: RuleSet::embedded().unwrap(), met: Arc::clone(met) }
}

/// Somebody who breaks a promise that the design rests on. Proves that the checks can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// All keep their word.
    Nobody,
    /// The tracker shows a new ticket far later than it says.
    Tracker,
    /// The system leaves out a user and says that this was all.
    System,
}

/// One seed from its beginning to its end; what was wrong, with the day.
fn play(bench: &Bench, seed: u64, tell: bool, lie: Lie) -> Vec<String> {
    let random = Random::new(seed);
    let (mut world, mut faults) = (random.fork("world"), random.fork("faults"));
    let mut truth = Truth::begin(&mut world, "2026-08-03T02:00:00Z".parse().unwrap());
    let mut company = Company::new();
    let mut watch = Watch::default();
    let tracker = SimTracker::new(random.fork("tracker"), truth.now, Arc::clone(&bench.met));
    let tickets = Tickets::new(if lie == Lie::Tracker { tracker.lying() } else { tracker });
    company.hub_lies = lie == Lie::System;
    let mut wrong = Vec::new();
    for day in 0..RUNS + QUIET {
        // The first run of all has nothing to fall back on; a roster that never was accepted is its own test.
        let planned = if day == 0 || day >= RUNS { Vec::new() } else { fault::draw(&mut faults) };
        let times = if planned.contains(&Fault::RunTwice) {
            bench.met.fired(Fault::RunTwice);
            2
        } else {
            1
        };
        for _ in 0..times {
            let ran = company.run(bench, &truth, &planned);
            let mut found = watch.check(&ran, &company.store);
            if day == 0 {
                // The first roster is looked at, and believed.
                let digest = ran.report.roster.digest.clone().expect("a roster that was read");
                company.store.release_roster(&digest, truth.now, "the simulation").expect("memory");
            }
            found.extend(tickets.sync(&bench.runtime, &mut company.store, truth.now, &planned));
            found.extend(tickets.check(&ran.report));
            if day % 2 == 0 {
                Tickets::release(&mut company.store, truth.now);
            }
            if day == RUNS + QUIET - 1 {
                found.extend(check::settled(&ran));
                Tickets::release(&mut company.store, truth.now);
                found.extend(tickets.sync(&bench.runtime, &mut company.store, truth.now, &[]));
                found.extend(tickets.settled(&ran.report));
            }
            if tell {
                tell_run(day, &planned, &ran.report);
            }
            wrong.extend(found.into_iter().map(|says| format!("seed {seed}, day {day}, {planned:?}: {says}")));
        }
        truth.now += chrono::TimeDelta::days(1);
        if day + 1 < RUNS {
            for _ in 0..3 {
                truth.change(&mut world);
            }
        }
    }
    wrong
}

fn tell_run(day: usize, planned: &[Fault], report: &holdover::report::Report) {
    let states: Vec<String> =
        report.findings.iter().map(|finding| format!("{}={}", finding.grant_id, finding.state)).collect();
    let closed: Vec<&str> = report.closed.iter().map(|finding| finding.grant_id.as_str()).collect();
    println!("day {day} {planned:?} roster {:?} exit {:?}", report.roster.state, report.run.exit_code);
    println!("  {states:?} closed {closed:?}");
    for scope in report.systems.iter().flat_map(|system| &system.scopes) {
        if scope.state != scan_contract::ScopeState::Complete {
            println!("  {} {:?} {:?}", scope.name, scope.state, scope.gaps);
        }
    }
}

#[test]
fn whatever_goes_wrong_nothing_is_missed_and_nothing_closes_without_proof() {
    let met = Arc::new(Met::default());
    let usual = std::panic::take_hook();
    // Planted panics are no news; any other is told as usual.
    std::panic::set_hook(Box::new(move |panicked| {
        if panicked.payload().downcast_ref::<&str>() != Some(&hub::PLANTED) {
            usual(panicked);
        }
    }));
    if let Some(seed) = number("HOLDOVER_SEED") {
        let wrong = play(&bench(&met), seed, true, Lie::Nobody);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        return;
    }
    let seeds = number("HOLDOVER_SEEDS").unwrap_or(2_000);
    let next = AtomicU64::new(0);
    let mut wrong = std::thread::scope(|scope| {
        let played: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let bench = bench(&met);
                    let mut wrong = Vec::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds || wrong.len() > 20 {
                            return wrong;
                        }
                        wrong.extend(play(&bench, seed, false, Lie::Nobody));
                    }
                })
            })
            .collect();
        played.into_iter().flat_map(|one| one.join().expect("a thread")).collect::<Vec<String>>()
    });
    let again = bench(&met);
    for seed in known() {
        wrong.extend(play(&again, seed, false, Lie::Nobody));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(met.never(), [], "faults that no seed met prove nothing");
}

#[test]
fn the_checks_see_what_broken_promises_do() {
    let met = Arc::new(Met::default());
    let bench = bench(&met);
    for (lie, says) in [(Lie::Tracker, "tickets"), (Lie::System, "its scope complete, and not open")] {
        let seen = (0..200).any(|seed| play(&bench, seed, false, lie).iter().any(|wrong| wrong.contains(says)));
        assert!(seen, "{lie:?} was not seen in 200 seeds");
    }
}
