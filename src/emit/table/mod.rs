//! The table for people at a terminal: findings by severity, then everything else in order of urgency, gaps by name
//! with what to do, and the summary last.
//!
//! Lists are cut at fixed lengths and say so with the number left out; nothing is dropped in silence. Colour only
//! repeats what a word already says.

mod coverage;
mod findings;
mod page;
mod summary;

use std::io::Write;

use super::sections::Counts;
use super::{EmitContext, EmitError, Persons, words};
use crate::hostile;
use crate::report::Report;
use page::Page;

pub use summary::summary;

/// Residual findings shown in full.
const FINDINGS_SHOWN: usize = 200;
/// Lines of every other list.
const LINES_SHOWN: usize = 20;

/// Writes the table.
pub fn render(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    let mut page = Page::new(out, context.width, context.colour);
    let counts = Counts::of(report);
    head(&mut page, report)?;
    findings::residual(&mut page, report, context, persons, &counts)?;
    findings::within_time(&mut page, report, persons)?;
    findings::suppressed(&mut page, report, persons)?;
    findings::ambiguous(&mut page, report, persons)?;
    findings::closed(&mut page, report, persons)?;
    findings::without_access(&mut page, report)?;
    coverage::contradictions(&mut page, report, persons)?;
    coverage::unattributed(&mut page, report)?;
    coverage::leavers(&mut page, report)?;
    coverage::gaps(&mut page, report, persons)?;
    coverage::impossible(&mut page, report)?;
    coverage::notices(&mut page, report, persons)?;
    page.blank()?;
    for line in summary::lines(report, persons) {
        page.literal(&line)?;
    }
    Ok(())
}

fn head(page: &mut Page<'_>, report: &Report) -> Result<(), EmitError> {
    let run = &report.run;
    let chosen = if run.as_of_chosen { " (chosen instant)" } else { "" };
    page.title(&format!("Holdover  {}  as of {}{chosen}", hostile::line(&run.organisation), words::seconds(run.as_of)))
}
