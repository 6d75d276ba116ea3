//! Outputs: every file and text a run leaves behind, made from [`Report`] and nothing else.
//!
//! One folder a format, each with its own types; conversion is by hand, so a domain type can change without a format
//! changing. Every format tells the gaps as well as the findings, and every format makes foreign text inert in its
//! own way (OUT-1 to OUT-5). Records are written one by one: memory does not grow with the report.
//!
//! This room must never decide anything: no state, severity, coverage or verdict is made here. It asks no clock, no
//! environment and no store; equal reports and contexts give equal bytes.
//!
//! | file | what it holds |
//! |---|---|
//! | [`context`] | what an output needs beside the report: persons, rule texts, places, width |
//! | [`persons`] | ids, names or pseudonyms; masking |
//! | [`words`] | the wording all formats for people share: times, durations, labels |
//! | [`order`] | the one order of findings |
//! | [`sections`] | which findings stand where, and how many |
//! | [`file`] | writing a file so that the old one or the new one is there, never half of it (STO-4, FIL-1) |
//! | [`table`], [`markdown`], [`html`] | for people |
//! | [`json`], [`ndjson`], [`csv`], [`run_json`] | for programs, our own shapes |
//! | [`ocsf`], [`sarif`] | for programs, other people's shapes |

pub mod context;
pub mod csv;
pub mod file;
pub mod html;
pub mod json;
pub mod markdown;
pub mod ndjson;
pub mod ocsf;
pub mod order;
pub mod persons;
pub mod run_json;
pub mod sarif;
pub mod sections;
pub mod table;
pub mod words;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, Write};

use thiserror::Error;

use crate::config::valid::OutputFormat;
use crate::report::Report;

pub use context::{Colour, EmitContext, Places, RuleTexts};
pub use file::{FileError, write_file};
pub use persons::{Persons, PseudonymKey};
pub use table::summary;

/// Why an output could not be made.
#[derive(Debug, Error)]
pub enum EmitError {
    /// The writer failed; a closed pipe arrives here as well.
    #[error("writing the output")]
    Write(#[from] io::Error),
    /// A record could not be written as JSON.
    #[error("writing JSON")]
    Json(#[source] serde_json::Error),
    /// The page could not be made.
    #[error("making the page")]
    Page(#[source] askama::Error),
    /// Pseudonyms were asked for without a key.
    #[error("pseudonyms need the key of the state directory, and none was given")]
    NoKey,
}

impl EmitError {
    /// Whether the reader of a pipe went away.
    pub fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Write(error) => error.kind() == io::ErrorKind::BrokenPipe,
            Self::Json(error) => error.io_error_kind() == Some(io::ErrorKind::BrokenPipe),
            Self::Page(_) | Self::NoKey => false,
        }
    }
}

impl From<serde_json::Error> for EmitError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// Writes `report` in one format. The same report and context give the same bytes.
pub fn render(
    format: OutputFormat,
    report: &Report,
    context: &EmitContext<'_>,
    out: &mut dyn Write,
) -> Result<(), EmitError> {
    let persons = Persons::of(report, context)?;
    match format {
        OutputFormat::Table => table::render(report, context, &persons, out),
        OutputFormat::Json => json::render(report, context, &persons, out),
        OutputFormat::Ndjson => ndjson::render(report, &persons, out),
        OutputFormat::Ocsf => ocsf::render(report, context, &persons, out),
        OutputFormat::Sarif => sarif::render(report, context, &persons, out),
        OutputFormat::Csv => csv::render(report, context, &persons, out),
        OutputFormat::Markdown => markdown::render(report, context, &persons, out),
        OutputFormat::Html => html::render(report, context, &persons, out),
    }?;
    out.flush()?;
    Ok(())
}
