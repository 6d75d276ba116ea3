//! Rules as data: load, check, evaluate, explain. A rule that cannot be evaluated is a notice, never a miss.

pub mod model;

pub use model::*;
