//! A directory beside HR, and what came over HTTP.

use scan_contract::Cause;
use scan_hr::Fetched;

use super::kit::{World, gate, holds, person, row, source, staff, standing, world};
use crate::roster::fetched::WithFetched;
use crate::roster::settings::{Authority, RosterSettings, Service, SourceFormat};
use crate::roster::{LoadInput, Loaded, RosterState, load};

fn two(now: &str) -> World {
    let mut world = world(now);
    let mut directory = source("accounts");
    directory.authority = Authority::Directory;
    directory.rank = 2;
    world.settings.sources.push(directory);
    world
}

#[test]
fn an_open_account_extends_no_employment() {
    let mut world = two("2026-08-03T06:00:00Z").rows(&[row("p-1").ended("2026-07-31"), row("p-2")]);
    world.put_rows("accounts", &[row("p-1"), row("p-2")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-08-01T00:00Z");
    assert_eq!(standing(&loaded, "p-2", &world), "employed");
    assert!(loaded.facts.conflicts.iter().any(|says| says.contains("p-1") && says.contains("still lists an account")));
    // The same two sources without a directory: the later end counts, and p-1 would be employed.
    world.settings.sources[1].authority = Authority::Employment;
    assert_eq!(standing(&world.load(), "p-1", &world), "employed");
}

#[test]
fn an_account_that_ended_ends_no_employment_and_is_told() {
    let mut world = two("2026-08-03T06:00:00Z").rows(&[row("p-1")]);
    world.put_rows("accounts", &[row("p-1").ended("2026-07-20")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert!(loaded.facts.conflicts.iter().any(|says| says.contains("hris says employed, which counts")));
}

#[test]
fn an_account_opened_after_the_end_makes_nobody_an_employee_again() {
    let mut world = two("2026-08-03T06:00:00Z").rows(&[row("p-1").ended("2024-07-31")]);
    world.put_rows("accounts", &[row("p-1").with("start_date", "2026-01-01")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2024-08-01T00:00Z");
}

#[test]
fn two_spells_of_hr_stay_two_beside_one_account() {
    let second = row("p-1").with("start_date", "2026-01-01");
    let mut world = two("2026-08-03T06:00:00Z").rows(&[row("p-1").ended("2024-07-31"), second]);
    world.put_rows("accounts", &[row("p-1")]);
    assert_eq!(person(&world.load(), "p-1").stints.len(), 2, "the gap between them is not bridged");
}

#[test]
fn whoever_stands_in_a_directory_alone_is_judged_by_it() {
    let mut world = two("2026-08-03T06:00:00Z").rows(&[row("p-1")]);
    world.put_rows("accounts", &[row("p-1"), row("p-8"), row("p-9").ended("2026-07-20")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-8", &world), "employed");
    assert_eq!(standing(&loaded, "p-9", &world), "left 2026-07-21T00:00Z");
}

#[test]
fn what_is_wrong_with_an_account_keeps_nobody_from_being_judged_whom_hr_knows() {
    let ended_without_end = |id: &str| row(id).with("status", "ended");
    let mut world = two("2026-08-03T06:00:00Z").rows(&[row("p-1").ended("2026-07-31"), row("p-2")]);
    world.put_rows("accounts", &[ended_without_end("p-1"), row("p-2").with("status", "odd"), ended_without_end("p-9")]);
    // A row that cannot be used holds so small a roster; an operator looks at it.
    let held = world.load();
    assert!(holds(&held, "ROS-3"));
    world.release(&held);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-08-01T00:00Z");
    assert_eq!(standing(&loaded, "p-2", &world), "employed");
    assert_eq!(standing(&loaded, "p-9", &world), "not judged");
    // In a source of employment the same rows judge nobody.
    world.settings.sources[1].authority = Authority::Employment;
    assert_eq!(standing(&world.load(), "p-1", &world), "not judged");
}

#[test]
fn a_held_roster_still_knows_which_source_was_a_directory() {
    let mut rows = staff(20);
    rows.push(row("p-1").ended("2026-07-31"));
    let mut world = two("2026-08-03T06:00:00Z").rows(&rows);
    world.put_rows("accounts", &[row("p-1")]);
    assert_eq!(world.run().state, RosterState::Accepted);
    world.put_rows("hris", &staff(3));
    let held = world.load();
    assert_eq!(held.state, RosterState::Held);
    assert_eq!(standing(&held, "p-1", &world), "left 2026-08-01T00:00Z");
}

fn service() -> Box<Service> {
    let base = url::Url::parse("https://api.bamboohr.com").expect("an address");
    let system = scan_hr::System::BambooHr(scan_hr::bamboohr::BambooHr {
        base,
        company: String::from("acme"),
        api_key: scan_transport::SecretRef::Environment(String::from("KEY")),
    });
    Box::new(Service {
        source: scan_hr::Source {
            id: String::from("hris"),
            system,
            connection: scan_transport::Connection::default(),
            columns: std::collections::BTreeMap::new(),
            fallbacks: std::collections::BTreeMap::new(),
            zones: std::collections::BTreeMap::new(),
            employment_type: String::from("employee"),
            ended_words: Vec::new(),
            none_values: Vec::new(),
            dates: scan_hr::Dates::Iso,
            leavers: scan_hr::Leavers::Expected,
        },
        replay: None,
    })
}

/// A roster of one service, which gave this.
fn over_http(world: &World, given: Result<Fetched, Cause>) -> Loaded {
    let mut hris = source("hris");
    hris.format = SourceFormat::Ndjson;
    hris.path = "https://api.bamboohr.com/report#hris".into();
    hris.manifest = Some("https://api.bamboohr.com/report#hris.manifest".into());
    hris.service = Some(service());
    let settings = RosterSettings { sources: vec![hris], ..RosterSettings::default() };
    let mut documents = WithFetched::new(&world.files);
    documents.put(&settings.sources[0], given);
    load(&LoadInput {
        settings: &settings,
        documents: &documents,
        now: world.now,
        end_basis: world.end_basis,
        leave_policy: world.leave,
        previous: world.accepted.as_ref(),
        week_ago_figures: None,
        released: &|_| None,
        matched_share: None,
    })
}

fn table(world: &World, lines: &[&str]) -> Fetched {
    let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    Fetched {
        sha256: crate::roster::intake::sha256_hex(text.as_bytes()),
        rows: lines.len() as u64,
        table: text.into(),
        as_of: world.now,
        announced: None,
        proof: "for the test",
        notices: Vec::new(),
    }
}

const ANA: &str = r#"{"person_id":"p-1","employment_type":"employee","status":"ended","start_date":"2020-01-01","end_date":"2026-07-31","time_zone":"UTC"}"#;
const BEA: &str = r#"{"person_id":"p-2","employment_type":"employee","status":"active","start_date":"2020-01-01","end_date":null,"time_zone":"UTC"}"#;

#[test]
fn what_was_fetched_is_judged_like_a_file_that_is_proven_whole() {
    let world = world("2026-08-03T06:00:00Z");
    let loaded = over_http(&world, Ok(table(&world, &[ANA, BEA])));
    assert_eq!(loaded.state, RosterState::Accepted);
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-08-01T00:00Z");
    assert!(gate(&loaded, "ROS-1").is_none() && gate(&loaded, "ROS-7").is_none(), "{:?}", loaded.facts.gates);
}

#[test]
fn what_was_not_fetched_is_a_refusal_by_the_first_gate_told_once() {
    let world = world("2026-08-03T06:00:00Z");
    let cause = Cause::Denied { permission: String::from("workers.read (GET /workers: 403)") };
    let loaded = over_http(&world, Err(cause));
    assert_eq!(loaded.state, RosterState::None);
    let says: Vec<&str> = loaded.facts.gates.iter().map(|gate| gate.says.as_str()).collect();
    assert_eq!(says, ["https://api.bamboohr.com/report#hris: denied: needs workers.read (GET /workers: 403)"]);
    assert_eq!(loaded.problems.len(), 1);
}

#[test]
fn a_fetched_table_that_names_no_end_is_refused_and_one_that_lost_a_deciding_field_holds() {
    let mut world = world("2026-08-03T06:00:00Z");
    let without = |line: &str| line.replace(r#""end_date":"2026-07-31","#, "").replace(r#""end_date":null,"#, "");
    let loaded = over_http(&world, Ok(table(&world, &[&without(ANA), &without(BEA)])));
    assert!(holds(&loaded, "ROS-2"), "{:?}", loaded.facts.gates);
    let with_day = BEA.replace(r#""end_date":null"#, r#""end_date":null,"last_day_worked":null"#);
    let first = over_http(&world, Ok(table(&world, &[ANA, &with_day])));
    world.accepted = first.accept;
    let loaded = over_http(&world, Ok(table(&world, &[ANA, BEA])));
    assert!(holds(&loaded, "ROS-2"), "last_day_worked decides, and it is gone: {:?}", loaded.facts.gates);
}
