//! X2: which check failed is told.

use std::sync::Arc;

use scan_contract::Cause;
use tokio_rustls::rustls::ServerConfig;
use url::Url;

use crate::dialect::Dialect;
use crate::request::Request;
use crate::settings::{Connection, OriginRule, Proxy, Reach};
use crate::testing::authority::Authority;
use crate::testing::{Act, Server, connection, open, reply};

async fn ask(authority: &Authority, config: Option<Arc<ServerConfig>>, roots: bool) -> Result<u16, String> {
    let answer = |_: usize, _: &crate::testing::Seen| reply(200, &[], "[]");
    let server = match config {
        Some(config) => Server::tls(config, answer).await,
        None => Server::plain(|_, _| vec![Act::Write(b"220 mail.example ESMTP\r\n".to_vec()), Act::Close]).await,
    };
    let url = Url::parse(&format!("https://api.example:{}/orgs/acme/members", server.address.port())).unwrap();
    let rule = OriginRule::of(&url, Reach::Internal).unwrap();
    let connection = Connection { roots: roots.then(|| authority.roots()), ..connection() };
    let door = open(vec![rule], Dialect::Plain, connection).unwrap();
    match door.send(Request::get(url)).await {
        Ok(reply) => Ok(reply.status.as_u16()),
        Err(cause) => {
            assert!(matches!(cause, Cause::Unreachable { .. }), "{cause}");
            assert_eq!(server.count(), 0, "nothing was sent");
            Err(cause.to_string())
        }
    }
}

fn refused(says: &Result<u16, String>, why: &str) {
    let says = says.as_ref().unwrap_err();
    assert!(says.contains("TLS with api.example:") && says.contains(why), "{says}");
}

#[tokio::test]
async fn x2_a_good_certificate_of_a_private_authority_is_accepted() {
    let authority = Authority::new();
    assert_eq!(ask(&authority, Some(authority.server("api.example", 2020, 2096)), true).await, Ok(200));
    assert_eq!(ask(&authority, Some(authority.old_server("api.example")), true).await, Ok(200), "TLS 1.2 is enough");
}

#[tokio::test]
async fn x2_expired_wrong_host_and_unknown_root_are_told_apart() {
    let authority = Authority::new();
    refused(&ask(&authority, Some(authority.server("api.example", 2020, 2021)), true).await, "has expired");
    refused(&ask(&authority, Some(authority.server("api.example", 2090, 2096)), true).await, "not valid yet");
    refused(&ask(&authority, Some(authority.server("other.example", 2020, 2096)), true).await, "for another host");
    let other = Authority::new();
    refused(&ask(&other, Some(authority.server("api.example", 2020, 2096)), true).await, "not among the trusted roots");
    refused(
        &ask(&authority, Some(authority.server("api.example", 2020, 2096)), false).await,
        "not among the trusted roots",
    );
}

#[tokio::test]
async fn x2_plain_text_on_a_tls_port_and_old_versions_are_told_apart() {
    let authority = Authority::new();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for (answer, why) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "plain text on a TLS port"),
        // Alert, fatal, protocol_version (RFC 8446, 6).
        (&[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46][..], "1.2 or later"),
        (&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28][..], "refused the handshake"),
    ] {
        let url = Url::parse(&format!("https://api.example:{port}/orgs/acme/members")).unwrap();
        let connection = Connection { roots: Some(authority.roots()), ..connection() };
        let door = open(vec![OriginRule::of(&url, Reach::Internal).unwrap()], Dialect::Plain, connection).unwrap();
        let (says, ()) = tokio::join!(door.send(Request::get(url)), async {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 64];
            stream.read_exact(&mut hello).await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.flush().await.unwrap();
            // The other side ends the connection.
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
        });
        refused(&says.map(|reply| reply.status.as_u16()).map_err(|cause| cause.to_string()), why);
    }
}

#[tokio::test]
async fn roots_that_cannot_be_used_are_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    let rule = OriginRule { scheme: "https".into(), host: "api.example".into(), port: 443, reach: Reach::Public };
    let opened = || {
        let connection = Connection { roots: Some(file.clone()), ..connection() };
        open(vec![rule.clone()], Dialect::Plain, connection).map(|_| ()).unwrap_err().to_string()
    };
    assert!(opened().contains("read roots"), "{}", opened());
    std::fs::write(&file, "no certificate: canary").unwrap();
    assert!(opened().contains("no certificate in it") && !opened().contains("canary"), "{}", opened());
}

#[tokio::test]
async fn the_proxy_of_the_configuration_is_asked_to_connect_and_sees_no_request() {
    let proxy = Server::plain(|_, _| vec![Act::Write(b"HTTP/1.1 502 No\r\n\r\n".to_vec()), Act::Close]).await;
    let url = Url::parse("https://api.example:8443/orgs/acme/members").unwrap();
    let proxied = Url::parse(&format!("http://proxy.inside:{}", proxy.address.port())).unwrap();
    let connection = Connection { proxy: Some(Proxy { url: proxied }), ..connection() };
    let door = open(vec![OriginRule::of(&url, Reach::Public).unwrap()], Dialect::Plain, connection).unwrap();
    let says = door.send(Request::get(url)).await.unwrap_err();
    assert!(says.to_string().contains("connect to api.example:8443 through the proxy"), "{says}");
    let log = proxy.log();
    assert_eq!(log.len(), 1);
    assert!(log[0].head.starts_with("CONNECT api.example:8443 "), "{}", log[0].head);
    assert!(!log[0].head.contains("/orgs"));
    let missing = Some(Proxy { url: Url::parse("http://missing.inside:3128").unwrap() });
    let url = Url::parse("https://api.example:8443/orgs/acme/members").unwrap();
    let rule = OriginRule::of(&url, Reach::Public).unwrap();
    let door = open(vec![rule], Dialect::Plain, Connection { proxy: missing, ..crate::testing::connection() }).unwrap();
    let says = door.send(Request::get(url)).await.unwrap_err().to_string();
    assert!(says.contains("resolve the proxy to api.example:8443"), "{says}");
    for bad in ["http://user:word@proxy.inside/", "socks5://proxy.inside/"] {
        let proxy = Some(Proxy { url: Url::parse(bad).unwrap() });
        let connection = Connection { proxy, ..crate::testing::connection() };
        let rule = OriginRule { scheme: "https".into(), host: "api.example".into(), port: 443, reach: Reach::Public };
        let refused = open(vec![rule], Dialect::Plain, connection).map(|_| ()).unwrap_err();
        assert!(matches!(refused, Cause::Needs { .. }) && !refused.to_string().contains("word"), "{refused}");
    }
}
