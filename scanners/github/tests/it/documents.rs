//! What is written beside the code says what the code does.

use std::collections::{BTreeMap, BTreeSet};

use holdover_kit::stub::github::{APP_RIGHTS, Means, Truth};
use scan_contract::Scanner;
use scan_github::{ALLOW, ALLOW_SERVER, Edition, POLICY, manifest, queries};
use serde_json::Value;

use crate::kit::Scene;

const README: &str = include_str!("../../README.md");

/// Rights that no App can have, or that no App's manifest names.
const NOT_OF_APPS: [&str; 2] = ["read:enterprise", "organization_codespaces_secrets=read"];

fn between<'a>(text: &'a str, name: &str) -> &'a str {
    let begin = format!("<!-- generated: {name} -->\n");
    let from = text.find(&begin).unwrap_or_else(|| panic!("README has no part {name}")) + begin.len();
    let to = text[from..].find("<!-- end -->").expect("an end");
    text[from..from + to].trim()
}

fn scopes_table() -> String {
    let manifest = manifest().expect("a manifest");
    let mut lines = vec![
        String::from("| scope | what | needs | proof of the end | lag | cannot see |"),
        String::from("|---|---|---|---|---|---|"),
    ];
    for scope in &manifest.scopes {
        let name = if scope.follow_up {
            format!("`{}`, also for one person", scope.kind)
        } else {
            format!("`{}`", scope.kind)
        };
        lines.push(format!(
            "| {name} | {} | {} | {} | {} | {} |",
            scope.title,
            scope.needs.join("; "),
            scope.proof,
            scope.lag,
            scope.cannot_see.join("; ")
        ));
    }
    lines.join("\n")
}

fn requests_table() -> String {
    let mut lines = vec![String::from("| request | right |"), String::from("|---|---|")];
    for row in ALLOW.operations {
        let rights = if row.rights.is_empty() { String::from("none") } else { row.rights.join(", ") };
        lines.push(format!("| `{}` | {rights} |", row.name));
    }
    lines.join("\n")
}

#[test]
fn the_readme_has_the_scopes_and_requests_of_the_code() {
    let expected = [("scopes", scopes_table()), ("requests", requests_table())];
    for (name, table) in expected {
        assert_eq!(between(README, name), table, "write this into the README:\n{table}");
    }
}

#[test]
fn the_lists_hold_together() {
    assert_eq!(ALLOW.check(), Vec::<String>::new());
    assert_eq!(ALLOW_SERVER.check(), Vec::<String>::new());
}

