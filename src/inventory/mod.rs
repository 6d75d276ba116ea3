//! What was seen: distinct keys, and drops against the last complete read.
//!
//! Pure, but for scratch space that is handed in: counting ten million keys must not hold ten million keys.

pub mod distinct;
pub mod drop_guard;
pub mod pile;
pub mod scratch;

pub use distinct::KeyCounter;
pub use drop_guard::{DropGuard, is_suspicious};
pub use pile::Pile;
pub use scratch::{DiskScratch, MemoryScratch, Scratch, ScratchFile};
