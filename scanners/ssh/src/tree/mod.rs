//! One host's folder: what the collector says it looked for, held against what is there.
//!
//! Everything else in this crate gets bytes from [`HostTree::look`] alone. It must never turn a path that was not
//! looked for, was refused, or differs from its digest into "nothing there".

mod listing;
mod walk;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use scan_contract::{Cause, Documents, EntryKind, Instant};
use sha2::{Digest, Sha256};

pub(crate) use listing::{Listed, Listing};

use crate::settings::Limits;

/// Name of the collector's listing in each host's folder.
pub(crate) const LISTING: &str = "files.txt";

/// What a look at one path of the host gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Looked {
    /// Its bytes, and what makes them doubtful (digest differs, not listed). Bytes in doubt are used: seen is seen.
    Read(Vec<u8>, Option<Cause>),
    /// The collector looked and there is none.
    Absent,
    /// Nobody can say.
    Unknown(Cause),
}

/// What expanding a pattern or listing a folder gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expanded {
    /// Paths, sorted, with what makes the list doubtful.
    Paths(Vec<String>, Option<Cause>),
    /// Nobody can say.
    Unknown(Cause),
}

/// One host's folder.
pub(crate) struct HostTree<'a> {
    documents: &'a dyn Documents,
    host: String,
    listing: Option<Listing>,
    entries: BTreeMap<String, EntryKind>,
    limit: u64,
    left: Cell<u64>,
    used: RefCell<BTreeSet<String>>,
    /// What is wrong with the folder as a whole; concerns every scope of the host.
    pub(crate) problems: Vec<(Option<String>, Cause)>,
}

impl<'a> HostTree<'a> {
    /// Reads the listing and walks the folder.
    pub(crate) fn open(documents: &'a dyn Documents, host: &str, limits: &Limits) -> Self {
        let (entries, mut problems) = walk::entries(documents, host, limits);
        let listing = match entries.get(LISTING) {
            None => {
                problems.push((
                    None,
                    Cause::NotProven { what: format!("{host} has no {LISTING}: let the collector write it") },
                ));
                None
            }
            Some(_) => match documents.read_to_end(&path_of(host, LISTING), limits.file_bytes) {
                Ok(bytes) => {
                    let listing = Listing::parse(&bytes, host);
                    problems.extend(listing.problems.iter().map(|(part, cause)| (part.clone(), cause.clone())));
                    Some(listing)
                }
                Err(cause) => {
                    problems.push((Some(String::from(LISTING)), cause));
                    None
                }
            },
        };
        Self {
            documents,
            host: host.to_owned(),
            listing,
            entries,
            limit: limits.file_bytes,
            left: Cell::new(limits.host_bytes),
            used: RefCell::new(BTreeSet::new()),
            problems,
        }
    }

    /// When the collector says that it looked.
    pub(crate) fn taken_at(&self) -> Option<Instant> {
        self.listing.as_ref().and_then(|listing| listing.taken_at)
    }

    /// Whether the collector's listing is there at all.
    pub(crate) fn is_listed(&self) -> bool {
        self.listing.is_some()
    }

    /// Whether the listing or the tree says anything about a path: an optional file that nobody looked for is no gap.
    pub(crate) fn mentions(&self, path: &str) -> bool {
        let Some(path) = normal(path) else { return false };
        self.entries.contains_key(&path)
            || self.listing.as_ref().is_some_and(|listing| listing.find(&path) != Listed::Nothing)
    }

