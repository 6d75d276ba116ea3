//! What is remembered of a finding between runs.

use scan_contract::{Instant, ScopeName};

use crate::findings::Finding;

/// The first of two absent looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentLook {
    /// Run that looked.
    pub run_id: String,
    /// Instant the data described; a second look must describe another one.
    pub as_of: Instant,
}

/// An operator's word that a use after the end was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Where it was handled, such as an incident number.
    pub reference: String,
    /// When it was recorded.
    pub at: Instant,
}

/// A finding as the last run left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The finding, in its last reported form.
    pub finding: Finding,
    /// Set in `Closing`.
    pub absent: Option<AbsentLook>,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// How often it came back after closing.
    pub reopened: u32,
    /// When the end of access first stood in an accepted roster.
    pub end_known_at: Option<Instant>,
    /// Use after the end was handled.
    pub acknowledged: Option<Acknowledgement>,
    /// Scopes beside the finding's own that showed the same grant and were not read completely since. A grant id is
    /// unique within a scope; where two scopes show it, it is gone when both of them are known not to have it.
    pub also_in: Vec<ScopeName>,
    /// Latest instant described by data that showed the grant, complete or not. Data of an earlier instant say nothing
    /// about whether it is gone since. `None` in records of versions that did not keep it.
    pub seen_as_of: Option<Instant>,
}

impl Memory {
    /// Data that describe `as_of` showed the grant.
    pub fn was_seen_at(&mut self, as_of: Instant) {
        self.seen_as_of = self.seen_as_of.max(Some(as_of));
    }

    /// Whether the grant was shown by data of a later instant.
    pub fn was_seen_after(&self, as_of: Instant) -> bool {
        self.seen_as_of.is_some_and(|seen| seen > as_of)
    }
}
