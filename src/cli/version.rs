//! `holdover version`.

use serde::Serialize;

use super::arguments::Version;
use super::failure::Failure;
use super::session::Session;

/// Revision the program was built from; `unknown` where the build did not say (HOLDOVER_REVISION at build time).
pub(super) const REVISION: &str = match option_env!("HOLDOVER_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

#[derive(Debug, Serialize)]
struct Facts {
    name: &'static str,
    version: &'static str,
    revision: &'static str,
    target_os: &'static str,
    target_arch: &'static str,
    connectors: Vec<&'static str>,
    config_schema: u32,
    report_schema: u32,
    run_schema: u32,
    import_format: u32,
    store_schema: i64,
    ocsf: &'static str,
    sarif: &'static str,
    fingerprint_recipe: &'static str,
    controls_mapping: &'static str,
    tz_database: &'static str,
}

/// Every connector word once; `aws` serves documents and accounts that are asked themselves.
fn connectors() -> Vec<&'static str> {
    let mut words = crate::scanners::CONNECTORS.to_vec();
    words.dedup();
    words
}

pub(super) fn run(session: &Session<'_>, arguments: &Version) -> Result<u8, Failure> {
    let facts = Facts {
        name: "holdover",
        version: env!("CARGO_PKG_VERSION"),
        revision: REVISION,
        target_os: std::env::consts::OS,
        target_arch: std::env::consts::ARCH,
        connectors: connectors(),
        config_schema: 1,
        report_schema: 1,
        run_schema: crate::emit::run_json::VERSION,
        import_format: 1,
        store_schema: crate::store::sqlite::schema_version(),
        ocsf: "1.8.0",
        sarif: "2.1.0",
        fingerprint_recipe: "ra1",
        controls_mapping: crate::rules::controls::MAPPING_VERSION,
        tz_database: chrono_tz::IANA_TZDB_VERSION,
    };
    if arguments.json {
        let text = serde_json::to_string_pretty(&facts).map_err(|error| Failure::Output(error.to_string()))?;
        session.say(&text)?;
    } else {
        session.say(&format!("holdover {} ({}), tz database {}", facts.version, facts.revision, facts.tz_database))?;
    }
    Ok(0)
}
