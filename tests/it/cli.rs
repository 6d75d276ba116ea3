//! Every subcommand: its help, its data on standard output, its mistakes on standard error.

use std::io::Write as _;
use std::process::Stdio;

use crate::company::{Company, NOW, Run, list, word};

const LATER: &str = "2026-08-04T06:00:00Z";

/// Every subcommand.
const COMMANDS: [&[&str]; 33] = [
    &["scan"],
    &["report"],
    &["diff"],
    &["explain"],
    &["roster"],
    &["roster", "validate"],
    &["roster", "accept"],
    &["exceptions"],
    &["exceptions", "list"],
    &["exceptions", "check"],
    &["exceptions", "new"],
    &["policy"],
    &["policy", "check"],
    &["policy", "test"],
    &["policy", "explain"],
    &["rules"],
    &["rules", "list"],
    &["rules", "explain"],
    &["rules", "test"],
    &["systems"],
    &["systems", "list"],
    &["coverage"],
    &["coverage", "accept"],
    &["incidents"],
    &["incidents", "acknowledge"],
    &["doctor"],
    &["config", "check"],
    &["config", "show"],
    &["schema"],
    &["ledger", "verify"],
    &["completions"],
    &["man"],
    &["version"],
];

fn company() -> Company {
    let mut company = Company::new();
    company.extra = String::from("policy: policy.yaml\nexceptions: exceptions.yaml\n");
    company.write("policy.yaml", include_str!("damage/policy.yaml"));
    company.write("exceptions.yaml", EXCEPTIONS);
    company
}

const EXCEPTIONS: &str = "\
version: 1
exceptions:
  - id: EX-2026-0001
    type: transition
    scope: { person_id: p-1, system: crm, access_kinds: [account] }
    reason: The account is needed until the handover of the region is done.
    requested_by: p-3
    approved_by: [p-2]
    approved_at: 2026-08-01T08:00:00Z
    expires_at: 2026-08-07T08:00:00Z
    review: { owner: p-2 }
";

/// Data only: nothing on the other stream.
#[track_caller]
fn data(run: &Run) -> &str {
    run.expect(0);
    assert!(run.stderr.is_empty(), "standard error: {}", run.stderr);
    assert!(!run.stdout.is_empty());
    &run.stdout
}

/// A mistake: nothing on standard output.
#[track_caller]
fn mistake(run: &Run, code: i32, says: &str) {
    run.expect(code);
    assert!(run.stdout.is_empty(), "standard output: {}", run.stdout);
    assert!(run.stderr.contains(says), "{says:?} is not in: {}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "no colour off a terminal: {}", run.stderr);
}

#[test]
fn help_fits_and_shows_how_it_is_meant() {
    let company = company();
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let mut arguments = command.to_vec();
            arguments.push(flag);
            let run = company.holdover(&arguments);
            let text = data(&run);
            for line in text.lines() {
                assert!(line.chars().count() <= 110, "{command:?}: {} columns: {line}", line.chars().count());
            }
            assert!(text.contains("Usage: holdover"), "{command:?}: {text}");
            // A command that only has subcommands leads to theirs.
            let leads_on = text.contains("\nCommands:");
            assert!(leads_on || text.contains("Example"), "{command:?} {flag} shows no example: {text}");
        }
    }
    let run = company.holdover(&["--help"]);
    let text = data(&run);
    for command in ["scan", "report", "diff", "explain", "roster", "doctor", "schema", "completions", "man", "version"] {
        assert!(text.contains(&format!("\n  {command}")), "{command} stands in the help: {text}");
    }
    assert!(text.contains("Exit codes: 0 clean"), "{text}");
    // Examples of the help are command lines that parse.
    for command in COMMANDS {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        for line in company.holdover(&arguments).stdout.lines() {
            let Some(example) = line.trim().strip_prefix("holdover ") else { continue };
            let example = example.split(" > ").next().expect("a part");
            let words: Vec<&str> = example.split_whitespace().collect();
            let run = company.holdover(&words);
            assert!(!run.stderr.contains("Usage: holdover"), "{example}: {}", run.stderr);
        }
    }
}

