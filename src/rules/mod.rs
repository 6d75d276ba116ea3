//! Rules as data: load, check, evaluate, explain. A rule that cannot be evaluated is a notice, never a miss.
//!
//! | file | what |
//! |---|---|
//! | [`model`] | what a rule may look at, and what it answers |
//! | `raw` | what a rule file and a list file may say |
//! | `load` | from files to rules, all mistakes at once |
//! | `fields` | the words of the language: every root and field |
//! | `check` | an expression held against those words; `shape` is what its parts amount to, `position` finds a mistake's place in the file |
//! | `rehearse` | every expression tried at load on facts known, absent and hidden |
//! | `facts`, `derived`, `time` | facts as an expression sees them, three-valued |
//! | `ruleset`, `evaluate` | which rules look at a grant, and what they answer |
//! | `nothing` | relations that give nothing, so that no rule has to look |
//! | `cases` | planted facts with the outcome they must have |
//! | `explain`, `index` | texts for people |
//! | `controls` | frameworks and techniques a rule may name |
//! | `lists` | grants that an operator wants treated apart |
//!
//! The room is pure: no clock, no store, no environment; files come through [`scan_contract::Documents`]. It never
//! decides severity, never filters by usability, and never lets a hidden fact pass for "no".

pub mod controls;
pub mod model;

mod cases;
mod check;
mod derived;
mod embedded;
mod evaluate;
mod explain;
mod facts;
mod fields;
mod index;
#[cfg(test)]
mod language_tests;
mod lists;
mod load;
mod nothing;
mod position;
mod raw;
mod rehearse;
mod ruleset;
mod shape;
#[cfg(test)]
mod soundness_tests;
#[cfg(test)]
mod tests;
mod time;

pub use cases::{Case, CaseResult, Expected};
pub use evaluate::Verdicts;
pub use explain::explain;
pub use index::readme;
pub use model::*;
pub use ruleset::{Rule, RuleIndex, RuleSet, RuleStatus};

/// JSON Schema of a rule file, as committed in `rules/schema.json`.
pub fn rule_schema() -> String {
    crate::yaml::published::<raw::RawRule>()
}

/// JSON Schema of a list file, as committed in `rules/lists/schema.json`.
pub fn list_schema() -> String {
    crate::yaml::published::<raw::RawList>()
}
