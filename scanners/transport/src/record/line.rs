//! The lines of a recording.

use std::collections::BTreeMap;

use scan_contract::{Cause, Instant};
use serde::{Deserialize, Serialize};

/// First word of every recording.
pub(super) const FORMAT: &str = "holdover-recording";
/// Version of the form below.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) system: String,
    pub(super) connector: String,
    pub(super) recorded_at: Instant,
    pub(super) tool: String,
}

/// One request and its last word.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) request: Asked,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<Answered>,
    /// Instead of a reply: why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Cause>,
}

/// What makes two requests the same one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) operation: String,
    /// Where one host serves several accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    pub(super) method: String,
    pub(super) origin: String,
    pub(super) path: String,
    /// Sorted.
    pub(super) query: Vec<(String, String)>,
    /// SHA-256 of the body in one form: pairs of a form sorted, keys of JSON sorted. Empty without a body.
    pub(super) body_sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) at: Instant,
    pub(super) headers: BTreeMap<String, String>,
    /// The reduced body as text.
    pub(super) body: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) end: Whole,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whole {
    /// Lines before this one, the first included.
    pub(super) lines: u64,
    /// SHA-256 over their bytes, line ends included.
    pub(super) sha256: String,
}
