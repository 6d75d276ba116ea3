//! One seed from its beginning to its end: days with faults, then quiet days in which everything has to come right.

use std::sync::Arc;

use holdover::report::Report;
use holdover_kit::random::Random;

use crate::check::{self, Watch};
use crate::company::{Bench, Company, Ran};
use crate::fault::{self, Fault, Has, Met};
use crate::ledger::Prints;
use crate::lie::Lie;
use crate::operator::{Asked, Operator};
use crate::tickets::{Sending, Tickets};
use crate::truth::Truth;

/// Days with faults.
const DAYS: usize = 7;
/// Days within which everything must be right again once faults have stopped.
const QUIET: usize = 3;
/// Every so many seeds have the Okta organisation, and every so many the store on disk.
const OKTA_EVERY: u64 = 5;
const DISK_EVERY: u64 = 8;

/// How a seed is played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Playing {
    pub(crate) seed: u64,
    /// Whether each day is told.
    pub(crate) tell: bool,
    pub(crate) lie: Lie,
    /// A fault that never happens.
    pub(crate) without: Option<Fault>,
}

/// What is kept with a copy of the store, so that nobody is blamed for what an older copy forgot.
#[derive(Clone)]
struct Kept {
    watch: Watch,
    prints: Prints,
}

struct Play<'a> {
    bench: &'a Bench,
    playing: Playing,
    met: Arc<Met>,
    company: Company,
    truth: Truth,
    watch: Watch,
    prints: Prints,
    operator: Operator,
    tickets: Tickets,
    backup: Option<Kept>,
    wrong: Vec<String>,
}

/// What was wrong in one seed, with the day.
pub(crate) fn play(bench: &Bench, playing: Playing) -> Vec<String> {
    let seed = playing.seed;
    let random = Random::new(seed);
    let (mut world, mut faults, mut habits) = (random.fork("world"), random.fork("faults"), random.fork("operator"));
    let truth = Truth::begin(&mut world, "2026-08-03T02:00:00Z".parse().unwrap());
    let has = Has { okta: seed.is_multiple_of(OKTA_EVERY), disk: seed.is_multiple_of(DISK_EVERY) };
    let met = Arc::clone(&bench.met);
    let mut play = Play {
        bench,
        playing,
        company: Company::new(seed, has, playing.lie, &met),
        watch: Watch::new(&met),
        prints: Prints::default(),
        operator: Operator::new(&met),
        tickets: Tickets::new(seed, truth.now, playing.lie, &met),
        backup: None,
        wrong: Vec::new(),
        truth,
        met,
    };
    for day in 0..DAYS + QUIET {
        let quiet = day >= DAYS;
        // The first run of all has nothing to fall back on; a roster that never was accepted is its own test.
        let mut planned = if day == 0 || quiet { Vec::new() } else { fault::draw(&mut faults, has) };
        planned.retain(|fault| Some(*fault) != playing.without);
        play.day(day, &planned, &mut habits);
        play.truth.now += chrono::TimeDelta::days(1);
        if day + 1 < DAYS {
            for _ in 0..3 {
                play.truth.change(&mut world);
            }
            play.company.allowed.grant_some(&play.truth, &mut world);
        } else {
            Operator::review(&mut play.truth);
        }
    }
    play.wrong
}

