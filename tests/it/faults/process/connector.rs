//! S8: a connector that hangs for ever takes nobody's result with it.
//!
//! A panic cannot be caused from outside the program: it is planted in `src/run/drive_tests.rs` (`s8_…`), where the real
//! engine reads a scanner that panics beside one that does not.

use std::net::TcpListener;

use crate::company::{Run, command};
use crate::serve::{QUIET, Serving, present, today, until};

/// A second system that takes connections and says nothing.
fn hanging(address: std::net::SocketAddr) -> String {
    format!(
        "\x20 - id: sso\n    connector: okta\n    connection: {{ internal: true, plain_to_loopback: true }}\n    okta: {{ address: \"http://{address}\", organisation: acme, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n"
    )
}

/// States of the scopes of one system.
fn states(run: &Run, system: &str) -> Vec<String> {
    let report = run.report();
    let systems = report["systems"].as_array().expect("systems");
    let found = systems.iter().find(|found| found["id"] == system).unwrap_or_else(|| panic!("no {system}"));
    let scopes = found["scopes"].as_array().expect("scopes");
    scopes.iter().map(|scope| scope["state"].as_str().expect("a state").to_owned()).collect()
}

#[test]
fn s8_a_connector_that_hangs_for_ever_is_a_gap_with_its_name_and_the_others_are_whole() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut company = today("");
    company.system_extra = hanging(silent.local_addr().expect("an address"));
    company.write_all();
    let mut command = command(company.path());
    command.args(["scan", "--no-progress", "--deadline", "8s"]).env("TOKEN", "token-of-a-system");
    let began = present();
    let run = Run::new(&command.output().expect("the program starts"), company.path());
    assert!((present() - began).num_seconds() < 30, "it ends by its deadline");
    silent.set_nonblocking(true).expect("a mode");
    assert!(silent.accept().is_ok(), "the fault fired: it was asked");
    run.expect(4);
    assert!(states(&run, "crm").iter().all(|state| state == "complete"), "{:?}", states(&run, "crm"));
    assert_eq!(run.states().len(), 2);
    let gaps = run.gaps();
    assert!(!states(&run, "sso").iter().any(|state| state == "complete"));
    assert!(gaps.iter().any(|gap| gap.starts_with("sso/") && gap.contains("deadline")), "{gaps:?}");
    assert!(gaps.iter().all(|gap| gap.starts_with("sso/")), "{gaps:?}");
    company.holdover(&["ledger", "verify"]).expect(0);
}

#[test]
fn s8_a_service_whose_run_hangs_stays_healthy_and_the_run_ends_by_its_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut company = today(&format!("{QUIET}run: {{ deadline: 8s }}\n"));
    company.system_extra = hanging(silent.local_addr().expect("an address"));
    company.write_all();
    let serving = Serving::start(&company);
    assert_eq!(serving.known("POST", "/api/v1/runs", "").status, 202);
    let (_open, _) = silent.accept().expect("the run asks");
    assert_eq!(serving.get("/healthz").status, 200);
    let run = until("the run ends", || {
        let run = serving.known("GET", "/api/v1/runs/1", "").json();
        (run["state"] == "ended").then_some(run)
    });
    assert_eq!(run["exit_code"], 4, "{run}");
    let again = serving.run(r#"{"systems":["crm"]}"#);
    assert_eq!(again["state"], "ended", "{again}");
}
