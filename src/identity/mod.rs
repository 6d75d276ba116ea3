//! Whose an access is, with evidence.
//!
//! A match needs one immutable identifier or two agreeing attributes (IDN-1); a name never decides; two people for one
//! identifier make an ambiguity, never a guess. Pure: no files, no clock, no store.
//!
//! | file | what it holds |
//! |---|---|
//! | [`keys`] | keyed 64-bit hashes of identifiers |
//! | [`domains`] | mail domains that mean the same, plus-addresses |
//! | [`index`] | the roster's claims, compact, for millions of probes |
//! | [`graph`] | what the systems themselves taught us: accounts, keys, external ids |
//! | `gather`, `weigh` | everything that points to people, and what it comes to |
//! | [`resolve`] | the full judgement of one access, with evidence |

pub mod domains;
mod evidence;
mod gather;
pub mod graph;
pub mod index;
pub mod keys;
pub mod resolve;
mod weigh;

pub use domains::Domains;
pub use graph::{Graph, Node};
pub use index::{ClaimFacts, Index, Probe};
pub use keys::Keys;
pub use resolve::{AccessMatch, Ambiguity, PersonMatch, Resolver};
