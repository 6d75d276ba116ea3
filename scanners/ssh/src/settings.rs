//! What the configuration says about a tree of hosts, after every check.

use std::path::PathBuf;

use scan_contract::{Instant, SystemId};

/// A configured file of the operator, with an optional digest that proves it whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedHosts {
    /// Path relative to the configuration's folder.
    pub path: PathBuf,
    /// Expected SHA-256 in lower-case hex. Without it the list of hosts is never proven whole.
    pub sha256: Option<String>,
}

/// Bounds on what a hostile tree may make us read. Reaching one is a gap, never a shorter result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest file that is read, in bytes.
    pub file_bytes: u64,
    /// Most bytes that are read of one host: a file that many accounts share is read for each of them.
    pub host_bytes: u64,
    /// Most files in one host's folder.
    pub files: usize,
    /// Deepest folder below a host's folder.
    pub depth: usize,
    /// Most hosts in the tree.
    pub hosts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 16 * 1024 * 1024, host_bytes: 1024 * 1024 * 1024, files: 200_000, depth: 40, hosts: 100_000 }
    }
}

/// Settings of this scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Configured id of the system.
    pub system: SystemId,
    /// Root of the tree: one folder a host. Opened by the caller as [`scan_contract::DiskDocuments::tree`].
    pub tree: PathBuf,
    /// List of the hosts that must be there, one a line. Without it nothing proves that no host is missing.
    pub expected_hosts: Option<ExpectedHosts>,
    /// The instant the tree describes.
    pub as_of: Instant,
    /// Groups whose members are administrators, whatever sudo says.
    pub admin_groups: Vec<String>,
    /// Bounds.
    pub limits: Limits,
}

impl Settings {
    /// Groups that make an administrator on the usual distributions.
    pub const ADMIN_GROUPS: [&'static str; 4] = ["sudo", "wheel", "admin", "root"];

    /// Settings with every default.
    pub fn new(system: SystemId, tree: impl Into<PathBuf>, as_of: Instant) -> Self {
        Self {
            system,
            tree: tree.into(),
            expected_hosts: None,
            as_of,
            admin_groups: Self::ADMIN_GROUPS.map(String::from).to_vec(),
            limits: Limits::default(),
        }
    }
}
