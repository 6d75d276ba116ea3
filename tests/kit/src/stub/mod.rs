//! Services that answer from a small truth, in the dialect of the system they stand for. One folder a system.
//!
//! How a stub is written:
//! - It holds a truth in the words of the system (users, keys, teams), behind a lock, and nothing canned: every answer is
//!   rendered from it. Methods change the truth during a test (`revoke`, `suspend`, `rename`).
//! - The truth is filled from one [`crate::world::World`] where a test judges verdicts (people, stints, grants), or from a
//!   small list where it tests reading. What a test expects is derived from the same truth, by code that has never seen an
//!   answer.
//! - It is right about authentication, permissions, paging, default filters and error shapes of its system, each with the
//!   vendor's page named beside it. What is wrong on purpose belongs into the script ([`crate::fault::Damage`]).
//! - Rights can be taken from its credential one at a time, and it then refuses in the system's own words.

pub mod aws;
pub mod github;
pub mod hr;
pub mod okta;
pub mod tracker;
pub mod vault;
