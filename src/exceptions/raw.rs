//! What an exceptions file may say. The comments here are the reference its readers see.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::forms::{WrittenInstant, WrittenKind};

use super::{ExceptionType, OnExpiry};

/// Approved exceptions: who may keep what until when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    /// Version of this format.
    #[expect(dead_code, reason = "the schema checks it; there is one version")]
    #[schemars(extend("const" = 1))]
    pub(super) version: u32,
    /// Entries. They are never deleted: an entry that is no longer wanted gets `revoked_at`.
    pub(super) exceptions: Vec<RawException>,
}

/// One exception.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawException {
    /// Id, never used again.
    #[schemars(
        regex(pattern = "^EX-[0-9]{4}-[0-9]{4,}$"),
        extend("x-expected" = "an id such as EX-2026-0031")
    )]
    pub(super) id: String,
    /// Why.
    #[serde(rename = "type")]
    pub(super) kind: ExceptionType,
    /// What it speaks to: one person and one system.
    pub(super) scope: RawScope,
    /// What is needed, and why there is no other way.
    #[schemars(length(min = 20, max = 1000))]
    pub(super) reason: String,
    /// What makes it bearable.
    #[serde(default)]
    pub(super) compensating_controls: Vec<String>,
    /// Person who asked for it.
    #[schemars(length(min = 1))]
    pub(super) requested_by: String,
    /// People who approved it. Nobody approves what they keep, what they asked for, or for somebody they leave with.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub(super) approved_by: Vec<String>,
    /// When it was approved.
    pub(super) approved_at: WrittenInstant,
    /// First instant it holds; `approved_at` if left out.
    pub(super) starts_at: Option<WrittenInstant>,
    /// First instant it no longer holds.
    pub(super) expires_at: WrittenInstant,
    /// Link to the approval.
    #[schemars(extend("format" = "uri"))]
    pub(super) ticket: Option<String>,
    /// Who looks at it again.
    pub(super) review: RawReview,
    /// The entry it follows.
    #[schemars(
        regex(pattern = "^EX-[0-9]{4}-[0-9]{4,}$"),
        extend("x-expected" = "an id such as EX-2026-0031")
    )]
    pub(super) renews: Option<String>,
    /// When it was taken back.
    pub(super) revoked_at: Option<WrittenInstant>,
}

/// What an exception speaks to. Two systems are two exceptions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScope {
    /// Whose access.
    #[schemars(
        length(min = 1),
        extend("not" = { "pattern": "[*?]" }, "x-expected" = "the id of one person, without wildcards")
    )]
    pub(super) person_id: String,
    /// Configured system.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9-]{0,31}$"),
        extend("x-expected" = "the id of one configured system")
    )]
    pub(super) system: String,
    /// Only these kinds.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub(super) access_kinds: Option<Vec<WrittenKind>>,
    /// Only the grant with this id, display text or target.
    #[schemars(length(min = 1))]
    pub(super) resource: Option<String>,
    /// Only these rules. A finding with a further rule is not covered.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub(super) rules: Option<Vec<String>>,
    /// Only the finding with this fingerprint.
    #[schemars(
        regex(pattern = "^ra[0-9]+:[0-9a-f]{32}$"),
        extend("x-expected" = "a fingerprint such as ra1:d3fbedd447e69944f6506bc7b50c26c9")
    )]
    pub(super) fingerprint: Option<String>,
}

/// Who looks at an exception again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReview {
    /// Person.
    pub(super) owner: String,
    /// When.
    pub(super) next_at: Option<WrittenInstant>,
    /// What happens at the end; `reopen` if left out.
    #[serde(default)]
    pub(super) on_expiry: OnExpiry,
}
