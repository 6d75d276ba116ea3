//! Formats of others against their own definitions.

use serde_json::Value;

use super::rendered;
use crate::config::valid::{OutputFormat, PersonDisplay};
use crate::emit::{json, run_json, sample};
use crate::findings::FindingState;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn errors(schema: &Value, instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The SARIF 2.1.0 schema that crate serde-sarif carries.
fn sarif_schema() -> Value {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(vec![String::from("--offline"), String::from("--locked")])
        .exec()
        .expect("cargo metadata");
    let package = metadata.packages.iter().find(|package| package.name == "serde-sarif").expect("a dev dependency");
    let path = package.manifest_path.parent().expect("a folder").join("src/schema.json");
    let mut schema = parse(&std::fs::read_to_string(path).expect("the schema is in the crate"));
    // The published pattern of `language` has an unpaired bracket, which strict validators refuse. We write no language.
    for object in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][object]["properties"]["language"];
        let pattern = language.as_object_mut().expect("it is described").remove("pattern");
        assert!(pattern.is_some(), "the schema was mended: take this out");
    }
    schema
}

#[test]
fn sarif_is_valid_against_its_schema_and_damage_is_noticed() {
    let schema = sarif_schema();
    for report in [sample::rich(), sample::empty()] {
        for persons in [PersonDisplay::Pseudonym, PersonDisplay::Id] {
            let log = parse(&rendered(OutputFormat::Sarif, &report, persons));
            assert_eq!(errors(&schema, &log), Vec::<String>::new());
        }
    }
    let mut damaged = parse(&rendered(OutputFormat::Sarif, &sample::rich(), PersonDisplay::Id));
    damaged["runs"][0]["results"][0]["level"] = "bogus".into();
    assert_ne!(errors(&schema, &damaged), Vec::<String>::new());
    let mut damaged = parse(&rendered(OutputFormat::Sarif, &sample::rich(), PersonDisplay::Id));
    damaged["runs"][0]["tool"] = Value::Null;
    assert_ne!(errors(&schema, &damaged), Vec::<String>::new());
}

fn sarif_results(persons: PersonDisplay) -> Vec<Value> {
    let log = parse(&rendered(OutputFormat::Sarif, &sample::rich(), persons));
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2, "one run per system");
    runs.iter().flat_map(|run| run["results"].as_array().expect("results").clone()).collect()
}

#[test]
fn sarif_follows_the_table_of_states() {
    let results = sarif_results(PersonDisplay::Id);
    let by_state = |state: &str| -> Vec<&Value> {
        results.iter().filter(|result| result["properties"]["state"] == state).collect()
    };
    assert!(by_state("observed").is_empty(), "seen once is not written");
    for result in &results {
        assert!(result["suppressions"].is_array(), "present on all or on none");
        assert!(result["baselineState"].is_string(), "present on all or on none");
        assert_eq!(result["kind"] == "fail", result["level"] != "none");
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "examples/sample%20company/holdover.yaml");
        assert_ne!(location["region"]["startLine"], 1, "the line of the system's entry");
    }
    assert_eq!(by_state("suppressed")[0]["suppressions"][0]["status"], "accepted");
    assert_eq!(by_state("ambiguous")[0]["kind"], "review");
    assert!(by_state("closed").iter().all(|result| result["baselineState"] == "absent"));
    assert!(by_state("unverified").iter().all(|result| result["baselineState"] == "unchanged"));
    let reopened = results
        .iter()
        .filter(|result| result["properties"]["personId"] == "p-7" && result["properties"]["severity"] == "high");
    assert!(reopened.clone().count() == 1 && reopened.clone().all(|result| result["baselineState"] == "new"));
}

