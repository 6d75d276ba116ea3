//! A leaver of the HR system leads to a finding, a colleague to none, and what cannot be asked is said.

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::hr::SECRET;

use super::{KINDS, Kind, Office, truth};
use crate::company::word;

#[test]
fn a_leaver_of_each_system_leads_to_a_finding_and_a_colleague_to_none() {
    for kind in KINDS {
        let truth = truth();
        let server = kind.serve(&truth);
        let office = Office::new(&kind.source(server.origin()));
        let run = office.scan();
        run.expect(1);
        let states = run.states();
        assert!(states.contains_key("u-1") && states.contains_key("t-1"), "{kind:?}: {states:?}");
        assert!(!states.contains_key("u-2"), "{kind:?}: {states:?}");
        let report = run.report();
        assert_eq!(report["roster"]["state"], "accepted", "{kind:?}");
        assert_eq!(report["roster"]["sources"][0]["as_of_by_file_time"], false, "the service tells the time");
        server.finish();
    }
}

#[test]
fn the_twin_who_is_back_stays_silent() {
    let truth = truth();
    // Ana's end was taken back before it was ever read.
    truth.change(|staff| staff.member(1).spells[0].end = None);
    for kind in KINDS {
        let server = kind.serve(&truth);
        let office = Office::new(&kind.source(server.origin()));
        let run = office.scan();
        run.expect(0);
        assert!(run.states().is_empty(), "{kind:?}");
        server.finish();
    }
}

#[test]
fn an_hr_system_that_cannot_be_reached_holds_and_the_last_roster_stays_in_force() {
    for kind in [Kind::BambooHr, Kind::Personio, Kind::Okta] {
        let server = kind.serve(&truth());
        let office = Office::new(&kind.source(server.origin()));
        office.scan().expect(1);
        let origin = String::from(server.origin());
        server.finish();
        let run = office.scan();
        run.expect(5);
        assert!(run.flag("roster_held"));
        assert!(run.states().contains_key("u-1"), "{kind:?}: by the roster that was accepted");
        let gates = run.report()["roster"]["gates"].to_string();
        assert!(gates.contains("ROS-1") && gates.contains(&origin), "{kind:?}: {gates}");
        assert!(run.stderr.contains("#hris") && run.stderr.contains(&origin), "{}", run.stderr);
    }
}

#[test]
fn without_any_roster_yet_nobody_is_judged() {
    let server = Kind::BambooHr.serve(&truth());
    let source = Kind::BambooHr.source(server.origin());
    server.finish();
    let office = Office::new(&source);
    let run = office.scan();
    run.expect(5);
    assert!(run.states().is_empty());
    assert_eq!(run.report()["roster"]["state"], "none");
}

#[test]
fn a_refusal_is_told_with_address_status_and_request_and_without_query_or_body() {
    let server = Kind::BambooHr.serve(&truth());
    let refusal =
        Answer::html("canary-in-the-body").of(403).with("x-request-id", "4f1c9a2e-0b1d-4c55-9c1e-6f0d2b7a1e11");
    server.plant(On::any(), Damage::Reply(refusal));
    let office = Office::new(&Kind::BambooHr.source(server.origin()));
    let run = office.validate();
    run.expect(5);
    let text = format!("{}{}", run.stdout, run.stderr);
    for part in ["ROS-1", "403", "4f1c9a2e-0b1d", "/v1/reports/custom"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("canary-in-the-body") && !text.contains("onlyCurrent"), "{text}");
    server.finish();
}

#[test]
fn two_readings_of_the_same_people_have_one_digest_which_can_be_accepted() {
    let server = Kind::Rippling.serve(&truth());
    let office = Office::new(&Kind::Rippling.source(server.origin()));
    let digest = word(&office.scan().report()["roster"]["digest"]);
    server.plant(On::any(), Damage::reversed("/results"));
    assert!(office.validate().stdout.contains(&digest));
    office.holdover(&["roster", "accept", &digest]).expect(0);
    let run = office.scan();
    run.expect(1);
    assert!(!run.flag("baseline"));
    server.finish();
}

#[test]
fn a_new_leaver_is_found_in_the_next_run_and_one_to_come_stands_nowhere() {
    let truth = truth();
    let server = Kind::HiBob.serve(&truth);
    let office = Office::new(&Kind::HiBob.source(server.origin()));
    let first = office.scan();
    first.expect(1);
    // Cem leaves in twenty days: not a word of it.
    for file in office.files().iter().filter(|file| file.starts_with(office.path().join("out"))) {
        let text = std::fs::read_to_string(file).expect("text");
        assert!(!text.contains("\"303\"") && !text.contains("Cem"), "{}", file.display());
    }
    truth.change(|staff| {
        let yesterday = staff.today - chrono::Days::new(2);
        staff.member(2).spells[0].end = Some(yesterday);
    });
    let second = office.scan();
    second.expect(1);
    assert!(second.states().contains_key("u-2"), "{:?}", second.states());
    server.finish();
}

