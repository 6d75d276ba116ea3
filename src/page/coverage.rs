//! How far it was looked: systems by kind of access, and for those who signed in every scope with its gaps.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use scan_contract::{AccessKind, ScopeState};

use super::Desk;
use super::frame::Frame;
use crate::emit::words;
use crate::hostile::line as inert;
use crate::report::{ScopeFact, SystemFact};

/// How one kind of access stands in one system.
pub(super) struct Cell {
    pub(super) class: &'static str,
    pub(super) text: String,
    /// The same in a sentence.
    pub(super) says: String,
}

/// One system of the matrix.
pub(super) struct Row {
    pub(super) system: String,
    pub(super) anchor: String,
    pub(super) cells: Vec<Cell>,
}

/// A scope.
pub(super) struct ScopeRow {
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) whole: bool,
    pub(super) objects: u64,
    pub(super) as_of: String,
    pub(super) proof: String,
    pub(super) last_complete: String,
    pub(super) gaps: Vec<(String, String)>,
}

/// A system with its scopes.
pub(super) struct SystemPart {
    pub(super) system: String,
    pub(super) anchor: String,
    pub(super) about: String,
    pub(super) complete: usize,
    pub(super) scopes: Vec<ScopeRow>,
    pub(super) impossible: Vec<(String, String)>,
    pub(super) effort: Option<String>,
}

#[derive(Template)]
#[template(path = "site_coverage.html")]
pub(super) struct Coverage {
    frame: Frame,
    columns: Vec<&'static str>,
    rows: Vec<Row>,
    parts: Vec<SystemPart>,
    apps: Vec<(String, String)>,
}

pub(super) fn page(desk: &Desk<'_>) -> Coverage {
    let report = &desk.report;
    let by_system: Vec<BTreeMap<Column, Tally>> = report.systems.iter().map(|system| tallies(desk, system)).collect();
    let columns: BTreeSet<Column> = by_system.iter().flat_map(BTreeMap::keys).copied().collect();
    let rows = report
        .systems
        .iter()
        .zip(&by_system)
        .map(|(system, tallies)| Row {
            system: inert(system.id.as_str()),
            anchor: anchor(system),
            cells: columns.iter().map(|column| cell(tallies.get(column))).collect(),
        })
        .collect();
    let details = desk.signed_in();
    Coverage {
        frame: desk.frame("Coverage"),
        columns: columns.iter().map(|column| column.label()).collect(),
        rows,
        // Names of scopes and parts can name persons.
        parts: if details { report.systems.iter().map(part).collect() } else { Vec::new() },
        // An owner may be a person.
        apps: crate::emit::sections::apps_not_connected(report)
            .filter(|_| details)
            .map(|app| (inert(&app.name), inert(app.owner.as_deref().unwrap_or("no owner known"))))
            .collect(),
    }
}

/// A column of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Kind(AccessKind),
    /// Scopes of which nothing says what they hold: a file that was never read to its head, say.
    NotKnown,
}

impl Column {
    fn label(self) -> &'static str {
        match self {
            Self::Kind(kind) => words::kind(kind),
            Self::NotKnown => "kind not known",
        }
    }
}

#[derive(Default)]
struct Tally {
    complete: usize,
    declared: usize,
    worst: Option<ScopeState>,
    impossible: usize,
}

fn tallies(desk: &Desk<'_>, system: &SystemFact) -> BTreeMap<Column, Tally> {
    let mut tallies: BTreeMap<Column, Tally> = BTreeMap::new();
    for scope in &system.scopes {
        for column in columns_of(desk, system, scope) {
            let tally = tallies.entry(column).or_default();
            tally.declared += 1;
            if scope.state == ScopeState::Complete {
                tally.complete += 1;
            } else {
                tally.worst = tally.worst.or(Some(scope.state));
            }
        }
    }
    for kind in system.impossible.iter().flat_map(|cell| &cell.kinds) {
        tallies.entry(Column::Kind(*kind)).or_default().impossible += 1;
    }
    tallies
}

