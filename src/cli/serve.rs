//! `holdover serve`: gives the service what it needs of this program, and runs it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scan_contract::{Instant, SystemId};
use scan_transport::{SecretRef, Secrets};
use tokio::sync::{mpsc, watch};

use super::arguments::{Global, Scan};
use super::environment::Environment;
use super::failure::{Failure, chain, unquoted};
use super::report::kept;
use super::runtime::descriptors_to_spare;
use super::scan::{Others, Reins, run_configured};
use super::session::{Configured, Session};
use super::{outputs, signals, tell_metrics};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ServeConfig};
use crate::credentials::{Keeper, Password, describe, reveal};
use crate::metrics::{self, Families, Remembered as Past};
use crate::randomness::{Randomness as _, SystemRandomness};
use crate::report::{ExitCode, Report};
use crate::run::Progress;
use crate::serve::door::{Door, Shape};
use crate::serve::host::{Ended, Host, Remembered, Work};
use crate::serve::page_port::Pages;
use crate::serve::runner::Signals;
use crate::serve::schedule::{LastRun, upcoming};
use crate::serve::{self, ServeError, tls};
use crate::store::Store as _;

/// Largest certificate file.
const LARGEST_CERTIFICATE: u64 = 1024 * 1024;
/// Threads of the service itself; each run brings its own.
const THREADS: usize = 2;
/// Time for pages that are being made when the service ends.
const LAST_MOMENT: Duration = Duration::from_millis(500);

pub(super) fn run(session: &Session<'_>) -> Result<u8, Failure> {
    let program = Arc::new(Program::new(session));
    let first = Loaded::new(&program)?;
    let host: Arc<dyn Host> = Arc::clone(&program) as Arc<dyn Host>;
    descriptors_to_spare()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| Failure::Output(format!("the runtime did not start: {error}")))?;
    let ended = runtime.block_on(async move {
        let (told, stop) = watch::channel(false);
        let (ask, reload) = mpsc::channel(1);
        let mut watching = tokio::task::JoinSet::new();
        watching.spawn(signals::watch(told));
        watching.spawn(signals::reloads(ask));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        serve::run(host, Arc::new(first), clock, outputs::build_info(), Signals { stop, reload }).await
    });
    runtime.shutdown_timeout(LAST_MOMENT);
    match ended {
        Ok(()) => Ok(ExitCode::Clean.code()),
        Err(error @ (ServeError::Listen { .. } | ServeError::Ended(_))) => Err(Failure::Output(chain(&error))),
        Err(error @ ServeError::Store(_)) => {
            session.error(&format!("error: {}", crate::hostile::line(&chain(&error))));
            Ok(ExitCode::Store.code())
        }
    }
}

/// The next three starts of every entry, for `config check`.
pub(super) fn next_starts(config: &Config, now: Instant) -> Vec<String> {
    let seed = seed(config);
    let entries = config.serve.iter().flat_map(|settings| &settings.schedule);
    entries
        .map(|entry| {
            let times: Vec<String> = upcoming(entry, &seed, now, 3)
                .into_iter()
                .map(|at| at.with_timezone(&entry.time_zone).format("%Y-%m-%d %H:%M:%S %Z").to_string())
                .collect();
            format!("{}: {}", entry.name, times.join(", "))
        })
        .collect()
}

/// Tells this installation from others: the same expression on a hundred machines must not start a hundred runs at once.
fn seed(config: &Config) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host}\n{}\n{}", config.organisation, config.state_dir.display())
}

/// The program as it was started: flags and environment, once for all.
#[derive(Debug)]
struct Program {
    global: Global,
    environment: Environment,
}

impl Program {
    fn new(session: &Session<'_>) -> Self {
        Self { global: session.global.clone(), environment: session.environment.clone() }
    }

    fn session(&self) -> Session<'_> {
        Session::new(&self.global, &self.environment)
    }
}

/// The host has to be able to hand itself on.
impl Host for Program {
    fn load(&self) -> Result<Arc<dyn Work>, String> {
        let own = Arc::new(Self { global: self.global.clone(), environment: self.environment.clone() });
        match Loaded::new(&own) {
            Ok(loaded) => Ok(Arc::new(loaded)),
            Err(failure) => Err(words(&failure)),
        }
    }

    fn note(&self, line: &str) {
        self.session().note(line);
    }
}

