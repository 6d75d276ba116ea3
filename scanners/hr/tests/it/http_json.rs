//! Home-grown services: every way of paging, totals, tenants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use holdover_kit::fault::{Damage, FaultServer, On};
use holdover_kit::stub::hr::{self, Paging as Kind, Truth};
use scan_contract::Cause;
use scan_hr::http_json::{Ask, Auth, HttpJson, Paging, Place};
use scan_hr::{Column, Pointer, Source, System};
use serde_json::json;

use crate::harness::{fetched, ids, refused, right, rows_of, serve, source, truth};

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).expect("a pointer")
}

fn start(truth: &Truth, kind: Kind, paging: Paging) -> (FaultServer, Source) {
    start_as(truth, kind, paging, Ask::Get)
}

fn start_as(truth: &Truth, kind: Kind, paging: Paging, ask: Ask) -> (FaultServer, Source) {
    serve(Arc::new(hr::Json::new(truth.clone(), kind)), move |base| {
        let mut url = base;
        url.set_path("/people");
        if ask == Ask::Get {
            url.set_query(Some("include=former"));
        }
        let mut made = source(System::HttpJson(Box::new(HttpJson {
            url,
            ask,
            headers: Vec::new(),
            auth: Auth::Header { name: http::HeaderName::from_static("x-api-key"), value: right() },
            items: pointer("/data/people"),
            total: Some(pointer("/total")),
            paging,
            expect: Some((pointer("/company"), String::from("acme"))),
        })));
        made.columns = [
            (Column::PersonId, "/key"),
            (Column::WorkEmail, "/mail/work"),
            (Column::DisplayName, "/name"),
            (Column::Status, "/state"),
            (Column::StartDate, "/from"),
            (Column::EndDate, "/to"),
            (Column::LastDayWorked, "/worked"),
        ]
        .into_iter()
        .map(|(column, field)| (column, String::from(field)))
        .collect::<BTreeMap<_, _>>();
        made.ended_words = vec![String::from("gone")];
        made
    })
}

fn ways() -> Vec<(Kind, Paging)> {
    let number = |name: &str| (String::from(name), Place::Query);
    vec![
        (Kind::Whole, Paging::Whole),
        (Kind::LinkHeader, Paging::LinkHeader),
        (Kind::Link, Paging::LinkIn(pointer("/next"))),
        (Kind::Cursor, Paging::Cursor { at: pointer("/next"), parameter: number("from").0, place: Place::Query }),
        (Kind::Page, Paging::Page { parameter: number("page").0, first: 1, size: None, place: Place::Query }),
        (Kind::Offset, Paging::Offset { parameter: number("from").0, size: None, place: Place::Query }),
    ]
}

#[test]
fn every_way_of_paging_gives_the_same_people() {
    let expected = start(&truth(), Kind::Whole, Paging::Whole);
    let table = fetched(&expected.1).table;
    expected.0.finish();
    for size in [1, 4, 15, 16] {
        for (kind, paging) in ways() {
            let truth = truth();
            truth.page_size(size);
            let (server, source) = start(&truth, kind, paging);
            let told = fetched(&source);
            assert_eq!(told.table, table, "{kind:?} by {size}");
            assert_eq!(told.announced, Some(15));
            server.finish();
        }
    }
}

#[test]
fn a_search_that_is_posted_pages_in_its_body() {
    let ask = Ask::Post(json!({ "include": "former" }));
    let cursor = Paging::Cursor { at: pointer("/next"), parameter: String::from("from"), place: Place::Body };
    let (server, source) = start_as(&truth(), Kind::Cursor, cursor, ask);
    assert_eq!(ids(&fetched(&source)).len(), 15);
    let log = server.finish();
    assert!(log.iter().all(|logged| logged.asked.method == "POST" && logged.asked.json()["include"] == "former"));
}

#[test]
fn a_total_that_is_not_reached_is_no_roster() {
    for (kind, paging) in ways() {
        let (server, source) = start(&truth(), kind, paging);
        server.plant(On::any(), Damage::set("/total", 16.into()));
        let cause = refused(&source);
        assert!(matches!(cause, Cause::CountDiffers { announced: 16, found: 15, .. }), "{kind:?}: {cause}");
        server.finish();
    }
}

