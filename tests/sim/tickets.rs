//! Tickets of the company: the real plan and sending, against one tracker or two. Invariant 4 is held here.

use std::sync::Arc;

use holdover::findings::{Confidence, FindingState};
use holdover::report::Report;
use holdover::store::outbox::{Outbox as _, TicketState};
use holdover::tickets::settings::{GroupBy, Habits, Route, TrackerId};
use holdover::tickets::sync::{Desk, sync};
use holdover::tickets::tracker::Channel;
use holdover_kit::random::Random;
use scan_contract::Instant;

use crate::canary::Secrets;
use crate::fault::{Fault, Met, Reached};
use crate::lie::Lie;
use crate::operator::Operator;
use crate::shelf::Shelf;
use crate::tracker::{SimTracker, Time};

/// New tickets that always pass (TKT-5).
const FLOOR: usize = 20;

/// The ticketing of one company.
pub(crate) struct Tickets {
    trackers: Vec<SimTracker>,
    time: Time,
    habits: Habits,
    routes: Vec<Route>,
    /// Most that were made in one sync so far.
    most: usize,
    lie: Lie,
    met: Arc<Met>,
    random: Random,
}

/// What a sync works with.
pub(crate) struct Sending<'a> {
    pub(crate) runtime: &'a tokio::runtime::Runtime,
    pub(crate) shelf: &'a mut Shelf,
    pub(crate) operator: &'a mut Operator,
    pub(crate) secrets: &'a Secrets,
    pub(crate) at: Instant,
    pub(crate) faults: &'a [Fault],
}

impl Tickets {
    pub(crate) fn new(seed: u64, now: Instant, lie: Lie, met: &Arc<Met>) -> Self {
        let random = Random::new(seed);
        let time = Time::new(now);
        let tracker = |name: &str| {
            let tracker = SimTracker::new(random.fork(name), &time, met);
            if lie == Lie::Tracker { tracker.lying() } else { tracker }
        };
        let route = |name: &str, teams: &[&str]| Route {
            id: TrackerId::new(name),
            owner_teams: teams.iter().map(|team| String::from(*team)).collect(),
            keeps_tickets: true,
            lag: None,
        };
        let (mut trackers, mut routes) = (vec![tracker("sim")], vec![route("sim", &[])]);
        if seed % 3 == 1 {
            // The team of the exported system has a tracker of its own.
            trackers.insert(0, tracker("sales"));
            routes.insert(0, route("sales", &["sales"]));
        }
        let group_by = if seed % 2 == 1 { GroupBy::Finding } else { GroupBy::PersonOwner };
        let habits = Habits { group_by, ..Habits::default() };
        let random = random.fork("tickets");
        Self { trackers, time, habits, routes, most: 0, lie, met: Arc::clone(met), random }
    }

    fn made(&self) -> Vec<usize> {
        self.trackers.iter().map(SimTracker::count).collect()
    }

    /// One sync an hour after the run, with its faults. Gives what is wrong.
    pub(crate) fn sync(&mut self, sending: &mut Sending<'_>) -> Vec<String> {
        self.time.reach(sending.at + chrono::TimeDelta::hours(1));
        for tracker in &self.trackers {
            tracker.meets(sending.faults);
            if sending.faults.contains(&Fault::ClosedByHand) {
                tracker.close_some_by_hand();
            }
        }
        let (before, held) = (self.made(), sending.operator.is_on_hold());
        let begun = begun(sending.shelf);
        if self.lie == Lie::SendsWhileHeld {
            sending.operator.lets_go_in_secret(sending.shelf, sending.at);
        }
        let syncs = [Fault::SyncDies, Fault::SyncStoreFails];
        let planned: Vec<Fault> = sending.faults.iter().copied().filter(|fault| syncs.contains(fault)).collect();
        sending.shelf.arm(&planned, &mut self.random);
        let mut wrong = Vec::new();
        let outcome = {
            let mut desk = Desk {
                outbox: sending.shelf,
                clock: &self.time,
                rest: &self.time,
                habits: &self.habits,
                routes: &self.routes,
            };
            let channels: Vec<_> =
                self.trackers.iter().map(|tracker| Ok(Channel::Tracker(Box::new(tracker.clone())))).collect();
            sending.runtime.block_on(sync(&mut desk, &channels))
        };
        let struck = match sending.shelf.disarm(sending.at) {
            Ok(struck) => struck,
            Err(says) => {
                wrong.push(says);
                true
            }
        };
        match (&outcome, struck) {
            (Ok(outcome), _) => self.met.reached_if(Reached::TicketAdopted, outcome.adopted > 0),
            (Err(_), true) => {}
            (Err(error), false) => wrong.push(format!("the sync failed by itself: {error}")),
        }
        self.check_made(&before, begun, held, sending, &mut wrong);
        for text in self.trackers.iter().flat_map(SimTracker::texts) {
            Secrets::in_text("a ticket", &text, &mut wrong);
        }
        if struck && !planned.is_empty() {
            // It is started again at once, while the index may not show yet what was made.
            let rest: Vec<Fault> = sending.faults.iter().copied().filter(|fault| !syncs.contains(fault)).collect();
            wrong.extend(self.sync(&mut Sending {
                runtime: sending.runtime,
                shelf: sending.shelf,
                operator: sending.operator,
                secrets: sending.secrets,
                at: sending.at,
                faults: &rest,
            }));
        }
        wrong
    }

