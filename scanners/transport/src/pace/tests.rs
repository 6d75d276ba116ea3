//! Time is the test's own.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use scan_contract::Cause;
use tokio::time::{Instant as Tick, advance};
use url::Url;

use super::*;
use crate::dialect::Wait;
use crate::settings::Limits;
use crate::testing::{clock, now};

const HOST: &str = "api.example";

fn pace(settings: PaceSettings, dialect: Dialect) -> Pace {
    Pace::new(settings, dialect, clock(), Passing::Really)
}

fn plenty() -> PaceSettings {
    PaceSettings { per_second: 1000.0, burst: 1000, ..PaceSettings::default() }
}

fn answer(status: u16, operation: &'static str, headers: &[(&str, String)]) -> Reply {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(value).unwrap()))
        .collect();
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::from_static(b"{}"),
        at: now(),
        operation,
        url: Url::parse("https://api.example/").unwrap(),
        limits: Limits::default(),
    }
}

fn window(limit: u64, remaining: u64, reset: u64) -> Vec<(&'static str, String)> {
    vec![
        ("ratelimit-limit", limit.to_string()),
        ("ratelimit-remaining", remaining.to_string()),
        ("ratelimit-reset", reset.to_string()),
    ]
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test(start_paused = true)]
async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
    let pace = pace(PaceSettings { per_second: 10.0, burst: 5, ..PaceSettings::default() }, Dialect::Plain);
    let waits: Vec<u128> = (0..8).map(|_| pace.reserve(HOST).unwrap().as_millis()).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 100, 200, 300]);
    assert_eq!(pace.reserve("other.example"), Ok(Duration::ZERO), "another host has its own bucket");
    advance(seconds(10)).await;
    assert_eq!(pace.reserve(HOST), Ok(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn no_more_in_flight_than_allowed() {
    let pace = pace(PaceSettings { in_flight: 2, ..plenty() }, Dialect::Plain);
    let (one, _other) = (pace.permit().await.unwrap(), pace.permit().await.unwrap());
    assert!(tokio::time::timeout(seconds(1), pace.permit()).await.is_err());
    drop(one);
    assert!(tokio::time::timeout(seconds(1), pace.permit()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_window_is_used_to_our_share_and_no_further() {
    let pace = pace(PaceSettings { share: 0.5, ..plenty() }, Dialect::Plain);
    let began = Tick::now();
    let mut asked = 0;
    // Others use nothing, so that only the share can hold us.
    while began.elapsed() < seconds(60) {
        let wait = pace.reserve_for(HOST, "op").unwrap();
        tokio::time::sleep(wait).await;
        if began.elapsed() >= seconds(60) {
            break;
        }
        asked += 1;
        let left = seconds(60).saturating_sub(began.elapsed()).as_secs().max(1);
        pace.learn(HOST, &answer(200, "op", &window(100, 100 - asked, left)));
    }
    assert!((40..=51).contains(&asked), "{asked} of 100, share 50");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_spread_over_the_window_when_it_runs_low() {
    let pace = pace(PaceSettings { share: 1.0, ..plenty() }, Dialect::Plain);
    pace.reserve_for(HOST, "op").unwrap();
    pace.learn(HOST, &answer(200, "op", &window(100, 60, 100)));
    assert_eq!(pace.reserve_for(HOST, "op"), Ok(Duration::ZERO), "60 of 100 are not low");
    pace.learn(HOST, &answer(200, "op", &window(100, 10, 100)));
    let wait = pace.reserve_for(HOST, "op").unwrap();
    assert!(wait >= seconds(9) && wait <= seconds(11), "{wait:?}: ten in a hundred seconds");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_of_an_empty_window_and_it_opens_again() {
    let pace = pace(plenty(), Dialect::Plain);
    pace.learn(HOST, &answer(200, "op", &window(100, 0, 30)));
    assert_eq!(pace.reserve_for(HOST, "op"), Ok(seconds(30)));
    assert_eq!(pace.held(HOST, "op"), Ok(seconds(30)));
    advance(seconds(31)).await;
    assert_eq!(pace.held(HOST, "op"), Ok(Duration::ZERO));
    pace.learn(HOST, &answer(200, "op", &window(100, 99, 60)));
    assert_eq!(pace.reserve_for(HOST, "op"), Ok(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn tim4_a_window_that_opens_too_late_is_told_with_its_end() {
    let settings = PaceSettings { longest_wait: seconds(60), ..plenty() };
    let pace = pace(settings, Dialect::Plain);
    pace.learn(HOST, &answer(200, "op", &window(100, 0, 3600)));
    let until = now() + chrono::TimeDelta::seconds(3600);
    assert_eq!(pace.reserve_for(HOST, "op"), Err(Cause::Throttled { until: Some(until) }));
}

#[tokio::test(start_paused = true)]
async fn each_limit_of_a_service_is_kept_by_itself() {
    let pace = pace(plenty(), Dialect::Okta);
    let reset = (now().timestamp() + 30).to_string();
    let of = |remaining: &str| {
        vec![
            ("x-rate-limit-limit", String::from("100")),
            ("x-rate-limit-remaining", String::from(remaining)),
            ("x-rate-limit-reset", reset.clone()),
        ]
    };
    pace.learn(HOST, &answer(200, "users", &of("0")));
    pace.learn(HOST, &answer(200, "groups", &of("90")));
    assert_eq!(pace.reserve_for(HOST, "users"), Ok(seconds(30)));
    assert_eq!(pace.reserve_for(HOST, "groups"), Ok(Duration::ZERO));
    // A refusal that speaks of another limit (concurrent requests) does not replace the figures.
    let mut other = of("0");
    other[0].1 = String::from("35");
    pace.learn(HOST, &answer(429, "groups", &other));
    assert_eq!(pace.reserve_for(HOST, "groups"), Ok(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_used_up_window_of_an_hour_holds_its_own_requests_and_no_others() {
    let pace = pace(plenty(), Dialect::GitHub);
    let of = |resource: &str| {
        vec![
            ("x-ratelimit-limit", String::from("5000")),
            ("x-ratelimit-remaining", String::from("0")),
            ("x-ratelimit-reset", (now().timestamp() + 3300).to_string()),
            ("x-ratelimit-resource", String::from(resource)),
        ]
    };
    pace.learn(HOST, &answer(403, "members", &of("core")));
    assert!(matches!(pace.reserve_for(HOST, "members"), Err(Cause::Throttled { until: Some(_) })));
    assert_eq!(pace.reserve_for(HOST, "query"), Ok(Duration::ZERO), "points are another limit");
}

#[tokio::test(start_paused = true)]
async fn a_secondary_limit_slows_the_whole_host() {
    let pace = pace(plenty(), Dialect::GitHub);
    pace.learn(HOST, &answer(403, "op", &[("retry-after", String::from("20"))]));
    assert_eq!(pace.reserve_for(HOST, "other"), Ok(seconds(20)));
    assert_eq!(pace.reserve_for("elsewhere.example", "other"), Ok(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn one_refusal_holds_its_own_request_and_three_in_a_row_hold_all() {
    let pace = pace(plenty(), Dialect::Plain);
    let refused = answer(429, "op", &[("retry-after", String::from("2"))]);
    let mut waits = Vec::new();
    for attempt in 1..=3 {
        pace.count_request();
        pace.learn(HOST, &refused);
        pace.retry(HOST, attempt, Wait::For(seconds(2)), Cause::Throttled { until: None }).unwrap();
        waits.push(pace.held(HOST, "other").unwrap() >= seconds(2));
    }
    assert_eq!(waits, [false, false, true]);
    pace.learn("long.example", &answer(429, "op", &[("retry-after", String::from("5"))]));
    assert!(pace.held("long.example", "other").unwrap() >= seconds(5), "a long wait is meant for all");
}

#[tokio::test(start_paused = true)]
async fn tim2_own_backoff_has_a_floor_a_ceiling_and_jitter() {
    let pace = pace(PaceSettings { attempts: 20, ..plenty() }, Dialect::Plain);
    let mut all = Vec::new();
    for attempt in 1..20 {
        let wait = pace.retry(HOST, attempt, Wait::NotSaid, Cause::Stopped).unwrap();
        let ceiling = seconds(1) + seconds(60).min(seconds(1 << (attempt - 1).min(6)));
        assert!(wait >= seconds(1) && wait <= ceiling, "{attempt}: {wait:?}");
        all.push(wait);
    }
    all.dedup();
    assert!(all.len() > 15, "they differ: {all:?}");
}

#[tokio::test(start_paused = true)]
async fn tim2_a_hint_is_never_undercut() {
    let pace = pace(plenty(), Dialect::Plain);
    for _ in 0..20 {
        let wait = pace.retry(HOST, 1, Wait::For(seconds(10)), Cause::Stopped).unwrap();
        assert!(wait >= seconds(10) && wait <= seconds(11), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn tim6_retries_end_with_attempts_and_with_the_budget() {
    let pace = pace(PaceSettings { attempts: 3, retry_share: 0.2, ..plenty() }, Dialect::Plain);
    let otherwise = Cause::Stopped;
    assert!(pace.retry(HOST, 2, Wait::NotSaid, otherwise.clone()).is_ok());
    assert_eq!(pace.retry(HOST, 3, Wait::NotSaid, otherwise.clone()), Err(otherwise.clone()));
    // An outage: every request is repeated as often as it may be.
    let (mut sent, mut repeats) = (0, 1);
    for _ in 0..1000 {
        sent += 1;
        pace.count_request();
        if pace.retry(HOST, 1, Wait::NotSaid, otherwise.clone()).is_ok() {
            repeats += 1;
            sent += 1;
            pace.count_request();
        }
    }
    assert_eq!(pace.effort().retries, repeats);
    assert!(repeats * 5 <= sent + 5, "{repeats} of {sent}");
    assert!(repeats > 200, "{repeats}");
}

#[tokio::test(start_paused = true)]
async fn tim4_a_wait_that_is_too_long_is_told_with_its_end() {
    let pace = pace(PaceSettings { longest_wait: seconds(60), ..plenty() }, Dialect::Plain);
    let day = seconds(24 * 3600);
    let Err(Cause::Throttled { until: Some(until) }) = pace.retry(HOST, 1, Wait::For(day), Cause::Stopped) else {
        panic!("not throttled")
    };
    assert!(until >= now() + chrono::TimeDelta::days(1));
    assert_eq!(pace.effort().retries, 0);
}

/// Asks `count` times of a service that allows `allowed` a second, one after the other. Gives refusals and time.
async fn ask(pace: &Pace, count: u32, mut allow: impl FnMut(Tick) -> bool) -> (u32, Duration) {
    let began = Tick::now();
    let (mut refusals, mut done) = (0, 0);
    while done < count {
        let wait = pace.reserve_for(HOST, "op").unwrap();
        tokio::time::sleep(wait).await;
        pace.count_request();
        if allow(Tick::now()) {
            pace.learn(HOST, &answer(200, "op", &[]));
            done += 1;
        } else {
            refusals += 1;
            pace.learn(HOST, &answer(429, "op", &[]));
        }
    }
    (refusals, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_service_that_allows_half_our_rate_is_soon_asked_at_about_its_own() {
    let pace = pace(PaceSettings { per_second: 20.0, burst: 20, ..PaceSettings::default() }, Dialect::Plain);
    let mut tokens = 10.0_f64;
    let mut last = Tick::now();
    let (refusals, took) = ask(&pace, 2000, |at| {
        tokens = (tokens + (at - last).as_secs_f64() * 10.0).min(10.0);
        last = at;
        let allowed = tokens >= 1.0;
        tokens -= if allowed { 1.0 } else { 0.0 };
        allowed
    })
    .await;
    assert!(refusals * 5 <= 2000, "{refusals} refusals beside 2000 answers");
    assert!(took <= seconds(260), "{took:?}: 200 s is what the service allows");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_one_in_ten_is_still_read_in_less_than_twice_the_time() {
    let pace = pace(PaceSettings { per_second: 20.0, burst: 20, ..PaceSettings::default() }, Dialect::Plain);
    let mut random = 88_172_645_463_325_252_u64;
    let (refusals, took) = ask(&pace, 2000, |_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        !random.is_multiple_of(10)
    })
    .await;
    assert!(refusals > 150, "the fault fired");
    assert!(took <= seconds(200), "{took:?}: 100 s without refusals");
}

#[tokio::test(start_paused = true)]
async fn behind_a_recording_nobody_waits() {
    let settings = PaceSettings { per_second: 1.0, burst: 1, ..PaceSettings::default() };
    let still = Pace::new(settings, Dialect::Plain, clock(), Passing::NotAtAll);
    assert!((0..100).all(|_| still.reserve(HOST) == Ok(Duration::ZERO)));
}

#[test]
fn settings_that_cannot_hold_are_brought_within_bounds() {
    let odd = PaceSettings {
        per_second: f64::NAN,
        burst: 0,
        in_flight: 0,
        share: -1.0,
        retry_share: 7.0,
        attempts: 0,
        longest_wait: seconds(1),
    };
    let held = pace(odd, Dialect::Plain).settings();
    assert!(held.per_second > 0.0 && held.share > 0.0 && held.retry_share <= 1.0);
    assert_eq!((held.burst, held.in_flight, held.attempts), (1, 1, 1));
}
