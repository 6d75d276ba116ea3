//! The import scanner through its contract: coverage first, records second.

mod common;
mod native;
