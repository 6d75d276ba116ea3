//! Decision rules made in advance: how long which access may stay after the end.
//!
//! The room reads a policy, finds every mistake in it, and answers one question: when is this kind of access of this
//! person due? It revokes nothing, approves nothing, and knows no system. An allowance is the same for everybody whom
//! its rule matches; who may keep what longer is an exception. What was used after the end is never within the agreed
//! time, whatever stands here.

mod check;
mod explain;
pub mod model;
mod raw;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use scan_contract::{AccessKind, Instant};

use crate::problem::Problem;
use crate::roster::{EmploymentType, EndBasis, RoleTier, TerminationType, Urgency};
use crate::yaml::{self, Document};

pub use explain::{CaseResult, Explanation, Tried};
pub use model::*;

/// Name of the rule that decides where no rule of a file does: due at the end.
pub const DEFAULT_RULE: &str = "default";

/// A policy that passed every check.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    digest: Option<String>,
    end_basis: EndBasis,
    effective_from: Option<Instant>,
    rules: Vec<Rule>,
    cases: Vec<Case>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    id: Arc<str>,
    when: When,
    /// Time after the end, for every kind in the order of [`AccessKind::ALL`].
    after: Vec<(AccessKind, Duration)>,
    approvers: Option<(String, u32)>,
}

/// Whom a rule matches.
#[derive(Debug, Clone, PartialEq, Default)]
struct When {
    all: Condition,
    /// Empty is not asked.
    any: Vec<Condition>,
}

/// What has to agree; an empty list is not asked.
#[derive(Debug, Clone, PartialEq, Default)]
struct Condition {
    urgency: Vec<Urgency>,
    role_tier: Vec<RoleTier>,
    termination_type: Vec<TerminationType>,
    employment_type: Vec<EmploymentType>,
}

/// One example of the file.
#[derive(Debug, Clone, PartialEq)]
struct Case {
    /// Line of the example in the file.
    line: usize,
    input: PolicyInput,
    rule: String,
    after: Duration,
}

impl Policy {
    /// Reads and checks a policy file.
    ///
    /// # Errors
    /// Every mistake of the file, each with its place.
    pub fn load(file: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let (document, mut problems) = Document::read_all(file, text);
        let Some(document) = document else { return Err(problems) };
        match document.decode().and_then(|raw: raw::RawPolicy| check::policy(&document, raw)) {
            Ok(policy) if problems.is_empty() => Ok(Self { digest: Some(yaml::digest(text)), ..policy }),
            Ok(_) => Err(problems),
            Err(later) => {
                yaml::add_later(&mut problems, later);
                Err(problems)
            }
        }
    }

    /// The policy where none is written: everything is due at the end.
    pub fn default_policy() -> Self {
        Self {
            digest: None,
            end_basis: EndBasis::EarliestOfLastDayWorkedAndEndDate,
            effective_from: None,
            rules: Vec::new(),
            cases: Vec::new(),
        }
    }

    /// When a grant is due, and by which rule.
    ///
    /// An end at or before `effective_from` is older than the decision: it is due at the end.
    pub fn due(&self, input: &PolicyInput) -> Due {
        match self.deciding(input) {
            Some(rule) => Due::after(Arc::clone(&rule.id), rule.allowance(input.kind), input.end_at),
            None => Due::after(Arc::from(DEFAULT_RULE), Duration::ZERO, input.end_at),
        }
    }

    /// SHA-256 of the file, lower-case hex; `None` without one.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Which day governs the end of access.
    pub fn end_basis(&self) -> EndBasis {
        self.end_basis
    }

    /// The instant after which the rules apply; `None` is always.
    pub fn effective_from(&self) -> Option<Instant> {
        self.effective_from
    }

    /// Ids of the rules in order.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.id)
    }

    fn deciding(&self, input: &PolicyInput) -> Option<&Rule> {
        if !self.is_in_force(input.end_at) {
            return None;
        }
        self.rules.iter().find(|rule| rule.when.refusal(input).is_none())
    }

    fn is_in_force(&self, end_at: Instant) -> bool {
        self.effective_from.is_none_or(|from| end_at > from)
    }
}

impl Due {
    fn after(rule: Arc<str>, after: Duration, end_at: Instant) -> Self {
        // An end beyond the calendar is never due; the roster refuses such dates long before.
        let at = TimeDelta::from_std(after).map_or(None, |delta| end_at.checked_add_signed(delta));
        Self { rule, after, at: at.unwrap_or(Instant::MAX_UTC) }
    }
}

impl Rule {
    fn allowance(&self, kind: AccessKind) -> Duration {
        self.after.iter().find(|(named, _)| *named == kind).map_or(Duration::ZERO, |(_, after)| *after)
    }
}

impl When {
    /// Why the rule does not match; `None` if it does.
    fn refusal(&self, input: &PolicyInput) -> Option<String> {
        if let Some(refusal) = self.all.refusal(input) {
            return Some(refusal);
        }
        if self.any.is_empty() || self.any.iter().any(|condition| condition.refusal(input).is_none()) {
            return None;
        }
        Some("none of its alternatives agrees".to_owned())
    }

    fn matches_everybody(&self) -> bool {
        self.all == Condition::default() && self.any.is_empty()
    }
}

impl Condition {
    fn refusal(&self, input: &PolicyInput) -> Option<String> {
        if !self.urgency.is_empty() && !self.urgency.contains(&input.urgency) {
            return Some(format!("the urgency is {}", input.urgency.as_str()));
        }
        if !self.role_tier.is_empty() && input.role_tier.is_none_or(|tier| !self.role_tier.contains(&tier)) {
            return Some(format!("the role tier is {}", input.role_tier.map_or("not known", RoleTier::as_str)));
        }
        if !self.termination_type.is_empty()
            && input.termination_type.is_none_or(|sort| !self.termination_type.contains(&sort))
        {
            let found = input.termination_type.map_or("not known", TerminationType::as_str);
            return Some(format!("the termination type is {found}"));
        }
        if !self.employment_type.is_empty() && !self.employment_type.contains(&input.employment_type) {
            return Some(format!("the employment type is {}", input.employment_type.as_str()));
        }
        None
    }
}

/// JSON Schema of the policy file, as it is published.
pub fn schema() -> String {
    yaml::published::<raw::RawPolicy>()
}
