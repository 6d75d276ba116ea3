//! Trackers and receivers of alerts: their credentials, their answers, and what arrived there.

use holdover_kit::fault::FaultServer;
use holdover_kit::stub::tracker::Dialect;

use super::place::Place;
use super::systems::{loaded, some_failures};
use crate::faults::outputs::desk;
use crate::trackers::bench::{Bench, SECRET};

const DIALECTS: [Dialect; 9] = [
    Dialect::JiraCloud,
    Dialect::JiraDataCenter,
    Dialect::ServiceNow,
    Dialect::GitHub,
    Dialect::GitLab,
    Dialect::Redmine,
    Dialect::PagerDuty,
    Dialect::Slack,
    Dialect::Webhook,
];

/// An export in which each record carries secrets in fields that nobody asked for, and one in its session.
fn import(place: &mut Place) -> String {
    let as_of = crate::live::now().format("%Y-%m-%dT%H:%M:%SZ");
    let (password, nested) = (place.plant("unknown field of a record"), place.plant("unknown field of a holder"));
    let account = crate::company::account("u-1", "ana@acme.example", "enabled")
        .replacen('{', &format!("{{\"password\":\"{password}\","), 1)
        .replace("\"relation\":\"holder\"", &format!("\"relation\":\"holder\",\"cookie\":\"{nested}\""));
    let session = format!(
        r#"{{"record":"access","scope":"sessions","kind":"session","grant_id":"{}","status":"enabled","parent":"u-1","client":"phone","created_at":"2026-01-01T00:00:00Z","last_used_at":"{as_of}","expires_at":null}}"#,
        place.plant("id of a session")
    );
    place.write(
        "crm.ndjson",
        &format!(
            "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{as_of}\",\"produced_by\":\"test\",\"scopes\":[\"accounts\",\"sessions\"]}}\n{account}\n{session}\n{{\"record\":\"end\",\"counts\":{{\"accounts\":1,\"sessions\":1}}}}\n"
        ),
    );
    String::from(
        "  - { id: crm, connector: import, owner_team: sales-tools, scopes: [accounts, sessions], files: [{ path: crm.ndjson, format: ndjson }] }\n",
    )
}

/// What arrived at a tracker, but for its own credential where that belongs: in the headers that sign in, in Slack's
/// address, in PagerDuty's body.
fn arrived(server: &FaultServer, dialect: Dialect, place: &mut Place) {
    for logged in server.log() {
        let asked = &logged.asked;
        let mut text = format!("{} {}?{}\n", asked.method, asked.path, asked.raw_query);
        for (name, value) in &asked.headers {
            if !matches!(name.as_str(), "authorization" | "private-token" | "x-redmine-api-key") {
                text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
            }
        }
        text.push_str(&asked.text());
        if matches!(dialect, Dialect::Slack | Dialect::PagerDuty) {
            text = text.replacen(SECRET, "(its own)", 1);
        }
        place.heard(&format!("what arrived at {dialect:?}"), text);
    }
}

#[test]
fn m6_trackers_their_answers_and_what_arrives_there() {
    // Most of the time is spent waiting.
    let met: std::collections::BTreeSet<&str> = std::thread::scope(|scope| {
        let all: Vec<_> = DIALECTS.iter().map(|dialect| scope.spawn(move || tracker(*dialect))).collect();
        all.into_iter().flat_map(|one| one.join().expect("a tracker")).collect()
    });
    assert_eq!(met.len(), 12, "each class of failure was met: {met:?}");
}

