//! A server for tests that sends exactly the bytes it is told to, and writes down what it was sent.

pub(crate) mod authority;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use scan_contract::{Cause, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use url::Url;

use crate::address::Lookup;
use crate::allow::{Action, AllowList, Keep, Operation, Purpose};
use crate::dialect::Dialect;
use crate::door::{Door, Now};
use crate::request::Request;
use crate::settings::{Connection, Limits, OriginRule, PaceSettings, Reach, Settings, TimeLimits};

/// What a server does with one request, step by step. After the last step it waits for the next request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Sends these bytes.
    Write(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Says nothing more, and keeps the connection.
    Stall,
    /// Ends the connection.
    Close,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

type Script = Arc<dyn Fn(usize, &Seen) -> Vec<Act> + Send + Sync>;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<Seen>>>,
    // Dropped with the server.
    _task: JoinSet<()>,
}

impl Server {
    pub(crate) async fn plain(script: impl Fn(usize, &Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(script)).await
    }

    pub(crate) async fn tls(
        config: Arc<ServerConfig>,
        script: impl Fn(usize, &Seen) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(TlsAcceptor::from(config)), Arc::new(script)).await
    }

    async fn start(tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let log: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let mut task = JoinSet::new();
        let written = Arc::clone(&log);
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, script, log) = (tls.clone(), Arc::clone(&script), Arc::clone(&written));
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, script, log).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, script, log).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, log, _task: task }
    }

    pub(crate) fn log(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.log().len()
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn rule(&self) -> OriginRule {
        OriginRule::of(&self.url("/"), Reach::Internal).unwrap()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: Script, log: Arc<Mutex<Vec<Seen>>>) {
    while let Some(seen) = read(&mut stream).await {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(seen.clone());
            log.len()
        };
        for act in script(number, &seen) {
            match act {
                Act::Write(bytes) => {
                    if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                }
                Act::Wait(time) => tokio::time::sleep(time).await,
                Act::Stall => std::future::pending().await,
                Act::Close => return,
            }
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::trim).map(str::to_owned))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { head })
}

/// A whole reply with a date and a length.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<Act> {
    vec![Act::Write(reply_bytes(status, headers, body))]
}

pub(crate) fn reply_bytes(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = head(status, headers, Some(body.len()));
    bytes.extend_from_slice(body);
    bytes
}

/// The head of a reply. A date of the test's own time is added unless one is given.
pub(crate) fn head(status: u16, headers: &[(&str, &str)], length: Option<usize>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Word\r\n");
    if !headers.iter().any(|(name, _)| *name == "date") {
        head.extend(["date: ", &http_date(0), "\r\n"]);
    }
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        head.push_str("content-type: application/json\r\n");
    }
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if let Some(length) = length {
        head.extend(["content-length: ", &length.to_string(), "\r\n"]);
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The test's time, moved by some seconds, as an HTTP date.
pub(crate) fn http_date(seconds: i64) -> String {
    httpdate::fmt_http_date((now() + chrono::TimeDelta::seconds(seconds)).into())
}

pub(crate) fn now() -> Instant {
    chrono::DateTime::parse_from_rfc3339("2026-07-31T12:00:00Z").unwrap().to_utc()
}

pub(crate) fn clock() -> Now {
    Arc::new(now)
}

/// Every name is this machine.
pub(crate) struct Here;

#[async_trait]
impl Lookup for Here {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        if name.starts_with("missing") {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }
}

const fn row(name: &'static str, method: &'static str, path: &'static str) -> Operation {
    Operation {
        name,
        method,
        path,
        action: Action::Plain,
        purpose: Purpose::Read,
        rights: &["members=read"],
        keep: Keep::Json(&["id", "login", "items", "key_info/*"]),
    }
}

/// What tests may ask for.
pub(crate) static LIST: AllowList = AllowList {
    connector: "test",
    operations: &[
        row("members", "GET", "/orgs/{org}/members"),
        row("lists", "LIST", "/v1/{path...}"),
        Operation {
            action: Action::Form("ListUsers"),
            keep: Keep::Xml(&["R", "User", "Id"]),
            ..row("ListUsers", "POST", "/")
        },
        Operation { action: Action::GraphQlQuery, ..row("graphql", "POST", "/graphql") },
        Operation { purpose: Purpose::SignIn, keep: Keep::Nothing, ..row("sign in", "POST", "/login") },
        Operation { purpose: Purpose::Write, keep: Keep::Nothing, ..row("make", "POST", "/tickets") },
    ],
};

/// Limits that are short enough for a test.
pub(crate) fn connection() -> Connection {
    Connection {
        internal: true,
        plain_to_loopback: true,
        time: TimeLimits {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(5),
            total: Duration::from_secs(20),
        },
        limits: Limits { body: 1024 * 1024, ..Limits::default() },
        pace: Some(PaceSettings { attempts: 1, per_second: 1000.0, burst: 100, ..PaceSettings::default() }),
        ..Connection::default()
    }
}

pub(crate) fn open(rules: Vec<OriginRule>, dialect: Dialect, connection: Connection) -> Result<Door, Cause> {
    let settings = Settings::new("sys", rules, dialect, connection);
    Door::open_with(settings, &LIST, clock(), Arc::new(Here))
}

/// A door to one plain server.
pub(crate) fn door(server: &Server) -> Door {
    open(vec![server.rule()], Dialect::Plain, connection()).unwrap()
}

pub(crate) fn members(server: &Server) -> Request {
    Request::get(server.url("/orgs/acme/members"))
}
