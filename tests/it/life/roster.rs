//! The roster over time: rehire, people who vanish, held and released rosters, surges, the first one.

use super::{DAYS, colleague, day, fresh, staff, state};
use crate::company::{Company, account, word};

const ANA: &str =
    "p-1,employee,ended,Ana Silva,ana@acme.example,2020-01-01,2026-07-31,Europe/Berlin,2026-08-01T00:00:00Z";

#[test]
fn a_rescinded_end_closes_and_says_why() {
    let mut company = Company::new();
    staff(&mut company, 30);
    day(&mut company, 0).expect(1);
    company.people[0] =
        String::from("p-1,employee,active,Ana Silva,ana@acme.example,2020-01-01,,Europe/Berlin,2026-08-03T12:00:00Z");
    let run = day(&mut company, 1);
    run.expect(0);
    let mut closed = run.closed();
    closed.sort();
    assert_eq!(closed, ["t-1", "u-1"]);
    assert_eq!(run.finding("u-1")["change"], "rehired");
    // And she leaves once more.
    company.people[0] = String::from(ANA).replace("2026-08-01T00:00:00Z", "2026-08-04T12:00:00Z");
    let back = day(&mut company, 2);
    back.expect(1);
    assert_eq!(back.finding("u-1")["first_seen_at"], DAYS[0]);
}

#[test]
fn a_person_who_vanishes_from_the_roster_changes_nothing() {
    let mut company = Company::new();
    staff(&mut company, 30);
    let before = day(&mut company, 0).states();
    company.people.remove(0);
    for number in 1..4 {
        let run = day(&mut company, number);
        run.expect(1);
        assert_eq!(run.states(), before, "day {number}");
        assert!(run.closed().is_empty());
        assert!(!run.flag("roster_held"));
    }
}

#[test]
fn a_held_roster_keeps_the_last_accepted_one_in_force_until_it_is_accepted_by_its_digest() {
    let mut company = Company::new();
    staff(&mut company, 30);
    day(&mut company, 0).expect(1);
    // Half the people are gone, and somebody else has left.
    company.people.truncate(16);
    company.people[1] = String::from(
        "p-2,employee,ended,Bea Braun,bea@acme.example,2021-01-01,2026-08-03,Europe/Berlin,2026-08-04T00:00:00Z",
    );
    let held = day(&mut company, 1);
    held.expect(5);
    assert!(held.flag("roster_held"));
    assert!(held.stdout.contains("ROS-4"), "{}", held.stdout);
    assert_eq!(
        (state(&held, "u-1").as_str(), state(&held, "u-2").as_str()),
        ("confirmed", "-"),
        "nothing new on its account"
    );
    let digest = word(&held.report()["roster"]["digest"]);
    let in_force = word(&held.report()["roster"]["in_force_digest"]);
    assert_ne!(digest, in_force);
    let validated = company.holdover(&["roster", "validate", "--as-of", DAYS[1]]);
    validated.expect(5);
    assert!(validated.stdout.contains(&digest), "validate prints the digest: {}", validated.stdout);
    company.holdover(&["roster", "accept", &in_force, "--as-of", DAYS[1]]).expect(2);
    company.holdover(&["roster", "accept", &digest[..20], "--as-of", DAYS[1]]).expect(2);
    company.holdover(&["roster", "accept", "--yes", "--as-of", DAYS[1]]).expect(2);
    company.holdover(&["roster", "accept", &digest, "--as-of", DAYS[1]]).expect(0);
    let released = company.scan_at("2026-08-04T07:00:00Z");
    released.expect(1);
    assert_eq!(state(&released, "u-2"), "confirmed");
    let ledger = std::fs::read_to_string(company.path().join("state/ledger.ndjson")).expect("the ledger");
    assert!(ledger.contains(&digest) && ledger.contains("accepted"), "who and when is in the ledger");
}

