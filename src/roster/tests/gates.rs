//! Gates at, below and above their limits, with a roster on each side.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::kit::*;
use crate::roster::Loaded;
use crate::roster::load::{ACCEPTED_AS_BASELINE, ACCEPTED_BY_GATES, ACCEPTED_BY_OPERATOR};
use crate::roster::model::RosterState;
use crate::roster::settings::{ExpectedBatch, SourceCoverage};

const FIRST: &str = "2026-07-30T12:00:00Z";
const NOW: &str = "2026-08-01T02:30:00Z";

/// A company of `people`, `ended` of whom left long ago, accepted by an operator.
fn company(people: usize, ended: usize) -> (World, Vec<Row>) {
    let mut rows = staff(people);
    for leaver in &mut rows[..ended] {
        *leaver = leaver.clone().ended("2026-03-31");
    }
    let mut world = world(FIRST).rows(&rows);
    let first = world.run();
    world.release(&first);
    world.run();
    world.at(NOW);
    (world, rows)
}

fn next(world: &World, rows: &[Row]) -> Loaded {
    let mut world = world.clone();
    world.put_rows("hris", rows);
    world.load()
}

#[test]
fn ros_2_a_deciding_column_that_was_accepted_may_not_go() {
    let (mut world, rows) = company(20, 2);
    let text = csv(&rows);
    world.put_text("hris", text.replacen(",status", ",state", 1));
    assert!(holds(&world.load(), "ROS-2"));
    world.put_text("hris", text.replacen(",batch", ",wave", 1));
    let loaded = world.load();
    assert!(gate(&loaded, "ROS-2").is_some_and(|gate| !gate.holds && gate.says.contains("wave")));
    assert_eq!(loaded.state, RosterState::Accepted);
}

#[test]
fn ros_4_rows_may_fall_to_nine_tenths() {
    let (world, rows) = company(100, 0);
    assert!(!holds(&next(&world, &rows[..90]), "ROS-4"));
    let loaded = next(&world, &rows[..89]);
    assert!(holds(&loaded, "ROS-4"));
    let says = &gate(&loaded, "ROS-4").expect("the gate").says;
    assert!(says.contains("89") && says.contains("100"), "{says}");
    assert_eq!((loaded.state, loaded.facts.people), (RosterState::Held, 100), "the accepted roster stays in force");
    assert!(!holds(&next(&world, &staff(150)), "ROS-4"));
    assert!(holds(&next(&world, &staff(151)), "ROS-4"));
}

fn flip(rows: &[Row], count: usize) -> Vec<Row> {
    let mut rows = rows.to_vec();
    let active: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].0["status"] == "active").take(count).collect();
    for at in active {
        rows[at] = rows[at].clone().ended("2026-07-31");
    }
    rows
}

#[test]
fn ros_5_a_mass_departure_is_judged_at_once_and_waits_for_a_word() {
    let (mut world, rows) = company(300, 0);
    assert!(!next(&world, &flip(&rows, 15)).surge, "five per cent");
    world.put_rows("hris", &flip(&rows, 180));
    let loaded = world.load();
    assert!(loaded.surge && loaded.accept.is_none() && !holds(&loaded, "ROS-5"));
    assert_eq!((loaded.state, loaded.facts.leavers), (RosterState::Accepted, 180));
    assert_eq!(standing(&loaded, "p-000", &world), "left 2026-08-01T00:00Z");
    assert!(person(&loaded, "p-000").stints[0].end.as_ref().is_some_and(|end| end.known_at.is_none()));
    assert!(has_notice(&loaded, "roster-surge"));
    assert!(world.run().surge, "it does not go away by itself");
    world.release(&loaded);
    let accepted = world.run();
    assert!(!accepted.surge);
    assert_eq!(accepted.accept.map(|accept| accept.accepted_by).as_deref(), Some(ACCEPTED_BY_OPERATOR));
    world.at("2026-08-02T02:30:00Z");
    world.put_rows("hris", &flip(&rows, 181));
    world.week_ago = world.accepted.as_ref().map(|accepted| accepted.figures.clone());
    assert!(!world.run().surge, "what was accepted is not counted again");
}

