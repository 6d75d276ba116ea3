//! The accepted roster in its archive.

use std::path::PathBuf;

use super::kit::*;
use crate::roster::model::RosterState;
use crate::roster::settings::{EndDateMeaning, SourceCoverage};

const FIRST: &str = "2026-07-30T12:00:00Z";
const NOW: &str = "2026-08-01T02:30:00Z";

fn accepted() -> World {
    let mut rows = staff(30);
    rows[2] = row("p-002").ended("2026-07-20");
    let mut world = world(FIRST).rows(&rows).aliases(&["p-003,username,jd,crm,true,2024-01-01,"]);
    world.settings.sources[0].manifest = Some(PathBuf::from("hris.json"));
    world.files.put("hris.json", r#"{"as_of":"2026-07-30T10:00:00Z","rows":30,"coverage":"full"}"#, None);
    world.run();
    world
}

#[test]
fn a_held_roster_leaves_the_accepted_one_in_force_as_it_was() {
    let mut world = accepted();
    let before = world.load();
    world.at(NOW);
    world.put_text("hris", "damaged");
    // Even if the configuration reads differently by now.
    world.settings.sources[0].end_date_meaning = EndDateMeaning::FirstDayExcluded;
    let held = world.load();
    assert_eq!(held.state, RosterState::Held);
    assert_eq!(held.facts.people, 30);
    assert_eq!(standing(&held, "p-002", &world), "left 2026-07-21T00:00Z");
    for id in ["p-000", "p-002", "p-003"] {
        assert_eq!(claims(&held, id), claims(&before, id));
        assert_eq!(person(&held, id), person(&before, id));
    }
    assert_eq!(held.facts.in_force_digest, before.facts.digest);
    assert_ne!(held.facts.digest, before.facts.digest);
    assert_eq!(held.facts.accepted_at, Some(instant(FIRST)));
    assert!(has_notice(&held, "roster-held") && held.accept.is_none());
}

#[test]
fn time_goes_on_for_a_roster_that_is_in_force_from_the_archive() {
    let mut world = world("2026-07-31T12:00:00Z").rows(&[row("p-1").with("end_date", "2026-07-31"), row("p-2")]);
    world.run();
    world.at("2026-08-01T12:00:00Z");
    world.put_text("hris", "damaged");
    let held = world.load();
    assert_eq!(standing(&held, "p-1", &world), "left 2026-08-01T00:00Z");
    let known = person(&held, "p-1").stints[0].end.as_ref().and_then(|end| end.known_at);
    assert_eq!(known, Some(instant("2026-07-31T12:00:00Z")));
}

#[test]
fn tombstones_outlive_every_later_roster() {
    let mut rows = staff(30);
    rows[2] = row("p-002").ended("2026-07-20").with("work_email", "gone@acme.example");
    let mut world = world(FIRST).rows(&rows);
    world.run();
    rows.remove(2);
    for day in 1..=4 {
        world.now += chrono::TimeDelta::hours(24);
        let mut rows = rows.clone();
        rows.push(row(&format!("new-{day}")));
        world.put_rows("hris", &rows);
        let loaded = world.run();
        assert_eq!(standing(&loaded, "p-002", &world), "left 2026-07-21T00:00Z", "day {day}");
        assert_eq!(claims(&loaded, "p-002")[0], "Email gone@acme.example -..-");
        assert!(has_notice(&loaded, "roster-vanished"));
    }
    world.put_text("hris", "damaged");
    let held = world.load();
    assert_eq!(held.state, RosterState::Held);
    assert_eq!(standing(&held, "p-002", &world), "left 2026-07-21T00:00Z");
}

#[test]
fn a_damaged_archive_is_a_gate_and_an_operators_word_starts_anew() {
    let mut world = accepted();
    let mut broken = world.accepted.clone().expect("accepted");
    let middle = broken.archive.len() / 2;
    broken.archive.truncate(middle);
    world.accepted = Some(broken);
    world.at("2026-07-31T02:30:00Z");
    let loaded = world.load();
    assert_eq!(loaded.state, RosterState::None);
    assert!(holds(&loaded, "ROS-14"));
    world.release(&loaded);
    assert_eq!(world.run().state, RosterState::Accepted);
}

#[test]
fn every_cut_of_an_archive_is_noticed() {
    let world = accepted();
    let whole = world.accepted.clone().expect("accepted");
    for length in (0..whole.archive.len()).step_by(7) {
        let mut world = world.clone();
        let mut cut = whole.clone();
        cut.archive.truncate(length);
        world.accepted = Some(cut);
        world.put_text("hris", "damaged");
        assert_eq!(world.load().state, RosterState::None, "cut at byte {length}");
    }
}

#[test]
fn a_source_that_is_taken_out_keeps_its_people() {
    let mut world = world(FIRST).rows(&staff(10));
    let mut other = source("vendors");
    other.coverage = SourceCoverage::Full;
    world.settings.sources.push(other);
    world.put_rows("vendors", &[row("v-1"), row("v-2").ended("2026-07-20")]);
    world.run();
    world.settings.sources.truncate(1);
    world.at(NOW);
    world.put_rows("hris", &staff(11));
    let loaded = world.load();
    assert_eq!(standing(&loaded, "v-1", &world), "employed");
    assert_eq!(standing(&loaded, "v-2", &world), "left 2026-07-21T00:00Z");
    assert!(gate(&loaded, "ROS-4").is_some_and(|gate| !gate.holds && gate.says.contains("no longer configured")));
}

/// Everything that is packed in an archive.
fn unpacked(archive: &[u8]) -> String {
    let mut all = String::new();
    for at in 0..archive.len().saturating_sub(3) {
        if archive[at..].starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let mut plain = Vec::new();
            let decoder = zstd::stream::read::Decoder::new(&archive[at..]).expect("a frame");
            std::io::Read::read_to_end(&mut decoder.single_frame(), &mut plain).expect("a whole frame");
            all.push_str(&String::from_utf8_lossy(&plain));
        }
    }
    all
}

