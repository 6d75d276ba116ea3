//! A store, a tracker and runs, for the tests of sending.

use std::time::Duration;

use scan_contract::Instant;

use super::super::{Desk, SyncOutcome, sync};
use super::fake::{Dying, FakeTime, FakeTracker};
use crate::clock::Clock as _;
use crate::findings::lifecycle::{Context, Seen, Sight};
use crate::findings::wish::advance_telling;
use crate::findings::{Finding, FindingState, Fingerprint, Memory};
use crate::store::outbox::{Outbox as _, RosterHold, Wish, WishAbout};
use crate::store::{MemoryStore, RunChanges, Store as _, StoreError, sample};
use crate::tickets::settings::{Habits, Route, TrackerId};
use crate::tickets::tracker::{Channel, TicketKey};

pub(super) struct World {
    pub(super) store: MemoryStore,
    pub(super) tracker: FakeTracker,
    pub(super) habits: Habits,
    pub(super) routes: Vec<Route>,
    pub(super) clock: FakeTime,
    pub(super) runs: u32,
    pub(super) hold: Option<RosterHold>,
    pub(super) about: WishAbout,
}

pub(super) fn route(id: &str, keeps_tickets: bool) -> Route {
    Route { id: TrackerId::new(id), owner_teams: Vec::new(), keeps_tickets, lag: None }
}

/// A grant as a scan reads it.
pub(super) fn grant(number: u32) -> Finding {
    let mut finding = sample::memory(number, FindingState::Observed).finding;
    finding.used_after_end = crate::findings::UsedAfterEnd::Before;
    finding
}

impl World {
    pub(super) fn new() -> Self {
        Self::with_lag(Duration::ZERO)
    }

    pub(super) fn with_lag(lag: Duration) -> Self {
        let clock = FakeTime::new(sample::at("2026-08-01T02:30:00Z"));
        Self {
            store: MemoryStore::new("world"),
            tracker: FakeTracker::new(lag, clock.clone()),
            habits: Habits::default(),
            routes: vec![route("fake", true)],
            clock,
            runs: 0,
            hold: None,
            about: WishAbout::default(),
        }
    }

