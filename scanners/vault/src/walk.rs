//! One scope while it is read.

use scan_contract::{Access, AsOf, AsOfSource, Cause, Cursor, EndProof, Gap, Instant, Outlet, ProofKind, ScopeName};

/// Records a page.
const PAGE: usize = 500;

/// Hands pages over, counts, and seals.
pub(crate) struct Walk<'a> {
    outlet: &'a Outlet,
    name: ScopeName,
    pending: Vec<Access>,
    pages: u64,
    told: u64,
}

impl<'a> Walk<'a> {
    /// Begins a scope that is read now.
    pub(crate) async fn begin(outlet: &'a Outlet, name: ScopeName, now: Instant) -> Result<Self, Cause> {
        outlet.open(&name, Some(AsOf { at: now, source: AsOfSource::Stated })).await?;
        Ok(Self { outlet, name, pending: Vec::new(), pages: 0, told: 0 })
    }

    /// The scope's name.
    pub(crate) fn name(&self) -> &ScopeName {
        &self.name
    }

    /// Where it goes.
    pub(crate) fn outlet(&self) -> &'a Outlet {
        self.outlet
    }

    /// How many records were handed over or wait.
    pub(crate) fn told(&self) -> u64 {
        self.told
    }

    /// One record.
    pub(crate) async fn record(&mut self, access: Access) -> Result<(), Cause> {
        self.pending.push(access);
        self.told += 1;
        if self.pending.len() >= PAGE { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Cause> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.pages += 1;
        let cursor = Cursor(format!("{}/{}", self.name, self.pages));
        self.outlet.page(std::mem::take(&mut self.pending), cursor).await
    }

    /// A part that could not be read; the rest goes on. `Stopped` ends the walk instead.
    pub(crate) async fn part(&self, part: impl Into<String>, cause: Cause) -> Result<(), Cause> {
        if cause == Cause::Stopped {
            return Err(cause);
        }
        self.outlet.gap(Gap::part(&self.name, part, cause)).await
    }

    /// Something that concerns the whole scope; it may still be sealed for what was read.
    pub(crate) async fn whole(&self, cause: Cause) -> Result<(), Cause> {
        if cause == Cause::Stopped {
            return Err(cause);
        }
        self.outlet.gap(Gap::scope(&self.name, cause)).await
    }

    /// Worth knowing, and no gap.
    pub(crate) async fn notice(&self, text: impl Into<String>) -> Result<(), Cause> {
        self.outlet.notice(text).await
    }

    /// The server counted `warnings` entries that it left out of a list.
    pub(crate) async fn warned(&self, part: &str, warnings: usize) -> Result<(), Cause> {
        if warnings == 0 {
            return Ok(());
        }
        let what = format!("the server warned {warnings} times that entries are missing from the list");
        self.part(part, Cause::NotProven { what }).await
    }

    /// The end was reached.
    pub(crate) async fn seal(mut self) -> Result<(), Cause> {
        self.flush().await?;
        let proof = EndProof { kind: ProofKind::LastPage, announced: Some(self.told), sha256: None };
        self.outlet.seal(&self.name, proof).await
    }

    /// It could not be read; what was read stays.
    pub(crate) async fn fail(mut self, cause: Cause) -> Result<(), Cause> {
        self.flush().await?;
        self.whole(cause).await
    }
}

/// A scope that is not read, for a reason.
pub(crate) async fn refuse(outlet: &Outlet, name: &ScopeName, cause: Cause) -> Result<(), Cause> {
    if cause == Cause::Stopped {
        return Err(cause);
    }
    outlet.gap(Gap::scope(name, cause)).await
}
