//! Texts of the page, ready to be escaped. Everything foreign goes through [`hostile::line`] here.

use scan_contract::{Instant, ScopeState};

use crate::emit::sections::{self, Counts, Section};
use crate::emit::{EmitContext, Persons, words};
use crate::findings::{Change, Finding, Severity};
use crate::hostile::line as inert;
use crate::report::{CellVerdict, LeaverVerdict, NoticeLevel, Report};
use crate::roster::RosterState;

/// One figure.
pub(super) struct Tile {
    pub(super) label: &'static str,
    pub(super) count: u64,
    /// Class of the style sheet.
    pub(super) class: &'static str,
}

pub(super) fn tiles(counts: &Counts) -> Vec<Tile> {
    let tile = |label, count, class| Tile { label, count, class };
    let [critical, high, medium, low, info] = counts.residual;
    vec![
        tile("critical", critical, "critical"),
        tile("high", high, "high"),
        tile("medium", medium, "medium"),
        tile("low", low, "low"),
        tile("info", info, "info"),
        tile("new", counts.new, ""),
        tile("not verified", counts.unverified, ""),
        tile("within time", counts.within_time, ""),
        tile("excepted", counts.suppressed, ""),
        tile("ambiguous", counts.ambiguous, ""),
        tile("no owner", counts.unattributed, ""),
        tile("closed", counts.closed, ""),
        tile("licences", counts.licenses, ""),
        tile("remnants", counts.remnants, ""),
    ]
}

/// One line of a list.
pub(super) struct Line {
    pub(super) head: String,
    pub(super) text: String,
}

impl Line {
    fn new(head: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        Self { head: inert(head.as_ref()), text: inert(text.as_ref()) }
    }
}

pub(super) fn roster(report: &Report, persons: &Persons<'_>) -> Vec<Line> {
    let roster = persons.roster(&report.roster);
    let mut lines = vec![Line::new(
        words::roster_state(roster.state),
        format!("{} people, {} left", roster.people, roster.leavers),
    )];
    for source in &roster.sources {
        let as_of =
            source.as_of.map_or_else(|| String::from("age not known"), |at| format!("as of {}", words::seconds(at)));
        let by_file = if source.as_of_by_file_time { " (time of the file)" } else { "" };
        lines.push(Line::new(
            &source.id,
            format!(
                "{as_of}{by_file}, {} rows, {} rejected, {} people with contradicting rows",
                source.rows, source.rejected_rows, source.ambiguous_people
            ),
        ));
    }
    for gate in &roster.gates {
        let holds = if gate.holds { "holds" } else { "reported" };
        lines.push(Line::new(format!("{} ({holds})", gate.gate), &gate.says));
    }
    for conflict in &roster.conflicts {
        lines.push(Line::new("conflict", conflict));
    }
    lines
}

/// One gap.
pub(super) struct GapView {
    pub(super) place: String,
    pub(super) state: &'static str,
    pub(super) says: String,
    pub(super) help: String,
}

pub(super) fn gaps(report: &Report, persons: &Persons<'_>) -> Vec<GapView> {
    let mut views = Vec::new();
    if report.roster.state != RosterState::Accepted {
        let holding: Vec<String> = report
            .roster
            .gates
            .iter()
            .filter(|gate| gate.holds)
            .map(|gate| format!("{} {}", gate.gate, gate.says))
            .collect();
        views.push(GapView {
            place: String::from("roster"),
            state: words::roster_state(report.roster.state),
            says: inert(&holding.join("; ")),
            help: String::from("holdover roster validate --explain"),
        });
    }
    for (system, scope, gap) in sections::gaps(report) {
        let place = inert(&format!("{} / {}", system.id, scope.name));
        let state = words::scope_state(scope.state);
        views.push(match gap.map(|gap| persons.gap(gap)) {
            Some(gap) => {
                let part = gap.part.as_deref().map_or_else(String::new, |part| format!("{part}: "));
                let times = if gap.count > 1 { format!(" ({} times)", gap.count) } else { String::new() };
                GapView {
                    place,
                    state,
                    says: inert(&format!("{part}{}{times}", gap.cause)),
                    help: gap.cause.help().to_owned(),
                }
            }
            None => GapView { place, state, says: String::from("no cause was written down"), help: String::new() },
        });
    }
    for app in sections::apps_not_connected(report) {
        views.push(GapView {
            place: inert(&app.name),
            state: "not connected",
            says: String::from("known app that no configured system reads"),
            help: String::from("connect it, or import its export"),
        });
    }
    views
}

/// Coverage of one system.
pub(super) struct SystemView {
    pub(super) id: String,
    pub(super) about: String,
    pub(super) scopes: Vec<ScopeView>,
    pub(super) impossible: Vec<Line>,
}

/// Coverage of one scope.
pub(super) struct ScopeView {
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) complete: bool,
    pub(super) objects: u64,
    pub(super) as_of: String,
    pub(super) proof: String,
    pub(super) last_complete: String,
}

