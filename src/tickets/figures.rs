//! Figures for metrics: what each tracker holds, and what waits for it.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::Instant;

use super::plan::{self, Ground};
use super::settings::{Habits, Route};
use super::sync::pending;
use crate::findings::Fingerprint;
use crate::findings::wish::may_open;
use crate::store::StoreError;
use crate::store::outbox::{Outbox, TicketFigures, TicketState};

/// One entry for each route, in order; those that never did anything are all zero.
pub fn figures(
    outbox: &(impl Outbox + ?Sized),
    habits: &Habits,
    routes: &[Route],
    now: Instant,
) -> Result<Vec<TicketFigures>, StoreError> {
    let book = outbox.ticket_book()?;
    let operations = outbox.ticket_operations()?;
    let standings = outbox.ticket_standings()?;
    let plan = plan::plan(&Ground { book: &book, habits, routes, now });
    let waiting = pending(&plan);
    let of = |route: &Route| {
        let tracker = route.id.as_str();
        let channel = plan.channels.iter().find(|channel| channel.tracker == route.id);
        let count = |state: TicketState| {
            book.tickets.iter().filter(|ticket| ticket.tracker == tracker && ticket.state == state).count() as u64
        };
        let contradicted: BTreeSet<Fingerprint> = standings
            .iter()
            .filter(|standing| standing.tracker == tracker)
            .filter(|standing| {
                book.memories.get(&standing.fingerprint).is_some_and(|memory| {
                    let seen_since = |at: Instant| memory.finding.last_seen_at > at;
                    may_open(&memory.finding) && standing.by_hand.as_ref().is_none_or(|hand| seen_since(hand.at))
                })
            })
            .map(|standing| standing.fingerprint)
            .collect();
        let own = operations.iter().filter(|((name, _, _), _)| name == tracker);
        let counted: BTreeMap<_, _> =
            own.map(|((_, operation, outcome), count)| ((*operation, *outcome), *count)).collect();
        let capped: u64 = channel.map_or(0, |channel| channel.capped.values().sum());
        TicketFigures {
            tracker: tracker.to_owned(),
            open: count(TicketState::Open),
            pending: waiting.iter().filter(|(name, _)| name == tracker).count() as u64 + capped,
            held: channel.map_or(0, |channel| channel.held.len()) as u64,
            contradictions: contradicted.len() as u64,
            disputed: count(TicketState::Disputed),
            operations: counted,
        }
    };
    Ok(routes.iter().map(of).collect())
}
