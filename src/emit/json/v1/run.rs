//! The run, the roster and the figures in JSON v1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Time;
use super::words::{ExitCode, RosterState};
use crate::emit::sections;
use crate::report;

/// Facts of the run itself.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The run before.
    pub previous_id: Option<String>,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Time,
    /// The instant everything was judged at.
    pub as_of: Time,
    /// Whether that instant was chosen rather than read from the clock.
    pub as_of_chosen: bool,
    /// Wall time in seconds; zero with a chosen clock.
    pub duration_seconds: f64,
    /// Organisation.
    pub organisation: String,
    /// SHA-256 of the configuration.
    pub config_digest: String,
    /// SHA-256 of the policy.
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
    /// Exit code by name.
    pub exit_code: ExitCode,
    /// Follow-up scopes that were not read because nobody of interest holds them.
    pub not_of_interest: u64,
    /// Files written.
    pub written: Vec<String>,
}

/// Everything that can be wrong with a run, separately.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Flags {
    /// Open findings at or above the configured severity.
    pub residual: bool,
    /// Some scope is not complete, something is excluded, or a known app is not connected.
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

/// The roster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Roster {
    /// Whether the newest one is believed.
    pub state: RosterState,
    /// Digest of the newest files.
    pub digest: Option<String>,
    /// Digest of the one in force, where it differs.
    pub in_force_digest: Option<String>,
    /// When that one was accepted.
    pub accepted_at: Option<Time>,
    /// Sources.
    pub sources: Vec<RosterSource>,
    /// Gates that failed or speak up.
    pub gates: Vec<Gate>,
    /// Conflicts between sources and rows.
    pub conflicts: Vec<String>,
    /// People on it.
    pub people: u64,
    /// People whose access has ended.
    pub leavers: u64,
}

/// One source of the roster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RosterSource {
    /// Configured id.
    pub id: String,
    /// Instant it describes.
    pub as_of: Option<Time>,
    /// Whether that instant is only the file's time.
    pub as_of_by_file_time: bool,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be used.
    pub rejected_rows: u64,
    /// People whose rows contradict each other.
    pub ambiguous_people: u64,
}

/// A gate of the roster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "`gate` is the name of the field in the format")]
pub struct Gate {
    /// Number, such as `ROS-4`.
    pub gate: String,
    /// Source it concerns.
    pub source: Option<String>,
    /// Whether it holds the roster.
    pub holds: bool,
    /// Figures and limit.
    pub says: String,
}

/// A figure per severity.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct SeverityCounts {
    /// Critical.
    pub critical: u64,
    /// High.
    pub high: u64,
    /// Medium.
    pub medium: u64,
    /// Low.
    pub low: u64,
    /// Info.
    pub info: u64,
}

/// Figures of one report.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Residual findings.
    pub residual: SeverityCounts,
    /// Residual findings in all.
    pub residual_total: u64,
    /// Those that stood in the run before.
    pub known: u64,
    /// Those this run saw first, or again after closing.
    pub new: u64,
    /// Those whose scope could not be read.
    pub unverified: u64,
    /// Those used after the end.
    pub used_after_end: u64,
    /// Findings within the agreed time.
    pub within_time: u64,
    /// Findings covered by an exception.
    pub suppressed: u64,
    /// Findings and grants whose person is not certain.
    pub ambiguous: u64,
    /// Those that may belong to somebody who left.
    pub ambiguous_may_be_leaver: u64,
    /// Closed by this run.
    pub closed: u64,
    /// Grants with no owner.
    pub unattributed: u64,
    /// Remnants.
    pub remnants: u64,
    /// Paid seats.
    pub licenses: u64,
    /// Complete scopes.
    pub complete_scopes: u64,
    /// Declared scopes.
    pub declared_scopes: u64,
    /// Known apps that no system reads.
    pub apps_not_connected: u64,
    /// Exceptions in force.
    pub exceptions_active: u64,
    /// Exceptions that fail a check.
    pub exceptions_invalid: u64,
}