    /// Looks at one path of the host, absolute or relative to its root.
    pub(crate) fn look(&self, path: &str) -> Looked {
        let Some(path) = normal(path) else {
            return Looked::Unknown(Cause::Malformed { what: format!("{path:?} climbs out of the host's root") });
        };
        self.used.borrow_mut().insert(path.clone());
        let there = self.entries.contains_key(&path);
        let Some(listing) = &self.listing else {
            return if there { self.read(&path, None) } else { Looked::Absent };
        };
        match (listing.find(&path), there) {
            (Listed::Present(proof), true) => {
                let proof = proof.clone();
                self.read(&path, Some(&proof))
            }
            (Listed::Present(_), false) => {
                Looked::Unknown(Cause::NotInSource { what: format!("/{path}: listed as present, and not in the tree") })
            }
            (Listed::Absent, false) => Looked::Absent,
            (Listed::Absent, true) => {
                self.doubt(&path, Cause::Malformed { what: format!("/{path} is listed as absent, and is in the tree") })
            }
            (Listed::Denied, false) => {
                Looked::Unknown(Cause::Denied { permission: format!("read access to /{path} on {}", self.host) })
            }
            (Listed::Denied, true) => {
                self.doubt(&path, Cause::Malformed { what: format!("/{path} is listed as denied, and is in the tree") })
            }
            (Listed::Nothing, true) => self.doubt(
                &path,
                Cause::NotProven { what: format!("/{path} is in the tree, and {LISTING} does not name it") },
            ),
            (Listed::Nothing, false) => Looked::Unknown(Cause::NotInSource {
                what: format!("/{path}: the collector does not say whether it exists"),
            }),
        }
    }

    /// Reads a path whose listing is in doubt for `cause`.
    fn doubt(&self, path: &str, cause: Cause) -> Looked {
        match self.read(path, None) {
            Looked::Read(bytes, _) => Looked::Read(bytes, Some(cause)),
            other => other,
        }
    }

    fn read(&self, path: &str, proof: Option<&listing::Proof>) -> Looked {
        let bytes = match self.documents.read_to_end(&path_of(&self.host, path), self.limit) {
            Ok(bytes) => bytes,
            Err(cause) => return Looked::Unknown(self.link_cause(path, cause)),
        };
        let Some(left) = self.left.get().checked_sub(bytes.len() as u64) else {
            return Looked::Unknown(Cause::LimitHit { limit: format!("bytes read of {}", self.host) });
        };
        self.left.set(left);
        let doubt = proof.and_then(|proof| {
            let found = hex(&Sha256::digest(&bytes));
            if bytes.len() as u64 != proof.bytes {
                Some(Cause::DigestDiffers {
                    what: format!("/{path}: {} bytes announced, {} found", proof.bytes, bytes.len()),
                })
            } else if found != proof.sha256 {
                Some(Cause::DigestDiffers {
                    what: format!("/{path}: announced {}…, found {}…", &proof.sha256[..12], &found[..12]),
                })
            } else {
                None
            }
        });
        Looked::Read(bytes, doubt)
    }

    fn link_cause(&self, path: &str, cause: Cause) -> Cause {
        if self.entries.get(path) == Some(&EntryKind::Link) {
            return Cause::Malformed { what: format!("/{path} is a link that cannot be followed inside the tree") };
        }
        cause
    }

    /// The files directly in a folder of the host. Links and other entries count: opening them says what they are.
    pub(crate) fn list(&self, folder: &str) -> Expanded {
        self.expand_with(folder, &format!("{}/*", folder.trim_end_matches('/')), |_| true)
    }

    /// The paths a shell pattern matches, as `glob(3)` would on the host: `*` and `?` never match a `/`.
    pub(crate) fn expand(&self, pattern: &str) -> Expanded {
        let Some(clean) = normal(pattern) else {
            return Expanded::Unknown(Cause::Malformed { what: format!("{pattern:?} climbs out of the host's root") });
        };
        if !is_pattern(&clean) {
            return match self.look(&clean) {
                Looked::Absent => Expanded::Paths(Vec::new(), None),
                Looked::Read(..) => Expanded::Paths(vec![clean], None),
                Looked::Unknown(cause) if self.entries.contains_key(&clean) => {
                    Expanded::Paths(vec![clean], Some(cause))
                }
                Looked::Unknown(cause) => Expanded::Unknown(cause),
            };
        }
        let folder = fixed_folder(&clean);
        let matcher = clean.clone();
        self.expand_with(&folder, &clean, move |path| crate::pattern::glob(&matcher, path))
    }