#[test]
fn sarif_tells_gaps_and_what_it_leaves_out() {
    let log = parse(&rendered(OutputFormat::Sarif, &sample::rich(), PersonDisplay::Id));
    let ids = |run: usize| -> Vec<String> {
        log["runs"][run]["invocations"][0]["toolExecutionNotifications"]
            .as_array()
            .expect("notifications")
            .iter()
            .map(|notification| notification["descriptor"]["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    for id in ["coverage-gap", "roster-not-accepted", "roster-conflict"] {
        assert!(ids(0).iter().any(|found| found == id), "{id}");
    }
    for id in ["coverage-gap", "observed-not-confirmed", "identity-unmatched"] {
        assert!(ids(1).iter().any(|found| found == id), "{id}");
    }
    let empty = parse(&rendered(OutputFormat::Sarif, &sample::empty(), PersonDisplay::Id));
    assert_eq!(empty["runs"][0]["invocations"][0]["toolExecutionNotifications"], serde_json::json!([]));
}

#[test]
fn more_than_twenty_systems_make_one_run() {
    let mut report = sample::rich();
    while report.systems.len() <= 20 {
        let mut system = report.systems[0].clone();
        system.id = format!("system-{}", report.systems.len()).into();
        report.systems.push(system);
    }
    let text = rendered(OutputFormat::Sarif, &report, PersonDisplay::Pseudonym);
    assert_eq!(parse(&text)["runs"].as_array().expect("runs").len(), 1);
    report.systems.truncate(20);
    let text = rendered(OutputFormat::Sarif, &report, PersonDisplay::Pseudonym);
    assert_eq!(parse(&text)["runs"].as_array().expect("runs").len(), 20);
}

#[test]
fn open_findings_of_a_system_that_was_taken_out_of_the_configuration_are_in_the_file() {
    let schema = sarif_schema();
    let mut report = sample::rich();
    let whole: Vec<Value> = sarif_results(PersonDisplay::Id);
    report.systems.retain(|system| system.id.as_str() != "crm");
    let log = parse(&rendered(OutputFormat::Sarif, &report, PersonDisplay::Id));
    assert_eq!(errors(&schema, &log), Vec::<String>::new());
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2, "the same run as before, so that a service knows its alerts again");
    let id = runs[1]["automationDetails"]["id"].as_str().expect("text");
    assert!(id.starts_with("holdover/crm/"), "{id}");
    let prints = |results: &[Value]| -> Vec<String> {
        let mut prints: Vec<String> =
            results.iter().map(|result| result["partialFingerprints"]["residualAccess/v1"].to_string()).collect();
        prints.sort();
        prints
    };
    let now: Vec<Value> = runs.iter().flat_map(|run| run["results"].as_array().expect("results").clone()).collect();
    assert!(now.len() > 3 && prints(&now) == prints(&whole), "{now:?}");
    let told = runs[1]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains("crm is not in the configuration"), "{told}");
    let known = runs[0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(!known.contains("not in the configuration"), "{known}");
    // Beyond the limit of services, one run holds them too.
    while report.systems.len() < 20 {
        let mut system = report.systems[0].clone();
        system.id = format!("system-{}", report.systems.len()).into();
        report.systems.push(system);
    }
    let log = parse(&rendered(OutputFormat::Sarif, &report, PersonDisplay::Id));
    assert_eq!(log["runs"].as_array().expect("runs").len(), 1);
    assert_eq!(prints(log["runs"][0]["results"].as_array().expect("results")), prints(&whole));
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains("crm is not in the configuration"), "{told}");
    // The file of a company that took out its only system says what it left open.
    report.systems.clear();
    let log = parse(&rendered(OutputFormat::Sarif, &report, PersonDisplay::Id));
    let runs = log["runs"].as_array().expect("runs");
    let all: Vec<Value> = runs.iter().flat_map(|run| run["results"].as_array().expect("results").clone()).collect();
    assert_eq!(prints(&all), prints(&whole));
}

