//! One rich report for the tests of every format, built by hand: every state, every section, gaps of several kinds.

mod findings;

use std::sync::Arc;

use scan_contract::{AccessKind, Cause, Instant, ScopeState};

use super::context::{Colour, EmitContext, Places, RuleTexts};
use super::persons::PseudonymKey;
use crate::config::valid::PersonDisplay;
use crate::exceptions::ExceptionState;
use crate::findings::Severity::{Critical, Medium};
use crate::report::{
    AmbiguousGrant, CellVerdict, Contradiction, CredentialFact, DelayHistogram, EffortFact, ExceptionFact, ExitCode,
    Flags, GapFact, GateFact, ImpossibleFact, KnownApp, LeaverVerdict, Notice, NoticeLevel, Report, RosterFacts,
    RosterSourceFacts, RunFacts, ScopeFact, SentinelFact, SystemFact, TicketWord, Totals, UnattributedGrant,
};
use crate::roster::{PersonId, RosterState};

/// Texts of two rules; all others are unknown, as in a report of another version.
pub(crate) struct SampleRules;

impl RuleTexts for SampleRules {
    fn title(&self, id: &str) -> Option<&str> {
        match id {
            "cloud-access-key-active" => Some("Cloud access key active after end of employment"),
            "api-token-active" => Some("API token active after end of employment"),
            _ => None,
        }
    }

    fn reason(&self, id: &str) -> Option<&str> {
        (id == "cloud-access-key-active").then_some("A programmatic key of somebody who left can still be used.")
    }

    fn remedy(&self, id: &str) -> Option<&str> {
        (id == "cloud-access-key-active").then_some("Deactivate the key, move the workload, delete the key.")
    }

    fn controls(&self, id: &str) -> Vec<&str> {
        if id == "cloud-access-key-active" { vec!["NIST-800-53r5:PS-4", "NHI1:2025"] } else { Vec::new() }
    }

    fn attack(&self, id: &str) -> Option<&str> {
        match id {
            "cloud-access-key-active" => Some("T1078.004"),
            "api-token-active" => Some("T1528"),
            _ => None,
        }
    }

    fn version(&self, id: &str) -> Option<u32> {
        (id == "cloud-access-key-active").then_some(3)
    }
}

/// Where the sample's systems are declared.
pub(crate) fn places() -> Places {
    Places {
        configuration: String::from("examples/sample company/holdover.yaml"),
        systems: [("aws-prod".into(), 31), ("crm".into(), 44)].into_iter().collect(),
        rule_pages: Some(String::from("https://docs.example.org/holdover/rules/")),
    }
}

/// Ids, 100 columns, no colour.
pub(crate) fn context(places: &Places) -> EmitContext<'_> {
    EmitContext {
        persons: PersonDisplay::Id,
        key: None,
        rules: &SampleRules,
        places,
        width: 100,
        colour: Colour::Off,
        csv_bom: false,
    }
}

/// A key for pseudonyms.
pub(crate) fn key() -> PseudonymKey {
    PseudonymKey::new([42; 32])
}

/// An instant.
pub(crate) fn at(text: &str) -> Instant {
    text.parse().expect("tests write valid instants")
}

/// A run that went well, found nothing, and had nothing to look at but one scope.
pub(crate) fn empty() -> Report {
    let mut report = rich();
    report.run.flags = Flags::default();
    report.run.exit_code = ExitCode::Clean;
    report.run.previous_id = None;
    report.run.written = Vec::new();
    report.run.policy_digest = None;
    report.roster.state = RosterState::Accepted;
    report.roster.in_force_digest = None;
    report.roster.gates = Vec::new();
    report.roster.conflicts = Vec::new();
    report.roster.leavers = 1;
    report.systems.retain(|system| system.id.as_str() == "crm");
    report.systems[0].scopes.retain(|scope| scope.state == ScopeState::Complete);
    report.systems[0].impossible = Vec::new();
    report.findings = Vec::new();
    report.closed = Vec::new();
    report.remnants = Vec::new();
    report.licenses = Vec::new();
    report.ambiguous = Vec::new();
    report.unattributed = Vec::new();
    report.unattributed_total = 0;
    report.known_apps = Vec::new();
    report.leavers.retain(|leaver| leaver.person_id.as_str() == "p-6");
    report.leavers[0].cells = vec![(CellVerdict::NoneFound, 0)];
    (report.leavers[0].complete_scopes, report.leavers[0].declared_scopes) = (1, 1);
    report.exceptions = Vec::new();
    report.sentinels = Vec::new();
    report.contradictions = Vec::new();
    report.notices = Vec::new();
    report.totals = Totals::default();
    report
}

