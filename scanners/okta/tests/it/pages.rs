//! Pages: none, one, exactly one, many; and everything that can go wrong with them.

use holdover_kit::fault::{Answer, Damage, FaultServer, On};
use holdover_kit::stub::okta::{OktaAssignment, OktaUser, okta_error, okta_throttled};
use scan_contract::{AccessKind, Cause, ScopeName};

use crate::bench::{Bench, Told, read_lists};
use crate::world;

fn staff(count: usize) -> holdover_kit::stub::okta::OktaOrg {
    let mut org = world::bare();
    for number in 0..count {
        org.users.push(OktaUser::new(&format!("00u{number:03}"), &format!("u{number}@acme.example")));
    }
    org
}

async fn users_with(damage: Damage, nth: u64) -> (Told, u64) {
    let bench = Bench::with_token(world::stub(staff(29)).with_pages_of(10));
    let fault = bench.server.plant(On::get("/api/v1/users").nth(nth), damage);
    let told = read_lists(&bench.okta()).await;
    fault.expect_fired();
    let asked = bench.server.count_of("GET /api/v1/users");
    (told, u64::try_from(asked).expect("a count"))
}

#[tokio::test]
async fn every_number_of_pages_is_read_to_its_end() {
    for (count, page) in [(0, 10), (1, 10), (9, 10), (10, 10), (29, 10), (30, 10), (30, 1)] {
        let mut org = staff(count);
        for user in org.users.clone() {
            org.assignments.push(OktaAssignment::new(world::CLIENT, &user.id));
        }
        let bench = Bench::with_token(world::stub(org).with_pages_of(page));
        let told = read_lists(&bench.okta()).await;
        assert!(told.is_whole("users") && told.is_whole("app-assignments"), "{count} by {page}: {:?}", told.gaps);
        assert_eq!(told.ids(AccessKind::Account).len(), count + 1, "{count} by {page}");
        assert_eq!(told.of("app-assignments").len(), count + 1, "{count} by {page}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_handed_out_again_is_malformed_and_what_was_read_is_kept() {
    let (told, _) = users_with(
        Damage::change(|asked, answer| answer.with_only("link", &format!("<{}>; rel=\"next\"", asked.address()))),
        2,
    )
    .await;
    assert!(!told.sealed.contains("users"));
    assert_eq!(told.ids(AccessKind::Account).len(), 20);
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::Malformed { what }] if what.contains("same cursor")));
}

#[tokio::test]
async fn an_empty_page_with_a_next_link_is_followed() {
    let (told, asked) = users_with(Damage::emptied(""), 2).await;
    assert!(told.is_whole("users"), "{:?}", told.gaps_of("users"));
    assert_eq!((told.ids(AccessKind::Account).len(), asked), (20, 3));
}

#[tokio::test]
async fn a_next_link_to_another_origin_is_not_followed_and_the_other_side_sees_nothing() {
    let other = FaultServer::build(std::sync::Arc::new(|_: &holdover_kit::fault::Asked| Answer::status(200))).start();
    let (told, _) = users_with(Damage::next_link(&other.url("/api/v1/users?after=x")), 2).await;
    assert!(!told.sealed.contains("users"));
    assert_eq!(told.ids(AccessKind::Account).len(), 20);
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::Malformed { .. }]), "{:?}", told.gaps_of("users"));
    assert_eq!(other.count(), 0);
    other.stop();
}

#[tokio::test]
async fn a_page_that_fails_for_good_leaves_the_pages_before_it() {
    for damage in [
        Damage::Reply(okta_error(500, "E0000009")),
        Damage::login_page(),
        Damage::Reply(Answer::json(&serde_json::json!({"errorCode": "E0000001"}))),
        Damage::Reply(Answer::json(&serde_json::json!([1, 2])).of(204)),
        Damage::redirect(302, "/login"),
    ] {
        let bench = Bench::with_token(world::stub(staff(29)).with_pages_of(10));
        let fault = bench.server.plant(On::get("/api/v1/users").from(2), damage);
        let told = read_lists(&bench.okta()).await;
        fault.expect_fired();
        assert!(!told.sealed.contains("users") && !told.sealed.contains("passwords"));
        assert_eq!(told.ids(AccessKind::Account).len(), 10);
        assert_eq!(told.gaps_of("users").len(), 1, "{:?}", told.gaps_of("users"));
        assert!(told.is_whole("api-tokens"));
    }
}

#[tokio::test]
async fn a_cut_body_is_asked_for_again() {
    let (told, asked) = users_with(Damage::CutAtFraction(1, 2), 2).await;
    assert!(told.is_whole("users"), "{:?}", told.gaps_of("users"));
    assert_eq!((told.ids(AccessKind::Account).len(), asked), (30, 4));
}

#[tokio::test]
async fn a_throttle_is_waited_out_as_okta_says_and_nothing_is_lost() {
    let bench = Bench::with_token(world::stub(staff(29)).with_pages_of(10));
    let reset = (crate::bench::clock())().timestamp() + 2;
    let fault = bench.server.plant(On::get("/api/v1/users").nth(2), Damage::Reply(okta_throttled(reset)));
    let okta = bench.okta();
    let told = read_lists(&okta).await;
    fault.expect_fired();
    assert!(told.is_whole("users"), "{:?}", told.gaps_of("users"));
    assert_eq!(told.ids(AccessKind::Account).len(), 30);
    let effort = scan_contract::Scanner::effort(&okta).expect("counted");
    assert_eq!(effort.throttled, 1);
    assert!(effort.waited.as_millis() >= 1000, "{:?}", effort.waited);
}

