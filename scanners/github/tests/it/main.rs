//! The scanner of GitHub against a stub of an organisation, and against servers that others wrote.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    clippy::option_option,
    clippy::cast_possible_truncation,
    reason = "a test fails loudly, says what it skipped, and its helpers are called in one way"
)]

mod documents;
mod editions;
mod faults;
mod kit;
mod others;
mod reading;
mod replay;
mod rights;
mod signing;
mod suite;
mod unsure;
