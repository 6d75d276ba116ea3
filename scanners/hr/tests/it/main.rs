//! Sources against stubs of their systems.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod directories;
mod faults;
mod harness;
mod http_json;
mod pages;
mod systems;