#[test]
fn a_surge_is_judged_at_once_and_waits_for_a_word() {
    let mut company = Company::new();
    staff(&mut company, 40);
    for number in 100..120 {
        company.records.push(account(&format!("u-{number}"), &format!("person{number}@acme.example"), "enabled"));
    }
    day(&mut company, 0).expect(1);
    for number in 100..115 {
        let row = company.people.iter_mut().find(|row| row.starts_with(&format!("p-{number},"))).expect("the row");
        *row = colleague(number)
            .replace(",active,", ",ended,")
            .replace("2021-01-01,,", "2021-01-01,2026-08-03,")
            .replace("2026-08-01T", "2026-08-04T");
    }
    let surge = day(&mut company, 1);
    surge.expect(5);
    assert!(surge.flag("roster_surge") && !surge.flag("roster_held"));
    let states = surge.states();
    assert_eq!(states.len(), 17, "judged at once: {states:?}");
    assert_eq!(states.get("u-100").map(String::as_str), Some("observed"));
    assert_eq!(states.get("u-1").map(String::as_str), Some("confirmed"), "the old ones stay");
    let again = day(&mut company, 2);
    again.expect(5);
    assert_eq!(state(&again, "u-100"), "observed", "time alone confirms nothing");
    let digest = word(&again.report()["roster"]["digest"]);
    company.holdover(&["roster", "accept", &digest, "--as-of", DAYS[2]]).expect(0);
    let accepted = company.scan_at("2026-08-05T08:00:00Z");
    accepted.expect(1);
    assert_eq!(state(&accepted, "u-100"), "confirmed");
    assert_eq!(accepted.finding("u-100")["first_seen_at"], DAYS[1]);
}

#[test]
fn the_first_roster_is_a_baseline_and_says_so_once_it_is_accepted_no_more() {
    let mut company = Company::new();
    let run = day(&mut company, 0);
    run.expect(1);
    assert!(run.flag("baseline"));
    assert!(run.notices().iter().any(|notice| notice.starts_with("baseline")), "{:?}", run.notices());
    let digest = word(&run.report()["roster"]["digest"]);
    company.holdover(&["roster", "accept", &digest]).expect(0);
    let run = company.scan_at(DAYS[1]);
    run.expect(1);
    assert!(!run.flag("baseline"), "{:?}", run.notices());
}

#[test]
fn a_grant_that_may_be_a_leavers_is_ambiguous_and_exits_three() {
    let mut company = Company::new();
    company.roster_extra = String::from("  aliases: aliases.csv\n");
    company.write(
        "aliases.csv",
        "person_id,kind,value,system,personal,valid_from,valid_to\np-1,email,team@acme.example,,false,,\np-2,email,team@acme.example,,false,,\n",
    );
    company.records =
        vec![account("u-2", "bea@acme.example", "enabled"), account("u-9", "team@acme.example", "enabled")];
    let run = day(&mut company, 0);
    run.expect(3);
    assert!(run.flag("ambiguous"));
    assert!(run.incomplete().is_empty(), "no scope is to blame");
    assert!(run.stdout.contains("u-9"), "{}", run.stdout);
    // Between two colleagues it is nobody's exit code.
    company.people[0] = ANA.replace(",ended,", ",active,").replace(",2026-07-31,", ",,");
    let mut colleagues = Company::new();
    colleagues.people = company.people.clone();
    colleagues.records = company.records.clone();
    colleagues.roster_extra = company.roster_extra.clone();
    colleagues.write("aliases.csv", std::fs::read(company.path().join("aliases.csv")).expect("the file"));
    let run = day(&mut colleagues, 0);
    run.expect(0);
    assert!(!run.flag("ambiguous"));
}

