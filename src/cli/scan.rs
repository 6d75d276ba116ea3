//! `holdover scan`: the main job.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use scan_contract::{Instant, SystemId};
use tokio::sync::watch;

use super::arguments::{self, Format};
use super::failure::Failure;
use super::fetch::{self, Fetching};
use super::outcome::Outcome;
use super::outputs::{self, Output};
use super::progress;
use super::runtime::runtime;
use super::session::{Configured, Session};
use super::tell_metrics;
use crate::config::{Config, OutputFormat};
use crate::findings::Severity;
use crate::inventory::{DiskScratch, MemoryScratch, Scratch};
use crate::problem::Problem;
use crate::randomness::SystemRandomness;
use crate::report::{ExitCode, Notice, NoticeLevel};
use crate::roster::{self, LoadInput, Loaded};
use crate::run::Progress;
use crate::run::carried::Carried;
use crate::run::dry::DryStore;
use crate::run::plan::ConfiguredSystem;
use crate::run::{Engine, RunOutcome};
use crate::store::{Store, StoreError};
use crate::{run, scanners};

/// What holds a run: how it is told to stop, and to whom it tells what it does.
pub(super) struct Reins {
    /// Turns true when it has to stop; `None` where the run itself listens for signals.
    pub(super) stop: Option<watch::Receiver<bool>>,
    /// Receives events.
    pub(super) progress: Arc<dyn Progress>,
    /// What is said about systems that are not read.
    pub(super) others: Others,
}

/// What a run over some systems says about the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// They were not attempted, which is a gap: somebody asked for this run by hand.
    NotAttempted,
    /// They are as the last run knew them: this run is one of several that together read everything.
    AsBefore,
}

pub(super) fn run(session: &Session<'_>, arguments: &arguments::Scan) -> Result<u8, Failure> {
    run_under(
        session,
        arguments,
        &Reins { stop: None, progress: progress::choose(session), others: Others::NotAttempted },
    )
}

/// One run, which may be one of many in this process: everything it opens is closed when it ends.
pub(super) fn run_under(session: &Session<'_>, arguments: &arguments::Scan, reins: &Reins) -> Result<u8, Failure> {
    let configured = session.configuration().and_then(|mut configured| {
        overlay(&mut configured.config, arguments)?;
        Ok(configured)
    });
    match configured {
        Ok(configured) => run_configured(session, arguments, configured, reins),
        Err(failure) => {
            tell_metrics::without_configuration(session, arguments, &failure);
            Err(failure)
        }
    }
}

/// One run with a configuration that was read before: the service goes on with the one in force, whatever stands on disk.
pub(super) fn run_configured(
    session: &Session<'_>,
    arguments: &arguments::Scan,
    mut configured: Configured,
    reins: &Reins,
) -> Result<u8, Failure> {
    let ended = scan(session, arguments, &mut configured, reins);
    if let Err(failure) = &ended
        && !arguments.dry_run
    {
        tell_metrics::of_failure(session, &configured.config, failure);
    }
    ended
}

fn scan(
    session: &Session<'_>,
    arguments: &arguments::Scan,
    configured: &mut Configured,
    reins: &Reins,
) -> Result<u8, Failure> {
    let policy = match configured.policy.take() {
        Some(policy) => policy,
        None => session.policy(&configured.config)?,
    };
    configured.config = configured.config.clone().with_policy(&policy);
    let config = &configured.config;
    let rules = session.rules(Some(config))?;
    let exceptions = session.exceptions(config);
    let outputs = outputs::choose(session, config, arguments)?;
    if arguments.dry_run {
        return dry_run(
            session,
            config,
            arguments,
            &rules,
            &policy,
            &exceptions,
            &outputs,
            &configured.warnings,
            reins,
        );
    }
    let inputs = Inputs { session, config, arguments, rules: &rules, policy: &policy, exceptions: &exceptions, reins };
    inputs.scan(&outputs, &configured.warnings)
}

