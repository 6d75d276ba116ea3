//! Asking: the list, credentials, limits of the service, clocks, counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method};
use scan_contract::Cause;

use crate::credential::Credential;
use crate::dialect::Dialect;
use crate::door::Door;
use crate::request::Request;
use crate::settings::{Connection, PaceSettings};
use crate::testing::{LIST, Server, connection, door, http_date, members, now, open, reply};

/// Hands out `<name>-1`, and `<name>-2` once the first was refused.
struct Token {
    name: &'static str,
    number: AtomicU32,
    renews: bool,
}

impl Token {
    fn new(name: &'static str, renews: bool) -> Arc<Self> {
        Arc::new(Self { name, number: AtomicU32::new(1), renews })
    }
}

#[async_trait]
impl Credential for Token {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let text = format!("Bearer {}-{}", self.name, self.number.load(Ordering::Relaxed));
        Ok(HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_str(&text).unwrap())]))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        self.number.fetch_add(1, Ordering::Relaxed);
        Ok(self.renews)
    }
}

fn with_attempts(attempts: u32) -> Connection {
    let pace = Some(PaceSettings { attempts, ..connection().pace.unwrap() });
    Connection { pace, ..connection() }
}

fn patient(server: &Server, dialect: Dialect) -> Door {
    open(vec![server.rule()], dialect, with_attempts(6)).unwrap()
}

#[tokio::test]
async fn prv2_what_is_not_listed_is_never_sent() {
    let server = Server::plain(|_, _| reply(200, &[], "[]")).await;
    let door = door(&server);
    let mutation = serde_json::json!({ "query": "mutation { deleteRepo { id } }" });
    for request in [
        Request { method: Method::DELETE, ..members(&server) },
        Request::get(server.url("/orgs/acme/members/canary")),
        Request::get(server.url("/orgs/acme/members/../../../login")),
        Request::json(Method::POST, server.url("/graphql"), &mutation).unwrap(),
        Request { method: Method::POST, body: "Action=DeleteUser".into(), ..Request::get(server.url("/")) },
    ] {
        let refused = door.send(request.clone()).await.unwrap_err();
        assert!(matches!(refused, Cause::Bug { .. }) && !refused.to_string().contains("canary"), "{refused}");
        assert!(matches!(door.exchange(request).await, Err(Cause::Bug { .. })));
    }
    assert_eq!((server.count(), door.effort().requests), (0, 0));
    door.send(members(&server)).await.unwrap();
    let query = serde_json::json!({ "query": "{ viewer { login } }" });
    door.send(Request::json(Method::POST, server.url("/graphql"), &query).unwrap()).await.unwrap();
    let list = Request { method: Method::from_bytes(b"LIST").unwrap(), ..Request::get(server.url("/v1/auth/token")) };
    door.send(list).await.unwrap();
    assert_eq!(server.count(), 3);
    assert!(server.log()[2].head.starts_with("LIST /v1/auth/token "));
}

#[tokio::test]
async fn a_credential_is_put_on_and_two_are_kept_apart() {
    let server = Server::plain(|_, _| reply(200, &[], "[]")).await;
    let door = door(&server);
    let (one, other) = (door.with_credential(Token::new("one", true)), door.with_credential(Token::new("other", true)));
    for door in [&one, &other, &door, &one] {
        door.send(members(&server)).await.unwrap();
    }
    let sent: Vec<bool> = server.log().iter().map(|seen| seen.head.contains("authorization: Bearer one-1")).collect();
    assert_eq!(sent, [true, false, false, true]);
    assert!(server.log()[1].head.contains("Bearer other-1") && !server.log()[2].head.contains("authorization"));
    assert_eq!(door.effort().requests, 4, "clones share their counters");
}

#[tokio::test]
async fn c2_a_refusal_in_mid_walk_renews_once_and_repeats() {
    let server = Server::plain(|_, seen| {
        let status = if seen.head.contains("t-2") { 200 } else { 401 };
        reply(status, &[], "[]")
    })
    .await;
    let door = door(&server);
    let good = door.with_credential(Token::new("t", true));
    assert_eq!(good.send(members(&server)).await.unwrap().status.as_u16(), 200);
    assert_eq!((server.count(), door.effort().retries), (2, 1));
    let stuck = door.with_credential(Token::new("t", false));
    let refused = stuck.send(members(&server)).await.unwrap();
    assert_eq!((refused.status.as_u16(), server.count()), (401, 3));
    assert!(matches!(refused.unexpected(), Cause::Unauthenticated { .. }));
}

#[tokio::test]
async fn c2_a_second_refusal_stands() {
    let server = Server::plain(|_, _| reply(401, &[], "{}")).await;
    let door = door(&server).with_credential(Token::new("t", true));
    assert_eq!(door.send(members(&server)).await.unwrap().status.as_u16(), 401);
    assert_eq!(server.count(), 2);
}