    fn expand_with(&self, folder: &str, pattern: &str, wanted: impl Fn(&str) -> bool) -> Expanded {
        let (Some(folder), Some(pattern)) = (normal(folder), normal(pattern)) else {
            return Expanded::Unknown(Cause::Malformed { what: format!("{folder:?} climbs out of the host's root") });
        };
        let below = |path: &str| {
            let rest = if folder.is_empty() { Some(path) } else { path.strip_prefix(&format!("{folder}/")) };
            rest.is_some_and(|rest| is_pattern_deep(&pattern, &folder) || !rest.contains('/')) && wanted(path)
        };
        let mut paths: BTreeSet<String> = self
            .entries
            .iter()
            .filter(|(path, kind)| **kind != EntryKind::Directory && below(path))
            .map(|(path, _)| path.clone())
            .collect();
        let Some(listing) = &self.listing else {
            return Expanded::Paths(paths.into_iter().collect(), None);
        };
        paths.extend(listing.present().filter(|path| below(path)).map(str::to_owned));
        let seen = !paths.is_empty();
        // What was refused is there for whoever reads it: opening it says so, under its own name.
        paths.extend(listing.denied().filter(|path| below(path)).map(str::to_owned));
        let said = [pattern.as_str(), &format!("{folder}/*"), folder.as_str()].map(|path| listing.find(path));
        if said.iter().any(|listed| matches!(listed, Listed::Denied)) {
            let cause = Cause::Denied { permission: format!("list access to /{folder} on {}", self.host) };
            return if paths.is_empty() {
                Expanded::Unknown(cause)
            } else {
                Expanded::Paths(paths.into_iter().collect(), Some(cause))
            };
        }
        if let Some(path) = listing.denied().find(|path| leads_to(path, &pattern)) {
            let cause = Cause::Denied { permission: format!("list access to /{path} on {}", self.host) };
            return Expanded::Paths(paths.into_iter().collect(), Some(cause));
        }
        let looked = said.iter().any(|listed| matches!(listed, Listed::Absent | Listed::Present(_)))
            || (!is_pattern_deep(&pattern, &folder) && listing.looked_into(&folder));
        if !looked && !seen {
            let what = format!("/{pattern}: the collector does not say what is in /{folder}");
            let cause = Cause::NotInSource { what };
            return if paths.is_empty() {
                Expanded::Unknown(cause)
            } else {
                Expanded::Paths(paths.into_iter().collect(), Some(cause))
            };
        }
        Expanded::Paths(paths.into_iter().collect(), None)
    }

    /// Files of the tree that nobody looked at, and whether the listing names them.
    pub(crate) fn unused(&self) -> Vec<(String, bool)> {
        let used = self.used.borrow();
        self.entries
            .iter()
            .filter(|(path, kind)| **kind != EntryKind::Directory && !used.contains(*path) && path.as_str() != LISTING)
            .map(|(path, _)| {
                let listed =
                    self.listing.as_ref().is_none_or(|listing| matches!(listing.find(path), Listed::Present(_)));
                (path.clone(), listed)
            })
            .collect()
    }

    /// Files listed as present that were neither used nor are in the tree.
    pub(crate) fn lost(&self) -> Vec<String> {
        let used = self.used.borrow();
        self.listing
            .iter()
            .flat_map(Listing::present)
            .filter(|path| !used.contains(*path) && !self.entries.contains_key(*path))
            .map(str::to_owned)
            .collect()
    }
}

/// Path of `inside` below the host's folder.
fn path_of(host: &str, inside: &str) -> PathBuf {
    PathBuf::from(host).join(inside)
}

/// A path of the host without leading, doubled or trailing slashes and single dots. `None` if it has a `..`.
pub(crate) fn normal(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

/// Whether `glob(3)` would expand it.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The part of a pattern before its first special character, cut at a slash.
fn fixed_folder(pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split('/').take_while(|part| !is_pattern(part)).collect();
    parts.join("/")
}

/// Whether the pattern's special part reaches below `folder`'s direct children.
fn is_pattern_deep(pattern: &str, folder: &str) -> bool {
    let rest = pattern.strip_prefix(folder).unwrap_or(pattern).trim_start_matches('/');
    rest.contains('/')
}

/// Whether a folder lies on the way to something that the pattern can match.
fn leads_to(folder: &str, pattern: &str) -> bool {
    let depth = folder.split('/').count();
    let parts: Vec<&str> = pattern.split('/').collect();
    parts.len() > depth && crate::pattern::glob(&parts[..depth].join("/"), folder)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "a string takes every byte");
        text
    })
}
