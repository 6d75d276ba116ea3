//! A list of findings, narrowed by what stands in the address.

use std::collections::BTreeSet;

use askama::Template;
use scan_contract::AccessKind;

use super::frame::Frame;
use super::query::{PER_PAGE, Query, Shown, Uncertain};
use super::{Desk, Refusal};
use crate::emit::{Persons, csv as csv_format, words};
use crate::findings::{Finding, Severity, UsedAfterEnd};
use crate::hostile::{line as inert, short};
use crate::report::{AmbiguousGrant, Report, UnattributedGrant};
use crate::serve::page_port::{PageAnswer, PageContent, PageStatus};

/// Characters of a grant shown in a list.
const GRANT: usize = 90;

/// One line of the list.
pub(super) struct Row {
    pub(super) severity: &'static str,
    pub(super) address: String,
    pub(super) person: String,
    pub(super) person_address: String,
    pub(super) kind: &'static str,
    pub(super) system: String,
    pub(super) grant: String,
    pub(super) since: String,
    pub(super) state: String,
    pub(super) used: bool,
    pub(super) team: String,
    pub(super) ticket: Option<String>,
}

/// One choice of a filter.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "site_findings.html")]
pub(super) struct Findings {
    frame: Frame,
    heading: &'static str,
    query: Query,
    lists: Vec<Choice>,
    severities: Vec<Choice>,
    systems: Vec<Choice>,
    kinds: Vec<Choice>,
    teams: Vec<Choice>,
    rows: Vec<Row>,
    total: usize,
    of: usize,
    first: usize,
    last: usize,
    before: Option<String>,
    after: Option<String>,
    everything: String,
    download: String,
    uncertain: Vec<String>,
    nobodys: Vec<String>,
    nobodys_total: u64,
    /// Such grants that the report counts and does not list: filters cannot look at them.
    nobodys_left: u64,
    /// Entries of the list without filters.
    entries: usize,
    complete: u64,
    declared: u64,
    /// What the form shows of the address, inert.
    text: String,
    person: Option<String>,
}

/// All findings of the list that the address names.
fn all(report: &Report, shown: Shown) -> Vec<&Finding> {
    match shown {
        Shown::Closed => report.closed.iter().collect(),
        Shown::Remnants => report.remnants.iter().collect(),
        Shown::Licences => report.licenses.iter().collect(),
        Shown::Residual | Shown::WithinTime | Shown::Excepted | Shown::Ambiguous => {
            report.findings.iter().filter(|finding| shown.holds(finding)).collect()
        }
    }
}

pub(super) fn page(desk: &Desk<'_>) -> Result<Findings, Refusal> {
    let context = desk.site.context();
    let persons = desk.persons(&context)?;
    let query = desk.query.clone();
    let listed = all(&desk.report, query.shown);
    let of = listed.len();
    let taken: Vec<&Finding> =
        listed.iter().copied().filter(|finding| query.takes(finding, &persons.label(&finding.person_id))).collect();
    let total = taken.len();
    let start = (query.page - 1) * PER_PAGE;
    if start > 0 && start >= total {
        return Err(Refusal::NotFound(format!(
            "There is no page {}: {total} findings fit on {}.",
            query.page,
            total.div_ceil(PER_PAGE).max(1)
        )));
    }
    let rows: Vec<Row> = taken.iter().skip(start).take(PER_PAGE).map(|finding| row(desk, finding, &persons)).collect();
    let turn = |page: usize| Query { page, ..query.clone() }.address("/findings");
    let last = start + rows.len();
    let uncertain = uncertain(desk, &persons);
    let nobodys = nobodys(desk);
    let (ambiguous, unattributed) = without_holder(desk);
    let loose = || ambiguous.iter().map(|grant| (&grant.system, grant.kind));
    let ghosts = || unattributed.iter().map(|grant| (&grant.system, grant.kind));
    let found = || listed.iter().map(|finding| (&finding.system, finding.access_kind)).chain(loose()).chain(ghosts());
    let (complete, declared) = desk.report.coverage();
    Ok(Findings {
        complete,
        declared,
        text: inert(query.text.as_deref().unwrap_or_default()),
        person: query.person.as_deref().map(inert),
        frame: desk.frame("Findings"),
        heading: query.shown.label(),
        lists: lists(&query),
        severities: severities(&query),
        systems: choices(found().map(|(system, _)| system.as_str()), query.system.as_deref()),
        kinds: kinds(found().map(|(_, kind)| kind), query.kind),
        teams: choices(listed.iter().filter_map(|finding| finding.owner_team.as_deref()), query.team.as_deref()),
        total,
        of,
        first: (start + 1).min(last),
        last,
        before: (query.page > 1).then(|| turn(query.page - 1)),
        after: (last < total).then(|| turn(query.page + 1)),
        everything: Query { shown: query.shown, ..query.same_run() }.address("/findings"),
        download: Query { page: 1, ..query.clone() }.address("/findings.csv"),
        entries: of + ambiguous.len() + unattributed.len(),
        uncertain: uncertain.iter().map(|grant| uncertain_line(grant, &persons)).collect(),
        nobodys_total: if query.narrows() { nobodys.len() as u64 } else { desk.report.unattributed_total },
        nobodys_left: not_listed(desk),
        nobodys: nobodys.iter().map(|grant| nobodys_line(grant)).collect(),
        rows,
        query,
    })
}

