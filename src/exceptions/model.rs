//! States of an exception, and what the judgement asks of the set.

use std::sync::Arc;

use scan_contract::{AccessKind, Instant, Privilege};
use serde::{Deserialize, Serialize};

/// Where an exception stands at an instant. Only `Active` suppresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionState {
    /// In force.
    Active,
    /// Approved, not begun.
    Pending,
    /// Its end has passed.
    Expired,
    /// Ended early.
    Revoked,
    /// Fails a check; suppresses nothing.
    Invalid,
}

impl ExceptionState {
    /// All five, in the order used for output and metrics.
    pub const ALL: [Self; 5] = [Self::Active, Self::Pending, Self::Expired, Self::Revoked, Self::Invalid];

    /// The word used in outputs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Invalid => "invalid",
        }
    }
}

/// What is asked: does an exception speak to this grant?
#[derive(Debug, Clone, Copy)]
pub struct ExceptionQuery<'a> {
    /// Whose.
    pub person_id: &'a str,
    /// Where.
    pub system: &'a str,
    /// What sort.
    pub kind: AccessKind,
    /// Which grant.
    pub grant_id: &'a str,
    /// Its display text, compared with `resource` too.
    pub grant_display: Option<&'a str>,
    /// How far it reaches: administrators' rights in tier 1 need two approvers.
    pub privilege: Privilege,
    /// Its target, compared with `resource` too.
    pub target: Option<&'a str>,
    /// Fingerprint in its text form.
    pub fingerprint: &'a str,
    /// Every rule that hit.
    pub rules: &'a [Arc<str>],
}

/// The exception that speaks to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cover {
    /// In force: suppresses the finding, unless it was used after the end.
    Active {
        /// Exception id.
        id: Arc<str>,
        /// First instant it no longer holds.
        expires_at: Instant,
    },
    /// Was in force and has ended: `exception-lapsed`.
    Lapsed {
        /// Exception id.
        id: Arc<str>,
        /// When it ended.
        ended_at: Instant,
    },
}
