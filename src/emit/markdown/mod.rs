//! Markdown for people: a page to paste into a wiki or a review.
//!
//! Foreign text stands in code spans only, one line each: no link, image, mention, heading, table or HTML can come
//! out of it. Tables hold figures and words of ours, and foreign text without the characters that end a cell.

mod text;

use std::io::Write;

use super::sections::{self, Counts, Section};
use super::{EmitContext, EmitError, Persons, words};
use crate::findings::{Finding, Severity};
use crate::report::{CellVerdict, NoticeLevel, Report};
use crate::roster::RosterState;
pub use text::cell;
use text::code;

/// Writes the page.
pub fn render(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    let counts = Counts::of(report);
    head(report, &counts, out)?;
    not_seen(report, persons, out)?;
    leavers(report, persons, out)?;
    residual(report, context, persons, &counts, out)?;
    list(report, persons, Section::WithinTime, "Within the agreed time", out)?;
    list(report, persons, Section::Suppressed, "Under an exception", out)?;
    ambiguous(report, persons, out)?;
    plain_list(&report.closed, persons, "Closed by this run", out)?;
    plain_list(&report.licenses, persons, "Paid seats of leavers (cost, not access)", out)?;
    plain_list(&report.remnants, persons, "Remnants (switched off or unable to come back)", out)?;
    contradictions(report, persons, out)?;
    unattributed(report, persons, out)?;
    impossible(report, out)?;
    notices(report, persons, out)?;
    versions(report, out)
}

fn head(report: &Report, counts: &Counts, out: &mut dyn Write) -> Result<(), EmitError> {
    let run = &report.run;
    writeln!(out, "# Residual access\n")?;
    writeln!(out, "- Organisation: {}", code(&run.organisation))?;
    writeln!(
        out,
        "- Judged as of: {}{}",
        words::seconds(run.as_of),
        if run.as_of_chosen { " (chosen instant)" } else { "" }
    )?;
    writeln!(out, "- Run: {}", code(&run.id))?;
    writeln!(out, "- Verdict: **{}**, exit {}", words::verdict(run.exit_code), run.exit_code.code())?;
    let flags = words::flags(&run.flags);
    if !flags.is_empty() {
        writeln!(out, "- Flags: {}", flags.iter().map(|flag| code(flag)).collect::<Vec<_>>().join(", "))?;
    }
    let (complete, declared) = (counts.complete_scopes, counts.declared_scopes);
    writeln!(out, "- Coverage: {complete} of {declared} scopes complete")?;
    writeln!(
        out,
        "- Roster: {}, {} people, {} left\n",
        words::roster_state(report.roster.state),
        report.roster.people,
        report.roster.leavers
    )?;
    writeln!(
        out,
        "| Critical | High | Medium | Low | Info | Within time | Excepted | Ambiguous | Closed | No owner | Licences | Remnants |"
    )?;
    writeln!(out, "| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")?;
    let figures: Vec<String> = counts
        .residual
        .into_iter()
        .chain([
            counts.within_time,
            counts.suppressed,
            counts.ambiguous,
            counts.closed,
            counts.unattributed,
            counts.licenses,
            counts.remnants,
        ])
        .map(|count| count.to_string())
        .collect();
    writeln!(out, "| {} |", figures.join(" | "))?;
    Ok(())
}

fn not_seen(report: &Report, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    writeln!(out, "\n## Not seen\n")?;
    let mut any = false;
    if report.roster.state != RosterState::Accepted {
        any = true;
        writeln!(out, "- Roster {}", words::roster_state(report.roster.state))?;
        for gate in persons.roster(&report.roster).gates.iter().filter(|gate| gate.holds) {
            writeln!(out, "  - {} {}", code(&gate.gate), code(&gate.says))?;
        }
    }
    for (system, scope, gap) in sections::gaps(report) {
        any = true;
        write!(
            out,
            "- {} {} {}",
            code(system.id.as_str()),
            code(scope.name.as_str()),
            words::scope_state(scope.state)
        )?;
        match gap {
            Some(gap) => {
                let gap = persons.gap(gap);
                let part = gap.part.as_deref().map_or_else(String::new, |part| format!(" {}", code(part)));
                let times = if gap.count > 1 { format!(" ({} times)", gap.count) } else { String::new() };
                writeln!(out, ":{part} {}{times}", code(&gap.cause.to_string()))?;
                writeln!(out, "  - {}", code(gap.cause.help()))?;
            }
            None => writeln!(out, ": no cause was written down")?,
        }
    }
    for app in sections::apps_not_connected(report) {
        any = true;
        writeln!(out, "- Known app {} is not connected", code(&app.name))?;
    }
    if !any {
        writeln!(out, "Every declared scope was read to its end.")?;
    }
    Ok(())
}

