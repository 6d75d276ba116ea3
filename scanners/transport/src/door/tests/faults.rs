//! X1, X3, X5 and P10: what the network and a hostile service can do.

use std::time::Duration;

use scan_contract::Cause;
use url::Url;

use crate::dialect::Dialect;
use crate::request::Request;
use crate::settings::{Connection, OriginRule, PaceSettings, Reach, TimeLimits};
use crate::testing::{Act, Server, connection, door, head, members, open, reply, reply_bytes};

/// Each test meets one limit; the other two are so far away that a slow machine does not meet them before it.
fn limits() -> TimeLimits {
    let far = Duration::from_secs(30);
    TimeLimits { connect: far, idle: far, total: far }
}

fn within(time: TimeLimits) -> Connection {
    Connection { time, ..connection() }
}

#[tokio::test]
async fn x1_a_name_without_an_address_is_told_as_resolving() {
    let url = Url::parse("https://missing.example/orgs/acme/members").unwrap();
    let door = open(vec![OriginRule::of(&url, Reach::Public).unwrap()], Dialect::Plain, connection()).unwrap();
    let says = door.send(Request::get(url)).await.unwrap_err().to_string();
    assert!(says.contains("resolve missing.example:443"), "{says}");
}

#[tokio::test]
async fn x1_a_closed_port_is_told_as_connecting() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/orgs/acme/members", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let door = open(vec![OriginRule::of(&url, Reach::Internal).unwrap()], Dialect::Plain, connection()).unwrap();
    let says = door.send(Request::get(url)).await.unwrap_err().to_string();
    assert!(says.contains("connect to 127.0.0.1:") && says.contains("refused"), "{says}");
    assert_eq!(door.effort().failures, 1);
}