/// The sample with everything open of one system within the agreed time.
fn within_time() -> crate::report::Report {
    let mut report = sample::rich();
    report.findings.retain(|finding| finding.state.is_open() && finding.system.as_str() == "crm");
    for finding in &mut report.findings {
        finding.due = false;
        finding.due_at = sample::at("2026-08-02T09:33:00Z");
    }
    let states = [FindingState::Observed, FindingState::Unverified, FindingState::Closing, FindingState::Confirmed];
    assert!(states.iter().all(|state| report.findings.iter().any(|finding| finding.state == *state)));
    report
}

#[test]
fn access_within_the_agreed_time_raises_no_alarm_anywhere_and_its_twin_that_is_due_does() {
    let mut report = within_time();
    let count = report.findings.len();
    let log = parse(&rendered(OutputFormat::Sarif, &report, PersonDisplay::Id));
    let run = &log["runs"][1];
    assert_eq!(run["results"].as_array().expect("results").iter().filter(|one| one["kind"] == "fail").count(), 0);
    let told = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains(&format!("{count} findings are within the agreed time")), "{told}");
    assert!(!told.contains("seen once"), "counted once: {told}");
    for event in events(&rendered(OutputFormat::Ocsf, &report, PersonDisplay::Id)) {
        assert_eq!(event["is_alert"], false, "{event}");
        if event["unmapped"]["due"] == false {
            let says = event["message"].as_str().expect("text");
            assert!(says.contains("within the agreed time until 2026-08-02T09:33:00Z"), "{says}");
        }
    }
    for finding in &mut report.findings {
        finding.due = true;
    }
    let log = parse(&rendered(OutputFormat::Sarif, &report, PersonDisplay::Id));
    assert!(log["runs"][1]["results"].as_array().expect("results").iter().any(|one| one["kind"] == "fail"));
    let events = events(&rendered(OutputFormat::Ocsf, &report, PersonDisplay::Id));
    assert_eq!(events.iter().filter(|event| event["is_alert"] == true).count(), 4, "all but the one seen once");
    assert!(events.iter().all(|event| !event["message"].as_str().expect("text").contains("agreed time")));
}

#[test]
fn each_way_in_which_a_finding_closes_is_told_in_its_own_words() {
    use crate::findings::{Change, Usability};
    let mut report = sample::rich();
    let gone = &report.closed[0];
    let (from, until) = (sample::at("2026-07-30T03:30:00Z"), sample::at("2026-07-31T03:30:00Z"));
    // Shown as ended, it was seen at the end of that time; absent, at its beginning.
    let closed = |change, usability, seen| {
        let mut finding = gone.clone();
        (finding.change, finding.usability, finding.last_seen_at) = (change, usability, seen);
        finding.revoked_between = (change == Change::Closed).then_some((from, until));
        finding
    };
    let cases = [
        (
            closed(Change::Rehired, Usability::UsableNow, from),
            "employed again, and it may still be there",
            "no longer found",
        ),
        (closed(Change::Closed, Usability::Dormant, until), "switched off, and not removed", "no longer"),
        (closed(Change::Closed, Usability::Inert, until), "ended, and cannot come back", "no longer"),
        (closed(Change::Closed, Usability::UsableNow, from), "no longer found", "switched off"),
        // A remnant whose use was recorded as handled is gone as everything else is.
        (closed(Change::Closed, Usability::Dormant, from), "no longer found", "switched off"),
    ];
    for (finding, says, never) in cases {
        report.findings.clear();
        report.ambiguous.clear();
        report.closed = vec![finding];
        let log = parse(&rendered(OutputFormat::Sarif, &report, PersonDisplay::Id));
        let sarif = log["runs"][1]["results"][0]["message"]["text"].as_str().expect("text").to_owned();
        let ocsf = events(&rendered(OutputFormat::Ocsf, &report, PersonDisplay::Id));
        for text in [&sarif, ocsf[0]["message"].as_str().expect("text")] {
            assert!(text.contains(says) && !text.contains(never), "{says}: {text}");
        }
    }
}

