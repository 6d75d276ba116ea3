//! The only way from a scanner to the engine.
//!
//! A scanner opens each scope, hands over sheets, names gaps, and seals each scope with the proof that it reached
//! the end. What ends without a seal (error, panic, cancel, forgotten line) is never complete. A seal is necessary,
//! not sufficient: the engine adds its own counts and checks before it calls a scope complete.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::access::Access;
use crate::cause::{Cause, Gap};
use crate::fact::Instant;
use crate::ids::ScopeName;
use crate::scope::Scope;
use crate::sheet::Sheet;

/// Where a walk stands, in the source's own terms: a byte offset, a page token. Never shown, compared for progress.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor(pub String);

/// Where the time of a source comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsOfSource {
    /// The source says it itself.
    Stated,
    /// The configuration says it.
    Configured,
    /// Only the file's time of modification is known.
    FileTime,
}

/// The instant a source describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsOf {
    /// The instant.
    pub at: Instant,
    /// Who says so.
    pub source: AsOfSource,
}

/// How a walk knows that it reached the end (CMP-2, CMP-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// The source closes with an end line that counts.
    EndLine,
    /// A manifest gives rows and digest.
    Manifest,
    /// Two documents of one account name the same principals.
    CrossCheck,
    /// A listing gives size and digest of every file.
    Listing,
    /// The interface says that this was the last page.
    LastPage,
    /// The end of the file was reached, and nothing proves that it is the end of the data. Never complete.
    EndOfFile,
}

/// The proof that a scope was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndProof {
    /// How the walk knows.
    pub kind: ProofKind,
    /// Number of distinct (kind, grant id) that the source announces for this scope, if it does (CMP-4).
    pub announced: Option<u64>,
    /// SHA-256 of the source in lower-case hex, if it was computed.
    pub sha256: Option<String>,
}

/// What goes over the channel. Only the engine reads it.
pub enum Item {
    /// Reading of a scope begins; the instant it describes, where known.
    Open {
        /// The scope.
        scope: ScopeName,
        /// The instant its data describes.
        as_of: Option<AsOf>,
    },
    /// A page of records.
    Sheet {
        /// The records.
        sheet: Box<dyn Sheet>,
        /// Where the walk stands after it.
        cursor: Cursor,
    },
    /// Further scopes were found; they count as declared from now on.
    Scopes(Vec<Scope>),
    /// Something could not be read.
    Gap(Gap),
    /// Text for the run record that is no gap, such as ignored columns.
    Notice(String),
    /// A scope reached its end.
    Seal {
        /// The scope.
        scope: ScopeName,
        /// The proof.
        proof: EndProof,
    },
}

impl std::fmt::Debug for Item {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open { scope, as_of } => {
                formatter.debug_struct("Open").field("scope", scope).field("as_of", as_of).finish()
            }
            Self::Sheet { sheet, cursor } => {
                formatter.debug_struct("Sheet").field("records", &sheet.len()).field("cursor", cursor).finish()
            }
            Self::Scopes(scopes) => formatter.debug_tuple("Scopes").field(scopes).finish(),
            Self::Gap(gap) => formatter.debug_tuple("Gap").field(gap).finish(),
            Self::Notice(text) => formatter.debug_tuple("Notice").field(text).finish(),
            Self::Seal { scope, proof } => {
                formatter.debug_struct("Seal").field("scope", scope).field("proof", proof).finish()
            }
        }
    }
}

/// Proof that a walk came to its own end and gave its outlet back. Cannot be made elsewhere.
#[derive(Debug)]
pub struct Sealed(());

/// Handed to a scanner by value; dropping it ends the walk as failed.
#[derive(Debug)]
pub struct Outlet {
    sender: mpsc::Sender<Item>,
}

/// The same, for readers that run on a blocking thread.
#[derive(Debug)]
pub struct BlockingOutlet {
    sender: mpsc::Sender<Item>,
}

