//! What every command shares: flags, streams, configuration, rules, policy, store.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scan_contract::{Cause, DiskDocuments, Documents, Instant};
use scan_transport::{Secret, SecretRef, Secrets};

use super::arguments::{Global, When};
use super::environment::Environment;
use super::failure::Failure;
use crate::clock::{Clock, FixedClock, SystemClock};
use crate::config::{self, Config};
use crate::credentials::Keeper;
use crate::emit::Colour;
use crate::exceptions::ExceptionFile;
use crate::policy::Policy;
use crate::problem::Problem;
use crate::rules::RuleSet;
use crate::scanners;
use crate::store::sqlite::{OpenOptions, SqliteStore};
use crate::store::{MemoryStore, Store, StoreError};

/// Largest configuration, policy or exceptions file.
const TEXT_LIMIT: u64 = 8 * 1024 * 1024;

/// One run of the program.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) global: &'a Global,
    pub(super) environment: &'a Environment,
}

/// The configuration with what was said about it.
#[derive(Debug, Clone)]
pub(super) struct Configured {
    pub(super) config: Config,
    pub(super) warnings: Vec<Problem>,
    /// As loaded, for origins.
    pub(super) loaded: config::Loaded,
    /// The policy that goes with it; `None` where the command reads it when it needs it.
    pub(super) policy: Option<Policy>,
}

/// Fetches secrets where it may take its time: a credential command that hangs must not keep the tasks of other systems,
/// nor the one that waits for a signal.
struct Aside(Keeper);

impl Secrets for Aside {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        tokio::task::block_in_place(|| self.0.fetch(reference))
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(global: &'a Global, environment: &'a Environment) -> Self {
        Self { global, environment }
    }

