use std::net::{Ipv4Addr, SocketAddr};

use chrono_tz::Tz;

use super::*;
use crate::config::cron::CronExpression;

fn at(text: &str) -> Instant {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn entry(cron: &str) -> ScheduleConfig {
    ScheduleConfig {
        name: String::from("nightly"),
        cron: CronExpression::parse(cron).unwrap(),
        time_zone: Tz::UTC,
        jitter: Duration::ZERO,
        systems: Vec::new(),
    }
}

fn config(schedule: Vec<ScheduleConfig>) -> ServeConfig {
    ServeConfig {
        schedule,
        catch_up: CatchUp::Once,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        names: Vec::new(),
        tls: None,
        bearer: None,
        run_on_request: true,
        watch: None,
    }
}

fn begin(config: &ServeConfig, now: &str, last: Option<(&str, bool)>) -> Schedule {
    let last = last.map(|(text, whole)| LastRun { at: at(text), whole });
    Schedule::begin(config, "seed", at(now), &|_| last)
}

fn starts(schedule: &mut Schedule, now: &str) -> Vec<(String, bool)> {
    let starts = schedule.due(at(now)).starts;
    starts.into_iter().map(|start| (start.planned.format("%dT%H:%M").to_string(), start.missed)).collect()
}

#[test]
fn a_start_comes_at_its_time_and_only_once() {
    let mut schedule = begin(&config(vec![entry("30 2 * * *")]), "2026-11-27T02:00:00Z", None);
    assert!(starts(&mut schedule, "2026-11-27T02:29:59Z").is_empty());
    assert_eq!(starts(&mut schedule, "2026-11-27T02:30:00Z"), [(String::from("27T02:30"), false)]);
    assert!(starts(&mut schedule, "2026-11-27T02:30:01Z").is_empty());
    assert_eq!(schedule.next(), Some(at("2026-11-28T02:30:00Z")));
}

#[test]
fn nights_that_were_slept_through_give_one_run() {
    let mut schedule = begin(&config(vec![entry("30 2 * * *")]), "2026-11-27T02:00:00Z", None);
    let due = schedule.due(at("2026-11-30T09:00:00Z"));
    assert_eq!(due.starts.len(), 1);
    assert!(due.starts[0].missed);
    // Four nights, one run.
    assert_eq!(due.passed_over, 3);
    assert_eq!(schedule.next(), Some(at("2026-12-01T02:30:00Z")));
}

#[test]
fn a_run_that_was_missed_before_the_start_of_the_service_is_caught_up_once_and_one_that_was_not_missed_is_not() {
    let nightly = config(vec![entry("30 2 * * *")]);
    let mut missed = begin(&nightly, "2026-11-27T09:00:00Z", Some(("2026-11-26T02:30:05Z", true)));
    assert_eq!(starts(&mut missed, "2026-11-27T09:00:00Z"), [(String::from("27T02:30"), true)]);
    assert!(starts(&mut missed, "2026-11-27T09:00:01Z").is_empty());
    let mut done = begin(&nightly, "2026-11-27T09:00:00Z", Some(("2026-11-27T02:30:05Z", true)));
    assert!(starts(&mut done, "2026-11-27T09:00:00Z").is_empty());
    // Without any run before, nothing was missed.
    let mut first = begin(&nightly, "2026-11-27T09:00:00Z", None);
    assert!(starts(&mut first, "2026-11-27T09:00:00Z").is_empty());
}

#[test]
fn a_run_that_was_interrupted_is_done_again() {
    let nightly = config(vec![entry("30 2 * * *")]);
    let mut again = begin(&nightly, "2026-11-27T02:40:00Z", Some(("2026-11-27T02:30:05Z", false)));
    assert_eq!(starts(&mut again, "2026-11-27T02:40:00Z"), [(String::from("27T02:30"), true)]);
}

#[test]
fn without_catching_up_a_missed_start_is_passed_over_and_a_timely_one_is_not() {
    let mut never = config(vec![entry("30 2 * * *")]);
    never.catch_up = CatchUp::Never;
    let mut schedule = begin(&never, "2026-11-27T09:00:00Z", Some(("2026-11-26T02:30:05Z", true)));
    let due = schedule.due(at("2026-11-27T09:00:00Z"));
    assert!(due.starts.is_empty());
    assert_eq!(due.passed_over, 1);
    assert_eq!(starts(&mut schedule, "2026-11-28T02:30:20Z"), [(String::from("28T02:30"), false)]);
}

#[test]
fn a_clock_that_steps_back_a_little_repeats_nothing() {
    let mut schedule = begin(&config(vec![entry("30 2 * * *")]), "2026-11-27T02:00:00Z", None);
    assert_eq!(starts(&mut schedule, "2026-11-27T02:30:02Z").len(), 1);
    schedule.clock_went_back(at("2026-11-27T02:29:00Z"));
    assert!(starts(&mut schedule, "2026-11-27T02:30:00Z").is_empty());
    assert_eq!(schedule.next(), Some(at("2026-11-28T02:30:00Z")));
}

#[test]
fn a_clock_that_had_been_days_ahead_loses_no_night() {
    let mut schedule = begin(&config(vec![entry("30 2 * * *")]), "2026-12-05T02:00:00Z", None);
    assert_eq!(starts(&mut schedule, "2026-12-05T02:30:02Z").len(), 1);
    schedule.clock_went_back(at("2026-11-27T12:00:00Z"));
    assert_eq!(schedule.next(), Some(at("2026-11-28T02:30:00Z")));
    // And a store that remembers a run of the future is not believed either.
    let other = begin(&config(vec![entry("30 2 * * *")]), "2026-11-27T12:00:00Z", Some(("2026-12-05T02:30:02Z", true)));
    assert_eq!(other.next(), Some(at("2026-11-28T02:30:00Z")));
}

#[test]
fn jitter_is_the_same_every_day_differs_between_entries_and_stays_in_its_bounds() {
    let mut one = entry("30 2 * * *");
    one.jitter = Duration::from_mins(10);
    let days = upcoming(&one, "seed", at("2026-11-27T12:00:00Z"), 3);
    let first = days[0] - at("2026-11-28T02:30:00Z");
    assert!(first >= TimeDelta::zero() && first <= TimeDelta::minutes(10));
    assert_eq!(days[2] - days[1], TimeDelta::days(1));
    let shifts: std::collections::BTreeSet<Duration> = (0..40)
        .map(|number| {
            let mut other = one.clone();
            other.name = format!("entry-{number}");
            shift(&other, "seed")
        })
        .collect();
    assert!(shifts.len() > 25, "{shifts:?}");
    assert_ne!(shift(&one, "seed"), shift(&one, "another machine"));
}

#[test]
fn a_jittered_start_after_midnight_of_its_own_day_is_neither_lost_nor_doubled() {
    let mut late = entry("59 23 * * *");
    late.jitter = Duration::from_hours(1);
    let config = config(vec![late]);
    let mut schedule = begin(&config, "2026-11-27T12:00:00Z", None);
    let mut now = at("2026-11-27T12:00:00Z");
    let mut count = 0;
    while now < at("2026-12-02T12:00:00Z") {
        count += schedule.due(now).starts.len();
        now += TimeDelta::seconds(30);
    }
    assert_eq!(count, 5);
}

#[test]
fn both_clock_changes_give_one_start_a_night() {
    let mut nightly = entry("30 2 * * *");
    nightly.time_zone = Tz::Europe__Berlin;
    let config = config(vec![nightly]);
    for (from, to) in
        [("2026-03-27T12:00:00Z", "2026-03-31T12:00:00Z"), ("2026-10-23T12:00:00Z", "2026-10-27T12:00:00Z")]
    {
        let mut schedule = begin(&config, from, None);
        let (mut now, mut count) = (at(from), 0);
        while now < at(to) {
            count += schedule.due(now).starts.len();
            now += TimeDelta::seconds(20);
        }
        assert_eq!(count, 4, "{from}");
    }
}

#[test]
fn a_reload_keeps_what_says_the_same_and_lets_the_rest_wait() {
    let mut config = config(vec![entry("30 2 * * *")]);
    let mut schedule = begin(&config, "2026-11-27T02:00:00Z", None);
    assert_eq!(starts(&mut schedule, "2026-11-27T02:30:00Z").len(), 1);
    // Another jitter in the same minute must not start the same night again.
    config.schedule[0].jitter = Duration::from_mins(30);
    schedule.replace(&config, "seed", at("2026-11-27T02:30:05Z"));
    assert!(schedule.next().is_some_and(|next| next >= at("2026-11-28T02:30:00Z")));
    let mut other = entry("0 3 * * *");
    other.name = String::from("second");
    config.schedule.push(other);
    schedule.replace(&config, "seed", at("2026-11-27T02:31:00Z"));
    assert_eq!(starts(&mut schedule, "2026-11-27T03:00:00Z"), [(String::from("27T03:00"), false)]);
}

#[test]
fn a_schedule_of_every_second_that_slept_for_a_month_is_counted_in_bounds() {
    let mut schedule = begin(&config(vec![entry("* * * * * *")]), "2026-11-27T02:00:00Z", None);
    let due = schedule.due(at("2026-12-27T02:00:00Z"));
    assert_eq!(due.starts.len(), 1);
    assert_eq!(due.passed_over, MOST_COUNTED);
    assert_eq!(schedule.next(), Some(at("2026-12-27T02:00:01Z")));
}
