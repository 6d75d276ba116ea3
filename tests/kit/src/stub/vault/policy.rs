//! Which token may ask what. Written apart from the scanner's own reading of policies, so that neither can hide a mistake
//! of the other: patterns are looked at one by one, and the one with the longest plain beginning decides.

use super::{Operation, Question, State, StubToken};

/// Paths that need `sudo` beside the capability.
const PROTECTED: [&str; 3] = ["auth/token/accessors", "sys/audit", "sys/leases/lookup/"];

pub(super) fn allows(state: &State, token: &StubToken, question: &Question) -> bool {
    if token.policies.iter().any(|policy| policy == "root") {
        return true;
    }
    let listing = question.operation == Operation::List;
    let path = if listing { format!("{}/", question.path) } else { question.path.clone() };
    let within = if question.namespace.is_empty() { path } else { format!("{}/{path}", question.namespace) };
    let held = held(state, token, &within, listing);
    let needed = match question.operation {
        Operation::Read => "read",
        Operation::List => "list",
        Operation::Update => "update",
    };
    let plain = format!("{}{}", question.path, if listing { "/" } else { "" });
    let protected = PROTECTED.iter().any(|path| plain.starts_with(path) || plain.trim_end_matches('/') == *path);
    held.iter().any(|word| word == needed) && (!protected || held.iter().any(|word| word == "sudo"))
}

/// Capabilities of a token on a path of the root namespace's policies.
pub(super) fn held(state: &State, token: &StubToken, path: &str, listing: bool) -> Vec<String> {
    if token.policies.iter().any(|policy| policy == "root") {
        return vec![String::from("root")];
    }
    let mut rules: Vec<(String, Vec<String>)> = Vec::new();
    for policy in token.policies.iter().map(String::as_str).chain(["default"]) {
        let key = (token.namespace.clone(), format!("sys/policies/acl/{policy}"));
        let text = state.objects.get(&key).and_then(|value| value["policy"].as_str()).unwrap_or_default();
        rules.extend(parse(text));
    }
    let tries: Vec<&str> = if listing { vec![path, path.trim_end_matches('/')] } else { vec![path] };
    for path in &tries {
        let exact: Vec<&(String, Vec<String>)> = rules.iter().filter(|(pattern, _)| pattern == path).collect();
        if !exact.is_empty() {
            return united(&exact);
        }
    }
    for path in &tries {
        let best = rules.iter().filter(|(pattern, _)| covers(pattern, path)).map(|(pattern, _)| rank(pattern)).max();
        if let Some(best) = best {
            let of_best: Vec<&(String, Vec<String>)> =
                rules.iter().filter(|(pattern, _)| covers(pattern, path) && rank(pattern) == best).collect();
            return united(&of_best);
        }
    }
    Vec::new()
}

fn united(rules: &[&(String, Vec<String>)]) -> Vec<String> {
    let mut all: Vec<String> = rules.iter().flat_map(|(_, words)| words.clone()).collect();
    if all.iter().any(|word| word == "deny") {
        return Vec::new();
    }
    all.sort();
    all.dedup();
    all
}

/// Where the first wildcard stands, whether the pattern is closed, its length.
fn rank(pattern: &str) -> (usize, bool, usize) {
    let first = pattern.find(['+', '*']).unwrap_or(pattern.len());
    (first, !pattern.ends_with('*'), pattern.len())
}

fn covers(pattern: &str, path: &str) -> bool {
    let Some(open) = pattern.strip_suffix('*') else {
        return pattern.split('/').count() == path.split('/').count()
            && pattern.split('/').zip(path.split('/')).all(|(part, segment)| part == "+" || part == segment);
    };
    let parts: Vec<&str> = open.split('/').collect();
    let segments: Vec<&str> = path.split('/').collect();
    segments.len() >= parts.len()
        && parts.iter().enumerate().all(|(at, part)| {
            let last = at + 1 == parts.len();
            *part == "+" || (last && segments[at].starts_with(part)) || *part == segments[at]
        })
}

/// `path "x" { capabilities = ["a", "b"] }`, the one form that tests write. What is commented out is left out.
fn parse(text: &str) -> Vec<(String, Vec<String>)> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| {
            let (_, rest) = line.split_once("path \"")?;
            let (path, rest) = rest.split_once('"')?;
            let (_, list) = rest.split_once('[')?;
            let (list, _) = list.split_once(']')?;
            let words = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
            Some((path.to_owned(), words))
        })
        .collect()
}
