//! One scope while it is read: opened at the first answer, sealed only if nothing stopped the walk.

use scan_contract::{Access, AsOf, Cause, Cursor, EndProof, Gap, Outlet, ProofKind, ScopeName};

use crate::words::UnknownWords;

/// One scope on its way.
pub(crate) struct Lane<'a> {
    outlet: &'a Outlet,
    pub(crate) name: ScopeName,
    pub(crate) words: UnknownWords,
    opened: bool,
    failed: bool,
}

impl<'a> Lane<'a> {
    /// A scope of which nothing is known yet.
    pub(crate) fn new(outlet: &'a Outlet, name: impl Into<ScopeName>) -> Self {
        Self { outlet, name: name.into(), words: UnknownWords::default(), opened: false, failed: false }
    }

    /// The first answer came.
    pub(crate) async fn open(&mut self, as_of: AsOf) -> Result<(), Cause> {
        if self.opened {
            return Ok(());
        }
        self.opened = true;
        self.outlet.open(&self.name, Some(as_of)).await
    }

    /// Hands over records and what could not be read beside them.
    pub(crate) async fn page(&self, records: Vec<Access>, gaps: Vec<Gap>, cursor: Cursor) -> Result<(), Cause> {
        for gap in gaps {
            self.outlet.gap(gap).await?;
        }
        if records.is_empty() {
            return Ok(());
        }
        self.outlet.page(records, cursor).await
    }

    /// A part could not be read; the walk goes on.
    pub(crate) async fn part(&self, part: impl Into<String>, cause: Cause) -> Result<(), Cause> {
        self.outlet.gap(Gap::part(&self.name, part, cause)).await
    }

    /// Parts that were refused before they told anything. Where it was every part and for one reason, the scope was.
    pub(crate) async fn parts(&mut self, of: usize, refused: Vec<Refused>) -> Result<(), Cause> {
        let first = refused.first().map(|refused| refused.cause.clone());
        match first {
            Some(cause) if refused.len() == of && refused.iter().all(|refused| refused.cause == cause) => {
                self.fail(cause).await
            }
            Some(_) | None => {
                for Refused { part, cause } in refused {
                    self.part(part, cause).await?;
                }
                Ok(())
            }
        }
    }

    /// The walk ended before its end.
    pub(crate) async fn fail(&mut self, cause: Cause) -> Result<(), Cause> {
        self.failed = true;
        self.outlet.gap(Gap::scope(&self.name, cause)).await
    }

    /// A part that was refused before it told anything.
    pub(crate) fn refused(self, part: String, cause: Cause) -> Part {
        Part { words: self.words, refused: Some(Refused { part, cause }) }
    }

    /// A part that told something.
    pub(crate) fn into_part(self) -> Part {
        Part { words: self.words, refused: None }
    }

    /// The walk is over: gaps first, so that a seal never stands without them.
    pub(crate) async fn end(self) -> Result<(), Cause> {
        for gap in self.words.into_gaps(&self.name) {
            self.outlet.gap(gap).await?;
        }
        if self.failed {
            return Ok(());
        }
        let proof = EndProof { kind: ProofKind::LastPage, announced: None, sha256: None };
        self.outlet.seal(&self.name, proof).await
    }
}

/// A part that was refused as a whole.
pub(crate) struct Refused {
    pub(crate) part: String,
    pub(crate) cause: Cause,
}

/// What one part of a scope came to.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) words: UnknownWords,
    pub(crate) refused: Option<Refused>,
}

/// The instant from which something that is read in many parts speaks: before the first of them is asked for.
pub(crate) fn now(reader: &super::Reader) -> AsOf {
    AsOf { at: reader.client.door().now(), source: scan_contract::AsOfSource::Stated }
}
