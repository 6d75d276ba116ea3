//! The credential report of an AWS account.

use scan_aws::fuzzing::{CredentialReport, credential_report};
use scan_contract::Cause;

use crate::help::table;

pub(super) const HOLDS: &str = "a row of a strict reader is a row of ours, in order, or its damage is told; an open quote is told; \
    a key that the report does not plainly deny counts as taken; the same twice";

pub(super) fn run(bytes: &[u8]) {
    let read = credential_report(bytes);
    assert_eq!(read, credential_report(bytes), "not the same twice");
    let report = match read {
        Ok(report) => report,
        Err(cause) => {
            assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
            return;
        }
    };
    for (part, cause) in &report.damage {
        assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
        assert!(part.as_deref().is_none_or(|part| !part.is_empty()));
    }
    // Inside the raw answer the table is in base64: there is no second reader for that.
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| !text.trim_start().starts_with('{')) else { return };
    // One mark is ours to take away, and the library for tables takes one as well.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let told = report.damage.iter().any(|(_, cause)| cause.to_string().contains("quot"));
    assert!(told || !table::is_torn(text, b',', true), "a torn table went by: {text:?}");
    if let Some(rows) = table::rows(text, b',') {
        check_rows(&report, &rows);
    }
}

fn check_rows(report: &CredentialReport, rows: &[(usize, Vec<String>)]) {
    let Some((header, rows)) = rows.split_first() else { return };
    let column = |name: &str| header.1.iter().position(|found| found == name);
    let (Some(user), Some(arn)) = (column("user"), column("arn")) else {
        panic!("a report without its columns was read: {header:?}");
    };
    let wide: Vec<_> = rows.iter().filter(|(_, cells)| cells.len() == header.1.len()).collect();
    let damaged = rows.len() - wide.len();
    let expected: Vec<(&str, &str)> = wide.iter().map(|(_, cells)| (&*cells[user], &*cells[arn])).collect();
    let found: Vec<(&str, &str)> = report.rows.iter().map(|(_, user, arn)| (&**user, &**arn)).collect();
    assert_eq!(found, expected);
    assert!(report.damage.len() >= damaged, "{damaged} rows of another width, {} damages", report.damage.len());
    for ((_, cells), taken) in wide.iter().zip(&report.keys_taken) {
        for (slot, taken) in ["1", "2"].iter().zip(taken) {
            let active = column(&format!("access_key_{slot}_active")).map(|at| &*cells[at]);
            assert!(active != Some("true") || *taken, "an active key does not count: {cells:?}");
        }
    }
}
