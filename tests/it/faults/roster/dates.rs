//! R8: the instant at which a day ends, wherever it ends.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use holdover_kit::stub::tracker::Dialect;

use crate::company::{Company, account};
use crate::faults::outputs::desk::{self, section};
use crate::trackers::bench::Bench;

/// A last day, where it was worked, and the first instant after it, reckoned by hand.
struct Case {
    person: &'static str,
    zone: &'static str,
    last_day: &'static str,
    ends: &'static str,
    why: &'static str,
}

/// Zones that name nothing have an empty name: the source's default holds, and the end is an interval.
const CASES: [Case; 9] = [
    Case {
        person: "p-11",
        zone: "Pacific/Tongatapu",
        last_day: "2026-03-28",
        ends: "2026-03-28T11:00:00Z",
        why: "UTC+13: over while others still work on it",
    },
    Case {
        person: "p-12",
        zone: "Pacific/Kiritimati",
        last_day: "2026-03-28",
        ends: "2026-03-28T10:00:00Z",
        why: "UTC+14",
    },
    Case {
        person: "p-13",
        zone: "Pacific/Pago_Pago",
        last_day: "2026-03-28",
        ends: "2026-03-29T11:00:00Z",
        why: "UTC-11: goes on after others ended it",
    },
    Case { person: "p-14", zone: "UTC", last_day: "2026-03-28", ends: "2026-03-29T00:00:00Z", why: "UTC" },
    Case {
        person: "p-15",
        zone: "Europe/Berlin",
        last_day: "2026-03-28",
        ends: "2026-03-28T23:00:00Z",
        why: "the night before clocks go forward",
    },
    Case {
        person: "p-16",
        zone: "Europe/Berlin",
        last_day: "2026-03-29",
        ends: "2026-03-29T22:00:00Z",
        why: "the day on which clocks went forward, of 23 hours",
    },
    Case {
        person: "p-17",
        zone: "America/New_York",
        last_day: "2026-03-08",
        ends: "2026-03-09T04:00:00Z",
        why: "clocks went forward there three weeks before",
    },
    // Clocks jump from midnight to one: the next day begins at 01:00.
    Case {
        person: "p-18",
        zone: "Africa/Cairo",
        last_day: "2026-04-23",
        ends: "2026-04-23T22:00:00Z",
        why: "the day after has no midnight",
    },
    Case {
        person: "p-19",
        zone: "",
        last_day: "2026-03-30",
        ends: "2026-03-30T22:00:00Z",
        why: "no zone: the default's, Berlin",
    },
];

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn write(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A company in which each case is a person with an account that was last used long before.
fn company(bench: &Bench) -> Company {
    let mut company = Company::new();
    company.people.remove(0);
    company.records = vec![account("u-2", "bea@acme.example", "enabled")];
    for case in &CASES {
        let (person, zone, day) = (case.person, case.zone, case.last_day);
        company.people.push(format!(
            "{person},employee,active,{person},{person}@acme.example,2020-01-01,{day},{zone},2026-01-01T00:00:00Z"
        ));
        let record = account(&format!("u-{person}"), &format!("{person}@acme.example"), "enabled");
        company.records.push(record.replace("2026-07-30T22:22:00Z", "2025-07-30T22:22:00Z"));
    }
    company.extra = section(bench, "");
    company
}

#[test]
fn r8_nobody_is_a_leaver_before_the_end_of_their_own_last_day_and_everybody_is_after_it() {
    let bench = Bench::new(Dialect::JiraDataCenter);
    let mut company = company(&bench);
    let mut instants: BTreeSet<DateTime<Utc>> = BTreeSet::new();
    for case in &CASES {
        instants.extend([instant(case.ends) - TimeDelta::seconds(1), instant(case.ends)]);
    }
    assert!(instants.len() >= 2 * CASES.len() - 2, "each case has instants of its own");
    for (number, now) in instants.iter().enumerate() {
        // Each instant is judged by itself: a state of its own.
        company.as_of = write(*now - TimeDelta::minutes(5));
        company.roster_as_of = write(*now - TimeDelta::minutes(10));
        company.write_all();
        let state = format!("state-{number}");
        let run = company.holdover(&["scan", "--as-of", &write(*now), "--no-progress", "--state-dir", &state]);
        let left: BTreeSet<&str> =
            CASES.iter().filter(|case| instant(case.ends) <= *now).map(|case| case.person).collect();
        run.expect(i32::from(!left.is_empty()));
        let states = run.states();
        let found: BTreeSet<&str> = states.keys().map(|grant| grant.trim_start_matches("u-")).collect();
        assert_eq!(found, left, "at {}", write(*now));
        for case in &CASES {
            let named = run.stdout.contains(case.person) || run.stderr.contains(case.person);
            assert_eq!(
                named,
                left.contains(case.person),
                "{}: an end to come is told nobody\n{}",
                case.why,
                run.stdout
            );
            if left.contains(case.person) {
                let end = &run.finding(&format!("u-{}", case.person))["access_end"];
                assert_eq!(end["at"], case.ends, "{}", case.why);
                let zone = if case.zone.is_empty() { "Europe/Berlin" } else { case.zone };
                assert_eq!(
                    (end["zone"].as_str(), end["zone_is_default"].as_bool()),
                    (Some(zone), Some(case.zone.is_empty())),
                    "{}",
                    case.why
                );
            }
        }
        // None before the end of the local day: not even a wish.
        let plan = desk::holdover(company.path(), &["tickets", "plan", "--format", "json", "--state-dir", &state]);
        for case in CASES.iter().filter(|case| !left.contains(case.person)) {
            assert!(!plan.stdout.contains(case.person), "{}: {}", case.why, plan.stdout);
        }
    }
    assert_eq!(bench.server.count(), 0, "nobody was told anything");
}

#[test]
fn r8_the_reading_of_a_date_is_shown_row_by_row_and_an_end_to_come_is_not() {
    let bench = Bench::new(Dialect::JiraDataCenter);
    let base = company(&bench);
    let mut missed = String::new();
    for case in &CASES {
        let mut one = Company::new();
        one.people =
            base.people.iter().filter(|row| row.starts_with("p-2,") || row.starts_with(case.person)).cloned().collect();
        one.roster_as_of = write(instant(case.ends) - TimeDelta::hours(1));
        one.write_all();
        let explain =
            |now: DateTime<Utc>| one.holdover(&["roster", "validate", "--explain", "--as-of", &write(now)]).stdout;
        // Where the zone is a default, a row is shown once that day is over everywhere.
        let over = if case.zone.is_empty() { "2026-03-31T12:00:00Z" } else { case.ends };
        let told = explain(instant(over));
        let line = told.lines().find(|line| line.contains(case.person)).unwrap_or_default();
        let names = [case.last_day, case.ends, "last_day_included", "with the other end_date_meaning"];
        for name in names.iter().filter(|name| !line.contains(**name)) {
            writeln!(missed, "{}: {name} is not in {line:?}", case.why).expect("text");
        }
        if case.zone.is_empty() {
            // Between the end of that day at UTC+14 and at UTC-12.
            for name in ["default zone", "2026-03-30T10:00:00Z", "2026-03-31T12:00:00Z"] {
                if !told.contains(name) {
                    writeln!(missed, "{name} is not told").expect("text");
                }
            }
        }
        let before = explain(instant(case.ends) - TimeDelta::seconds(1));
        if before.contains(case.person) {
            writeln!(missed, "{}: told before it passed: {before}", case.why).expect("text");
        }
    }
    assert!(missed.is_empty(), "{missed}");
}

#[test]
fn r8_a_date_in_the_future_is_no_leaver_and_its_twin_in_the_past_is() {
    for (last_day, code) in [("2027-12-31", 0), ("2026-08-02", 1)] {
        let mut company = Company::new();
        company.people[0] =
            company.people[0].replace(",2026-07-31,", &format!(",{last_day},")).replace(",ended,", ",active,");
        company.write_all();
        let run = company.scan();
        run.expect(code);
        assert_eq!(run.states().len(), if code == 0 { 0 } else { 2 }, "{last_day}");
    }
}
