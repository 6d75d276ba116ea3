//! Rules that passed every check, and which of them look at what.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use cel::{Env, Program};
use scan_contract::{AccessKind, Relation};

use super::cases::Case;
use super::fields::Field;
use super::lists::Lists;
use super::model::EmploymentView;
use super::nothing::gives_nothing;

/// Position of a rule in its set. Valid for the set that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(usize);

/// How far a rule can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleStatus {
    /// Few sources carry the facts it needs: a system that does not say so is judged by the other rules alone.
    Experimental,
    /// In force.
    Stable,
    /// Kept so that its id is not used again; not evaluated.
    Retired,
}

impl RuleStatus {
    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Experimental => "experimental",
            Self::Stable => "stable",
            Self::Retired => "retired",
        }
    }
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, forever.
    pub id: Arc<str>,
    /// Goes up with every change of meaning; stands on every verdict.
    pub version: u32,
    /// How far it can be relied on.
    pub status: RuleStatus,
    /// Short title.
    pub title: Arc<str>,
    /// Kinds it looks at.
    pub kinds: Vec<AccessKind>,
    /// Relations it looks at.
    pub relations: Vec<Relation>,
    /// How employment must stand.
    pub employment: Vec<EmploymentView>,
    /// The condition as written.
    pub when: Arc<str>,
    /// One sentence for a manager.
    pub reason: Arc<str>,
    /// What to do, in the right order.
    pub remedy: Arc<str>,
    /// Facts to show with a finding, as paths such as `access.created_at`.
    pub evidence: Vec<Arc<str>>,
    /// Controls in the form `FRAMEWORK-VERSION:ID`, in the order of the framework table.
    pub controls: Vec<Arc<str>>,
    /// ATT&CK techniques.
    pub attack: Vec<Arc<str>>,
    /// When it holds although nothing is wrong.
    pub false_positives: Vec<Arc<str>>,
    /// Of several rules that hold, the one with the highest weight is the main rule; ties go to the first id.
    pub weight: u32,
    /// It adds to the rule that found the grant. A hit counts by itself; an unknown answer says nothing where no other
    /// rule holds: whether a session that is cut off was used before is no open question.
    pub additive: bool,
    /// The file it came from.
    pub file: PathBuf,
    pub(super) program: Program,
    pub(super) needs: Vec<&'static Field>,
    pub(super) cases: Vec<Case>,
}

/// Every rule in force, with the operator's lists. Shared between threads; evaluation needs no lock.
pub struct RuleSet {
    rules: Vec<Rule>,
    lists: Lists,
    env: Arc<Env>,
    /// By kind, relation and employment: the rules that look there, heaviest first.
    candidates: Vec<Vec<RuleIndex>>,
    digest: String,
}

impl RuleSet {
    /// Takes rules that passed every check, in any order.
    pub(super) fn assemble(mut rules: Vec<Rule>, lists: Lists, env: Arc<Env>, digest: String) -> Self {
        rules.sort_by(|left, right| left.id.cmp(&right.id));
        let mut candidates = vec![Vec::new(); AccessKind::ALL.len() * Relation::ALL.len() * EMPLOYMENTS];
        let mut by_weight: Vec<usize> = (0..rules.len()).collect();
        by_weight.sort_by_key(|position| (std::cmp::Reverse(rules[*position].weight), *position));
        for position in by_weight {
            let rule = &rules[position];
            if rule.status == RuleStatus::Retired {
                continue;
            }
            for kind in &rule.kinds {
                for relation in &rule.relations {
                    for employment in &rule.employment {
                        candidates[slot(*kind, *relation, *employment)].push(RuleIndex(position));
                    }
                }
            }
        }
        Self { rules, lists, env, candidates, digest }
    }

    /// The rule at `index`.
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        &self.rules[index.0]
    }

    /// Every rule, by id.
    pub fn iter(&self) -> impl Iterator<Item = (RuleIndex, &Rule)> {
        self.rules.iter().enumerate().map(|(position, rule)| (RuleIndex(position), rule))
    }

    /// The rule of that id.
    pub fn named(&self, id: &str) -> Option<(RuleIndex, &Rule)> {
        self.iter().find(|(_, rule)| &*rule.id == id)
    }

    /// SHA-256 over the rules and lists, in lower-case hex: equal bytes give equal verdicts on equal facts.
    pub fn digest(&self) -> String {
        self.digest.clone()
    }

    /// Names of the operator's lists with the number of their entries.
    pub fn list_sizes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.lists.iter().map(|(name, list)| (name, list.len()))
    }

    /// Rules that look at such a grant, heaviest first.
    pub fn candidates(&self, kind: AccessKind, relation: Relation, employment: EmploymentView) -> &[RuleIndex] {
        &self.candidates[slot(kind, relation, employment)]
    }

    /// Whether such a grant is judged: a rule that speaks for itself looks there, or there is nothing to look at. Rules
    /// that add to others (a lapsed exception, a use after the end) name every kind and judge none.
    pub fn judges(&self, kind: AccessKind, relation: Relation, employment: EmploymentView) -> bool {
        let speaks = |index: &RuleIndex| !self.rule(*index).additive;
        gives_nothing(kind, relation) || self.candidates(kind, relation, employment).iter().any(speaks)
    }

    pub(super) fn lists(&self) -> &Lists {
        &self.lists
    }

    pub(super) fn env(&self) -> &Arc<Env> {
        &self.env
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RuleSet")
            .field("rules", &self.rules.len())
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

const EMPLOYMENTS: usize = 3;

fn slot(kind: AccessKind, relation: Relation, employment: EmploymentView) -> usize {
    ((kind as usize) * Relation::ALL.len() + relation as usize) * EMPLOYMENTS + employment as usize
}
