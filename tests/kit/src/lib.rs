//! What tests are made of: a small truth about a company, files that are written from it, and the verdicts that follow
//! from it.
//!
//! - [`world`]: people, systems, grants, planted gaps; [`world::World::expected`] derives what a scan has to say.
//! - [`write`](mod@write): the same truth as roster tables, exports, cloud documents, host trees, configuration.
//! - [`sample`]: the seeded generator of the sample company in `examples/`.
//! - [`bulk`]: millions of records for measurements.
//! - [`memory`]: documents in memory that can be cut, denied or lost, and count that it happened.
//! - [`fault`]: a HTTP service that answers rightly from a stub, and wrongly where a script says so.
//! - [`stub`]: such services, one folder a system.
//! - [`canary`]: secrets that are planted, and looked for where none may be.
//! - [`chaos`]: a line that is slow, thin, cut, or swallows everything.
//! - [`suite`]: the contract suite that every live scanner passes before it ships.
//! - [`golden`]: comparing with files that are part of the tree.
//!
//! The kit knows the contract of scanners and nothing else of the program: an oracle that used the code under test
//! would agree with its mistakes.

pub mod bulk;
pub mod canary;
pub mod chaos;
pub mod fault;
pub mod golden;
pub mod memory;
pub mod random;
pub mod sample;
pub mod stub;
pub mod suite;
pub mod world;
pub mod write;
