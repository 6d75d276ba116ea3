//! The life of a finding over several real runs: what opens it, what closes it, and what must change nothing.

mod closing;
mod coverage;
mod decided;
mod roster;
mod rules;
mod same_grant;
mod switches;

use crate::company::{Company, Run};

/// Instants of runs, one a day.
pub(crate) const DAYS: [&str; 5] = [
    "2026-08-03T06:00:00Z",
    "2026-08-04T06:00:00Z",
    "2026-08-05T06:00:00Z",
    "2026-08-06T06:00:00Z",
    "2026-08-07T06:00:00Z",
];

/// Writes the export and the roster as of an hour of that day, and scans.
pub(crate) fn day(company: &mut Company, number: usize) -> Run {
    fresh(company, number);
    company.scan_at(DAYS[number])
}

/// Writes the export and the roster of that day.
pub(crate) fn fresh(company: &mut Company, number: usize) {
    let date = &DAYS[number][..10];
    company.as_of = format!("{date}T01:00:00Z");
    company.roster_as_of = format!("{date}T00:30:00Z");
    company.write_all();
}

/// People in employment, so that gates about shares have something to count.
pub(crate) fn staff(company: &mut Company, count: usize) {
    for number in 100..100 + count {
        company.people.push(colleague(number));
    }
}

pub(crate) fn colleague(number: usize) -> String {
    format!(
        "p-{number},employee,active,Person {number},person{number}@acme.example,2021-01-01,,Europe/Berlin,2026-08-01T00:00:00Z"
    )
}

pub(crate) fn state(run: &Run, grant: &str) -> String {
    run.states().get(grant).cloned().unwrap_or_else(|| String::from("-"))
}
