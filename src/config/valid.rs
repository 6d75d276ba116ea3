//! The configuration after every check: the only form the program sees.

use std::path::PathBuf;
use std::time::Duration;

use scan_contract::{AccessKind, GrantId, Instant, ScopeName, SystemId};

use crate::findings::Severity;
use crate::roster::{EndBasis, LeavePolicy, PersonId, RoleTier};

/// A configured file with an optional digest that proves it whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenFile {
    /// Path, relative to the configuration's folder unless absolute.
    pub path: PathBuf,
    /// Expected SHA-256, lower-case hex.
    pub sha256: Option<String>,
}

/// How persons are shown in an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonDisplay {
    /// Roster id only (default).
    Id,
    /// Id and name.
    Name,
    /// A pseudonym: stable per state directory, not reversible without it. Grant ids are masked.
    Pseudonym,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputFormat {
    /// Table for people.
    Table,
    /// JSON v1.
    Json,
    /// One JSON object a line: run, findings, gaps, notices.
    Ndjson,
    /// OCSF 1.8.0, NDJSON.
    Ocsf,
    /// SARIF 2.1.0.
    Sarif,
    /// RFC 4180.
    Csv,
    /// Markdown.
    Markdown,
    /// One self-contained page.
    Html,
}

impl OutputFormat {
    /// Every format.
    pub const ALL: [Self; 8] =
        [Self::Table, Self::Json, Self::Ndjson, Self::Ocsf, Self::Sarif, Self::Csv, Self::Markdown, Self::Html];

    /// The word used in flags and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Ocsf => "ocsf",
            Self::Sarif => "sarif",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// The format written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }
}

/// One output file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputConfig {
    /// Format.
    pub format: OutputFormat,
    /// Path; `-` is standard output.
    pub path: PathBuf,
    /// How persons are shown. SARIF defaults to pseudonyms.
    pub persons: PersonDisplay,
    /// Byte-order mark for spreadsheet programs (CSV only).
    pub csv_bom: bool,
}

/// What the metrics file may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsDetail {
    /// All families.
    Kind,
    /// Without the families by kind and rule.
    System,
}

/// Metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsConfig {
    /// Textfile for node exporter; must end in `.prom`.
    pub textfile: Option<PathBuf>,
    /// Pushgateway that every run hands them to.
    pub pushgateway: Option<PushgatewayConfig>,
    /// What may be told.
    pub detail: MetricsDetail,
}

/// A Pushgateway.
#[derive(Debug, Clone, PartialEq)]
pub struct PushgatewayConfig {
    /// Its address: `https`, or `http` to a loopback address.
    pub url: url::Url,
    /// How it is reached.
    pub connection: scan_transport::Connection,
}

/// What a login says about a person, where the configuration declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMeaning {
    /// Nothing is inferred (default).
    Nothing,
    /// The part of the work address before the `@`.
    EmailLocalPart,
    /// The number in the roster.
    EmployeeId,
}

/// A scope that is left out on purpose (COV-4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Scope name.
    pub scope: ScopeName,
    /// Why, in words.
    pub reason: String,
    /// Last day it holds.
    pub until: chrono::NaiveDate,
}

/// An object known to exist, which every complete read must show (CMP-10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownObject {
    /// Scope.
    pub scope: ScopeName,
    /// Kind.
    pub kind: AccessKind,
    /// Grant id.
    pub grant_id: GrantId,
}

/// How deep a scanner reads (follow-up scopes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only people of interest (default).
    PeopleOfInterest,
    /// Everyone.
    Everyone,
}

/// One system.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemConfig {
    /// Id; a label in metrics and tickets.
    pub id: SystemId,
    /// Which scanner reads it, with that scanner's own settings.
    pub connector: Connector,
    /// Tier.
    pub tier: RoleTier,
    /// Team that can act.
    pub owner_team: Option<String>,
    /// Allowed age of its data.
    pub max_age: Option<Duration>,
    /// Time after the end in which a grant may still be listed.
    pub settle_time: Duration,
    /// What a login says.
    pub login_is: LoginMeaning,
    /// Kinds that end with the account; `None` takes the connector's own list.
    pub dies_with_account: Option<Vec<AccessKind>>,
    /// Self-sighting.
    pub known_object: Option<KnownObject>,
    /// Scopes left out.
    pub exclude: Vec<Exclusion>,
    /// Depth.
    pub depth: Depth,
    /// Folder of a recording that is read instead of the system itself.
    pub replay: Option<PathBuf>,
    /// Whether a credential that can do more than is needed ends a run before anything is read (PRV-4).
    pub deny_overprivileged: bool,
    /// Line of this system in the configuration, for SARIF.
    pub line: usize,
    /// Digest of what the configuration says about how it is read, in 16 hexadecimal digits: what was read before it
    /// changed may not be all that it declares now. `None`: not known, so that nothing counts as read under it.
    pub written: Option<String>,
}

