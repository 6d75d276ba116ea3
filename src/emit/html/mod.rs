//! One self-contained page: no script, no request, readable on screen, on paper, in the dark and by a screen reader.
//!
//! The template engine escapes every value; values are made inert for people's eyes before that. The content policy
//! in the page allows its own style, by digest, and nothing else (OUT-4).

mod view;

use std::io::Write;

use askama::Template;

use super::sections::{self, Counts, Section};
use super::{EmitContext, EmitError, Persons, words};
use crate::hostile;
use crate::report::Report;
pub(crate) use view::Card;
use view::{Line, Matrix};

/// Style of the page; its digest stands in the content policy.
const STYLE: &str = include_str!("style.css");

/// SHA-256 of [`STYLE`], base64 (CSP level 3, section 2.3.1).
const STYLE_DIGEST: &str = "cFdEeTxouMcz39aWFbFx9b2d8tMe7d0FumVin3c4cRo=";

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    report: &'a Report,
    context: &'a EmitContext<'a>,
    persons: &'a Persons<'a>,
    counts: Counts,
    style: &'static str,
    style_digest: &'static str,
}

/// Writes the page.
pub fn render(
    report: &Report,
    context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    let page = Page { report, context, persons, counts: Counts::of(report), style: STYLE, style_digest: STYLE_DIGEST };
    page.write_into(out)?;
    Ok(())
}

/// What the template asks for. Every text that leaves here is inert; the engine escapes it on top.
impl Page<'_> {
    fn organisation(&self) -> String {
        hostile::line(&self.report.run.organisation)
    }

    fn run_id(&self) -> String {
        hostile::line(&self.report.run.id)
    }

    fn as_of(&self) -> String {
        words::seconds(self.report.run.as_of)
    }

    fn verdict(&self) -> &'static str {
        words::verdict(self.report.run.exit_code)
    }

    fn is_clean(&self) -> bool {
        self.report.run.exit_code == crate::report::ExitCode::Clean
    }

    fn exit_code(&self) -> u8 {
        self.report.run.exit_code.code()
    }

    fn flags(&self) -> Vec<&'static str> {
        words::flags(&self.report.run.flags)
    }

    fn tiles(&self) -> Vec<view::Tile> {
        view::tiles(&self.counts)
    }

    fn roster(&self) -> Vec<Line> {
        view::roster(self.report, self.persons)
    }

    fn gaps(&self) -> Vec<view::GapView> {
        view::gaps(self.report, self.persons)
    }

    fn coverage(&self) -> Vec<view::SystemView> {
        view::coverage(self.report)
    }

    fn matrix(&self) -> Option<Matrix> {
        Matrix::head(self.report)
    }

    fn matrix_rows(&self) -> impl Iterator<Item = view::MatrixRow> {
        self.report.leavers.iter().map(|leaver| view::MatrixRow::of(&self.persons.leaver(leaver), self.persons))
    }

    fn residual(&self) -> impl Iterator<Item = Card> {
        sections::of(self.report, Section::Residual).map(|finding| self.card(finding))
    }

    fn card(&self, finding: &crate::findings::Finding) -> Card {
        Card::of(&self.persons.finding(finding), self.context, self.persons)
    }

    fn lists(&self) -> Vec<view::List> {
        view::lists(self.report)
    }

    fn list_lines(&self, list: &view::List) -> impl Iterator<Item = Line> {
        view::lines(self.report, self.persons, list.what)
    }

    fn versions(&self) -> Vec<(&'static str, String)> {
        view::versions(self.report)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_content_policy_names_the_style_by_its_digest() {
        let digest = data_encoding::BASE64.encode(&Sha256::digest(STYLE.as_bytes()));
        assert_eq!(digest, STYLE_DIGEST, "set STYLE_DIGEST to the left value");
    }
}
