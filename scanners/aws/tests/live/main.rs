//! The live scanner, against stubs that speak AWS and against a third party's emulator.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test fails loudly")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test has no other clock, and takes addresses of servers from the environment"
)]

mod absent;
mod cost;
mod faults;
mod house;
mod kit;
mod moto;
mod people;
mod sign_in;
mod suite;
mod world;
