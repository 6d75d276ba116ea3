//! What can be read completely or not.

use serde::{Deserialize, Serialize};

use crate::holder::Holder;
use crate::ids::ScopeName;

/// The smallest slice of a system that can be read completely or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Name inside the system; with the system id it names the scope everywhere.
    pub name: ScopeName,
    /// The manifest's scope kind, such as `iam.access-keys`.
    pub kind: String,
    /// Set on a follow-up scope: the one holder it is about. The engine, which knows the roster, decides whether
    /// it is read; the scanner does not know who left.
    pub bound_to: Option<Box<Holder>>,
}

impl Scope {
    /// A scope that is always read.
    pub fn new(name: impl Into<ScopeName>, kind: impl Into<String>) -> Self {
        Self { name: name.into(), kind: kind.into(), bound_to: None }
    }
}

/// One walk over one source, which serves one or more scopes: a file that carries several, a listing that tells of
/// several kinds. Reading a source once for all its scopes is what keeps a large export cheap, and one damaged
/// source shows in every scope it serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Name for progress and logs, such as the file's path.
    pub name: String,
    /// The scopes it serves. Never empty.
    pub scopes: Vec<Scope>,
}

impl Pass {
    /// A walk over `name` that serves `scopes`.
    pub fn new(name: impl Into<String>, scopes: Vec<Scope>) -> Self {
        Self { name: name.into(), scopes }
    }
}
