//! Equal inputs give equal bytes, wherever they lie and however many threads read them.
//!
//! Pseudonyms depend on a key that each state directory draws for itself, so that nobody can compare the pseudonyms of
//! two installations. Where SARIF (which shows pseudonyms unless told otherwise) is compared between two directories,
//! the outputs say `persons: id`; that the pseudonyms themselves are stable is shown with a copied key.

use std::collections::BTreeMap;
use std::path::Path;

use crate::company::{Company, Copy, account};

const FIRST: &str = "2026-08-03T06:00:00Z";
const SECOND: &str = "2026-08-04T06:00:00Z";

const OUTPUTS: &str = "\
\x20 - { format: table, path: out/report.txt }
\x20 - { format: ndjson, path: out/report.ndjson }
\x20 - { format: ocsf, path: out/findings.ocsf.ndjson }
\x20 - { format: sarif, path: out/findings.sarif, persons: id }
\x20 - { format: csv, path: out/names.csv, persons: name, csv_bom: true }
\x20 - { format: markdown, path: out/report.md }
\x20 - { format: html, path: out/report.html }
metrics: { textfile: out/holdover.prom }
";

/// A company with enough of everything that an order could show.
fn company(run: &str) -> Company {
    let mut company = Company::new();
    for number in 10..60 {
        let (status, end) = if number % 3 == 0 { ("ended", "2026-07-31") } else { ("active", "") };
        company.people.push(format!(
            "p-{number},employee,{status},Person {number},person{number}@acme.example,2020-01-01,{end},Europe/Berlin,2026-08-01T00:00:00Z"
        ));
        let state = ["enabled", "disabled", "pending", "expired"][number % 4];
        company.records.push(account(&format!("u-{number}"), &format!("Person{number}@ACME.example"), state));
        company.records.push(account(&format!("x-{number}"), &format!("stranger{number}@other.example"), "enabled"));
    }
    for number in 0..3_000 {
        company.records.push(account(&format!("n-{number}"), &format!("n{number}@acme.example"), "enabled"));
    }
    company
        .records
        .push(String::from(r#"{"record":"gap","scope":"api-tokens","part":"b","cause":"denied","detail":"two"}"#));
    company
        .records
        .push(String::from(r#"{"record":"gap","scope":"api-tokens","part":"a","cause":"throttled","detail":"one"}"#));
    company.extra = format!("{OUTPUTS}{run}");
    company.write_all();
    company
}

/// Every output file, with the run's own record in the state directory.
fn outputs(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for below in ["out", "state/reports"] {
        for entry in std::fs::read_dir(folder.join(below)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = format!("{below}/{}", path.file_name().expect("a name").to_string_lossy());
            found.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    found.insert(String::from("state/run.json"), std::fs::read(folder.join("state/run.json")).expect("run.json"));
    found
}

fn assert_same(one: &Path, other: &Path, what: &str) {
    let (one, other) = (outputs(one), outputs(other));
    assert!(one.len() >= 11, "every format was written: {:?}", one.keys());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in &one {
        let twin = &other[name];
        if bytes != twin {
            let place =
                bytes.iter().zip(twin).position(|(left, right)| left != right).unwrap_or(bytes.len().min(twin.len()));
            let around = |bytes: &[u8]| {
                String::from_utf8_lossy(
                    &bytes[place.saturating_sub(120).min(bytes.len())..(place + 120).min(bytes.len())],
                )
                .into_owned()
            };
            panic!("{what}: {name} differs at byte {place}:\n{}\n---\n{}", around(bytes), around(twin));
        }
    }
}

#[test]
fn two_fresh_copies_in_two_directories_give_the_same_bytes_twice_in_a_row() {
    let company = company("");
    let (one, other) = (Copy::of(company.path()), Copy::of(company.path()));
    for now in [FIRST, SECOND] {
        let (left, right) = (one.scan_at(now), other.scan_at(now));
        left.expect(4);
        assert_eq!((left.code, &left.stdout, &left.stderr), (right.code, &right.stdout, &right.stderr), "{now}");
        assert_same(one.path(), other.path(), now);
    }
    // The working directory is no input either: the configuration is named by its path.
    let third = Copy::of(company.path());
    let elsewhere = tempfile::tempdir().expect("a folder");
    for now in [FIRST, SECOND] {
        let status = crate::company::command(elsewhere.path())
            .args(["scan", "--no-progress", "--quiet", "--as-of", now, "--config"])
            .arg(third.path().join("holdover.yaml"))
            .status()
            .expect("the program starts");
        assert_eq!(status.code(), Some(4));
    }
    assert_same(one.path(), third.path(), "another working directory");
}

#[test]
fn one_thread_and_four_give_the_same_findings() {
    let one = company("run: { threads: 1, parallel_systems: 1 }\n");
    let four = company("run: { threads: 4, parallel_systems: 4 }\n");
    for now in [FIRST, SECOND] {
        one.scan_at(now).expect(4);
        four.scan_at(now).expect(4);
    }
    // The number of threads is a line of the configuration, whose digest makes the run id and the ids of events: these
    // are taken out. (With one configuration on one and on all processors nothing is: see the next test.)
    let neutral = |folder: &Path| -> BTreeMap<String, String> {
        let report: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("out/report.json")).expect("a file")).expect("JSON");
        let digest = report["run"]["config_digest"].as_str().expect("a digest").to_owned();
        let ids = ["id", "previous_id"].map(|key| report["run"][key].as_str().expect("a run").to_owned());
        outputs(folder)
            .into_iter()
            .filter(|(name, _)| name.starts_with("out/"))
            .map(|(name, bytes)| {
                let mut text = String::from_utf8(bytes).expect("text").replace(&digest, "DIGEST");
                for id in &ids {
                    text = text.replace(id.as_str(), "RUN");
                }
                (name, without_uuids(&text))
            })
            .collect()
    };
    let (left, right) = (neutral(one.path()), neutral(four.path()));
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    for (name, text) in &left {
        for (one, four) in text.lines().zip(right[name].lines()) {
            assert!(one == four, "{name}:\n{one}\n{four}");
        }
        assert_eq!(text.lines().count(), right[name].lines().count(), "{name}");
    }
}

/// Replaces every UUID by a word.
fn without_uuids(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_uuid = |at: usize| {
        bytes.get(at..at + 36).is_some_and(|window| {
            window.iter().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
        })
    };
    let mut kept = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if is_uuid(at) {
            kept.extend_from_slice(b"UUID");
            at += 36;
        } else {
            kept.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(kept).expect("text")
}

#[test]
fn one_processor_and_all_of_them_give_the_same_bytes() {
    let company = company("");
    let (one, all) = (Copy::of(company.path()), Copy::of(company.path()));
    for now in [FIRST, SECOND] {
        let mut bound = std::process::Command::new("taskset");
        bound
            .args([
                "--cpu-list",
                "0",
                env!("CARGO_BIN_EXE_holdover"),
                "scan",
                "--no-progress",
                "--quiet",
                "--as-of",
                now,
            ])
            .current_dir(one.path());
        let status = bound.status().expect("taskset (util-linux) is needed for this test");
        assert_eq!(status.code(), Some(4));
        all.scan_at(now).expect(4);
    }
    assert_same(one.path(), all.path(), "one processor");
}

#[test]
fn pseudonyms_follow_the_key_of_the_state_directory_alone() {
    let mut company = company("");
    company.extra = String::from(
        "  - { format: sarif, path: out/findings.sarif }\n  - { format: csv, path: out/pseudonyms.csv, persons: pseudonym }\n",
    );
    company.write_all();
    let (one, other, stranger) = (Copy::of(company.path()), Copy::of(company.path()), Copy::of(company.path()));
    one.scan_at(FIRST).expect(4);
    std::fs::create_dir(other.path().join("state")).expect("a folder");
    {
        use std::os::unix::fs::PermissionsExt as _;
        let owner = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(other.path().join("state"), owner).expect("a mode");
    }
    std::fs::copy(one.path().join("state/pseudonym.key"), other.path().join("state/pseudonym.key")).expect("the key");
    other.scan_at(FIRST).expect(4);
    stranger.scan_at(FIRST).expect(4);
    let read = |copy: &Copy, name: &str| std::fs::read(copy.path().join(name)).expect("a file");
    for name in ["out/findings.sarif", "out/pseudonyms.csv"] {
        assert_eq!(read(&one, name), read(&other, name), "{name} with the same key");
        assert_ne!(read(&one, name), read(&stranger, name), "{name} with a key of its own");
        let text = String::from_utf8(read(&one, name)).expect("text");
        assert!(!text.contains("p-12") && !text.contains("person12@"), "{name} shows no person");
    }
}
