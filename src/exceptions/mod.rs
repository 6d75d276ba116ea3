//! Approved exceptions: who may keep what until when.
//!
//! The file is data of record, kept in version control; nothing here edits it. Reading it never fails a run: what
//! cannot be parsed suppresses nothing and says so, an entry that fails a check is invalid alone. Only an entry that
//! passes every check, at an instant inside its window, suppresses a finding, and never one that was used after the
//! end. An exception never lowers a severity and never hides a finding: what it suppresses stays listed.
//!
//! The room asks nobody for the time, and knows people only through [`People`].

mod cover;
mod facts;
mod judge;
pub mod limits;
pub mod model;
mod raw;
mod read;
mod template;
#[cfg(test)]
mod tests;

pub use facts::Usage;
pub use judge::{Exceptions, Judged, Surroundings};
pub use model::*;
pub use read::ExceptionFile;
pub use template::NewException;

/// JSON Schema of the exceptions file, as it is published.
pub fn schema() -> String {
    crate::yaml::published::<raw::RawFile>()
}
