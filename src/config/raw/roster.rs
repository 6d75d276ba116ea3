//! What the file says about the roster.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::roster::{Column, LeavePolicy};
use crate::yaml::forms::{WrittenDate, WrittenDuration, WrittenInstant};

use super::connection::{RawConnection, RawSecret};
use super::file::RawProvenFile;
use super::service::{RawHttpJson, RawReport};

/// Who is employed from when to when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawRoster {
    /// Files and HR systems that list people.
    #[schemars(length(min = 1))]
    pub(in crate::config) sources: Vec<RawSource>,
    /// CSV file of earlier addresses, logins and ids.
    pub(in crate::config) aliases: Option<RawProvenFile>,
    /// YAML file of reviewed links: this grant is this person's.
    pub(in crate::config) links: Option<RawProvenFile>,
    /// Whether access stays while somebody is on leave. Default: `keep_access`.
    pub(in crate::config) leave_policy: Option<LeavePolicy>,
    /// Announced common departures. They do not count as an unusual number of leavers.
    #[serde(default)]
    pub(in crate::config) expected: Vec<RawExpected>,
    /// When a common departure may be spoken of.
    #[serde(default)]
    pub(in crate::config) batches: Vec<RawBatch>,
}

/// A file or an HR system that lists people.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSource {
    /// Id.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9-]{0,31}$"),
        extend("x-expected" = "an id of small letters, digits and hyphens, at most 32")
    )]
    pub(in crate::config) id: String,
    /// Format of the file, or the HR system that is asked.
    pub(in crate::config) format: RawSourceFormat,
    /// The file (`csv`, `ndjson`).
    #[schemars(length(min = 1))]
    pub(in crate::config) path: Option<String>,
    /// JSON file beside it with `as_of`, `rows`, `sha256` and `coverage`. Without it the age is that of the file.
    #[schemars(length(min = 1))]
    pub(in crate::config) manifest: Option<String>,
    /// What it covers.
    pub(in crate::config) coverage: RawCoverage,
    /// Encoding of a file without a byte-order mark. Default: `utf-8`.
    pub(in crate::config) encoding: Option<RawEncoding>,
    /// Character between cells. Default: `,`.
    #[schemars(
        regex(pattern = "^[\\x20-\\x21\\x23-\\x7E\\t]$"),
        extend("x-expected" = "one ASCII character that is no quote")
    )]
    pub(in crate::config) delimiter: Option<String>,
    /// Time zone of rows without one, by its name in the tz database. Ends in a default zone are known as an interval.
    pub(in crate::config) default_time_zone: Option<String>,
    /// What an end date means. There is no default: `holdover roster validate --explain` shows what comes out.
    pub(in crate::config) end_date_meaning: RawEndDateMeaning,
    /// Age from which it is reported. Default: `26h`.
    pub(in crate::config) max_age: Option<WrittenDuration>,
    /// Which source wins where two differ: 1 before 2. Default: the order of the list.
    #[schemars(range(min = 1))]
    pub(in crate::config) rank: Option<u32>,
    /// Canonical column to the header of the file; a column that is left out has its canonical name. Of a source over HTTP,
    /// to the field that fills it in the system's own words; a column that is left out has the usual field.
    #[serde(default)]
    #[schemars(transform = source_columns)]
    pub(in crate::config) columns: BTreeMap<String, String>,
    /// Canonical column to its words, each with the words of the file that mean it.
    #[serde(default)]
    #[schemars(transform = column_names)]
    pub(in crate::config) values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Pattern of dates (strftime), such as `%d.%m.%Y`. Default: ISO 8601.
    #[schemars(length(min = 1))]
    pub(in crate::config) date_format: Option<String>,
    /// Texts that mean that there is none, besides an empty cell.
    #[serde(default)]
    pub(in crate::config) none_values: Vec<String>,
    /// People by whom a wrong file is recognised.
    pub(in crate::config) sentinels: Option<RawSentinels>,
    /// What its rows testify to. Default: `employment`, and `directory` for `okta` and `entra`.
    pub(in crate::config) authority: Option<RawAuthority>,
    /// Address of the system, where it is not the usual one. Of `workday` and `okta` there is no usual one.
    #[schemars(length(min = 1))]
    pub(in crate::config) base_url: Option<String>,
    /// Company: its name in the address (`bamboohr`), or its number, which every record is checked against (`hibob`).
    #[schemars(length(min = 1))]
    pub(in crate::config) company: Option<String>,
    /// Tenant (`workday`, `entra`).
    #[schemars(length(min = 1))]
    pub(in crate::config) tenant: Option<String>,
    /// The report (`workday`).
    pub(in crate::config) report: Option<RawReport>,
    /// User: the integration system user (`workday`), the id of the service user (`hibob`).
    #[schemars(length(min = 1))]
    pub(in crate::config) user: Option<String>,
    /// Password of the user (`workday`).
    pub(in crate::config) password: Option<RawSecret>,
    /// API key (`bamboohr`).
    pub(in crate::config) api_key: Option<RawSecret>,
    /// Token: of the service user (`hibob`), API token (`rippling`, `okta`).
    pub(in crate::config) token: Option<RawSecret>,
    /// Client id (`personio`, `entra`).
    #[schemars(length(min = 1))]
    pub(in crate::config) client_id: Option<String>,
    /// Client secret (`personio`, `entra`).
    pub(in crate::config) client_secret: Option<RawSecret>,
    /// Signed statement in the place of a client secret, renewed by something else (`entra`).
    pub(in crate::config) client_assertion: Option<RawSecret>,
    /// Address that gives tokens (`entra`). Default: `https://login.microsoftonline.com`.
    #[schemars(length(min = 1))]
    pub(in crate::config) login_url: Option<String>,
    /// Whether leave dates are asked for, which need a right of their own (`entra`). Default: true.
    pub(in crate::config) leave_dates: Option<bool>,
    /// Objects that are asked for with each worker (`rippling`). Default: `[user, employment_type, department]`.
    pub(in crate::config) expand: Option<Vec<String>>,
    /// Id of the system in this file whose accounts these are: their ids and logins become aliases (`okta`, `entra`).
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9-]{0,31}$"))]
    pub(in crate::config) accounts_of: Option<String>,
    /// How the service is asked (`http_json`).
    pub(in crate::config) http: Option<RawHttpJson>,
    /// Canonical column to further fields, which are read in order where the first is empty. Over HTTP only.
    #[serde(default)]
    #[schemars(transform = source_columns)]
    pub(in crate::config) fallback_columns: BTreeMap<String, Vec<String>>,
    /// Place of work, in the system's words, to the name of its zone in the tz database. Over HTTP only.
    #[serde(default)]
    pub(in crate::config) time_zones: BTreeMap<String, String>,
    /// Sort of employment of whoever has none. Over HTTP only. Default: `employee`, and `other` for `okta` and `entra`.
    pub(in crate::config) default_employment_type: Option<RawEmploymentType>,
    /// Whether a list without anybody who left is refused, since filters hide just them. Over HTTP only. Default: true, and
    /// false for `okta` and `entra`.
    pub(in crate::config) expect_leavers: Option<bool>,
    /// How the system is reached. Over HTTP only.
    pub(in crate::config) connection: Option<RawConnection>,
    /// Folder of a recording that is read instead of the system. Over HTTP only.
    #[schemars(length(min = 1))]
    pub(in crate::config) replay: Option<String>,
}

