//! Several sources, aliases that join them, and links.

use std::path::PathBuf;

use super::kit::*;
use crate::config::ProvenFile;
use crate::roster::model::{EmploymentType, PersonId, RoleTier, RosterState};

const NOW: &str = "2026-08-01T02:30:00Z";

fn two(first: &[Row], second: &[Row]) -> World {
    let mut world = world(NOW).rows(first);
    let mut other = source("directory");
    other.rank = 2;
    world.settings.sources.push(other);
    world.put_rows("directory", second);
    world
}

#[test]
fn the_later_end_counts_and_the_disagreement_is_told() {
    let world = two(&[row("p-1").ended("2026-07-20"), row("p-2")], &[row("p-1"), row("p-2")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert_eq!(person(&loaded, "p-1").stints.len(), 1, "one employment, two sources");
    assert!(loaded.facts.conflicts.iter().any(|says| says.starts_with("p-1") && says.contains("disagree on the end")));
    let world = two(&[row("p-1").ended("2026-07-20")], &[row("p-1").ended("2026-07-25")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2026-07-26T00:00Z");
    let world = two(&[row("p-1").ended("2026-07-20")], &[row("p-1").ended("2026-07-20")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-07-21T00:00Z");
    assert!(loaded.facts.conflicts.is_empty());
}

#[test]
fn the_higher_rank_wins_what_is_not_an_end_and_a_missing_value_is_filled() {
    let first = row("p-1").with("manager_person_id", "boss");
    let second = row("p-1").with("manager_person_id", "other").with("batch", "b-1");
    let world = two(&[first], &[second]);
    let loaded = world.load();
    let stint = &person(&loaded, "p-1").stints[0];
    assert_eq!(stint.manager.as_ref().map(PersonId::as_str), Some("boss"));
    assert_eq!(stint.batch.as_deref(), Some("b-1"));
    assert_eq!((&*stint.source, stint.role_tier), ("hris", None::<RoleTier>));
}

#[test]
fn stints_of_different_sorts_stay_two_and_unite_for_employment() {
    let first = row("p-1").ended("2026-06-30");
    let second = row("p-1").with("employment_type", "contractor").with("start_date", "2026-06-15");
    let world = two(&[first], &[second]);
    let loaded = world.load();
    let person = person(&loaded, "p-1");
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert_eq!(person.stints.len(), 2);
    assert_eq!(person.stints[1].employment_type, EmploymentType::Contractor);
    assert!(person.gap_before(&person.stints[1]).is_none());
}

#[test]
fn an_alias_joins_the_rows_of_two_sources_and_a_name_never_does() {
    let contractor = row("c-77").with("start_date", "2021-01-01").with("display_name", "Name p-1");
    let rows = [row("p-1").ended("2020-12-31")];
    let apart = two(&rows, std::slice::from_ref(&contractor));
    assert_eq!(apart.load().facts.people, 2);
    let joined = two(&rows, &[contractor]).aliases(&["p-1,provider_id,c-77,directory,,,"]);
    let loaded = joined.load();
    assert_eq!(loaded.facts.people, 1);
    assert_eq!(standing(&loaded, "p-1", &joined), "employed");
    assert!(claims(&loaded, "p-1").contains(&"EmployeeNumber c-77 -..-".to_owned()));
}

#[test]
fn earlier_addresses_belong_to_their_own_stint() {
    let rows = [
        row("p-1").ended("2024-12-31").with("work_email", "old@acme.example").with("source_record_id", "R1"),
        row("p-1")
            .with("start_date", "2025-06-01")
            .with("work_email", "new@acme.example")
            .with("source_record_id", "R2"),
    ];
    let loaded = world(NOW).rows(&rows).load();
    assert_eq!(
        claims(&loaded, "p-1"),
        [
            "Email new@acme.example -..-",
            "Email old@acme.example 2020-01-01..2025-01-01",
            "EmployeeNumber R1 -..-",
            "EmployeeNumber R2 -..-",
            "EmployeeNumber p-1 -..-",
        ]
    );
}

#[test]
fn wrong_aliases_are_listed_and_held_like_wrong_rows() {
    let world = world(NOW).rows(&staff(20)).aliases(&["p-001,username,jd,,,,", "p-002,emial,x@acme.example,,,,"]);
    let loaded = world.load();
    assert!(loaded.roster.is_none());
    let found: Vec<(usize, &str)> =
        loaded.problems.iter().map(|problem| (problem.place.expect("a place").line, problem.key.as_str())).collect();
    assert_eq!(found, [(2, "system"), (3, "kind")]);
}

#[test]
fn an_alias_of_nobody_is_said_and_not_used() {
    let world = world(NOW).rows(&staff(20)).aliases(&["p-nobody,email,x@acme.example,,,,"]);
    let loaded = world.load();
    assert!(has_notice(&loaded, "roster-aliases"));
    assert!(loaded.roster.as_ref().is_some_and(|roster| roster.find("p-nobody").is_none()));
}

#[test]
fn links_are_read_with_the_roster_and_count_in_its_digest() {
    let text = "version: 1\nlinks:\n  - { person_id: p-001, system: crm, login: jd, reviewer: p-002, date: 2026-07-01, reason: seen with the owner }\n";
    let mut world = world(NOW).rows(&staff(20));
    let without = world.load().facts.digest;
    world.settings.links = Some(ProvenFile { path: PathBuf::from("links.yaml"), sha256: None });
    world.files.put("links.yaml", text, None);
    let loaded = world.load();
    assert_eq!(loaded.roster.as_ref().map(|roster| roster.links().len()), Some(1));
    assert_ne!(loaded.facts.digest, without);
    world.files.put("links.yaml", text.replace("p-001", "p-900"), None);
    assert!(has_notice(&world.load(), "roster-links"));
    world.files.put("links.yaml", text.replace("login: jd, ", ""), None);
    let loaded = world.load();
    assert!(loaded.roster.is_none() && loaded.state == RosterState::None);
    assert!(loaded.problems.iter().any(|problem| problem.says.contains("grant_id or login")));
}

#[test]
fn the_digest_of_a_roster_is_that_of_its_files() {
    let world = world(NOW).rows(&staff(3));
    let file = crate::roster::intake::sha256_hex(csv(&staff(3)).as_bytes());
    let expected = crate::roster::intake::sha256_hex(format!("hris {file}\n").as_bytes());
    assert_eq!(world.load().facts.digest, Some(expected));
}
