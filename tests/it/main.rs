//! Integration tests, in one binary.

mod cli;
mod company;
mod damage;
mod hostile;
mod house;
mod life;
mod same_bytes;
mod store_faults;
mod verdicts;
