//! Which requests a fault meets, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::random::Random;

use super::asked::Asked;

type Condition = Arc<dyn Fn(&Asked) -> bool + Send + Sync>;

/// Which of the matching requests a fault meets. Counting starts at 1.
#[derive(Debug, Clone)]
enum Turn {
    Every,
    Nth(u64),
    From(u64),
    EveryKth(u64),
    Share { percent: u64, random: Arc<std::sync::Mutex<Random>> },
}

/// What a request must look like for a fault to meet it. All conditions must hold; without any, every request matches.
#[derive(Clone)]
pub struct On {
    conditions: Vec<Condition>,
    turn: Turn,
    times: u64,
    shown: String,
}

impl std::fmt::Debug for On {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown)
    }
}

/// Whether decoded segments fit a pattern: `*` and `{name}` are one segment, `**` and `{name...}` are the rest.
pub fn path_fits(pattern: &str, segments: &[String]) -> bool {
    let mut rest = segments.iter();
    for wanted in pattern.trim_start_matches('/').split('/') {
        if wanted == "**" || (wanted.starts_with('{') && wanted.ends_with("...}")) {
            return rest.next().is_some();
        }
        let Some(segment) = rest.next() else { return false };
        let one = wanted == "*" || (wanted.starts_with('{') && wanted.ends_with('}'));
        if !one && wanted != segment {
            return false;
        }
    }
    rest.next().is_none()
}

impl On {
    /// Every request.
    pub fn any() -> Self {
        Self { conditions: Vec::new(), turn: Turn::Every, times: u64::MAX, shown: String::from("any request") }
    }

    /// Requests with this method and path; see [`path_fits`].
    pub fn route(method: &str, pattern: &str) -> Self {
        let (wanted, path) = (String::from(method), String::from(pattern));
        let mut on = Self::any().when(move |asked| asked.method == wanted && path_fits(&path, &asked.segments));
        on.shown = format!("{method} {pattern}");
        on
    }

    /// GET requests to this path.
    pub fn get(pattern: &str) -> Self {
        Self::route("GET", pattern)
    }

    /// POST requests to this path.
    pub fn post(pattern: &str) -> Self {
        Self::route("POST", pattern)
    }

    /// Requests that the test's list calls so ([`super::Build::operations`]).
    pub fn operation(name: &str) -> Self {
        let wanted = String::from(name);
        let mut on = Self::any().when(move |asked| asked.operation == wanted);
        on.shown = format!("operation {name}");
        on
    }

    /// Only those for which this holds.
    #[must_use]
    pub fn when(mut self, holds: impl Fn(&Asked) -> bool + Send + Sync + 'static) -> Self {
        self.conditions.push(Arc::new(holds));
        self
    }

    /// Only those with this query parameter.
    #[must_use]
    pub fn query(self, name: &str, value: &str) -> Self {
        let (name, value) = (String::from(name), String::from(value));
        self.note(&format!("?{name}={value}")).when(move |asked| asked.query(&name) == Some(value.as_str()))
    }

    /// Only those whose body holds this text, such as `Action=ListUsers`.
    #[must_use]
    pub fn body(self, text: &str) -> Self {
        let text = String::from(text);
        self.note(&format!("body has {text:?}")).when(move |asked| asked.text().contains(&text))
    }

    /// Only those whose header holds this text.
    #[must_use]
    pub fn header(self, name: &str, text: &str) -> Self {
        let (name, text) = (String::from(name), String::from(text));
        self.note(&format!("{name} has {text:?}"))
            .when(move |asked| asked.header(&name).is_some_and(|value| value.contains(&text)))
    }

    /// Only the `n`-th of those that match.
    #[must_use]
    pub fn nth(self, n: u64) -> Self {
        self.turn(Turn::Nth(n), &format!("number {n}"))
    }

    /// Only the `n`-th of those that match and all after it.
    #[must_use]
    pub fn from(self, n: u64) -> Self {
        self.turn(Turn::From(n), &format!("from number {n}"))
    }

    /// Only every `k`-th of those that match.
    #[must_use]
    pub fn every(self, k: u64) -> Self {
        self.turn(Turn::EveryKth(k.max(1)), &format!("every {k}th"))
    }

