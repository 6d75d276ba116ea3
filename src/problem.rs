//! Mistakes in what people write: configuration, roster settings, rules, policy, exceptions, links.
//!
//! All mistakes of a file are collected, never only the first, and each is shown with the place underlined.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::hostile;

/// A place in a file. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Length of the underlined text in characters; at least 1.
    pub length: usize,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as configured.
    pub file: PathBuf,
    /// Where in it; `None` concerns the whole file.
    pub place: Option<Place>,
    /// Path of the key, such as `systems[2].tier`; empty for the whole document.
    pub key: String,
    /// What is wrong: what was found and what was expected.
    pub says: String,
    /// What to do, such as the nearest valid word.
    pub help: Option<String>,
}

impl Problem {
    /// A mistake that concerns a whole file.
    pub fn file(file: &Path, says: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), place: None, key: String::new(), says: says.into(), help: None }
    }

    /// A mistake at a place.
    pub fn at(file: &Path, place: Option<Place>, key: impl Into<String>, says: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), place, key: key.into(), says: says.into(), help: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `says` of a word outside a vocabulary, with the nearest valid word as help.
pub fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    valid
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 3)
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
}

/// Every problem as text, sorted by place, with the line quoted and underlined where its file's text is given by
/// `source`. Quoted lines are hostile text and shown inert.
pub fn render(problems: &[Problem], source: impl Fn(&Path) -> Option<String>) -> String {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by(|left, right| (&left.file, left.place, &left.key).cmp(&(&right.file, right.place, &right.key)));
    let mut text = String::new();
    for problem in sorted {
        let key = if problem.key.is_empty() { String::new() } else { format!("{}: ", hostile::line(&problem.key)) };
        let file = problem.file.display();
        // Writing to a String cannot fail.
        let _: Result<(), std::fmt::Error> = match problem.place {
            Some(place) => {
                writeln!(text, "error: {file}:{}:{}: {key}{}", place.line, place.column, hostile::line(&problem.says))
            }
            None => writeln!(text, "error: {file}: {key}{}", hostile::line(&problem.says)),
        };
        if let Some(place) = problem.place
            && let Some(quoted) =
                source(&problem.file).and_then(|all| all.lines().nth(place.line - 1).map(hostile::line))
        {
            let number = place.line.to_string();
            let marker =
                "^".repeat(place.length.max(1).min(quoted.chars().count().saturating_sub(place.column - 1).max(1)));
            let _: Result<(), std::fmt::Error> = writeln!(text, " {number} | {quoted}");
            let _: Result<(), std::fmt::Error> =
                writeln!(text, " {} | {}{marker}", " ".repeat(number.len()), " ".repeat(place.column - 1));
        }
        if let Some(help) = &problem.help {
            let _: Result<(), std::fmt::Error> = writeln!(text, "   help: {}", hostile::line(help));
        }
    }
    text
}
