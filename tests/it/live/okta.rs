//! Okta.

use std::sync::Arc;

use holdover_kit::fault::FaultServer;
use holdover_kit::stub::okta::{OktaApiToken, OktaApp, OktaAssignment, OktaOrg, OktaStub, OktaUser};

use super::{Live, days_ago, found};

/// The token the scanner signs in with: a canary, too.
pub(crate) const TOKEN: &str = "00canary-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1Ae";

/// Ana and Bea, each with an account, an application and an API token; and the administrator of the scanner.
pub(crate) fn organisation() -> OktaOrg {
    let mut org = OktaOrg::empty("00o5rb5mt2H3d1TJd0h7", "acme");
    let since = format!("{}T09:00:00.000Z", days_ago(400));
    for (id, name) in [("00uana", "ana"), ("00ubea", "bea"), ("00uscan", "scanner")] {
        org.users.push(OktaUser::new(id, &format!("{name}@acme.example")));
    }
    org.apps.push(OktaApp::new("0oapay", "Payroll", "SAML_2_0"));
    for (number, user) in ["00uana", "00ubea"].into_iter().enumerate() {
        org.assignments.push(OktaAssignment::new("0oapay", user));
        org.api_tokens.push(OktaApiToken {
            id: format!("00T{number}"),
            name: format!("token of {user}"),
            user: String::from(user),
            created: since.clone(),
            last_updated: since.clone(),
            expires_at: format!("{}T09:00:00.000Z", days_ago(-20)),
        });
    }
    org
}

pub(crate) fn start(org: OktaOrg) -> (Arc<OktaStub>, FaultServer) {
    let stub = Arc::new(OktaStub::new(org).with_api_token(TOKEN, "00uscan").with_pages_of(2));
    let server = FaultServer::start(Arc::clone(&stub));
    (stub, server)
}

pub(crate) fn company(server: &FaultServer) -> Live {
    let system = format!(
        "  - id: sso\n    connector: okta\n    tier: tier0\n\
         \x20   connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500 }} }}\n\
         \x20   okta: {{ address: \"{}\", organisation: 00o5rb5mt2H3d1TJd0h7, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n",
        server.origin()
    );
    Live::new(system, TOKEN)
}

#[test]
fn what_a_leaver_holds_is_found_and_the_twin_is_silent() {
    let (_stub, server) = start(organisation());
    let company = company(&server);
    let run = company.scan();
    let report = run.report();
    let found = found(&report);
    for expected in ["p-1 account 00uana", "p-1 api_token 00T0"] {
        assert!(found.iter().any(|line| line == expected), "{expected} in {found:#?}\n{}", run.stderr);
    }
    assert!(found.iter().all(|line| line.starts_with("p-1 ")), "nobody who works here: {found:#?}");
    assert!(run.gaps().iter().all(|gap| !gap.contains("defect")), "{:#?}", run.gaps());
    let effort = &report["systems"][0]["effort"];
    assert_eq!(effort["requests"].as_u64(), u64::try_from(server.count()).ok(), "every request is counted");
    let metrics = std::fs::read_to_string(company.path().join("out/holdover.prom")).expect("metrics");
    assert!(metrics.contains("holdover_scan_api_requests{system=\"sso\"}"), "{metrics}");
    server.finish();
}

#[test]
fn a_finding_is_confirmed_by_a_second_look_and_a_refused_list_closes_nothing() {
    let (stub, server) = start(organisation());
    let company = company(&server);
    let state = |grant: &str| company.scan().finding(grant)["state"].as_str().map(String::from);
    assert_eq!(state("00T0").as_deref(), Some("confirmed"), "listed, and there when asked for by name");
    stub.take_right("okta.apiTokens.read");
    assert_eq!(state("00T0").as_deref(), Some("unverified"), "a list that is refused closes nothing");
    stub.change(|org| org.api_tokens.retain(|token| token.id != "00T0"));
    assert_eq!(state("00T0").as_deref(), Some("unverified"), "it is gone, and nobody could see that");
    server.finish();
}

