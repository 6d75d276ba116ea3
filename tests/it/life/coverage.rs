//! Drops, known objects, planted leavers, exclusions.

use super::{DAYS, day, staff, state};
use crate::company::{Company, account};

fn with_accounts(count: usize) -> Company {
    let mut company = Company::new();
    for number in 10..10 + count {
        company.records.push(account(&format!("u-{number}"), &format!("nobody{number}@acme.example"), "enabled"));
    }
    company
}

fn keep(company: &mut Company, count: usize) {
    let mut kept = 0;
    company.records.retain(|record| {
        let counted = record.contains("nobody");
        kept += usize::from(counted);
        !counted || kept <= count
    });
}

#[test]
fn a_suspicious_drop_is_a_gap_until_an_operator_accepts_it() {
    let mut company = with_accounts(20);
    day(&mut company, 0).expect(1);
    keep(&mut company, 6);
    company.records.retain(|record| !record.contains("\"grant_id\":\"u-1\""));
    for number in 1..3 {
        let run = day(&mut company, number);
        run.expect(4);
        assert_eq!(run.scope("accounts"), "partial", "a second run with the same low number confirms nothing");
        assert!(run.gaps().iter().any(|gap| gap.contains("22") && gap.contains('7')), "both counts: {:?}", run.gaps());
        assert_eq!(state(&run, "u-1"), "unverified");
        assert!(run.closed().is_empty());
    }
    let low = day(&mut company, 3);
    company.holdover(&["coverage", "accept", "crm/accounts", &low.id()]).expect(0);
    let accepted = company.scan_at("2026-08-06T07:00:00Z");
    accepted.expect(1);
    assert_eq!(accepted.scope("accounts"), "complete");
    assert_eq!(state(&accepted, "u-1"), "closing", "from here on it is a first look");
    assert_eq!(day(&mut company, 4).closed(), ["u-1"]);
    let ledger = std::fs::read_to_string(company.path().join("state/ledger.ndjson")).expect("the ledger");
    assert!(ledger.contains("drop_accepted"));
}

#[test]
fn an_accepted_drop_covers_the_accepted_figure_and_no_lower_one() {
    let mut company = with_accounts(20);
    day(&mut company, 0).expect(1);
    keep(&mut company, 10);
    let low = day(&mut company, 1);
    assert_eq!(low.scope("accounts"), "partial");
    company.holdover(&["coverage", "accept", "crm/accounts", &low.id()]).expect(0);
    // Nobody accepted this one.
    keep(&mut company, 0);
    company.records.clear();
    let run = day(&mut company, 2);
    assert_eq!(run.scope("accounts"), "partial", "{:?}", run.gaps());
    run.expect(4);
}

#[test]
fn accepting_a_drop_needs_a_scope_and_a_run_that_are_known() {
    let mut company = with_accounts(20);
    let run = day(&mut company, 0);
    for (scope, run) in [
        ("crm/acounts", run.id().as_str()),
        ("erp/accounts", &run.id()),
        ("accounts", &run.id()),
        ("crm/accounts", "run-x"),
    ] {
        let refused = company.holdover(&["coverage", "accept", scope, run]);
        assert!(matches!(refused.code, 2 | 6), "{scope} {run}: exit {} {}", refused.code, refused.stderr);
        assert!(!refused.stderr.is_empty());
    }
}

#[test]
fn a_small_drop_is_ordinary_life() {
    let mut company = with_accounts(20);
    day(&mut company, 0).expect(1);
    keep(&mut company, 17);
    let run = day(&mut company, 1);
    run.expect(1);
    assert_eq!(run.scope("accounts"), "complete");
}

#[test]
fn a_known_object_vouches_for_a_drop_and_its_absence_is_a_gap() {
    let mut company = with_accounts(20);
    company.system_extra = String::from("    known_object: { scope: accounts, kind: account, grant_id: u-2 }\n");
    day(&mut company, 0).expect(1);
    keep(&mut company, 2);
    let run = day(&mut company, 1);
    run.expect(1);
    assert_eq!(run.scope("accounts"), "complete", "{:?}", run.gaps());
    company.records.retain(|record| !record.contains("\"grant_id\":\"u-2\""));
    let run = day(&mut company, 2);
    run.expect(4);
    assert_eq!(run.scope("accounts"), "partial");
    assert!(run.gaps().iter().any(|gap| gap.contains("u-2")), "{:?}", run.gaps());
}

#[test]
fn a_planted_leaver_is_found_and_one_that_is_missing_is_a_gap() {
    let mut company = Company::new();
    company.people.push(String::from(
        "p-canary,employee,ended,Canary,canary@acme.example,2020-01-01,2026-06-30,Europe/Berlin,2026-08-01T00:00:00Z",
    ));
    company.records =
        vec![account("u-2", "bea@acme.example", "enabled"), account("u-canary", "canary@acme.example", "enabled")];
    company.extra =
        String::from("sentinel_leavers: [{ person_id: p-canary, system: crm, kind: account, grant_id: u-canary }]\n");
    let run = day(&mut company, 0);
    run.expect(0);
    assert!(!run.states().contains_key("u-canary"), "no finding: {:?}", run.states());
    assert!(run.stdout.contains("entinel") || run.stdout.contains("lanted"), "{}", run.stdout);
    let sentinels = run.report()["sentinels"].clone();
    assert_eq!(sentinels.as_array().map(Vec::len), Some(1), "{sentinels}");
    company.records.pop();
    let run = day(&mut company, 1);
    run.expect(3);
    assert_eq!(run.scope("accounts"), "partial");
    assert!(run.gaps().iter().any(|gap| gap.contains("planted leaver")), "{:?}", run.gaps());
    // Found and disabled is not what was planted either way, but it is there.
    company.records.push(account("u-canary", "nobody@acme.example", "enabled"));
    let run = day(&mut company, 2);
    run.expect(3);
    assert_eq!(run.scope("accounts"), "partial", "it is there, and nobody recognises its person");
}

