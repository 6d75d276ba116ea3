//! What must hold after every run, whatever went wrong: invariants 1, 2 and 7, and who keeps the books for the third.

use std::collections::BTreeSet;
use std::sync::Arc;

use holdover::findings::FindingState;
use holdover::report::{ExitCode, Report};
use holdover::roster::RosterState;
use scan_contract::{Instant, ScopeState, SystemId};

use crate::company::{Looked, Ran};
use crate::fault::{Fault, Met, Reached};
use crate::proof::Proofs;
use crate::truth::{CAST, Grant, Place, Truth, login_id, person_id, user_id};

/// What earlier runs showed, kept beside the store so that the store cannot excuse itself.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) proofs: Proofs,
    /// The roster in force, as the truth it tells.
    pub(crate) in_force: Option<Truth>,
    /// The last one that was accepted: a surge is judged, and waits for a word.
    accepted: Option<Truth>,
    /// What was open after the last run that was committed: person and grant.
    open: BTreeSet<(String, String)>,
    met: Arc<Met>,
}

/// The truth that the source of a place told.
pub(crate) fn told(looked: &Looked, place: Place) -> &Truth {
    match place.system() {
        "crm" => &looked.export,
        _ => &looked.live,
    }
}

fn scope_of(place: Place, grant: &Grant) -> String {
    match place {
        Place::Account => String::from("accounts"),
        Place::Token => String::from("tokens"),
        Place::User | Place::Login => String::from("users"),
        Place::Seat => String::from("app-assignments"),
        Place::ApiToken => String::from("api-tokens"),
        Place::Key => format!("keys/{}", user_id(grant.person)),
        Place::Consent => format!("user-grants/{}", login_id(grant.person)),
    }
}

/// How a scope ended; `None` where it was never declared.
pub(crate) fn state_of(report: &Report, system: &str, scope: &str) -> Option<ScopeState> {
    let system = report.systems.iter().find(|fact| fact.id == SystemId::from(system))?;
    system.scopes.iter().find(|fact| fact.name.as_str() == scope).map(|fact| fact.state)
}

/// Residual access at an instant, by the roster that tells who left.
fn owed(truth: &Truth, roster: &Truth, now: Instant) -> Vec<(String, Grant)> {
    let residual = truth.grants.iter().filter(|(id, grant)| {
        let left = roster.people[grant.person].left_at.filter(|at| *at <= roster.now);
        let listed = roster.is_listed(grant.person);
        let reviewed = roster.is_reviewed_as_anothers(id, grant.person);
        // The end of access is the beginning of that day; the settle time is over a day later.
        let settled = left.is_some_and(|at| now - at >= chrono::TimeDelta::days(1));
        truth.exists(grant) && truth.is_usable(grant) && listed && settled && !reviewed
    });
    residual.map(|(id, grant)| (id.clone(), grant.clone())).collect()
}

impl Watch {
    pub(crate) fn new(met: &Arc<Met>) -> Self {
        Self { proofs: Proofs::default(), in_force: None, accepted: None, open: BTreeSet::new(), met: Arc::clone(met) }
    }

    /// Holds one run against the truth.
    pub(crate) fn check(&mut self, ran: &Ran, faults: &[Fault]) -> Vec<String> {
        let mut wrong = ran.wrong.clone();
        let Some(report) = &ran.report else { return wrong };
        let before = (self.in_force.clone(), self.accepted.clone());
        if report.roster.state == RosterState::Accepted {
            self.in_force = Some(ran.looked.roster.clone());
            if !report.run.flags.roster_surge {
                self.accepted = Some(ran.looked.roster.clone());
            }
            if faults.iter().any(|fault| fault.holds_roster()) {
                wrong.push(String::from("a roster that is damaged was believed"));
            }
        } else {
            self.in_force = self.accepted.clone();
        }
        self.no_silent_miss(ran, report, &mut wrong);
        self.suppressed_by_exceptions_alone(ran, report, &mut wrong);
        if ran.claimed {
            never_clean_with_a_gap(ran, report, &mut wrong);
        }
        self.proofs.check(ran, report, self.in_force.as_ref(), &self.met, &mut wrong);
        if ran.committed {
            self.proofs.remember(report, &ran.looked);
            let open = report.findings.iter().filter(|finding| finding.state.is_open());
            self.open = open
                .map(|finding| (String::from(finding.person_id.as_str()), String::from(finding.grant_id.as_str())))
                .collect();
        } else {
            // What a run that died had believed, no later run knows of.
            (self.in_force, self.accepted) = before;
        }
        self.note(report, faults);
        wrong
    }

