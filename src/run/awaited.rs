//! Scopes that must be there, and of which the source says nothing: one that was read completely before, and one that
//! an operator knows to hold an object. Left out without a word, they would look like nothing to report (COV-1).

use std::collections::BTreeSet;

use scan_contract::{Cause, Scope, ScopeName, SystemId};

use super::drive::Reading;
use crate::report::{Notice, NoticeLevel};
use crate::store::{KnownScope, Store, StoreError};

/// Id of what is said of scopes that left with a change of the configuration.
const NOTICE: &str = "scope-left";

/// Scopes that were awaited in a run.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// Read before under the same configuration, and named by no source now: not known, until an operator accepts it.
    pub(super) gone: BTreeSet<(SystemId, ScopeName)>,
    /// Read before under another configuration: not awaited any more.
    pub(super) forgotten: Vec<(SystemId, ScopeName)>,
    /// What is said of the latter.
    pub(super) notices: Vec<Notice>,
}

impl Awaited {
    /// Adds what is missing to the scopes of a system whose walk came to its own end.
    pub(super) fn add(&mut self, reading: &mut Reading, store: &dyn Store) -> Result<(), StoreError> {
        if !reading.ran_to_end {
            return Ok(());
        }
        add_known_object(reading);
        if !reading.config.connector.scopes_come_from_source() {
            return Ok(());
        }
        let Some(configuration) = reading.config.written.clone() else { return Ok(()) };
        // A question about one person is asked as long as that person matters, and then no more.
        let is_follow_up =
            |name: &ScopeName| reading.manifest.scopes.iter().any(|kind| kind.is_follow_up(name.as_str()));
        let mut missing = store.known_scopes(&reading.config.id)?;
        missing.retain(|known| !reading.intake.scopes.contains_key(&known.name) && !is_follow_up(&known.name));
        for known in missing {
            if known.configuration == configuration {
                self.miss(reading, known);
            } else {
                self.forget(&reading.config.id, known);
            }
        }
        Ok(())
    }

    fn miss(&mut self, reading: &mut Reading, known: KnownScope) {
        let system = &reading.config.id;
        let what = format!(
            "it was read until {} and no source names it now; where it is gone for good: holdover coverage accept {system}/{} RUN",
            known.read_at.format("%Y-%m-%dT%H:%M:%SZ"),
            known.name
        );
        self.gone.insert((system.clone(), known.name.clone()));
        reading.intake.add_missing(Scope::new(known.name, known.kind), Cause::NotInSource { what });
    }

    fn forget(&mut self, system: &SystemId, known: KnownScope) {
        let says = format!(
            "{system}: no source names the scope {} any more, which was read until {}; the configuration of {system} was changed since, so that it is not awaited again",
            known.name,
            known.read_at.format("%Y-%m-%dT%H:%M:%SZ"),
        );
        self.notices.push(Notice { id: String::from(NOTICE), level: NoticeLevel::Warning, says });
        self.forgotten.push((system.clone(), known.name));
    }
}

/// Adds the scope in which an operator knows an object, where the walk met none of that name.
fn add_known_object(reading: &mut Reading) {
    let Some(known) = &reading.config.known_object else { return };
    if reading.intake.scopes.contains_key(&known.scope) {
        return;
    }
    let what = format!("no scope is called {}, and known_object is to be seen there", known.scope);
    let scope = Scope::new(known.scope.clone(), known.scope.as_str());
    reading.intake.add_missing(scope, Cause::NotInSource { what });
}