/// Accepts this text, damages the file, and compares what is in force with what was accepted.
fn keeps_no(secret: &str, mut world: World, text: Vec<u8>) {
    assert!(String::from_utf8_lossy(&text).contains(secret));
    world.put_text("hris", text);
    let before = world.run();
    assert_eq!(before.state, RosterState::Accepted, "{:?}", before.facts.gates);
    let archive = world.accepted.clone().expect("accepted").archive;
    let kept = unpacked(&archive);
    assert!(kept.contains("p-002") && kept.contains("Zoë"), "what is read is kept: {kept}");
    assert!(!kept.contains(secret), "{kept}");
    world.at(NOW);
    world.put_text("hris", "damaged");
    let held = world.load();
    assert_eq!((held.state, held.facts.people), (RosterState::Held, before.facts.people));
    assert_eq!(standing(&held, "p-002", &world), "left 2026-07-21T00:00Z");
    for id in ["p-000", "p-001", "p-002"] {
        assert_eq!(claims(&held, id), claims(&before, id));
        assert_eq!(person(&held, id).display_name, person(&before, id).display_name);
    }
    assert_eq!(held.facts.in_force_digest, before.facts.digest);
}

#[test]
fn of_a_table_only_the_columns_that_are_read_are_kept() {
    let mut rows = staff(30);
    rows[1] = row("p-001").with("display_name", "\"Zoë \"\"Z\"\"\nBraun; Dr.\"");
    rows[2] = row("p-002").ended("2026-07-20");
    let text = csv(&rows);
    // A column in front, so that every other moves.
    let mut quoted = false;
    let mut wider = String::from("pin,");
    for (at, letter) in text.char_indices() {
        quoted ^= letter == '"';
        wider.push(letter);
        if letter == '\n' && !quoted && at + 1 < text.len() {
            wider.push_str("\"canary, \"\"quoted\"\"\",");
        }
    }
    keeps_no("canary", world(FIRST), wider.clone().into_bytes());
    // In another encoding, too; the twin without such a column is kept as it came.
    let mut latin = world(FIRST);
    latin.settings.sources[0].encoding = crate::roster::settings::Encoding::Windows1252;
    keeps_no("canary", latin, encoding_rs::WINDOWS_1252.encode(&wider).0.into_owned());
    let mut plain = world(FIRST);
    plain.put_text("hris", text.clone());
    plain.run();
    assert!(unpacked(&plain.accepted.expect("accepted").archive).contains(&text), "byte for byte");
}

#[test]
fn of_records_only_the_keys_that_are_read_are_kept() {
    let record = |id: &str, more: &str| {
        format!(
            r#"{{"person_id":"{id}","employment_type":"employee","start_date":"2020-01-01","time_zone":"UTC","display_name":"Zoë","work_email":"{id}@acme.example","password":"canary","nested":{{"a":["canary"]}}{more}}}"#
        )
    };
    let mut records: Vec<String> = (0..120).map(|number| record(&format!("p-{number:03}"), "")).collect();
    records[1] = record("p-001", r#","aliases":[{"kind":"username","system":"crm","value":"jd"}]"#);
    records[2] = record("p-002", r#","end_date":"2026-07-20","status":"ended""#);
    // A rejected one keeps nothing of what it was rejected for.
    records[3] = record("p-003", r#","aliases":[{"kind":"username","token":"canary"}]"#);
    let mut world = world(FIRST);
    world.settings.sources[0].format = crate::roster::settings::SourceFormat::Ndjson;
    keeps_no("canary", world, (records.join("\n") + "\n").into_bytes());
}
