//! Checks of runs, outputs and metrics.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::findings::Severity;

use super::super::raw::run::{
    RawMetrics, RawMetricsDetail, RawOutput, RawOutputFormat, RawPersonDisplay, RawPushgateway, RawRun,
};
use super::super::valid::{
    MetricsConfig, MetricsDetail, OutputConfig, OutputFormat, PersonDisplay, PushgatewayConfig, RunConfig,
};
use super::{Check, connection, entries};

const DEADLINE: Duration = Duration::from_hours(3);
const EXCEPTION_WARNING: Duration = Duration::from_hours(168);
const PARALLEL_SYSTEMS: usize = 4;
const MOST_THREADS: usize = 8;
const DROP_SHARE: f64 = 0.2;
const DROP_COUNT: u64 = 5;
const UNATTRIBUTED_LISTED: usize = 100;
const KEEP_REPORTS: usize = 30;

/// Defaults below `run`, as `config show` writes them.
pub(in crate::config) const DEFAULTS: [(&str, &str); 9] = [
    ("deadline", "3h"),
    ("parallel_systems", "4"),
    ("fail_on", "info"),
    ("drop_share", "0.2"),
    ("drop_count", "5"),
    ("unattributed_listed", "100"),
    ("keep_reports", "30"),
    ("exception_warning", "168h"),
    ("allow_network_state", "false"),
];

pub(super) fn run(check: &mut Check<'_>, raw: Option<RawRun>) -> RunConfig {
    let raw = raw.unwrap_or_default();
    let deadline = raw.deadline.map_or(DEADLINE, |deadline| deadline.0);
    if deadline.is_zero() {
        check.say("/run/deadline", "a run that ends at once reads nothing");
    }
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    RunConfig {
        as_of: raw.as_of.map(|at| at.0),
        deadline,
        parallel_systems: raw.parallel_systems.unwrap_or(PARALLEL_SYSTEMS),
        threads: raw.threads.unwrap_or_else(|| processors.min(MOST_THREADS)),
        // The schema knows the words.
        fail_on: raw.fail_on.as_deref().and_then(Severity::parse).unwrap_or(Severity::Info),
        drop_share: raw.drop_share.unwrap_or(DROP_SHARE),
        drop_count: raw.drop_count.unwrap_or(DROP_COUNT),
        unattributed_listed: raw.unattributed_listed.unwrap_or(UNATTRIBUTED_LISTED),
        keep_reports: raw.keep_reports.unwrap_or(KEEP_REPORTS),
        exception_warning: raw.exception_warning.map_or(EXCEPTION_WARNING, |warning| warning.0),
        allow_network_state: raw.allow_network_state.unwrap_or(false),
    }
}

pub(super) fn outputs(check: &mut Check<'_>, raw: Option<Vec<RawOutput>>) -> Vec<OutputConfig> {
    check.unique("/outputs", "path", plain_path);
    entries(check.document, raw, "/outputs")
        .into_iter()
        .map(|(pointer, raw)| {
            let format = match raw.format {
                RawOutputFormat::Table => OutputFormat::Table,
                RawOutputFormat::Json => OutputFormat::Json,
                RawOutputFormat::Ndjson => OutputFormat::Ndjson,
                RawOutputFormat::Ocsf => OutputFormat::Ocsf,
                RawOutputFormat::Sarif => OutputFormat::Sarif,
                RawOutputFormat::Csv => OutputFormat::Csv,
                RawOutputFormat::Markdown => OutputFormat::Markdown,
                RawOutputFormat::Html => OutputFormat::Html,
            };
            if raw.csv_bom == Some(true) && format != OutputFormat::Csv {
                let says = format!("{} has no byte-order mark", format.as_str());
                check.say_key(&format!("{pointer}/csv_bom"), says, "it is for `format: csv`");
            }
            OutputConfig {
                format,
                path: PathBuf::from(raw.path),
                persons: match (raw.persons, format) {
                    (Some(RawPersonDisplay::Name), _) => PersonDisplay::Name,
                    (Some(RawPersonDisplay::Pseudonym), _) | (None, OutputFormat::Sarif) => PersonDisplay::Pseudonym,
                    (Some(RawPersonDisplay::Id) | None, _) => PersonDisplay::Id,
                },
                csv_bom: raw.csv_bom.unwrap_or(false),
            }
        })
        .collect()
}

/// A path without what says nothing (`./`, `a//b`); links and `..` are followed when a run begins.
fn plain_path(text: &str) -> String {
    Path::new(text).components().filter(|part| *part != Component::CurDir).collect::<PathBuf>().display().to_string()
}

pub(super) fn metrics(check: &mut Check<'_>, raw: Option<RawMetrics>) -> MetricsConfig {
    let (textfile, gateway, detail) =
        raw.map(|raw| (raw.textfile, raw.pushgateway, raw.min_detail)).unwrap_or_default();
    MetricsConfig {
        textfile: textfile.map(PathBuf::from),
        pushgateway: gateway.and_then(|raw| pushgateway(check, raw)),
        detail: match detail {
            None | Some(RawMetricsDetail::Kind) => MetricsDetail::Kind,
            Some(RawMetricsDetail::System) => MetricsDetail::System,
        },
    }
}

fn pushgateway(check: &mut Check<'_>, raw: RawPushgateway) -> Option<PushgatewayConfig> {
    let connection = connection::connection(check, "/metrics/pushgateway/connection", raw.connection, None);
    let url = connection::system_address(check, "/metrics/pushgateway/url", &raw.url, &connection)?;
    Some(PushgatewayConfig { url, connection })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::forms::duration_text;

    #[test]
    fn the_defaults_that_are_shown_are_the_ones_in_force() {
        let in_force = [
            duration_text(DEADLINE),
            PARALLEL_SYSTEMS.to_string(),
            Severity::Info.as_str().to_owned(),
            DROP_SHARE.to_string(),
            DROP_COUNT.to_string(),
            UNATTRIBUTED_LISTED.to_string(),
            KEEP_REPORTS.to_string(),
            duration_text(EXCEPTION_WARNING),
            false.to_string(),
        ];
        assert_eq!(DEFAULTS.map(|(_, value)| value.to_owned()), in_force);
    }
}