#[test]
fn an_exclusion_is_told_with_its_reason_and_ends_by_itself() {
    let mut company = Company::new();
    company.records.retain(|record| !record.contains("ana@"));
    company.records.retain(|record| !record.contains("t-1"));
    company.system_extra =
        String::from("    exclude: [{ scope: api-tokens, reason: being moved to the vault, until: \"2026-08-04\" }]\n");
    let run = day(&mut company, 0);
    run.expect(3);
    assert_eq!(run.scope("api-tokens"), "not_attempted");
    assert_eq!(run.scope("accounts"), "complete");
    assert!(run.stdout.contains("being moved to the vault") && run.stdout.contains("2026-08-04"), "{}", run.stdout);
    let run = day(&mut company, 3);
    run.expect(0);
    assert_eq!(run.scope("api-tokens"), "complete");
}

#[test]
fn what_an_exclusion_hides_stays_open() {
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    company.system_extra =
        String::from("    exclude: [{ scope: api-tokens, reason: being moved to the vault, until: \"2026-12-31\" }]\n");
    for number in 1..4 {
        let run = day(&mut company, number);
        run.expect(4);
        assert_eq!(state(&run, "t-1"), "unverified", "day {number}");
        assert!(run.closed().is_empty());
    }
}

#[test]
fn a_run_for_one_system_leaves_the_others_as_they_are() {
    let mut company = Company::new();
    staff(&mut company, 3);
    company.system_extra = String::from(
        "\x20 - id: wiki\n    connector: import\n    scopes: [accounts]\n    files: [{ path: wiki.ndjson, format: ndjson }]\n",
    );
    let wiki = r#"{"record":"header","format":"holdover-import","version":1,"system":"wiki","as_of":"2026-08-03T01:00:00Z","produced_by":"test","scopes":["accounts"]}"#;
    company.write(
        "wiki.ndjson",
        format!(
            "{wiki}\n{}\n{{\"record\":\"end\",\"counts\":{{\"accounts\":1}}}}\n",
            account("w-1", "ana@acme.example", "enabled")
        ),
    );
    company.write_all();
    company.scan_at(DAYS[0]).expect(1);
    let run = company.holdover(&["scan", "--system", "crm", "--as-of", DAYS[1], "--no-progress"]);
    run.expect(4);
    assert_eq!(run.incomplete(), ["wiki/accounts"]);
    assert_eq!(state(&run, "w-1"), "unverified");
    assert_eq!(state(&run, "u-1"), "confirmed");
    assert!(run.closed().is_empty());
    let all = company.scan_at(DAYS[2]);
    all.expect(1);
    assert_eq!(state(&all, "w-1"), "confirmed");
    let unknown = company.holdover(&["scan", "--system", "wikki", "--as-of", DAYS[3]]);
    unknown.expect(2);
    assert!(unknown.stderr.contains("did you mean wiki"), "{}", unknown.stderr);
}

#[test]
fn a_planted_leaver_that_was_a_finding_before_it_was_entered_is_one_no_longer() {
    let mut company = Company::new();
    company.people.push(String::from(
        "p-canary,employee,ended,Canary,canary@acme.example,2020-01-01,2026-06-30,Europe/Berlin,2026-08-01T00:00:00Z",
    ));
    company.records =
        vec![account("u-2", "bea@acme.example", "enabled"), account("u-canary", "canary@acme.example", "enabled")];
    let run = day(&mut company, 0);
    run.expect(1);
    assert_eq!(state(&run, "u-canary"), "confirmed");
    company.extra =
        String::from("sentinel_leavers: [{ person_id: p-canary, system: crm, kind: account, grant_id: u-canary }]\n");
    let run = day(&mut company, 1);
    run.expect(0);
    assert_eq!(run.closed(), ["u-canary"]);
    assert_eq!(run.finding("u-canary")["change"], "planted", "nothing was revoked");
    assert!(run.stdout.contains("no longer applies: planted"), "{}", run.stdout);
    assert_eq!(run.report()["totals"]["closed"]["high"], 0, "nor is it counted as a revocation");
    let ledger = std::fs::read_to_string(company.path().join("state/ledger.ndjson")).expect("the ledger");
    assert!(ledger.contains("planted"), "{ledger}");
    day(&mut company, 2).expect(0);
    // One that is missing closes nothing.
    let mut missing = Company::new();
    missing.people = company.people.clone();
    missing.records = company.records.clone();
    day(&mut missing, 0).expect(1);
    missing.records.pop();
    missing.extra = company.extra.clone();
    let run = day(&mut missing, 1);
    run.expect(4);
    assert_eq!(state(&run, "u-canary"), "unverified");
    // And an entry that is taken back makes it a finding again.
    company.extra = String::new();
    let run = day(&mut company, 3);
    run.expect(1);
    assert_eq!(run.finding("u-canary")["change"], "reopened");
}
