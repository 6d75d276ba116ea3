//! Telling the metrics of a run wherever they are wanted: into the textfile, and to the Pushgateway. Also of a run that
//! failed: what was told before would go on saying that all is well (MET-3).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scan_contract::Instant;

use super::arguments;
use super::failure::{Failure, chain};
use super::outputs;
use super::session::Session;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, MetricsConfig, MetricsDetail, PushgatewayConfig};
use crate::emit;
use crate::hostile;
use crate::metrics::{self, BuildInfo, FailedRun, FailedSystem, MetricsError, Pushgateway, Remembered};
use crate::report::{ExitCode, Flags, Report};
use crate::roster::load::ACCEPTED_BY_OPERATOR;
use crate::store::{Store, StoreError, TicketFigures};

/// Where the metrics of one run go.
struct Ways<'a> {
    session: &'a Session<'a>,
    textfile: Option<&'a Path>,
    gateway: Option<(&'a PushgatewayConfig, &'a Path)>,
    clock: Arc<dyn Clock>,
}

/// Tells of a run that has a report. What does not arrive is told and marks the run as one that could not write.
pub(super) fn of_run(session: &Session<'_>, config: &Config, offline: bool, report: &mut Report, past: &Remembered) {
    let mut ways = Ways::of(session, config);
    if offline && ways.gateway.take().is_some() {
        session.note("metrics are not pushed: --offline refuses every connection");
    }
    let build = outputs::build_info();
    let gather = |report: &Report| metrics::gather_with(report, config.metrics.detail, &build, past);
    let fail = |report: &mut Report| {
        report.run.flags.store_failed = true;
        report.run.exit_code = ExitCode::Store;
    };
    if !ways.write(&gather(report)) {
        fail(report);
    }
    if !ways.push(&gather(report)) {
        fail(report);
        // The file is still ours to correct: it is to say what became of this run.
        ways.write(&gather(report));
    }
}

/// What the metrics tell beyond the run itself.
pub(super) fn remembered(
    store: &dyn Store,
    last_success_at: Option<Instant>,
    config_since: Option<Instant>,
    tickets: Option<Vec<TicketFigures>>,
) -> Result<Remembered, StoreError> {
    let by_word = store.accepted_roster()?.map(|roster| roster.accepted_by == ACCEPTED_BY_OPERATOR);
    Ok(Remembered {
        last_success_at,
        config_since,
        roster_accepted_by_word: by_word,
        drops_accepted: Some(store.drops_accepted()?),
        tickets,
    })
}

/// Since when this configuration holds; `None` where no run has begun with it yet.
pub(super) fn config_since(store: &dyn Store, config: &Config) -> Result<Option<Instant>, StoreError> {
    let known = store.config_since()?;
    Ok(known.filter(|(digest, _)| *digest == config.digest).map(|(_, since)| since))
}

/// What each configured tracker holds, and what waits for it.
pub(super) fn tickets(
    session: &Session<'_>,
    config: &Config,
    store: &dyn Store,
) -> Result<Option<Vec<TicketFigures>>, StoreError> {
    let Some(settings) = &config.tickets else { return Ok(None) };
    let now = session.clock(config).0.now();
    crate::tickets::figures::figures(store, &settings.habits, &settings.routes(), now).map(Some)
}

/// Tells of a run that ended without a report. A run that found the store busy says nothing: another one is going on,
/// and will tell. Nor does a mistake on the command line, which is no run.
pub(super) fn of_failure(session: &Session<'_>, config: &Config, failure: &Failure) {
    if is_silent(failure) {
        return;
    }
    let ways = Ways::of(session, config);
    ways.tell(&failed_with_memory(session, config, ways.clock.now(), failure));
}

/// The figures of a run that ended without a report, for the service; `None` where another run is going on, or nothing
/// was run.
pub(super) fn families_of_failure(
    session: &Session<'_>,
    config: &Config,
    at: Instant,
    failure: &Failure,
) -> Option<metrics::Families> {
    let tells = !is_silent(failure);
    tells.then(|| metrics::gather_failed(&failed_with_memory(session, config, at, failure), &outputs::build_info()))
}

fn failed_with_memory(session: &Session<'_>, config: &Config, at: Instant, failure: &Failure) -> FailedRun {
    let mut failed = failed_run(at, failure);
    failed.systems = config
        .systems
        .iter()
        .map(|system| FailedSystem { id: system.id.clone(), last_success_at: None, last_complete_at: None })
        .collect();
    // A store that failed is not asked again.
    if !matches!(failure, Failure::Store(_)) {
        let told = recall(session, config, &mut failed);
        if let Err(error) = told {
            tracing::debug!(event = "metrics-of-failure", error = %error);
        }
    }
    failed
}

/// Tells of a configuration that could not be read, where the command line says whom to tell.
pub(super) fn without_configuration(session: &Session<'_>, arguments: &arguments::Scan, failure: &Failure) {
    if is_silent(failure) || arguments.dry_run {
        return;
    }
    let told = wanted(arguments, MetricsConfig { textfile: None, pushgateway: None, detail: MetricsDetail::System });
    let metrics = match told {
        Ok(metrics) => metrics,
        Err(failure) => {
            failure.tell(session);
            return;
        }
    };
    let base = PathBuf::from(".");
    let ways = Ways {
        session,
        textfile: metrics.textfile.as_deref(),
        gateway: metrics.pushgateway.as_ref().filter(|_| !arguments.offline).map(|gateway| (gateway, base.as_path())),
        clock: Arc::new(SystemClock::new()),
    };
    ways.tell(&failed_run(ways.clock.now(), failure));
}

