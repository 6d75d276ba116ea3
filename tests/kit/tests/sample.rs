//! The sample company: what lies in `examples/` is what the generator makes, and every planted case is in it.

#![expect(clippy::expect_used, reason = "helpers of tests fail loudly too")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use holdover_kit::sample::{SEED, company};
use holdover_kit::world::{Expected, ExpectedGrant, List, World, differences};
use holdover_kit::write::files;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/sample-company")
}

fn found<'a>(expected: &'a Expected, person: &str, system: &str, grant_id: &str) -> Option<&'a ExpectedGrant> {
    expected.grants.iter().find(|grant| grant.person == person && grant.system == system && grant.grant_id == grant_id)
}

fn list(expected: &Expected, person: &str, system: &str, grant_id: &str) -> Option<List> {
    found(expected, person, system, grant_id).map(|grant| grant.list)
}

#[test]
fn what_lies_in_examples_is_what_the_generator_makes() {
    let made = files(&company(SEED)).expect("every name can be written");
    for (path, bytes) in made.iter() {
        let stored = std::fs::read(folder().join(path)).expect("a file of the sample");
        assert!(stored == bytes, "{} differs: run `cargo run -p holdover-kit --bin make-sample`", path.display());
    }
    let known: BTreeSet<PathBuf> = made.iter().map(|(path, _)| path.to_path_buf()).collect();
    let mut stored = BTreeSet::new();
    walk(&folder(), Path::new(""), &mut stored);
    let by_hand: BTreeSet<PathBuf> = ["README.md", ".gitattributes"].map(PathBuf::from).into();
    let stray: Vec<_> = stored.difference(&known).filter(|path| !by_hand.contains(*path)).collect();
    assert!(stray.is_empty(), "files that no generator makes: {stray:?}");
}

/// Files below a folder; what a scan writes is left out.
fn walk(root: &Path, below: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(root.join(below)).expect("a folder").map(|entry| entry.expect("an entry")) {
        let path = below.join(entry.file_name());
        if path == Path::new("out") || path == Path::new("state") {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            walk(root, &path, files);
        } else {
            files.insert(path);
        }
    }
}

#[test]
fn two_seeds_give_two_companies_and_one_seed_gives_one() {
    let text = |world: &World| files(world).expect("files");
    assert_eq!(text(&company(7)), text(&company(7)));
    assert_ne!(text(&company(7)), text(&company(8)));
}

#[test]
fn the_company_has_its_size() {
    let world = company(SEED);
    assert_eq!(world.people.len(), 301);
    let wave = world.people.iter().filter(|person| person.stints[0].batch.as_deref() == Some("wave-1")).count();
    assert_eq!(wave, 40);
    assert_eq!(world.leavers().count(), 51);
    assert_eq!(world.systems.len(), 14);
    assert_eq!(world.expected().exit_code, 4);
}

