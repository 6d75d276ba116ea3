//! Signing in: every form of a key, every refusal, and a token that ends in the middle.

use std::collections::BTreeMap;

use holdover_kit::fault::{Damage, On};
use holdover_kit::stub::okta::{OktaUser, okta_error};
use scan_contract::{AccessKind, Cause, Scanner};
use scan_okta::SignIn;
use scan_transport::SecretRef;

use crate::bench::{Bench, Told, read_lists, service_app};
use crate::keys::Pair;
use crate::world;

fn bench_with(pair: &Pair, key: String, key_id: Option<&str>) -> Bench {
    let app = service_app(pair);
    let sign_in = SignIn::ServiceApp {
        client_id: app.client_id.clone(),
        key_id: key_id.map(String::from),
        key: SecretRef::Environment(String::from("key")),
    };
    let stub = world::stub(world::bare()).with_service_app(app);
    Bench::new(stub, sign_in, |build| build, BTreeMap::from([(String::from("key"), key)]))
}

#[tokio::test]
async fn keys_are_taken_as_pem_and_as_jwk_and_okta_checks_the_signature() {
    let (elliptic, rsa) = (Pair::elliptic(), Pair::rsa());
    let table = [
        (&elliptic, elliptic.private_pem.clone(), Some("ec-1")),
        (&elliptic, elliptic.private_pem.clone(), None),
        (&elliptic, elliptic.elliptic_jwk(), None),
        (&rsa, rsa.private_pem.clone(), Some("rsa-1")),
        (&rsa, rsa.rsa_jwk(), None),
        (&rsa, format!("\n{}\n", rsa.rsa_jwk()), Some("rsa-1")),
    ];
    for (position, (pair, key, id)) in table.into_iter().enumerate() {
        let bench = bench_with(pair, key, id);
        let told = read_lists(&bench.okta()).await;
        assert!(told.is_whole("users"), "form {position}: {:?}", told.gaps_of("users"));
        assert_eq!(bench.stub.tokens_given(), 1, "form {position}: one token for the whole read");
    }
}

fn all_fail_with(told: &Told, fits: impl Fn(&Cause) -> bool) {
    for scope in ["users", "passwords", "apps", "app-assignments", "admin-roles", "api-tokens", "session-policies"] {
        let causes = told.causes_of(scope);
        assert!(!told.sealed.contains(scope), "{scope}");
        assert!(causes.iter().any(|cause| fits(cause)), "{scope}: {causes:?}");
    }
    assert!(told.records.is_empty());
}

#[tokio::test]
async fn a_wrong_key_is_no_way_in_and_no_scope_is_empty() {
    let (right, wrong) = (Pair::elliptic(), Pair::elliptic());
    let bench = bench_with(&right, wrong.private_pem.clone(), Some("ec-1"));
    let told = read_lists(&bench.okta()).await;
    all_fail_with(
        &told,
        |cause| matches!(cause, Cause::Unauthenticated { detail } if detail.contains("invalid_client")),
    );
}

#[tokio::test]
async fn a_key_that_is_missing_or_broken_is_told_and_nothing_is_sent_with_it() {
    let pair = Pair::elliptic();
    for key in ["not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        let bench = bench_with(&pair, String::from(key), None);
        let told = read_lists(&bench.okta()).await;
        all_fail_with(&told, |cause| matches!(cause, Cause::Unauthenticated { .. }));
        assert_eq!(bench.server.count_of("POST /oauth2/v1/token"), 0);
    }
    let mut bench = bench_with(&pair, pair.private_pem.clone(), None);
    bench.secrets.clear();
    let told = read_lists(&bench.okta()).await;
    all_fail_with(&told, |cause| matches!(cause, Cause::Unreachable { .. }));
}

#[tokio::test]
async fn an_app_without_any_scope_is_denied_by_name() {
    let bench = Bench::with_app(world::stub(world::bare()));
    for right in scan_okta::ALLOW.rights() {
        bench.stub.revoke_scope(right.name);
    }
    let told = read_lists(&bench.okta()).await;
    all_fail_with(
        &told,
        |cause| matches!(cause, Cause::Denied { permission } if permission.contains("okta.users.read")),
    );
}

