//! Approved exceptions: who may keep what until when. The file is data of record; nothing here edits it.

pub mod model;

pub use model::*;
