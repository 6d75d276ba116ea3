//! Rules that an operator took out: what no rule looks at any more is said, and is not called clean.

use crate::company::{Company, account};

const DELEGATION: &str = r#"{"record":"access","scope":"accounts","kind":"delegation","grant_id":"d-1","status":"enabled","privilege":"read","created_at":"2024-01-09T10:00:00Z","last_used_at":null,"expires_at":null,"holders":[{"relation":"RELATION","email":"PERSON@acme.example"}]}"#;

const RULE: &str = include_str!("../../../rules/mail-delegation-active.yaml");

fn company(person: &str, relation: &str, status: &str) -> Company {
    let mut company = Company::new();
    company.records = vec![
        account("u-2", "bea@acme.example", "enabled"),
        DELEGATION.replace("PERSON", person).replace("RELATION", relation),
    ];
    company.extra = String::from("rules: own\n");
    company.write("own/mail-delegation-active.yaml", RULE.replace("status: stable", &format!("status: {status}")));
    company.write_all();
    company
}

const SAID: &str = "no rule looks at kind delegation with relation ";

#[test]
fn an_access_of_a_leaver_whose_only_rule_is_retired_is_said_and_the_run_is_not_clean() {
    let company = company("ana", "holder", "retired");
    let run = company.scan();
    run.expect(3);
    let report = run.report();
    assert!(report["findings"].as_array().is_some_and(Vec::is_empty), "{report}");
    assert!(report["notices"].to_string().contains(&format!("{SAID}holder")), "{}", report["notices"]);
    assert_eq!(report["run"]["flags"]["ambiguous"], true);
}

#[test]
fn the_twin_with_the_rule_in_force_is_a_finding_and_nothing_is_said() {
    let company = company("ana", "holder", "stable");
    let run = company.scan();
    run.expect(1);
    assert_eq!(run.states().get("d-1").map(String::as_str), Some("confirmed"));
    assert!(!run.report()["notices"].to_string().contains(SAID));
}

#[test]
fn the_twin_of_somebody_who_works_here_is_clean() {
    let company = company("bea", "holder", "retired");
    let run = company.scan();
    run.expect(0);
    assert!(!run.report()["notices"].to_string().contains(SAID));
}

#[test]
fn a_mailbox_that_a_leaver_may_read_is_said_too_and_a_keeper_of_the_setting_holds_nothing() {
    let run = company("ana", "reader", "stable").scan();
    run.expect(3);
    assert!(run.report()["notices"].to_string().contains(&format!("{SAID}reader")));
    // Whoever keeps a delegation cannot read by it.
    let run = company("ana", "custodian", "stable").scan();
    run.expect(0);
    assert!(!run.report()["notices"].to_string().contains(SAID));
}
