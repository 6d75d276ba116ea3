//! What the file says about the roster.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::roster::{Column, LeavePolicy};
use crate::yaml::forms::{WrittenDate, WrittenDuration, WrittenInstant};

use super::file::RawProvenFile;

/// Who is employed from when to when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawRoster {
    /// Files that list people.
    #[schemars(length(min = 1))]
    pub(in crate::config) sources: Vec<RawSource>,
    /// CSV file of earlier addresses, logins and ids.
    pub(in crate::config) aliases: Option<RawProvenFile>,
    /// YAML file of reviewed links: this grant is this person's.
    pub(in crate::config) links: Option<RawProvenFile>,
    /// Whether access stays while somebody is on leave. Default: `keep_access`.
    pub(in crate::config) leave_policy: Option<LeavePolicy>,
    /// Announced common departures. They do not count as an unusual number of leavers.
    #[serde(default)]
    pub(in crate::config) expected: Vec<RawExpected>,
    /// When a common departure may be spoken of.
    #[serde(default)]
    pub(in crate::config) batches: Vec<RawBatch>,
}

/// A file that lists people.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSource {
    /// Id.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9-]{0,31}$"),
        extend("x-expected" = "an id of small letters, digits and hyphens, at most 32")
    )]
    pub(in crate::config) id: String,
    /// Format of the file.
    pub(in crate::config) format: RawSourceFormat,
    /// The file.
    #[schemars(length(min = 1))]
    pub(in crate::config) path: String,
    /// JSON file beside it with `as_of`, `rows`, `sha256` and `coverage`. Without it the age is that of the file.
    #[schemars(length(min = 1))]
    pub(in crate::config) manifest: Option<String>,
    /// What it covers.
    pub(in crate::config) coverage: RawCoverage,
    /// Encoding of a file without a byte-order mark. Default: `utf-8`.
    pub(in crate::config) encoding: Option<RawEncoding>,
    /// Character between cells. Default: `,`.
    #[schemars(
        regex(pattern = "^[\\x20-\\x21\\x23-\\x7E\\t]$"),
        extend("x-expected" = "one ASCII character that is no quote")
    )]
    pub(in crate::config) delimiter: Option<String>,
    /// Time zone of rows without one, by its name in the tz database. Ends in a default zone are known as an interval.
    pub(in crate::config) default_time_zone: Option<String>,
    /// What an end date means. There is no default: `holdover roster validate --explain` shows what comes out.
    pub(in crate::config) end_date_meaning: RawEndDateMeaning,
    /// Age from which it is reported. Default: `26h`.
    pub(in crate::config) max_age: Option<WrittenDuration>,
    /// Which source wins where two differ: 1 before 2. Default: the order of the list.
    #[schemars(range(min = 1))]
    pub(in crate::config) rank: Option<u32>,
    /// Canonical column to the header of the file. A column that is left out has its canonical name.
    #[serde(default)]
    #[schemars(transform = column_names)]
    pub(in crate::config) columns: BTreeMap<String, String>,
    /// Canonical column to its words, each with the words of the file that mean it.
    #[serde(default)]
    #[schemars(transform = column_names)]
    pub(in crate::config) values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Pattern of dates (strftime), such as `%d.%m.%Y`. Default: ISO 8601.
    #[schemars(length(min = 1))]
    pub(in crate::config) date_format: Option<String>,
    /// Texts that mean that there is none, besides an empty cell.
    #[serde(default)]
    pub(in crate::config) none_values: Vec<String>,
    /// People by whom a wrong file is recognised.
    pub(in crate::config) sentinels: Option<RawSentinels>,
}

/// Keys of a mapping by column.
pub(in crate::config) fn column_names(schema: &mut schemars::Schema) {
    schema.insert("propertyNames".to_owned(), serde_json::json!({ "enum": Column::NAMES }));
}

/// Format of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawSourceFormat {
    /// A table with a header row.
    Csv,
    /// One JSON record a line.
    Ndjson,
}

/// What a source covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawCoverage {
    /// All people and all their spells of employment. What to ask for.
    Full,
    /// People who left. Nobody else is judged.
    Leavers,
    /// People who are employed. Who disappears is presumed to have left.
    Active,
}

/// Character encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(in crate::config) enum RawEncoding {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16 with a byte-order mark.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Windows-1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// What an end date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawEndDateMeaning {
    /// The last day employed.
    LastDayIncluded,
    /// The first day no longer employed.
    FirstDayExcluded,
}

/// People by whom a wrong file is recognised.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSentinels {
    /// People who have to be employed.
    #[serde(default)]
    pub(in crate::config) active: Vec<String>,
    /// People who have to have left.
    #[serde(default)]
    pub(in crate::config) ended: Vec<String>,
}

/// An announced common departure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawExpected {
    /// Tag in the roster.
    #[schemars(length(min = 1, max = 64))]
    pub(in crate::config) batch: String,
    /// How many people.
    #[schemars(range(min = 1))]
    pub(in crate::config) count: u64,
    /// First day of their ends.
    pub(in crate::config) from: WrittenDate,
    /// Last day of their ends.
    pub(in crate::config) until: WrittenDate,
}

/// When a common departure may be spoken of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawBatch {
    /// Tag in the roster.
    #[schemars(length(min = 1, max = 64))]
    pub(in crate::config) batch: String,
    /// From when. Before it, the departure stands in no output.
    pub(in crate::config) disclosed_at: WrittenInstant,
}
