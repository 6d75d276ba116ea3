//! Roster sources over HTTP: the documented ones are accepted, and every mistake is told with its place.

use std::path::Path;

use scan_hr::{Column, Leavers, System};

use super::{Problem, environment, load, place_of};
use crate::config::Loaded;
use crate::problem::render;
use crate::roster::settings::{Authority, SourceFormat, SourceSettings};

const PAGE: &str = include_str!("../../../docs/roster.md");

pub(super) fn around(sources: &str) -> String {
    let systems = "systems:\n  - { id: okta-main, connector: import, files: [{ path: c.ndjson, format: ndjson }] }\n";
    format!("version: 1\nroster:\n  sources:\n{sources}{systems}")
}

fn read(text: &str) -> Result<Loaded, Vec<Problem>> {
    load(Path::new("holdover.yaml"), text, &environment)
}

/// The sources that the page shows, each a block of its own.
pub(super) fn documented() -> Vec<String> {
    PAGE.split("```yaml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .filter(|block| block.starts_with("- id:"))
        .map(|block| block.lines().flat_map(|line| ["    ", line, "\n"]).collect())
        .collect()
}

fn only(text: &str) -> SourceSettings {
    let text = around(text);
    let loaded = read(&text).unwrap_or_else(|problems| panic!("{}", render(&problems, |_| Some(text.clone()))));
    loaded.config.roster.sources[0].clone()
}

fn one(format: &str) -> String {
    let block = documented().into_iter().find(|block| block.contains(&format!("format: {format}\n")));
    block.unwrap_or_else(|| panic!("the page shows no {format}"))
}

#[test]
fn every_documented_source_is_accepted() {
    let formats: Vec<String> = documented()
        .iter()
        .map(|block| {
            let source = only(block);
            let service = source.service.as_ref().expect("a service");
            assert_eq!(source.format, SourceFormat::Ndjson);
            assert!(source.path.display().to_string().starts_with("https://"), "{}", source.path.display());
            assert_eq!(source.is_live(), service.replay.is_none());
            format!("{:?}", service.source.system).split(['(', ' ']).next().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(formats, ["BambooHr", "Workday", "HiBob", "Personio", "Rippling", "Okta", "Entra", "HttpJson"]);
}

#[test]
fn a_source_has_the_words_and_columns_of_its_system_under_those_of_the_file() {
    let source = only(&one("bamboohr").replace(
        "coverage: full",
        "coverage: full\n      values: { status: { leave: [Inactive] } }\n      columns: { batch: customWave }",
    ));
    assert_eq!(source.values["status"]["leave"], ["Inactive"], "the file's word wins");
    assert!(source.values["status"]["ended"].is_empty());
    assert!(source.none_values.contains(&String::from("0000-00-00")));
    let service = source.service.expect("a service").source;
    assert_eq!(service.columns[&Column::Batch], "customWave");
    assert_eq!(service.leavers, Leavers::Expected);
    assert_eq!((source.authority, service.employment_type.as_str()), (Authority::Employment, "employee"));
}

#[test]
fn directories_confirm_and_expect_no_leavers() {
    for format in ["okta", "entra"] {
        let source = only(&one(format));
        assert_eq!(source.authority, Authority::Directory, "{format}");
        assert_eq!(source.service.expect("a service").source.leavers, Leavers::MayBeNone);
        let told = only(&one(format).replace("coverage: full", "coverage: full\n      authority: employment"));
        assert_eq!(told.authority, Authority::Employment);
    }
}

#[test]
fn the_workday_prompt_that_brings_leavers_is_there_unless_others_are() {
    let prompts = |source: &SourceSettings| match &source.service.as_ref().expect("a service").source.system {
        System::Workday(workday) => workday.prompts.clone(),
        other => panic!("{other:?}"),
    };
    let plain = one("workday");
    let without: String =
        plain.lines().filter(|line| !line.contains("prompts:")).flat_map(|line| [line, "\n"]).collect();
    assert_eq!(prompts(&only(&without))["Include_Terminated_Workers"], "1");
}

/// The problems of a source, as key and sentence.
fn mistakes(source: &str) -> Vec<(String, String)> {
    let text = around(source);
    match read(&text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(problems) => problems
            .iter()
            .map(|problem| {
                let place = problem.place.expect("a place");
                assert!(place.line > 3, "{}", problem.says);
                (problem.key.clone(), problem.says.clone())
            })
            .collect(),
    }
}

#[test]
fn what_is_missing_is_told_all_at_once() {
    let found = mistakes("    - { id: hr, format: workday, coverage: full, end_date_meaning: last_day_included }\n");
    let says: Vec<&str> = found.iter().map(|(_, says)| says.as_str()).collect();
    for part in [
        "`base_url` is missing",
        "`tenant` is missing",
        "`report` is missing",
        "`user` is missing",
        "`password` is missing",
        "no field is named for `person_id`",
        "no field is named for `start_date`",
        "no field tells an end: name one for at least one of end_date, last_day_worked, access_end_at",
    ] {
        assert!(says.contains(&part), "{part} in {says:?}");
    }
    assert_eq!(found.len(), 8, "{found:?}");
}

#[test]
fn keys_of_another_format_are_told_at_their_place() {
    let text = one("bamboohr").replace("coverage: full", "coverage: full\n      tenant: acme\n      delimiter: \",\"");
    let whole = around(&text);
    let problems = read(&whole).expect_err("two keys of others");
    let found: Vec<(usize, &str)> =
        problems.iter().map(|problem| (problem.place.map_or(0, |place| place.line), problem.says.as_str())).collect();
    assert_eq!(
        found,
        [
            (place_of(&whole, "delimiter:").0, "`delimiter` is a key of the format csv, ndjson"),
            (place_of(&whole, "tenant:").0, "`tenant` is a key of the format workday, entra"),
        ]
    );
    let file = "    - { id: f, format: csv, path: f.csv, coverage: full, end_date_meaning: last_day_included, token: { env: T } }\n";
    assert_eq!(mistakes(file)[0].1, "`token` is a key of the format hibob, rippling, okta");
    let file = "    - { id: f, format: csv, coverage: full, end_date_meaning: last_day_included }\n";
    assert_eq!(mistakes(file)[0].1, "`path` is missing: a source of the format csv is a file");
}

#[test]
fn a_vendors_list_is_full_and_its_address_an_origin_over_tls() {
    let bamboo = one("bamboohr");
    assert_eq!(
        mistakes(&bamboo.replace("coverage: full", "coverage: active"))[0].1,
        "a source of the format bamboohr lists everybody"
    );
    let with =
        |line: &str| mistakes(&bamboo.replace("coverage: full", &format!("coverage: full\n      {line}")))[0].1.clone();
    assert_eq!(with("base_url: https://api.bamboohr.com/api"), "is more than an origin");
    assert_eq!(
        with("base_url: http://hr.acme.example"),
        "plain text would show the credential to everybody on the way"
    );
    let zone = mistakes(&bamboo.replace("Austin: America/Chicago", "Austin: America/Chicgo"))[0].1.clone();
    assert_eq!(zone, "no time zone is called \"America/Chicgo\"");
}

#[test]
fn a_pointer_that_is_none_and_an_unknown_system_are_told() {
    let okta = one("okta");
    let wrong = okta
        .replace("/profile/employeeNumber", "profile.employeeNumber")
        .replace("accounts_of: okta-main", "accounts_of: okta-mian");
    let says: Vec<String> = mistakes(&wrong).into_iter().map(|(_, says)| says).collect();
    assert!(says.contains(&String::from("\"profile.employeeNumber\" is no JSON pointer")), "{says:?}");
    assert!(says.contains(&String::from("no system is called okta-mian")), "{says:?}");
}

#[test]
fn mistakes_of_a_json_service_are_told() {
    let json = one("http_json");
    let one_mistake = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        mistakes(&json.replace(from, to))[0].1.clone()
    };
    assert_eq!(
        one_mistake("kind: cursor, at: /next, parameter: after", "kind: cursor, parameter: after"),
        "`at` is missing"
    );
    assert_eq!(
        one_mistake("kind: cursor, at: /next, parameter: after", "kind: link_header, at: /next"),
        "`at` is of another kind"
    );
    assert_eq!(
        one_mistake(
            "kind: cursor, at: /next, parameter: after",
            "kind: cursor, at: /next, parameter: after, place: body"
        ),
        "the parameters belong into a body, and there is no POST with an object as body"
    );
    assert_eq!(one_mistake("kind: bearer", "kind: basic"), "`user` is missing");
    assert_eq!(one_mistake("items: /people", "items: people"), "\"people\" is no JSON pointer");
    assert_eq!(
        one_mistake("items: /people", "items: /people\n        headers: { Authorization: x }"),
        "the header Authorization is set by others"
    );
}

#[test]
fn a_secret_in_the_place_of_its_reference_is_refused_and_not_repeated() {
    let text = around(&one("bamboohr").replace("{ file: /etc/holdover/bamboohr.key }", "s3cret-inline-value"));
    let problems = read(&text).expect_err("a secret does not belong here");
    let shown = render(&problems, |_| Some(text.clone()));
    assert!(!shown.contains("s3cret-inline-value"), "{shown}");
}
