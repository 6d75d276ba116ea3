//! Integration tests, in one binary.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::format_push_string,
    reason = "a test fails loudly, and starts the program it tests"
)]

mod company;
mod damage;
mod house;
mod life;
mod store_faults;
mod verdicts;
