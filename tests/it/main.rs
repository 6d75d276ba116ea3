//! Integration tests, in one binary.

mod company;
mod house;
mod verdicts;