/// The same findings as a table for a spreadsheet, in the columns of the CSV output.
pub(super) fn csv(desk: &Desk<'_>) -> Result<PageAnswer, Refusal> {
    let context = desk.site.context();
    let persons = desk.persons(&context)?;
    let taken = all(&desk.report, desk.query.shown)
        .into_iter()
        .filter(|finding| desk.query.takes(finding, &persons.label(&finding.person_id)))
        .cloned()
        .collect();
    let unattributed: Vec<UnattributedGrant> = nobodys(desk).into_iter().cloned().collect();
    let mut report = Report {
        findings: Vec::new(),
        closed: Vec::new(),
        remnants: Vec::new(),
        licenses: Vec::new(),
        ambiguous: uncertain(desk, &persons).into_iter().cloned().collect(),
        unattributed_total: unattributed.len() as u64 + not_listed(desk),
        unattributed,
        contradictions: Vec::new(),
        // Gaps stay: a list of findings without them would look whole.
        ..Report::clone(&desk.report)
    };
    match desk.query.shown {
        Shown::Closed => report.closed = taken,
        Shown::Remnants => report.remnants = taken,
        Shown::Licences => report.licenses = taken,
        Shown::Residual | Shown::WithinTime | Shown::Excepted | Shown::Ambiguous => report.findings = taken,
    }
    let mut body = Vec::new();
    csv_format::render(&report, &context, &persons, &mut body)?;
    Ok(PageAnswer { status: PageStatus::Found, content: PageContent::Csv, body })
}

fn row(desk: &Desk<'_>, finding: &Finding, persons: &Persons<'_>) -> Row {
    let person = Query { person: Some(String::from(finding.person_id.as_str())), ..desk.query.same_run() };
    let grant = finding.grant_display.as_deref().unwrap_or(finding.grant_id.as_str());
    Row {
        severity: finding.severity.as_str(),
        address: desk.query.same_run().address(&format!("/findings/{}", finding.fingerprint)),
        person: inert(&persons.label(&finding.person_id)),
        person_address: person.address("/findings"),
        kind: words::kind(finding.access_kind),
        system: inert(finding.system.as_str()),
        grant: short(grant, GRANT),
        since: words::after_the_end(finding),
        state: format!("{}, {}", finding.state, finding.change),
        used: finding.used_after_end == UsedAfterEnd::After,
        team: inert(finding.owner_team.as_deref().unwrap_or("no owner team")),
        ticket: finding.ticket.as_deref().map(inert),
    }
}

fn lists(query: &Query) -> Vec<Choice> {
    let choice = |shown: Shown| Choice {
        value: String::from(shown.word()),
        label: String::from(shown.label()),
        chosen: shown == query.shown,
    };
    Shown::ALL.map(choice).into()
}

