//! What is asked for one user who matters. Each kind is a scope of its own, so that a right that is missing is a gap
//! of exactly what it serves.

pub(crate) mod certificates;
pub(crate) mod keys;
pub(crate) mod mfa;
pub(crate) mod ssh;

use chrono::TimeDelta;
use scan_contract::{Access, AsOf, AsOfSource, Cause, Cursor, EndProof, Gap, Instant, Outlet, ProofKind, ScopeName};

use crate::live::clients::Account;
use crate::live::failure::Failure;

/// IAM needs minutes until a change shows everywhere: a slot of the report that was changed since may hold something that a
/// list does not show yet.
pub(crate) const SHOWS_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// What one follow-up gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) records: Vec<Access>,
    pub(crate) gaps: Vec<(Option<String>, Cause)>,
    /// Whether its list was read to the end.
    pub(crate) ended: bool,
    /// What instant it describes, where that is not now.
    pub(crate) as_of: Option<Instant>,
}

impl Outcome {
    /// Read to the end, and nothing there.
    pub(crate) fn empty() -> Self {
        Self { ended: true, ..Self::default() }
    }

    /// Not read.
    pub(crate) fn failed(cause: Cause) -> Self {
        Self { gaps: vec![(None, cause)], ..Self::default() }
    }

    /// Begins with how the walk over a list ended. A user who no longer exists has nothing, which is an answer.
    pub(crate) fn of_walk(broken: Option<Failure>) -> Self {
        match broken {
            None => Self::empty(),
            Some(failure) if failure.is_gone() => Self::empty(),
            Some(failure) => Self::failed(failure.cause),
        }
    }

    /// Names a part that could not be read.
    pub(crate) fn gap(&mut self, part: impl Into<String>, cause: Cause) {
        self.gaps.push((Some(part.into()), cause));
    }

    /// Hands everything over: records, gaps, and the seal last.
    pub(crate) async fn hand_over(self, scope: &ScopeName, account: &Account, outlet: &Outlet) -> Result<(), Cause> {
        let as_of = AsOf { at: self.as_of.unwrap_or_else(|| account.door.now()), source: AsOfSource::Stated };
        outlet.open(scope, Some(as_of)).await?;
        if !self.records.is_empty() {
            outlet.page(self.records, Cursor(scope.as_str().to_owned())).await?;
        }
        for (part, cause) in self.gaps {
            outlet.gap(Gap { scope: Some(scope.clone()), part, cause }).await?;
        }
        if self.ended {
            outlet.seal(scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await?;
        }
        Ok(())
    }
}

/// One user of one account, and the scope to fill.
pub(crate) struct About<'a> {
    pub(crate) account: &'a Account,
    pub(crate) user: &'a str,
    pub(crate) known: &'a crate::live::index::Known,
    pub(crate) scope: &'a ScopeName,
}
