//! What was not seen, by name, and what to do about it.

use super::LINES_SHOWN;
use super::page::Page;
use crate::emit::{EmitError, Persons, sections, words};
use crate::report::{CellVerdict, NoticeLevel, Report};
use crate::roster::RosterState;

/// Gaps of one scope that are listed one by one.
const GAPS_PER_SCOPE: usize = 5;

pub(super) fn unattributed(page: &mut Page<'_>, report: &Report) -> Result<(), EmitError> {
    if report.unattributed_total == 0 {
        return Ok(());
    }
    page.heading(format!("BELONGS TO NOBODY KNOWN  {}", report.unattributed_total))?;
    let counts = sections::unattributed_by_kind(report);
    for ((system, kind), count) in counts.iter().take(LINES_SHOWN) {
        page.text(2, &format!("{system}  {}  {count}", words::kind(*kind)))?;
    }
    page.rest(2, counts.len(), LINES_SHOWN)?;
    let listed = report.unattributed.len() as u64;
    if report.unattributed_total > listed {
        page.text(2, &format!("{} of them are counted only", report.unattributed_total - listed))?;
    }
    Ok(())
}

pub(super) fn leavers(page: &mut Page<'_>, report: &Report) -> Result<(), EmitError> {
    if report.leavers.is_empty() {
        return Ok(());
    }
    let mut open = 0;
    let mut clean = 0;
    let mut not_known = 0;
    let mut covered = 0;
    for leaver in &report.leavers {
        let is = |wanted| leaver.cells.iter().any(|(verdict, _)| *verdict == wanted);
        if leaver.open > 0 {
            open += 1;
        } else if leaver.complete_scopes < leaver.declared_scopes || is(CellVerdict::NotKnown) {
            not_known += 1;
        } else if is(CellVerdict::WithinTime) || is(CellVerdict::Excepted) {
            covered += 1;
        } else {
            clean += 1;
        }
    }
    page.heading(format!("LEAVERS  {}", report.leavers.len()))?;
    page.text(2, &format!("{open} with something open"))?;
    page.text(2, &format!("{covered} only with access within the agreed time or under an exception"))?;
    page.text(2, &format!("{clean} without residual access in all declared scopes"))?;
    page.text(2, &format!("{not_known} with nothing found, and scopes that were not read to the end"))
}

pub(super) fn gaps(page: &mut Page<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    let incomplete = sections::incomplete(report).count();
    let apps = sections::apps_not_connected(report).count();
    let roster = usize::from(report.roster.state != RosterState::Accepted);
    if incomplete + apps + roster == 0 {
        return Ok(());
    }
    page.heading("NOT SEEN")?;
    if roster > 0 {
        page.labelled(
            2,
            "GAP  ",
            &format!("roster {}: judged by the last accepted one, if any", words::roster_state(report.roster.state)),
        )?;
        for gate in persons.roster(&report.roster).gates.iter().filter(|gate| gate.holds) {
            page.text(7, &format!("{} {}", gate.gate, gate.says))?;
        }
        page.labelled(7, "-> ", "holdover roster validate --explain")?;
    }
    for incomplete in sections::incomplete_together(report) {
        let (system, scope, others) = (incomplete.system, incomplete.scope, incomplete.others());
        let state = words::scope_state(scope.state);
        page.labelled(2, "GAP  ", &format!("{}  {}{others}  {state}", system.id, scope.name))?;
        if scope.gaps.is_empty() {
            page.text(7, "no cause was written down")?;
        }
        for gap in scope.gaps.iter().take(GAPS_PER_SCOPE) {
            one_gap(page, &persons.gap(gap))?;
        }
        page.rest(7, scope.gaps.len(), GAPS_PER_SCOPE)?;
        if let Some(at) = scope.last_complete_at {
            page.text(7, &format!("last read to the end {}", words::seconds(at)))?;
        }
    }
    for app in sections::apps_not_connected(report).take(LINES_SHOWN) {
        let app = persons.app(app);
        let owner = app.owner.as_deref().unwrap_or("no owner listed");
        page.labelled(2, "GAP  ", &format!("{}  known app, not connected ({owner})", app.name))?;
    }
    page.rest(2, apps, LINES_SHOWN)?;
    if apps > 0 {
        page.labelled(7, "-> ", "connect it, or import its export")?;
    }
    Ok(())
}

