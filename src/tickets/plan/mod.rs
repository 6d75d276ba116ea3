//! What should be sent: wishes, findings and our own records become steps, one ticket at a time.
//!
//! Pure and synchronous: the same book, settings and instant give the same plan. Nothing changed means nothing to do.
//!
//! | file | what is in it |
//! |---|---|
//! | `outlook` | what is new about one finding, and whether it may be sent |
//! | `build` | findings gathered into tickets |
//! | `figures` | digests above the caps, parents of batches |
//! | `sweep` | wishes that are fulfilled everywhere |
//! | `teams` | the plan in figures for each team |

mod build;
mod figures;
mod outlook;
mod sweep;
mod teams;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use scan_contract::Instant;

use super::breaker::{self, Asked};
use super::settings::{Habits, Route, TrackerId};
use super::text::Text;
use super::tracker::Draft;
use crate::findings::{Fingerprint, Severity};
use crate::store::outbox::{RosterHold, Ticket, TicketBook, TicketLine, Verdict};

pub(super) use build::{digest, is_figure as holds_no_finding, is_over};
pub use sweep::fulfilled;
pub use teams::{TeamFigures, by_team};

/// Everything a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What the store knows.
    pub book: &'a TicketBook,
    /// What holds for all trackers.
    pub habits: &'a Habits,
    /// Trackers and receivers of alerts, in the order of the configuration.
    pub routes: &'a [Route],
    /// The present instant.
    pub now: Instant,
}

/// Why a finding that should have a ticket does not get one now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// The roster.
    Roster(RosterOrder),
    /// The batch may not be named yet.
    Undisclosed,
    /// A batch waits for a person's word.
    Batch,
    /// The breaker.
    Breaker,
}

/// [`RosterHold`] with an order, so that plans are the same every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RosterOrder {
    /// Held, or none.
    Held,
    /// Surge.
    Surge,
    /// Baseline.
    Baseline,
}

impl From<RosterHold> for RosterOrder {
    fn from(hold: RosterHold) -> Self {
        match hold {
            RosterHold::Held => Self::Held,
            RosterHold::Surge => Self::Surge,
            RosterHold::Baseline => Self::Baseline,
        }
    }
}

impl Kept {
    /// In words, with what to do.
    pub fn says(self) -> &'static str {
        match self {
            Self::Roster(RosterOrder::Held) => "the newest roster is held: see `holdover roster validate`",
            Self::Roster(RosterOrder::Surge) => {
                "many newly terminated people wait for an operator's word: `holdover roster accept DIGEST`"
            }
            Self::Roster(RosterOrder::Baseline) => {
                "no operator has accepted a roster yet: `holdover roster accept DIGEST`"
            }
            Self::Undisclosed => "the batch may not be named yet",
            Self::Batch => "tickets of a batch wait for a person: `holdover tickets release RUN`",
            Self::Breaker => "the breaker holds them: `holdover tickets release RUN`",
        }
    }
}

/// What is to be done with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Make it.
    Create,
    /// Set its text, labels and priority, and say what is new.
    Revise,
    /// Open it again.
    Reopen,
    /// Close it, with proof.
    Resolve,
    /// Only our own record changes.
    Keep,
}

impl Task {
    /// Longest time between a try that failed and the next one. Closing and opening again may leave a comment each time.
    pub(super) fn longest_wait(self) -> TimeDelta {
        match self {
            Self::Resolve => TimeDelta::days(7),
            Self::Reopen => TimeDelta::days(1),
            Self::Create | Self::Revise | Self::Keep => TimeDelta::hours(1),
        }
    }
}

/// One ticket's step.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The ticket; its state is what will be when the step is done.
    pub ticket: Ticket,
    /// As it is kept now; `None` for a new one.
    pub before: Option<Ticket>,
    /// Every line, as the ticket will tell it, worst first.
    pub lines: Vec<TicketLine>,
    /// Lines as they are kept now.
    pub lines_before: Vec<TicketLine>,
    /// What is to be done.
    pub task: Task,
    /// Of a ticket that was begun before the roster came to hold new ones back: it is looked for, since it may have been
    /// made, and it is not made now.
    pub only_looks: bool,
    /// How it should read.
    pub draft: Draft,
    /// What is said in a comment, or when it is opened or closed.
    pub comment: Option<Text>,
    /// Worst severity and oldest end of what is open: the order of sending.
    pub rank: (Severity, Instant),
}

