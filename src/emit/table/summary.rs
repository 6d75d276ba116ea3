//! The last lines of every run: what was judged, what was found, how far it looked, the verdict.

use crate::emit::sections::{self, Counts};
use crate::emit::{EmitContext, Persons, words};
use crate::findings::Severity;
use crate::hostile;
use crate::report::{Report, RosterFacts};

/// Gaps named in the summary; the number of the others is said.
const GAPS_SHOWN: usize = 12;

/// The summary block, with a line end after each line. For standard error after a run.
pub fn summary(report: &Report, context: &EmitContext<'_>) -> String {
    // Pseudonyms without a key cannot be made; then the summary says less, never more.
    let Ok(persons) = Persons::of(report, context) else {
        return format!("{}\n", verdict(report));
    };
    let mut text = lines(report, &persons).join("\n");
    text.push('\n');
    text
}

pub(super) fn lines(report: &Report, persons: &Persons<'_>) -> Vec<String> {
    let counts = Counts::of(report);
    let mut lines = vec![run(report), findings(&counts)];
    if let Some(line) = beside(&counts) {
        lines.push(line);
    }
    lines.push(coverage(report, &counts));
    gaps(report, persons, &mut lines);
    lines.push(verdict(report));
    if !report.run.written.is_empty() {
        lines.push(format!("wrote     {}", hostile::line(&report.run.written.join(" "))));
    }
    lines
}

fn run(report: &Report) -> String {
    let policy = report.run.policy_digest.as_deref().map_or_else(|| String::from("none"), shortened);
    format!("run {}  policy {policy}  roster {}", words::seconds(report.run.as_of), roster(&report.roster))
}

fn roster(roster: &RosterFacts) -> String {
    let state = words::roster_state(roster.state);
    let [source] = roster.sources.as_slice() else {
        return format!("{} sources ({} people, {state})", roster.sources.len(), roster.people);
    };
    let as_of =
        source.as_of.map_or_else(|| String::from("of unknown age"), |at| format!("as of {}", words::seconds(at)));
    format!("{} {as_of} ({} records, {state})", hostile::line(&source.id), source.rows)
}

fn findings(counts: &Counts) -> String {
    let by_severity: Vec<String> = Severity::ALL
        .iter()
        .zip(counts.residual)
        .filter(|(severity, count)| **severity != Severity::Info || *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    format!(
        "findings  {}   ({} known, {} new, {} closed, {} excepted, {} unverified)",
        by_severity.join("  "),
        counts.known,
        counts.new,
        counts.closed,
        counts.suppressed,
        counts.unverified
    )
}

/// What is neither residual access nor a gap; left out where there is none of it.
fn beside(counts: &Counts) -> Option<String> {
    let parts: Vec<String> = [
        (counts.within_time, "within time"),
        (counts.ambiguous, "ambiguous"),
        (counts.unattributed, "without owner"),
        (counts.licenses, words::plural(counts.licenses, "licence", "licences")),
        (counts.remnants, words::plural(counts.remnants, "remnant", "remnants")),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    (!parts.is_empty()).then(|| format!("beside    {}", parts.join("  ")))
}

fn coverage(report: &Report, counts: &Counts) -> String {
    let systems = report.systems.len() as u64;
    format!(
        "coverage  {} of {} {} complete in {systems} {}",
        counts.complete_scopes,
        counts.declared_scopes,
        words::plural(counts.declared_scopes, "scope", "scopes"),
        words::plural(systems, "system", "systems")
    )
}

fn gaps(report: &Report, persons: &Persons<'_>, lines: &mut Vec<String>) {
    let all = sections::incomplete_together(report);
    for incomplete in all.iter().take(GAPS_SHOWN) {
        let (system, scope) = (incomplete.system, incomplete.scope);
        let place = format!("  GAP  {}  {}{}", system.id, hostile::line(scope.name.as_str()), incomplete.others());
        let Some(gap) = scope.gaps.first().map(|gap| persons.gap(gap)) else {
            lines.push(format!("{place}  {}", words::scope_state(scope.state)));
            continue;
        };
        let says = hostile::short(&words::state_and_cause(scope.state, &gap.cause), 100);
        let others = scope.gaps.len() - 1;
        let others = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        lines.push(format!("{place}  {says}{others}   -> {}", gap.cause.help()));
    }
    if all.len() > GAPS_SHOWN {
        let rest: usize = all[GAPS_SHOWN..].iter().map(|incomplete| 1 + incomplete.others).sum();
        lines.push(format!("  GAP  {rest} more scopes are not complete; every output names them"));
    }
    let apps: Vec<String> = sections::apps_not_connected(report).map(|app| hostile::short(&app.name, 40)).collect();
    if !apps.is_empty() {
        let shown = apps.iter().take(GAPS_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = apps.len().saturating_sub(GAPS_SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("  GAP  known apps not connected: {shown}{more}"));
    }
}

fn verdict(report: &Report) -> String {
    let flags: Vec<&str> = words::flags(&report.run.flags);
    let meaning = words::verdict(report.run.exit_code);
    // Flags that the meaning of the code does not say.
    let others: Vec<&str> = flags.into_iter().filter(|flag| !meaning.contains(flag)).collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    format!("verdict   {meaning}{others}   exit {}", report.run.exit_code.code())
}

fn shortened(digest: &str) -> String {
    format!("{}..", digest.chars().take(8).collect::<String>())
}
