//! Mistakes in what people write: configuration, roster settings, rules, policy, exceptions, links.
//!
//! All mistakes of a file are collected, never only the first, and each is shown with the place underlined.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr as _;

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
    /// Whether the line may be quoted: not where a secret may stand in it.
    pub quote: Quote,
}

/// Whether the line of a mistake is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// It is.
    Shown,
    /// It may hold a secret.
    Concealed,
}

impl Problem {
    /// A mistake that concerns a whole file.
    pub fn file(file: &Path, says: impl Into<String>) -> Self {
        Self {
            file: file.to_path_buf(),
            place: None,
            key: String::new(),
            says: says.into(),
            help: None,
            quote: Quote::Shown,
        }
    }

    /// A mistake at a place.
    pub fn at(file: &Path, place: Option<Place>, key: impl Into<String>, says: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), place, key: key.into(), says: says.into(), help: None, quote: Quote::Shown }
    }

    /// The same without its line: a secret may stand there.
    #[must_use]
    pub fn concealed(mut self) -> Self {
        self.quote = Quote::Concealed;
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The valid word nearest to `word`, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    valid
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 3)
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
}

/// Widest quoted line, in characters; of a longer one, the part around the mistake is shown.
const QUOTED: usize = 160;

/// Lines as YAML and editors count them: one ends at a line feed, at a carriage return, or at both together. Counted
/// otherwise than by whoever found the mistake, another line than the one that is meant would be quoted.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = rest.split_at(rest.find(['\n', '\r']).unwrap_or(rest.len()));
        rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r'])).unwrap_or(after);
        Some(line)
    })
}

/// Every problem as text, sorted by place, with the line quoted and underlined where its file's text is given by
/// `source`. Quoted lines are hostile text and shown inert.
pub fn render(problems: &[Problem], source: impl Fn(&Path) -> Option<String>) -> String {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by(|left, right| (&left.file, left.place, &left.key).cmp(&(&right.file, right.place, &right.key)));
    let mut sources: BTreeMap<&Path, Option<String>> = BTreeMap::new();
    let mut text = String::new();
    for problem in sorted {
        let quoted = problem.place.filter(|_| problem.quote == Quote::Shown).and_then(|place| {
            let all = sources.entry(&problem.file).or_insert_with(|| source(&problem.file)).as_deref()?;
            quote(lines(all).nth(place.line.checked_sub(1)?)?, place)
        });
        text.push_str(&one(problem, quoted));
    }
    text
}

fn one(problem: &Problem, quoted: Option<(String, String)>) -> String {
    let file = hostile::line(&problem.file.display().to_string());
    let key = if problem.key.is_empty() { String::new() } else { format!("{}: ", hostile::line(&problem.key)) };
    let says = hostile::line(&problem.says);
    let Some(place) = problem.place else {
        let mut text = format!("error: {file}: {key}{says}\n");
        text.extend(problem.help.iter().map(|help| format!("   help: {}\n", hostile::line(help))));
        return text;
    };
    let mut text = format!("error: {file}:{}:{}: {key}{says}\n", place.line, place.column);
    let margin = " ".repeat(place.line.to_string().len());
    text.extend(quoted.map(|(line, marks)| format!(" {} | {line}\n {margin} | {marks}\n", place.line)));
    text.extend(problem.help.iter().map(|help| format!(" {margin} = help: {}\n", hostile::line(help))));
    text
}

/// A line and the marks under it. What is shown escaped, and what is wider than one column, moves the marks.
fn quote(line: &str, place: Place) -> Option<(String, String)> {
    let start = place.column.checked_sub(1)?;
    // Enough before the mistake to recognise it.
    let skipped = if line.chars().take(QUOTED + 1).count() > QUOTED { start.saturating_sub(QUOTED / 2) } else { 0 };
    let part = |from: usize, count: usize| -> String {
        hostile::line(&line.chars().skip(from).take(count).collect::<String>())
    };
    let before = part(skipped, start - skipped);
    let marked = part(start, place.length.min((skipped + QUOTED).saturating_sub(start)));
    let shown_to = start + marked.chars().count().min(place.length);
    let after = part(shown_to, (skipped + QUOTED).saturating_sub(shown_to));
    let ellipsis = if skipped > 0 { "…" } else { "" };
    let marks = format!("{}{}", " ".repeat(ellipsis.width() + before.width()), "^".repeat(marked.width().max(1)));
    Some((format!("{ellipsis}{before}{marked}{after}"), marks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(line: &str, column: usize, length: usize) -> String {
        let place = Some(Place { line: 2, column, length });
        let problem = Problem::at(Path::new("f.yaml"), place, "a.b", "is wrong").help("do this");
        render(&[problem], |_| Some(format!("first\n{line}\nthird")))
    }

    #[test]
    fn a_mistake_is_shown_with_its_line_and_underlined() {
        assert_eq!(
            rendered("a: { b: word }", 9, 4),
            "error: f.yaml:2:9: a.b: is wrong\n 2 | a: { b: word }\n   |         ^^^^\n   = help: do this\n"
        );
    }

    #[test]
    fn a_carriage_return_alone_ends_a_line() {
        assert_eq!(lines("a\r\nb\rc\n\nd").collect::<Vec<_>>(), ["a", "b", "c", "", "d"]);
        let problem = Problem::at(Path::new("f.yaml"), Some(Place { line: 3, column: 1, length: 1 }), "", "is wrong");
        let text = render(&[problem], |_| Some("first: 1\rsecret: x\rthird\n".to_owned()));
        assert!(text.contains(" 3 | third\n") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn marks_stand_under_the_mistake_behind_wide_and_escaped_characters() {
        assert!(rendered("日本: x", 5, 1).contains(" 2 | 日本: x\n   |       ^\n"));
        assert!(rendered("\t: x", 4, 1).contains(" 2 | \\u{9}: x\n   |        ^\n"));
    }

    #[test]
    fn of_a_long_line_the_part_around_the_mistake_is_shown() {
        let line = format!("{}here{}", "x".repeat(1000), "y".repeat(1000));
        let text = rendered(&line, 1001, 4);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].chars().count() < 200, "{text}");
        let column = lines[2].chars().position(|mark| mark == '^').unwrap();
        assert_eq!(lines[1].chars().skip(column).take(4).collect::<String>(), "here", "{text}");
    }

    #[test]
    fn foreign_text_is_shown_inert() {
        let text = rendered("a: \u{1b}[31m\u{202e}x", 4, 6);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
    }

    #[test]
    fn a_mistake_of_a_whole_file_needs_no_place() {
        let problem = Problem::file(Path::new("f.yaml"), "holds nothing");
        assert_eq!(render(&[problem], |_| None), "error: f.yaml: holds nothing\n");
    }

    #[test]
    fn problems_are_sorted_by_place() {
        let at = |line| Problem::at(Path::new("f"), Some(Place { line, column: 1, length: 1 }), "", format!("l{line}"));
        let text = render(&[at(10), at(9), Problem::file(Path::new("f"), "whole")], |_| None);
        let order: Vec<&str> = text.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(order, ["whole", "l9", "l10"]);
    }

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("teir", ["id", "tier", "path"]), Some("tier"));
        assert_eq!(nearest("zzzzzz", ["id", "tier", "path"]), None);
    }
}
