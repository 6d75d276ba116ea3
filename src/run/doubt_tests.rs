//! Leavers of whom not everything is known, in whole runs.

use super::world::{World, account, person, record, states};
use crate::config::OutputFormat;
use crate::emit::{self, sample};
use crate::findings::UsedAfterEnd;
use crate::report::{CellVerdict, ExitCode, Report};

const NOW: &str = "2026-08-03T02:00:00Z";
const NEXT_DAY: &str = "2026-08-04T02:00:00Z";

fn colleagues(count: usize) -> Vec<String> {
    (1..=count).map(|number| person(&format!("p-{number}"), false)).collect()
}

#[test]
fn an_account_is_found_by_the_address_that_hr_emptied_when_its_holder_left() {
    let mut world = World::new();
    world.people = colleagues(40);
    world.records = vec![account("u-1", "p-1@acme.example")];
    world.scan(NOW);
    world.people[0] = person("p-1", true).replace("p-1@acme.example", "");
    world.as_of = String::from("2026-08-04T01:00:00Z");
    let report = world.scan(NEXT_DAY);
    assert_eq!(states(&report, "p-1"), [("u-1", "confirmed")]);
}

#[test]
fn an_account_of_somebody_whose_only_row_cannot_be_used_is_no_clean_run() {
    let mut world = World::new();
    world.people = colleagues(120);
    world.people.push(person("p-x", true).replace(",ended,", ",gone,"));
    world.records = vec![account("u-x", "p-x@acme.example")];
    let report = world.scan(NOW);
    assert_eq!(report.unattributed_total, 0);
    assert!(report.run.flags.ambiguous && report.run.exit_code != ExitCode::Clean, "{:?}", report.run.flags);
}

