//! The service: what may be said, and every mistake.

use std::path::Path;
use std::time::Duration;

use crate::config::{self, CatchUp};
use crate::problem::{Problem, render};

pub(super) const HEAD: &str = "version: 1\nroster:\n  sources:\n    - { id: hris, format: csv, path: hris.csv, coverage: full, end_date_meaning: last_day_included }\nsystems:\n  - { id: crm, connector: import, scopes: [accounts], files: [{ path: a.ndjson, format: ndjson }] }\n  - { id: hr, connector: import, scopes: [accounts], files: [{ path: b.ndjson, format: ndjson }] }\n";

pub(super) const ALL: &str = r#"  schedule:
    - { cron: "30 2 * * *", time_zone: Europe/Berlin, jitter: 10m }
    - { name: crm-hourly, cron: "0 * * * MON-FRI", systems: [crm] }
  names: [Holdover.acme.example]
  tls: { certificate: tls/cert.pem, key: { file: tls/key.pem }, client_ca: tls/clients.pem }
  bearer: { env: BEARER }
  listen: "[::]:9911"
"#;

fn load(serve: &str) -> Result<config::Loaded, Vec<Problem>> {
    config::load(Path::new("holdover.yaml"), &format!("{HEAD}serve:\n{serve}"), &|_| None)
}

fn told(serve: &str) -> String {
    let problems = load(serve).map_or_else(|problems| problems, |_| panic!("a mistake was taken:\n{serve}"));
    render(&problems, |_| None)
}

#[test]
fn everything_is_read_and_what_is_left_out_has_its_default() {
    let loaded = load(ALL).unwrap_or_else(|problems| panic!("{}", render(&problems, |_| None)));
    let serve = loaded.config.serve.expect("the service");
    assert_eq!(serve.schedule[0].name, "schedule-1");
    assert_eq!(serve.schedule[0].jitter, Duration::from_mins(10));
    assert_eq!(serve.schedule[0].time_zone, chrono_tz::Tz::Europe__Berlin);
    assert_eq!(serve.schedule[1].systems, ["crm".into()]);
    assert_eq!((serve.catch_up, serve.run_on_request), (CatchUp::Once, true));
    assert_eq!(serve.names, ["holdover.acme.example"]);
    assert_eq!(serve.watch, Some(Duration::from_secs(30)));
    // A run over some systems does not see what others teach about accounts.
    assert!(loaded.warnings.iter().any(|warning| warning.says.contains("recognised")), "{:?}", loaded.warnings);
    let plain = load("  schedule: [{ cron: \"@daily\" }]\n  watch: 0s\n  catch_up: never\n").unwrap();
    let plain = plain.config.serve.unwrap();
    assert_eq!(plain.listen, "127.0.0.1:9911".parse().unwrap());
    assert_eq!((plain.watch, plain.catch_up, plain.has_sign_in()), (None, CatchUp::Never, false));
}

#[test]
fn without_the_section_there_is_no_service() {
    assert!(config::load(Path::new("holdover.yaml"), HEAD, &|_| None).unwrap().config.serve.is_none());
}

#[test]
fn a_bind_beyond_loopback_needs_a_certificate_and_somebody_who_is_known() {
    let tls = "  tls: { certificate: c.pem, key: { file: k.pem } }\n";
    let bearer = "  bearer: { file: b }\n";
    let client = "  tls: { certificate: c.pem, key: { file: k.pem }, client_ca: ca.pem }\n";
    let schedule = "  schedule: [{ cron: \"@daily\" }]\n";
    for wide in ["0.0.0.0:9911", "[::]:9911", "192.0.2.7:9911", "[::ffff:192.0.2.7]:9911"] {
        let listen = format!("{schedule}  listen: \"{wide}\"\n");
        assert!(told(&listen).contains("`serve.tls`, and `serve.bearer`"), "{}", told(&listen));
        assert!(told(&format!("{listen}{bearer}")).contains("needs `serve.tls`"));
        assert!(told(&format!("{listen}{tls}")).contains("needs `serve.bearer` or `serve.tls.client_ca`"));
        assert!(load(&format!("{listen}{tls}{bearer}")).is_ok());
        assert!(load(&format!("{listen}{client}")).is_ok());
    }
    for near in ["127.0.0.1:9911", "[::1]:0", "127.9.9.9:80", "[::ffff:127.0.0.1]:9911"] {
        assert!(load(&format!("{schedule}  listen: \"{near}\"\n")).is_ok(), "{near}");
    }
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let text = r#"  schedule:
    - { name: a, cron: "61 2 * * *" }
    - { name: a, cron: "0 0 30 2 *", time_zone: Europe/Berlim, jitter: 25h, systems: [crn] }
  names: ["https://holdover.example"]
  listen: localhost:9911
"#;
    let told = told(text);
    for part in [
        "holdover.yaml:11:",
        "is no cron expression",
        "it never comes",
        "two entries are called a",
        "Europe/Berlim",
        "longer than a day",
        "no system is called crn",
        "did you mean `crm`?",
        "is no host name",
        "is no address with a port",
    ] {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
}

#[test]
fn a_secret_in_the_file_and_an_unknown_key_are_refused() {
    let written = told("  schedule: [{ cron: \"@daily\" }]\n  bearer: hunter2hunter2hunter2\n");
    assert!(written.contains("a reference such as") && !written.contains("hunter2"), "{written}");
    assert!(told("  schedule: [{ cron: \"@daily\", timezone: UTC }]\n").contains("time_zone"));
    assert!(told("  watch: 30s\n").contains("nothing would ever start a run"));
}
