//! Reads an AWS account from the documents that the vendor's own command line writes.

#![warn(missing_docs)]

mod settings;

pub use settings::{AccountId, DocumentPaths, Limits, Settings};
