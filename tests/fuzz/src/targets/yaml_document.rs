//! YAML as people write it, before any schema: the budgets (SUP-7).

use std::path::Path;

use holdover::yaml::{Document, MAX_DEPTH};
use serde_json::Value;

use crate::help::problems;

pub(super) const HOLDS: &str = "a document that is read is at most as deep as the budget, has no more values than the text has \
    characters (no alias multiplies anything) and no key twice; every mistake lies in the text";

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (document, found) = Document::read_all(Path::new("f.yaml"), &text);
    problems::check(&text, &found);
    assert!(document.is_some() || !found.is_empty(), "neither a document nor a mistake");
    if found.is_empty() {
        let json = document.and_then(|document| document.json("")).expect("a document has a root");
        let (deep, values) = measure(&json);
        assert!(deep <= MAX_DEPTH + 1, "{deep} levels");
        assert!(values <= text.chars().count() + 1, "{values} values of {} characters", text.chars().count());
    }
}

/// Depth and number of values, without recursion.
fn measure(root: &Value) -> (usize, usize) {
    let (mut deepest, mut values) = (0, 0);
    let mut todo = vec![(root, 1)];
    while let Some((value, depth)) = todo.pop() {
        deepest = deepest.max(depth);
        values += 1;
        match value {
            Value::Array(items) => todo.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => todo.extend(fields.values().map(|field| (field, depth + 1))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    (deepest, values)
}
