//! Log lines on standard error: one event is one line, UTC, with fixed keys.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::arguments::{Global, LogFormat};

/// Our own crates: all of them begin with one of these words.
const OWN: [&str; 2] = ["holdover", "scan_"];

/// Starts logging as the flags ask. Libraries are capped at `info` whatever is asked for: what they would say below
/// that can hold what must not be logged (SEC-5).
pub(super) fn start(global: &Global) {
    let own = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let others = own.min(LevelFilter::INFO);
    let targets = Targets::new().with_default(others).with_targets(OWN.map(|target| (target, own)));
    let registry = tracing_subscriber::registry().with(targets);
    let started = match global.log_format {
        LogFormat::Text => registry
            .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false))
            .try_init(),
        LogFormat::Json => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr)
                    .with_target(false),
            )
            .try_init(),
    };
    // A second start in one process (tests) keeps the first subscriber, which is just as good.
    drop(started);
}
