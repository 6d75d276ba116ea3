//! What a policy answers.

use std::sync::Arc;
use std::time::Duration;

use scan_contract::{AccessKind, Instant};

use crate::roster::{RoleTier, TerminationType, Urgency};

/// What a rule of the policy may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyInput {
    /// How fast access has to end.
    pub urgency: Urgency,
    /// Tier of the person; `None` matches only rules that do not ask.
    pub role_tier: Option<RoleTier>,
    /// How they left.
    pub termination_type: Option<TerminationType>,
    /// Employment, by word, for rules that ask.
    pub employment_type: crate::roster::EmploymentType,
    /// What sort of access.
    pub kind: AccessKind,
    /// Nominal end of access.
    pub end_at: Instant,
}

/// When a grant is due, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Rule that decided; `default` without a policy.
    pub rule: Arc<str>,
    /// Time after the end that is agreed.
    pub after: Duration,
    /// End plus that time.
    pub at: Instant,
}