#[test]
fn what_lies_ahead_or_is_not_disclosed_appears_nowhere() {
    let mut company = Company::new();
    company.people[0] = ANA.replace("2026-07-31", "2026-08-20").replace("ended", "active");
    company.people.push(String::from(
        "p-77,employee,active,Vera Vogel,vera@acme.example,2020-01-01,2026-08-19,Europe/Berlin,2026-08-01T00:00:00Z",
    ));
    company.extra = String::from("metrics: { textfile: out/holdover.prom }\n");
    fresh(&mut company, 0);
    let run = company.holdover(&["scan", "--as-of", DAYS[0], "-v", "-v", "-v"]);
    run.expect(0);
    let validated = company.holdover(&["roster", "validate", "--explain", "--as-of", DAYS[0]]);
    validated.expect(0);
    for text in [&run.stdout, &run.stderr, &validated.stdout, &validated.stderr] {
        for word in ["p-77", "Vera", "vera@", "p-1,", "Ana", "2026-08-19", "2026-08-20"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    for entry in std::fs::read_dir(company.path().join("out")).expect("out") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(!text.contains("p-77") && !text.contains("Vera") && !text.contains("Ana"), "{}", path.display());
    }
    let refused = company.holdover(&["roster", "validate", "--confidential", "--as-of", DAYS[0]]);
    refused.expect(2);
}

#[test]
fn a_stint_that_follows_without_a_gap_is_no_leaving() {
    let mut company = Company::new();
    company.people.push(String::from(
        "p-1,contractor,active,Ana Silva,ana@acme.example,2026-08-01,,Europe/Berlin,2026-08-01T00:00:00Z",
    ));
    let run = day(&mut company, 0);
    run.expect(0);
    assert!(run.states().is_empty());
}

#[test]
fn a_credential_from_before_a_gap_is_stale_after_a_rehire() {
    let mut company = Company::new();
    company.people[0] = ANA.replace("2026-07-31", "2026-05-31");
    company.people.push(String::from(
        "p-1,employee,active,Ana Silva,ana@acme.example,2026-08-01,,Europe/Berlin,2026-08-01T00:00:00Z",
    ));
    company.records =
        vec![account("u-2", "bea@acme.example", "enabled"), account("u-1", "ana@acme.example", "enabled")];
    company.records.push(
        r#"{"record":"access","scope":"api-tokens","kind":"api_token","grant_id":"t-1","status":"enabled","privilege":"write","parent":"u-1","created_at":"2024-01-09T10:00:00Z","last_used_at":null,"expires_at":null}"#.into(),
    );
    let run = day(&mut company, 0);
    assert!(matches!(run.code, 1), "{}", run.stdout);
    assert_eq!(run.finding("t-1")["rule"], "stale-stint-credential");
    // Made after she came back: hers.
    company.records[2] = company.records[2].replace("2024-01-09", "2026-08-02");
    company.records[1] =
        company.records[1].replace("2026-07-30T22:22:00Z", "2026-08-02T22:22:00Z").replace("2023-04-01", "2026-08-01");
    let mut fresh_start = Company::new();
    fresh_start.people = company.people.clone();
    fresh_start.records = company.records.clone();
    day(&mut fresh_start, 0).expect(0);
}

#[test]
fn whoever_left_in_a_surge_that_waits_and_then_stands_on_no_list_is_not_hired_again() {
    let mut company = Company::new();
    let ana = |status: &str, end: &str| {
        format!("p-1,employee,{status},Ana Silva,ana@acme.example,2020-01-01,{end},Europe/Berlin,2026-08-01T00:00:00Z")
    };
    company.people[0] = ana("active", "");
    staff(&mut company, 60);
    day(&mut company, 0).expect(0);
    // She and fifteen others left: judged, and nobody has accepted it.
    company.people[0] = ana("ended", "2026-07-31");
    for row in &mut company.people[3..18] {
        *row = row.replace(",active,", ",ended,").replace("2021-01-01,,", "2021-01-01,2026-07-31,");
    }
    let surge = day(&mut company, 1);
    surge.expect(5);
    assert_eq!((surge.flag("roster_surge"), state(&surge, "u-1").as_str()), (true, "observed"));
    // Her row is gone. The accepted roster, in which she worked here, is older than what was read of her.
    let row = company.people.remove(0);
    let gone = day(&mut company, 2);
    assert!(gone.closed().is_empty(), "{:?}", gone.closed());
    assert_eq!(state(&gone, "u-1"), "unverified");
    // Its twin: a row that says so with a date.
    company.people.insert(0, row.replace(",ended,", ",active,").replace("2026-07-31", ""));
    let back = day(&mut company, 3);
    assert!(back.closed().contains(&String::from("u-1")), "{:?}", back.states());
}
