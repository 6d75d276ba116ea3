//! YAML as people write it: strict, with the place of every value.
//!
//! A document is parsed into a tree that knows where each node stands; duplicate keys, aliases, tags and documents
//! beyond the limits are problems. It is then checked against the JSON Schema of the type that is wanted, so that
//! every mistake is found at once, and the schema that is published is the one that is enforced.
//!
//! Values follow the core schema of YAML 1.2: `yes` and `on` are texts, dates stay texts. Environment variables are
//! put into text leaves after parsing, so that a value can never become structure. What came from the environment is
//! never repeated in a message.
//!
//! This room never reads a file or the environment itself; both are handed in.

mod conceal;
pub mod forms;
mod interpolate;
mod pointer;
mod read;
mod scalar;
mod schema;
#[cfg(test)]
mod tests;
mod tree;
mod words;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::problem::{Place, Problem};
use tree::Node;

pub use interpolate::Variable;
pub use pointer::{join, key_path};
pub use schema::{published, schema_of};

/// Adds to the mistakes found so far those of a later check, without what is a consequence of an earlier one: a second
/// mistake at the same place or key.
pub fn add_later(problems: &mut Vec<Problem>, later: Vec<Problem>) {
    let is_told = |problem: &Problem, told: &Problem| {
        (problem.place.is_some() && problem.place == told.place) || (!problem.key.is_empty() && problem.key == told.key)
    };
    let earlier = problems.len();
    for problem in later {
        if !problems.iter().take(earlier).any(|told| is_told(&problem, told)) {
            problems.push(problem);
        }
    }
}

/// Largest document that is read, in bytes.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Deepest nesting that is read.
pub const MAX_DEPTH: usize = 64;

/// What to say about an unknown key that no valid one is near to: `None` takes the ordinary help.
pub type UnknownKeyHelp<'a> = &'a dyn Fn(&str) -> Option<String>;

/// SHA-256 of a written file in lower-case hex: what a run record cites it by.
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}

/// A parsed document.
#[derive(Debug, Clone)]
pub struct Document {
    file: PathBuf,
    root: Node,
    /// Pointer of the root in the file, for a part of a document.
    base: String,
    /// Values that came from the environment, each with the reference it is shown as.
    inserted: Vec<(String, String)>,
}

impl Document {
    /// Parses `text`, which came from `file`.
    ///
    /// # Errors
    /// Every duplicate key, anchor, alias and tag; else the first place where the text is no YAML, or where a limit
    /// is passed; also a text without content or with several documents.
    pub fn read(file: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        match Self::read_all(file, text) {
            (Some(document), problems) if problems.is_empty() => Ok(document),
            (_, problems) => Err(problems),
        }
    }

    /// The same for whoever wants to go on after a mistake, to find the others: the document as far as it could be
    /// read, and the mistakes. Of a key that stands twice, the first one is in it. With any mistake the file is wrong.
    pub fn read_all(file: &Path, text: &str) -> (Option<Self>, Vec<Problem>) {
        let (root, problems) = read::tree(file, text);
        (root.map(|root| Self { file: file.to_path_buf(), root, base: String::new(), inserted: Vec::new() }), problems)
    }

    /// The file the document came from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The value at a JSON pointer as a document of its own: its pointers begin there, its places and keys stay those
    /// of the file. For lists whose entries are judged one by one.
    pub fn part(&self, pointer: &str) -> Option<Self> {
        let (node, _) = pointer::find(&self.root, pointer)?;
        Some(Self {
            file: self.file.clone(),
            root: node.clone(),
            base: format!("{}{pointer}", self.base),
            inserted: self.inserted.clone(),
        })
    }

    /// Number of entries of the list at a JSON pointer; `None` where no list stands.
    pub fn length(&self, pointer: &str) -> Option<usize> {
        match &pointer::find(&self.root, pointer)?.0.content {
            tree::Content::Sequence(items) => Some(items.len()),
            tree::Content::Scalar(_) | tree::Content::Mapping(_) => None,
        }
    }

    /// Keys of the mapping at a JSON pointer, in the order of the file; empty where no mapping stands.
    pub fn keys(&self, pointer: &str) -> impl Iterator<Item = &str> {
        let mapping = match pointer::find(&self.root, pointer).map(|(node, _)| &node.content) {
            Some(tree::Content::Mapping(mapping)) => Some(mapping),
            _ => None,
        };
        mapping.into_iter().flat_map(tree::Mapping::keys)
    }

