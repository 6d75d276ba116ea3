//! Rows C1 to C6: refusals, credentials that end, belong to another tenant, or can do too much, and a wrong clock.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use holdover_kit::fault::{Answer, Damage, FaultServer, On};
use holdover_kit::stub::aws::{KEY_ID, leaver_and_twin};
use holdover_kit::stub::github::Truth;
use holdover_kit::stub::okta::okta_error;
use holdover_kit::stub::vault::{VaultStub, refusal};
use serde_json::json;

use super::wire::{QUICK, Told, Wire, aws, aws_with, github, okta, vault};
use crate::live::now;

/// Nothing that needs no refused right is touched: what is complete holds as much as before.
#[track_caller]
fn unaffected(before: &Told, told: &Told, what: &str) {
    for (scope, state) in told.states() {
        let known = before.states().contains_key(&scope);
        assert!(
            state != "complete" || !known || told.objects(&scope) == before.objects(&scope),
            "{what}: {scope} is called complete with {} instead of {}",
            told.objects(&scope),
            before.objects(&scope)
        );
    }
}

#[test]
fn c1_each_action_refused_in_turn_is_named_and_takes_nothing_from_the_others() {
    let (stub, server, wire) = aws(leaver_and_twin(now()), QUICK);
    let before = wire.whole();
    for action in [
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "iam:GetAccountAuthorizationDetails",
        "iam:ListServiceSpecificCredentials",
        "iam:ListVirtualMFADevices",
        "iam:ListRoles",
        "iam:GetAccountSummary",
        "iam:ListAccessKeys",
        "iam:ListSSHPublicKeys",
        "iam:GetSSHPublicKey",
        "iam:ListSigningCertificates",
    ] {
        stub.truth().denied = BTreeSet::from([String::from(action)]);
        server.forget();
        let told = wire.fault();
        assert!(server.count_of(action) > 0, "{action} was never asked for");
        assert!(told.incomplete().len() < told.states().len(), "{action} touches its own scopes alone");
        let gaps = told.all_gaps();
        assert!(gaps.iter().any(|gap| gap.contains(&format!("denied: needs {action}"))), "{action}: {gaps:#?}");
        let other = |gap: &&String| !gap.contains(action) && !gap.contains("may be anybody's");
        assert_eq!(gaps.iter().find(other), None, "{action}: {gaps:#?}");
        unaffected(&before, &told, action);
    }
    stub.truth().denied.clear();
    // Without its id, Ana's key stood at its place in the report; two newer reports with the id close that.
    for minutes in [40, 20] {
        stub.truth().accounts.get_mut("111122223333").expect("the account").report_made =
            now() - TimeDelta::minutes(minutes);
        assert_eq!(wire.scan().run.code, 1);
    }
    wire.whole();
}

#[test]
fn c1_each_right_refused_in_turn_is_named_by_the_service_s_own_word() {
    let (_stub, server, wire) = okta(0, QUICK);
    let before = wire.whole();
    for (right, path) in [
        ("okta.users.read", "/api/v1/users"),
        ("okta.apps.read", "/api/v1/apps"),
        ("okta.apps.read", "/api/v1/apps/*/users"),
        ("okta.apiTokens.read", "/api/v1/api-tokens"),
        ("okta.roles.read", "/api/v1/iam/assignees/users"),
        ("okta.policies.read", "/api/v1/policies"),
        ("okta.authorizationServers.read", "/api/v1/authorizationServers"),
        ("okta.logs.read", "/api/v1/logs"),
        ("okta.users.read", "/api/v1/users/*/factors"),
        ("okta.users.read", "/api/v1/users/*/grants"),
    ] {
        let refused = server.plant(On::get(path), Damage::Reply(okta_error(403, "E0000006")));
        let told = wire.fault();
        refused.expect_fired();
        refused.withdraw();
        let gaps = told.all_gaps();
        let names = |gap: &String| gap.contains("denied: needs") && gap.contains(right);
        assert!(gaps.iter().any(names), "{path}: {right}: {gaps:#?}");
        unaffected(&before, &told, path);
    }
    wire.whole();
}

#[test]
fn c1_refused_everywhere_is_denied_everywhere_and_never_empty() {
    let (_stub, server, wire) = vault(VaultStub::usual(now()), QUICK);
    let before = wire.whole();
    let doors = |path: &str| path.contains("/login") || path.contains("/sys/health") || path.contains("-self");
    let refused = server
        .plant(On::any().when(move |asked| !doors(&asked.path)), Damage::Reply(refusal(403, &["permission denied"])));
    let told = wire.fault();
    for (scope, state) in told.states() {
        assert_ne!(state, "complete", "{scope}");
        assert_eq!(told.objects(&scope), 0, "{scope}");
    }
    told.says("root/identity.entities", &["denied", "list on identity/entity/id"]);
    assert!(
        told.findings().iter().all(|(grant, state)| ["u-1", "t-1"].contains(&grant.as_str()) || state == "unverified")
    );
    assert!(before.states().len() > 5);
    wire.heals(&refused);
}

