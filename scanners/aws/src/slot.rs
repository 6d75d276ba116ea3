//! Access keys before and after their ids are known.
//!
//! The credential report has two slots a user and no key ids, so a key read from it alone is named
//! `<user arn>/access-key-1`. Once the key lists are given too, the same key is named by its own id. The record then
//! carries the line `slot: <user arn>/access-key-1` in its evidence, so that a finding can be carried over.

use scan_contract::{Access, AccessKind, GrantId};

/// How the line starts.
const PREFIX: &str = "slot: ";

/// Grant id of a key that is known by its slot only.
pub(crate) fn slot_id(user_arn: &str, slot: u8) -> String {
    format!("{user_arn}/access-key-{slot}")
}

/// The line of evidence.
pub(crate) fn slot_line(slot_id: &str) -> String {
    format!("{PREFIX}{slot_id}")
}

/// The grant id under which this key was known while its own id was not, if it is certain.
pub fn slot_of(access: &Access) -> Option<GrantId> {
    if access.kind != AccessKind::AccessKey {
        return None;
    }
    access.evidence.iter().find_map(|line| line.strip_prefix(PREFIX)).map(GrantId::from)
}
