//! Where kept reports and histories come from.

use scan_contract::Instant;
use thiserror::Error;

use crate::findings::{Finding, Fingerprint};
use crate::report::Report;

/// Why something kept could not be had.
#[derive(Debug, Error)]
pub enum SourceError {
    /// Nothing is kept yet.
    #[error("no run has ended yet")]
    NoRunYet,
    /// That run is not kept, or never was.
    #[error("no such run is kept")]
    NoSuchRun,
    /// Reading failed; the text names no person.
    #[error("{0}")]
    Failed(String),
}

/// Reads what is kept, for reading only, also while a run writes.
pub trait Source: Send + Sync {
    /// Ids and end times of kept reports, newest first.
    fn reports(&self) -> Result<Vec<(String, Instant)>, SourceError>;

    /// A kept report.
    fn report(&self, run: &str) -> Result<Report, SourceError>;

    /// What the ledger says about a finding, oldest first, one line each.
    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<String>, SourceError>;

    /// A finding that is remembered, closed ones included.
    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Finding>, SourceError>;
}
