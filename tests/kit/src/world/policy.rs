//! Decisions made in advance, as the company made them.

use chrono::TimeDelta;
use scan_contract::{AccessKind, Instant};

use super::people::Stint;

/// One rule: whom it matches, and how long which kinds may stay.
#[derive(Debug, Clone)]
pub struct PolicyRule {
    /// Name.
    pub id: String,
    /// Matches when access has to end at once, or at these tiers; `None` matches everybody.
    pub when: Option<(bool, Vec<u8>)>,
    /// Hours after the end, and the kinds that are due then. Kinds that stand nowhere are due at the end.
    pub stages: Vec<(u32, Vec<AccessKind>)>,
    /// Whether it is written as an immediate rule with allowances.
    pub immediate: bool,
    /// Who decides about exceptions from it.
    pub approvers: (String, u32),
}

/// All rules, in order.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The first that matches decides.
    pub rules: Vec<PolicyRule>,
}

impl Policy {
    /// The rule for a spell.
    pub fn rule(&self, stint: &Stint) -> Option<&PolicyRule> {
        self.rules.iter().find(|rule| match &rule.when {
            None => true,
            Some((immediate, tiers)) => (*immediate && stint.immediate) || tiers.contains(&stint.tier),
        })
    }

    /// When a kind is due after an end.
    pub fn due_at(&self, stint: &Stint, kind: AccessKind, end_at: Instant) -> Instant {
        let hours = self.rule(stint).map_or(0, |rule| rule.hours(kind));
        end_at + TimeDelta::hours(i64::from(hours))
    }
}

impl PolicyRule {
    /// Hours after the end at which a kind is due.
    pub fn hours(&self, kind: AccessKind) -> u32 {
        self.stages.iter().find(|(_, kinds)| kinds.contains(&kind)).map_or(0, |(hours, _)| *hours)
    }
}
