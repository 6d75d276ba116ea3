//! What a run tells.

use std::sync::Arc;

use scan_contract::{AccessKind, Cause, GrantId, Instant, Mend, ScopeName, ScopeState, SystemId};
use serde::{Deserialize, Serialize};

use crate::exceptions::ExceptionState;
use crate::findings::{Finding, Severity};
use crate::roster::{PersonId, RosterState};

/// Exit code of a run, by name. One table for the whole program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitCode {
    /// Every declared scope complete, roster accepted and fresh, nothing open, all outputs written.
    Clean = 0,
    /// As clean, but open findings exist.
    Residual = 1,
    /// Wrong usage or configuration; nothing was scanned.
    Config = 2,
    /// Some scope not complete; nothing open where it looked.
    Gaps = 3,
    /// Both.
    GapsAndResidual = 4,
    /// Roster held, missing, or waiting for an operator.
    Roster = 5,
    /// Store, ledger or a report not durably written or not trusted.
    Store = 6,
    /// Another run holds the store.
    Busy = 7,
}

impl ExitCode {
    /// The number handed to the operating system.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What a number of the table means; another number is no code of ours.
    pub fn meaning_of(code: u8) -> &'static str {
        let all = [
            Self::Clean,
            Self::Residual,
            Self::Config,
            Self::Gaps,
            Self::GapsAndResidual,
            Self::Roster,
            Self::Store,
            Self::Busy,
        ];
        all.into_iter().find(|known| known.code() == code).map_or("unknown", Self::meaning)
    }

    /// What it means, in the words of the last line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Residual => "residual",
            Self::Config => "configuration",
            Self::Gaps => "gaps",
            Self::GapsAndResidual => "gaps, residual",
            Self::Roster => "roster",
            Self::Store => "store",
            Self::Busy => "busy",
        }
    }
}

/// Flags of a run. All of them stand in `run.json`; the exit code is the most urgent one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flags {
    /// Open findings at or above `fail_on`.
    pub residual: bool,
    /// Some declared scope is not complete, something is excluded, or a known app is not connected.
    pub gaps: bool,
    /// The newest roster is held, or none is in force.
    pub roster_held: bool,
    /// Many newly terminated people wait for an operator's word.
    pub roster_surge: bool,
    /// First roster ever.
    pub baseline: bool,
    /// Store, ledger or an output could not be written.
    pub store_failed: bool,
    /// The run was told to stop.
    pub interrupted: bool,
    /// A grant may belong to somebody who left.
    pub ambiguous: bool,
    /// The exceptions file, or an entry in it, is invalid.
    pub exceptions_invalid: bool,
    /// The ticket breaker is on.
    pub breaker: bool,
}

/// Facts of the run itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// `run-<instant>-<digits>`; with a chosen clock derived from that instant and the configuration.
    pub id: String,
    /// The run before, if any.
    pub previous_id: Option<String>,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Instant,
    /// The instant everything was judged at.
    pub as_of: Instant,
    /// Whether that instant was chosen rather than read from the clock.
    pub as_of_chosen: bool,
    /// Wall time in seconds; zero with a chosen clock.
    pub duration_seconds: f64,
    /// Organisation from the configuration.
    pub organisation: String,
    /// SHA-256 of the configuration, lower-case hex.
    pub config_digest: String,
    /// SHA-256 of the policy; `None` without one.
    pub policy_digest: Option<String>,
    /// SHA-256 over all rules.
    pub rules_digest: String,
    /// Version of Holdover.
    pub version: String,
    /// Version of the tz database.
    pub tz_version: String,
    /// Version of the mapping of rules to controls.
    pub controls_version: String,
    /// Flags.
    pub flags: Flags,
    /// Exit code.
    pub exit_code: ExitCode,
    /// Follow-up scopes that were not read because nobody of interest holds them.
    pub not_of_interest: u64,
    /// Files written, in order.
    pub written: Vec<String>,
}

/// One source of the roster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RosterSourceFacts {
    /// Configured id.
    pub id: String,
    /// Instant the source describes.
    pub as_of: Option<Instant>,
    /// Whether that instant is only the file's time.
    pub as_of_by_file_time: bool,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be used.
    pub rejected_rows: u64,
    /// People whose rows contradict each other.
    pub ambiguous_people: u64,
}

/// A gate that failed or was reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateFact {
    /// Gate number, such as `ROS-4`.
    pub gate: String,
    /// Source it concerns; `None` for the whole roster.
    pub source: Option<String>,
    /// Whether it holds the roster.
    pub holds: bool,
    /// Figures and limit, in one sentence. No future leaver is counted in it.
    pub says: String,
}

