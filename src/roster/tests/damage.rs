//! Files that are cut, re-encoded, renamed or wrong in a value.

use std::path::PathBuf;

use proptest::prelude::*;

use super::kit::*;
use crate::roster::intake::sha256_hex;
use crate::roster::model::RosterState;
use crate::roster::settings::{Encoding, SourceFormat};

const NOW: &str = "2026-08-01T02:30:00Z";

fn small() -> Vec<Row> {
    let mut rows = staff(6);
    rows[1] = row("p-001").ended("2026-07-20").with("display_name", "\"Doe, Jane\"");
    rows[2] = row("p-002").with("display_name", "\"Zoë \"\"Z\"\"\nNewline\"");
    rows
}

fn with_manifest(world: &mut World, whole: &[u8], rows: u64) {
    let manifest = format!(r#"{{"as_of":"2026-08-01T01:00:00Z","rows":{rows},"sha256":"{}"}}"#, sha256_hex(whole));
    world.files.put("hris.json", manifest, None);
    world.settings.sources[0].manifest = Some(PathBuf::from("hris.json"));
}

#[test]
fn a_cut_at_any_byte_is_never_accepted_with_a_manifest() {
    let text = csv(&small());
    let whole = text.as_bytes();
    let mut world = world(NOW);
    with_manifest(&mut world, whole, 6);
    for length in 0..whole.len() {
        world.put_text("hris", &whole[..length]);
        let loaded = world.load();
        assert_eq!((loaded.state, loaded.roster.is_none()), (RosterState::None, true), "cut at byte {length}");
        assert!(loaded.accept.is_none() && loaded.facts.gates.iter().any(|gate| gate.holds), "cut at byte {length}");
    }
    world.put_text("hris", whole);
    let loaded = world.load();
    assert_eq!(loaded.state, RosterState::Accepted);
    assert!(gate(&loaded, "ROS-1").is_none(), "a proven file needs no warning: {:?}", loaded.facts.gates);
}

#[test]
fn without_a_manifest_only_a_cut_between_rows_passes_and_it_is_said() {
    let text = csv(&small());
    let mut world = world(NOW);
    // Where a row ends: the line breaks outside quotes.
    let mut ends = Vec::new();
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => ends.push(at + 1),
            _ => {}
        }
    }
    for length in 0..=text.len() {
        world.put_text("hris", &text.as_bytes()[..length]);
        let loaded = world.load();
        let between_rows = ends[1..].contains(&length);
        assert_eq!(loaded.state == RosterState::Accepted, between_rows, "cut at byte {length}");
        if between_rows {
            assert!(gate(&loaded, "ROS-1").is_some_and(|gate| !gate.holds && gate.says.contains("nothing proves")));
        }
    }
}

#[test]
fn a_cut_of_an_ndjson_roster_passes_only_between_records() {
    let records = [
        r#"{"person_id":"p-1","employment_type":"employee","start_date":"2020-01-01","time_zone":"UTC"}"#,
        r#"{"person_id":"p-2","employment_type":"employee","start_date":"2020-01-01","time_zone":"UTC","end_date":"2026-07-20","status":"ended"}"#,
    ];
    let text = records.join("\n") + "\n";
    let mut world = world(NOW);
    world.settings.sources[0].format = SourceFormat::Ndjson;
    let ends = [records[0].len(), records[0].len() + 1, text.len() - 1, text.len()];
    for length in 0..=text.len() {
        world.put_text("hris", &text.as_bytes()[..length]);
        let loaded = world.load();
        assert_eq!(loaded.state == RosterState::Accepted, ends.contains(&length), "cut at byte {length}");
    }
}

proptest! {
    #[test]
    fn a_damaged_byte_never_passes_a_manifest(at in 0_usize..800, byte in any::<u8>()) {
        let text = csv(&small());
        let at = at % text.len();
        let mut damaged = text.clone().into_bytes();
        prop_assume!(damaged[at] != byte);
        damaged[at] = byte;
        let mut world = world(NOW);
        with_manifest(&mut world, text.as_bytes(), 6);
        world.put_text("hris", damaged);
        prop_assert!(world.load().roster.is_none());
    }

    #[test]
    fn loading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600), ndjson in any::<bool>()) {
        let mut world = world(NOW);
        if ndjson {
            world.settings.sources[0].format = SourceFormat::Ndjson;
        }
        world.put_text("hris", bytes.clone());
        prop_assert!(world.load().roster.is_none());
        let mut with_header = csv(&[row("p-1")]).into_bytes();
        with_header.extend(&bytes);
        world.put_text("hris", with_header);
        world.load();
        world.files.put("links.yaml", bytes, None);
        world.settings.links = Some(crate::config::ProvenFile { path: PathBuf::from("links.yaml"), sha256: None });
        world.load();
    }
}