/// Everything at once.
pub(crate) fn rich() -> Report {
    let mut report = Report {
        run: run(),
        roster: roster(),
        findings: findings::open(),
        closed: findings::closed(),
        remnants: findings::remnants(),
        licenses: findings::licenses(),
        ambiguous: ambiguous(),
        unattributed: unattributed(),
        unattributed_total: 41,
        systems: systems(),
        known_apps: vec![
            KnownApp { name: String::from("Customer desk"), owner: None, connected_as: Some("crm".into()) },
            KnownApp { name: String::from("Wiki"), owner: Some(String::from("workplace")), connected_as: None },
        ],
        leavers: leavers(),
        exceptions: exceptions(),
        sentinels: sentinels(),
        contradictions: contradictions(),
        notices: notices(),
        totals: totals(),
    };
    super::order::sort(&mut report.findings);
    report
}

fn run() -> RunFacts {
    RunFacts {
        id: String::from("run-2026-08-01T03:30:00Z-8d21"),
        previous_id: Some(String::from("run-2026-07-31T03:30:00Z-77aa")),
        started_at: at("2026-08-01T03:30:00.123456789Z"),
        ended_at: at("2026-08-01T03:34:10Z"),
        as_of: at("2026-08-01T03:30:00Z"),
        as_of_chosen: false,
        duration_seconds: 249.876_543_211,
        organisation: String::from("acme"),
        config_digest: "c0ffee".repeat(10) + "abcd",
        policy_digest: Some("4c1e".repeat(16)),
        rules_digest: "5eed".repeat(16),
        version: String::from("0.1.0"),
        tz_version: String::from("2026b"),
        controls_version: String::from("1"),
        flags: Flags {
            residual: true,
            gaps: true,
            roster_held: true,
            ambiguous: true,
            exceptions_invalid: true,
            ..Flags::default()
        },
        exit_code: ExitCode::Roster,
        not_of_interest: 1_207,
        written: vec![String::from("out/findings.ndjson"), String::from("out/findings.csv")],
    }
}

fn roster() -> RosterFacts {
    RosterFacts {
        state: RosterState::Held,
        digest: Some("a1".repeat(32)),
        in_force_digest: Some("b2".repeat(32)),
        accepted_at: Some(at("2026-07-31T03:31:00Z")),
        sources: vec![RosterSourceFacts {
            id: String::from("hris"),
            as_of: Some(at("2026-08-01T01:00:00Z")),
            as_of_by_file_time: true,
            rows: 4_211,
            rejected_rows: 2,
            ambiguous_people: 1,
        }],
        gates: vec![
            GateFact {
                gate: String::from("ROS-4"),
                source: Some(String::from("hris")),
                holds: true,
                says: String::from("4211 rows, 5890 in the roster before: 28 % fewer, allowed 10 %"),
            },
            GateFact {
                gate: String::from("ROS-9"),
                source: None,
                holds: false,
                says: String::from("2 rows without an end of line"),
            },
        ],
        conflicts: vec![String::from("p-0099: hris and payroll give different end dates")],
        people: 4_208,
        leavers: 311,
    }
}

fn scope(name: &str, state: ScopeState, gaps: Vec<GapFact>) -> ScopeFact {
    let complete = state == ScopeState::Complete;
    ScopeFact {
        name: name.into(),
        kind: name.to_owned(),
        state,
        excluded: matches!(gaps.first(), Some(GapFact { cause: Cause::Excluded { .. }, .. })),
        objects: if complete { 1_200 } else { 17 },
        objects_by_kind: vec![(AccessKind::Account, 1_000), (AccessKind::ApiToken, 200)],
        duplicates: 3,
        unattributed: 41,
        as_of: Some(at("2026-08-01T02:00:00Z")),
        proof: complete.then(|| String::from("end-line")),
        sha256: complete.then(|| "0d".repeat(32)),
        last_complete_at: Some(if complete { at("2026-08-01T03:31:00Z") } else { at("2026-07-20T03:30:00Z") }),
        gaps,
    }
}

fn gap(part: Option<&str>, cause: Cause, count: u64) -> GapFact {
    GapFact { part: part.map(str::to_owned), cause, count }
}

