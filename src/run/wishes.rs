//! What a run asks tickets to tell, and where a ticket says done while the system says no.

use std::collections::{BTreeMap, BTreeSet};

use super::closing::Closing;
use super::directory::Directory;
use super::engine::{Engine, RunError};
use super::settle::Settlement;
use crate::findings::wish::{Happening, may_open};
use crate::findings::{Finding, Fingerprint};
use crate::report::{Contradiction, Notice, NoticeLevel, TicketWord};
use crate::store::outbox::{TicketState, Verdict, Wish, WishAbout};
use crate::store::{Store, StoreError};

impl Engine<'_> {
    /// Wishes of this run. A confirmed finding that nobody ever wished a ticket for gets its wish now: tickets were not
    /// configured before, or the store is older than they are.
    pub(super) fn wishes(&self, closing: &Closing<'_>, settlement: &Settlement) -> Result<Vec<Wish>, RunError> {
        if self.config.tickets.is_none() {
            // Nobody would ever send them. Once tickets are configured, what is confirmed then is wished for.
            return Ok(Vec::new());
        }
        let mut known = self.store.ticket_known()?;
        known.extend(settlement.happenings.iter().map(|(print, _)| *print));
        let findings: BTreeMap<Fingerprint, &Finding> =
            settlement.memories.iter().map(|memory| (memory.finding.fingerprint, &memory.finding)).collect();
        let missed = findings
            .values()
            .filter(|finding| may_open(finding) && !known.contains(&finding.fingerprint))
            .map(|finding| (finding.fingerprint, Happening::Confirmed));
        let directory = Directory::new(closing.people, self.config.leave_policy);
        let all = settlement.happenings.iter().cloned().chain(missed);
        let wish = |(fingerprint, happening): (Fingerprint, Happening)| {
            let about = findings.get(&fingerprint).map(|finding| self.about(&directory, finding));
            Wish {
                number: 0,
                run: closing.id.clone(),
                at: closing.now,
                fingerprint,
                happening,
                about: about.unwrap_or_default(),
            }
        };
        Ok(all.map(wish).collect())
    }

    fn about(&self, directory: &Directory<'_>, finding: &Finding) -> WishAbout {
        let Some(person) = directory.find(finding.person_id.as_str()) else { return WishAbout::default() };
        let stint = person.stints.iter().find(|stint| stint.number == finding.stint);
        let batch = stint.and_then(|stint| stint.batch.as_ref());
        // A configured instant decides when a batch may be named; without one the end did, and it has passed.
        let disclosed_at = batch.and_then(|batch| {
            let disclosures = &self.config.roster.batches;
            disclosures.iter().find(|known| *known.batch == **batch).map(|known| known.disclosed_at)
        });
        let shows_names =
            self.config.tickets.as_ref().is_some_and(crate::tickets::settings::TicketsConfig::shows_names);
        let name = person.display_name.as_deref().filter(|_| shows_names).map(str::to_owned);
        WishAbout { batch: batch.map(ToString::to_string), disclosed_at, name }
    }

    /// Whether tickets wait for an operator, with a notice that says for which run.
    pub(super) fn tickets_held(&self, notices: &mut Vec<Notice>) -> Result<bool, RunError> {
        let held = self.store.tickets_held()?;
        for run in &held {
            let Some(Verdict::Held { tickets, findings, why }) = &run.verdict else { continue };
            let says = format!(
                "{tickets} tickets for {findings} findings of {} are held: {why}. Nothing of them is sent until \
                 `holdover tickets release {}`",
                run.run, run.run
            );
            notices.push(Notice { id: String::from("tickets-held"), level: NoticeLevel::Warning, says });
        }
        Ok(!held.is_empty())
    }
}

/// Findings that are seen in force after their ticket was closed, or while it is gone.
pub(super) fn contradictions(store: &dyn Store, settlement: &Settlement) -> Result<Vec<Contradiction>, StoreError> {
    let standings = store.ticket_standings()?;
    let mut by_finding: BTreeMap<Fingerprint, Vec<_>> = BTreeMap::new();
    for standing in &standings {
        by_finding.entry(standing.fingerprint).or_default().push(standing);
    }
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for finding in settlement.findings.iter().filter(|finding| may_open(finding)) {
        for standing in by_finding.get(&finding.fingerprint).into_iter().flatten() {
            let ticket_says = match standing.state {
                TicketState::Disputed => TicketWord::Disputed,
                TicketState::Missing => TicketWord::Missing,
                TicketState::Refused => TicketWord::Refused,
                _ if standing.by_hand.as_ref().is_some_and(|hand| hand.refused) => TicketWord::Refused,
                _ => TicketWord::ClosedByHand,
            };
            let closed_at = standing.by_hand.as_ref().map(|hand| hand.at);
            // What was read before it was closed says nothing about what is there now.
            let contradicts = closed_at.is_none_or(|at| finding.last_seen_at > at);
            if contradicts && told.insert((finding.fingerprint, &standing.tracker)) {
                found.push(contradiction(
                    finding,
                    standing.tracker.clone(),
                    standing.url.clone(),
                    ticket_says,
                    closed_at,
                ));
            }
        }
    }
    Ok(found)
}

fn contradiction(
    finding: &Finding,
    tracker: String,
    ticket: Option<String>,
    ticket_says: TicketWord,
    ticket_closed_at: Option<scan_contract::Instant>,
) -> Contradiction {
    Contradiction {
        fingerprint: finding.fingerprint,
        person_id: finding.person_id.clone(),
        system: finding.system.clone(),
        access_kind: finding.access_kind,
        grant_id: finding.grant_id.clone(),
        severity: finding.severity,
        tracker,
        ticket,
        ticket_says,
        ticket_closed_at,
        last_seen_at: finding.last_seen_at,
        owner_team: finding.owner_team.clone(),
    }
}
