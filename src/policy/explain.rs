//! Why a grant is due when it is, and whether the examples of a policy come out as written.

use std::fmt;
use std::time::Duration;

use crate::yaml::forms::duration_text;

use super::{Due, Policy, PolicyInput};

/// How a policy came to its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What was asked.
    pub input: PolicyInput,
    /// Rules that were asked and did not match, in order, each with the reason.
    pub tried: Vec<Tried>,
    /// The answer.
    pub due: Due,
    /// Who decides about exceptions from the rule: group and number.
    pub approvers: Option<(String, u32)>,
    /// Whether the end is older than `effective_from`, so that no rule was asked.
    pub before_effective: bool,
}

/// A rule that did not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Its id.
    pub rule: String,
    /// Why it did not match.
    pub because: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = &self.input;
        writeln!(
            formatter,
            "asked: {} of somebody with urgency {}, role tier {}, termination type {}, employment {}, end {}",
            input.kind,
            input.urgency.as_str(),
            input.role_tier.map_or("not known", crate::roster::RoleTier::as_str),
            input.termination_type.map_or("not known", crate::roster::TerminationType::as_str),
            input.employment_type.as_str(),
            input.end_at.format("%Y-%m-%dT%H:%M:%SZ"),
        )?;
        for tried in &self.tried {
            writeln!(formatter, "rule {}: does not match, {}", tried.rule, tried.because)?;
        }
        if self.before_effective {
            writeln!(formatter, "no rule was asked: the end is not after effective_from")?;
        }
        writeln!(
            formatter,
            "rule {} decides: due {} after the end, at {}",
            self.due.rule,
            duration_text(self.due.after),
            self.due.at.format("%Y-%m-%dT%H:%M:%SZ"),
        )?;
        if let Some((group, count)) = &self.approvers {
            writeln!(formatter, "exceptions are decided by {count} of {group}")?;
        }
        Ok(())
    }
}

/// What came of one example.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    /// Line of the example in the policy file.
    pub line: usize,
    /// What it asks.
    pub input: PolicyInput,
    /// The rule and time it expects.
    pub expected: (String, Duration),
    /// The rule and time that come out.
    pub found: (String, Duration),
}

impl CaseResult {
    /// Whether both agree.
    pub fn passes(&self) -> bool {
        self.expected == self.found
    }
}

impl Policy {
    /// How the answer of [`Policy::due`] comes about.
    pub fn explain(&self, input: &PolicyInput) -> Explanation {
        let in_force = self.is_in_force(input.end_at);
        let mut tried = Vec::new();
        let mut approvers = None;
        for rule in self.rules.iter().filter(|_| in_force) {
            let Some(because) = rule.when.refusal(input) else {
                approvers.clone_from(&rule.approvers);
                break;
            };
            tried.push(Tried { rule: rule.id.to_string(), because });
        }
        Explanation { input: *input, tried, due: self.due(input), approvers, before_effective: !in_force }
    }

    /// Runs the examples of the file, in their order.
    pub fn test(&self) -> Vec<CaseResult> {
        self.cases
            .iter()
            .map(|case| {
                let due = self.due(&case.input);
                CaseResult {
                    line: case.line,
                    input: case.input,
                    expected: (case.rule.clone(), case.after),
                    found: (due.rule.to_string(), due.after),
                }
            })
            .collect()
    }
}
