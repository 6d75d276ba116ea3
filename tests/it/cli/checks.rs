//! What is checked before anything is read.

use super::{EXCEPTIONS, company, data, mistake};
use crate::company::NOW;

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
    let wrong = include_str!("../damage/policy.yaml").replace("due_after: 168h", "due_after: 24h");
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
    let run = company.holdover(&[
        "exceptions",
        "new",
        "--person",
        "p-1",
        "--system",
        "crm",
        "--type",
        "transition",
        "--days",
        "3",
        "--as-of",
        NOW,
    ]);
    run.expect(0);
    let text = &run.stdout;
    assert!(run.stderr.contains("printed only"), "what to do with it stands beside it: {}", run.stderr);
    assert!(text.contains("p-1") && text.contains("EX-2026-"), "{text}");
    assert_eq!(
        std::fs::read(company.path().join("exceptions.yaml")).expect("the file"),
        before,
        "the file is never edited"
    );
    company.write("exceptions.yaml", EXCEPTIONS.replace("2026-08-07", "2027-08-07"));
    let run = company.holdover(&["exceptions", "check", "--as-of", NOW]);
    run.expect(2);
    assert!(format!("{}{}", run.stdout, run.stderr).contains("expires_at"), "{}{}", run.stdout, run.stderr);
    mistake(
        &company.holdover(&["exceptions", "new", "--person", "p-1", "--system", "crm", "--type", "transitoin"]),
        2,
        "transition",
    );
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
fn the_doctor_looks_at_everything_and_says_what_to_do() {
    let company = company();
    company.write_all();
    company.scan().expect(1);
    let run = company.holdover(&["doctor", "--as-of", NOW]);
    assert!(matches!(run.code, 0 | 3), "{} {}", run.stdout, run.stderr);
    for what in [
        "configuration",
        "rules",
        "policy",
        "exceptions",
        "roster",
        "clock",
        "tz database",
        "store",
        "ledger",
        "disk",
        "proxies",
    ] {
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
fn a_variable_that_is_no_text_is_neither_a_crash_nor_shown() {
    use std::os::unix::ffi::OsStrExt as _;
    let mut company = company();
    let run = |company: &crate::company::Company, arguments: &[&str]| {
        let output = crate::company::command(company.path())
            .env("HOLDOVER_BYTES", std::ffi::OsStr::from_bytes(b"topsecret\xff"))
            .args(arguments)
            .output()
            .expect("the program starts");
        let run = crate::company::Run::new(&output, company.path());
        assert!(!run.stderr.contains("topsecret") && !run.stdout.contains("topsecret"), "{}{}", run.stderr, run.stdout);
        run
    };
    // Nobody asks for it.
    assert!(run(&company, &["version"]).expect(0).stderr.is_empty());
    // A value asks for it, and a secret does.
    company.extra = String::from("policy: \"${HOLDOVER_BYTES}\"\nexceptions: \"${HOLDOVER_NONE}\"\n");
    company.write_all();
    let told = run(&company, &["config", "check"]);
    mistake(&told, 2, "the environment variable HOLDOVER_BYTES is not UTF-8");
    mistake(&told, 2, "the environment variable HOLDOVER_NONE is not set");
    company.extra = String::from(
        "serve: { bearer: { env: HOLDOVER_BYTES }, listen: \"127.0.0.1:0\", schedule: [{ cron: \"@daily\" }] }\n",
    );
    company.write_all();
    run(&company, &["config", "check"]).expect(0);
    let told = run(&company, &["serve", "--no-progress"]);
    assert!(told.expect(2).stderr.contains("environment variable HOLDOVER_BYTES: is not UTF-8"), "{}", told.stderr);
}
