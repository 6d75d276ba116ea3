//! What a configuration file may say. The comments here are the reference its readers see: `docs/configuration.md` and
//! `schema.json` are made from them.
//!
//! Nothing here is trusted: relations between keys, references and ranges are the work of `validate`.

pub(super) mod connection;
pub(super) mod file;
pub(super) mod live;
pub(super) mod roster;
pub(super) mod run;
pub(super) mod serve;
pub(super) mod service;
pub(super) mod systems;
pub(super) mod tickets;
pub(super) mod trackers;

use schemars::JsonSchema;
use serde::Deserialize;

use file::RawProvenFile;
use roster::RawRoster;
use run::{RawMetrics, RawOutput, RawRun};
use serve::RawServe;
use systems::{RawSentinelLeaver, RawSystem};
use tickets::RawTickets;

/// Holdover configuration. Relative paths start at the folder of the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    /// Version of this format.
    #[expect(dead_code, reason = "the schema checks it; there is one version")]
    #[schemars(extend("const" = 1))]
    pub(super) version: u32,
    /// Name of the organisation, shown in reports.
    #[schemars(length(min = 1, max = 200))]
    pub(super) organisation: Option<String>,
    /// Folder for the store, the ledger and `run.json`. Default: `state`.
    #[schemars(length(min = 1))]
    pub(super) state_dir: Option<String>,
    /// Who is employed from when to when.
    pub(super) roster: RawRoster,
    /// How people are recognised.
    pub(super) identity: Option<RawIdentity>,
    /// File of decisions made in advance: how long which access may stay. Without it everything is due at the end.
    #[schemars(length(min = 1))]
    pub(super) policy: Option<String>,
    /// File of approved exceptions.
    #[schemars(length(min = 1))]
    pub(super) exceptions: Option<String>,
    /// Folder of rules and lists that lie on top of those of Holdover: a file of the same name replaces one, a new one
    /// adds one, and leaving one out changes nothing.
    #[schemars(length(min = 1))]
    pub(super) rules: Option<String>,
    /// Systems that are read.
    #[schemars(length(min = 1))]
    pub(super) systems: Vec<RawSystem>,
    /// Planted leavers that every run has to find; one that is missing makes its scope partial.
    #[serde(default)]
    pub(super) sentinel_leavers: Vec<RawSentinelLeaver>,
    /// CSV file (`name`, `owner`) of systems that exist. Those that are not connected keep a run from being clean.
    pub(super) known_apps: Option<RawProvenFile>,
    /// How a run goes.
    pub(super) run: Option<RawRun>,
    /// Files that are written besides what the command line asks for.
    #[serde(default)]
    pub(super) outputs: Vec<RawOutput>,
    /// Metrics.
    pub(super) metrics: Option<RawMetrics>,
    /// Tickets. Without it nothing is sent anywhere.
    pub(super) tickets: Option<RawTickets>,
    /// The service: schedule, metrics and page over HTTP.
    pub(super) serve: Option<RawServe>,
}

/// How people are recognised.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentity {
    /// Mail domains of the organisation. An address in another domain is matched as a whole only.
    #[serde(default)]
    pub(super) domains: Vec<RawDomain>,
}

/// A mail domain and the names that mean the same.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDomain {
    /// Main name.
    #[schemars(regex(pattern = r"^[^@\s]+\.[^@\s]+$"), extend("x-expected" = "a mail domain such as acme.example"))]
    pub(super) name: String,
    /// Other and former names.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
}
