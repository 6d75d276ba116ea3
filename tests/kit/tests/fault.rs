//! The fault server does what its script says, and says so when it did not.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use holdover_kit::canary::Canaries;
use holdover_kit::fault::{Answer, Asked, Damage, FaultServer, Forward, On, RateLimit, Tls};
use serde_json::json;

fn echo() -> Arc<impl Fn(&Asked) -> Answer> {
    Arc::new(|asked: &Asked| {
        Answer::json(&json!({
            "method": asked.method, "segments": asked.segments, "body": asked.text(), "number": asked.number,
            "of": asked.of_operation, "http2": asked.http2, "items": [1, 2, 3], "next": "cursor",
        }))
    })
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().expect("a client")
}

async fn get(server: &FaultServer, path: &str) -> reqwest::Result<(u16, String)> {
    let response = client().get(server.url(path)).send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

fn message(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("it must complain");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_request_arrives_as_it_was_sent_and_is_written_down() {
    let server = FaultServer::start(echo());
    let list = reqwest::Method::from_bytes(b"LIST").expect("a method");
    let response = client().request(list, server.url("/v1/a%2Fb/c?x=1%20")).body("hello").send().await.expect("sent");
    let value: serde_json::Value = serde_json::from_str(&response.text().await.expect("a body")).expect("JSON");
    assert_eq!(value["method"], "LIST");
    assert_eq!(value["segments"], json!(["v1", "a/b", "c"]));
    assert_eq!(value["body"], "hello");
    let log = server.finish();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].asked.query("x"), Some("1 "));
    assert_eq!(log[0].status, 200);
}

#[tokio::test]
async fn replies_and_changes_meet_the_requests_they_are_meant_for() {
    let server = FaultServer::start(echo());
    let third = server.plant(On::get("/a").nth(3), Damage::status(503));
    let repeated = server.plant(On::get("/b"), Damage::set("/next", json!("again")));
    let emptied = server.plant(On::get("/b"), Damage::emptied("/items"));
    let statuses = [
        get(&server, "/a").await.expect("1").0,
        get(&server, "/a").await.expect("2").0,
        get(&server, "/a").await.expect("3").0,
        get(&server, "/a").await.expect("4").0,
    ];
    assert_eq!(statuses, [200, 200, 503, 200]);
    let value: serde_json::Value = serde_json::from_str(&get(&server, "/b").await.expect("b").1).expect("JSON");
    assert_eq!((&value["next"], &value["items"]), (&json!("again"), &json!([])));
    assert_eq!((third.fired(), third.matched(), repeated.fired(), emptied.fired()), (1, 4, 1, 1));
    let log = server.finish();
    assert_eq!(log[4].faults.len(), 2);
}

#[tokio::test]
async fn bodies_that_end_too_early_are_errors_for_the_client() {
    for tls in [None, Some(Tls::Good)] {
        let mut build = FaultServer::build(echo());
        if let Some(tls) = tls {
            build = build.tls(tls);
        }
        let server = build.start();
        let mut builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5));
        if let Some(roots) = server.roots() {
            let root = reqwest::Certificate::from_pem(roots.as_bytes()).expect("a root");
            builder = builder.tls_certs_only([root]);
        }
        let client = builder.build().expect("a client");
        for damage in [
            Damage::CutAt(10),
            Damage::CutAtFraction(3, 4),
            Damage::NoLastChunk(10),
            Damage::ResetAfter(10),
            Damage::WrongLength(7),
            Damage::CutGzip,
        ] {
            let fault = server.plant(On::any().once(), damage.clone());
            let response = client.get(server.url("/x")).send().await.expect("headers come");
            assert_eq!(response.status().as_u16(), 200);
            assert!(response.bytes().await.is_err(), "{fault:?} over {tls:?}");
            assert_eq!(fault.fired(), 1);
        }
        let fault = server.plant(On::any().once(), Damage::Reset);
        assert!(client.get(server.url("/x")).send().await.is_err(), "{tls:?}");
        fault.expect_fired();
        let body = client.get(server.url("/x")).send().await.expect("again").text().await.expect("whole");
        assert!(body.contains(if tls.is_some() { "\"http2\":true" } else { "\"http2\":false" }));
        server.finish();
    }
}

#[tokio::test]
async fn a_cut_keeps_exactly_the_bytes_it_was_told_to() {
    let server = FaultServer::start(Arc::new(|_: &Asked| Answer::json_text("0123456789")));
    for (damage, kept) in
        [(Damage::CutAt(4), "0123"), (Damage::ResetAfter(6), "012345"), (Damage::NoLastChunk(3), "012")]
    {
        server.plant(On::any().once(), damage);
        let mut response = client().get(server.url("/")).send().await.expect("headers");
        let mut seen = Vec::new();
        while let Ok(Some(part)) = response.chunk().await {
            seen.extend_from_slice(&part);
        }
        assert_eq!(String::from_utf8_lossy(&seen), kept);
    }
    server.finish();
}

#[tokio::test]
async fn lengths_too_short_lose_the_rest() {
    let server = FaultServer::start(Arc::new(|_: &Asked| Answer::json_text("0123456789")));
    server.plant(On::any().once(), Damage::WrongLength(-4));
    assert_eq!(get(&server, "/").await.expect("short").1, "012345");
    server.finish();
}