/// A failure in words, without a line of any file: the service tells it to whoever may ask for its readiness.
fn words(failure: &Failure) -> String {
    match failure {
        Failure::Problems(problems) => unquoted(problems).trim_end().to_owned(),
        Failure::Usage(text) | Failure::Roster(text) | Failure::Output(text) => crate::hostile::line(text),
        Failure::Store(error) => crate::hostile::line(&chain(error)),
        Failure::ClosedPipe => String::from("standard output was closed"),
        Failure::Incomplete => String::from("something is missing"),
    }
}

/// One configuration with everything that belongs to it.
struct Loaded {
    program: Arc<Program>,
    /// As it was read, for runs.
    configured: Configured,
    config: Arc<Config>,
    settings: ServeConfig,
    seed: String,
    door: Arc<Door>,
    pages: Arc<dyn Pages>,
}

impl Loaded {
    fn new(program: &Arc<Program>) -> Result<Self, Failure> {
        let session = program.session();
        let mut configured = session.configuration()?;
        let (config, warnings) = (configured.config.clone(), configured.warnings.clone());
        let settings = config.serve.clone().ok_or_else(|| {
            Failure::Usage(format!(
                "{}: there is no section `serve`; the smallest is `serve: {{ schedule: [{{ cron: \"30 2 * * *\" }}] }}`",
                config.file.display()
            ))
        })?;
        // Whatever a run would fail on is found now, and not at night.
        let rules = session.rules(Some(&config))?;
        // It stays in force with this configuration, whatever stands on disk.
        configured.policy = Some(session.policy(&config)?);
        outputs::choose(&session, &config, &Scan::default())?;
        for warning in warnings {
            session.note(&format!("warning: {}", crate::hostile::line(&warning.says)));
        }
        let door = door(&session, &config, &settings)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let pages: Arc<dyn Pages> = Arc::new(super::site::site(&config, rules, clock)?);
        let seed = seed(&config);
        let program = Arc::clone(program);
        Ok(Self { program, configured, config: Arc::new(config), settings, seed, door: Arc::new(door), pages })
    }

    /// Flags of the runs of this configuration: they say nothing on standard output unless a file says so.
    fn quiet(&self) -> Global {
        Global { quiet: true, no_progress: true, ..self.program.global.clone() }
    }

    fn report(&self, session: &Session<'_>) -> Result<Option<(Report, Past)>, Failure> {
        let Some(store) = session.store_if_any(&self.config)? else { return Ok(None) };
        if store.reports()?.is_empty() {
            return Ok(None);
        }
        let tickets = tell_metrics::tickets(session, &self.config, &store)?;
        let since = tell_metrics::config_since(&store, &self.config)?;
        let past = tell_metrics::remembered(&store, store.last_success()?, since, tickets)?;
        Ok(Some((kept(&store, None)?, past)))
    }

    fn families(&self, report: &Report, past: &Past) -> Families {
        metrics::gather_with(report, self.config.metrics.detail, &outputs::build_info(), past)
    }

    /// A run without a report: its figures say so, and withdraw what is not known any more.
    fn failed(&self, session: &Session<'_>, at: Instant, failure: &Failure) -> Ended {
        // What is a mistake of usage on the command line is a run that failed here.
        let told = match failure {
            Failure::Usage(text) => &Failure::Output(text.clone()),
            other => other,
        };
        let families = tell_metrics::families_of_failure(session, &self.config, at, told);
        Ended { exit_code: failure.code().code(), run_id: None, at, failure: Some(words(failure)), families }
    }
}

impl Work for Loaded {
    fn settings(&self) -> &ServeConfig {
        &self.settings
    }

    fn digest(&self) -> &str {
        &self.config.digest
    }

    fn seed(&self) -> &str {
        &self.seed
    }

    fn systems(&self) -> Vec<SystemId> {
        self.config.systems.iter().map(|system| system.id.clone()).collect()
    }

    fn deadline(&self) -> Duration {
        // HR systems are asked one after the other before anything else, each with the deadline of a run.
        let asked = self.config.roster.sources.iter().filter(|source| source.is_live()).count();
        self.config.run.deadline * u32::try_from(asked + 1).unwrap_or(u32::MAX)
    }

    fn door(&self) -> Arc<Door> {
        Arc::clone(&self.door)
    }

    fn pages(&self) -> Arc<dyn Pages> {
        Arc::clone(&self.pages)
    }

