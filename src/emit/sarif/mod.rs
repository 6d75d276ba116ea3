//! SARIF 2.1.0 (OASIS, errata 01) for code-scanning pages and review tools.
//!
//! One run per system inside one file, as long as there are at most twenty, which is what code-scanning services
//! take; beyond that one run holds everything. A system that was taken out of the configuration keeps its run while
//! something of it is told, so that a service finds its alerts where they were. Results stand in the order of all outputs, so that a service which
//! keeps only the first ones keeps the worst. What was seen once and is not confirmed is not written, nor what is within
//! the agreed time, and notifications say how many such findings there are. Gaps are notifications of the invocation.
//!
//! Alerts can be read by everybody with access to the repository: the configuration shows pseudonyms here unless it
//! says otherwise.

mod log;
mod notifications;
mod results;
mod rules;

use std::collections::BTreeSet;
use std::io::Write;

use scan_contract::SystemId;
use uuid::Uuid;

use super::json::escape::write_value;
use super::{EmitContext, EmitError, Persons};
use crate::emit::words;
use crate::findings::Finding;
use crate::report::{AmbiguousGrant, Report, SystemFact};
use log::{AutomationDetails, Invocation};
use rules::Rules;

/// Version of SARIF.
pub const VERSION: &str = "2.1.0";

/// Address of the schema, which some consumers ask for.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Runs that code-scanning services take in one file.
const RUNS_PER_FILE: usize = 20;

/// Name space of the identifiers in these files; a random UUID, fixed for ever.
const NAMES: Uuid = Uuid::from_u128(0x5b0e_2a7c_91d4_4f3e_8a66_1c9d_70e4_2f18);

/// What one SARIF run covers.
#[derive(Clone, Copy)]
enum Slice<'a> {
    /// One system of the configuration.
    System(&'a SystemFact),
    /// One that is no longer in the configuration.
    Former(&'a SystemId),
    /// Everything.
    Whole,
}

impl Slice<'_> {
    fn covers(self, finding: &Finding) -> bool {
        self.is_about(&finding.system)
    }

    fn is_about(self, id: &SystemId) -> bool {
        match self {
            Self::System(system) => *id == system.id,
            Self::Former(system) => id == system,
            Self::Whole => true,
        }
    }

    fn label(&self) -> &str {
        match self {
            Self::System(system) => system.id.as_str(),
            Self::Former(system) => system.as_str(),
            Self::Whole => "all",
        }
    }
}

/// Systems that something in this file is about, and that the configuration does not name.
fn former(report: &Report) -> BTreeSet<&SystemId> {
    let known: BTreeSet<&SystemId> = report.systems.iter().map(|system| &system.id).collect();
    let findings = report.findings.iter().chain(&report.closed).map(|finding| &finding.system);
    let doubtful = |grant: &&AmbiguousGrant| grant.may_be_leaver;
    let grants = report.ambiguous.iter().filter(doubtful).map(|grant| &grant.system);
    findings.chain(grants).filter(|id| !known.contains(id)).collect()
}

/// Writes the log.
pub fn render(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    write!(out, "{{\"$schema\":\"{SCHEMA}\",\"version\":\"{VERSION}\",\"runs\":[")?;
    let former = former(report);
    let mut slices: Vec<Slice<'_>> = report.systems.iter().map(Slice::System).collect();
    slices.extend(former.iter().map(|id| Slice::Former(id)));
    if slices.is_empty() || slices.len() > RUNS_PER_FILE {
        slices = vec![Slice::Whole];
    }
    for (index, slice) in slices.into_iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        run(report, context, persons, slice, index == 0, out)?;
    }
    out.write_all(b"]}\n")?;
    Ok(())
}

fn run(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    slice: Slice<'_>,
    first: bool,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    let rules = Rules::of(report, slice);
    out.write_all(b"\n{\"tool\":{\"driver\":")?;
    write_value(out, &rules.driver(report, context))?;
    out.write_all(b"},\"automationDetails\":")?;
    write_value(out, &automation(report, slice))?;
    if let Some(previous) = &report.run.previous_id {
        write!(out, ",\"baselineGuid\":\"{}\"", guid(&["run", previous, slice.label()]))?;
    }
    out.write_all(b",\"columnKind\":\"unicodeCodePoints\",\"invocations\":[")?;
    write_value(out, &invocation(report, persons, slice, first))?;
    out.write_all(b"],\"results\":[")?;
    let mut written = false;
    for finding in report.findings.iter().chain(&report.closed) {
        if !slice.covers(finding) || !results::is_written(finding) {
            continue;
        }
        out.write_all(if written { b",\n" } else { b"\n" })?;
        written = true;
        write_value(out, &results::result(&persons.finding(finding), &rules, context))?;
    }
    out.write_all(b"]}")?;
    Ok(())
}

fn automation(report: &Report, slice: Slice<'_>) -> AutomationDetails {
    AutomationDetails {
        id: format!("holdover/{}/{}", slice.label(), report.run.id),
        guid: guid(&["run", &report.run.id, slice.label()]),
    }
}

fn invocation(report: &Report, persons: &Persons<'_>, slice: Slice<'_>, first: bool) -> Invocation {
    let run = &report.run;
    let ran = match slice {
        Slice::System(system) => system.ran_to_end,
        // Nobody asked it, and nobody was to ask it.
        Slice::Former(_) => true,
        Slice::Whole => report.systems.iter().all(|system| system.ran_to_end),
    };
    Invocation {
        execution_successful: ran && !run.flags.interrupted && !run.flags.store_failed,
        start_time_utc: words::seconds(run.started_at),
        end_time_utc: words::seconds(run.ended_at),
        exit_code: run.exit_code.code(),
        exit_code_description: run.exit_code.meaning(),
        tool_execution_notifications: notifications::all(report, persons, slice, first),
    }
}

/// UUIDv5 of a stable name: the schema takes versions 1 to 5 only.
fn guid(parts: &[&str]) -> String {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMES, &name).to_string()
}

/// Foreign text inside a message: no embedded link, no placeholder, one line.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in crate::hostile::line(text).chars() {
        match character {
            '[' | ']' | '\\' => {
                safe.push('\\');
                safe.push(character);
            }
            '{' | '}' => {
                safe.push(character);
                safe.push(character);
            }
            _ => safe.push(character),
        }
    }
    safe
}
