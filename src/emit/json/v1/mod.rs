//! The types of JSON v1. They mirror the report field by field and are converted by hand in both directions, so that
//! a change of a domain type shows here as a compile error instead of in somebody's pipeline.
//!
//! Fields are only ever added. `null` is "not known" or "does not apply". Times are RFC 3339 in UTC.

mod cause;
mod contradiction;
mod coverage;
mod finding;
mod people;
mod run;
mod time;
pub mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cause::Cause;
pub use contradiction::Contradiction;
pub use coverage::{Gap, Impossible, KnownApp, ObjectsByKind, Scope, System};
pub use finding::{AccessEnd, Between, Finding, Match, RuleHit, RuleUndecided};
pub use people::{Ambiguous, Candidate, Cell, Exception, Leaver, Notice, Sentinel, Unattributed};
pub use run::{Counts, Flags, Gate, Histogram, Roster, RosterSource, Run, SeverityCounts, Totals};
pub use time::{FactTime, Time};

/// One run, complete.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Always `holdover.report`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// How persons are shown: `id`, `name`, `pseudonym`, or `everything` in the store's own copy.
    pub persons: String,
    /// The run.
    pub run: Run,
    /// Figures of this document, counted once; not read back.
    #[serde(default)]
    pub counts: Option<Counts>,
    /// The roster in force.
    pub roster: Roster,
    /// Configured systems with the coverage of every scope.
    pub systems: Vec<System>,
    /// Findings that are open, ambiguous or suppressed, and those within the agreed time (`due` false).
    pub findings: Vec<Finding>,
    /// Findings closed by this run.
    pub closed: Vec<Finding>,
    /// Grants that are switched off or cannot come back: no residual access.
    pub remnants: Vec<Finding>,
    /// Paid seats of leavers: cost, no residual access.
    pub licenses: Vec<Finding>,
    /// Grants that may belong to one of several people.
    pub ambiguous: Vec<Ambiguous>,
    /// Grants that belong to nobody known; the first ones.
    pub unattributed: Vec<Unattributed>,
    /// How many of those there are in all.
    pub unattributed_total: u64,
    /// Systems that are known to exist.
    pub known_apps: Vec<KnownApp>,
    /// Leavers, worst first.
    pub leavers: Vec<Leaver>,
    /// Exceptions as they stand.
    pub exceptions: Vec<Exception>,
    /// Planted leavers.
    pub sentinels: Vec<Sentinel>,
    /// Tickets that say done while the system says no. Absent in documents of versions without tickets.
    #[serde(default)]
    pub contradictions: Vec<Contradiction>,
    /// What the run says beside findings and gaps.
    pub notices: Vec<Notice>,
    /// Figures over all runs.
    pub totals: Totals,
}
