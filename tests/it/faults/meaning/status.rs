//! M3, M4: what is not propagated yet; words for a status.

use std::sync::Arc;

use holdover_kit::fault::{Damage, FaultServer, On};
use holdover_kit::stub::okta::{OktaApiToken, OktaOrg, OktaStub, OktaUser};
use holdover_kit::stub::tracker::Dialect;

use crate::company::{Company, account, list, token};
use crate::faults::outputs::desk::{self, section};
use crate::life::{DAYS, fresh};
use crate::live::{Live, days_ago, now};
use crate::trackers::bench::Bench;

/// The token the scanner signs in with.
const TOKEN: &str = "00rows-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1AeQ";

/// An organisation in which Ana has an account and an API token.
fn organisation() -> OktaOrg {
    let mut org = OktaOrg::empty("00o5rb5mt2H3d1TJd0h7", "acme");
    for (id, name) in [("00uana", "ana"), ("00ubea", "bea"), ("00uscan", "scanner")] {
        org.users.push(OktaUser::new(id, &format!("{name}@acme.example")));
    }
    org.api_tokens.push(api_token("00Tana", "00uana"));
    org
}

fn api_token(id: &str, user: &str) -> OktaApiToken {
    let time = |days: i64| format!("{}T09:00:00.000Z", days_ago(days));
    OktaApiToken {
        id: String::from(id),
        name: format!("token {id}"),
        user: String::from(user),
        created: time(400),
        last_updated: time(400),
        expires_at: time(-20),
    }
}

struct Scene {
    stub: Arc<OktaStub>,
    server: FaultServer,
    company: Live,
    tracker: Bench,
}

fn scene() -> Scene {
    let stub = Arc::new(OktaStub::new(organisation()).with_api_token(TOKEN, "00uscan").with_pages_of(50));
    let server = FaultServer::start(Arc::clone(&stub));
    let tracker = Bench::new(Dialect::JiraDataCenter);
    let system = format!(
        "  - id: sso\n    connector: okta\n    tier: tier0\n\
         \x20   connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500 }} }}\n\
         \x20   okta: {{ address: \"{}\", organisation: 00o5rb5mt2H3d1TJd0h7, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n",
        server.origin()
    );
    let mut company = Live::new(system, TOKEN);
    company.environment.push(("DESK_TOKEN", String::from(crate::trackers::bench::SECRET)));
    Scene { stub, server, company, tracker }
}

impl Scene {
    /// Scans with the tracker configured.
    fn scan(&self) -> crate::company::Run {
        self.scan_into("state")
    }

    /// The same with another state directory.
    fn scan_into(&self, state: &str) -> crate::company::Run {
        self.company.write();
        let file = self.company.path().join("holdover.yaml");
        let config = std::fs::read_to_string(&file).expect("the configuration");
        std::fs::write(&file, config + &section(&self.tracker, "")).expect("written");
        self.company.run(&["scan", "--no-progress", "--state-dir", state])
    }
}

/// The list of tokens lags: what was revoked is still in it, and a point read says the truth.
#[test]
fn m3_what_was_revoked_a_minute_ago_and_is_still_listed_is_observed_and_gets_no_ticket() {
    let scene = scene();
    let stale = scene.server.plant(On::get("/api/v1/api-tokens"), Damage::Stale);
    // Another state directory has a look first: the list that it gets is the one that lags from then on.
    let twin = scene.scan_into("state-of-the-twin");
    assert_eq!(twin.finding("00Tana")["state"], "confirmed", "listed, and there when it is asked for by its id");
    scene.stub.change(|org| org.api_tokens.clear());
    let run = scene.scan_into("state");
    stale.expect_fired();
    assert_eq!(run.code, twin.code, "as before: {}", run.stderr);
    assert_eq!(run.finding("00Tana")["state"], "observed", "listed, and gone when it is asked for by its id");
    assert!(run.closed().is_empty(), "and nothing is closed");
    let plan = scene.company.run(&["tickets", "plan", "--format", "json"]);
    let print = run.finding("00Tana")["fingerprint"].as_str().expect("a fingerprint").to_owned();
    assert!(!plan.stdout.contains(&print), "no ticket is wished: {}", plan.stdout);
    assert_eq!(scene.tracker.creations(), 0);
    // Once the list has caught up, it is absent, and closes after the second look, never having had a ticket.
    stale.withdraw();
    let gone = scene.scan();
    let state = gone.report()["findings"].to_string();
    assert!(gone.closed().is_empty() && state.contains("closing") || !state.contains("00Tana"), "{state}");
    scene.server.finish();
}

/// Created a moment ago, and not in the list yet: nothing is said of it, and nothing of its neighbour changes.
#[test]
fn m3_what_was_just_created_and_is_not_listed_yet_changes_nothing_and_comes_later() {
    let scene = scene();
    let stale = scene.server.plant(On::get("/api/v1/api-tokens"), Damage::Stale);
    let first = scene.scan();
    scene.stub.change(|org| org.api_tokens.push(api_token("00Tnew", "00uana")));
    let second = scene.scan();
    stale.expect_fired();
    assert_eq!(second.states(), first.states(), "not seen yet");
    assert_eq!(second.code, first.code);
    stale.withdraw();
    let third = scene.scan();
    assert!(third.states().contains_key("00Tnew"), "{:?}", third.states());
    assert_eq!(third.finding("00Tana")["state"], "confirmed");
    scene.server.finish();
}