#[test]
fn every_planted_case_has_its_verdict_and_its_twin_is_silent() {
    let expected = company(SEED).expected();
    let is = |person: &str, system: &str, id: &str| list(&expected, person, system, id);
    // A session that outlives its account, and one that was cut off.
    assert_eq!(is("p-0012", "okta-export", "00up0012mrd/cli"), Some(List::Residual));
    assert_eq!(is("p-0022", "okta-export", "00up0022mrd/browser"), None);
    // A credential of an earlier employment, and one of the present.
    assert_eq!(is("p-0014", "github-acme", "pat-tom-2023"), Some(List::Residual));
    assert_eq!(is("p-0014", "github-acme", "pat-tom-2025"), None);
    // Garden leave ends access; leave does not.
    assert_eq!(is("p-0016", "okta-export", "00up0016mrd"), Some(List::Residual));
    assert_eq!(is("p-0017", "okta-export", "00up0017mrd"), None);
    // A key of a deploy that a leaver made, and one that was replaced.
    assert_eq!(is("p-0024", "github-acme", "dk-31"), Some(List::Residual));
    assert_eq!(is("p-0024", "github-acme", "dk-32"), None);
    // Alone, and with somebody who stays.
    assert_eq!(is("p-0022", "ci", "project-data"), Some(List::WithinTime));
    assert_eq!(is("p-0023", "ci", "project-mobile"), None);
    // The last day is over, and not yet.
    assert_eq!(is("p-0031", "okta-export", "00up0031mrd"), Some(List::Residual));
    assert_eq!(is("p-0030", "okta-export", "00up0030mrd"), None);
    // An exception in force, and one that has lapsed.
    assert_eq!(is("p-0035", "github-acme", "pat-wei"), Some(List::Suppressed));
    assert_eq!(is("p-0036", "github-acme", "pat-priya"), Some(List::Residual));
    // A recycled address: decided by time, or not at all.
    assert_eq!(is("p-0019", "crm", "u-smith-2021"), Some(List::Residual));
    assert_eq!(is("p-0020", "crm", "u-smith-2025"), None);
    assert!(expected.ambiguous.iter().any(|grant| grant.grant_id == "u-smith-undated" && grant.candidates.len() == 2));
    // Adjoining spells, and a departure that lies ahead: nothing, anywhere.
    assert!(expected.grants.iter().all(|grant| grant.person != "p-0015" && grant.person != "p-0029"));
    // Behind the break of a file nobody sees anything.
    assert_eq!(is("p-0025", "saas-old", "so-2"), Some(List::Residual));
    assert_eq!(is("p-0022", "saas-old", "so-4"), None);
}

#[test]
fn use_after_the_end_has_all_its_answers() {
    let expected = company(SEED).expected();
    let used =
        |person: &str, system: &str, id: &str| found(&expected, person, system, id).map(|grant| grant.used_after_end);
    assert_eq!(used("p-0060", "okta-export", "00up0060mrd"), Some("after"));
    assert_eq!(used("p-0033", "okta-export", "00up0033mrd"), Some("before"));
    assert_eq!(used("p-0013", "crm", "u-p-0013"), Some("undecided"));
    assert_eq!(used("c-0001", "okta-export", "00uc0001mrd"), Some("undecided"));
    assert_eq!(used("p-0034", "github-acme", "gh-invite-5501"), Some("not_known"));
    let never = expected.grants.iter().filter(|grant| grant.used_after_end == "never");
    assert!(never.count() > 0);
}

#[test]
fn the_key_at_the_code_host_opens_root_on_a_host() {
    let expected = company(SEED).expected();
    let key = expected
        .grants
        .iter()
        .find(|grant| grant.system == "fleet" && grant.person == "p-0010")
        .expect("the key on the host");
    assert!(key.grant_id.starts_with("web-3/root/SHA256:") && key.list == List::Residual, "{key:?}");
}

