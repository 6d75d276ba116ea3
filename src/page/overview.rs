//! The first page: is it good now, what is open and where, how far was it looked.

use std::collections::BTreeMap;

use askama::Template;

use super::chart::{Chart, HEIGHT, WIDTH};
use super::frame::Frame;
use super::query::Query;
use super::shelf::{Course, people};
use super::{Desk, Refusal};
use crate::emit::sections::{self, Counts};
use crate::emit::words;
use crate::findings::{Severity, UsedAfterEnd};
use crate::hostile::line as inert;
use crate::report::Report;

/// A figure with what it means.
pub(super) struct Tile {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) about: &'static str,
    pub(super) class: &'static str,
    pub(super) address: Option<String>,
}

/// One system.
pub(super) struct Row {
    pub(super) system: String,
    pub(super) about: String,
    pub(super) address: Option<String>,
    pub(super) severities: Vec<u64>,
    pub(super) oldest: String,
    pub(super) complete: usize,
    pub(super) declared: usize,
    pub(super) last_complete: String,
}

#[derive(Template)]
#[template(path = "site_overview.html")]
pub(super) struct Overview {
    frame: Frame,
    tiles: Vec<Tile>,
    rows: Vec<Row>,
    rules: Vec<(String, u64)>,
    notices: Vec<(String, String)>,
    chart: Option<Chart>,
    course: Course,
    width: usize,
    height: usize,
}

pub(super) fn page(desk: &Desk<'_>) -> Result<Overview, Refusal> {
    let course = desk.site.shelf.course()?;
    Ok(Overview {
        frame: desk.frame("Overview"),
        tiles: tiles(desk),
        rows: rows(desk),
        rules: rules(desk),
        notices: if desk.signed_in() { notices(&desk.report) } else { Vec::new() },
        chart: Chart::of(&course.points),
        course,
        width: WIDTH,
        height: HEIGHT,
    })
}

fn tiles(desk: &Desk<'_>) -> Vec<Tile> {
    let report = &desk.report;
    let counts = Counts::of(report);
    let to = |query: Query| desk.signed_in().then(|| query.address("/findings"));
    let base = desk.query.same_run();
    let figure = |label, value: u64, about, class, query: Query| Tile {
        label,
        value: value.to_string(),
        about,
        class: if value == 0 { "zero" } else { class },
        address: to(query),
    };
    let critical = Query { severities: vec![Severity::Critical], ..base.clone() };
    let used = Query { used: true, ..base.clone() };
    let not_read = counts.declared_scopes - counts.complete_scopes;
    let oldest = report.residual().map(|finding| finding.access_end.at).min();
    let mut tiles = vec![
        figure("Critical open", counts.residual[0], "act now", "critical", critical),
        figure("People with residual access", people(report) as u64, "persons, not grants", "high", base.clone()),
        figure("Residual findings", counts.residual_total(), "open and due", "high", base.clone()),
        Tile {
            label: "Oldest",
            value: oldest.map_or_else(
                || String::from("none"),
                |at| words::duration((report.run.as_of - at).num_seconds().max(0)),
            ),
            about: "since access should have ended",
            class: if oldest.is_some() { "high" } else { "zero" },
            address: None,
        },
        figure("Used after the end", counts.used_after_end, "treat as an incident", "critical", used),
        Tile {
            label: "Scopes not read to their end",
            value: format!("{not_read} of {}", counts.declared_scopes),
            about: "while there are any, the other figures are lower bounds",
            class: if not_read == 0 { "zero" } else { "warn" },
            address: Some(base.address("/coverage")),
        },
    ];
    tiles.push(figure(
        "Belongs to nobody known",
        counts.unattributed,
        "listed under: not certain whose",
        "",
        Query { shown: super::query::Shown::Ambiguous, ..base.clone() },
    ));
    let rest = [
        ("Not certain whose", counts.ambiguous, "candidates with evidence", super::query::Shown::Ambiguous),
        ("Within the agreed time", counts.within_time, "not residual yet", super::query::Shown::WithinTime),
        ("Under an exception", counts.suppressed, "accepted until a date", super::query::Shown::Excepted),
        ("Closed by this run", counts.closed, "proven gone", super::query::Shown::Closed),
    ];
    tiles.extend(
        rest.map(|(label, value, about, shown)| figure(label, value, about, "", Query { shown, ..base.clone() })),
    );
    tiles.push(Tile {
        label: "Apps not connected",
        value: counts.apps_not_connected.to_string(),
        about: "known, and nobody looks",
        class: if counts.apps_not_connected == 0 { "zero" } else { "warn" },
        address: None,
    });
    tiles
}

