//! `run.json`: what a program must look at before it believes the absence of findings. Verdict, flags, coverage of
//! every scope, roster, versions, figures. It names no person of the roster; scopes have the names their systems give.

use std::io::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::json::escape::write_value;
use super::json::v1::words::{AccessKind, ExitCode, RosterState, ScopeState};
use super::json::v1::{Counts, Flags, Gate, Impossible, RosterSource, Time};
use super::{EmitError, sections, words};
use crate::report::{self, Report};

/// Name of the format, in the document.
pub const FORMAT: &str = "holdover.run";
/// Version of the format.
pub const VERSION: u32 = 1;

/// One run, without its findings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RunDocument {
    /// Always `holdover.run`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// Run id.
    pub run_id: String,
    /// Run before.
    pub previous_run_id: Option<String>,
    /// Organisation.
    pub organisation: String,
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
    /// The verdict in words: those of the exit code.
    pub verdict: String,
    /// Exit code by name.
    pub exit: ExitCode,
    /// Exit code as a number.
    pub exit_code: u8,
    /// All flags, separately.
    pub flags: Flags,
    /// Figures.
    pub counts: Counts,
    /// Remnants by system and kind: switched off, or unable to come back.
    pub remnants: Vec<KindCount>,
    /// Paid seats of leavers by system and kind.
    pub licenses: Vec<KindCount>,
    /// Follow-up scopes that were not read because nobody of interest holds them.
    pub not_of_interest: u64,
    /// Roster.
    pub roster: RosterSummary,
    /// Coverage of every declared scope.
    pub coverage: Vec<SystemCoverage>,
    /// Known apps that no configured system reads.
    pub apps_not_connected: Vec<String>,
    /// Planted leavers found and missing.
    pub sentinels: Sentinels,
    /// Tickets that say done while the system says no.
    #[serde(default)]
    pub contradictions: u64,
    /// Ids of notices, each with its number.
    pub notices: Vec<NoticeCount>,
    /// Versions and digests of everything that took part.
    pub versions: Versions,
    /// Files this run wrote before this one.
    pub written: Vec<String>,
}

/// A figure by system and kind.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KindCount {
    /// System.
    pub system: String,
    /// Kind.
    pub access_kind: AccessKind,
    /// How many.
    pub count: u64,
}

/// The roster without its people.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RosterSummary {
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
    /// Number of conflicts between sources and rows.
    pub conflicts: u64,
    /// People on it.
    pub people: u64,
    /// People whose access has ended.
    pub leavers: u64,
}

/// Coverage of one system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SystemCoverage {
    /// System.
    pub system: String,
    /// Connector.
    pub connector: String,
    /// Whether every walk came to its own end.
    pub ran_to_end: bool,
    /// Last read without any gap.
    pub last_complete_at: Option<Time>,
    /// Scopes, sorted by name.
    pub scopes: Vec<ScopeCoverage>,
    /// What no reading of this platform can show; keeps no run from being clean.
    pub impossible: Vec<Impossible>,
}

/// Coverage of one scope.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ScopeCoverage {
    /// Name.
    pub scope: String,
    /// Scope kind.
    pub kind: String,
    /// One of six states.
    pub state: ScopeState,
    /// Whether the configuration leaves it out on purpose.
    pub excluded: bool,
    /// Distinct objects read.
    pub objects: u64,
    /// Instant its data describes.
    pub as_of: Option<Time>,
    /// How its end was proven.
    pub proof: Option<String>,
    /// Last complete read, this run included.
    pub last_complete_at: Option<Time>,
    /// Causes of its gaps by code, each with its number.
    pub gaps: Vec<GapCount>,
}

/// A cause and its number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GapCount {
    /// Stable code, such as `E-PERM-001`.
    pub code: String,
    /// What to do.
    pub help: String,
    /// How often.
    pub count: u64,
}

/// Planted leavers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Sentinels {
    /// Found and judged as they must be.
    pub found: u64,
    /// Missing.
    pub missing: u64,
}

/// A notice and its number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NoticeCount {
    /// Notice id.
    pub id: String,
    /// How often.
    pub count: u64,
}

/// Versions and digests.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// Holdover.
    pub holdover: String,
    /// Time zone database.
    pub tz: String,
    /// Mapping of rules to controls.
    pub controls: String,
    /// SHA-256 of the configuration.
    pub config_digest: String,
    /// SHA-256 of the policy.
    pub policy_digest: Option<String>,
    /// SHA-256 over all rules.
    pub rules_digest: String,
    /// Version of JSON v1.
    pub json: u32,
    /// Version of the OCSF schema.
    pub ocsf: String,
    /// Version of SARIF.
    pub sarif: String,
}