#[test]
fn a_missing_or_empty_file_is_held_with_its_path() {
    let mut world = world(NOW);
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-1") && gate(&loaded, "ROS-1").is_some_and(|gate| gate.says.contains("hris.csv")));
    assert_eq!((loaded.state, loaded.facts.digest.clone()), (RosterState::None, None));
    world.put_text("hris", "");
    assert!(holds(&world.load(), "ROS-1"));
    world.put_text("hris", format!("{HEADER}\n"));
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-1") && loaded.roster.is_none(), "zero rows is never valid");
    world.release(&loaded);
    assert!(world.load().roster.is_none(), "not even by an operator's word");
}

#[test]
fn a_roster_in_another_encoding_is_the_same_roster() {
    let text = csv(&small());
    let mut world = world(NOW);
    world.put_text("hris", text.clone());
    let plain = world.load();
    let names = |loaded: &crate::roster::Loaded| person(loaded, "p-002").display_name.clone();
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let marked = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    for bytes in [utf16, marked, text.replace('\n', "\r\n").into_bytes()] {
        world.put_text("hris", bytes);
        let loaded = world.load();
        assert_eq!(loaded.state, RosterState::Accepted);
        assert_eq!(loaded.facts.leavers, plain.facts.leavers);
    }
    let (latin, _, unmapped) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!unmapped);
    world.put_text("hris", latin.into_owned());
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-1") && loaded.problems.iter().any(|problem| problem.says.contains("utf-8")));
    world.settings.sources[0].encoding = Encoding::Windows1252;
    assert_eq!(names(&world.load()), names(&plain));
}

#[test]
fn every_required_column_is_missed_by_its_name() {
    let text = csv(&small());
    for column in ["person_id", "employment_type", "start_date"] {
        let mut world = world(NOW);
        world.put_text("hris", text.replacen(column, &format!("{column}s"), 1));
        let loaded = world.load();
        assert!(holds(&loaded, "ROS-2"), "{column}");
        let says = &gate(&loaded, "ROS-2").expect("the gate").says;
        assert!(says.contains(column) && says.contains("found:"), "{says}");
        let problem = loaded.problems.iter().find(|problem| problem.key == column).expect("the problem");
        assert!(problem.help.as_ref().is_some_and(|help| help.contains(&format!("{column}s"))));
    }
    let mut world = world(NOW);
    let mut gone = text.clone();
    for column in ["end_date", "last_day_worked", "access_end_at"] {
        gone = gone.replacen(column, &format!("old_{column}"), 1);
    }
    world.put_text("hris", gone);
    assert!(holds(&world.load(), "ROS-2"), "a roster of leavers without any column for an end");
    world.put_text("hris", text.replacen(",end_date", ",start_date", 1));
    assert!(world.load().roster.is_none(), "a header that stands twice");
}

#[test]
fn a_declared_column_has_to_be_there() {
    let mut world = world(NOW);
    let source = &mut world.settings.sources[0];
    source.columns.insert("end_date".to_owned(), "Termination Date".to_owned());
    world.put_text("hris", csv(&small()).replacen(",end_date", ",Termination Date", 1));
    let loaded = world.load();
    assert_eq!((loaded.state, loaded.facts.leavers), (RosterState::Accepted, 1));
    world.put_text("hris", csv(&small()).replacen(",end_date", ",Termination date", 1));
    assert!(holds(&world.load(), "ROS-2"), "names are exact");
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let rows = [
        row("p-1").with("employment_type", "employe"),
        row("p-2").with("start_date", "03/04/2026"),
        row("p-3").with("time_zone", "EST"),
        row("p-4").with("start_date", "45139"),
        row("p-5").with("work_email", "nobody"),
        row("p-6").with("stint", "0"),
        row("p-7").with("updated_at", "2026-07-01T00:00:00"),
        row("").with("display_name", "Nobody").with("work_email", ""),
    ];
    let world = world(NOW).rows(&rows);
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-3"));
    let found: Vec<(usize, &str)> =
        loaded.problems.iter().map(|problem| (problem.place.expect("a place").line, problem.key.as_str())).collect();
    assert_eq!(
        found,
        [
            (2, "employment_type"),
            (3, "start_date"),
            (4, "time_zone"),
            (5, "start_date"),
            (6, "work_email"),
            (7, "stint"),
            (8, "updated_at"),
            (9, "person_id"),
        ]
    );
    let help = |line: usize| loaded.problems[line - 2].help.clone().unwrap_or_default();
    assert!(help(2).contains("\"employee\""), "{}", help(2));
    assert!(help(3).contains("date_format"));
    assert!(help(4).contains("tz database"));
    assert!(help(5).contains("spreadsheet"));
    assert!(help(8).contains("26 hours"));
    let place = loaded.problems[0].place.expect("a place");
    assert_eq!((place.column, place.length), ("p-1,,".len() + 1, "employe".len()));
}

