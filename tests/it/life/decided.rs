//! What people decided: exceptions, agreed times, use after the end.

use super::{DAYS, day, state};
use crate::company::{Company, account, list, token};

fn exception(kinds: &str, until: &str) -> String {
    format!(
        "\
version: 1
exceptions:
  - id: EX-2026-0001
    type: transition
    scope: {{ person_id: p-1, system: crm, access_kinds: [{kinds}] }}
    reason: The account is needed until the handover of the region is done.
    compensating_controls: [read-only]
    requested_by: p-3
    approved_by: [p-2]
    approved_at: 2026-08-01T08:00:00Z
    expires_at: {until}
    review: {{ owner: p-2 }}
"
    )
}

fn with_exception(kinds: &str, until: &str) -> Company {
    let mut company = Company::new();
    company.extra = String::from("exceptions: exceptions.yaml\n");
    company.write("exceptions.yaml", exception(kinds, until));
    company
}

#[test]
fn an_exception_in_force_suppresses_and_stays_visible_and_its_end_reopens() {
    let mut company = with_exception("account, api_token", "2026-08-05T00:00:00Z");
    let run = day(&mut company, 0);
    run.expect(0);
    assert_eq!(state(&run, "u-1"), "suppressed");
    assert_eq!(run.finding("u-1")["exception_id"], "EX-2026-0001");
    assert!(run.stdout.contains("EX-2026-0001"), "suppressed findings are listed: {}", run.stdout);
    let exposure = run.finding("u-1")["exposure_seconds"].as_i64().expect("seconds");
    day(&mut company, 1).expect(0);
    let lapsed = day(&mut company, 2);
    lapsed.expect(1);
    let finding = lapsed.finding("u-1");
    assert_eq!(finding["state"], "confirmed");
    assert_eq!(finding["first_seen_at"], DAYS[0], "old first-seen time");
    assert!(finding["exposure_seconds"].as_i64().expect("seconds") > exposure, "full exposure");
    assert!(list(&finding["rules"]).iter().any(|rule| rule["rule"] == "exception-lapsed"), "{}", finding["rules"]);
    assert_eq!(finding["exception_id"], "EX-2026-0001");
}

#[test]
fn an_exception_covers_what_it_names_and_no_more() {
    let mut company = with_exception("account", "2026-08-05T00:00:00Z");
    let run = day(&mut company, 0);
    run.expect(1);
    assert_eq!(state(&run, "u-1"), "suppressed");
    assert_eq!(state(&run, "t-1"), "confirmed");
}

#[test]
fn use_after_the_end_is_never_suppressed() {
    let mut company = with_exception("account, api_token", "2026-08-05T00:00:00Z");
    company.records[0] = company.records[0].replace("2026-07-30T22:22:00Z", "2026-08-02T10:00:00Z");
    let run = day(&mut company, 0);
    run.expect(1);
    assert_eq!(state(&run, "u-1"), "confirmed");
    assert_eq!(run.finding("u-1")["rule"], "used-after-end");
    assert_eq!(run.finding("u-1")["severity"], "critical");
    assert_eq!(state(&run, "t-1"), "suppressed", "its twin was not used");
}

