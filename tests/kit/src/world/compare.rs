//! Holding a JSON v1 report against the truth.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::{AccessKind, Instant};
use serde_json::Value;

use super::expected::{Expected, ExpectedAmbiguous, ExpectedGrant, ExpectedScope, List};

/// Grants of nobody up to this number are all listed, whatever the system (`run.unattributed_listed`).
const ALWAYS_LISTED: usize = 100;

/// Person, system, kind, grant id.
type Key = (String, String, String, String);

/// Everything in which a report of format `holdover.report`, version 1, differs from what had to come out; empty where
/// they agree. Persons have to be shown as ids. What is compared of a grant: its list, relation, usability, use after
/// the end, end, due time and exception. Unattributed grants are compared where the report lists them all.
pub fn differences(expected: &Expected, report: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    if report["format"] != "holdover.report" || report["version"] != 1 {
        differences.push(String::from("the document is no report of version 1"));
        return differences;
    }
    grants(expected, report, &mut differences);
    ambiguous(expected, report, &mut differences);
    unattributed(expected, report, &mut differences);
    scopes(expected, report, &mut differences);
    for (id, state) in &expected.exceptions {
        let found = list(report, "exceptions").iter().find(|exception| exception["id"] == *id);
        if found.is_none_or(|found| found["state"] != *state) {
            let found = found.map_or("nothing", |found| text(found, "state"));
            differences.push(format!("exception {id}: expected {state}, found {found}"));
        }
    }
    let apps: BTreeSet<String> = list(report, "known_apps")
        .iter()
        .filter(|app| app["connected_as"].is_null())
        .map(|app| text(app, "name").to_owned())
        .collect();
    sets("app that is not connected", &expected.not_connected, &apps, &mut differences);
    let planted = list(report, "sentinels").iter().filter(|planted| planted["found"] == true);
    let planted = planted
        .filter_map(|planted| {
            Some((text(planted, "system").to_owned(), kind(planted)?, text(planted, "grant_id").to_owned()))
        })
        .collect();
    sets("planted leaver", &expected.sentinels, &planted, &mut differences);
    for (flag, wanted) in
        [("residual", matches!(expected.exit_code, 1 | 4)), ("gaps", matches!(expected.exit_code, 3 | 4))]
    {
        let found = report["run"]["flags"][flag].as_bool();
        if found != Some(wanted) {
            differences.push(format!("flag {flag}: expected {wanted}, found {found:?}"));
        }
    }
    differences
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

fn sets<T: Ord + std::fmt::Debug>(what: &str, expected: &BTreeSet<T>, found: &BTreeSet<T>, out: &mut Vec<String>) {
    out.extend(expected.difference(found).map(|missing| format!("{what}: missing {missing:?}")));
    out.extend(found.difference(expected).map(|extra| format!("{what}: not expected {extra:?}")));
}

fn key(finding: &Value) -> Key {
    let part = |name| text(finding, name).to_owned();
    (part("person_id"), part("system"), part("access_kind"), part("grant_id"))
}

fn grants(expected: &Expected, report: &Value, out: &mut Vec<String>) {
    let mut found: BTreeMap<Key, (List, &Value)> = BTreeMap::new();
    for (name, fixed) in [("findings", None), ("remnants", Some(List::Remnant)), ("licenses", Some(List::License))] {
        for finding in list(report, name) {
            let state = text(finding, "state");
            let which = fixed.unwrap_or(match (state, finding["due"].as_bool()) {
                ("suppressed", _) => List::Suppressed,
                (_, Some(false)) => List::WithinTime,
                _ => List::Residual,
            });
            if let Some((other, _)) = found.insert(key(finding), (which, finding)) {
                out.push(format!("{:?} stands twice, in {other:?} and {which:?}", key(finding)));
            }
        }
    }
    for grant in &expected.grants {
        let wanted =
            (grant.person.clone(), grant.system.clone(), grant.kind.as_str().to_owned(), grant.grant_id.clone());
        match found.remove(&wanted) {
            None => out.push(format!("missing in {:?}: {wanted:?}", grant.list)),
            Some((which, finding)) => one(grant, which, finding, &wanted, out),
        }
    }
    for (key, (which, finding)) in found {
        out.push(format!("not expected, in {which:?} by {}: {key:?}", text(finding, "rule")));
    }
}

fn one(grant: &ExpectedGrant, which: List, finding: &Value, key: &Key, out: &mut Vec<String>) {
    let mut check = |what: &str, expected: String, found: String| {
        if expected != found {
            out.push(format!("{what} of {key:?}: expected {expected}, found {found}"));
        }
    };
    let instant = |value: &Value| value.as_str().and_then(|text| text.parse::<Instant>().ok());
    check("list", format!("{:?}", grant.list), format!("{which:?}"));
    check("relation", grant.relation.as_str().to_owned(), text(finding, "relation").to_owned());
    check("usability", grant.usability.to_owned(), text(finding, "usability").to_owned());
    check("use after the end", grant.used_after_end.to_owned(), text(finding, "used_after_end").to_owned());
    check("end", format!("{:?}", Some(grant.access_end_at)), format!("{:?}", instant(&finding["access_end"]["at"])));
    check("due time", format!("{:?}", Some(grant.due_at)), format!("{:?}", instant(&finding["due_at"])));
    let exception = finding["exception_id"].as_str().map(str::to_owned);
    check("exception", format!("{:?}", grant.exception), format!("{exception:?}"));
    for rule in &grant.cites {
        let cited = list(finding, "rules").iter().any(|hit| hit["rule"] == *rule);
        check("rules", (*rule).to_owned(), if cited { (*rule).to_owned() } else { finding["rules"].to_string() });
    }
}

fn kind(value: &Value) -> Option<AccessKind> {
    AccessKind::parse(text(value, "access_kind")).or_else(|| AccessKind::parse(text(value, "kind")))
}

fn ambiguous(expected: &Expected, report: &Value, out: &mut Vec<String>) {
    let found: BTreeSet<ExpectedAmbiguous> = list(report, "ambiguous")
        .iter()
        .filter_map(|grant| {
            Some(ExpectedAmbiguous {
                system: text(grant, "system").to_owned(),
                kind: kind(grant)?,
                grant_id: text(grant, "grant_id").to_owned(),
                candidates: list(grant, "candidates").iter().map(|who| text(who, "person_id").to_owned()).collect(),
            })
        })
        .collect();
    sets("ambiguous grant", &expected.ambiguous, &found, out);
}

fn unattributed(expected: &Expected, report: &Value, out: &mut Vec<String>) {
    let total = report["unattributed_total"].as_u64();
    if total != Some(expected.unattributed.len() as u64) {
        out.push(format!("grants of nobody: expected {}, found {total:?}", expected.unattributed.len()));
    }
    let listed = list(report, "unattributed");
    let found: BTreeSet<(String, AccessKind, String)> = listed
        .iter()
        .filter_map(|grant| Some((text(grant, "system").to_owned(), kind(grant)?, text(grant, "grant_id").to_owned())))
        .collect();
    if total == Some(listed.len() as u64) || expected.unattributed.len() <= ALWAYS_LISTED {
        sets("grant of nobody", &expected.unattributed, &found, out);
    } else {
        out.extend(found.difference(&expected.unattributed).map(|extra| format!("not a grant of nobody: {extra:?}")));
    }
}

fn scopes(expected: &Expected, report: &Value, out: &mut Vec<String>) {
    let mut found: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for system in list(report, "systems") {
        for scope in list(system, "scopes") {
            found.insert((text(system, "id"), text(scope, "name")), text(scope, "state"));
        }
    }
    for ExpectedScope { system, scope, state } in &expected.scopes {
        match found.remove(&(system.as_str(), scope.as_str())) {
            Some(known) if known == *state => {}
            known => out.push(format!("scope {system} {scope}: expected {state}, found {known:?}")),
        }
    }
    out.extend(
        found.into_iter().map(|((system, scope), state)| format!("scope {system} {scope}: not expected ({state})")),
    );
}
