//! Rows P6 and P9 to P11: cursors that expire, one read among many, bodies that are cut or no answers at all.

use std::sync::Arc;

use holdover_kit::fault::{Answer, Damage, FaultServer, On};
use holdover_kit::stub::aws::leaver_and_twin;
use holdover_kit::stub::github::Truth;
use holdover_kit::stub::okta::{OktaApp, OktaAssignment, OktaStub, okta_error};
use holdover_kit::stub::vault::VaultStub;
use serde_json::json;

use super::wire::{OKTA_TOKEN, ONCE, QUICK, Wire, aws, cursor, github, okta, okta_org, okta_system, vault};
use crate::live::now;

/// Requests for the list of users.
fn users() -> On {
    On::get("/api/v1/users")
}

#[test]
fn p6_a_cursor_that_expires_once_is_begun_again_and_one_that_always_does_is_told() {
    let (_stub, server, wire) = okta(8, QUICK);
    for expired in [Answer::status(410), okta_error(400, "E0000031")] {
        let once = server.plant(users().nth(3), Damage::Reply(expired.clone()));
        let told = wire.whole();
        assert_eq!((once.fired(), told.objects("users")), (1, 11));
        once.withdraw();
        let ever = server.plant(users().query("after", &cursor(&server, 3)), Damage::Reply(expired.clone()));
        let told = wire.fault();
        assert_eq!(ever.fired(), 2, "begun again once");
        assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 4));
        told.says("users", &["page 3", &expired.status.to_string(), "begun again 1 time"]);
        ever.withdraw();
    }
    wire.whole();
}

/// So many applications, each of which is asked for its users.
const APPS: usize = 500;

#[test]
fn p9_one_of_many_follow_up_reads_that_fails_is_told_by_its_key_and_one_that_is_gone_is_none() {
    let mut org = okta_org(0);
    for number in 0..APPS {
        let id = format!("0oa{number:05}");
        org.apps.push(OktaApp::new(&id, &format!("App {number}"), "SAML_2_0"));
        org.assignments.push(OktaAssignment::new(&id, "00ubea"));
    }
    let stub = Arc::new(OktaStub::new(org).with_api_token(OKTA_TOKEN, "00uscan").with_pages_of(200));
    let server = FaultServer::start(Arc::clone(&stub));
    let wire = Wire::new(&okta_system(server.origin(), ONCE), OKTA_TOKEN, str::to_owned);
    let all = wire.whole().objects("app-assignments");
    assert!(all > APPS as u64);
    let broken = server.plant(On::get("/api/v1/apps/0oa00321/users"), Damage::Reply(okta_error(500, "E0000009")));
    let told = wire.fault();
    assert_eq!((told.state("app-assignments").as_str(), told.objects("app-assignments")), ("partial", all - 1));
    told.says("app-assignments", &["0oa00321", "500"]);
    assert_eq!(told.gaps("app-assignments").len(), 1);
    wire.heals(&broken);
    let inner = Arc::clone(&stub);
    let gone = server.plant(
        On::get("/api/v1/apps/0oa00007/users"),
        Damage::change(move |_, _| {
            inner.change(|org| org.apps.retain(|app| app.id != "0oa00007"));
            okta_error(404, "E0000007")
        }),
    );
    let told = wire.whole();
    gone.expect_fired();
    assert_eq!(told.objects("app-assignments"), all - 1);
}

#[test]
fn p10_a_body_cut_anywhere_is_told_with_what_came_and_what_was_announced() {
    let (_stub, server, wire) = okta(8, ONCE);
    let mut cuts: Vec<Damage> = (0..16).map(|part| Damage::CutAtFraction(part, 16)).collect();
    cuts.extend([Damage::WrongLength(7), Damage::ResetAfter(90)]);
    for cut in cuts {
        let shown = format!("{cut:?}");
        let fault = server.plant(users().nth(3), cut);
        let told = wire.fault();
        fault.expect_fired();
        fault.withdraw();
        assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 4), "{shown}");
        told.says("users", &["cut off", "page 3", " of ", "bytes came"]);
        assert_eq!(told.state("api-tokens"), "complete");
    }
    for (cut, words) in
        [(Damage::NoLastChunk(90), "90 bytes came"), (Damage::CutGzip, "the compression is damaged or ends too early")]
    {
        let fault = server.plant(users().nth(3), cut);
        let told = wire.fault();
        told.says("users", &["cut off", "page 3", words]);
        fault.expect_fired();
        fault.withdraw();
    }
    wire.whole();
}

