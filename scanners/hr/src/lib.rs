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
mod leak;
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

use scan_contract::{Cause, Right, RightState, Rights};

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

/// Whether the credential of a source has what it needs, by asking it for everybody once.
pub async fn check_rights(source: &Source, ways: &Ways) -> Rights {
    let state = match fetch(source, ways).await {
        Ok(_) => RightState::Have,
        Err(Cause::Denied { permission: says } | Cause::Unauthenticated { detail: says }) => {
            RightState::Missing { says }
        }
        Err(cause) => RightState::CannotTell(cause),
    };
    let serves = || vec![String::from("roster")];
    let needed = needed_rights(source).into_iter().map(|name| Right { name, serves: serves(), state: state.clone() });
    Rights {
        credential: source.shown(),
        needed: needed.collect(),
        excess: Vec::new(),
        excess_not_told: String::from(
            "HR systems do not say what else a credential may do; give it nothing but sight of people",
        ),
    }
}

/// The rights that a source needs, in the words of its system.
pub fn needed_rights(source: &Source) -> Vec<String> {
    let rights: Vec<String> = source.allow().rights().into_iter().map(|right| String::from(right.name)).collect();
    if rights.is_empty() { vec![String::from("to list all people, former ones too")] } else { rights }
}

/// What a source may be granted at least, for whoever grants it: requests and rights.
pub fn policy(source: &Source) -> String {
    let mut text = String::new();
    for operation in source.allow().operations {
        text.push_str(operation.name);
        text.push('\n');
        for right in operation.rights {
            text.push_str("  needs ");
            text.push_str(right);
            text.push('\n');
        }
    }
    text
}