/// Remembers with what a refused request was signed.
#[derive(Default)]
struct Told(std::sync::Mutex<Vec<HeaderMap>>);

#[async_trait]
impl Credential for Told {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let text = format!("Bearer t-{}", self.0.lock().unwrap().len());
        Ok(HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_str(&text).unwrap())]))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        panic!("it is told what was refused");
    }

    async fn renew_after(&self, refused: &HeaderMap) -> Result<bool, Cause> {
        self.0.lock().unwrap().push(refused.clone());
        Ok(true)
    }
}

#[tokio::test]
async fn c2_a_credential_is_told_with_what_the_refused_request_was_signed() {
    let server = Server::plain(|number, _| reply(if number == 1 { 401 } else { 200 }, &[], "[]")).await;
    let told = Arc::new(Told::default());
    let credential: Arc<dyn Credential> = Arc::clone(&told) as _;
    let signed = door(&server).with_credential(credential);
    assert_eq!(signed.send(members(&server)).await.unwrap().status.as_u16(), 200);
    assert_eq!(server.count(), 2);
    let refused = told.0.lock().unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0][http::header::AUTHORIZATION], "Bearer t-0");
    assert!(server.log()[1].head.contains("Bearer t-1"));
}

/// Signs in through the door it is used on.
struct SignsIn {
    door: Door,
    url: url::Url,
}

#[async_trait]
impl Credential for SignsIn {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let request = Request { method: Method::POST, ..Request::get(self.url.clone()) };
        self.door.send(request).await?;
        Ok(HeaderMap::new())
    }

    async fn renew(&self) -> Result<bool, Cause> {
        Ok(false)
    }
}