/// The roster in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RosterFacts {
    /// Whether the newest one is believed.
    pub state: RosterState,
    /// Digest of the newest files.
    pub digest: Option<String>,
    /// Digest of the roster in force, where it differs.
    pub in_force_digest: Option<String>,
    /// When the one in force was accepted.
    pub accepted_at: Option<Instant>,
    /// Sources.
    pub sources: Vec<RosterSourceFacts>,
    /// Gates that failed or speak up.
    pub gates: Vec<GateFact>,
    /// Conflicts between sources and rows, in words.
    pub conflicts: Vec<String>,
    /// People on it.
    pub people: u64,
    /// People whose access has ended.
    pub leavers: u64,
}

/// A gap of a scope, counted where it repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GapFact {
    /// Part concerned, hostile text; `None` is the whole scope.
    pub part: Option<String>,
    /// Why.
    pub cause: Cause,
    /// How many times the same cause was met in this scope (the first ones are listed).
    pub count: u64,
}

impl GapFact {
    /// Who can mend it.
    pub fn mend(&self) -> Mend {
        self.cause.mend()
    }
}

/// How far one scope was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScopeFact {
    /// Name inside the system.
    pub name: ScopeName,
    /// Scope kind of the manifest.
    pub kind: String,
    /// One of six.
    pub state: ScopeState,
    /// Whether the configuration leaves it out on purpose.
    pub excluded: bool,
    /// Distinct objects read.
    pub objects: u64,
    /// Distinct objects by access kind.
    pub objects_by_kind: Vec<(AccessKind, u64)>,
    /// Objects that came more than once.
    pub duplicates: u64,
    /// Objects that belong to nobody known.
    pub unattributed: u64,
    /// Instant its data describes.
    pub as_of: Option<Instant>,
    /// How its end was proven, in one word of the contract.
    pub proof: Option<String>,
    /// Digest of the source, where computed.
    pub sha256: Option<String>,
    /// Last complete read, this run included.
    pub last_complete_at: Option<Instant>,
    /// What was not read, worst first.
    pub gaps: Vec<GapFact>,
}

/// One configured system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SystemFact {
    /// Configured id.
    pub id: SystemId,
    /// Connector.
    pub connector: String,
    /// Digest of how it was configured when it was read; `None` in reports of versions that did not say.
    pub configuration: Option<String>,
    /// Objects that belonged to nobody when all systems were last read together. 0 where a system could be read since that
    /// could not be then; `None` in reports of versions that did not say.
    pub unattributed_together: Option<u64>,
    /// Provider word for metrics.
    pub provider: String,
    /// Tier, by word.
    pub tier: String,
    /// Team that can act.
    pub owner_team: Option<String>,
    /// Scopes, sorted by name.
    pub scopes: Vec<ScopeFact>,
    /// Whether every pass of the scanner came to its own end.
    pub ran_to_end: bool,
    /// Seconds it took; zero with a chosen clock.
    pub duration_seconds: f64,
    /// Share of the people on the roster who have an identity there, 0 to 1.
    pub matched_person_ratio: f64,
    /// Time of the last attempt, of the last run to the end, and of the last read without any gap.
    pub last_attempt_at: Instant,
    /// See above.
    pub last_success_at: Option<Instant>,
    /// See above.
    pub last_complete_at: Option<Instant>,
    /// Notices of the reader, such as ignored columns.
    pub notices: Vec<String>,
    /// What no reading of this platform can show.
    pub impossible: Vec<ImpossibleFact>,
    /// What reading it cost; `None` for files.
    pub effort: Option<EffortFact>,
    /// What the system says of the credential it was read with; `None` where it says nothing.
    pub credential: Option<CredentialFact>,
}

/// What a system says of the credential it was read with. What it does not say is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialFact {
    /// When it ends by itself.
    pub ends_at: Option<Instant>,
    /// Rights it has beyond need.
    pub excess_permissions: Option<u64>,
}

/// What reading a live system cost in one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EffortFact {
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Of these, repeats.
    pub retries: u64,
    /// Requests without a usable answer.
    pub failures: u64,
    /// Answers that told us to wait.
    pub throttled: u64,
    /// Seconds spent waiting for limits.
    pub waited_seconds: f64,
    /// Bytes received, after decompression.
    pub received: u64,
}

/// A cell of the observability ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImpossibleFact {
    /// What cannot be known.
    pub what: String,
    /// Kinds concerned.
    pub kinds: Vec<AccessKind>,
    /// What to do instead.
    pub instead: String,
}

/// A system that exists and may or may not be connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownApp {
    /// Name as listed.
    pub name: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// Configured system that reads it.
    pub connected_as: Option<SystemId>,
}

