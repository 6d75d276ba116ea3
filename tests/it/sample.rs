//! The sample company, held against the truth it was made from.

use holdover_kit::sample;
use holdover_kit::world::differences;
use holdover_kit::write;

use crate::company::command;

#[test]
fn the_verdict_on_the_sample_company_is_the_truth_of_its_world() {
    let world = sample::company(sample::SEED);
    let folder = tempfile::tempdir().expect("a folder");
    write::files(&world).expect("files").write_to(folder.path()).expect("written");
    let output = command(folder.path()).args(["scan", "--no-progress"]).output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    let text = std::fs::read_to_string(folder.path().join("out/report.json")).expect("the report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let differences = differences(&world.expected(), &report);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // The same data again a night later: nothing new, nothing closed, nothing lost.
    let again = command(folder.path()).args(["scan", "--no-progress"]).output().expect("the program starts");
    assert_eq!(again.status.code(), Some(4));
    let text = std::fs::read_to_string(folder.path().join("out/report.json")).expect("the report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let states = |change: &str| {
        report["findings"].as_array().expect("findings").iter().filter(|finding| finding["change"] == change).count()
    };
    assert_eq!((states("new"), states("reopened"), states("closed")), (0, 0, 0));
    assert_eq!(report["closed"].as_array().map(Vec::len), Some(0));
}
