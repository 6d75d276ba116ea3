//! The trait every scanner implements.

use async_trait::async_trait;

use crate::access::AccessKind;
use crate::cause::Cause;
use crate::ids::{GrantId, ScopeName};
use crate::manifest::Manifest;
use crate::outlet::{Outlet, Sealed};
use crate::rights::{CredentialFacts, Effort, Rights};
use crate::scope::Pass;

/// Who the credential or the source says we are looking at (CMP-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What the configuration declares: account id, tenant, system id.
    pub declared: String,
    /// What the other side says.
    pub found: String,
}

/// One access, by name, for a second look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRef {
    /// The scope it was read in.
    pub scope: ScopeName,
    /// What sort of access it is.
    pub kind: AccessKind,
    /// Immutable id.
    pub grant_id: GrantId,
}

/// What a second look showed (FND-2, FND-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Still there and in force.
    Present,
    /// There, but switched off.
    Disabled,
    /// The system says explicitly that it does not exist.
    Gone,
    /// The look itself failed.
    CannotTell(Cause),
    /// This scanner offers no second look.
    NotOffered,
}

/// Reads one configured system, read-only.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// Scope kinds, permissions, end proofs, lags, and what can never be seen. Pure data.
    fn manifest(&self) -> &Manifest;

    /// Who the other side says it is; the engine compares and fails every scope on a difference.
    async fn identify(&self) -> Result<Identity, Cause>;

    /// Every scope this configuration declares, grouped by the walk that serves it. Called before anything is read;
    /// the engine writes all of them down as not attempted first. May look at a file's header, never at its records.
    async fn declare(&self) -> Result<Vec<Pass>, Cause>;

    /// Walks one source to its end. Errors concern every scope of the pass that is not sealed yet.
    ///
    /// While it reads a list, a scanner may offer follow-up scopes ([`Outlet::scopes`] with [`Scope::bound_to`] set):
    /// what costs calls of its own for one holder. It does not know who left; the engine does. Once all lists of all
    /// systems are read, the engine calls `read` again with passes of those follow-ups that matter, and also of
    /// follow-ups that earlier runs found something in. A scanner therefore reads a follow-up by its name alone; a
    /// holder that is gone by then is a scope that is read to its end and empty.
    ///
    /// [`Scope::bound_to`]: crate::scope::Scope::bound_to
    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause>;

    /// A second look at one access.
    async fn look(&self, access: &AccessRef) -> Result<Look, Cause> {
        let _ = access;
        Ok(Look::NotOffered)
    }

    /// Tries each right the configuration needs with the smallest call, and asks for rights beyond need. `None`: there
    /// is no credential, as for files.
    async fn check_rights(&self) -> Result<Option<Rights>, Cause> {
        Ok(None)
    }

    /// The smallest policy that this configuration needs, as the text an operator gives to the system. `None`: nothing
    /// has to be granted there.
    fn policy(&self) -> Option<String> {
        None
    }

    /// What reading cost so far. `None`: nothing that could be counted, as for files.
    fn effort(&self) -> Option<Effort> {
        None
    }

    /// What was learned of the own credential while reading. Asked before [`Scanner::close`]; sends nothing.
    fn credential(&self) -> CredentialFacts {
        CredentialFacts::default()
    }

    /// Called once after the last read: gives a short-lived credential back. A failure is told, and changes no scope.
    async fn close(&self) -> Result<(), Cause> {
        Ok(())
    }
}
