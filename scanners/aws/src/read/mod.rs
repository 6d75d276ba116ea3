//! The documents as the vendor writes them, turned into typed rows. Nothing here decides what a row means.
//!
//! What cannot be decoded is damage with its place; what stands beside it is kept (CMP-7).

pub(crate) mod details;
pub(crate) mod keys;
pub(crate) mod load;
pub(crate) mod report;
pub(crate) mod wire;