#[test]
fn the_policy_asks_for_what_the_table_needs_and_no_more() {
    let policy: Value = serde_json::from_str(POLICY).expect("JSON");
    let asked: BTreeMap<String, String> =
        serde_json::from_value(policy["default_permissions"].clone()).expect("permissions");
    let needed: BTreeSet<String> = ALLOW
        .operations
        .iter()
        .flat_map(|row| row.rights)
        .filter(|right| !NOT_OF_APPS.contains(right))
        .map(|right| String::from(right.trim_end_matches("=read")))
        .collect();
    assert_eq!(asked.keys().cloned().collect::<BTreeSet<_>>(), needed);
    assert!(asked.values().all(|access| access == "read"), "nothing is written");
    assert_eq!(policy["default_events"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_enough_for_every_request_that_is_sent_and_none_of_it_is_left_over() {
    let scene = Scene::new(Truth::usual(), Means::App);
    scene.read().await;
    let policy: Value = serde_json::from_str(POLICY).expect("JSON");
    let granted: BTreeSet<String> =
        policy["default_permissions"].as_object().expect("permissions").keys().cloned().collect();
    assert_eq!(granted, APP_RIGHTS.iter().map(|right| String::from(*right)).collect(), "the stub grants the policy");
    let sent: BTreeSet<String> = scene.server.log().iter().map(|one| one.asked.operation.clone()).collect();
    let used: BTreeSet<String> = ALLOW
        .operations
        .iter()
        .filter(|row| sent.contains(row.name))
        .flat_map(|row| row.rights)
        .map(|right| String::from(right.trim_end_matches("=read")))
        .collect();
    let unused: Vec<&String> = granted.difference(&used).collect();
    assert!(unused.is_empty(), "asked for and never used: {unused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_table_is_sent_by_somebody() {
    let app = Scene::new(Truth::usual(), Means::App);
    app.read().await;
    app.scanner.close().await.expect("given back");
    let person = Scene::new(Truth::usual(), Means::Classic(vec![String::from("repo"), String::from("admin:org")]));
    person.scanner.check_rights().await.expect("rights");
    person.read().await;
    let mut remembered = crate::kit::Reading::default();
    let pass = scan_contract::Pass::new("remembered", vec![scan_contract::Scope::new("gpg-keys/105", "gpg-keys")]);
    crate::kit::walk(&person.scanner, pass, &mut remembered, &mut Vec::new()).await;
    let sent: BTreeSet<String> =
        [app, person].iter().flat_map(|scene| scene.server.log()).map(|one| one.asked.operation).collect();
    let never: Vec<&str> = ALLOW.operations.iter().map(|row| row.name).filter(|name| !sent.contains(*name)).collect();
    assert!(never.is_empty(), "on the list and never sent: {never:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_names_every_scope_and_what_comes_out_of_it() {
    let manifest = manifest().expect("a manifest");
    assert!(manifest.live && !manifest.impossible.is_empty());
    let scene = Scene::with(Truth::usual(), Means::Classic(vec![String::from("repo")]), Edition::Cloud, |_| {});
    let declared: BTreeSet<String> = scene
        .scanner
        .declare()
        .await
        .expect("scopes")
        .into_iter()
        .flat_map(|pass| pass.scopes)
        .map(|scope| scope.kind)
        .collect();
    let listed: BTreeSet<String> = manifest.scopes.iter().map(|scope| scope.kind.clone()).collect();
    let follow_ups: BTreeSet<String> =
        manifest.scopes.iter().filter(|scope| scope.follow_up).map(|scope| scope.kind.clone()).collect();
    assert!(declared.is_subset(&listed));
    assert!(listed.difference(&declared).all(|kind| follow_ups.contains(kind)), "listed and never declared");
    for (reading, means) in
        [(scene.read().await, "classic"), (Scene::new(Truth::usual(), Means::App).read().await, "app")]
    {
        for (name, scope) in &reading.scopes {
            let kind = manifest.scopes.iter().find(|kind| kind.kind == scope.kind).expect("listed");
            for (access, id) in scope.records.keys() {
                assert!(kind.yields.contains(access), "{means}: {name} yields {access} {id}");
            }
        }
    }
}

#[test]
fn billing_managers_are_in_no_list_and_that_is_said() {
    // `OrganizationMemberRole` of the schema knows owners and members alone.
    let manifest = manifest().expect("a manifest");
    let members = manifest.scopes.iter().find(|scope| scope.kind == "members").expect("members");
    assert!(members.cannot_see.iter().any(|what| what.contains("billing managers")), "{:?}", members.cannot_see);
    let impossible = manifest.impossible.iter().find(|row| row.what.contains("Billing managers")).expect("a row");
    assert!(impossible.kinds.contains(&scan_contract::AccessKind::RoleBinding) && !impossible.instead.is_empty());
}

#[test]
fn every_query_is_named_once_and_is_the_operation_of_its_document() {
    let names: BTreeSet<&str> = queries::ALL.iter().map(|query| query.name).collect();
    assert_eq!(names.len(), queries::ALL.len());
    for query in queries::ALL {
        assert!(query.document.starts_with(&format!("query {}(", query.name)), "{}", query.name);
        assert!(query.document.contains("rateLimit { cost"), "{}: its cost is not asked for", query.name);
    }
}