impl SystemConfig {
    /// Whether it is asked itself, so that the clock cannot be chosen.
    pub fn is_live(&self) -> bool {
        self.connector.is_live() && self.replay.is_none()
    }
}

/// Scanner and its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Connector {
    /// Native NDJSON or mapped CSV.
    Import(scan_import::Settings),
    /// AWS documents.
    Aws(scan_aws::Settings),
    /// AWS itself.
    AwsLive(Box<scan_aws::live::Settings>),
    /// A GitHub organisation.
    Github(Box<scan_github::Settings>),
    /// An Okta organisation.
    Okta(Box<scan_okta::Settings>),
    /// SSH hosts as a tree.
    Ssh(scan_ssh::Settings),
    /// A Vault or OpenBao cluster.
    Vault(Box<scan_vault::Settings>),
}

impl Connector {
    /// The word used in the configuration.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Import(_) => "import",
            Self::Aws(_) | Self::AwsLive(_) => "aws",
            Self::Github(_) => "github",
            Self::Okta(_) => "okta",
            Self::Ssh(_) => "ssh",
            Self::Vault(_) => "vault",
        }
    }

    /// Whether it talks to a system, unless a recording stands in for it.
    pub fn is_live(&self) -> bool {
        match self {
            Self::Import(_) | Self::Aws(_) | Self::Ssh(_) => false,
            Self::AwsLive(_) | Self::Github(_) | Self::Okta(_) | Self::Vault(_) => true,
        }
    }
}

/// A planted leaver that every run must find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentinelLeaver {
    /// Planted person.
    pub person_id: PersonId,
    /// Where.
    pub system: SystemId,
    /// What.
    pub kind: AccessKind,
    /// Which grant.
    pub grant_id: GrantId,
}

/// Mail domains that mean the same person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainConfig {
    /// Main name, folded.
    pub name: String,
    /// Other and former names, folded.
    pub aliases: Vec<String>,
}

/// Settings of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunConfig {
    /// Chosen instant; only where no system is live.
    pub as_of: Option<Instant>,
    /// The run ends by itself after this time.
    pub deadline: Duration,
    /// Systems read at the same time.
    pub parallel_systems: usize,
    /// Threads that attribute records.
    pub threads: usize,
    /// Residual counts from this severity.
    pub fail_on: Severity,
    /// Share of objects that may vanish before a scope is suspicious, 0 to 1 (CMP-11).
    pub drop_share: f64,
    /// And the number that may always vanish.
    pub drop_count: u64,
    /// How many grants without an owner are listed per system.
    pub unattributed_listed: usize,
    /// Runs whose report is kept.
    pub keep_reports: usize,
    /// Warning window of exceptions.
    pub exception_warning: Duration,
    /// Whether the state directory may lie on a network file system (STO-7).
    pub allow_network_state: bool,
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file it came from.
    pub file: PathBuf,
    /// Its folder: relative paths start here.
    pub base: PathBuf,
    /// SHA-256 of the file's bytes, lower-case hex.
    pub digest: String,
    /// Organisation.
    pub organisation: String,
    /// State directory, absolute or relative to `base`.
    pub state_dir: PathBuf,
    /// Roster.
    pub roster: crate::roster::settings::RosterSettings,
    /// End basis from the policy, or the default.
    pub end_basis: EndBasis,
    /// What leave means.
    pub leave_policy: LeavePolicy,
    /// Mail domains.
    pub domains: Vec<DomainConfig>,
    /// Policy file.
    pub policy: Option<PathBuf>,
    /// Exceptions file.
    pub exceptions: Option<PathBuf>,
    /// Folder of rules and lists that lie on top of the embedded ones.
    pub rules: Option<PathBuf>,
    /// Systems, sorted by id.
    pub systems: Vec<SystemConfig>,
    /// Planted leavers.
    pub sentinel_leavers: Vec<SentinelLeaver>,
    /// Known apps.
    pub known_apps: Option<ProvenFile>,
    /// Run.
    pub run: RunConfig,
    /// Outputs.
    pub outputs: Vec<OutputConfig>,
    /// Metrics.
    pub metrics: MetricsConfig,
    /// Tickets, where they are configured.
    pub tickets: Option<crate::tickets::settings::TicketsConfig>,
    /// The service, where one is configured.
    pub serve: Option<super::valid_serve::ServeConfig>,
}

impl Config {
    /// The configuration with what the policy decides about it.
    #[must_use]
    pub fn with_policy(mut self, policy: &crate::policy::Policy) -> Self {
        self.end_basis = policy.end_basis();
        self
    }
}
