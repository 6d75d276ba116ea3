//! What tickets say. Fixed structure, values that only fill it; no full grant id, no session id, no private address,
//! no reason of leaving.

use scan_contract::{AccessKind, Fact, Instant};

use super::settings::Habits;
use super::text::{Block, Line, Span, Text};
use super::tracker::{Draft, TicketKey};
use crate::findings::wish::{Happening, Proof};
use crate::findings::{
    AbsentLook, Finding, FindingState, Fingerprint, LEGAL_HOLD_REMARK, Memory, Severity, UsedAfterEnd,
};
use crate::hostile;
use crate::store::outbox::{LineStatus, Ticket, TicketLine, Unit};

/// Longest foreign text inside a sentence.
const LONGEST: usize = 120;

/// A line with the finding it is about, where that is still remembered.
pub type Entry<'a> = (&'a TicketLine, Option<&'a Memory>);

fn ours(text: impl Into<String>) -> Span {
    Span::Ours(text.into())
}

fn value(text: &str) -> Span {
    Span::Value(hostile::short(text, LONGEST))
}

fn long(text: &str) -> Span {
    Span::Value(hostile::short(text, 4 * LONGEST))
}

fn time(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A grant id as far as a ticket may show it: enough to find it, too little to use it. Sessions are not shown.
pub fn shortened(kind: AccessKind, grant_id: &str) -> String {
    if kind == AccessKind::Session {
        return String::from("(session)");
    }
    let letters: Vec<char> = grant_id.chars().collect();
    let end = |count: usize| letters[letters.len() - count..].iter().collect::<String>();
    match letters.len() {
        0..=4 => letters.iter().collect(),
        5..=15 => format!("…{}", end(4)),
        _ => format!("{}…{}", letters[..4].iter().collect::<String>(), end(4)),
    }
}

fn person_of(person: &str, entries: &[Entry<'_>]) -> String {
    match entries.iter().find_map(|(line, _)| line.about.name.as_deref()) {
        Some(name) => format!("{person} ({})", hostile::short(name, LONGEST)),
        None => person.to_owned(),
    }
}

fn title(ticket: &Ticket, entries: &[Entry<'_>]) -> String {
    let of = |text: &Option<String>| text.as_deref().map_or_else(String::new, |text| hostile::short(text, LONGEST));
    let place = if ticket.team.is_some() { of(&ticket.team) } else { of(&ticket.system) };
    let start = "Access that outlived employment";
    match ticket.unit {
        Unit::PersonOwner => format!("{start}: {}, {place}", person_or_nobody(ticket)),
        Unit::Finding => {
            let kind = entries.first().and_then(|(_, memory)| *memory).map(|memory| memory.finding.access_kind);
            let kind = kind.map_or("access", AccessKind::as_str);
            format!("{start}: {}, {kind} in {}", person_or_nobody(ticket), of(&ticket.system))
        }
        Unit::System => format!("{start}: {}", of(&ticket.system)),
        Unit::BatchTeam => format!("{start}: batch {}, {place}", of(&ticket.batch)),
        Unit::BatchParent => format!("{start}: batch {}", of(&ticket.batch)),
        Unit::Digest => format!("{start}: more in {} than tickets are made", of(&ticket.system)),
    }
}

fn person_or_nobody(ticket: &Ticket) -> String {
    ticket.person.as_deref().map_or_else(|| String::from("several people"), |person| hostile::short(person, LONGEST))
}

/// The whole ticket as it should read now. Entries come worst first.
pub fn draft(ticket: &Ticket, entries: &[Entry<'_>], habits: &Habits) -> Draft {
    let open: Vec<&Finding> = entries
        .iter()
        .filter(|(line, _)| !line.status.is_done())
        .filter_map(|(_, memory)| memory.map(|memory| &memory.finding))
        .collect();
    let severity = open.iter().map(|finding| finding.severity).min();
    Draft {
        key: TicketKey::of_label(&ticket.key),
        findings: entries.iter().map(|(line, _)| line.fingerprint).collect(),
        title: hostile::line(&title(ticket, entries)),
        body: body(ticket, entries, &open, habits),
        severity: severity.or(ticket.severity).unwrap_or(Severity::Info),
        due_at: open.iter().map(|finding| finding.due_at).min(),
        owner: ticket.team.clone(),
    }
}

fn body(ticket: &Ticket, entries: &[Entry<'_>], open: &[&Finding], habits: &Habits) -> Text {
    let mut blocks = match ticket.unit {
        Unit::Digest => digest(ticket),
        Unit::BatchParent => parent(ticket),
        Unit::PersonOwner | Unit::Finding | Unit::System | Unit::BatchTeam => {
            vec![Block::Paragraph(vec![ours(
                "Access listed here outlived the employment of its holder. Each line was seen twice, or once in data \
                 that describes a time after the end.",
            )])]
        }
    };
    blocks.push(Block::Facts(facts(ticket, entries, open)));
    if !entries.is_empty() {
        blocks.push(Block::Heading(String::from("Access")));
        blocks.push(Block::Lines(entries.iter().map(|entry| line(entry, ticket, habits)).collect()));
        let steps = steps(open);
        if !steps.is_empty() {
            blocks.push(Block::Heading(String::from("What to do")));
            blocks.push(Block::Steps(steps));
        }
        blocks.push(Block::Heading(String::from("How this ends")));
        blocks.extend(ending(open));
    }
    Text { blocks }
}

fn facts(ticket: &Ticket, entries: &[Entry<'_>], open: &[&Finding]) -> Vec<(String, Vec<Span>)> {
    let mut facts: Vec<(String, Vec<Span>)> = Vec::new();
    let mut add = |name: &str, span: Span| facts.push((String::from(name), vec![span]));
    if let Some(person) = &ticket.person {
        add("Person", value(&person_of(person, entries)));
    }
    if let Some(batch) = &ticket.batch {
        add("Batch", value(batch));
    }
    if let Some(team) = &ticket.team {
        add("Owner team", value(team));
    }
    if let Some(worst) = open.iter().map(|finding| finding.severity).min() {
        add("Worst severity", ours(worst.as_str()));
    }
    if let Some(end) = open.iter().map(|finding| finding.access_end.at).min() {
        add(if ticket.person.is_some() { "Access ended" } else { "Earliest end of access" }, ours(time(end)));
    }
    if let Some(due) = open.iter().map(|finding| finding.due_at).min() {
        add("Due", ours(time(due)));
    }
    if let Some(previous) = &ticket.previous {
        add("Ticket before this one", value(previous));
    }
    add("Key", ours(ticket.key.clone()));
    facts
}

/// Where and what, in a few words.
fn place(finding: &Finding) -> Vec<Span> {
    vec![
        ours(format!("{} ", finding.access_kind.as_str())),
        value(&shortened(finding.access_kind, finding.grant_id.as_str())),
        ours(" in "),
        value(finding.system.as_str()),
    ]
}

fn line((line, memory): &Entry<'_>, ticket: &Ticket, habits: &Habits) -> Line {
    let mut spans = Vec::new();
    if let Some(memory) = memory {
        let finding = &memory.finding;
        spans.push(ours(format!("{}: ", line.severity)));
        spans.extend(place(finding));
        // A ticket that was taken over may hold lines of other people than the one it is for.
        if ticket.person.as_deref() != Some(finding.person_id.as_str()) {
            spans.extend([ours(" of "), value(finding.person_id.as_str())]);
        }
        spans.push(ours(format!("; access ended {}; {}", time(finding.access_end.at), use_of(finding))));
        if !finding.severity_reasons.is_empty() {
            spans.extend([ours("; because: "), long(&finding.severity_reasons.join("; "))]);
        }
    }
    spans.push(ours(match line.status {
        LineStatus::Open => "; ",
        LineStatus::Unverified => "; could not be looked at lately; ",
        LineStatus::Closed => "; gone; ",
        LineStatus::Suppressed => "; under an exception; ",
    }));
    if let Some(remark) = &line.remark {
        spans.extend([long(remark), ours("; ")]);
    }
    spans.push(finding_span(line.fingerprint, habits));
    Line { done: line.status.is_done(), spans }
}

fn finding_span(fingerprint: Fingerprint, habits: &Habits) -> Span {
    let says = fingerprint.to_string();
    let page = habits.page_base.as_ref().map(|base| {
        let folder = if base.path().ends_with('/') { base.clone() } else { with_slash(base) };
        folder.join(&format!("findings/{}", says.replace(':', "%3A")))
    });
    match page {
        Some(Ok(to)) => Span::Link { says, to },
        // Without a page, or one that takes no path, the fingerprint alone leads to it.
        Some(Err(_)) | None => Span::Ours(says),
    }
}

fn with_slash(base: &url::Url) -> url::Url {
    let mut folder = base.clone();
    folder.set_path(&format!("{}/", base.path()));
    folder
}

fn use_of(finding: &Finding) -> String {
    let last = match &finding.last_used_at {
        Fact::Known(moment) => format!("last used {}", moment.at.format("%Y-%m-%d")),
        Fact::None => String::from("never used"),
        Fact::Hidden(_) => String::from("last use not known"),
    };
    match finding.used_after_end {
        UsedAfterEnd::After => format!("{last}, AFTER the end"),
        UsedAfterEnd::Before | UsedAfterEnd::Undecided | UsedAfterEnd::NotKnown | UsedAfterEnd::Never => last,
    }
}

fn steps(open: &[&Finding]) -> Vec<Vec<Span>> {
    let mut seen: Vec<String> = Vec::new();
    for finding in open {
        let remedy = finding.remediation.replace(LEGAL_HOLD_REMARK, " Disable and keep; do not delete.");
        if !remedy.is_empty() && !seen.contains(&remedy) {
            seen.push(remedy);
        }
    }
    seen.iter().map(|remedy| vec![Span::Value(hostile::short(remedy, 1_000))]).collect()
}

fn ending(open: &[&Finding]) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(vec![ours(
        "Holdover ticks a line once two looks show that the access is gone, and closes this ticket when every line is \
         ticked. Closing it by hand ends nothing: while the access is there it is opened again once, and reported after \
         that.",
    )])];
    if let Some(finding) = open.first() {
        blocks.push(Block::Paragraph(vec![
            ours("If it has to stay for a while, ask for an exception with an end: holdover exceptions new --person "),
            value(finding.person_id.as_str()),
            ours(" --system "),
            value(finding.system.as_str()),
            ours(format!(" --fingerprint {}", finding.fingerprint)),
        ]));
    }
    blocks
}

fn digest(ticket: &Ticket) -> Vec<Block> {
    vec![Block::Paragraph(vec![ours(format!(
        "{} more findings are confirmed than tickets may be made at once. They get tickets of their own in later runs, \
         worst first; until then this one stands for them. `holdover report` lists all of them.",
        ticket.count
    ))])]
}

fn parent(ticket: &Ticket) -> Vec<Block> {
    vec![Block::Paragraph(vec![ours(format!(
        "{} findings of people who left with this batch are open. Each team has a ticket of its own; critical findings \
         stand alone. This ticket is closed when all of those are.",
        ticket.count
    ))])]
}

/// The sentence beside a line that is done.
pub fn remark(happening: &Happening) -> Option<String> {
    match happening {
        Happening::Closed { proof } => Some(match proof {
            Proof::AbsentTwice { first_run, first_as_of, second_run, second_as_of } => format!(
                "first look: absent in complete data of {} ({first_run}); second look: absent in complete data of {} \
                 ({second_run})",
                time(*first_as_of),
                time(*second_as_of)
            ),
            Proof::ShownEnded { in_force_at, run, at } => format!(
                "first look: read in force {}; second look: a complete read of {} shows it as disabled or ended ({run})",
                time(*in_force_at),
                time(*at)
            ),
            Proof::Employed { run } => {
                format!("the roster says with a date that the person is employed again ({run}); nothing was revoked")
            }
            Proof::Planted { run } => {
                format!("the configuration names it as a planted leaver ({run}); nothing was revoked")
            }
        }),
        Happening::Suppressed { exception, until } => {
            let until = until.map_or_else(|| String::from("an end that is not known"), time);
            Some(format!("exception {exception} until {until}"))
        }
        Happening::Confirmed
        | Happening::Worse { .. }
        | Happening::Unverified
        | Happening::ReadAgain
        | Happening::CameBack
        | Happening::Lapsed { .. } => None,
    }
}

/// Something new about one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// It is on the ticket now.
    Added,
    /// It was done, and is open again.
    Back,
    /// It got worse.
    Worse,
    /// It got milder: the text changes, nobody is told.
    Milder,
    /// It could not be looked at.
    Unverified,
    /// It was looked at again, and is there.
    ReadAgain,
    /// It is gone.
    Closed,
    /// An exception covers it.
    Suppressed,
}

impl News {
    /// Whether people are told.
    pub fn speaks(self) -> bool {
        self != Self::Milder
    }
}

/// One paragraph of a comment.
pub fn paragraph(news: News, line: &TicketLine, memory: Option<&Memory>) -> Block {
    let start = match news {
        News::Added => "Added: ",
        News::Back => "Open again: ",
        News::Worse if line.used => "Worse, used after the end: ",
        News::Worse => "Worse: ",
        News::Milder => "Milder: ",
        News::Unverified => "Could not be looked at, so nothing is known of it now: ",
        News::ReadAgain => "Looked at again, and still there: ",
        News::Closed => "Gone: ",
        News::Suppressed => "Under an exception: ",
    };
    let mut spans = vec![ours(start)];
    spans.extend(memory.iter().flat_map(|memory| place(&memory.finding)));
    if matches!(news, News::Added | News::Back | News::Worse) {
        spans.push(ours(format!(", {}", line.severity)));
    }
    if let Some(remark) = line.remark.as_deref().filter(|_| line.status.is_done()) {
        spans.extend([ours("; "), long(remark)]);
    }
    spans.push(ours(format!(" [{}]", line.fingerprint)));
    Block::Paragraph(spans)
}

/// A comment about several lines, after a first sentence of ours.
pub fn comment(first: String, news: Vec<Block>) -> Text {
    let mut blocks = vec![Block::Paragraph(vec![Span::Ours(first)])];
    blocks.extend(news);
    Text { blocks }
}

/// The sentence beside a line that is done, from what is remembered of the finding alone.
pub fn remembered(finding: &Finding, absent: Option<&AbsentLook>) -> String {
    if let (Some(exception), true) = (&finding.exception_id, finding.state == FindingState::Suppressed) {
        let until = finding.exception_expires_at.map_or_else(|| String::from("an end that is not known"), time);
        return format!("exception {exception} until {until}");
    }
    let first = absent.map_or_else(
        || format!("first look: read in force {}", time(finding.last_seen_at)),
        |look| format!("first look: absent in complete data of {} ({})", time(look.as_of), look.run_id),
    );
    let second = finding.revoked_between.map_or_else(
        || String::from("second look: a later complete read"),
        |(_, until)| format!("second look: a complete read of {} or later", time(until)),
    );
    format!("{first}; {second}")
}

/// A ticket of a batch, as its parent names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Team, or system where there is none.
    pub team: String,
    /// Address.
    pub url: Option<String>,
    /// Open findings on it.
    pub open: u64,
}

/// A digest or a parent as it should read now.
pub fn figure_draft(ticket: &Ticket, children: &[Child], habits: &Habits) -> Draft {
    let mut draft = draft(ticket, &[], habits);
    if !children.is_empty() {
        let of = |child: &Child| {
            let place = value(child.url.as_deref().unwrap_or("not made yet"));
            (hostile::short(&child.team, LONGEST), vec![ours(format!("{} open; ", child.open)), place])
        };
        draft.body.blocks.push(Block::Heading(String::from("Tickets of the teams")));
        draft.body.blocks.push(Block::Facts(children.iter().map(of).collect()));
    }
    draft
}

/// What is said when a digest or a parent is closed.
pub fn figure_done(unit: Unit) -> Text {
    let says = match unit {
        Unit::BatchParent => "Every ticket of this batch is done.",
        Unit::Digest | Unit::PersonOwner | Unit::Finding | Unit::System | Unit::BatchTeam => {
            "Every confirmed finding of this system has a ticket of its own now."
        }
    };
    comment(String::from(says), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    #[test]
    fn a_ticket_says_what_to_keep_and_not_that_there_is_a_legal_hold() {
        let mut finding = sample::memory(1, FindingState::Confirmed).finding;
        finding.remediation = format!("Remove the key.{LEGAL_HOLD_REMARK}");
        let told = format!("{:?}", steps(&[&finding]));
        assert!(told.contains("Remove the key. Disable and keep; do not delete."), "{told}");
        assert!(!told.contains("legal"), "{told}");
    }
}
