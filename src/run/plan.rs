//! Scopes declared and written down before anything is read (COV-1).

use std::collections::BTreeMap;
use std::sync::Arc;

use scan_contract::{Cause, Instant, Pass, Scanner, Scope, ScopeName};

use super::coverage::ScopeRecord;
use super::drive::{self, Shared};
use super::intake::excluded;
use crate::config::{Exclusion, SystemConfig};
use crate::report::{Notice, NoticeLevel};

/// A configured system with the scanner that reads it.
#[derive(Clone)]
pub struct ConfiguredSystem {
    /// Its configuration.
    pub config: SystemConfig,
    /// Its scanner.
    pub scanner: Arc<dyn Scanner>,
}

impl std::fmt::Debug for ConfiguredSystem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ConfiguredSystem").field("id", &self.config.id).finish_non_exhaustive()
    }
}

/// What is going to be read of one system.
#[derive(Debug)]
pub struct SystemPlan {
    /// The system.
    pub system: ConfiguredSystem,
    /// Walks, in order.
    pub passes: Vec<Pass>,
    /// Every declared scope.
    pub scopes: BTreeMap<ScopeName, ScopeRecord>,
    /// Why the scopes could not even be declared.
    pub failure: Option<Cause>,
    /// Exclusions in force.
    pub exclusions: Vec<Exclusion>,
    /// Things to say.
    pub notices: Vec<Notice>,
}

/// Name of the scope that stands for all where a system could not declare any.
const ALL_SCOPES: &str = "(scopes)";

/// Declares one system.
pub async fn plan(system: ConfiguredSystem, now: Instant, shared: &Shared) -> SystemPlan {
    let scratch = &shared.scratch;
    let declared = drive::declare(Arc::clone(&system.scanner), shared).await;
    let mut notices = Vec::new();
    let (passes, failure) = match declared {
        Ok(passes) if passes.iter().all(|pass| pass.scopes.is_empty()) => {
            (Vec::new(), Some(Cause::Bug { what: String::from("the scanner declared no scope") }))
        }
        Ok(passes) => (passes, None),
        Err(cause) => (Vec::new(), Some(cause)),
    };
    let mut scopes = BTreeMap::new();
    let exclusions = in_force(&system.config.exclude, now, system.config.id.as_str(), &mut notices);
    let exclusions: Vec<Exclusion> = exclusions.into_iter().cloned().collect();
    for scope in passes.iter().flat_map(|pass| &pass.scopes) {
        let exclusion = excluded(&exclusions, &scope.name).cloned();
        scopes
            .entry(scope.name.clone())
            .or_insert_with(|| ScopeRecord::declared(scope.clone(), exclusion, Arc::clone(scratch)));
    }
    if let Some(cause) = &failure {
        let mut record = ScopeRecord::declared(Scope::new(ALL_SCOPES, ALL_SCOPES), None, Arc::clone(scratch));
        record.gap(None, cause.clone());
        scopes.insert(ScopeName::new(ALL_SCOPES), record);
    }
    SystemPlan { system, passes, scopes, failure, exclusions, notices }
}

fn in_force<'a>(all: &'a [Exclusion], now: Instant, system: &str, notices: &mut Vec<Notice>) -> Vec<&'a Exclusion> {
    let today = now.date_naive();
    let (current, ended): (Vec<&Exclusion>, Vec<&Exclusion>) =
        all.iter().partition(|exclusion| exclusion.until >= today);
    for exclusion in ended {
        let says = format!(
            "{system}: the exclusion of {} ended on {}; the scope is read again",
            exclusion.scope, exclusion.until
        );
        notices.push(Notice { id: String::from("exclusion-ended"), level: NoticeLevel::Warning, says });
    }
    current
}
