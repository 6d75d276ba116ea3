//! What must hold after every run, whatever went wrong.

use std::collections::BTreeMap;

use holdover::emit::{Colour, EmitContext, Places, RuleTexts};
use holdover::findings::{Change, Finding, FindingState};
use holdover::report::{ExitCode, Report};
use holdover::roster::RosterState;
use holdover::store::{MemoryStore, Store as _};
use scan_contract::{ScopeState, SystemId};

use crate::company::{CANARY, Looked, Ran};
use crate::truth::{Grant, Place, Truth, person_id, user_id};

/// What earlier runs showed, kept beside the store so that the store cannot excuse itself.
#[derive(Default)]
pub(crate) struct Watch {
    /// Grants absent in a complete read, by system and id, with the instants of the data.
    absent: BTreeMap<(String, String), Vec<scan_contract::Instant>>,
    /// The roster in force, as the truth it tells.
    in_force: Option<Truth>,
}

/// Texts of no rule.
struct NoTexts;

impl RuleTexts for NoTexts {
    fn title(&self, _: &str) -> Option<&str> {
        None
    }
    fn reason(&self, _: &str) -> Option<&str> {
        None
    }
    fn remedy(&self, _: &str) -> Option<&str> {
        None
    }
    fn controls(&self, _: &str) -> Vec<&str> {
        Vec::new()
    }
    fn attack(&self, _: &str) -> Option<&str> {
        None
    }
    fn version(&self, _: &str) -> Option<u32> {
        None
    }
}

fn told(looked: &Looked, place: Place) -> &Truth {
    match place {
        Place::Account | Place::Token => &looked.export,
        Place::User | Place::Key => &looked.live,
    }
}

fn scope_of(place: Place, grant: &Grant) -> String {
    match place {
        Place::Account => String::from("accounts"),
        Place::Token => String::from("tokens"),
        Place::User => String::from("users"),
        Place::Key => format!("keys/{}", user_id(grant.person)),
    }
}

fn state_of(report: &Report, system: &str, scope: &str) -> Option<ScopeState> {
    let system = report.systems.iter().find(|fact| fact.id == SystemId::from(system))?;
    system.scopes.iter().find(|fact| fact.name.as_str() == scope).map(|fact| fact.state)
}

/// Whether the grant can be used at all: a key goes with its user.
fn exists(truth: &Truth, grant: &Grant) -> bool {
    grant.place != Place::Key || truth.grants.contains_key(&user_id(grant.person))
}

/// Residual access that a complete read must have shown, held against the roster in force.
fn owed(truth: &Truth, roster: &Truth) -> Vec<(String, Grant)> {
    let residual = truth.grants.iter().filter(|(_, grant)| {
        let left = roster.people[grant.person].left_at.filter(|at| *at <= roster.now);
        // The end of access is the beginning of that day; the settle time is over a day later.
        grant.enabled && exists(truth, grant) && left.is_some_and(|at| truth.now - at >= chrono::TimeDelta::days(1))
    });
    residual.map(|(id, grant)| (id.clone(), grant.clone())).collect()
}

impl Watch {
    /// Holds one run against the truth.
    pub(crate) fn check(&mut self, ran: &Ran, store: &MemoryStore) -> Vec<String> {
        let report = &ran.report;
        let mut wrong = Vec::new();
        let before = self.in_force.clone();
        if report.roster.state == RosterState::Accepted {
            self.in_force = Some(ran.looked.roster.clone());
        }
        self.no_silent_miss(ran, &mut wrong);
        never_clean_with_a_gap(report, &mut wrong);
        self.closed_with_proof(ran, &mut wrong);
        if !ran.committed {
            // What a run that died had believed, no later run knows of.
            self.in_force = before;
        }
        if let Err(error) = store.verify_ledger() {
            wrong.push(format!("the ledger does not verify: {error}"));
        }
        no_canary(report, &mut wrong);
        wrong
    }

    fn no_silent_miss(&self, ran: &Ran, wrong: &mut Vec<String>) {
        let report = &ran.report;
        let Some(roster) = &self.in_force else { return };
        for place in Place::ALL {
            for (id, grant) in owed(told(&ran.looked, place), roster) {
                if grant.place != place {
                    continue;
                }
                let scope = scope_of(place, &grant);
                let state = state_of(report, place.system(), &scope);
                // Keys of somebody whose user could not be listed are no scope yet; the list itself is the gap then.
                let complete = match state {
                    Some(state) => state == ScopeState::Complete,
                    None => state_of(report, place.system(), "users") == Some(ScopeState::Complete),
                };
                if !complete {
                    continue;
                }
                let open = report.findings.iter().any(|finding| {
                    finding.state.is_open()
                        && finding.grant_id.as_str() == id
                        && finding.person_id.as_str() == person_id(grant.person)
                });
                if !open {
                    wrong.push(format!(
                        "{id} of {} in {scope} is residual, its scope complete, and not open",
                        grant.person
                    ));
                }
            }
        }
    }

