//! Checks of systems, and their settings for the scanners that read them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use scan_contract::{GrantId, Relation, ScopeName, SystemId};
use scan_transport::Connection;

use crate::roster::{PersonId, RoleTier};
use crate::yaml::{self, Document};

use super::super::raw::live::RawAwsLive;
use super::super::raw::roster::RawEncoding;
use super::super::raw::systems::{
    RawAwsDocuments, RawConnector, RawDepth, RawImportFile, RawImportFormat, RawKnownObject, RawLoginMeaning,
    RawSentinelLeaver, RawSystem,
};
use super::super::valid::{Connector, Depth, Exclusion, KnownObject, LoginMeaning, SentinelLeaver, SystemConfig};
use super::live::{self, AwsShared, Part};
use super::{Check, connection, entries};

/// Time after the end in which a grant may still be listed (FND-8).
const SETTLE_TIME: Duration = Duration::from_mins(15);
const TIER: RoleTier = RoleTier::Tier1;

/// Defaults of a system, as `config show` writes them.
pub(in crate::config) const DEFAULTS: [(&str, &str); 3] =
    [("tier", "tier1"), ("settle_time", "15m"), ("depth", "people_of_interest")];

/// The connector that each connector's own key belongs to.
const OWN_KEYS: [(&str, RawConnector); 14] = [
    ("scopes", RawConnector::Import),
    ("files", RawConnector::Import),
    ("account", RawConnector::Aws),
    ("documents", RawConnector::Aws),
    ("live", RawConnector::Aws),
    ("owner_tags", RawConnector::Aws),
    ("email_tags", RawConnector::Aws),
    ("github", RawConnector::Github),
    ("okta", RawConnector::Okta),
    ("vault", RawConnector::Vault),
    ("tree", RawConnector::Ssh),
    ("expected_hosts", RawConnector::Ssh),
    ("as_of", RawConnector::Ssh),
    ("admin_groups", RawConnector::Ssh),
];

/// Every system that can be built, sorted by id.
pub(super) fn systems(check: &mut Check<'_>, raw: Option<Vec<RawSystem>>, threads: usize) -> Vec<SystemConfig> {
    check.unique("/systems", "id", str::to_owned);
    let mut systems: Vec<SystemConfig> = entries(check.document, raw, "/systems")
        .into_iter()
        .filter_map(|(pointer, raw)| system(check, &pointer, raw, threads))
        .collect();
    systems.sort_by(|left, right| left.id.cmp(&right.id));
    systems
}

