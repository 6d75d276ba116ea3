//! `sudoers`: who may become root.

use scan_contract::{AccessKind, Cause};

use crate::help::host;

pub(super) const HOLDS: &str = "a plain rule that names an account is told, or its line is a gap; no scanner's own mistake; the \
    same twice";

pub(super) fn run(bytes: &[u8]) {
    let read = host::read(&[("etc/sudoers", bytes)]);
    if bytes.len().is_multiple_of(4) {
        assert_eq!(read, host::read(&[("etc/sudoers", bytes)]), "not the same twice");
    }
    for gap in &read.gaps {
        assert!(!matches!(gap.cause, Cause::Bug { .. }), "{gap:?}");
    }
    let text = String::from_utf8_lossy(bytes);
    let told = read.found.iter().any(|access| {
        access.kind != AccessKind::SshKey && access.target.as_deref().unwrap_or_default().contains("sudo")
            || access.grant_id.as_str().contains("sudo")
    });
    let plain = text.lines().any(|line| line == "ana ALL=(ALL:ALL) ALL" || line == "ana ALL=(ALL) ALL");
    // A line that goes on in the next one, or stands behind such a one, is another line.
    if plain && !text.contains('\\') && !text.contains('\0') && !text.contains('\r') {
        assert!(told || !read.gaps.is_empty(), "the rule of ana was lost: {:?}", read.found);
    }
}
