//! The files of a host that say who has an account, who was there, and what was looked for.

use scan_contract::{AccessKind, Cause};

use crate::help::{host, variant};

pub(super) const HOLDS: &str = "while the account stands in its file the key in its usual place is told, whatever the other files \
    hold; where the account cannot be read there is a gap; no scanner's own mistake; the same twice";

pub(super) fn run(bytes: &[u8]) {
    let (choice, bytes) = variant(bytes);
    let path = match choice {
        b'g' => "etc/group",
        b'n' => "etc/nsswitch.conf",
        b's' => "etc/shadow",
        b'w' => "who.txt",
        b'h' => "etc/hostname",
        _ => "etc/passwd",
    };
    let read = host::read(&[(path, bytes)]);
    if bytes.len().is_multiple_of(4) {
        assert_eq!(read, host::read(&[(path, bytes)]), "not the same twice");
    }
    for gap in &read.gaps {
        assert!(!matches!(gap.cause, Cause::Bug { .. }), "{gap:?}");
    }
    let key = read.found.iter().any(|access| access.kind == AccessKind::SshKey);
    let text = String::from_utf8_lossy(bytes);
    let ana = "ana:x:1001:1001:Ana Silva,,,:/home/ana:/bin/bash";
    let stands = path != "etc/passwd" || text.lines().any(|line| line == ana);
    let other = path == "etc/passwd" && text.lines().filter(|line| line.starts_with("ana:")).count() > 1;
    if stands && !other {
        assert!(key || !read.gaps.is_empty(), "the key was lost, and {path} says nothing of it: {text:?}");
    }
}