/// A grant that may belong to one of several people.
#[derive(Debug, Clone, PartialEq)]
pub struct AmbiguousGrant {
    /// System.
    pub system: SystemId,
    /// Scope.
    pub scope: ScopeName,
    /// Kind.
    pub kind: AccessKind,
    /// Grant.
    pub grant_id: GrantId,
    /// Text for people; hostile.
    pub grant_display: Option<String>,
    /// Candidates with their evidence, in order of id.
    pub candidates: Vec<(PersonId, Vec<String>)>,
    /// Whether one of them left: then it is a reason not to be clean.
    pub may_be_leaver: bool,
    /// Why it could not be decided.
    pub reason: String,
}

/// A grant that belongs to nobody known (a ghost).
#[derive(Debug, Clone, PartialEq)]
pub struct UnattributedGrant {
    /// System.
    pub system: SystemId,
    /// Scope.
    pub scope: ScopeName,
    /// Kind.
    pub kind: AccessKind,
    /// Grant.
    pub grant_id: GrantId,
    /// Text for people; hostile.
    pub grant_display: Option<String>,
    /// Why no one: no identifier, address outside the declared domains, no such person.
    pub reason: String,
    /// First run that listed it without an owner.
    pub first_seen_at: Instant,
    /// Team that answers for the backlog.
    pub owner_team: Option<String>,
}

/// How one leaver stands in one system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellVerdict {
    /// Something is open.
    Open,
    /// Only within the agreed time.
    WithinTime,
    /// Only covered by an exception.
    Excepted,
    /// Nothing found, and every scope complete.
    NoneFound,
    /// Nothing open where it looked; some scope is not complete, or something that was read may be theirs.
    NotKnown,
}

/// One leaver's row.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaverVerdict {
    /// Who.
    pub person_id: PersonId,
    /// Name for people, where the configuration shows names.
    pub display_name: Option<String>,
    /// When access should have ended.
    pub access_end_at: Instant,
    /// Worst open severity.
    pub worst: Option<Severity>,
    /// Open findings.
    pub open: u64,
    /// Per system, in the order of [`Report::systems`]: verdict and number of open findings.
    pub cells: Vec<(CellVerdict, u64)>,
    /// Complete scopes.
    pub complete_scopes: u64,
    /// Declared scopes.
    pub declared_scopes: u64,
}

/// An exception as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ExceptionFact {
    /// Its id.
    pub id: Arc<str>,
    /// State.
    pub state: ExceptionState,
    /// Whose, where.
    pub person_id: PersonId,
    /// System.
    pub system: String,
    /// End.
    pub expires_at: Instant,
    /// Findings it covers now.
    pub covers: u64,
    /// Ends within the warning window.
    pub expiring: bool,
    /// Matched nothing for three complete runs.
    pub stale: bool,
    /// Review overdue.
    pub review_overdue: bool,
    /// Why it is invalid.
    pub problems: Vec<String>,
}

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Must be read.
    Warning,
    /// Worth knowing.
    Note,
}

/// Something a run says that is neither finding nor gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// `roster-conflict`, `identity-unmatched`, `rule-skipped`, `baseline`, `exceptions-invalid`, `clock`, ...
    pub id: String,
    /// How loud.
    pub level: NoticeLevel,
    /// One sentence.
    pub says: String,
}

/// A planted leaver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SentinelFact {
    /// Planted person.
    pub person_id: PersonId,
    /// Where.
    pub system: SystemId,
    /// What.
    pub kind: AccessKind,
    /// Which grant.
    pub grant_id: GrantId,
    /// Whether it was found and judged as it must be.
    pub found: bool,
}

/// How a ticket says that all is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketWord {
    /// Somebody closed it.
    ClosedByHand,
    /// Somebody closed it again after Holdover had opened it again: only reported from here on.
    Disputed,
    /// Somebody closed it saying that nothing will be done: closed without an exception.
    Refused,
    /// It was deleted, moved out of sight, or is not ours to see.
    Missing,
}

impl TicketWord {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::ClosedByHand, Self::Disputed, Self::Refused, Self::Missing];

    /// The word used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClosedByHand => "closed_by_hand",
            Self::Disputed => "disputed",
            Self::Refused => "refused",
            Self::Missing => "missing",
        }
    }

    /// The value written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == word)
    }

    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            Self::ClosedByHand => "the ticket was closed by hand, and the access was seen since",
            Self::Disputed => "the ticket was closed by hand twice, and the access was seen since",
            Self::Refused => "the ticket was closed without an exception, and the access was seen since",
            Self::Missing => "the ticket is not there, and the access is",
        }
    }
}

