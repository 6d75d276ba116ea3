//! The list of hosts: which folders there are, and which there should be.

use std::collections::BTreeSet;
use std::path::Path;

use scan_contract::{Cause, Documents, EntryKind};
use sha2::{Digest, Sha256};

use crate::settings::Settings;
use crate::tree::hex;

/// What is known about the hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hosts {
    /// Hosts with a folder.
    pub(crate) there: BTreeSet<String>,
    /// Hosts that should be there; `None` where no list is configured or it could not be read.
    pub(crate) expected: Option<BTreeSet<String>>,
    /// What keeps the list of hosts from being whole: a part and a cause.
    pub(crate) problems: Vec<(Option<String>, Cause)>,
    /// What is worth saying.
    pub(crate) notices: Vec<String>,
}

impl Hosts {
    /// Every host that is there or should be.
    pub(crate) fn all(&self) -> BTreeSet<String> {
        self.there.iter().chain(self.expected.iter().flatten()).cloned().collect()
    }
}

/// Lists the tree and the expected hosts.
pub(crate) fn find(settings: &Settings, documents: &dyn Documents, tree: &dyn Documents) -> Hosts {
    let mut hosts = Hosts::default();
    match tree.list(Path::new("")) {
        Ok(entries) => {
            for entry in entries {
                if hosts.there.len() >= settings.limits.hosts {
                    hosts.problems.push((None, Cause::LimitHit { limit: format!("{} hosts", settings.limits.hosts) }));
                    break;
                }
                match entry.kind {
                    EntryKind::Directory if is_host_name(&entry.name) => drop(hosts.there.insert(entry.name)),
                    EntryKind::Directory => hosts.problems.push((
                        Some(entry.name.clone()),
                        Cause::Malformed { what: format!("{:?} is no name of a host", entry.name) },
                    )),
                    EntryKind::File => {
                        hosts.notices.push(format!("{:?} lies beside the hosts' folders and was not read", entry.name));
                    }
                    EntryKind::Link | EntryKind::Other => hosts.problems.push((
                        Some(entry.name.clone()),
                        Cause::Malformed {
                            what: format!("{:?} is no folder; links are not followed here", entry.name),
                        },
                    )),
                }
            }
        }
        Err(cause) => hosts.problems.push((None, cause)),
    }
    read_expected(settings, documents, &mut hosts);
    if let Some(expected) = &hosts.expected {
        for host in expected.difference(&hosts.there) {
            hosts.problems.push((
                Some(host.clone()),
                Cause::NotInSource { what: format!("{host} is expected and has no folder in the tree") },
            ));
        }
        for host in hosts.there.difference(expected) {
            hosts.notices.push(format!("{host} has a folder and is not on the list of expected hosts"));
        }
    }
    hosts
}

fn read_expected(settings: &Settings, documents: &dyn Documents, hosts: &mut Hosts) {
    let Some(configured) = &settings.expected_hosts else {
        let what = String::from("no expected_hosts: nothing says that no host is missing");
        return hosts.problems.push((None, Cause::NotProven { what }));
    };
    let name = configured.path.display().to_string();
    let bytes = match documents.read_to_end(&configured.path, settings.limits.file_bytes) {
        Ok(bytes) => bytes,
        Err(cause) => return hosts.problems.push((Some(name), cause)),
    };
    match &configured.sha256 {
        None => hosts.problems.push((
            Some(name.clone()),
            Cause::NotProven { what: format!("{name}: give its sha256, so that a shortened list shows") },
        )),
        Some(announced) => {
            let found = hex(&Sha256::digest(&bytes));
            if !announced.eq_ignore_ascii_case(&found) {
                let short = |text: &str| text.chars().take(12).collect::<String>();
                let what = format!("{name}: announced {}…, found {}…", short(announced), short(&found));
                hosts.problems.push((Some(name.clone()), Cause::DigestDiffers { what }));
            }
        }
    }
    let mut expected = BTreeSet::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{name}:{}", index + 1);
        let malformed = |why: &str| (Some(place.clone()), Cause::Malformed { what: format!("{place} {why}") });
        let line = if index == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let Ok(text) = std::str::from_utf8(line) else {
            hosts.problems.push(malformed("is not UTF-8"));
            continue;
        };
        let host = text.split('#').next().unwrap_or_default().trim();
        if host.is_empty() {
            continue;
        }
        if is_host_name(host) {
            expected.insert(host.to_owned());
        } else {
            hosts.problems.push(malformed("is no name of a host"));
        }
    }
    if expected.is_empty() {
        hosts.problems.push((Some(name.clone()), Cause::NotProven { what: format!("{name} names no host") }));
    }
    hosts.expected = Some(expected);
}

/// Whether a name can be a host's folder and part of a scope's name.
fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':'))
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
