//! Services that answer wrongly: every fault is told, and none makes a scope complete that is not.

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::github::{Made, Means, Person, Truth};
use scan_contract::{AccessKind, Cause};
use scan_transport::PaceSettings;
use serde_json::{Value, json};

use crate::kit::{Reading, Scene, quick};

const NOT_FOR_APPS: [&str; 2] = ["enterprise-licenses", "enterprise-roles"];

/// Scopes that a fault spoiled, follow-ups aside.
fn spoiled(reading: &Reading) -> Vec<&str> {
    reading.incomplete().into_iter().filter(|name| !NOT_FOR_APPS.contains(name) && !name.contains('/')).collect()
}

fn query(name: &str) -> On {
    On::post("/graphql").body(&format!("\"operationName\":\"{name}\""))
}

fn large() -> Truth {
    let made = Made { members: 250, outside: 230, teams: 30, repositories: 120, ..Made::default() };
    Truth { made, ..Truth::usual() }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_followed_to_the_end_whatever_their_number() {
    for members in [0, 98, 99, 100, 101, 296] {
        let mut truth = Truth::empty();
        truth.made = Made { members, outside: members, repositories: members, ..Made::default() };
        let scene = Scene::new(truth, Means::App);
        let reading = scene.read().await;
        assert_eq!(spoiled(&reading), [""; 0], "{members}: {:?}", reading.gaps());
        assert_eq!(reading.scope("members").records.len(), members + 1);
        assert_eq!(reading.scope("outside-collaborators").records.len(), members);
        assert_eq!(reading.scope("repository-collaborators").records.len(), if members == 0 { 0 } else { members });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_a_missing_next_page_shows_by_the_total() {
    let scene = Scene::new(large(), Means::App);
    let fault = scene.server.plant(
        query("OrganizationMembers").nth(2),
        Damage::change(|_, answer| {
            answer.edit(|value| {
                value["data"]["organization"]["membersWithRole"]["pageInfo"]["hasNextPage"] = json!(false);
            })
        }),
    );
    let reading = scene.read().await;
    assert_eq!(fault.fired(), 1);
    // Whoever is lost is lost with their keys.
    assert_eq!(spoiled(&reading), ["members", "ssh-keys"], "{:?}", reading.gaps());
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_cursor_or_a_link_that_comes_again_is_no_progress() {
    let scene = Scene::new(large(), Means::App);
    let cursor = scene.server.plant(
        query("RepositorySweep").nth(2),
        Damage::change(|_, answer| {
            answer.edit(|value| value["data"]["organization"]["repositories"]["pageInfo"]["endCursor"] = json!("c50"))
        }),
    );
    let link = scene.server.plant(
        On::get("/orgs/*/outside_collaborators").query("page", "2"),
        Damage::change(|asked, answer| answer.with_only("link", &format!("<{}>; rel=\"next\"", asked.address()))),
    );
    let reading = scene.read().await;
    assert!(cursor.fired() > 0 && link.fired() > 0);
    let gaps = reading.gaps();
    assert!(gaps.iter().any(|gap| gap.starts_with("repositories/-: malformed")), "{gaps:?}");
    assert!(gaps.iter().any(|gap| gap.starts_with("outside-collaborators/-: malformed")), "{gaps:?}");
    assert!(!reading.scope("outside-collaborators").records.is_empty(), "what came is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_an_empty_page_with_a_cursor_is_followed() {
    let scene = Scene::new(large(), Means::App);
    let fault = scene.server.plant(
        query("OrganizationMembers").nth(1),
        Damage::change(|_, answer| {
            answer.edit(|value| {
                let members = &mut value["data"]["organization"]["membersWithRole"];
                members["edges"] = json!([]);
                members["pageInfo"] = json!({"hasNextPage": true, "endCursor": "c0"});
            })
        }),
    );
    let reading = scene.read().await;
    assert_eq!(fault.fired(), 1);
    assert_eq!(spoiled(&reading), [""; 0], "{:?}", reading.gaps());
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_pages_that_shift_are_walked_again_until_two_walks_agree() {
    // Somebody comes while the first walk is between its pages: the second and third agree.
    let scene = Scene::new(large(), Means::App);
    let shift = scene.server.plant(
        On::get("/orgs/*/outside_collaborators").query("page", "2").nth(1),
        Damage::change(|_, answer| answer.edit(|value| drop(value.as_array_mut().map(|all| all.remove(0))))),
    );
    let reading = scene.read().await;
    assert_eq!(shift.fired(), 1);
    reading.assert_complete("outside-collaborators");
    assert_eq!(reading.scope("outside-collaborators").records.len(), 231, "nobody is lost");
    // Pages that shift in every walk are told as such.
    let scene = Scene::new(large(), Means::App);
    let counter = std::sync::atomic::AtomicUsize::new(0);
    let shift = scene.server.plant(
        On::get("/orgs/*/outside_collaborators").query("page", "2"),
        Damage::change(move |_, answer| {
            let turn = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            answer.edit(|value| drop(value.as_array_mut().map(|all| all.remove(turn))))
        }),
    );
    let reading = scene.read().await;
    assert!(shift.fired() >= 3);
    assert!(reading.gaps().iter().any(|gap| gap.contains("shifted")), "{:?}", reading.gaps());
}

#[tokio::test(flavor = "multi_thread")]
async fn p9_one_repository_that_fails_is_a_gap_by_name_and_the_others_are_read() {
    let scene = Scene::new(Truth::usual(), Means::App);
    let fault = scene.server.plant(On::get("/repos/acme/svc/hooks"), Damage::Reply(Answer::status(500)));
    let reading = scene.read().await;
    assert!(fault.fired() > 0);
    assert_eq!(spoiled(&reading), ["repository-webhooks"]);
    assert_eq!(reading.scope("repository-webhooks").gaps[0].part.as_deref(), Some("acme/svc"));
}

#[tokio::test(flavor = "multi_thread")]
async fn p9_a_repository_that_is_gone_or_renamed_between_list_and_read_is_no_gap() {
    let scene = Scene::new(Truth::usual(), Means::App);
    scene.stub.truth().repositories[2].deleted = true;
    let reading = scene.read().await;
    assert_eq!(spoiled(&reading), [""; 0], "gone: {:?}", reading.gaps());
    let scene = Scene::new(Truth::usual(), Means::App);
    scene.stub.truth().repositories[0].renamed = Some(String::from("svc2"));
    let reading = scene.read().await;
    assert_eq!(spoiled(&reading), [""; 0], "renamed: {:?}", reading.gaps());
    reading.record("deploy-keys", AccessKind::SshKey, "deploy-key/31");
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_success_that_is_none_makes_nothing_complete() {
    let cases: Vec<(On, Damage, &[&str])> = vec![
        (On::get("/orgs/*/hooks"), Damage::Reply(Answer::html("<h1>Sign in</h1>")), &["webhooks"]),
        (On::get("/orgs/*/hooks"), Damage::Reply(Answer::json(&json!({"message": "sorry"}))), &["webhooks"]),
        (On::get("/orgs/*/actions/secrets"), Damage::Reply(Answer::json(&json!([]))), &["actions-secrets"]),
        (
            On::get("/orgs/*/actions/secrets"),
            Damage::Reply(Answer::json(&json!({"total_count": 9, "secrets": []}))),
            &["actions-secrets"],
        ),
        (query("OrganizationTeams"), Damage::Reply(Answer::json(&json!({"data": null}))), &["teams"]),
        (query("OrganizationTeams"), Damage::Reply(Answer::json(&json!({"data": {"organization": null}}))), &["teams"]),
    ];
    for (on, damage, expected) in cases {
        let scene = Scene::new(Truth::usual(), Means::App);
        let fault = scene.server.plant(on, damage);
        let reading = scene.read().await;
        assert!(fault.fired() > 0);
        assert_eq!(spoiled(&reading), expected, "{:?}", reading.gaps());
    }
}

fn hole(value: &mut Value, path: &[&str], kind: &str, at: Value) {
    let mut place = &mut *value;
    for step in path {
        place = match step.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[*step],
        };
    }
    *place = Value::Null;
    let errors = value.as_object_mut().expect("an answer").entry("errors").or_insert_with(|| json!([]));
    errors.as_array_mut().expect("a list").push(json!({"type": kind, "path": at, "message": "left out"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_data_is_a_gap_for_its_path_with_its_type_and_null_is_never_no() {
    let scene = Scene::new(Truth::usual(), Means::App);
    let collaborators = scene.server.plant(
        query("RepositorySweep"),
        Damage::change(|_, answer| {
            answer.edit(|value| {
                let path = ["data", "organization", "repositories", "nodes", "0", "collaborators"];
                hole(value, &path, "FORBIDDEN", json!(["organization", "repositories", "nodes", 0, "collaborators"]));
                value["data"]["organization"]["repositories"]["nodes"][1]["collaborators"] = Value::Null;
            })
        }),
    );
    let member = scene.server.plant(
        query("OrganizationMembers"),
        Damage::change(|_, answer| {
            answer.edit(|value| {
                let path = ["data", "organization", "membersWithRole", "edges", "1"];
                hole(value, &path, "SERVICE_UNAVAILABLE", json!(["organization", "membersWithRole", "edges", 1]));
            })
        }),
    );
    let reading = scene.read().await;
    assert!(collaborators.fired() > 0 && member.fired() > 0);
    assert_eq!(spoiled(&reading), ["members", "repository-collaborators", "ssh-keys"], "{:?}", reading.gaps());
    let parts: Vec<_> =
        reading.scope("repository-collaborators").gaps.iter().filter_map(|gap| gap.part.as_deref()).collect();
    assert_eq!(parts, ["acme/svc", "acme/attic"]);
    assert_eq!(reading.scope("members").records.len(), 3, "the neighbours are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_a_query_the_service_cannot_answer_is_asked_again_in_smaller_pages() {
    let scene = Scene::new(large(), Means::App);
    let many = |asked: &holdover_kit::fault::Asked| {
        asked.json()["variables"]["first"].as_u64().is_some_and(|first| first > 12)
    };
    let fault = scene.server.plant(
        query("RepositorySweep").when(many),
        Damage::Reply(Answer::json(
            &json!({"data": null, "errors": [{"message": "Something went wrong while executing your query."}]}),
        )),
    );
    let reading = scene.read().await;
    assert_eq!(fault.fired(), 2, "fifty, then twenty-five");
    assert_eq!(spoiled(&reading), [""; 0], "{:?}", reading.gaps());
    assert_eq!(reading.scope("repository-collaborators").records.len(), 124);
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_histories_that_are_too_much_at_once_are_asked_for_in_smaller_batches() {
    let too_much = || {
        let says = json!({"data": null, "errors": [{"message": "Something went wrong while executing your query."}]});
        Damage::Reply(Answer::json(&says))
    };
    let truth = Truth { made: Made { repositories: 9, schedule_every: 1, ..Made::default() }, ..Truth::usual() };
    let scene = Scene::new(truth.clone(), Means::App);
    let several = |asked: &holdover_kit::fault::Asked| asked.json()["variables"]["n1"] == json!(true);
    let fault = scene.server.plant(query("LineAuthors").when(several), too_much());
    let reading = scene.read().await;
    assert!(fault.fired() > 0);
    reading.assert_complete("scheduled-workflows");
    assert_eq!(reading.scope("scheduled-workflows").records.len(), 11);
    // One that is too much by itself is a gap by its name, and the others are read.
    let scene = Scene::new(truth, Means::App);
    let nightly = |asked: &holdover_kit::fault::Asked| {
        let variables = &asked.json()["variables"];
        (0..10).any(|at| {
            let asked_for = at == 0 || variables[format!("n{at}")] == json!(true);
            let repository = variables[format!("r{at}")] == json!("R_1001");
            asked_for && repository && variables[format!("p{at}")] == json!(".github/workflows/nightly.yml")
        })
    };
    let fault = scene.server.plant(query("LineAuthors").when(nightly), too_much());
    let reading = scene.read().await;
    assert!(fault.fired() > 1, "in a batch, then alone");
    let scope = reading.scope("scheduled-workflows");
    let parts: Vec<_> = scope.gaps.iter().filter_map(|gap| gap.part.as_deref()).collect();
    assert_eq!(parts, ["acme/svc: .github/workflows/nightly.yml"]);
    assert!(matches!(scope.gaps[0].cause, Cause::CutOff { .. }), "{:?}", scope.gaps);
    assert_eq!(scope.records.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn l1_and_l2_limits_in_every_form_are_waits_and_never_refusals() {
    let limited = |answer: Answer| answer.with("content-type", "application/json");
    let cases = vec![
        (On::get("/orgs/*/hooks").times(1), Answer::json(&json!({"message": "slow"})).of(429).with("retry-after", "1")),
        (
            On::get("/orgs/*/hooks").times(1),
            limited(
                Answer::json(&json!({"message": "You have exceeded a secondary rate limit"}))
                    .of(403)
                    .with("retry-after", "1"),
            ),
        ),
        (
            On::get("/orgs/*/hooks").times(1),
            Answer::json(&json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes"}))
                .of(403),
        ),
        (
            query("OrganizationTeams").times(1),
            Answer::json(&json!({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})),
        ),
        (
            query("OrganizationTeams").times(1),
            Answer::json(&json!({"errors": [{"type": "RATE_LIMIT", "code": "graphql_rate_limit",
                "message": "API rate limit already exceeded for user ID 1."}]})),
        ),
    ];
    for (on, answer) in cases {
        let scene = Scene::new(Truth::usual(), Means::App);
        let fault = scene.server.plant(on, Damage::Reply(answer));
        let reading = scene.read().await;
        assert_eq!(fault.fired(), 1);
        let lost = spoiled(&reading);
        for name in &lost {
            let gaps = &reading.scope(name).gaps;
            assert!(gaps.iter().all(|gap| matches!(gap.cause, Cause::Throttled { .. })), "{name}: {gaps:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn x5_a_next_link_to_another_place_is_refused_and_nothing_is_sent_there() {
    let elsewhere = Scene::new(Truth::usual(), Means::App);
    let target = format!("<{}/orgs/acme/outside_collaborators?page=2>; rel=\"next\"", elsewhere.server.origin());
    let scene = Scene::new(large(), Means::App);
    let fault = scene.server.plant(
        On::get("/orgs/*/outside_collaborators"),
        Damage::change(move |_, answer| answer.with_only("link", &target)),
    );
    let reading = scene.read().await;
    assert!(fault.fired() > 0);
    assert_eq!(spoiled(&reading), ["outside-collaborators"], "{:?}", reading.gaps());
    assert_eq!(elsewhere.server.count(), 0, "the second host heard nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn m4_words_the_description_does_not_have_may_be_active_and_are_told() {
    let mut truth = Truth::usual();
    truth.authorizations[0].kind = String::from("carrier pigeon");
    truth.runners[0].status = String::from("dreaming");
    truth.people[1].role = Some(String::from("EMPEROR"));
    truth.invitations[0].role = String::from("jester");
    let scene = Scene::new(truth, Means::App);
    let reading = scene.read().await;
    assert_eq!(spoiled(&reading), ["credential-authorizations", "invitations", "members", "runners"]);
    let causes: Vec<bool> = spoiled(&reading)
        .iter()
        .map(|name| matches!(reading.scope(name).gaps[0].cause, Cause::UnknownWord { .. }))
        .collect();
    assert_eq!(causes, [true; 4]);
    let status = |scope: &str, kind: AccessKind, id: &str| reading.record(scope, kind, id).status;
    assert_eq!(status("credential-authorizations", AccessKind::ApiToken, "sso/11"), scan_contract::Status::Unknown);
    assert_eq!(status("runners", AccessKind::Automation, "runner/62"), scan_contract::Status::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn m5_hostile_names_stay_inside_their_place() {
    let names = ["a/../b", "..%2f", "x?y=1#z", "new\nline", "-rf", "snow☃", "' or 1=1", "{org}", "a%00b"];
    let mut truth = Truth::usual();
    for (number, name) in names.iter().enumerate() {
        truth.people.push(Person {
            id: 600 + number as u64,
            login: String::from(*name),
            role: Some(String::from("MEMBER")),
            verified_emails: vec![format!("{name}@acme.example")],
            ..Person::default()
        });
        truth.repositories[0].environments.push(holdover_kit::stub::github::Environment {
            id: 700 + number as u64,
            name: String::from(*name),
            ..Default::default()
        });
        truth.roles[0].name = String::from(*name);
    }
    let scene = Scene::new(truth, Means::App);
    let reading = scene.read().await;
    assert_eq!(spoiled(&reading), [""; 0], "{:?}", reading.gaps());
    for (number, _) in names.iter().enumerate() {
        reading.assert_complete(&format!("gpg-keys/{}", 600 + number));
    }
    // Every request was one of the list, whatever the names were.
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_decoded_costs_itself_alone() {
    let scene = Scene::new(Truth::usual(), Means::App);
    let fault = scene.server.plant(
        On::get("/orgs/*/hooks"),
        Damage::change(|_, answer| answer.edit(|value| value[0]["id"] = json!("fifty-two"))),
    );
    let reading = scene.read().await;
    assert!(fault.fired() > 0);
    assert_eq!(spoiled(&reading), ["webhooks"]);
    let webhooks = reading.scope("webhooks");
    assert_eq!(webhooks.records.len(), 1, "its neighbour is kept");
    assert_eq!(webhooks.gaps[0].part.as_deref(), Some("page 1, object 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_the_declared_share_of_the_announced_limit_is_used() {
    let truth = Truth { made: Made { repositories: 200, ..Made::default() }, ..Truth::usual() };
    let scene = Scene::with(truth, Means::App, scan_github::Edition::Cloud, |settings| {
        settings.budget_share = 0.1;
        // One at a time: of a new kind exactly one is sent before its limit is known.
        settings.connection.pace = Some(PaceSettings { in_flight: 1, ..quick() });
    });
    scene.stub.announce(1_000);
    let reading = scene.read().await;
    let used = scene.server.count() - scene.server.count_of("POST /graphql");
    // A request of a kind that was never answered before tells only then which limit it draws from.
    let first_ones = scan_github::ALLOW.operations.len();
    assert!(used <= 100 + first_ones, "{used} of 1000 requests, and a tenth was allowed");
    assert!(scene.server.count_of("POST /graphql") <= 100, "points are a limit of their own");
    let throttled = reading.scopes.values().flat_map(|scope| &scope.gaps);
    assert!(throttled.into_iter().any(|gap| matches!(gap.cause, Cause::Throttled { .. })), "{:?}", reading.gaps());
    assert!(!reading.scope("repository-webhooks").is_complete());
}
