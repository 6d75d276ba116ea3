//! Closing, reopening, freezing.

use super::{DAYS, day, fresh, state};
use crate::company::{Company, account, sha256, token};

#[test]
fn two_looks_of_different_times_close_and_the_same_file_twice_is_one_look() {
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    company.records.retain(|record| !record.contains("\"grant_id\":\"t-1\""));
    let first = day(&mut company, 1);
    first.expect(1);
    assert_eq!(state(&first, "t-1"), "closing");
    assert!(first.closed().is_empty());
    let same_file = company.scan_at(DAYS[2]);
    same_file.expect(1);
    assert_eq!(state(&same_file, "t-1"), "closing", "the same file is the same look");
    assert!(same_file.closed().is_empty());
    let second = day(&mut company, 3);
    second.expect(1);
    assert_eq!(second.closed(), ["t-1"]);
    let between = &second.finding("t-1")["revoked_between"];
    assert_eq!(
        (between["from"].as_str(), between["until"].as_str()),
        (Some("2026-08-03T01:00:00Z"), Some("2026-08-04T01:00:00Z")),
        "by the data: {between}"
    );
    let after = day(&mut company, 4);
    assert!(after.closed().is_empty(), "it is told once");
    assert_eq!(state(&after, "u-1"), "confirmed", "its sibling never moved");
}