    fn no_silent_miss(&self, ran: &Ran, report: &Report, wrong: &mut Vec<String>) {
        let Some(roster) = &self.in_force else { return };
        for place in Place::ALL {
            let truth = told(&ran.looked, place);
            for (id, grant) in owed(truth, roster, truth.now.min(ran.looked.now)) {
                if grant.place != place {
                    continue;
                }
                let scope = scope_of(place, &grant);
                let complete = |scope: &str| state_of(report, place.system(), scope) == Some(ScopeState::Complete);
                // What hangs from somebody who could not be listed is no scope yet; the list itself is the gap then.
                let read = match state_of(report, place.system(), &scope) {
                    Some(state) => state == ScopeState::Complete,
                    None => place.parents().is_some() && complete("users"),
                };
                if !read {
                    continue;
                }
                let own = report.findings.iter().find(|finding| {
                    finding.grant_id.as_str() == id && finding.person_id.as_str() == person_id(grant.person)
                });
                let covered = || ran.looked.allowed.cover(grant.person, place.system(), ran.looked.now);
                let fine = own.is_some_and(|finding| {
                    finding.state.is_open() || (finding.state == FindingState::Suppressed && covered())
                });
                if !fine {
                    let state = own.map(|finding| finding.state);
                    wrong.push(format!(
                        "{id} of {} in {scope} is residual, its scope complete, and not open: {state:?}",
                        grant.person
                    ));
                }
            }
        }
        for (person, grant) in &self.open {
            // Whoever is gone from the roster for a day is watched as before (FND-5).
            let number = number_of(person);
            let known = report.findings.iter().chain(&report.closed);
            let told = known.into_iter().any(|one| one.grant_id.as_str() == grant && one.person_id.as_str() == person);
            if number < CAST && !told {
                wrong.push(format!("{grant} of {person} was open, and nothing is said of it"));
            }
        }
    }

    fn suppressed_by_exceptions_alone(&self, ran: &Ran, report: &Report, wrong: &mut Vec<String>) {
        for finding in report.findings.iter().filter(|finding| finding.state == FindingState::Suppressed) {
            let number = number_of(finding.person_id.as_str());
            if !ran.looked.allowed.cover(number, finding.system.as_str(), ran.looked.now) {
                wrong.push(format!("{} is suppressed, and no exception covers it", finding.grant_id));
            }
        }
        self.met.reached_if(Reached::ExceptionsInvalid, report.run.flags.exceptions_invalid);
        if ran.looked.allowed.has_invalid(ran.looked.now) && !report.run.flags.exceptions_invalid {
            wrong.push(String::from("an exception fails its checks, and nobody says so"));
        }
    }

