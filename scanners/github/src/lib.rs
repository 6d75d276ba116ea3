//! Reads a GitHub organisation through the one door: github.com and GitHub Enterprise Server, by an App or a token.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | [`Settings`]: which organisation, where, how we sign in |
//! | `allow` | [`ALLOW`]: the requests that may be sent, and the right each needs |
//! | `queries` | the GraphQL documents |
//! | `scopes` | the scopes, and the walk that serves each |
//! | `service`, `client` | octocrab over the door; addresses and refusals |
//! | `list`, `graph` | REST lists and GraphQL answers, read to their proven end |
//! | `sign_in`, `granted`, `check` | credentials, and what they may do |
//! | `read` | one file a kind of thing |
//! | `scanner` | [`GitHub`]: the trait |
//!
//! It must never read null as "no", call a scope complete that a refusal left holes in, or know who left.

#![warn(missing_docs)]

mod allow;
mod check;
mod client;
mod granted;
mod graph;
mod hub;
mod list;
pub mod queries;
mod read;
mod scanner;
mod scopes;
mod service;
mod settings;
mod sign_in;
mod text;
mod together;
mod told;

pub use allow::{ALLOW, ALLOW_SERVER};
pub use scanner::{GitHub, POLICY, Ways, manifest};
pub use settings::{
    API_VERSION, BUDGET_SHARE, EVIDENCE_DAYS, Edition, Organisation, PAGE_SIZE, REPOSITORY_REQUESTS, Settings, SignIn,
};