fn system(check: &mut Check<'_>, pointer: &str, raw: RawSystem, threads: usize) -> Option<SystemConfig> {
    own_keys(check, pointer, raw.connector);
    let id = SystemId::from(raw.id.as_str());
    let known_object = raw.known_object;
    let exclude = raw.exclude;
    let is_live = match raw.connector {
        RawConnector::Import | RawConnector::Ssh => false,
        RawConnector::Aws => raw.live.is_some(),
        RawConnector::Github | RawConnector::Okta | RawConnector::Vault => true,
    };
    for (key, present) in [("connection", raw.connection.is_some()), ("replay", raw.replay.is_some())] {
        if present && !is_live {
            let help = "it is for systems that are asked themselves";
            check.say_key(&format!("{pointer}/{key}"), format!("`{key}` has no effect here"), help);
        }
    }
    let connection = connection::connection(check, &format!("{pointer}/connection"), raw.connection, None);
    let connector = match raw.connector {
        RawConnector::Import => import(check, pointer, &id, raw.scopes, raw.files, threads),
        RawConnector::Aws => aws(
            check,
            pointer,
            &id,
            AwsShared { account: raw.account, owner_tags: raw.owner_tags, email_tags: raw.email_tags },
            raw.documents,
            raw.live,
            connection,
        ),
        RawConnector::Github => required(check, pointer, "github", raw.github)
            .and_then(|raw| live::github(check, Part { at: &format!("{pointer}/github"), id: &id, connection }, raw)),
        RawConnector::Okta => required(check, pointer, "okta", raw.okta)
            .and_then(|raw| live::okta(check, Part { at: &format!("{pointer}/okta"), id: &id, connection }, raw)),
        RawConnector::Vault => required(check, pointer, "vault", raw.vault)
            .and_then(|raw| live::vault(check, Part { at: &format!("{pointer}/vault"), id: &id, connection }, raw)),
        RawConnector::Ssh => {
            let required = required(check, pointer, "tree", raw.tree).zip(required(check, pointer, "as_of", raw.as_of));
            required.map(|(tree, as_of)| {
                let mut settings = scan_ssh::Settings::new(id.clone(), tree, as_of.0);
                settings.expected_hosts = raw
                    .expected_hosts
                    .map(|file| scan_ssh::ExpectedHosts { path: PathBuf::from(file.path), sha256: file.sha256 });
                if let Some(groups) = raw.admin_groups {
                    settings.admin_groups = groups;
                }
                Connector::Ssh(settings)
            })
        }
    };
    let known_scopes = connector.as_ref().and_then(scopes);
    if let (Some(scopes), Some(known)) = (&known_scopes, &known_object) {
        scope_exists(check, &format!("{pointer}/known_object/scope"), &known.scope, scopes);
    }
    check.unique(&format!("{pointer}/exclude"), "scope", str::to_owned);
    if let Some(scopes) = &known_scopes {
        for (position, exclusion) in exclude.iter().enumerate() {
            scope_exists(check, &format!("{pointer}/exclude/{position}/scope"), &exclusion.scope, scopes);
        }
    }
    Some(SystemConfig {
        id,
        connector: connector?,
        tier: raw.tier.unwrap_or(TIER),
        owner_team: raw.owner_team,
        max_age: raw.max_age.map(|age| age.0),
        settle_time: raw.settle_time.map_or(SETTLE_TIME, |time| time.0),
        login_is: match raw.login_is {
            None => LoginMeaning::Nothing,
            Some(RawLoginMeaning::EmailLocalPart) => LoginMeaning::EmailLocalPart,
            Some(RawLoginMeaning::EmployeeId) => LoginMeaning::EmployeeId,
        },
        dies_with_account: raw.dies_with_account.map(|kinds| kinds.into_iter().map(|kind| kind.0).collect()),
        known_object: known_object.map(|RawKnownObject { scope, kind, grant_id }| KnownObject {
            scope: ScopeName::from(scope),
            kind: kind.0,
            grant_id: GrantId::from(grant_id),
        }),
        exclude: exclude
            .into_iter()
            .map(|raw| Exclusion { scope: ScopeName::from(raw.scope), reason: raw.reason, until: raw.until.0 })
            .collect(),
        depth: match raw.depth {
            None | Some(RawDepth::PeopleOfInterest) => Depth::PeopleOfInterest,
            Some(RawDepth::Everyone) => Depth::Everyone,
        },
        replay: raw.replay.map(PathBuf::from),
        deny_overprivileged: raw.deny_overprivileged == Some(true),
        line: check.document.place(pointer).map_or(1, |place| place.line),
        written: written(check.document, pointer),
    })
}

/// Who answers for a system, and how late is too late, do not change what is read of it.
fn written(document: &Document, pointer: &str) -> Option<String> {
    let mut said = document.json(pointer)?;
    if let Some(keys) = said.as_object_mut() {
        for key in ["owner_team", "tier", "max_age", "settle_time"] {
            keys.remove(key);
        }
    }
    let mut digest = yaml::digest(&said.to_string());
    digest.truncate(16);
    Some(digest)
}

/// Keys of other connectors are mistakes: they would have no effect.
fn own_keys(check: &mut Check<'_>, pointer: &str, connector: RawConnector) {
    let present: Vec<String> = check.document.keys(pointer).map(str::to_owned).collect();
    for (key, owner) in OWN_KEYS {
        if owner != connector && present.iter().any(|present| present == key) {
            let says = format!("`{key}` is a key of the connector {}", owner.as_str());
            let help = format!("this system is read by {}", connector.as_str());
            check.say_key(&format!("{pointer}/{key}"), says, help);
        }
    }
}

fn required<T>(check: &mut Check<'_>, pointer: &str, key: &str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        check.say(pointer, format!("`{key}` is missing"));
    }
    value
}

