//! What the documents mean: accesses, gaps and proofs, scope by scope. Pure: no files, no clock, no channel.

pub(crate) mod check;
pub(crate) mod credentials;
pub(crate) mod keys;
pub(crate) mod people;
mod reading;
pub(crate) mod roles;
pub(crate) mod users;

use std::collections::HashMap;

use scan_contract::{AsOf, AsOfSource, Cause};

use crate::policy::reach::Reaches;
use crate::policy::tables::tables;
use crate::read::load::{Loaded, Source};
use crate::read::wire::Stamp;
use crate::scopes::{ACCESS_KEYS, ALL, ReadFrom};
use crate::settings::Settings;

pub(crate) use reading::Reading;

use people::People;

/// A report can be four hours old when it is handed out: AWS makes a new one at most that often.
pub(crate) const REPORT_LAG_HOURS: i64 = 4;

/// An MFA device of which the serial number is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// Serial number; an ARN for virtual devices.
    pub(crate) serial: String,
    /// When it was enabled.
    pub(crate) enabled: Stamp,
}

/// What a live read knows beyond the documents.
#[derive(Debug, Default)]
pub(crate) struct Beyond {
    /// Whether this is a live read, for words.
    pub(crate) live: bool,
    /// Longest session of each role in seconds, by ARN, where it was asked for.
    pub(crate) longest_sessions: HashMap<String, i64>,
    /// MFA devices, by the ARN of their user.
    pub(crate) devices: HashMap<String, Vec<Device>>,
    /// Whether the root user has a password, where it was asked for.
    pub(crate) root_password: Option<bool>,
}

/// Tells everything the documents show. An error is a defect of this crate.
pub(crate) fn tell(settings: &Settings, loaded: &Loaded) -> Result<Reading, Cause> {
    let tables = tables().map_err(|what| Cause::Bug { what: what.to_owned() })?;
    let mut reading = Reading::new(&settings.account);
    for (kind, from) in ALL {
        if let ReadFrom::Nowhere(what) = from {
            let what = format!("{what}; none of the documents carries them");
            reading.gap(kind, None, Cause::NotInSource { what });
        }
    }
    if let Some(found) = check::foreign_account(settings, loaded) {
        let declared = settings.account.to_string();
        reading.gap_in(readable(), &Cause::WrongSystem { declared, found });
        return Ok(reading);
    }
    open_scopes(settings, loaded, &mut reading);
    let beyond = Beyond::default();
    let reaches = loaded.details.get().map(|details| Reaches::new(tables, details));
    let people = People::new(settings, loaded, reaches.as_ref());
    if let (Some(details), Some(reaches)) = (loaded.details.get(), reaches.as_ref()) {
        users::tell(details, &people, reaches, &mut reading);
        roles::tell(settings, details, &people, reaches, &beyond, &mut reading);
    }
    credentials::tell(loaded, &people, &beyond, &mut reading);
    keys::tell(settings, loaded, &people, &beyond, &mut reading);
    check::tell(loaded, &mut reading);
    reading.finish();
    Ok(reading)
}

/// Scopes that some document can carry.
fn readable() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().filter(|(_, from)| !matches!(from, ReadFrom::Nowhere(_))).map(|(kind, _)| kind)
}

/// Scopes of one document.
fn scopes_from(wanted: ReadFrom) -> impl Iterator<Item = &'static str> {
    ALL.into_iter().filter(move |(_, from)| *from == wanted).map(|(kind, _)| kind)
}

/// Opens the scopes whose document was read, and names the reason for the others.
fn open_scopes(settings: &Settings, loaded: &Loaded, reading: &mut Reading) {
    let configured = settings.documents.as_of;
    let details = AsOf { at: configured, source: AsOfSource::Configured };
    // What the report does not say about its age is taken from the far end of its lag.
    let report = loaded.generated().map_or(
        AsOf { at: configured - chrono::TimeDelta::hours(REPORT_LAG_HOURS), source: AsOfSource::Configured },
        |at| AsOf { at, source: AsOfSource::Stated },
    );
    open_from(ReadFrom::Details, &loaded.details, details, "the authorization details", reading);
    open_from(ReadFrom::Report, &loaded.report, report, "the credential report", reading);
    if loaded.report.get().is_none() && loaded.keys.get().is_some() {
        reading.open(ACCESS_KEYS, details);
    }
}

fn open_from<T>(from: ReadFrom, source: &Source<T>, as_of: AsOf, what: &str, reading: &mut Reading) {
    for kind in scopes_from(from) {
        match source {
            Source::Read(_) => reading.open(kind, as_of),
            Source::Failed(cause) => reading.gap(kind, None, cause.clone()),
            Source::NotConfigured => {
                reading.gap(kind, None, Cause::NotInSource { what: format!("{what}: no such document is configured") });
            }
        }
    }
}