#[test]
fn a_few_unreadable_rows_are_said_and_many_are_held() {
    let with_bad = |all: usize, bad: usize| {
        let mut rows = staff(all);
        for bad in &mut rows[..bad] {
            *bad = bad.clone().with("status", "Quittierend");
        }
        world(NOW).rows(&rows).load()
    };
    for (all, bad, held) in
        [(99, 1, true), (100, 1, false), (200, 2, false), (200, 3, true), (900, 5, false), (900, 6, true)]
    {
        let loaded = with_bad(all, bad);
        assert_eq!(holds(&loaded, "ROS-3"), held, "{bad} of {all}");
        assert_eq!(loaded.facts.sources[0].rejected_rows, bad as u64);
    }
    let loaded = with_bad(100, 1);
    let unread = person(&loaded, "p-000");
    assert!(unread.stints.is_empty() && unread.not_judged.is_some(), "an unknown word is never read as active");
}

#[test]
fn declared_words_and_dates_are_read_and_others_are_not() {
    let mut world = world(NOW);
    let source = &mut world.settings.sources[0];
    let words = [("ended".to_owned(), vec!["Terminated".to_owned()])].into_iter().collect();
    source.values.insert("status".to_owned(), words);
    source.date_format = Some("%d/%m/%Y".to_owned());
    source.none_values = vec![String::new(), "00/00/0000".to_owned()];
    let base = |id: &str| row(id).with("start_date", "04/03/2020").with("end_date", "00/00/0000");
    let left = base("p-1").with("status", "Terminated").with("end_date", "03/07/2026");
    world.put_rows("hris", &[left, base("p-2")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-07-04T00:00Z");
    assert_eq!(standing(&loaded, "p-2", &world), "employed");
    world.put_rows("hris", &[base("p-1").with("end_date", "-"), base("p-2")]);
    assert!(holds(&world.load(), "ROS-3"), "a word for nothing has to be declared");
}

/// Midnight in Berlin, written in UTC, is ten at night of the day before: who believed its date would end access a day
/// early, and take the last day of work for use after the end.
#[test]
fn a_date_with_a_time_of_day_is_read_only_where_it_is_midnight() {
    let mut world = world(NOW);
    world.settings.sources[0].date_format = Some("%Y-%m-%dT%H:%M:%SZ".to_owned());
    let base = |id: &str| row(id).with("start_date", "2020-03-04T00:00:00Z").with("end_date", "");
    let left = |end: &str| base("p-1").with("status", "ended").with("end_date", end);
    world.put_rows("hris", &[left("2026-07-03T00:00:00Z"), base("p-2")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2026-07-04T00:00Z");
    world.put_rows("hris", &[left("2026-07-02T22:00:00Z"), base("p-2")]);
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-3"), "{:?}", loaded.facts.gates);
}

#[test]
fn numbers_are_no_ids_and_unknown_keys_are_listed() {
    let mut world = world(NOW);
    world.settings.sources[0].format = SourceFormat::Ndjson;
    let good = r#"{"person_id":"00417","employment_type":"employee","start_date":"2020-01-01","time_zone":"UTC","legal_hold":true,"stint":1,"end_date":null,"shoe_size":44,"aliases":[{"kind":"username","system":"crm","value":"jd","personal":true}]}"#;
    world.put_text("hris", format!("{good}\n"));
    let loaded = world.load();
    assert_eq!(loaded.state, RosterState::Accepted);
    assert!(loaded.notices.iter().any(|notice| notice.id == "roster-columns" && notice.says.contains("shoe_size")));
    assert_eq!(claims(&loaded, "00417"), ["EmployeeNumber 00417 -..-", "Username jd -..-"]);
    for wrong in [
        good.replace("\"00417\"", "417"),
        good.replace("true,\"stint\"", "\"perhaps\",\"stint\""),
        good.replace("username", "nickname"),
        good.replace("\"stint\":1", "\"stint\":1,\"stint\":2"),
        good.replace("\"value\"", "\"valeu\""),
    ] {
        world.put_text("hris", format!("{wrong}\n"));
        let loaded = world.load();
        assert!(loaded.roster.is_none() && !loaded.problems.is_empty(), "{wrong}");
    }
}
