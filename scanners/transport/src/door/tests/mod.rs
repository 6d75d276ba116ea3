//! The door against servers that misbehave.

mod faults;
mod limits;
mod secrets;
mod sending;
mod tls;
