//! What is missing from an answer is not empty, and what something else than the server says is not the server's word.

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::vault::{ALICE, refusal};
use scan_contract::{AccessRef, Cause, Look, Scanner, ScopeName};
use serde_json::{Value, json};

use crate::drive::{Read, Said, Scene};

/// Reads with every answer of an operation changed; the change must have met what it looks for.
async fn with(operation: &'static str, change: impl Fn(&mut Value) -> bool + Send + Sync + 'static) -> Said {
    let scene = Scene::usual();
    let met = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&met);
    scene.server.plant(
        On::operation(operation),
        Damage::change(move |_, answer| {
            answer.edit(|body| {
                if change(body) {
                    seen.store(true, std::sync::atomic::Ordering::SeqCst);
                }
            })
        }),
    );
    let said = scene.read().await;
    assert!(met.load(std::sync::atomic::Ordering::SeqCst), "{operation}: nothing was changed");
    assert_eq!(said.failures, [], "{operation}");
    said
}

fn take(body: &mut Value, pointer: &str) -> bool {
    let Some((parent, field)) = pointer.rsplit_once('/') else { return false };
    let parent = if parent.is_empty() { Some(body) } else { body.pointer_mut(parent) };
    parent.and_then(Value::as_object_mut).is_some_and(|fields| fields.remove(field).is_some())
}

fn empty(body: &mut Value, pointer: &str) -> bool {
    body.pointer_mut(pointer).map(|value| *value = Value::Null).is_some()
}