    /// Only this share of those that match, drawn from a seed.
    #[must_use]
    pub fn share(self, percent: u64, seed: u64) -> Self {
        let random = Arc::new(std::sync::Mutex::new(Random::new(seed)));
        self.turn(Turn::Share { percent, random }, &format!("{percent} % with seed {seed}"))
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self.note(&format!("at most {times} times"))
    }

    /// Once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    fn turn(mut self, turn: Turn, note: &str) -> Self {
        self.turn = turn;
        self.note(note)
    }

    fn note(mut self, note: &str) -> Self {
        self.shown = format!("{}, {note}", self.shown);
        self
    }

    /// Whether the conditions hold, whatever the turn.
    pub(super) fn matches(&self, asked: &Asked) -> bool {
        self.conditions.iter().all(|holds| holds(asked))
    }

    pub(super) fn takes(&self, count: u64, fired: u64) -> bool {
        let turn = match &self.turn {
            Turn::Every => true,
            Turn::Nth(n) => count == *n,
            Turn::From(n) => count >= *n,
            Turn::EveryKth(k) => count.is_multiple_of(*k),
            Turn::Share { percent, random } => {
                random.lock().unwrap_or_else(std::sync::PoisonError::into_inner).chance(*percent)
            }
        };
        turn && fired < self.times
    }
}

/// Counters of one planted fault, shared between test and server.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) matched: AtomicU64,
    pub(super) fired: AtomicU64,
    pub(super) optional: AtomicBool,
    pub(super) withdrawn: AtomicBool,
}

/// A fault that was planted. A test that ends although its fault never fired fails.
#[derive(Debug, Clone)]
pub struct Planted {
    pub(super) shown: String,
    pub(super) counters: Arc<Counters>,
}

impl Planted {
    /// How often it fired.
    pub fn fired(&self) -> u64 {
        self.counters.fired.load(Ordering::SeqCst)
    }

    /// How many requests matched its conditions, whether it was their turn or not.
    pub fn matched(&self) -> u64 {
        self.counters.matched.load(Ordering::SeqCst)
    }

    /// The test does not fail if this one never fires: for sweeps that plant more than one walk can meet.
    #[must_use]
    pub fn optional(self) -> Self {
        self.counters.optional.store(true, Ordering::SeqCst);
        self
    }

    /// From now on it does not fire.
    pub fn withdraw(&self) {
        self.counters.withdrawn.store(true, Ordering::SeqCst);
    }

    /// Fails the test unless it fired.
    ///
    /// # Panics
    /// If it did not: a fault test that met no fault proves nothing.
    pub fn expect_fired(&self) {
        assert!(self.fired() > 0, "never fired, though {} requests matched: {}", self.matched(), self.shown);
    }

    pub(super) fn unfired(&self) -> bool {
        self.fired() == 0 && !self.counters.optional.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<String> {
        path.split('/').skip(1).map(String::from).collect()
    }

    #[test]
    fn patterns_fit_segment_by_segment() {
        assert!(path_fits("/orgs/*/members", &segments("/orgs/acme/members")));
        assert!(path_fits("/orgs/{org}/members", &segments("/orgs/acme/members")));
        assert!(!path_fits("/orgs/*/members", &segments("/orgs/acme/members/ann")));
        assert!(!path_fits("/orgs/*/members", &segments("/orgs/acme")));
        assert!(path_fits("/v1/sys/**", &segments("/v1/sys/auth/tune")));
        assert!(path_fits("/v1/{path...}", &segments("/v1/a/b")));
        assert!(path_fits("/", &segments("/")));
    }

    #[test]
    fn turns_count_matches_and_stop_after_their_times() {
        let hits = |on: &On| {
            let mut fired = 0;
            (1..=9)
                .filter(|count| {
                    on.takes(*count, fired) && {
                        fired += 1;
                        true
                    }
                })
                .collect::<Vec<u64>>()
        };
        assert_eq!(hits(&On::any().nth(4)), [4]);
        assert_eq!(hits(&On::any().from(7)), [7, 8, 9]);
        assert_eq!(hits(&On::any().every(4)), [4, 8]);
        assert_eq!(hits(&On::any().times(2)), [1, 2]);
        assert_eq!(hits(&On::any().every(2).once()), [2]);
    }
}
