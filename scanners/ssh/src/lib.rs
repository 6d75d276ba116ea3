//! To be filled.

mod settings;

pub use settings::{ExpectedHosts, Limits, Settings};
