//! One result.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::log::{
    ArtifactLocation, Location, LogicalLocation, PartialFingerprints, PhysicalLocation, Region, ResultProperties,
    SarifResult, Suppression, Text,
};
use super::rules::Rules;
use super::{guid, plain};
use crate::emit::sections::{Section, section};
use crate::emit::{EmitContext, words};
use crate::findings::{Change, Finding, FindingState, Severity};

/// What was seen once is not written, it will be when it is confirmed; nor what is within the agreed time, it will be
/// when that has passed.
pub(super) fn is_written(finding: &Finding) -> bool {
    finding.state != FindingState::Observed && section(finding) != Section::WithinTime
}

pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn rank(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 95.0,
        Severity::High => 80.0,
        Severity::Medium => 55.0,
        Severity::Low => 20.0,
        Severity::Info => 5.0,
    }
}

/// Kind and level: a level other than `none` goes with `fail` only.
fn kind(finding: &Finding) -> (&'static str, &'static str) {
    match finding.state {
        FindingState::Ambiguous => ("review", "none"),
        // It was looked for and is gone; no consumer may show it as open.
        FindingState::Closed => ("pass", "none"),
        FindingState::Observed
        | FindingState::Confirmed
        | FindingState::Unverified
        | FindingState::Closing
        | FindingState::Suppressed => ("fail", level(finding.severity)),
    }
}

fn baseline(finding: &Finding) -> &'static str {
    match (finding.state, finding.change) {
        (FindingState::Closed, _) => "absent",
        (_, Change::New | Change::Reopened) => "new",
        (
            FindingState::Observed | FindingState::Confirmed | FindingState::Suppressed | FindingState::Ambiguous,
            Change::Updated,
        ) => "updated",
        (_, Change::Unchanged | Change::Updated | Change::Closed | Change::Rehired | Change::Planted) => "unchanged",
    }
}

/// The result of one finding, already disguised.
pub(super) fn result(finding: &Finding, rules: &Rules<'_>, context: &EmitContext<'_>) -> SarifResult {
    let (kind, level) = kind(finding);
    let fingerprint = finding.fingerprint.to_string();
    let digits = fingerprint.trim_start_matches(crate::findings::FINGERPRINT_PREFIX).to_owned();
    SarifResult {
        rule_id: finding.rule.to_string(),
        rule_index: rules.index(&finding.rule),
        kind,
        level,
        rank: rank(finding.severity),
        message: Text { text: message(finding) },
        locations: vec![location(finding, context)],
        partial_fingerprints: PartialFingerprints {
            primary_location_line_hash: format!("{}:1", &digits[..digits.len().min(16)]),
            residual_access: digits,
        },
        baseline_state: baseline(finding),
        suppressions: suppression(finding, &fingerprint).into_iter().collect(),
        work_item_uris: finding.ticket.as_deref().filter(|ticket| is_uri(ticket)).map(uri).into_iter().collect(),
        properties: properties(finding),
    }
}

fn message(finding: &Finding) -> String {
    let head = format!(
        "{} of {} in {}",
        words::kind(finding.access_kind),
        plain(finding.person_id.as_str()),
        plain(finding.system.as_str())
    );
    let mut head: Vec<char> = head.chars().collect();
    if let Some(first) = head.first_mut() {
        *first = first.to_ascii_uppercase();
    }
    let head: String = head.into_iter().collect();
    let after = words::after_the_end(finding);
    match finding.state {
        FindingState::Suppressed => {
            let id = plain(finding.exception_id.as_deref().unwrap_or("that is not named"));
            let until =
                finding.exception_expires_at.map_or_else(String::new, |at| format!(" until {}", words::seconds(at)));
            format!("{head} is still there {after}, under exception {id}{until}.")
        }
        FindingState::Closed => format!("{head} is {}.", words::how_closed(finding)),
        FindingState::Unverified => format!("{head} was last seen {after}; its scope could not be read in this run."),
        FindingState::Ambiguous => format!("{head} is still there {after}; whose it is, is not certain."),
        FindingState::Closing => format!("{head} was absent once; it was last seen {after}."),
        FindingState::Observed | FindingState::Confirmed => {
            let used = match finding.used_after_end {
                crate::findings::UsedAfterEnd::After => " and was used after the end",
                _ => "",
            };
            format!("{head} is still there {after}{used}.")
        }
    }
}

fn location(finding: &Finding, context: &EmitContext<'_>) -> Location {
    let line = context.places.line(&finding.system);
    let name = finding.grant_display.as_deref().unwrap_or(finding.grant_id.as_str());
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(&context.places.configuration) },
            region: Region { start_line: line, start_column: 1, end_line: line, end_column: 2 },
        },
        logical_locations: vec![LogicalLocation {
            name: name.to_owned(),
            fully_qualified_name: format!("{}::{}::{}", finding.system, finding.scope, finding.grant_id),
            kind: "resource",
        }],
    }
}

fn suppression(finding: &Finding, fingerprint: &str) -> Option<Suppression> {
    if finding.state != FindingState::Suppressed {
        return None;
    }
    let id = finding.exception_id.as_deref().unwrap_or("an exception that is not named");
    let until = finding.exception_expires_at.map_or_else(String::new, |at| format!(" until {}", words::seconds(at)));
    Some(Suppression {
        guid: guid(&["suppression", fingerprint, id]),
        kind: "external",
        status: "accepted",
        justification: format!("{id}{until}"),
    })
}

fn properties(finding: &Finding) -> ResultProperties {
    ResultProperties {
        state: finding.state.as_str(),
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        person_id: finding.person_id.to_string(),
        system: finding.system.to_string(),
        scope: finding.scope.to_string(),
        access_kind: finding.access_kind.as_str(),
        grant_id: finding.grant_id.to_string(),
        privilege: finding.privilege.as_str(),
        usability: finding.usability.as_str(),
        used_after_end: finding.used_after_end.as_str(),
        access_end_at: words::exact(finding.access_end.at),
        due_at: words::exact(finding.due_at),
        exposure_seconds: finding.exposure_seconds,
        match_method: finding.matched.method.clone(),
        rules: finding.rules.iter().map(|hit| hit.rule.to_string()).collect(),
        controls: finding.controls.iter().map(ToString::to_string).collect(),
        severity_reasons: finding.severity_reasons.clone(),
        remediation: finding.remediation.clone(),
        exception_id: finding.exception_id.as_deref().map(str::to_owned),
        owner_team: finding.owner_team.as_deref().map(str::to_owned),
    }
}

/// Whether a ticket is an address a page may link to.
fn is_uri(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// What a URI reference may hold as it is (RFC 3986, section 2.2 and 2.3), and `%`.
const URI: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'#')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'%');

/// A URI reference: whatever may not stand in one is percent-encoded.
fn uri(text: &str) -> String {
    utf8_percent_encode(text, URI).to_string()
}