#[test]
fn whoever_is_not_listed_among_the_candidates_is_not_called_clean() {
    let mut world = World::new();
    world.people = (1..=60).map(|number| person(&format!("p-{number}"), true)).collect();
    world.people.extend((61..=100).map(|number| person(&format!("p-{number}"), false)));
    world.aliases = (1..=60).map(|number| format!("p-{number},email,desk@acme.example,,false,,")).collect();
    // Nobody says when it was made, so that time decides nothing.
    world.records = vec![account("u-1", "desk@acme.example").replace(r#""created_at":"2023-04-01T08:00:00Z","#, "")];
    let report = world.scan(NOW);
    assert_eq!(report.ambiguous[0].candidates.len(), 50);
    assert_eq!(report.leavers.len(), 60);
    assert!(report.leavers.iter().all(|leaver| leaver.cells[0].0 == CellVerdict::NotKnown));
    assert_eq!(report.totals.leavers_clean, 0);
}

/// What each format says, after its name.
fn written(report: &Report) -> Vec<(OutputFormat, String)> {
    let places = sample::places();
    let context = emit::EmitContext { key: None, ..sample::context(&places) };
    let write = |format| {
        let mut bytes = Vec::new();
        emit::render(format, report, &context, &mut bytes).expect("a vector takes everything");
        (format, String::from_utf8(bytes).expect("every format is UTF-8"))
    };
    OutputFormat::ALL.map(write).into_iter().collect()
}

/// A token that carries the address which Ana had, and perhaps Bea.
fn shared_token() -> String {
    record("tokens", "api_token", "t-1", r#","holders":[{"relation":"holder","email":"shared@acme.example"}]"#)
}

#[test]
fn an_address_that_a_leaver_shared_with_a_colleague_clears_nobody() {
    let mut world = World::new();
    world.aliases = ["p-1", "p-2"].map(|id| format!("{id},email,shared@acme.example,,false,,")).to_vec();
    world.records = vec![shared_token()];
    let report = world.scan(NOW);
    assert!(report.run.flags.ambiguous && report.run.exit_code == ExitCode::Gaps, "{:?}", report.run);
    assert_eq!(report.leavers[0].cells, [(CellVerdict::NotKnown, 0)]);
    for (format, text) in written(&report) {
        assert!(!text.contains("no residual access"), "{format:?}: {text}");
    }
    // The twin: it was never Ana's.
    world.aliases.remove(0);
    world.as_of = String::from("2026-08-04T01:00:00Z");
    let report = world.scan(NEXT_DAY);
    assert_eq!(report.run.exit_code, ExitCode::Clean);
    let clearing: Vec<OutputFormat> = written(&report)
        .into_iter()
        .filter(|(_, text)| text.contains("no residual access in 2 complete scopes"))
        .map(|(format, _)| format)
        .collect();
    assert_eq!(clearing, [OutputFormat::Markdown, OutputFormat::Html]);
    // And what was not read to its end clears nobody either.
    world.records.push(GAP.to_owned());
    world.as_of = String::from("2026-08-05T01:00:00Z");
    for (format, text) in written(&world.scan(THIRD_DAY)) {
        assert!(!text.contains("no residual access"), "{format:?}: {text}");
    }
}

#[test]
fn access_within_its_agreed_time_hides_no_doubt_in_the_same_system() {
    let mut world = World::new();
    world.policy = Some(SLOW);
    world.aliases = ["p-1", "p-2"].map(|id| format!("{id},email,shared@acme.example,,false,,")).to_vec();
    world.records = vec![account("u-1", "p-1@acme.example"), shared_token()];
    let report = world.scan(NOW);
    assert!(report.findings.iter().any(|finding| !finding.due), "{:?}", report.findings);
    assert_eq!(report.leavers[0].cells, [(CellVerdict::NotKnown, 0)]);
    // The twin: nobody else's token.
    world.records.pop();
    world.as_of = String::from("2026-08-03T02:30:00Z");
    assert_eq!(world.scan("2026-08-03T03:00:00Z").leavers[0].cells, [(CellVerdict::WithinTime, 0)]);
}

const WIKI: &str = "\x20 - id: wiki\n    connector: import\n    max_age: 900h\n    scopes: [accounts]\n    files: [{ path: wiki.ndjson, format: ndjson }]\n";

#[test]
fn a_grant_of_nobody_that_is_new_in_a_run_over_some_systems_clears_nobody_there() {
    let mut world = World::new();
    world.extra = String::from(WIKI);
    world.write(
        "wiki.ndjson",
        concat!(
            r#"{"record":"header","format":"holdover-import","version":1,"system":"wiki","as_of":"2026-08-03T01:00:00Z","scopes":["accounts"]}"#,
            "\n",
            r#"{"record":"end","counts":{"accounts":0}}"#,
            "\n"
        ),
    );
    let report = world.scan(NOW);
    assert_eq!(report.run.exit_code, ExitCode::Clean, "{:?}", report.notices);
    // Whose it is may stand in the wiki, which is not read.
    world.only = vec!["crm"];
    world.records = vec![record("tokens", "api_token", "t-1", r#","holders":[{"relation":"holder","login":"as"}]"#)];
    world.as_of = String::from("2026-08-04T01:00:00Z");
    let report = world.scan(NEXT_DAY);
    assert_eq!((report.unattributed_total, report.run.exit_code), (1, ExitCode::Gaps), "{:?}", report.notices);
    assert_eq!(report.leavers[0].cells, [(CellVerdict::NotKnown, 0), (CellVerdict::NoneFound, 0)]);
    for (format, text) in written(&report) {
        assert!(!text.contains("no residual access"), "{format:?}: {text}");
    }
    // The twin: in a run over everything, it is nobody's.
    world.only = Vec::new();
    world.as_of = String::from("2026-08-05T01:00:00Z");
    let report = world.scan(THIRD_DAY);
    assert_eq!(report.leavers[0].cells, [(CellVerdict::NoneFound, 0), (CellVerdict::NoneFound, 0)]);
}

const SLOW: &str = "version: 1\nrules:\n  - id: slow\n    when: {}\n    mode: staged\n    stages:\n      - at: 72h\n        kinds: [account, session, oauth_grant, api_token, access_key, password, mfa_device, ssh_key, certificate, role_binding, group_membership, delegation, shared_secret, service_key, ownership, automation]\n    approvers: { group: owners, count: 1 }\n";

#[test]
fn access_within_its_agreed_time_is_neither_clean_nor_residual_yet() {
    let mut world = World::new();
    world.policy = Some(SLOW);
    world.records = vec![account("u-1", "p-1@acme.example")];
    let of = |world: &mut World, now: &str| {
        let totals = world.scan(now).totals;
        (totals.leavers_clean, totals.leavers_unverified, totals.leavers_residual)
    };
    // The end was at midnight of 1 August in Berlin.
    assert_eq!(of(&mut world, NOW), (0, 1, 0));
    world.as_of = String::from("2026-08-05T01:00:00Z");
    assert_eq!(of(&mut world, "2026-08-05T02:00:00Z"), (0, 0, 1));
}

const THIRD_DAY: &str = "2026-08-05T02:00:00Z";
const GAP: &str = r#"{"record":"gap","scope":"tokens","cause":"failed","detail":"the second page"}"#;

/// The account of Ana in the scope `tokens`, which shows it as well.
fn shown_there(status: &str) -> String {
    let holder = r#","holders":[{"relation":"holder","provider_id":"u-1","email":"p-1@acme.example"}]"#;
    record("tokens", "account", "u-1", holder).replace("enabled", status)
}

fn shown_by_both() -> World {
    let mut world = World::new();
    world.records = vec![account("u-1", "p-1@acme.example"), shown_there("enabled")];
    let report = world.scan(NOW);
    assert_eq!(states(&report, "p-1"), [("u-1", "confirmed")], "one finding");
    world
}

#[test]
fn a_grant_that_two_scopes_show_is_not_closed_by_one_that_shows_it_ended() {
    for (there, closes) in [(GAP.to_owned(), false), (shown_there("disabled"), true)] {
        let mut world = shown_by_both();
        world.records = vec![account("u-1", "p-1@acme.example").replace("enabled", "disabled"), there];
        world.as_of = String::from("2026-08-04T01:00:00Z");
        let report = world.scan(NEXT_DAY);
        assert_eq!(report.closed.len(), usize::from(closes));
        if !closes {
            assert_eq!(states(&report, "p-1"), [("u-1", "unverified")]);
        }
    }
}

#[test]
fn a_grant_that_two_scopes_show_is_not_closed_by_one_that_shows_it_no_longer() {
    for (there, closes) in [(vec![GAP.to_owned()], false), (Vec::new(), true)] {
        let mut world = shown_by_both();
        world.records = there;
        world.as_of = String::from("2026-08-04T01:00:00Z");
        assert!(world.scan(NEXT_DAY).closed.is_empty());
        world.as_of = String::from("2026-08-05T01:00:00Z");
        let report = world.scan(THIRD_DAY);
        assert_eq!(report.closed.len(), usize::from(closes), "{:?}", report.findings);
    }
}

#[test]
fn a_scope_that_was_read_since_without_the_grant_is_not_waited_for() {
    let mut world = shown_by_both();
    // It moves: one scope alone shows it, and the other is read to its end.
    world.records = vec![account("u-1", "p-1@acme.example")];
    world.as_of = String::from("2026-08-04T01:00:00Z");
    world.scan(NEXT_DAY);
    world.records = vec![account("u-1", "p-1@acme.example").replace("enabled", "disabled"), GAP.to_owned()];
    world.as_of = String::from("2026-08-05T01:00:00Z");
    assert_eq!(world.scan(THIRD_DAY).closed.len(), 1);
}

#[test]
fn each_holder_of_a_right_has_it_through_their_own_account() {
    let holder = |id: &str, email: &str| format!(r#"{{"relation":"holder","provider_id":"{id}","email":"{email}"}}"#);
    let (ana, dan) = (holder("u-1", "p-1@acme.example"), holder("u-2", "p-2@acme.example"));
    for order in [[&ana, &dan], [&dan, &ana]] {
        let mut world = World::new();
        world.people[1] = person("p-2", true);
        let holders = format!(r#","holders":[{},{}]"#, order[0], order[1]);
        world.records = vec![
            account("u-1", "p-1@acme.example"),
            account("u-2", "p-2@acme.example").replace("enabled", "disabled"),
            record("tokens", "role_binding", "rb-1", &holders),
        ];
        let report = world.scan(NOW);
        assert!(states(&report, "p-1").contains(&("rb-1", "confirmed")), "{:?}", states(&report, "p-1"));
        let remnants: Vec<&str> = report
            .remnants
            .iter()
            .filter(|finding| finding.grant_id.as_str() == "rb-1")
            .map(|finding| finding.person_id.as_str())
            .collect();
        assert_eq!(remnants, ["p-2"]);
    }
}

#[test]
fn the_latest_use_counts_of_somebody_who_stands_on_a_grant_twice() {
    let used = r#"{"relation":"reader","employee_id":"p-1","last_at":"2026-08-02T09:00:00Z"}"#;
    let plain = r#"{"relation":"holder","employee_id":"p-1"}"#;
    for holders in [[plain, used], [used, plain]] {
        let mut world = World::new();
        let holders = format!(r#","holders":[{}]"#, holders.join(","));
        world.records = vec![record("tokens", "shared_secret", "s-1", &holders)];
        let report = world.scan(NOW);
        assert_eq!(report.findings[0].used_after_end, UsedAfterEnd::After, "{holders}");
    }
}

#[test]
fn lessons_that_were_left_when_the_rounds_ran_out_leave_nobody_clean() {
    let chain = |length: usize| {
        let mut world = World::new();
        world.people.push(person("p-4", true));
        // Each account is the identity of the next one in the file, so that a round teaches one of them.
        let known_by = |number: usize| match number {
            1 => String::from(r#","holders":[{"relation":"holder","email":"p-1@acme.example"}]"#),
            _ => format!(
                r#","holders":[{{"relation":"holder","external_id":"u-{}","external_system":"crm"}}]"#,
                number - 1
            ),
        };
        let disabled = |number| record("accounts", "account", &format!("u-{number}"), &known_by(number));
        world.records = (1..=length).rev().map(|number| disabled(number).replace("enabled", "disabled")).collect();
        world.scan(NOW)
    };
    let report = chain(20);
    assert!(report.notices.iter().any(|notice| notice.id == "graph-depth"), "{:?}", report.notices);
    assert!(report.run.flags.gaps);
    assert_eq!(report.leavers.len(), 2);
    assert!(report.leavers.iter().all(|leaver| leaver.cells[0].0 == CellVerdict::NotKnown), "{:?}", report.leavers);
    assert_eq!((report.totals.leavers_clean, report.totals.leavers_unverified), (0, 2));
    // The twin: short enough to be walked to its end.
    let report = chain(3);
    assert!(report.leavers.iter().all(|leaver| leaver.cells[0].0 == CellVerdict::NoneFound), "{:?}", report.leavers);
    assert_eq!((report.totals.leavers_clean, report.totals.leavers_unverified), (2, 0));
}
