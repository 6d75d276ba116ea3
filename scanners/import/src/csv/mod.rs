//! Any table with a header row, read by a mapping. Nothing is guessed: a column, word or time that the mapping does
//! not explain is a gap.
//!
//! Bytes become text ([`decode`]), text becomes rows ([`rows`]), rows become accesses ([`map`]) with times in their
//! zone ([`local`]); the manifest ([`manifest`]) proves that it was everything.

mod decode;
mod local;
mod manifest;
mod map;
mod rows;
mod walk;

pub(crate) use local::pattern_problem;
pub(crate) use walk::read;
