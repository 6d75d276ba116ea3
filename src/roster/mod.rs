//! Who is employed from when to when.
//!
//! Reads the sources, turns civil dates into instants, merges sources, and decides by the gates ROS-1 to ROS-15
//! whether this roster may be believed. It never looks at a scanned system, never decides by a status word alone, and
//! never tells of an end that lies ahead.
//!
//! | file | what happens there |
//! |---|---|
//! | [`model`], [`settings`] | people and stints; how a roster is read |
//! | [`load`](mod@load) | the way in: [`load()`] |
//! | `intake`, `encoding`, `read_csv`, `read_ndjson`, `row` | bytes to rows |
//! | `columns`, `mapping`, `mistakes` | rows to typed records, or every mistake with its place |
//! | [`zones`], `stints` | civil dates to instants |
//! | `aliases`, `links`, `claims` | what people are found by |
//! | `people`, `merge` | rows to people, several sources to one |
//! | `sources`, `manifest`, `digest` | all files of a roster, and what proves them whole |
//! | [`fetched`] | what came over HTTP, in the place of a file |
//! | `compare`, `past`, `remember`, `archive` | the accepted roster beside the newest |
//! | `gates`, `figures`, `expected` | whether it may be believed |
//! | [`schema`] | the form of a record, published |
//! | `decide`, `tell`, [`disclosure`] | which one is in force, and what may be told |
//! | [`explain`](mod@explain) | real rows as instants, for whoever sets a source up |

mod aliases;
mod archive;
mod claims;
mod columns;
mod compare;
mod decide;
mod digest;
pub mod disclosure;
mod encoding;
mod expected;
pub mod explain;
pub mod fetched;
mod figures;
mod gates;
mod in_force;
mod intake;
mod links;
pub mod load;
mod manifest;
mod mapping;
mod merge;
mod mistakes;
pub mod model;
mod past;
mod people;
mod read_csv;
mod read_ndjson;
mod remember;
mod row;
pub mod schema;
pub mod settings;
mod sources;
mod stints;
mod tell;
pub mod zones;

#[cfg(test)]
mod tests;

pub use columns::Column;
pub use explain::{Explanation, explain};
pub use gates::matched_share;
pub use in_force::Roster;
pub use links::RawLinks;
pub use load::{LoadInput, Loaded, load};
pub use model::*;
pub use zones::tz_version;

/// JSON Schema of one canonical roster record, as it is published.
pub fn schema() -> &'static str {
    include_str!("record.schema.json")
}

/// JSON Schema of the reviewed links file, as it is published.
pub fn links_schema() -> String {
    crate::yaml::published::<RawLinks>()
}
