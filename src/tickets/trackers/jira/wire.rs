//! What Jira answers.

use std::collections::BTreeMap;

use scan_contract::Instant;
use serde::Deserialize;
use serde_json::Value;

/// The answer of a creation.
#[derive(Deserialize)]
pub(super) struct Made {
    pub(super) id: String,
    pub(super) key: String,
}

/// An issue with the fields that were asked for.
#[derive(Deserialize)]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) fields: Fields,
}

#[derive(Deserialize)]
pub(super) struct Fields {
    pub(super) status: Status,
    #[serde(default)]
    pub(super) resolution: Option<Named>,
    #[serde(default)]
    pub(super) resolutiondate: Option<String>,
    #[serde(default)]
    pub(super) labels: Vec<String>,
}

impl Fields {
    /// Jira writes `2026-08-01T10:00:00.000+0000`, which RFC 3339 does not know.
    pub(super) fn resolved_at(&self) -> Option<Instant> {
        let text = self.resolutiondate.as_deref()?;
        chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|at| at.to_utc())
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) name: String,
    #[serde(rename = "statusCategory")]
    pub(super) category: Category,
}

/// One of `new`, `indeterminate`, `done` and `undefined`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Category {
    pub(super) key: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Transitions {
    pub(super) transitions: Vec<Transition>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Transition {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) to: Status,
    /// Fields of its screen.
    #[serde(default)]
    pub(super) fields: BTreeMap<String, Value>,
}

/// A page of a search: Cloud has tokens and no total, Data Center a total.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) issues: Vec<Issue>,
    #[serde(default, rename = "nextPageToken")]
    pub(super) next: Option<String>,
    #[serde(default, rename = "isLast")]
    pub(super) last: Option<bool>,
    #[serde(default)]
    pub(super) total: Option<u64>,
    /// Terms that were not understood.
    #[serde(default, rename = "warningMessages")]
    pub(super) warnings: Vec<Value>,
}
