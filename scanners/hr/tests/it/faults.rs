//! What can go wrong with any of them: refusals, limits, cuts, pages that are none.

use holdover_kit::fault::{Answer, Damage, On};
use scan_contract::Cause;
use scan_transport::SecretRef;

use crate::harness::{VENDORS, Vendor, fetched, refused, truth};

#[test]
fn a_wrong_secret_is_not_accepted_and_stands_in_no_message() {
    for vendor in VENDORS {
        let (server, source) = vendor.start_with(&truth(), SecretRef::Environment(String::from("WRONG")));
        let cause = refused(&source);
        assert!(matches!(cause, Cause::Unauthenticated { .. }), "{vendor:?}: {cause}");
        server.finish();
    }
}

#[test]
fn a_refusal_names_the_right_the_address_and_the_request() {
    for vendor in VENDORS {
        let (server, source) = vendor.start(&truth());
        let refusal = Answer::json(&serde_json::json!({ "canary": "in-the-body" }))
            .of(403)
            .with("x-request-id", "4f1c9a2e-0b1d-4c55-9c1e-6f0d2b7a1e11");
        server.plant(On::any().when(|asked| !asked.path.ends_with("/token")), Damage::Reply(refusal));
        let cause = refused(&source);
        let text = cause.to_string();
        assert!(matches!(cause, Cause::Denied { .. }), "{vendor:?}: {text}");
        assert!(
            text.contains("403") && text.contains("4f1c9a2e") && text.contains(server.origin()),
            "{vendor:?}: {text}"
        );
        assert!(!text.contains("in-the-body") && !text.contains("onlyCurrent") && !text.contains('?'), "{text}");
        server.finish();
    }
}

#[test]
fn a_limit_in_the_words_of_bamboohr_is_waited_for() {
    let (server, source) = Vendor::BambooHr.start(&truth());
    let whole = fetched(&source).table;
    let fault = server.plant(On::any().once(), Damage::Reply(Answer::status(503).with("retry-after", "1")));
    assert_eq!(fetched(&source).table, whole);
    assert_eq!(fault.fired(), 1);
    server.finish();
}

#[test]
fn a_limit_that_lasts_too_long_is_told_as_one() {
    let (server, source) = Vendor::BambooHr.start(&truth());
    server.plant(On::any(), Damage::Reply(Answer::status(503).with("retry-after", "86400")));
    assert!(matches!(refused(&source), Cause::Throttled { .. }));
    server.finish();
}

#[test]
fn a_cut_reply_is_asked_for_again_and_never_taken_for_a_shorter_roster() {
    for vendor in VENDORS {
        let (server, source) = vendor.start(&truth());
        let whole = fetched(&source).table;
        let lists = || On::any().when(|asked| !asked.path.ends_with("/token"));
        let once = server.plant(lists().once(), Damage::CutAtFraction(7, 8));
        assert_eq!(fetched(&source).table, whole, "{vendor:?}");
        assert_eq!(once.fired(), 1);
        let always = server.plant(lists(), Damage::CutAtFraction(1, 2));
        let cause = refused(&source);
        assert!(matches!(cause, Cause::CutOff { .. } | Cause::Unreachable { .. }), "{vendor:?}: {cause}");
        always.expect_fired();
        server.finish();
    }
}

#[test]
fn a_login_page_with_a_good_status_is_no_roster() {
    for vendor in VENDORS {
        let (server, source) = vendor.start(&truth());
        server.plant(On::any().when(|asked| !asked.path.ends_with("/token")), Damage::login_page());
        let cause = refused(&source);
        assert!(matches!(cause, Cause::Malformed { .. }), "{vendor:?}: {cause}");
        server.finish();
    }
}

#[test]
fn json_that_holds_no_list_is_no_roster() {
    for vendor in VENDORS {
        let (server, source) = vendor.start(&truth());
        let answer = Answer::json(&serde_json::json!({ "errors": ["partly unavailable"] }));
        server.plant(On::any().when(|asked| !asked.path.ends_with("/token")), Damage::Reply(answer));
        let cause = refused(&source);
        assert!(matches!(cause, Cause::Malformed { .. }), "{vendor:?}: {cause}");
        server.finish();
    }
}

#[test]
fn an_answer_beyond_the_limit_is_not_read() {
    let (server, mut source) = Vendor::Workday.start(&truth());
    source.connection.limits.body = 200;
    assert!(matches!(refused(&source), Cause::LimitHit { .. }));
    server.finish();
}

#[test]
fn another_company_is_not_found_in_both_readings() {
    let (server, mut source) = Vendor::BambooHr.start(&truth());
    if let scan_hr::System::BambooHr(system) = &mut source.system {
        system.company = String::from("other");
    }
    let text = refused(&source).to_string();
    assert!(text.contains("belongs to another one") && text.contains("company not found"), "{text}");
    server.finish();
}

#[test]
fn nobody_who_listens_is_told_as_unreachable() {
    for vendor in VENDORS {
        let (server, source) = vendor.start(&truth());
        server.stop();
        let cause = refused(&source);
        assert!(matches!(cause, Cause::Unreachable { .. }), "{vendor:?}: {cause}");
    }
}

/// A defect once: the end of the token was added up, and the fetch ended with a panic.
#[test]
fn a_token_that_lives_longer_than_any_calendar_is_used_as_usual() {
    for vendor in [Vendor::Personio, Vendor::Entra] {
        let (server, source) = vendor.start(&truth());
        let whole = fetched(&source).table;
        for life in [u64::MAX, 9_000_000_000_000_000, 9_000_000_000_000] {
            let fault = server
                .plant(On::any().when(|asked| asked.path.ends_with("/token")), Damage::set("/expires_in", life.into()));
            assert_eq!(fetched(&source).table, whole, "{vendor:?} {life}");
            fault.expect_fired();
            fault.withdraw();
        }
        server.finish();
    }
}
