//! Invariant 3: nothing closes without proof. The proofs are kept here from the truth that each source told, by code that
//! has never seen the state machine.

use std::collections::BTreeMap;

use holdover::findings::{Change, Finding, FindingState};
use holdover::report::Report;
use scan_contract::{Instant, ScopeState};

use crate::check::{number_of, state_of, told};
use crate::company::{Looked, Ran};
use crate::fault::{Met, Reached};
use crate::truth::{Place, Truth};

/// A finding: system, scope, kind, grant, person.
type Key = (String, String, String, String, String);

/// Absent looks at everything that was ever a finding, since it was last seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proofs {
    looks: BTreeMap<Key, Vec<Instant>>,
    /// What was suppressed in the last run that was committed.
    suppressed: Vec<Key>,
}

fn key(finding: &Finding) -> Key {
    let text = |text: &str| String::from(text);
    (
        text(finding.system.as_str()),
        text(finding.scope.as_str()),
        text(finding.access_kind.as_str()),
        text(finding.grant_id.as_str()),
        text(finding.person_id.as_str()),
    )
}

fn as_of(report: &Report, (system, scope, ..): &Key) -> Option<Instant> {
    let system = report.systems.iter().find(|fact| fact.id.as_str() == system)?;
    system.scopes.iter().find(|fact| fact.name.as_str() == scope)?.as_of
}

/// How a source shows the grant of a finding.
enum Shown {
    InForce,
    Ended,
    /// Not there.
    Gone,
    /// Reviewed as a colleague's.
    HandedOver,
}

fn shown(looked: &Looked, place: Place, (.., id, person): &Key) -> Shown {
    let truth = told(looked, place);
    let reviewed = looked.roster.is_reviewed_as_anothers(id, number_of(person));
    match truth.grants.get(id) {
        Some(grant) if truth.exists(grant) => {
            if reviewed {
                Shown::HandedOver
            } else if grant.person != number_of(person) {
                // Somebody else's, and nobody looked: it may be this person's still.
                Shown::InForce
            } else if place == Place::ApiToken && !grant.enabled {
                // Okta takes a token out of its list when it ends: it is gone, and not shown as ended.
                Shown::Gone
            } else if truth.is_usable(grant) {
                Shown::InForce
            } else {
                Shown::Ended
            }
        }
        Some(_) | None => Shown::Gone,
    }
}

fn is_complete(report: &Report, (system, scope, ..): &Key) -> bool {
    state_of(report, system, scope) == Some(ScopeState::Complete)
}

impl Proofs {
    /// Whether everything that closed in this run may have.
    pub(crate) fn check(
        &self,
        ran: &Ran,
        report: &Report,
        in_force: Option<&Truth>,
        met: &Met,
        wrong: &mut Vec<String>,
    ) {
        for finding in &report.closed {
            let Some(place) = Place::of(finding.system.as_str(), finding.access_kind.as_str()) else { continue };
            if !self.may_close(finding, place, ran, report, in_force, met) {
                wrong.push(format!(
                    "{} of {} closed without proof: {:?}",
                    finding.grant_id, finding.person_id, finding.change
                ));
            }
        }
        for finding in &report.findings {
            met.reached_if(Reached::Reopened, finding.change == Change::Reopened);
            met.reached_if(
                Reached::ConfirmedBySecondLook,
                finding.change == Change::New
                    && finding.state == FindingState::Confirmed
                    && finding.system.as_str() != "crm",
            );
            let ended = finding.state.is_open() && self.suppressed.contains(&key(finding));
            met.reached_if(Reached::SuppressionEnded, ended);
        }
    }

    fn may_close(
        &self,
        finding: &Finding,
        place: Place,
        ran: &Ran,
        report: &Report,
        in_force: Option<&Truth>,
        met: &Met,
    ) -> bool {
        let key = key(finding);
        if finding.change == Change::Rehired {
            let number = number_of(finding.person_id.as_str());
            let employed = in_force.is_some_and(|roster| roster.is_listed(number) && !roster.has_left(number));
            met.reached_if(Reached::ClosedByRehire, employed);
            return employed;
        }
        if !is_complete(report, &key) {
            return false;
        }
        let now = as_of(report, &key).unwrap_or(ran.looked.now);
        let twice = self.looks.get(&key).is_some_and(|looks| looks.iter().any(|at| *at < now));
        match shown(&ran.looked, place, &key) {
            Shown::InForce => false,
            Shown::Ended => {
                met.reached(Reached::ClosedAsEnded);
                true
            }
            Shown::Gone => {
                met.reached_if(Reached::ClosedByTwoLooks, twice);
                twice
            }
            Shown::HandedOver => {
                met.reached_if(Reached::ClosedAfterHandOver, twice);
                twice
            }
        }
    }

    /// What a run that was committed showed of everything that was ever a finding.
    pub(crate) fn remember(&mut self, report: &Report, looked: &Looked) {
        for finding in report.findings.iter().chain(&report.closed) {
            self.looks.entry(key(finding)).or_default();
        }
        for (key, looks) in &mut self.looks {
            let Some(place) = Place::of(&key.0, &key.2) else { continue };
            match shown(looked, place, key) {
                // Seen is seen, whether or not the rest was read.
                Shown::InForce | Shown::Ended => {
                    if is_complete(report, key) {
                        looks.clear();
                    }
                }
                Shown::Gone | Shown::HandedOver => {
                    if is_complete(report, key) {
                        looks.push(as_of(report, key).unwrap_or(looked.now));
                    }
                }
            }
        }
        let suppressed = report.findings.iter().filter(|finding| finding.state == FindingState::Suppressed);
        self.suppressed = suppressed.map(key).collect();
    }
}
