//! Samples for the tests of the store.

use std::path::Path;
use std::sync::Arc;

use scan_contract::{
    AccessKind, Fact, GrantId, Instant, Moment, Privilege, Relation, ScopeName, ScopeState, Status, SystemId,
};

use crate::findings::{
    Change, Class, Confidence, Finding, FindingState, Fingerprint, MatchFacts, Memory, RuleHit, RuleUndecided,
    Severity, Usability, UsedAfterEnd,
};
use crate::report::{ExitCode, Flags, RunFacts, ScopeFact};
use crate::roster::{AccessEnd, EndSource, PersonId};
use crate::store::{AcceptedRoster, LedgerEvent, OpenOptions, SqliteStore, StoreError};

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn now() -> Instant {
    at("2026-08-01T02:30:00Z")
}

pub(crate) fn fingerprint(number: u32) -> Fingerprint {
    // Spread over the whole range, as digests are.
    let mixed = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Fingerprint(mixed.to_be_bytes())
}

/// A finding with something in every field.
pub(crate) fn memory(number: u32, state: FindingState) -> Memory {
    let end = at("2026-07-30T22:00:00Z");
    let finding = Finding {
        fingerprint: fingerprint(number),
        state,
        class: Class::Residual,
        rule: Arc::from("cloud-access-key-active"),
        rules: vec![RuleHit { rule: Arc::from("cloud-access-key-active"), version: 3 }],
        undecided: vec![RuleUndecided {
            rule: Arc::from("stale-stint-credential"),
            fact: String::from("access.created_at"),
        }],
        severity: Severity::High,
        severity_reasons: vec![String::from("admin reach in a tier-0 system"), String::from("usable now")],
        confidence: Confidence::High,
        person_id: PersonId::new(format!("p-{number}")),
        stint: 1,
        role_tier: None,
        system: SystemId::from("aws-prod"),
        scope: ScopeName::from("111122223333/iam.access-keys"),
        access_kind: AccessKind::AccessKey,
        subtype: None,
        grant_id: GrantId::from(format!("AKIA{number:016}")),
        grant_display: Some(String::from("key \u{202e}of <b>someone</b>\n")),
        target: None,
        relation: Relation::Holder,
        status: Status::Enabled,
        privilege: Privilege::Admin,
        usability: Usability::UsableNow,
        access_end: AccessEnd {
            at: end,
            earliest: end,
            latest: end,
            source: EndSource::EndDate,
            zone: Arc::from("Europe/Berlin"),
            zone_is_default: false,
            known_at: Some(at("2026-07-20T01:00:00Z")),
        },
        due_at: at("2026-07-31T06:00:00Z"),
        due: true,
        due_rule: Arc::from("default"),
        created_at: Fact::Known(Moment::exact(at("2024-02-29T12:00:00.123456789Z"))),
        last_used_at: Fact::Known(Moment { at: at("2026-07-31T00:00:00Z"), precision_seconds: 86_400 }),
        expires_at: Fact::Hidden(String::from("the source does not say")),
        live_until: None,
        used_after_end: UsedAfterEnd::Undecided,
        first_seen_at: at("2026-07-31T02:30:00Z"),
        last_seen_at: now(),
        last_complete_read_at: Some(now()),
        exposure_seconds: 102_600,
        matched: MatchFacts {
            method: String::from("work_email"),
            evidence: vec![String::from("work address on the roster of hris"), String::from("employee number")],
            chain: Vec::new(),
        },
        remediation: String::from("Deactivate the access key, look at its last use, then delete it."),
        controls: vec![Arc::from("NIST-800-53r5:PS-4"), Arc::from("ISO-27001:A.5.18")],
        exception_id: None,
        exception_expires_at: None,
        ticket: None,
        owner_team: Some(Arc::from("platform")),
        managed_by: None,
        notes: Vec::new(),
        evidence: vec![String::from("credential-report.csv line 17")],
        change: Change::New,
        revoked_between: None,
    };
    Memory {
        finding,
        absent: None,
        closed_at: None,
        reopened: 0,
        end_known_at: None,
        acknowledged: None,
        also_in: Vec::new(),
        seen_as_of: None,
    }
}

pub(crate) fn state_line(run: &str, memory: &Memory) -> LedgerEvent {
    LedgerEvent::State {
        run: run.to_owned(),
        fingerprint: memory.finding.fingerprint.to_string(),
        from: None,
        to: memory.finding.state.to_string(),
        why: String::from("first seen in a listing"),
    }
}

pub(crate) fn scope(name: &str, state: ScopeState, objects: u64) -> ScopeFact {
    ScopeFact {
        name: ScopeName::from(name),
        kind: String::from("iam.access-keys"),
        state,
        excluded: false,
        objects,
        objects_by_kind: Vec::new(),
        duplicates: 0,
        unattributed: 0,
        as_of: Some(at("2026-08-01T01:00:00Z")),
        proof: None,
        sha256: None,
        last_complete_at: None,
        gaps: Vec::new(),
    }
}

pub(crate) fn facts(run: &str, ended_at: Instant) -> RunFacts {
    RunFacts {
        id: run.to_owned(),
        previous_id: None,
        started_at: now(),
        ended_at,
        as_of: now(),
        as_of_chosen: false,
        duration_seconds: 1.5,
        organisation: String::from("acme"),
        config_digest: String::from("c1"),
        policy_digest: None,
        rules_digest: String::from("r1"),
        version: String::from("0.1.0"),
        tz_version: String::from("2026a"),
        controls_version: String::from("1"),
        flags: Flags::default(),
        exit_code: ExitCode::Residual,
        not_of_interest: 0,
        written: Vec::new(),
    }
}

pub(crate) fn roster(digest: &str, accepted_at: Instant) -> AcceptedRoster {
    AcceptedRoster {
        digest: digest.to_owned(),
        accepted_at,
        accepted_by: String::from("gates"),
        archive: digest.as_bytes().repeat(50),
        figures: format!("{{\"rows\":\"{digest}\"}}"),
    }
}

pub(crate) fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&path.join("state"), OpenOptions { allow_network: true, now: now() })
}

/// A fresh directory, in memory where the machine has one: thousands of synced commits would only measure the disk.
pub(crate) fn place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}
