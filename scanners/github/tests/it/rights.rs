//! Each right taken away in turn gives exactly the gap it must, by name; and what the credential may do is told.

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::github::{APP_RIGHTS, Means, Truth};
use scan_contract::{Cause, RightState, Scanner};
use scan_github::Edition;
use serde_json::json;

use crate::kit::Scene;

/// What is never complete with an App.
const NOT_FOR_APPS: [&str; 2] = ["enterprise-licenses", "enterprise-roles"];

/// Scopes that a missing right spoils, follow-ups aside.
fn spoiled(right: &str) -> &'static [&'static str] {
    match right {
        "members" => &[
            "external-identities",
            "failed-invitations",
            "invitations",
            "members",
            "outside-collaborators",
            "ssh-keys",
            "teams",
        ],
        "organization_administration" => &["audit-log", "credential-authorizations", "installations"],
        "organization_custom_org_roles" => &["organization-roles"],
        "organization_personal_access_tokens" => &["personal-access-tokens"],
        "organization_personal_access_token_requests" => &["personal-access-token-requests"],
        "organization_hooks" => &["webhooks"],
        "organization_self_hosted_runners" => &["runners"],
        "organization_copilot_seat_management" => &["copilot-seats"],
        "organization_secrets" => &["actions-secrets"],
        "organization_dependabot_secrets" => &["dependabot-secrets"],
        // The plan is not told, and everything answers all the same.
        "organization_plan" => &[],
        "metadata" => &["repository-collaborators"],
        "administration" => &["deploy-keys", "repository-invitations", "repository-runners"],
        "contents" => &["codeowners", "scheduled-workflows"],
        "actions" => &["environment-secrets", "environments", "scheduled-workflows"],
        "environments" => &["environment-secrets"],
        "repository_hooks" => &["repository-webhooks"],
        "secrets" | "dependabot_secrets" | "codespaces_secrets" => &["repository-secrets"],
        other => panic!("{other} is not in the table of this test"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_each_right_denied_in_turn_is_a_gap_by_its_own_name() {
    let whole = Scene::new(Truth::usual(), Means::App).read().await;
    for hidden in [false, true] {
        for right in APP_RIGHTS {
            // Codespaces secrets of an organisation no App may see, so nothing of it is told apart here.
            let scene = Scene::new(Truth::usual(), Means::App);
            scene.stub.deny(right);
            if hidden {
                scene.stub.hide_rights();
            }
            let reading = scene.read().await;
            let lost: Vec<&str> = reading
                .incomplete()
                .into_iter()
                .filter(|name| !NOT_FOR_APPS.contains(name) && !name.contains('/'))
                .collect();
            if hidden {
                // An App whose rights are not told is one that has none: everything is asked for all the same where a
                // request can tell, so at least what the right serves is lost by name.
                for name in spoiled(right) {
                    assert!(lost.contains(name), "{right} hidden: {name} is complete: {:?}", reading.gaps());
                }
                continue;
            }
            assert_eq!(lost, spoiled(right), "{right}: {:?}", reading.gaps());
            for name in &lost {
                let named = reading.scope(name).gaps.iter().any(|gap| gap.cause.to_string().contains(right));
                assert!(named, "{right} is not named in {name}: {:?}", reading.scope(name).gaps);
            }
            // Nothing that the right does not serve is lost.
            for (name, scope) in
                whole.scopes.iter().filter(|(name, scope)| !lost.contains(&name.as_str()) && scope.is_complete())
            {
                let Some(found) = reading.scopes.get(name) else { continue };
                if right != "organization_administration" && right != "members" {
                    assert_eq!(found.records.len(), scope.records.len(), "{right}: {name}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_own_words_name_the_right_and_single_sign_on_comes_first() {
    let scene = Scene::new(Truth::usual(), Means::FineGrained);
    let refusal = Answer::json(&json!({"message": "Resource not accessible"})).of(403);
    let named = scene.server.plant(
        On::get("/orgs/*/hooks"),
        Damage::Reply(
            refusal.clone().with("x-accepted-github-permissions", "organization_hooks=read; organization_events=read"),
        ),
    );
    let sso = scene.server.plant(
        On::get("/orgs/*/installations"),
        Damage::Reply(
            refusal.with("x-github-sso", "required; url=https://github.com/orgs/acme/sso?authorization_request=x"),
        ),
    );
    let partial = scene.server.plant(
        On::get("/orgs/*/outside_collaborators"),
        Damage::change(|_, answer| answer.with("x-github-sso", "partial-results; organizations=21955855,20582480")),
    );
    let reading = scene.read().await;
    let gaps = reading.gaps();
    let has =
        |scope: &str, text: &str| gaps.iter().any(|gap| gap.starts_with(&format!("{scope}/")) && gap.contains(text));
    assert!(has("webhooks", "organization_hooks=read; organization_events=read"), "{gaps:?}");
    assert!(has("installations", "single sign-on"), "{gaps:?}");
    assert!(has("outside-collaborators", "21955855,20582480"), "200 is not everything: {gaps:?}");
    assert_eq!(reading.scope("outside-collaborators").records.len(), 1, "what came is kept");
    assert!(named.fired() > 0 && sso.fired() > 0 && partial.fired() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_permissions_tells_what_is_there_what_is_missing_and_what_is_too_much() {
    let scene = Scene::new(Truth::usual(), Means::App);
    scene.stub.deny("secrets");
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    let state = |name: &str| rights.needed.iter().find(|right| right.name == name).map(|right| right.state.clone());
    assert_eq!(state("members=read"), Some(RightState::Have));
    assert!(matches!(state("secrets=read"), Some(RightState::Missing { .. })));
    assert!(rights.excess.is_empty(), "{:?}", rights.excess);

    let scopes = ["repo", "admin:org", "delete_repo", "workflow"].map(String::from).to_vec();
    let scene = Scene::new(Truth::usual(), Means::Classic(scopes));
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    assert_eq!(rights.excess, ["delete_repo", "workflow"]);
    let missing: Vec<&str> = rights
        .needed
        .iter()
        .filter(|right| matches!(right.state, RightState::Missing { .. }))
        .map(|right| right.name.as_str())
        .collect();
    assert!(missing.contains(&"organization_hooks=read (scope admin:org_hook)"), "{missing:?}");

    let scene = Scene::new(Truth::usual(), Means::FineGrained);
    scene.stub.deny("organization_hooks");
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    let state = |name: &str| rights.needed.iter().find(|right| right.name == name).map(|right| right.state.clone());
    assert!(matches!(state("organization_hooks=read"), Some(RightState::Missing { .. })), "{rights:?}");
    assert_eq!(state("organization_secrets=read"), Some(RightState::Have), "it was tried");
    assert!(matches!(state("contents=read"), Some(RightState::CannotTell(_))), "no repository was asked");
    assert!(!rights.excess_not_told.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_token_needs_a_scope_of_its_own_for_the_audit_log() {
    for (scopes, held) in [
        (&["repo", "read:org"][..], false),
        (&["repo", "read:org", "read:audit_log"], true),
        (&["repo", "read:org", "audit_log"], true),
        (&["repo", "admin:org"], true),
    ] {
        let scopes = scopes.iter().map(|scope| String::from(*scope)).collect();
        for status in [404, 403] {
            let scene = Scene::new(Truth::usual(), Means::Classic(Vec::clone(&scopes)));
            let refusal = Answer::json(&json!({"message": "Not Found"})).of(status);
            let planted = scene.server.plant(On::get("/orgs/*/audit-log"), Damage::Reply(refusal));
            let reading = scene.read().await;
            assert!(planted.fired() > 0);
            let gaps = &reading.scope("audit-log").gaps;
            let named = |gap: &scan_contract::Gap| matches!(&gap.cause, Cause::Denied { permission } if permission.contains("read:audit_log"));
            assert_eq!(gaps.iter().any(named), !held || status == 403, "{scopes:?} {status}: {gaps:?}");
        }
        let scene = Scene::new(Truth::usual(), Means::Classic(Vec::clone(&scopes)));
        let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
        let serving: Vec<_> =
            rights.needed.iter().filter(|right| right.serves.iter().any(|kind| kind == "audit-log")).collect();
        let own = serving.iter().find(|right| right.name.contains("read:audit_log")).expect("a right of its own");
        assert_eq!(own.state == RightState::Have, held, "{scopes:?}: {serving:?}");
        let lists = rights.needed.iter().find(|right| right.serves.iter().any(|kind| kind == "installations"));
        assert_eq!(lists.map(|right| right.state == RightState::Have), Some(true), "{scopes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_configuration_does_not_read_is_off() {
    let scene = Scene::with(Truth::usual(), Means::Classic(vec![String::from("repo")]), Edition::Cloud, |settings| {
        settings.enterprise = None;
    });
    let rights = scene.scanner.check_rights().await.expect("rights").expect("a credential");
    let off: Vec<&str> =
        rights.needed.iter().filter(|right| right.state == RightState::Off).map(|right| right.name.as_str()).collect();
    assert_eq!(off, ["read:enterprise (scope read:enterprise)"]);
    let reading = scene.read().await;
    assert!(!reading.scopes.contains_key("enterprise-licenses"));
}
