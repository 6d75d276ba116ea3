//! The native format: one JSON object a line, with a header that says what the file covers and an end line that
//! counts.
//!
//! A file is cut into chunks of whole lines ([`chunk`]), each chunk is read in one pass ([`parse`]), on several
//! threads if there are any ([`pipeline`]), and handed over in order as a sheet over its own bytes ([`sheet`]).
//! Every line is validated whole before its record counts; this room never decides from who holds a grant.

mod access;
mod chunk;
mod fault;
mod holder;
mod keys;
mod lexer;
mod parse;
mod pipeline;
mod records;
mod scopes;
mod sheet;
mod small;
mod span;
mod tree;
mod walk;

pub(crate) use walk::{peek, read};
