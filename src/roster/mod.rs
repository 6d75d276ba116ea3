//! Who is employed from when to when.
//!
//! Reads the sources, turns civil dates into instants, merges sources, and decides by the gates ROS-1 to ROS-15
//! whether this roster may be believed. It never looks at a scanned system and never decides by a status word alone.

pub mod model;
pub mod settings;

pub use model::*;
