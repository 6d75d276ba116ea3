//! Lists below the findings, one line an entry.

use super::Line;
use crate::emit::sections::{self, Counts, Section};
use crate::emit::{Persons, words};
use crate::findings::{Finding, Severity};
use crate::report::{NoticeLevel, Report};

/// What a list holds.
#[derive(Clone, Copy)]
pub(in crate::emit::html) enum What {
    /// Findings of a section.
    Section(Section),
    /// Grants with several candidates, and findings whose person is not certain.
    Ambiguous,
    /// Closed findings.
    Closed,
    /// Paid seats.
    Licenses,
    /// Remnants.
    Remnants,
    /// Grants without an owner.
    Unattributed,
    /// Exceptions.
    Exceptions,
    /// Notices.
    Notices,
    /// Planted leavers.
    Sentinels,
    /// Tickets that say done while the system says no.
    Contradictions,
}

/// A list with its heading.
pub(in crate::emit::html) struct List {
    pub(in crate::emit::html) id: &'static str,
    pub(in crate::emit::html) heading: &'static str,
    pub(in crate::emit::html) about: &'static str,
    pub(in crate::emit::html) count: u64,
    pub(in crate::emit::html) what: What,
}

/// Lists that have something in them.
pub(in crate::emit::html) fn lists(report: &Report) -> Vec<List> {
    let counts = Counts::of(report);
    let list = |id, heading, about, count, what| List { id, heading, about, count, what };
    [
        list(
            "within-time",
            "Within the agreed time",
            "Not residual access until the time has passed.",
            counts.within_time,
            What::Section(Section::WithinTime),
        ),
        list(
            "suppressed",
            "Under an exception",
            "Still there, accepted until a date.",
            counts.suppressed,
            What::Section(Section::Suppressed),
        ),
        list(
            "ambiguous",
            "Cannot tell whose",
            "One that may belong to somebody who left keeps the run from being clean.",
            counts.ambiguous,
            What::Ambiguous,
        ),
        list(
            "contradictions",
            "The ticket says done, the system says no",
            "Access that was read in force after its ticket was closed, or whose ticket is gone.",
            report.contradictions.len() as u64,
            What::Contradictions,
        ),
        list(
            "unattributed",
            "Belongs to nobody known",
            "No identifier leads to a person on the roster.",
            counts.unattributed,
            What::Unattributed,
        ),
        list(
            "closed",
            "Closed by this run",
            "Shown as ended, or absent twice in complete reads.",
            counts.closed,
            What::Closed,
        ),
        list("licences", "Paid seats of leavers", "Cost, not access.", counts.licenses, What::Licenses),
        list(
            "remnants",
            "Remnants",
            "Switched off, or unable to come back: not access.",
            counts.remnants,
            What::Remnants,
        ),
        list("exceptions", "Exceptions", "As they stand now.", report.exceptions.len() as u64, What::Exceptions),
        list(
            "notices",
            "Notices",
            "What the run says beside findings and gaps.",
            report.notices.len() as u64,
            What::Notices,
        ),
        list(
            "sentinels",
            "Planted leavers",
            "Each must be found in every run.",
            report.sentinels.len() as u64,
            What::Sentinels,
        ),
    ]
    .into_iter()
    .filter(|list| list.count > 0)
    .collect()
}

/// Lines of one list, one by one.
pub(in crate::emit::html) fn lines<'a>(
    report: &'a Report,
    persons: &'a Persons<'a>,
    what: What,
) -> Box<dyn Iterator<Item = Line> + 'a> {
    let finding = move |finding: &'a Finding| finding_line(&persons.finding(finding), persons);
    match what {
        What::Section(section) => Box::new(sections::of(report, section).map(finding)),
        What::Ambiguous => Box::new(
            sections::of(report, Section::Ambiguous)
                .map(finding)
                .chain(report.ambiguous.iter().map(move |grant| ambiguous_line(&persons.ambiguous(grant), persons))),
        ),
        What::Closed => Box::new(report.closed.iter().map(finding)),
        What::Licenses => Box::new(report.licenses.iter().map(finding)),
        What::Remnants => Box::new(report.remnants.iter().map(finding)),
        What::Unattributed => {
            let rest = report.unattributed_total.saturating_sub(report.unattributed.len() as u64);
            let rest = (rest > 0).then(|| Line::new("more", format!("{rest} are counted only")));
            Box::new(
                report
                    .unattributed
                    .iter()
                    .map(move |grant| unattributed_line(&persons.unattributed(grant)))
                    .chain(rest),
            )
        }
        What::Exceptions => Box::new(
            report.exceptions.iter().map(move |exception| exception_line(&persons.exception(exception), persons)),
        ),
        What::Notices => Box::new(report.notices.iter().map(move |notice| {
            let notice = persons.notice(notice);
            let level = match notice.level {
                NoticeLevel::Warning => "warning",
                NoticeLevel::Note => "note",
            };
            Line::new(format!("{level}: {}", notice.id), &notice.says)
        })),
        What::Contradictions => Box::new(
            report.contradictions.iter().map(move |one| contradiction_line(&persons.contradiction(one), persons)),
        ),
        What::Sentinels => Box::new(report.sentinels.iter().map(move |sentinel| {
            let sentinel = persons.sentinel(sentinel);
            let found = if sentinel.found { "found" } else { "MISSING" };
            Line::new(
                found,
                format!(
                    "{} in {}: {} {}",
                    sentinel.person_id,
                    sentinel.system,
                    words::kind(sentinel.kind),
                    sentinel.grant_id
                ),
            )
        })),
    }
}

