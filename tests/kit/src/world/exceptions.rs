//! Exceptions in truth, and what has to become of each.

use scan_contract::{AccessKind, Instant};

/// What has to become of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedException {
    /// It is in force: what it names is suppressed.
    Active,
    /// Its end has passed: what it names is open again.
    Expired,
    /// It has not begun.
    Pending,
    /// It must not hold.
    Invalid,
}

impl PlannedException {
    /// The word of a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Pending => "pending",
            Self::Invalid => "invalid",
        }
    }
}

/// One entry of the file.
#[derive(Debug, Clone)]
pub struct ExceptionTruth {
    /// Id.
    pub id: String,
    /// Word of the type.
    pub kind: &'static str,
    /// Person.
    pub person: String,
    /// System.
    pub system: String,
    /// Kind it covers.
    pub access_kind: AccessKind,
    /// Grant it covers.
    pub grant_id: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub requested_by: String,
    /// Who approved.
    pub approved_by: Vec<String>,
    /// When.
    pub approved_at: Instant,
    /// Begin and end.
    pub holds: (Instant, Instant),
    /// What has to become of it.
    pub planned: PlannedException,
}

impl ExceptionTruth {
    /// Whether it speaks of this grant.
    pub fn names(&self, person: &str, system: &str, kind: AccessKind, grant_id: &str) -> bool {
        self.person == person && self.system == system && self.access_kind == kind && self.grant_id == grant_id
    }
}
