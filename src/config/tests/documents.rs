use std::path::Path;

use crate::config::{load, reference, schema};
use crate::problem::render;

#[test]
fn the_committed_schema_is_the_enforced_one() {
    assert_eq!(schema(), include_str!("../schema.json"), "holdover schema config > src/config/schema.json");
}

#[test]
fn the_documented_reference_is_made_from_the_schema() {
    let page = include_str!("../../../docs/configuration.md");
    let (_, rest) = page.split_once("<!-- reference -->\n").unwrap();
    let (part, _) = rest.split_once("<!-- /reference -->").unwrap();
    assert_eq!(part, reference(), "cargo test -- --ignored write_");
}

#[test]
fn the_documented_file_is_accepted() {
    let page = include_str!("../../../docs/configuration.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let problems = load(Path::new("holdover.yaml"), text, &|_| None).map(|_| ()).err().unwrap_or_default();
    assert!(problems.is_empty(), "{}", render(&problems, |_| Some(text.to_owned())));
}

#[test]
#[ignore = "writes the schema into the source tree"]
fn write_schema() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/schema.json"), schema()).unwrap();
}

#[test]
#[ignore = "writes the reference into the documentation"]
fn write_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- reference -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /reference -->").unwrap();
    std::fs::write(path, format!("{before}<!-- reference -->\n{}<!-- /reference -->{after}", reference())).unwrap();
}
