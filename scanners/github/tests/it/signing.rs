//! Signing in and out.

use std::time::Duration;

use holdover_kit::fault::{Answer, Damage, On, Planted};
use holdover_kit::stub::github::{Means, Truth};
use scan_contract::{Cause, Scanner};
use serde_json::json;

use crate::kit::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn an_app_signs_in_once_and_gives_its_token_back() {
    let scene = Scene::new(Truth::usual(), Means::App);
    let reading = scene.read().await;
    reading.assert_complete("members");
    assert_eq!(scene.stub.tokens(), (1, 0));
    scene.scanner.close().await.expect("given back");
    assert_eq!(scene.stub.tokens(), (1, 1));
    scene.scanner.close().await.expect("nothing left to give back");
    let log = scene.server.finish();
    let claims = log.iter().find(|one| one.asked.operation.ends_with("access_tokens")).expect("a sign-in");
    assert!(claims.asked.token().is_some_and(|token| token.split('.').count() == 3), "signed claims");
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_token_that_ends_in_mid_walk_is_replaced_and_nothing_is_lost() {
    let whole = Scene::new(Truth::usual(), Means::App).read().await;
    let scene = Scene::new(Truth::usual(), Means::App);
    let expired = Answer::json(&json!({"message": "Bad credentials"})).of(401);
    let fault = scene.server.plant(On::get("/orgs/*/hooks").times(1), Damage::Reply(expired));
    let reading = scene.read().await;
    assert_eq!(fault.fired(), 1);
    assert_eq!(reading.incomplete(), whole.incomplete(), "{:?}", reading.gaps());
    assert_eq!(scene.stub.tokens().0, 2, "one renewal");
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_several_refusals_of_one_token_make_one_new_token_and_every_token_is_given_back() {
    let scene = Scene::new(Truth::usual(), Means::App);
    let expired = || Damage::Reply(Answer::json(&json!({"message": "Bad credentials"})).of(401));
    let first_token = |asked: &holdover_kit::fault::Asked| asked.token().is_some_and(|token| token.ends_with("00001"));
    // Both are under way with the first token; the second refusal comes when a new token is in use already.
    let refused: Vec<_> = [("svc", 1_000), ("bare", 2_000)]
        .into_iter()
        .map(|(name, late)| {
            let on = || On::get(&format!("/repos/acme/{name}/hooks")).when(first_token);
            scene.server.plant(on(), Damage::Delay(Duration::from_millis(late)));
            scene.server.plant(on(), expired())
        })
        .collect();
    let reading = scene.read().await;
    assert_eq!(refused.iter().map(Planted::fired).collect::<Vec<_>>(), [1, 1]);
    reading.assert_complete("repository-webhooks");
    assert_eq!(scene.stub.tokens(), (2, 0), "one renewal for both");
    scene.scanner.close().await.expect("given back");
    assert_eq!(scene.stub.tokens(), (2, 2), "the refused one, too: who refused it may still take it");
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_token_of_a_person_that_ends_is_told_as_such() {
    let scene = Scene::new(Truth::usual(), Means::Classic(vec![String::from("repo")]));
    let expired = Answer::json(&json!({"message": "Bad credentials"})).of(401);
    let fault = scene.server.plant(On::get("/orgs/*/hooks"), Damage::Reply(expired));
    let reading = scene.read().await;
    assert!(fault.fired() > 0);
    let gaps = &reading.scope("webhooks").gaps;
    assert!(gaps.iter().any(|gap| matches!(gap.cause, Cause::Unauthenticated { .. })), "{gaps:?}");
    reading.assert_complete("members");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_not_installed_signs_in_nowhere() {
    let scene = Scene::new(Truth { login: String::from("other"), ..Truth::usual() }, Means::App);
    let cause = scene.scanner.identify().await.expect_err("no installation");
    assert!(matches!(&cause, Cause::Unauthenticated { detail } if detail.contains("not installed")), "{cause}");
    assert_eq!(scene.stub.tokens(), (0, 0));
}
