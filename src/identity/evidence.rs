//! Evidence for one holder, weighed.

use scan_contract::{Fact, IdentifierKind, Moment};

use super::graph::Node;
use super::index::ClaimFacts;
use crate::findings::Confidence;
use crate::roster::{Person, PersonIndex};

/// One piece of evidence that points to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Whose.
    pub(super) person: PersonIndex,
    /// Method in one word, for the finding.
    pub(super) method: &'static str,
    /// Whether it is enough by itself; weak ones need a second that agrees.
    pub(super) weight: Weight,
    /// One sentence.
    pub(super) says: String,
    /// Whether a private alias of the person was used.
    pub(super) personal: bool,
    /// What was learned that this rests on, where it does not rest on the roster.
    pub(super) node: Option<Node>,
}

/// How much a piece of evidence is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Enough by itself, with this confidence.
    Strong(Confidence),
    /// Needs another that agrees.
    Weak,
    /// One of several people who held the identifier, which time could not tell apart.
    Contested,
}

/// Where the making of a grant lies against the window of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InWindow {
    /// Inside, or may be inside.
    Inside,
    /// Certainly after the window.
    After,
    /// Certainly before the window.
    Before,
    /// The grant does not say when it was made.
    NotKnown,
}

/// Tests an alias window at the time the grant was made.
pub(super) fn in_window(facts: &ClaimFacts, created_at: &Fact<Moment>) -> InWindow {
    let Fact::Known(created) = created_at else { return InWindow::NotKnown };
    if facts.until.is_some_and(|until| created.certainly_at_or_after(until)) {
        InWindow::After
    } else if facts.from.is_some_and(|from| created.certainly_before(from)) {
        InWindow::Before
    } else {
        InWindow::Inside
    }
}

/// Whether a grant made at `created` can belong to a spell of this person: a grant made well before somebody started,
/// or after somebody had gone, was not made for them (recycled addresses and logins).
pub(super) fn spell_contains(person: &Person, created_at: &Fact<Moment>) -> bool {
    /// Accounts are often prepared before the first day.
    const PREPARED_DAYS: i64 = 30;
    let Fact::Known(created) = created_at else { return true };
    person.stints.iter().any(|stint| {
        let begins = stint.start - chrono::TimeDelta::days(PREPARED_DAYS);
        let starts_in_time = !created.certainly_before(begins);
        let ends_later = stint.end.as_ref().is_none_or(|end| !created.certainly_at_or_after(end.latest));
        starts_in_time && ends_later
    })
}

/// Word for an identifier in a sentence; a private one is never printed.
pub(super) fn spell_out(kind: IdentifierKind, value: &str, personal: bool) -> String {
    match (kind, personal) {
        (IdentifierKind::Email, true) => String::from("(personal address)"),
        (IdentifierKind::SshFingerprint, true) => String::from("(personal key)"),
        (_, true) => String::from("(personal account)"),
        (kind, false) => format!("{} {value}", kind.as_str()),
    }
}