/// Scopes that the settings declare by name; `None` where only the source knows them.
fn scopes(connector: &Connector) -> Option<Vec<String>> {
    match connector {
        Connector::Import(settings) => {
            let tables = settings.files.iter().filter_map(|file| match &file.format {
                scan_import::Format::Csv(table) => Some(table.scope.as_str().to_owned()),
                scan_import::Format::Ndjson => None,
            });
            let has_native = settings.files.iter().any(|file| file.format == scan_import::Format::Ndjson);
            match &settings.scopes {
                Some(named) => {
                    let mut scopes: Vec<String> = named.iter().map(|scope| scope.as_str().to_owned()).collect();
                    scopes.extend(tables);
                    Some(scopes)
                }
                None if has_native => None,
                None => Some(tables.collect()),
            }
        }
        // An account always declares the same ones. A manifest that does not parse is told when the scanner is built.
        Connector::Aws(settings) => {
            let Ok(manifest) = scan_aws::manifest() else { return None };
            Some(manifest.scopes.iter().map(|scope| format!("{}/{}", settings.account, scope.kind)).collect())
        }
        // The tree names its hosts, a live system its accounts, mounts and repositories; the engine tells of an exclusion
        // that meets none.
        Connector::Ssh(_) | Connector::AwsLive(_) | Connector::Github(_) | Connector::Okta(_) | Connector::Vault(_) => {
            None
        }
    }
}

fn scope_exists(check: &mut Check<'_>, pointer: &str, scope: &str, scopes: &[String]) {
    if scopes.iter().any(|known| known == scope) {
        return;
    }
    // A variable in the name of a scope, or in the account that it is made of, is not resolved for a message.
    let system = pointer.split('/').take(3).collect::<Vec<_>>().join("/");
    let shown = |scope: &String| (scope.clone(), check.document.concealed(&system, scope));
    let known: Vec<(String, String)> = scopes.iter().map(shown).collect();
    let help = check.did_you_mean(pointer, scope, &known, "declared here");
    check.say_help(pointer, format!("this system declares no scope {}", check.shown(pointer, scope)), help);
}

fn aws(
    check: &mut Check<'_>,
    pointer: &str,
    id: &SystemId,
    shared: AwsShared,
    documents: Option<RawAwsDocuments>,
    live: Option<RawAwsLive>,
    connection: Connection,
) -> Option<Connector> {
    let account = required(check, pointer, "account", shared.account.clone());
    match (documents, live) {
        (Some(documents), None) => aws_documents(check, pointer, id, account, shared, documents),
        (None, Some(raw)) => live::aws(check, Part { at: &format!("{pointer}/live"), id, connection }, shared, raw),
        (Some(_), Some(_)) => {
            check.say(pointer, "`documents` and `live` stand side by side; a system is read from one of them");
            None
        }
        (None, None) => {
            let help = "`live: {}` asks the account itself, `documents` reads what its command line wrote";
            check.say_help(pointer, "`live` or `documents` is missing", help);
            None
        }
    }
}

fn aws_documents(
    check: &mut Check<'_>,
    pointer: &str,
    id: &SystemId,
    account: Option<String>,
    shared: AwsShared,
    documents: RawAwsDocuments,
) -> Option<Connector> {
    if documents.authorization_details.is_none()
        && documents.credential_report.is_none()
        && documents.access_keys.is_none()
    {
        let help = "give authorization_details, credential_report, or both";
        check.say_help(&format!("{pointer}/documents"), "names no document", help);
    }
    // The schema knows the form of an account.
    let account = scan_aws::AccountId::parse(&account?)?;
    let mut settings = scan_aws::Settings::new(id.clone(), account, documents.as_of.0);
    settings.documents.authorization_details = documents.authorization_details.map(PathBuf::from);
    settings.documents.credential_report = documents.credential_report.map(PathBuf::from);
    settings.documents.access_keys = documents.access_keys.map(PathBuf::from);
    if let Some(tags) = shared.owner_tags {
        settings.owner_tags = tags;
    }
    if let Some(tags) = shared.email_tags {
        settings.email_tags = tags;
    }
    Some(Connector::Aws(settings))
}

