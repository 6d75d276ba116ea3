//! Doors for the fuzz targets (`tests/fuzz`) to what nobody else may call. Not part of the interface.

use scan_contract::Cause;

use crate::read::report::Report;

/// What was made of a credential report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialReport {
    /// Line, user and ARN of each row.
    pub rows: Vec<(u64, String, String)>,
    /// Whether the slot of each of the two access keys counts as taken, row by row.
    pub keys_taken: Vec<[bool; 2]>,
    /// Part and cause of everything that could not be read.
    pub damage: Vec<(Option<String>, Cause)>,
}

/// Reads a credential report: the decoded CSV, or the raw answer around it.
///
/// # Errors
/// Nothing in it is usable.
pub fn credential_report(bytes: &[u8]) -> Result<CredentialReport, Cause> {
    let report = Report::read(bytes, "credential-report.csv")?;
    Ok(CredentialReport {
        rows: report.rows.iter().map(|row| (row.line, row.user.clone(), row.arn.clone())).collect(),
        keys_taken: report.rows.iter().map(|row| [row.keys[0].is_taken(), row.keys[1].is_taken()]).collect(),
        damage: report.damage.into_iter().map(|damage| (damage.part, damage.cause)).collect(),
    })
}
