//! Lines of text for people.

use std::fmt;

/// Appends one line.
pub(super) fn add_line(text: &mut String, arguments: fmt::Arguments<'_>) {
    // `to_string` of arguments cannot fail where the parts do not.
    text.push_str(&arguments.to_string());
    text.push('\n');
}
