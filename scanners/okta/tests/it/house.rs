//! What the crate says about itself agrees with what it does.

use std::collections::BTreeSet;

use scan_contract::Scanner;
use scan_okta::{ALLOW, manifest};
use scan_transport::Purpose;

use crate::bench::Bench;
use crate::world;

const README: &str = include_str!("../../README.md");
const POLICY: &str = include_str!("../../policy.json");

/// The table of the README, from the manifest.
fn table() -> String {
    let mut lines = vec![
        String::from("| scope | what | needs | proof of the end | lag | cannot see |"),
        String::from("|---|---|---|---|---|---|"),
    ];
    for scope in manifest().expect("a manifest").scopes {
        lines.push(format!(
            "| `{}` | {} | {} | {} | {} | {} |",
            scope.kind,
            scope.title,
            scope.needs.join("; "),
            scope.proof,
            scope.lag,
            scope.cannot_see.join("; ")
        ));
    }
    lines.push(String::new());
    lines.push(String::from("| request | rights |"));
    lines.push(String::from("|---|---|"));
    for operation in ALLOW.operations {
        let rights = if operation.rights.is_empty() { String::from("none") } else { operation.rights.join(", ") };
        lines.push(format!("| `{}` | {rights} |", operation.name));
    }
    lines.join("\n")
}

#[test]
fn the_table_of_the_readme_is_that_of_manifest_and_code() {
    let (_, rest) = README.split_once("a test compares it -->\n").expect("the begin of the table");
    let (found, _) = rest.split_once("\n<!-- end -->").expect("the end of the table");
    assert!(found == table(), "the table should be:\n{}", table());
}

#[test]
fn the_policy_file_is_what_the_requests_need_and_nothing_else() {
    let bench = Bench::with_token(world::stub(world::bare()));
    assert_eq!(bench.okta().policy().as_deref(), Some(POLICY));
    let policy: serde_json::Value = serde_json::from_str(POLICY).expect("JSON");
    let scopes: BTreeSet<&str> =
        policy["scopes"].as_array().expect("scopes").iter().map(|scope| scope.as_str().expect("text")).collect();
    let needed: BTreeSet<&str> = ALLOW.operations.iter().flat_map(|operation| operation.rights).copied().collect();
    assert_eq!(scopes, needed);
    assert!(scopes.iter().all(|scope| scope.rsplit('.').next() == Some("read")));
}

#[test]
fn nothing_is_sent_but_reads_and_one_sign_in_and_no_list_of_secrets() {
    for operation in ALLOW.operations {
        match operation.purpose {
            Purpose::Read => assert_eq!(operation.method, "GET", "{}", operation.name),
            Purpose::SignIn => assert_eq!(operation.path, "/oauth2/v1/token"),
            Purpose::SignOut | Purpose::Write => panic!("{}", operation.name),
        }
        assert!(!operation.path.contains("credentials"), "{}", operation.name);
    }
}

#[tokio::test]
async fn every_scope_of_the_manifest_is_declared_or_offered_and_says_what_it_needs() {
    let bench = Bench::with_token(world::stub(world::with_lea()));
    let okta = bench.okta();
    let told = crate::bench::read_lists(&okta).await;
    let mut kinds: BTreeSet<String> = told.offered.iter().map(|scope| scope.kind.clone()).collect();
    for pass in okta.declare().await.expect("passes") {
        kinds.extend(pass.scopes.into_iter().map(|scope| scope.kind));
    }
    let manifest = manifest().expect("a manifest");
    let listed: BTreeSet<String> = manifest.scopes.iter().map(|scope| scope.kind.clone()).collect();
    assert_eq!(kinds, listed);
    assert!(manifest.live);
    for scope in &manifest.scopes {
        let needs = scope.needs.join(" ");
        for right in scan_okta::rights_of(&scope.kind) {
            assert!(needs.contains(right), "{} needs {right}, and the manifest does not say so", scope.kind);
        }
        for word in needs.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.')) {
            if word.starts_with("okta.") {
                assert!(scan_okta::rights_of(&scope.kind).contains(&word), "{}: {word} is not needed", scope.kind);
            }
        }
    }
}
