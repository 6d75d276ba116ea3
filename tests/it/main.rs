//! Integration tests, in one binary.

mod house;
