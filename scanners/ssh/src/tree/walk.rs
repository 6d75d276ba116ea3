//! Every entry of a host's folder, within bounds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use scan_contract::{Cause, Documents, EntryKind};

use crate::settings::Limits;

/// A problem and the part of the folder it concerns.
type Problem = (Option<String>, Cause);

/// Entries by path relative to the host's folder; links are not followed. What cannot be listed is a problem.
pub(super) fn entries(
    documents: &dyn Documents,
    host: &str,
    limits: &Limits,
) -> (BTreeMap<String, EntryKind>, Vec<Problem>) {
    let mut entries = BTreeMap::new();
    let mut problems = Vec::new();
    let mut folders = vec![(String::new(), 0_usize)];
    while let Some((folder, depth)) = folders.pop() {
        let listed = match documents.list(&PathBuf::from(host).join(&folder)) {
            Ok(listed) => listed,
            Err(cause) => {
                problems.push((Some(format!("/{folder}")), cause));
                continue;
            }
        };
        for entry in listed {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            if entries.len() >= limits.files {
                problems.push((None, Cause::LimitHit { limit: format!("{} files in {host}", limits.files) }));
                return (entries, problems);
            }
            if entry.kind == EntryKind::Directory {
                if depth >= limits.depth {
                    problems.push((
                        Some(format!("/{path}")),
                        Cause::LimitHit { limit: format!("{} folders deep", limits.depth) },
                    ));
                } else {
                    folders.push((path.clone(), depth + 1));
                }
            }
            entries.insert(path, entry.kind);
        }
    }
    (entries, problems)
}