#[tokio::test]
async fn a_throttle_beyond_the_longest_wait_is_told_as_one_and_not_as_a_denial() {
    let mut bench = Bench::with_token(world::stub(staff(29)).with_pages_of(10));
    if let Some(pace) = &mut bench.settings.connection.pace {
        pace.longest_wait = std::time::Duration::from_secs(5);
    }
    let reset = (crate::bench::clock())().timestamp() + 86_400;
    let fault = bench.server.plant(On::get("/api/v1/users").nth(2), Damage::Reply(okta_throttled(reset)));
    let told = read_lists(&bench.okta()).await;
    fault.expect_fired();
    assert!(!told.sealed.contains("users"));
    assert!(matches!(told.causes_of("users").as_slice(), [Cause::Throttled { until: Some(_) }]));
}

#[tokio::test]
async fn one_damaged_object_costs_itself_and_names_its_place() {
    let (told, _) = users_with(
        Damage::change(|_, answer| {
            answer.edit(|page| {
                page[3]["status"] = serde_json::json!(7);
                page[4] = serde_json::json!("not a user");
                page[5]["created"] = serde_json::json!("yesterday");
            })
        }),
        2,
    )
    .await;
    assert!(told.sealed.contains("users"));
    assert_eq!(told.ids(AccessKind::Account).len(), 28);
    let gaps = told.gaps_of("users");
    assert_eq!(gaps.len(), 3, "{gaps:?}");
    assert!(gaps.iter().all(|gap| gap.part.is_some()));
    assert!(gaps.iter().any(|gap| gap.part.as_deref() == Some("00u012")), "{gaps:?}");
}

#[tokio::test]
async fn one_application_that_fails_is_a_part_and_the_others_are_read() {
    let mut org = world::with_lea();
    org.assignments.push(OktaAssignment::new("0oamobile00000000001", world::LEA));
    let bench = Bench::with_token(world::stub(org));
    let fault = bench
        .server
        .plant(On::get("/api/v1/apps/0oacrm00000000000001/users"), Damage::Reply(okta_error(403, "E0000006")));
    let told = read_lists(&bench.okta()).await;
    fault.expect_fired();
    assert!(told.sealed.contains("app-assignments"));
    let gaps = told.gaps_of("app-assignments");
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].part.as_deref(), Some("0oacrm00000000000001 (CRM)"));
    assert_eq!(told.of("app-assignments").len(), 1);
}

#[tokio::test]
async fn an_application_deleted_between_list_and_details_is_fine_and_one_that_is_still_listed_is_not() {
    for (deleted, gaps) in [(true, 0), (false, 1)] {
        let bench = Bench::with_token(world::stub(world::with_lea()));
        let stub = std::sync::Arc::clone(&bench.stub);
        let fault = bench.server.plant(
            On::get("/api/v1/apps/0oacrm00000000000001/users"),
            Damage::change(move |_, _| {
                if deleted {
                    stub.change(|org| org.apps.retain(|app| app.id != "0oacrm00000000000001"));
                }
                okta_error(404, "E0000007")
            }),
        );
        let told = read_lists(&bench.okta()).await;
        fault.expect_fired();
        assert_eq!(told.gaps_of("app-assignments").len(), gaps, "{:?}", told.gaps_of("app-assignments"));
    }
}

#[tokio::test]
async fn two_reads_of_one_organisation_are_equal() {
    let bench = Bench::with_app(world::stub(world::with_lea()).with_pages_of(1));
    let first = read_lists(&bench.okta()).await.sorted();
    let second = read_lists(&bench.okta()).await.sorted();
    assert_eq!(first, second);
}

#[tokio::test]
async fn ids_that_are_paths_or_expressions_stay_in_their_place() {
    let mut org = world::bare();
    let odd = ["a/b", "x?y=1", "%2e%2e", "q\" or actor.id pr", "-rf", "ü ö", "a\\", "line\nbreak", "'; drop"];
    for (position, id) in odd.iter().enumerate() {
        org.users.push(OktaUser::new(id, &format!("odd{position}@acme.example")));
    }
    let bench = Bench::with_token(world::stub(org));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    for id in odd {
        let told = crate::bench::follow(&okta, &lists, id).await;
        assert_eq!(told.gaps, [], "{id:?}");
        assert_eq!(told.sealed.len(), 5, "{id:?}");
    }
    let asked: Vec<String> = bench
        .server
        .log()
        .into_iter()
        .filter(|logged| logged.asked.operation == "GET /api/v1/users/{userId}/factors")
        .map(|logged| logged.asked.segments[3].clone())
        .collect();
    assert_eq!(asked.len(), odd.len());
    assert!(odd.iter().all(|id| asked.iter().any(|segment| segment == id)), "{asked:?}");
    drop(okta);
    bench.server.finish();
}

#[tokio::test]
async fn an_id_that_would_lead_elsewhere_is_a_gap_and_is_not_asked_for() {
    let mut org = world::bare();
    org.users.push(OktaUser::new("..", "up@acme.example"));
    let bench = Bench::with_token(world::stub(org));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    let told = crate::bench::follow(&okta, &lists, "..").await;
    assert!(told.sealed.is_empty());
    assert_eq!(told.gaps.len(), 5);
    let named: Vec<&ScopeName> = told.gaps.iter().filter_map(|gap| gap.scope.as_ref()).collect();
    assert!(named.iter().all(|name| name.as_str().ends_with("/..")), "{named:?}");
    drop(okta);
    bench.server.finish();
}
