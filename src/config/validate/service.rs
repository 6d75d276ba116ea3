//! Checks of roster sources that are asked over HTTP.

use std::collections::BTreeMap;
use std::path::PathBuf;

use scan_hr::{Client, ClientProof, Column, Dates, Leavers, Pointer, Source, System};
use scan_transport::{Connection, SecretRef};
use url::Url;

use crate::roster::settings::Service;
use crate::yaml;

use super::super::raw::connection::RawSecret;
use super::super::raw::roster::{RawCoverage, RawSource, RawSourceFormat as Format};
use super::{Check, connection, http_json};

/// Where rows come from, and how they are read.
pub(super) struct Asked {
    pub(super) path: PathBuf,
    pub(super) manifest: Option<PathBuf>,
    pub(super) columns: BTreeMap<String, String>,
    pub(super) values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub(super) date_format: Option<String>,
    pub(super) none_values: Vec<String>,
    pub(super) service: Option<Box<Service>>,
}

const FILES: &[Format] = &[Format::Csv, Format::Ndjson];
const HTTP: &[Format] = &[
    Format::BambooHr,
    Format::Workday,
    Format::HiBob,
    Format::Personio,
    Format::Rippling,
    Format::Okta,
    Format::Entra,
    Format::HttpJson,
];
const VENDORS: &[Format] = &[
    Format::BambooHr,
    Format::Workday,
    Format::HiBob,
    Format::Personio,
    Format::Rippling,
    Format::Okta,
    Format::Entra,
];

/// The formats that each key belongs to; a key that is not here belongs to all.
const OWN_KEYS: &[(&str, &[Format])] = &[
    ("path", FILES),
    ("manifest", FILES),
    ("encoding", FILES),
    ("delimiter", FILES),
    ("date_format", &[Format::Csv, Format::Ndjson, Format::Workday, Format::HttpJson]),
    ("base_url", VENDORS),
    ("company", &[Format::BambooHr, Format::HiBob]),
    ("tenant", &[Format::Workday, Format::Entra]),
    ("report", &[Format::Workday]),
    ("user", &[Format::Workday, Format::HiBob]),
    ("password", &[Format::Workday]),
    ("api_key", &[Format::BambooHr]),
    ("token", &[Format::HiBob, Format::Rippling, Format::Okta]),
    ("client_id", &[Format::Personio, Format::Entra]),
    ("client_secret", &[Format::Personio, Format::Entra]),
    ("client_assertion", &[Format::Entra]),
    ("login_url", &[Format::Entra]),
    ("leave_dates", &[Format::Entra]),
    ("expand", &[Format::Rippling]),
    ("accounts_of", &[Format::Okta, Format::Entra]),
    ("http", &[Format::HttpJson]),
    ("fallback_columns", HTTP),
    ("time_zones", HTTP),
    ("default_employment_type", HTTP),
    ("expect_leavers", HTTP),
    ("connection", HTTP),
    ("replay", HTTP),
];

/// Keys of other formats are mistakes: they would have no effect.
pub(super) fn own_keys(check: &mut Check<'_>, pointer: &str, format: Format) {
    let present: Vec<String> = check.document.keys(pointer).map(str::to_owned).collect();
    for (key, owners) in OWN_KEYS {
        if !owners.contains(&format) && present.iter().any(|present| present == key) {
            let owners: Vec<&str> = owners.iter().map(|owner| owner.as_str()).collect();
            let says = format!("`{key}` is a key of the format {}", owners.join(", "));
            let help = format!("this source has the format {}", format.as_str());
            check.say_key(&format!("{pointer}/{key}"), says, help);
        }
    }
}

/// Fields of one column, in the words of the system.
pub(super) fn columns(check: &mut Check<'_>, pointer: &str, format: Format, fields: &[String]) {
    for (position, field) in fields.iter().enumerate() {
        one_field(check, &yaml::join(pointer, &position.to_string()), format, field);
    }
}

