//! Whoever looks at what the runs say: accepts rosters and drops, releases tickets, reviews what was handed over; at once,
//! late, or never.

use std::collections::BTreeSet;
use std::sync::Arc;

use holdover::report::Report;
use holdover::store::Store as _;
use holdover::store::outbox::Outbox as _;
use scan_contract::{Cause, Instant, ScopeName, SystemId};

use crate::fault::{Met, Reached};
use crate::shelf::Shelf;
use crate::truth::Truth;

/// Why nothing is sent, by what the last run that was committed said.
#[derive(Debug, Clone)]
enum Hold {
    /// Its roster is held: only a run with a better one helps.
    Held,
    /// A surge, or the first roster of all: accepting the digest helps.
    Waits(Option<String>),
}

/// The operator.
pub(crate) struct Operator {
    hold: Option<Hold>,
    accepted: BTreeSet<String>,
    /// Whether tickets that were released may be on their way still.
    pub(crate) releases: bool,
    met: Arc<Met>,
}

/// What a run asks of an operator.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    roster: Option<String>,
    drops: Vec<(SystemId, ScopeName)>,
    run: String,
    surge: bool,
}

impl Asked {
    pub(crate) fn of(report: &Report) -> Self {
        let flags = &report.run.flags;
        let waits = flags.roster_held || flags.roster_surge;
        let mut drops = Vec::new();
        for system in &report.systems {
            for scope in &system.scopes {
                if scope.gaps.iter().any(|gap| matches!(gap.cause, Cause::SuspiciousDrop { .. })) {
                    drops.push((system.id.clone(), scope.name.clone()));
                }
            }
        }
        let roster = report.roster.digest.clone().filter(|_| waits);
        Self { roster, drops, run: report.run.id.clone(), surge: flags.roster_surge }
    }

    pub(crate) fn is_something(&self) -> bool {
        self.roster.is_some() || !self.drops.is_empty()
    }
}

impl Operator {
    pub(crate) fn new(met: &Arc<Met>) -> Self {
        Self { hold: None, accepted: BTreeSet::new(), releases: false, met: Arc::clone(met) }
    }

    /// A run was committed.
    pub(crate) fn note(&mut self, report: &Report) {
        let flags = &report.run.flags;
        self.hold = if flags.roster_held {
            Some(Hold::Held)
        } else if flags.roster_surge || flags.baseline {
            Some(Hold::Waits(report.roster.digest.clone()))
        } else {
            None
        };
        let drop = report.systems.iter().flat_map(|system| &system.scopes).flat_map(|scope| &scope.gaps);
        let dropped = |gap: &holdover::report::GapFact| matches!(gap.cause, Cause::SuspiciousDrop { .. });
        self.met.reached_if(Reached::DropGuard, drop.into_iter().any(dropped));
    }

    /// Whether no ticket may be made now.
    pub(crate) fn is_on_hold(&self) -> bool {
        match &self.hold {
            None => false,
            Some(Hold::Held) => true,
            Some(Hold::Waits(digest)) => digest.as_ref().is_none_or(|digest| !self.accepted.contains(digest)),
        }
    }

    /// An older copy of the store is in force: what it holds is not known any more.
    pub(crate) fn forget(&mut self) {
        self.hold = None;
    }

    /// Accepts a digest by name.
    pub(crate) fn accept_roster(&mut self, shelf: &mut Shelf, digest: &str, at: Instant) {
        shelf.release_roster(digest, at, "the simulation").expect("nothing is planned here");
        self.accepted.insert(String::from(digest));
    }

    /// Does what a run asked for. The next run shows what it helped.
    pub(crate) fn act(&mut self, shelf: &mut Shelf, asked: &Asked, at: Instant) {
        if let Some(digest) = &asked.roster {
            self.accept_roster(shelf, digest, at);
            self.met.reached(if asked.surge { Reached::SurgeAccepted } else { Reached::RosterAccepted });
        }
        for (system, scope) in &asked.drops {
            // A scope that was never read completely has nothing to be held against.
            if shelf.accept_drop(system, scope, &asked.run, at).is_ok() {
                self.met.reached(Reached::DropAccepted);
            }
        }
    }

    /// Looks at every account that somebody else has now, and says so.
    pub(crate) fn review(truth: &mut Truth) {
        for reviewed in truth.handed_over.values_mut() {
            *reviewed = true;
        }
    }

    /// Lets everything go, and nobody knows of it: a lie.
    pub(crate) fn lets_go_in_secret(&self, shelf: &mut Shelf, at: Instant) {
        if let Some(Hold::Waits(Some(digest))) = &self.hold {
            shelf.release_roster(digest, at, "nobody").expect("nothing is planned here");
        }
        for run in shelf.tickets_held().expect("nothing is planned here") {
            shelf.release_tickets(&run.run, at, "nobody").expect("the run is known");
        }
    }
}
