//! Reads systems that no scanner reaches, from files: the native NDJSON format, and any table with a mapping.
//!
//! | module | what happens there |
//! |---|---|
//! | `settings` | what a configuration says about an imported system |
//! | `scanner` | the scanner: declares a pass a file, reads it on a blocking thread |
//! | `plan` | which file serves which scope |
//! | `source` | the bytes of a file: decompressed, limited, hashed |
//! | `native` | the native format |
//! | `csv` | tables |
//! | `tally` | what is counted on the way, in bounded memory |
//! | `time`, `fingerprint` | shapes of single values |
//!
//! It never decides whose a record is, and never reads a file past a damage as if nothing had happened: whatever
//! cannot be read is a gap with its place.

mod csv;
mod fingerprint;
mod native;
mod plan;
mod scanner;
mod settings;
mod source;
mod tally;
mod time;

pub use scanner::{Import, manifest};
pub use settings::{CsvSettings, Encoding, Field, FileSettings, Format, Limits, Settings, SettingsProblem};