#[test]
fn c2_a_session_that_ends_on_the_way_is_renewed_and_one_that_cannot_be_is_told() {
    let assume = ", assume: { role: \"arn:aws:iam::111122223333:role/releases\" }";
    let (stub, server, wire) = aws_with(leaver_and_twin(now()), QUICK, assume);
    let expired = Answer::xml("<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error><RequestId>r</RequestId></ErrorResponse>").of(403);
    let once = server.plant(On::operation("iam:ListRoles").once(), Damage::Reply(expired.clone()));
    wire.whole();
    assert_eq!(once.fired(), 1);
    let ever = server.plant(On::operation("iam:ListRoles"), Damage::Reply(expired));
    let told = wire.fault();
    told.says("111122223333/iam.roles", &["ExpiredToken", "could not be renewed"]);
    assert_eq!(told.incomplete(), ["111122223333/iam.roles"]);
    drop(stub);
    wire.heals(&ever);
}

#[test]
fn c2_a_token_that_ends_on_the_way_and_is_nobody_s_to_renew_leaves_what_was_read() {
    let (_stub, server, wire) = okta(8, QUICK);
    let whole = wire.whole();
    let ended = server.plant(
        On::get("/api/v1/users").when(|asked| asked.query("after").is_some()),
        Damage::Reply(okta_error(401, "E0000011")),
    );
    let told = wire.fault();
    assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 2));
    told.says("users", &["not authenticated", "401 (E0000011)"]);
    assert!(whole.objects("users") > 2);
    wire.heals(&ended);
}

/// No scope was believed, and nothing but who the other side is was asked for.
#[track_caller]
fn nothing_was_read(told: &Told, words: &[&str], server: &FaultServer, asks: impl Fn(&str) -> bool) {
    for scope in told.states().keys() {
        assert_eq!(told.state(scope), "failed", "{scope}");
        told.says(scope, words);
    }
    for logged in server.log() {
        assert!(asks(&logged.asked.path) || asks(&logged.asked.operation), "{} was asked", logged.asked.path);
    }
    let others = told.findings().into_iter().filter(|(grant, _)| !["u-1", "t-1"].contains(&grant.as_str()));
    assert!(others.into_iter().all(|(_, state)| state == "unverified"));
}

#[test]
fn c3_a_credential_of_another_tenant_fails_every_scope_with_both_names() {
    let (stub, server, wire) = okta(0, QUICK);
    let ours = stub.truth().id;
    stub.change(|org| org.id = String::from("00oSOMEBODYELSE00000"));
    server.forget();
    let told = wire.fault();
    nothing_was_read(&told, &["wrong system", &ours, "00oSOMEBODYELSE00000"], &server, |path| {
        path.contains("well-known")
    });
    stub.change(|org| org.id = ours);
    wire.whole();
}

#[test]
fn c3_a_credential_of_another_account_and_another_cluster_fail_every_scope_with_both_names() {
    let (stub, server, wire) = aws(leaver_and_twin(now()), QUICK);
    let other = (String::from("999988887777"), String::from("arn:aws:iam::999988887777:user/x"));
    let ours = stub.truth().principals.insert(String::from(KEY_ID), other).expect("a principal");
    server.forget();
    let told = wire.fault();
    nothing_was_read(&told, &["wrong system", "111122223333", "999988887777"], &server, |name| {
        name.starts_with("sts:")
    });
    stub.truth().principals.insert(String::from(KEY_ID), ours);
    wire.whole();
    let (stub, server, wire) = vault(VaultStub::usual(now()), QUICK);
    let ours = std::mem::replace(&mut stub.state().cluster_id, String::from("11111111-2222-3333-4444-555555555555"));
    server.forget();
    let told = wire.fault();
    let entry = |path: &str| path.contains("health") || path.contains("/login") || path.contains("-self");
    nothing_was_read(&told, &["wrong system", &ours, "11111111-2222"], &server, entry);
    stub.state().cluster_id = ours;
    wire.whole();
}

