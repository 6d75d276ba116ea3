//! One finding with everything that led to it, and its history.

use askama::Template;

use super::frame::Frame;
use super::query::Query;
use super::{Desk, Refusal};
use crate::emit::html::Card;
use crate::emit::words;
use crate::findings::{Finding, FindingState, Fingerprint};
use crate::hostile::line as inert;

#[derive(Template)]
#[template(path = "site_finding.html")]
pub(super) struct Page {
    frame: Frame,
    card: Card,
    standing: &'static str,
    /// Not in the run that is shown: remembered as it was when last read.
    remembered: bool,
    reason: String,
    history: Vec<String>,
    exception: Option<String>,
    ticket: Option<String>,
    /// The ticket says done, the system says no.
    contradicted: Option<String>,
    person_address: String,
    back: String,
}

pub(super) fn page(desk: &Desk<'_>, asked: &str) -> Result<Page, Refusal> {
    let nothing = || Refusal::NotFound(String::from("There is no such finding."));
    let print: Fingerprint = asked.parse().map_err(|_| nothing())?;
    let report = &desk.report;
    let all = report.findings.iter().chain(&report.closed).chain(&report.remnants).chain(&report.licenses);
    let source = desk.site.shelf.source();
    let mut kept = None;
    let (finding, remembered) = match all.into_iter().find(|finding| finding.fingerprint == print) {
        Some(finding) => (finding, false),
        None => (&*kept.insert(source.recall(&print)?.ok_or_else(nothing)?), true),
    };
    let context = desk.site.context();
    let persons = desk.persons(&context)?;
    let history = source.history(&print)?;
    let person = Query { person: Some(String::from(finding.person_id.as_str())), ..desk.query.same_run() };
    Ok(Page {
        frame: desk.frame("Findings"),
        card: Card::of(finding, &context, &persons),
        standing: standing(finding),
        remembered,
        reason: inert(context.rules.reason(&finding.rule).unwrap_or_default()),
        history: history.iter().map(|line| inert(line)).collect(),
        exception: exception(finding),
        ticket: finding.ticket.as_deref().map(inert),
        contradicted: contradicted(desk, &print),
        person_address: person.address("/findings"),
        back: desk.query.same_run().address("/findings"),
    })
}

/// What its state means, in a sentence.
fn standing(finding: &Finding) -> &'static str {
    match finding.state {
        FindingState::Observed => "Seen once; a second look confirms it.",
        FindingState::Confirmed if finding.due => "Open: it was read after the end of access.",
        FindingState::Confirmed => "There, and within the agreed time.",
        FindingState::Unverified => "Open, and not read this time: nobody can say whether it is still there.",
        FindingState::Closing => "Not there in one complete read; a second one closes it.",
        FindingState::Closed => "Closed: proven gone, or switched off.",
        FindingState::Suppressed => "There, and accepted until a date.",
        FindingState::Ambiguous => "Not certain whose it is.",
    }
}

fn contradicted(desk: &Desk<'_>, print: &Fingerprint) -> Option<String> {
    let one = desk.report.contradictions.iter().find(|one| one.fingerprint == *print)?;
    let at = one.ticket_closed_at.map_or_else(String::new, |at| format!(" since {}", words::seconds(at)));
    Some(inert(&format!(
        "{} says that it is done{at}; it was read in force at {}.",
        one.ticket.as_deref().unwrap_or(&one.tracker),
        words::seconds(one.last_seen_at)
    )))
}

fn exception(finding: &Finding) -> Option<String> {
    let id = finding.exception_id.as_deref()?;
    let until = finding.exception_expires_at.map_or_else(String::new, |at| format!(" until {}", words::seconds(at)));
    Some(inert(&format!("{id}{until}")))
}