fn leavers(report: &Report, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    if report.leavers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Leavers by system\n")?;
    write!(out, "| Person | Access ended |")?;
    for system in &report.systems {
        write!(out, " {} |", cell(system.id.as_str()))?;
    }
    write!(out, " Result |\n| --- | --- |")?;
    writeln!(out, "{} --- |", " --- |".repeat(report.systems.len()))?;
    for leaver in &report.leavers {
        let leaver = persons.leaver(leaver);
        write!(out, "| {} | {} |", cell(&persons.label(&leaver.person_id)), words::seconds(leaver.access_end_at))?;
        for (verdict, open) in &leaver.cells {
            match verdict {
                CellVerdict::Open => write!(out, " {open} open |")?,
                other => write!(out, " {} |", words::cell(*other))?,
            }
        }
        writeln!(out, " {} |", words::leaver_sentence(&leaver))?;
    }
    Ok(())
}

fn residual(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    counts: &Counts,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    writeln!(out, "\n## Residual access\n")?;
    if counts.residual_total() == 0 {
        writeln!(out, "None found in {} of {} scopes.", counts.complete_scopes, counts.declared_scopes)?;
        return Ok(());
    }
    let mut current: Option<Severity> = None;
    for finding in sections::of(report, Section::Residual) {
        if current != Some(finding.severity) {
            if current.is_some() {
                writeln!(out)?;
            }
            current = Some(finding.severity);
            let number = counts.residual[sections::severity_index(finding.severity)];
            writeln!(out, "### {} ({number})\n", words::severity_heading(finding.severity))?;
        }
        detail(&persons.finding(finding), context, persons, out)?;
    }
    Ok(())
}

fn detail(
    finding: &Finding,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    writeln!(out, "- {}", subject(finding, persons))?;
    writeln!(
        out,
        "  - {}; {}; {}; {}",
        words::after_the_end(finding),
        words::usability(finding.usability),
        words::use_after_end(finding.used_after_end),
        finding.state
    )?;
    let title = context.rules.title(&finding.rule).unwrap_or(&finding.rule);
    writeln!(out, "  - Why: {} ({})", code(title), code(&finding.rule))?;
    for reason in &finding.severity_reasons {
        writeln!(out, "  - Severity: {}", code(reason))?;
    }
    writeln!(out, "  - Match: {}, {} confidence", code(&finding.matched.method), finding.confidence)?;
    for evidence in finding.matched.evidence.iter().chain(&finding.matched.chain) {
        writeln!(out, "    - {}", code(evidence))?;
    }
    for note in &finding.notes {
        writeln!(out, "  - Note: {}", code(note))?;
    }
    let team = finding.owner_team.as_deref().map_or_else(|| String::from("no owner team configured"), code);
    writeln!(out, "  - Act: {team}: {}", code(&finding.remediation))?;
    if let Some(ticket) = &finding.ticket {
        writeln!(out, "  - Ticket: {}", code(ticket))?;
    }
    writeln!(out, "  - Id: {}", code(&finding.fingerprint.to_string()))?;
    Ok(())
}

fn subject(finding: &Finding, persons: &Persons<'_>) -> String {
    let display = finding
        .grant_display
        .as_deref()
        .filter(|display| *display != finding.grant_id.as_str())
        .map_or_else(String::new, |display| format!(" {}", code(display)));
    format!(
        "{} in {}: {}{display} {}",
        code(&persons.label(&finding.person_id)),
        code(finding.system.as_str()),
        words::kind(finding.access_kind),
        code(finding.grant_id.as_str())
    )
}

fn list(
    report: &Report,
    persons: &Persons<'_>,
    section: Section,
    heading: &str,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    if sections::of(report, section).next().is_none() {
        return Ok(());
    }
    writeln!(out, "\n## {heading}\n")?;
    for finding in sections::of(report, section) {
        one_line(finding, persons, out)?;
    }
    Ok(())
}

fn plain_list(
    findings: &[Finding],
    persons: &Persons<'_>,
    heading: &str,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## {heading}\n")?;
    for finding in findings {
        one_line(finding, persons, out)?;
    }
    Ok(())
}

fn one_line(finding: &Finding, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    let shown = persons.finding(finding);
    write!(out, "- {}", subject(&shown, persons))?;
    match sections::section(finding) {
        Section::WithinTime => write!(out, ", until {}", words::seconds(finding.due_at))?,
        Section::Suppressed => {
            let id = code(finding.exception_id.as_deref().unwrap_or("not named"));
            let until = finding.exception_expires_at.map_or_else(|| String::from("not known"), words::seconds);
            write!(out, ", exception {id} until {until}")?;
        }
        Section::Closed => match (words::no_longer_applies(finding.change), finding.revoked_between) {
            (Some(why), _) => write!(out, ", {why}")?,
            (None, Some((from, until))) => {
                write!(out, ", ended between {} and {}", words::seconds(from), words::seconds(until))?;
            }
            (None, None) => {}
        },
        Section::Residual | Section::Ambiguous => write!(out, ", {}", words::usability(finding.usability))?,
    }
    for note in &shown.notes {
        write!(out, "; {}", code(note))?;
    }
    writeln!(out)?;
    Ok(())
}

