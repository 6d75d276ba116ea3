//! What a run found, shown again: reports, comparisons, schemas, the ledger.

use super::{LATER, company, data, mistake};
use crate::company::{Company, NOW, list, word};

#[test]
fn every_schema_is_a_schema() {
    let company = company();
    let names = ["config", "roster", "links", "exceptions", "policy", "rule", "findings", "run"];
    let mut titles = std::collections::BTreeSet::new();
    for name in names {
        let run = company.holdover(&["schema", name]);
        let schema: serde_json::Value =
            serde_json::from_str(data(&run)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(schema["$schema"].as_str().is_some_and(|uri| uri.contains("2020-12")), "{name}");
        jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        titles.insert(schema["title"].to_string());
    }
    assert_eq!(titles.len(), names.len(), "each has its own title: {titles:?}");
    mistake(&company.holdover(&["schema", "findingz"]), 2, "findings");
    // What a run writes is what the schemas say.
    company.write_all();
    company.scan().expect(1);
    for (name, file) in [("findings", "out/report.json"), ("run", "state/run.json")] {
        let schema: serde_json::Value =
            serde_json::from_str(&company.holdover(&["schema", name]).stdout).expect("JSON");
        let written: serde_json::Value =
            serde_json::from_slice(&std::fs::read(company.path().join(file)).expect("a file")).expect("JSON");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let wrong: Vec<String> =
            validator.iter_errors(&written).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn systems_are_listed_for_people_and_for_a_check_list() {
    let company = company();
    company.write_all();
    let run = company.holdover(&["systems", "list"]);
    assert!(data(&run).contains("crm"), "before the first run");
    company.scan().expect(1);
    let run = company.holdover(&["systems", "list", "--format", "markdown"]);
    let text = data(&run);
    assert!(
        text.starts_with("| ") && text.contains("| crm |") && text.contains("sales-tools") && text.contains(NOW),
        "{text}"
    );
    let columns = |line: &str| line.matches('|').count();
    let first = columns(text.lines().next().expect("a line"));
    assert!(text.lines().all(|line| columns(line) == first), "{text}");
    mistake(&company.holdover(&["systems", "list", "--format", "markdwn"]), 2, "markdown");
}

#[test]
fn two_runs_are_compared() {
    let mut company = company();
    company.write_all();
    let one = company.scan();
    let first = one.id();
    company.records.remove(2);
    company.records.push(crate::company::account("u-7", "ana@acme.example", "enabled"));
    company.as_of = String::from("2026-08-04T01:00:00Z");
    company.write_all();
    let two = company.scan_at(LATER);
    let second = two.id();
    let run = company.holdover(&["diff"]);
    let text = data(&run);
    assert!(text.contains("u-7") || text.contains(&word(&two.finding("u-7")["fingerprint"])), "{text}");
    let run = company.holdover(&["diff", &first, &second, "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(data(&run)).expect("JSON");
    assert!(value.to_string().contains(&word(&two.finding("u-7")["fingerprint"])), "{value:#}");
    mistake(&company.holdover(&["diff", "run-x", "run-y"]), 2, "run-x");
    let run = company.holdover(&["report", "--list"]);
    let text = data(&run);
    assert!(text.contains(&first) && text.contains(&second), "{text}");
}

#[test]
fn a_finding_is_explained_by_its_fingerprint_or_its_beginning() {
    let company = company();
    company.write_all();
    let run = company.scan();
    let print = word(&run.finding("t-1")["fingerprint"]);
    for asked in [&print[..], &print[..12]] {
        let run = company.holdover(&["explain", asked]);
        let text = data(&run);
        for says in ["t-1", "p-1", "api-token-active", "History", "2026-07-31T22:00:00Z"] {
            assert!(text.contains(says), "{says}: {text}");
        }
    }
    mistake(&company.holdover(&["explain", "ra1:ffff"]), 2, "ra1:");
    mistake(&company.holdover(&["explain", "ra1:00000000000000000000000000000000"]), 2, "known");
}

#[test]
fn a_report_of_every_format_equals_what_the_scan_wrote() {
    let mut company = company();
    let formats = ["table", "json", "ndjson", "ocsf", "sarif", "csv", "markdown", "html"];
    let lines: String =
        formats.iter().map(|format| format!("  - {{ format: {format}, path: out/as.{format} }}\n")).collect();
    company.extra = lines + &company.extra;
    company.write_all();
    let scan = company.scan();
    scan.expect(1);
    for format in formats {
        let run = company.holdover(&["report", "--format", format]);
        run.expect(0);
        let written = std::fs::read_to_string(company.path().join(format!("out/as.{format}"))).expect("the file");
        if format == "table" {
            // On standard output it is as wide as the terminal.
            assert_eq!(
                run.stdout.split_whitespace().collect::<Vec<_>>(),
                written.split_whitespace().collect::<Vec<_>>()
            );
        } else {
            assert_eq!(run.stdout, written, "{format}");
        }
        let scanned = company.copy().holdover(&["scan", "--no-progress", "--format", format, "--as-of", LATER]);
        assert!(!scanned.stdout.is_empty() && scanned.code == 1, "{format}");
        assert!(
            scanned.stderr.contains("verdict") || format == "table",
            "the summary is on standard error: {}",
            scanned.stderr
        );
    }
    mistake(&company.holdover(&["report", "--format", "jsn"]), 2, "json");
    mistake(&company.holdover(&["report", "--run", "run-x"]), 2, "run-x");
    mistake(&company.holdover(&["scan", "--output", "jsn=x", "--as-of", LATER]), 2, "json");
    mistake(&company.holdover(&["scan", "--output", "json", "--as-of", LATER]), 2, "FORMAT=PATH");
}

#[test]
fn an_output_of_the_configuration_is_the_same_on_standard_output_as_in_a_file() {
    let scan = |format: &str, more: &str, flags: &[&str]| {
        let mut company = company();
        company.extra = format!(
            "  - {{ format: {format}, path: \"-\"{more} }}\n  - {{ format: {format}, path: out/twin{more} }}\n{}",
            company.extra
        );
        company.write_all();
        let run = company.holdover(&[&["scan", "--no-progress", "--as-of", NOW], flags].concat());
        run.expect(1);
        (run.stdout, std::fs::read_to_string(company.path().join("out/twin")).expect("the file"))
    };
    for format in ["json", "ndjson", "csv", "ocsf", "html", "markdown", "table"] {
        let (stdout, file) = scan(format, ", persons: pseudonym", &[]);
        assert!(stdout.contains("anon-"), "{format}: {stdout}");
        for telling in ["p-1", "Ana", "ana@acme"] {
            assert!(!stdout.contains(telling), "{format} shows {telling}: {stdout}");
        }
        // On standard output a table is as wide as the terminal, and `written` holds the same names.
        if format != "table" {
            assert_eq!(stdout, file, "{format}");
        }
    }
    let (stdout, file) = scan("markdown", ", persons: name", &[]);
    assert!(stdout.contains("Ana Silva") && stdout == file, "{stdout}");
    let (stdout, file) = scan("csv", ", csv_bom: true", &[]);
    assert!(stdout.starts_with('\u{feff}') && stdout == file, "{stdout}");
    // A format that is asked for by a flag comes as it does without a configuration.
    let (stdout, file) = scan("json", ", persons: pseudonym", &["--format", "json"]);
    assert!(stdout.contains("\"persons\":\"id\"") && stdout.contains("p-1"), "{stdout}");
    assert!(file.contains("\"persons\":\"pseudonym\""), "{file}");
}

#[test]
fn a_configured_table_on_standard_output_ends_with_the_one_summary() {
    for persons in ["", ", persons: name", ", persons: pseudonym"] {
        let mut company = company();
        company.extra = format!("  - {{ format: table, path: \"-\"{persons} }}\n{}", company.extra);
        company.write_all();
        let run = company.scan();
        run.expect(1);
        assert!(run.stdout.contains("verdict") && !run.stderr.contains("verdict"), "{persons}: {}", run.stderr);
    }
}

#[test]
fn with_all_outputs_in_files_and_quiet_standard_output_is_empty() {
    let mut company = company();
    company.write_all();
    let run = company.holdover(&["scan", "--quiet", "--no-progress", "--as-of", NOW]);
    run.expect(1);
    assert!(run.stdout.is_empty());
    assert!(run.stderr.contains("verdict"), "not clean is told: {}", run.stderr);
    company.records = vec![crate::company::account("u-2", "bea@acme.example", "enabled")];
    let mut clean = Company::new();
    clean.records = company.records.clone();
    clean.write_all();
    let run = clean.holdover(&["scan", "--quiet", "--no-progress", "--as-of", NOW]);
    run.expect(0);
    assert!(run.stdout.is_empty() && run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn commands_that_read_the_state_say_when_there_is_none() {
    let company = company();
    company.write_all();
    for arguments in [
        &["report"][..],
        &["diff"],
        &["explain", "ra1:d3fbedd447e69944f6506bc7b50c26c9"],
        &["ledger", "verify"],
        &["report", "--list"],
    ] {
        let run = company.holdover(arguments);
        assert!(matches!(run.code, 2 | 6), "{arguments:?}: {}", run.code);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}");
        assert!(!company.path().join("state").exists(), "{arguments:?} makes no state");
    }
}

#[test]
fn the_ledger_is_verified_and_a_changed_line_is_found() {
    let company = company();
    company.write_all();
    company.scan().expect(1);
    let run = company.holdover(&["ledger", "verify"]);
    assert!(data(&run).contains("sound"));
    let ledger = std::fs::read_to_string(company.path().join("state/ledger.ndjson")).expect("the ledger");
    assert!(ledger.contains("\"to\":\"confirmed\""), "{ledger}");
    let copy = company.copy();
    let changed = ledger.replacen("\"to\":\"confirmed\"", "\"to\":\"closed\"", 1);
    std::fs::write(copy.path().join("state/ledger.ndjson"), changed).expect("written");
    copy.holdover(&["ledger", "verify"]).expect(6);
    let copy = company.copy();
    let shorter: String = ledger.lines().take(3).map(|line| format!("{line}\n")).collect();
    std::fs::write(copy.path().join("state/ledger.ndjson"), shorter).expect("written");
    copy.holdover(&["ledger", "verify"]).expect(6);
    assert!(list(&company.scan_at(LATER).report()["findings"]).len() >= 2);
}

#[test]
fn logs_are_lines_of_json_when_asked_for() {
    let company = company();
    company.write_all();
    let run =
        company.holdover(&["scan", "--no-progress", "--quiet", "-v", "-v", "--log-format", "json", "--as-of", NOW]);
    for line in run.stderr.lines().filter(|line| line.starts_with('{')) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["ts"].is_string() || value["timestamp"].is_string(), "{line}");
    }
    for text in [&run.stderr, &company.scan_at(LATER).stderr] {
        assert!(!text.contains("ana@") && !text.contains("Ana Silva"), "no persons in logs: {text}");
    }
}
