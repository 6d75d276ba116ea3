//! HashiCorp Vault and OpenBao: who can sign in, which tokens live, and which secrets somebody who left could read and
//! nobody rotated since.
//!
//! | file | what it holds |
//! |---|---|
//! | [`settings`] | [`Settings`]: what a configuration says |
//! | [`allow`](mod@allow) | [`ALLOW`]: what may be sent; rights, policy and README come from it |
//! | [`credential`] | signing in, keeping the token, giving it back |
//! | [`client`], [`target`] | questions, and what answers mean |
//! | [`wire`] | what answers hold; no field for a secret |
//! | [`acl`] | policies: parsed, and asked what they allow |
//! | [`place`] | what was learned of one namespace in this run |
//! | [`read`] | one file a scope kind |
//! | [`rights`] | what the credential may do, and the smallest policy |
//! | [`scanner`] | [`Vault`] |
//!
//! It never asks for a value of a secret, and never for anything that makes one.

mod acl;
mod allow;
mod client;
mod credential;
mod facts;
mod mount;
mod names;
mod people;
mod place;
mod read;
mod rights;
mod scanner;
mod scopes;
mod settings;
mod target;
mod walk;
mod wire;
mod work;

pub use allow::ALLOW;
pub use mount::Engine;
pub use rights::generic_policy;
pub use scanner::{Vault, Ways, manifest};
pub use settings::{Caps, Cluster, ListedMount, Namespaces, Settings, SignIn, Switch};
