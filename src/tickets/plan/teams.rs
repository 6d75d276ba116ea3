//! The plan in figures for each team that can act: what is looked at before the first ticket.

use std::collections::BTreeMap;

use super::{Plan, Task};
use crate::store::outbox::TicketBook;

/// Figures of one team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TeamFigures {
    /// Tickets to be made.
    pub create: u64,
    /// Tickets that get news.
    pub revise: u64,
    /// Tickets to be opened again.
    pub reopen: u64,
    /// Tickets to be closed.
    pub resolve: u64,
    /// Findings that wait for a word.
    pub held: u64,
    /// Findings above the caps.
    pub capped: u64,
}

/// Team (`-` for none) and its figures, over all trackers. Receivers of alerts count where nothing else does.
pub fn by_team(plan: &Plan, book: &TicketBook) -> BTreeMap<String, TeamFigures> {
    let mut teams: BTreeMap<String, TeamFigures> = BTreeMap::new();
    let keeps = plan.channels.iter().any(|channel| channel.keeps_tickets);
    for channel in plan.channels.iter().filter(|channel| channel.keeps_tickets == keeps) {
        for work in &channel.works {
            let team = work.ticket.team.clone().unwrap_or_else(|| String::from("-"));
            let figures = teams.entry(team).or_default();
            match work.task {
                Task::Create => figures.create += 1,
                Task::Revise => figures.revise += 1,
                Task::Reopen => figures.reopen += 1,
                Task::Resolve => figures.resolve += 1,
                Task::Keep => {}
            }
        }
        for held in &channel.held {
            let team = book.memories.get(&held.fingerprint).and_then(|memory| memory.finding.owner_team.as_deref());
            teams.entry(team.unwrap_or("-").to_owned()).or_default().held += 1;
        }
        let of_system = |system: &str| {
            let mut findings = book.memories.values().map(|memory| &memory.finding);
            findings.find(|finding| finding.system.as_str() == system).and_then(|finding| finding.owner_team.clone())
        };
        for (system, count) in &channel.capped {
            let team = of_system(system).map_or_else(|| String::from("-"), |team| team.to_string());
            teams.entry(team).or_default().capped += count;
        }
    }
    teams.retain(|_, figures| *figures != TeamFigures::default());
    teams
}
