//! The configuration of the SSH server, evaluated for an account whose key lies in its usual place.

use scan_contract::{AccessKind, Cause, Status};

use crate::help::host;

pub(super) const HOLDS: &str = "a key in its usual place is told as usable, unless a line of the configuration speaks of keys, \
    of who may sign in, or of other files; no scanner's own mistake; the same twice";

/// Words without which sshd cannot be told to look elsewhere or to refuse somebody (sshd_config(5)).
const REASONS: [&str; 11] = [
    "authorizedkeys",
    "pubkeyauthentication",
    "dsaauthentication",
    "authenticationmethods",
    "allow",
    "deny",
    "match",
    "include",
    "revokedkeys",
    "expose",
    "usepam",
];

pub(super) fn run(bytes: &[u8]) {
    let read = host::read(&[("etc/ssh/sshd_config", bytes)]);
    if bytes.len().is_multiple_of(4) {
        assert_eq!(read, host::read(&[("etc/ssh/sshd_config", bytes)]), "not the same twice");
    }
    for gap in &read.gaps {
        assert!(!matches!(gap.cause, Cause::Bug { .. }), "{gap:?}");
    }
    let key = read.found.iter().find(|access| access.kind == AccessKind::SshKey);
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    if !REASONS.iter().any(|word| text.contains(word)) {
        let key = key.unwrap_or_else(|| panic!("the key was lost without a reason: {text:?}"));
        assert_eq!(key.status, Status::Enabled, "no line refuses it: {text:?}");
    }
    // A simple configuration has a simple answer: the first value of a keyword counts.
    if let Some(pubkey) = simple(&text) {
        assert!(key.is_some(), "{text:?}");
        let status = key.map(|key| key.status);
        let usable = status == Some(Status::Enabled);
        assert_eq!(usable, pubkey, "{text:?}: {status:?}");
    }
}

/// Whether keys are accepted by a configuration of nothing but plain `PubkeyAuthentication yes|no` and `Port` lines.
fn simple(text: &str) -> Option<bool> {
    let mut first = None;
    for line in text.lines() {
        match line.split_once(' ')? {
            ("pubkeyauthentication", "yes") => first = first.or(Some(true)),
            ("pubkeyauthentication", "no") => first = first.or(Some(false)),
            ("port", number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {}
            _ => return None,
        }
    }
    first
}
