//! Checks of the roster's settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::problem;
use crate::roster::settings::{
    Authority, BatchDisclosure, Encoding, EndDateMeaning, ExpectedBatch, RosterSettings, SourceCoverage, SourceFormat,
    SourceSettings,
};
use crate::roster::{Column, EmploymentStatus, EmploymentType, LeavePolicy, RoleTier, TerminationType, Urgency};
use crate::yaml;

use super::super::raw::roster::{
    RawAuthority, RawBatch, RawCoverage, RawEncoding, RawEndDateMeaning, RawExpected, RawRoster, RawSource,
    RawSourceFormat,
};
use super::service::{self, Asked};
use super::{Check, entries, part, proven_file};

/// Age from which a source is reported (ROS-7).
const MAX_AGE: Duration = Duration::from_hours(26);

/// The roster's settings, with what the rest of the program knows by another name.
pub(super) struct CheckedRoster {
    pub(super) settings: RosterSettings,
    pub(super) leave_policy: LeavePolicy,
}

pub(super) fn settings(check: &mut Check<'_>, raw: Option<RawRoster>) -> CheckedRoster {
    let document = check.document;
    let (sources, aliases, links, leave_policy, expected, batches) = match raw {
        Some(raw) => {
            (Some(raw.sources), raw.aliases, raw.links, raw.leave_policy, Some(raw.expected), Some(raw.batches))
        }
        None => (None, part(document, "/roster/aliases"), part(document, "/roster/links"), None, None, None),
    };
    check.unique("/roster/sources", "id", str::to_owned);
    check.unique("/roster/sources", "path", str::to_owned);
    check.unique("/roster/expected", "batch", str::to_owned);
    check.unique("/roster/batches", "batch", str::to_owned);
    let sources = entries(document, sources, "/roster/sources");
    let settings = RosterSettings {
        sources: sources
            .into_iter()
            .enumerate()
            .filter_map(|(position, (pointer, raw))| source(check, &pointer, raw, position))
            .collect(),
        aliases: aliases.map(proven_file),
        links: links.map(proven_file),
        expected: entries(document, expected, "/roster/expected")
            .into_iter()
            .map(|(pointer, raw)| expected_batch(check, &pointer, raw))
            .collect(),
        batches: entries(document, batches, "/roster/batches")
            .into_iter()
            .map(|(_, RawBatch { batch, disclosed_at })| BatchDisclosure { batch, disclosed_at: disclosed_at.0 })
            .collect(),
    };
    CheckedRoster { settings, leave_policy: leave_policy.unwrap_or(LeavePolicy::KeepAccess) }
}

fn source(check: &mut Check<'_>, pointer: &str, mut raw: RawSource, position: usize) -> Option<SourceSettings> {
    let at = |key: &str| format!("{pointer}/{key}");
    service::own_keys(check, pointer, raw.format);
    if let Some(zone) = &raw.default_time_zone {
        check.zone(&at("default_time_zone"), zone);
    }
    if let Some(pattern) = &raw.date_format {
        check.time_pattern(&at("date_format"), pattern);
    }
    columns(check, &at("columns"), &raw.columns);
    for (column, words) in &raw.values {
        values(check, &yaml::join(&at("values"), column), column, words);
    }
    for (column, field) in &raw.fallback_columns {
        service::columns(check, &yaml::join(&at("fallback_columns"), column), raw.format, field);
    }
    if raw.format == RawSourceFormat::Ndjson && raw.delimiter.is_some() {
        check.say_key(&at("delimiter"), "an NDJSON file has no cells", "leave it out");
    }
    if let Some(sentinels) = &raw.sentinels {
        for (position, person) in sentinels.ended.iter().enumerate() {
            if sentinels.active.contains(person) {
                let pointer = at(&format!("sentinels/ended/{position}"));
                let says = format!("{} cannot be active and ended", check.shown(&pointer, person));
                check.say(&pointer, says);
            }
        }
    }
    if raw.manifest.is_none() && raw.format.is_file() {
        let id = check.shown(&at("id"), &raw.id);
        let says = format!("the source {id} has no manifest, so its age is that of the file");
        check.warn(&at("path"), says, "give it a manifest with as_of, rows and sha256");
    }
    let asked =
        if raw.format.is_file() { file(check, pointer, &mut raw) } else { service::asked(check, pointer, &mut raw) };
    let Asked { path, manifest, columns, values, date_format, none_values, service } = asked?;
    let (sentinels_active, sentinels_ended) =
        raw.sentinels.map(|sentinels| (sentinels.active, sentinels.ended)).unwrap_or_default();
    let directory = raw.authority.map_or(raw.format.is_directory(), |authority| authority == RawAuthority::Directory);
    Some(SourceSettings {
        id: raw.id,
        // What comes over HTTP lies in memory as records.
        format: if raw.format == RawSourceFormat::Csv { SourceFormat::Csv } else { SourceFormat::Ndjson },
        path,
        manifest,
        coverage: match raw.coverage {
            RawCoverage::Full => SourceCoverage::Full,
            RawCoverage::Leavers => SourceCoverage::Leavers,
            RawCoverage::Active => SourceCoverage::Active,
        },
        encoding: match raw.encoding {
            None | Some(RawEncoding::Utf8) => Encoding::Utf8,
            Some(RawEncoding::Utf16) => Encoding::Utf16,
            Some(RawEncoding::Windows1252) => Encoding::Windows1252,
        },
        delimiter: raw.delimiter.as_deref().and_then(|text| text.bytes().next()).unwrap_or(b','),
        default_time_zone: raw.default_time_zone,
        end_date_meaning: match raw.end_date_meaning {
            RawEndDateMeaning::LastDayIncluded => EndDateMeaning::LastDayIncluded,
            RawEndDateMeaning::FirstDayExcluded => EndDateMeaning::FirstDayExcluded,
        },
        max_age: raw.max_age.map_or(MAX_AGE, |age| age.0),
        rank: raw.rank.unwrap_or_else(|| u32::try_from(position + 1).unwrap_or(u32::MAX)),
        columns,
        values,
        date_format,
        none_values,
        sentinels_active,
        sentinels_ended,
        authority: if directory { Authority::Directory } else { Authority::Employment },
        service,
    })
}

