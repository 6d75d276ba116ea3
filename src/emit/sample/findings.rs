//! Findings of the sample: one of every state, change, class and answer.

use std::sync::Arc;

use chrono::TimeDelta;
use scan_contract::{AccessKind, Fact, Moment, Privilege, Relation, Status, Subtype};

use super::at;
use crate::findings::{
    Change, Class, Confidence, Finding, FindingState, Fingerprint, MatchFacts, RuleHit, RuleUndecided, Severity,
    Usability, UsedAfterEnd,
};
use crate::roster::{AccessEnd, EndSource, PersonId, RoleTier};

/// What differs between findings.
pub(crate) struct Sketch<'a> {
    pub(crate) number: u8,
    pub(crate) person: &'a str,
    pub(crate) system: &'a str,
    pub(crate) kind: AccessKind,
    pub(crate) rule: &'a str,
    pub(crate) severity: Severity,
    pub(crate) state: FindingState,
    pub(crate) change: Change,
}

/// A finding with every field filled.
pub(crate) fn finding(sketch: &Sketch<'_>) -> Finding {
    let end = at("2026-07-30T09:33:00Z");
    let seen = at("2026-08-01T03:30:21Z");
    Finding {
        fingerprint: Fingerprint([sketch.number; 16]),
        state: sketch.state,
        class: Class::Residual,
        rule: Arc::from(sketch.rule),
        rules: vec![RuleHit { rule: Arc::from(sketch.rule), version: 3 }],
        undecided: vec![RuleUndecided {
            rule: Arc::from("regranted-after-end"),
            fact: String::from("access.created_at"),
        }],
        severity: sketch.severity,
        severity_reasons: vec![String::from("write and usable now"), String::from("tier 0: one step up")],
        confidence: Confidence::High,
        person_id: PersonId::new(sketch.person),
        stint: 1,
        role_tier: Some(RoleTier::Tier0),
        system: sketch.system.into(),
        scope: if sketch.system == "aws-prod" { "111122223333/iam.access-keys".into() } else { "accounts".into() },
        access_kind: sketch.kind,
        subtype: None,
        grant_id: format!("grant-{:02}", sketch.number).into(),
        grant_display: Some(format!("build-notifier {}", sketch.number)),
        target: None,
        relation: Relation::Holder,
        status: Status::Enabled,
        privilege: Privilege::Write,
        usability: Usability::UsableNow,
        access_end: AccessEnd {
            at: end,
            earliest: end,
            latest: end,
            source: EndSource::LastDayWorked,
            zone: Arc::from("Europe/Berlin"),
            zone_is_default: false,
            known_at: Some(at("2026-07-01T03:30:00Z")),
        },
        due_at: at("2026-07-30T13:33:00Z"),
        due: true,
        due_rule: Arc::from("tier0"),
        created_at: Fact::Known(Moment::exact(at("2024-11-05T09:12:44Z"))),
        last_used_at: Fact::not_given(),
        expires_at: Fact::None,
        live_until: None,
        used_after_end: UsedAfterEnd::NotKnown,
        first_seen_at: at("2026-07-31T03:30:11Z"),
        last_seen_at: seen,
        last_complete_read_at: Some(seen),
        exposure_seconds: (seen - end).num_seconds(),
        matched: MatchFacts {
            method: String::from("employee_id"),
            evidence: vec![format!("employee number {} on both sides", sketch.person)],
            chain: Vec::new(),
        },
        remediation: String::from("Deactivate the key, move the workload, delete the key."),
        controls: vec![Arc::from("NIST-800-53r5:PS-4"), Arc::from("NIST-800-53r5:AC-2(3)"), Arc::from("NHI1:2025")],
        exception_id: None,
        exception_expires_at: None,
        ticket: None,
        owner_team: Some(Arc::from("platform")),
        managed_by: None,
        notes: Vec::new(),
        evidence: vec![String::from("exports/keys.json, entry 12")],
        change: sketch.change,
        revoked_between: None,
    }
}

fn sketch(
    number: u8,
    person: &str,
    system: &'static str,
    severity: Severity,
    state: FindingState,
    change: Change,
) -> Finding {
    let (kind, rule) = if system == "aws-prod" {
        (AccessKind::AccessKey, "cloud-access-key-active")
    } else {
        (AccessKind::ApiToken, "api-token-active")
    };
    finding(&Sketch { number, person, system, kind, rule, severity, state, change })
}

