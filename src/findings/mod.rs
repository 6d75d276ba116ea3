//! What a finding is, how bad it is, and how it lives.

pub mod memory;
pub mod model;

pub use memory::*;
pub use model::*;
