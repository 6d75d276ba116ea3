//! Runs: asked for, overlapping, caught up, interrupted.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{QUIET, Serving, daily, today, until};
use crate::company::{Company, NOW};

#[test]
fn a_run_that_is_asked_for_ends_as_scan_would_and_its_figures_are_told() {
    let company = today(QUIET);
    let serving = Serving::start(&company);
    let before = serving.known("GET", "/metrics", "").body;
    assert!(
        before.contains("holdover_build_info{") && before.contains("\nholdover_serve_run_in_progress 0\n"),
        "{before}"
    );
    assert!(!before.contains("holdover_run_exit_code"), "{before}");
    let run = serving.run("");
    assert_eq!((&run["exit_code"], &run["reason"]), (&1.into(), &"request".into()), "{run}");
    let metrics = serving.known("GET", "/metrics", "");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(metrics.body.contains("\nholdover_run_exit_code 1\n"), "{}", metrics.body);
    assert!(!metrics.body.contains("p-1") && !metrics.body.contains("u-1"));
    // The same run lies in the state directory, for every other command.
    let report = company.holdover(&["report", "--format", "json"]);
    assert!(report.stdout.contains(run["run_id"].as_str().expect("an id")));
    let again = serving.run("{}");
    assert_eq!(again["exit_code"], 1);
    assert_eq!(serving.known("GET", "/api/v1/runs", "").json()["runs"].as_array().expect("runs").len(), 2);
    assert_eq!(serving.known("POST", "/api/v1/runs", r#"{"systems":["crn"]}"#).status, 400);
    assert_eq!(serving.known("POST", "/api/v1/runs", r#"{"systens":[]}"#).status, 400);
    assert_eq!(serving.known("GET", "/api/v1/runs/99", "").status, 404);
}

fn figure(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned)
}

#[test]
fn since_when_the_configuration_holds_is_told_after_a_run_after_a_failed_one_and_after_a_start() {
    let name = "holdover_config_last_change_timestamp_seconds";
    let mut company = today(QUIET);
    company.extra.push_str("rules: own\n");
    company.write("own/license-assigned.yaml", include_str!("../../../rules/license-assigned.yaml"));
    company.write_all();
    let serving = Serving::start(&company);
    let metrics = |serving: &Serving| serving.known("GET", "/metrics", "").body;
    assert_eq!(figure(&metrics(&serving), name), None, "nothing was run");
    assert_eq!(serving.run("")["exit_code"], 1);
    let told = metrics(&serving);
    let since = figure(&told, name).unwrap_or_else(|| panic!("not told after a run:\n{told}"));
    company.write("own/license-assigned.yaml", "id: nonsense\n");
    assert_eq!(serving.run("")["exit_code"], 2);
    let told = metrics(&serving);
    assert_eq!(figure(&told, name).as_ref(), Some(&since), "after a failed run:\n{told}");
    assert_eq!(figure(&told, "holdover_run_exit_code").as_deref(), Some("2"), "it failed");
    assert!(!told.contains("holdover_run_verdict"), "no flag of it is known:\n{told}");
    drop(serving);
    company.write("own/license-assigned.yaml", include_str!("../../../rules/license-assigned.yaml"));
    let serving = Serving::start(&company);
    let told = until("the last run is told", || {
        let told = metrics(&serving);
        told.contains("holdover_run_exit_code").then_some(told)
    });
    assert_eq!(figure(&told, name), Some(since), "after a start:\n{told}");
}

#[test]
fn a_service_that_was_not_there_at_its_time_catches_up_once_and_the_next_start_does_not() {
    let (daily, _) = daily();
    let mut company = Company::new();
    company.write_all();
    company.scan_at(NOW).expect(1);
    company.extra = daily;
    company.write_all();
    let serving = Serving::start(&company);
    let run = serving.ended(1);
    assert_eq!((&run["reason"], &run["schedule"]), (&"catch_up".into(), &"daily".into()), "{run}");
    drop(serving);
    let again = Serving::start(&company);
    until("it is ready", || (again.get("/readyz").status == 200).then_some(()));
    assert!(again.known("GET", "/api/v1/runs", "").json()["runs"].as_array().expect("runs").is_empty());
}

#[test]
fn without_catching_up_nothing_starts_before_its_time() {
    let daily = daily().0 + "  catch_up: never\n";
    let mut company = Company::new();
    company.write_all();
    company.scan_at(NOW).expect(1);
    company.extra = daily;
    company.write_all();
    let serving = Serving::start(&company);
    until("it is counted", || {
        let metrics = serving.known("GET", "/metrics", "").body;
        let line = metrics.lines().find(|line| line.starts_with("holdover_serve_runs_skipped_total"))?.to_owned();
        (!line.ends_with(" 0")).then_some(())
    });
    assert!(serving.known("GET", "/api/v1/runs", "").json()["runs"].as_array().expect("runs").is_empty());
}

/// A company with one more system, which takes connections and never says a word.
fn with_silence() -> (Company, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let mut company = today(QUIET);
    company.system_extra = format!(
        "\x20 - id: sso\n    connector: okta\n    connection: {{ internal: true, plain_to_loopback: true }}\n    okta: {{ address: \"http://{address}\", organisation: acme, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n"
    );
    company.write_all();
    (company, silent)
}

#[test]
fn while_a_run_goes_on_everything_else_answers_one_more_waits_and_a_third_is_told_so() {
    let (company, silent) = with_silence();
    let serving = Serving::start(&company);
    assert_eq!(serving.known("POST", "/api/v1/runs", "").status, 202);
    // The run has reached the system that does not answer.
    let (_open, _) = silent.accept().expect("the run asks");
    let running = serving.known("GET", "/api/v1/runs/1", "").json();
    assert_eq!(running["state"], "running", "{running}");
    let metrics = serving.known("GET", "/metrics", "").body;
    assert!(metrics.contains("\nholdover_serve_run_in_progress 1\n"), "{metrics}");
    assert_eq!(serving.get("/healthz").status, 200);
    assert_eq!(serving.known("GET", "/style.css", "").status, 200);
    assert_eq!(serving.known("POST", "/api/v1/runs", r#"{"systems":["crm"]}"#).status, 202);
    let third = serving.known("POST", "/api/v1/runs", "");
    assert_eq!(third.status, 409, "{third:?}");
    assert!(third.body.contains("run 2 waits"), "{third:?}");
    // The store is held: a run by hand ends as busy, and changes nothing.
    company.holdover(&["scan", "--no-progress", "--quiet"]).expect(7);
}

#[test]
fn told_to_stop_during_a_run_it_ends_in_time_and_the_run_is_interrupted() {
    let (company, silent) = with_silence();
    let mut serving = Serving::start(&company);
    assert_eq!(serving.known("POST", "/api/v1/runs", "").status, 202);
    let (_open, _) = silent.accept().expect("the run asks");
    let before = Instant::now();
    serving.signal(Signal::TERM);
    assert_eq!(serving.end().code(), Some(0), "{}", serving.told());
    assert!(before.elapsed() < Duration::from_secs(10), "it ended in {:?}; {}", before.elapsed(), serving.why());
    let report = company.holdover(&["report", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).expect("a report");
    assert_eq!(report["run"]["flags"]["interrupted"], true, "{}", serving.told());
    assert!(serving.told().contains("run 1 ended"), "{}", serving.told());
    company.holdover(&["ledger", "verify"]).expect(0);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut codes = Vec::new();
    // Where the run ended faster than the second signal came, it was a stop in order: then it is tried again.
    while !codes.contains(&130) && codes.len() < 20 {
        let (company, silent) = with_silence();
        let mut serving = Serving::start(&company);
        assert_eq!(serving.known("POST", "/api/v1/runs", "").status, 202);
        let (_open, _) = silent.accept().expect("the run asks");
        serving.signal(Signal::INT);
        serving.until_told("stopping");
        serving.signal(Signal::INT);
        let code = serving.end().code();
        assert!(matches!(code, Some(130 | 0)), "{code:?}; {}", serving.why());
        codes.extend(code);
    }
    assert!(codes.contains(&130), "the second signal never came before the end: {codes:?}");
}
