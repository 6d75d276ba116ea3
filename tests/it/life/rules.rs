//! Rules that an operator took out: what no rule looks at any more is said, and is not called clean.

use crate::company::{Company, account};

const GRANT: &str = r#"{"record":"access","scope":"accounts","kind":"KIND","grant_id":"g-1","status":"enabled","privilege":"read","created_at":"2024-01-09T10:00:00Z","last_used_at":null,"expires_at":null,"holders":[{"relation":"RELATION","email":"PERSON@acme.example"}]}"#;

const RULE: &str = include_str!("../../../rules/license-assigned.yaml");

fn company(kind: &str, person: &str, relation: &str) -> Company {
    let mut company = Company::new();
    let grant = GRANT.replace("KIND", kind).replace("PERSON", person).replace("RELATION", relation);
    company.records = vec![account("u-2", "bea@acme.example", "enabled"), grant];
    company.write_all();
    company
}

fn retired(mut company: Company) -> Company {
    company.extra = String::from("rules: own\n");
    company.write("own/license-assigned.yaml", RULE.replace("status: stable", "status: retired"));
    company.write_all();
    company
}

const SAID: &str = "no rule looks at kind ";

#[test]
fn an_access_of_a_leaver_whose_only_rule_is_retired_is_said_and_the_run_is_not_clean() {
    let company = retired(company("license", "ana", "holder"));
    let run = company.scan();
    run.expect(3);
    let report = run.report();
    assert!(report["findings"].as_array().is_some_and(Vec::is_empty), "{report}");
    assert!(
        report["notices"].to_string().contains(&format!("{SAID}license with relation holder: 1 grants")),
        "{}",
        report["notices"]
    );
    assert_eq!(report["run"]["flags"]["ambiguous"], true);
}

#[test]
fn the_twin_with_the_rule_in_force_is_listed_and_nothing_is_said() {
    let company = company("license", "ana", "holder");
    let run = company.scan();
    run.expect(0);
    let report = run.report();
    assert_eq!(report["licenses"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(!report["notices"].to_string().contains(SAID));
}

#[test]
fn the_twin_of_somebody_who_works_here_is_clean() {
    let company = retired(company("license", "bea", "holder"));
    let run = company.scan();
    run.expect(0);
    assert!(!run.report()["notices"].to_string().contains(SAID));
}

#[test]
fn a_mailbox_that_a_leaver_may_read_is_said_too_and_a_keeper_of_the_setting_holds_nothing() {
    let reader = company("delegation", "ana", "reader");
    let run = reader.scan();
    run.expect(3);
    assert!(run.report()["notices"].to_string().contains(&format!("{SAID}delegation with relation reader")));
    // Whoever keeps a delegation cannot read by it.
    let keeper = company("delegation", "ana", "custodian");
    let run = keeper.scan();
    run.expect(0);
    assert!(!run.report()["notices"].to_string().contains(SAID));
}
