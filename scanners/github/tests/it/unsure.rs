//! What an answer leaves out is not "none", and what cannot be told is said.

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::github::{Event, LEAVER, Made, Means, TWIN, Truth};
use scan_contract::{Access, AccessKind, Cause, Fact, Pass, Privilege, Relation, Scope, Status};
use serde_json::{Value, json};

use crate::kit::{Reading, Scene, walk};

/// Addresses of everybody a record names, in order.
fn addresses(access: &Access) -> Vec<&str> {
    access.holders.iter().filter_map(|holder| holder.email.as_deref()).collect()
}

const SWEEP: &str = "RepositorySweep";

fn query(name: &str) -> On {
    On::post("/graphql").body(&format!("\"operationName\":\"{name}\""))
}

/// Reads the usual organisation with answers changed; the change must have met something.
async fn with(on: On, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Reading {
    let scene = Scene::new(Truth::usual(), Means::App);
    let planted = scene.server.plant(on, Damage::change(move |_, answer| answer.edit(&change)));
    let reading = scene.read().await;
    assert!(planted.fired() > 0, "nothing was asked");
    reading
}

fn take(value: &mut Value, field: &str) {
    let fields = value.as_object_mut().expect("an object");
    assert!(fields.remove(field).is_some(), "no {field}");
}

#[track_caller]
fn assert_spoilt(reading: &Reading, scope: &str) {
    assert!(
        !reading.scope(scope).is_complete() && !reading.scope(scope).gaps.is_empty(),
        "{scope}: {:?}",
        reading.gaps()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_missing_is_a_gap_and_an_empty_one_is_none() {
    let whole = Scene::new(Truth::empty(), Means::App).read().await;
    for (name, place, list, scope) in [
        ("OrganizationMembers", "/data/organization/membersWithRole", "edges", "members"),
        ("OrganizationTeams", "/data/organization/teams", "nodes", "teams"),
        (SWEEP, "/data/organization/repositories", "nodes", "repository-collaborators"),
        (SWEEP, "/data/organization/repositories", "nodes", "repository-webhooks"),
        (
            "ExternalIdentities",
            "/data/organization/samlIdentityProvider/externalIdentities",
            "nodes",
            "external-identities",
        ),
    ] {
        let reading = with(query(name), move |value| take(value.pointer_mut(place).expect("a place"), list)).await;
        assert_spoilt(&reading, scope);
        whole.assert_complete(scope);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_lost_is_lost_with_their_keys_and_keys_alone_cost_keys_alone() {
    let keys_of_one = |value: &mut Value| {
        value["data"]["organization"]["membersWithRole"]["edges"][1]["node"]["publicKeys"] = Value::Null;
        value["errors"] = json!([{"type": "SERVICE_UNAVAILABLE", "message": "left out",
            "path": ["organization", "membersWithRole", "edges", 1, "node", "publicKeys"]}]);
    };
    let reading = with(query("OrganizationMembers"), keys_of_one).await;
    assert_spoilt(&reading, "ssh-keys");
    reading.assert_complete("members");
    let one = |value: &mut Value| {
        value["data"]["organization"]["membersWithRole"]["edges"][1]["node"]["databaseId"] = Value::Null;
    };
    let reading = with(query("OrganizationMembers"), one).await;
    assert_spoilt(&reading, "ssh-keys");
    assert_spoilt(&reading, "members");
}

#[tokio::test(flavor = "multi_thread")]
async fn repositories_that_are_missing_are_missing_from_what_is_asked_one_by_one_too() {
    let hanging = ["repository-webhooks", "repository-secrets", "repository-runners", "repository-invitations"];
    let more = |value: &mut Value| value["data"]["organization"]["repositories"]["totalCount"] = json!(4);
    let null = |value: &mut Value| value["data"]["organization"]["repositories"]["nodes"][2] = Value::Null;
    for reading in [with(query(SWEEP), more).await, with(query(SWEEP), null).await] {
        for scope in hanging.into_iter().chain(["deploy-keys", "codeowners"]) {
            assert_spoilt(&reading, scope);
        }
    }
    let whole = Scene::new(Truth::usual(), Means::App).read().await;
    for scope in hanging {
        whole.assert_complete(scope);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_nobody_may_read_are_not_files_that_are_not_there() {
    for denied in [true, false] {
        let scene = Scene::new(Truth::usual(), Means::App);
        if denied {
            scene.stub.deny("contents");
        }
        // Null, and not a word about why.
        let silent = scene.server.plant(
            query(SWEEP),
            Damage::change(|_, answer| {
                answer.edit(|value| {
                    for node in
                        value["data"]["organization"]["repositories"]["nodes"].as_array_mut().into_iter().flatten()
                    {
                        for field in ["first", "second", "third", "workflows"] {
                            node[field] = Value::Null;
                        }
                    }
                    value.as_object_mut().map(|value| value.remove("errors"));
                })
            }),
        );
        let reading = scene.read().await;
        assert!(silent.fired() > 0);
        for scope in ["codeowners", "scheduled-workflows"] {
            assert_eq!(reading.scope(scope).is_complete(), !denied, "{scope}: {:?}", reading.gaps());
            let refused = |gap: &&scan_contract::Gap| matches!(&gap.cause, Cause::Denied { permission } if permission.contains("contents"));
            assert_eq!(reading.scope(scope).gaps.iter().filter(refused).count() > 0, denied, "{scope}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_its_entries_is_a_gap_and_a_file_in_its_place_is_no_folder() {
    let entries = |with: Option<Value>| {
        move |value: &mut Value| {
            let tree = &mut value["data"]["organization"]["repositories"]["nodes"][0]["workflows"];
            *tree = with.as_ref().map_or_else(|| json!({}), |entries| json!({"entries": entries}));
        }
    };
    assert_spoilt(&with(query(SWEEP), entries(Some(Value::Null))).await, "scheduled-workflows");
    with(query(SWEEP), entries(Some(json!([])))).await.assert_complete("scheduled-workflows");
    with(query(SWEEP), entries(None)).await.assert_complete("scheduled-workflows");
    // Its file was seen: a workflow that is there is not deleted.
    let mut truth = Truth::usual();
    truth.repositories[0].workflows[0].state = String::from("deleted");
    let reading = Scene::new(truth, Means::App).read().await;
    let id = "1001/workflow/.github/workflows/nightly.yml";
    assert_eq!(reading.record("scheduled-workflows", AccessKind::Automation, id).status, Status::Unknown);
    assert_spoilt(&reading, "scheduled-workflows");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_approves_must_be_told() {
    let environments = || On::get("/repos/*/*/environments");
    let no_rules = |value: &mut Value| take(&mut value["environments"][0], "protection_rules");
    assert_spoilt(&with(environments(), no_rules).await, "environments");
    let nobody = |value: &mut Value| take(&mut value["environments"][0]["protection_rules"][1], "reviewers");
    assert_spoilt(&with(environments(), nobody).await, "environments");
    let none = |value: &mut Value| value["environments"][0]["protection_rules"] = json!([]);
    with(environments(), none).await.assert_complete("environments");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_identity_provider_is_believed_of_who_would_see_it() {
    let classic = || Means::Classic(["repo", "admin:org"].map(String::from).to_vec());
    for (means, owner, complete) in [(classic(), true, true), (classic(), false, false), (Means::App, false, true)] {
        let mut truth = Truth::usual();
        truth.saml = false;
        let scene = Scene::new(truth, means.clone());
        if !owner {
            scene.stub.deny("owner");
        }
        let reading = scene.read().await;
        let says = reading.scope("external-identities");
        assert_eq!(says.is_complete(), complete, "{means:?}, owner: {owner}: {:?}", reading.gaps());
    }
    // One that vanishes between two pages was there.
    let mut truth = Truth::usual();
    truth.unclaimed = (0..150).map(|number| format!("p{number}@acme.example")).collect();
    let scene = Scene::new(truth, Means::App);
    let planted = scene
        .server
        .plant(query("ExternalIdentities").nth(2), Damage::set("/data/organization/samlIdentityProvider", Value::Null));
    let reading = scene.read().await;
    assert_eq!(planted.fired(), 1);
    assert_spoilt(&reading, "external-identities");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_shown_may_be_there_where_accounts_are_managed() {
    for managed in [false, true] {
        let mut truth = Truth::usual();
        truth.managed = managed;
        truth.people.iter_mut().for_each(|person| person.deleted = person.id == LEAVER);
        let scene = Scene::new(truth, Means::App);
        let mut reading = Reading::default();
        let pass = Pass::new("remembered", vec![Scope::new("gpg-keys/101", "gpg-keys")]);
        walk(&scene.scanner, pass, &mut reading, &mut Vec::new()).await;
        assert_eq!(reading.scope("gpg-keys/101").is_complete(), !managed, "{:?}", reading.gaps());
        let denied = reading.scope("gpg-keys/101").gaps.iter().any(|gap| matches!(gap.cause, Cause::Denied { .. }));
        assert_eq!(denied, managed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_gone_only_where_the_service_says_not_found() {
    for (silent, complete) in [(false, true), (true, false)] {
        let scene = Scene::new(Truth::usual(), Means::App);
        scene.stub.truth().repositories[2].deleted = true;
        if silent {
            scene.server.plant(
                query("RepositoryName"),
                Damage::change(|_, answer| {
                    answer.edit(|value| drop(value.as_object_mut().map(|all| all.remove("errors"))))
                }),
            );
        }
        let reading = scene.read().await;
        assert_eq!(reading.scope("repository-webhooks").is_complete(), complete, "{:?}", reading.gaps());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_list_must_have_as_many_objects_as_it_announces() {
    let secrets = || On::get("/repos/*/svc/actions/secrets");
    let reading = with(secrets(), |value| value["total_count"] = json!(7)).await;
    let differs = |gap: &scan_contract::Gap| matches!(gap.cause, Cause::CountDiffers { announced: 7, found: 1, .. });
    assert!(reading.scope("repository-secrets").gaps.iter().any(differs), "{:?}", reading.gaps());
    let reading = with(secrets(), |_| ()).await;
    reading.assert_complete("repository-secrets");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_moves_between_pages_proves_nothing_and_a_second_walk_does() {
    let mut truth = Truth::usual();
    truth.installations = (0..150)
        .map(|id| holdover_kit::stub::github::Installation {
            id: 900 + id,
            slug: format!("app{id}"),
            ..Default::default()
        })
        .collect();
    let scene = Scene::new(truth, Means::App);
    // One more came and shifted the rest: the first page announced one less, and one is never shown.
    let planted = scene.server.plant(
        On::get("/orgs/*/installations").query("page", "2").nth(1),
        Damage::change(|_, answer| {
            answer.edit(|value| {
                drop(value["installations"].as_array_mut().map(|all| all.remove(0)));
                value["total_count"] = json!(149);
            })
        }),
    );
    let reading = scene.read().await;
    assert_eq!(planted.fired(), 1);
    assert_eq!(reading.scope("installations").records.len(), 150, "nobody is lost: {:?}", reading.gaps());
    assert!(scene.server.count_of("GET /orgs/{org}/installations") >= 4, "walked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_later_walk_meets_is_told_too() {
    let truth = Truth { made: Made { outside: 230, ..Made::default() }, ..Truth::usual() };
    let scene = Scene::new(truth, Means::App);
    let page = || On::get("/orgs/*/outside_collaborators").query("page", "2");
    scene.server.plant(
        page().nth(1),
        Damage::change(|_, answer| answer.edit(|value| drop(value.as_array_mut().map(|all| all.remove(0))))),
    );
    let odd = scene
        .server
        .plant(page().from(2), Damage::change(|_, answer| answer.edit(|value| value[0]["id"] = json!("no number"))));
    let reading = scene.read().await;
    assert!(odd.fired() > 0);
    let named = |gap: &scan_contract::Gap| gap.part.as_deref().is_some_and(|part| part.contains("page 2, object 1"));
    assert!(reading.scope("outside-collaborators").gaps.iter().any(named), "{:?}", reading.gaps());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_do_not_say_who_or_what_are_counted_and_a_secret_is_known_by_where_it_is_kept() {
    let hooks = On::get("/orgs/*/audit-log")
        .when(|asked| asked.query("phrase").is_some_and(|phrase| phrase.starts_with("action:hook.create")));
    let reading = with(hooks, |value| value[0]["actor"] = Value::Null).await;
    assert_spoilt(&reading, "audit-log");
    assert!(reading.record("webhooks", AccessKind::Automation, "webhook/52").holders.is_empty());
    // An environment's secret of the same name is another one, and so is one of Dependabot.
    let mut truth = Truth::usual();
    let mut same = truth.repositories[0].secrets[0].clone();
    truth.repositories[0].environments[0].secrets.push(same.clone());
    same.sort = String::from("dependabot");
    truth.repositories[0].secrets.push(same);
    let reading = Scene::new(truth, Means::App).read().await;
    let made_by = |scope: &str, id: &str| reading.record(scope, AccessKind::SharedSecret, id).holders.len();
    assert_eq!(made_by("repository-secrets", "1001/actions-secret/API"), 1);
    assert_eq!(made_by("repository-secrets", "1001/dependabot-secret/API"), 0);
    assert_eq!(made_by("environment-secrets", "1001/prod/eu west/actions-secret/API"), 0);
    // By the App's client id, where the event has no installation.
    let mut truth = Truth::usual();
    for event in &mut truth.events {
        if event.action == "integration_installation.create" {
            event.more = json!({"application_client_id": "Iv1.client"});
        }
    }
    let scene = Scene::new(truth, Means::App);
    scene.server.plant(
        On::get("/orgs/*/installations"),
        Damage::change(|_, answer| answer.edit(|value| value["installations"][0]["client_id"] = json!("Iv1.client"))),
    );
    let reading = scene.read().await;
    let app = reading.record("installations", AccessKind::OauthGrant, "installation/81");
    assert_eq!(app.holders.iter().filter(|holder| holder.relation == Relation::Creator).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_time_is_told_of_whoever_is_asked_about() {
    let mut truth = Truth::usual();
    truth.events.push(Event {
        at: 1_785_900_000_000,
        action: String::from("repo.access"),
        actor: String::from("twin"),
        actor_id: TWIN,
        more: json!({}),
    });
    for silent in [false, true] {
        let scene = Scene::new(truth.clone(), Means::App);
        let about = On::get("/orgs/*/audit-log")
            .when(|asked| asked.query("phrase").is_some_and(|phrase| phrase.starts_with("actor:twin")));
        let planted = scene.server.plant(
            about,
            Damage::change(move |_, answer| {
                answer.edit(|value| {
                    for event in value.as_array_mut().into_iter().flatten().filter(|_| silent) {
                        take(event, "@timestamp");
                    }
                })
            }),
        );
        let reading = scene.read().await;
        assert!(planted.fired() > 0);
        assert_eq!(reading.scope("audit-log/102").is_complete(), !silent, "{:?}", reading.gaps());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_is_not_told_is_not_never_and_a_reach_that_is_not_told_is_not_small() {
    let authorizations = || On::get("/orgs/*/credential-authorizations");
    let used = |reading: &Reading| {
        reading.record("credential-authorizations", AccessKind::OauthGrant, "sso/13").last_used_at.clone()
    };
    let absent = with(authorizations(), |value| {
        for one in value.as_array_mut().into_iter().flatten() {
            take(one, "credential_accessed_at");
        }
    });
    assert!(used(&absent.await).is_hidden());
    assert_eq!(used(&with(authorizations(), |_| ()).await), Fact::None);

    let tokens = || On::get("/orgs/*/personal-access-tokens");
    let reach =
        |reading: &Reading| reading.record("personal-access-tokens", AccessKind::ApiToken, "token-grant/21").privilege;
    assert_eq!(reach(&with(tokens(), |value| take(&mut value[0], "permissions")).await), Privilege::Unknown);
    assert_ne!(reach(&with(tokens(), |_| ()).await), Privilege::Unknown);

    let mut truth = Truth::usual();
    let person = truth.roles[0].people[0].0;
    truth.roles[0].base = Some(String::from("read"));
    let id = format!("organization-role/{}/{person}", truth.roles[0].id);
    for (permissions, privilege) in [
        (&["read_audit_logs"][..], Privilege::Read),
        (&["read_audit_logs", "set_something_new"], Privilege::Unknown),
        (&["write_organization_actions_secrets"], Privilege::Admin),
    ] {
        truth.roles[0].permissions = permissions.iter().map(|name| String::from(*name)).collect();
        let reading = Scene::new(truth.clone(), Means::App).read().await;
        let role = reading.record("organization-roles", AccessKind::RoleBinding, &id);
        assert_eq!(role.privilege, privilege, "{permissions:?}");
    }
    // Archived: whoever may only write cannot, until an administrator ends it.
    let mut truth = Truth::usual();
    truth.repositories[1].collaborators.push((TWIN, String::from("WRITE")));
    let reading = Scene::new(truth, Means::App).read().await;
    let archived = |id: &str| reading.record("repository-collaborators", AccessKind::RoleBinding, id).privilege;
    assert_eq!((archived("1002/101"), archived("1002/102")), (Privilege::Admin, Privilege::Read));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_a_word_that_is_not_known_is_neither() {
    for (plan, missing) in [("team", true), ("enterprise", false), ("galactic", false)] {
        let mut truth = Truth::usual();
        truth.plan = String::from(plan);
        let scene = Scene::new(truth, Means::App);
        // The word alone differs: the service answers as it does on the largest plan.
        let answers =
            scene.server.plant(On::get("/orgs/*/audit-log"), Damage::Reply(Answer::json(&json!([])))).optional();
        let reading = scene.read().await;
        assert_eq!(answers.fired() == 0, missing, "{plan}: {:?}", reading.gaps());
        assert_eq!(reading.scope("audit-log").is_complete(), !missing, "{plan}: {:?}", reading.gaps());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_the_identity_provider_gives_may_be_the_one_the_roster_knows() {
    // The name at the provider is the principal name; the address of work stands beside it.
    let reading = with(query("ExternalIdentities"), |value| {
        let nodes = &mut value["data"]["organization"]["samlIdentityProvider"]["externalIdentities"]["nodes"];
        nodes[1]["samlIdentity"] = json!({"nameId": "leaver@acme.tenant.example", "username": null,
            "emails": [{"value": "leaver@acme.example"}, {"value": "LEAVER@acme.example"}]});
        nodes[1]["scimIdentity"] =
            json!({"username": "leaver@acme.tenant.example", "emails": [{"value": "l.eaver@acme.example"}]});
    })
    .await;
    let identity = |id: &str| reading.record("external-identities", AccessKind::Account, id);
    let leaver = identity("external-identity/g-101");
    assert_eq!(addresses(leaver), ["leaver@acme.tenant.example", "leaver@acme.example", "l.eaver@acme.example"]);
    for holder in &leaver.holders {
        assert_eq!((holder.provider_id.as_deref(), holder.login.as_deref()), (Some("101"), Some("leaver")));
        assert!(holder.vouches_for(scan_contract::IdentifierKind::Email));
    }
    assert_eq!(addresses(identity("external-identity/g-102")), ["twin@acme.example"], "equal addresses are one");
    let nameless = with(query("ExternalIdentities"), |value| {
        let nodes = &mut value["data"]["organization"]["samlIdentityProvider"]["externalIdentities"]["nodes"];
        nodes[1]["samlIdentity"] = json!({"nameId": "00u1", "username": null, "emails": []});
    })
    .await;
    let leaver = nameless.record("external-identities", AccessKind::Account, "external-identity/g-101");
    assert_eq!(leaver.holders.len(), 1, "without an address the account alone");
    assert_eq!(leaver.holders[0].external.as_ref().map(|external| external.id.as_str()), Some("00u1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verified_address_of_a_member_and_of_a_licence_counts() {
    let mut truth = Truth::usual();
    truth.people[1].verified_emails.insert(0, String::from("old@acme.example"));
    let scene = Scene::new(truth, Means::Classic(["repo", "admin:org", "read:enterprise"].map(String::from).to_vec()));
    let planted = scene.server.plant(
        On::get("/enterprises/*/consumed-licenses"),
        Damage::change(|_, answer| {
            answer.edit(|value| {
                value["users"][0]["github_com_saml_name_id"] = json!("leaver@acme.tenant.example");
                value["users"][0]["github_com_verified_domain_emails"] = json!(["leaver@acme.example"]);
                value["users"][0]["enterprise_server_emails"] = json!(["old@acme.example", "Leaver@acme.example"]);
            })
        }),
    );
    let reading = scene.read().await;
    assert!(planted.fired() > 0);
    let member = |id: &str| reading.record("members", AccessKind::Account, id);
    assert_eq!(addresses(member("101")), ["old@acme.example", "leaver@acme.example"]);
    assert!(member("101").holders.iter().all(|holder| holder.provider_id.as_deref() == Some("101")));
    assert_eq!(addresses(member("102")), ["twin@acme.example"]);
    assert_eq!(addresses(member("104")), ["hidden@private.example"], "a claim, where nothing was verified");
    let license = reading.record("enterprise-licenses", AccessKind::License, "license/leaver");
    assert_eq!(addresses(license), ["leaver@acme.tenant.example", "leaver@acme.example", "old@acme.example"]);
    assert!(license.holders.iter().all(|holder| holder.login.as_deref() == Some("leaver")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_maker_follows_the_repository_and_not_its_name() {
    let made_by = |reading: &Reading, id: &str| {
        let secret = reading.record("repository-secrets", AccessKind::SharedSecret, id);
        secret.holders.iter().filter_map(|holder| holder.login.clone()).collect::<Vec<_>>()
    };
    // The secret was made in what is called `svc` now; another repository took the name it had then.
    let mut truth = Truth::usual();
    for event in truth.events.iter_mut().filter(|event| event.action == "repo.create_actions_secret") {
        event.more = json!({"key": "API", "repo": "acme/web", "repo_id": 1001});
    }
    let mut new = truth.repositories[2].clone();
    (new.id, new.name) = (1004, String::from("web"));
    new.secrets = vec![truth.repositories[0].secrets[0].clone()];
    truth.repositories.push(new);
    let reading = Scene::new(truth.clone(), Means::App).read().await;
    assert_eq!(made_by(&reading, "1001/actions-secret/API"), ["leaver"], "the name changed, the repository did not");
    assert!(made_by(&reading, "1004/actions-secret/API").is_empty(), "the name alone is nobody's work");
    // An event that does not say which repository by id is known by the name; both of one person are one maker.
    let mut named = truth.events[3].clone();
    named.more = json!({"key": "API", "repo": "acme/svc"});
    truth.events.push(named);
    let reading = Scene::new(truth, Means::App).read().await;
    assert_eq!(made_by(&reading, "1001/actions-secret/API"), ["leaver"]);
}