/// The resolved definition of class 2004 in 1.8.0, as far as it is used; see `tests/golden/emit/ocsf-1.8.0-2004.json`.
fn ocsf_definition() -> Value {
    parse(include_str!("../../../tests/golden/emit/ocsf-1.8.0-2004.json"))
}

/// Checks a value against one object of the definition: required, constraints, types, enum values, nothing unknown.
fn check_object(definition: &Value, object: &str, value: &Value, profiles: &[&str], at: &str) {
    let shape = &definition["objects"][object];
    let attributes = shape["attributes"].as_object().unwrap_or_else(|| panic!("{object} is not in the definition"));
    let members = value.as_object().unwrap_or_else(|| panic!("{at} is an object"));
    for (name, attribute) in attributes {
        let required = attribute["requirement"] == "required";
        assert!(!required || members.contains_key(name), "{at}.{name} is required");
    }
    if let Some(any) = shape["at_least_one"].as_array() {
        assert!(
            any.iter().any(|name| members.contains_key(name.as_str().expect("a name"))),
            "{at} needs one of {any:?}"
        );
    }
    for (name, member) in members {
        let place = format!("{at}.{name}");
        let attribute = attributes.get(name).unwrap_or_else(|| panic!("{place} is unknown in {object}"));
        if let Some(profile) = attribute["profile"].as_str() {
            assert!(profiles.contains(&profile), "{place} belongs to profile {profile}, which is not named");
        }
        let single = |value: &Value| check_value(definition, attribute, value, profiles, &place);
        if attribute["is_array"] == true {
            member.as_array().unwrap_or_else(|| panic!("{place} is an array")).iter().for_each(single);
        } else {
            single(member);
        }
    }
}

fn check_value(definition: &Value, attribute: &Value, value: &Value, profiles: &[&str], at: &str) {
    let kind = attribute["type"].as_str().expect("a type");
    match kind {
        "string_t" => assert!(value.is_string(), "{at} is text"),
        "boolean_t" => assert!(value.is_boolean(), "{at} is true or false"),
        "integer_t" | "long_t" => assert!(value.is_i64(), "{at} is a whole number"),
        "timestamp_t" => {
            let millis = value.as_i64().unwrap_or_else(|| panic!("{at} is a whole number of milliseconds"));
            // 2020 to 2100: seconds would land in 1970.
            assert!((1_577_836_800_000..4_102_444_800_000).contains(&millis), "{at}: {millis}");
        }
        "json_t" | "object" => {}
        object => check_object(definition, object, value, profiles, at),
    }
    if let Some(values) = attribute["enum"].as_object() {
        let key = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert!(values.contains_key(&key), "{at}: {key} is not one of {values:?}");
    }
}

/// Text twins must be the captions of their enums.
fn check_captions(definition: &Value, event: &Value) {
    let attributes = &definition["objects"]["detection_finding"]["attributes"];
    for (id, text) in [
        ("activity_id", "activity_name"),
        ("severity_id", "severity"),
        ("status_id", "status"),
        ("confidence_id", "confidence"),
        ("risk_level_id", "risk_level"),
    ] {
        if event.get(id).is_some() {
            assert_eq!(attributes[id]["enum"][event[id].to_string()], event[text], "{id}");
        }
    }
    let activity = event["activity_id"].as_i64().expect("a number");
    assert_eq!(event["type_uid"].as_i64(), Some(200_400 + activity));
    assert_eq!(event["type_name"], format!("Detection Finding: {}", event["activity_name"].as_str().expect("text")));
}

fn events(text: &str) -> Vec<Value> {
    assert!(!text.starts_with('\u{feff}') && !text.contains('\r'), "no byte-order mark, LF only");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(parse).collect()
}

