//! Fuzz targets: for each reader of foreign bytes and each writer of foreign text, what must hold for every input.
//!
//! A target is a plain function of bytes that panics where something does not hold. `tests/fuzz/run` drives them with
//! libFuzzer; an ordinary `cargo test` replays the corpus and every entry that once failed. See `README.md`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`targets`] | THE table of targets, one file each |
//! | `help` | oracles and scaffolding that several targets share: a strict reader of tables, a host in memory |
//! | `json`, `reference`, `common` | the slow, obvious reader of the import format, from that scanner's own tests |

#![expect(clippy::expect_used, clippy::panic, reason = "a target fails loudly")]

#[path = "../../../scanners/import/tests/import/common.rs"]
#[expect(dead_code, reason = "the scanner's own tests use all of it")]
mod common;
mod help;
#[path = "../../../scanners/import/tests/import/json.rs"]
mod json;
#[path = "../../../scanners/import/tests/import/reference.rs"]
mod reference;
pub mod targets;

pub use targets::{TARGETS, Target, named};
