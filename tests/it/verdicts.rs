//! The exit codes of real runs, and what makes each of them.

use crate::company::{Company, account, token};

#[test]
fn a_leaver_with_live_access_is_residual() {
    let company = Company::new();
    company.write_all();
    let run = company.scan();
    run.expect(1);
    let states = run.states();
    assert_eq!(states.get("u-1").map(String::as_str), Some("confirmed"), "{states:?}");
    assert_eq!(states.get("t-1").map(String::as_str), Some("confirmed"), "the token follows its account: {states:?}");
    assert!(!states.contains_key("u-2"), "Bea works here");
    assert!(run.stdout.contains("p-1") && !run.stdout.contains("p-2"), "{}", run.stdout);
}

#[test]
fn the_twin_who_works_here_is_clean() {
    let mut company = Company::new();
    company.people[0] =
        String::from("p-1,employee,active,Ana Silva,ana@acme.example,2020-01-01,,Europe/Berlin,2026-08-01T00:00:00Z");
    company.write_all();
    company.scan().expect(0);
}

#[test]
fn disabled_is_a_remnant_and_no_failure() {
    let mut company = Company::new();
    company.records = vec![account("u-1", "ana@acme.example", "disabled"), token("t-1", "u-1", "revoked")];
    company.write_all();
    let run = company.scan();
    run.expect(0);
    let report = run.report();
    assert_eq!(report["remnants"].as_array().map(Vec::len), Some(2), "{report}");
}

#[test]
fn a_gap_alone_is_three_and_with_something_open_four() {
    let mut company = Company::new();
    company
        .records
        .push(String::from(r#"{"record":"gap","scope":"api-tokens","cause":"denied","detail":"needs admin"}"#));
    company.write_all();
    company.scan().expect(4);
    let mut nothing_open = Company::new();
    nothing_open.records = vec![
        account("u-2", "bea@acme.example", "enabled"),
        String::from(r#"{"record":"gap","scope":"api-tokens","cause":"denied","detail":"admin role"}"#),
    ];
    nothing_open.write_all();
    let run = nothing_open.scan();
    run.expect(3);
    assert_eq!(run.scope("api-tokens"), "denied");
    assert!(run.stdout.contains("admin role"), "the gap is named: {}", run.stdout);
}

#[test]
fn somebody_who_leaves_tomorrow_appears_nowhere() {
    let mut company = Company::new();
    company.people[0] = String::from(
        "p-1,employee,active,Ana Silva,ana@acme.example,2020-01-01,2026-08-04,Europe/Berlin,2026-08-01T00:00:00Z",
    );
    company.write_all();
    let run = company.scan();
    run.expect(0);
    for text in [&run.stdout, &run.stderr, &run.report().to_string()] {
        assert!(!text.contains("p-1") && !text.contains("Ana"), "{text}");
    }
}

#[test]
fn without_a_roster_nothing_is_judged_and_the_code_is_five() {
    let company = Company::new();
    company.write_all();
    std::fs::remove_file(company.path().join("roster.csv")).expect("remove");
    let run = company.scan();
    run.expect(5);
    assert_eq!(run.scope("accounts"), "not_attempted");
}

#[test]
fn mistakes_in_the_configuration_are_told_all_at_once_and_nothing_is_written() {
    let company = Company::new();
    company.write_all();
    let text = std::fs::read_to_string(company.path().join("holdover.yaml")).expect("the file");
    let broken =
        text.replace("tier: tier1", "teir: tier1").replace("max_age: 240h\n    scopes", "max_age: 240\n    scopes");
    company.write("holdover.yaml", broken);
    let run = company.scan();
    run.expect(2);
    assert!(run.stderr.contains("holdover.yaml:"), "{}", run.stderr);
    assert!(run.stderr.contains("tier") && run.stderr.contains("max_age"), "both at once: {}", run.stderr);
    assert!(!company.path().join("state").exists() && !company.path().join("out").exists());
}
