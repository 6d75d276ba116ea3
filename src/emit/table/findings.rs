//! What is open, what may still stand, what is covered, what ended.

use std::collections::BTreeMap;

use scan_contract::{AccessKind, SystemId};

use super::page::Page;
use super::{FINDINGS_SHOWN, LINES_SHOWN};
use crate::emit::sections::{self, Counts, Section};
use crate::emit::{EmitContext, EmitError, Persons, words};
use crate::findings::{Change, Finding, FindingState, Severity};
use crate::report::Report;

pub(super) fn residual(
    page: &mut Page<'_>,
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    counts: &Counts,
) -> Result<(), EmitError> {
    let total = counts.residual_total();
    page.heading(format!("RESIDUAL ACCESS  {total}"))?;
    if total == 0 {
        let (complete, declared) = (counts.complete_scopes, counts.declared_scopes);
        return page.text(2, &format!("none found in {complete} of {declared} scopes"));
    }
    let mut shown = 0;
    let mut current: Option<Severity> = None;
    for finding in sections::of(report, Section::Residual).take(FINDINGS_SHOWN) {
        if current != Some(finding.severity) {
            current = Some(finding.severity);
            let number = counts.residual[sections::severity_index(finding.severity)];
            page.severity(finding.severity, &format!("{}  {number}", words::severity_heading(finding.severity)))?;
        }
        one(page, &persons.finding(finding), context, persons)?;
        shown += 1;
    }
    page.rest(2, usize::try_from(total).unwrap_or(usize::MAX), shown)
}

/// Who, where, what; then since when, why, and who has to do what.
fn one(
    page: &mut Page<'_>,
    finding: &Finding,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
) -> Result<(), EmitError> {
    page.text(2, &subject(finding, persons))?;
    let since = [
        format!("{}, seen {}", words::seconds(finding.access_end.at), words::after_the_end(finding)),
        words::usability(finding.usability).to_owned(),
        words::use_after_end(finding.used_after_end).to_owned(),
        format!("{}{}", finding.state, changed(finding.change)),
    ];
    page.labelled(6, "since  ", &since.join(" · "))?;
    page.labelled(6, "why    ", &why(finding, context))?;
    if finding.state == FindingState::Unverified {
        page.labelled(6, "!      ", "its scope could not be read in this run: still counted as open")?;
    }
    for note in &finding.notes {
        page.labelled(6, "note   ", note)?;
    }
    let team = finding.owner_team.as_deref().unwrap_or("no owner team configured");
    page.labelled(6, "act    ", &format!("{team}: {}", finding.remediation))?;
    page.labelled(6, "id     ", &format!("{}  {}", finding.fingerprint, finding.rule))
}

fn why(finding: &Finding, context: &EmitContext<'_>) -> String {
    let title = context.rules.title(&finding.rule).unwrap_or(&finding.rule);
    if finding.severity_reasons.is_empty() {
        return title.to_owned();
    }
    format!("{title}; {}", finding.severity_reasons.join(", "))
}

fn changed(change: Change) -> &'static str {
    match change {
        Change::New => ", new",
        Change::Updated => ", changed",
        Change::Reopened => ", back after it was closed",
        Change::Unchanged | Change::Closed | Change::Rehired | Change::Planted => "",
    }
}

/// Person, system, kind and grant on one line.
fn subject(finding: &Finding, persons: &Persons<'_>) -> String {
    let grant = match &finding.grant_display {
        Some(display) if display != finding.grant_id.as_str() => format!("{display} [{}]", finding.grant_id),
        _ => finding.grant_id.to_string(),
    };
    format!("{}  {}  {}  {grant}", persons.label(&finding.person_id), finding.system, words::kind(finding.access_kind))
}

pub(super) fn within_time(page: &mut Page<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    let total = sections::of(report, Section::WithinTime).count();
    if total == 0 {
        return Ok(());
    }
    page.heading(format!("WITHIN THE AGREED TIME  {total}"))?;
    for finding in sections::of(report, Section::WithinTime).take(LINES_SHOWN) {
        let left = words::duration((finding.due_at - report.run.as_of).num_seconds());
        let shown = persons.finding(finding);
        page.text(
            2,
            &format!(
                "{}  until {} ({left} left, {})",
                subject(&shown, persons),
                words::seconds(finding.due_at),
                finding.due_rule
            ),
        )?;
    }
    page.rest(2, total, LINES_SHOWN)
}

