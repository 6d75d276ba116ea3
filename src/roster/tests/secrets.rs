//! Nothing tells of an end that lies ahead.

use super::kit::*;
use crate::roster::explain;
use crate::roster::model::EndBasis;
use crate::roster::settings::BatchDisclosure;

const NOW: &str = "2026-08-01T02:30:00Z";

/// A company in which `p-005` is about to leave, and its twin in which nobody is.
fn twins(change: impl Fn(Row) -> Row) -> (World, World) {
    let mut rows = staff(20);
    rows[1] = rows[1].clone().ended("2026-07-20");
    let without = world(NOW).rows(&rows);
    rows[5] = change(rows[5].clone());
    (world(NOW).rows(&rows), without)
}

fn told_without_digest(world: &World) -> String {
    let loaded = world.load();
    told(&loaded).replace(loaded.facts.digest.as_deref().expect("a digest"), "DIGEST")
}

#[test]
fn a_planned_departure_leaves_no_trace_in_anything_that_is_told() {
    let (with, without) =
        twins(|row| row.with("end_date", "2026-08-31").with("batch", "wave-9").with("termination_type", "involuntary"));
    assert_eq!(told_without_digest(&with), told_without_digest(&without));
}

#[test]
fn contradictions_about_a_planned_departure_are_not_worded() {
    let (with, _) = twins(|row| row.with("end_date", "2026-08-31").with("last_day_worked", "2026-09-15"));
    let loaded = with.load();
    assert_eq!(standing(&loaded, "p-005", &with), "not judged");
    let reason = person(&loaded, "p-005").not_judged.clone().expect("a reason");
    assert!(!told(&loaded).contains("p-005") && !reason.contains("last day"), "{reason}");
}

#[test]
fn mistakes_in_a_row_about_a_planned_departure_are_not_quoted() {
    for (column, value) in
        [("batch", "wave nine"), ("termination_type", "dismissd"), ("status", "leaving"), ("end_date", "31.08.2026")]
    {
        let (with, _) = twins(|row| row.with("end_date", "2026-08-31").with(column, value));
        let loaded = with.load();
        let told = told(&loaded);
        assert!(
            !loaded.problems.is_empty() && !told.contains(value) && !told.contains("2026-08-31"),
            "{column}: {told}"
        );
    }
    let (with, _) = twins(|row| row.ended("2026-07-20").with("termination_type", "voluntry"));
    let told = told(&with.load());
    assert!(told.contains("voluntry") && told.contains("voluntary"), "a passed end may be quoted: {told}");
}

#[test]
fn sources_that_disagree_about_the_future_say_nothing() {
    let mut world = world(NOW).rows(&[row("p-1").with("end_date", "2026-08-31")]);
    world.settings.sources.push(source("directory"));
    world.put_rows("directory", &[row("p-1")]);
    assert!(world.load().facts.conflicts.is_empty());
}

#[test]
fn a_batch_is_named_from_its_disclosure_on() {
    let mut world = world("2026-08-01T08:00:00Z").rows(&[row("p-1").ended("2026-07-31").with("batch", "wave-1")]);
    let disclosed = |world: &World| {
        let loaded = world.load();
        let roster = loaded.roster.as_ref().expect("a roster");
        roster.batch_disclosed(&person(&loaded, "p-1").stints[0], world.now)
    };
    assert!(disclosed(&world), "the end has passed and nothing else is configured");
    world.settings.batches =
        vec![BatchDisclosure { batch: "wave-1".to_owned(), disclosed_at: instant("2026-08-01T13:00:00Z") }];
    assert!(!disclosed(&world));
    world.now = instant("2026-08-01T13:00:00Z");
    assert!(disclosed(&world));
}

#[test]
fn explained_rows_have_ended_unless_somebody_may_know() {
    let rows = [
        row("open"),
        row("ahead").with("end_date", "2026-08-31"),
        row("past").ended("2026-07-31"),
        row("garden").with("last_day_worked", "2026-06-30").with("end_date", "2026-07-15"),
    ];
    let world = world(NOW).rows(&rows);
    let explain = |confidential| {
        let basis = EndBasis::EarliestOfLastDayWorkedAndEndDate;
        explain(&world.settings.sources[0], &world.files, world.now, basis, confidential)
    };
    let shown = explain(false);
    assert_eq!(shown.iter().map(|row| row.person_id.as_str()).collect::<Vec<_>>(), ["past", "garden"]);
    assert_eq!(shown[0].end.as_ref().map(|end| end.at), Some(instant("2026-08-01T00:00:00Z")));
    assert_eq!(shown[0].end_otherwise, Some(instant("2026-07-31T00:00:00Z")));
    assert_eq!(shown[1].end_otherwise, None, "the last day worked governs");
    assert!(shown[0].to_line().contains("access ends 2026-08-01T00:00:00Z by end_date in UTC"));
    assert_eq!(explain(true).len(), 3);
}
