//! Systems that exist and are not connected: a list somebody keeps, never ticked off by itself.

use scan_contract::{Documents, Quotes};
use sha2::{Digest as _, Sha256};

use crate::config::{Config, ProvenFile};
use crate::report::{KnownApp, Notice, NoticeLevel};

/// Largest list.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Reads the list. One that cannot be trusted is itself an app that is not connected: nothing may be called clean.
pub fn read(config: &Config, documents: &dyn Documents, notices: &mut Vec<Notice>) -> Vec<KnownApp> {
    let Some(file) = &config.known_apps else { return Vec::new() };
    match parse(config, file, documents) {
        Ok(mut apps) => {
            if file.sha256.is_none() {
                // A list that became shorter on its way would read as systems that are no more.
                let path = file.path.display();
                notices.push(Notice {
                    id: String::from("known-apps"),
                    level: NoticeLevel::Warning,
                    says: format!("{path} is not proven whole: give its sha256 in the configuration (known_apps: {{ path, sha256 }})"),
                });
                apps.push(KnownApp {
                    name: format!("(the list {path} is not proven whole)"),
                    owner: None,
                    connected_as: None,
                });
            }
            apps
        }
        Err(says) => {
            let path = file.path.display();
            notices.push(Notice {
                id: String::from("known-apps"),
                level: NoticeLevel::Warning,
                says: format!("{path}: {says}; which systems are not connected is not known"),
            });
            vec![KnownApp { name: format!("(the list {path} could not be read)"), owner: None, connected_as: None }]
        }
    }
}

fn parse(config: &Config, file: &ProvenFile, documents: &dyn Documents) -> Result<Vec<KnownApp>, String> {
    let bytes = documents.read_to_end(&file.path, LIMIT).map_err(|cause| cause.to_string())?;
    if let Some(expected) = &file.sha256 {
        let digest = Sha256::digest(&bytes);
        let found = data_encoding::HEXLOWER.encode(&digest);
        if found != *expected {
            return Err(format!("its SHA-256 is {found}, the configuration says {expected}"));
        }
    }
    if let Some(torn) = Quotes::of(&bytes, b',') {
        return Err(format!("line {}: {}", torn.line(), torn.as_str()));
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name);
    let name = column("name").ok_or_else(|| format!("the column `name` is missing; found {}", list(&headers)))?;
    let (owner, system) = (column("owner"), column("system"));
    let mut apps = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(|error| error.to_string())?;
        let text = |column: Option<usize>| column.and_then(|column| record.get(column)).filter(|text| !text.is_empty());
        let Some(name) = text(Some(name)) else { return Err(format!("row {} has no name", row + 2)) };
        let reads = text(system).unwrap_or(name);
        let connected_as =
            config.systems.iter().find(|configured| configured.id.as_str() == reads).map(|found| found.id.clone());
        if let Some(word) = text(system)
            && connected_as.is_none()
        {
            return Err(format!("row {}: no system {word} is configured", row + 2));
        }
        apps.push(KnownApp { name: String::from(name), owner: text(owner).map(String::from), connected_as });
    }
    apps.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(apps)
}

fn list(headers: &csv::StringRecord) -> String {
    headers.iter().collect::<Vec<_>>().join(", ")
}
