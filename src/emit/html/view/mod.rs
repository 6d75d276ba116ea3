//! Texts of the page, ready to be escaped. Everything foreign goes through [`hostile::line`] here.

mod card;
mod list;

use scan_contract::{Instant, ScopeState};

use crate::emit::sections::{self, Counts};
use crate::emit::{Persons, words};
use crate::hostile::line as inert;
use crate::report::{CellVerdict, LeaverVerdict, Report};
use crate::roster::RosterState;

pub(crate) use card::Card;
pub(super) use list::{List, lines, lists};

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
        let holding: Vec<String> = persons
            .roster(&report.roster)
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
            result: words::leaver_sentence(leaver),
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
