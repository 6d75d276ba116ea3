//! The figures of a report.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::{AccessKind, ScopeState, SystemId};

use crate::config::MetricsDetail;
use crate::exceptions::ExceptionState;
use crate::findings::{Finding, FindingState, Severity, UsedAfterEnd};
use crate::metrics::series::Series;
use crate::metrics::table;
use crate::metrics::{BuildInfo, FailedRun, Remembered, ServiceFigures};
use crate::report::{Flags, Report, RosterFacts, SystemFact, Totals};
use crate::roster::RosterState;
use crate::store::outbox::{Operation, Outcome};

/// States that `holdover_residual_findings_by_state` tells, in order.
const STATES: [FindingState; 6] = [
    FindingState::Observed,
    FindingState::Confirmed,
    FindingState::Unverified,
    FindingState::Closing,
    FindingState::Ambiguous,
    FindingState::Suppressed,
];

/// The rule that holds where an exception has ended and the access is still there.
const EXCEPTION_LAPSED: &str = "exception-lapsed";

/// Stands for the whole roster where no source can be named.
const WHOLE_ROSTER: &str = "all";

/// Everything a report tells.
pub(super) fn all(report: &Report, detail: MetricsDetail, build: &BuildInfo, remembered: &Remembered) -> Series {
    let mut series = Series::default();
    build_info(&mut series, build);
    run(&mut series, report, remembered);
    for system in &report.systems {
        one_system(&mut series, system);
    }
    residual(&mut series, report);
    residual_by_kind(&mut series, report);
    people(&mut series, report);
    totals(&mut series, report);
    roster(&mut series, &report.roster);
    exceptions(&mut series, report);
    tickets(&mut series, remembered);
    match detail {
        MetricsDetail::Kind => series,
        MetricsDetail::System => series.without_detail(),
    }
}

/// What can be said of a run without a report.
pub(super) fn failed(run: &FailedRun, build: &BuildInfo) -> Series {
    let mut series = Series::default();
    build_info(&mut series, build);
    series.time(&table::RUN_LAST_COMPLETION, &[], Some(run.ended_at));
    series.count(&table::RUN_EXIT_CODE, &[], u64::from(run.exit_code.code()));
    // It judged nothing: a flag that is not set is one that nobody came to.
    for (word, _) in words(&run.flags).into_iter().filter(|(_, set)| *set) {
        series.flag(&table::RUN_VERDICT, &[word], true);
    }
    series.time(&table::RUN_LAST_SUCCESS, &[], run.remembered.last_success_at);
    series.time(&table::CONFIG_LAST_CHANGE, &[], run.remembered.config_since);
    for system in &run.systems {
        let id = system.id.as_str();
        series.flag(&table::SCAN_SUCCESS, &[id], false);
        series.time(&table::SCAN_LAST_ATTEMPT, &[id], Some(run.ended_at));
        series.time(&table::SCAN_LAST_SUCCESS, &[id], system.last_success_at);
        series.time(&table::SCAN_LAST_COMPLETE, &[id], system.last_complete_at);
    }
    if let Some(totals) = &run.totals {
        over_all_runs(&mut series, totals);
    }
    tickets(&mut series, &run.remembered);
    series
}

/// What the service tells of itself.
pub(super) fn service(service: &ServiceFigures, build: &BuildInfo) -> Series {
    let mut series = Series::default();
    build_info(&mut series, build);
    series.time(&table::SERVE_START, &[], Some(service.started_at));
    for (schedule, at) in &service.next_runs {
        series.time(&table::SERVE_NEXT_RUN, &[schedule], *at);
    }
    series.flag(&table::SERVE_RUNNING, &[], service.run_in_progress);
    series.count(&table::SERVE_SKIPPED, &[], service.runs_skipped);
    series.flag(&table::CONFIG_RELOAD_SUCCESS, &[], service.reload_succeeded);
    series.time(&table::CONFIG_RELOAD_LAST_SUCCESS, &[], service.reload_last_success_at);
    series
}

fn tickets(series: &mut Series, remembered: &Remembered) {
    for figures in remembered.tickets.iter().flatten() {
        let tracker = figures.tracker.as_str();
        series.count(&table::TICKETS_OPEN, &[tracker], figures.open);
        series.count(&table::TICKETS_PENDING, &[tracker], figures.pending);
        series.count(&table::TICKETS_HELD, &[tracker], figures.held);
        series.count(&table::TICKETS_CONTRADICTED, &[tracker], figures.contradictions);
        series.count(&table::TICKETS_DISPUTED, &[tracker], figures.disputed);
        for operation in Operation::ALL {
            for outcome in Outcome::ALL {
                let count = figures.operations.get(&(*operation, *outcome)).copied().unwrap_or(0);
                series.count(&table::TICKET_OPERATIONS, &[tracker, operation.as_str(), outcome.as_str()], count);
            }
        }
    }
}

