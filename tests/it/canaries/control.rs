//! The control: a secret in a place that is meant to be shown comes out, and the search finds it in every kind of place.

use std::sync::Arc;

use holdover_kit::fault::FaultServer;
use holdover_kit::stub::okta::{OktaOrg, OktaStub, OktaUser};
use holdover_kit::stub::tracker::Dialect;
use rustix::process::Signal;

use super::place::Place;
use super::search::forms;
use super::service::{PATHS, Service, run_once};
use super::systems::QUICK;
use crate::faults::outputs::desk;
use crate::trackers::bench::Bench;

#[test]
fn m6_control_what_is_meant_to_be_shown_is_found_in_each_kind_of_place() {
    let mut place = Place::new(100);
    // The id of an account, and the name of a person: both are shown.
    let id = place.plant("the id of an account");
    let name = place.plant("the name of a person");
    let token = "00rows-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1AeQ";
    let mut org = OktaOrg::empty("00o5rb5mt2H3d1TJd0h7", "acme");
    org.users.push(OktaUser::new("00uscan", "scanner@acme.example"));
    org.users.push(OktaUser::new(&id, "ana@acme.example"));
    let server = FaultServer::start(Arc::new(OktaStub::new(org).with_api_token(token, "00uscan")));
    place.people[0] = place.people[0].replacen(",ana,", &format!(",{name},"), 1);
    place.variable_with("TOKEN", token);
    place.canaries.retain(|canary| canary.place != "variable TOKEN");
    let bench = Bench::new(Dialect::JiraDataCenter);
    place.variable_with("DESK_TOKEN", crate::trackers::bench::SECRET);
    let bearer = place.secret_file("bearer");
    let systems = format!(
        "  - id: sso\n    connector: okta\n    tier: tier0\n    {QUICK}\n    okta: {{ address: \"{}\", organisation: 00o5rb5mt2H3d1TJd0h7, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n",
        server.origin()
    );
    let more = format!(
        "serve:\n  listen: 127.0.0.1:0\n  bearer: {{ file: bearer }}\n  watch: 0s\n  schedule: [{{ cron: \"0 0 29 2 *\" }}]\nmetrics: {{ textfile: out/holdover.prom }}\n{}",
        desk::section(&bench, "  person_display: name\n")
    );
    place.configure(&systems, &more);
    place.run(&["scan", "--no-progress", "--record", "recordings"]);
    let digest = place.run(&["roster", "validate"]).stdout;
    let digest = digest.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
    place.run(&["roster", "accept", &digest]);
    place.run(&["tickets", "sync"]);
    let plan = place.run(&["tickets", "plan", "--format", "json"]).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("a plan");
    place.run(&["tickets", "release", plan["run"].as_str().expect("a run")]);
    place.run(&["tickets", "sync"]);
    for ticket in bench.stub.desk.tickets() {
        place.heard("what arrived at the tracker", format!("{} {}", ticket.title, ticket.body));
    }
    let known = format!("Authorization: Bearer {bearer}");
    let mut service = Service::start(&place, "serve.err");
    run_once(&service, &known);
    for path in PATHS {
        let answer = service.ask("GET", path, &[&known], "");
        place.heard(&format!("answer to GET {path}"), answer);
    }
    service.signal(Signal::TERM);
    service.end();
    // Where nothing is ever shown, something is put: a file in each form.
    for (number, (_, bytes)) in forms(id.as_bytes()).into_iter().enumerate() {
        for folder in ["tmp", "state", "out"] {
            std::fs::write(place.path().join(folder).join(format!("form-{number}")), &bytes).expect("a file");
        }
    }
    std::fs::write(place.path().join("core.4711"), format!("\u{0}\u{1}{id}\u{0}")).expect("a file");
    // A log line of the service, of a run, and figures, as they would read with a leak.
    for (file, text) in [("serve.err", "TRACE token="), ("out/holdover.prom", "holdover_up{token=\"")] {
        let path = place.path().join(file);
        let before = std::fs::read_to_string(&path).expect("a file");
        std::fs::write(&path, format!("{before}{text}{id}\n")).expect("a file");
    }
    place.heard("standard error of a run", format!("error: {id}\n"));
    let leaks = place.leaks();
    for kind in [
        "standard output of",
        "standard error of",
        "out/report.json",
        "out/findings.csv",
        "out/report.txt",
        "out/report.ndjson",
        "out/findings.ocsf.ndjson",
        "out/findings.sarif",
        "out/report.md",
        "out/report.html",
        "out/holdover.prom",
        "state/state.db, by rows",
        "state/state.db, by rows, unpacked",
        "recordings/",
        "what arrived at the tracker",
        "answer to GET /findings",
        "serve.err",
        "core.4711",
        "tmp/form-",
        "state/form-",
    ] {
        assert!(leaks.iter().any(|leak| leak.contains(&format!("shows in {kind}"))), "{kind}: {leaks:#?}");
    }
    for number in 0..forms(b"0123456789abcdef").len() {
        assert!(leaks.iter().any(|leak| leak.contains(&format!("tmp/form-{number} "))), "form {number}: {leaks:#?}");
    }
    // What is not meant to be shown did not come out beside it.
    assert!(leaks.iter().all(|leak| leak.starts_with("the id of") || leak.starts_with("the name of")), "{leaks:#?}");
}
