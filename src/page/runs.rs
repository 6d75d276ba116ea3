//! Kept runs, newest first; each can be looked at again.

use askama::Template;

use super::frame::Frame;
use super::query::Query;
use super::{Desk, Refusal};
use crate::emit::words;
use crate::hostile::line as inert;

/// One kept run.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) address: String,
    pub(super) ended: String,
    pub(super) verdict: &'static str,
    pub(super) clean: bool,
    pub(super) residual: u64,
    pub(super) people: usize,
    pub(super) complete: u64,
    pub(super) declared: u64,
    pub(super) took: String,
}

#[derive(Template)]
#[template(path = "site_runs.html")]
pub(super) struct Runs {
    frame: Frame,
    rows: Vec<Row>,
    missing: usize,
    run_on_request: bool,
}

pub(super) fn page(desk: &Desk<'_>) -> Result<Runs, Refusal> {
    let course = desk.site.shelf.course()?;
    let rows = course
        .points
        .iter()
        .rev()
        .map(|point| Row {
            address: Query { run: Some(point.run.clone()), page: 1, ..Query::default() }.address("/"),
            id: inert(&point.run),
            ended: words::seconds(point.ended_at),
            verdict: words::verdict(point.exit_code),
            clean: point.exit_code == crate::report::ExitCode::Clean,
            residual: point.residual.iter().sum(),
            people: point.people,
            complete: point.complete,
            declared: point.declared,
            took: words::duration(i64::try_from(point.seconds).unwrap_or(i64::MAX)),
        })
        .collect();
    Ok(Runs {
        frame: desk.frame("Runs"),
        rows,
        missing: course.missing,
        run_on_request: desk.request.service.run_on_request && desk.signed_in(),
    })
}