fn one_field(check: &mut Check<'_>, pointer: &str, format: Format, field: &str) {
    let is_pointer = match format {
        Format::Csv | Format::Ndjson | Format::BambooHr | Format::HiBob => false,
        Format::Workday => field.starts_with('/'),
        Format::Personio | Format::Rippling | Format::Okta | Format::Entra | Format::HttpJson => true,
    };
    if field.is_empty() {
        check.say(pointer, "may not be empty");
    } else if is_pointer && Pointer::parse(field).is_none() {
        let says = format!("\"{}\" is no JSON pointer", check.shown(pointer, field));
        check.say_help(pointer, says, "such as /profile/employeeNumber");
    }
}

/// A source over HTTP, with what its rows are read by.
pub(super) fn asked(check: &mut Check<'_>, pointer: &str, raw: &mut RawSource) -> Option<Asked> {
    let at = |key: &str| format!("{pointer}/{key}");
    let pace = scan_hr::usual_pace(raw.format == Format::Personio);
    let connection = connection::connection(check, &at("connection"), raw.connection.take(), Some(pace));
    let system = system(check, pointer, raw, &connection);
    for (column, field) in &raw.columns {
        one_field(check, &yaml::join(&at("columns"), column), raw.format, field);
    }
    for (place, zone) in &raw.time_zones {
        check.zone(&yaml::join(&at("time_zones"), place), zone);
    }
    coverage(check, pointer, raw);
    required_columns(check, pointer, raw);
    let system = system?;
    let values = vocabulary(&system, std::mem::take(&mut raw.values));
    let none_values: Vec<String> = std::mem::take(&mut raw.none_values)
        .into_iter()
        .chain(system.none_values().iter().map(|none| String::from(*none)))
        .collect();
    let source = Source {
        id: raw.id.clone(),
        connection,
        columns: by_column(std::mem::take(&mut raw.columns)),
        fallbacks: by_column(std::mem::take(&mut raw.fallback_columns)),
        zones: std::mem::take(&mut raw.time_zones),
        employment_type: String::from(raw.default_employment_type.map_or_else(
            || if raw.format.is_directory() { "other" } else { "employee" },
            super::super::raw::roster::RawEmploymentType::as_str,
        )),
        ended_words: ended_words(&values),
        none_values: none_values.clone(),
        dates: if raw.date_format.is_some() { Dates::AsWritten } else { Dates::Iso },
        leavers: if raw.expect_leavers.unwrap_or(!raw.format.is_directory() && raw.coverage != RawCoverage::Active) {
            Leavers::Expected
        } else {
            Leavers::MayBeNone
        },
        system,
    };
    let path = format!("{}#{}", source.shown(), source.id);
    Some(Asked {
        manifest: Some(PathBuf::from(format!("{path}.manifest"))),
        path: PathBuf::from(path),
        // Records come with canonical keys.
        columns: BTreeMap::new(),
        values,
        date_format: raw.date_format.take(),
        none_values,
        service: Some(Box::new(Service { source, replay: raw.replay.take().map(PathBuf::from) })),
    })
}

/// Keys as columns; the schema has refused others.
fn by_column<T>(written: BTreeMap<String, T>) -> BTreeMap<Column, T> {
    written.into_iter().filter_map(|(key, value)| Some((Column::parse(&key)?, value))).collect()
}

/// The system's own words, and those of the configuration, which win.
fn vocabulary(system: &System, written: scan_hr::words::Vocabulary) -> scan_hr::words::Vocabulary {
    let mut values = system.words();
    for (column, words) in written {
        let known = values.entry(column).or_default();
        for theirs in known.values_mut() {
            theirs.retain(|their| !words.values().flatten().any(|word| word == their));
        }
        for (word, theirs) in words {
            known.entry(word).or_default().extend(theirs);
        }
    }
    values
}

fn ended_words(values: &scan_hr::words::Vocabulary) -> Vec<String> {
    let theirs = values.get("status").and_then(|words| words.get("ended")).cloned().unwrap_or_default();
    theirs.into_iter().chain([String::from("ended")]).collect()
}