#[test]
fn ros_5_has_a_floor_of_ten_people() {
    let (world, rows) = company(40, 0);
    assert!(!next(&world, &flip(&rows, 10)).surge);
    assert!(next(&world, &flip(&rows, 11)).surge);
}

#[test]
fn ros_5_an_announced_batch_is_no_surprise() {
    let (mut world, rows) = company(100, 0);
    let mut wave = flip(&rows, 30);
    for leaver in &mut wave[..30] {
        *leaver = leaver.clone().with("batch", "wave-1");
    }
    assert!(next(&world, &wave).surge);
    let batch = |count| ExpectedBatch {
        batch: "wave-1".to_owned(),
        count,
        from: "2026-07-31".parse().expect("a date"),
        until: "2026-08-02".parse().expect("a date"),
    };
    world.settings.expected = vec![batch(30)];
    let loaded = next(&world, &wave);
    assert!(!loaded.surge && loaded.accept.is_some());
    world.settings.expected = vec![batch(19)];
    assert!(next(&world, &wave).surge, "eleven more than announced");
    world.settings.expected = vec![ExpectedBatch { until: "2026-07-30".parse().expect("a date"), ..batch(30) }];
    assert!(next(&world, &wave).surge, "not in its days");
}

#[test]
fn ros_6_leavers_who_vanish_or_come_back_are_held_and_stay_left() {
    let (world, rows) = company(400, 100);
    let loaded = next(&world, &rows[5..]);
    assert!(!holds(&loaded, "ROS-6") && loaded.state == RosterState::Accepted);
    assert_eq!(standing(&loaded, "p-000", &world), "left 2026-04-01T00:00Z", "vanished is not rehired");
    let loaded = next(&world, &rows[6..]);
    assert!(holds(&loaded, "ROS-6"));
    assert_eq!(standing(&loaded, "p-000", &world), "left 2026-04-01T00:00Z");
    let back = |count: usize| {
        let mut rows = rows.clone();
        for row in &mut rows[..count] {
            *row = row.clone().with("status", "active").with("end_date", "").with("updated_at", "2026-07-31T00:00:00Z");
        }
        next(&world, &rows)
    };
    assert!(!holds(&back(5), "ROS-6"));
    assert_eq!(standing(&back(5), "p-000", &world), "employed");
    assert!(holds(&back(6), "ROS-6"));
    assert_eq!(standing(&back(6), "p-000", &world), "left 2026-04-01T00:00Z");
}

#[test]
fn ros_6_a_mass_absence_from_a_list_of_active_people_is_held() {
    let mut world = world(FIRST).rows(&staff(150));
    world.settings.sources[0].coverage = SourceCoverage::Active;
    world.run();
    world.at(NOW);
    assert!(!holds(&next(&world, &staff(140)), "ROS-6"));
    assert!(holds(&next(&world, &staff(139)), "ROS-6"));
    assert_eq!(next(&world, &staff(139)).facts.leavers, 0, "a partial export makes no leavers");
}

#[test]
fn ros_7_an_old_roster_is_reported_and_then_held() {
    let mut world = world(NOW);
    for (minutes, spoken, held) in
        [(26 * 60, false, false), (26 * 60 + 1, true, false), (72 * 60, true, false), (72 * 60 + 1, true, true)]
    {
        world.files.put("hris.csv", csv(&staff(20)), Some(world.now - TimeDelta::minutes(minutes)));
        let loaded = world.load();
        assert_eq!((gate(&loaded, "ROS-7").is_some(), holds(&loaded, "ROS-7")), (spoken, held), "{minutes} minutes");
        if spoken {
            assert!(gate(&loaded, "ROS-7").is_some_and(|gate| gate.says.contains("by file time")));
        }
    }
    world.files.put("hris.csv", csv(&staff(20)), None);
    assert!(holds(&world.load(), "ROS-7"), "an age that nothing tells is no fresh one");
}

