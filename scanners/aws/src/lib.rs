//! Reads an AWS account from the documents that the vendor's own command line writes: account authorization details,
//! credential report, and lists of access keys. No network, no SDK, and no type with a field for a secret.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | [`Settings`]: which account, which documents |
//! | `scopes` | the scopes, and the document each one comes from |
//! | `read` | the documents as typed rows, with what is damaged in them |
//! | `policy` | how far a policy reaches, and whom a trust policy names |
//! | `tell` | what the rows mean: accesses, gaps, proofs. Pure |
//! | `slot` | [`slot_of`]: the earlier id of an access key |
//! | `scanner` | [`Aws`]: the trait |
//!
//! It must never decide that a scope is complete, guess a privilege downwards, or know who left.

#![warn(missing_docs)]

mod arn;
#[doc(hidden)]
pub mod fuzzing;
pub mod live;
mod policy;
mod read;
mod scanner;
mod scopes;
mod settings;
mod slot;
mod tell;
mod text;

pub use scanner::{Aws, manifest};
pub use settings::{AccountId, DocumentPaths, Limits, Settings};
pub use slot::slot_of;