#[test]
fn c4_not_found_that_may_mean_not_permitted_is_told_with_both_readings() {
    let (_stub, server, wire) = github(Truth::usual(), QUICK);
    for answer in [Answer::json(&json!({"message": "Not Found"})).of(404), Answer::status(404)] {
        let hidden = server.plant(On::get("/orgs/acme/hooks"), Damage::Reply(answer));
        let told = wire.fault();
        assert_eq!(told.state("webhooks"), "denied");
        told.says("webhooks", &["organization_hooks", "\"not found\" where it is missing"]);
        hidden.expect_fired();
        hidden.withdraw();
    }
    wire.whole();
}

#[test]
fn c4_a_mount_that_is_missing_is_a_gap_and_one_that_is_empty_is_none() {
    let (_stub, server, wire) = vault(VaultStub::usual(now()), QUICK);
    let list = || On::any().when(|asked| asked.path.ends_with("/auth/userpass/users") && asked.query("list").is_some());
    let missing = server.plant(list(), Damage::Reply(refusal(404, &["no handler for route \"auth/userpass/users\""])));
    let told = wire.fault();
    let scope = told.incomplete().into_iter().find(|name| name.contains("userpass")).expect("the scope of the mount");
    assert_ne!(told.state(&scope), "complete");
    told.says(&scope, &["the mount may be absent or of another type, or the namespace wrong"]);
    wire.heals(&missing);
    // Empty, in the server's own words: complete with nothing in it, and what was there is absent once.
    let empty = server.plant(list(), Damage::Reply(refusal(404, &[])));
    let told = wire.scan();
    empty.expect_fired();
    assert_eq!((told.state(&scope).as_str(), told.objects(&scope)), ("complete", 0), "{:?}", told.gaps(&scope));
}

#[test]
fn c5_a_credential_that_can_write_is_told_and_changes_no_verdict() {
    let (_stub, server, mut wire) = github(Truth::usual(), QUICK);
    let plain = wire.whole();
    assert_eq!(
        plain.report["systems"][0]["credential"]["excess_permissions"], 0,
        "{}",
        plain.report["systems"][0]["credential"]
    );
    let strong = server.plant(
        On::post("/app/installations/*/access_tokens"),
        Damage::change(|_, answer| answer.edit(|token| token["permissions"]["members"] = json!("write"))),
    );
    let told = wire.whole();
    strong.expect_fired();
    assert_eq!(told.report["systems"][0]["credential"]["excess_permissions"], 1);
    let rights = wire.live.run(&["check-permissions"]);
    assert!(rights.stdout.contains("members=write") && rights.stdout.contains("1 in excess"), "{}", rights.stdout);
    // Where the configuration denies it, nothing is read.
    wire.reconfigure("    connector: github\n", "    connector: github\n    deny_overprivileged: true\n");
    wire.live.write();
    let metrics = wire.live.path().join("refused.prom");
    let told = ["scan", "--no-progress", "--metrics-file", metrics.to_str().expect("a path")];
    for command in [&["check-permissions"][..], &told] {
        let refused = wire.live.run(command);
        refused.expect(2);
        assert!(
            refused.stderr.contains("members=write") && refused.stderr.contains("deny_overprivileged"),
            "{}",
            refused.stderr
        );
    }
    // And the figures say that the run failed, rather than nothing.
    let figures = std::fs::read_to_string(&metrics).expect("the textfile");
    assert!(figures.contains("\nholdover_run_exit_code 2\n"), "{figures}");
    assert!(!figures.contains("holdover_residual_findings"), "{figures}");
    strong.withdraw();
    wire.whole();
}

#[test]
fn c6_a_clock_that_is_ten_minutes_off_is_named_before_anything_is_read() {
    let (_stub, server, wire) = okta(0, QUICK);
    for (minutes, side) in [(10, "behind"), (-10, "ahead of")] {
        let shifted = server.plant(On::any(), Damage::date(now() + TimeDelta::minutes(minutes)));
        server.forget();
        let told = wire.fault();
        nothing_was_read(&told, &["check the clock", "our clock is", side, "allowed 300 s"], &server, |path| {
            path.contains("well-known")
        });
        shifted.expect_fired();
        shifted.withdraw();
    }
    wire.whole();
    // Two minutes are told and hinder nothing.
    let shifted = server.plant(On::any(), Damage::date(now() + TimeDelta::minutes(2)));
    let told = wire.whole();
    shifted.expect_fired();
    assert!(told.run.stderr.contains("clock"), "{}", told.run.stderr);
}

/// The wire is a company of its own; this keeps the helper honest.
#[test]
fn c0_a_company_without_a_fault_has_no_gap_and_keeps_its_tickets() {
    let (_stub, server, wire): (_, _, Wire) = okta(0, QUICK);
    wire.whole();
    wire.whole();
    assert!(server.complaints().is_empty());
}
