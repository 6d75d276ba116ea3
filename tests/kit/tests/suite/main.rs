//! The contract suite passes a scanner that is right, and catches each of its twins that is wrong in one thing.
#![expect(clippy::expect_used, reason = "helpers of tests")]

mod bench;
mod scanner;
mod stub;

use std::panic::{AssertUnwindSafe, catch_unwind};

use holdover_kit::suite::{self, Bench, Expiry, List, Mishap, Route, Service, Setting, Truth};
use scan_contract::{Cause, Scanner};

use bench::ClubBench;
use scanner::Twin;

holdover_kit::contract_suite!(right, ClubBench(Twin::Right));

/// What the suite says of a twin.
fn caught(twin: Twin, point: fn(&dyn Bench)) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| point(&ClubBench(twin)))) else {
        return String::from("nothing was said");
    };
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_forgotten_page_is_caught() {
    let said = caught(Twin::ForgetsPages, suite::pages);
    assert!(said.contains("5 records of account"), "{said}");
}

#[test]
fn a_refusal_that_becomes_an_empty_list_is_caught() {
    let said = caught(Twin::DeniedIsEmpty, suite::every_route_denied_gives_its_gap);
    assert!(said.contains("listMembers denied: members is called complete, and account m-0 is not in it"), "{said}");
}

#[test]
fn a_request_outside_the_list_is_caught() {
    let said = caught(Twin::AsksMore, suite::only_listed_requests);
    assert!(said.contains("outside the list of allowed requests: GET /members/m-1"), "{said}");
}

#[test]
fn a_secret_in_the_log_is_caught() {
    let said = caught(Twin::Leaks, suite::canaries_stay_in);
    assert!(said.contains("the scanner's own credential shows in the log"), "{said}");
}

#[test]
fn an_answer_without_a_list_is_no_empty_list() {
    let said = caught(Twin::TakesDefaults, suite::partial_replies);
    assert!(said.contains("listMembers answers with {}"), "{said}");
}

#[test]
fn a_name_that_is_not_encoded_is_caught() {
    let said = caught(Twin::DoesNotEncode, suite::hostile_names_everywhere);
    assert!(said.contains("outside the list of allowed requests"), "{said}");
}

#[test]
fn a_scanner_that_does_not_look_for_itself_is_caught() {
    let said = caught(Twin::DoesNotLookForItself, suite::self_sighting);
    assert!(said.contains("no gap of members says"), "{said}");
}

#[test]
fn a_throttle_that_is_read_as_a_refusal_is_caught() {
    let said = caught(Twin::ThrottleIsRefusal, suite::limits_in_each_form);
    assert!(said.contains("L1 throttled once"), "{said}");
}

#[test]
fn a_scanner_that_does_not_ask_where_it_is_is_caught() {
    let said = caught(Twin::TrustsTheTenant, suite::wrong_tenant);
    assert!(said.contains("members is called complete"), "{said}");
}

#[test]
fn a_panic_is_caught() {
    let said = caught(Twin::Panics, suite::two_full_reads_are_equal);
    assert!(said.contains("reading members panics"), "{said}");
}

#[test]
fn excuses_are_counted() {
    struct Excused;
    impl Bench for Excused {
        fn serve(&self, setting: &Setting) -> Service {
            ClubBench(Twin::TrustsTheTenant).serve(setting)
        }
        fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause> {
            ClubBench(Twin::TrustsTheTenant).scanner(service, setting)
        }
        fn routes(&self) -> Vec<Route> {
            Vec::new()
        }
        fn lists(&self) -> Vec<List> {
            Vec::new()
        }
        fn mishaps(&self) -> Vec<Mishap> {
            Vec::new()
        }
        fn truth(&self) -> Vec<Truth> {
            Vec::new()
        }
        fn expiry(&self) -> Expiry {
            ClubBench(Twin::Right).expiry()
        }
        fn excuses(&self) -> Vec<suite::Excuse> {
            vec![suite::Excuse { point: suite::Point::WrongTenant, part: "", reason: "there is only one club" }]
        }
    }
    let before = suite::excuses_taken();
    suite::wrong_tenant(&Excused);
    assert!(suite::excuses_taken() > before);
}
