//! The scanner as the engine uses it, against a stub of Okta that keeps state, checks signatures and rights, and fails the
//! test on a request outside the list.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails loudly, and says what it measured"
)]

mod bench;
mod denied;
mod house;
mod keys;
mod kinds;
mod pages;
mod people;
mod replay;
mod rights;
mod servers;
mod sign_in;
mod suite;
mod unsure;
mod world;
