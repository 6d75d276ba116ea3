//! Every format against a committed file. `UPDATE_GOLDEN=1 cargo test emit` writes them anew; read the difference
//! before you commit it.

use std::path::PathBuf;

use super::rendered;
use crate::config::valid::{OutputFormat, PersonDisplay};
use crate::emit::{EmitContext, json, render, run_json, sample, summary};
use crate::report::Report;

#[expect(clippy::disallowed_methods, reason = "only a test run is told by its environment to write golden files")]
fn updating() -> bool {
    std::env::var("UPDATE_GOLDEN").is_ok()
}

/// Compares with `tests/golden/emit/<name>`, or writes it.
fn check(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/emit").join(name);
    if updating() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(&path, text).expect("written");
        return;
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run with UPDATE_GOLDEN=1", path.display()));
    for (number, (is, should)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(is, should, "{name}, line {}", number + 1);
    }
    assert_eq!(text.len(), expected.len(), "{name} has another length");
    assert_eq!(text, expected, "{name}");
}

fn file_name(report: &str, format: OutputFormat) -> String {
    let extension = match format {
        OutputFormat::Table => "txt",
        OutputFormat::Json => "json",
        OutputFormat::Ndjson | OutputFormat::Ocsf => "ndjson",
        OutputFormat::Sarif => "sarif",
        OutputFormat::Csv => "csv",
        OutputFormat::Markdown => "md",
        OutputFormat::Html => "html",
    };
    format!("{report}.{}.{extension}", format.as_str())
}

fn check_all(name: &str, report: &Report) {
    for format in OutputFormat::ALL {
        let persons = match format {
            // The default of the configuration.
            OutputFormat::Sarif => PersonDisplay::Pseudonym,
            OutputFormat::Html | OutputFormat::Markdown => PersonDisplay::Name,
            _ => PersonDisplay::Id,
        };
        check(&file_name(name, format), &rendered(format, report, persons));
    }
    let mut run = Vec::new();
    run_json::write(report, &mut run).expect("written");
    check(&format!("{name}.run.json"), &String::from_utf8(run).expect("UTF-8"));
    let places = sample::places();
    check(&format!("{name}.summary.txt"), &summary(report, &sample::context(&places)));
}

#[test]
fn every_format_of_a_run_with_everything() {
    check_all("rich", &sample::rich());
}

#[test]
fn every_format_of_a_run_that_found_nothing() {
    check_all("empty", &sample::empty());
}

#[test]
fn the_table_at_three_widths_and_in_colour() {
    let report = sample::rich();
    let places = sample::places();
    for width in [80, 120, 200] {
        let context = EmitContext { width, ..sample::context(&places) };
        let mut bytes = Vec::new();
        render(OutputFormat::Table, &report, &context, &mut bytes).expect("written");
        check(&format!("rich.table-{width}.txt"), &String::from_utf8(bytes).expect("UTF-8"));
    }
    let context = EmitContext { colour: crate::emit::Colour::On, ..sample::context(&places) };
    let mut coloured = Vec::new();
    render(OutputFormat::Table, &report, &context, &mut coloured).expect("written");
    let plain = rendered(OutputFormat::Table, &report, PersonDisplay::Id);
    let stripped = anstream::adapter::strip_bytes(&coloured).into_vec();
    assert_eq!(String::from_utf8(stripped).expect("UTF-8"), plain, "colour adds nothing but colour");
    assert_ne!(coloured.len(), plain.len(), "colour was on");
}

#[test]
fn published_schemas_are_those_of_this_build() {
    for (name, schema) in [("json-v1.schema.json", json::schema()), ("run-v1.schema.json", run_json::schema())] {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        check(name, &text);
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = sample::rich();
    for format in OutputFormat::ALL {
        let once = rendered(format, &report, PersonDisplay::Pseudonym);
        assert_eq!(once, rendered(format, &report.clone(), PersonDisplay::Pseudonym), "{format:?}");
    }
}
