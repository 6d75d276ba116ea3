//! What a configuration file may say, and what the program may trust.

pub mod valid;

pub use valid::*;
