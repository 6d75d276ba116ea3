//! The picture of one run: the only thing outputs read. Made by `run`, sorted, complete, and free of handles.

pub mod model;

pub use model::*;