impl Play<'_> {
    fn say(&mut self, day: usize, planned: &[Fault], found: Vec<String>) {
        let seed = self.playing.seed;
        self.wrong.extend(found.into_iter().map(|says| format!("seed {seed}, day {day}, {planned:?}: {says}")));
    }

    fn day(&mut self, day: usize, planned: &[Fault], habits: &mut Random) {
        let (quiet, last) = (day >= DAYS, day == DAYS + QUIET - 1);
        if quiet || habits.chance(20) {
            Operator::review(&mut self.truth);
        }
        self.older_copy(day, planned, habits);
        let mut ran = self.run(day, planned);
        if planned.contains(&Fault::RunTwice) {
            self.met.fired(Fault::RunTwice);
            ran = self.run(day, planned);
        }
        for _ in 0..2 {
            // An operator who looks at a damaged roster does not accept it.
            let sees = !planned.iter().any(|fault| fault.holds_roster()) && (quiet || habits.chance(50));
            let asked = ran.report.as_ref().filter(|_| ran.claimed && sees).map(Asked::of).unwrap_or_default();
            if !asked.is_something() {
                break;
            }
            self.operator.act(&mut self.company.shelf, &asked, self.truth.now);
            ran = self.run(day, &[]);
        }
        if quiet || day.is_multiple_of(2) {
            Tickets::release(&mut self.company.shelf, &mut self.operator, self.truth.now);
        }
        if quiet {
            self.send(day, &[]);
            Tickets::release(&mut self.company.shelf, &mut self.operator, self.truth.now);
            self.send(day, &[]);
        }
        if last {
            let mut found = check::settled(&ran);
            found.extend(ran.report.iter().flat_map(|report| self.tickets.settled(report)));
            self.look_for_secrets(day, &ran, true, &mut found);
            self.say(day, planned, found);
        } else if habits.chance(25) {
            self.back_up(day, planned);
        }
    }

    /// One run, its checks, and one sync.
    fn run(&mut self, day: usize, planned: &[Fault]) -> Ran {
        let ran = self.company.run(self.bench, &self.truth, planned);
        let mut found = self.watch.check(&ran, planned);
        if let Some(report) = &ran.report {
            if ran.committed {
                self.operator.note(report);
                self.prints.note(report);
            }
            let digest = report.roster.digest.clone();
            if day == 0 {
                // The first roster is looked at, and believed.
                let digest = digest.expect("a roster that was read");
                self.operator.accept_roster(&mut self.company.shelf, &digest, self.truth.now);
            }
        }
        if day % 3 == 2 || day + 1 == DAYS + QUIET || self.playing.lie == Lie::LedgerLacks {
            self.prints.check(&self.company.shelf, &mut found);
        }
        self.look_for_secrets(day, &ran, false, &mut found);
        if self.playing.tell {
            tell_run(day, planned, &ran);
        }
        self.say(day, planned, found);
        self.send(day, planned);
        if let Some(report) = &ran.report {
            let found = self.tickets.check(report);
            self.say(day, planned, found);
        }
        ran
    }

    fn send(&mut self, day: usize, planned: &[Fault]) {
        let found = self.tickets.sync(&mut Sending {
            runtime: &self.bench.runtime,
            shelf: &mut self.company.shelf,
            operator: &mut self.operator,
            secrets: &self.company.secrets,
            at: self.truth.now,
            faults: planned,
        });
        self.say(day, planned, found);
    }

    fn look_for_secrets(&mut self, day: usize, ran: &Ran, last: bool, found: &mut Vec<String>) {
        // In every encoding where it is worth the time, as they are everywhere.
        let thorough = last && self.playing.seed.is_multiple_of(200);
        if let Some(report) = &ran.report {
            let turn = day + usize::try_from(self.playing.seed % 8).expect("small");
            self.company.secrets.in_outputs(report, turn, thorough, found);
        }
        let Company { shelf, secrets, .. } = &mut self.company;
        if let Some(disk) = shelf.disk() {
            secrets.in_directory(disk.directory(), thorough, found);
        }
    }

    fn back_up(&mut self, day: usize, planned: &[Fault]) {
        let now = self.truth.now;
        let Some(disk) = self.company.shelf.disk() else { return };
        let found: Vec<String> = disk.back_up(now).err().into_iter().collect();
        self.backup = Some(Kept { watch: self.watch.clone(), prints: self.prints.clone() });
        self.say(day, planned, found);
    }

    fn older_copy(&mut self, day: usize, planned: &[Fault], habits: &mut Random) {
        if !planned.contains(&Fault::OlderCopy) || self.backup.is_none() {
            return;
        }
        let (now, accepts) = (self.truth.now, habits.chance(50));
        let Some(disk) = self.company.shelf.disk() else { return };
        match disk.put_back(now, accepts) {
            Ok(true) => {
                let kept = self.backup.clone().expect("looked at above");
                (self.watch, self.prints) = (kept.watch, kept.prints);
                self.operator.forget();
            }
            Ok(false) => {}
            Err(says) => self.say(day, planned, vec![says]),
        }
    }
}

#[expect(clippy::print_stdout, reason = "one seed is told where it is asked for")]
fn tell_run(day: usize, planned: &[Fault], ran: &Ran) {
    let Some(report) = &ran.report else {
        println!("day {day} {planned:?}: no report");
        return;
    };
    let states = |findings: &[holdover::findings::Finding]| -> Vec<String> {
        let one = |finding: &holdover::findings::Finding| {
            format!("{} of {}={}", finding.grant_id, finding.person_id, finding.state)
        };
        findings.iter().map(one).collect()
    };
    println!(
        "day {day} {planned:?} roster {:?} exit {:?} committed {} claimed {}",
        report.roster.state, report.run.exit_code, ran.committed, ran.claimed
    );
    println!("  {:?} closed {:?}", states(&report.findings), states(&report.closed));
    tell_scopes(report);
}

#[expect(clippy::print_stdout, reason = "one seed is told where it is asked for")]
fn tell_scopes(report: &Report) {
    for scope in report.systems.iter().flat_map(|system| &system.scopes) {
        if scope.state != scan_contract::ScopeState::Complete {
            println!("  {} {:?} {:?}", scope.name, scope.state, scope.gaps);
        }
    }
    for gate in &report.roster.gates {
        println!("  {} holds {}: {}", gate.gate, gate.holds, gate.says);
    }
    for notice in &report.notices {
        println!("  notice {}: {}", notice.id, notice.says);
    }
}
