//! What the service is given by the command line: how a configuration is loaded and a scan is done. So it knows neither
//! files nor flags.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scan_contract::{Instant, SystemId};
use tokio::sync::watch;

use super::door::Door;
use super::page_port::Pages;
use super::schedule::LastRun;
use crate::config::ServeConfig;
use crate::metrics::Families;
use crate::run::Progress;

/// Loads configurations and speaks to the operator.
pub trait Host: Send + Sync {
    /// Reads the configuration with everything that belongs to it: policy, rules, certificate, secrets.
    ///
    /// # Errors
    /// Every mistake as text, without a secret.
    fn load(&self) -> Result<Arc<dyn Work>, String>;

    /// Writes a line for the operator.
    fn note(&self, line: &str);
}

/// One configuration that was loaded, and what can be done with it.
pub trait Work: Send + Sync {
    /// The service's settings.
    fn settings(&self) -> &ServeConfig;

    /// Digest of the configuration, lower-case hex.
    fn digest(&self) -> &str;

    /// Tells this installation from others, for the spread of starts.
    fn seed(&self) -> &str;

    /// Configured systems.
    fn systems(&self) -> Vec<SystemId>;

    /// Longest time a run may take.
    fn deadline(&self) -> Duration;

    /// Who may ask, and the certificate that is shown.
    fn door(&self) -> Arc<Door>;

    /// The web page over this configuration.
    fn pages(&self) -> Arc<dyn Pages>;

    /// Reads systems, judges, and writes everything. Blocks until it ended.
    fn scan(&self, systems: &[SystemId], stop: watch::Receiver<bool>, progress: Arc<dyn Progress>) -> Ended;

    /// Whether the store opens.
    ///
    /// # Errors
    /// Why not.
    fn check_store(&self) -> Result<(), String>;

    /// Figures of a run that died without a word: what the last one told is not true any more.
    fn families_of_death(&self, at: Instant) -> Option<Families>;

    /// What the last run left behind.
    ///
    /// # Errors
    /// Why it could not be read.
    fn remembered(&self) -> Result<Option<Remembered>, String>;

    /// Files whose change asks for a reload.
    fn watched(&self) -> Vec<PathBuf>;
}

/// What the last run left behind.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// When each system was last tried, with whether that run came to its own end.
    pub systems: Vec<(SystemId, LastRun)>,
    /// Its figures; `None` where they could not be read.
    pub families: Option<Families>,
    /// What could not be read of it, in one sentence of ours.
    pub trouble: Option<String>,
}

impl Remembered {
    /// The oldest last attempt among some systems; `None` where none of them was ever tried. One that was added since
    /// has missed nothing.
    pub fn last_run(&self, of: &[SystemId]) -> Option<LastRun> {
        let tried = |id: &SystemId| self.systems.iter().find(|(known, _)| known == id).map(|(_, last)| *last);
        let all: Vec<LastRun> = of.iter().filter_map(tried).collect();
        let at = all.iter().map(|last| last.at).min()?;
        Some(LastRun { at, whole: all.iter().all(|last| last.whole) })
    }
}

/// How a scan ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit code, as `holdover scan` would have ended.
    pub exit_code: u8,
    /// Id of the run; `None` where it did not come to one.
    pub run_id: Option<String>,
    /// When it ended.
    pub at: Instant,
    /// Why it failed, in one sentence of ours without persons and secrets.
    pub failure: Option<String>,
    /// Its figures.
    pub families: Option<Families>,
}

impl Ended {
    /// Whether another run held the store.
    pub fn is_busy(&self) -> bool {
        self.exit_code == crate::report::ExitCode::Busy.code()
    }
}
