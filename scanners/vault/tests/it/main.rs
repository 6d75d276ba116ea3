//! The scanner before a cluster that answers, refuses and fails.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly, and tells what it measured")]

mod absent;
mod contract;
mod drive;
mod faults;
mod finds;
mod house;
mod openbao;
mod refusals;
mod rights;
mod volume;
