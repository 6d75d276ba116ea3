//! The rules a run refers to, with the worst severity each one has in it: services read severity from the rule.

use std::collections::BTreeMap;

use super::Slice;
use super::log::{Configuration, Driver, ReportingDescriptor, RuleProperties, Text};
use super::results::{is_written, level};
use crate::emit::EmitContext;
use crate::findings::{Finding, Severity};
use crate::report::Report;

/// Rules by id, in order; their position is the `ruleIndex`.
pub(super) struct Rules<'a> {
    worst: BTreeMap<&'a str, (Severity, &'a Finding)>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(report: &'a Report, slice: Slice<'_>) -> Self {
        let mut worst: BTreeMap<&str, (Severity, &Finding)> = BTreeMap::new();
        for finding in report.findings.iter().chain(&report.closed) {
            if !slice.covers(finding) || !is_written(finding) {
                continue;
            }
            let entry = worst.entry(&finding.rule).or_insert((finding.severity, finding));
            entry.0 = entry.0.min(finding.severity);
        }
        Self { worst }
    }

    pub(super) fn index(&self, rule: &str) -> usize {
        // Every written result was counted above, so the rule is there.
        self.worst.keys().position(|candidate| *candidate == rule).unwrap_or(0)
    }

    pub(super) fn driver(&self, report: &Report, context: &EmitContext<'_>) -> Driver {
        Driver {
            name: "holdover",
            version: report.run.version.clone(),
            rules: self.worst.iter().map(|(id, (worst, finding))| descriptor(id, *worst, finding, context)).collect(),
        }
    }
}

fn descriptor(id: &str, worst: Severity, finding: &Finding, context: &EmitContext<'_>) -> ReportingDescriptor {
    let texts = context.rules;
    let title = texts.title(id).unwrap_or(id);
    ReportingDescriptor {
        id: id.to_owned(),
        name: pascal(id),
        short_description: Text { text: title.to_owned() },
        full_description: Text { text: texts.reason(id).unwrap_or(title).to_owned() },
        help: Text { text: texts.remedy(id).unwrap_or(title).to_owned() },
        help_uri: context.places.rule_page(id),
        default_configuration: Configuration { level: level(worst) },
        properties: RuleProperties {
            tags: vec![
                String::from("security"),
                String::from("offboarding"),
                finding.access_kind.as_str().replace('_', "-"),
            ],
            precision: "high",
            security_severity: security_severity(worst),
        },
    }
}

/// The number services turn into a word; left out for what is only for the record.
fn security_severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("8.0"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("2.0"),
        Severity::Info => None,
    }
}

fn pascal(id: &str) -> String {
    id.split('-')
        .flat_map(|word| {
            let mut characters = word.chars();
            characters.next().into_iter().flat_map(char::to_uppercase).chain(characters)
        })
        .collect()
}
