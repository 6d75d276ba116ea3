//! The fault matrix: what goes wrong, and what the real program then says, keeps, sends and exits with.
//!
//! Each test carries the number of its row; [docs/faults.md](../../../docs/faults.md) is the table. A row can have
//! further tests beside the code it is about. Every test proves that its fault fired.
//!
//! | letter | about | file |
//! |---|---|---|
//! | R | the roster | `roster` |
//! | P | pages and completeness | `pages` |
//! | C | credentials and permissions | `credentials` |
//! | L | limits and outages | `limits` |
//! | X | transport | `transport` |
//! | S | store and process | `process` |
//! | T | outputs | `outputs` |
//! | M | meaning | `meaning` |
//!
//! `wire` is the company that P, C, L and X share.

mod credentials;
mod limits;
mod meaning;
pub(crate) mod outputs;
mod pages;
mod pages_bodies;
mod process;
mod roster;
mod transport;
mod wire;