/// Vendors' lists hold everybody; to call them anything else would let people vanish.
fn coverage(check: &mut Check<'_>, pointer: &str, raw: &RawSource) {
    let chosen_by_the_author = matches!(raw.format, Format::Workday | Format::HttpJson);
    if raw.coverage != RawCoverage::Full && !chosen_by_the_author {
        let says = format!("a source of the format {} lists everybody", raw.format.as_str());
        check.say_help(&format!("{pointer}/coverage"), says, "write `coverage: full`");
    }
}

/// Where nothing is usual, the columns that every roster needs have to be named.
fn required_columns(check: &mut Check<'_>, pointer: &str, raw: &RawSource) {
    if !matches!(raw.format, Format::Workday | Format::HttpJson) {
        return;
    }
    let has = |column: &Column| {
        raw.columns.contains_key(column.as_str()) || raw.fallback_columns.contains_key(column.as_str())
    };
    let place = if raw.columns.is_empty() { String::from(pointer) } else { format!("{pointer}/columns") };
    for column in Column::REQUIRED.iter().filter(|column| !has(column)) {
        check.say(&place, format!("no field is named for `{}`", column.as_str()));
    }
    if raw.coverage != RawCoverage::Active && !Column::ENDS.iter().any(has) {
        let names = Column::ENDS.map(Column::as_str).join(", ");
        check.say(&place, format!("no field tells an end: name one for at least one of {names}"));
    }
}

/// A value that the system cannot do without.
fn needed<T>(check: &mut Check<'_>, pointer: &str, key: &str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        check.say(pointer, format!("`{key}` is missing"));
    }
    value
}

fn secret(check: &mut Check<'_>, pointer: &str, key: &str, raw: Option<RawSecret>) -> Option<SecretRef> {
    let raw = needed(check, pointer, key, raw)?;
    connection::secret(check, &format!("{pointer}/{key}"), raw)
}

/// The origin of a system: the configured one, or the usual one.
fn origin(
    check: &mut Check<'_>,
    pointer: &str,
    key: &str,
    written: Option<String>,
    usual: Option<&str>,
    connection: &Connection,
) -> Option<Url> {
    let at = format!("{pointer}/{key}");
    let Some(text) = written else {
        let usual = needed(check, pointer, key, usual)?;
        let Ok(url) = Url::parse(usual) else {
            check.say(&at, format!("the usual address {usual} is no address: this is a defect"));
            return None;
        };
        return Some(url);
    };
    let url = connection::system_address(check, &at, &text, connection)?;
    if url.path() != "/" {
        check.say_help(&at, "is more than an origin", "scheme, host and port alone; the paths are known");
        return None;
    }
    Some(url)
}

fn system(check: &mut Check<'_>, pointer: &str, raw: &mut RawSource, connection: &Connection) -> Option<System> {
    let base = |check: &mut Check<'_>, raw: &mut RawSource, usual| {
        origin(check, pointer, "base_url", raw.base_url.take(), usual, connection)
    };
    match raw.format {
        Format::Csv | Format::Ndjson => None,
        Format::BambooHr => {
            let base = base(check, raw, Some("https://api.bamboohr.com"));
            let company = needed(check, pointer, "company", raw.company.take());
            let api_key = secret(check, pointer, "api_key", raw.api_key.take());
            Some(System::BambooHr(scan_hr::bamboohr::BambooHr { base: base?, company: company?, api_key: api_key? }))
        }
        Format::Workday => workday(check, pointer, raw, connection),
        Format::HiBob => {
            let base = base(check, raw, Some("https://api.hibob.com"));
            let user = needed(check, pointer, "user", raw.user.take());
            let token = secret(check, pointer, "token", raw.token.take());
            let company = raw.company.take();
            Some(System::HiBob(scan_hr::hibob::HiBob { base: base?, user: user?, token: token?, company }))
        }
        Format::Personio => {
            let base = base(check, raw, Some("https://api.personio.de"));
            let client = client(check, pointer, raw);
            Some(System::Personio(scan_hr::personio::Personio { base: base?, client: client? }))
        }
        Format::Rippling => {
            let base = base(check, raw, Some("https://rest.ripplingapis.com"));
            let token = secret(check, pointer, "token", raw.token.take());
            let expand = raw.expand.take().unwrap_or_else(|| scan_hr::rippling::EXPAND.map(String::from).to_vec());
            Some(System::Rippling(scan_hr::rippling::Rippling { base: base?, token: token?, expand }))
        }
        Format::Okta => {
            let base = base(check, raw, None);
            let token = secret(check, pointer, "token", raw.token.take());
            let accounts_of = accounts_of(check, pointer, raw);
            Some(System::Okta(scan_hr::okta::Okta { base: base?, token: token?, accounts_of }))
        }
        Format::Entra => entra(check, pointer, raw, connection),
        Format::HttpJson => {
            let http = needed(check, pointer, "http", raw.http.take());
            let http = http_json::settings(check, &format!("{pointer}/http"), http?, connection)?;
            Some(System::HttpJson(Box::new(http)))
        }
    }
}