fn ambiguous(report: &Report, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    let findings = sections::of(report, Section::Ambiguous).count();
    if findings + report.ambiguous.len() == 0 {
        return Ok(());
    }
    writeln!(out, "\n## Cannot tell whose\n")?;
    for finding in sections::of(report, Section::Ambiguous) {
        one_line(finding, persons, out)?;
    }
    for grant in &report.ambiguous {
        let grant = persons.ambiguous(grant);
        let candidates: Vec<String> = grant.candidates.iter().map(|(person, _)| code(&persons.label(person))).collect();
        let left = if grant.may_be_leaver { ", one of them left" } else { "" };
        writeln!(
            out,
            "- {} {} {}: {}{left}; {}",
            code(grant.system.as_str()),
            words::kind(grant.kind),
            code(grant.grant_id.as_str()),
            candidates.join(", "),
            code(&grant.reason)
        )?;
    }
    Ok(())
}

fn unattributed(report: &Report, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    if report.unattributed_total == 0 {
        return Ok(());
    }
    writeln!(out, "\n## Belongs to nobody known ({})\n", report.unattributed_total)?;
    for grant in &report.unattributed {
        let grant = persons.unattributed(grant);
        writeln!(
            out,
            "- {} {} {}: {}, since {}",
            code(grant.system.as_str()),
            words::kind(grant.kind),
            code(grant.grant_id.as_str()),
            code(&grant.reason),
            words::seconds(grant.first_seen_at)
        )?;
    }
    let listed = report.unattributed.len() as u64;
    if report.unattributed_total > listed {
        writeln!(out, "- {} more are counted only", report.unattributed_total - listed)?;
    }
    Ok(())
}

fn impossible(report: &Report, out: &mut dyn Write) -> Result<(), EmitError> {
    if report.systems.iter().all(|system| system.impossible.is_empty()) {
        return Ok(());
    }
    writeln!(out, "\n## What no scan of these systems can show\n")?;
    for system in &report.systems {
        for cell in &system.impossible {
            writeln!(out, "- {} {}; instead: {}", code(system.id.as_str()), code(&cell.what), code(&cell.instead))?;
        }
    }
    Ok(())
}

fn contradictions(report: &Report, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    if report.contradictions.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Tickets that say done while the system says no ({})\n", report.contradictions.len())?;
    for one in &report.contradictions {
        let one = persons.contradiction(one);
        writeln!(
            out,
            "- {} {} in {}: {} {}; {}; ticket {}",
            one.severity,
            code(&persons.label(&one.person_id)),
            code(one.system.as_str()),
            words::kind(one.access_kind),
            code(one.grant_id.as_str()),
            words::contradiction(&one),
            code(one.ticket.as_deref().unwrap_or("without an address"))
        )?;
    }
    Ok(())
}

fn notices(report: &Report, persons: &Persons<'_>, out: &mut dyn Write) -> Result<(), EmitError> {
    if report.notices.is_empty() && report.exceptions.is_empty() && report.sentinels.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Notices\n")?;
    for notice in &report.notices {
        let notice = persons.notice(notice);
        let level = match notice.level {
            NoticeLevel::Warning => "Warning",
            NoticeLevel::Note => "Note",
        };
        writeln!(out, "- {level}: {} {}", code(&notice.id), code(&notice.says))?;
    }
    for exception in &report.exceptions {
        let exception = persons.exception(exception);
        writeln!(
            out,
            "- Exception {} of {} in {}: {}, until {}, covers {}",
            code(&exception.id),
            code(&persons.label(&exception.person_id)),
            code(&exception.system),
            exception.state.as_str(),
            words::seconds(exception.expires_at),
            exception.covers
        )?;
        for problem in &exception.problems {
            writeln!(out, "  - {}", code(problem))?;
        }
    }
    for sentinel in &report.sentinels {
        let sentinel = persons.sentinel(sentinel);
        let found = if sentinel.found { "found" } else { "**missing**" };
        writeln!(
            out,
            "- Planted leaver {} in {}: {found}",
            code(sentinel.person_id.as_str()),
            code(sentinel.system.as_str())
        )?;
    }
    Ok(())
}

fn versions(report: &Report, out: &mut dyn Write) -> Result<(), EmitError> {
    let run = &report.run;
    writeln!(out, "\n---\n")?;
    writeln!(
        out,
        "Holdover {}, tz {}, controls {}, configuration {}, rules {}",
        code(&run.version),
        code(&run.tz_version),
        code(&run.controls_version),
        code(&run.config_digest),
        code(&run.rules_digest)
    )?;
    Ok(())
}
