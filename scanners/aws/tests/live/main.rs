//! The live scanner, against stubs that speak AWS and against a third party's emulator.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test fails loudly")]

mod cost;
mod faults;
mod house;
mod kit;
mod moto;
mod people;
mod sign_in;
mod world;
