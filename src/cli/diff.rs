//! `holdover diff`: what is new, changed, gone, or no longer known between two runs.

use serde::Serialize;
use std::collections::BTreeMap;

use super::arguments;
use super::failure::Failure;
use super::report::kept;
use super::session::Session;
use super::text::add_line;
use crate::findings::{Finding, FindingState, Fingerprint};
use crate::hostile;
use crate::report::Report;
use crate::store::Store as _;

#[derive(Debug, Serialize)]
struct Difference {
    before: String,
    after: String,
    new: Vec<Line>,
    changed: Vec<Line>,
    gone: Vec<Line>,
    no_longer_known: Vec<Line>,
    coverage: Vec<ScopeLine>,
}

#[derive(Debug, Serialize)]
struct Line {
    fingerprint: String,
    severity: String,
    person_id: String,
    system: String,
    kind: String,
    grant_id: String,
    says: String,
}

#[derive(Debug, Serialize)]
struct ScopeLine {
    system: String,
    scope: String,
    before: String,
    after: String,
}

pub(super) fn run(session: &Session<'_>, arguments: &arguments::Diff) -> Result<u8, Failure> {
    let configured = session.configuration()?;
    let store = session.store_read_only(&configured.config)?;
    let reports = store.reports()?;
    let (before, after) = match (&arguments.before, &arguments.after) {
        (Some(before), Some(after)) => (before.clone(), after.clone()),
        (Some(before), None) => (before.clone(), newest(&reports, 0)?),
        (None, _) => (newest(&reports, 1)?, newest(&reports, 0)?),
    };
    let difference = compare(&kept(&store, Some(&before))?, &kept(&store, Some(&after))?);
    if arguments.format == "json" {
        let text = serde_json::to_string_pretty(&difference).map_err(|error| Failure::Output(error.to_string()))?;
        session.say(&text)?;
    } else {
        session.say(&table(&difference))?;
    }
    Ok(0)
}

fn newest(reports: &[(String, scan_contract::Instant)], back: usize) -> Result<String, Failure> {
    reports
        .get(back)
        .map(|(id, _)| id.clone())
        .ok_or_else(|| Failure::Usage(format!("{} run(s) are kept; two are needed to compare", reports.len())))
}

fn compare(before: &Report, after: &Report) -> Difference {
    let old = by_fingerprint(before);
    let new = by_fingerprint(after);
    let closed: BTreeMap<Fingerprint, &Finding> =
        after.closed.iter().map(|finding| (finding.fingerprint, finding)).collect();
    let mut difference = Difference {
        before: before.run.id.clone(),
        after: after.run.id.clone(),
        new: Vec::new(),
        changed: Vec::new(),
        gone: Vec::new(),
        no_longer_known: Vec::new(),
        coverage: coverage(before, after),
    };
    for (print, finding) in &new {
        match old.get(print) {
            None => difference.new.push(line(finding, String::from(finding.change.as_str()))),
            Some(earlier) if finding.state == FindingState::Unverified && earlier.state != FindingState::Unverified => {
                difference.no_longer_known.push(line(finding, String::from("its scope could not be read completely")));
            }
            Some(earlier) => {
                if let Some(says) = changes(earlier, finding) {
                    difference.changed.push(line(finding, says));
                }
            }
        }
    }
    for (print, finding) in &old {
        if !new.contains_key(print) {
            let says = match closed.get(print) {
                Some(closed) => format!("closed ({})", closed.change.as_str()),
                None => String::from("closed in a run between"),
            };
            difference.gone.push(line(finding, says));
        }
    }
    difference
}

fn by_fingerprint(report: &Report) -> BTreeMap<Fingerprint, &Finding> {
    report.findings.iter().map(|finding| (finding.fingerprint, finding)).collect()
}

fn changes(before: &Finding, after: &Finding) -> Option<String> {
    let mut says = Vec::new();
    let mut note = |what: &str, old: &str, new: &str| {
        if old != new {
            says.push(format!("{what} {old} -> {new}"));
        }
    };
    note("state", before.state.as_str(), after.state.as_str());
    note("severity", before.severity.as_str(), after.severity.as_str());
    note("privilege", before.privilege.as_str(), after.privilege.as_str());
    note("usability", before.usability.as_str(), after.usability.as_str());
    note("used after end", before.used_after_end.as_str(), after.used_after_end.as_str());
    (!says.is_empty()).then(|| says.join(", "))
}

fn coverage(before: &Report, after: &Report) -> Vec<ScopeLine> {
    let states = |report: &Report| -> BTreeMap<(String, String), String> {
        report
            .systems
            .iter()
            .flat_map(|system| {
                system.scopes.iter().map(|scope| {
                    let key = (String::from(system.id.as_str()), String::from(scope.name.as_str()));
                    (key, String::from(scope.state.as_str()))
                })
            })
            .collect()
    };
    let (old, new) = (states(before), states(after));
    let mut keys: Vec<&(String, String)> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| {
            let state = |states: &BTreeMap<(String, String), String>| {
                states.get(key).cloned().unwrap_or_else(|| String::from("not declared"))
            };
            ScopeLine { system: key.0.clone(), scope: key.1.clone(), before: state(&old), after: state(&new) }
        })
        .collect()
}

fn line(finding: &Finding, says: String) -> Line {
    Line {
        fingerprint: finding.fingerprint.to_string(),
        severity: String::from(finding.severity.as_str()),
        person_id: String::from(finding.person_id.as_str()),
        system: String::from(finding.system.as_str()),
        kind: String::from(finding.access_kind.as_str()),
        grant_id: String::from(finding.grant_id.as_str()),
        says,
    }
}

fn table(difference: &Difference) -> String {
    let mut text = format!("{} -> {}\n", difference.before, difference.after);
    let parts = [
        ("new", &difference.new),
        ("changed", &difference.changed),
        ("gone", &difference.gone),
        ("no longer known", &difference.no_longer_known),
    ];
    for (title, lines) in parts {
        // Writing to a String cannot fail.
        add_line(&mut text, format_args!("\n{title}: {}", lines.len()));
        for line in lines {
            add_line(
                &mut text,
                format_args!(
                    "  {:8} {} {} {} {}  {}  {}",
                    line.severity,
                    hostile::line(&line.person_id),
                    line.system,
                    line.kind,
                    hostile::short(&line.grant_id, 60),
                    line.fingerprint,
                    hostile::line(&line.says)
                ),
            );
        }
    }
    add_line(&mut text, format_args!("\ncoverage changes: {}", difference.coverage.len()));
    for scope in &difference.coverage {
        add_line(
            &mut text,
            format_args!("  {} {}  {} -> {}", scope.system, hostile::line(&scope.scope), scope.before, scope.after),
        );
    }
    text
}
