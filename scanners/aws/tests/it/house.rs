//! What stands beside the code: manifest, README, policy.

use std::fmt::Write as _;
use std::path::Path;

use scan_contract::{Manifest, Scanner};

use crate::kit::*;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of the crate")
}

#[test]
fn the_manifest_describes_exactly_the_scopes_that_are_declared() {
    let scanner = papers("acme", ACME).scanner();
    let declared = block_on(scanner.declare()).expect("scopes");
    let declared: Vec<&str> = declared.iter().flat_map(|pass| &pass.scopes).map(|scope| scope.kind.as_str()).collect();
    let described: Vec<&str> = scanner.manifest().scopes.iter().map(|scope| scope.kind.as_str()).collect();
    assert_eq!(declared, described);
    let seen = papers("acme", ACME).read();
    for access in &seen.records {
        let kind = access.scope.as_str().rsplit('/').next().expect("a kind");
        let scope = scanner.manifest().scopes.iter().find(|scope| scope.kind == kind).expect("described");
        assert!(scope.yields.contains(&access.kind), "{kind} yields {}", access.kind);
    }
}

#[test]
fn the_readme_shows_the_manifest() {
    let manifest = Manifest::parse(&file("manifest.yaml")).expect("a manifest");
    let mut table = String::from("\n| scope | what | proof of the end | lag | cannot see |\n|---|---|---|---|---|\n");
    for scope in &manifest.scopes {
        let cannot = scope.cannot_see.join("; ");
        writeln!(table, "| `{}` | {} | {} | {} | {cannot} |", scope.kind, scope.title, scope.proof, scope.lag)
            .expect("text");
    }
    let readme = file("README.md");
    let (_, rest) = readme.split_once("a test compares it -->").expect("the start mark");
    let (shown, _) = rest.split_once("<!-- end -->").expect("the end mark");
    assert_eq!(shown, table, "put this into the README");
}

#[test]
fn the_policy_allows_what_the_manifest_needs_and_only_reads() {
    let policy: serde_json::Value = serde_json::from_str(&file("policy.json")).expect("JSON");
    let text = policy.to_string();
    let manifest = file("manifest.yaml");
    for action in [
        "iam:GetAccountAuthorizationDetails",
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "iam:ListAccessKeys",
    ] {
        assert!(text.contains(action) && manifest.contains(action), "{action}");
    }
    // The policy, given to somebody without any, must make a reader of them.
    let mut papers = papers("acme", ACME);
    let user = "\"UserName\": \"dee.park\"";
    swap(
        &mut papers.details,
        user,
        &format!("\"UserPolicyList\": [{{\"PolicyName\":\"audit\",\"PolicyDocument\":{text}}}], {user}"),
    );
    assert_eq!(papers.read().get("AIDA2EXAMPLEDEEPARK04").privilege, scan_contract::Privilege::Read);
}