#[tokio::test]
async fn a_credential_may_sign_in_through_the_only_permit() {
    let server = Server::plain(|_, _| reply(200, &[], "{}")).await;
    let pace = Some(PaceSettings { in_flight: 1, ..connection().pace.unwrap() });
    let door = open(vec![server.rule()], Dialect::Plain, Connection { pace, ..connection() }).unwrap();
    let signed = door.with_credential(Arc::new(SignsIn { door: door.clone(), url: server.url("/login") }));
    let (one, other) = tokio::join!(signed.send(members(&server)), signed.send(members(&server)));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn l1_three_refusals_with_seconds_and_a_date_then_the_answer() {
    let server = Server::plain(|number, _| match number {
        1 | 2 => reply(429, &[("retry-after", "1")], "{}"),
        3 => reply(503, &[("retry-after", &http_date(1))], "{}"),
        _ => reply(200, &[], "[]"),
    })
    .await;
    let door = patient(&server, Dialect::Plain);
    let began = tokio::time::Instant::now();
    assert_eq!(door.send(members(&server)).await.unwrap().status.as_u16(), 200);
    let effort = door.effort();
    assert_eq!((effort.requests, effort.retries, effort.throttled, effort.failures), (4, 3, 3, 0));
    assert!(began.elapsed() >= Duration::from_secs(3) && effort.waited >= Duration::from_secs(3), "{effort:?}");
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn l2_a_403_that_is_a_limit_waits_and_one_that_is_not_comes_back() {
    let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
    let server = Server::plain(move |number, _| match number {
        1 => reply(403, &[("retry-after", "1")], secondary),
        2 => reply(403, &[], secondary),
        3 => reply(200, &[], "[]"),
        _ => reply(403, &[("x-ratelimit-remaining", "4999")], r#"{"message":"Must have admin rights"}"#),
    })
    .await;
    // An unsaid wait is half of what a single one may be, at most.
    let pace = PaceSettings { attempts: 6, longest_wait: Duration::from_secs(3), ..connection().pace.unwrap() };
    let door = open(vec![server.rule()], Dialect::GitHub, Connection { pace: Some(pace), ..connection() }).unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(door.send(members(&server)).await.unwrap().status.as_u16(), 200);
    assert!(began.elapsed() >= Duration::from_millis(2500), "1 s as said, 1.5 s unsaid: {:?}", began.elapsed());
    let refused = door.send(members(&server)).await.unwrap();
    assert_eq!((refused.status.as_u16(), server.count()), (403, 4));
    assert_eq!(refused.unexpected_on(&LIST), Cause::Denied { permission: "members=read".into() });
}

#[tokio::test]
async fn l3_a_reset_is_held_against_the_clock_of_the_service() {
    // The service is four minutes ahead; its reset lies one second after its own time.
    let reset = (now() + chrono::TimeDelta::seconds(241)).timestamp().to_string();
    let server = Server::plain(move |number, _| match number {
        1 => reply(
            429,
            &[
                ("date", &http_date(240)),
                ("x-rate-limit-reset", &reset),
                ("x-rate-limit-remaining", "0"),
                ("x-rate-limit-limit", "600"),
            ],
            "{}",
        ),
        _ => reply(200, &[("date", &http_date(240))], "[]"),
    })
    .await;
    let door = patient(&server, Dialect::Okta);
    let began = tokio::time::Instant::now();
    door.send(members(&server)).await.unwrap();
    assert!(
        began.elapsed() >= Duration::from_secs(1) && began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(door.skew(), Some(chrono::TimeDelta::seconds(-240)));
}

#[tokio::test]
async fn l4_a_wait_beyond_the_budget_ends_at_once_and_names_its_end() {
    let server = Server::plain(|_, _| reply(429, &[("retry-after", "86400")], "{}")).await;
    let door = patient(&server, Dialect::Plain);
    for _ in 0..3 {
        let Err(Cause::Throttled { until: Some(until) }) = door.send(members(&server)).await else {
            panic!("not throttled")
        };
        assert!(until >= now() + chrono::TimeDelta::hours(23), "{until}");
    }
    assert_eq!(server.count(), 1, "nothing is sent into a pause");
}

#[tokio::test]
async fn l4_an_outage_comes_back_as_its_last_reply() {
    let server = Server::plain(|_, _| reply(503, &[], "canary")).await;
    let door = open(vec![server.rule()], Dialect::Plain, with_attempts(2)).unwrap();
    let last = door.send(members(&server)).await.unwrap();
    assert_eq!((last.status.as_u16(), server.count(), door.effort().failures), (503, 2, 1));
    let says = last.unexpected();
    assert!(matches!(says, Cause::Unreachable { .. }) && !says.to_string().contains("canary"), "{says}");
}

#[tokio::test]
async fn c6_a_clock_that_is_ten_minutes_off_is_named() {
    for seconds in [600, -600] {
        let server = Server::plain(move |_, _| reply(200, &[("date", &http_date(seconds))], "[]")).await;
        let says = door(&server).send(members(&server)).await.unwrap_err().to_string();
        assert!(says.contains("clock") && says.contains("600 s"), "{says}");
    }
}

#[tokio::test]
async fn an_exchange_neither_waits_nor_repeats_but_learns() {
    let server = Server::plain(|number, _| match number {
        1 => reply(400, &[], r#"{"__type":"com.amazonaws.x#ThrottlingException"}"#),
        _ => reply(200, &[("content-type", "text/xml")], "<R/>"),
    })
    .await;
    let door = patient(&server, Dialect::Aws);
    let request = Request { method: Method::POST, body: "Action=ListUsers".into(), ..Request::get(server.url("/")) };
    assert_eq!(door.exchange(request.clone()).await.unwrap().status.as_u16(), 400);
    let wait =
        door.pace().retry("127.0.0.1", 1, crate::dialect::Wait::NotSaid, Cause::Throttled { until: None }).unwrap();
    assert!(wait >= Duration::from_secs(1));
    assert_eq!(door.exchange(request).await.unwrap().status.as_u16(), 200);
    let effort = door.effort();
    assert_eq!((effort.requests, effort.retries, effort.throttled), (2, 1, 1));
}

#[tokio::test]
async fn bytes_and_user_agent_are_what_they_should_be() {
    let server = Server::plain(|_, _| reply(200, &[], "[1,2]")).await;
    let door = door(&server);
    door.send(members(&server)).await.unwrap();
    assert_eq!(door.effort().received, 5);
    let head = server.log()[0].head.to_ascii_lowercase();
    assert!(head.contains("user-agent: holdover/") && head.contains("accept-encoding: gzip\r\n"), "{head}");
    assert!(!head.contains("referer") && !head.contains("cookie"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_share_one_door_and_never_more_are_in_flight_than_allowed() {
    let most = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let counted = Arc::clone(&most);
    let server = Server::plain(move |_, _| {
        let now = counted.0.fetch_add(1, Ordering::SeqCst) + 1;
        counted.1.fetch_max(now, Ordering::SeqCst);
        std::thread::yield_now();
        counted.0.fetch_sub(1, Ordering::SeqCst);
        reply(200, &[], "[]")
    })
    .await;
    let pace = PaceSettings { in_flight: 4, per_second: 10_000.0, burst: 10_000, ..PaceSettings::default() };
    let door = open(vec![server.rule()], Dialect::Plain, Connection { pace: Some(pace), ..connection() }).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (door, request) = (door.clone(), members(&server));
        tasks.spawn(async move {
            for _ in 0..50 {
                door.send(request.clone()).await.unwrap();
            }
        });
    }
    while tasks.join_next().await.transpose().unwrap().is_some() {}
    assert_eq!((server.count(), door.effort().requests), (3200, 3200));
    assert!(most.1.load(Ordering::SeqCst) <= 4);
}