fn is_malformed(read: &Read) -> bool {
    read.gaps.iter().any(|gap| matches!(gap.cause, Cause::Malformed { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_or_table_that_is_missing_is_a_gap_and_never_an_empty_one() {
    for (operation, pointer, scope) in [
        ("list sys/namespaces", "/data/keys", "root/sys.namespaces"),
        ("list sys/namespaces", "/data", "root/sys.namespaces"),
        ("list sys/policies/acl", "/data/keys", "root/sys.policies"),
        ("list identity/entity/id", "/data/keys", "root/identity.entities"),
        ("list identity/entity-alias/id", "/data/keys", "root/identity.aliases"),
        ("list identity/group/id", "/data/keys", "root/identity.groups"),
        ("list auth/token/accessors", "/data/keys", "root/auth.token-accessors"),
        ("list sys/leases/lookup", "/data/keys", "root/sys.leases"),
        ("list auth/{mount}/users", "/data/keys", "root/userpass.users"),
        ("list auth/{mount}/role", "/data/keys", "root/jwt.roles"),
        ("list auth/{mount}/role/{name}/secret-id", "/data/keys", "root/approle.secret-ids"),
        ("list auth/{mount}/certs", "/data/keys", "root/cert.certificates"),
        ("list {mount}/detailed-metadata/{path}", "/data/keys", "root/kv.secret-owners"),
        ("list {mount}/certs", "/data/keys", "root/pki.certificates"),
        ("list {mount}/roles", "/data/keys", "root/ssh.roles"),
        ("list {mount}/static-roles", "/data/keys", "root/database.static-roles"),
        ("sys/mounts", "/data", "root/kv.stores"),
        ("sys/auth", "/data", "root/userpass.users"),
        ("sys/audit", "/data", "root/sys.audit-devices"),
        ("sys/internal/counters/entities", "/data/counters/entities", "root/identity.entities"),
    ] {
        for (words, change) in [("missing", take as fn(&mut Value, &str) -> bool), ("null", empty)] {
            let said = with(operation, move |body| change(body, pointer)).await;
            let read = said.scope(scope);
            assert!(!read.is_complete() && is_malformed(read), "{operation} {pointer} {words}: {read:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_decides_who_or_how_far_must_be_told_and_null_is_the_servers_word_for_none() {
    let entity = format!("root/identity.entity/{ALICE}");
    for (operation, field, scope, nullable) in [
        ("identity/group/id/{id}", "member_entity_ids", "root/identity.groups", true),
        ("identity/group/id/{id}", "parent_group_ids", "root/identity.groups", true),
        ("identity/group/id/{id}", "policies", "root/identity.groups", true),
        ("identity/entity/id/{id}", "policies", entity.as_str(), true),
        ("identity/entity/id/{id}", "group_ids", entity.as_str(), true),
        ("identity/entity/id/{id}", "aliases", entity.as_str(), true),
        ("identity/entity/id/{id}", "metadata", entity.as_str(), true),
        ("auth/token/lookup-accessor", "policies", "root/auth.token-accessors", true),
        ("auth/token/lookup-accessor", "meta", "root/auth.token-accessors", true),
        ("auth/token/lookup-accessor", "expire_time", "root/auth.token-accessors", true),
        ("auth/token/lookup-accessor", "entity_id", "root/auth.token-accessors", false),
        ("auth/token/lookup-accessor", "path", "root/auth.token-accessors", false),
        ("auth/token/lookup-accessor", "display_name", "root/auth.token-accessors", false),
        ("auth/{mount}/users/{name}", "token_policies", entity.as_str(), true),
        ("auth/{mount}/role/{name}", "token_policies", "root/jwt.roles", true),
        ("auth/{mount}/role/{name}", "bound_claims", "root/jwt.roles", true),
        ("auth/{mount}/role/{name}", "bound_subject", "root/jwt.roles", true),
        ("auth/{mount}/role/{name}", "bound_service_account_names", "root/kubernetes.roles", true),
        ("auth/{mount}/certs/{name}", "certificate", "root/cert.certificates", false),
        ("auth/{mount}/certs/{name}", "allowed_email_sans", "root/cert.certificates", true),
        ("auth/{mount}/role/{name}/secret-id-accessor/lookup", "metadata", "root/approle.secret-ids", true),
        ("{mount}/roles/{name}", "no_store", "root/pki.certificates", false),
        ("{mount}/roles/{name}", "allowed_users", "root/ssh.roles", true),
        ("{mount}/static-roles/{name}", "username", "root/database.static-roles", false),
    ] {
        let pointer = format!("/data/{field}");
        let missing = {
            let pointer = pointer.clone();
            with(operation, move |body| take(body, &pointer)).await
        };
        let read = missing.scope(scope);
        assert!(!read.is_complete() && is_malformed(read), "{operation} without {field}: {read:?}");
        if nullable {
            let none = with(operation, move |body| empty(body, &pointer)).await;
            assert!(none.scope(scope).is_complete(), "{operation} {field} null: {:?}", none.scope(scope).gaps);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_in_a_list_that_lacks_what_decides_costs_itself_and_is_told() {
    let alias = format!("/data/key_info/alias-{ALICE}-oidc/canonical_id");
    let said = with("list identity/entity-alias/id", move |body| take(body, &alias)).await;
    let aliases = said.scope("root/identity.aliases");
    assert_eq!(aliases.records.len(), 3);
    assert!(is_malformed(aliases), "{aliases:?}");
    // A secret is gone where its description is empty, and not where it is of another form.
    let said = with("list {mount}/detailed-metadata/{path}", |body| take(body, "/data/key_info/db/created_time")).await;
    assert!(is_malformed(said.scope("root/kv.secret-owners")));
    let gone = |body: &mut Value| body.pointer_mut("/data/key_info/db").map(|info| *info = json!({})).is_some();
    let said = with("list {mount}/detailed-metadata/{path}", gone).await;
    assert!(said.scope("root/kv.secret-owners").is_complete());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_by_the_server_alone() {
    let lists = [
        ("list sys/namespaces", "root/sys.namespaces"),
        ("list identity/group/id", "root/identity.groups"),
        ("list auth/{mount}/users", "root/userpass.users"),
        ("list {mount}/certs", "root/pki.certificates"),
    ];
    let page = || Answer::html("<html>not here</html>");
    for (operation, scope) in lists {
        for answer in [Answer::status(204), page().of(404), page().of(405)] {
            let scene = Scene::usual();
            let planted = scene.server.plant(On::operation(operation), Damage::Reply(answer));
            let said = scene.read().await;
            assert!(planted.fired() > 0, "{operation}");
            assert!(!said.scope(scope).is_complete(), "{operation}: {:?}", said.scope(scope));
        }
        let scene = Scene::usual();
        let planted = scene.server.plant(On::operation(operation), Damage::Reply(refusal(404, &[])));
        let said = scene.read().await;
        assert!(planted.fired() > 0, "{operation}");
        assert!(said.scope(scope).is_complete(), "{operation}: {:?}", said.scope(scope));
        assert!(said.scope(scope).records.is_empty());
    }
    let free = Scene::usual();
    let no_path = refusal(404, &["1 error occurred:\n\t* unsupported path\n\n"]);
    let planted = free.server.plant(On::operation("list sys/namespaces"), Damage::Reply(no_path));
    assert!(free.read().await.scope("root/sys.namespaces").is_complete());
    assert!(planted.fired() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_fails_in_other_words_than_gone_is_a_gap_and_closes_nothing() {
    let lookups = [
        ("auth/token/lookup-accessor", "root/auth.token-accessors", "invalid accessor"),
        (
            "auth/{mount}/role/{name}/secret-id-accessor/lookup",
            "root/approle.secret-ids",
            "failed to find accessor entry for secret_id_accessor: \"x\"",
        ),
    ];
    for (operation, scope, gone) in lookups {
        for answer in [
            refusal(400, &["failed to read entry: unexpected end of JSON input"]),
            refusal(403, &["1 error occurred:\n\t* permission denied\n\n"]),
            refusal(404, &["no handler for route"]),
            Answer::html("<html>bad request</html>").of(400),
            Answer::html("<html>not found</html>").of(404),
        ] {
            let scene = Scene::usual();
            let planted = scene.server.plant(On::operation(operation).times(2), Damage::Reply(answer));
            let said = scene.read().await;
            assert!(planted.fired() > 0);
            let read = said.scope(scope);
            assert!(!read.is_complete() && !read.gaps.is_empty(), "{operation}: {read:?}");
        }
        for answer in [refusal(400, &[gone]), refusal(404, &[gone]), Answer::status(204)] {
            let scene = Scene::usual();
            let planted = scene.server.plant(On::operation(operation).once(), Damage::Reply(answer));
            let said = scene.read().await;
            assert_eq!(planted.fired(), 1);
            assert!(said.scope(scope).is_complete(), "{operation}: {:?}", said.scope(scope));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_look_at_a_token_says_gone_in_the_servers_words_only() {
    let scene = Scene::usual();
    let said = scene.read().await;
    let (kind, id) = said.scope("root/auth.token-accessors").records.keys().next().cloned().expect("a token");
    let access = AccessRef { scope: ScopeName::from("root/auth.token-accessors"), kind, grant_id: id.as_str().into() };
    for (answer, gone) in [
        (refusal(400, &["storage is not readable"]), false),
        (Answer::html("gone").of(404), false),
        (refusal(400, &["invalid accessor"]), true),
        (refusal(403, &["bad token"]), true),
    ] {
        scene.server.plant(On::operation("auth/token/lookup-accessor").once(), Damage::Reply(answer));
        let look = scene.scanner.look(&access).await.expect("a look");
        assert_eq!(look == Look::Gone, gone, "{look:?}");
        assert!(gone || matches!(look, Look::CannotTell(_)), "{look:?}");
    }
    assert_eq!(scene.scanner.look(&access).await, Ok(Look::Present));
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_in_the_place_of_the_last_page_are_told() {
    let scene = Scene::usual();
    let planted = scene.server.plant(
        On::operation("list {mount}/detailed-metadata/{path}").query("after", "halfgone"),
        Damage::Reply(Answer::json(&json!({ "data": {}, "warnings": ["partial response due to timeout"] }))),
    );
    let said = scene.read().await;
    assert!(planted.fired() > 0);
    let owners = said.scope("root/kv.secret-owners");
    assert!(owners.gaps.iter().any(|gap| matches!(gap.cause, Cause::NotProven { .. })), "{owners:?}");
}