/// A finding that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Finding.
    pub fingerprint: Fingerprint,
    /// Run that wishes it.
    pub run: String,
    /// Why.
    pub kept: Kept,
}

/// The plan of one tracker or receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelPlan {
    /// Which.
    pub tracker: TrackerId,
    /// Whether it keeps tickets.
    pub keeps_tickets: bool,
    /// Steps, in the order of sending.
    pub works: Vec<Work>,
    /// Findings that wait for a word.
    pub held: Vec<Held>,
    /// Findings above the caps, by system.
    pub capped: BTreeMap<String, u64>,
    /// Findings whose ticket has something to tell in a later run: one comment a run, a wait after a failure, or a
    /// refusal that stands.
    pub waiting: BTreeSet<Fingerprint>,
    /// Tickets that the tracker refused and whose text has not changed since: key and reason.
    pub refused: Vec<(String, String)>,
}

/// What should be sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The last run; `None` if there was none.
    pub run: Option<String>,
    /// Words of the breaker that are new.
    pub verdicts: Vec<(String, Verdict)>,
    /// For each route, in order.
    pub channels: Vec<ChannelPlan>,
}

impl Plan {
    /// Steps that a tracker is asked for.
    pub fn steps(&self) -> impl Iterator<Item = &Work> {
        self.channels.iter().flat_map(|channel| &channel.works).filter(|work| work.task != Task::Keep)
    }
}

/// Makes the plan.
pub fn plan(ground: &Ground<'_>) -> Plan {
    let Some(last) = ground.book.runs.last() else { return Plan::default() };
    let desk = outlook::Desk::new(ground, last);
    let mut verdicts: BTreeMap<String, Verdict> = BTreeMap::new();
    for (run, asked) in asked(&desk) {
        let known = ground.book.runs.iter().find(|known| known.run == run).and_then(|known| known.verdict.as_ref());
        let asked = if known.is_some() { asked.and(breaker::sent(ground.book, ground.routes, &run)) } else { asked };
        let verdict = breaker::judge(asked, ground.book, ground.routes, &run, &ground.habits.breaker);
        // A run that has passed and still passes keeps its word.
        if known.is_none() || matches!(verdict, Verdict::Held { .. }) {
            verdicts.insert(run, verdict);
        }
    }
    let desk = desk.with_verdicts(&verdicts);
    let channels = ground.routes.iter().map(|route| build::channel(&desk, route)).collect();
    Plan { run: Some(last.run.clone()), verdicts: verdicts.into_iter().collect(), channels }
}

/// What runs ask for that the breaker has not seen yet. Trackers count; receivers of alerts only where there is none.
fn asked(desk: &outlook::Desk<'_>) -> BTreeMap<String, Asked> {
    let routes = desk.ground.routes;
    let keeps = routes.iter().any(|route| route.keeps_tickets);
    let mut tickets: BTreeMap<String, BTreeSet<(&str, String)>> = BTreeMap::new();
    let mut findings: BTreeMap<String, BTreeSet<Fingerprint>> = BTreeMap::new();
    for route in routes.iter().filter(|route| route.keeps_tickets == keeps) {
        for item in desk.openings(route) {
            let Some(run) = desk.unjudged(route, &item) else { continue };
            if let Some(name) = build::asks_for(desk, route, &item) {
                tickets.entry(run.clone()).or_default().insert((route.id.as_str(), name));
                findings.entry(run).or_default().insert(item.fingerprint);
            }
        }
    }
    tickets
        .into_iter()
        .map(|(run, tickets)| {
            let findings = findings.get(&run).map_or(0, BTreeSet::len) as u64;
            (run, Asked { tickets: tickets.len() as u64, findings })
        })
        .collect()
}

#[cfg(test)]
#[path = "../plan_tests.rs"]
mod tests;