/// The ticket says done, the system says no.
#[derive(Debug, Clone, PartialEq)]
pub struct Contradiction {
    /// Finding.
    pub fingerprint: crate::findings::Fingerprint,
    /// Whose.
    pub person_id: PersonId,
    /// Configured system.
    pub system: SystemId,
    /// What sort of access.
    pub access_kind: AccessKind,
    /// Which grant.
    pub grant_id: GrantId,
    /// How bad the finding is.
    pub severity: Severity,
    /// Configured tracker.
    pub tracker: String,
    /// Address of the ticket, hostile.
    pub ticket: Option<String>,
    /// What the ticket says.
    pub ticket_says: TicketWord,
    /// When it was closed.
    pub ticket_closed_at: Option<Instant>,
    /// When the access was last read in force: after that.
    pub last_seen_at: Instant,
    /// Team that can act.
    pub owner_team: Option<Arc<str>>,
}

/// Counters and histograms kept in the store over all runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Opened, by severity in the order of [`Severity::ALL`].
    pub opened: [u64; 5],
    /// Closed.
    pub closed: [u64; 5],
    /// Reopened.
    pub reopened: [u64; 5],
    /// Leavers whose first complete check found nothing.
    pub leavers_clean: u64,
    /// Leavers whose first complete check found something.
    pub leavers_residual: u64,
    /// Leavers not yet checked without a gap (a figure of this run).
    pub leavers_unverified: u64,
    /// Revocation delays: per severity, counts per bucket (upper bounds of [`DELAY_BUCKETS_SECONDS`], then +Inf), and sum.
    pub revocation_delay: [DelayHistogram; 5],
    /// Detection delays.
    pub detection_delay: DelayHistogram,
}

/// Upper bounds of the delay buckets in seconds: 1 h, 4 h, 8 h, 24 h, 48 h, 72 h, 7 d, 14 d, 30 d, 90 d.
pub const DELAY_BUCKETS_SECONDS: [u64; 10] =
    [3_600, 14_400, 28_800, 86_400, 172_800, 259_200, 604_800, 1_209_600, 2_592_000, 7_776_000];

/// A histogram over [`DELAY_BUCKETS_SECONDS`]. Counts are per bucket, not cumulative; the last one is +Inf.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DelayHistogram {
    /// Observations per bucket.
    pub counts: [u64; 11],
    /// Sum of all observations in seconds.
    pub sum_seconds: f64,
}

impl DelayHistogram {
    /// Adds one observation.
    pub fn observe(&mut self, seconds: u64) {
        let bucket =
            DELAY_BUCKETS_SECONDS.iter().position(|bound| seconds <= *bound).unwrap_or(DELAY_BUCKETS_SECONDS.len());
        self.counts[bucket] += 1;
        self.sum_seconds += seconds as f64;
    }
}

/// Everything a run tells. Vectors are sorted as outputs show them: findings by severity, end, system, fingerprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The run.
    pub run: RunFacts,
    /// The roster.
    pub roster: RosterFacts,
    /// Residual findings that are open, ambiguous or suppressed; also those within the agreed time (`due` false).
    pub findings: Vec<Finding>,
    /// Findings closed by this run.
    pub closed: Vec<Finding>,
    /// Grants that are switched off or cannot come back.
    pub remnants: Vec<Finding>,
    /// Paid seats of leavers.
    pub licenses: Vec<Finding>,
    /// Grants with several candidates.
    pub ambiguous: Vec<AmbiguousGrant>,
    /// Grants with no owner; the first ones, see `unattributed_total`.
    pub unattributed: Vec<UnattributedGrant>,
    /// How many there are in all.
    pub unattributed_total: u64,
    /// Configured systems, sorted by id.
    pub systems: Vec<SystemFact>,
    /// Known apps.
    pub known_apps: Vec<KnownApp>,
    /// Leavers, worst first.
    pub leavers: Vec<LeaverVerdict>,
    /// Exceptions.
    pub exceptions: Vec<ExceptionFact>,
    /// Planted leavers.
    pub sentinels: Vec<SentinelFact>,
    /// Tickets that say done while the system says no, in the order of findings.
    pub contradictions: Vec<Contradiction>,
    /// Notices.
    pub notices: Vec<Notice>,
    /// Figures over all runs.
    pub totals: Totals,
}

impl Report {
    /// Declared scopes and how many of them are complete.
    pub fn coverage(&self) -> (u64, u64) {
        let mut complete = 0;
        let mut declared = 0;
        for scope in self.systems.iter().flat_map(|system| &system.scopes) {
            declared += 1;
            complete += u64::from(scope.state == ScopeState::Complete);
        }
        (complete, declared)
    }

    /// Findings that count as residual access now: open, due, not suppressed, not ambiguous.
    pub fn residual(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state.is_open() && finding.due)
    }

    /// Findings within the agreed time.
    pub fn within_time(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state.is_open() && !finding.due)
    }
}
