//! The live scanner, against stubs that speak AWS and against a third party's emulator.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test fails loudly")]

mod kit;
mod moto;
