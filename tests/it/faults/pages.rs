//! Rows P1 to P12: lists that end early, repeat, shift, expire or hide.

use std::sync::atomic::{AtomicUsize, Ordering};

use holdover_kit::fault::{Answer, Asked, Damage, On};
use holdover_kit::stub::aws::leaver_and_twin;
use holdover_kit::stub::github::{Made, Truth};
use holdover_kit::stub::okta::{OktaUser, okta_error};
use serde_json::json;

use super::wire::{ONCE, QUICK, aws, cursor, github, okta, since};
use crate::live::now;

/// Requests for the list of users.
fn users() -> On {
    On::get("/api/v1/users")
}

/// An organisation whose lists have three pages of a hundred.
fn large() -> Truth {
    Truth { made: Made { members: 250, outside: 230, ..Made::default() }, ..Truth::usual() }
}

fn members() -> On {
    On::post("/graphql").body("\"operationName\":\"OrganizationMembers\"")
}

#[test]
fn p1_a_next_page_left_out_anywhere_shows_by_the_total() {
    let (_stub, server, wire) = github(large(), QUICK);
    for page in 1..=2 {
        let lost = server.plant(
            members().nth(page),
            Damage::change(|_, answer| {
                answer.edit(|value| {
                    value["data"]["organization"]["membersWithRole"]["pageInfo"]["hasNextPage"] = json!(false);
                })
            }),
        );
        let told = wire.fault();
        assert_eq!(told.state("members"), "partial");
        let read = format!("found {}", page * 100);
        told.says("members", &["announced 254", &read]);
        lost.expect_fired();
        lost.withdraw();
    }
    wire.whole();
}

#[test]
fn p2_a_cursor_or_a_link_that_comes_again_is_told_with_its_page() {
    let (_stub, server, wire) = okta(8, QUICK);
    let again =
        Damage::change(|asked, answer| answer.with_only("link", &format!("<{}>; rel=\"next\"", asked.address())));
    let back = server.plant(users().nth(3), again);
    let told = wire.fault();
    assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 6));
    told.says("users", &["page 4", "same cursor was handed out again"]);
    assert_eq!(told.state("api-tokens"), "complete", "another list goes on");
    wire.heals(&back);
}

#[test]
fn p2_a_marker_that_leads_back_is_told_with_its_page() {
    let mut truth = leaver_and_twin(now());
    truth.page = 2;
    let (_aws, server, wire) = aws(truth, QUICK);
    let marker = Damage::change(|_, mut answer| {
        let text = String::from_utf8_lossy(&answer.body).replace("<Marker>m4</Marker>", "<Marker>m2</Marker>");
        answer.body = text.into();
        answer
    });
    let back = server.plant(On::operation("iam:GetAccountAuthorizationDetails"), marker);
    let told = wire.fault();
    let scope = "111122223333/iam.users";
    assert_eq!(told.state(scope), "partial");
    told.says(scope, &["page 2 leads back to a page that was read"]);
    assert_eq!(told.state("111122223333/iam.access-keys"), "complete");
    wire.heals(&back);
}

#[test]
fn p3_empty_pages_and_an_empty_cursor_at_the_end_are_no_end_and_no_gap() {
    let mut truth = leaver_and_twin(now());
    truth.page = 2;
    let (stub, server, wire) = aws(truth, QUICK);
    server.forget();
    wire.whole();
    let plain = server.count_of("iam:GetAccountAuthorizationDetails");
    server.forget();
    stub.truth().empty_pages = true;
    wire.whole();
    assert!(server.count_of("iam:GetAccountAuthorizationDetails") > plain, "empty pages were handed out");
    let ending = Damage::change(|_, mut answer| {
        let text = String::from_utf8_lossy(&answer.body);
        answer.body = text
            .replace("<IsTruncated>false</IsTruncated>", "<IsTruncated>false</IsTruncated><Marker></Marker>")
            .into();
        answer
    });
    let ended = server.plant(On::operation("iam:GetAccountAuthorizationDetails"), ending);
    wire.whole();
    ended.expect_fired();
}

#[test]
fn p4_pages_that_overlap_are_counted_once_and_pages_that_shift_are_walked_again() {
    let (_stub, server, wire) = okta(8, QUICK);
    let overlap = server.plant(
        users().nth(2),
        Damage::change(|_, answer| {
            answer.edit(|page| {
                let first = page[0].clone();
                page.as_array_mut().expect("a page").insert(0, first);
            })
        }),
    );
    let told = wire.whole();
    overlap.expect_fired();
    assert_eq!(told.duplicates("users"), 1);
}