fn contradiction_line(one: &crate::report::Contradiction, persons: &Persons<'_>) -> Line {
    Line::new(
        format!("{} in {}", persons.label(&one.person_id), one.system),
        format!(
            "{} {}, {}; {}; ticket {}",
            words::kind(one.access_kind),
            one.grant_id,
            one.severity,
            words::contradiction(one),
            one.ticket.as_deref().unwrap_or("without an address")
        ),
    )
}

fn finding_line(finding: &Finding, persons: &Persons<'_>) -> Line {
    let head = format!("{} in {}", persons.label(&finding.person_id), finding.system);
    let grant = finding.grant_display.as_deref().unwrap_or(finding.grant_id.as_str());
    let kind = words::kind(finding.access_kind);
    let severity = match finding.severity {
        Severity::Info => String::new(),
        severity => format!(", {severity}"),
    };
    let remarks = std::iter::once(format!("{kind} {grant}{}{severity}", standing(finding)));
    let remarks: Vec<String> = remarks.chain(finding.notes.iter().cloned()).collect();
    Line::new(head, remarks.join("; "))
}

/// How it stands, in the words of its section.
fn standing(finding: &Finding) -> String {
    match sections::section(finding) {
        Section::WithinTime => format!(", until {} ({})", words::seconds(finding.due_at), finding.due_rule),
        Section::Suppressed => {
            let until = finding.exception_expires_at.map_or_else(|| String::from("not known"), words::seconds);
            format!(", exception {} until {until}", finding.exception_id.as_deref().unwrap_or("not named"))
        }
        Section::Closed => match (words::no_longer_applies(finding.change), finding.revoked_between) {
            (Some(why), _) => format!(", {why}"),
            (None, Some((from, until))) => {
                format!(", ended between {} and {}", words::seconds(from), words::seconds(until))
            }
            (None, None) => String::new(),
        },
        Section::Ambiguous => {
            format!(", only {}: {}", finding.matched.method, finding.matched.evidence.join("; "))
        }
        Section::Residual => format!(", {}", words::usability(finding.usability)),
    }
}

fn ambiguous_line(grant: &crate::report::AmbiguousGrant, persons: &Persons<'_>) -> Line {
    let candidates: Vec<String> = grant
        .candidates
        .iter()
        .map(|(person, evidence)| format!("{} [{}]", persons.label(person), evidence.join("; ")))
        .collect();
    let left = if grant.may_be_leaver { "; one of them left" } else { "" };
    let display = grant.grant_display.as_deref().unwrap_or(grant.grant_id.as_str());
    Line::new(
        format!("{} in {}", words::kind(grant.kind), grant.system),
        format!("{display}: {}{left}; {}", candidates.join(", "), grant.reason),
    )
}

fn unattributed_line(grant: &crate::report::UnattributedGrant) -> Line {
    let display = grant.grant_display.as_deref().unwrap_or(grant.grant_id.as_str());
    Line::new(
        format!("{} in {}", words::kind(grant.kind), grant.system),
        format!(
            "{display}: {}; since {}; {}",
            grant.reason,
            words::seconds(grant.first_seen_at),
            grant.owner_team.as_deref().unwrap_or("no owner team configured")
        ),
    )
}

fn exception_line(exception: &crate::report::ExceptionFact, persons: &Persons<'_>) -> Line {
    let mut text = format!(
        "{} in {}, {}, until {}, covers {}",
        persons.label(&exception.person_id),
        exception.system,
        exception.state.as_str(),
        words::seconds(exception.expires_at),
        exception.covers
    );
    for (speaks, says) in [
        (exception.expiring, "; ends soon"),
        (exception.stale, "; matched nothing for several complete runs"),
        (exception.review_overdue, "; review overdue"),
    ] {
        if speaks {
            text.push_str(says);
        }
    }
    for problem in &exception.problems {
        text.push_str("; ");
        text.push_str(problem);
    }
    Line::new(&exception.id, text)
}