#[test]
fn offline_asks_nobody_and_a_chosen_clock_is_refused() {
    let server = Kind::Workday.serve(&truth());
    let office = Office::new(&Kind::Workday.source(server.origin()));
    office.scan().expect(1);
    let asked = server.count();
    let run = office.holdover(&["scan", "--no-progress", "--offline"]);
    run.expect(5);
    assert_eq!(server.count(), asked, "no request was sent");
    let run = office.holdover(&["scan", "--as-of", "2026-08-03T06:00:00Z"]);
    run.expect(2);
    assert!(run.stderr.contains("hris is read live"), "{}", run.stderr);
    server.finish();
}

#[test]
fn commands_that_ask_nobody_go_by_the_accepted_roster() {
    let truth = truth();
    let server = Kind::BambooHr.serve(&truth);
    let office = Office::new(&Kind::BambooHr.source(server.origin()));
    office.scan().expect(1);
    let asked = server.count();
    let run = office.holdover(&["policy", "explain", "1", "account"]);
    run.expect(0);
    office.holdover(&["exceptions", "list"]).expect(0);
    assert_eq!(server.count(), asked);
    server.finish();
}

#[test]
fn explain_shows_rows_of_what_was_fetched() {
    let server = Kind::Workday.serve(&truth());
    let office = Office::new(&Kind::Workday.source(server.origin()));
    let run = office.holdover(&["roster", "validate", "--explain"]);
    run.expect(0);
    assert!(run.stdout.contains("last_day_included") && run.stdout.contains("access ends"), "{}", run.stdout);
    server.finish();
}

#[test]
fn no_secret_stands_in_anything_that_is_written() {
    for kind in [Kind::BambooHr, Kind::Personio, Kind::HttpJson] {
        let server = kind.serve(&truth());
        let office = Office::new(&kind.source(server.origin()));
        let run = office.holdover(&["scan", "--no-progress", "-v", "-v", "-v"]);
        run.expect(1);
        let encoded = data_encoding::BASE64.encode(format!("{SECRET}:x").as_bytes());
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(SECRET) && !text.contains(&encoded), "{kind:?}");
        }
        for file in office.files() {
            let bytes = std::fs::read(&file).expect("a file");
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(SECRET) && !text.contains(&encoded), "{kind:?}: {}", file.display());
        }
        server.finish();
    }
}

#[test]
fn a_recording_stands_in_for_each_system_and_holds_no_more_than_is_read() {
    for kind in KINDS {
        let server = kind.serve(&truth());
        let source = kind.source(server.origin());
        let office = Office::new(&source);
        let live = office.holdover(&["scan", "--no-progress", "--record", "tape"]);
        live.expect(1);
        let digest = word(&live.report()["roster"]["digest"]);
        server.finish();
        for file in office.files().iter().filter(|file| file.starts_with(office.path().join("tape"))) {
            let text = std::fs::read_to_string(file).expect("text");
            assert!(!text.contains(SECRET) && !text.contains("token-of-"), "{kind:?}: {}", file.display());
            for reason in ["\"reason\":\"private", "\\\"reason\\\":\\\"private"] {
                assert!(!text.contains(reason), "{kind:?}: what is not read is not kept");
            }
        }
        let replayed = Office::new(&source.replace("coverage: full", "coverage: full, replay: tape"));
        let tape = replayed.path().join("tape");
        std::fs::create_dir(&tape).expect("a folder");
        for file in office.files().iter().filter(|file| file.starts_with(office.path().join("tape"))) {
            std::fs::copy(file, tape.join(file.file_name().expect("a name"))).expect("a copy");
        }
        let run = replayed.scan();
        run.expect(1);
        assert_eq!(word(&run.report()["roster"]["digest"]), digest, "{kind:?}: the same people");
    }
}

#[test]
fn rights_and_requests_of_a_source_are_told() {
    let server = Kind::Rippling.serve(&truth());
    let office = Office::new(&Kind::Rippling.source(server.origin()));
    let run = office.holdover(&["check-permissions"]);
    run.expect(0);
    assert!(run.stdout.contains("roster source hris") && run.stdout.contains("workers.read"), "{}", run.stdout);
    let asked = server.count();
    let policy = office.holdover(&["check-permissions", "--print-policy"]);
    policy.expect(0);
    assert!(policy.stdout.contains("GET /workers") && policy.stdout.contains("workers.read"), "{}", policy.stdout);
    assert_eq!(server.count(), asked, "a policy is printed without asking");
    server.plant(On::any(), Damage::status(403));
    let refused = office.holdover(&["check-permissions"]);
    assert!(refused.stdout.contains("MISSING"), "{}", refused.stdout);
    server.finish();
}
