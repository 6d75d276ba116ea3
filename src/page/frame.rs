//! What stands around every page: who and when, how fresh, what the service does now, and where to go.

use askama::Template;
use scan_contract::Instant;

use super::{Desk, Query};
use crate::emit::words;
use crate::hostile::line as inert;
use crate::report::ExitCode;
use crate::serve::page_port::{Audience, PageRequest, ServiceFacts};

/// A run older than this is called old: two nights and an hour.
const OLD: chrono::TimeDelta = chrono::TimeDelta::hours(49);

/// One way to another page.
pub(super) struct Way {
    pub(super) label: &'static str,
    pub(super) address: String,
    pub(super) here: bool,
}

/// The run that a page shows.
pub(super) struct Shown {
    pub(super) id: String,
    pub(super) as_of: String,
    pub(super) age: String,
    pub(super) old: bool,
    /// Not the newest one that is kept.
    pub(super) earlier: bool,
    pub(super) verdict: &'static str,
    pub(super) exit_code: u8,
    pub(super) clean: bool,
    pub(super) flags: Vec<&'static str>,
    pub(super) complete: u64,
    pub(super) declared: u64,
}

/// Everything around a page.
pub(super) struct Frame {
    pub(super) title: &'static str,
    pub(super) organisation: String,
    pub(super) ways: Vec<Way>,
    pub(super) shown: Option<Shown>,
    pub(super) running: Option<String>,
    pub(super) next: Vec<String>,
    pub(super) troubles: Vec<String>,
    pub(super) signed_in: bool,
    /// The run that the address names.
    pub(super) run_word: Option<String>,
}

impl Frame {
    pub(super) fn of(desk: &Desk<'_>, title: &'static str) -> Self {
        let report = &desk.report;
        let run = &report.run;
        let (complete, declared) = report.coverage();
        // A run over some systems carries on what earlier ones knew of the others.
        let oldest = report.systems.iter().map(|system| system.last_attempt_at).min();
        let age = desk.request.now - oldest.map_or(run.as_of, |oldest| oldest.min(run.as_of));
        let shown = Shown {
            id: inert(&run.id),
            as_of: words::seconds(run.as_of),
            age: if oldest.is_some_and(|oldest| oldest < run.as_of) {
                format!("oldest reading {} ago", words::duration(age.num_seconds()))
            } else {
                format!("{} ago", words::duration(age.num_seconds()))
            },
            old: age > OLD,
            earlier: desk.query.run.is_some(),
            verdict: words::verdict(run.exit_code),
            exit_code: run.exit_code.code(),
            clean: run.exit_code == ExitCode::Clean,
            flags: words::flags(&run.flags),
            complete,
            declared,
        };
        let organisation = inert(&run.organisation);
        let frame = Self::bare(desk.request);
        let run_word = desk.query.run.as_deref().map(inert);
        Self {
            title,
            organisation,
            run_word,
            ways: ways(title, &desk.query.same_run(), frame.signed_in),
            shown: Some(shown),
            ..frame
        }
    }

    /// Without a report.
    pub(super) fn bare(request: &PageRequest) -> Self {
        let service = &request.service;
        let signed_in = request.audience == Audience::SignedIn;
        Self {
            title: "Holdover",
            organisation: String::new(),
            ways: ways("", &Query { page: 1, ..Query::default() }, signed_in),
            shown: None,
            running: running(service, request.now),
            next: next(service, request.now),
            troubles: service.troubles.iter().map(|says| inert(says)).collect(),
            signed_in,
            run_word: None,
        }
    }
}

fn ways(title: &str, query: &Query, signed_in: bool) -> Vec<Way> {
    let way = |label, path| Way { label, address: query.address(path), here: label == title };
    let mut ways = vec![way("Overview", "/")];
    if signed_in {
        ways.extend([way("Findings", "/findings"), way("Leavers", "/leavers")]);
    }
    ways.extend([way("Coverage", "/coverage"), way("Runs", "/runs")]);
    ways
}

fn running(service: &ServiceFacts, now: Instant) -> Option<String> {
    let run = service.running.as_ref()?;
    let systems: Vec<&str> = run.systems.iter().map(scan_contract::SystemId::as_str).collect();
    let systems = if systems.is_empty() { String::from("all systems") } else { systems.join(", ") };
    let since = words::duration((now - run.started_at).num_seconds());
    Some(inert(&format!("A run of {systems} is going on since {since}: {}.", run.stage)))
}

fn next(service: &ServiceFacts, now: Instant) -> Vec<String> {
    let told = service.next_runs.iter().map(|next| match next.at {
        Some(at) => {
            let wait = words::duration((at - now).num_seconds().max(0));
            inert(&format!("{}: {} (in {wait})", next.schedule, words::seconds(at)))
        }
        None => inert(&format!("{}: never again", next.schedule)),
    });
    told.collect()
}

/// A page that says why there is none.
#[derive(Template)]
#[template(path = "site_refused.html")]
pub(super) struct Refused {
    pub(super) frame: Frame,
    pub(super) heading: &'static str,
    pub(super) says: String,
}
