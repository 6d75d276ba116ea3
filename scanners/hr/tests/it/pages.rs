//! Lists in pages: cursors, empty pages, links to elsewhere, tokens that end on the way.

use std::sync::Arc;

use holdover_kit::fault::{Answer, Asked, Damage, FaultServer, On};
use holdover_kit::stub::hr;
use scan_contract::Cause;
use serde_json::json;

use crate::harness::{VENDORS, Vendor, fetched, ids, refused, right, says, serve, source, truth};
use scan_hr::{System, personio};

/// Requests for pages after the first.
fn later(asked: &Asked) -> bool {
    ["cursor", "after", "$skiptoken"].iter().any(|name| asked.query(name).is_some())
}

#[test]
fn any_size_of_page_gives_the_same_table() {
    for vendor in VENDORS.into_iter().filter(|vendor| vendor.has_pages()) {
        let truth = truth();
        let mut tables = Vec::new();
        for size in [1, 5, 15, 16, 100] {
            truth.page_size(size);
            let (server, source) = vendor.start(&truth);
            tables.push(fetched(&source).table);
            server.finish();
        }
        assert!(tables.windows(2).all(|pair| pair[0] == pair[1]), "{vendor:?}");
    }
}

#[test]
fn a_page_that_fails_for_good_gives_no_shorter_roster() {
    for vendor in VENDORS.into_iter().filter(|vendor| vendor.has_pages()) {
        let (server, source) = vendor.start(&truth());
        let fault = server.plant(On::any().when(later), Damage::status(400));
        let cause = refused(&source);
        assert!(matches!(cause, Cause::Malformed { .. }), "{vendor:?}: {cause}");
        assert!(cause.to_string().contains("400") && cause.to_string().contains("127.0.0.1"), "{cause}");
        fault.expect_fired();
        server.finish();
    }
}

#[test]
fn the_same_cursor_again_is_damage_and_not_an_end() {
    for (vendor, pointer, again) in [
        (Vendor::Rippling, "/next_link", json!("/workers/?cursor=4")),
        (Vendor::Personio, "/_meta/links/next/href", json!("https://x/?cursor=cur%2B4")),
        (Vendor::Entra, "/@odata.nextLink", json!("/v1.0/users?$skiptoken=4&$select=id")),
    ] {
        let (server, source) = vendor.start(&truth());
        let fault = server.plant(On::any().when(later), Damage::set(pointer, again));
        let cause = refused(&source);
        assert!(cause.to_string().contains("asked for before"), "{vendor:?}: {cause}");
        fault.expect_fired();
        server.finish();
    }
}

#[test]
fn a_next_page_in_another_form_than_a_text_is_damage_and_not_the_end() {
    for (vendor, pointer) in [
        (Vendor::Rippling, "/next_link"),
        (Vendor::Entra, "/@odata.nextLink"),
        (Vendor::Personio, "/_meta/links/next/href"),
    ] {
        for next in [json!({ "href": "https://x/?cursor=cur%2B4" }), json!(["https://x/?cursor=cur%2B4"])] {
            let (server, source) = vendor.start(&truth());
            let fault = server.plant(On::any(), Damage::set(pointer, next.clone()));
            let cause = refused(&source);
            assert!(matches!(&cause, Cause::Malformed { what } if what.contains("next")), "{vendor:?} {next}: {cause}");
            fault.expect_fired();
            server.finish();
        }
    }
}

#[test]
fn a_link_to_more_employments_that_names_no_cursor_is_damage_and_not_the_end() {
    for next in [json!({ "href": "/v2/persons/pers-6/employments?limit=50" }), json!({ "href": { "cursor": "x" } })] {
        let (server, source) = Vendor::Personio.start(&truth());
        let of_fay = On::get("/v2/persons/pers-6/employments");
        let fault = server.plant(of_fay, Damage::set("/_meta/links", json!({ "next": next })));
        let cause = refused(&source);
        assert!(matches!(&cause, Cause::Malformed { what } if what.contains("next")), "{next}: {cause}");
        fault.expect_fired();
        server.finish();
    }
}

