//! Mistakes in a list itself, for the tests of each scanner.

use std::collections::BTreeMap;

use super::path::{overlap, parts};
use super::{Action, AllowList, Keep, Operation, Purpose};

impl AllowList {
    /// What is wrong with the list: names used twice, patterns that are none, requests that an earlier row hides,
    /// writing methods among the reads, answers of a sign-in that would be recorded. Empty: nothing.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, operation) in self.operations.iter().enumerate() {
            if let Some(before) = names.insert(operation.name, at) {
                wrong.push(format!("{}: the name stands in rows {before} and {at}", operation.name));
            }
            wrong.extend(check_row(operation).into_iter().map(|says| format!("{}: {says}", operation.name)));
            wrong.extend(self.operations.iter().take(at).filter(|before| hides(before, operation)).map(|before| {
                format!("{}: {} stands before it and takes some of its requests", operation.name, before.name)
            }));
        }
        wrong
    }
}

fn check_row(operation: &Operation) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    if operation.name.is_empty() {
        wrong.push("no name");
    }
    if parts(operation.path).is_none() {
        wrong.push("the path is no pattern");
    }
    let reads = matches!(operation.method, "GET" | "HEAD" | "LIST" | "POST");
    match operation.purpose {
        Purpose::Read if !reads => wrong.push("the method of a read is GET, HEAD, LIST or POST"),
        Purpose::SignIn | Purpose::SignOut | Purpose::Write if operation.keep != Keep::Nothing => {
            wrong.push("nothing of a sign-in, a sign-out or a write is kept");
        }
        Purpose::Write if reads && operation.method != "POST" => wrong.push("this method writes nothing"),
        Purpose::Read | Purpose::SignIn | Purpose::SignOut | Purpose::Write => {}
    }
    let posts = matches!(operation.action, Action::Form(_) | Action::Target(_) | Action::GraphQlQuery);
    if posts && operation.method != "POST" {
        wrong.push("forms, targets and GraphQL documents are posted");
    }
    if operation.rights.iter().any(|right| right.is_empty()) {
        wrong.push("a right without a name");
    }
    wrong
}

/// Whether `before` takes requests that are meant for `after`.
fn hides(before: &Operation, after: &Operation) -> bool {
    before.method == after.method && overlap(before.path, after.path) && actions_meet(before.action, after.action)
        // A narrower row before a wider one is an order that was chosen.
        && !narrower(before, after)
}

fn actions_meet(before: Action, after: Action) -> bool {
    match (before, after) {
        (Action::Plain, _) | (_, Action::Plain) | (Action::GraphQlQuery, Action::GraphQlQuery) => true,
        (Action::Form(one), Action::Form(other)) | (Action::Target(one), Action::Target(other)) => one == other,
        (Action::Query(one, first), Action::Query(other, second)) => one != other || first == second,
        _ => false,
    }
}

fn narrower(before: &Operation, after: &Operation) -> bool {
    let action = before.action != Action::Plain && after.action == Action::Plain;
    let literals = |operation: &Operation| operation.path.split('/').filter(|part| !part.starts_with('{')).count();
    action || (before.path != after.path && literals(before) > literals(after))
}