/// Flags over the configuration.
fn overlay(config: &mut Config, arguments: &arguments::Scan) -> Result<(), Failure> {
    if let Some(word) = &arguments.fail_on {
        config.run.fail_on =
            Severity::parse(word).ok_or_else(|| Failure::Usage(format!("--fail-on {word}: not a severity")))?;
    }
    if let Some(text) = &arguments.deadline {
        config.run.deadline = crate::yaml::forms::duration(text)
            .ok_or_else(|| Failure::Usage(format!("--deadline {text}: expected a duration such as 90s, 15m or 3h")))?;
    }
    config.metrics = tell_metrics::wanted(arguments, config.metrics.clone())?;
    for id in &arguments.systems {
        if !config.systems.iter().any(|system| system.id.as_str() == id) {
            let known = config.systems.iter().map(|system| system.id.as_str());
            let help =
                crate::problem::nearest(id, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(Failure::Usage(format!("--system {id}: no such system in the configuration{help}")));
        }
    }
    Ok(())
}

struct Inputs<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    arguments: &'a arguments::Scan,
    rules: &'a crate::rules::RuleSet,
    policy: &'a crate::policy::Policy,
    exceptions: &'a crate::exceptions::ExceptionFile,
    reins: &'a Reins,
}

impl Inputs<'_> {
    fn scan(&self, outputs: &[Output], warnings: &[Problem]) -> Result<u8, Failure> {
        let mut store = self.session.store(self.config)?;
        let scratch: Arc<dyn Scratch> = Arc::new(DiskScratch::new(&self.config.state_dir));
        let outcome = self.run(&mut store, scratch, warnings)?;
        commit(self.session, self.config, &mut store, outcome, outputs, self.rules, self.arguments)
    }

    fn run(
        &self,
        store: &mut dyn Store,
        scratch: Arc<dyn Scratch>,
        warnings: &[Problem],
    ) -> Result<RunOutcome, Failure> {
        let config = self.config;
        let (clock, as_of_chosen) = self.session.clock(config);
        let documents = self.session.documents(config);
        let network = if self.arguments.offline { scanners::Network::Refused } else { scanners::Network::Allowed };
        let record = self.arguments.record.as_deref().map(outputs::absolute).transpose()?;
        let ways = self.session.ways(config, record.as_deref(), network);
        let (files, told) = fetch::fetched(config, documents.as_ref(), Fetching::Asked(&ways))?;
        let mut loaded = load_roster(config, &files, store, clock.now())?;
        loaded.notices.extend(told);
        if !loaded.problems.is_empty() {
            self.session.error(super::failure::unquoted(&loaded.problems).trim_end());
        }
        let mut notices: Vec<Notice> = warnings.iter().map(warning).collect();
        let known_apps = crate::run::apps::read(config, documents.as_ref(), &mut notices);
        let mut systems = Vec::new();
        for system in &config.systems {
            let scanner =
                scanners::build(system, &ways).map_err(|cause| Failure::Output(format!("{}: {cause}", system.id)))?;
            systems.push(ConfiguredSystem { config: system.clone(), scanner: Arc::from(scanner) });
        }
        let only: Vec<SystemId> = self.arguments.systems.iter().map(|id| SystemId::new(id.as_str())).collect();
        if network == scanners::Network::Allowed {
            super::permissions::refuse_overprivileged(config, &only, &ways)?;
        }
        let carried = self.carried(store, &only, clock.now())?;
        let (own_stop, told) = watch::channel(false);
        let (stop, own_stop) = match &self.reins.stop {
            Some(given) => (given.clone(), None),
            None => (told, Some(own_stop)),
        };
        let engine = Engine {
            config,
            clock,
            randomness: &SystemRandomness,
            scratch,
            store,
            systems,
            only,
            carried,
            rules: self.rules,
            policy: self.policy,
            exceptions: self.exceptions,
            roster: loaded,
            known_apps,
            notices,
            progress: Arc::clone(&self.reins.progress),
            stop,
            exit_zero: self.arguments.exit_zero,
            as_of_chosen,
        };
        let runtime = runtime(config)?;
        let outcome = runtime.block_on(async move {
            let mut signals = tokio::task::JoinSet::new();
            if let Some(own_stop) = own_stop {
                signals.spawn(super::signals::watch(own_stop));
            }
            engine.run().await
        });
        // A reader that hangs on a file must not keep the program (STO-10).
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        let mut outcome = outcome?;
        outcome.report.notices.extend(ways.skews().into_iter().map(|says| Notice {
            id: String::from("clock-skew"),
            level: NoticeLevel::Warning,
            says,
        }));
        ways.finish_recordings().map_err(|cause| Failure::Output(format!("--record: {cause}")))?;
        Ok(outcome)
    }
}