pub(super) fn suppressed(page: &mut Page<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    let total = sections::of(report, Section::Suppressed).count();
    if total == 0 {
        return Ok(());
    }
    page.heading(format!("UNDER AN EXCEPTION  {total}"))?;
    for finding in sections::of(report, Section::Suppressed).take(LINES_SHOWN) {
        let shown = persons.finding(finding);
        let exception = finding.exception_id.as_deref().unwrap_or("not named");
        let until =
            finding.exception_expires_at.map_or_else(|| String::from("an end that is not known"), words::seconds);
        page.text(2, &format!("{}  exception {exception} until {until}", subject(&shown, persons)))?;
    }
    page.rest(2, total, LINES_SHOWN)
}

pub(super) fn ambiguous(page: &mut Page<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    let findings = sections::of(report, Section::Ambiguous).count();
    let total = findings + report.ambiguous.len();
    if total == 0 {
        return Ok(());
    }
    page.heading(format!("CANNOT TELL WHOSE  {total}"))?;
    for finding in sections::of(report, Section::Ambiguous).take(LINES_SHOWN) {
        let shown = persons.finding(finding);
        let evidence = shown.matched.evidence.join("; ");
        page.text(2, &format!("{}  only {}: {evidence}", subject(&shown, persons), finding.matched.method))?;
    }
    // Those that may belong to a leaver come first: they keep the run from being clean.
    let leavers_first = report
        .ambiguous
        .iter()
        .filter(|grant| grant.may_be_leaver)
        .chain(report.ambiguous.iter().filter(|grant| !grant.may_be_leaver));
    for grant in leavers_first.take(LINES_SHOWN.saturating_sub(findings)) {
        let grant = persons.ambiguous(grant);
        let candidates: Vec<String> = grant.candidates.iter().map(|(person, _)| persons.label(person)).collect();
        let left = if grant.may_be_leaver { " (one of them left)" } else { "" };
        page.text(
            2,
            &format!(
                "{}  {}  {}  one of {}{left}: {}",
                grant.system,
                words::kind(grant.kind),
                grant.grant_display.as_deref().unwrap_or(grant.grant_id.as_str()),
                candidates.join(", "),
                grant.reason
            ),
        )?;
    }
    page.rest(2, total, LINES_SHOWN.max(findings.min(LINES_SHOWN)))
}

pub(super) fn closed(page: &mut Page<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    if report.closed.is_empty() {
        return Ok(());
    }
    page.heading(format!("CLOSED BY THIS RUN  {}", report.closed.len()))?;
    for finding in report.closed.iter().take(LINES_SHOWN) {
        let shown = persons.finding(finding);
        let how = match (words::no_longer_applies(finding.change), finding.revoked_between) {
            (Some(why), _) => why.to_owned(),
            (None, Some((from, until))) => {
                format!("ended between {} and {}", words::seconds(from), words::seconds(until))
            }
            (_, None) => words::how_closed(finding).to_owned(),
        };
        let remarks: Vec<String> = std::iter::once(how).chain(shown.notes.iter().cloned()).collect();
        page.text(2, &format!("{}  {}", subject(&shown, persons), remarks.join("; ")))?;
    }
    page.rest(2, report.closed.len(), LINES_SHOWN)
}

/// Licences and remnants, counted.
pub(super) fn without_access(page: &mut Page<'_>, report: &Report) -> Result<(), EmitError> {
    counted(page, "PAID SEATS OF LEAVERS", "cost, not access", &report.licenses)?;
    counted(page, "REMNANTS", "switched off or unable to come back: not access", &report.remnants)
}

fn counted(page: &mut Page<'_>, heading: &str, what: &str, findings: &[Finding]) -> Result<(), EmitError> {
    if findings.is_empty() {
        return Ok(());
    }
    page.heading(format!("{heading}  {}  ({what})", findings.len()))?;
    let mut counts: BTreeMap<(&SystemId, AccessKind), u64> = BTreeMap::new();
    for finding in findings {
        *counts.entry((&finding.system, finding.access_kind)).or_insert(0) += 1;
    }
    for ((system, kind), count) in counts.iter().take(LINES_SHOWN) {
        page.text(2, &format!("{system}  {}  {count}", words::kind(*kind)))?;
    }
    page.rest(2, counts.len(), LINES_SHOWN)
}
