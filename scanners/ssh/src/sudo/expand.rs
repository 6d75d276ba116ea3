//! Lists of sudoers with their aliases put in, and a bound on the work that a hostile file can make.

use std::collections::{BTreeMap, BTreeSet};
use std::slice::Iter;

use scan_contract::Cause;

use super::parse::{Command, Member, Reach};

/// Comparisons for one host. Five thousand accounts against a thousand rules of ten words each need half as many.
const STEPS: usize = 100_000_000;

/// Rights kept for one host: an account, a command and where it is given.
const KEPT: usize = 1_000_000;

/// A member of a list that can be an alias.
pub(super) trait Entry {
    /// The word that may name an alias.
    fn word(&self) -> &str;
    /// `!` before it.
    fn negated(&self) -> bool;
    /// Whether it stands for every use of what it names.
    fn reach(&self) -> Reach;
}

impl Entry for Member {
    fn word(&self) -> &str {
        &self.word
    }

    fn negated(&self) -> bool {
        self.negated
    }

    fn reach(&self) -> Reach {
        Reach::Whole
    }
}

impl Entry for Command {
    fn word(&self) -> &str {
        &self.program
    }

    fn negated(&self) -> bool {
        self.negated
    }

    fn reach(&self) -> Reach {
        self.reach
    }
}

/// A word that is no alias.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf<'a> {
    /// The word.
    pub(super) word: &'a str,
    /// Whether an odd number of `!` stands before it, those before its aliases counted.
    pub(super) negated: bool,
    /// The least reach on the way to it.
    pub(super) reach: Reach,
}

/// What is left to spend on one host, and what stood in the way.
#[derive(Debug)]
pub(super) struct Work {
    steps: usize,
    kept: usize,
    spent: bool,
    circles: BTreeSet<(&'static str, String)>,
}

impl Default for Work {
    fn default() -> Self {
        Self::of(STEPS, KEPT)
    }
}

impl Work {
    /// So many comparisons, and so many rights kept.
    pub(super) fn of(steps: usize, kept: usize) -> Self {
        Self { steps, kept, spent: false, circles: BTreeSet::new() }
    }

    /// Takes so many comparisons; false where they are not left.
    pub(super) fn step(&mut self, count: usize) -> bool {
        match self.steps.checked_sub(count) {
            Some(left) => self.steps = left,
            None => self.spent = true,
        }
        !self.spent
    }

    /// Takes room for one right; false where there is none left.
    pub(super) fn keep(&mut self) -> bool {
        match self.kept.checked_sub(1) {
            Some(left) => self.kept = left,
            None => self.spent = true,
        }
        !self.spent
    }

    /// Whether something was left out for want of work or room.
    pub(super) fn is_spent(&self) -> bool {
        self.spent
    }

    /// What could not be followed: a part and a cause.
    pub(super) fn problems(self) -> Vec<(String, Cause)> {
        let circles = self.circles.into_iter().map(|(kind, name)| {
            let what =
                format!("{kind} {name:.80} names itself; sudo passes over that, and what was meant is not known");
            (format!("{kind} {name:.80}"), Cause::Malformed { what })
        });
        let spent = self.spent.then(|| {
            let limit = String::from("comparisons and rights for one sudoers: not all of its rules were applied");
            (String::from("/etc/sudoers"), Cause::LimitHit { limit })
        });
        circles.chain(spent).collect()
    }
}

struct Frame<'a, T> {
    alias: Option<&'a str>,
    rest: Iter<'a, T>,
    negated: bool,
    reach: Reach,
}

/// The words a list stands for, in order.
///
/// The last one that fits decides (sudoers(5)), so an alias counts where it is named last, and is followed once for each
/// way it can be negated: aliases that name each other over and over cost no more than their length. An alias inside
/// itself is passed over, as sudo does, and noted.
pub(super) fn expand<'a, T: Entry>(
    list: &'a [T],
    aliases: &'a BTreeMap<String, Vec<T>>,
    kind: &'static str,
    work: &mut Work,
) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<(&str, bool, Reach)> = BTreeSet::new();
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut stack = vec![Frame { alias: None, rest: list.iter(), negated: false, reach: Reach::Whole }];
    while let Some(frame) = stack.last_mut() {
        let Some(entry) = frame.rest.next_back() else {
            if let Some(alias) = frame.alias {
                open.remove(alias);
            }
            stack.pop();
            continue;
        };
        if !work.step(1) {
            break;
        }
        let negated = frame.negated != entry.negated();
        let reach = frame.reach.min(entry.reach());
        match aliases.get_key_value(entry.word()).filter(|(name, _)| name.as_str() != "ALL") {
            None => found.push(Leaf { word: entry.word(), negated, reach }),
            Some((name, _)) if open.contains(name.as_str()) => drop(work.circles.insert((kind, name.clone()))),
            Some((name, members)) => {
                if seen.insert((name, negated, reach)) {
                    open.insert(name);
                    stack.push(Frame { alias: Some(name), rest: members.iter(), negated, reach });
                }
            }
        }
    }
    found.reverse();
    found
}
