//! What one page of answers says, before it is handed over.

use std::sync::Arc;

use scan_contract::{
    Access, AsOf, AsOfSource, Cause, Cursor, EndProof, Gap, Instant, Outlet, ProofKind, Scope, ScopeName,
};

use crate::hub::Hub;

/// Records, gaps and follow-ups of one page.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Records.
    pub(crate) records: Vec<Access>,
    /// What could not be read.
    pub(crate) gaps: Vec<Gap>,
    /// Follow-ups.
    pub(crate) offers: Vec<Scope>,
}

impl Told {
    /// A part of a scope that could not be read.
    pub(crate) fn gap(&mut self, scope: &ScopeName, part: impl Into<String>, cause: Cause) {
        self.gaps.push(Gap::part(scope, part, cause));
    }

    /// A word the platform's description does not have.
    pub(crate) fn unknown(&mut self, scope: &ScopeName, field: &str, word: &str, at: &str) {
        let word = crate::text::clean(word, 60);
        let cause = Cause::UnknownWord { field: String::from(field), word, rows: 1, first: String::from(at) };
        self.gaps.push(Gap::part(scope, at, cause));
    }
}

/// One walk: where from, where to.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// What all walks share.
    pub(crate) hub: &'a Arc<Hub>,
    /// The way to the engine.
    pub(crate) outlet: &'a Outlet,
}

impl Work<'_> {
    /// Begins a scope as of an answer.
    pub(crate) async fn open(&self, scope: &ScopeName, at: Instant) -> Result<(), Cause> {
        self.outlet.open(scope, Some(AsOf { at, source: AsOfSource::Stated })).await
    }

    /// Hands a page over: gaps first, so that no record stands without them.
    pub(crate) async fn hand_over(&self, told: Told, cursor: impl Into<String>) -> Result<(), Cause> {
        for gap in told.gaps {
            self.outlet.gap(gap).await?;
        }
        if !told.offers.is_empty() {
            self.outlet.scopes(told.offers).await?;
        }
        if !told.records.is_empty() {
            self.outlet.page(told.records, Cursor(cursor.into())).await?;
        }
        Ok(())
    }

    /// The interface said that this was the last page.
    pub(crate) async fn seal(&self, scope: &ScopeName, announced: Option<u64>) -> Result<(), Cause> {
        self.outlet.seal(scope, EndProof { kind: ProofKind::LastPage, announced, sha256: None }).await
    }

    /// The same, where the service announced a total: another number than came is a gap as well (CMP-4).
    pub(crate) async fn seal_counted(&self, scope: &ScopeName, announced: u64, found: u64) -> Result<(), Cause> {
        if announced != found {
            let cause = Cause::CountDiffers { what: String::from("objects of the list"), announced, found };
            self.outlet.gap(Gap::scope(scope, cause)).await?;
        }
        self.seal(scope, Some(announced)).await
    }

    /// Ends one scope of several: its failure is its own, unless nobody listens any more.
    pub(crate) async fn end(&self, scope: &ScopeName, result: Result<(), Cause>) -> Result<(), Cause> {
        match result {
            Ok(()) => Ok(()),
            Err(Cause::Stopped) => Err(Cause::Stopped),
            Err(cause) => self.outlet.gap(Gap::scope(scope, cause)).await,
        }
    }
}