#[test]
fn ros_7_a_newer_copy_of_the_same_bytes_is_as_old_as_before() {
    let mut world = world(FIRST).rows(&staff(20));
    world.run();
    world.at("2026-08-02T18:00:00Z");
    world.files.put("hris.csv", csv(&staff(20)), Some(world.now));
    assert!(holds(&world.load(), "ROS-7"));
    world.files.put("hris.csv", csv(&staff(21)), Some(world.now));
    assert!(!holds(&world.load(), "ROS-7"));
}

#[test]
fn ros_7_the_same_bytes_stay_as_old_as_they_are_while_another_file_makes_a_new_roster() {
    let mut world = world(FIRST).rows(&staff(20)).aliases(&["p-001,email,a@acme.example,,,,"]);
    world.run();
    let first = world.now;
    let mut held = Vec::new();
    for (hours, alias) in [(40, "b"), (74, "c")] {
        world.now = first + TimeDelta::hours(hours);
        world.files.put("hris.csv", csv(&staff(20)), Some(world.now));
        world = world.aliases(&[&format!("p-001,email,{alias}@acme.example,,,,")]);
        let loaded = world.run();
        held.push(holds(&loaded, "ROS-7"));
        assert_eq!(loaded.facts.sources[0].as_of, Some(first - TimeDelta::hours(1)), "as old as it is told to be");
    }
    assert_eq!(held, [false, true]);
}

