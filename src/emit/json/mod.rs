//! JSON v1: the whole report, and back.
//!
//! One document; each list holds one record a line, so that memory does not grow with it. `report` and `diff` read
//! it back from the store, so reading gives exactly the report that was written. Characters that could act in a
//! terminal are written as `\u` escapes, which any reader turns back (OUT-5).

pub mod escape;
mod read;
pub mod v1;
mod write;

pub(in crate::emit) use write::system_with;

use std::io::Write;

use thiserror::Error;

use super::{EmitContext, EmitError, Persons};
use crate::report::Report;

/// Name of the format, in the document.
pub const FORMAT: &str = "holdover.report";
/// Version of the format. Readers accept this one.
pub const VERSION: u32 = 1;

/// Why a document could not be read back.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Not JSON, cut off, or with a field of the wrong sort.
    #[error("reading JSON v1")]
    Json(#[source] serde_json::Error),
    /// JSON, but not ours or not this version.
    #[error("the document is {found}, this program reads {FORMAT} version {VERSION}")]
    Other {
        /// What it says it is.
        found: String,
    },
    /// A value that breaks a rule of the format.
    #[error("{field}: {why}")]
    Value {
        /// Field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// Writes the document with persons as the context says.
pub fn render(
    report: &Report,
    _context: &EmitContext<'_>,
    persons: &Persons<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    write::document(report, Some(persons), out)
}

/// Writes the document with everything in it, for the store. [`read`] gives back an equal report.
pub fn write(report: &Report, out: &mut dyn Write) -> Result<(), EmitError> {
    write::document(report, None, out)
}

/// Reads a document back.
pub fn read(bytes: &[u8]) -> Result<Report, ReadError> {
    read::document(bytes)
}

/// JSON Schema (2020-12) of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(v1::Document).to_value()
}
