//! Invariant 5: the ledger verifies, and tells of every finding what the store holds of it.

use std::collections::BTreeSet;

use holdover::findings::Fingerprint;
use holdover::report::Report;
use holdover::store::{LedgerEvent, Store};

/// Every finding that was ever committed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prints(BTreeSet<Fingerprint>);

impl Prints {
    pub(crate) fn note(&mut self, report: &Report) {
        self.0.extend(report.findings.iter().chain(&report.closed).map(|finding| finding.fingerprint));
    }

    /// Holds the ledger against the findings.
    pub(crate) fn check(&self, store: &dyn Store, wrong: &mut Vec<String>) {
        for print in &self.0 {
            let memory = store.recall(print).expect("nothing is planned here");
            let history = store.history(print).expect("nothing is planned here");
            let told = history.iter().rev().find_map(|line| match &line.event {
                LedgerEvent::State { to, .. } => Some(to.as_str()),
                _ => None,
            });
            let held = memory.as_ref().map(|memory| memory.finding.state.as_str());
            if told != held {
                wrong.push(format!("the ledger says {told:?} of {print}, the store {held:?}"));
            }
        }
    }
}
