//! Rosters out of HR systems, over HTTP: who is employed from when to when, as canonical records.
//!
//! | module | what it holds |
//! |---|---|
//! | [`source`] | [`Source`], [`System`]: what is asked, and how |
//! | [`bamboohr`], [`workday`], [`hibob`], [`personio`], [`rippling`], [`okta`], [`entra`], [`http_json`] | one system each: its requests, its fields, its words, its traps |
//! | [`column`] | [`Column`]: the columns of a roster |
//! | [`walk`] | [`Ways`]; requests one after the other, to the interface's own end |
//! | [`fetched`] | [`Fetched`]: the records and what proves them whole |
//! | `mapping`, `pick`, `page`, `table`, `dates`, `words` | from answers to records |
//! | `credential` | who signs |
//!
//! It decides nothing: whether a roster may be believed is asked of the gates that judge files. It gives a whole roster
//! or none; a page that failed, a total that was not reached, or a list without a single leaver is a cause, never a
//! shorter roster. What a record does not say is left open and never guessed.

#![warn(missing_docs)]

pub mod bamboohr;
pub mod column;
mod credential;
mod dates;
pub mod entra;
pub mod fetched;
pub mod hibob;
pub mod http_json;
mod mapping;
pub mod okta;
mod page;
pub mod personio;
mod pick;
pub mod rippling;
pub mod source;
mod table;
pub mod walk;
pub mod words;
pub mod workday;

use scan_contract::Cause;

pub use column::Column;
pub use fetched::Fetched;
pub use pick::Pointer;
pub use source::{Client, ClientProof, Dates, Leavers, Source, System, usual_pace};
pub use walk::Ways;

/// Asks a source for everybody.
///
/// # Errors
/// Whatever kept it from giving a whole roster. The cause names what was asked, the status and the service's request id,
/// and neither a secret nor a person.
pub async fn fetch(source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    match &source.system {
        System::BambooHr(system) => bamboohr::fetch(system, source, ways).await,
        System::Workday(system) => workday::fetch(system, source, ways).await,
        System::HiBob(system) => hibob::fetch(system, source, ways).await,
        System::Personio(system) => personio::fetch(system, source, ways).await,
        System::Rippling(system) => rippling::fetch(system, source, ways).await,
        System::Okta(system) => okta::fetch(system, source, ways).await,
        System::Entra(system) => entra::fetch(system, source, ways).await,
        System::HttpJson(system) => http_json::fetch(system, source, ways).await,
    }
}
