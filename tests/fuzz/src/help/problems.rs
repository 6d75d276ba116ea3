//! What holds for the mistakes of every written file.

use holdover::problem::{self, Problem};

use super::unseen::check_inert;

/// Each place lies in the text, each mistake says something, and what people are shown is inert.
pub(crate) fn check(text: &str, problems: &[Problem]) {
    // Line feed, carriage return, or both: YAML 1.2, section 5.4.
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").lines().count();
    for problem in problems {
        assert!(!problem.says.trim().is_empty(), "a mistake that says nothing: {problem:?}");
        if let Some(place) = problem.place {
            assert!(
                (1..=lines + 1).contains(&place.line) && place.column >= 1 && place.length >= 1,
                "{place:?} lies outside {lines} lines: {problem:?}"
            );
        }
    }
    // Hundreds of mistakes on one long line would be quoted each; the first ones show what there is to see.
    let shown = problem::render(&problems[..problems.len().min(50)], |_| Some(text.to_owned()));
    check_inert(&shown, true);
}