fn rows(desk: &Desk<'_>) -> Vec<Row> {
    let report = &desk.report;
    let mut rows: Vec<(bool, i64, Row)> = report
        .systems
        .iter()
        .map(|system| {
            let mut severities = vec![0; Severity::ALL.len()];
            let mut oldest = None;
            for finding in report.residual().filter(|finding| finding.system == system.id) {
                severities[finding.severity.position()] += 1;
                oldest = Some(oldest.map_or(finding.access_end.at, |at| std::cmp::min(at, finding.access_end.at)));
            }
            let age = oldest.map(|at| (report.run.as_of - at).num_seconds().max(0));
            let complete =
                system.scopes.iter().filter(|scope| scope.state == scan_contract::ScopeState::Complete).count();
            let id = String::from(system.id.as_str());
            let query = Query { system: Some(id.clone()), ..desk.query.same_run() };
            let row = Row {
                system: inert(&id),
                // A team may have the name of a person.
                about: match (desk.signed_in(), system.owner_team.as_deref()) {
                    (true, Some(team)) => inert(&format!("{}, {}, {team}", system.connector, system.tier)),
                    (true, None) => inert(&format!("{}, {}, no owner team", system.connector, system.tier)),
                    (false, _) => inert(&format!("{}, {}", system.connector, system.tier)),
                },
                address: desk.signed_in().then(|| query.address("/findings")),
                severities,
                oldest: age.map_or_else(|| String::from("–"), words::duration),
                complete,
                declared: system.scopes.len(),
                last_complete: system.last_complete_at.map_or_else(|| String::from("never"), words::seconds),
            };
            (age.is_none(), -age.unwrap_or(0), row)
        })
        .collect();
    // The oldest first; a system where nothing is open keeps its place in the alphabet.
    rows.sort_by_key(|(none, age, _)| (*none, *age));
    rows.into_iter().map(|(_, _, row)| row).collect()
}

fn rules(desk: &Desk<'_>) -> Vec<(String, u64)> {
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in desk.report.residual() {
        *counted.entry(&finding.rule).or_default() += 1;
    }
    let mut rules: Vec<(String, u64)> =
        counted.into_iter().map(|(rule, count)| (inert(desk.site.rules.title(rule).unwrap_or(rule)), count)).collect();
    rules.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    rules
}

fn notices(report: &Report) -> Vec<(String, String)> {
    let gates = report.roster.gates.iter().filter(|gate| gate.holds);
    let gates = gates.map(|gate| (format!("roster {}", inert(&gate.gate)), inert(&gate.says)));
    // What was not read now is no note on the side here.
    let loud =
        |notice: &&crate::report::Notice| notice.level == crate::report::NoticeLevel::Warning || notice.id == "carried";
    let notices = report.notices.iter().filter(loud);
    let apps = sections::apps_not_connected(report).map(|app| (String::from("not connected"), inert(&app.name)));
    let used = report.residual().any(|finding| finding.used_after_end == UsedAfterEnd::After);
    let incident = used.then(|| {
        let says =
            "Some access was used after the end. Handle it as an incident, then `holdover incidents acknowledge`.";
        (String::from("incident"), String::from(says))
    });
    let disputed = report.contradictions.iter().map(|one| {
        let ticket = one.ticket.as_deref().unwrap_or(&one.tracker);
        let says = format!(
            "{ticket} says that it is done; {} in {} was read in force after that",
            words::kind(one.access_kind),
            one.system
        );
        (String::from("ticket and system differ"), inert(&says))
    });
    incident
        .into_iter()
        .chain(disputed)
        .chain(gates)
        .chain(notices.map(|notice| (inert(&notice.id), inert(&notice.says))))
        .chain(apps)
        .collect()
}
