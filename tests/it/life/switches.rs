//! Dry runs and where things are written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{DAYS, day, fresh};
use crate::company::Company;

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if !path.to_string_lossy().contains("state.db-") {
                // (A reader of the database shares its memory with writers through a file beside it; nothing is in it.)
                let bytes = std::fs::read(&path).expect("a file");
                found.insert(path, bytes);
            }
        }
    }
    found
}

#[test]
fn a_dry_run_writes_nothing_and_judges_as_a_real_one() {
    let mut company = Company::new();
    company.extra = String::from("metrics: { textfile: out/holdover.prom }\n");
    fresh(&mut company, 0);
    let before = files(company.path());
    let dry = company.holdover(&["scan", "--dry-run", "--as-of", DAYS[0], "--no-progress"]);
    dry.expect(1);
    assert_eq!(files(company.path()), before, "nothing at all on a fresh folder");
    assert!(dry.stderr.contains("nothing was written") && dry.stderr.contains("out/report.json"), "{}", dry.stderr);
    let wet = company.scan_at(DAYS[0]);
    wet.expect(1);
    assert!(dry.stdout.contains("u-1") && wet.stdout.contains("u-1"));
    // And over an existing state.
    company.records.retain(|record| !record.contains("\"grant_id\":\"t-1\""));
    fresh(&mut company, 1);
    let before = files(company.path());
    let dry = company.holdover(&["scan", "--dry-run", "--as-of", DAYS[1], "--no-progress"]);
    dry.expect(1);
    assert_eq!(files(company.path()), before, "state and outputs are untouched");
    assert_eq!(
        company.scan_at(DAYS[1]).states().get("t-1").map(String::as_str),
        Some("closing"),
        "the dry run was no look"
    );
}

#[test]
fn run_json_lies_in_the_state_directory_and_beside_the_first_file() {
    let mut company = Company::new();
    let run = day(&mut company, 0);
    run.expect(1);
    let kept = std::fs::read(company.path().join("state/run.json")).expect("run.json");
    assert_eq!(std::fs::read(company.path().join("out/run.json")).expect("run.json"), kept);
    let text: serde_json::Value = serde_json::from_slice(&kept).expect("JSON");
    assert!(text.to_string().contains("residual"), "{text}");
}

#[test]
fn a_live_clock_may_not_be_mixed_with_a_chosen_instant_twice() {
    let mut company = Company::new();
    fresh(&mut company, 0);
    company.extra = String::from("run: { as_of: 2026-08-03T06:00:00Z }\n");
    company.write_all();
    let run = company.holdover(&["scan", "--no-progress"]);
    run.expect(1);
    assert_eq!(run.report()["run"]["as_of"], DAYS[0]);
    assert_eq!(run.report()["run"]["as_of_chosen"], true);
    let run = company.holdover(&["scan", "--no-progress", "--as-of", DAYS[1]]);
    run.expect(1);
    assert_eq!(run.report()["run"]["as_of"], DAYS[1], "the flag wins");
}

#[test]
fn without_a_chosen_instant_the_clock_decides_and_old_data_is_stale() {
    let mut company = Company::new();
    fresh(&mut company, 0);
    // The data was made for August 2026; wherever the clock of this machine stands, it does not stand there.
    let run = company.holdover(&["scan", "--no-progress"]);
    assert!(matches!(run.code, 3..=5), "exit {}\n{}", run.code, run.stdout);
    assert_eq!(run.report()["run"]["as_of_chosen"], false);
}
