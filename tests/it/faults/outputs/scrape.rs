//! T8: very many names, and a scrape after each class of failure.

use std::collections::BTreeSet;

use crate::company::{Company, NOW};
use crate::serve::{QUIET, Serving, present, today};

/// The value of a series.
fn value(text: &str, series: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')).map(str::to_owned)
}

/// Series of a text.
fn series(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count()
}

const UP: &str = r#"holdover_scan_success{system="crm"}"#;
const LAST: &str = r#"holdover_scan_last_complete_timestamp_seconds{system="crm"}"#;

/// A class of failure: what it is called, how it is made, the exit code of the run.
type Failure = (&'static str, fn(&mut Company), i64);

/// The files as they were an hour ago once more: what was damaged is whole again.
fn mend(company: &mut Company) {
    for name in ["crm.ndjson", "roster.csv", "roster.meta.json", "out/report.json"] {
        let path = company.path().join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).expect("removed");
        }
    }
    let as_of = (present() - chrono::TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    company.as_of.clone_from(&as_of);
    company.roster_as_of = as_of;
    company.write_all();
}

const FAILURES: [Failure; 6] = [
    (
        "a system that cannot be read",
        |company| std::fs::remove_file(company.path().join("crm.ndjson")).expect("removed"),
        4,
    ),
    (
        "a system that is read in part",
        |company| {
            let text = company.export().replace("{\"record\":\"end\"", "{\"record\":\"gap\",\"scope\":\"accounts\",\"cause\":\"denied\",\"detail\":\"no\"}\n{\"record\":\"end\"");
            company.write("crm.ndjson", text);
        },
        4,
    ),
    ("a roster that is held", |company| std::fs::remove_file(company.path().join("roster.csv")).expect("removed"), 5),
    (
        "an output that cannot be written",
        |company| {
            std::fs::remove_file(company.path().join("out/report.json")).expect("removed");
            company.write("out/report.json/in-the-way", "");
        },
        6,
    ),
    (
        "a cut export",
        |company| {
            let text = company.export();
            company.write("crm.ndjson", &text[..text.len() / 2]);
        },
        4,
    ),
    // The last one: from a damaged store nothing comes back by itself.
    ("a store that is damaged", |company| company.write("state/state.db", "no database"), 6),
];

#[test]
fn t8_a_scrape_after_each_class_of_failure_shows_no_figure_as_fresh() {
    let mut company = today(&format!("{QUIET}metrics: {{ textfile: out/holdover.prom }}\n"));
    let serving = Serving::start(&company);
    let scrape = || {
        let answer = serving.known("GET", "/metrics", "");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    };
    assert_eq!(serving.run("")["exit_code"], 1);
    let good = scrape();
    assert_eq!(value(&good, UP).as_deref(), Some("1"), "{good}");
    assert!(good.contains("holdover_residual_findings{"), "{good}");
    let mut last = value(&good, LAST).expect("the time of the last whole read");
    for (what, damage, code) in FAILURES {
        damage(&mut company);
        let run = serving.run("");
        assert_eq!(run["exit_code"], code, "{what}: {run}\n{}", serving.told());
        let textfile = std::fs::read_to_string(company.path().join("out/holdover.prom")).expect("the textfile");
        for (form, text) in [("scrape", scrape()), ("textfile", textfile)] {
            let what = format!("{what}, {form}");
            assert_eq!(value(&text, "holdover_run_exit_code"), Some(code.to_string()), "{what}: {text}");
            assert!(series(&text) < 2_000, "{what}");
            // The figures are withdrawn, or stand beside a system that is not up.
            let told = text.contains("holdover_residual_findings{");
            let up = value(&text, UP);
            // What was read in part was read: its figures are fresh, and a gap stands beside them.
            let partly =
                value(&text, r#"holdover_scan_scopes{system="crm",state="partial"}"#).is_some_and(|n| n != "0");
            let in_part = what.contains("in part") || what.contains("cut export");
            assert_eq!(partly, in_part, "{what}: {text}");
            let read = matches!(code, 5) || what.contains("output") || partly;
            assert!(read || up.as_deref() == Some("0"), "{what}: {up:?}\n{text}");
            assert!(!told || read || up.as_deref() == Some("0"), "{what}: looks fresh\n{text}");
            if code == 5 {
                assert_eq!(
                    value(&text, r#"holdover_roster_held{roster="hris"}"#).as_deref(),
                    Some("1"),
                    "{what}: {text}"
                );
            }
            if code == 6 {
                assert_eq!(
                    value(&text, r#"holdover_run_verdict{flag="store_failed"}"#).as_deref(),
                    Some("1"),
                    "{what}: {text}"
                );
            }
            if code == 4
                && let Some(now) = value(&text, LAST)
            {
                assert_eq!(now, last, "{what}: the last whole read is as long ago as it was");
            }
            for person in ["p-1", "ana@", "u-1", "t-1", "Ana"] {
                assert!(!text.contains(person), "{what}: {person} in {text}");
            }
        }
        if !what.contains("store") {
            mend(&mut company);
            let run = serving.run("");
            assert_eq!(run["exit_code"], 1, "{what}: it is whole again\n{run}\n{}", serving.told());
            last = value(&scrape(), LAST).expect("a time");
        }
    }
}

#[test]
fn t8_four_hundred_systems_stay_below_the_cap_and_say_what_was_left_out() {
    let mut company = Company::new();
    company.extra = String::from("metrics: { textfile: out/holdover.prom }\n");
    for number in 0..400 {
        company.system_extra.push_str(&format!(
            "\x20 - {{ id: system-{number}, connector: import, scopes: [accounts, api-tokens], files: [{{ path: crm.ndjson, format: ndjson }}] }}\n"
        ));
    }
    company.write_all();
    let run = company.scan_at(NOW);
    assert!(matches!(run.code, 1 | 4), "exit {}\n{}", run.code, run.stderr);
    let text = std::fs::read_to_string(company.path().join("out/holdover.prom")).expect("the textfile");
    let count = series(&text);
    assert!(count <= 2_000 && count > 500, "{count} series");
    let dropped: f64 = value(&text, "holdover_metrics_series_dropped").expect("told").parse().expect("a number");
    assert!(dropped > 0.0, "what was left out is counted");
    // What an alert needs is never among it.
    assert_eq!(value(&text, "holdover_run_exit_code"), Some(run.code.to_string()));
    let systems: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("holdover_scan_success{")).collect();
    assert_eq!(systems.len(), 401, "every system tells whether it was read");
}
