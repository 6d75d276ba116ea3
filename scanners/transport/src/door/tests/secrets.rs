//! SEC-6: what a service plants anywhere comes out nowhere.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Once};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method};
use scan_contract::Cause;
use serde::Deserialize;

use crate::credential::Credential;
use crate::request::Request;
use crate::testing::{Act, Server, door, head, members, reply};

const CANARY: &str = "CANARYq7Zx91";

/// Whether the canary is in `text` in any spelling.
fn leaks(text: &str) -> bool {
    let encoded = [
        CANARY.to_owned(),
        data_encoding::BASE64.encode(CANARY.as_bytes()).trim_end_matches('=').to_owned(),
        data_encoding::HEXLOWER.encode(CANARY.as_bytes()),
        data_encoding::HEXUPPER
            .encode(CANARY.as_bytes())
            .as_bytes()
            .chunks(2)
            .fold(String::new(), |text, pair| text + "%" + &String::from_utf8_lossy(pair)),
    ];
    let text = text.to_ascii_lowercase();
    encoded.iter().any(|word| text.contains(&word.to_ascii_lowercase()))
}

thread_local! {
    /// What was logged on the thread of this test.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Collects everything of this crate, at the lowest level. One listener for all tests: one that comes and goes misses
/// events whose first sender was another test.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_writer(|| ThisThread)
            .with_ansi(false)
            .with_env_filter("trace,hyper=off,hyper_util=off,reqwest=off,h2=off,rustls=off,mio=off,tokio=off")
            .init();
    });
    LOG.with_borrow_mut(Vec::clear);
}

fn logged() -> String {
    LOG.with_borrow(|log| String::from_utf8_lossy(log).into_owned())
}

struct Planted;

#[async_trait]
impl Credential for Planted {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        Ok(HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer CANARYq7Zx91"))]))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        Ok(false)
    }
}

#[derive(Debug, Deserialize)]
struct Member {
    #[expect(dead_code, reason = "only its form matters")]
    id: u64,
}

/// Answers that fail in every way, with the canary in every place.
fn hostile() -> Vec<Vec<Act>> {
    let names = [
        "x-secret",
        "www-authenticate",
        "set-cookie",
        "x-request-id",
        "x-github-request-id",
        "etag",
        "server",
        "retry-after",
    ];
    let headers: Vec<(&str, &str)> = names.iter().map(|name| (*name, CANARY)).collect();
    let body = format!(r#"{{"message":"{CANARY}","id":"{CANARY}","{CANARY}":1,"{CANARY}":2}}"#);
    let mut answers: Vec<Vec<Act>> =
        [200, 301, 400, 401, 403, 404, 429, 500, 503].iter().map(|status| reply(*status, &headers, &body)).collect();
    let elsewhere = format!("https://user:{CANARY}@evil.test/{CANARY}?token={CANARY}#{CANARY}");
    let link = format!("<{elsewhere}>; rel=\"next\"");
    answers.push(reply(302, &[("location", &elsewhere)], ""));
    answers.push(reply(200, &[("link", &link)], "[]"));
    answers.push(reply(200, &[("link", CANARY)], "[]"));
    answers.push(reply(200, &[("content-type", CANARY)], CANARY));
    answers.push(reply(200, &[("content-encoding", CANARY)], CANARY));
    answers.push(reply(200, &[("content-encoding", "gzip")], CANARY));
    answers.push(vec![Act::Write([head(200, &headers, Some(999)), CANARY.into()].concat()), Act::Close]);
    answers.push(vec![Act::Write(format!("{CANARY}\r\n\r\n").into_bytes()), Act::Close]);
    answers.push(vec![Act::Write(format!("HTTP/1.1 200 {CANARY}\r\n{CANARY}\r\n\r\n").into_bytes()), Act::Close]);
    answers
}

#[tokio::test]
async fn sec6_no_error_and_no_event_holds_what_was_planted() {
    listen();
    let answers = hostile();
    let count = answers.len();
    let script = answers.clone();
    let server = Server::plain(move |number, _| script[number - 1].clone()).await;
    let door = door(&server).with_credential(Arc::new(Planted));
    let mut said = Vec::new();
    for _ in 0..count {
        let url = server.url(&format!("/orgs/{CANARY}/members?cursor={CANARY}"));
        match door.send(Request::get(url)).await {
            Err(cause) => said.push(format!("{cause} {cause:?}")),
            Ok(reply) => {
                said.push(format!("{reply:?} {} {}", reply.describe(), reply.unexpected()));
                said.extend(reply.json::<Vec<Member>>().map_err(|cause| format!("{cause:?}")).err());
                said.extend(reply.items::<Member>(&["items"]).map_err(|cause| format!("{cause:?}")).err());
                said.extend(reply.redirect_target().map_err(|cause| format!("{cause:?}")).err());
                match reply.next_link() {
                    Err(cause) => said.push(format!("{cause:?}")),
                    Ok(Some(url)) => {
                        said.extend(door.send(Request::get(url)).await.map_err(|cause| format!("{cause:?}")).err());
                    }
                    Ok(None) => {}
                }
            }
        }
    }
    said.extend(
        door.send(Request { method: Method::DELETE, ..Request::get(server.url("/CANARYq7Zx91")) })
            .await
            .map_err(|cause| format!("{cause:?}"))
            .err(),
    );
    assert_eq!(server.count(), count, "every answer was given");
    assert!(server.log().iter().all(|seen| leaks(&seen.head)), "and every request carried the credential");
    for text in &said {
        assert!(!leaks(text), "{text}");
    }
    let log = logged();
    assert!(log.lines().count() >= count, "one event a request: {log}");
    assert!(!leaks(&log), "{log}");
}

#[tokio::test]
async fn sec6_the_search_finds_a_leak_on_purpose() {
    listen();
    tracing::debug!(url = "https://a.example/?t=CANARYq7Zx91", "leaks");
    assert!(leaks(&logged()));
    assert!(leaks(&data_encoding::BASE64.encode(CANARY.as_bytes())));
    assert!(leaks("%43%41%4E%41%52%59%71%37%5A%78%39%31"));
    assert!(!leaks("CANARY"));
}

#[tokio::test]
async fn an_event_tells_operation_status_bytes_time_and_attempt() {
    listen();
    let server = Server::plain(|_, _| reply(200, &[], "[1]")).await;
    door(&server).send(members(&server)).await.unwrap();
    let log = logged();
    for field in ["operation=\"members\"", "status=200", "bytes=3", "milliseconds=", "attempt=1"] {
        assert!(log.contains(field), "{field} in {log}");
    }
    assert!(!log.contains("/orgs/acme"), "{log}");
}