/// What rows testify to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawAuthority {
    /// Who works here.
    Employment,
    /// Whose account is on. It confirms, and never makes an employee of somebody who left.
    Directory,
}

/// Sort of employment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawEmploymentType {
    /// Employee.
    Employee,
    /// Contractor.
    Contractor,
    /// Intern.
    Intern,
    /// Temporary.
    Temporary,
    /// Somebody of another firm.
    Vendor,
    /// Anything else.
    Other,
}

impl RawEmploymentType {
    /// Its word.
    pub(in crate::config) fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Contractor => "contractor",
            Self::Intern => "intern",
            Self::Temporary => "temporary",
            Self::Vendor => "vendor",
            Self::Other => "other",
        }
    }
}

/// Keys of a mapping by column.
pub(in crate::config) fn column_names(schema: &mut schemars::Schema) {
    schema.insert("propertyNames".to_owned(), serde_json::json!({ "enum": Column::NAMES }));
}

/// The same for sources, which have two columns that lead to others.
pub(in crate::config) fn source_columns(schema: &mut schemars::Schema) {
    let helpers = scan_hr::Column::HELPERS.map(scan_hr::Column::as_str);
    let names: Vec<&str> = Column::NAMES.iter().copied().chain(helpers).collect();
    schema.insert("propertyNames".to_owned(), serde_json::json!({ "enum": names }));
}

/// Format of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawSourceFormat {
    /// A table with a header row.
    Csv,
    /// One JSON record a line.
    Ndjson,
    /// BambooHR, by a custom report.
    #[serde(rename = "bamboohr")]
    BambooHr,
    /// Workday, by a report as a service.
    Workday,
    /// HiBob, by its people search.
    #[serde(rename = "hibob")]
    HiBob,
    /// Personio, interface version 2.
    Personio,
    /// Rippling, REST interface.
    Rippling,
    /// Okta, as a second source.
    Okta,
    /// Entra ID, as a second source.
    Entra,
    /// Any service that lists people as JSON.
    HttpJson,
}

impl RawSourceFormat {
    /// Its word.
    pub(in crate::config) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::BambooHr => "bamboohr",
            Self::Workday => "workday",
            Self::HiBob => "hibob",
            Self::Personio => "personio",
            Self::Rippling => "rippling",
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::HttpJson => "http_json",
        }
    }

    /// Whether it is a file.
    pub(in crate::config) fn is_file(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson)
    }

    /// Whether it lists accounts.
    pub(in crate::config) fn is_directory(self) -> bool {
        matches!(self, Self::Okta | Self::Entra)
    }
}

/// What a source covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawCoverage {
    /// All people and all their spells of employment. What to ask for.
    Full,
    /// People who left. Nobody else is judged.
    Leavers,
    /// People who are employed. Who disappears is presumed to have left.
    Active,
}

/// Character encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(in crate::config) enum RawEncoding {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16 with a byte-order mark.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Windows-1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// What an end date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawEndDateMeaning {
    /// The last day employed.
    LastDayIncluded,
    /// The first day no longer employed.
    FirstDayExcluded,
}

/// People by whom a wrong file is recognised.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSentinels {
    /// People who have to be employed.
    #[serde(default)]
    pub(in crate::config) active: Vec<String>,
    /// People who have to have left.
    #[serde(default)]
    pub(in crate::config) ended: Vec<String>,
}

/// An announced common departure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawExpected {
    /// Tag in the roster.
    #[schemars(length(min = 1, max = 64))]
    pub(in crate::config) batch: String,
    /// How many people.
    #[schemars(range(min = 1))]
    pub(in crate::config) count: u64,
    /// First day of their ends.
    pub(in crate::config) from: WrittenDate,
    /// Last day of their ends.
    pub(in crate::config) until: WrittenDate,
}

/// When a common departure may be spoken of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawBatch {
    /// Tag in the roster.
    #[schemars(length(min = 1, max = 64))]
    pub(in crate::config) batch: String,
    /// From when. Before it, the departure stands in no output.
    pub(in crate::config) disclosed_at: WrittenInstant,
}
