//! Foreign text inside Markdown.

use crate::hostile;

/// A code span that shows exactly this text on one line (CommonMark 0.31, section 6.1): the fence is longer than any
/// run of backticks inside.
pub(super) fn code(text: &str) -> String {
    let text = hostile::line(text);
    if text.is_empty() {
        return String::from("(empty)");
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // A backtick at an edge would join the fence; one space at both edges is taken away by readers.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    if text.chars().all(|character| character == ' ') {
        return format!("{fence}{text}{fence}");
    }
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The same inside a table, where `|` ends a cell even in a code span: it is shown by its number.
pub fn cell(text: &str) -> String {
    code(&text.replace('|', "\\u{7c}"))
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_cannot_end_the_span() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code(""), "(empty)");
        assert_eq!(cell("a|b"), "`a\\u{7c}b`");
    }
}
