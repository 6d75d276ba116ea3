//! What several targets share.

pub(crate) mod host;
pub(crate) mod problems;
pub(crate) mod reply;
pub(crate) mod roster;
pub(crate) mod swapped;
pub(crate) mod table;
pub(crate) mod unseen;

use scan_contract::Instant;

/// The instant at which everything is judged.
pub(crate) fn now() -> Instant {
    "2026-08-01T06:00:00Z".parse().expect("an instant")
}

/// The first byte chooses a variant, the rest is the input. Without any byte, variant 0 of nothing.
pub(crate) fn variant(bytes: &[u8]) -> (u8, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest))
}
