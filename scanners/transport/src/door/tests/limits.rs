//! X4 and NET-5: sizes, before anything is parsed.

use std::io::Write as _;

use scan_contract::Cause;
use serde::Deserialize;

use crate::testing::{Act, Server, door, head, members, reply, reply_bytes};

fn limit(heard: Result<crate::reply::Reply, Cause>) -> String {
    match heard {
        Err(Cause::LimitHit { limit }) => limit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn x4_a_decompression_bomb_stops_at_the_limit() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![b' '; 1024 * 1024];
    for _ in 0..64 {
        encoder.write_all(&block).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 128 * 1024, "it is one");
    let bytes = reply_bytes(200, &[("content-encoding", "gzip")], &bomb);
    let server = Server::plain(move |_, _| vec![Act::Write(bytes.clone())]).await;
    let says = limit(door(&server).send(members(&server)).await);
    assert_eq!(says, "members: a body of more than 1048576 bytes");
    assert_eq!(server.count(), 1, "a limit is not asked for again");
}

#[tokio::test]
async fn x4_a_body_that_announces_too_much_is_not_read_and_one_that_grows_is_stopped() {
    let announced =
        Server::plain(|_, _| vec![Act::Write(head(200, &[], Some(2 * 1024 * 1024 * 1024))), Act::Stall]).await;
    limit(door(&announced).send(members(&announced)).await);
    let growing = Server::plain(|_, _| {
        let mut acts = vec![Act::Write(head(200, &[("transfer-encoding", "chunked")], None))];
        for _ in 0..20 {
            let mut chunk = b"20000\r\n".to_vec();
            chunk.extend(vec![b'x'; 0x20000]);
            chunk.extend(b"\r\n");
            acts.push(Act::Write(chunk));
        }
        acts
    })
    .await;
    limit(door(&growing).send(members(&growing)).await);
}

#[tokio::test]
async fn x4_levels_and_strings_are_bounded_when_a_reply_is_decoded() {
    let server = Server::plain(|number, _| match number {
        1 => reply(200, &[], format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        _ => reply(200, &[], format!("[\"{}\"]", "x".repeat(1024 * 1023))),
    })
    .await;
    let door = door(&server);
    let deep = door.send(members(&server)).await.unwrap();
    assert!(matches!(deep.json::<serde::de::IgnoredAny>(), Err(Cause::LimitHit { .. })));
    let mut long = door.send(members(&server)).await.unwrap();
    assert!(long.json::<Vec<String>>().is_ok());
    long.limits.string = 1024 * 1023 - 1;
    assert!(matches!(long.json::<Vec<String>>(), Err(Cause::LimitHit { .. })));
}

#[tokio::test]
async fn x4_xml_is_looked_over_before_a_library_sees_it() {
    let xml = [("content-type", "text/xml; charset=utf-8")];
    let server = Server::plain(move |number, _| match number {
        1 => reply(200, &xml, "<R><User/></R>"),
        2 => reply(200, &xml, "<a>".repeat(100_000)),
        3 => reply(200, &xml, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
        4 => reply(200, &xml, "<R><User/>"),
        _ => reply(500, &xml, "<html>"),
    })
    .await;
    let door = door(&server);
    assert!(door.send(members(&server)).await.is_ok());
    assert!(limit(door.send(members(&server)).await).contains("levels of XML"));
    for _ in 0..2 {
        assert!(matches!(door.send(members(&server)).await, Err(Cause::Malformed { .. })));
    }
    assert!(door.send(members(&server)).await.is_ok(), "a refusal is what it is");
}

#[tokio::test]
async fn net5_headers_are_bounded_in_number_and_size() {
    let many: Vec<u8> = {
        let pairs: Vec<String> = (0..200).map(|number| format!("x-h-{number}")).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|name| (name.as_str(), "v")).collect();
        reply_bytes(200, &pairs, "[]")
    };
    let large = reply_bytes(200, &[("x-large", &"v".repeat(70 * 1024))], "[]");
    let fits = reply_bytes(200, &[("x-large", &"v".repeat(60 * 1024))], "[]");
    for (bytes, good) in [(many, false), (large, false), (fits, true)] {
        let server = Server::plain(move |_, _| vec![Act::Write(bytes.clone())]).await;
        let heard = door(&server).send(members(&server)).await;
        if good {
            heard.unwrap();
        } else {
            assert!(limit(heard).contains("headers"));
        }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Member {
    id: u64,
}

#[tokio::test]
async fn p11_the_media_type_and_the_form_are_checked() {
    let server = Server::plain(|number, _| match number {
        1 => reply(200, &[("content-type", "text/html; charset=utf-8")], "<html>canary login page</html>"),
        2 => reply(200, &[("content-type", "application/vnd.api+json; x=y")], r#"[{"id":1}]"#),
        3 => reply(200, &[("content-type", "text/plain")], r#"[{"id":1}]"#),
        4 => reply(200, &[("content-encoding", "br")], "canary"),
        _ => reply(200, &[], r#"{"items":[{"id":1},{"id":"canary"},{"id":3}]}"#),
    })
    .await;
    let door = door(&server);
    let page = door.send(members(&server)).await.unwrap();
    let says = page.json::<Vec<Member>>().unwrap_err().to_string();
    assert!(says.contains("came text/html") && !says.contains("canary"), "{says}");
    assert_eq!(door.send(members(&server)).await.unwrap().json::<Vec<Member>>(), Ok(vec![Member { id: 1 }]));
    let plain = door.send(members(&server)).await.unwrap();
    assert!(plain.json::<Vec<Member>>().is_err());
    assert!(plain.json_as::<Vec<Member>>("text/plain").is_ok());
    assert_eq!(plain.text(), Ok(r#"[{"id":1}]"#));
    assert!(matches!(door.send(members(&server)).await, Err(Cause::Malformed { .. })));
    let items = door.send(members(&server)).await.unwrap().items::<Member>(&["items"]).unwrap();
    assert_eq!(items.iter().flatten().count(), 2);
    assert_eq!(items[1].as_ref().unwrap_err().position, 1);
}
