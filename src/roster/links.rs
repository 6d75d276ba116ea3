//! Links somebody reviewed: this grant, login or provider id is this person's. A text file under version control.

use std::path::Path;

use chrono::NaiveDate;
use scan_contract::SystemId;
use serde::Deserialize;

use super::model::{PersonId, ReviewedLink};
use crate::problem::Problem;
use crate::yaml::Document;
use crate::yaml::forms::{WrittenDate, WrittenKind};

/// Reviewed links between people and what they hold.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawLinks {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    /// The links.
    links: Vec<RawLink>,
}

/// One link.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLink {
    /// Whose it is: `person_id` of the roster.
    #[schemars(length(min = 1, max = 64))]
    person_id: String,
    /// Configured id of the system.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9-]{0,31}$"))]
    system: String,
    /// Kind of the grant; left out, the link holds for every kind.
    kind: Option<WrittenKind>,
    /// Immutable id of the grant or of the account.
    #[schemars(length(min = 1, max = 512))]
    grant_id: Option<String>,
    /// Login, instead of a grant id.
    #[schemars(length(min = 1, max = 512))]
    login: Option<String>,
    /// Who reviewed it: not the person themselves.
    #[schemars(length(min = 1, max = 200))]
    reviewer: String,
    /// When it was reviewed.
    date: WrittenDate,
    /// Why it is so, in at least ten characters.
    #[schemars(length(min = 10, max = 1000))]
    reason: String,
}

/// Links in the order of the file.
pub(super) type Links = Vec<ReviewedLink>;

/// Reads the links, or finds every mistake.
pub(super) fn read(file: &Path, text: &str, today: NaiveDate) -> Result<Links, Vec<Problem>> {
    let document = Document::read(file, text)?;
    let raw: RawLinks = document.decode()?;
    let mut problems = Vec::new();
    if raw.version != 1 {
        problems.push(document.problem("/version", "this program reads version 1"));
    }
    let mut links: Links = Vec::with_capacity(raw.links.len());
    for (at, link) in raw.links.into_iter().enumerate() {
        let mut wrong = |field: &str, says: &str| problems.push(document.problem(&format!("/links/{at}{field}"), says));
        if !SystemId::is_valid(&link.system) {
            wrong("/system", "expected lower-case letters, digits and hyphens, at most 32");
        }
        match (&link.grant_id, &link.login) {
            (None, None) => wrong("", "a link needs grant_id or login"),
            (Some(_), Some(_)) => wrong("/login", "a link has either grant_id or login: write two links"),
            _ => {}
        }
        if link.reviewer == link.person_id {
            wrong("/reviewer", "nobody reviews their own link");
        }
        if link.date.0 > today {
            wrong("/date", "the review lies in the future");
        }
        links.push(ReviewedLink {
            person_id: PersonId::new(link.person_id),
            system: link.system,
            kind: link.kind.map(|kind| kind.0),
            grant_id: link.grant_id,
            login: link.login,
            reviewer: link.reviewer,
            date: link.date.0,
            reason: link.reason,
        });
    }
    for (at, link) in links.iter().enumerate() {
        let same = |other: &&ReviewedLink| {
            (&other.system, other.kind, &other.grant_id, &other.login)
                == (&link.system, link.kind, &link.grant_id, &link.login)
                && other.person_id != link.person_id
        };
        if links[..at].iter().any(|other| same(&other)) {
            problems
                .push(document.problem(&format!("/links/{at}"), "another link gives the same thing to another person"));
        }
    }
    if problems.is_empty() { Ok(links) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(extra: &str) -> String {
        format!(
            "version: 1\nlinks:\n  - person_id: p-1\n    system: crm\n    reviewer: p-2\n    date: 2026-07-01\n    reason: seen with the owner of the CRM\n{extra}"
        )
    }

    fn read_text(text: &str) -> Result<Links, Vec<Problem>> {
        read(Path::new("links.yaml"), text, "2026-08-01".parse().expect("a date"))
    }

    #[test]
    fn a_link_names_a_grant_or_a_login() {
        let links = read_text(&link("    kind: api_token\n    grant_id: tok_81\n")).expect("a good link");
        assert_eq!(links[0].grant_id.as_deref(), Some("tok_81"));
        assert!(read_text(&link("    login: jdoe\n")).is_ok());
        for wrong in
            ["", "    grant_id: a\n    login: b\n", "    login: b\n    colour: red\n", "    login: b\n    kind: tokn\n"]
        {
            let problems = read_text(&link(wrong)).expect_err(wrong);
            assert!(problems[0].place.is_some(), "{problems:?}");
        }
    }

    #[test]
    fn a_link_needs_another_reviewer_and_a_past_date() {
        let good = link("    login: jdoe\n");
        assert!(read_text(&good.replace("p-2", "p-1")).is_err());
        assert!(read_text(&good.replace("2026-07-01", "2026-08-02")).is_err());
    }

    #[test]
    fn one_thing_cannot_be_two_peoples() {
        let two = link("    login: jdoe\n")
            + "  - person_id: p-3\n    system: crm\n    login: jdoe\n    reviewer: p-2\n    date: 2026-07-01\n    reason: seen with the owner of the CRM\n";
        assert!(read_text(&two).is_err());
    }
}
