//! NDJSON: the records of JSON v1, one object a line, `record` first. Flushed per line, so that a file cut short is
//! good up to its last line feed. Not the OCSF file, which holds events only.
//!
//! `record` is one of `run`, `roster`, `system`, `gap`, `finding`, `remnant`, `license`, `ambiguous`,
//! `unattributed`, `app`, `leaver`, `exception`, `sentinel`, `contradiction`, `notice`, `end`. The last line is `end` with the number
//! of lines before it: a file without it was cut off.

use std::io::Write;

use serde::Serialize;

use super::json::escape::write_line;
use super::json::v1;
use super::sections::{self, Counts};
use super::{EmitError, Persons};
use crate::report::Report;

#[derive(Serialize)]
struct Line<'a, T> {
    record: &'static str,
    run_id: &'a str,
    #[serde(flatten)]
    value: T,
}

/// A gap with the scope it belongs to.
#[derive(Serialize)]
struct GapLine<'a> {
    system: &'a str,
    scope: &'a str,
    state: v1::words::ScopeState,
    /// `null`: the scope is not complete and no cause was written down.
    gap: Option<v1::Gap>,
}

/// The run with its figures.
#[derive(Serialize)]
struct RunLine {
    run: v1::Run,
    persons: &'static str,
    counts: v1::Counts,
}

#[derive(Serialize)]
struct EndLine {
    lines: u64,
    unattributed_total: u64,
}

/// Writes every record.
pub fn render(report: &Report, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    let mut lines = Lines { out, run_id: &report.run.id, count: 0 };
    lines.put(
        "run",
        RunLine { run: (&report.run).into(), persons: persons.display(), counts: (&Counts::of(report)).into() },
    )?;
    lines.put("roster", v1::Roster::from(persons.roster(&report.roster).as_ref()))?;
    coverage(&mut lines, report, persons)?;
    for finding in report.findings.iter().chain(&report.closed) {
        lines.put("finding", v1::Finding::from(persons.finding(finding).as_ref()))?;
    }
    for finding in &report.remnants {
        lines.put("remnant", v1::Finding::from(persons.finding(finding).as_ref()))?;
    }
    for finding in &report.licenses {
        lines.put("license", v1::Finding::from(persons.finding(finding).as_ref()))?;
    }
    people(&mut lines, report, persons)?;
    let end = EndLine { lines: lines.count, unattributed_total: report.unattributed_total };
    lines.put("end", end)
}

fn coverage(lines: &mut Lines<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    for system in &report.systems {
        lines.put("system", super::json::system_with(system, persons))?;
    }
    for (system, scope, gap) in sections::gaps(report) {
        lines.put(
            "gap",
            GapLine {
                system: system.id.as_str(),
                scope: scope.name.as_str(),
                state: scope.state.into(),
                gap: gap.map(|gap| v1::Gap::from(persons.gap(gap).as_ref())),
            },
        )?;
    }
    for app in &report.known_apps {
        lines.put("app", v1::KnownApp::from(persons.app(app).as_ref()))?;
    }
    Ok(())
}

fn people(lines: &mut Lines<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    for grant in &report.ambiguous {
        lines.put("ambiguous", v1::Ambiguous::from(persons.ambiguous(grant).as_ref()))?;
    }
    for grant in &report.unattributed {
        lines.put("unattributed", v1::Unattributed::from(persons.unattributed(grant).as_ref()))?;
    }
    for leaver in &report.leavers {
        lines.put("leaver", v1::Leaver::from(persons.leaver(leaver).as_ref()))?;
    }
    for exception in &report.exceptions {
        lines.put("exception", v1::Exception::from(persons.exception(exception).as_ref()))?;
    }
    for sentinel in &report.sentinels {
        lines.put("sentinel", v1::Sentinel::from(persons.sentinel(sentinel).as_ref()))?;
    }
    for one in &report.contradictions {
        lines.put("contradiction", v1::Contradiction::from(persons.contradiction(one).as_ref()))?;
    }
    for notice in &report.notices {
        lines.put("notice", v1::Notice::from(persons.notice(notice).as_ref()))?;
    }
    Ok(())
}

struct Lines<'a> {
    out: &'a mut dyn Write,
    run_id: &'a str,
    count: u64,
}

impl Lines<'_> {
    fn put<T: Serialize>(&mut self, record: &'static str, value: T) -> Result<(), EmitError> {
        write_line(self.out, &Line { record, run_id: self.run_id, value })?;
        self.out.flush()?;
        self.count += 1;
        Ok(())
    }
}
