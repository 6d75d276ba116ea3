//! What the file says about runs, outputs and metrics.

use schemars::JsonSchema;
use serde::Deserialize;

use super::connection::RawConnection;
use crate::yaml::forms::{WrittenDuration, WrittenInstant};

/// How a run goes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawRun {
    /// The instant everything is judged at, instead of the clock's. Only where no system is read live.
    pub(in crate::config) as_of: Option<WrittenInstant>,
    /// A run ends by itself after this time; what was not read by then is a gap. Default: `3h`.
    pub(in crate::config) deadline: Option<WrittenDuration>,
    /// Systems read at the same time. Default: 4.
    #[schemars(range(min = 1, max = 64))]
    pub(in crate::config) parallel_systems: Option<usize>,
    /// Threads that attribute records. Default: one a processor, at most 8.
    #[schemars(range(min = 1, max = 256))]
    pub(in crate::config) threads: Option<usize>,
    /// Severity from which residual access changes the exit code. Default: `info`.
    #[schemars(transform = severity_words)]
    pub(in crate::config) fail_on: Option<String>,
    /// Share of a scope's objects that may vanish between two runs before it is suspicious. Default: 0.2.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(in crate::config) drop_share: Option<f64>,
    /// Number of objects that may always vanish. Default: 5.
    pub(in crate::config) drop_count: Option<u64>,
    /// How many grants that belong to nobody are listed per system; all are counted. Default: 100.
    pub(in crate::config) unattributed_listed: Option<usize>,
    /// Runs whose report is kept. Default: 30.
    #[schemars(range(min = 1))]
    pub(in crate::config) keep_reports: Option<usize>,
    /// Time before its end at which an exception is called expiring. Default: `168h`.
    pub(in crate::config) exception_warning: Option<WrittenDuration>,
    /// Whether the state folder may lie on a network file system, whose locks may not hold. Default: false.
    pub(in crate::config) allow_network_state: Option<bool>,
}

fn severity_words(schema: &mut schemars::Schema) {
    let words: Vec<&str> = crate::findings::Severity::ALL.iter().map(|severity| severity.as_str()).collect();
    schema.insert("enum".to_owned(), serde_json::json!(words));
}

/// A file that every run writes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawOutput {
    /// Format.
    pub(in crate::config) format: RawOutputFormat,
    /// The file; `-` is standard output, for one output at most.
    #[schemars(length(min = 1))]
    pub(in crate::config) path: String,
    /// How people are shown. Default: `id`; `pseudonym` in SARIF, which is uploaded.
    pub(in crate::config) persons: Option<RawPersonDisplay>,
    /// Whether a CSV file begins with a byte-order mark, for spreadsheet programs. Default: false.
    pub(in crate::config) csv_bom: Option<bool>,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawOutputFormat {
    /// For people, in a terminal.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// OCSF events, one a line.
    Ocsf,
    /// SARIF.
    Sarif,
    /// A table with a header row.
    Csv,
    /// For people, in a text.
    Markdown,
    /// One page for a browser.
    Html,
}

/// How people are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawPersonDisplay {
    /// Roster id.
    Id,
    /// Id and name.
    Name,
    /// A pseudonym that only the state folder can resolve; grant ids are masked.
    Pseudonym,
}

/// Metrics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawMetrics {
    /// File for the textfile collector of node exporter; it ends in `.prom`.
    #[schemars(regex(pattern = r"^.+\.prom$"), extend("x-expected" = "a path that ends in .prom"))]
    pub(in crate::config) textfile: Option<String>,
    /// Pushgateway that every run hands the same figures to, for places without a node exporter. Its group is `job=holdover`.
    pub(in crate::config) pushgateway: Option<RawPushgateway>,
    /// How much is told: `kind` everything, `system` no families by kind and rule. Default: `kind`.
    pub(in crate::config) min_detail: Option<RawMetricsDetail>,
}

/// A Pushgateway.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPushgateway {
    /// Its address, such as `https://pushgateway.example`. Plain text is for a loopback address alone.
    #[schemars(regex(pattern = "^https?://"), extend("x-expected" = "an address such as https://pushgateway.example"))]
    pub(in crate::config) url: String,
    /// How it is reached. `internal` means nothing here: the one address that is named may be a private one.
    pub(in crate::config) connection: Option<RawConnection>,
}

/// How much metrics tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawMetricsDetail {
    /// Everything.
    Kind,
    /// No families by kind and rule.
    System,
}