fn workday(check: &mut Check<'_>, pointer: &str, raw: &mut RawSource, connection: &Connection) -> Option<System> {
    let base = origin(check, pointer, "base_url", raw.base_url.take(), None, connection);
    let tenant = needed(check, pointer, "tenant", raw.tenant.take());
    let report = needed(check, pointer, "report", raw.report.take());
    let user = needed(check, pointer, "user", raw.user.take());
    let password = secret(check, pointer, "password", raw.password.take());
    let report = report?;
    let (prompt, answer) = scan_hr::workday::TERMINATED_PROMPT;
    let usual = || BTreeMap::from([(String::from(prompt), String::from(answer))]);
    Some(System::Workday(scan_hr::workday::Workday {
        base: base?,
        tenant: tenant?,
        owner: report.owner,
        report: report.name,
        user: user?,
        password: password?,
        prompts: report.prompts.unwrap_or_else(usual),
    }))
}

fn entra(check: &mut Check<'_>, pointer: &str, raw: &mut RawSource, connection: &Connection) -> Option<System> {
    let base = origin(check, pointer, "base_url", raw.base_url.take(), Some("https://graph.microsoft.com"), connection);
    let usual = Some("https://login.microsoftonline.com");
    let login = origin(check, pointer, "login_url", raw.login_url.take(), usual, connection);
    let tenant = needed(check, pointer, "tenant", raw.tenant.take());
    let client = client(check, pointer, raw);
    let accounts_of = accounts_of(check, pointer, raw);
    Some(System::Entra(scan_hr::entra::Entra {
        base: base?,
        login: login?,
        tenant: tenant?,
        client: client?,
        leave_dates: if raw.leave_dates == Some(false) {
            scan_hr::entra::LeaveDates::NotAsked
        } else {
            scan_hr::entra::LeaveDates::Asked
        },
        accounts_of,
    }))
}

fn client(check: &mut Check<'_>, pointer: &str, raw: &mut RawSource) -> Option<Client> {
    let id = needed(check, pointer, "client_id", raw.client_id.take());
    let proof = match (raw.client_secret.take(), raw.client_assertion.take()) {
        (Some(_), Some(_)) => {
            let help = "a client proves itself in one way";
            check.say_key(&format!("{pointer}/client_assertion"), "there is a `client_secret` already", help);
            None
        }
        (None, Some(assertion)) => {
            connection::secret(check, &format!("{pointer}/client_assertion"), assertion).map(ClientProof::Assertion)
        }
        (given, None) => secret(check, pointer, "client_secret", given).map(ClientProof::Secret),
    };
    Some(Client { id: id?, proof: proof? })
}

/// The system whose accounts a directory lists has to exist.
fn accounts_of(check: &mut Check<'_>, pointer: &str, raw: &mut RawSource) -> Option<String> {
    let id = raw.accounts_of.take()?;
    let known = check.texts("/systems", "id");
    if !known.iter().any(|(known, _)| *known == id) {
        let here = format!("{pointer}/accounts_of");
        let help = check.did_you_mean(&here, &id, &known, "configured");
        check.say_help(&here, format!("no system is called {}", check.shown(&here, &id)), help);
    }
    Some(id)
}
