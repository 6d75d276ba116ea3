//! SSH hosts as a tree of collected files: accounts, keys, authorities, principals, sudo and sessions.
//!
//! Each host is a folder, written by `collect.sh` or by anything that keeps the form described in `README.md`.
//! Nothing is run and nothing is asked of the hosts. The tree is hostile: whoever had root on a host wrote it.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | what the configuration says |
//! | `hosts` | which hosts there are, and which there should be |
//! | `tree` | a host's folder, held against its list of files |
//! | `keys` | public keys, options, `authorized_keys` |
//! | `sshd` | `sshd_config`, evaluated for one account |
//! | `sudo` | `sudoers` |
//! | `who` | `who.txt` |
//! | `host` | one host, scope by scope |
//!
//! It must never take a path that was not looked for as empty, and never call a key refused unless sshd refuses it
//! for every connection.

#[cfg(test)]
mod acceptance_tests;
#[cfg(test)]
mod collect_tests;
#[doc(hidden)]
pub mod fuzzing;
mod host;
mod hosts;
mod keys;
#[cfg(test)]
mod oracle_tests;
mod passwd;
mod pattern;
mod scanner;
mod scopes;
mod settings;
mod sshd;
mod sudo;
#[cfg(test)]
mod testing;
mod tree;
mod who;

pub use scanner::{SshTree, manifest};
pub use settings::{ExpectedHosts, Limits, Settings};
