//! The import scanner through its contract: coverage first, records second.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod common;
mod csv;
mod damage;
mod docs;
mod equality;
mod json;
mod native;
mod plan;
mod reference;
