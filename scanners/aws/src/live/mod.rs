//! Reads AWS itself, through the one door.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | [`Settings`]: which account or organisation, which sign-in, what is read beyond IAM |
//! | `allow` | [`ALLOW`]: every request that may be sent |
//! | `connector` | the door, as the vendor's libraries want a client to be |
//! | `sign_in` | credentials: got, kept, renewed |
//! | `promise` | what a good answer must hold |
//! | `clients` | the vendor's clients of one account |
//! | `ask` | waits, calls, repeats; `failure`: what a failed call means |
//! | `bulk` | the sweep of one account: a handful of calls, whatever the number of its users |
//! | `follow` | what is asked for one user who matters; `crowd`: many of them side by side |
//! | `organisation` | the accounts of an organisation, read side by side |
//! | `center` | IAM Identity Center |
//! | `pairs` | EC2 key pairs; `signed`, `xml`: the one request of our own |
//! | `events` | CloudTrail, as evidence of use |
//! | `rights`, `policy_text` | what the credential may do, and the smallest policy it needs |
//! | `scanner` | [`AwsLive`]: the trait |
//!
//! What comes back is told by the same code that tells the documents (`crate::tell`).

mod allow;
mod ask;
mod bulk;
mod center;
mod clients;
mod connector;
mod crowd;
mod events;
mod failure;
mod follow;
mod index;
mod organisation;
mod pairs;
mod policy_text;
mod promise;
mod rights;
mod scanner;
mod scopes;
mod settings;
mod sign_in;
mod signed;
mod xml;

pub use allow::ALLOW;
pub use scanner::{AwsLive, Ways, manifest};
pub use settings::{Assume, CloudTrail, IdentityCenter, LeftOut, Organisation, Partition, Settings, SignIn};
