//! Plans and editions: what is not there is told from what is not permitted.

use holdover_kit::stub::github::{Means, Truth};
use scan_contract::{Cause, Scanner};
use scan_github::Edition;

use crate::kit::{Reading, Scene, settings};

fn cause<'a>(reading: &'a Reading, scope: &str) -> &'a Cause {
    let gaps = &reading.scope(scope).gaps;
    assert_eq!(gaps.len(), 1, "{scope}: {gaps:?}");
    &gaps[0].cause
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_plan_has_no_audit_log_and_no_authorised_credentials() {
    let truth = Truth { plan: String::from("team"), saml: false, ..Truth::usual() };
    let scene = Scene::new(truth, Means::App);
    let reading = scene.read().await;
    assert!(matches!(cause(&reading, "audit-log"), Cause::NotOnPlan { .. }));
    assert!(matches!(cause(&reading, "credential-authorizations"), Cause::NotOnPlan { .. }));
    assert!(!reading.offered.iter().any(|name| name.starts_with("audit-log/")), "nobody is asked about one by one");
    assert_eq!(scene.server.count_of("GET /orgs/{org}/audit-log"), 0);
    // The App may see it, so null says that there is no single sign-on: asked, permitted, nothing there.
    reading.assert_complete("external-identities");
    assert!(reading.notices.iter().any(|notice| notice.contains("no single sign-on")), "{:?}", reading.notices);
    // Without the log nobody is told who made what.
    assert!(reading.record("webhooks", scan_contract::AccessKind::Automation, "webhook/52").holders.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn null_is_not_read_as_no_single_sign_on_by_who_may_not_see_it() {
    let truth = Truth { saml: false, ..Truth::usual() };
    let scene = Scene::new(truth.clone(), Means::FineGrained);
    let reading = scene.read().await;
    let said = cause(&reading, "external-identities").to_string();
    assert!(said.contains("members=read") && said.contains("null for both"), "{said}");
    let scene = Scene::new(truth, Means::App);
    scene.stub.deny("members");
    let reading = scene.read().await;
    assert!(matches!(cause(&reading, "external-identities"), Cause::Denied { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn managed_users_have_no_invitations_and_that_is_no_refusal() {
    let scene = Scene::new(Truth { managed: true, ..Truth::usual() }, Means::App);
    let reading = scene.read().await;
    for scope in ["invitations", "failed-invitations"] {
        assert!(matches!(cause(&reading, scope), Cause::NotSupported { .. }), "{scope}");
    }
    // Nobody says which rights this one has: both readings are told.
    let scene = Scene::new(Truth { managed: true, ..Truth::usual() }, Means::FineGrained);
    let said = cause(&scene.read().await, "invitations").to_string();
    assert!(said.contains("members=read") && said.contains("managed users"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_copilot_is_told_from_a_missing_right() {
    let scene = Scene::new(Truth { copilot: false, ..Truth::usual() }, Means::App);
    assert!(matches!(cause(&scene.read().await, "copilot-seats"), Cause::NotOnPlan { .. }));
    let scene = Scene::new(Truth { copilot: false, ..Truth::usual() }, Means::FineGrained);
    assert!(matches!(cause(&scene.read().await, "copilot-seats"), Cause::Denied { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn enterprise_server_answers_below_its_paths_and_lacks_what_it_lacks() {
    let scene = Scene::with(Truth::usual(), Means::App, Edition::Server, |_| {});
    let reading = scene.read().await;
    let missing = [
        "copilot-seats",
        "credential-authorizations",
        "enterprise-licenses",
        "enterprise-roles",
        "external-identities",
        "failed-invitations",
        "invitations",
    ];
    assert_eq!(reading.incomplete(), missing, "{:?}", reading.gaps());
    for scope in missing {
        assert!(matches!(cause(&reading, scope), Cause::NotSupported { .. }), "{scope}");
    }
    let log = scene.server.finish();
    assert!(log.iter().all(|one| one.asked.path.starts_with("/api/")), "everything lies below /api");
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_another_organisation_of_the_same_name_is_a_wrong_system() {
    let scene = Scene::new(Truth { id: 9, ..Truth::usual() }, Means::App);
    let identity = scene.scanner.identify().await.expect("an identity");
    assert_ne!(identity.declared, identity.found, "{identity:?}");
    let scene = Scene::new(Truth::usual(), Means::App);
    let identity = scene.scanner.identify().await.expect("an identity");
    assert_eq!(identity.declared, identity.found);
    // Logins have no case.
    let scene = Scene::with(Truth::usual(), Means::App, Edition::Cloud, |settings| {
        settings.organisation.login = String::from("AcMe");
    });
    let identity = scene.scanner.identify().await.expect("an identity");
    assert_eq!(identity.declared, identity.found);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_is_not_there_is_a_wrong_system_and_not_an_empty_one() {
    let scene = Scene::with(Truth::usual(), Means::Classic(Vec::new()), Edition::Cloud, |settings| {
        settings.organisation.login = String::from("other");
    });
    let cause = scene.scanner.identify().await.expect_err("nobody there");
    assert!(matches!(cause, Cause::WrongSystem { .. }), "{cause}");
}

#[test]
fn the_declared_origin_is_the_only_one() {
    let settings = settings("http://127.0.0.1:9", Edition::Server, crate::kit::token());
    assert_eq!(settings.door().origins.len(), 1);
}
