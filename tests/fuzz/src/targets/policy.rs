//! The policy: how long what may stay.

use std::path::Path;

use holdover::policy::Policy;

use crate::help::problems;

pub(super) const HOLDS: &str = "a policy or at least one mistake that lies in the text; the explanation of each example agrees with \
    the answer; nothing is due before the end";

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Policy::load(Path::new("policy.yaml"), &text) {
        Err(found) => {
            assert!(!found.is_empty(), "no policy and no mistake");
            problems::check(&text, &found);
        }
        Ok(policy) => {
            for case in policy.test() {
                let due = policy.due(&case.input);
                assert!(due.at >= case.input.end_at, "due before the end: {due:?}");
                let explained = policy.explain(&case.input);
                assert_eq!(explained.due, due, "the explanation says something else");
                assert!(!explained.to_string().is_empty());
            }
        }
    }
}
