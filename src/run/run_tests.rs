//! Whole runs: what was planted is found, its twin stays silent, and what cannot be told is said.

use super::world::{World, account, person, record, scope, states};
use crate::findings::{Confidence, Severity, UsedAfterEnd};
use crate::report::{CellVerdict, ExitCode, Report};
use crate::store::Store as _;
use scan_contract::ScopeState;

const NOW: &str = "2026-08-03T02:00:00Z";
const NEXT_DAY: &str = "2026-08-04T02:00:00Z";

fn token(id: &str, rest: &str) -> String {
    record("tokens", "api_token", id, rest)
}

fn held_by(employee: &str) -> String {
    format!(r#","holders":[{{"relation":"holder","employee_id":"{employee}"}}]"#)
}

/// Candidates of every ambiguous grant.
fn candidates(report: &Report) -> Vec<(&str, Vec<&str>)> {
    report
        .ambiguous
        .iter()
        .map(|grant| (grant.grant_id.as_str(), grant.candidates.iter().map(|(id, _)| id.as_str()).collect()))
        .collect()
}

#[test]
fn a_token_is_whose_the_account_is_it_hangs_from_even_if_an_administrator_made_it() {
    let mut world = World::new();
    let made =
        |parent: &str| format!(r#","parent":"{parent}","holders":[{{"relation":"creator","employee_id":"p-2"}}]"#);
    world.records = vec![
        account("u-1", "p-1@acme.example"),
        account("u-3", "p-3@acme.example"),
        token("t-1", &made("u-1")),
        token("t-3", &made("u-3")),
        token("t-9", &made("u-9")),
    ];
    let report = world.scan(NOW);
    assert_eq!(states(&report, "p-1"), [("t-1", "confirmed"), ("u-1", "confirmed")]);
    assert_eq!(report.findings.len(), 2, "nobody who works here is accused");
}

#[test]
fn the_roster_may_know_an_account_that_was_not_read() {
    let mut world = World::new();
    world.aliases =
        vec![String::from("p-1,provider_id,u-1,crm,false,,"), String::from("p-2,provider_id,u-2,crm,false,,")];
    world.records = vec![
        token("t-1", r#","parent":"u-1""#),
        token("t-2", r#","parent":"u-2""#),
        token("t-9", r#","parent":"u-9""#),
    ];
    let report = world.scan(NOW);
    assert_eq!(states(&report, "p-1"), [("t-1", "confirmed")]);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.unattributed_total, 1, "the third belongs to nobody known");
}

#[test]
fn an_account_whose_mail_was_redirected_to_a_colleague_is_not_the_colleagues() {
    let mut world = World::new();
    let holder =
        |login: &str| format!(r#","holders":[{{"relation":"holder","login":"{login}","email":"p-2@acme.example"}}]"#);
    world.records = vec![
        record("accounts", "account", "u-1", &holder("p-1@acme.example")),
        record("accounts", "account", "u-2", &holder("p-2@acme.example")),
        record("accounts", "account", "u-3", &holder("somebody")),
    ];
    let report = world.scan(NOW);
    assert_eq!(candidates(&report), [("u-1", vec!["p-1", "p-2"])]);
    assert_eq!(report.run.exit_code, ExitCode::Gaps);
    let leaver = &report.leavers[0];
    assert_eq!((leaver.person_id.as_str(), leaver.cells[0].0), ("p-1", CellVerdict::NotKnown));
}

#[test]
fn a_leaver_among_the_candidates_of_a_second_holder_is_not_lost() {
    let mut world = World::new();
    world.aliases = vec![
        String::from("p-2,email,desk@acme.example,,false,,"),
        String::from("p-3,email,desk@acme.example,,false,,"),
        String::from("p-1,email,ops@acme.example,,false,,"),
        String::from("p-3,email,ops@acme.example,,false,,"),
    ];
    let holders = r#","holders":[{"relation":"holder","email":"desk@acme.example"},{"relation":"holder","email":"ops@acme.example"}]"#;
    // Nobody says when it was made, so that time decides nothing.
    world.records = vec![token("t-1", holders).replace(r#""created_at":"2023-04-01T08:00:00Z","#, "")];
    let report = world.scan(NOW);
    assert_eq!(candidates(&report), [("t-1", vec!["p-1", "p-2", "p-3"])]);
    assert!(report.run.flags.ambiguous);
}

#[test]
fn who_answers_for_an_account_does_not_have_it() {
    let mut world = World::new();
    let owner = r#","holders":[{"relation":"owner","employee_id":"p-2"}]"#;
    world.records = vec![record("accounts", "account", "u-7", owner), token("t-7", r#","parent":"u-7""#)];
    let report = world.scan(NOW);
    assert_eq!(
        report.unattributed_total, 1,
        "the token of a service account is nobody's, whoever answers for the account"
    );
}

#[test]
fn a_thing_that_was_handed_over_to_a_colleague_is_closed_after_two_looks() {
    let mut world = World::new();
    let owned = |owner: &str| {
        record(
            "tokens",
            "ownership",
            "repo-1",
            &format!(r#","holders":[{{"relation":"owner","employee_id":"{owner}"}}]"#),
        )
    };
    world.records = vec![owned("p-1")];
    assert_eq!(states(&world.scan(NOW), "p-1"), [("repo-1", "confirmed")]);
    world.records = vec![owned("p-2")];
    world.as_of = String::from("2026-08-04T01:00:00Z");
    assert_eq!(states(&world.scan(NEXT_DAY), "p-1"), [("repo-1", "closing")]);
    world.as_of = String::from("2026-08-05T01:00:00Z");
    assert_eq!(world.scan("2026-08-05T02:00:00Z").closed.len(), 1);
}

#[test]
fn an_account_that_leads_to_a_colleague_now_stays_watched() {
    let mut world = World::new();
    world.records = vec![account("u-1", "p-1@acme.example")];
    world.scan(NOW);
    world.records = vec![account("u-1", "p-2@acme.example")];
    for (day, now) in [("2026-08-04", NEXT_DAY), ("2026-08-05", "2026-08-05T02:00:00Z")] {
        world.as_of = format!("{day}T01:00:00Z");
        assert_eq!(states(&world.scan(now), "p-1"), [("u-1", "unverified")], "an address may have been changed");
    }
}

#[test]
fn an_older_file_that_was_put_back_closes_nothing() {
    let mut world = World::new();
    world.records = vec![account("u-1", "p-1@acme.example")];
    world.scan(NOW);
    world.records.clear();
    for (as_of, now) in [("2026-08-02T01:00:00Z", NEXT_DAY), ("2026-08-02T02:00:00Z", "2026-08-05T02:00:00Z")] {
        world.as_of = String::from(as_of);
        let report = world.scan(now);
        assert_eq!(scope(&report, "accounts").state.as_str(), "partial");
        assert_eq!(states(&report, "p-1"), [("u-1", "unverified")]);
    }
}

#[test]
fn use_since_the_return_is_no_use_after_the_end() {
    let mut world = World::new();
    world.people = vec![
        String::from(
            "p-1,employee,ended,Name p-1,p-1@acme.example,2020-01-01,2026-03-31,Europe/Berlin,2026-04-01T00:00:00Z",
        ),
        String::from("p-1,employee,active,Name p-1,p-1@acme.example,2026-06-01,,Europe/Berlin,2026-06-01T00:00:00Z"),
        person("p-2", false),
    ];
    let used = |id: &str, at: &str| {
        token(id, &held_by("p-1")).replace(r#""last_used_at":null"#, &format!(r#""last_used_at":"{at}""#))
    };
    world.records = vec![used("t-since", "2026-07-01T09:00:00Z"), used("t-gap", "2026-05-01T09:00:00Z")];
    world.records.push(record(
        "tokens",
        "ownership",
        "repo-1",
        r#","holders":[{"relation":"owner","employee_id":"p-1"}]"#,
    ));
    let report = world.scan(NOW);
    let find = |id: &str| report.findings.iter().find(|finding| finding.grant_id.as_str() == id).expect(id);
    assert_eq!(find("t-gap").used_after_end, UsedAfterEnd::After);
    assert_eq!(find("t-gap").severity, Severity::Critical);
    assert_eq!(find("t-since").used_after_end, UsedAfterEnd::Undecided);
    assert_eq!(find("t-since").severity, Severity::High, "a credential of an earlier stint, and no incident");
    assert_eq!(report.findings.len(), 2);
    assert!(!report.run.flags.ambiguous, "what somebody in employment owns is no open question");
}

#[test]
fn a_surge_stays_observed_until_an_operator_accepts_it_however_often_it_is_read() {
    let mut world = World::new();
    let everybody = |leavers: usize| (1..=40).map(|number| person(&format!("p-{number}"), number <= leavers)).collect();
    world.people = everybody(1);
    world.records = vec![account("u-1", "p-1@acme.example"), account("u-9", "p-9@acme.example")];
    assert_eq!(world.scan(NOW).run.exit_code, ExitCode::Residual);
    world.people = everybody(15);
    for (day, now) in [("2026-08-04", NEXT_DAY), ("2026-08-05", "2026-08-05T02:00:00Z")] {
        world.as_of = format!("{day}T01:00:00Z");
        let report = world.scan(now);
        assert!(report.run.flags.roster_surge);
        assert_eq!(states(&report, "p-9"), [("u-9", "observed")]);
        assert_eq!(states(&report, "p-1"), [("u-1", "confirmed")], "not new in this surge");
    }
    // The digest covers the file of the roster, which does not change any more.
    let digest = world.digest.clone().expect("a digest");
    world.store.release_roster(&digest, super::world::instant("2026-08-05T03:00:00Z"), "operator").expect("memory");
    let report = world.scan("2026-08-05T04:00:00Z");
    assert!(!report.run.flags.roster_surge);
    assert_eq!(states(&report, "p-9"), [("u-9", "confirmed")]);
}

#[test]
fn one_session_that_was_used_after_the_end_speaks_for_its_client() {
    let session = |id: &str, status: &str, used: &str| {
        record("tokens", "session", id, &format!(r#","client":"web","parent":"u-1"{}"#, held_by("p-1")))
            .replace(r#""status":"enabled""#, &format!(r#""status":"{status}""#))
            .replace(r#""last_used_at":null"#, &format!(r#""last_used_at":"{used}""#))
    };
    let after = session("s-1", "expired", "2026-08-02T09:00:00Z");
    let before = session("s-2", "enabled", "2026-07-01T09:00:00Z");
    for records in [vec![after.clone(), before.clone()], vec![before, after]] {
        let mut world = World::new();
        world.records = records;
        let report = world.scan(NOW);
        let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!(finding.used_after_end, UsedAfterEnd::After);
        assert_eq!((finding.severity, &*finding.rule), (Severity::Critical, "used-after-end"));
        assert!(!finding.usability.is_remnant(), "one of them is live");
    }
}

#[test]
fn a_login_that_was_given_to_two_people_is_told_even_if_the_leaver_is_read_last() {
    let with_login = |id: &str, employee: &str| {
        let holder = format!(r#","holders":[{{"relation":"holder","login":"silva","employee_id":"{employee}"}}]"#);
        record("accounts", "account", id, &holder)
    };
    let by_login = token("t-1", r#","holders":[{"relation":"holder","login":"silva"}]"#);
    let mut world = World::new();
    world.records = vec![with_login("u-2", "p-2"), by_login.clone(), with_login("u-1", "p-1")];
    let report = world.scan(NOW);
    assert!(report.run.flags.ambiguous);
    let told: Vec<&str> = report
        .notices
        .iter()
        .filter(|notice| notice.id == "account-contested")
        .map(|notice| notice.says.as_str())
        .collect();
    assert!(matches!(told.as_slice(), [says] if says.contains("u-1")), "{told:?}");
    // Her own account is disabled: nothing is open, and the token may be hers all the same.
    let mut disabled = World::new();
    disabled.records = world.records.clone();
    disabled.records[2] = disabled.records[2].replace("enabled", "disabled");
    let report = disabled.scan(NOW);
    let leaver = &report.leavers[0];
    assert_eq!((leaver.person_id.as_str(), leaver.open, leaver.cells[0].0), ("p-1", 0, CellVerdict::NotKnown));
    assert_eq!((report.totals.leavers_clean, report.totals.leavers_unverified), (0, 1));
    // In any order: what the leaver's account teaches is learned after all that was settled by head alone.
    world.records = vec![with_login("u-1", "p-1"), with_login("u-2", "p-2"), by_login.clone()];
    world.as_of = String::from("2026-08-04T01:00:00Z");
    assert!(world.scan(NEXT_DAY).run.flags.ambiguous);
    // And two colleagues who share a login are nobody's concern.
    let mut colleagues = World::new();
    colleagues.records = vec![with_login("u-2", "p-2"), by_login, with_login("u-3", "p-3")];
    assert!(!colleagues.scan(NOW).run.flags.ambiguous);
}

#[test]
fn a_leaver_who_is_only_missing_from_a_list_is_told_with_low_confidence() {
    let mut world = World::new();
    // Enough people that one who is missing is no damage to the list.
    world.people = (1..=40).map(|number| person(&format!("p-{number}"), false)).collect();
    world.coverage = "active";
    world.records = vec![account("u-1", "p-1@acme.example"), account("u-2", "p-2@acme.example")];
    assert!(world.scan(NOW).findings.is_empty());
    world.people.remove(0);
    world.as_of = String::from("2026-08-04T01:00:00Z");
    let report = world.scan(NEXT_DAY);
    let [finding] = report.findings.as_slice() else { panic!("{:?} {:?}", report.findings, report.notices) };
    assert_eq!((finding.person_id.as_str(), finding.confidence), ("p-1", Confidence::Low));
    assert!(finding.notes.iter().any(|note| note.contains("presumed")), "{:?}", finding.notes);
}

#[test]
fn what_hangs_from_an_account_that_was_not_read_may_be_anybodys() {
    let mut world = World::new();
    world.records = vec![account("u-2", "p-2@acme.example"), token("t-9", r#","parent":"u-9""#)];
    // Every account was read, and there is no such one: the token is nobody's, and the scope can be told from.
    let report = world.scan(NOW);
    assert_eq!(scope(&report, "tokens").state, ScopeState::Complete);
    assert_eq!(report.unattributed_total, 1);
    // The twin: accounts were not read to their end, so its account may be among those that are missing.
    world.extra = String::from("    known_object: { scope: accounts, kind: account, grant_id: u-77 }\n");
    let report = world.scan(NEXT_DAY);
    let tokens = scope(&report, "tokens");
    assert_eq!(tokens.state, ScopeState::Partial, "{:?}", tokens.gaps);
    assert!(tokens.gaps.iter().any(|gap| gap.cause.to_string().contains("1 grants hang from")), "{:?}", tokens.gaps);
    assert_eq!(report.leavers[0].cells[0].0, CellVerdict::NotKnown);
    // And a token that names its holder itself is told from, whatever its account.
    world.records[1] = token("t-9", r#","parent":"u-9","holders":[{"relation":"holder","employee_id":"p-2"}]"#);
    let report = world.scan("2026-08-05T02:00:00Z");
    assert_eq!(scope(&report, "tokens").state, ScopeState::Complete, "{:?}", scope(&report, "tokens").gaps);
}

#[test]
fn a_clock_that_went_back_hires_nobody_again_and_is_never_clean() {
    let mut world = World::new();
    world.records = vec![account("u-1", "p-1@acme.example")];
    assert_eq!(states(&world.scan(NOW), "p-1"), [("u-1", "confirmed")]);
    // Before the last day of p-1: by this clock they still work here.
    let report = world.scan("2026-07-20T02:00:00Z");
    assert!(report.closed.is_empty(), "{:?}", report.closed);
    assert_eq!(states(&report, "p-1"), [("u-1", "unverified")]);
    assert!(report.run.flags.gaps);
    assert_eq!(states(&world.scan(NEXT_DAY), "p-1"), [("u-1", "confirmed")]);
}

fn secret(status: &str, rest: &str, holders: &[(&str, &str)]) -> String {
    let holders: Vec<String> =
        holders.iter().map(|(relation, id)| format!(r#"{{"relation":"{relation}","employee_id":"{id}"}}"#)).collect();
    record("tokens", "shared_secret", "s-1", &format!(r#"{rest},"holders":[{}]"#, holders.join(",")))
        .replace("enabled", status)
}

#[test]
fn a_second_owner_makes_owning_informative_and_not_what_somebody_could_read() {
    let of = |record: String| {
        let mut world = World::new();
        world.records = vec![record.replace("write", "admin")];
        let report = world.scan(NOW);
        let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        (finding.person_id.as_str().to_owned(), finding.severity)
    };
    let never = r#","rotated_at":null"#;
    for relation in ["reader", "custodian", "creator"] {
        let read = of(secret("enabled", never, &[(relation, "p-1"), ("owner", "p-2")]));
        assert_eq!(read, (String::from("p-1"), Severity::High), "{relation}");
    }
    let both = of(secret("enabled", never, &[("reader", "p-1"), ("owner", "p-1"), ("owner", "p-2")]));
    assert_eq!(both.1, Severity::High, "one who could read it, too");
    let subtype = r#","rotated_at":null,"subtype":"organisation_owner""#;
    let owned = |owners: &[(&str, &str)]| secret("enabled", subtype, owners).replace("shared_secret", "ownership");
    assert_eq!(of(owned(&[("owner", "p-1"), ("owner", "p-2")])).1, Severity::Info);
}

#[test]
fn a_secret_that_was_rotated_and_is_no_longer_theirs_to_read_closes() {
    let rotated = r#","rotated_at":"2026-08-03T20:00:00Z""#;
    let before = r#","rotated_at":"2026-07-31T20:00:00Z""#;
    let coarse = r#","rotated_at":"2026-07-31""#;
    for (relation, now_says, closes) in [
        ("reader", rotated, true),
        ("custodian", rotated, true),
        ("creator", rotated, true),
        ("reader", before, false),
        ("reader", coarse, false),
        ("reader", "", false),
        ("holder", rotated, false),
    ] {
        let mut world = World::new();
        world.records = vec![secret("enabled", r#","rotated_at":null"#, &[(relation, "p-1"), ("reader", "p-2")])];
        assert_eq!(states(&world.scan(NOW), "p-1"), [("s-1", "confirmed")], "{relation}");
        world.records = vec![secret("enabled", now_says, &[("reader", "p-2")])];
        let mut day = |as_of: &str, now: &str| {
            world.as_of = String::from(as_of);
            let report = world.scan(now);
            (states(&report, "p-1").first().map(|(_, state)| *state), report.closed.len())
        };
        let first = day("2026-08-04T01:00:00Z", NEXT_DAY);
        let second = day("2026-08-05T01:00:00Z", "2026-08-05T02:00:00Z");
        let expected =
            if closes { [(Some("closing"), 0), (None, 1)] } else { [(Some("unverified"), 0), (Some("unverified"), 0)] };
        assert_eq!([first, second], expected, "{relation} {now_says}");
    }
}

#[test]
fn somebody_who_is_to_come_back_was_checked_for_the_time_that_ended() {
    let mut world = World::new();
    world.records = vec![account("u-2", "p-2@acme.example")];
    assert_eq!(world.scan(NOW).totals.leavers_clean, 1);
    world.people.push(String::from(
        "p-1,employee,active,Name p-1,p-1@acme.example,2026-10-01,,Europe/Berlin,2026-08-03T09:00:00Z",
    ));
    world.as_of = String::from("2026-08-04T01:00:00Z");
    let report = world.scan(NEXT_DAY);
    assert_eq!((report.leavers.len(), report.totals.leavers_clean), (1, 1), "{:?}", report.notices);
    // The stint that follows is checked in its own time.
    world.people.pop();
    world.people.push(String::from(
        "p-1,employee,ended,Name p-1,p-1@acme.example,2026-10-01,2026-10-31,Europe/Berlin,2026-11-01T00:00:00Z",
    ));
    world.as_of = String::from("2026-11-02T01:00:00Z");
    assert_eq!(world.scan("2026-11-02T02:00:00Z").totals.leavers_clean, 2);
}