fn import(
    check: &mut Check<'_>,
    pointer: &str,
    id: &SystemId,
    scopes: Option<Vec<String>>,
    files: Option<Vec<RawImportFile>>,
    threads: usize,
) -> Option<Connector> {
    let files = required(check, pointer, "files", files)?;
    let mut settings = scan_import::Settings::new(id.clone());
    settings.threads = threads;
    settings.scopes = scopes.map(|scopes| scopes.into_iter().map(ScopeName::from).collect());
    let count = files.len();
    for (position, raw) in files.into_iter().enumerate() {
        let at = format!("{pointer}/files/{position}");
        let path = PathBuf::from(&raw.path);
        let format = match raw.format {
            RawImportFormat::Ndjson => {
                native(check, &at);
                Some(scan_import::Format::Ndjson)
            }
            RawImportFormat::Csv => table(check, &at, raw).map(|table| scan_import::Format::Csv(Box::new(table))),
        };
        settings.files.extend(format.map(|format| scan_import::FileSettings { path, format }));
    }
    if settings.files.len() < count {
        return None;
    }
    for problem in settings.problems() {
        let says = check.document.concealed(pointer, &problem.says);
        check.say(&format!("{pointer}{}", to_pointer(&problem.key)), says);
    }
    Some(Connector::Import(settings))
}

/// `files[0].columns.status` as a JSON pointer.
fn to_pointer(key: &str) -> String {
    let steps = key.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    steps.fold(String::new(), |pointer, step| yaml::join(&pointer, step))
}

/// A native file says itself what it holds.
fn native(check: &mut Check<'_>, at: &str) {
    let present: Vec<String> = check.document.keys(at).map(str::to_owned).collect();
    for key in present.iter().filter(|key| !matches!(key.as_str(), "path" | "format")) {
        let says = format!("a native file has no `{key}`: it says itself what it holds");
        check.say_key(&yaml::join(at, key), says, "it is for `format: csv`");
    }
}

fn table(check: &mut Check<'_>, at: &str, raw: RawImportFile) -> Option<scan_import::CsvSettings> {
    let scope = required(check, at, "scope", raw.scope);
    let kind = required(check, at, "kind", raw.kind);
    let columns = required(check, at, "columns", raw.columns);
    let zone = raw.time_zone.as_deref().map(|name| check.zone(&format!("{at}/time_zone"), name));
    let mut table = scan_import::CsvSettings::new(ScopeName::from(scope?), kind?.0);
    table.manifest = raw.manifest.map(PathBuf::from);
    table.columns = by_field(columns?);
    table.values = by_field(raw.values.unwrap_or_default());
    table.formats = by_field(raw.formats.unwrap_or_default());
    table.time_zone = zone.flatten();
    table.delimiter = raw.delimiter.as_deref().and_then(|text| text.bytes().next()).unwrap_or(b',');
    table.encoding = match raw.encoding {
        None | Some(RawEncoding::Utf8) => scan_import::Encoding::Utf8,
        Some(RawEncoding::Utf16) => scan_import::Encoding::Utf16,
        Some(RawEncoding::Windows1252) => scan_import::Encoding::Windows1252,
    };
    // The schema knows the words.
    let relation =
        raw.relation.and_then(|word| Relation::ALL.iter().find(|relation| relation.as_str() == word).copied());
    table.relation = relation.unwrap_or(Relation::Holder);
    Some(table)
}

/// Keys as fields; the schema has refused others.
fn by_field<T>(written: BTreeMap<String, T>) -> BTreeMap<scan_import::Field, T> {
    written.into_iter().filter_map(|(key, value)| Some((scan_import::Field::parse(&key)?, value))).collect()
}

/// Planted leavers, whose systems have to exist.
pub(super) fn sentinel_leavers(check: &mut Check<'_>, raw: Option<Vec<RawSentinelLeaver>>) -> Vec<SentinelLeaver> {
    // Also the ids of systems with other mistakes: one mistake is told once.
    let ids = check.texts("/systems", "id");
    entries(check.document, raw, "/sentinel_leavers")
        .into_iter()
        .map(|(pointer, raw)| {
            if !ids.iter().any(|(id, _)| *id == raw.system) {
                let here = format!("{pointer}/system");
                let help = check.did_you_mean(&here, &raw.system, &ids, "configured");
                check.say_help(&here, format!("no system is called {}", check.shown(&here, &raw.system)), help);
            }
            SentinelLeaver {
                person_id: PersonId::new(raw.person_id),
                system: SystemId::from(raw.system),
                kind: raw.kind.0,
                grant_id: GrantId::from(raw.grant_id),
            }
        })
        .collect()
}