fn severities(query: &Query) -> Vec<Choice> {
    let choice = |severity: &Severity| Choice {
        value: String::from(severity.as_str()),
        label: String::from(severity.as_str()),
        chosen: query.severities.contains(severity),
    };
    Severity::ALL.iter().map(choice).collect()
}

fn kinds(found: impl Iterator<Item = AccessKind>, chosen: Option<AccessKind>) -> Vec<Choice> {
    let found: BTreeSet<AccessKind> = found.chain(chosen).collect();
    found
        .into_iter()
        .map(|kind| Choice {
            value: String::from(kind.as_str()),
            label: String::from(words::kind(kind)),
            chosen: chosen == Some(kind),
        })
        .collect()
}

/// What occurs, and what was chosen even where it does not.
fn choices<'a>(found: impl Iterator<Item = &'a str>, chosen: Option<&'a str>) -> Vec<Choice> {
    let chosen = chosen.map(inert);
    let all: BTreeSet<String> = found.map(inert).chain(chosen.clone()).collect();
    all.into_iter()
        .map(|value| Choice { label: value.clone(), chosen: chosen.as_ref() == Some(&value), value })
        .collect()
}

/// Grants without a certain holder, in the list that shows them: those with several candidates, and nobody's.
fn without_holder<'a>(desk: &'a Desk<'_>) -> (&'a [AmbiguousGrant], &'a [UnattributedGrant]) {
    if desk.query.shown.is_certain() { (&[], &[]) } else { (&desk.report.ambiguous, &desk.report.unattributed) }
}

/// Grants with several candidates that the address asks for.
fn uncertain<'a>(desk: &'a Desk<'_>, persons: &Persons<'_>) -> Vec<&'a AmbiguousGrant> {
    let takes = |grant: &&AmbiguousGrant| {
        desk.query.takes_uncertain(&Uncertain {
            system: grant.system.as_str(),
            kind: grant.kind,
            grant_id: grant.grant_id.as_str(),
            grant_display: grant.grant_display.as_deref(),
            candidates: grant.candidates.iter().map(|(id, _)| (id.as_str(), persons.label(id))).collect(),
        })
    };
    without_holder(desk).0.iter().filter(takes).collect()
}

/// Grants of nobody known that the address asks for. They are no person's.
fn nobodys<'a>(desk: &'a Desk<'_>) -> Vec<&'a UnattributedGrant> {
    let takes = |grant: &&UnattributedGrant| {
        desk.query.takes_uncertain(&Uncertain {
            system: grant.system.as_str(),
            kind: grant.kind,
            grant_id: grant.grant_id.as_str(),
            grant_display: grant.grant_display.as_deref(),
            candidates: Vec::new(),
        })
    };
    without_holder(desk).1.iter().filter(takes).collect()
}

/// Grants of nobody known that the report counts and does not list. Whether they fit cannot be told, but by a person.
fn not_listed(desk: &Desk<'_>) -> u64 {
    if desk.query.shown.is_certain() || desk.query.person.is_some() {
        return 0;
    }
    desk.report.unattributed_total.saturating_sub(desk.report.unattributed.len() as u64)
}

fn nobodys_line(grant: &UnattributedGrant) -> String {
    let shown = grant.grant_display.as_deref().unwrap_or(grant.grant_id.as_str());
    inert(&format!(
        "{} in {}: {shown}: {}; since {}",
        words::kind(grant.kind),
        grant.system,
        grant.reason,
        words::seconds(grant.first_seen_at)
    ))
}

fn uncertain_line(grant: &AmbiguousGrant, persons: &Persons<'_>) -> String {
    let candidates: Vec<String> = grant
        .candidates
        .iter()
        .map(|(person, evidence)| format!("{} [{}]", persons.label(person), evidence.join("; ")))
        .collect();
    let left = if grant.may_be_leaver { "; one of them left" } else { "" };
    let shown = grant.grant_display.as_deref().unwrap_or(grant.grant_id.as_str());
    inert(&format!(
        "{} in {}: {shown}: {}{left}; {}",
        words::kind(grant.kind),
        grant.system,
        candidates.join(", "),
        grant.reason
    ))
}
