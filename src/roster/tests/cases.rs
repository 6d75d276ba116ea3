//! The cases a roster has to survive: what real HR data looks like.

use super::kit::*;
use crate::roster::model::{EmploymentType, EndBasis, EndSource, LeavePolicy, Standing, TerminationType};
use crate::roster::settings::{EndDateMeaning, SourceCoverage};

const NOW: &str = "2026-08-01T02:30:00Z";

#[test]
fn a_future_end_is_no_end_yet() {
    let world = world(NOW).rows(&[row("p-1").with("end_date", "2026-08-31"), row("p-2").ended("2026-07-30")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert_eq!(standing(&loaded, "p-2", &world), "left 2026-07-31T00:00Z");
    assert_eq!(loaded.facts.leavers, 1);
}

#[test]
fn the_workers_zone_decides_when_the_day_is_over() {
    let rows = [
        row("west").with("time_zone", "America/Los_Angeles").ended("2026-07-31"),
        row("east").with("time_zone", "Asia/Kolkata").ended("2026-07-31"),
        row("tonga").with("time_zone", "Pacific/Tongatapu").ended("2026-08-01"),
        row("samoa").with("time_zone", "Pacific/Pago_Pago").ended("2026-07-30"),
    ];
    let world = world(NOW).rows(&rows);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "west", &world), "employed", "it is still the last day there");
    assert_eq!(standing(&loaded, "east", &world), "left 2026-07-31T18:30Z");
    assert_eq!(standing(&loaded, "tonga", &world), "employed");
    assert_eq!(standing(&loaded, "samoa", &world), "left 2026-07-31T11:00Z");
}

#[test]
fn a_default_zone_makes_the_end_an_interval() {
    let mut world = world(NOW).rows(&[row("p-1").with("time_zone", "").ended("2026-07-29"), row("p-2")]);
    world.settings.sources[0].default_time_zone = Some("Europe/Berlin".to_owned());
    let loaded = world.load();
    let end = person(&loaded, "p-1").stints[0].end.clone().expect("an end");
    assert!(end.zone_is_default && !end.is_exact());
    assert_eq!(end.at, instant("2026-07-29T22:00:00Z"));
    assert_eq!(end.earliest, instant("2026-07-29T10:00:00Z"));
    assert_eq!(end.latest, instant("2026-07-30T12:00:00Z"));
    world.settings.sources[0].default_time_zone = None;
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-3") && loaded.roster.is_none(), "no zone and no default is no instant");
}

