//! Who left, and how each of them stands in each system.

use askama::Template;

use super::frame::Frame;
use super::query::{PER_PAGE, Query};
use super::{Desk, Refusal};
use crate::emit::words;
use crate::hostile::line as inert;
use crate::report::{CellVerdict, LeaverVerdict};

/// One leaver in one system.
pub(super) struct Cell {
    pub(super) class: &'static str,
    pub(super) text: String,
    pub(super) address: Option<String>,
}

/// One leaver.
pub(super) struct Row {
    pub(super) person: String,
    pub(super) address: String,
    pub(super) ended: String,
    pub(super) worst: Option<&'static str>,
    pub(super) cells: Vec<Cell>,
    pub(super) result: String,
}

#[derive(Template)]
#[template(path = "site_leavers.html")]
pub(super) struct Leavers {
    frame: Frame,
    query: Query,
    systems: Vec<String>,
    rows: Vec<Row>,
    total: usize,
    of: usize,
    with_access: usize,
    not_known: usize,
    first: usize,
    last: usize,
    before: Option<String>,
    after: Option<String>,
    everything: String,
    /// What the form shows of the address, inert.
    text: String,
    wanted: Option<String>,
}

pub(super) fn page(desk: &Desk<'_>) -> Result<Leavers, Refusal> {
    let context = desk.site.context();
    let persons = desk.persons(&context)?;
    let query = desk.query.clone();
    let report = &desk.report;
    let column = query.system.as_deref().map_or(Column::Any, |wanted| {
        let found = report
            .systems
            .iter()
            .position(|system| system.id.as_str() == wanted || inert(system.id.as_str()) == wanted);
        found.map_or(Column::Unknown, Column::At)
    });
    let taken: Vec<(&LeaverVerdict, String)> = report
        .leavers
        .iter()
        .map(|leaver| (leaver, persons.label(&leaver.person_id)))
        .filter(|(leaver, label)| takes(&query, leaver, label, column))
        .collect();
    let total = taken.len();
    let start = (query.page - 1) * PER_PAGE;
    if start > 0 && start >= total {
        return Err(Refusal::NotFound(format!("There is no page {} of {total} leavers.", query.page)));
    }
    let rows: Vec<Row> =
        taken.iter().skip(start).take(PER_PAGE).map(|(leaver, label)| row(desk, leaver, label)).collect();
    let last = start + rows.len();
    let turn = |page: usize| Query { page, ..query.clone() }.address("/leavers");
    Ok(Leavers {
        frame: desk.frame("Leavers"),
        text: inert(query.text.as_deref().unwrap_or_default()),
        wanted: query.system.as_deref().map(inert),
        systems: report.systems.iter().map(|system| inert(system.id.as_str())).collect(),
        total,
        of: report.leavers.len(),
        with_access: report.leavers.iter().filter(|leaver| leaver.open > 0).count(),
        not_known: report.leavers.iter().filter(|leaver| leaver.open == 0 && in_doubt(leaver)).count(),
        first: (start + 1).min(last),
        last,
        before: (query.page > 1).then(|| turn(query.page - 1)),
        after: (last < total).then(|| turn(query.page + 1)),
        everything: query.same_run().address("/leavers"),
        rows,
        query,
    })
}

/// Which system the list is narrowed to.
#[derive(Debug, Clone, Copy)]
enum Column {
    /// None.
    Any,
    /// One that the run does not know.
    Unknown,
    /// The system at this position.
    At(usize),
}

fn in_doubt(leaver: &LeaverVerdict) -> bool {
    leaver.cells.iter().any(|(cell, _)| *cell == CellVerdict::NotKnown)
        || leaver.complete_scopes < leaver.declared_scopes
}

/// Filters that make sense for a person: text, severity, and a system where something is open or not known.
fn takes(query: &Query, leaver: &LeaverVerdict, label: &str, column: Column) -> bool {
    let text = query.text.as_deref().is_none_or(|text| label.to_lowercase().contains(&text.to_lowercase()));
    let severity = query.severities.is_empty() || leaver.worst.is_some_and(|worst| query.severities.contains(&worst));
    let person = query.person.as_deref().is_none_or(|person| person == leaver.person_id.as_str());
    let system = match column {
        Column::Any => true,
        Column::Unknown => false,
        Column::At(column) => {
            leaver.cells.get(column).is_some_and(|(cell, _)| matches!(cell, CellVerdict::Open | CellVerdict::NotKnown))
        }
    };
    text && severity && person && system
}

fn row(desk: &Desk<'_>, leaver: &LeaverVerdict, label: &str) -> Row {
    let person = Query { person: Some(String::from(leaver.person_id.as_str())), ..desk.query.same_run() };
    let cells = leaver.cells.iter().zip(&desk.report.systems).map(|((verdict, open), system)| {
        let (class, text) = match verdict {
            CellVerdict::Open => ("open", format!("{open} open")),
            CellVerdict::WithinTime => ("within", String::from(words::cell(*verdict))),
            CellVerdict::Excepted => ("excepted", String::from(words::cell(*verdict))),
            CellVerdict::NoneFound => ("none", String::from(words::cell(*verdict))),
            CellVerdict::NotKnown => ("unknown", String::from(words::cell(*verdict))),
        };
        let query = Query { system: Some(String::from(system.id.as_str())), ..person.clone() };
        let address = (*verdict == CellVerdict::Open).then(|| query.address("/findings"));
        Cell { class, text, address }
    });
    Row {
        person: inert(label),
        address: person.address("/findings"),
        ended: words::seconds(leaver.access_end_at),
        worst: leaver.worst.map(crate::findings::Severity::as_str),
        cells: cells.collect(),
        result: words::leaver_sentence(leaver),
    }
}
