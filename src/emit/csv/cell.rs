//! One cell: quoting (RFC 4180) and neutralisation that our own reader can undo.
//!
//! Spreadsheet programs run a cell that begins with `=`, `+`, `-`, `@`, a tab or a line end, also behind spaces or
//! quotes (CWE-1236). Such a text gets an apostrophe in front; so does a text that begins with one already, which is
//! what makes it reversible. A text with other control, bidirectional or zero-width characters is written as an
//! apostrophe, a backslash, and the text with `\` doubled and each such character as `\u{...}`.

use std::io::Write;

use crate::emit::EmitError;
use crate::hostile;

/// A cell value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Not known, or does not apply.
    Empty,
    /// Text; always quoted.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Truth(bool),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.into()))
    }

    pub(super) fn count(count: u64) -> Self {
        // Beyond i64 a count is text; no reader would hold it as a number either.
        i64::try_from(count).map_or_else(|_| Self::Text(count.to_string()), Self::Number)
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> Result<(), EmitError> {
        match self {
            Self::Empty => {}
            Self::Text(text) => {
                out.write_all(b"\"")?;
                out.write_all(neutral(text).replace('"', "\"\"").as_bytes())?;
                out.write_all(b"\"")?;
            }
            Self::Number(number) => write!(out, "{number}")?,
            Self::Truth(truth) => write!(out, "{truth}")?,
        }
        Ok(())
    }
}

/// Characters that are escaped rather than quoted. Tab, CR and LF are ordinary inside quotes.
fn needs_escape(character: char) -> bool {
    hostile::is_dangerous(character) && !matches!(character, '\t' | '\r' | '\n')
}

/// Whether a spreadsheet program may run the text, or the neutral form would be mistaken for another text.
fn needs_apostrophe(text: &str) -> bool {
    let behind_spaces = text.trim_start_matches([' ', '\u{a0}', '"']);
    let visible = text.trim_start_matches(|character: char| character.is_whitespace() || character == '"');
    text.starts_with('\'')
        || behind_spaces.starts_with(['\t', '\r', '\n', '\0'])
        || visible.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// The inert form of a text.
pub fn neutral(text: &str) -> String {
    if text.chars().any(needs_escape) {
        let mut escaped = String::from("'\\");
        for character in text.chars() {
            if character == '\\' {
                escaped.push_str("\\\\");
            } else if needs_escape(character) {
                escaped.extend(character.escape_unicode());
            } else {
                escaped.push(character);
            }
        }
        return escaped;
    }
    if needs_apostrophe(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text a cell was made from; `None` if the cell was not written by [`neutral`].
pub fn original(cell: &str) -> Option<String> {
    let Some(rest) = cell.strip_prefix('\'') else {
        return Some(cell.to_owned());
    };
    match rest.strip_prefix('\\') {
        // A text that begins with a backslash never gets an apostrophe, so this is the escaped form.
        Some(escaped) => unescape(escaped),
        None => Some(rest.to_owned()),
    }
}

fn unescape(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            text.push('\\');
            rest = after;
        } else {
            let (digits, after) = rest.strip_prefix("u{")?.split_once('}')?;
            text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            rest = after;
        }
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_neutralised_also_behind_spaces_and_quotes() {
        for formula in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\"=1", " \" =1", "\u{a0}=1", "＝1"]
        {
            assert!(neutral(formula).starts_with('\''), "{formula:?}");
        }
        for plain in ["p-1", "00417", "a=b", "ada@acme.example", "C:\\x", "", "\\=x"] {
            assert_eq!(neutral(plain), plain);
        }
    }

    #[test]
    fn controls_and_bidirectional_marks_are_shown_escaped() {
        assert_eq!(neutral("a\u{1b}[31m\\b\u{202e}"), "'\\a\\u{1b}[31m\\\\b\\u{202e}");
        assert_eq!(neutral("\0=1"), "'\\\\u{0}=1");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            prop_assert_eq!(original(&neutral(&text)), Some(text));
        }

        #[test]
        fn texts_made_of_dangerous_characters_come_back(text in "['\\\\=+@\" \t\r\n\u{0}\u{1b}\u{202e}u{}1-]{0,12}") {
            let cell = neutral(&text);
            prop_assert!(!cell.chars().any(needs_escape));
            prop_assert_eq!(original(&cell), Some(text));
        }
    }
}