fn columns_of(desk: &Desk<'_>, system: &SystemFact, scope: &ScopeFact) -> BTreeSet<Column> {
    let told = desk.site.yields.get(&(system.connector.clone(), scope.kind.clone()));
    // What a generic reader could show is everything; what it did show says more.
    let seen = scope.objects_by_kind.iter().map(|(kind, _)| *kind);
    let kinds: BTreeSet<Column> = match told {
        Some(kinds) if kinds.len() < AccessKind::ALL.len() => {
            kinds.iter().copied().chain(seen).map(Column::Kind).collect()
        }
        Some(_) | None => seen.map(Column::Kind).collect(),
    };
    if kinds.is_empty() { BTreeSet::from([Column::NotKnown]) } else { kinds }
}

fn cell(tally: Option<&Tally>) -> Cell {
    let Some(tally) = tally else {
        return Cell { class: "nothing", text: String::from("–"), says: String::from("not read from this system") };
    };
    let beyond = match tally.impossible {
        0 => String::new(),
        count => format!("; {count} cannot be shown by any scan"),
    };
    let figure = format!("{} of {}", tally.complete, tally.declared);
    match (tally.declared, tally.worst) {
        (0, _) => Cell {
            class: "impossible",
            text: String::from("cannot be shown"),
            says: String::from("no scan of this platform can show it"),
        },
        (_, None) if tally.impossible > 0 => {
            Cell { class: "whole", text: format!("{figure} *"), says: format!("all scopes complete{beyond}") }
        }
        (_, None) => Cell { class: "whole", text: figure, says: String::from("all scopes complete") },
        (_, Some(state)) => {
            let state = words::scope_state(state);
            let star = if tally.impossible > 0 { " *" } else { "" };
            let says = format!("{figure} scopes complete, {state}{beyond}");
            Cell { class: "gap", text: format!("{figure}, {state}{star}"), says }
        }
    }
}

fn anchor(system: &SystemFact) -> String {
    let tame = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    format!("system-{}", system.id.as_str().chars().map(tame).collect::<String>())
}

fn part(system: &SystemFact) -> SystemPart {
    let time = |at: Option<scan_contract::Instant>| at.map_or_else(|| String::from("–"), words::seconds);
    let scopes: Vec<ScopeRow> = system
        .scopes
        .iter()
        .map(|scope| ScopeRow {
            name: inert(scope.name.as_str()),
            state: words::scope_state(scope.state),
            whole: scope.state == ScopeState::Complete,
            objects: scope.objects,
            as_of: time(scope.as_of),
            proof: inert(scope.proof.as_deref().unwrap_or("–")),
            last_complete: time(scope.last_complete_at),
            gaps: scope.gaps.iter().map(gap).collect(),
        })
        .collect();
    SystemPart {
        system: inert(system.id.as_str()),
        anchor: anchor(system),
        about: inert(&format!(
            "{}, {}, {}",
            system.connector,
            system.tier,
            system.owner_team.as_deref().unwrap_or("no owner team")
        )),
        complete: scopes.iter().filter(|scope| scope.whole).count(),
        scopes,
        impossible: system.impossible.iter().map(|cell| (inert(&cell.what), inert(&cell.instead))).collect(),
        effort: system.effort.as_ref().map(|effort| {
            format!(
                "{} requests, {} repeats, {} without an answer, told to wait {} times, waited {}",
                effort.requests,
                effort.retries,
                effort.failures,
                effort.throttled,
                words::duration(whole_seconds(effort.waited_seconds))
            )
        }),
    }
}

/// Seconds without their fraction; what is no time is none.
fn whole_seconds(seconds: f64) -> i64 {
    let whole = std::time::Duration::try_from_secs_f64(seconds).map_or(0, |duration| duration.as_secs());
    i64::try_from(whole).unwrap_or(i64::MAX)
}

fn gap(gap: &crate::report::GapFact) -> (String, String) {
    let part = gap.part.as_deref().map_or_else(String::new, |part| format!("{part}: "));
    let times = if gap.count > 1 { format!(" ({} times)", gap.count) } else { String::new() };
    let help = format!("{}; {}", gap.cause.help(), words::mend(gap.mend()));
    (inert(&format!("{part}{}{times}", gap.cause)), inert(&help))
}