pub(super) fn open() -> Vec<Finding> {
    let mut used = sketch(1, "p-4f1c9a", "aws-prod", Severity::Critical, FindingState::Confirmed, Change::New);
    used.grant_id = "AKIAIOSFODNN7EXAMPLE".into();
    used.target = Some(String::from("arn:aws:iam::111122223333:user/build-notifier"));
    used.last_used_at = Fact::Known(Moment::within(at("2026-07-30T22:22:00Z"), 14_400));
    used.used_after_end = UsedAfterEnd::After;
    used.rules.push(RuleHit { rule: Arc::from("used-after-end"), version: 1 });
    used.matched.chain =
        vec![String::from("key of build-notifier"), String::from("owner tag p-4f1c9a"), String::from("roster row 88")];
    used.managed_by = Some(String::from("terraform:infra/iam"));

    let mut known = sketch(2, "p-4f1c9a", "aws-prod", Severity::High, FindingState::Confirmed, Change::Unchanged);
    known.ticket = Some(String::from("https://tickets.example.org/browse/SEC-1042"));
    known.last_used_at = Fact::Known(Moment::day(chrono::NaiveDate::from_ymd_opt(2026, 7, 30).expect("a real day")));
    known.used_after_end = UsedAfterEnd::Undecided;

    let observed = sketch(3, "p-4f1c9a", "crm", Severity::Medium, FindingState::Observed, Change::New);
    let mut unverified = sketch(4, "p-90aa12", "crm", Severity::Medium, FindingState::Unverified, Change::Updated);
    unverified.last_seen_at = at("2026-07-31T03:30:11Z");
    unverified.exposure_seconds = 64_631;
    unverified.used_after_end = UsedAfterEnd::Before;
    let closing = sketch(5, "p-90aa12", "crm", Severity::Low, FindingState::Closing, Change::Unchanged);
    let reopened = sketch(6, "p-7", "crm", Severity::High, FindingState::Confirmed, Change::Reopened);
    let mut info = sketch(7, "p-7", "crm", Severity::Info, FindingState::Confirmed, Change::Unchanged);
    info.privilege = Privilege::None;
    info.usability = Usability::UsableIf;
    info.subtype = Some(Subtype::ExternalCollaborator);
    info.used_after_end = UsedAfterEnd::Never;
    info.last_used_at = Fact::None;

    let mut within = sketch(8, "p-5", "crm", Severity::High, FindingState::Observed, Change::New);
    within.due = false;
    within.due_at = at("2026-08-02T09:33:00Z");
    within.access_end.at += TimeDelta::hours(12);
    within.access_end.zone_is_default = true;
    within.access_end.latest += TimeDelta::hours(24);
    within.access_end.source = EndSource::EndDate;

    let mut suppressed = sketch(9, "p-90aa12", "aws-prod", Severity::High, FindingState::Suppressed, Change::Unchanged);
    suppressed.exception_id = Some(Arc::from("EX-2026-0031"));
    suppressed.exception_expires_at = Some(at("2026-08-07T00:00:00Z"));

    let mut ambiguous = sketch(10, "p-8", "crm", Severity::Medium, FindingState::Ambiguous, Change::New);
    ambiguous.confidence = Confidence::Low;
    ambiguous.matched.method = String::from("login");
    ambiguous.owner_team = None;
    vec![used, known, observed, unverified, closing, reopened, info, within, suppressed, ambiguous]
}

pub(super) fn closed() -> Vec<Finding> {
    let mut gone = sketch(20, "p-9", "crm", Severity::Medium, FindingState::Closed, Change::Closed);
    gone.revoked_between = Some((at("2026-07-30T03:30:00Z"), at("2026-07-31T03:30:00Z")));
    gone.last_seen_at = at("2026-07-31T03:30:00Z");
    gone.status = Status::Disabled;
    gone.usability = Usability::Dormant;
    gone.notes = vec![String::from("disabled, not removed")];
    let rehired = sketch(21, "p-14", "crm", Severity::Low, FindingState::Closed, Change::Rehired);
    vec![gone, rehired]
}

pub(super) fn remnants() -> Vec<Finding> {
    let mut dormant = sketch(30, "p-4f1c9a", "crm", Severity::Info, FindingState::Confirmed, Change::Unchanged);
    dormant.class = Class::Remnant;
    dormant.usability = Usability::Dormant;
    dormant.status = Status::Disabled;
    let mut inert = sketch(31, "p-9", "aws-prod", Severity::Low, FindingState::Confirmed, Change::New);
    inert.class = Class::Remnant;
    inert.usability = Usability::Inert;
    inert.status = Status::Expired;
    vec![dormant, inert]
}

pub(super) fn licenses() -> Vec<Finding> {
    let mut seat = finding(&Sketch {
        number: 40,
        person: "p-4f1c9a",
        system: "crm",
        kind: AccessKind::License,
        rule: "license-assigned",
        severity: Severity::Low,
        state: FindingState::Confirmed,
        change: Change::Unchanged,
    });
    seat.class = Class::License;
    seat.privilege = Privilege::None;
    vec![seat]
}
