//! What tests are made of: a small truth about a company, files that are written from it, and the verdicts that follow
//! from it.
//!
//! - [`world`]: people, systems, grants, planted gaps; [`world::World::expected`] derives what a scan has to say.
//! - [`write`](mod@write): the same truth as roster tables, exports, cloud documents, host trees, configuration.
//! - [`sample`]: the seeded generator of the sample company in `examples/`.
//! - [`bulk`]: millions of records for measurements.
//! - [`memory`]: documents in memory that can be cut, denied or lost, and count that it happened.
//! - [`golden`]: comparing with files that are part of the tree.
//!
//! The kit knows the contract of scanners and nothing else of the program: an oracle that used the code under test
//! would agree with its mistakes.

pub mod bulk;
pub mod golden;
pub mod memory;
pub mod random;
pub mod sample;
pub mod world;
pub mod write;