#[test]
fn a_gap_between_two_looks_neither_closes_nor_forgets() {
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    let all = company.records.clone();
    company.records.retain(|record| !record.contains("\"grant_id\":\"t-1\""));
    assert_eq!(state(&day(&mut company, 1), "t-1"), "closing");
    company
        .records
        .push(String::from(r#"{"record":"gap","scope":"api-tokens","cause":"unreachable","detail":"down"}"#));
    let gap = day(&mut company, 2);
    gap.expect(4);
    assert_eq!(state(&gap, "t-1"), "unverified");
    assert!(gap.closed().is_empty());
    // It was there all the time.
    company.records = all;
    let back = day(&mut company, 3);
    assert_eq!(state(&back, "t-1"), "confirmed");
    assert_eq!(back.finding("t-1")["first_seen_at"], DAYS[0]);
}

#[test]
fn a_gap_freezes_and_a_complete_read_brings_it_back() {
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    fresh(&mut company, 1);
    std::fs::remove_file(company.path().join("crm.ndjson")).expect("removed");
    let gap = company.scan_at(DAYS[1]);
    gap.expect(4);
    for grant in ["u-1", "t-1"] {
        assert_eq!(state(&gap, grant), "unverified");
        assert_eq!(gap.finding(grant)["first_seen_at"], DAYS[0]);
    }
    let back = day(&mut company, 2);
    back.expect(1);
    assert_eq!((state(&back, "u-1").as_str(), state(&back, "t-1").as_str()), ("confirmed", "confirmed"));
    assert_eq!(back.finding("u-1")["first_seen_at"], DAYS[0]);
}

#[test]
fn disabled_expired_or_revoked_closes_at_once_and_says_so() {
    for status in ["disabled", "expired", "revoked", "orphaned"] {
        let mut company = Company::new();
        day(&mut company, 0).expect(1);
        company.records[0] = account("u-1", "ana@acme.example", status);
        company.records[2] = token("t-1", "u-1", "revoked");
        let run = day(&mut company, 1);
        run.expect(0);
        let mut closed = run.closed();
        closed.sort();
        assert_eq!(closed, ["t-1", "u-1"], "{status}");
        assert_eq!(run.report()["remnants"].as_array().map(Vec::len), Some(2), "{status}: still listed as remnants");
    }
}

#[test]
fn unknown_pending_and_hidden_close_nothing() {
    for status in ["\"pending\"", "\"unknown\"", "{\"hidden\":\"needs admin\"}"] {
        let mut company = Company::new();
        day(&mut company, 0).expect(1);
        company.records[0] = account("u-1", "ana@acme.example", "enabled")
            .replace("\"status\":\"enabled\"", &format!("\"status\":{status}"));
        let run = day(&mut company, 1);
        assert!(matches!(run.code, 1 | 4), "{status}: {}", run.stdout);
        assert_eq!(state(&run, "u-1"), "confirmed", "{status}");
        assert!(run.closed().is_empty());
    }
}

#[test]
fn a_token_survives_its_disabled_account() {
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    company.records[0] = account("u-1", "ana@acme.example", "disabled");
    let run = day(&mut company, 1);
    run.expect(1);
    assert_eq!(run.closed(), ["u-1"]);
    assert_eq!(state(&run, "t-1"), "confirmed", "it works by itself");
    assert_eq!(run.finding("t-1")["usability"], "usable_now");
}

#[test]
fn shown_as_disabled_in_a_read_that_is_not_whole_stays_open() {
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    company.records[0] = account("u-1", "ana@acme.example", "disabled");
    company
        .records
        .push(String::from(r#"{"record":"gap","scope":"accounts","part":"page 2","cause":"throttled","detail":"d"}"#));
    let run = day(&mut company, 1);
    run.expect(4);
    assert!(run.closed().is_empty());
    assert_eq!(state(&run, "u-1"), "unverified");
}

#[test]
fn what_comes_back_is_the_same_finding_with_its_old_age() {
    let mut company = Company::new();
    let opened = day(&mut company, 0);
    let print = opened.finding("u-1")["fingerprint"].clone();
    company.records[0] = account("u-1", "ana@acme.example", "disabled");
    assert_eq!(day(&mut company, 1).closed(), ["u-1"]);
    company.records[0] = account("u-1", "ana@acme.example", "enabled");
    let back = day(&mut company, 2);
    back.expect(1);
    let finding = back.finding("u-1");
    assert_eq!(finding["state"], "confirmed");
    assert_eq!(finding["change"], "reopened");
    assert_eq!(finding["fingerprint"], print);
    assert_eq!(finding["first_seen_at"], DAYS[0]);
    assert!(finding["notes"].to_string().contains("Came back"), "{finding}");
    assert_eq!(back.report()["totals"]["reopened"]["high"], 1);
}

#[test]
fn names_may_change_and_the_finding_stays() {
    let mut company = Company::new();
    let print = day(&mut company, 0).finding("u-1")["fingerprint"].clone();
    company.records[0] = account("u-1", "Ana@ACME.example", "enabled")
        .replace("\"grant_display\":\"u-1\"", "\"grant_display\":\"renamed\"");
    company.records.swap(0, 2);
    let run = day(&mut company, 1);
    run.expect(1);
    assert_eq!(run.finding("u-1")["fingerprint"], print);
    assert_eq!(run.finding("u-1")["first_seen_at"], DAYS[0]);
    assert_eq!(run.states().len(), 2);
}

#[test]
fn a_lost_address_closes_nothing() {
    // The account is there and no longer tells whose it is: a cut identifier may not end a watch.
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    company.records[0] = account("u-1", "x@acme.example", "enabled").replace(",\"email\":\"x@acme.example\"", "");
    for number in 1..4 {
        let run = day(&mut company, number);
        assert!(run.closed().is_empty(), "day {number}");
        assert!(
            matches!(state(&run, "u-1").as_str(), "confirmed" | "unverified"),
            "day {number}: {}",
            state(&run, "u-1")
        );
        assert!(matches!(run.code, 1 | 4), "day {number}: exit {}", run.code);
    }
}

#[test]
fn sessions_of_one_account_and_client_are_one_finding() {
    let session = |id: &str, client: &str, last: &str| {
        format!(
            r#"{{"record":"access","scope":"sessions","kind":"session","grant_id":"{id}","status":"enabled","parent":"u-1","client":"{client}","created_at":"2026-07-30T08:00:00Z","last_used_at":"{last}","expires_at":null}}"#
        )
    };
    let mut company = Company::new();
    company.scopes.push(String::from("sessions"));
    company.records.push(session("s-1", "phone", "2026-07-30T09:00:00Z"));
    company.records.push(session("s-2", "phone", "2026-07-30T10:00:00Z"));
    company.records.push(session("s-3", "laptop", "2026-07-30T10:00:00Z"));
    let run = day(&mut company, 0);
    run.expect(1);
    assert_eq!(run.scope("sessions"), "complete");
    let states = run.states();
    let sessions: Vec<&String> = states.keys().filter(|grant| grant.starts_with("u-1/")).collect();
    assert_eq!(sessions, ["u-1/laptop", "u-1/phone"], "{states:?}");
    // One of the two phones signs out: the finding stays.
    company.records.retain(|record| !record.contains("\"s-1\""));
    let run = day(&mut company, 1);
    assert_eq!(state(&run, "u-1/phone"), "confirmed");
    company.records.retain(|record| !record.contains("\"s-2\""));
    assert_eq!(state(&day(&mut company, 2), "u-1/phone"), "closing");
    assert_eq!(day(&mut company, 3).closed(), ["u-1/phone"]);
}

#[test]
fn a_cut_off_closes_sessions_that_began_before_it() {
    let line = |cutoff: &str| {
        format!(
            r#"{{"record":"access","scope":"sessions","kind":"session","grant_id":"u-1/-","status":"unknown","parent":"u-1","cutoff_at":{cutoff}}}"#
        )
    };
    let mut company = Company::new();
    company.scopes.push(String::from("sessions"));
    company.records = vec![account("u-1", "ana@acme.example", "disabled"), line("null")];
    let run = day(&mut company, 0);
    run.expect(1);
    assert_eq!(run.states().len(), 1, "{:?}", run.states());
    // A cure is looked at twice, like an absence: what no longer raises a finding may also be a changed rule.
    company.records[1] = line("\"2026-07-31T22:30:00Z\"");
    assert_eq!(state(&day(&mut company, 1), "u-1/-"), "closing");
    let run = day(&mut company, 2);
    run.expect(0);
    assert_eq!(run.closed().len(), 1);
    // Before the end of access it proves nothing.
    company.records[1] = line("\"2026-07-31T12:00:00Z\"");
    day(&mut company, 3).expect(1);
    // On a first look it is no finding at all.
    let mut first = Company::new();
    first.scopes.push(String::from("sessions"));
    first.records = vec![account("u-1", "ana@acme.example", "disabled"), line("\"2026-07-31T22:00:00Z\"")];
    day(&mut first, 0).expect(0);
}

#[test]
fn a_clock_that_goes_back_is_told_and_moves_nothing() {
    let mut company = Company::new();
    fresh(&mut company, 0);
    company.scan_at(DAYS[3]).expect(1);
    company.records.retain(|record| !record.contains("\"grant_id\":\"t-1\""));
    fresh(&mut company, 0);
    let run = company.scan_at(DAYS[1]);
    assert!(
        run.notices().iter().any(|notice| notice.starts_with("clock: ") && notice.contains("went back")),
        "{:?}",
        run.notices()
    );
    assert!(run.closed().is_empty());
    assert_eq!(state(&run, "u-1"), "confirmed");
    assert_eq!(run.finding("u-1")["first_seen_at"], DAYS[3]);
    let again = company.scan_at(DAYS[0]);
    assert!(again.closed().is_empty(), "twice back is no second look");
    assert_ne!(state(&again, "t-1"), "-");
}

/// Reviewed links, by what names the grant or its holder.
fn with_link(company: &mut Company, to: &str) {
    let links = format!(
        "version: 1\nlinks:\n  - person_id: p-2\n    system: crm\n    {to}\n    reviewer: p-3\n    date: 2026-08-03\n    reason: It was handed to Bea with the region.\n"
    );
    company.write("links.yaml", &links);
    company.roster_extra = format!("  links: {{ path: links.yaml, sha256: {} }}\n", sha256(links.as_bytes()));
}

#[test]
fn a_reviewed_link_of_one_holder_ends_no_watch_on_another_of_the_same_grant() {
    let held_by = |holders: &str| {
        account("u-1", "ana@acme.example", "enabled")
            .replace(r#"{"relation":"holder","provider_id":"u-1","email":"ana@acme.example"}"#, holders)
    };
    let shared = r#"{"relation":"holder","login":"shared"}"#;
    // The first lost what told that it is Ana's. The second is told by its address, which may have been changed.
    let others = [r#"{"relation":"holder","login":"asilva"}"#, r#"{"relation":"holder","email":"cem@acme.example"}"#];
    for other in others {
        let mut company = Company::new();
        company.records =
            vec![account("u-1", "ana@acme.example", "enabled"), account("u-2", "bea@acme.example", "enabled")];
        with_link(&mut company, "login: shared");
        day(&mut company, 0).expect(1);
        company.records[0] = held_by(&format!("{other},{shared}"));
        for number in 1..4 {
            let run = day(&mut company, number);
            assert!(matches!(run.code, 1 | 4), "{other}: day {number}: {}", run.code);
            assert_eq!(state(&run, "u-1"), "unverified", "{other}: day {number}");
            assert!(run.closed().is_empty(), "{other}: day {number}");
        }
        // Its twin: the link is about the grant, whoever its holders are.
        with_link(&mut company, "grant_id: u-1");
        company.write_all();
        assert_eq!(state(&company.scan_at("2026-08-06T07:00:00Z"), "u-1"), "closing", "{other}");
        let run = day(&mut company, 4);
        run.expect(0);
        assert_eq!(run.closed(), ["u-1"], "{other}");
    }
}

#[test]
fn an_older_file_does_not_close_what_newer_data_showed_in_force() {
    for (as_of, closes) in [("2026-08-04T01:00:00Z", false), ("2026-08-06T01:00:00Z", true)] {
        for gone in [false, true] {
            let mut company = Company::new();
            company.records.pop();
            day(&mut company, 0).expect(1);
            let whole = company.records.clone();
            company.records.push(String::from(
                r#"{"record":"gap","scope":"accounts","part":"page 2","cause":"throttled","detail":"d"}"#,
            ));
            let run = day(&mut company, 2);
            run.expect(4);
            assert_eq!(state(&run, "u-1"), "confirmed");
            // A whole file, which is older than what the partial read showed in the first case.
            company.records = whole;
            if gone {
                company.records.remove(0);
            } else {
                company.records[0] = account("u-1", "ana@acme.example", "disabled");
            }
            fresh(&mut company, 3);
            company.as_of = String::from(as_of);
            company.write_all();
            let run = company.scan_at(DAYS[3]);
            assert_eq!(run.scope("accounts"), "complete", "{as_of}");
            let expected = match (closes, gone) {
                (false, _) => "unverified",
                (true, true) => "closing",
                (true, false) => "-",
            };
            assert_eq!(state(&run, "u-1"), expected, "{as_of}, gone: {gone}");
            assert_eq!(run.closed().len(), usize::from(closes && !gone), "{as_of}, gone: {gone}");
        }
    }
}