/// Figures over all runs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Findings opened.
    pub opened: SeverityCounts,
    /// Findings closed.
    pub closed: SeverityCounts,
    /// Findings that came back.
    pub reopened: SeverityCounts,
    /// Leavers whose first complete check found nothing.
    pub leavers_clean: u64,
    /// Leavers whose first complete check found something.
    pub leavers_residual: u64,
    /// Leavers not yet checked without a gap.
    pub leavers_unverified: u64,
    /// From the end of access to its revocation, per severity: critical, high, medium, low, info.
    pub revocation_delay: [Histogram; 5],
    /// From the end of access to its detection.
    pub detection_delay: Histogram,
}

/// A histogram: 1 h, 4 h, 8 h, 24 h, 48 h, 72 h, 7 d, 14 d, 30 d, 90 d, beyond. Not cumulative.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    /// Observations per bucket.
    pub counts: [u64; 11],
    /// Sum of all observations in seconds.
    pub sum_seconds: f64,
}

impl From<[u64; 5]> for SeverityCounts {
    fn from([critical, high, medium, low, info]: [u64; 5]) -> Self {
        Self { critical, high, medium, low, info }
    }
}

impl From<SeverityCounts> for [u64; 5] {
    fn from(counts: SeverityCounts) -> Self {
        [counts.critical, counts.high, counts.medium, counts.low, counts.info]
    }
}

impl From<report::Flags> for Flags {
    fn from(flags: report::Flags) -> Self {
        Self {
            residual: flags.residual,
            gaps: flags.gaps,
            roster_held: flags.roster_held,
            roster_surge: flags.roster_surge,
            baseline: flags.baseline,
            store_failed: flags.store_failed,
            interrupted: flags.interrupted,
            ambiguous: flags.ambiguous,
            exceptions_invalid: flags.exceptions_invalid,
            breaker: flags.breaker,
        }
    }
}

impl From<Flags> for report::Flags {
    fn from(flags: Flags) -> Self {
        Self {
            residual: flags.residual,
            gaps: flags.gaps,
            roster_held: flags.roster_held,
            roster_surge: flags.roster_surge,
            baseline: flags.baseline,
            store_failed: flags.store_failed,
            interrupted: flags.interrupted,
            ambiguous: flags.ambiguous,
            exceptions_invalid: flags.exceptions_invalid,
            breaker: flags.breaker,
        }
    }
}

impl From<&report::RunFacts> for Run {
    fn from(run: &report::RunFacts) -> Self {
        Self {
            id: run.id.clone(),
            previous_id: run.previous_id.clone(),
            started_at: run.started_at.into(),
            ended_at: run.ended_at.into(),
            as_of: run.as_of.into(),
            as_of_chosen: run.as_of_chosen,
            duration_seconds: run.duration_seconds,
            organisation: run.organisation.clone(),
            config_digest: run.config_digest.clone(),
            policy_digest: run.policy_digest.clone(),
            rules_digest: run.rules_digest.clone(),
            version: run.version.clone(),
            tz_version: run.tz_version.clone(),
            controls_version: run.controls_version.clone(),
            flags: run.flags.into(),
            exit_code: run.exit_code.into(),
            not_of_interest: run.not_of_interest,
            written: run.written.clone(),
        }
    }
}

impl From<Run> for report::RunFacts {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            previous_id: run.previous_id,
            started_at: run.started_at.into(),
            ended_at: run.ended_at.into(),
            as_of: run.as_of.into(),
            as_of_chosen: run.as_of_chosen,
            duration_seconds: run.duration_seconds,
            organisation: run.organisation,
            config_digest: run.config_digest,
            policy_digest: run.policy_digest,
            rules_digest: run.rules_digest,
            version: run.version,
            tz_version: run.tz_version,
            controls_version: run.controls_version,
            flags: run.flags.into(),
            exit_code: run.exit_code.into(),
            not_of_interest: run.not_of_interest,
            written: run.written,
        }
    }
}

impl From<&report::RosterFacts> for Roster {
    fn from(roster: &report::RosterFacts) -> Self {
        Self {
            state: roster.state.into(),
            digest: roster.digest.clone(),
            in_force_digest: roster.in_force_digest.clone(),
            accepted_at: roster.accepted_at.map(Time),
            sources: roster.sources.iter().map(Into::into).collect(),
            gates: roster
                .gates
                .iter()
                .map(|gate| Gate {
                    gate: gate.gate.clone(),
                    source: gate.source.clone(),
                    holds: gate.holds,
                    says: gate.says.clone(),
                })
                .collect(),
            conflicts: roster.conflicts.clone(),
            people: roster.people,
            leavers: roster.leavers,
        }
    }
}

