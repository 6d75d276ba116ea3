//! Rule files: expressions of any form, compiled and rehearsed at load.

use std::path::Path;

use holdover::rules::{self, RuleSet};

use crate::help::problems;

pub(super) const HOLDS: &str = "a rule or at least one mistake that lies in the text; no expression overflows a stack; a rule that \
    passed comes out of its own cases as written and has a text for people; the same twice";

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let load = || RuleSet::of_one(Path::new("rules/a-rule.yaml"), &text);
    match load() {
        Err(found) => {
            assert!(!found.is_empty(), "no rule and no mistake");
            problems::check(&text, &found);
        }
        Ok(set) => {
            assert_eq!(set.iter().count(), 1);
            let again = load().unwrap_or_else(|problems| panic!("not the same twice: {problems:?}"));
            assert_eq!(again.digest(), set.digest());
            for (_, rule) in set.iter() {
                assert!(!rules::explain(rule).is_empty());
                assert!(!rule.id.is_empty() && !rule.when.is_empty());
            }
        }
    }
}
