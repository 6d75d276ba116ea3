//! Reading JSON v1 back.

use serde::Deserialize;

use super::{FORMAT, ReadError, VERSION, v1};
use crate::findings::Finding;
use crate::report::Report;

/// What is looked at before the rest: a document of another version is refused by name, not by a missing field.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: String,
    #[serde(default)]
    version: u32,
}

pub(super) fn document(bytes: &[u8]) -> Result<Report, ReadError> {
    let head: Head = serde_json::from_slice(bytes).map_err(ReadError::Json)?;
    if head.format != FORMAT || head.version != VERSION {
        let found = if head.format == FORMAT {
            format!("{FORMAT} version {}", head.version)
        } else {
            String::from("of another format")
        };
        return Err(ReadError::Other { found });
    }
    report(serde_json::from_slice(bytes).map_err(ReadError::Json)?)
}

fn report(document: v1::Document) -> Result<Report, ReadError> {
    Ok(Report {
        run: document.run.into(),
        roster: document.roster.into(),
        findings: findings(document.findings)?,
        closed: findings(document.closed)?,
        remnants: findings(document.remnants)?,
        licenses: findings(document.licenses)?,
        ambiguous: document.ambiguous.into_iter().map(Into::into).collect(),
        unattributed: document.unattributed.into_iter().map(Into::into).collect(),
        unattributed_total: document.unattributed_total,
        systems: document.systems.into_iter().map(Into::into).collect(),
        known_apps: document.known_apps.into_iter().map(Into::into).collect(),
        leavers: document.leavers.into_iter().map(Into::into).collect(),
        exceptions: document.exceptions.into_iter().map(Into::into).collect(),
        contradictions: document
            .contradictions
            .into_iter()
            .map(crate::report::Contradiction::try_from)
            .collect::<Result<_, _>>()?,
        sentinels: document.sentinels.into_iter().map(Into::into).collect(),
        notices: document.notices.into_iter().map(Into::into).collect(),
        totals: document.totals.into(),
    })
}

fn findings(wire: Vec<v1::Finding>) -> Result<Vec<Finding>, ReadError> {
    wire.into_iter().map(Finding::try_from).collect()
}