impl From<Roster> for report::RosterFacts {
    fn from(roster: Roster) -> Self {
        Self {
            state: roster.state.into(),
            digest: roster.digest,
            in_force_digest: roster.in_force_digest,
            accepted_at: roster.accepted_at.map(Into::into),
            sources: roster.sources.into_iter().map(Into::into).collect(),
            gates: roster
                .gates
                .into_iter()
                .map(|gate| report::GateFact {
                    gate: gate.gate,
                    source: gate.source,
                    holds: gate.holds,
                    says: gate.says,
                })
                .collect(),
            conflicts: roster.conflicts,
            people: roster.people,
            leavers: roster.leavers,
        }
    }
}

impl From<&report::RosterSourceFacts> for RosterSource {
    fn from(source: &report::RosterSourceFacts) -> Self {
        Self {
            id: source.id.clone(),
            as_of: source.as_of.map(Time),
            as_of_by_file_time: source.as_of_by_file_time,
            rows: source.rows,
            rejected_rows: source.rejected_rows,
            ambiguous_people: source.ambiguous_people,
        }
    }
}

impl From<RosterSource> for report::RosterSourceFacts {
    fn from(source: RosterSource) -> Self {
        Self {
            id: source.id,
            as_of: source.as_of.map(Into::into),
            as_of_by_file_time: source.as_of_by_file_time,
            rows: source.rows,
            rejected_rows: source.rejected_rows,
            ambiguous_people: source.ambiguous_people,
        }
    }
}

impl From<&sections::Counts> for Counts {
    fn from(counts: &sections::Counts) -> Self {
        Self {
            residual: counts.residual.into(),
            residual_total: counts.residual_total(),
            known: counts.known,
            new: counts.new,
            unverified: counts.unverified,
            used_after_end: counts.used_after_end,
            within_time: counts.within_time,
            suppressed: counts.suppressed,
            ambiguous: counts.ambiguous,
            ambiguous_may_be_leaver: counts.ambiguous_may_be_leaver,
            closed: counts.closed,
            unattributed: counts.unattributed,
            remnants: counts.remnants,
            licenses: counts.licenses,
            complete_scopes: counts.complete_scopes,
            declared_scopes: counts.declared_scopes,
            apps_not_connected: counts.apps_not_connected,
            exceptions_active: counts.exceptions_active,
            exceptions_invalid: counts.exceptions_invalid,
        }
    }
}

impl From<&report::DelayHistogram> for Histogram {
    fn from(histogram: &report::DelayHistogram) -> Self {
        Self { counts: histogram.counts, sum_seconds: histogram.sum_seconds }
    }
}

impl From<Histogram> for report::DelayHistogram {
    fn from(histogram: Histogram) -> Self {
        Self { counts: histogram.counts, sum_seconds: histogram.sum_seconds }
    }
}

impl From<&report::Totals> for Totals {
    fn from(totals: &report::Totals) -> Self {
        Self {
            opened: totals.opened.into(),
            closed: totals.closed.into(),
            reopened: totals.reopened.into(),
            leavers_clean: totals.leavers_clean,
            leavers_residual: totals.leavers_residual,
            leavers_unverified: totals.leavers_unverified,
            revocation_delay: totals.revocation_delay.each_ref().map(Into::into),
            detection_delay: (&totals.detection_delay).into(),
        }
    }
}

impl From<Totals> for report::Totals {
    fn from(totals: Totals) -> Self {
        Self {
            opened: totals.opened.into(),
            closed: totals.closed.into(),
            reopened: totals.reopened.into(),
            leavers_clean: totals.leavers_clean,
            leavers_residual: totals.leavers_residual,
            leavers_unverified: totals.leavers_unverified,
            revocation_delay: totals.revocation_delay.map(Into::into),
            detection_delay: totals.detection_delay.into(),
        }
    }
}
