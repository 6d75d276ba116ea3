//! What came from the environment is taken out of messages again: it may be a secret.

use crate::problem::Problem;

use super::tree::{Content, Node};
use super::{Document, pointer};

/// Shorter values are not looked for in every message of a file: they would be found in ordinary words.
const SHORTEST: usize = 6;

impl Document {
    /// The text of a scalar as the file has it, where a variable was put into it.
    pub fn reference(&self, pointer: &str) -> Option<&str> {
        match &pointer::find(&self.root, pointer)?.0.content {
            Content::Scalar(scalar) => scalar.written.as_deref(),
            Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// A text about the value at a JSON pointer, which somebody wrote who knew the values and not the file: each value
    /// in or below it that a variable was put into is shown as the file has it.
    pub fn concealed(&self, pointer: &str, text: &str) -> String {
        let mut pairs = Vec::new();
        if let Some((node, _)) = pointer::find(&self.root, pointer) {
            below(node, &mut pairs);
        }
        replace(text.to_owned(), pairs)
    }

    /// Takes the values of all variables out of a problem, as far as they are long enough to be told from words.
    pub fn conceal(&self, problem: &mut Problem) {
        let pairs = || {
            let long = self.inserted.iter().filter(|(value, _)| value.len() >= SHORTEST);
            long.map(|(value, reference)| (value.as_str(), reference.as_str())).collect::<Vec<_>>()
        };
        problem.says = replace(std::mem::take(&mut problem.says), pairs());
        problem.help = problem.help.take().map(|help| replace(help, pairs()));
    }
}

fn below<'a>(node: &'a Node, pairs: &mut Vec<(&'a str, &'a str)>) {
    match &node.content {
        Content::Scalar(scalar) => pairs.extend(scalar.written.as_deref().map(|written| (&*scalar.text, written))),
        Content::Sequence(items) => items.iter().for_each(|item| below(item, pairs)),
        Content::Mapping(mapping) => mapping.values().for_each(|value| below(value, pairs)),
    }
}

/// Replaces each value by its reference, the longest first; also in the form that quoted texts have.
fn replace(mut text: String, mut pairs: Vec<(&str, &str)>) -> String {
    pairs.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    for (value, reference) in pairs.into_iter().filter(|(value, _)| !value.is_empty()) {
        let quoted = format!("{value:?}");
        let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        for form in [value, inside] {
            if text.contains(form) {
                text = text.replace(form, reference);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn document() -> Document {
        let text = "a: { b: \"${LONG}/x\", c: \"${SHORT}\" }\nd: ${LONG}\n";
        let mut document = Document::read(Path::new("f.yaml"), text).expect("a document");
        let problems = document
            .interpolate(&|name| Some(if name == "LONG" { "s3cr3t\"word".to_owned() } else { "ab".to_owned() }));
        assert_eq!(problems, []);
        document
    }

    #[test]
    fn values_are_shown_as_the_file_has_them_also_where_they_are_quoted() {
        let document = document();
        assert_eq!(document.reference("/a/b"), Some("${LONG}/x"));
        assert_eq!(document.reference("/a"), None);
        let says = format!("{:?} and {} and ab", "s3cr3t\"word/x", "s3cr3t\"word/x");
        assert_eq!(document.concealed("/a", &says), "\"${LONG}/x\" and ${LONG}/x and ${SHORT}");
        assert_eq!(document.concealed("/a/c", "ab s3cr3t\"word"), "${SHORT} s3cr3t\"word", "what stands elsewhere");
    }

    #[test]
    fn long_values_are_taken_out_of_every_problem_and_short_ones_are_left_alone() {
        let mut problem = document().problem("/d", "s3cr3t\"word is about").help("not s3cr3t\"word");
        document().conceal(&mut problem);
        assert_eq!((problem.says.as_str(), problem.help.as_deref()), ("${LONG} is about", Some("not ${LONG}")));
    }
}
