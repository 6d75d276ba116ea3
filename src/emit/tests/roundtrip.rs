//! JSON v1 and back, and what our own reader makes of CSV.

use proptest::prelude::*;

use super::rendered;
use crate::config::valid::{OutputFormat, PersonDisplay};
use crate::emit::{csv, json, sample};
use crate::report::Report;

fn back(report: &Report) -> Report {
    let mut bytes = Vec::new();
    json::write(report, &mut bytes).expect("written");
    json::read(&bytes).expect("read back")
}

#[test]
fn json_gives_back_exactly_what_was_written() {
    for report in [sample::rich(), sample::empty()] {
        assert_eq!(back(&report), report);
    }
}

#[test]
fn a_rendered_document_with_names_is_complete_as_well() {
    let report = sample::rich();
    let text = rendered(OutputFormat::Json, &report, PersonDisplay::Name);
    assert_eq!(json::read(text.as_bytes()).expect("read back"), report);
}

#[test]
fn a_document_of_another_version_is_refused_by_name() {
    let mut bytes = Vec::new();
    json::write(&sample::empty(), &mut bytes).expect("written");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    let said = json::read(newer.as_bytes()).expect_err("refused").to_string();
    assert!(said.contains("version 2") && said.contains("version 1"), "{said}");
    assert!(json::read(b"{\"format\":\"x\"}").is_err());
}

#[test]
fn a_document_that_was_cut_off_is_never_read() {
    let mut bytes = Vec::new();
    json::write(&sample::rich(), &mut bytes).expect("written");
    for end in (0..bytes.len() - 2).step_by(97) {
        assert!(json::read(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_time_without_zone_is_refused() {
    let mut bytes = Vec::new();
    json::write(&sample::empty(), &mut bytes).expect("written");
    let text = String::from_utf8(bytes).expect("UTF-8").replacen(
        "\"as_of\":\"2026-08-01T03:30:00Z\"",
        "\"as_of\":\"2026-08-01T03:30:00\"",
        1,
    );
    assert!(json::read(text.as_bytes()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_and_any_figure_comes_back(text in any::<String>(), seconds in any::<u64>(), ratio in 0.0..1.0_f64, sum in 0.0..1e15_f64) {
        let mut report = sample::rich();
        report.findings[0].grant_display = Some(text.clone());
        report.findings[0].grant_id = text.clone().into();
        report.notices[0].says = text;
        report.unattributed_total = seconds;
        report.systems[0].matched_person_ratio = ratio;
        report.totals.detection_delay.sum_seconds = sum;
        prop_assert_eq!(back(&report), report);
    }
}

#[test]
fn csv_cells_come_back_through_an_independent_reader() {
    let mut report = sample::rich();
    let hostile = "=cmd|' /C calc'!A0\u{1b}[2J\"\r\nnext";
    report.findings[0].grant_display = Some(hostile.to_owned());
    let text = rendered(OutputFormat::Csv, &report, PersonDisplay::Id);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let column = csv::COLUMNS.iter().position(|name| *name == "grant_display").expect("a column");
    let first = reader.records().next().expect("a record").expect("well formed");
    assert_eq!(csv::original(&first[column]).as_deref(), Some(hostile));
}