#[test]
fn a_suppressed_finding_whose_scope_is_lost_stays_suppressed_and_the_gap_is_told() {
    let mut company = with_exception("account, api_token", "2026-08-06T00:00:00Z");
    day(&mut company, 0).expect(0);
    company.records.push(String::from(r#"{"record":"gap","scope":"accounts","cause":"denied","detail":"d"}"#));
    let run = day(&mut company, 1);
    run.expect(3);
    assert_eq!(state(&run, "u-1"), "suppressed");
    // Once the exception is over, nobody knows, and it counts again.
    company.records.retain(|record| !record.contains("\"grant_id\":\"u-1\"") && !record.contains("t-1"));
    let run = day(&mut company, 4);
    run.expect(4);
    assert_eq!(state(&run, "u-1"), "unverified");
}

#[test]
fn within_the_agreed_time_is_listed_and_no_failure_and_afterwards_it_is() {
    let binding = |last: &str| {
        format!(
            r#"{{"record":"access","scope":"accounts","kind":"role_binding","grant_id":"r-1","status":"enabled","privilege":"read","created_at":"2024-01-01T00:00:00Z","last_used_at":{last},"expires_at":null,"holders":[{{"relation":"holder","email":"ana@acme.example"}}]}}"#
        )
    };
    let at = |company: &mut Company, date: &str| {
        company.as_of = format!("{date}T05:00:00Z");
        company.roster_as_of = format!("{date}T00:30:00Z");
        company.write_all();
        company.scan_at(&format!("{date}T06:00:00Z"))
    };
    let mut company = Company::new();
    company.extra = String::from("policy: policy.yaml\n");
    company.write("policy.yaml", include_str!("../damage/policy.yaml"));
    company.records = vec![account("u-2", "bea@acme.example", "enabled"), binding("null")];
    let within = at(&mut company, "2026-08-01");
    within.expect(0);
    assert_eq!(state(&within, "r-1"), "observed");
    assert_eq!(within.finding("r-1")["due"], false);
    assert_eq!(within.report()["counts"]["within_time"], 1);
    let over = at(&mut company, "2026-08-02");
    over.expect(1);
    assert_eq!(state(&over, "r-1"), "confirmed");
    assert_eq!(over.finding("r-1")["due"], true);
    assert_eq!(over.finding("r-1")["due_rule"], "everybody-else");
    // Use after the end is never within time.
    let mut used = Company::new();
    used.extra = String::from("policy: policy.yaml\n");
    used.write("policy.yaml", include_str!("../damage/policy.yaml"));
    used.records = vec![account("u-2", "bea@acme.example", "enabled"), binding("\"2026-08-01T03:00:00Z\"")];
    at(&mut used, "2026-08-01").expect(1);
}

#[test]
fn use_after_the_end_on_a_remnant_stays_until_somebody_says_that_it_was_handled() {
    let mut company = Company::new();
    company.records = vec![
        account("u-1", "ana@acme.example", "disabled").replace("2026-07-30T22:22:00Z", "2026-08-02T10:00:00Z"),
        account("u-2", "bea@acme.example", "enabled"),
    ];
    let run = day(&mut company, 0);
    run.expect(1);
    let finding = run.finding("u-1");
    assert_eq!((finding["rule"].as_str(), finding["severity"].as_str()), (Some("used-after-end"), Some("critical")));
    // Even when the object goes away.
    company.records.remove(0);
    for number in 1..4 {
        let run = day(&mut company, number);
        assert!(matches!(run.code, 1 | 4), "day {number}: {}", run.code);
        assert!(run.closed().is_empty(), "day {number}");
        assert!(matches!(state(&run, "u-1").as_str(), "unverified" | "confirmed"), "{}", state(&run, "u-1"));
    }
    let print = finding["fingerprint"].as_str().expect("a fingerprint");
    company.holdover(&["incidents", "acknowledge", print]).expect(2);
    company.holdover(&["incidents", "acknowledge", print, "--reference", " "]).expect(2);
    company
        .holdover(&["incidents", "acknowledge", "ra1:00000000000000000000000000000000", "--reference", "INC-7"])
        .expect(2);
    company.holdover(&["incidents", "acknowledge", print, "--reference", "INC-7"]).expect(0);
    company.records.insert(
        0,
        account("u-1", "ana@acme.example", "disabled").replace("2026-07-30T22:22:00Z", "2026-08-02T10:00:00Z"),
    );
    let run = day(&mut company, 4);
    run.expect(0);
    assert!(run.report().to_string().contains("u-1"), "the record stays visible");
    let explained = company.holdover(&["explain", print]);
    explained.expect(0);
    assert!(explained.stdout.contains("INC-7"), "{}", explained.stdout);
}

/// Ana's account, used on a day after the end; `then` is what the next day's file says of its status and its last use.
fn used_and_then(company: &mut Company, status: &str, then: &str) -> crate::company::Run {
    let told = "\"last_used_at\":\"2026-07-30T22:22:00Z\"";
    let used = account("u-1", "ana@acme.example", "enabled").replace(told, "\"last_used_at\":\"2026-08-01T10:00:00Z\"");
    company.records = vec![used, account("u-2", "bea@acme.example", "enabled")];
    let run = day(company, 0);
    run.expect(1);
    assert_eq!(run.finding("u-1")["rule"], "used-after-end");
    company.records[0] = account("u-1", "ana@acme.example", status).replace(told, then);
    day(company, 1)
}

/// What a file may say the day after that tells less of the last use.
const TELLS_LESS: [&str; 4] = [
    "\"last_used_at\":{\"hidden\":\"needs a higher plan\"}",
    "\"last_used_at\":null",
    // The end is 2026-07-31T22:00Z.
    "\"last_used_at\":\"2026-07-31T00:00:00Z\",\"last_used_precision\":\"24h\"",
    "\"last_used_at\":\"2026-07-30T22:22:00Z\"",
];

#[test]
fn a_use_after_the_end_is_not_forgotten_because_a_later_read_does_not_tell_it() {
    for then in TELLS_LESS {
        let mut company = Company::new();
        let run = used_and_then(&mut company, "disabled", then);
        run.expect(1);
        assert!(run.closed().is_empty(), "{then}");
        let finding = run.finding("u-1");
        for (field, value) in [
            ("state", "confirmed"),
            ("rule", "used-after-end"),
            ("severity", "critical"),
            ("class", "residual"),
            ("used_after_end", "after"),
        ] {
            assert_eq!(finding[field], value, "{then}: {field}");
        }
        assert_eq!(finding["last_used_at"]["at"], "2026-08-01T10:00:00Z", "{then}");
        // Until somebody says where it was handled.
        let print = finding["fingerprint"].as_str().expect("a fingerprint");
        company.holdover(&["incidents", "acknowledge", print, "--reference", "INC-7"]).expect(0);
        let run = day(&mut company, 2);
        run.expect(0);
        assert_eq!(run.closed(), ["u-1"], "{then}");
        day(&mut company, 3).expect(0);
    }
}

#[test]
fn an_end_that_was_corrected_releases_what_was_no_use_after_it() {
    let mut company = Company::new();
    let told = TELLS_LESS[0];
    used_and_then(&mut company, "disabled", told).expect(1);
    company.people[0] = company.people[0].replace("2026-07-31", "2026-08-02").replace("08-01T00", "08-04T00");
    let run = day(&mut company, 2);
    run.expect(0);
    assert_eq!(run.closed(), ["u-1"], "the use was before the end, and the account is disabled");
}

#[test]
fn an_exception_never_covers_a_use_that_an_earlier_read_told() {
    for then in TELLS_LESS {
        let mut company = with_exception("account, api_token", "2026-08-06T00:00:00Z");
        let run = used_and_then(&mut company, "enabled", then);
        run.expect(1);
        let finding = run.finding("u-1");
        assert_eq!((finding["state"].as_str(), finding["severity"].as_str()), (Some("confirmed"), Some("critical")));
        assert_eq!(finding["exception_id"], serde_json::Value::Null, "{then}");
    }
}

#[test]
fn a_use_whose_precision_reaches_over_the_end_is_undecided_and_said_so() {
    let mut company = Company::new();
    // The end is 2026-07-31T22:00Z.
    company.records[0] = company.records[0].replace(
        "\"last_used_at\":\"2026-07-30T22:22:00Z\"",
        "\"last_used_at\":\"2026-07-31T21:50:00Z\",\"last_used_precision\":\"15m\"",
    );
    let run = day(&mut company, 0);
    run.expect(1);
    let finding = run.finding("u-1");
    assert_eq!(finding["used_after_end"], "undecided");
    assert_ne!(finding["rule"], "used-after-end");
    company.records[0] = company.records[0].replace("21:50:00Z", "21:44:00Z");
    assert_eq!(day(&mut company, 1).finding("u-1")["used_after_end"], "before");
    company.records[0] = company.records[0].replace("21:44:00Z", "22:00:00Z");
    assert_eq!(day(&mut company, 2).finding("u-1")["used_after_end"], "after");
}

#[test]
fn severity_and_exit_switches_never_hide_a_gap() {
    let mut company = Company::new();
    company.records =
        vec![account("u-1", "ana@acme.example", "enabled").replace("write", "none"), token("t-9", "u-9", "enabled")];
    company.records.push(account("u-2", "bea@acme.example", "enabled"));
    let run = day(&mut company, 0);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let at = |flags: &[&str]| {
        let mut arguments = vec!["scan", "--no-progress", "--as-of", DAYS[1]];
        arguments.extend(flags);
        company.holdover(&arguments).code
    };
    assert_eq!(at(&["--fail-on", "critical"]), 0);
    assert_eq!(at(&["--exit-zero"]), 0);
    company.write("crm.ndjson", "");
    assert_eq!(at(&["--fail-on", "critical"]), 3);
    assert_eq!(at(&["--exit-zero"]), 3);
    company.write("roster.csv", "");
    assert_eq!(at(&["--exit-zero"]), 5);
}

#[test]
fn a_rule_that_is_taken_away_closes_nothing() {
    let mut company = Company::new();
    day(&mut company, 0).expect(1);
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for entry in std::fs::read_dir(own).expect("the rules") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            for list in std::fs::read_dir(&path).expect("the lists") {
                let list = list.expect("an entry").path();
                let file = list.file_name().expect("a name").to_string_lossy().into_owned();
                company.write(&format!("rules/{name}/{file}"), std::fs::read(&list).expect("a list"));
            }
        } else if name != "api-token-active.yaml" {
            company.write(&format!("rules/{name}"), std::fs::read(&path).expect("a rule"));
        }
    }
    company.extra = String::from("rules: rules\n");
    for number in 1..4 {
        let run = day(&mut company, number);
        run.expect(1);
        assert!(run.closed().is_empty(), "day {number}: {:?}", run.closed());
        assert_ne!(state(&run, "t-1"), "-", "day {number}: it is still listed");
        assert_ne!(state(&run, "t-1"), "closing", "day {number}");
    }
}
