//! Integration tests, in one binary.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::naive_bytecount,
    clippy::type_complexity,
    clippy::print_stdout,
    reason = "a test fails loudly, and starts the program it tests"
)]

mod canaries;
mod cli;
mod company;
mod credentials;
mod damage;
mod dashboards;
mod faults;
mod hostile;
mod house;
mod life;
mod live;
mod metrics;
mod roster_http;
mod same_bytes;
mod sample;
mod serve;
mod soak;
mod store_faults;
mod tickets;
mod trackers;
mod verdicts;
