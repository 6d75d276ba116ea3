//! Two outputs of one run are never one file: the later would replace the earlier, and the run would say that both were
//! written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::mistake;
use crate::company::{Company, NOW};

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("a file");
                found.insert(path, bytes);
            }
        }
    }
    found
}

#[track_caller]
fn refused(company: &Company, flags: &[&str], names: [&str; 2]) {
    let before = files(company.path());
    let arguments: Vec<&str> = ["scan", "--as-of", NOW, "--no-progress"].iter().chain(flags).copied().collect();
    let run = company.holdover(&arguments);
    for name in names {
        mistake(&run, 2, name);
    }
    assert_eq!(files(company.path()), before, "nothing is written");
}

#[test]
fn two_outputs_of_the_command_line_that_are_one_file_are_refused() {
    let company = Company::new();
    company.write_all();
    refused(&company, &["--output", "json=out/a", "--output", "csv=out/a"], ["json=out/a", "csv=out/a"]);
    refused(&company, &["--output", "json=out/a", "--output", "csv=./out/a"], ["json=out/a", "csv=./out/a"]);
    refused(&company, &["--output", "json=out/x/../a", "--output", "csv=out//a"], ["json=out/x/../a", "csv=out//a"]);
    std::os::unix::fs::symlink("out", company.path().join("link")).expect("a link");
    std::fs::create_dir(company.path().join("out")).expect("a folder");
    refused(&company, &["--output", "json=out/a", "--output", "csv=link/a"], ["json=out/a", "csv=link/a"]);
    // The twin: the same name in two folders.
    let run = company.holdover(&[
        "scan",
        "--as-of",
        NOW,
        "--no-progress",
        "--output",
        "json=out/a",
        "--output",
        "csv=other/a",
    ]);
    run.expect(1);
    assert!(company.path().join("out/a").exists() && company.path().join("other/a").exists());
}

#[test]
fn an_output_in_the_place_of_run_json_is_refused() {
    let company = Company::new();
    company.write_all();
    refused(&company, &["--output", "json=out/run.json"], ["json=out/run.json", "run.json of the run"]);
    refused(&company, &["--output", "json=state/run.json"], ["json=state/run.json", "run.json of the run"]);
    // Only one of the first file's folder is in the way.
    let run = company.holdover(&[
        "scan",
        "--as-of",
        NOW,
        "--no-progress",
        "--output",
        "json=out/a.json",
        "--output",
        "csv=far/run.json",
    ]);
    run.expect(1);
}

#[test]
fn an_output_of_the_command_line_beside_the_same_one_of_the_configuration_is_refused() {
    let company = Company::new();
    company.write_all();
    refused(&company, &["--output", "csv=out/report.json"], ["csv=out/report.json", "json=out/report.json"]);
}

#[test]
fn an_output_in_the_place_of_the_metrics_is_refused() {
    let company = Company::new();
    company.write_all();
    let flags = ["--metrics-file", "out/a.prom", "--output", "json=out/a.prom"];
    refused(&company, &flags, ["json=out/a.prom", "the metrics file"]);
}

#[test]
fn a_configuration_with_two_outputs_that_are_one_file_is_refused_before_anything_runs() {
    let company = Company::new();
    company.write_all();
    let text = company.config().replace("path: out/findings.csv", "path: ./out/report.json");
    company.write("holdover.yaml", text);
    mistake(&company.holdover(&["config", "check"]), 2, "stands twice");
    company.scan().expect(2);
    assert!(!company.path().join("out").exists());
    let text = company.config().replace("path: out/findings.csv", "path: out/run.json");
    company.write("holdover.yaml", text);
    refused(&company, &[], ["csv=out/run.json", "run.json of the run"]);
}