#[test]
fn p4_pages_that_shift_in_every_walk_are_told_with_the_number_of_walks() {
    let (_stub, server, wire) = github(large(), QUICK);
    let second = || On::get("/orgs/*/outside_collaborators").query("page", "2");
    let drop_at = |at: usize| move |value: &mut serde_json::Value| drop(value.as_array_mut().map(|all| all.remove(at)));
    let once = server.plant(second().once(), Damage::change(move |_, answer| answer.edit(drop_at(0))));
    let told = wire.whole();
    assert_eq!((once.fired(), told.objects("outside-collaborators")), (1, 231), "nobody is lost");
    let turn = AtomicUsize::new(0);
    let ever = server.plant(
        second(),
        Damage::change(move |_, answer| answer.edit(drop_at(turn.fetch_add(1, Ordering::SeqCst) % 50))),
    );
    let told = wire.fault();
    assert!(ever.fired() >= 3);
    assert_eq!(told.state("outside-collaborators"), "partial");
    told.says("outside-collaborators", &["shifted in each of 3 walks"]);
    wire.heals(&ever);
}

#[test]
fn p5_smaller_pages_than_asked_for_are_walked_and_a_refusal_beyond_so_many_results_is_a_gap() {
    // Two hundred a page are asked for and two come; ten users are an exact number of pages.
    let (_stub, server, wire) = okta(7, QUICK);
    assert_eq!(wire.whole().objects("users"), 10);
    assert!(server.log().iter().any(|logged| logged.asked.query("limit") == Some("200")));
    let cap = server.plant(users().query("after", &cursor(&server, 4)), Damage::Reply(okta_error(400, "E0000031")));
    let told = wire.fault();
    assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 6));
    told.says("users", &["page 4", "400"]);
    wire.heals(&cap);
}

#[test]
fn p7_a_page_that_fails_for_good_is_told_with_its_number_and_the_pages_before_it_are_kept() {
    let (_stub, server, wire) = okta(21, ONCE);
    let broken = server.plant(users().nth(7), Damage::Reply(okta_error(500, "E0000009")));
    let told = wire.fault();
    assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 12));
    told.says("users", &["page 7", "500"]);
    assert_eq!(told.state("api-tokens"), "complete");
    wire.heals(&broken);
}

#[test]
fn p7_a_page_that_fails_for_good_is_told_with_its_number_at_aws_and_github_too() {
    let mut truth = leaver_and_twin(now());
    truth.page = 2;
    let (_aws, server, wire) = aws(truth, ONCE);
    let refused = Answer::xml("<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>").of(400);
    for (answer, words) in [(refused, "400 ValidationError"), (Answer::status(500), "500")] {
        let broken = server.plant(On::operation("iam:GetAccountAuthorizationDetails").nth(2), Damage::Reply(answer));
        let told = wire.fault();
        broken.expect_fired();
        broken.withdraw();
        assert_eq!(told.state("111122223333/iam.users"), "partial");
        told.says("111122223333/iam.users", &["page 2", words]);
        assert!(told.objects("111122223333/iam.users") > 0);
    }
    let (_stub, server, wire) = github(large(), ONCE);
    let broken = [
        (server.plant(members().nth(2), Damage::Reply(Answer::status(500))), "members", 100),
        (
            server
                .plant(On::get("/orgs/*/outside_collaborators").query("page", "2"), Damage::Reply(Answer::status(500))),
            "outside-collaborators",
            100,
        ),
    ];
    let told = wire.fault();
    for (planted, scope, kept) in &broken {
        planted.expect_fired();
        planted.withdraw();
        assert_eq!((told.state(scope).as_str(), told.objects(scope)), ("partial", *kept));
        told.says(scope, &["page 2", "500"]);
    }
    wire.whole();
}

/// Found by [`p2_a_marker_that_leads_back_is_told_with_its_page`].
#[test]
#[ignore = "defect: while the list of groups (or of key ids) is not read, a membership (or a key) is known by name (or by \
            place) and stands as a second finding beside the one that is remembered by its id"]
fn p7_a_page_that_fails_names_nothing_anew_that_was_known() {
    let mut truth = leaver_and_twin(now());
    truth.page = 2;
    let (_aws, server, wire) = aws(truth, ONCE);
    let before = wire.whole().findings();
    let broken =
        server.plant(On::operation("iam:GetAccountAuthorizationDetails").nth(2), Damage::Reply(Answer::status(500)));
    let told = wire.fault();
    broken.expect_fired();
    assert_eq!(told.findings().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[test]
fn p12_what_a_list_hides_by_default_is_asked_for() {
    let (stub, server, wire) = okta(0, QUICK);
    assert_eq!(wire.whole().objects("users"), 3);
    stub.change(|org| {
        org.users.push(OktaUser::new("00ugone", "ana@acme.example").in_state("DEPROVISIONED", &since(20)));
    });
    let told = wire.scan();
    assert_eq!((told.run.code, told.objects("users")), (1, 4), "{:?}", told.all_gaps());
    let remnants = told.report["remnants"].as_array().expect("remnants");
    assert!(remnants.iter().any(|one| one["grant_id"] == "00ugone"), "{remnants:?}");
    // The service does hide them from whoever asks without a search.
    let hidden = |asked: &Asked| asked.query("search").is_none() && asked.query("filter").is_none();
    assert!(
        server.log().iter().filter(|logged| logged.asked.path == "/api/v1/users").all(|logged| !hidden(&logged.asked))
    );
}