#[test]
fn another_organisation_fails_every_scope() {
    let mut org = organisation();
    org.id = String::from("00o5rb5mt2H3d1TJd0h8");
    let (_stub, server) = start(org);
    let company = company(&server);
    let run = company.scan();
    run.expect(3);
    assert!(found(&run.report()).is_empty());
    assert!(run.gaps().iter().any(|gap| gap.contains("wrong system")), "{:#?}", run.gaps());
    server.finish();
}

#[test]
fn rights_are_tried_one_by_one_and_a_missing_one_is_named() {
    let (stub, server) = start(organisation());
    let company = company(&server);
    company.write();
    let run = company.run(&["check-permissions"]);
    assert!(run.stdout.contains("okta.users.read") && !run.stdout.contains("MISSING"), "{}", run.stdout);
    stub.take_right("okta.apiTokens.read");
    let run = company.run(&["check-permissions"]);
    run.expect(3);
    let missing: Vec<&str> = run.stdout.lines().filter(|line| line.contains("MISSING")).collect();
    assert!(missing.len() == 1 && missing[0].contains("okta.apiTokens.read"), "{}", run.stdout);
    let asked = server.count();
    let run = company.run(&["check-permissions", "--print-policy"]);
    run.expect(0);
    assert!(run.stdout.contains("okta.apiTokens.read"));
    assert_eq!(server.count(), asked, "a policy is printed without a network");
    server.finish();
}

#[test]
fn offline_nothing_is_asked_and_that_is_said() {
    let (_stub, server) = start(organisation());
    let company = company(&server);
    company.write();
    let run = company.run(&["scan", "--no-progress", "--offline"]);
    run.expect(3);
    assert_eq!(server.count(), 0);
    assert!(run.gaps().iter().any(|gap| gap.contains("--offline")), "{:#?}", run.gaps());
    server.finish();
}

#[test]
fn a_system_that_is_down_is_a_gap_that_names_it() {
    let (_stub, server) = start(organisation());
    let company = company(&server);
    server.stop();
    let run = company.scan();
    run.expect(3);
    assert!(run.gaps().iter().any(|gap| gap.contains("unreachable")), "{:#?}", run.gaps());
}

#[test]
fn the_clock_cannot_be_chosen_for_a_system_that_is_asked_itself() {
    let (_stub, server) = start(organisation());
    let company = company(&server);
    company.write();
    let run = company.run(&["scan", "--as-of", "2026-08-01T00:00:00Z"]);
    run.expect(2);
    assert!(run.stderr.contains("is read live"), "{}", run.stderr);
    server.finish();
}

#[test]
fn a_secret_in_the_configuration_is_a_mistake_that_does_not_repeat_it() {
    let (_stub, server) = start(organisation());
    let mut company = company(&server);
    company.system = company.system.replace("{ env: TOKEN }", TOKEN);
    company.write();
    let run = company.run(&["config", "check"]);
    run.expect(2);
    assert!(run.stderr.contains("a reference such as"), "{}", run.stderr);
    assert!(!run.stderr.contains("canary") && !run.stdout.contains("canary"), "{}", run.stderr);
    server.finish();
}

#[test]
fn a_recording_is_no_part_of_a_run_that_writes_or_asks_nothing() {
    let (_stub, server) = start(organisation());
    let company = company(&server);
    company.write();
    for flag in ["--dry-run", "--offline"] {
        let run = company.run(&["scan", flag, "--record", "recordings"]);
        run.expect(2);
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    }
    assert!(!company.path().join("recordings").exists());
    server.finish();
}

#[test]
fn a_system_whose_door_cannot_open_is_never_told_to_need_nothing() {
    let (_stub, server) = start(organisation());
    let mut company = company(&server);
    company.system = company.system.replace("internal: true,", "internal: true, ca_file: nowhere.pem,");
    company.write();
    let run = company.run(&["check-permissions", "--print-policy"]);
    run.expect(3);
    assert!(run.stderr.contains("no policy can be told"), "{}", run.stderr);
    let run = company.run(&["check-permissions"]);
    run.expect(3);
    assert!(run.stdout.contains("could not be tried") && run.stdout.contains("nowhere.pem"), "{}", run.stdout);
    server.finish();
}
