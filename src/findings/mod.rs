//! What a finding is, how bad it is, and how it lives.
//!
//! Pure: `now` is an argument, nothing is read or written here. Only [`lifecycle`] moves a finding from one state to
//! another; age, timeouts and gaps never close anything.

pub mod fingerprint;
pub mod last_use;
pub mod lifecycle;
pub mod memory;
pub mod model;
pub mod severity;
pub mod usability;
pub mod wish;

pub use memory::*;
pub use model::*;
