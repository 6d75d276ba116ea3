//! Tickets that hold no finding: digests of what is above the caps, parents of batches. They carry a figure, and are
//! revised when it changes.

use std::collections::BTreeMap;

use super::build::{is_figure, new_ticket};
use super::outlook::Desk;
use super::{ChannelPlan, Task, Work};
use crate::findings::Severity;
use crate::store::outbox::{Ticket, TicketLine, TicketState, Unit};
use crate::tickets::group::Group;
use crate::tickets::settings::{GroupBy, Route};
use crate::tickets::words;

/// Digests and parents of one tracker.
pub(super) fn works(desk: &Desk<'_>, route: &Route, plan: &ChannelPlan, works: &[Work]) -> Vec<Work> {
    let mut wanted: Vec<(Group, u64, Vec<words::Child>)> = Vec::new();
    let known = |unit: Unit| {
        let tracker = route.id.as_str();
        desk.ground.book.tickets.iter().filter(move |ticket| ticket.tracker == tracker && ticket.unit == unit)
    };
    let mut systems: BTreeMap<&str, u64> =
        known(Unit::Digest).filter_map(|ticket| ticket.system.as_deref()).map(|system| (system, 0)).collect();
    systems.extend(plan.capped.iter().map(|(system, count)| (system.as_str(), *count)));
    wanted.extend(systems.into_iter().map(|(system, count)| (Group::digest(system), count, Vec::new())));
    if route.keeps_tickets {
        let mut batches: BTreeMap<&str, (u64, Vec<words::Child>)> = known(Unit::BatchParent)
            .filter_map(|ticket| ticket.batch.as_deref())
            .map(|batch| (batch, (0, Vec::new())))
            .collect();
        if desk.ground.habits.group_by == GroupBy::Batch || !batches.is_empty() {
            gather(desk, route, works, &mut batches);
        }
        wanted.extend(batches.into_iter().map(|(batch, (count, children))| (Group::batch(batch), count, children)));
    }
    wanted.into_iter().filter_map(|(group, count, children)| work(desk, route, group, count, &children)).collect()
}

/// Open findings of each batch, and the tickets they stand on: those of the teams, critical ones that stand alone, and
/// those that were made while tickets were grouped in another way.
fn gather<'a>(
    desk: &Desk<'a>,
    route: &Route,
    works: &'a [Work],
    batches: &mut BTreeMap<&'a str, (u64, Vec<words::Child>)>,
) {
    let now: BTreeMap<&str, &'a Work> = works.iter().map(|work| (work.ticket.key.as_str(), work)).collect();
    let tracker = route.id.as_str();
    let known = desk.ground.book.tickets.iter().filter(|ticket| ticket.tracker == tracker);
    let kept = known.filter(|ticket| !now.contains_key(ticket.key.as_str()));
    for ticket in kept.chain(works.iter().map(|work| &work.ticket)).filter(|ticket| !is_figure(ticket.unit)) {
        let lines: Vec<&'a TicketLine> = match now.get(ticket.key.as_str()) {
            Some(work) => work.lines.iter().collect(),
            None => desk.lines_on(tracker, &ticket.key),
        };
        let mut open: BTreeMap<&'a str, u64> = BTreeMap::new();
        for line in lines.into_iter().filter(|line| !line.status.is_done()) {
            if let Some(batch) = line.about.batch.as_deref().or(ticket.batch.as_deref()) {
                *open.entry(batch).or_default() += 1;
            }
        }
        // Where tickets are grouped in another way, no parent is begun for the sake of a batch alone.
        let begins = desk.ground.habits.group_by == GroupBy::Batch || ticket.unit == Unit::BatchTeam;
        for (batch, open) in open {
            if begins || batches.contains_key(batch) {
                let (count, children) = batches.entry(batch).or_default();
                *count += open;
                children.push(words::Child { team: named(ticket), url: ticket.url.clone(), open });
            }
        }
    }
}

/// How a parent names a ticket of its batch.
fn named(ticket: &Ticket) -> String {
    let team = ticket.team.clone().or_else(|| ticket.system.clone()).unwrap_or_default();
    match (ticket.unit, ticket.severity) {
        (Unit::Finding, Some(severity)) => format!("{team}, {severity}"),
        _ => team,
    }
}

fn work(desk: &Desk<'_>, route: &Route, group: Group, count: u64, children: &[words::Child]) -> Option<Work> {
    let known = desk.latest(route.id.as_str(), &group.id);
    let (before, mut ticket) = match known {
        Some(ticket) if ticket.state == TicketState::Resolved && count > 0 => {
            (None, new_ticket(desk, route.id.as_str(), group, ticket.generation + 1, ticket.url.clone()))
        }
        Some(ticket) => (Some(ticket.clone()), ticket.clone()),
        None if count > 0 => (None, new_ticket(desk, route.id.as_str(), group, 0, None)),
        None => return None,
    };
    let task = decide(&mut ticket, count, desk)?;
    ticket.count = count;
    let draft = words::figure_draft(&ticket, children, desk.ground.habits);
    let waits = before.as_ref().is_some_and(|known| {
        let refused = known.rejection.as_ref().is_some_and(|known| known.digest == super::build::digest(task, &draft));
        let failed = super::build::said_and_failed(desk, known, task);
        task != Task::Keep && (refused || failed || super::build::is_put_off(desk, known, task))
    });
    if waits {
        return None;
    }
    let comment = (task == Task::Resolve).then(|| words::figure_done(ticket.unit));
    let rank = (Severity::Info, desk.ground.now);
    let (lines, lines_before, only_looks) = (Vec::new(), Vec::new(), desk.makes_none());
    Some(Work { ticket, before, lines, lines_before, task, only_looks, draft, comment, rank })
}

fn decide(ticket: &mut Ticket, count: u64, desk: &Desk<'_>) -> Option<Task> {
    let now = desk.ground.now;
    match ticket.state {
        TicketState::Rejected | TicketState::Refused | TicketState::Disputed | TicketState::Missing if count == 0 => {
            ticket.state = TicketState::Resolved;
            ticket.resolved_at = Some(now);
            Some(Task::Keep)
        }
        TicketState::Intended | TicketState::Rejected => Some(Task::Create),
        // Whoever closes a digest or a parent does not want it; the findings have tickets of their own or will.
        TicketState::Open if ticket.by_hand.is_some() => {
            ticket.state = TicketState::Refused;
            Some(Task::Keep)
        }
        TicketState::Open if count == 0 => {
            ticket.state = TicketState::Resolved;
            ticket.resolved_at = Some(now);
            Some(Task::Resolve)
        }
        TicketState::Open if ticket.count != count || ticket.stale => Some(Task::Revise),
        TicketState::Open
        | TicketState::Resolved
        | TicketState::Refused
        | TicketState::Disputed
        | TicketState::Missing => None,
    }
}