#[test]
fn completions_parse_in_their_shell() {
    let company = company();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = company.holdover(&["completions", shell]);
        assert!(data(&run).contains("holdover"));
    }
    let run = company.holdover(&["completions", "bash"]);
    let mut bash = std::process::Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash");
    bash.stdin.take().expect("a pipe").write_all(run.stdout.as_bytes()).expect("written");
    let output = bash.wait_with_output().expect("ended");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    mistake(&company.holdover(&["completions", "basch"]), 2, "bash");
}

#[test]
fn man_pages_are_made_for_every_command() {
    let company = company();
    let run = company.holdover(&["man"]);
    assert!(data(&run).contains(".TH"));
    let run = company.holdover(&["man", "pages"]);
    run.expect(0);
    let pages: Vec<String> = std::fs::read_dir(company.path().join("pages"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    for page in ["holdover.1", "holdover-scan.1", "holdover-roster-accept.1"] {
        assert!(pages.iter().any(|found| found == page), "{page} in {pages:?}");
    }
    assert!(pages.len() >= 30, "{pages:?}");
}

#[test]
fn every_schema_is_a_schema() {
    let company = company();
    let names = ["config", "roster", "links", "exceptions", "policy", "rule", "findings", "run"];
    let mut titles = std::collections::BTreeSet::new();
    for name in names {
        let run = company.holdover(&["schema", name]);
        let schema: serde_json::Value = serde_json::from_str(data(&run)).unwrap_or_else(|error| panic!("{name}: {error}"));
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
        let schema: serde_json::Value = serde_json::from_str(&company.holdover(&["schema", name]).stdout).expect("JSON");
        let written: serde_json::Value =
            serde_json::from_slice(&std::fs::read(company.path().join(file)).expect("a file")).expect("JSON");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let wrong: Vec<String> = validator.iter_errors(&written).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn the_configuration_is_checked_and_shown_with_its_origins() {
    let company = company();
    company.write_all();
    let run = company.holdover(&["config", "check"]);
    assert!(data(&run).contains("sound"));
    let run = company.holdover(&["config", "show", "--origin", "--state-dir", "elsewhere"]);
    let text = data(&run);
    assert!(text.contains("elsewhere") && text.contains("--state-dir"), "{text}");
    assert!(text.contains("holdover.yaml"), "{text}");
    assert!(text.lines().any(|line| line.contains("default")), "{text}");
    company.write("exceptions.yaml", EXCEPTIONS.replace("expires_at", "ends_at"));
    mistake(&company.holdover(&["config", "check"]), 2, "ends_at");
    company.write("exceptions.yaml", EXCEPTIONS);
    company.write("holdover.yaml", company.config().replace("connector: import", "conector: import"));
    mistake(&company.holdover(&["config", "check"]), 2, "connector");
    mistake(&company.holdover(&["config", "check", "--config", "nowhere.yaml"]), 2, "nowhere.yaml");
    for (from, to, says) in [
        ("version: 1", "version: 2", "version"),
        ("organisation: acme", "organisation: acme\norganisation: other", "organisation"),
        ("coverage: full", "coverage: ful", "full"),
        ("max_age: 240h, rank", "max_age: 240, rank", "max_age"),
        ("Europe/Berlin", "Berlin", "Berlin"),
        ("connector: import", "connector: !!str import", "holdover.yaml"),
    ] {
        company.write("holdover.yaml", company.config().replace(from, to));
        mistake(&company.holdover(&["config", "check"]), 2, says);
    }
}

#[test]
fn rules_are_listed_explained_and_tested() {
    let company = company();
    let run = company.holdover(&["rules", "list"]);
    let text = data(&run).to_owned();
    assert!(text.lines().count() >= 25, "{text}");
    for line in text.lines().filter(|line| line.contains("active")) {
        let id = line.split_whitespace().next().expect("an id");
        let run = company.holdover(&["rules", "explain", id]);
        assert!(data(&run).contains(id));
    }
    let run = company.holdover(&["rules", "test"]);
    assert!(!data(&run).contains("FAIL"));
    mistake(&company.holdover(&["rules", "explain", "acount-active"]), 2, "account-active");
}

#[test]
fn the_policy_is_checked_tested_and_explained() {
    let company = company();
    company.write_all();
    for command in ["check", "test"] {
        let run = company.holdover(&["policy", command]);
        data(&run);
    }
    let run = company.holdover(&["policy", "explain", "p-1", "role_binding", "--as-of", NOW]);
    let text = data(&run);
    assert!(text.contains("everybody-else") && text.contains("2026-08-01T22:00:00Z"), "{text}");
    mistake(&company.holdover(&["policy", "explain", "p-1", "role_bindings", "--as-of", NOW]), 2, "role_binding");
    mistake(&company.holdover(&["policy", "explain", "p-404", "account", "--as-of", NOW]), 2, "p-404");
    let wrong = include_str!("damage/policy.yaml").replace("due_after: 168h", "due_after: 24h");
    company.write("policy.yaml", wrong);
    let run = company.holdover(&["policy", "test"]);
    run.expect(2);
    assert!(format!("{}{}", run.stdout, run.stderr).contains("168h"), "{}{}", run.stdout, run.stderr);
    company.holdover(&["config", "check"]).expect(2);
}

#[test]
fn exceptions_are_listed_checked_and_drafted() {
    let company = company();
    company.write_all();
    company.scan().expect(1);
    let run = company.holdover(&["exceptions", "list", "--as-of", NOW]);
    let text = data(&run);
    assert!(text.contains("EX-2026-0001") && text.contains("active"), "{text}");
    let run = company.holdover(&["exceptions", "check", "--as-of", NOW]);
    data(&run);
    let before = std::fs::read(company.path().join("exceptions.yaml")).expect("the file");
    let run = company.holdover(&["exceptions", "new", "--person", "p-1", "--system", "crm", "--type", "transition", "--days", "3", "--as-of", NOW]);
    run.expect(0);
    let text = &run.stdout;
    assert!(run.stderr.contains("printed only"), "what to do with it stands beside it: {}", run.stderr);
    assert!(text.contains("p-1") && text.contains("EX-2026-"), "{text}");
    assert_eq!(std::fs::read(company.path().join("exceptions.yaml")).expect("the file"), before, "the file is never edited");
    company.write("exceptions.yaml", EXCEPTIONS.replace("2026-08-07", "2027-08-07"));
    let run = company.holdover(&["exceptions", "check", "--as-of", NOW]);
    run.expect(2);
    assert!(format!("{}{}", run.stdout, run.stderr).contains("expires_at"), "{}{}", run.stdout, run.stderr);
    mistake(&company.holdover(&["exceptions", "new", "--person", "p-1", "--system", "crm", "--type", "transitoin"]), 2, "transition");
}

#[test]
fn the_roster_is_validated_with_three_rows_as_instants() {
    let company = company();
    company.write_all();
    let run = company.holdover(&["roster", "validate", "--explain", "--as-of", NOW]);
    let text = data(&run);
    assert!(text.contains("Three rows as instants"), "{text}");
    assert!(text.contains("2026-07-31") && text.contains("2026-07-31T22:00:00Z"), "{text}");
    assert!(text.contains("digest"), "{text}");
    assert!(!company.path().join("state").exists(), "validate changes nothing");
    company.write("roster.csv", "person_id\n");
    company.holdover(&["roster", "validate", "--as-of", NOW]).expect(5);
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
    assert!(text.starts_with("| ") && text.contains("| crm |") && text.contains("sales-tools") && text.contains(NOW), "{text}");
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
    let lines: String = formats.iter().map(|format| format!("  - {{ format: {format}, path: out/as.{format} }}\n")).collect();
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
            assert_eq!(run.stdout.split_whitespace().collect::<Vec<_>>(), written.split_whitespace().collect::<Vec<_>>());
        } else {
            assert_eq!(run.stdout, written, "{format}");
        }
        let scanned = company.copy().holdover(&["scan", "--no-progress", "--format", format, "--as-of", LATER]);
        assert!(!scanned.stdout.is_empty() && scanned.code == 1, "{format}");
        assert!(scanned.stderr.contains("verdict") || format == "table", "the summary is on standard error: {}", scanned.stderr);
    }
    mistake(&company.holdover(&["report", "--format", "jsn"]), 2, "json");
    mistake(&company.holdover(&["report", "--run", "run-x"]), 2, "run-x");
    mistake(&company.holdover(&["scan", "--output", "jsn=x", "--as-of", LATER]), 2, "json");
    mistake(&company.holdover(&["scan", "--output", "json", "--as-of", LATER]), 2, "FORMAT=PATH");
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
fn the_doctor_looks_at_everything_and_says_what_to_do() {
    let company = company();
    company.write_all();
    company.scan().expect(1);
    let run = company.holdover(&["doctor", "--as-of", NOW]);
    assert!(matches!(run.code, 0 | 3), "{} {}", run.stdout, run.stderr);
    for what in ["configuration", "rules", "policy", "exceptions", "roster", "clock", "tz database", "store", "ledger", "disk", "proxies"] {
        assert!(run.stdout.lines().any(|line| line.contains(&format!(" {what} "))), "{what}: {}", run.stdout);
    }
    for line in run.stdout.lines() {
        assert!(["ok ", "warn ", "FAIL ", " "].iter().any(|start| line.starts_with(start)), "{line}");
    }
    // Each failure has a remedy, and three is the code.
    std::fs::remove_file(company.path().join("roster.csv")).expect("removed");
    let run = company.holdover(&["doctor", "--as-of", NOW]);
    run.expect(3);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let failed = lines.iter().position(|line| line.starts_with("FAIL") && line.contains("roster")).expect("the roster");
    assert!(lines[failed + 1].contains("->"), "{}", run.stdout);
    company.write("holdover.yaml", "version: 1\n");
    let run = company.holdover(&["doctor"]);
    run.expect(2);
    assert!(run.stdout.contains("FAIL"), "{}", run.stdout);
}

#[test]
fn the_version_names_what_it_was_built_from() {
    let company = company();
    let run = company.holdover(&["version", "--json"]);
    let value: serde_json::Value = serde_json::from_str(data(&run)).expect("JSON");
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    let text = value.to_string();
    for word in ["schema", "tz", "ocsf", "sarif"] {
        assert!(text.to_lowercase().contains(word), "{word}: {text}");
    }
    for arguments in [&["version"][..], &["--version"], &["-V"]] {
        let run = company.holdover(arguments);
        assert!(data(&run).contains(env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn slips_of_the_hand_get_the_nearest_word_and_code_two() {
    let company = company();
    company.write_all();
    for (arguments, near) in [
        (&["scn"][..], "scan"),
        (&["scan", "--dryrun"], "--dry-run"),
        (&["roster", "acept", "x"], "accept"),
        (&["scan", "--fail-on", "hgih"], "high"),
        (&["scan", "--system", "crn", "--as-of", NOW], "crm"),
        (&["scan", "--format", "markdwon"], "markdown"),
        (&["scan", "--color", "nevr"], "never"),
    ] {
        mistake(&company.holdover(arguments), 2, near);
    }
    for arguments in [
        &[][..],
        &["scan", "--as-of", "yesterday"],
        &["scan", "--as-of", "2026-08-03"],
        &["scan", "--as-of", "2026-08-03T06:00:00"],
        &["scan", "--deadline", "3"],
        &["explain"],
        &["coverage", "accept", "crm/accounts"],
        &["roster", "accept"],
        &["scan", "--yes"],
    ] {
        let run = company.holdover(arguments);
        run.expect(2);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}");
    }
    assert!(!company.path().join("state").exists(), "a mistake of usage touches nothing");
}

#[test]
fn commands_that_read_the_state_say_when_there_is_none() {
    let company = company();
    company.write_all();
    for arguments in [&["report"][..], &["diff"], &["explain", "ra1:d3fbedd447e69944f6506bc7b50c26c9"], &["ledger", "verify"], &["report", "--list"]] {
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
    let run = company.holdover(&["scan", "--no-progress", "--quiet", "-v", "-v", "--log-format", "json", "--as-of", NOW]);
    for line in run.stderr.lines().filter(|line| line.starts_with('{')) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["ts"].is_string() || value["timestamp"].is_string(), "{line}");
    }
    for text in [&run.stderr, &company.scan_at(LATER).stderr] {
        assert!(!text.contains("ana@") && !text.contains("Ana Silva"), "no persons in logs: {text}");
    }
}