#[test]
fn access_end_at_overrides_every_date() {
    let end = row("p-1").ended("2026-07-31").with("access_end_at", "2026-07-30T15:04:00+02:00");
    let world = world(NOW).rows(&[end]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-07-30T13:04Z");
    let end = person(&loaded, "p-1").stints[0].end.clone().expect("an end");
    assert!(end.is_exact() && end.source == EndSource::AccessEndAt);
}

#[test]
fn garden_leave_ends_access_with_the_last_day_worked_unless_the_basis_says_otherwise() {
    let leaver =
        row("p-1").with("status", "garden_leave").with("last_day_worked", "2026-07-15").with("end_date", "2026-09-30");
    let mut world = world(NOW).rows(&[leaver]);
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2026-07-16T00:00Z");
    world.end_basis = EndBasis::EndDate;
    assert_eq!(standing(&world.load(), "p-1", &world), "employed");
    world.end_basis = EndBasis::LastDayWorked;
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2026-07-16T00:00Z");
}

#[test]
fn the_meaning_of_the_end_date_moves_it_by_a_day() {
    let mut world = world(NOW).rows(&[row("p-1").ended("2026-07-31")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2026-08-01T00:00Z");
    world.settings.sources[0].end_date_meaning = EndDateMeaning::FirstDayExcluded;
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2026-07-31T00:00Z");
}

#[test]
fn a_rehire_after_a_gap_is_employed_and_has_a_gap() {
    let rows = [
        row("p-1").ended("2025-03-31"),
        row("p-1").with("start_date", "2026-01-01"),
        row("p-2").ended("2025-12-31"),
        row("p-2").with("employment_type", "contractor").with("start_date", "2026-01-01"),
    ];
    let world = world(NOW).rows(&rows);
    let loaded = world.load();
    let rehired = person(&loaded, "p-1");
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert_eq!(rehired.gap_before(&rehired.stints[1]).map(|end| end.at), Some(instant("2025-04-01T00:00:00Z")));
    let converted = person(&loaded, "p-2");
    assert_eq!(converted.stints[1].employment_type, EmploymentType::Contractor);
    assert!(converted.gap_before(&converted.stints[1]).is_none(), "adjoining stints are one employment");
    assert_eq!(rehired.stints.iter().map(|stint| stint.number).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn whoever_moves_to_another_zone_from_one_day_to_the_next_has_no_gap() {
    let moved = |start: &str| {
        [
            row("p-1").ended("2026-06-30").with("time_zone", "Europe/Berlin"),
            row("p-1").with("start_date", start).with("time_zone", "America/Los_Angeles"),
        ]
    };
    let world = world(NOW).rows(&moved("2026-07-01"));
    let loaded = world.load();
    let next_day = person(&loaded, "p-1");
    assert!(next_day.gap_before(&next_day.stints[1]).is_none(), "the first of July begins nine hours later there");
    let between = next_day.standing(instant("2026-07-01T02:00:00Z"), LeavePolicy::KeepAccess);
    assert!(matches!(between, Standing::Employed { .. }), "{between:?}");
    let world = super::kit::world(NOW).rows(&moved("2026-07-02"));
    let loaded = world.load();
    let day_after = person(&loaded, "p-1");
    assert!(day_after.gap_before(&day_after.stints[1]).is_some(), "a day between is a gap");
}

#[test]
fn leave_keeps_access_unless_the_policy_suspends_it() {
    let mut world = world(NOW).rows(&[row("p-1").with("status", "leave")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "employed");
    world.leave = LeavePolicy::SuspendAccess;
    assert_eq!(standing(&world.load(), "p-1", &world), "suspended");
}

#[test]
fn a_death_is_an_end_like_any_other_and_is_known_as_one() {
    let world = world(NOW).rows(&[row("p-1").ended("2026-07-20").with("termination_type", "death")]);
    let loaded = world.load();
    assert_eq!(person(&loaded, "p-1").stints[0].termination_type, Some(TerminationType::Death));
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-07-21T00:00Z");
}

#[test]
fn a_contractor_extended_on_the_last_day_stays() {
    let mut world = world("2026-07-31T12:00:00Z").rows(&[row("p-1").with("end_date", "2026-07-31"), row("p-2")]);
    world.run();
    world.at("2026-07-31T18:00:00Z");
    world.put_rows("hris", &[row("p-1").with("end_date", "2026-12-31"), row("p-2")]);
    world.run();
    world.at("2026-08-02T00:00:00Z");
    let modified = world.now;
    world.files.put("hris.csv", csv(&[row("p-1").with("end_date", "2026-12-31"), row("p-2")]), Some(modified));
    assert_eq!(standing(&world.load(), "p-1", &world), "employed");
}

#[test]
fn a_backdated_end_is_long_past_and_newly_known() {
    let mut world = world("2026-07-30T12:00:00Z").rows(&[row("p-1"), row("p-2")]);
    world.run();
    world.at(NOW);
    world.put_rows("hris", &[row("p-1").ended("2026-05-31"), row("p-2")]);
    let loaded = world.run();
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-06-01T00:00Z");
    assert_eq!(person(&loaded, "p-1").stints[0].end.as_ref().and_then(|end| end.known_at), Some(instant(NOW)));
    world.at("2026-08-02T02:30:00Z");
    world.put_rows("hris", &[row("p-1").ended("2026-05-31"), row("p-2"), row("p-3")]);
    let again = world.run();
    let known = person(&again, "p-1").stints[0].end.as_ref().and_then(|end| end.known_at);
    assert_eq!(known, Some(instant(NOW)), "known since the first roster that said it");
}

#[test]
fn only_an_explicit_status_with_a_newer_date_takes_an_end_back() {
    let mut world = world("2026-07-30T12:00:00Z").rows(&[row("p-1").ended("2026-07-20"), row("p-2")]);
    world.run();
    world.at(NOW);
    let back = row("p-1").with("updated_at", "2026-07-31T10:00:00Z");
    world.put_rows("hris", &[back.clone(), row("p-2")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert!(has_notice(&loaded, "roster-returned"));
    // The same without a newer date, and without a status: the end stays.
    for silent in [back.clone().with("updated_at", "2026-07-01T00:00:00Z"), back.with("status", "")] {
        world.put_rows("hris", &[silent, row("p-2")]);
        let loaded = world.load();
        assert_eq!(standing(&loaded, "p-1", &world), "left 2026-07-21T00:00Z");
        assert!(has_notice(&loaded, "roster-conflict") && !has_notice(&loaded, "roster-returned"));
    }
}

#[test]
fn a_newer_active_row_of_the_same_source_takes_an_end_back() {
    let ended = row("p-1").ended("2026-07-20");
    let newer = row("p-1").with("updated_at", "2026-07-25T00:00:00Z");
    let mut world = world(NOW).rows(&[ended.clone(), newer, row("p-2")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert!(loaded.facts.conflicts.iter().any(|says| says.contains("taken back")));
    world.put_rows("hris", &[ended, row("p-1").with("updated_at", ""), row("p-2")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "not judged", "without dates neither row is the newer one");
}

#[test]
fn two_rows_that_contradict_each_other_judge_nobody() {
    let rows = [row("p-1").ended("2026-07-20"), row("p-1").ended("2026-06-20"), row("p-2").ended("2026-07-20")];
    let mut all = rows.to_vec();
    all.push(rows[2].clone());
    let world = world(NOW).rows(&all);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "not judged");
    assert_eq!(standing(&loaded, "p-2", &world), "left 2026-07-21T00:00Z", "the same row twice is one row");
    assert_eq!(person(&loaded, "p-2").stints.len(), 1);
    assert_eq!(loaded.facts.sources[0].ambiguous_people, 1);
}

#[test]
fn an_id_given_to_another_person_judges_nobody() {
    let old = row("p-1").ended("2024-12-31").with("display_name", "Ann Old").with("work_email", "ann@acme.example");
    let new = row("p-1")
        .with("start_date", "2026-01-01")
        .with("display_name", "Ben New")
        .with("work_email", "ben@acme.example");
    let world = world(NOW).rows(&[old.clone(), new.clone()]);
    assert_eq!(standing(&world.load(), "p-1", &world), "not judged");
    // A name change alone, or a new address alone, is the same person.
    for same in [new.clone().with("work_email", "ann@acme.example"), new.with("display_name", "Ann Old")] {
        let world = world.clone().rows(&[old.clone(), same]);
        assert_eq!(standing(&world.load(), "p-1", &world), "employed");
    }
}

#[test]
fn a_source_that_overwrites_its_rows_does_not_lose_the_earlier_stint() {
    let first = row("p-1").ended("2026-03-31");
    let mut world = world("2026-07-30T12:00:00Z").rows(&[first, row("p-2")]);
    world.run();
    world.at(NOW);
    let overwritten = row("p-1").with("start_date", "2026-07-15").with("updated_at", "2026-07-14T00:00:00Z");
    world.put_rows("hris", &[overwritten.clone(), row("p-2")]);
    let loaded = world.run();
    let person = person(&loaded, "p-1");
    assert_eq!(standing(&loaded, "p-1", &world), "employed");
    assert_eq!(person.gap_before(&person.stints[1]).map(|end| end.at), Some(instant("2026-04-01T00:00:00Z")));
    // And if it is somebody else by name and address, nobody is judged.
    let other = overwritten.with("display_name", "Else").with("work_email", "else@acme.example");
    world.put_rows("hris", &[other, row("p-2")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "not judged");
}

#[test]
fn a_reused_address_belongs_to_each_in_their_own_window() {
    let rows = [
        row("p-1").ended("2024-12-31").with("work_email", "j.doe@acme.example"),
        row("p-2").with("start_date", "2026-01-01").with("work_email", "J.Doe@acme.example"),
    ];
    let world = world(NOW).rows(&rows).aliases(&[
        "p-1,email,j.doe@acme.example,,,2020-01-01,2024-12-31",
        "p-2,email,j.doe@acme.example,,,2026-01-01,",
    ]);
    let loaded = world.load();
    assert_eq!(claims(&loaded, "p-1"), ["Email j.doe@acme.example 2020-01-01..2025-01-01", "EmployeeNumber p-1 -..-"]);
    assert_eq!(claims(&loaded, "p-2"), ["Email j.doe@acme.example 2026-01-01..-", "EmployeeNumber p-2 -..-"]);
    let open = self::world(NOW).rows(&rows).load();
    assert_eq!(claims(&open, "p-1")[0], "Email j.doe@acme.example -..-");
}

#[test]
fn a_managers_leaving_changes_nothing_for_the_others() {
    let rows = [row("boss").ended("2026-07-20"), row("p-1").ended("2026-07-25").with("manager_person_id", "boss")];
    let world = world(NOW).rows(&rows);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "boss", &world), "left 2026-07-21T00:00Z");
    let manager = person(&loaded, "p-1").stints[0].manager.clone().expect("a manager");
    assert_eq!(manager.as_str(), "boss");
}

#[test]
fn a_name_change_keeps_the_person() {
    let mut world = world("2026-07-30T12:00:00Z").rows(&[row("p-1").ended("2026-07-20"), row("p-2")]);
    world.run();
    world.at(NOW);
    let married =
        row("p-1").ended("2026-07-20").with("display_name", "Else Who").with("work_email", "else@acme.example");
    world.put_rows("hris", &[married, row("p-2")]);
    assert_eq!(standing(&world.load(), "p-1", &world), "left 2026-07-21T00:00Z");
}

#[test]
fn ids_keep_their_leading_zeros() {
    let world = world(NOW).rows(&[row("00417").ended("2026-07-20"), row("417")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "00417", &world), "left 2026-07-21T00:00Z");
    assert_eq!(standing(&loaded, "417", &world), "employed");
}

#[test]
fn what_contradicts_itself_inside_a_row_judges_nobody() {
    let rows = [
        row("ended-open").with("status", "ended"),
        row("turned").with("start_date", "2026-05-01").ended("2026-04-01"),
        row("worked-on").ended("2026-06-01").with("last_day_worked", "2026-06-15"),
        row("far").ended("2026-07-01").with("access_end_at", "2026-03-01T00:00:00Z"),
    ];
    for wrong in rows {
        let id = wrong.0["person_id"].clone();
        let mut people = staff(20);
        people.push(wrong);
        let world = world(NOW).rows(&people);
        let loaded = world.load();
        assert_eq!(standing(&loaded, &id, &world), "not judged", "{id}");
        assert!(loaded.facts.conflicts.iter().any(|says| says.starts_with(&id)), "{:?}", loaded.facts.conflicts);
    }
    let near = row("near").ended("2026-07-01").with("access_end_at", "2026-06-10T00:00:00Z");
    let world = world(NOW).rows(&[near]);
    assert_eq!(standing(&world.load(), "near", &world), "left 2026-06-10T00:00Z");
}

#[test]
fn an_active_status_after_a_long_past_end_is_said_and_the_dates_decide() {
    let world =
        world(NOW).rows(&[row("p-1").with("end_date", "2026-05-31"), row("p-2").with("end_date", "2026-07-30")]);
    let loaded = world.load();
    assert_eq!(standing(&loaded, "p-1", &world), "left 2026-06-01T00:00Z");
    assert!(loaded.facts.conflicts.iter().any(|says| says.starts_with("p-1")));
    assert!(!loaded.facts.conflicts.iter().any(|says| says.starts_with("p-2")), "two days are the lag of any process");
}

#[test]
fn a_person_missing_from_a_full_roster_has_not_left() {
    let mut people = staff(30);
    let mut world = world("2026-07-30T12:00:00Z").rows(&people);
    world.run();
    let gone = people.remove(3);
    assert_eq!(gone.0["person_id"], "p-003");
    world.at(NOW);
    world.put_rows("hris", &people);
    let loaded = world.run();
    assert_eq!(standing(&loaded, "p-003", &world), "employed");
    assert!(has_notice(&loaded, "roster-vanished"));
    assert_eq!(claims(&loaded, "p-003"), ["Email p-003@acme.example -..-", "EmployeeNumber p-003 -..-"]);
}

#[test]
fn a_person_missing_from_a_list_of_active_people_is_presumed_to_have_left() {
    let mut people = staff(30);
    let mut world = world("2026-07-30T12:00:00Z").rows(&people);
    world.settings.sources[0].coverage = SourceCoverage::Active;
    world.run();
    people.remove(3);
    world.at(NOW);
    world.put_rows("hris", &people);
    let loaded = world.run();
    let end = person(&loaded, "p-003").stints[0].end.clone().expect("a presumed end");
    assert_eq!(end.source, EndSource::PresumedFromAbsence);
    assert_eq!((end.earliest, end.latest), (instant("2026-07-30T11:00:00Z"), instant("2026-08-01T01:30:00Z")));
    assert!(has_notice(&loaded, "roster-presumed"));
    // Still absent: the same end. Back on the list: the presumption falls.
    world.at("2026-08-02T02:30:00Z");
    world.put_rows("hris", &people);
    assert_eq!(standing(&world.load(), "p-003", &world), "left 2026-08-01T01:30Z");
    world.put_rows("hris", &staff(30));
    assert_eq!(standing(&world.load(), "p-003", &world), "employed");
}

#[test]
fn a_list_of_leavers_judges_nobody_outside_it() {
    let mut world = world(NOW).rows(&[row("p-1").ended("2026-07-20")]);
    world.settings.sources[0].coverage = SourceCoverage::Leavers;
    let loaded = world.run();
    assert_eq!(loaded.facts.people, 1);
    world.at("2026-08-02T02:30:00Z");
    world.put_rows("hris", &[row("p-2").ended("2026-07-31")]);
    let loaded = world.run();
    assert_eq!(
        standing(&loaded, "p-1", &world),
        "left 2026-07-21T00:00Z",
        "out of the window is not back in employment"
    );
}

#[test]
fn an_end_that_is_kept_against_the_files_is_counted_once() {
    let mut rows = staff(60);
    for leaver in &mut rows[..5] {
        *leaver = leaver.clone().ended("2026-07-20");
    }
    let mut world = world("2026-07-25T12:00:00Z").rows(&rows);
    world.run();
    world.week_ago = world.accepted.as_ref().map(|accepted| accepted.figures.clone());
    for day in 0..5 {
        world.now += chrono::TimeDelta::hours(20);
        let mut rows = staff(60);
        rows.push(row(&format!("new-{day}")));
        world.put_rows("hris", &rows);
        let loaded = world.run();
        assert!(!holds(&loaded, "ROS-15") && !holds(&loaded, "ROS-6"), "{:?}", loaded.facts.gates);
        assert_eq!(standing(&loaded, "p-004", &world), "left 2026-07-21T00:00Z");
    }
}

#[test]
fn a_contradiction_between_two_rosters_is_no_way_back_into_employment() {
    let with = |rows: &[Row]| staff(40).into_iter().chain(rows.iter().cloned()).collect::<Vec<_>>();
    let leaver = row("p-x").ended("2026-07-20");
    let mut world = world("2026-07-30T12:00:00Z").rows(&with(std::slice::from_ref(&leaver)));
    world.run();
    world.at("2026-07-31T12:00:00Z");
    world.put_rows("hris", &with(&[leaver, row("p-x")]));
    assert_eq!(standing(&world.run(), "p-x", &world), "not judged");
    world.at(NOW);
    world.put_rows("hris", &with(&[row("p-x")]));
    for _ in 0..2 {
        assert_eq!(standing(&world.run(), "p-x", &world), "not judged", "silence does not resolve it");
    }
    world.put_rows("hris", &with(&[row("p-x").with("updated_at", "2026-07-31T00:00:00Z")]));
    assert_eq!(standing(&world.run(), "p-x", &world), "employed", "an explicit newer row does");
}

#[test]
fn a_row_that_turns_unreadable_does_not_end_a_watch() {
    let mut rows = staff(120);
    rows[3] = row("p-003").ended("2026-07-20");
    let mut world = world("2026-07-30T12:00:00Z").rows(&rows);
    world.run();
    world.at(NOW);
    rows[3] = row("p-003").with("status", "gone");
    world.put_rows("hris", &rows);
    assert_eq!(standing(&world.run(), "p-003", &world), "left 2026-07-21T00:00Z");
    // Somebody in employment whose row cannot be read is not judged by it.
    rows[3] = row("p-003").ended("2026-07-20");
    rows[4] = row("p-004").with("status", "gone");
    world.put_rows("hris", &rows);
    assert_eq!(standing(&world.run(), "p-004", &world), "not judged");
}

#[test]
fn a_manager_on_no_source_is_said() {
    let world = world(NOW).rows(&[row("p-1").with("manager_person_id", "p-9")]);
    assert!(has_notice(&world.load(), "roster-managers"));
    let world = world.rows(&[row("p-1").with("manager_person_id", "p-9"), row("p-9")]);
    assert!(!has_notice(&world.load(), "roster-managers"));
}
