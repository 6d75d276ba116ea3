//! CSV for auditors and spreadsheets: RFC 4180, comma, CRLF, one header. Columns are only ever added at the end.
//!
//! CSV cannot say "not known", so what was not read has rows of its own with `record` = `gap`. An empty cell is not
//! known. Text is always quoted; numbers, `true` and `false` are not.

mod cell;
mod rows;

use std::io::Write;

use cell::Cell;
use rows::Row;

use super::{EmitContext, EmitError, Persons, sections};
use crate::report::Report;

pub use cell::{neutral, original};

/// Names of the columns, in order.
pub const COLUMNS: [&str; 46] = [
    "record",
    "run_id",
    "fingerprint",
    "state",
    "severity",
    "confidence",
    "rule",
    "system",
    "scope",
    "access_kind",
    "grant_id",
    "grant_display",
    "privilege",
    "usability",
    "person_id",
    "stint",
    "access_end_at",
    "first_seen_at",
    "last_seen_at",
    "last_used_at",
    "used_after_end",
    "exposure_seconds",
    "exception_id",
    "exception_expires_at",
    "ticket",
    "owner_team",
    "remediation_url",
    "rules",
    "due_at",
    "due",
    "match",
    "controls",
    "class",
    "change",
    "person_name",
    "target",
    "created_at",
    "expires_at",
    "last_used_precision_seconds",
    "last_complete_read_at",
    "part",
    "count",
    "code",
    "message",
    "help",
    "candidates",
];

/// Writes the table: findings, closed ones, licences and remnants, contradicted tickets, then gaps, then grants without a certain owner.
pub fn render(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    if context.csv_bom {
        out.write_all("\u{feff}".as_bytes())?;
    }
    out.write_all(COLUMNS.join(",").as_bytes())?;
    out.write_all(b"\r\n")?;
    let run = report.run.id.as_str();
    for finding in report.findings.iter().chain(&report.closed).chain(&report.licenses) {
        put(Row::finding("finding", run, &persons.finding(finding), persons, context.places), out)?;
    }
    for finding in &report.remnants {
        put(Row::finding("remnant", run, &persons.finding(finding), persons, context.places), out)?;
    }
    for one in &report.contradictions {
        put(Row::contradiction(run, &persons.contradiction(one), persons), out)?;
    }
    if let Some(row) = Row::roster(run, &persons.roster(&report.roster)) {
        put(row, out)?;
    }
    for (system, scope, gap) in sections::gaps(report) {
        put(Row::gap(run, system, scope, gap.map(|gap| persons.gap(gap)).as_deref()), out)?;
    }
    for app in sections::apps_not_connected(report) {
        put(Row::app(run, &persons.app(app)), out)?;
    }
    for grant in &report.ambiguous {
        put(Row::ambiguous(run, &persons.ambiguous(grant)), out)?;
    }
    for grant in &report.unattributed {
        put(Row::unattributed(run, &persons.unattributed(grant)), out)?;
    }
    let listed = report.unattributed.len() as u64;
    if report.unattributed_total > listed {
        put(Row::unattributed_rest(run, report.unattributed_total - listed), out)?;
    }
    Ok(())
}

fn put(row: Row, out: &mut dyn Write) -> Result<(), EmitError> {
    let cells: [Cell; COLUMNS.len()] = row.cells();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        cell.write(out)?;
    }
    out.write_all(b"\r\n")?;
    Ok(())
}