    fn closed_with_proof(&mut self, ran: &Ran, wrong: &mut Vec<String>) {
        let report = &ran.report;
        // Only what was committed was seen as far as later runs are concerned.
        for finding in &report.closed {
            if !self.may_close(finding, ran) {
                wrong.push(format!(
                    "{} of {} closed without proof: {:?}",
                    finding.grant_id, finding.person_id, finding.change
                ));
            }
        }
        if ran.committed {
            self.remember(report, &ran.looked);
        }
    }

    fn remember(&mut self, report: &Report, looked: &Looked) {
        for finding in &report.findings {
            let key = (String::from(finding.system.as_str()), String::from(finding.grant_id.as_str()));
            if finding.state == FindingState::Closing {
                let at = as_of(report, finding).unwrap_or(looked.live.now);
                self.absent.entry(key).or_default().push(at);
            } else if matches!(finding.state, FindingState::Observed | FindingState::Confirmed) {
                self.absent.remove(&key);
            }
        }
    }

    fn may_close(&self, finding: &Finding, ran: &Ran) -> bool {
        let place = match (finding.system.as_str(), finding.access_kind.as_str()) {
            ("crm", "account") => Place::Account,
            ("crm", _) => Place::Token,
            (_, "account") => Place::User,
            _ => Place::Key,
        };
        let truth = told(&ran.looked, place);
        let id = finding.grant_id.as_str();
        if finding.change == Change::Rehired {
            let number: usize = finding.person_id.as_str().trim_start_matches("p-").parse().expect("a number");
            return self.in_force.as_ref().is_some_and(|roster| !roster.has_left(number));
        }
        let complete = state_of(&ran.report, place.system(), finding.scope.as_str()) == Some(ScopeState::Complete);
        let grant = truth.grants.get(id);
        match grant {
            // Shown as switched off in a complete read.
            Some(grant) if exists(truth, grant) => complete && !grant.enabled,
            _ => {
                let key = (String::from(finding.system.as_str()), String::from(id));
                let now = as_of(&ran.report, finding).unwrap_or(truth.now);
                complete && self.absent.get(&key).is_some_and(|looks| looks.iter().any(|at| *at < now))
            }
        }
    }
}

fn as_of(report: &Report, finding: &Finding) -> Option<scan_contract::Instant> {
    let system = report.systems.iter().find(|fact| fact.id == finding.system)?;
    system.scopes.iter().find(|scope| scope.name == finding.scope)?.as_of
}

fn never_clean_with_a_gap(report: &Report, wrong: &mut Vec<String>) {
    let (complete, declared) = report.coverage();
    let whole = complete == declared && report.roster.state == RosterState::Accepted;
    if report.run.exit_code == ExitCode::Clean && (!whole || report.residual().next().is_some()) {
        wrong.push(format!("clean with {complete} of {declared} scopes, roster {:?}", report.roster.state));
    }
}

fn no_canary(report: &Report, wrong: &mut Vec<String>) {
    let context = EmitContext {
        persons: holdover::config::PersonDisplay::Name,
        key: None,
        rules: &NoTexts,
        places: &Places::default(),
        width: 100,
        colour: Colour::Off,
        csv_bom: false,
    };
    let mut text = Vec::new();
    holdover::emit::render(holdover::config::OutputFormat::Json, report, &context, &mut text).expect("JSON");
    if text.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
        wrong.push(String::from("a secret of the export stands in an output"));
    }
}

/// Once faults have stopped: what is open is what is true, and nothing is left unread.
pub(crate) fn settled(ran: &Ran) -> Vec<String> {
    let report = &ran.report;
    let mut wrong = Vec::new();
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
    let truth = &ran.looked.live;
    let mut owed: Vec<String> = owed(truth, truth).into_iter().map(|(id, _)| id).collect();
    let mut open: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.state.is_open())
        .map(|finding| finding.grant_id.as_str().to_owned())
        .collect();
    owed.sort();
    open.sort();
    if owed != open {
        wrong.push(format!("open {open:?}, true {owed:?}"));
    }
    wrong
}
