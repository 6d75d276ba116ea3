//! How a roster is read: sources, mappings, gates.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use scan_contract::Instant;

use crate::config::ProvenFile;

/// File format of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// Comma- or otherwise separated, with a header row.
    Csv,
    /// One JSON record a line.
    Ndjson,
}

/// What the rows of a source testify to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Employment: HR says who works here.
    Employment,
    /// Accounts: a directory says whose access was switched off. It never moves the dates of somebody who stands in a
    /// source of employment, since an account that is still on would make an employee of a leaver.
    Directory,
}

/// A source that is asked over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// What is asked, and how.
    pub source: scan_hr::Source,
    /// Folder of a recording that is read instead.
    pub replay: Option<PathBuf>,
}

/// What a source covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceCoverage {
    /// All people, all stints.
    Full,
    /// Only ended ones.
    Leavers,
    /// Only current ones: absence is presumed to be an end.
    Active,
}

/// Character encoding when no byte-order mark tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16 with a byte-order mark.
    Utf16,
    /// Windows-1252.
    Windows1252,
}

/// What the end date of a source means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndDateMeaning {
    /// The last day employed.
    LastDayIncluded,
    /// The first day no longer employed.
    FirstDayExcluded,
}

/// One source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSettings {
    /// Id.
    pub id: String,
    /// Format.
    pub format: SourceFormat,
    /// File. Of a source over HTTP, the name of what was fetched: its address and its id.
    pub path: PathBuf,
    /// Manifest: `as_of`, `rows`, `sha256`, `coverage`.
    pub manifest: Option<PathBuf>,
    /// What it covers.
    pub coverage: SourceCoverage,
    /// Encoding without a byte-order mark.
    pub encoding: Encoding,
    /// Separator.
    pub delimiter: u8,
    /// Zone for rows without one, from the tz database.
    pub default_time_zone: Option<String>,
    /// What the end date means. No default.
    pub end_date_meaning: EndDateMeaning,
    /// Age from which it is reported (ROS-7).
    pub max_age: Duration,
    /// Rank: 1 wins over 2.
    pub rank: u32,
    /// Canonical column to header text; a column left out has its canonical name.
    pub columns: BTreeMap<String, String>,
    /// Canonical column to (canonical word to the source's words).
    pub values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// strftime pattern for civil dates; ISO 8601 without one.
    pub date_format: Option<String>,
    /// Texts that mean "none".
    pub none_values: Vec<String>,
    /// People who must be active.
    pub sentinels_active: Vec<String>,
    /// People who must have ended.
    pub sentinels_ended: Vec<String>,
    /// What its rows testify to.
    pub authority: Authority,
    /// Whom to ask, where it is no file.
    pub service: Option<Box<Service>>,
}

impl SourceSettings {
    /// Whether it is asked itself, so that the clock cannot be chosen.
    pub fn is_live(&self) -> bool {
        self.service.as_ref().is_some_and(|service| service.replay.is_none())
    }
}

/// An announced common departure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedBatch {
    /// Tag.
    pub batch: String,
    /// How many people.
    pub count: u64,
    /// First day of their ends.
    pub from: chrono::NaiveDate,
    /// Last day of their ends.
    pub until: chrono::NaiveDate,
}

/// When a batch may be spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchDisclosure {
    /// Tag.
    pub batch: String,
    /// From when.
    pub disclosed_at: Instant,
}

/// Everything about the roster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RosterSettings {
    /// Sources.
    pub sources: Vec<SourceSettings>,
    /// Aliases.
    pub aliases: Option<ProvenFile>,
    /// Reviewed links.
    pub links: Option<ProvenFile>,
    /// Announced departures.
    pub expected: Vec<ExpectedBatch>,
    /// Disclosures.
    pub batches: Vec<BatchDisclosure>,
}