pub(super) fn coverage(report: &Report) -> Vec<SystemView> {
    let time = |at: Option<Instant>| at.map_or_else(|| String::from("–"), words::seconds);
    report
        .systems
        .iter()
        .map(|system| SystemView {
            id: inert(system.id.as_str()),
            about: inert(&format!(
                "{}, {}, {}",
                system.connector,
                system.tier,
                system.owner_team.as_deref().unwrap_or("no owner team")
            )),
            scopes: system
                .scopes
                .iter()
                .map(|scope| ScopeView {
                    name: inert(scope.name.as_str()),
                    state: words::scope_state(scope.state),
                    complete: scope.state == ScopeState::Complete,
                    objects: scope.objects,
                    as_of: time(scope.as_of),
                    proof: inert(scope.proof.as_deref().unwrap_or("–")),
                    last_complete: time(scope.last_complete_at),
                })
                .collect(),
            impossible: system
                .impossible
                .iter()
                .map(|cell| Line::new(&cell.what, format!("instead: {}", cell.instead)))
                .collect(),
        })
        .collect()
}

/// Head of the table of leavers by systems.
pub(super) struct Matrix {
    pub(super) columns: Vec<Column>,
}

/// One system with its coverage.
pub(super) struct Column {
    pub(super) system: String,
    pub(super) complete: usize,
    pub(super) declared: usize,
}

impl Matrix {
    pub(super) fn head(report: &Report) -> Option<Self> {
        if report.leavers.is_empty() {
            return None;
        }
        let columns = report
            .systems
            .iter()
            .map(|system| Column {
                system: inert(system.id.as_str()),
                complete: system.scopes.iter().filter(|scope| scope.state == ScopeState::Complete).count(),
                declared: system.scopes.len(),
            })
            .collect();
        Some(Self { columns })
    }
}

/// One leaver.
pub(super) struct MatrixRow {
    pub(super) person: String,
    pub(super) ended: String,
    pub(super) cells: Vec<MatrixCell>,
    pub(super) result: String,
}

/// One leaver in one system.
pub(super) struct MatrixCell {
    pub(super) class: &'static str,
    pub(super) text: String,
}

impl MatrixRow {
    pub(super) fn of(leaver: &LeaverVerdict, persons: &Persons<'_>) -> Self {
        Self {
            person: inert(&persons.label(&leaver.person_id)),
            ended: words::seconds(leaver.access_end_at),
            cells: leaver.cells.iter().map(|(verdict, open)| cell(*verdict, *open)).collect(),
            result: words::leaver_sentence(leaver.open, leaver.complete_scopes, leaver.declared_scopes),
        }
    }
}

fn cell(verdict: CellVerdict, open: u64) -> MatrixCell {
    let (class, text) = match verdict {
        CellVerdict::Open => ("open", format!("{open} open")),
        CellVerdict::WithinTime => ("within", words::cell(verdict).to_owned()),
        CellVerdict::Excepted => ("excepted", words::cell(verdict).to_owned()),
        CellVerdict::NoneFound => ("none", words::cell(verdict).to_owned()),
        CellVerdict::NotKnown => ("unknown", words::cell(verdict).to_owned()),
    };
    MatrixCell { class, text }
}

/// One residual finding.
pub(super) struct Card {
    pub(super) severity: &'static str,
    pub(super) title: String,
    pub(super) person: String,
    pub(super) system: String,
    pub(super) kind: &'static str,
    pub(super) grant: String,
    pub(super) grant_id: String,
    pub(super) since: String,
    pub(super) used_after: bool,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) reasons: Vec<String>,
    pub(super) evidence: Vec<String>,
    pub(super) chain: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) remedy: String,
    pub(super) team: String,
    pub(super) fingerprint: String,
}

impl Card {
    pub(super) fn of(finding: &Finding, context: &EmitContext<'_>, persons: &Persons<'_>) -> Self {
        let used_after = finding.used_after_end == crate::findings::UsedAfterEnd::After;
        Self {
            severity: finding.severity.as_str(),
            title: inert(context.rules.title(&finding.rule).unwrap_or(&finding.rule)),
            person: inert(&persons.label(&finding.person_id)),
            system: inert(finding.system.as_str()),
            kind: words::kind(finding.access_kind),
            grant: inert(finding.grant_display.as_deref().unwrap_or(finding.grant_id.as_str())),
            grant_id: inert(finding.grant_id.as_str()),
            since: words::after_the_end(finding),
            used_after,
            facts: facts(finding),
            reasons: finding.severity_reasons.iter().map(|text| inert(text)).collect(),
            evidence: finding.matched.evidence.iter().map(|text| inert(text)).collect(),
            chain: finding.matched.chain.iter().map(|text| inert(text)).collect(),
            notes: finding.notes.iter().map(|text| inert(text)).collect(),
            remedy: inert(&finding.remediation),
            team: inert(finding.owner_team.as_deref().unwrap_or("no owner team configured")),
            fingerprint: finding.fingerprint.to_string(),
        }
    }
}