impl Inputs<'_> {
    /// What the last run knew of the systems that this one does not read.
    fn carried(&self, store: &dyn Store, only: &[SystemId], now: Instant) -> Result<Carried, Failure> {
        if only.is_empty() || self.reins.others == Others::NotAttempted {
            return Ok(Carried::default());
        }
        let reports = store.reports()?;
        let Some((last, _)) = reports.first() else { return Ok(Carried::default()) };
        let report = outputs::unarchive(&store.report(last)?)?;
        Ok(Carried::of(report, only, &self.config.systems, now))
    }
}

fn warning(problem: &Problem) -> Notice {
    let place = problem.place.map_or_else(String::new, |place| format!(":{}:{}", place.line, place.column));
    // The name alone: how the file was addressed must not change a byte of an output.
    let file = problem.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let says = format!("{file}{place}: {}", problem.says);
    Notice { id: String::from("configuration"), level: NoticeLevel::Warning, says }
}

/// Loads the roster beside what the store remembers of the last accepted one.
pub(super) fn load_roster(
    config: &Config,
    documents: &dyn scan_contract::Documents,
    store: &dyn Store,
    now: scan_contract::Instant,
) -> Result<Loaded, Failure> {
    let previous = store.accepted_roster()?;
    let week_ago = store.roster_figures_at(now - chrono::TimeDelta::days(7))?;
    let failed: std::cell::RefCell<Option<StoreError>> = std::cell::RefCell::new(None);
    let released = |digest: &str| match store.roster_released(digest) {
        Ok(released) => released,
        Err(error) => {
            failed.borrow_mut().get_or_insert(error);
            None
        }
    };
    let loaded = roster::load(&LoadInput {
        settings: &config.roster,
        documents,
        now,
        end_basis: config.end_basis,
        leave_policy: config.leave_policy,
        previous: previous.as_ref(),
        week_ago_figures: week_ago.as_deref(),
        released: &released,
        matched_share: None,
    });
    match failed.into_inner() {
        Some(error) => Err(error.into()),
        None => Ok(loaded),
    }
}

/// Commits the run, writes outputs and metrics, and ends it. A run that cannot write claims nothing.
fn commit(
    session: &Session<'_>,
    config: &Config,
    store: &mut dyn Store,
    outcome: RunOutcome,
    outputs: &[Output],
    rules: &crate::rules::RuleSet,
    arguments: &arguments::Scan,
) -> Result<u8, Failure> {
    let RunOutcome { mut report, changes, config_since } = outcome;
    let last_success_at = store.last_success()?;
    // Before this run's own wishes: what is told to wait is what the last sync has left.
    let tickets = tell_metrics::tickets(session, config, store)?;
    store.apply(&report.run.id, report.run.ended_at, changes)?;
    report.run.written = outputs::planned(outputs, config);
    let writer = outputs::Writer::new(session, config, rules)?;
    let facts = report.run.clone();
    let (packed, failed, closed_pipe) = write_and_pack(session, &writer, outputs, &report, rules);
    report.run.flags.store_failed |= failed || closed_pipe;
    report.run.exit_code = run::picture::exit_code(&report.run.flags, arguments.exit_zero);
    let past = tell_metrics::remembered(store, last_success_at, Some(config_since), tickets)?;
    let files = Outcome::new(session, config, outputs, &writer, &past, arguments.offline);
    files.tell(&mut report);
    // What went wrong while the outputs were written belongs into the kept report too.
    let archive = if report.run == facts { packed } else { outputs::archive(&report, rules) };
    let kept = archive.and_then(|archive| Ok(store.end_run(&report.run, &archive, config.run.keep_reports)?));
    if let Err(failure) = kept {
        files.correct(&mut report);
        return Err(failure);
    }
    // The table ends with the summary; once is enough.
    let told = outputs.iter().any(Output::tells_the_summary);
    let quiet = session.global.quiet && report.run.exit_code == ExitCode::Clean;
    if !quiet && !told && !closed_pipe {
        session.error(writer.summary(&report).trim_end());
    }
    Ok(report.run.exit_code.code())
}

