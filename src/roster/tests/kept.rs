//! What is kept of people of whom the files say less than they said before.

use super::kit::*;

const BEFORE: &str = "2026-07-30T12:00:00Z";
const NOW: &str = "2026-08-01T02:30:00Z";
const LATER: &str = "2026-08-02T02:30:00Z";

/// Forty people, the first `ends` of whom leave on 31 July.
fn company(ends: usize) -> Vec<Row> {
    let mut rows = staff(40);
    for row in &mut rows[..ends] {
        *row = row.clone().with("end_date", "2026-07-31");
    }
    rows
}

#[test]
fn an_end_that_has_passed_since_the_roster_was_accepted_is_not_undone_by_an_emptied_cell() {
    let mut world = world(BEFORE).rows(&company(1));
    world.run();
    world.at(NOW);
    world.put_rows("hris", &staff(40));
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-000", &world), "left 2026-08-01T00:00Z");
    assert!(has_notice(&loaded, "roster-conflict"));
    // The twins: the end had not passed yet, or HR says with a newer date that somebody stays.
    world.at("2026-07-31T12:00:00Z");
    world.put_rows("hris", &staff(40));
    assert_eq!(standing(&world.load(), "p-000", &world), "employed");
    world.at(NOW);
    let mut rows = staff(40);
    rows[0] = row("p-000").with("updated_at", "2026-07-31T18:00:00Z");
    world.put_rows("hris", &rows);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-000", &world), "employed");
    assert!(has_notice(&loaded, "roster-returned"));
}

#[test]
fn many_ends_that_are_gone_are_held_also_where_they_passed_after_the_roster_was_accepted() {
    let mut world = world(BEFORE).rows(&company(15));
    world.run();
    world.at(NOW);
    world.put_rows("hris", &staff(40));
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-6"), "{:?}", loaded.facts.gates);
    assert_eq!(standing(&loaded, "p-014", &world), "left 2026-08-01T00:00Z");
    assert_eq!(standing(&loaded, "p-015", &world), "employed");
}

#[test]
fn an_address_that_hr_empties_or_replaces_when_somebody_leaves_is_kept() {
    for address in ["", "ana@home.example"] {
        let mut world = world(BEFORE).rows(&staff(40));
        world.run();
        let mut rows = staff(40);
        rows[0] = row("p-000").ended("2026-07-31").with("work_email", address);
        for day in [NOW, LATER, "2026-08-03T02:30:00Z"] {
            world.at(day);
            world.put_rows("hris", &rows);
            let loaded = world.run();
            let known = claims(&loaded, "p-000");
            let theirs = String::from("Email p-000@acme.example -..2026-08-01");
            assert!(known.contains(&theirs), "{day}, {address:?}: {known:?}");
            assert_eq!(standing(&loaded, "p-000", &world), "left 2026-08-01T00:00Z");
            assert!(loaded.facts.conflicts.is_empty(), "{:?}", loaded.facts.conflicts);
        }
        // Whoever stays and is called otherwise now has the new address alone, as before.
        let mut rows = staff(40);
        rows[1] = row("p-001").with("work_email", "new@acme.example");
        world.put_rows("hris", &rows);
        assert!(!claims(&world.load(), "p-001").contains(&String::from("Email p-001@acme.example -..-")));
    }
}

#[test]
fn addresses_that_are_kept_count_as_lost_once_and_whoever_vanishes_then_counts_still() {
    let mut world = world(BEFORE).rows(&staff(40));
    world.run();
    let mut rows = staff(40);
    for row in &mut rows[..3] {
        *row = row.clone().ended("2026-07-31").with("work_email", "");
    }
    world.at(NOW);
    world.put_rows("hris", &rows);
    world.run();
    world.at(LATER);
    world.put_rows("hris", &rows);
    assert!(world.run().facts.gates.iter().all(|gate| !gate.holds));
    world.put_rows("hris", &rows[3..]);
    let loaded = world.load();
    assert!(has_notice(&loaded, "roster-vanished"));
    assert_eq!(standing(&loaded, "p-000", &world), "left 2026-08-01T00:00Z");
    assert!(claims(&loaded, "p-000").contains(&String::from("Email p-000@acme.example -..2026-08-01")));
}

#[test]
fn whose_row_cannot_be_used_keeps_the_identifiers_it_names() {
    let mut rows = staff(120);
    rows.push(row("p-x").ended("2026-07-20").with("termination_type", "layoff").with("source_record_id", "R-9"));
    let world = world(NOW).rows(&rows);
    let loaded = world.load();
    assert_eq!(loaded.facts.sources[0].rejected_rows, 1);
    assert_eq!(standing(&loaded, "p-x", &world), "not judged");
    let known = claims(&loaded, "p-x");
    assert_eq!(known[..2], ["Email p-x@acme.example -..-", "EmployeeNumber R-9 -..-"], "{known:?}");
}

#[test]
fn a_row_that_cannot_be_used_is_the_person_s_whom_an_alias_names() {
    let mut world = world(NOW).rows(&staff(120)).aliases(&["p-001,provider_id,c-77,directory,,,"]);
    let mut other = source("directory");
    other.rank = 2;
    world.settings.sources.push(other);
    let mut rows = staff(120);
    rows.push(row("c-77").with("status", "Quittierend"));
    world.put_rows("directory", &rows);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-001", &world), "not judged");
    assert_eq!(loaded.facts.people, 120, "nobody new came of it");
}

#[test]
fn a_source_and_a_system_may_go_by_one_name() {
    let world = world(NOW).rows(&staff(3)).aliases(&["p-001,provider_id,u-9,hris,,,"]);
    assert!(claims(&world.load(), "p-001").contains(&String::from("ProviderId u-9 -..-")));
}