/// One cause of every sort.
pub(crate) fn causes() -> Vec<Cause> {
    let text = String::from;
    vec![
        Cause::Denied { permission: text("iam:ListSSHPublicKeys") },
        Cause::Unauthenticated { detail: text("401") },
        Cause::NotOnPlan { what: text("audit log of an enterprise plan") },
        Cause::NotSupported { what: text("sessions") },
        Cause::Throttled { until: Some(at("2026-08-01T04:00:00Z")) },
        Cause::Throttled { until: None },
        Cause::Unreachable { step: text("open exports/crm.ndjson"), detail: text("no such file") },
        Cause::Malformed { what: text("line 7 is no JSON") },
        Cause::CutOff { what: text("no end line after line 812") },
        Cause::CountDiffers { what: text("accounts"), announced: 12, found: 11 },
        Cause::DigestDiffers { what: text("crm.csv: 1f.., expected 2e..") },
        Cause::UnknownWord { field: text("status"), word: text("parked"), rows: 3, first: text("line 12") },
        Cause::WrongSystem { declared: text("111122223333"), found: text("444455556666") },
        Cause::NotProven { what: text("no manifest") },
        Cause::Stale { as_of: text("2026-07-01T00:00:00Z"), age: text("31 d"), allowed: text("26 h") },
        Cause::NotInSource { what: text("api-tokens") },
        Cause::Excluded { reason: text("read-only copies"), until: text("2026-12-31") },
        Cause::Needs { what: text("allow_list_accessors") },
        Cause::ProducerGap { detail: text("rate limit") },
        Cause::NotSeen { what: text("account u-1") },
        Cause::SuspiciousDrop { before: 900, found: 17 },
        Cause::LimitHit { limit: text("64 MiB a reply") },
        Cause::Stopped,
        Cause::Bug { what: text("panic in a reader") },
    ]
}

fn systems() -> Vec<SystemFact> {
    let system = |id: &str, connector: &str, scopes: Vec<ScopeFact>| SystemFact {
        id: id.into(),
        connector: connector.to_owned(),
        configuration: None,
        unattributed_together: None,
        provider: connector.to_owned(),
        tier: String::from("tier0"),
        owner_team: Some(String::from("platform")),
        scopes,
        ran_to_end: true,
        duration_seconds: 12.345_678_901_234_5,
        matched_person_ratio: 0.123_456_789_012_345_67,
        last_attempt_at: at("2026-08-01T03:30:00Z"),
        last_success_at: Some(at("2026-08-01T03:31:00Z")),
        last_complete_at: None,
        notices: vec![String::from("column Foo is not used")],
        impossible: vec![ImpossibleFact {
            what: String::from("sessions opened before the export"),
            kinds: vec![AccessKind::Session],
            instead: String::from("end all sessions of the account"),
        }],
        effort: (connector == "aws").then_some(EffortFact {
            requests: 432,
            retries: 12,
            failures: 1,
            throttled: 12,
            waited_seconds: 7.25,
            received: 3_481_600,
        }),
        credential: (connector == "aws")
            .then_some(CredentialFact { ends_at: Some(at("2026-09-01T00:00:00Z")), excess_permissions: None }),
    };
    let many = causes()
        .into_iter()
        .enumerate()
        .map(|(number, cause)| gap(Some(&format!("part {number}")), cause, 1))
        .collect();
    vec![
        system(
            "aws-prod",
            "aws",
            vec![
                scope("111122223333/iam.access-keys", ScopeState::Complete, Vec::new()),
                scope(
                    "111122223333/iam.ssh-public-keys",
                    ScopeState::Denied,
                    vec![gap(None, Cause::Denied { permission: String::from("iam:ListSSHPublicKeys") }, 1)],
                ),
            ],
        ),
        system(
            "crm",
            "import",
            vec![
                scope("accounts", ScopeState::Complete, Vec::new()),
                scope("api-tokens", ScopeState::Partial, many),
                scope(
                    "archive",
                    ScopeState::NotAttempted,
                    vec![gap(
                        None,
                        Cause::Excluded { reason: String::from("read-only copies"), until: String::from("2026-12-31") },
                        1,
                    )],
                ),
                scope("sessions", ScopeState::Interrupted, Vec::new()),
            ],
        ),
    ]
}

fn ambiguous() -> Vec<AmbiguousGrant> {
    vec![
        AmbiguousGrant {
            system: "crm".into(),
            scope: "accounts".into(),
            kind: AccessKind::Account,
            grant_id: "u-77".into(),
            grant_display: Some(String::from("a.example")),
            candidates: vec![
                (PersonId::new("p-10"), vec![String::from("had the address until 2024")]),
                (PersonId::new("p-11"), vec![String::from("has the address since 2025")]),
            ],
            may_be_leaver: true,
            reason: String::from("two people had this address, and the grant has no creation time"),
        },
        AmbiguousGrant {
            system: "crm".into(),
            scope: "accounts".into(),
            kind: AccessKind::Account,
            grant_id: "u-78".into(),
            grant_display: None,
            candidates: vec![(PersonId::new("p-12"), Vec::new()), (PersonId::new("p-13"), Vec::new())],
            may_be_leaver: false,
            reason: String::from("same name only"),
        },
    ]
}

