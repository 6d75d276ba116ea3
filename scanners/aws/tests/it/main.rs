//! The scanner as the engine uses it: documents in memory, everything it hands over looked at.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod cuts;
mod damage;
mod documents;
mod house;
mod kinds;
mod kit;
