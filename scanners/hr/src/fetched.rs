//! What a source gave.

use bytes::Bytes;
use scan_contract::Instant;
use sha2::{Digest as _, Sha256};

use crate::table::Lines;

/// A whole roster out of one source: canonical records, one JSON object a line, and what proves them whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The records, sorted. The same people give the same bytes.
    pub table: Bytes,
    /// How many there are.
    pub rows: u64,
    /// SHA-256 of the table, lower-case hex.
    pub sha256: String,
    /// Instant the service gave its first answer: the table is as old as that.
    pub as_of: Instant,
    /// Total the service named, if it did.
    pub announced: Option<u64>,
    /// How the end of the list was known.
    pub proof: &'static str,
    /// What an operator should know. No name and no date of a person.
    pub notices: Vec<String>,
}

impl Fetched {
    pub(crate) fn new(lines: Lines, as_of: Instant, announced: Option<u64>, proof: &'static str) -> Self {
        let digest = Sha256::digest(&lines.table);
        let sha256 = data_encoding::HEXLOWER.encode(digest.as_slice());
        Self { table: lines.table, rows: lines.rows, sha256, as_of, announced, proof, notices: lines.notices }
    }
}
