//! Rows L1 to L4: limits in every form, and outages longer than the budget.

use chrono::{DateTime, TimeDelta, Utc};
use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::aws::{leaver_and_twin, throttled};
use holdover_kit::stub::github::Truth;
use holdover_kit::stub::okta::{okta_error, okta_throttled};
use serde_json::json;

use super::wire::{ONCE, QUICK, Told, aws, github, okta};
use crate::live::now;

fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn refusal(status: u16, says: &str) -> Answer {
    Answer::json(&json!({"message": says})).of(status)
}

/// Waits were taken, counted, and long enough in all.
#[track_caller]
fn waited(told: &Told, throttled: f64, seconds: f64) {
    let (times, took) = (told.effort("throttled"), told.effort("waited_seconds"));
    assert!(times >= throttled && took >= seconds, "{times} refusals, {took} s");
}

#[test]
fn l1_three_refusals_with_seconds_are_waited_out_and_the_waits_are_told() {
    let (_stub, server, wire) = github(Truth::usual(), QUICK);
    let limit = server
        .plant(On::get("/orgs/acme/hooks").times(3), Damage::Reply(refusal(429, "slow").with("retry-after", "1")));
    let told = wire.whole();
    assert_eq!(limit.fired(), 3);
    waited(&told, 3.0, 3.0);
    wire.heals(&limit);
}

#[test]
fn l1_a_refusal_with_a_date_is_waited_out() {
    let (_stub, server, wire) = github(Truth::usual(), QUICK);
    let dated = |_: &holdover_kit::fault::Asked, _: Answer| {
        refusal(429, "slow").with("retry-after", &http_date(now() + TimeDelta::seconds(2)))
    };
    let limit = server.plant(On::get("/orgs/acme/hooks").once(), Damage::change(dated));
    let told = wire.whole();
    assert_eq!(limit.fired(), 1);
    // A date has whole seconds.
    waited(&told, 1.0, 1.0);
}

#[test]
fn l2_a_secondary_limit_is_waited_out_with_and_without_a_header() {
    let (_stub, server, wire) = github(Truth::usual(), QUICK);
    let says = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    for answer in [refusal(403, says).with("retry-after", "1"), refusal(403, says)] {
        let limit = server.plant(On::get("/orgs/acme/hooks").once(), Damage::Reply(answer));
        let told = wire.whole();
        assert_eq!(limit.fired(), 1);
        waited(&told, 1.0, 1.0);
    }
}

#[test]
fn l2_a_secondary_limit_that_stays_is_a_limit_and_never_a_denial() {
    let (_stub, server, wire) = github(Truth::usual(), ONCE);
    let says = "You have exceeded a secondary rate limit.";
    for answer in [refusal(403, says).with("retry-after", "60"), refusal(403, says)] {
        let limit = server.plant(On::get("/orgs/acme/hooks"), Damage::Reply(answer));
        let told = wire.fault();
        limit.expect_fired();
        limit.withdraw();
        told.says("webhooks", &["rate limited"]);
        for gap in told.all_gaps() {
            assert!(!gap.contains("denied"), "{gap}");
        }
    }
    wire.whole();
}

#[test]
fn l3_a_reset_is_held_against_the_clock_of_the_service() {
    let (_stub, server, wire) = okta(8, QUICK);
    // The service runs 290 s ahead: by its clock the limit ends in two seconds, by ours in almost five minutes.
    let ahead = TimeDelta::seconds(290);
    let clock =
        server.plant(On::any(), Damage::change(move |_, answer| answer.with_only("date", &http_date(now() + ahead))));
    let limit = server.plant(
        On::get("/api/v1/users").nth(3),
        Damage::change(move |_, _| {
            let there = now() + ahead;
            okta_throttled(there.timestamp() + 2).with_only("date", &http_date(there))
        }),
    );
    let told = wire.whole();
    assert_eq!(limit.fired(), 1);
    clock.expect_fired();
    waited(&told, 1.0, 1.0);
    assert!(told.effort("waited_seconds") < 10.0, "{}", told.effort("waited_seconds"));
    assert!(told.run.stderr.contains("clock"), "a difference of minutes is told: {}", told.run.stderr);
}

#[test]
fn l3_every_code_that_asks_for_patience_is_waited_out() {
    let (_stub, server, wire) = aws(leaver_and_twin(now()), QUICK);
    let code = |code: &str, status: u16| {
        let text = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        Damage::Reply(Answer::xml(text).of(status))
    };
    let planted = [
        server.plant(On::operation("iam:ListRoles").once(), Damage::Reply(throttled())),
        server.plant(On::operation("iam:GetAccountSummary").once(), code("ThrottlingException", 400)),
        server.plant(On::operation("iam:ListVirtualMFADevices").once(), code("RequestLimitExceeded", 503)),
        server.plant(On::operation("iam:GetCredentialReport").once(), code("SlowDown", 503)),
        server.plant(On::operation("iam:ListAccessKeys").once(), code("TooManyRequestsException", 429)),
    ];
    let told = wire.whole();
    for one in &planted {
        assert_eq!(one.fired(), 1, "{one:?}");
    }
    waited(&told, 5.0, 2.0);
}

#[test]
fn l4_a_wait_beyond_the_budget_ends_the_scope_and_says_until_when() {
    let (_stub, server, wire) = okta(8, QUICK);
    let until = now() + TimeDelta::days(1);
    let limit = server.plant(On::get("/api/v1/users").nth(3), Damage::Reply(okta_throttled(until.timestamp())));
    let told = wire.fault();
    let day = format!("rate limited until {}", until.format("%Y-%m-%dT"));
    assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 4));
    told.says("users", &[&day]);
    assert!(told.report.to_string().contains("longest_wait"), "the budget is named with what to do");
    assert!(told.effort("waited_seconds") < 10.0, "nobody waited for it");
    wire.heals(&limit);
}

#[test]
fn l4_an_outage_that_does_not_end_is_told_with_its_status_and_the_others_go_on() {
    let (_stub, server, wire) = okta(8, ONCE);
    let outage = server.plant(On::any(), Damage::Reply(okta_error(503, "E0000009")));
    let told = wire.fault();
    for scope in told.states().keys() {
        assert_eq!(told.state(scope), "failed", "{scope}");
        told.says(scope, &["unreachable", "127.0.0.1", "503"]);
    }
    wire.heals(&outage);
    let half = server.plant(On::get("/api/v1/users").from(3), Damage::Reply(okta_error(503, "E0000009")));
    let told = wire.fault();
    assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 4));
    told.says("users", &["page 3", "503"]);
    wire.heals(&half);
}

#[test]
fn l4_an_outage_longer_than_the_run_ends_with_the_run_s_own_limit() {
    let (_stub, server, mut wire) = okta(8, QUICK);
    let silent = server.plant(On::get("/api/v1/users").nth(3), Damage::Silence);
    wire.reconfigure("tickets:\n", "run: { deadline: 15s }\ntickets:\n");
    let told = wire.fault();
    assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 4));
    told.says("users", &["limit reached", "the run's deadline of 15 s"]);
    wire.reconfigure("run: { deadline: 15s }\n", "");
    wire.heals(&silent);
}