#[tokio::test]
async fn slow_answers_come_late_and_silent_ones_never() {
    let server = FaultServer::start(echo());
    let short =
        reqwest::Client::builder().no_proxy().read_timeout(Duration::from_millis(200)).build().expect("a client");
    for damage in [Damage::Silence, Damage::StallAfter(5), Damage::Delay(Duration::from_mins(10))] {
        server.plant(On::any().once(), damage);
        let body = match short.get(server.url("/")).send().await {
            Ok(response) => response.bytes().await,
            Err(error) => Err(error),
        };
        assert!(body.expect_err("late").is_timeout());
    }
    let drip = server.plant(On::any().once(), Damage::Drip { bytes: 20, every: Duration::from_millis(2) });
    assert!(get(&server, "/").await.expect("dripped").1.ends_with('}'));
    drip.expect_fired();
    server.finish();
}

#[tokio::test]
async fn bombs_are_small_on_the_wire_and_large_inside() {
    let server = FaultServer::start(echo());
    server.plant(On::get("/bomb"), Damage::GzipBomb(3_000_000));
    server.plant(On::get("/huge"), Damage::HugeBody(2_000_000));
    server.plant(On::get("/deep"), Damage::DeepJson(1_000));
    assert_eq!(get(&server, "/bomb").await.expect("unpacked").1.len(), 3_000_002);
    assert_eq!(get(&server, "/huge").await.expect("sent").1.len(), 2_000_002);
    assert!(get(&server, "/deep").await.expect("sent").1.starts_with("[[[["));
    server.finish();
}

#[tokio::test]
async fn a_list_can_lag_behind_its_truth() {
    let count = std::sync::atomic::AtomicU64::new(0);
    let server = FaultServer::start(Arc::new(move |_: &Asked| {
        Answer::json_text(count.fetch_add(1, std::sync::atomic::Ordering::SeqCst).to_string())
    }));
    server.plant(On::any().nth(2), Damage::Stale);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(get(&server, "/").await.expect("a body").1);
    }
    assert_eq!(seen, ["0", "0", "2"]);
    server.finish();
}

#[tokio::test]
async fn wrong_certificates_are_refused_by_a_client_that_checks() {
    for tls in [Tls::Expired, Tls::WrongHost, Tls::UnknownRoot, Tls::PlainText] {
        let server = FaultServer::build(echo()).tls(tls).start();
        let root = reqwest::Certificate::from_pem(server.roots().expect("roots").as_bytes()).expect("a root");
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().expect("a client");
        assert!(client.get(server.url("/")).send().await.is_err(), "{tls:?}");
        assert_eq!(server.count(), 0, "{tls:?}: no request may be sent");
        server.finish();
    }
}

#[tokio::test]
async fn limits_refuse_what_comes_too_fast_and_say_how_long() {
    let server = FaultServer::build(echo()).limit(RateLimit::plain(1).burst(2)).start();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&server, "/").await.expect("an answer").0);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let log = server.finish();
    assert!(log[2].limited && !log[1].limited);
}

#[tokio::test]
async fn every_answer_carries_canaries() {
    let canaries = Arc::new(Canaries::new(5).in_field("token"));
    let server = FaultServer::build(echo()).canaries(Arc::clone(&canaries)).start();
    server.plant(On::get("/denied"), Damage::status(403));
    let body = get(&server, "/").await.expect("an answer").1;
    assert!(canaries.leaks("body", body.as_bytes()).iter().any(|leak| leak.planted == "field token"));
    let body = get(&server, "/denied").await.expect("an answer").1;
    assert!(canaries.leaks("body", body.as_bytes()).iter().any(|leak| leak.planted == "text of a refusal"));
    server.finish();
}

#[tokio::test]
async fn a_request_outside_the_list_fails_the_test() {
    let build = || FaultServer::build(echo()).operations(|asked| (asked.path == "/a").then(|| String::from("a")));
    let server = build().start();
    assert_eq!(get(&server, "/a").await.expect("listed").0, 200);
    assert_eq!(server.finish()[0].asked.operation, "a");
    let server = build().start();
    assert_eq!(get(&server, "/b").await.expect("answered").0, 501);
    assert!(message(|| drop(server.finish())).contains("GET /b"));
    let server = build().start();
    assert_eq!(get(&server, "/c").await.expect("answered").0, 501);
    assert!(message(|| drop(server)).contains("GET /c"));
}

#[test]
fn a_fault_that_never_fires_fails_the_test() {
    let server = FaultServer::start(echo());
    server.plant(On::get("/never"), Damage::Reset);
    assert!(message(|| drop(server.finish())).contains("never fired"));
    let server = FaultServer::start(echo());
    let fault = server.plant(On::get("/never"), Damage::Reset).optional();
    assert_eq!(fault.fired(), 0);
    server.finish();
}

#[tokio::test]
async fn a_stub_that_panics_fails_the_test() {
    let server = FaultServer::start(Arc::new(|asked: &Asked| -> Answer { panic!("no idea of {}", asked.path) }));
    assert_eq!(get(&server, "/a").await.expect("answered").0, 500);
    assert!(message(|| drop(server.finish())).contains("no idea of /a"));
}

#[tokio::test]
async fn faults_lie_over_a_server_that_is_not_ours_too() {
    let behind = FaultServer::start(Arc::new(|asked: &Asked| {
        Answer::bytes(
            "text/plain",
            format!("{} {} {}", asked.address(), asked.text(), asked.header("host").unwrap_or("")),
        )
    }));
    let front = FaultServer::start(Arc::new(Forward::to(behind.origin()).expect("an address")));
    let fault = front.plant(On::any().nth(2), Damage::status(429));
    let host = front.origin().trim_start_matches("http://").to_owned();
    for expected in [200, 429, 200] {
        let response = client().post(front.url("/a%2Fb?c=1")).body("body").send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), expected);
        if expected == 200 {
            let text = response.text().await.expect("a body");
            assert_eq!(text, format!("{}/a%2Fb?c=1 body {host}", behind.origin()));
        }
    }
    assert_eq!((fault.fired(), behind.finish().len(), front.finish().len()), (1, 2, 3));
}
