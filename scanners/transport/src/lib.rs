//! The one door to the network. Every request of every scanner, and of every library a scanner uses, leaves here.
//!
//! | module | what it holds |
//! |---|---|
//! | [`allow`] | [`AllowList`], [`Operation`]: what may be sent, which right it needs, what of its answer may be kept |
//! | [`request`] | [`Request`] |
//! | [`reply`] | [`Reply`]: status, headers, whole body, time of the answer; decoding |
//! | [`door`] | [`Door`]: checks, waits, sends, retries, counts |
//! | [`settings`] | [`Settings`]: origins, roots, proxy, limits of time and size, pace |
//! | [`credential`] | [`Credential`]: puts a secret on a request after every wait, and renews it |
//! | [`secret`] | [`Secret`]: text that is never shown |
//! | [`pace`] | [`Pace`]: permits, token bucket, what the service says of its limits, retry budget |
//! | [`dialect`] | [`Dialect`]: how each service says "slow down" |
//! | [`encode`] | names from outside, put into an address |
//! | [`record`] | recordings: written without secrets, replayed without a network |
//! | [`wire`] | what a door stands on in a simulation, in the place of a network |
//!
//! It must never send what is not on the list, follow a redirect, talk to an origin that was not declared, or let a
//! secret into a message.

#![warn(missing_docs)]

mod address;
pub mod allow;
mod client;
pub mod credential;
pub mod dialect;
pub mod door;
pub mod encode;
mod failure;
#[doc(hidden)]
pub mod fuzzing;
mod json;
mod link;
mod origin;
pub mod pace;
pub mod record;
pub mod reply;
pub mod request;
pub mod secret;
pub mod settings;
#[cfg(test)]
mod testing;
pub mod walk;
pub mod wire;
mod xml;

pub use allow::{Action, AllowList, Keep, NeededRight, Operation, Purpose};
pub use credential::Credential;
pub use dialect::{Dialect, Signal, Wait};
pub use door::{Door, WriteFailed};
pub use json::Damaged;
pub use pace::Pace;
pub use reply::Reply;
pub use request::Request;
pub use secret::{Secret, SecretRef, Secrets};
pub use settings::{Connection, Limits, OriginRule, PaceSettings, Proxy, Reach, Settings, TimeLimits};