    fn scan(&self, systems: &[SystemId], stop: watch::Receiver<bool>, progress: Arc<dyn Progress>) -> Ended {
        let global = self.quiet();
        let session = Session::new(&global, &self.program.environment);
        let systems = systems.iter().map(|id| String::from(id.as_str())).collect();
        let arguments = Scan { systems, ..Scan::default() };
        let reins = Reins { stop: Some(stop), progress, others: Others::AsBefore };
        let ended = run_configured(&session, &arguments, self.configured.clone(), &reins);
        let at = SystemClock::new().now();
        let code = match ended {
            Ok(code) => code,
            Err(failure) => {
                failure.tell(&session);
                return self.failed(&session, at, &failure);
            }
        };
        match self.report(&session) {
            Ok(Some((report, past))) => Ended {
                exit_code: code,
                families: Some(self.families(&report, &past)),
                run_id: Some(report.run.id),
                at,
                failure: None,
            },
            Ok(None) => self.failed(&session, at, &Failure::Output(String::from("the run left no report"))),
            Err(failure) => self.failed(&session, at, &failure),
        }
    }

    fn families_of_death(&self, at: Instant) -> Option<Families> {
        let global = self.quiet();
        let session = Session::new(&global, &self.program.environment);
        let failure = Failure::Output(String::from("the run died"));
        tell_metrics::families_of_failure(&session, &self.config, at, &failure)
    }

    fn check_store(&self) -> Result<(), String> {
        self.program.session().store_if_any(&self.config).map(drop).map_err(|failure| words(&failure))
    }

    fn remembered(&self) -> Result<Option<Remembered>, String> {
        let told = self.report(&self.program.session()).map_err(|failure| words(&failure))?;
        Ok(told.map(|(report, past)| {
            let whole = !report.run.flags.interrupted;
            let last = |at: Instant| LastRun { at, whole: whole || at < report.run.started_at };
            let systems = report.systems.iter().map(|system| (system.id.clone(), last(system.last_attempt_at)));
            Remembered { systems: systems.collect(), families: self.families(&report, &past) }
        }))
    }

    fn watched(&self) -> Vec<PathBuf> {
        let mut files = vec![self.config.file.clone()];
        files.extend(self.config.policy.iter().map(|path| self.config.base.join(path)));
        let mut secret = |reference: &SecretRef| {
            if let SecretRef::File(path) = reference {
                files.push(self.config.base.join(path));
            }
        };
        if let Some(bearer) = &self.settings.bearer {
            secret(bearer);
        }
        if let Some(tls) = &self.settings.tls {
            secret(&tls.key);
            files.push(self.config.base.join(&tls.certificate));
            files.extend(tls.client_ca.iter().map(|path| self.config.base.join(path)));
        }
        files
    }
}

/// Reads certificate and secrets of the service, anew at every reload.
fn door(session: &Session<'_>, config: &Config, settings: &ServeConfig) -> Result<Door, Failure> {
    let environment = session.environment.clone();
    let variables = move |name: &str| environment.secret(name);
    let keeper = Keeper::of(config.base.clone(), Box::new(variables));
    let fetch = |key: &str, reference: &SecretRef| {
        keeper.fetch(reference).map_err(|cause| Failure::Usage(format!("{key}: {cause}")))
    };
    let bearer = match &settings.bearer {
        None => None,
        Some(reference) => {
            let secret = fetch("serve.bearer", reference)?;
            let made = Password::new(&secret, SystemRandomness.key());
            let refused = |says| Failure::Usage(format!("serve.bearer: {} {says}", describe(reference)));
            Some(made.map_err(refused)?)
        }
    };
    let tls = match &settings.tls {
        None => None,
        Some(tls) => {
            let certificate = pem("serve.tls.certificate", &config.base.join(&tls.certificate))?;
            let authority = match &tls.client_ca {
                None => None,
                Some(path) => Some(pem("serve.tls.client_ca", &config.base.join(path))?),
            };
            let key = fetch("serve.tls.key", &tls.key)?;
            let made = reveal(&key, |key| tls::server_config(&certificate, key, authority.as_deref()));
            Some(made.map_err(Failure::Usage)?)
        }
    };
    Ok(Door { shape: Shape::of(settings), names: settings.names.clone(), bearer, tls })
}

fn pem(key: &str, path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let failed = |says: String| Failure::Usage(format!("{key}: {}: {says}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if length > LARGEST_CERTIFICATE {
        return Err(failed(format!("is {length} bytes long; at most {LARGEST_CERTIFICATE} are read")));
    }
    std::fs::read(path).map_err(|error| failed(error.to_string()))
}
