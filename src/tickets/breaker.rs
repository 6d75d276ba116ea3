//! When nothing is sent until an operator says so (TKT-5, TKT-7), and how much may be sent at once (TKT-6).
//!
//! A breaker that fired makes neither the report shorter nor the exit code better: it knows nothing of either.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use scan_contract::Instant;

use super::settings::{BreakerLimits, Caps, Route};
use crate::store::outbox::{Ticket, TicketBook, TicketLine, Unit, Verdict};

/// Runs that the breaker looks back at.
const RUNS: usize = 20;

/// What a run asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// Tickets to be made or opened again.
    pub tickets: u64,
    /// Findings on them.
    pub findings: u64,
}

impl Asked {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { tickets: self.tickets + other.tickets, findings: self.findings + other.findings }
    }
}

/// What a run was given already.
pub fn sent(book: &TicketBook, routes: &[Route], run: &str) -> Asked {
    let counting = counting(routes);
    let own = |ticket: &&Ticket| ticket.run == run && counting.contains(ticket.tracker.as_str());
    let keys: BTreeSet<(&str, &str)> = book
        .tickets
        .iter()
        .filter(own)
        .filter(|ticket| counts_for_caps(ticket))
        .map(|ticket| (ticket.tracker.as_str(), ticket.key.as_str()))
        .collect();
    let on_them = |line: &&TicketLine| keys.contains(&(line.tracker.as_str(), line.ticket.as_str()));
    Asked { tickets: keys.len() as u64, findings: book.lines.iter().filter(on_them).count() as u64 }
}

/// What the breaker says about the tickets of one run.
pub fn judge(asked: Asked, book: &TicketBook, routes: &[Route], run: &str, limits: &BreakerLimits) -> Verdict {
    let Asked { tickets, findings } = asked;
    let held = |why: String| Verdict::Held { tickets, findings, why };
    let let_through = book.runs.iter().any(|known| {
        known.run != run && (known.released.is_some() || matches!(known.verdict, Some(Verdict::Passed { .. })))
    });
    // Old runs are forgotten, the tickets they made are not.
    let made_before = || book.tickets.iter().any(|ticket| ticket.run != run && ticket.made_at.is_some());
    if !let_through && !made_before() {
        return held(String::from(
            "no tickets of this state directory were sent before; the first ones are always held",
        ));
    }
    let floor = u64::from(limits.floor);
    let usual = percentile_90(&made_by_run(book, routes, run));
    let most = floor.max(usual * 3);
    if tickets > most {
        return held(format!(
            "{tickets} new tickets are more than {most}: the higher of {floor} and three times the 90th percentile \
             ({usual}) of the last {RUNS} runs"
        ));
    }
    if tickets > floor && findings as f64 > limits.share * book.open_findings as f64 {
        let open = book.open_findings;
        let share = limits.share * 100.0;
        return held(format!(
            "{tickets} new tickets are more than {floor} and hold {findings} findings, more than {share} % of all \
             {open} open ones"
        ));
    }
    Verdict::Passed { tickets }
}

/// Trackers; receivers of alerts where there is nothing else.
fn counting(routes: &[Route]) -> BTreeSet<&str> {
    let keeps = routes.iter().any(|route| route.keeps_tickets);
    routes.iter().filter(|route| route.keeps_tickets == keeps).map(|route| route.id.as_str()).collect()
}

/// Tickets made in each of the last runs, those without any included. Trackers count; receivers of alerts, which hold a
/// row for each thing they were told of, only where there is nothing else.
fn made_by_run(book: &TicketBook, routes: &[Route], except: &str) -> Vec<u64> {
    let counting = counting(routes);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let own = book.tickets.iter().filter(|ticket| counting.contains(ticket.tracker.as_str()));
    for ticket in own.filter(|ticket| counts_for_caps(ticket)) {
        *counts.entry(ticket.run.as_str()).or_default() += 1;
    }
    let others = book.runs.iter().rev().filter(|run| run.run != except);
    others.take(RUNS).map(|run| counts.get(run.run.as_str()).copied().unwrap_or(0)).collect()
}

/// The 90th percentile by nearest rank; zero of nothing.
fn percentile_90(figures: &[u64]) -> u64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 9).div_ceil(10);
    rank.checked_sub(1).and_then(|index| sorted.get(index)).copied().unwrap_or(0)
}

/// Whether a ticket counts for the caps: digests and parents are made because of them.
fn counts_for_caps(ticket: &Ticket) -> bool {
    !matches!(ticket.unit, Unit::Digest | Unit::BatchParent)
}

/// How many tickets may still be made at a tracker now.
pub fn room(book: &TicketBook, tracker: &str, run: &str, now: Instant, caps: Caps) -> usize {
    let day_ago = now - TimeDelta::hours(24);
    let (mut in_run, mut in_day) = (0_u32, 0_u32);
    let own = book.tickets.iter().filter(|ticket| ticket.tracker == tracker && counts_for_caps(ticket));
    for ticket in own {
        in_run += u32::from(ticket.run == run);
        in_day += u32::from(ticket.intended_at > day_ago);
    }
    let left = caps.per_run.saturating_sub(in_run).min(caps.per_day.saturating_sub(in_day));
    usize::try_from(left).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