/// An end of ten minutes ago: within the settle time what is still listed may be on its way out.
#[test]
fn m3_within_the_settle_time_a_finding_is_observed_and_waits() {
    let bench = Bench::new(Dialect::JiraDataCenter);
    let mut company = Company::new();
    company.people[0] = company.people[0].replace("2026-07-31,Europe/Berlin", "2026-08-02,Europe/Berlin");
    company.extra = section(&bench, "");
    company.roster_as_of = String::from("2026-08-02T21:50:00Z");
    // The end is at 22:00; the data describes 22:10, and then 22:16.
    for (as_of, now, state) in [
        ("2026-08-02T22:10:00Z", "2026-08-02T22:12:00Z", "observed"),
        ("2026-08-02T22:16:00Z", "2026-08-02T22:17:00Z", "confirmed"),
    ] {
        company.as_of = String::from(as_of);
        company.write_all();
        let run = company.scan_at(now);
        run.expect(1);
        assert_eq!(run.finding("u-1")["state"], state, "data of {as_of}");
        if state == "observed" {
            desk::accept(company.path(), now);
            let plan = desk::plan(company.path());
            assert!(
                list(&plan["steps"]).is_empty() && list(&plan["held"]).is_empty(),
                "no ticket is even wished: {plan}"
            );
        }
    }
    let plan = desk::plan(company.path());
    assert!(!list(&plan["held"]).is_empty(), "the twin is wished, and waits as every first run does: {plan}");
    assert!(now() > chrono::DateTime::UNIX_EPOCH);
}

#[test]
fn m4_disabled_expired_and_unknown_are_three_different_things() {
    let session = |status: &str| {
        format!(
            r#"{{"record":"access","scope":"sessions","kind":"session","grant_id":"s-1","status":"{status}","parent":"u-1","client":"phone","created_at":"2026-07-30T08:00:00Z","last_used_at":"2026-07-30T09:00:00Z","expires_at":null}}"#
        )
    };
    let scan = |key: &str, session_status: &str| {
        let mut company = Company::new();
        company.scopes.push(String::from("sessions"));
        company.records = vec![
            account("u-1", "ana@acme.example", "disabled"),
            account("u-2", "bea@acme.example", "enabled"),
            token("t-1", "u-1", key),
            session(session_status),
        ];
        company.write_all();
        let run = company.scan();
        (company, run)
    };
    // A disabled key and an expired session: reported, lower, and no residual access.
    let (company, run) = scan("disabled", "expired");
    run.expect(0);
    assert!(run.states().is_empty());
    let report = run.report();
    let remnants = list(&report["remnants"]);
    assert_eq!(remnants.len(), 3, "dormant account, dormant key, inert session: {remnants:#?}");
    for (grant, status, usability) in
        [("u-1", "disabled", "dormant"), ("t-1", "disabled", "dormant"), ("u-1/phone", "expired", "inert")]
    {
        let one = run.finding(grant);
        assert_eq!((one["status"].as_str(), one["usability"].as_str()), (Some(status), Some(usability)), "{grant}");
        assert!(one["severity"] == "info" || one["severity"] == "low", "{grant}: {}", one["severity"]);
    }
    assert!(run.stdout.contains("REMNANTS  3"), "{}", run.stdout);
    let table = std::fs::read_to_string(company.path().join("out/findings.csv")).expect("the table");
    assert!(table.contains("Disabled, not removed") && table.contains("\"inert\""), "told in words: {table}");
    // The twin in force: high, and exit 1.
    let (_company, run) = scan("enabled", "expired");
    run.expect(1);
    assert_eq!(
        (run.finding("t-1")["usability"].as_str(), run.finding("t-1")["severity"].as_str()),
        (Some("usable_now"), Some("high"))
    );
    // A word nobody knows may mean active: a finding, as grave, and a gap that names the word.
    let (_company, run) = scan("hibernating", "expired");
    run.expect(4);
    assert!(run.gaps().iter().any(|gap| gap.contains("hibernating")), "{:#?}", run.gaps());
    assert_eq!(run.scope("api-tokens"), "partial");
    let one = run.finding("t-1");
    assert_eq!((one["usability"].as_str(), one["severity"].as_str()), (Some("unknown"), Some("high")), "{one:#}");
    // `unknown` said by the source itself is an answer, and no gap.
    let (_company, run) = scan("unknown", "expired");
    run.expect(1);
    assert_eq!(run.finding("t-1")["usability"], "unknown");
}

/// A key that was in force and is disabled now: its finding is closed at once, says so, and its ticket with it.
#[test]
fn m4_turning_a_key_into_a_remnant_closes_its_finding_and_an_unknown_word_does_not() {
    let mut company = Company::new();
    fresh(&mut company, 0);
    company.scan_at(DAYS[0]).expect(1);
    let all = company.records.clone();
    company.records[2] = token("t-1", "u-1", "hibernating");
    fresh(&mut company, 1);
    let run = company.scan_at(DAYS[1]);
    run.expect(4);
    assert!(run.closed().is_empty() && run.states().contains_key("t-1"), "{:?}", run.states());
    company.records = all;
    company.records[2] = token("t-1", "u-1", "disabled");
    fresh(&mut company, 2);
    let run = company.scan_at(DAYS[2]);
    run.expect(1);
    assert_eq!(run.closed(), ["t-1"]);
}
