//! What the README says is what the manifest and the table say.

use std::fmt::Write;

use scan_transport::Purpose;
use scan_vault::{ALLOW, manifest};

const README: &str = include_str!("../../README.md");

fn between<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, rest) =
        text.split_once(&format!("<!-- {name}: made from the code, do not edit -->\n")).expect("the beginning");
    rest.split_once("<!-- end -->").expect("the end").0
}

#[test]
fn the_table_of_scopes_is_the_manifest() {
    let manifest = manifest().expect("a manifest");
    let mut table = String::from("| scope | what | needs | what it cannot show |\n|---|---|---|---|\n");
    for scope in &manifest.scopes {
        let needs: Vec<String> = scope.needs.iter().map(|need| format!("`{need}`")).collect();
        writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            scope.kind,
            scope.title,
            needs.join("<br>"),
            scope.cannot_see.join("<br>")
        )
        .expect("text");
    }
    assert_eq!(between(README, "scopes"), table, "\n{table}");
}

#[test]
fn the_table_of_requests_is_the_list() {
    let mut table = String::from("| request | right |\n|---|---|\n");
    for row in ALLOW.operations {
        let action = if row.name.starts_with("list ") { "?list=true" } else { "" };
        let path = row
            .path
            .split('/')
            .map(|part| if part.starts_with("{mount...") { "{mount}" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let right = match (row.rights.first(), row.purpose) {
            (Some(right), _) => format!("`{right}`"),
            (None, Purpose::SignIn) => String::from("sign-in"),
            (None, _) => String::from("none"),
        };
        writeln!(table, "| `{} {path}{action}` | {right} |", row.method).expect("text");
    }
    assert_eq!(between(README, "requests"), table, "\n{table}");
}

#[test]
fn every_scope_of_the_manifest_is_live_and_has_a_proof() {
    let manifest = manifest().expect("a manifest");
    assert!(manifest.live);
    assert!(
        manifest.scopes.iter().all(|scope| !scope.proof.is_empty() && !scope.lag.is_empty() && !scope.needs.is_empty())
    );
}
