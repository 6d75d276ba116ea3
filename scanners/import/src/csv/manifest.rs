//! The manifest of a table: what its producer says about it.

use std::path::Path;

use scan_contract::{Cause, Documents, Instant};
use serde::Deserialize;

use crate::time;

/// A manifest is a few lines.
const LONGEST: u64 = 64 << 10;

/// The file as it is written. A key that is there twice is an error.
#[derive(Deserialize)]
struct Written {
    as_of: Option<String>,
    rows: Option<u64>,
    sha256: Option<String>,
}

/// What can be held against the table.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) as_of: Option<Instant>,
    pub(super) rows: Option<u64>,
    /// Lower-case hex.
    pub(super) sha256: Option<String>,
    /// Why the table is not proven whole by them.
    pub(super) lacks: Vec<Cause>,
}

/// Reads the manifest, if one is configured. What it lacks is told, never an error: the rows are read anyway.
pub(super) fn read(documents: &dyn Documents, path: Option<&Path>) -> Claims {
    let Some(path) = path else {
        let what = String::from("no manifest with rows and sha256 is configured for this table");
        return Claims { lacks: vec![Cause::NotProven { what }], ..Claims::default() };
    };
    let name = path.display();
    let malformed = |says: String| Claims {
        lacks: vec![Cause::Malformed { what: format!("the manifest {name}: {says}") }],
        ..Claims::default()
    };
    let bytes = match documents.read_to_end(path, LONGEST) {
        Ok(bytes) => bytes,
        Err(cause) => {
            let what = format!("the manifest {name} cannot be read: {cause}");
            return Claims { lacks: vec![Cause::NotProven { what }], ..Claims::default() };
        }
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let written: Written = match serde_json::from_slice(bytes) {
        Ok(written) => written,
        // The message of the parser can quote the file; where it stopped is enough.
        Err(error) => return malformed(format!("not as expected on line {}, column {}", error.line(), error.column())),
    };
    let mut lacks = Vec::new();
    let mut lack = |key: &str| lacks.push(Cause::NotProven { what: format!("the manifest {name} has no {key}") });
    let as_of = written.as_of.as_deref().map(time::instant);
    if as_of == Some(None) {
        return malformed(String::from("as_of: expected an RFC 3339 instant"));
    }
    if as_of.is_none() {
        lack("as_of");
    }
    if written.rows.is_none() {
        lack("rows");
    }
    let sha256 = match written.sha256.map(|digest| digest.to_ascii_lowercase()) {
        Some(digest) if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(digest),
        Some(_) => return malformed(String::from("sha256: expected 64 hexadecimal digits")),
        None => {
            lack("sha256");
            None
        }
    };
    Claims { as_of: as_of.flatten(), rows: written.rows, sha256, lacks }
}
