//! Metrics: what a run tells to Prometheus, by a textfile for the node exporter or through a Pushgateway.
//!
//! | file | what is in it |
//! |---|---|
//! | [`table`] | THE table: every family with type, labels, help |
//! | `gather.rs` | the figures of a report |
//! | `series.rs` | families under construction, and the cap on their number |
//! | [`textfile`] | writing the file |
//! | [`push`] | handing the same text to a Pushgateway |
//! | [`reference`] | the page `docs/metrics.md` |
//!
//! Labels come from closed sets and from the configuration only; no person, account, key, host or error text is ever
//! one. What is not known is absent, never zero. What lies in the future is not counted: a number can tell of a
//! departure before it is announced.

mod gather;
pub mod push;
pub mod reference;
mod series;
pub mod table;
pub mod textfile;

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use prometheus::{Encoder, TextEncoder};
use scan_contract::{Cause, Instant, SystemId};
use thiserror::Error;

use crate::config::MetricsDetail;
use crate::report::{ExitCode, Flags, Report, Totals};
use crate::store::TicketFigures;

pub use prometheus::proto::MetricFamily;
pub use push::Pushgateway;
pub use textfile::write_textfile;

/// Why metrics could not be told.
#[derive(Debug, Error)]
pub enum MetricsError {
    /// The path is refused.
    #[error("{path} is refused: {why}")]
    Refused {
        /// Path.
        path: String,
        /// Why, and what to do.
        why: String,
    },
    /// Writing failed.
    #[error("{doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: String,
        /// What came back.
        #[source]
        source: std::io::Error,
    },
    /// The Pushgateway could not be reached, or cut the conversation short.
    #[error("pushing the metrics to {url}")]
    Push {
        /// Address that the group was put to.
        url: String,
        /// What came back.
        #[source]
        cause: Cause,
    },
    /// The Pushgateway answered and did not take them.
    #[error("pushing the metrics to {url}: it answered {status} ({says})")]
    PushRefused {
        /// Address that the group was put to.
        url: String,
        /// HTTP status.
        status: u16,
        /// What the answer was: the request, its media type and length. Its body could hold anything, and is not shown.
        says: String,
    },
    /// The families do not make a text. A defect of ours.
    #[error("writing the metrics as text")]
    Text(#[source] prometheus::Error),
}

/// Which build writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildInfo {
    /// Version of the program.
    pub version: String,
    /// Revision it was built from; `unknown` where the build does not say.
    pub revision: String,
}

/// What a report does not hold and the store remembers. What is `None` is absent from the metrics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remembered {
    /// End of the last earlier run without any gap and with an accepted roster.
    pub last_success_at: Option<Instant>,
    /// Since when the present configuration holds.
    pub config_since: Option<Instant>,
    /// Whether the roster in force was accepted by an operator's word rather than by its gates.
    pub roster_accepted_by_word: Option<bool>,
    /// Drops that an operator accepted and that are in force.
    pub drops_accepted: Option<u64>,
    /// Tickets, one entry a configured tracker; `None` where none is configured.
    pub tickets: Option<Vec<TicketFigures>>,
}

/// A configured system that a run without a report did not get to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSystem {
    /// Configured id.
    pub id: SystemId,
    /// Last run in which its scanner came to its own end, where the store could still say so.
    pub last_success_at: Option<Instant>,
    /// Last run without any gap in it, likewise.
    pub last_complete_at: Option<Instant>,
}

/// A run that ended before there was a report: the figures must still say so.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedRun {
    /// When it ended.
    pub ended_at: Instant,
    /// With which code.
    pub exit_code: ExitCode,
    /// Its flags. What is set is known; what is not set was not judged, and is not told.
    pub flags: Flags,
    /// Configured systems.
    pub systems: Vec<FailedSystem>,
    /// What the store still says.
    pub remembered: Remembered,
    /// Figures over all runs, where the store still says them: a counter that vanishes hides its next step.
    pub totals: Option<Totals>,
}

/// The figures of a run, in the order of the table.
pub fn gather(report: &Report, detail: MetricsDetail, build: &BuildInfo) -> Vec<MetricFamily> {
    gather_with(report, detail, build, &Remembered::default())
}

/// The same, with what the store remembers.
pub fn gather_with(
    report: &Report,
    detail: MetricsDetail,
    build: &BuildInfo,
    remembered: &Remembered,
) -> Vec<MetricFamily> {
    gather::all(report, detail, build, remembered).into_families(series::CAP)
}

/// The figures of a run without a report. Findings are withdrawn rather than told as if they were fresh.
pub fn gather_failed(run: &FailedRun, build: &BuildInfo) -> Vec<MetricFamily> {
    gather::failed(run, build).into_families(series::CAP)
}

/// Families as they are told. Other rooms pass them on, and look at none.
pub type Families = Vec<MetricFamily>;

/// What the service knows of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceFigures {
    /// When it started.
    pub started_at: Instant,
    /// Next start of each schedule entry, by its name.
    pub next_runs: Vec<(String, Option<Instant>)>,
    /// Whether a run goes on.
    pub run_in_progress: bool,
    /// Starts without a run of their own.
    pub runs_skipped: u64,
    /// Whether the last reload succeeded.
    pub reload_succeeded: bool,
    /// When one succeeded last.
    pub reload_last_success_at: Option<Instant>,
}

/// The figures of the last run, or of this build where there was none, with those of the service.
pub fn with_service(run: Option<Families>, service: &ServiceFigures, build: &BuildInfo) -> Families {
    let mut families = gather::service(service, build).into_families(series::CAP);
    match run {
        Some(mut known) => {
            // The build and the count of what was left out stand in both.
            families.retain(|family| !known.iter().any(|known| known.name() == family.name()));
            known.append(&mut families);
            known
        }
        None => families,
    }
}

/// The families as text, format 0.0.4, without timestamps.
pub fn encode(families: &[MetricFamily]) -> Result<String, MetricsError> {
    let mut bytes = Vec::new();
    TextEncoder::new().encode(families, &mut bytes).map_err(MetricsError::Text)?;
    String::from_utf8(bytes).map_err(|error| MetricsError::Text(prometheus::Error::Msg(error.to_string())))
}
