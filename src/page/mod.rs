//! The web page of the service: who left and what is still open, how far it was looked, one finding with everything that
//! led to it. For teams without a dashboard, and for the finding behind a figure.
//!
//! | file | what is in it |
//! |---|---|
//! | [`source`] | where kept reports and histories come from |
//! | `shelf.rs` | the report that is shown, and the figures of earlier runs |
//! | `query.rs` | filters in the address, read and written |
//! | `frame.rs` | what stands around every page |
//! | `overview.rs`, `findings.rs`, `finding.rs`, `leavers.rs`, `coverage.rs`, `runs.rs` | one page each |
//! | `chart.rs` | the course of open findings as a picture with its table |
//!
//! It works without script, loads nothing from elsewhere, and shows a person only to somebody who signed in. It never
//! decides anything, never writes, and never says less about a gap than the report does.

mod chart;
mod coverage;
#[cfg(test)]
mod filter_tests;
mod finding;
mod findings;
mod frame;
mod leavers;
mod overview;
mod query;
mod runs;
mod shelf;
pub mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use scan_contract::AccessKind;

use crate::config::PersonDisplay;
use crate::emit::{Colour, EmitContext, EmitError, Persons, Places, RuleTexts};
use crate::report::Report;
use crate::serve::page_port::{Audience, PageAnswer, PageContent, PageRequest, PageStatus, Pages};

pub use self::source::{Source, SourceError};

use self::frame::Frame;
use self::query::Query;
use self::shelf::Shelf;

/// Style of all pages.
const STYLE: &str = include_str!("style.css");

/// Access kinds that a kind of scope can show, by connector and kind.
pub type Yields = BTreeMap<(String, String), Vec<AccessKind>>;

/// The pages of one state directory.
pub struct Site {
    shelf: Shelf,
    rules: Box<dyn RuleTexts + Send + Sync>,
    yields: Yields,
    places: Places,
}

/// Everything a page is made from.
struct Desk<'a> {
    site: &'a Site,
    request: &'a PageRequest,
    query: Query,
    report: Arc<Report>,
}

/// Why there is no page.
enum Refusal {
    /// Nothing was read yet.
    NothingYet,
    /// No such thing.
    NotFound(String),
    /// The address makes no sense.
    BadRequest(String),
    /// It could not be read.
    Unavailable(String),
    /// Only for somebody who signed in.
    NeedsSignIn,
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::NoRunYet => Self::NothingYet,
            SourceError::NoSuchRun => Self::NotFound(String::from("That run is not kept. See the page of runs.")),
            SourceError::Failed(says) => Self::Unavailable(says),
        }
    }
}

impl From<EmitError> for Refusal {
    fn from(error: EmitError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Site {
    /// Pages over this source, with texts of the rules in force and what each kind of scope can show.
    pub fn new(source: Box<dyn Source>, rules: Box<dyn RuleTexts + Send + Sync>, yields: Yields) -> Self {
        Self { shelf: Shelf::new(source), rules, yields, places: Places::default() }
    }

    fn context(&self) -> EmitContext<'_> {
        EmitContext {
            persons: PersonDisplay::Name,
            key: None,
            rules: self.rules.as_ref(),
            places: &self.places,
            width: 80,
            colour: Colour::Off,
            csv_bom: false,
        }
    }

    fn route(&self, request: &PageRequest) -> Result<PageAnswer, Refusal> {
        let path = request.path.trim_end_matches('/');
        if path == "/style.css" {
            return Ok(PageAnswer {
                status: PageStatus::Found,
                content: PageContent::Css,
                body: STYLE.as_bytes().to_vec(),
            });
        }
        let for_anybody = matches!(path, "" | "/coverage" | "/runs");
        if !for_anybody && !known(path) {
            return Err(no_such_page());
        }
        if !for_anybody && request.audience == Audience::Anybody {
            return Err(Refusal::NeedsSignIn);
        }
        let query = Query::read(request).map_err(Refusal::BadRequest)?;
        let report = self.shelf.report(query.run.as_deref())?;
        let desk = Desk { site: self, request, query, report };
        match path {
            // Somebody who came here has signed in by now.
            "" | "/sign-in" => show(&overview::page(&desk)?),
            "/findings" => show(&findings::page(&desk)?),
            "/findings.csv" => findings::csv(&desk),
            "/leavers" => show(&leavers::page(&desk)?),
            "/coverage" => show(&coverage::page(&desk)),
            "/runs" => show(&runs::page(&desk)?),
            _ => match path.strip_prefix("/findings/") {
                Some(print) => show(&finding::page(&desk, print)?),
                None => Err(no_such_page()),
            },
        }
    }

    /// A page that says why there is none. It needs nothing that could fail.
    fn refuse(request: &PageRequest, refusal: Refusal) -> PageAnswer {
        let (status, heading, says) = match refusal {
            Refusal::NothingYet => (
                PageStatus::Found,
                "Nothing read yet",
                String::from(
                    "No run has ended yet: there is nothing to show, which does not mean that there is nothing.",
                ),
            ),
            Refusal::NotFound(says) => (PageStatus::NotFound, "Not found", says),
            Refusal::BadRequest(says) => (PageStatus::BadRequest, "This address makes no sense", says),
            Refusal::Unavailable(says) => (PageStatus::Unavailable, "Could not be read", says),
            Refusal::NeedsSignIn => (
                PageStatus::NeedsSignIn,
                "Sign in",
                String::from(
                    "Persons are shown only to somebody who signed in: with the configured token as the password (any user name), or with a client certificate. Without `serve.bearer` or `serve.tls.client_ca` in the configuration nobody can.",
                ),
            ),
        };
        let page = frame::Refused { frame: Frame::bare(request), heading, says: crate::hostile::line(&says) };
        match page.render() {
            Ok(text) => PageAnswer { status, content: PageContent::Html, body: text.into_bytes() },
            Err(_) => PageAnswer { status: PageStatus::Unavailable, content: PageContent::Html, body: Vec::new() },
        }
    }
}

fn no_such_page() -> Refusal {
    Refusal::NotFound(String::from("There is no such page."))
}

fn known(path: &str) -> bool {
    matches!(path, "/findings" | "/findings.csv" | "/leavers" | "/sign-in") || path.starts_with("/findings/")
}

fn show(template: &impl Template) -> Result<PageAnswer, Refusal> {
    let body = template.render()?.into_bytes();
    Ok(PageAnswer { status: PageStatus::Found, content: PageContent::Html, body })
}

impl Desk<'_> {
    fn frame(&self, title: &'static str) -> Frame {
        Frame::of(self, title)
    }

    fn signed_in(&self) -> bool {
        self.request.audience == Audience::SignedIn
    }

    fn persons<'a>(&'a self, context: &EmitContext<'a>) -> Result<Persons<'a>, Refusal> {
        Ok(Persons::of(&self.report, context)?)
    }
}

impl Pages for Site {
    fn answer(&self, request: &PageRequest) -> PageAnswer {
        match self.route(request) {
            Ok(answer) => answer,
            Err(refusal) => Self::refuse(request, refusal),
        }
    }
}