    fn note(&self, report: &Report, faults: &[Fault]) {
        let met = &self.met;
        let flags = &report.run.flags;
        met.reached_if(Reached::RosterHeld, flags.roster_held);
        met.reached_if(Reached::Surge, flags.roster_surge);
        met.reached_if(Reached::BreakerFired, flags.breaker);
        met.reached_if(Reached::CleanRun, report.run.exit_code == ExitCode::Clean);
        let holds = |gate: &str| report.roster.gates.iter().any(|fact| fact.gate == gate && fact.holds);
        met.reached_if(Reached::WeekHeld, holds("ROS-15"));
        let has = |id: &str| report.notices.iter().any(|notice| notice.id == id);
        met.reached_if(Reached::RunInterrupted, has("run-interrupted"));
        met.reached_if(Reached::ClockNoticed, has("clock"));
        let okta = report.systems.iter().find(|system| system.id.as_str() == "okta");
        if let Some((okta, effort)) = okta.and_then(|okta| okta.effort.as_ref().map(|effort| (okta, effort))) {
            let whole = okta.scopes.iter().all(|scope| scope.state == ScopeState::Complete);
            let helped = whole && effort.retries > 0;
            met.reached_if(Reached::RetryThatHelped, helped);
            let (long, renewed) = (faults.contains(&Fault::OktaLimitLong), faults.contains(&Fault::OktaExpiresOnce));
            met.reached_if(Reached::LongWaitThatHelped, helped && long && effort.waited_seconds > 700.0);
            met.reached_if(Reached::RenewalThatHelped, helped && renewed);
        }
        for finding in &report.findings {
            met.reached_if(Reached::Confirmed, finding.state == FindingState::Confirmed);
            met.reached_if(Reached::Unverified, finding.state == FindingState::Unverified);
            met.reached_if(Reached::Suppressed, finding.state == FindingState::Suppressed);
        }
        let disputed =
            |one: &holdover::report::Contradiction| one.ticket_says == holdover::report::TicketWord::Disputed;
        met.reached_if(Reached::Disputed, report.contradictions.iter().any(disputed));
    }
}

/// The number of a person.
pub(crate) fn number_of(person: &str) -> usize {
    let number: usize = person.trim_start_matches("p-").parse().expect("a number");
    if number < CAST { number } else { number + CAST - 100 }
}

fn never_clean_with_a_gap(ran: &Ran, report: &Report, wrong: &mut Vec<String>) {
    let (complete, declared) = report.coverage();
    let flags = &report.run.flags;
    let roster = report.roster.state == RosterState::Accepted && !flags.roster_surge;
    let whole = complete == declared && roster && !ran.output_failed;
    if report.run.exit_code == ExitCode::Clean && (!whole || report.residual().next().is_some()) {
        wrong.push(format!("clean with {complete} of {declared} scopes, roster {:?}", report.roster.state));
    }
    if ran.output_failed && report.run.exit_code != ExitCode::Store {
        wrong.push(format!("an output could not be written, and the run says {:?}", report.run.exit_code));
    }
}

/// Once faults have stopped: what is open is what is true, and nothing is left unread.
pub(crate) fn settled(ran: &Ran) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(report) = &ran.report else {
        return vec![String::from("no run came to its end after the faults stopped")];
    };
    let (complete, declared) = report.coverage();
    if complete != declared {
        let left: Vec<String> = report
            .systems
            .iter()
            .flat_map(|system| &system.scopes)
            .filter(|scope| scope.state != ScopeState::Complete)
            .map(|scope| format!("{} {:?}", scope.name, scope.gaps))
            .collect();
        wrong.push(format!("{complete} of {declared} scopes after the faults stopped: {left:?}"));
    }
    let flags = &report.run.flags;
    if report.roster.state != RosterState::Accepted || flags.roster_surge {
        wrong.push(format!("the roster is {:?} after the faults stopped", report.roster.state));
    }
    let truth = &ran.looked.live;
    let has = |place: Place| report.systems.iter().any(|system| system.id.as_str() == place.system());
    let covered = |grant: &Grant| ran.looked.allowed.cover(grant.person, grant.place.system(), ran.looked.now);
    let mut owed: Vec<String> = owed(truth, truth, truth.now)
        .into_iter()
        .filter(|(_, grant)| has(grant.place) && !covered(grant))
        .map(|(id, grant)| format!("{id} of {}", person_id(grant.person)))
        .collect();
    let mut open: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.state.is_open())
        .filter(|finding| Place::of(finding.system.as_str(), finding.access_kind.as_str()).is_some())
        .map(|finding| format!("{} of {}", finding.grant_id, finding.person_id))
        .collect();
    owed.sort();
    open.sort();
    if owed != open {
        let (lost, false_ones): (Vec<_>, Vec<_>) = (
            owed.iter().filter(|one| !open.contains(one)).collect(),
            open.iter().filter(|one| !owed.contains(one)).collect(),
        );
        wrong.push(format!("after the faults stopped true and not open {lost:?}, open and not true {false_ones:?}"));
    }
    wrong
}
