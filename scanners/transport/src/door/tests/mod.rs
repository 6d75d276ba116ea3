//! The door against servers that misbehave.

mod faults;
mod http2;
mod limits;
mod secrets;
mod sending;
mod tls;
mod writing;