#[test]
fn p10_a_body_cut_once_is_asked_for_again() {
    let (_stub, server, wire) = okta(8, QUICK);
    let fault = server.plant(users().nth(3), Damage::CutAtFraction(9, 16));
    let told = wire.whole();
    assert_eq!((fault.fired(), told.objects("users")), (1, 11));
    assert!(told.effort("retries") >= 1.0);
}

/// Each answer in the place of a page leaves a gap with these words, and nothing empty.
#[track_caller]
fn each_is_a_gap(wire: &Wire, server: &FaultServer, on: impl Fn() -> On, scope: &str, answers: &[(Answer, &str)]) {
    for (answer, words) in answers {
        let fault = server.plant(on(), Damage::Reply(answer.clone()));
        let told = wire.fault();
        fault.expect_fired();
        fault.withdraw();
        assert_ne!(told.state(scope), "complete", "{answer:?}");
        told.says(scope, &[words]);
        assert!(!told.report.to_string().contains("hush"), "what stands in a body is not repeated");
    }
    wire.whole();
}

fn login_page() -> Answer {
    Answer::html("<!doctype html><title>hush</title><form method=post><input name=password></form>")
}

#[test]
fn p11_success_that_is_none_is_told_by_its_media_type_at_okta_and_vault() {
    let (_stub, server, wire) = okta(8, QUICK);
    let answers = [
        (login_page(), "expected JSON, came text/html"),
        (Answer::json(&json!({"errorCode": "E0000009", "errorSummary": "hush"})), "GET /api/v1/users"),
        (Answer::bytes("application/json", ""), "GET /api/v1/users"),
        (Answer::bytes("application/json", "[]]"), "GET /api/v1/users"),
    ];
    each_is_a_gap(&wire, &server, || users().nth(2), "users", &answers);
    let (_stub, server, wire) = vault(VaultStub::usual(now()), QUICK);
    let list = || On::any().when(|asked| asked.path == "/v1/identity/entity-alias/id");
    let answers = [
        (login_page(), "text/html"),
        (Answer::json(&json!({"errors": ["hush"]})), "identity/entity-alias/id"),
        (Answer::json(&json!({"data": {}})), "a list without names"),
        (login_page().of(404), "404"),
    ];
    each_is_a_gap(&wire, &server, list, "root/identity.aliases", &answers);
}

#[test]
fn p11_success_that_is_none_is_told_at_aws_and_github_and_what_came_beside_errors_is_kept() {
    let (_stub, server, wire) = aws(leaver_and_twin(now()), QUICK);
    let answers =
        [(login_page(), "text/html"), (Answer::xml("<a/>"), "iam:ListRoles"), (Answer::xml(""), "iam:ListRoles")];
    each_is_a_gap(&wire, &server, || On::operation("iam:ListRoles"), "111122223333/iam.roles", &answers);
    let (_stub, server, wire) = github(Truth::usual(), QUICK);
    let answers = [(login_page(), "text/html"), (Answer::json(&json!({"message": "hush"})), "GET /orgs/{org}/hooks")];
    each_is_a_gap(&wire, &server, || On::get("/orgs/acme/hooks"), "webhooks", &answers);
    let partial = server.plant(
        On::post("/graphql").body("\"operationName\":\"OrganizationMembers\""),
        Damage::change(|_, answer| {
            answer.edit(|value| {
                value["data"]["organization"]["membersWithRole"]["edges"][1] = json!(null);
                let path = json!(["organization", "membersWithRole", "edges", 1]);
                value["errors"] = json!([{"type": "SERVICE_UNAVAILABLE", "path": path, "message": "hush"}]);
            })
        }),
    );
    let whole = 4;
    let told = wire.fault();
    assert_eq!((told.state("members").as_str(), told.objects("members")), ("partial", whole - 1));
    told.says("members", &["SERVICE_UNAVAILABLE"]);
    assert!(!told.report.to_string().contains("hush"));
    wire.heals(&partial);
}
