//! What is counted while a file is read, in bounded memory: damaged places, words and keys we do not know.
//!
//! A file can hold a million damaged lines. The first of each scope are named one by one, the rest as a number.

use std::collections::BTreeMap;

use scan_contract::{Cause, Gap, ScopeName};

/// Damaged places that are named one by one, per scope.
const NAMED: usize = 20;

/// Different words or keys that are told apart.
const DISTINCT: usize = 200;

/// Longest piece of foreign text in a message, in characters.
const SHORT: usize = 80;

/// What stands for everything past [`DISTINCT`].
const OTHERS: &str = "…";

/// Foreign text, cut for a message.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Foreign text for a message that does not quote it: cut, and without characters that could act.
pub(crate) fn inert(text: &str) -> String {
    short(text).escape_debug().to_string()
}

/// Damaged places of one scope, or of a whole file.
#[derive(Debug, Clone, Default)]
struct Places {
    named: Vec<(u64, Cause)>,
    /// Places that are not named: how many, and the last one.
    more: u64,
    last: u64,
}

/// Damaged places by scope; `None` concerns every scope of the file.
#[derive(Debug, Clone)]
pub(crate) struct Damage<S> {
    places: BTreeMap<Option<S>, Places>,
}

impl<S: Ord + Clone> Damage<S> {
    pub(crate) fn new() -> Self {
        Self { places: BTreeMap::new() }
    }

    /// Notes the damage at a line; lines come in order.
    pub(crate) fn note(&mut self, scope: Option<S>, line: u64, cause: impl FnOnce() -> Cause) {
        let places = self.places.entry(scope).or_default();
        if places.named.len() < NAMED {
            places.named.push((line, cause()));
        } else {
            places.more += 1;
            places.last = line;
        }
    }

    /// Adds what was noted in a later part, whose line numbers begin after `base`.
    pub(crate) fn append(&mut self, later: Self, base: u64) {
        for (scope, places) in later.places {
            for (line, cause) in places.named {
                self.note(scope.clone(), base + line, || cause);
            }
            if places.more > 0 {
                let here = self.places.entry(scope).or_default();
                here.more += places.more;
                here.last = base + places.last;
            }
        }
    }

    /// As gaps: whole-file damage first, then by scope, each in the order of lines.
    pub(crate) fn gaps(self, path: &str, name: impl Fn(S) -> ScopeName) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (scope, places) in self.places {
            let scope = scope.map(&name);
            for (line, cause) in places.named {
                gaps.push(Gap { scope: scope.clone(), part: Some(format!("{path} line {line}")), cause });
            }
            if places.more > 0 {
                let what = format!("{} more lines cannot be used, the last is line {}", places.more, places.last);
                gaps.push(Gap { scope, part: Some(format!("{path}, more lines")), cause: Cause::Malformed { what } });
            }
        }
        gaps
    }
}

/// Words outside a vocabulary, by scope, field and word.
#[derive(Debug, Clone)]
pub(crate) struct Words<S> {
    words: BTreeMap<(S, &'static str, String), (u64, u64)>,
}

impl<S: Ord + Clone> Words<S> {
    pub(crate) fn new() -> Self {
        Self { words: BTreeMap::new() }
    }

    pub(crate) fn note(&mut self, scope: S, field: &'static str, word: &str, line: u64) {
        self.add((scope, field, short(word)), 1, line);
    }

    fn add(&mut self, mut key: (S, &'static str, String), rows: u64, line: u64) {
        if self.words.len() >= DISTINCT && !self.words.contains_key(&key) {
            key.2 = String::from(OTHERS);
        }
        let (count, _) = self.words.entry(key).or_insert((0, line));
        *count += rows;
    }

    /// Adds what was noted in a later part, whose line numbers begin after `base`.
    pub(crate) fn append(&mut self, later: Self, base: u64) {
        for (key, (rows, line)) in later.words {
            self.add(key, rows, base + line);
        }
    }

    pub(crate) fn gaps(self, name: impl Fn(S) -> ScopeName) -> Vec<Gap> {
        self.words
            .into_iter()
            .map(|((scope, field, word), (rows, line))| {
                let cause = Cause::UnknownWord { field: field.to_owned(), word, rows, first: format!("line {line}") };
                Gap::part(&name(scope), field, cause)
            })
            .collect()
    }
}

/// Keys that nothing reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    keys: BTreeMap<String, u64>,
}

impl Keys {
    pub(crate) fn note(&mut self, place: &str, key: &str, times: u64) {
        self.add(format!("{place}{}", inert(key)), times);
    }

    fn add(&mut self, key: String, times: u64) {
        let key = if self.keys.len() >= DISTINCT && !self.keys.contains_key(&key) { String::from(OTHERS) } else { key };
        *self.keys.entry(key).or_insert(0) += times;
    }

    pub(crate) fn append(&mut self, later: Self) {
        for (key, times) in later.keys {
            self.add(key, times);
        }
    }

    /// One sentence, or nothing if every key was known.
    pub(crate) fn notice(&self, path: &str) -> Option<String> {
        if self.keys.is_empty() {
            return None;
        }
        let list: Vec<String> = self.keys.iter().map(|(key, times)| format!("{key} ({times})")).collect();
        Some(format!("{path}: keys that are not part of the format were ignored: {}", list.join(", ")))
    }
}
