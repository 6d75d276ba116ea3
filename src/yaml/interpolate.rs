//! The environment in text leaves: `${NAME}`, `${NAME:-text}`, `$$`.
//!
//! A lone `$` is itself, so that texts with dollars need no care unless a brace follows.

use std::cell::RefCell;
use std::path::Path;

use crate::problem::{Place, Problem};

use super::pointer;
use super::tree::{Content, Node, Scalar};

type Environment<'a> = &'a dyn Fn(&str) -> Variable;

/// What a reference to an environment variable finds.
#[derive(Clone, PartialEq, Eq)]
pub enum Variable {
    /// Its value.
    Text(String),
    /// It is set, and its value is not UTF-8.
    NotText,
    /// It is not set.
    Unset,
}

// The value may be a secret (SEC-3).
impl std::fmt::Debug for Variable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::NotText => "NotText",
            Self::Unset => "Unset",
        })
    }
}

impl From<Option<String>> for Variable {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Unset, Self::Text)
    }
}

/// Replaces in every leaf; returns what could not be replaced. Each value that was asked for is noted with its reference.
pub(super) fn document(
    file: &Path,
    root: &mut Node,
    environment: Environment<'_>,
    inserted: &mut Vec<(String, String)>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let asked = RefCell::new(std::mem::take(inserted));
    let noting = |name: &str| {
        let variable = environment(name);
        if let Variable::Text(value) = &variable {
            let pair = (value.clone(), format!("${{{name}}}"));
            let mut asked = asked.borrow_mut();
            if !asked.contains(&pair) {
                asked.push(pair);
            }
        }
        variable
    };
    node(file, root, "", &noting, &mut problems);
    *inserted = asked.into_inner();
    problems
}

fn node(file: &Path, node_: &mut Node, at: &str, environment: Environment<'_>, problems: &mut Vec<Problem>) {
    let place = node_.place;
    match &mut node_.content {
        Content::Scalar(scalar) => leaf(file, scalar, place, at, environment, problems),
        Content::Sequence(items) => {
            for (position, item) in items.iter_mut().enumerate() {
                node(file, item, &pointer::join(at, &position.to_string()), environment, problems);
            }
        }
        Content::Mapping(mapping) => {
            for (key, value) in mapping.values_mut() {
                node(file, value, &pointer::join(at, key), environment, problems);
            }
        }
    }
}

fn leaf(
    file: &Path,
    scalar: &mut Scalar,
    place: Place,
    at: &str,
    environment: Environment<'_>,
    problems: &mut Vec<Problem>,
) {
    if !scalar.text.contains('$') {
        return;
    }
    match replace(&scalar.text, environment) {
        Ok(text) => scalar.written = Some(std::mem::replace(&mut scalar.text, text)),
        Err(mistakes) => {
            for (says, help) in mistakes {
                problems.push(Problem::at(file, Some(place), pointer::key_path(at), says).help(help));
            }
        }
    }
}

/// The text with every reference replaced, or every mistake in it with its help.
fn replace(text: &str, environment: Environment<'_>) -> Result<String, Vec<(String, &'static str)>> {
    let mut replaced = String::with_capacity(text.len());
    let mut mistakes = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        replaced.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            replaced.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let Some((reference, behind)) = after.split_once('}') else {
                mistakes.push(("`${` is not closed".to_owned(), "write ${NAME}, or $${ for the text itself"));
                break;
            };
            match resolve(reference, environment) {
                Ok(value) => replaced.push_str(&value),
                Err(mistake) => mistakes.push(mistake),
            }
            rest = behind;
        } else {
            replaced.push('$');
        }
    }
    replaced.push_str(rest);
    if mistakes.is_empty() { Ok(replaced) } else { Err(mistakes) }
}

fn resolve(reference: &str, environment: Environment<'_>) -> Result<String, (String, &'static str)> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if !is_name {
        return Err((
            format!("`${{{reference}}}` does not name an environment variable"),
            "a name has letters, digits and underscores; ${NAME:-text} gives a default; $$ is one dollar",
        ));
    }
    match (environment(name), default) {
        (Variable::Text(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Variable::Text(value), _) => Ok(value),
        (Variable::NotText, _) => Err((
            format!("the environment variable {name} is not UTF-8"),
            "what goes into this file has to be text: set the variable to text",
        )),
        (Variable::Unset, Some(default)) => Ok(default.to_owned()),
        (Variable::Unset, None) => {
            Err((format!("the environment variable {name} is not set"), "set it, or give a default with ${NAME:-text}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<String, Vec<(String, &'static str)>> {
        replace(text, &|name| match name {
            "HOME" => Variable::Text("/home/audit".to_owned()),
            "EMPTY" => Variable::Text(String::new()),
            "TRICK" => Variable::Text("${HOME}".to_owned()),
            "BYTES" => Variable::NotText,
            _ => Variable::Unset,
        })
    }

    #[test]
    fn references_defaults_and_dollars_are_replaced_once() {
        for (text, expected) in [
            ("${HOME}/x", "/home/audit/x"),
            ("a${HOME}b${HOME}", "a/home/auditb/home/audit"),
            ("${NONE:-d}", "d"),
            ("${NONE:-}", ""),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY}", ""),
            ("${HOME:-d}", "/home/audit"),
            ("$$", "$"),
            ("$${HOME}", "${HOME}"),
            ("pa$word", "pa$word"),
            ("end$", "end$"),
            ("${TRICK}", "${HOME}"),
        ] {
            assert_eq!(with(text).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_that_is_no_text_is_told_from_one_that_is_not_set() {
        let says = |text: &str| with(text).expect_err(text).remove(0).0;
        assert_eq!(says("${BYTES}"), "the environment variable BYTES is not UTF-8");
        assert_eq!(says("${BYTES:-default}"), "the environment variable BYTES is not UTF-8", "it is set");
        assert_eq!(says("${NONE}"), "the environment variable NONE is not set");
    }

    #[test]
    fn every_mistake_of_a_leaf_is_told() {
        for (text, count) in
            [("${NONE}", 1), ("${NONE}${OTHER}", 2), ("${", 1), ("${}", 1), ("${1A}", 1), ("${A B}", 1)]
        {
            assert_eq!(with(text).expect_err(text).len(), count, "{text}");
        }
    }
}