/// A report that says exactly what is expected.
fn report(expected: &Expected) -> Value {
    let record = |grant: &ExpectedGrant| {
        json!({
            "person_id": grant.person, "system": grant.system, "access_kind": grant.kind.as_str(),
            "grant_id": grant.grant_id, "relation": grant.relation.as_str(), "usability": grant.usability,
            "used_after_end": grant.used_after_end, "access_end": { "at": grant.access_end_at }, "due_at": grant.due_at,
            "due": grant.list != List::WithinTime, "exception_id": grant.exception,
            "state": if grant.list == List::Suppressed { "suppressed" } else { "confirmed" },
            "rules": grant.cites.iter().map(|rule| json!({ "rule": rule })).collect::<Vec<_>>(),
        })
    };
    let of = |lists: &[List]| {
        expected.grants.iter().filter(|grant| lists.contains(&grant.list)).map(record).collect::<Vec<_>>()
    };
    let systems: BTreeSet<&String> = expected.scopes.iter().map(|scope| &scope.system).collect();
    json!({
        "format": "holdover.report", "version": 1,
        "run": { "flags": { "residual": true, "gaps": true } },
        "findings": of(&[List::Residual, List::WithinTime, List::Suppressed]),
        "remnants": of(&[List::Remnant]), "licenses": of(&[List::License]),
        "ambiguous": expected.ambiguous.iter().map(|grant| json!({
            "system": grant.system, "access_kind": grant.kind.as_str(), "grant_id": grant.grant_id,
            "candidates": grant.candidates.iter().map(|id| json!({ "person_id": id })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "unattributed": expected.unattributed.iter().map(|(system, kind, id)| json!({
            "system": system, "access_kind": kind.as_str(), "grant_id": id,
        })).collect::<Vec<_>>(),
        "unattributed_total": expected.unattributed.len(),
        "systems": systems.iter().map(|system| json!({
            "id": system,
            "scopes": expected.scopes.iter().filter(|scope| scope.system == **system).map(|scope| json!({
                "name": scope.scope, "state": scope.state,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "exceptions": expected.exceptions.iter().map(|(id, state)| json!({ "id": id, "state": state })).collect::<Vec<_>>(),
        "known_apps": expected.not_connected.iter().map(|name| json!({ "name": name, "connected_as": null })).collect::<Vec<_>>(),
        "sentinels": expected.sentinels.iter().map(|(system, kind, id)| json!({
            "system": system, "access_kind": kind.as_str(), "grant_id": id, "found": true,
        })).collect::<Vec<_>>(),
    })
}

#[test]
fn a_report_that_agrees_has_no_differences_and_each_change_is_one() {
    let expected = company(SEED).expected();
    let good = report(&expected);
    assert_eq!(differences(&expected, &good), Vec::<String>::new());
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut report = good.clone();
        change(&mut report);
        differences(&expected, &report).len()
    };
    let pop = |key: &'static str| {
        changed(&move |report| {
            report[key].as_array_mut().expect("a list").pop();
        })
    };
    for key in
        ["findings", "remnants", "licenses", "ambiguous", "unattributed", "exceptions", "known_apps", "sentinels"]
    {
        assert!(pop(key) >= 1, "a lost record of {key} has to be told");
    }
    assert!(changed(&|report| report["findings"][0]["used_after_end"] = json!("before")) >= 1);
    assert!(changed(&|report| report["findings"][0]["grant_id"] = json!("another")) >= 2, "one missing, one too many");
    assert!(changed(&|report| report["systems"][0]["scopes"][0]["state"] = json!("failed")) == 1);
    assert!(changed(&|report| report["run"]["flags"]["gaps"] = json!(false)) == 1);
    assert!(changed(&|report| report["version"] = json!(2)) == 1);
    let first = good["findings"][0].clone();
    assert!(changed(&|report| report["findings"].as_array_mut().expect("a list").push(first.clone())) >= 1);
}

#[test]
fn every_canary_is_planted_somewhere() {
    let world = company(SEED);
    let made = files(&world).expect("files");
    for canary in world.canaries() {
        let planted = made.iter().any(|(path, bytes)| {
            // Packed files are looked at before they are packed.
            let text = String::from_utf8_lossy(bytes).contains(canary.as_str());
            text || path.ends_with("crm.ndjson.gz") && canary.starts_with("CANARY-crm")
        });
        assert!(planted, "{canary} stands in no file, so that not finding it proves nothing");
    }
    assert!(world.canaries().len() >= 10);
}

#[test]
fn the_readme_tells_the_figures_of_the_truth() {
    let expected = company(SEED).expected();
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("the README");
    let (whole, all) =
        (expected.scopes.iter().filter(|scope| scope.state == "complete").count(), expected.scopes.len());
    for figure in [
        format!("RESIDUAL ACCESS  {}", expected.count(List::Residual)),
        format!("{} within time", expected.count(List::WithinTime)),
        format!("{} excepted", expected.count(List::Suppressed)),
        format!("{} remnants", expected.count(List::Remnant)),
        format!("{} licences", expected.count(List::License)),
        format!("{} ambiguous", expected.ambiguous.len()),
        format!("{} without owner", expected.unattributed.len()),
        format!("{whole} of {all} scopes complete"),
        format!("exit {}", expected.exit_code),
    ] {
        assert!(readme.contains(&figure), "the README does not say {figure:?}");
    }
}