    /// A world whose first run, with one finding of nobody else, was released and sent, so that the breaker is not in
    /// the way.
    pub(super) async fn seasoned() -> Self {
        let mut world = Self::new();
        world.scan(&[(90_001, present(grant(90_001)))]);
        world.release();
        world.sync().await;
        world.later(24).await;
        world.scan(&[(90_001, absent(&world))]);
        world.later(24).await;
        world.scan(&[(90_001, absent(&world))]);
        world.sync().await;
        world.sync().await;
        assert!(
            world.tracker.tickets().iter().all(|ticket| ticket.standing != crate::tickets::tracker::Standing::Open)
        );
        world.tracker.look().tickets.clear();
        world.tracker.look().writes.clear();
        world
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    #[expect(clippy::unused_async, reason = "reads like the waiting that it stands for")]
    pub(super) async fn later(&self, hours: u64) {
        self.clock.pass(Duration::from_hours(hours));
    }

    pub(super) fn run_id(&self) -> String {
        format!("run-{}", self.runs)
    }

    /// One run in which these findings were looked at, by number.
    pub(super) fn scan(&mut self, sights: &[(u32, Sight)]) {
        self.runs += 1;
        let (run_id, now) = (self.run_id(), self.now());
        self.store.begin_run(&run_id, now, "c1").expect("a store in memory");
        let (mut memories, mut wishes) = (Vec::new(), Vec::new());
        for (number, sight) in sights {
            let known = self.store.recall(&sample::fingerprint(*number)).expect("a store in memory");
            let context = Context { run_id: &run_id, now };
            let Some((step, told)) = advance_telling(known, sight.clone(), &context) else { continue };
            let fingerprint = step.memory.finding.fingerprint;
            wishes.extend(told.into_iter().map(|happening| Wish {
                number: 0,
                run: run_id.clone(),
                at: now,
                fingerprint,
                happening,
                about: self.about.clone(),
            }));
            memories.push(step.memory);
        }
        let changes = RunChanges {
            memories,
            wishes,
            roster_hold: self.hold,
            roster_digest: Some(String::from("d1")),
            ..RunChanges::default()
        };
        self.store.apply(&run_id, now, changes).expect("a store in memory");
        self.store.end_run(&sample::facts(&run_id, now), b"", 1).expect("a store in memory");
    }

    pub(super) fn release(&mut self) {
        let (run, now) = (self.run_id(), self.now());
        self.store.release_tickets(&run, now, "a test").expect("the run is known");
    }

    pub(super) async fn sync(&mut self) -> SyncOutcome {
        self.dying(u32::MAX, false).await.expect("a store in memory").0
    }

    /// A sync whose program is killed at its n-th write. Gives whether it was.
    pub(super) async fn dying(&mut self, left: u32, durable: bool) -> Result<(SyncOutcome, bool), StoreError> {
        let channels = vec![Ok(Channel::Tracker(Box::new(self.tracker.clone())))];
        self.dying_with(left, durable, &channels).await
    }

    pub(super) async fn sync_with(&mut self, channels: &[Result<Channel, scan_contract::Cause>]) -> SyncOutcome {
        self.dying_with(u32::MAX, false, channels).await.expect("a store in memory").0
    }

    pub(super) async fn dying_with(
        &mut self,
        left: u32,
        durable: bool,
        channels: &[Result<Channel, scan_contract::Cause>],
    ) -> Result<(SyncOutcome, bool), StoreError> {
        let mut outbox = Dying { store: &mut self.store, left, durable, died: false };
        let mut desk = Desk {
            outbox: &mut outbox,
            clock: &self.clock,
            rest: &self.clock,
            habits: &self.habits,
            routes: &self.routes,
        };
        let outcome = sync(&mut desk, channels).await;
        let died = outbox.died;
        match outcome {
            Err(_) if died => Ok((SyncOutcome::default(), true)),
            other => other.map(|outcome| (outcome, false)),
        }
    }

    pub(super) fn memory(&self, number: u32) -> Memory {
        self.store.recall(&sample::fingerprint(number)).expect("a store in memory").expect("it is known")
    }

    /// How many tickets carry a finding.
    pub(super) fn carriers(&self, fingerprint: Fingerprint) -> usize {
        let label = TicketKey::of_finding(&fingerprint);
        let carries = |draft: &crate::tickets::tracker::Draft| {
            draft.findings.iter().any(|print| TicketKey::of_finding(print) == label)
        };
        self.tracker.tickets().iter().filter(|ticket| carries(&ticket.draft)).count()
    }
}

/// Read in force, and certain.
pub(super) fn present(finding: Finding) -> Sight {
    Sight::Present(Box::new(Seen {
        finding,
        scope_complete: true,
        confirms: true,
        suppressed: false,
        also_in: Vec::new(),
        as_of: sample::now(),
    }))
}

/// Covered by an exception.
pub(super) fn excepted(mut finding: Finding) -> Sight {
    finding.exception_id = Some("EX-7".into());
    finding.exception_expires_at = Some(sample::at("2026-09-01T00:00:00Z"));
    Sight::Present(Box::new(Seen {
        finding,
        scope_complete: true,
        confirms: true,
        suppressed: true,
        also_in: Vec::new(),
        as_of: sample::now(),
    }))
}

/// Read completely, and not there.
pub(super) fn absent(world: &World) -> Sight {
    Sight::Absent { as_of: world.now(), suppressed: false }
}

/// Not read.
pub(super) fn gap() -> Sight {
    Sight::NotRead { suppressed: false }
}

pub(super) const OPEN: crate::tickets::tracker::Standing = crate::tickets::tracker::Standing::Open;

impl World {
    pub(super) fn known(&self, number: u32) -> Option<Memory> {
        self.store.recall(&sample::fingerprint(number)).expect("a store in memory")
    }

    /// How many open tickets show a finding as not done.
    pub(super) fn open_carriers(&self, fingerprint: Fingerprint) -> usize {
        self.tracker
            .tickets()
            .iter()
            .filter(|ticket| ticket.standing == OPEN && ticket.draft.findings.contains(&fingerprint))
            .filter(|ticket| {
                let shown = super::fake::plain(&ticket.draft.body);
                shown.lines().any(|line| line.starts_with("[ ]") && line.contains(&fingerprint.to_string()))
            })
            .count()
    }

    /// Whether our own record says that nothing is left to do for a finding, or knows no ticket.
    pub(super) fn is_ticked(&self, fingerprint: Fingerprint) -> bool {
        let book = self.store.ticket_book().expect("a store in memory");
        book.lines.iter().filter(|line| line.fingerprint == fingerprint).all(|line| line.status.is_done())
    }

    /// Whether it is reported as a contradiction, or waits for the tracker's close to be contradicted.
    pub(super) fn is_reported(&self, fingerprint: Fingerprint) -> bool {
        let standings = self.store.ticket_standings().expect("a store in memory");
        standings.iter().any(|standing| standing.fingerprint == fingerprint)
    }
}
