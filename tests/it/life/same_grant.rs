//! Several people or several records on one grant: none of them may hide another.

use super::{day, staff, state};
use crate::company::{Company, account, list, token};

/// An account with holders, each `relation` and address.
fn shared_account(id: &str, status: &str, holders: &[(&str, &str)]) -> String {
    let holders: Vec<String> =
        holders.iter().map(|(relation, email)| format!(r#"{{"relation":"{relation}","email":"{email}"}}"#)).collect();
    format!(
        r#"{{"record":"access","scope":"accounts","kind":"account","grant_id":"{id}","status":"{status}","privilege":"write","created_at":"2023-04-01T08:00:00Z","last_used_at":null,"expires_at":null,"holders":[{}]}}"#,
        holders.join(",")
    )
}

fn with_account(holders: &[(&str, &str)]) -> Company {
    let mut company = Company::new();
    company.records = vec![shared_account("u-1", "disabled", holders), token("t-1", "u-1", "enabled")];
    company
}

#[test]
fn a_token_of_an_account_that_also_names_its_owner_belongs_to_who_has_the_account() {
    let (ana, bea) = ("ana@acme.example", "bea@acme.example");
    let mut company = with_account(&[("holder", ana), ("owner", bea)]);
    let run = day(&mut company, 0);
    run.expect(1);
    assert_eq!(run.finding("t-1")["person_id"], "p-1", "{:?}", run.states());
    // Its twin: who has it works here.
    day(&mut with_account(&[("holder", bea), ("owner", "cem@acme.example")]), 0).expect(0);
    // Two people have it, one of whom left: nobody can tell whose the token is, and that is said.
    let mut company = with_account(&[("holder", ana), ("holder", bea)]);
    let run = day(&mut company, 0);
    run.expect(3);
    assert!(run.flag("ambiguous"));
    let report = run.report();
    let grants: Vec<&str> =
        list(&report["ambiguous"]).iter().map(|grant| grant["grant_id"].as_str().expect("a text")).collect();
    assert_eq!(grants, ["t-1"]);
}

#[test]
fn a_token_that_somebody_else_made_waits_for_the_account_it_hangs_from() {
    let mut company = Company::new();
    company.records = vec![
        account("u-2", "bea@acme.example", "enabled"),
        token("t-9", "u-9", "enabled").replace(
            "\"parent\"",
            "\"holders\":[{\"relation\":\"creator\",\"email\":\"bea@acme.example\"}],\"parent\"",
        ),
        String::from(r#"{"record":"gap","scope":"accounts","cause":"failed","detail":"the second page"}"#),
    ];
    let run = day(&mut company, 0);
    run.expect(3);
    assert_eq!((run.scope("accounts").as_str(), run.scope("api-tokens").as_str()), ("partial", "partial"));
    // Its twin: the account was read, and is Bea's own.
    company.records = vec![account("u-9", "bea@acme.example", "enabled"), company.records[1].clone()];
    let run = day(&mut company, 1);
    run.expect(0);
    assert_eq!(run.scope("api-tokens"), "complete");
}

#[test]
fn an_exception_for_one_of_two_records_of_a_finding_does_not_cover_the_other() {
    let session = |id: &str, display: &str| {
        format!(
            r#"{{"record":"access","scope":"sessions","kind":"session","grant_id":"{id}","grant_display":"{display}","client":"web","status":"enabled","privilege":"write","parent":"u-1","created_at":"2026-08-01T08:00:00Z","last_used_at":null,"expires_at":null}}"#
        )
    };
    let sessions = [session("s-1", "laptop"), session("s-2", "phone")];
    for order in [[0, 1], [1, 0]] {
        let mut company = Company::new();
        company.extra = String::from("exceptions: exceptions.yaml\n");
        company.scopes = vec![String::from("accounts"), String::from("sessions")];
        company.write("exceptions.yaml", exception_for("laptop"));
        company.records = vec![account("u-1", "ana@acme.example", "disabled")];
        company.records.push(sessions[0].clone());
        let covered = day(&mut company, 0);
        covered.expect(0);
        assert_eq!(covered.states().values().collect::<Vec<_>>(), ["suppressed"], "the exception fits");
        company.records.truncate(1);
        company.records.extend(order.map(|at| sessions[at].clone()));
        let run = day(&mut company, 1);
        run.expect(1);
        assert_eq!(run.states().values().collect::<Vec<_>>(), ["confirmed"], "{order:?}");
    }
}

fn exception_for(resource: &str) -> String {
    format!(
        "\
version: 1
exceptions:
  - id: EX-2026-0001
    type: transition
    scope: {{ person_id: p-1, system: crm, access_kinds: [session], resource: {resource} }}
    reason: The session is needed until the handover of the region is done.
    compensating_controls: [read-only]
    requested_by: p-3
    approved_by: [p-2]
    approved_at: 2026-08-01T08:00:00Z
    expires_at: 2026-08-07T00:00:00Z
    review: {{ owner: p-2 }}
"
    )
}

#[test]
fn what_was_handled_is_the_use_that_was_known_and_a_later_one_is_open_again() {
    let used = |at: &str| account("u-1", "ana@acme.example", "disabled").replace("2026-07-30T22:22:00Z", at);
    // Known to the day, and by the next run to the second.
    let to_the_day = used("2026-08-02T00:00:00Z\",\"last_used_precision\":\"24h");
    let mut company = Company::new();
    company.records = vec![to_the_day];
    let run = day(&mut company, 0);
    run.expect(1);
    let print = run.finding("u-1")["fingerprint"].as_str().expect("a fingerprint").to_owned();
    company.holdover(&["incidents", "acknowledge", &print, "--reference", "INC-7"]).expect(0);
    day(&mut company, 1).expect(0);
    company.records = vec![used("2026-08-02T18:00:00Z")];
    day(&mut company, 2).expect(0);
    company.records = vec![used("2026-08-05T10:00:00Z")];
    let again = day(&mut company, 3);
    again.expect(1);
    assert_eq!(state(&again, "u-1"), "confirmed");
    assert_eq!(again.finding("u-1")["used_after_end"], "after");
    company.holdover(&["incidents", "acknowledge", &print, "--reference", "INC-8"]).expect(0);
    day(&mut company, 4).expect(0);
}

#[test]
fn a_key_in_everybodys_account_names_those_who_left_and_counts_the_others() {
    let mut company = Company::new();
    staff(&mut company, 60);
    company.scopes = vec![String::from("accounts"), String::from("ssh-keys")];
    let key = |id: &str, parent: &str| {
        format!(
            r#"{{"record":"access","scope":"ssh-keys","kind":"ssh_key","grant_id":"{id}","status":"enabled","parent":"{parent}","created_at":"2024-01-09T10:00:00Z","last_used_at":null,"expires_at":null,"holders":[{{"relation":"holder","provider_id":"{parent}","ssh_fingerprint":"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}}]}}"#
        )
    };
    company.records = vec![account("u-1", "ana@acme.example", "disabled"), key("k-1", "u-1")];
    for number in 100..160 {
        company.records.push(account(&format!("u-{number}"), &format!("person{number}@acme.example"), "enabled"));
        company.records.push(key(&format!("k-{number}"), &format!("u-{number}")));
    }
    let run = day(&mut company, 0);
    assert!(matches!(run.code, 3 | 4), "{}", run.stderr);
    let report = run.report();
    let grants = list(&report["ambiguous"]);
    assert!(!grants.is_empty(), "{}", run.stdout);
    for grant in grants {
        let candidates = list(&grant["candidates"]);
        assert_eq!(candidates.len(), 50);
        assert_eq!(candidates[0]["person_id"], "p-1", "who left comes first: {}", candidates[0]);
        assert!(grant["reason"].as_str().expect("a reason").contains("11 more"), "{}", grant["reason"]);
    }
}