    /// The value at a JSON pointer as JSON: plain scalars typed, everything else text.
    pub fn json(&self, pointer: &str) -> Option<serde_json::Value> {
        pointer::find(&self.root, pointer).map(|(node, _)| node.to_json())
    }

    /// Replaces `${NAME}` and `${NAME:-text}` in text leaves by what `environment` answers; `$$` is one `$`. Keys are
    /// left alone. The text after `:-` is taken where the variable is unset or empty.
    ///
    /// Returns a problem for each variable that is unset and has no such text, and for each `${` that is not closed
    /// or holds no name. What was put in stays text, unless the schema asks for a number or a truth value there.
    #[must_use = "an unset variable is a problem"]
    pub fn interpolate(&mut self, environment: &dyn Fn(&str) -> Option<String>) -> Vec<Problem> {
        self.interpolate_from(&|name| environment(name).into())
    }

    /// The same from an environment in which a variable may be no text, which is a problem of its own.
    #[must_use = "an unset variable is a problem"]
    pub fn interpolate_from(&mut self, environment: &dyn Fn(&str) -> Variable) -> Vec<Problem> {
        interpolate::document(&self.file, &mut self.root, environment, &mut self.inserted)
    }

    /// Checks the document against the schema of `T` and reads it as a `T`.
    ///
    /// # Errors
    /// Every mistake, each with its place.
    pub fn decode<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, Vec<Problem>> {
        self.decode_explaining(&|_| None)
    }

    /// The same, with a word of the caller's own about unknown keys.
    ///
    /// # Errors
    /// Every mistake, each with its place.
    pub fn decode_explaining<T: DeserializeOwned + JsonSchema>(
        &self,
        unknown: UnknownKeyHelp<'_>,
    ) -> Result<T, Vec<Problem>> {
        let value = schema::check(self, &schema_of::<T>(), unknown)?;
        serde_json::from_value(value)
            .map_err(|error| vec![Problem::file(&self.file, format!("cannot be read: {error}"))])
    }

    /// Where the value at a JSON pointer (`/systems/2/tier`) stands. A mapping or sequence is shown at its key, since
    /// its body may be pages long, and so is a value that is not there. `None` where the document has no such value.
    pub fn place(&self, pointer: &str) -> Option<Place> {
        let (node, entry) = pointer::find(&self.root, pointer)?;
        Some(match (&node.content, entry) {
            (tree::Content::Scalar(scalar), Some(entry)) if scalar.is_absent() => entry.key_place,
            (tree::Content::Scalar(_), _) | (_, None) => node.place,
            (_, Some(entry)) => entry.key_place,
        })
    }

    /// Where the key of the value at a JSON pointer stands; for an item of a sequence, the item itself.
    pub fn key_place(&self, pointer: &str) -> Option<Place> {
        let (node, entry) = pointer::find(&self.root, pointer)?;
        Some(entry.map_or(node.place, |entry| entry.key_place))
    }

    /// A problem at a JSON pointer. Where the document has no such value, the nearest value around it is shown.
    pub fn problem(&self, pointer: &str, says: impl Into<String>) -> Problem {
        Problem::at(&self.file, self.nearest_place(pointer), self.full_path(pointer), says)
    }

    /// A problem with the key at a JSON pointer rather than with its value.
    pub fn key_problem(&self, pointer: &str, says: impl Into<String>) -> Problem {
        let place = self.key_place(pointer).or_else(|| self.nearest_place(pointer));
        Problem::at(&self.file, place, self.full_path(pointer), says)
    }

    /// The text of a scalar as the file has it, before interpolation.
    pub fn written(&self, pointer: &str) -> Option<&str> {
        match &pointer::find(&self.root, pointer)?.0.content {
            tree::Content::Scalar(scalar) => Some(scalar.written.as_deref().unwrap_or(&scalar.text)),
            tree::Content::Sequence(_) | tree::Content::Mapping(_) => None,
        }
    }

    fn full_path(&self, pointer: &str) -> String {
        key_path(&format!("{}{pointer}", self.base))
    }

    fn nearest_place(&self, pointer: &str) -> Option<Place> {
        let mut rest = pointer;
        loop {
            if let Some(place) = self.place(rest) {
                return Some(place);
            }
            rest = &rest[..rest.rfind('/')?];
        }
    }
}