#[test]
fn another_tenants_people_are_refused() {
    let (server, source) = start(&truth(), Kind::Whole, Paging::Whole);
    server.plant(On::any(), Damage::set("/company", "other".into()));
    assert_eq!(refused(&source), Cause::WrongSystem { declared: String::from("acme"), found: String::from("other") });
    server.finish();
}

#[test]
fn a_list_that_moves_while_it_is_read_by_numbers_is_read_until_two_readings_agree() {
    let truth = truth();
    truth.page_size(4);
    let paging = Paging::Offset { parameter: String::from("from"), size: None, place: Place::Query };
    let (server, source) = start(&truth, Kind::Offset, paging);
    // Somebody goes during the first reading: whoever follows moves up, and one is skipped.
    let changed = truth.clone();
    let moved = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&moved);
    server.plant(
        On::any().query("from", "8").once(),
        Damage::change(move |_, answer| {
            seen.fetch_add(1, Ordering::SeqCst);
            changed.change(|staff| {
                staff.members.retain(|member| member.number != 2);
            });
            answer
        }),
    );
    let told = fetched(&source);
    assert_eq!(moved.load(Ordering::SeqCst), 1);
    assert_eq!(ids(&told).len(), 14, "the second and the third agree");
    server.finish();
}

#[test]
fn a_list_that_never_stands_still_is_not_believed() {
    let truth = truth();
    let paging = Paging::Page { parameter: String::from("page"), first: 1, size: None, place: Place::Query };
    let (server, mut source) = start(&truth, Kind::Page, paging);
    if let System::HttpJson(json) = &mut source.system {
        json.total = None;
    }
    let changed = truth.clone();
    server.plant(
        On::any().query("page", "1"),
        Damage::change(move |asked, answer| {
            let number = 1_000 + u32::try_from(asked.number).unwrap_or_default();
            changed.change(|staff| {
                let mut extra = staff.members[1].clone();
                extra.number = number;
                staff.members.push(extra);
            });
            answer
        }),
    );
    assert!(matches!(refused(&source), Cause::NotProven { .. }));
    server.finish();
}

/// A defect once: a next page of another form than a text was taken for none, and the first page for everybody.
#[test]
fn a_next_page_in_another_form_than_a_text_is_damage_and_not_the_end() {
    let cursor = Paging::Cursor { at: pointer("/next"), parameter: String::from("from"), place: Place::Query };
    for (kind, paging) in [(Kind::Link, Paging::LinkIn(pointer("/next"))), (Kind::Cursor, cursor)] {
        let truth = truth();
        truth.page_size(4);
        let (server, mut source) = start(&truth, kind, paging);
        if let System::HttpJson(json) = &mut source.system {
            json.total = None;
        }
        for next in [json!({ "href": "/people?from=4" }), json!(["/people?from=4"]), json!([]), json!([{}])] {
            let fault = server.plant(On::any(), Damage::set("/next", next.clone()));
            let cause = refused(&source);
            assert!(matches!(&cause, Cause::Malformed { what } if what.contains("next")), "{kind:?} {next}: {cause}");
            fault.expect_fired();
            fault.withdraw();
        }
        // Nothing, and an empty text, say that there is none.
        for end in [json!(null), json!(""), json!("  ")] {
            let fault = server.plant(On::any(), Damage::set("/next", end.clone()));
            assert_eq!(ids(&fetched(&source)).len(), 4, "{kind:?} {end}");
            fault.withdraw();
        }
        server.finish();
    }
}

#[test]
fn a_service_that_gives_the_same_page_again_and_again_is_found_out() {
    let paging = Paging::Page { parameter: String::from("seite"), first: 1, size: None, place: Place::Query };
    let (server, source) = start(&truth(), Kind::Page, paging);
    let cause = refused(&source);
    assert!(cause.to_string().contains("does not go on"), "{cause}");
    server.finish();
}

#[test]
fn a_status_word_and_dates_go_on_as_they_are() {
    let (server, mut source) = start(&truth(), Kind::Whole, Paging::Whole);
    source.dates = scan_hr::Dates::AsWritten;
    let row = &rows_of(&fetched(&source), "k-1")[0];
    assert_eq!(row["status"], "gone");
    assert!(row["end_date"].is_string());
    server.finish();
}
