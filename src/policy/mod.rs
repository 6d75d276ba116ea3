//! Decision rules made in advance: how long which access may stay after the end.

pub mod model;

pub use model::*;
