//! Reads an Okta organisation over its management API: users in every state, what they are assigned to, administrator
//! roles, API tokens, refresh tokens, consents, factors, devices, and the system log as evidence of use.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | [`Settings`]: which organisation, how to sign in |
//! | `allow` | [`ALLOW`]: the one table of what may be sent, with the rights it needs |
//! | `scopes` | the scopes, and the requests each is made of |
//! | `sign_in` | access tokens of a service app, or an API token |
//! | `client`, `refusal` | addresses, pages, and what a refusal means |
//! | `wire`, `words`, `text`, `duration` | what Okta answers, its status words, its texts and times |
//! | `tell` | what an object means as an access. Pure |
//! | `read` | the walks, one file a list |
//! | `look` | second looks by point reads |
//! | `rights` | which rights are there, and the policy to give |
//! | `scanner` | [`Okta`]: the trait |
//!
//! It must never send what is not in the table, ask for a list of client secrets, take silence for an empty list, or know
//! who left.

#![warn(missing_docs)]

mod allow;
mod client;
mod duration;
mod look;
mod read;
mod refusal;
mod rights;
mod scanner;
mod scopes;
mod settings;
mod sign_in;
mod tell;
mod text;
mod wire;
mod words;

pub use allow::ALLOW;
pub use scanner::{Okta, Ways, manifest};
pub use scopes::rights_of;
pub use settings::{Address, LOG_DAYS, Organisation, Settings, SignIn};