#[test]
fn every_event_fits_the_definition_of_its_class() {
    let definition = ocsf_definition();
    for persons in [PersonDisplay::Id, PersonDisplay::Name, PersonDisplay::Pseudonym] {
        let events = events(&rendered(OutputFormat::Ocsf, &sample::rich(), persons));
        assert_eq!(events.len(), 10 + 2 + 1, "open, closed, and one grant that may be a leaver's");
        for event in &events {
            let profiles: Vec<&str> = event["metadata"]["profiles"]
                .as_array()
                .map(|profiles| profiles.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            check_object(&definition, "detection_finding", event, &profiles, "event");
            check_captions(&definition, event);
        }
    }
}

#[test]
fn a_run_without_findings_has_no_events() {
    assert_eq!(rendered(OutputFormat::Ocsf, &sample::empty(), PersonDisplay::Id), "");
}

#[test]
fn events_follow_the_table_of_states() {
    let events = events(&rendered(OutputFormat::Ocsf, &sample::rich(), PersonDisplay::Id));
    let life = |number: u8| -> (i64, i64, String, bool) {
        let uid = format!("ra1:{}", format!("{number:02x}").repeat(16));
        let event = events.iter().find(|event| event["finding_info"]["uid"] == uid).expect("an event");
        (
            event["activity_id"].as_i64().expect("a number"),
            event["status_id"].as_i64().expect("a number"),
            event["status_code"].as_str().expect("text").to_owned(),
            event["is_alert"].as_bool().expect("a truth"),
        )
    };
    let expect = |activity, status, code: &str, alert| (activity, status, code.to_owned(), alert);
    assert_eq!(life(1), expect(1, 1, "OPEN", true), "confirmed, new");
    assert_eq!(life(2), expect(2, 2, "OPEN", true), "confirmed, known, with a ticket");
    assert_eq!(life(3), expect(1, 1, "OBSERVED", false));
    assert_eq!(life(4), expect(2, 1, "UNVERIFIED", true));
    assert_eq!(life(5), expect(2, 2, "CLOSING", true));
    assert_eq!(life(6), expect(2, 1, "REOPENED", true));
    assert_eq!(life(8), expect(1, 1, "OBSERVED", false), "within the agreed time");
    assert_eq!(life(9), expect(2, 3, "SUPPRESSED", false));
    assert_eq!(life(10), expect(1, 1, "AMBIGUOUS", false));
    assert_eq!(life(20), expect(3, 4, "CLOSED", false));
    assert_eq!(life(21), expect(3, 5, "REHIRED", false));
}

#[test]
fn event_ids_are_stable_and_differ_by_run_finding_and_activity() {
    let ids = |report| -> Vec<String> {
        events(&rendered(OutputFormat::Ocsf, report, PersonDisplay::Id))
            .iter()
            .map(|event| event["metadata"]["uid"].as_str().expect("text").to_owned())
            .collect()
    };
    let report = sample::rich();
    let mut unique = ids(&report);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids(&report).len());
    let mut later = report.clone();
    later.run.id.push('x');
    assert!(ids(&later).iter().all(|id| !unique.contains(id)));
    let mut other = report.clone();
    let index = other.findings.iter().position(|finding| finding.state == FindingState::Confirmed).expect("one");
    other.findings[index].change = crate::findings::Change::Unchanged;
    assert_eq!(ids(&other).iter().filter(|id| !unique.contains(id)).count(), 1, "another activity is another event");
}

#[test]
fn our_own_documents_fit_their_published_schemas() {
    let schema = json::schema();
    for report in [sample::rich(), sample::empty()] {
        let document = parse(&rendered(OutputFormat::Json, &report, PersonDisplay::Pseudonym));
        assert_eq!(errors(&schema, &document), Vec::<String>::new());
        let run = serde_json::to_value(run_json::document(&report)).expect("JSON");
        assert_eq!(errors(&run_json::schema(), &run), Vec::<String>::new());
    }
    let mut damaged = parse(&rendered(OutputFormat::Json, &sample::rich(), PersonDisplay::Id));
    damaged["findings"][0]["severity"] = "dreadful".into();
    assert_ne!(errors(&schema, &damaged), Vec::<String>::new());
}