fn build_info(series: &mut Series, build: &BuildInfo) {
    series.count(&table::BUILD_INFO, &[&build.version, &build.revision], 1);
}

fn run(series: &mut Series, report: &Report, remembered: &Remembered) {
    let run = &report.run;
    series.time(&table::RUN_LAST_COMPLETION, &[], Some(run.ended_at));
    series.time(&table::RUN_LAST_SUCCESS, &[], last_success(report, remembered));
    series.set(&table::RUN_DURATION, &[], run.duration_seconds);
    series.count(&table::RUN_EXIT_CODE, &[], u64::from(run.exit_code.code()));
    for (word, set) in words(&run.flags) {
        series.flag(&table::RUN_VERDICT, &[word], set);
    }
    series.time(&table::CONFIG_LAST_CHANGE, &[], remembered.config_since);
    let excluded = report.systems.iter().map(excluded_scopes).sum();
    series.count(&table::OVERRIDE_ACTIVE, &["exclusion"], excluded);
    if let Some(by_word) = remembered.roster_accepted_by_word {
        series.flag(&table::OVERRIDE_ACTIVE, &["roster_accept"], by_word);
    }
    if let Some(drops) = remembered.drops_accepted {
        series.count(&table::OVERRIDE_ACTIVE, &["drop_accept"], drops);
    }
}

fn last_success(report: &Report, remembered: &Remembered) -> Option<scan_contract::Instant> {
    let flags = &report.run.flags;
    let roster_is_in_force = report.roster.state == RosterState::Accepted && !flags.roster_held;
    if roster_is_in_force && !flags.gaps && !flags.interrupted && !flags.store_failed {
        return Some(report.run.ended_at);
    }
    remembered.last_success_at
}

