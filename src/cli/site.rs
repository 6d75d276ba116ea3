//! What the web page reads: the state directory, for reading only, and the texts of the rules in force.

use std::path::PathBuf;
use std::sync::Arc;

use scan_contract::Instant;

use super::failure::Failure;
use super::outputs;
use crate::clock::Clock;
use crate::config::Config;
use crate::findings::{Finding, Fingerprint};
use crate::page::{Site, Source, SourceError, Yields};
use crate::report::Report;
use crate::rules::RuleSet;
use crate::scanners;
use crate::store::sqlite::{OpenOptions, SqliteStore};
use crate::store::{Store as _, StoreError};

/// The pages of a configuration.
pub(super) fn site(config: &Config, rules: RuleSet, clock: Arc<dyn Clock>) -> Result<Site, Failure> {
    let manifests = scanners::manifests().map_err(|cause| Failure::Output(cause.to_string()))?;
    let mut yields = Yields::new();
    for manifest in manifests {
        for scope in manifest.scopes {
            yields.entry((manifest.connector.clone(), scope.kind)).or_default().extend(scope.yields);
        }
    }
    let kept = Kept { folder: config.state_dir.clone(), allow_network: config.run.allow_network_state, clock };
    Ok(Site::new(Box::new(kept), Box::new(rules), yields))
}

/// A state directory. It is opened for each question, so that a run can write meanwhile and nothing old is shown.
struct Kept {
    folder: PathBuf,
    allow_network: bool,
    clock: Arc<dyn Clock>,
}

impl Kept {
    fn open(&self) -> Result<SqliteStore, SourceError> {
        let options = OpenOptions { allow_network: self.allow_network, now: self.clock.now() };
        SqliteStore::open_glancing(&self.folder, options).map_err(|error| match error {
            StoreError::Missing { .. } => SourceError::NoRunYet,
            other => failed(&other),
        })
    }
}

fn failed(error: &StoreError) -> SourceError {
    SourceError::Failed(super::failure::chain(error))
}

impl Source for Kept {
    fn reports(&self) -> Result<Vec<(String, Instant)>, SourceError> {
        self.open()?.reports().map_err(|error| failed(&error))
    }

    fn report(&self, run: &str) -> Result<Report, SourceError> {
        let packed = self.open()?.report(run).map_err(|error| failed(&error))?;
        outputs::unarchive(&packed)
            .map_err(|_| SourceError::Failed(String::from("the kept report of this run cannot be read back")))
    }

    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<String>, SourceError> {
        let lines = self.open()?.history(fingerprint).map_err(|error| failed(&error))?;
        Ok(lines.iter().map(ToString::to_string).collect())
    }

    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Finding>, SourceError> {
        Ok(self.open()?.recall(fingerprint).map_err(|error| failed(&error))?.map(|memory| memory.finding))
    }
}
