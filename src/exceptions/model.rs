//! States of an exception, and what the judgement asks of the set.

use std::sync::Arc;

use scan_contract::{AccessKind, Instant, Privilege};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::roster::{PersonId, RoleTier};

/// Why somebody may keep something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionType {
    /// A supervised handover.
    Transition,
    /// Data has to be kept. It keeps no sign-in, unless an approver named one outside tier 0 and 1.
    LegalHold,
    /// The match is wrong; a reviewed link is the better cure.
    FalsePositive,
    /// The risk is known and accepted for a time.
    AcceptedRisk,
    /// An emergency account.
    BreakGlass,
}

impl ExceptionType {
    /// All five.
    pub const ALL: [Self; 5] =
        [Self::Transition, Self::LegalHold, Self::FalsePositive, Self::AcceptedRisk, Self::BreakGlass];

    /// The word used in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transition => "transition",
            Self::LegalHold => "legal_hold",
            Self::FalsePositive => "false_positive",
            Self::AcceptedRisk => "accepted_risk",
            Self::BreakGlass => "break_glass",
        }
    }
}

/// What happens when an exception ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// The finding opens again.
    #[default]
    Reopen,
    /// And somebody is called.
    ReopenAndPage,
}

/// One entry of the file that fits its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Its id, never used again.
    pub id: Arc<str>,
    /// Why.
    pub kind: ExceptionType,
    /// Whose access.
    pub person_id: PersonId,
    /// Where.
    pub system: String,
    /// Kinds it speaks to; empty is all.
    pub access_kinds: Vec<AccessKind>,
    /// Grant id, display text or target it speaks to.
    pub resource: Option<String>,
    /// Rules it speaks to; empty is all. A finding with a further rule is not covered.
    pub rules: Vec<String>,
    /// The one finding it speaks to.
    pub fingerprint: Option<String>,
    /// What is needed, and why there is no other way.
    pub reason: String,
    /// What makes it bearable.
    pub compensating_controls: Vec<String>,
    /// Who asked.
    pub requested_by: String,
    /// Who approved.
    pub approved_by: Vec<String>,
    /// When it was approved.
    pub approved_at: Instant,
    /// First instant it holds.
    pub starts_at: Instant,
    /// First instant it no longer holds.
    pub expires_at: Instant,
    /// Link to the approval.
    pub ticket: Option<String>,
    /// Who reviews it.
    pub review_owner: String,
    /// When it is to be reviewed.
    pub review_next_at: Option<Instant>,
    /// What happens at its end.
    pub on_expiry: OnExpiry,
    /// The entry it follows.
    pub renews: Option<String>,
    /// When it was taken back.
    pub revoked_at: Option<Instant>,
}

impl Exception {
    /// When it stops holding: its end, or earlier where it was taken back.
    pub fn ends_at(&self) -> Instant {
        self.revoked_at.map_or(self.expires_at, |revoked_at| revoked_at.min(self.expires_at))
    }
}

/// Whether somebody was employed at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Employment {
    /// Some stint contains the instant.
    Employed,
    /// None does.
    NotEmployed,
    /// The rows contradict each other.
    NotKnown,
}

/// What the checks ask about people. The roster in force answers.
pub trait People {
    /// Whether the roster knows the person.
    fn exists(&self, person_id: &str) -> bool;

    /// Whether the person was employed at an instant.
    fn employed_at(&self, person_id: &str, at: Instant) -> Employment;

    /// When the person left, if they are not employed at `now`; `None` for everybody else.
    fn left_at(&self, person_id: &str, now: Instant) -> Option<Instant>;

    /// Tag of the common departure of the person's last stint.
    fn batch(&self, person_id: &str) -> Option<Arc<str>>;

    /// Tier of the person's last stint.
    fn tier(&self, person_id: &str) -> Option<RoleTier>;
}

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