#[tokio::test]
async fn net3_a_public_system_that_resolves_inside_is_not_connected_to() {
    let server = Server::plain(|_, _| reply(200, &[], "[]")).await;
    let url = Url::parse(&format!("https://api.example:{}/orgs/acme/members", server.address.port())).unwrap();
    let door = open(vec![OriginRule::of(&url, Reach::Public).unwrap()], Dialect::Plain, connection()).unwrap();
    let says = door.send(Request::get(url)).await.unwrap_err().to_string();
    assert!(says.contains("a loopback address") && says.contains("resolve api.example"), "{says}");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn x3_the_limit_that_was_hit_is_named() {
    // Headers are waited for as long as a connection may take, and then the idle time.
    let two = Duration::from_secs(2);
    let short = TimeLimits { connect: two, idle: two, ..limits() };
    let stalls = [
        (vec![Act::Stall], "idle time limit of 2 s while waiting for headers from"),
        (
            vec![Act::Write(b"HTTP/1.1 200 OK\r\ncontent-".to_vec()), Act::Stall],
            "idle time limit of 2 s while waiting for headers from",
        ),
        (vec![Act::Write(head(200, &[], Some(10))), Act::Stall], "idle time limit of 2 s while reading the body from"),
    ];
    for (acts, limit) in stalls {
        let server = Server::plain(move |_, _| acts.clone()).await;
        let door = open(vec![server.rule()], Dialect::Plain, within(short)).unwrap();
        let says = door.send(members(&server)).await.unwrap_err();
        assert!(matches!(&says, Cause::LimitHit { limit: found } if found.starts_with(limit)), "{says}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn x3_a_dripping_body_hits_the_total_limit() {
    let mut acts = vec![Act::Write(head(200, &[], Some(1000)))];
    for _ in 0..1000 {
        acts.extend([Act::Write(vec![b'x']), Act::Wait(Duration::from_millis(20))]);
    }
    let server = Server::plain(move |_, _| acts.clone()).await;
    let short = TimeLimits { total: Duration::from_secs(2), ..limits() };
    let door = open(vec![server.rule()], Dialect::Plain, within(short)).unwrap();
    let says = door.send(members(&server)).await.unwrap_err().to_string();
    assert!(says.contains("total time limit of 2 s"), "{says}");
}

#[tokio::test]
async fn x3_a_server_that_accepts_and_never_greets_hits_the_connect_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://api.example:{}/orgs/acme/members", listener.local_addr().unwrap().port()))
        .unwrap();
    let short = TimeLimits { connect: Duration::from_millis(500), ..limits() };
    let door = open(vec![OriginRule::of(&url, Reach::Internal).unwrap()], Dialect::Plain, within(short)).unwrap();
    let says = door.send(Request::get(url)).await.unwrap_err().to_string();
    assert!(says.contains("connect to api.example") && says.contains("connect time limit of 500 ms"), "{says}");
}

#[tokio::test]
async fn p10_a_body_cut_anywhere_is_cut_off_and_says_how_much_came() {
    let body = format!("[{}]", "1,".repeat(200));
    for sixteenth in 0..16 {
        let whole = reply_bytes(200, &[], &body);
        let keep = whole.len() - body.len() + body.len() * sixteenth / 16;
        let server = Server::plain(move |_, _| vec![Act::Write(whole[..keep].to_vec()), Act::Close]).await;
        let says = door(&server).send(members(&server)).await.unwrap_err();
        assert!(matches!(&says, Cause::CutOff { what } if what.contains(" of 402 bytes came")), "{sixteenth}: {says}");
    }
}

#[tokio::test]
async fn p10_a_missing_chunk_end_and_a_cut_compression_are_cut_off() {
    let chunked = |end: &str| {
        let mut bytes = head(200, &[("transfer-encoding", "chunked")], None);
        bytes.extend_from_slice(format!("4\r\n[1, \r\n2\r\n2]\r\n{end}").as_bytes());
        bytes
    };
    let packed = {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all("[1,2,3]".repeat(500).as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = |bytes: &[u8]| reply_bytes(200, &[("content-encoding", "gzip")], bytes);
    let mut broken = packed.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    for (bytes, good) in [
        (chunked("0\r\n\r\n"), true),
        (chunked(""), false),
        (gzip(&packed), true),
        (gzip(&packed[..packed.len() - 1]), false),
        (gzip(&packed[..packed.len() / 2]), false),
        (gzip(&broken), false),
    ] {
        let server = Server::plain(move |_, _| vec![Act::Write(bytes.clone()), Act::Close]).await;
        let heard = door(&server).send(members(&server)).await;
        match (good, &heard) {
            (true, Ok(_)) | (false, Err(Cause::CutOff { .. })) => {}
            _ => panic!("{good} {heard:?}"),
        }
    }
}

#[tokio::test]
async fn p10_a_cut_body_is_asked_for_again() {
    let server = Server::plain(|number, _| match number {
        1 => vec![Act::Write(head(200, &[], Some(100))), Act::Close],
        _ => reply(200, &[], "[]"),
    })
    .await;
    let pace = Some(PaceSettings { attempts: 2, ..connection().pace.unwrap() });
    let door = open(vec![server.rule()], Dialect::Plain, Connection { pace, ..connection() }).unwrap();
    assert_eq!(door.send(members(&server)).await.unwrap().body, "[]");
    let effort = door.effort();
    assert_eq!((effort.requests, effort.retries, effort.failures), (2, 1, 0));
    assert!(effort.waited >= Duration::from_secs(1), "the floor of a backoff is one second");
}

#[tokio::test]
async fn x5_a_redirect_is_a_reply_and_the_other_server_sees_nothing() {
    let other = Server::plain(|_, _| reply(200, &[], "[]")).await;
    let target = other.url("/orgs/acme/members").to_string();
    let server = Server::plain(move |_, _| reply(302, &[("location", &target)], "")).await;
    let door = door(&server);
    let reply = door.send(members(&server)).await.unwrap();
    assert_eq!(reply.status.as_u16(), 302);
    let says = reply.redirect_target().unwrap_err().to_string();
    assert!(says.contains(&server.address.to_string()) && says.contains(&other.address.to_string()), "{says}");
    // Asking for it by hand is refused as well.
    let says = door.send(members(&other)).await.unwrap_err().to_string();
    assert!(says.contains(&server.address.to_string()) && says.contains(&other.address.to_string()), "{says}");
    assert_eq!((server.count(), other.count()), (1, 0));
}

#[tokio::test]
async fn x5_a_next_link_to_another_origin_is_refused_and_one_to_the_same_is_followed() {
    let other = Server::plain(|_, _| reply(200, &[], "[]")).await;
    let foreign = format!("<{}>; rel=\"next\"", other.url("/orgs/acme/members?page=2"));
    let server = Server::plain(move |number, _| match number {
        1 => reply(200, &[("link", "</orgs/acme/members?page=2>; rel=\"next\"")], "[]"),
        _ => reply(200, &[("link", &foreign)], "[]"),
    })
    .await;
    let door = door(&server);
    let first = door.send(members(&server)).await.unwrap();
    let second = door.send(Request::get(first.next_link().unwrap().unwrap())).await.unwrap();
    assert_eq!(server.log()[1].path(), "/orgs/acme/members?page=2");
    let refused = door.send(Request::get(second.next_link().unwrap().unwrap())).await.unwrap_err();
    assert!(matches!(refused, Cause::Malformed { .. }), "{refused}");
    assert_eq!((server.count(), other.count()), (2, 0));
}

#[tokio::test]
async fn a_redirect_within_the_origin_gives_its_target() {
    let server = Server::plain(|_, _| reply(301, &[("location", "/orgs/acme-new/members")], "")).await;
    let reply = door(&server).send(members(&server)).await.unwrap();
    assert_eq!(reply.redirect_target().unwrap().unwrap(), server.url("/orgs/acme-new/members"));
    let bare = Server::plain(|_, _| crate::testing::reply(301, &[], "")).await;
    assert!(door(&bare).send(members(&bare)).await.unwrap().redirect_target().is_err());
}

#[tokio::test]
async fn what_is_not_http_is_told_as_such() {
    let server = Server::plain(|_, _| vec![Act::Write(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), Act::Close]).await;
    let says = door(&server).send(members(&server)).await.unwrap_err().to_string();
    assert!(says.contains("not HTTP") && !says.contains("OpenSSH"), "{says}");
}
