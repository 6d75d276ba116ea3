//! The rules of several policies together.

use std::collections::BTreeMap;

use scan_contract::Instant;

use super::capability::{Capabilities, Capability};
use super::parse::Policy;
use super::template::{Subject, fill};

/// A pattern after its templates are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// Exactly this path.
    Exact(String),
    /// Everything that begins so.
    Prefix(String),
    /// With `+` segments; `open` if it ends in `*`.
    Segments { parts: Vec<String>, open: bool },
}

/// What several policies say of one pattern.
#[derive(Debug, Clone)]
struct Entry {
    pattern: Pattern,
    capabilities: Capabilities,
    policies: Vec<String>,
}

/// The rules that hold for one holder of several policies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acl {
    root: bool,
    entries: BTreeMap<String, Entry>,
}

/// The rule that decides a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision<'a> {
    /// What it allows.
    pub(crate) capabilities: Capabilities,
    /// The pattern, with templates filled in.
    pub(crate) pattern: &'a str,
    /// Policies that contributed.
    pub(crate) policies: &'a [String],
}

impl Acl {
    /// Rules of nobody yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds the built-in policy that allows everything.
    pub(crate) fn add_root(&mut self) {
        self.root = true;
    }

    /// Whether everything is allowed.
    pub(crate) fn is_root(&self) -> bool {
        self.root
    }

    /// Adds a policy as it holds for `subject` at `now`.
    pub(crate) fn add(&mut self, name: &str, policy: &Policy, subject: &Subject, now: Instant) {
        for rule in &policy.rules {
            if rule.expires.is_some_and(|end| end <= now) {
                continue;
            }
            let Some(path) = fill(&rule.pattern, subject) else { continue };
            let Some(pattern) = Pattern::of(&path) else { continue };
            if let Some(known) = self.entries.get_mut(&path) {
                known.capabilities = known.capabilities.and(rule.capabilities);
                if !known.policies.iter().any(|known| known == name) {
                    known.policies.push(name.to_owned());
                }
            } else {
                let policies = vec![name.to_owned()];
                self.entries.insert(path, Entry { pattern, capabilities: rule.capabilities, policies });
            }
        }
    }

    /// Every pattern with what it allows, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Decision<'_>> {
        self.entries.iter().map(|(pattern, entry)| decision(pattern, entry))
    }

    /// The rule that decides `path` (without leading slash). `None`: no rule speaks of it, which denies.
    pub(crate) fn decide(&self, path: &str) -> Option<Decision<'_>> {
        if let Some((pattern, entry)) =
            self.entries.get_key_value(path).filter(|(_, entry)| matches!(entry.pattern, Pattern::Exact(_)))
        {
            return Some(decision(pattern, entry));
        }
        let segments: Vec<&str> = path.split('/').collect();
        self.entries
            .iter()
            .filter(|(_, entry)| !matches!(entry.pattern, Pattern::Exact(_)) && entry.pattern.matches(path, &segments))
            .max_by(|(left_text, left), (right_text, right)| {
                left.pattern.rank().cmp(&right.pattern.rank()).then_with(|| left_text.cmp(right_text))
            })
            .map(|(pattern, entry)| decision(pattern, entry))
    }

    /// Whether `path` may be read.
    pub(crate) fn may_read(&self, path: &str) -> bool {
        self.root || self.decide(path).is_some_and(|found| found.capabilities.has(Capability::Read))
    }

    /// Whether something at or below `folder` (with its closing slash) may be readable. May say yes too often, never no
    /// wrongly: it prunes a walk.
    pub(crate) fn may_read_below(&self, folder: &str) -> bool {
        self.root
            || self
                .entries
                .values()
                .any(|entry| entry.capabilities.has(Capability::Read) && entry.pattern.reaches_below(folder))
    }
}

fn decision<'a>(pattern: &'a str, entry: &'a Entry) -> Decision<'a> {
    Decision { capabilities: entry.capabilities, pattern, policies: &entry.policies }
}

impl Pattern {
    /// `None` for what the server refuses (`+*`).
    fn of(path: &str) -> Option<Self> {
        if path.contains("+*") {
            return None;
        }
        if path == "+" || path.starts_with("+/") || path.contains("/+") {
            let open = path.ends_with('*');
            let bare = path.strip_suffix('*').unwrap_or(path);
            return Some(Self::Segments { parts: bare.split('/').map(str::to_owned).collect(), open });
        }
        Some(match path.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(path.to_owned()),
        })
    }

    fn matches(&self, path: &str, segments: &[&str]) -> bool {
        match self {
            Self::Exact(exact) => exact == path,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Self::Segments { parts, open } => {
                if segments.len() < parts.len() || (!open && segments.len() != parts.len()) {
                    return false;
                }
                let last = parts.len() - 1;
                parts.iter().zip(segments).enumerate().all(|(at, (part, segment))| {
                    part == "+" || part == segment || (*open && at == last && segment.starts_with(part.as_str()))
                })
            }
        }
    }

    /// How specific it is, as the server orders patterns: where the first wildcard stands, exact before open, fewer `+`,
    /// longer.
    fn rank(&self) -> (usize, bool, std::cmp::Reverse<usize>, usize) {
        match self {
            Self::Exact(path) => (usize::MAX, true, std::cmp::Reverse(0), path.len()),
            Self::Prefix(prefix) => (prefix.len(), false, std::cmp::Reverse(0), prefix.len()),
            Self::Segments { parts, open } => {
                let wildcards = parts.iter().filter(|part| *part == "+").count();
                let text = parts.join("/");
                // As the server: the first plus sign anywhere, even inside a name.
                let first = text.find('+').unwrap_or(text.len());
                (first, !open, std::cmp::Reverse(wildcards), text.len())
            }
        }
    }

    fn reaches_below(&self, folder: &str) -> bool {
        match self {
            Self::Exact(path) => path.starts_with(folder),
            Self::Prefix(prefix) => prefix.starts_with(folder) || folder.starts_with(prefix.as_str()),
            Self::Segments { parts, open } => {
                let segments: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
                let shared = parts.len().min(segments.len());
                let last = parts.len() - 1;
                let agree = parts.iter().zip(&segments).take(shared).enumerate().all(|(at, (part, segment))| {
                    part == "+" || part == segment || (*open && at == last && segment.starts_with(part.as_str()))
                });
                agree && (parts.len() > segments.len() || *open)
            }
        }
    }
}
