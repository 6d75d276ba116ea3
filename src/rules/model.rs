//! What a rule may look at, and what it answers.

use std::sync::Arc;

use scan_contract::{Access, Fact, Instant, Relation};

use crate::findings::{Confidence, Usability, UsedAfterEnd};
use crate::roster::{Person, Stint};

/// Three-valued answer of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Hit,
    /// It does not hold.
    Miss,
    /// It cannot be told; the text names the fact that was hidden, such as `access.created_at`.
    Unknown(String),
}

/// How the person's employment stands, as rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmploymentView {
    /// No stint is in force; the last one ended at `person.access_end_at`.
    Left,
    /// Back after a gap: `person.access_end_at` is the end before the gap, `person.rehired_at` the new start.
    Rehired,
    /// On a leave that suspends access.
    Suspended,
}

/// Everything a rule may look at. Built per (grant, person); borrowed, never copied, so that an evaluation costs
/// about a microsecond.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The present instant.
    pub now: Instant,
    /// Who.
    pub person: &'a Person,
    /// The stint that ended.
    pub stint: &'a Stint,
    /// How employment stands.
    pub employment: EmploymentView,
    /// Nominal end of access.
    pub access_end_at: Instant,
    /// Start of the stint in force after a gap.
    pub rehired_at: Option<Instant>,
    /// The grant.
    pub access: &'a Access,
    /// How the person relates to it.
    pub relation: Relation,
    /// Whether a second living owner exists: `Known(true)` makes an ownership informative only.
    pub other_living_owner: &'a Fact<bool>,
    /// Whether it can be used.
    pub usability: Usability,
    /// Used after the end?
    pub used_after_end: UsedAfterEnd,
    /// How sure the match is.
    pub confidence: Confidence,
    /// Method of the match.
    pub match_method: &'a str,
    /// Whether the match used a private alias of the person.
    pub match_personal: bool,
    /// Configured system id.
    pub system: &'a str,
    /// Connector of the system.
    pub connector: &'a str,
    /// Id of an exception that covered it and has ended.
    pub exception_lapsed: Option<&'a Arc<str>>,
}