fn one_gap(page: &mut Page<'_>, gap: &crate::report::GapFact) -> Result<(), EmitError> {
    let part = gap.part.as_ref().map_or_else(String::new, |part| format!("{part}: "));
    let times = if gap.count > 1 { format!(" ({} times)", gap.count) } else { String::new() };
    page.text(7, &format!("{part}{}{times}  [{}]", gap.cause, gap.cause.code()))?;
    page.labelled(7, "-> ", gap.cause.help())
}

pub(super) fn impossible(page: &mut Page<'_>, report: &Report) -> Result<(), EmitError> {
    if report.systems.iter().all(|system| system.impossible.is_empty()) {
        return Ok(());
    }
    page.heading("WHAT NO SCAN OF THESE SYSTEMS CAN SHOW")?;
    for system in &report.systems {
        for cell in &system.impossible {
            page.text(2, &format!("{}  {}; instead: {}", system.id, cell.what, cell.instead))?;
        }
    }
    Ok(())
}

/// Tickets that say done while the system says no.
pub(super) fn contradictions(page: &mut Page<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    if report.contradictions.is_empty() {
        return Ok(());
    }
    page.heading(format!("TICKETS THAT SAY DONE WHILE THE SYSTEM SAYS NO  ({})", report.contradictions.len()))?;
    for one in report.contradictions.iter().take(LINES_SHOWN) {
        let one = persons.contradiction(one);
        let place = format!(
            "{} in {}, {} {}",
            persons.label(&one.person_id),
            one.system,
            words::kind(one.access_kind),
            one.grant_id
        );
        page.text(2, &format!("{}  {place}", one.severity))?;
        page.labelled(7, "-> ", &words::contradiction(&one))?;
        page.labelled(7, "-> ", one.ticket.as_deref().unwrap_or("the ticket has no address"))?;
    }
    page.rest(2, report.contradictions.len(), LINES_SHOWN)
}

pub(super) fn notices(page: &mut Page<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    let speaking = report.exceptions.iter().filter(|exception| {
        exception.expiring || exception.stale || exception.review_overdue || !exception.problems.is_empty()
    });
    let missing = report.sentinels.iter().filter(|sentinel| !sentinel.found).count();
    let found = report.sentinels.len() - missing;
    if report.notices.is_empty() && speaking.clone().next().is_none() && report.sentinels.is_empty() {
        return Ok(());
    }
    page.heading("NOTICES")?;
    for notice in report.notices.iter().take(LINES_SHOWN) {
        let notice = persons.notice(notice);
        let label = match notice.level {
            NoticeLevel::Warning => "warning  ",
            NoticeLevel::Note => "note     ",
        };
        page.labelled(2, label, &format!("{}: {}", notice.id, notice.says))?;
    }
    page.rest(2, report.notices.len(), LINES_SHOWN)?;
    for exception in speaking {
        page.labelled(2, "warning  ", &exception_sentence(&persons.exception(exception)))?;
    }
    if !report.sentinels.is_empty() {
        page.labelled(
            2,
            if missing > 0 { "warning  " } else { "note     " },
            &format!("planted leavers: {found} found, {missing} missing"),
        )?;
    }
    Ok(())
}

/// What an exception has to say for itself.
pub(in crate::emit) fn exception_sentence(exception: &crate::report::ExceptionFact) -> String {
    let mut says = Vec::new();
    if exception.expiring {
        says.push(format!("ends {}", words::seconds(exception.expires_at)));
    }
    if exception.stale {
        says.push(String::from("matched nothing for several complete runs"));
    }
    if exception.review_overdue {
        says.push(String::from("review overdue"));
    }
    says.extend(exception.problems.iter().cloned());
    format!("exception {} ({}): {}", exception.id, exception.state.as_str(), says.join("; "))
}
