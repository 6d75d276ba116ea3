//! Integration tests, in one binary.

mod company;
mod damage;
mod house;
mod life;
mod store_faults;
mod verdicts;
