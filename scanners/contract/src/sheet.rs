//! A page of records that are decoded on demand.
//!
//! Of a large export only a small share leads to somebody who left. A reader that keeps the bytes and finds the few
//! fields that say whose a record is (its *head*) spares the rest of the work; the engine asks for the whole record
//! only where it matters. A plain `Vec<Access>` is a sheet too.

use crate::access::{Access, AccessKind, Status};
use crate::cause::Cause;
use crate::holder::{IdentifierKind, Relation};
use crate::ids::ScopeName;

/// What is needed to say whose a record is, and whether it was seen before.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The scope it was read in.
    pub scope: &'a ScopeName,
    /// What sort of access it is.
    pub kind: AccessKind,
    /// Immutable id.
    pub grant_id: &'a str,
    /// The grant's own switch.
    pub status: Status,
    /// Account this hangs from.
    pub parent: Option<&'a str>,
    /// For sessions: client or device class.
    pub client: Option<&'a str>,
    /// How many holders the record names.
    pub holders: usize,
}

/// The identifiers of one holder.
#[derive(Debug, Clone, Copy)]
pub struct HolderHead<'a> {
    /// How they relate to the grant.
    pub relation: Relation,
    /// Number in the roster.
    pub employee_id: Option<&'a str>,
    /// Immutable id in this system.
    pub provider_id: Option<&'a str>,
    /// Login.
    pub login: Option<&'a str>,
    /// Mail address.
    pub email: Option<&'a str>,
    /// Display name: agrees or disagrees, never decides.
    pub name: Option<&'a str>,
    /// Fingerprint of a public key.
    pub ssh_fingerprint: Option<&'a str>,
    /// Immutable id at another system.
    pub external_id: Option<&'a str>,
    /// That other system.
    pub external_system: Option<&'a str>,
    /// Identifiers the system verified itself; see [`crate::Holder::verified`].
    pub verified: Option<&'a [IdentifierKind]>,
}

impl<'a> HolderHead<'a> {
    /// The identifiers of a whole holder.
    pub fn of(holder: &'a crate::Holder) -> Self {
        Self {
            relation: holder.relation,
            employee_id: holder.employee_id.as_deref(),
            provider_id: holder.provider_id.as_deref(),
            login: holder.login.as_deref(),
            email: holder.email.as_deref(),
            name: holder.name.as_deref(),
            ssh_fingerprint: holder.ssh_fingerprint.as_ref().map(crate::KeyFingerprint::as_str),
            external_id: holder.external.as_ref().map(|external| external.id.as_str()),
            external_system: holder.external.as_ref().and_then(|external| external.system.as_deref()),
            verified: holder.verified.as_deref(),
        }
    }
}

/// A page of records. Every record was validated when the sheet was made: what could not be read is a gap, not a
/// record, so that coverage never depends on who left.
pub trait Sheet: Send + Sync {
    /// How many records there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The head of record `index` (below [`Sheet::len`]).
    fn head(&self, index: usize) -> Head<'_>;

    /// Shows each holder of record `index` in order.
    fn visit_holders(&self, index: usize, visit: &mut dyn FnMut(HolderHead<'_>));

    /// The whole record. An error is a defect of the reader, since the record was validated before.
    fn decode(&self, index: usize) -> Result<Access, Cause>;
}

impl Sheet for Vec<Access> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn head(&self, index: usize) -> Head<'_> {
        let access = &self[index];
        Head {
            scope: &access.scope,
            kind: access.kind,
            grant_id: access.grant_id.as_str(),
            status: access.status,
            parent: access.parent.as_ref().map(crate::GrantId::as_str),
            client: access.client.as_deref(),
            holders: access.holders.len(),
        }
    }

    fn visit_holders(&self, index: usize, visit: &mut dyn FnMut(HolderHead<'_>)) {
        for holder in &self[index].holders {
            visit(HolderHead::of(holder));
        }
    }

    fn decode(&self, index: usize) -> Result<Access, Cause> {
        Ok(self[index].clone())
    }
}
