//! T8: hostile and very many names, and whatever a report holds, against labels and their number.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scan_contract::{AccessKind, ScopeState};
use serde_json::Value;

use super::sample::{finding, report, source, system};
use super::*;
use crate::emit::{json, sample as emitted};
use crate::findings::{FindingState, Severity};
use crate::report::{CredentialFact, EffortFact};
use crate::store::sample::scope;

/// Words that labels may take from the report itself: names from the configuration and from the rules.
const FROM_CONFIGURATION: &[&str] = &[
    "/systems/*/id",
    "/systems/*/provider",
    "/systems/*/tier",
    "/findings/*/system",
    "/findings/*/rule",
    "/closed/*/system",
    "/remnants/*/system",
    "/licenses/*/system",
    "/roster/sources/*/id",
    "/roster/gates/*/source",
];

const CANARY: &str = "canary-text-of-nobody";

fn build() -> BuildInfo {
    BuildInfo { version: String::from("0.1.0"), revision: String::from("unknown") }
}

fn text(report: &Report) -> String {
    encode(&gather(report, MetricsDetail::Kind, &build())).unwrap()
}

fn document(report: &Report) -> Value {
    let mut bytes = Vec::new();
    json::write(report, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Pointers of every string and every map key that is data, with list positions.
fn strings(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| strings(item, &format!("{at}/{index}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            strings(field, &format!("{at}/{name}"), found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without_positions(pointer: &str) -> String {
    let part = |part: &str| if part.chars().all(|letter| letter.is_ascii_digit()) { "*" } else { part }.to_owned();
    pointer
        .split('/')
        .map(|word| if word.is_empty() { String::new() } else { part(word) })
        .collect::<Vec<_>>()
        .join("/")
}

/// A canary in each field of a report that takes any text, one at a time.
#[test]
fn no_text_of_a_report_becomes_a_label_except_names_from_the_configuration() {
    let rich = document(&emitted::rich());
    let mut pointers = Vec::new();
    strings(&rich, "", &mut pointers);
    let (mut planted, mut told) = (BTreeSet::new(), BTreeSet::new());
    for pointer in pointers {
        let mut changed = rich.clone();
        *changed.pointer_mut(&pointer).unwrap() = Value::from(CANARY);
        // What is a time, a number or a word of a closed set takes no canary.
        let Ok(report) = json::read(changed.to_string().as_bytes()) else { continue };
        let field = without_positions(&pointer);
        if text(&report).contains(CANARY) {
            told.insert(field.clone());
        }
        planted.insert(field);
    }
    assert!(planted.len() > 60, "only {} fields took a canary: {planted:?}", planted.len());
    let allowed: BTreeSet<String> = FROM_CONFIGURATION.iter().map(|field| (*field).to_owned()).collect();
    let wrong: Vec<&String> = told.difference(&allowed).collect();
    assert!(wrong.is_empty(), "labels with text of {wrong:?}");
    for sure in ["/systems/*/id", "/findings/*/rule"] {
        assert!(told.contains(sure), "the canary itself works: {sure} in {told:?}");
    }
    for secret in ["person_id", "grant_id", "grant_display"] {
        assert!(planted.iter().any(|field| field.ends_with(secret)), "{secret} took no canary");
    }
}

#[test]
fn every_label_name_is_one_of_the_list() {
    let used: BTreeSet<&str> = table::families().flat_map(|family| family.labels.iter().copied()).collect();
    let allowed: BTreeSet<&str> = table::LABELS.iter().copied().collect();
    assert!(used.is_subset(&allowed), "{:?}", used.difference(&allowed));
}

fn samples(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).count()
}

/// As large as the requirements allow: every system shows every kind and every severity, is read live, and tells of its
/// credential.
fn worst_case(ids: &[String]) -> Report {
    let mut report = report();
    report.systems.clear();
    report.findings.clear();
    report.roster.sources = (0..5).map(|number| source(&format!("source-{number}"))).collect();
    for (number, id) in ids.iter().enumerate() {
        let mut keys = scope("keys", ScopeState::Complete, 17);
        keys.objects_by_kind = AccessKind::ALL.iter().map(|kind| (*kind, 1)).collect();
        let mut system = system(id, vec![keys]);
        system.effort =
            Some(EffortFact { requests: 9, retries: 1, failures: 0, throttled: 0, waited_seconds: 0.5, received: 10 });
        system.credential =
            Some(CredentialFact { ends_at: Some(crate::store::sample::now()), excess_permissions: Some(2) });
        report.systems.push(system);
        for severity in Severity::ALL {
            let mut found = finding(u32::try_from(number).unwrap(), id, *severity, FindingState::Confirmed);
            found.rule = format!("rule-{:02}", number % 40).into();
            report.findings.push(found);
        }
    }
    report
}

#[test]
fn fifty_systems_with_the_longest_names_stay_below_the_cap_and_lose_the_families_in_the_documented_order() {
    let ids: Vec<String> = (0..50).map(|number| format!("{number:02}{}", "-".repeat(30))).collect();
    let text = text(&worst_case(&ids));
    assert!(samples(&text) <= series::CAP, "{} series", samples(&text));
    for gone in ["_by_kind{", "holdover_remnants{", "holdover_scan_api_", "holdover_scan_objects{"] {
        assert!(!text.contains(gone), "{gone}");
    }
    for kept in
        ["holdover_residual_findings{", "holdover_scan_success{", "holdover_scan_scopes{", "holdover_roster_held{"]
    {
        assert!(text.contains(kept), "{kept}");
    }
    let dropped = text.lines().find_map(|line| line.strip_prefix("holdover_metrics_series_dropped ")).unwrap();
    assert!(dropped.parse::<usize>().unwrap() >= 50 * (17 + 17 + 5 + 17), "{dropped}");
}

#[test]
fn twenty_systems_lose_nothing() {
    let ids: Vec<String> = (0..20).map(|number| format!("system-{number}")).collect();
    let mut report = worst_case(&ids);
    for system in &mut report.systems {
        system.scopes[0].objects_by_kind.truncate(6);
    }
    for finding in &mut report.findings {
        finding.access_kind = AccessKind::Account;
    }
    let text = text(&report);
    assert!(text.contains("holdover_metrics_series_dropped 0"), "{}", samples(&text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Ids as the configuration allows them, and texts as no configuration does.
    #[test]
    fn no_choice_of_names_breaks_the_cap(ids in prop::collection::btree_set("[a-z0-9-]{1,32}|\\PC{1,40}", 40..60)) {
        let ids: Vec<String> = ids.into_iter().collect();
        let text = text(&worst_case(&ids));
        prop_assert!(samples(&text) <= series::CAP);
        let tells_success = text.contains("holdover_scan_success{");
        prop_assert!(tells_success);
    }
}
