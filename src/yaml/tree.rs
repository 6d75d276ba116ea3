//! The tree of a document: what stands where.

use std::collections::HashMap;

use serde_json::Value;

use crate::problem::Place;

use super::scalar;

/// One node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// A scalar's own text; for a mapping or sequence its first character.
    pub(super) place: Place,
    pub(super) content: Content,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// A leaf.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Written without quotes, so that its type follows from its form.
    pub(super) plain: bool,
    /// The text of the file, where the environment was put into it. It is what messages show.
    pub(super) written: Option<String>,
}

impl Scalar {
    /// Whether nothing is written where a value could stand.
    pub(super) fn is_absent(&self) -> bool {
        self.plain && self.text.is_empty() && self.written.is_none()
    }
}

/// A mapping in the order of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

/// One key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) value: Node,
}

impl Mapping {
    /// Adds an entry; an earlier one of the same key stays and is returned.
    pub(super) fn add(&mut self, entry: Entry) -> Option<&Entry> {
        if let Some(earlier) = self.index.get(&entry.key) {
            return self.entries.get(*earlier);
        }
        self.index.insert(entry.key.clone(), self.entries.len());
        self.entries.push(entry);
        None
    }

    pub(super) fn find(&self, key: &str) -> Option<&Entry> {
        self.index.get(key).and_then(|position| self.entries.get(*position))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Node> {
        self.entries.iter().map(|entry| &entry.value)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.entries.iter_mut().map(|entry| (entry.key.as_str(), &mut entry.value))
    }
}

impl Node {
    /// The node as JSON. What came from the environment is text.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(scalar) if scalar.plain && scalar.written.is_none() => scalar::typed(&scalar.text),
            Content::Scalar(scalar) => Value::String(scalar.text.clone()),
            Content::Sequence(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Mapping(mapping) => {
                Value::Object(mapping.entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect())
            }
        }
    }
}
