//! What a scanner promises and what it hands over.
//!
//! A scanner knows this crate and nothing else of ours. It cannot know who left, which rule exists or what a
//! ticket is; it says what it saw, and what it could not see.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | newtypes for every identifier |
//! | [`access`] | [`Access`]: one way in, as seen |
//! | [`fact`] | [`Fact`]: known, none, or hidden; [`Moment`]: an instant with its precision |
//! | [`holder`] | [`Holder`]: the system's own words for who an access leads to |
//! | [`scope`] | [`Scope`], [`Pass`]: what can be read completely or not |
//! | [`cause`] | [`Cause`], [`Gap`]: why something could not be read |
//! | [`sheet`] | [`Sheet`]: a page of records, decoded on demand |
//! | [`outlet`] | [`Outlet`]: the only way from a scanner to the engine; [`Sealed`] |
//! | [`manifest`] | [`Manifest`]: what a connector reads, needs, and can never see |
//! | [`documents`] | [`Documents`]: the one door to files |
//! | [`quotes`] | [`Quotes`]: whether the quotes of a table hold together |
//! | [`rights`] | [`Rights`]: what a credential may do; [`Effort`]: what reading cost |
//! | [`scanner`] | [`Scanner`]: the trait |

#![warn(missing_docs)]

pub mod access;
pub mod cause;
pub mod documents;
pub mod fact;
pub mod holder;
pub mod ids;
pub mod manifest;
pub mod outlet;
pub mod quotes;
pub mod rights;
pub mod scanner;
pub mod scope;
pub mod sheet;

pub use access::{Access, AccessKind, Privilege, SeatCost, Status, Subtype};
pub use cause::{Cause, Gap, Mend, ScopeState};
pub use documents::{DiskDocuments, Document, Documents, Entry, EntryKind, Origin};
pub use fact::{Fact, Instant, Moment, YEARS, is_in_calendar};
pub use holder::{ExternalIdentity, Holder, IdentifierKind, Relation};
pub use ids::{GrantId, KeyFingerprint, ScopeName, SystemId};
pub use manifest::{ImpossibleCell, Manifest, ScopeKind};
pub use outlet::{AsOf, AsOfSource, BlockingOutlet, Cursor, EndProof, Item, Outlet, ProofKind, Sealed, channel};
pub use quotes::{Quotes, Torn};
pub use rights::{CredentialFacts, Effort, Right, RightState, Rights};
pub use scanner::{AccessRef, Identity, Look, Scanner};
pub use scope::{Pass, Scope};
pub use sheet::{Head, HolderHead, Sheet};