/// Alertmanager is told by several addresses, and signs in at what stands before it.
#[test]
fn m6_alertmanager() {
    let mut place = Place::new(70);
    let token = place.variable("ALERT_TOKEN");
    let server = FaultServer::start(std::sync::Arc::new(|_: &holdover_kit::fault::Asked| {
        holdover_kit::fault::Answer::json(&serde_json::json!({}))
    }));
    loaded(&server, &mut place, 81);
    let systems = import(&mut place);
    let section = format!(
        "tickets:\n  person_display: name\n  trackers:\n    - id: alerts\n      {}\n      alertmanager: {{ urls: [\"{}\"], sign_in: {{ token: {{ env: ALERT_TOKEN }} }} }}\n",
        desk::NEAR,
        server.origin()
    );
    place.configure(&systems, &section);
    place.run(&["scan", "--no-progress"]);
    let digest = place.run(&["roster", "validate"]).stdout;
    let digest = digest.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
    place.run(&["roster", "accept", &digest]);
    for (what, damage) in some_failures(&mut place, 0, 3) {
        let fault = server.plant(holdover_kit::fault::On::any(), damage).optional();
        place.run(&["tickets", "sync", "--log-format", "json"]);
        fault.withdraw();
        println!("{what}: {} times", fault.fired());
    }
    place.run(&["tickets", "sync"]);
    let plan = place.run(&["tickets", "plan", "--format", "json"]).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("a plan");
    if let Some(run) = plan["held"][0]["run"].as_str() {
        place.run(&["tickets", "release", run]);
        place.run(&["tickets", "sync"]);
    }
    assert!(server.count() > 0, "it was told");
    assert!(server.log().iter().any(|logged| logged.asked.token() == Some(token.as_str())), "with the token");
    for logged in server.log() {
        place.heard(
            "what arrived at Alertmanager",
            format!("{} {}\n{}", logged.asked.path, logged.asked.raw_query, logged.asked.text()),
        );
    }
    place.expect_silence(&["what arrived at Alertmanager", "standard error of", "state/ledger.ndjson"]);
}

/// Gives the failures that were met.
fn tracker(dialect: Dialect) -> Vec<&'static str> {
    let mut met = Vec::new();
    let mut place = Place::new(60 + DIALECTS.iter().position(|one| *one == dialect).expect("one of them") as u64);
    let bench = Bench::new(dialect);
    place.variable_with("DESK_TOKEN", SECRET);
    place.private("slack.address", &format!("{}/services/T0/B0/{SECRET}", bench.server.origin()));
    if !matches!(dialect, Dialect::Slack) {
        loaded(&bench.server, &mut place, 80);
    }
    let systems = import(&mut place);
    let section = desk::section(&bench, "  person_display: name\n");
    place.configure(&systems, &section);
    // (The systems' secrets and the tracker's are never in one process: scan runs with all, and may show none.)
    let first = place.run(&["scan", "--no-progress"]);
    assert_eq!(first.code, 1, "{dialect:?}: {}", first.stderr);
    let digest = place.run(&["roster", "validate"]).stdout;
    let digest = digest.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
    place.run(&["roster", "accept", &digest]);
    place.run(&["tickets", "sync"]);
    place.run(&["tickets", "plan"]);
    let plan = place.run(&["tickets", "plan", "--format", "json"]).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("a plan");
    place.run(&["tickets", "release", plan["run"].as_str().expect("a run")]);
    // Each failure meets the first ticket, and the last sync makes it.
    let part = DIALECTS.iter().position(|one| *one == dialect).expect("one of them");
    for (what, damage) in some_failures(&mut place, part, 3) {
        // A limit that names a secret as the time to wait is waited for; nothing else takes long.
        let fault = bench.server.plant(holdover_kit::fault::On::any(), damage).optional();
        place.run(&["tickets", "sync", "--format", "json", "--log-format", "json"]);
        // What one of them has refused for good is not sent again, and meets nothing more.
        met.extend((fault.fired() > 0).then_some(what));
        fault.withdraw();
    }
    assert!(!met.is_empty(), "{dialect:?}: no failure was met");
    place.run(&["tickets", "sync"]);
    place.run(&["tickets", "list"]);
    place.run(&["tickets", "list", "--format", "json"]);
    place.run(&["doctor"]);
    place.run(&["check-permissions"]);
    // The report names tickets from now on.
    place.run(&["scan", "--no-progress"]);
    place.run(&["report", "--format", "json"]);
    place.variable("DESK_TOKEN");
    place.run(&["tickets", "sync"]);
    arrived(&bench.server, dialect, &mut place);
    place.expect_silence(&[
        "standard error of",
        "what arrived at",
        "state/state.db, by rows",
        "state/ledger.ndjson",
        "out/report.json",
        "out/report.html",
    ]);
    met
}
