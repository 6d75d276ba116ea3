//! Reads systems that no scanner reaches, from files: the native NDJSON format, and any table with a mapping.

mod csv;
mod settings;
mod time;

pub use settings::{CsvSettings, Encoding, Field, FileSettings, Format, Limits, Settings, SettingsProblem};