fn unattributed() -> Vec<UnattributedGrant> {
    vec![UnattributedGrant {
        system: "crm".into(),
        scope: "accounts".into(),
        kind: AccessKind::Account,
        grant_id: "svc-9".into(),
        grant_display: Some(String::from("nightly import")),
        reason: String::from("no identifier that leads to a person"),
        first_seen_at: at("2026-06-01T03:30:00Z"),
        owner_team: Some(String::from("sales systems")),
    }]
}

fn leavers() -> Vec<LeaverVerdict> {
    let leaver = |id: &str, open, worst, cells: [(CellVerdict, u64); 2], complete| LeaverVerdict {
        person_id: PersonId::new(id),
        display_name: Some(format!("Ada {id} Example")),
        access_end_at: at("2026-07-30T09:33:00Z"),
        worst,
        open,
        cells: cells.to_vec(),
        complete_scopes: complete,
        declared_scopes: 6,
    };
    vec![
        leaver("p-4f1c9a", 3, Some(Critical), [(CellVerdict::Open, 2), (CellVerdict::Open, 1)], 2),
        leaver("p-90aa12", 1, Some(Medium), [(CellVerdict::Excepted, 0), (CellVerdict::Open, 1)], 2),
        leaver("p-5", 0, None, [(CellVerdict::NotKnown, 0), (CellVerdict::WithinTime, 0)], 2),
        leaver("p-6", 0, None, [(CellVerdict::NotKnown, 0), (CellVerdict::NotKnown, 0)], 2),
        leaver("p-15", 0, None, [(CellVerdict::Excepted, 0), (CellVerdict::NotKnown, 0)], 2),
    ]
}

fn exceptions() -> Vec<ExceptionFact> {
    let exception = |id: &str, state| ExceptionFact {
        id: Arc::from(id),
        state,
        person_id: PersonId::new("p-90aa12"),
        system: String::from("aws-prod"),
        expires_at: at("2026-08-07T00:00:00Z"),
        covers: u64::from(state == ExceptionState::Active),
        expiring: state == ExceptionState::Active,
        stale: false,
        review_overdue: false,
        problems: Vec::new(),
    };
    let mut invalid = exception("EX-2026-0032", ExceptionState::Invalid);
    invalid.problems = vec![String::from("approver is the person themselves")];
    vec![exception("EX-2026-0031", ExceptionState::Active), invalid]
}

fn sentinels() -> Vec<SentinelFact> {
    let sentinel = |grant: &str, found| SentinelFact {
        person_id: PersonId::new("p-canary"),
        system: "crm".into(),
        kind: AccessKind::ApiToken,
        grant_id: grant.into(),
        found,
    };
    vec![sentinel("tok_canary", true), sentinel("tok_canary_2", false)]
}

fn contradictions() -> Vec<Contradiction> {
    let finding = findings::open().into_iter().next().expect("the sample has findings");
    let one = |tracker: &str, ticket: Option<&str>, ticket_says, closed: Option<&str>| Contradiction {
        fingerprint: finding.fingerprint,
        person_id: finding.person_id.clone(),
        system: finding.system.clone(),
        access_kind: finding.access_kind,
        grant_id: finding.grant_id.clone(),
        severity: finding.severity,
        tracker: tracker.to_owned(),
        ticket: ticket.map(ToOwned::to_owned),
        ticket_says,
        ticket_closed_at: closed.map(at),
        last_seen_at: finding.last_seen_at,
        owner_team: finding.owner_team.clone(),
    };
    let url = "https://tickets.example.org/browse/SEC-1042";
    vec![
        one("jira-sec", Some(url), TicketWord::Refused, Some("2026-07-31T16:00:00Z")),
        one("rt", None, TicketWord::Missing, None),
    ]
}

fn notices() -> Vec<Notice> {
    let notice = |id: &str, level, says: &str| Notice { id: id.to_owned(), level, says: says.to_owned() };
    vec![
        notice("roster-conflict", NoticeLevel::Warning, "p-0099 has two end dates"),
        notice("rule-skipped", NoticeLevel::Note, "stale-stint-credential needs access.created_at"),
    ]
}

fn totals() -> Totals {
    let mut delay = DelayHistogram::default();
    delay.observe(7_200);
    delay.observe(9_999_999);
    delay.sum_seconds += 0.1;
    Totals {
        opened: [1, 2, 3, 4, 5],
        closed: [0, 1, 0, 1, 0],
        reopened: [0, 0, 1, 0, 0],
        leavers_clean: 300,
        leavers_residual: 9,
        leavers_unverified: 2,
        revocation_delay: [
            delay.clone(),
            DelayHistogram::default(),
            delay.clone(),
            DelayHistogram::default(),
            DelayHistogram::default(),
        ],
        detection_delay: delay,
    }
}
