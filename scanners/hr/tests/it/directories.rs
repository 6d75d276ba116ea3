//! Directories as second sources.

use std::sync::Arc;

use holdover_kit::stub::hr::{self, Truth};
use scan_contract::Cause;
use scan_hr::{Column, Source, System, entra};

use crate::harness::{entra_source, fetched, ids, okta_source, refused, right, rows, rows_of, says, serve, truth};

fn okta(truth: &Truth) -> (holdover_kit::fault::FaultServer, Source, Arc<hr::Okta>) {
    let stub = Arc::new(hr::Okta::new(truth.clone()));
    let (server, source) = serve(Arc::clone(&stub), |base| okta_source(base, right()));
    (server, source, stub)
}

#[test]
fn okta_gives_deprovisioned_accounts_with_the_moment_of_it_and_says_what_that_is() {
    let (server, source, _) = okta(&truth());
    let told = fetched(&source);
    let ana = &rows_of(&told, "00u1")[0];
    let after = truth().staff().members[0].present().end.and_then(|end| end.succ_opt()).expect("an end");
    assert_eq!(ana["status"], "DEPROVISIONED");
    assert_eq!(ana["access_end_at"].as_str(), Some(format!("{after}T12:00:00.000Z").as_str()));
    assert_eq!(ana["start_date"], "2020-03-02", "an account is made on a day");
    assert!(rows_of(&told, "00u2")[0]["access_end_at"].is_null());
    assert!(says(&told, "switched off"), "{:?}", told.notices);
    server.finish();
}

#[test]
fn okta_tells_a_locked_account_as_what_it_is() {
    let (server, source, stub) = okta(&truth());
    stub.set(2, "LOCKED_OUT", "2026-08-01T00:00:00.000Z");
    stub.set(5, "SUSPENDED", "2026-08-01T00:00:00.000Z");
    let told = fetched(&source);
    let words = source.system.words();
    let word = |id: &str| {
        let status = rows_of(&told, id)[0]["status"].as_str().map(String::from).unwrap_or_default();
        words["status"].iter().find(|(_, theirs)| theirs.contains(&status)).map(|(word, _)| word.clone())
    };
    assert_eq!(word("00u2").as_deref(), Some("active"), "whoever is locked out can come back");
    assert_eq!(word("00u5").as_deref(), Some("suspended"));
    assert!(rows_of(&told, "00u5")[0]["access_end_at"].is_null());
    server.finish();
}

#[test]
fn a_date_of_hrs_in_the_directory_is_better_than_the_moment_of_switching_off() {
    let (server, mut source, stub) = okta(&truth());
    source.columns.insert(Column::PersonId, String::from("/profile/employeeNumber"));
    source.columns.insert(Column::EndDate, String::from("/profile/lastDay"));
    // Ana left a month ago, and her account is still on.
    stub.set(1, "ACTIVE", "2020-03-02T09:00:00.000Z");
    let told = fetched(&source);
    let ana = &rows_of(&told, "00001")[0];
    assert_eq!(
        ana["end_date"].as_str(),
        truth().staff().members[0].present().end.map(|end| end.to_string()).as_deref()
    );
    assert!(ana["access_end_at"].is_null());
    assert!(!says(&told, "switched off"));
    server.finish();
}

#[test]
fn accounts_without_the_number_of_a_person_are_counted_and_left_out() {
    let truth = truth();
    truth.hide("employeeNumber");
    let (server, mut source, _) = okta(&truth);
    source.columns.insert(Column::PersonId, String::from("/profile/employeeNumber"));
    let cause = refused(&source);
    assert!(matches!(cause, Cause::NotSeen { .. }), "with nobody left it is no roster: {cause}");
    server.finish();
}

#[test]
fn accounts_of_a_configured_system_become_aliases() {
    let (server, mut source, _) = okta(&truth());
    if let System::Okta(okta) = &mut source.system {
        okta.accounts_of = Some(String::from("okta-main"));
    }
    let told = fetched(&source);
    let aliases = rows_of(&told, "00u2")[0]["aliases"].clone();
    assert_eq!(
        aliases,
        serde_json::json!([
            { "kind": "provider_id", "value": "00u2", "system": "okta-main" },
            { "kind": "username", "value": "bea.braun@acme.example", "system": "okta-main" },
        ])
    );
    server.finish();
}

fn entra(truth: &Truth, leave_dates: bool) -> (holdover_kit::fault::FaultServer, Source) {
    let stub = hr::Entra { leave_dates, ..hr::Entra::new(truth.clone()) };
    serve(Arc::new(stub), |base| entra_source(base, right()))
}

#[test]
fn entra_leave_dates_are_instants_and_one_ahead_is_no_end_yet() {
    let truth = truth();
    // Rendered on a day of the past, so that everything that has an end has passed for the service's clock but one.
    truth.change(|staff| {
        staff.member(3).spells[0].end = chrono::NaiveDate::from_ymd_opt(2999, 1, 1);
    });
    let (server, source) = entra(&truth, true);
    let told = fetched(&source);
    let ana = &rows_of(&told, "obj-1")[0];
    assert_eq!(ana["status"], "ended");
    assert!(ana["access_end_at"].as_str().is_some_and(|text| text.ends_with("T17:00:00Z")));
    let cem = &rows_of(&told, "obj-3")[0];
    assert_eq!((cem["status"].as_str(), cem["access_end_at"].as_str()), (Some("active"), Some("2999-01-01T17:00:00Z")));
    let aliases = rows_of(&told, "obj-2")[0]["aliases"].clone();
    assert_eq!(aliases, serde_json::json!([{ "kind": "email", "value": "old2@acme.example" }]));
    server.finish();
}

#[test]
fn entra_without_the_right_to_leave_dates_is_refused_by_name_and_read_without_them_on_demand() {
    let truth = truth();
    let (server, mut source) = entra(&truth, false);
    let cause = refused(&source);
    assert!(
        matches!(&cause, Cause::Denied { permission } if permission.contains("User-LifeCycleInfo.Read.All")),
        "{cause}"
    );
    if let System::Entra(entra) = &mut source.system {
        entra.leave_dates = entra::LeaveDates::NotAsked;
    }
    let told = fetched(&source);
    assert_eq!(rows_of(&told, "obj-1")[0]["status"], "suspended", "off since nobody knows when is no end");
    assert!(rows(&told).iter().all(|row| row["access_end_at"].is_null()));
    assert!(says(&told, "never as ended"));
    server.finish();
}

#[test]
fn a_directory_without_anybody_switched_off_is_told_and_not_refused() {
    let truth = truth();
    truth.change(|staff| {
        for member in &mut staff.members {
            member.spells.truncate(1);
            member.spells[0].end = None;
        }
    });
    let (server, source, _) = okta(&truth);
    let told = fetched(&source);
    assert_eq!(ids(&told).len(), truth.staff().members.len());
    assert!(says(&told, "looks just like this"));
    server.finish();
}
