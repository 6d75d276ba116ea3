//! What a run leaves behind: the state of exceptions, who was checked, and everything that is committed.

use std::collections::HashMap;

use scan_contract::Instant;

use super::closing::Closing;
use super::directory::Directory;
use super::engine::{Engine, RunError};
use super::judgement::Judgement;
use super::settle::Settlement;
use crate::exceptions::{ExceptionState, Exceptions, Usage};
use crate::findings::FindingState;
use crate::report::{CellVerdict, ExceptionFact, LeaverVerdict, SystemFact, Totals};
use crate::roster::{Person, RosterState, Standing};
use crate::store::outbox::RosterHold;
use crate::store::{AcceptedRoster, LedgerEvent, RunChanges, SystemTimes};

/// Complete runs in a row in which each exception matched nothing.
pub(super) type IdleRuns = Vec<(String, u32)>;

impl Engine<'_> {
    pub(super) fn exception_facts(
        &self,
        exceptions: &Exceptions,
        settlement: &Settlement,
        complete: bool,
        now: Instant,
    ) -> Result<(Vec<ExceptionFact>, IdleRuns), RunError> {
        let mut covers: HashMap<&str, u64> = HashMap::new();
        for finding in &settlement.findings {
            if let (FindingState::Suppressed, Some(id)) = (finding.state, &finding.exception_id) {
                *covers.entry(id).or_default() += 1;
            }
        }
        let mut usage: HashMap<String, Usage> = HashMap::new();
        let mut idle = Vec::new();
        for judged in exceptions.judged() {
            let id = &judged.exception.id;
            let covered = covers.get(&**id).copied().unwrap_or(0);
            let before = self.store.exception_idle_runs(id)?;
            let active = judged.state_at(now) == ExceptionState::Active;
            // Only complete runs count: with a gap, what it covers may simply not have been read.
            let runs = match (covered, active, complete) {
                (0, true, true) => before + 1,
                (0, true, false) => before,
                _ => 0,
            };
            idle.push((id.to_string(), runs));
            usage.insert(id.to_string(), Usage { covers: covered, idle_runs: runs });
        }
        let facts = exceptions.facts(now, self.config.run.exception_warning, &|id| {
            usage.get(id).copied().unwrap_or(Usage { covers: 0, idle_runs: 0 })
        });
        Ok((facts, idle))
    }

    /// Leavers whose first complete check after the end is now done.
    pub(super) fn count_leavers(
        &self,
        leavers: &[LeaverVerdict],
        people: &[Person],
        told_apart: bool,
        now: Instant,
        totals: &mut Totals,
    ) -> Result<Vec<(String, u32)>, RunError> {
        let directory = Directory::new(people, self.config.leave_policy);
        let mut checked = Vec::new();
        totals.leavers_unverified = 0;
        for leaver in leavers {
            let id = leaver.person_id.as_str();
            // The stint that ended: one that is to come is checked in its own time.
            let stint = directory.find(id).map_or(1, |person| match person.standing(now, self.config.leave_policy) {
                Standing::Left { stint, .. } => stint.number,
                Standing::NotStarted
                | Standing::Employed { .. }
                | Standing::Suspended { .. }
                | Standing::NotJudged { .. } => 1,
            });
            if self.store.leaver_checked(id, stint)? {
                continue;
            }
            let in_doubt = leaver.cells.iter().any(|(cell, _)| *cell == CellVerdict::NotKnown);
            // What may be used for some hours more is no clean state, and not residual yet either.
            let within_time = leaver.cells.iter().any(|(cell, _)| *cell == CellVerdict::WithinTime);
            let too_early = within_time && leaver.open == 0;
            if leaver.complete_scopes < leaver.declared_scopes || in_doubt || too_early || !told_apart {
                totals.leavers_unverified += 1;
                continue;
            }
            if leaver.open == 0 {
                totals.leavers_clean += 1;
            } else {
                totals.leavers_residual += 1;
            }
            checked.push((String::from(id), stint));
        }
        Ok(checked)
    }

    #[expect(clippy::too_many_arguments, reason = "everything that is committed, in one place")]
    pub(super) fn changes(
        &mut self,
        closing: &Closing<'_>,
        systems: &[SystemFact],
        settlement: &Settlement,
        judgement: &Judgement,
        exception_idle_runs: IdleRuns,
        leavers_checked: Vec<(String, u32)>,
        totals: &Totals,
    ) -> RunChanges {
        let accepted_roster: Option<AcceptedRoster> = self.roster.accept.take();
        let mut ledger = Vec::new();
        if let Some(digest) = &self.roster.facts.digest {
            let decision = match (self.roster.state, self.roster.surge) {
                (RosterState::Accepted, true) => "surge",
                (RosterState::Accepted, false) => "accepted",
                (RosterState::Held | RosterState::None, _) => "held",
            };
            let event = LedgerEvent::Roster {
                by: closing.id.clone(),
                digest: digest.clone(),
                decision: String::from(decision),
            };
            ledger.push(event);
        }
        let read = || systems.iter().filter(|system| !closing.carried.holds(&system.id));
        for system in read() {
            for scope in &system.scopes {
                ledger.push(LedgerEvent::Coverage {
                    run: closing.id.clone(),
                    system: String::from(system.id.as_str()),
                    scope: String::from(scope.name.as_str()),
                    state: String::from(scope.state.as_str()),
                    objects: scope.objects,
                });
            }
        }
        ledger.extend(settlement.ledger.iter().cloned());
        RunChanges {
            memories: Vec::new(),
            ledger,
            scopes: read()
                .flat_map(|system| system.scopes.iter().map(|scope| (system.id.clone(), scope.clone())))
                .collect(),
            systems: read()
                .map(|system| {
                    let times = SystemTimes {
                        last_success_at: system.last_success_at,
                        last_complete_at: system.last_complete_at,
                    };
                    (system.id.clone(), times)
                })
                .collect(),
            totals: totals.clone(),
            leavers_checked,
            unattributed: judgement
                .unattributed
                .iter()
                .map(|grant| (grant.system.clone(), grant.kind, String::from(grant.grant_id.as_str())))
                .collect(),
            exception_idle_runs,
            accepted_roster,
            wishes: Vec::new(),
            roster_hold: match (self.roster.state, self.roster.surge, self.roster.baseline) {
                (RosterState::Held | RosterState::None, _, _) => Some(RosterHold::Held),
                (RosterState::Accepted, true, _) => Some(RosterHold::Surge),
                (RosterState::Accepted, false, true) => Some(RosterHold::Baseline),
                (RosterState::Accepted, false, false) => None,
            },
            roster_digest: self.roster.facts.digest.clone(),
        }
    }
}