/// Writes every output, and packs the report for the store beside it. Gives the packed report, whether an output
/// failed, and whether the reader of standard output went away.
fn write_and_pack(
    session: &Session<'_>,
    writer: &outputs::Writer<'_>,
    outputs: &[Output],
    report: &crate::report::Report,
    rules: &crate::rules::RuleSet,
) -> (Result<Vec<u8>, Failure>, bool, bool) {
    std::thread::scope(|scope| {
        let packing = scope.spawn(|| outputs::archive(report, rules));
        let (mut failed, mut closed_pipe) = (false, false);
        for output in outputs {
            match writer.write(output, report) {
                Ok(()) => {}
                Err(Failure::ClosedPipe) => closed_pipe = true,
                Err(failure) => {
                    failure.tell(session);
                    failed = true;
                }
            }
        }
        let packed = packing.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked));
        (packed, failed, closed_pipe)
    })
}

/// Reads and judges, and writes nothing anywhere but standard output.
#[expect(clippy::too_many_arguments, reason = "the inputs of a run, once")]
fn dry_run(
    session: &Session<'_>,
    config: &Config,
    arguments: &arguments::Scan,
    rules: &crate::rules::RuleSet,
    policy: &crate::policy::Policy,
    exceptions: &crate::exceptions::ExceptionFile,
    outputs: &[Output],
    warnings: &[Problem],
    reins: &Reins,
) -> Result<u8, Failure> {
    let mut store = DryStore::new(session.store_or_nothing(config)?);
    let inputs = Inputs { session, config, arguments, rules, policy, exceptions, reins };
    let RunOutcome { report, changes, .. } = inputs.run(&mut store, Arc::new(MemoryScratch), warnings)?;
    let writer = outputs::Writer::unkept(session, config, rules);
    let on_terminal = outputs.iter().find(|output| output.path == Path::new("-"));
    let shown = on_terminal.cloned().unwrap_or(Output::standard(OutputFormat::Table));
    writer.write(&shown, &report)?;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for memory in &changes.memories {
        *counts.entry(memory.finding.change.as_str()).or_default() += 1;
    }
    session.error(writer.summary(&report).trim_end());
    let counted: Vec<String> = counts.iter().map(|(change, count)| format!("{count} {change}")).collect();
    let counted = if counted.is_empty() { String::from("none") } else { counted.join(", ") };
    session.error(&format!("dry run: nothing was written. Findings that would change: {counted}"));
    for output in outputs.iter().filter(|output| output.path != Path::new("-")) {
        session.error(&format!("dry run: would write {}", output.path.display()));
    }
    Ok(report.run.exit_code.code())
}

/// The word of a flag as a format.
pub(super) fn format(format: Format) -> OutputFormat {
    match format {
        Format::Table => OutputFormat::Table,
        Format::Json => OutputFormat::Json,
        Format::Ndjson => OutputFormat::Ndjson,
        Format::Ocsf => OutputFormat::Ocsf,
        Format::Sarif => OutputFormat::Sarif,
        Format::Csv => OutputFormat::Csv,
        Format::Markdown => OutputFormat::Markdown,
        Format::Html => OutputFormat::Html,
    }
}