/// The flags of the command line over what the configuration says.
pub(super) fn wanted(arguments: &arguments::Scan, mut metrics: MetricsConfig) -> Result<MetricsConfig, Failure> {
    if let Some(path) = &arguments.metrics_file {
        metrics.textfile = Some(outputs::absolute(path)?);
    }
    if let Some(text) = &arguments.push_metrics {
        let connection = match metrics.pushgateway.take() {
            Some(configured) => configured.connection,
            None => scan_transport::Connection { plain_to_loopback: true, ..scan_transport::Connection::default() },
        };
        metrics.pushgateway = Some(PushgatewayConfig { url: address(text)?, connection });
    }
    Ok(metrics)
}

fn address(text: &str) -> Result<url::Url, Failure> {
    let refused = |why: &str| {
        Failure::Usage(format!("--push-metrics: {why}; expected an address such as https://pushgateway.example"))
    };
    let url = url::Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("an address may not hold a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("scheme, host, port and path alone"));
    }
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err(refused("plain text is for a loopback address alone")),
        _ => Err(refused("neither https nor http")),
    }
}

fn is_silent(failure: &Failure) -> bool {
    matches!(failure, Failure::Store(StoreError::Busy { .. }) | Failure::Usage(_))
}

fn failed_run(ended_at: Instant, failure: &Failure) -> FailedRun {
    let exit_code = failure.code();
    let flags = Flags {
        store_failed: exit_code == ExitCode::Store,
        roster_held: exit_code == ExitCode::Roster,
        ..Flags::default()
    };
    FailedRun { ended_at, exit_code, flags, systems: Vec::new(), remembered: Remembered::default(), totals: None }
}

/// What the store still says of earlier runs.
fn recall(session: &Session<'_>, config: &Config, failed: &mut FailedRun) -> Result<(), StoreError> {
    let store = match session.store_read_only(config) {
        Ok(store) => store,
        Err(Failure::Store(error)) => return Err(error),
        Err(_) => return Ok(()),
    };
    let tickets = tickets(session, config, &store)?;
    let since = config_since(&store, config)?;
    failed.remembered = remembered(&store, store.last_success()?, since, tickets)?;
    failed.totals = Some(store.totals()?);
    for system in &mut failed.systems {
        let times = store.system_times(&system.id)?;
        system.last_success_at = times.last_success_at;
        system.last_complete_at = times.last_complete_at;
    }
    Ok(())
}

impl<'a> Ways<'a> {
    fn of(session: &'a Session<'a>, config: &'a Config) -> Self {
        Self {
            session,
            textfile: config.metrics.textfile.as_deref(),
            gateway: config.metrics.pushgateway.as_ref().map(|gateway| (gateway, config.base.as_path())),
            clock: session.clock(config).0,
        }
    }

    fn tell(&self, failed: &FailedRun) {
        let build: BuildInfo = outputs::build_info();
        let families = metrics::gather_failed(failed, &build);
        // Both are tried; that one could not be told is told on standard error, and the run has failed already.
        self.write(&families);
        self.push(&families);
    }

    /// Whether the textfile, where one is wanted, holds these figures now.
    fn write(&self, families: &[metrics::MetricFamily]) -> bool {
        let Some(path) = self.textfile else { return true };
        if let Some(folder) = path.parent()
            && let Err(error) = emit::file::create_folder(folder)
        {
            tracing::warn!(event = "metrics-folder", error = %chain(&error));
        }
        self.succeeded(&metrics::write_textfile(path, families))
    }

    /// Whether the Pushgateway, where one is wanted, took them.
    fn push(&self, families: &[metrics::MetricFamily]) -> bool {
        let Some((gateway, base)) = self.gateway else { return true };
        // The gateway lives now, whatever instant the run was judged at.
        let clock = SystemClock::new();
        if let Err(failure) = super::runtime::descriptors_to_spare() {
            failure.tell(self.session);
            return false;
        }
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                self.session.error(&format!("error: the runtime did not start: {error}"));
                return false;
            }
        };
        let pushed = Pushgateway::open(gateway, base, Arc::new(move || clock.now()))
            .and_then(|gateway| runtime.block_on(gateway.push(families)));
        self.succeeded(&pushed)
    }

    fn succeeded(&self, told: &Result<(), MetricsError>) -> bool {
        if let Err(error) = told {
            self.session.error(&format!("error: {}", hostile::line(&chain(error))));
        }
        told.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::load::ACCEPTED_BY_GATES;
    use crate::store::{AcceptedRoster, MemoryStore, RunChanges};

    #[test]
    fn a_roster_that_an_operator_accepted_is_told_as_one() {
        for (by, told) in [(ACCEPTED_BY_OPERATOR, true), (ACCEPTED_BY_GATES, false)] {
            let now = chrono::DateTime::UNIX_EPOCH;
            let mut store = MemoryStore::new("test");
            store.begin_run("run-1", now, "config").expect("memory");
            let accepted_roster = Some(AcceptedRoster {
                digest: String::from("d1"),
                accepted_at: now,
                accepted_by: by.to_owned(),
                archive: Vec::new(),
                figures: String::from("{}"),
            });
            store.apply("run-1", now, RunChanges { accepted_roster, ..RunChanges::default() }).expect("memory");
            let remembered = remembered(&store, None, None, None).expect("memory");
            assert_eq!(remembered.roster_accepted_by_word, Some(told), "{by}");
        }
    }
}