#[test]
fn ros_7_the_instant_inside_the_manifest_counts_before_the_files_time() {
    let mut world = world(NOW).rows(&staff(20));
    world.settings.sources[0].manifest = Some("hris.json".into());
    world.files.put("hris.json", r#"{"as_of":"2026-07-28T00:00:00Z","rows":20}"#, Some(world.now));
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-7") && !loaded.facts.sources[0].as_of_by_file_time);
}

#[test]
fn ros_7_what_an_operator_accepted_grows_old_like_any_other() {
    let mut world = world(FIRST);
    world.files.put("hris.csv", csv(&staff(20)), Some(world.now));
    let first = world.run();
    world.release(&first);
    assert!(!holds(&world.run(), "ROS-7"));
    let accepted = world.now;
    world.now = accepted + TimeDelta::hours(72);
    assert!(!holds(&world.load(), "ROS-7"));
    world.now += TimeDelta::minutes(1);
    let stale = world.load();
    assert!(holds(&stale, "ROS-7"), "its export has stopped");
    assert_eq!(stale.state, RosterState::Held);
    // Accepted once more, it holds for as long again.
    world.release(&stale);
    assert_eq!(world.load().state, RosterState::Accepted);
    world.now += TimeDelta::hours(73);
    assert_eq!(world.load().state, RosterState::Held);
}

#[test]
fn ros_8_lost_zeros_show_as_lost_ids() {
    let mut rows: Vec<Row> = (0..100).map(|number| row(&format!("{number:05}"))).collect();
    let mut world = world(FIRST).rows(&rows);
    world.run();
    world.at(NOW);
    for row in &mut rows[..10] {
        let short = row.0["person_id"].trim_start_matches('0').to_owned();
        *row = row.clone().with("person_id", if short.is_empty() { "0" } else { &short });
    }
    assert!(!holds(&next(&world, &rows), "ROS-8"), "ten points");
    rows[10] = rows[10].clone().with("person_id", "10");
    assert!(holds(&next(&world, &rows), "ROS-8"));
    world.matched_share = Some(0.5);
    assert!(!holds(&next(&world, &rows), "ROS-8"), "half were matched, so at most half of the fall counts");
}

#[test]
fn ros_8_addresses_that_change_without_an_alias_are_lost() {
    let (world, rows) = company(100, 0);
    let turned: Vec<Row> =
        rows.iter().map(|row| row.clone().with("work_email", &format!("x{}", row.0["work_email"]))).collect();
    assert!(holds(&next(&world, &turned), "ROS-8"));
    let lines: Vec<String> =
        rows.iter().map(|row| format!("{},email,{},,,,", row.0["person_id"], row.0["work_email"])).collect();
    let with_aliases = world.aliases(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!holds(&next(&with_aliases, &turned), "ROS-8"));
}

#[test]
fn ros_9_the_main_domain_may_lose_twenty_points() {
    let (world, rows) = company(100, 0);
    let moved = |count: usize| {
        let mut rows = rows.clone();
        for row in &mut rows[..count] {
            *row = row.clone().with("work_email", &row.0["work_email"].replace("acme", "other"));
        }
        next(&world, &rows)
    };
    assert!(!holds(&moved(20), "ROS-9"));
    let loaded = moved(21);
    assert!(holds(&loaded, "ROS-9"));
    assert!(
        gate(&loaded, "ROS-9").is_some_and(|gate| gate.says.contains("79.0 %") && gate.says.contains("acme.example"))
    );
}

#[test]
fn ros_10_sentinels_have_to_stand_where_they_must() {
    let mut world = world(NOW).rows(&[row("p-1"), row("p-2").ended("2026-07-20"), row("p-3")]);
    world.settings.sources[0].sentinels_active = vec!["p-1".to_owned()];
    world.settings.sources[0].sentinels_ended = vec!["p-2".to_owned()];
    assert!(gate(&world.load(), "ROS-10").is_none());
    world.settings.sources[0].sentinels_active = vec!["p-2".to_owned()];
    assert!(holds(&world.load(), "ROS-10"));
    world.settings.sources[0].sentinels_active = vec!["p-9".to_owned()];
    assert!(holds(&world.load(), "ROS-10"));
    world.settings.sources[0].sentinels_active = Vec::new();
    world.settings.sources[0].sentinels_ended = vec!["p-3".to_owned()];
    assert!(holds(&world.load(), "ROS-10"));
}

#[test]
fn ros_11_few_ambiguous_people_are_said_and_many_are_held() {
    let with = |people: usize, ambiguous: usize| {
        let mut rows = staff(people);
        for at in 0..ambiguous {
            rows.push(rows[at].clone().ended("2026-07-20"));
        }
        world(NOW).rows(&rows).load()
    };
    for (people, ambiguous, held) in [(50, 3, false), (50, 4, true), (1_000, 5, false), (1_000, 6, true)] {
        let loaded = with(people, ambiguous);
        assert_eq!(holds(&loaded, "ROS-11"), held, "{ambiguous} of {people}");
        assert!(gate(&loaded, "ROS-11").is_some());
    }
}

#[test]
fn ros_12_a_digest_that_differs_is_held() {
    let mut world = world(NOW).rows(&staff(20)).aliases(&["p-001,email,old@acme.example,,,,"]);
    let good = world.load();
    assert_eq!(good.state, RosterState::Accepted);
    world.settings.aliases.as_mut().expect("aliases").sha256 = Some("00".repeat(32));
    let loaded = world.load();
    assert!(holds(&loaded, "ROS-12"));
    assert_eq!(gate(&loaded, "ROS-12").and_then(|gate| gate.source.clone()).as_deref(), Some("aliases"));
    world.settings.aliases.as_mut().expect("aliases").sha256 = None;
    world.settings.sources[0].manifest = Some("hris.json".into());
    let manifest = format!(r#"{{"as_of":"2026-08-01T00:00:00Z","sha256":"{}"}}"#, "11".repeat(32));
    world.files.put("hris.json", manifest, None);
    assert!(holds(&world.load(), "ROS-12"));
}

#[test]
fn ros_13_a_held_roster_is_accepted_by_its_digest_only() {
    let (mut world, rows) = company(100, 0);
    world.put_rows("hris", &rows[..50]);
    let held = world.load();
    assert_eq!(held.state, RosterState::Held);
    world.released.insert("something else".to_owned(), world.now);
    assert_eq!(world.load().state, RosterState::Held);
    world.release(&held);
    let loaded = world.run();
    assert_eq!(loaded.state, RosterState::Accepted);
    assert!(gate(&loaded, "ROS-4").is_some_and(|gate| !gate.holds && gate.says.contains("accepted by an operator")));
    world.at("2026-08-01T12:00:00Z");
    world.put_rows("hris", &rows[..51]);
    world.week_ago = Some(held_figures(&rows));
    assert_eq!(world.run().state, RosterState::Accepted, "the week is counted from the accepted roster on");
}

/// Figures of a roster with all rows, a week ago.
fn held_figures(rows: &[Row]) -> String {
    let mut world = world("2026-07-25T12:00:00Z").rows(rows);
    world.run();
    world.accepted.expect("a baseline").figures
}

#[test]
fn ros_14_the_first_roster_is_a_baseline_until_an_operator_accepts_one() {
    let mut world = world(FIRST).rows(&staff(20));
    let first = world.run();
    assert!(first.baseline && first.state == RosterState::Accepted && has_notice(&first, "baseline"));
    assert_eq!(world.accepted.as_ref().map(|accepted| accepted.accepted_by.as_str()), Some(ACCEPTED_AS_BASELINE));
    world.at(NOW);
    world.put_rows("hris", &staff(21));
    let second = world.run();
    assert!(second.baseline, "nobody has looked yet");
    world.release(&second);
    let third = world.run();
    assert!(!third.baseline);
    world.put_rows("hris", &staff(22));
    let fourth = world.run();
    assert!(!fourth.baseline);
    assert_eq!(world.accepted.as_ref().map(|accepted| accepted.accepted_by.as_str()), Some(ACCEPTED_BY_GATES));
    assert!(world.run().accept.is_none(), "the same roster again is nothing to remember");
}

#[test]
fn ros_15_a_slide_in_small_steps_is_caught() {
    let (mut world, rows) = company(100, 0);
    let week_ago = world.accepted.as_ref().expect("accepted").figures.clone();
    world.week_ago = Some(week_ago);
    for (step, kept) in [95, 90, 85, 80].into_iter().enumerate() {
        world.now += TimeDelta::hours(12);
        world.put_rows("hris", &rows[..kept]);
        assert_eq!(world.run().state, RosterState::Accepted, "step {step}");
    }
    world.now += TimeDelta::hours(12);
    world.put_rows("hris", &rows[..79]);
    let loaded = world.run();
    assert!(!holds(&loaded, "ROS-4") && holds(&loaded, "ROS-15"));
}

#[test]
fn ros_15_departures_in_small_steps_add_up_to_a_surge() {
    let (mut world, rows) = company(100, 0);
    world.week_ago = world.accepted.as_ref().map(|accepted| accepted.figures.clone());
    world.put_rows("hris", &flip(&rows, 10));
    assert!(!world.run().surge);
    world.now += TimeDelta::hours(12);
    world.put_rows("hris", &flip(&rows, 20));
    assert!(!world.run().surge, "twice the limit of ten");
    world.now += TimeDelta::hours(12);
    world.put_rows("hris", &flip(&rows, 21));
    let loaded = world.run();
    assert!(loaded.surge && gate(&loaded, "ROS-5").is_none() && gate(&loaded, "ROS-15").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever subset of rows is left and whatever is flipped: somebody who had left stays left, unless an explicit
    /// newer row says otherwise.
    #[test]
    fn nobody_is_un_ended_by_absence_or_silence(kept in proptest::collection::vec(0_u8..4, 30)) {
        let (world, rows) = company(30, 12);
        let changed: Vec<Row> = rows
            .iter()
            .zip(kept)
            .filter_map(|(row, choice)| match choice {
                0 => None,
                1 => Some(row.clone().with("status", "").with("end_date", "")),
                2 => Some(row.clone().with("status", "active").with("end_date", "").with("updated_at", "2026-01-01T00:00:00Z")),
                _ => Some(row.clone()),
            })
            .collect();
        let loaded = next(&world, &changed);
        for number in 0..12 {
            prop_assert_eq!(standing(&loaded, &format!("p-{number:03}"), &world), "left 2026-04-01T00:00Z");
        }
    }
}