fn file(check: &mut Check<'_>, pointer: &str, raw: &mut RawSource) -> Option<Asked> {
    let Some(path) = raw.path.take() else {
        check.say(pointer, format!("`path` is missing: a source of the format {} is a file", raw.format.as_str()));
        return None;
    };
    for column in scan_hr::Column::HELPERS.map(scan_hr::Column::as_str) {
        if raw.columns.contains_key(column) {
            let says = format!("`{column}` is for sources over HTTP");
            check.say_key(&yaml::join(&format!("{pointer}/columns"), column), says, "a file has canonical columns");
        }
    }
    Some(Asked {
        path: PathBuf::from(path),
        manifest: raw.manifest.take().map(PathBuf::from),
        columns: std::mem::take(&mut raw.columns),
        values: std::mem::take(&mut raw.values),
        date_format: raw.date_format.take(),
        none_values: std::mem::take(&mut raw.none_values),
        service: None,
    })
}

/// Two canonical columns from one column of the file are a slip more often than a wish: an end that is also a start.
fn columns(check: &mut Check<'_>, pointer: &str, columns: &BTreeMap<String, String>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for column in Column::NAMES.iter().copied() {
        let Some(header) = columns.get(column) else { continue };
        if header.is_empty() {
            check.say(&yaml::join(pointer, column), "may not be empty");
        } else if let Some(earlier) = seen.insert(header, column) {
            let here = yaml::join(pointer, column);
            let says = format!("the column \"{}\" is used for {earlier} already", check.shown(&here, header));
            check.say_help(&here, says, "one column of the file has one meaning");
        }
    }
}

fn values(check: &mut Check<'_>, pointer: &str, column: &str, words: &BTreeMap<String, Vec<String>>) {
    let valid: &[&str] = match column {
        "employment_type" => EmploymentType::WORDS,
        "status" => EmploymentStatus::WORDS,
        "termination_type" => TerminationType::WORDS,
        "urgency" => Urgency::WORDS,
        "role_tier" => RoleTier::WORDS,
        "legal_hold" => &["true", "false"],
        _ => {
            check.say_key(
                pointer,
                format!("{column} has no vocabulary"),
                "dates have `date_format`, other columns none",
            );
            return;
        }
    };
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (word, theirs) in words {
        let here = yaml::join(pointer, word);
        if !valid.contains(&word.as_str()) {
            let help = match problem::nearest(word, valid.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", valid.join(", ")),
            };
            check.say_key(&here, format!("`{word}` is no word of {column}"), help);
        }
        for (position, their) in theirs.iter().enumerate() {
            if let Some(earlier) = seen.insert(their, word) {
                let here = yaml::join(&here, &position.to_string());
                let says = format!("\"{}\" means {earlier} already", check.shown(&here, their));
                check.say(&here, says);
            }
        }
    }
}

fn expected_batch(check: &mut Check<'_>, pointer: &str, raw: RawExpected) -> ExpectedBatch {
    if raw.until.0 < raw.from.0 {
        let at = |key: &str| format!("{pointer}/{key}");
        let until = check.shown(&at("until"), raw.until.0);
        check.say(&at("until"), format!("{until} lies before {}", check.shown(&at("from"), raw.from.0)));
    }
    ExpectedBatch { batch: raw.batch, count: raw.count, from: raw.from.0, until: raw.until.0 }
}