    /// Writes text to standard output.
    #[expect(clippy::unused_self, reason = "the session owns the streams")]
    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        out.flush()?;
        Ok(())
    }

    /// Writes a line to standard error, unless it must be quiet.
    pub(super) fn note(&self, text: &str) {
        if !self.global.quiet {
            self.error(text);
        }
    }

    /// Writes a line to standard error.
    #[expect(clippy::unused_self, reason = "the session owns the streams")]
    pub(super) fn error(&self, text: &str) {
        let written = writeln!(std::io::stderr().lock(), "{text}");
        // Without standard error there is nobody left to tell; the exit code still tells.
        drop(written);
    }

    /// Whether standard output is coloured: flag, NO_COLOR, CLICOLOR_FORCE, terminal.
    pub(super) fn colour(&self) -> Colour {
        let on = match self.global.color {
            When::Always => true,
            When::Never => false,
            When::Auto if self.environment.variable("NO_COLOR").is_some() => false,
            When::Auto if self.environment.variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            When::Auto => self.environment.output_is_terminal,
        };
        if on { Colour::On } else { Colour::Off }
    }

    /// The configuration file in use.
    pub(super) fn config_file(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.global.config {
            return Ok(file.clone());
        }
        let candidates = [PathBuf::from("holdover.yaml"), PathBuf::from("/etc/holdover/holdover.yaml")];
        candidates.iter().find(|file| file.exists()).cloned().ok_or_else(|| {
            Failure::Usage(String::from(
                "no configuration: looked at --config, $HOLDOVER_CONFIG, ./holdover.yaml and /etc/holdover/holdover.yaml. \
                 Try the sample: --config examples/sample-company/holdover.yaml",
            ))
        })
    }

    /// Reads and checks the configuration. Flags of every command are laid over it.
    pub(super) fn configuration(&self) -> Result<Configured, Failure> {
        let file = self.config_file()?;
        let text = read_text(&file)?;
        let lookup = |name: &str| self.environment.reference(name);
        let loaded = config::load_from(&file, &text, &lookup).map_err(Failure::Problems)?;
        let mut config = loaded.config.clone();
        // Relative paths of the file start at its folder, those of a flag where the command was typed.
        config.state_dir = match &self.global.state_dir {
            Some(folder) => {
                std::path::absolute(folder).map_err(|error| Failure::Usage(format!("--state-dir: {error}")))?
            }
            None => config.base.join(&config.state_dir),
        };
        config.metrics.textfile = config.metrics.textfile.map(|path| config.base.join(path));
        if let Some(text) = &self.global.as_of {
            config.run.as_of = Some(instant("--as-of", text)?);
        }
        let systems = config.systems.iter().filter(|system| system.is_live()).map(|system| system.id.as_str());
        let sources = config.roster.sources.iter().filter(|source| source.is_live()).map(|source| source.id.as_str());
        if let (Some(_), Some(live)) = (config.run.as_of, systems.chain(sources).next()) {
            return Err(Failure::Usage(format!(
                "the clock cannot be chosen (--as-of, run.as_of): {live} is read live; replay a recording of it instead"
            )));
        }
        tracing::info!(event = "configuration", file = %file.display(), digest = %config.digest);
        Ok(Configured { config, warnings: loaded.warnings.clone(), loaded, policy: None })
    }

    /// The same with the policy's word on which day governs: what judges people by the roster needs both.
    pub(super) fn configuration_and_policy(&self) -> Result<(Configured, Policy), Failure> {
        let mut configured = self.configuration()?;
        let policy = self.policy(&configured.config)?;
        configured.config = configured.config.with_policy(&policy);
        Ok((configured, policy))
    }

    /// Values that flags or the environment laid over the file.
    pub(super) fn overrides(&self) -> Vec<config::Override> {
        let mut overrides = Vec::new();
        let mut add = |key: &str, flag: &str, value: Option<String>| {
            if let Some(value) = value {
                let origin = config::Origin::Flag { name: String::from(flag) };
                overrides.push(config::Override { key: String::from(key), value, origin });
            }
        };
        add("state_dir", "--state-dir", self.global.state_dir.as_ref().map(|path| path.display().to_string()));
        add("run.as_of", "--as-of", self.global.as_of.clone());
        overrides
    }

    /// Files the operator configured, relative to the configuration.
    #[expect(clippy::unused_self, reason = "documents belong to the session")]
    pub(super) fn documents(&self, config: &Config) -> Arc<dyn Documents> {
        Arc::new(DiskDocuments::operator(&config.base))
    }

    /// What scanners are given beside their settings.
    pub(super) fn ways(&self, config: &Config, record: Option<&Path>, network: scanners::Network) -> scanners::Ways {
        let environment = self.environment.clone();
        let variables = move |name: &str| environment.secret(name);
        let clock = self.clock(config).0;
        scanners::Ways {
            base: config.base.clone(),
            secrets: Arc::new(Aside(Keeper::of(config.base.clone(), Box::new(variables)))),
            now: Arc::new(move || clock.now()),
            record: record.map(Path::to_path_buf),
            network,
            doors: Arc::default(),
        }
    }

    /// The clock, and whether its instant was chosen.
    #[expect(clippy::unused_self, reason = "the clock belongs to the session")]
    pub(super) fn clock(&self, config: &Config) -> (Arc<dyn Clock>, bool) {
        match config.run.as_of {
            Some(instant) => (Arc::new(FixedClock(instant)), true),
            None => (Arc::new(SystemClock::new()), false),
        }
    }

    /// The rules in force.
    pub(super) fn rules(&self, config: Option<&Config>) -> Result<RuleSet, Failure> {
        match config.and_then(|config| config.rules.as_ref().map(|folder| (config, folder))) {
            Some((config, folder)) => RuleSet::from_directory(self.documents(config).as_ref(), folder),
            None => RuleSet::embedded(),
        }
        .map_err(Failure::Problems)
    }

    /// The policy in force.
    #[expect(clippy::unused_self, reason = "the policy belongs to the session")]
    pub(super) fn policy(&self, config: &Config) -> Result<Policy, Failure> {
        let Some(path) = &config.policy else { return Ok(Policy::default_policy()) };
        let file = config.base.join(path);
        Policy::load(&file, &read_text(&file)?).map_err(Failure::Problems)
    }

    /// The exceptions as read; a file that cannot be read suppresses nothing and says so.
    #[expect(clippy::unused_self, reason = "exceptions belong to the session")]
    pub(super) fn exceptions(&self, config: &Config) -> ExceptionFile {
        let Some(path) = &config.exceptions else { return ExceptionFile::none() };
        let file = config.base.join(path);
        match read_text(&file) {
            Ok(text) => ExceptionFile::read(&file, &text),
            Err(Failure::Problems(problems)) => ExceptionFile::unusable(&file, problems),
            Err(other) => ExceptionFile::unusable(&file, vec![Problem::file(&file, format!("{other:?}"))]),
        }
    }

    /// Opens the store for reading.
    pub(super) fn store_read_only(&self, config: &Config) -> Result<SqliteStore, Failure> {
        Ok(SqliteStore::open_read_only(&config.state_dir, self.open_options(config))?)
    }

    /// The same where there may be no store yet: `None` then. One that is missing beside its ledger is a loss, and no
    /// beginning.
    pub(super) fn store_if_any(&self, config: &Config) -> Result<Option<SqliteStore>, Failure> {
        match self.store_read_only(config) {
            Ok(store) => Ok(Some(store)),
            Err(Failure::Store(StoreError::Missing { .. })) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The same as a store that can be asked in any case.
    pub(super) fn store_or_nothing(&self, config: &Config) -> Result<Box<dyn Store>, Failure> {
        Ok(match self.store_if_any(config)? {
            Some(store) => Box::new(store),
            None => Box::new(MemoryStore::new("none")),
        })
    }

    /// Opens the store for writing; another run makes this `busy`.
    pub(super) fn store(&self, config: &Config) -> Result<SqliteStore, Failure> {
        Ok(SqliteStore::open(&config.state_dir, self.open_options(config))?)
    }

    fn open_options(&self, config: &Config) -> OpenOptions {
        let now = self.clock(config).0.now();
        OpenOptions { allow_network: config.run.allow_network_state, now }
    }
}

/// Reads a text file that an operator wrote.
pub(super) fn read_text(file: &Path) -> Result<String, Failure> {
    let problem = |says: String| Failure::Problems(vec![Problem::file(file, says)]);
    let length = std::fs::metadata(file).map_err(|error| problem(format!("cannot be read: {error}")))?.len();
    if length > TEXT_LIMIT {
        return Err(problem(format!("is {length} bytes long; at most {TEXT_LIMIT} are read")));
    }
    let bytes = std::fs::read(file).map_err(|error| problem(format!("cannot be read: {error}")))?;
    String::from_utf8(bytes)
        .map_err(|error| problem(format!("is not UTF-8: byte {} cannot be decoded", error.utf8_error().valid_up_to())))
}

/// Reads an instant from a flag.
pub(super) fn instant(flag: &str, text: &str) -> Result<Instant, Failure> {
    text.parse::<chrono::DateTime<chrono::FixedOffset>>().map(|at| at.to_utc()).map_err(|error| {
        Failure::Usage(format!("{flag} {text}: {error}; expected an instant with zone, such as 2026-08-02T06:00:00Z"))
    })
}