/// Writes `run.json`.
pub fn write(report: &Report, out: &mut dyn Write) -> Result<(), EmitError> {
    write_value(out, &document(report))?;
    out.write_all(b"\n")?;
    Ok(())
}

/// JSON Schema (2020-12) of `run.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RunDocument).to_value()
}

/// The document.
pub fn document(report: &Report) -> RunDocument {
    let run = &report.run;
    let found = report.sentinels.iter().filter(|sentinel| sentinel.found).count() as u64;
    RunDocument {
        format: FORMAT.to_owned(),
        version: VERSION,
        run_id: run.id.clone(),
        previous_run_id: run.previous_id.clone(),
        organisation: run.organisation.clone(),
        started_at: run.started_at.into(),
        ended_at: run.ended_at.into(),
        as_of: run.as_of.into(),
        as_of_chosen: run.as_of_chosen,
        duration_seconds: run.duration_seconds,
        verdict: words::verdict(run.exit_code).to_owned(),
        exit: run.exit_code.into(),
        exit_code: run.exit_code.code(),
        flags: run.flags.into(),
        counts: (&sections::Counts::of(report)).into(),
        remnants: by_kind(&report.remnants),
        licenses: by_kind(&report.licenses),
        not_of_interest: run.not_of_interest,
        roster: roster(&report.roster),
        coverage: report.systems.iter().map(system).collect(),
        apps_not_connected: sections::apps_not_connected(report).map(|app| app.name.clone()).collect(),
        sentinels: Sentinels { found, missing: report.sentinels.len() as u64 - found },
        contradictions: report.contradictions.len() as u64,
        notices: notices(report),
        versions: Versions {
            holdover: run.version.clone(),
            tz: run.tz_version.clone(),
            controls: run.controls_version.clone(),
            config_digest: run.config_digest.clone(),
            policy_digest: run.policy_digest.clone(),
            rules_digest: run.rules_digest.clone(),
            json: super::json::VERSION,
            ocsf: super::ocsf::SCHEMA_VERSION.to_owned(),
            sarif: super::sarif::VERSION.to_owned(),
        },
        written: run.written.clone(),
    }
}

fn by_kind(findings: &[crate::findings::Finding]) -> Vec<KindCount> {
    let mut counts = std::collections::BTreeMap::new();
    for finding in findings {
        *counts.entry((finding.system.as_str(), finding.access_kind)).or_insert(0) += 1;
    }
    counts
        .into_iter()
        .map(|((system, kind), count)| KindCount { system: system.to_owned(), access_kind: kind.into(), count })
        .collect()
}

fn roster(roster: &report::RosterFacts) -> RosterSummary {
    let full = super::json::v1::Roster::from(&super::persons::roster_without_people(roster));
    RosterSummary {
        state: full.state,
        digest: full.digest,
        in_force_digest: full.in_force_digest,
        accepted_at: full.accepted_at,
        sources: full.sources,
        gates: full.gates,
        conflicts: full.conflicts.len() as u64,
        people: full.people,
        leavers: full.leavers,
    }
}

fn system(system: &report::SystemFact) -> SystemCoverage {
    SystemCoverage {
        system: system.id.to_string(),
        connector: system.connector.clone(),
        ran_to_end: system.ran_to_end,
        last_complete_at: system.last_complete_at.map(Time),
        scopes: system.scopes.iter().map(scope).collect(),
        impossible: system.impossible.iter().map(Into::into).collect(),
    }
}

fn scope(scope: &report::ScopeFact) -> ScopeCoverage {
    let mut gaps: Vec<GapCount> = Vec::new();
    for gap in &scope.gaps {
        match gaps.iter_mut().find(|known| known.code == gap.cause.code()) {
            Some(known) => known.count += gap.count,
            None => gaps.push(GapCount {
                code: gap.cause.code().to_owned(),
                help: gap.cause.help().to_owned(),
                count: gap.count,
            }),
        }
    }
    ScopeCoverage {
        scope: scope.name.to_string(),
        kind: scope.kind.clone(),
        state: scope.state.into(),
        excluded: scope.excluded,
        objects: scope.objects,
        as_of: scope.as_of.map(Time),
        proof: scope.proof.clone(),
        last_complete_at: scope.last_complete_at.map(Time),
        gaps,
    }
}

fn notices(report: &Report) -> Vec<NoticeCount> {
    let mut counts = std::collections::BTreeMap::new();
    for notice in &report.notices {
        *counts.entry(notice.id.as_str()).or_insert(0) += 1;
    }
    counts.into_iter().map(|(id, count)| NoticeCount { id: id.to_owned(), count }).collect()
}