/// Every flag with its word.
fn words(flags: &Flags) -> [(&'static str, bool); 10] {
    // Taken apart, so that a new flag does not compile before it is told here.
    let Flags {
        residual,
        gaps,
        roster_held,
        roster_surge,
        baseline,
        store_failed,
        interrupted,
        ambiguous,
        exceptions_invalid,
        breaker,
    } = *flags;
    [
        ("residual", residual),
        ("gaps", gaps),
        ("roster_held", roster_held),
        ("roster_surge", roster_surge),
        ("baseline", baseline),
        ("store_failed", store_failed),
        ("interrupted", interrupted),
        ("ambiguous", ambiguous),
        ("exceptions_invalid", exceptions_invalid),
        ("breaker", breaker),
    ]
}

fn excluded_scopes(system: &SystemFact) -> u64 {
    system.scopes.iter().filter(|scope| scope.excluded).count() as u64
}

fn one_system(series: &mut Series, system: &SystemFact) {
    let id = system.id.as_str();
    series.count(&table::SYSTEM_INFO, &[id, &system.provider, &system.tier], 1);
    series.flag(&table::SCAN_SUCCESS, &[id], system.ran_to_end);
    series.set(&table::SCAN_DURATION, &[id], system.duration_seconds);
    series.time(&table::SCAN_LAST_ATTEMPT, &[id], Some(system.last_attempt_at));
    series.time(&table::SCAN_LAST_SUCCESS, &[id], system.last_success_at);
    series.time(&table::SCAN_LAST_COMPLETE, &[id], system.last_complete_at);
    for state in ScopeState::ALL {
        let scopes = system.scopes.iter().filter(|scope| scope.state == state).count();
        series.count(&table::SCAN_SCOPES, &[id, state.as_str()], scopes as u64);
    }
    series.count(&table::SCAN_EXCLUDED_SCOPES, &[id], excluded_scopes(system));
    let complete = system.scopes.iter().filter(|scope| scope.state == ScopeState::Complete);
    let mut objects: BTreeMap<AccessKind, u64> = BTreeMap::new();
    for (kind, count) in complete.flat_map(|scope| &scope.objects_by_kind) {
        *objects.entry(*kind).or_default() += count;
    }
    for (kind, count) in objects {
        series.count(&table::SCAN_OBJECTS, &[id, kind.as_str()], count);
    }
    if let Some(effort) = &system.effort {
        series.count(&table::SCAN_API_REQUESTS, &[id], effort.requests);
        series.count(&table::SCAN_API_FAILURES, &[id], effort.failures);
        series.count(&table::SCAN_API_RETRIES, &[id], effort.retries);
        series.count(&table::SCAN_API_THROTTLED, &[id], effort.throttled);
        series.set(&table::SCAN_API_WAIT, &[id], effort.waited_seconds);
    }
    if let Some(credential) = &system.credential {
        series.time(&table::CREDENTIAL_EXPIRY, &[id], credential.ends_at);
        if let Some(excess) = credential.excess_permissions {
            series.count(&table::CREDENTIAL_EXCESS, &[id], excess);
        }
    }
    let was_read = |state: ScopeState| matches!(state, ScopeState::Complete | ScopeState::Partial);
    if system.scopes.iter().any(|scope| was_read(scope.state)) {
        let unattributed = system.scopes.iter().map(|scope| scope.unattributed).sum();
        series.count(&table::SCAN_UNATTRIBUTED, &[id], unattributed);
        series.set(&table::SCAN_MATCHED_RATIO, &[id], system.matched_person_ratio);
    }
}

/// Configured systems, and any other that old findings still name.
fn system_ids(report: &Report) -> BTreeSet<&SystemId> {
    let configured = report.systems.iter().map(|system| &system.id);
    configured.chain(report.findings.iter().map(|finding| &finding.system)).collect()
}

fn residual(series: &mut Series, report: &Report) {
    let mut open: BTreeMap<(&SystemId, Severity), u64> = BTreeMap::new();
    let mut within: BTreeMap<(&SystemId, Severity), u64> = BTreeMap::new();
    let mut used: BTreeMap<&SystemId, u64> = BTreeMap::new();
    let mut oldest = BTreeMap::new();
    let mut rules: BTreeMap<(&str, Severity), u64> = BTreeMap::new();
    for finding in report.residual() {
        *open.entry((&finding.system, finding.severity)).or_default() += 1;
        *used.entry(&finding.system).or_default() += u64::from(finding.used_after_end == UsedAfterEnd::After);
        *rules.entry((&finding.rule, finding.severity)).or_default() += 1;
        let end = oldest.entry(&finding.system).or_insert(finding.access_end.at);
        *end = finding.access_end.at.min(*end);
    }
    for finding in report.within_time() {
        *within.entry((&finding.system, finding.severity)).or_default() += 1;
    }
    for system in system_ids(report) {
        let id = system.as_str();
        for severity in Severity::ALL {
            let count = |of: &BTreeMap<(&SystemId, Severity), u64>| of.get(&(system, *severity)).copied().unwrap_or(0);
            series.count(&table::RESIDUAL, &[id, severity.as_str()], count(&open));
            series.count(&table::RESIDUAL_WITHIN_TIME, &[id, severity.as_str()], count(&within));
        }
        series.count(&table::RESIDUAL_USED, &[id], used.get(system).copied().unwrap_or(0));
        series.time(&table::OLDEST_END, &[id], oldest.get(system).copied());
        let licenses = report.licenses.iter().filter(|license| license.system == *system).count();
        series.count(&table::LICENSES, &[id], licenses as u64);
    }
    for ((rule, severity), count) in rules {
        series.count(&table::RESIDUAL_BY_RULE, &[rule, severity.as_str()], count);
    }
    for state in STATES {
        series.count(&table::RESIDUAL_BY_STATE, &[state.as_str()], in_state(report, state));
    }
}

fn in_state(report: &Report, state: FindingState) -> u64 {
    let counts = |finding: &&Finding| finding.state == state && (finding.due || !state.is_open());
    let findings = report.findings.iter().filter(counts).count();
    let grants = match state {
        FindingState::Ambiguous => report.ambiguous.iter().filter(|grant| grant.may_be_leaver).count(),
        FindingState::Observed
        | FindingState::Confirmed
        | FindingState::Unverified
        | FindingState::Closing
        | FindingState::Closed
        | FindingState::Suppressed => 0,
    };
    (findings + grants) as u64
}

/// Findings and remnants by kind, with a zero for each kind that the system showed.
fn residual_by_kind(series: &mut Series, report: &Report) {
    let mut residual: BTreeMap<(&SystemId, AccessKind), u64> = BTreeMap::new();
    for system in &report.systems {
        for (kind, _) in system.scopes.iter().flat_map(|scope| &scope.objects_by_kind) {
            residual.entry((&system.id, *kind)).or_default();
        }
    }
    let mut remnants = residual.clone();
    for finding in report.residual() {
        *residual.entry((&finding.system, finding.access_kind)).or_default() += 1;
    }
    for remnant in &report.remnants {
        *remnants.entry((&remnant.system, remnant.access_kind)).or_default() += 1;
    }
    for (family, counts) in [(&table::RESIDUAL_BY_KIND, residual), (&table::REMNANTS, remnants)] {
        for ((system, kind), count) in counts {
            series.count(family, &[system.as_str(), kind.as_str()], count);
        }
    }
}

fn people(series: &mut Series, report: &Report) {
    let mut worst = BTreeMap::new();
    let mut exposure: BTreeMap<Severity, i64> = BTreeMap::new();
    for finding in report.residual() {
        // The worst severity is the smallest.
        let severity = worst.entry(finding.person_id.as_str()).or_insert(finding.severity);
        *severity = finding.severity.min(*severity);
        let since = report.run.as_of.signed_duration_since(finding.access_end.at).num_seconds();
        *exposure.entry(finding.severity).or_default() += since.max(0);
    }
    for severity in Severity::ALL {
        let people = worst.values().filter(|worst| *worst == severity).count();
        series.count(&table::PEOPLE, &[severity.as_str()], people as u64);
        let seconds = exposure.get(severity).copied().unwrap_or(0);
        series.set(&table::EXPOSURE, &[severity.as_str()], seconds as f64);
    }
}

fn totals(series: &mut Series, report: &Report) {
    over_all_runs(series, &report.totals);
    series.count(&table::LEAVERS_UNVERIFIED, &[], report.totals.leavers_unverified);
}

fn over_all_runs(series: &mut Series, totals: &Totals) {
    for (index, severity) in Severity::ALL.iter().enumerate() {
        let word = severity.as_str();
        series.count(&table::OPENED, &[word], totals.opened[index]);
        series.count(&table::CLOSED, &[word], totals.closed[index]);
        series.count(&table::REOPENED, &[word], totals.reopened[index]);
        series.histogram(&table::REVOCATION_DELAY, &[word], &totals.revocation_delay[index]);
    }
    series.histogram(&table::DETECTION_DELAY, &[], &totals.detection_delay);
    series.count(&table::LEAVERS_VERIFIED, &["clean"], totals.leavers_clean);
    series.count(&table::LEAVERS_VERIFIED, &["residual"], totals.leavers_residual);
}

fn roster(series: &mut Series, roster: &RosterFacts) {
    let is_accepted = roster.state == RosterState::Accepted;
    for source in &roster.sources {
        let id = source.id.as_str();
        series.time(&table::ROSTER_ACCEPTED, &[id], roster.accepted_at);
        series.count(&table::ROSTER_REJECTED, &[id], source.rejected_rows);
        series.count(&table::ROSTER_AMBIGUOUS, &[id], source.ambiguous_people);
        if is_accepted {
            series.time(&table::ROSTER_AS_OF, &[id], source.as_of);
            series.count(&table::ROSTER_RECORDS, &[id], source.rows);
        }
    }
    let holding = || roster.gates.iter().filter(|gate| gate.holds);
    let named: BTreeSet<&str> = holding().filter_map(|gate| gate.source.as_deref()).collect();
    // Without a source to blame alone, the whole roster is held.
    let everyone = !is_accepted && (named.is_empty() || holding().any(|gate| gate.source.is_none()));
    let mut sources: BTreeSet<&str> = roster.sources.iter().map(|source| source.id.as_str()).collect();
    sources.extend(&named);
    if sources.is_empty() {
        sources.insert(WHOLE_ROSTER);
    }
    for source in sources {
        let held = !is_accepted && (everyone || named.contains(source));
        series.flag(&table::ROSTER_HELD, &[source], held);
    }
}

fn exceptions(series: &mut Series, report: &Report) {
    let exceptions = &report.exceptions;
    for state in ExceptionState::ALL {
        let count = exceptions.iter().filter(|exception| exception.state == state).count();
        series.count(&table::EXCEPTIONS, &[state.as_str()], count as u64);
    }
    let active = || exceptions.iter().filter(|exception| exception.state == ExceptionState::Active);
    let expiring = active().filter(|exception| exception.expiring).count();
    series.count(&table::EXCEPTIONS_EXPIRING, &[], expiring as u64);
    series.time(&table::EXCEPTIONS_NEXT_EXPIRY, &[], active().map(|exception| exception.expires_at).min());
    series.count(&table::EXCEPTIONS_LAPSED_OPEN, &[], lapsed_and_open(report));
    let overdue = exceptions.iter().filter(|exception| exception.review_overdue).count();
    series.count(&table::EXCEPTIONS_REVIEW, &[], overdue as u64);
}

/// Exceptions that have ended while access they covered is open and due. One that did its work counts no more.
fn lapsed_and_open(report: &Report) -> u64 {
    let found = report.residual().filter(|finding| finding.rules.iter().any(|hit| &*hit.rule == EXCEPTION_LAPSED));
    // A finding of two records may have lost the name of its exception; it stands for itself then.
    let ids: BTreeSet<String> = found
        .map(|finding| finding.exception_id.as_deref().map_or_else(|| finding.fingerprint.to_string(), str::to_owned))
        .collect();
    ids.len() as u64
}