    fn check_made(
        &mut self,
        before: &[usize],
        begun: usize,
        held: bool,
        sending: &mut Sending<'_>,
        wrong: &mut Vec<String>,
    ) {
        let made: Vec<usize> = self.made().iter().zip(before).map(|(now, before)| now - before).collect();
        let all: usize = made.iter().sum();
        let cap = usize::try_from(self.habits.caps.per_run).expect("small");
        // One digest for each system stands for what is above the cap; what an earlier sync began, with the tracker down,
        // was counted there.
        if made.iter().any(|made| *made > cap + 3 + begun) {
            wrong.push(format!("{made:?} tickets in one sync, allowed {cap} and a digest a system"));
        }
        if all > 0 && held {
            wrong.push(format!("{all} tickets although a hold is on"));
        }
        let most = FLOOR.max(3 * self.most);
        if all > most + 3 && !sending.operator.releases {
            wrong.push(format!("{all} tickets at once, {most} are usual, and nobody released them"));
        }
        // What was released goes out once nothing else holds it, as many a run as the cap allows.
        let rest = held || all >= cap || !sending.faults.is_empty();
        sending.operator.releases &= rest;
        self.most = self.most.max(all);
        self.met.reached_if(Reached::SentByBothTrackers, made.len() == 2 && made.iter().all(|made| *made > 0));
    }

    /// At most one ticket for each finding, for ever.
    pub(crate) fn check(&self, report: &Report) -> Vec<String> {
        let all = report.findings.iter().chain(&report.closed);
        all.filter_map(|finding| {
            let carriers: usize = self.trackers.iter().map(|tracker| tracker.carriers(&finding.fingerprint)).sum();
            (carriers > 1).then(|| format!("{} stands on {carriers} tickets", finding.grant_id))
        })
        .collect()
    }

    /// Once all is quiet: what is confirmed stands on an open ticket unless somebody refused it twice; nothing waits.
    pub(crate) fn settled(&self, report: &Report) -> Vec<String> {
        let confirmed = report
            .residual()
            .filter(|finding| finding.state == FindingState::Confirmed && finding.confidence != Confidence::Low);
        confirmed
            .filter(|finding| {
                let carried = self.trackers.iter().any(|tracker| tracker.carries(&finding.fingerprint));
                let disputed = report.contradictions.iter().any(|one| one.fingerprint == finding.fingerprint);
                !carried && !disputed
            })
            .map(|finding| format!("{} is confirmed and stands on no ticket", finding.grant_id))
            .collect()
    }

    /// What waits for a word of an operator.
    pub(crate) fn release(shelf: &mut Shelf, operator: &mut Operator, at: Instant) {
        for run in shelf.tickets_held().expect("nothing is planned here") {
            operator.releases = true;
            shelf.release_tickets(&run.run, at, "the simulation").expect("the run is known");
        }
    }
}

/// Tickets that an earlier sync began to make and does not know to be made.
fn begun(shelf: &Shelf) -> usize {
    let book = shelf.ticket_book().expect("a book of tickets");
    book.tickets.iter().filter(|ticket| ticket.state == TicketState::Intended).count()
}