#[test]
fn an_empty_page_with_a_next_one_is_followed() {
    for (vendor, pointer) in [(Vendor::Rippling, "/results"), (Vendor::Entra, "/value"), (Vendor::Personio, "/_data")] {
        let truth = truth();
        truth.page_size(4);
        let (server, source) = vendor.start(&truth);
        let whole = ids(&fetched(&source));
        // The second page comes empty; what stood on it is missing, everything after it is not.
        let second = move |asked: &Asked| {
            ["cursor", "$skiptoken"].iter().any(|name| asked.query(name).is_some_and(|word| word.ends_with('4')))
        };
        let fault = server.plant(On::any().when(second), Damage::emptied(pointer));
        let found = ids(&fetched(&source));
        assert!(found.contains(&vendor.id(100)) && found.len() < whole.len(), "{vendor:?}: {found:?}");
        fault.expect_fired();
        server.finish();
    }
}

#[test]
fn personio_ends_where_pages_stay_empty_whatever_link_they_carry() {
    let stub = hr::Personio { trailing_link: true, ..hr::Personio::new(truth()) };
    let (server, source) = serve(Arc::new(stub), |base| {
        source(System::Personio(personio::Personio { base, client: crate::harness::client(right()) }))
    });
    assert_eq!(ids(&fetched(&source)).len(), truth().staff().members.len());
    server.finish();
}

#[test]
fn a_link_to_another_origin_is_never_asked() {
    let elsewhere = FaultServer::build(Arc::new(|_: &Asked| Answer::json(&json!({})))).start();
    let target = format!("{}/v1.0/users?$skiptoken=4&cursor=4", elsewhere.origin());
    for (vendor, pointer) in [(Vendor::Rippling, "/next_link"), (Vendor::Entra, "/@odata.nextLink")] {
        let (server, source) = vendor.start(&truth());
        server.plant(On::any(), Damage::set(pointer, json!(target)));
        let text = refused(&source).to_string();
        assert!(text.contains(elsewhere.origin()) && text.contains(server.origin()), "{text}");
        server.finish();
    }
    let (server, source) = Vendor::Okta.start(&truth());
    server.plant(On::any(), Damage::next_link(&target));
    assert!(refused(&source).to_string().contains(elsewhere.origin()));
    server.finish();
    assert_eq!(elsewhere.count(), 0, "no request and no credential went there");
    elsewhere.finish();
}

#[test]
fn a_token_that_ends_on_the_way_is_renewed_once() {
    for vendor in [Vendor::Personio, Vendor::Entra] {
        let (server, source) = vendor.start(&truth());
        let whole = fetched(&source).table;
        server.forget();
        let fault = server.plant(On::any().when(later).once(), Damage::status(401));
        assert_eq!(fetched(&source).table, whole, "{vendor:?}");
        assert_eq!(fault.fired(), 1);
        let tokens = server.log().iter().filter(|logged| logged.asked.path.ends_with("/token")).count();
        assert_eq!(tokens, 2, "{vendor:?}: one at the start, one renewed");
        server.finish();
        // Where no other can be had, the reading ends.
        let (server, source) = vendor.start(&truth());
        server.plant(On::any().when(later), Damage::status(401));
        assert!(matches!(refused(&source), Cause::Unauthenticated { .. }), "{vendor:?}");
        server.finish();
    }
}

#[test]
fn a_person_who_goes_between_list_and_employments_is_told() {
    let (server, source) = Vendor::Personio.start(&truth());
    let gone = server.plant(On::get("/v2/persons/pers-100/employments"), Damage::status(404));
    let told = fetched(&source);
    assert!(says(&told, "1 persons who were deleted"), "{:?}", told.notices);
    assert!(!ids(&told).contains("pers-100"));
    gone.withdraw();
    // Anything else is no reason to leave somebody out.
    server.plant(On::get("/v2/persons/pers-101/employments"), Damage::status(403));
    let cause = refused(&source);
    assert!(matches!(&cause, Cause::Denied { permission } if permission.contains("persons:read")), "{cause}");
    server.finish();
}

#[test]
fn entra_begins_again_when_its_pages_expire_and_gives_up_in_the_end() {
    let expired = || Damage::Reply(Answer::json(&json!({ "error": { "code": "Directory_ExpiredPageToken" } })).of(400));
    let (server, source) = Vendor::Entra.start(&truth());
    let whole = fetched(&source).table;
    server.plant(On::any().when(later).once(), expired());
    let told = fetched(&source);
    assert_eq!(told.table, whole);
    assert!(says(&told, "begun again 1 times"));
    server.plant(On::any().when(later), expired());
    assert!(matches!(refused(&source), Cause::Malformed { .. }));
    server.finish();
}