/// An outlet and the end the engine reads from; at most `capacity` items wait (backpressure).
pub fn channel(capacity: usize) -> (Outlet, mpsc::Receiver<Item>) {
    let (sender, receiver) = mpsc::channel(capacity);
    (Outlet { sender }, receiver)
}

fn stopped<T>(_: T) -> Cause {
    Cause::Stopped
}

impl Outlet {
    /// Begins a scope.
    pub async fn open(&self, scope: &ScopeName, as_of: Option<AsOf>) -> Result<(), Cause> {
        self.sender.send(Item::Open { scope: scope.clone(), as_of }).await.map_err(stopped)
    }

    /// Hands over a page of records.
    pub async fn page(&self, records: Vec<Access>, cursor: Cursor) -> Result<(), Cause> {
        self.sheet(Box::new(records), cursor).await
    }

    /// Hands over a sheet.
    pub async fn sheet(&self, sheet: Box<dyn Sheet>, cursor: Cursor) -> Result<(), Cause> {
        self.sender.send(Item::Sheet { sheet, cursor }).await.map_err(stopped)
    }

    /// Declares further scopes.
    pub async fn scopes(&self, found: Vec<Scope>) -> Result<(), Cause> {
        self.sender.send(Item::Scopes(found)).await.map_err(stopped)
    }

    /// Names something that could not be read; the walk goes on with the rest.
    pub async fn gap(&self, gap: Gap) -> Result<(), Cause> {
        self.sender.send(Item::Gap(gap)).await.map_err(stopped)
    }

    /// Says something worth knowing that is no gap.
    pub async fn notice(&self, text: impl Into<String>) -> Result<(), Cause> {
        self.sender.send(Item::Notice(text.into())).await.map_err(stopped)
    }

    /// Seals one scope with its proof.
    pub async fn seal(&self, scope: &ScopeName, proof: EndProof) -> Result<(), Cause> {
        self.sender.send(Item::Seal { scope: scope.clone(), proof }).await.map_err(stopped)
    }

    /// The same outlet for a blocking thread.
    pub fn blocking(self) -> BlockingOutlet {
        BlockingOutlet { sender: self.sender }
    }

    /// Ends the walk. The only way to get a [`Sealed`].
    pub fn finish(self) -> Sealed {
        drop(self.sender);
        Sealed(())
    }
}

impl BlockingOutlet {
    /// See [`Outlet::open`].
    pub fn open(&self, scope: &ScopeName, as_of: Option<AsOf>) -> Result<(), Cause> {
        self.sender.blocking_send(Item::Open { scope: scope.clone(), as_of }).map_err(stopped)
    }

    /// See [`Outlet::page`].
    pub fn page(&self, records: Vec<Access>, cursor: Cursor) -> Result<(), Cause> {
        self.sheet(Box::new(records), cursor)
    }

    /// See [`Outlet::sheet`].
    pub fn sheet(&self, sheet: Box<dyn Sheet>, cursor: Cursor) -> Result<(), Cause> {
        self.sender.blocking_send(Item::Sheet { sheet, cursor }).map_err(stopped)
    }

    /// See [`Outlet::scopes`].
    pub fn scopes(&self, found: Vec<Scope>) -> Result<(), Cause> {
        self.sender.blocking_send(Item::Scopes(found)).map_err(stopped)
    }

    /// See [`Outlet::gap`].
    pub fn gap(&self, gap: Gap) -> Result<(), Cause> {
        self.sender.blocking_send(Item::Gap(gap)).map_err(stopped)
    }

    /// See [`Outlet::notice`].
    pub fn notice(&self, text: impl Into<String>) -> Result<(), Cause> {
        self.sender.blocking_send(Item::Notice(text.into())).map_err(stopped)
    }

    /// See [`Outlet::seal`].
    pub fn seal(&self, scope: &ScopeName, proof: EndProof) -> Result<(), Cause> {
        self.sender.blocking_send(Item::Seal { scope: scope.clone(), proof }).map_err(stopped)
    }

    /// See [`Outlet::finish`].
    pub fn finish(self) -> Sealed {
        drop(self.sender);
        Sealed(())
    }
}