#[tokio::test]
async fn an_app_that_demands_proof_of_possession_is_told_so() {
    let pair = Pair::elliptic();
    let mut app = service_app(&pair);
    app.demands_dpop = true;
    let sign_in = SignIn::ServiceApp {
        client_id: app.client_id.clone(),
        key_id: None,
        key: SecretRef::Environment(String::from("key")),
    };
    let stub = world::stub(world::bare()).with_service_app(app);
    let secrets = BTreeMap::from([(String::from("key"), pair.private_pem.clone())]);
    let bench = Bench::new(stub, sign_in, |build| build, secrets);
    let told = read_lists(&bench.okta()).await;
    all_fail_with(&told, |cause| matches!(cause, Cause::Unauthenticated { detail } if detail.contains("DPoP")));
}

#[tokio::test]
async fn an_access_token_that_ends_in_the_middle_of_a_list_is_renewed_once_and_nothing_is_lost() {
    let mut org = world::bare();
    for number in 0..25 {
        org.users.push(OktaUser::new(&format!("00u{number:02}"), &format!("u{number}@acme.example")));
    }
    let bench = Bench::with_app(world::stub(org).with_pages_of(5));
    let okta = bench.okta();
    let stub = std::sync::Arc::clone(&bench.stub);
    // The third page of users meets a token that was good until then.
    let ended = bench.server.plant(
        On::get("/api/v1/users").nth(3),
        Damage::change(move |_, _| {
            stub.end_access_tokens();
            okta_error(401, "E0000011")
        }),
    );
    let told = read_lists(&okta).await;
    ended.expect_fired();
    assert!(told.is_whole("users"), "{:?}", told.gaps_of("users"));
    assert_eq!(told.ids(AccessKind::Account).len(), 26);
    assert!(bench.stub.tokens_given() >= 2);
}

#[tokio::test]
async fn an_access_token_that_cannot_be_renewed_leaves_what_was_read_and_a_gap() {
    let mut org = world::bare();
    for number in 0..25 {
        org.users.push(OktaUser::new(&format!("00u{number:02}"), &format!("u{number}@acme.example")));
    }
    let bench = Bench::with_app(world::stub(org).with_pages_of(5));
    let ended = bench.server.plant(On::get("/api/v1/users").from(3), Damage::Reply(okta_error(401, "E0000011")));
    let told = read_lists(&bench.okta()).await;
    ended.expect_fired();
    assert!(!told.sealed.contains("users"));
    assert_eq!(told.ids(AccessKind::Account).len(), 10, "two pages are kept");
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::Unauthenticated { .. }]));
    assert!(told.is_whole("admin-roles"), "other lists are not touched");
}

#[tokio::test]
async fn an_access_token_is_renewed_a_minute_before_its_end() {
    let bench = Bench::with_app(world::stub(world::bare()));
    bench.stub.tokens_live(59);
    let okta = bench.okta();
    okta.identify().await.expect("an identity");
    let told = read_lists(&okta).await;
    assert!(told.is_whole("users"));
    assert!(bench.stub.tokens_given() > 2, "a token with less than a minute left is not used again");
}

#[tokio::test]
async fn an_api_token_dies_with_the_user_who_made_it() {
    let bench = Bench::with_token(world::stub(world::bare()));
    bench.stub.change(|org| org.users[0].status = String::from("DEPROVISIONED"));
    let told = read_lists(&bench.okta()).await;
    all_fail_with(&told, |cause| matches!(cause, Cause::Unauthenticated { detail } if detail.contains("E0000011")));
}

#[tokio::test]
async fn the_organisation_says_who_it_is_by_id_and_by_subdomain() {
    let mut bench = Bench::with_token(world::stub(world::bare()));
    let same = bench.okta().identify().await.expect("an identity");
    assert_eq!((same.declared.as_str(), same.found.as_str()), (world::ORG, world::ORG));
    bench.settings.organisation = scan_okta::Organisation::parse("acme");
    let same = bench.okta().identify().await.expect("an identity");
    assert_eq!((same.declared.as_str(), same.found.as_str()), ("acme", "acme"));
    bench.stub.change(|org| {
        org.subdomain = String::from("other");
        org.id = String::from("00oother000000000001");
    });
    let other = bench.okta().identify().await.expect("an identity");
    assert_eq!((other.declared.as_str(), other.found.as_str()), ("acme", "other"));
    bench.settings.organisation = scan_okta::Organisation::parse(world::ORG);
    let other = bench.okta().identify().await.expect("an identity");
    assert_eq!(other.found, "00oother000000000001");
}
