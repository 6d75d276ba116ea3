//! A report for the tests of the metrics: two systems, one of them not read to the end.

use std::sync::Arc;

use scan_contract::{AccessKind, ScopeState, SystemId};

use crate::exceptions::ExceptionState;
use crate::findings::{Finding, FindingState, Severity, UsedAfterEnd};
use crate::report::{
    ExceptionFact, ExitCode, Flags, Report, RosterFacts, RosterSourceFacts, ScopeFact, SystemFact, Totals,
};
use crate::roster::{PersonId, RosterState};
use crate::store::sample::{at, facts, memory, now, scope};

pub(super) fn finding(number: u32, system: &str, severity: Severity, state: FindingState) -> Finding {
    let mut finding = memory(number, state).finding;
    finding.system = SystemId::from(system);
    finding.severity = severity;
    finding
}

pub(super) fn system(id: &str, scopes: Vec<ScopeFact>) -> SystemFact {
    let complete = scopes.iter().all(|scope| scope.state == ScopeState::Complete);
    SystemFact {
        id: SystemId::from(id),
        connector: String::from("import"),
        configuration: None,
        unattributed_together: None,
        provider: String::from("import"),
        tier: String::from("tier1"),
        owner_team: None,
        scopes,
        ran_to_end: complete,
        duration_seconds: 1.25,
        matched_person_ratio: 0.75,
        last_attempt_at: now(),
        last_success_at: complete.then(now),
        last_complete_at: complete.then(now),
        notices: Vec::new(),
        impossible: Vec::new(),
        effort: None,
        credential: None,
    }
}

pub(super) fn source(id: &str) -> RosterSourceFacts {
    RosterSourceFacts {
        id: id.to_owned(),
        as_of: Some(at("2026-08-01T01:00:00Z")),
        as_of_by_file_time: false,
        rows: 4_211,
        rejected_rows: 2,
        ambiguous_people: 1,
    }
}

fn exception(id: &str, state: ExceptionState, expires_at: &str) -> ExceptionFact {
    ExceptionFact {
        id: Arc::from(id),
        state,
        person_id: PersonId::new("p-9"),
        system: String::from("crm"),
        expires_at: at(expires_at),
        covers: 1,
        expiring: expires_at < "2026-08-08",
        stale: false,
        review_overdue: false,
        problems: Vec::new(),
    }
}

fn findings() -> Vec<Finding> {
    let mut used = finding(1, "aws-prod", Severity::Critical, FindingState::Confirmed);
    used.used_after_end = UsedAfterEnd::After;
    used.access_end.at = at("2026-07-01T00:00:00Z");
    let mut second_of_the_same_person = finding(2, "aws-prod", Severity::High, FindingState::Unverified);
    second_of_the_same_person.person_id = used.person_id.clone();
    let mut within_time = finding(3, "crm", Severity::Medium, FindingState::Observed);
    within_time.due = false;
    let suppressed = finding(4, "crm", Severity::Low, FindingState::Suppressed);
    vec![used, second_of_the_same_person, within_time, suppressed]
}

pub(super) fn report() -> Report {
    let mut keys = scope("keys", ScopeState::Complete, 40);
    keys.objects_by_kind = vec![(AccessKind::AccessKey, 40), (AccessKind::Account, 30)];
    keys.unattributed = 3;
    let mut totals = Totals {
        opened: [3, 5, 0, 1, 0],
        closed: [2, 4, 0, 0, 0],
        leavers_clean: 187,
        leavers_residual: 12,
        leavers_unverified: 4,
        ..Totals::default()
    };
    for delay in [3_600, 3_601, 700_000, 9_000_000] {
        totals.revocation_delay[1].observe(delay);
    }
    let mut run = facts("run-1", at("2026-08-01T02:34:10Z"));
    run.flags = Flags { residual: true, gaps: true, ..Flags::default() };
    run.exit_code = ExitCode::GapsAndResidual;
    let mut remnant = finding(5, "aws-prod", Severity::Info, FindingState::Confirmed);
    remnant.access_kind = AccessKind::Account;
    Report {
        run,
        roster: RosterFacts {
            state: RosterState::Accepted,
            digest: Some(String::from("d1")),
            in_force_digest: None,
            accepted_at: Some(at("2026-08-01T02:30:01Z")),
            sources: vec![source("hris")],
            gates: Vec::new(),
            conflicts: Vec::new(),
            people: 4_200,
            leavers: 61,
        },
        findings: findings(),
        closed: Vec::new(),
        remnants: vec![remnant],
        licenses: vec![finding(6, "crm", Severity::Low, FindingState::Observed)],
        ambiguous: Vec::new(),
        unattributed: Vec::new(),
        unattributed_total: 3,
        systems: vec![
            system("aws-prod", vec![keys, scope("users", ScopeState::Denied, 0)]),
            system("crm", vec![scope("accounts", ScopeState::Failed, 0)]),
        ],
        known_apps: Vec::new(),
        leavers: Vec::new(),
        exceptions: vec![
            exception("e-1", ExceptionState::Active, "2026-08-05T00:00:00Z"),
            exception("e-2", ExceptionState::Active, "2026-09-05T00:00:00Z"),
            exception("e-3", ExceptionState::Expired, "2026-07-05T00:00:00Z"),
        ],
        sentinels: Vec::new(),
        contradictions: Vec::new(),
        notices: Vec::new(),
        totals,
    }
}
