//! OCSF 1.8.0: one Detection Finding (class 2004) a line, NDJSON, events only.
//!
//! What is no residual access is no event: remnants and paid seats stand in the other outputs and in the counts of
//! `run.json`. Gaps and the verdict stand in `run.json`, which lies beside this file: no event is no proof of no
//! finding. Attributes without a home in the schema go to `unmapped`. Schema facts: schema.ocsf.io/1.8.0.

mod convert;
mod event;
mod life;

use std::io::Write;

use super::json::escape::write_line;
use super::{EmitContext, EmitError, Persons};
use crate::report::Report;
use convert::Converter;

/// Version of the schema that events follow.
pub const SCHEMA_VERSION: &str = "1.8.0";

/// Writes an event for every finding that is open, ambiguous or suppressed, for every one this run closed, and for
/// every grant that may belong to somebody who left.
pub fn render(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    let converter = Converter::new(report, context, persons);
    for finding in report.findings.iter().chain(&report.closed) {
        write_line(out, &converter.finding(&persons.finding(finding)))?;
        out.flush()?;
    }
    for grant in report.ambiguous.iter().filter(|grant| grant.may_be_leaver) {
        // The uid must not change with the way persons are shown.
        write_line(out, &converter.ambiguous(grant, &persons.ambiguous(grant)))?;
        out.flush()?;
    }
    Ok(())
}