fn facts(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("State", format!("{}, {}", finding.state, finding.change)),
        ("Access ended", ended(finding)),
        ("Due", format!("{} ({})", words::seconds(finding.due_at), inert(&finding.due_rule))),
        ("Usable", format!("{}, {} privilege", words::usability(finding.usability), finding.privilege)),
        ("Use", words::use_after_end(finding.used_after_end).to_owned()),
        ("Last used", inert(&words::fact(&finding.last_used_at, "never, says the source"))),
        ("Made", inert(&words::fact(&finding.created_at, "not known"))),
        ("Ends by itself", inert(&words::fact(&finding.expires_at, "never, says the source"))),
        (
            "Seen",
            format!("first {}, last {}", words::seconds(finding.first_seen_at), words::seconds(finding.last_seen_at)),
        ),
        ("Scope", inert(finding.scope.as_str())),
        ("Relation", finding.relation.as_str().to_owned()),
        ("Match", format!("{}, {} confidence", inert(&finding.matched.method), finding.confidence)),
        ("Rules", inert(&finding.rules.iter().map(|hit| hit.rule.as_ref()).collect::<Vec<_>>().join(", "))),
        ("Controls", inert(&finding.controls.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", "))),
    ];
    let optional = [
        ("Opens", finding.target.as_deref()),
        ("Kept in", finding.managed_by.as_deref()),
        ("Ticket", finding.ticket.as_deref()),
        ("Exception ended", finding.exception_id.as_deref()),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, text)| Some((name, inert(text?)))));
    if let Some(until) = finding.live_until {
        facts.push(("Can be alive until", words::seconds(until)));
    }
    for undecided in &finding.undecided {
        facts.push(("Not decided", inert(&format!("{}: {} is not known", undecided.rule, undecided.fact))));
    }
    for seen in &finding.evidence {
        facts.push(("Seen at", inert(seen)));
    }
    facts
}

fn ended(finding: &Finding) -> String {
    let end = &finding.access_end;
    if end.is_exact() {
        return format!("{} ({})", words::seconds(end.at), inert(&end.zone));
    }
    format!(
        "{}, at the earliest {}, at the latest {} (default zone {})",
        words::seconds(end.at),
        words::seconds(end.earliest),
        words::seconds(end.latest),
        inert(&end.zone)
    )
}

/// What a list holds.
#[derive(Clone, Copy)]
pub(super) enum What {
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
}

/// A list with its heading.
pub(super) struct List {
    pub(super) id: &'static str,
    pub(super) heading: &'static str,
    pub(super) about: &'static str,
    pub(super) count: u64,
    pub(super) what: What,
}

/// Lists that have something in them.
pub(super) fn lists(report: &Report) -> Vec<List> {
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
pub(super) fn lines<'a>(
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

fn finding_line(finding: &Finding, persons: &Persons<'_>) -> Line {
    let head = format!("{} in {}", persons.label(&finding.person_id), finding.system);
    let grant = finding.grant_display.as_deref().unwrap_or(finding.grant_id.as_str());
    let mut text = format!("{} {grant}", words::kind(finding.access_kind));
    match sections::section(finding) {
        Section::WithinTime => {
            text.push_str(&format!(", until {} ({})", words::seconds(finding.due_at), finding.due_rule))
        }
        Section::Suppressed => {
            let until = finding.exception_expires_at.map_or_else(|| String::from("not known"), words::seconds);
            text.push_str(&format!(
                ", exception {} until {until}",
                finding.exception_id.as_deref().unwrap_or("not named")
            ));
        }
        Section::Closed if finding.change == Change::Rehired => text.push_str(", no longer applies: rehired"),
        Section::Closed => {
            if let Some((from, until)) = finding.revoked_between {
                text.push_str(&format!(", ended between {} and {}", words::seconds(from), words::seconds(until)));
            }
        }
        Section::Ambiguous => {
            text.push_str(&format!(", only {}: {}", finding.matched.method, finding.matched.evidence.join("; ")))
        }
        Section::Residual => text.push_str(&format!(", {}", words::usability(finding.usability))),
    }
    if finding.severity != Severity::Info {
        text.push_str(&format!(", {}", finding.severity));
    }
    for note in &finding.notes {
        text.push_str("; ");
        text.push_str(note);
    }
    Line::new(head, text)
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

pub(super) fn versions(report: &Report) -> Vec<(&'static str, String)> {
    let run = &report.run;
    vec![
        ("Holdover", inert(&run.version)),
        ("Time zones", inert(&run.tz_version)),
        ("Controls", inert(&run.controls_version)),
        ("Configuration", inert(&run.config_digest)),
        ("Policy", inert(run.policy_digest.as_deref().unwrap_or("none"))),
        ("Rules", inert(&run.rules_digest)),
        ("Roster", inert(report.roster.digest.as_deref().unwrap_or("none"))),
        ("Run before", inert(run.previous_id.as_deref().unwrap_or("none"))),
    ]
}
