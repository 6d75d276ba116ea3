//! Every request passes the same checks in the same order: host, method, origin, sign-in. Then its path decides.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State as FromState};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use tokio::sync::{Mutex, Semaphore, mpsc};

use super::api;
use super::gate::ClientCertificate;
use crate::clock::Clock;
use crate::metrics::{self, BuildInfo};
use crate::serve::door::{Door, SignIn};
use crate::serve::page_port::{Audience, PageAnswer, PageContent, PageRequest, PageStatus};
use crate::serve::runner::Asked;
use crate::serve::state::State;

/// Longest path and query.
const LONGEST_PATH: usize = 2048;
const LONGEST_QUERY: usize = 8192;
const MOST_PAIRS: usize = 64;
/// Pages made at the same time, and the time for one.
const PAGES_AT_ONCE: usize = 4;
const PAGE_TIME: Duration = Duration::from_secs(5);
/// How long the answer of the store's check is good for: the check reads the whole store.
const STORE_CHECK_AGE: Duration = Duration::from_mins(10);

/// What answering needs.
pub struct App {
    state: Arc<State>,
    clock: Arc<dyn Clock>,
    asks: mpsc::Sender<Asked>,
    build: BuildInfo,
    pages: Arc<Semaphore>,
    /// One check at a time; whoever asks meanwhile waits for its result.
    store: Mutex<Option<(Duration, Result<(), String>)>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("App").field("state", &self.state).finish_non_exhaustive()
    }
}

impl App {
    /// Answers from `state`, and hands requests for runs to `asks`.
    pub fn new(state: Arc<State>, clock: Arc<dyn Clock>, asks: mpsc::Sender<Asked>, build: BuildInfo) -> Self {
        Self { state, clock, asks, build, pages: Arc::new(Semaphore::new(PAGES_AT_ONCE)), store: Mutex::default() }
    }

    /// What the service knows of itself.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    pub(super) fn asks(&self) -> &mpsc::Sender<Asked> {
        &self.asks
    }

    /// Whether the store opens, as of at most ten minutes ago.
    async fn store(&self) -> Result<(), String> {
        let now = self.clock.monotonic();
        let mut known = self.store.lock().await;
        if let Some((at, result)) = &*known
            && now.saturating_sub(*at) < STORE_CHECK_AGE
        {
            return result.clone();
        }
        let work = self.state.work();
        let checked = tokio::task::spawn_blocking(move || work.check_store()).await;
        let result = checked.unwrap_or_else(|error| Err(format!("the check failed: {error}")));
        *known = Some((now, result.clone()));
        result
    }
}

/// Answers one request.
pub(super) async fn answer(FromState(app): FromState<Arc<App>>, request: Request) -> Response<Body> {
    let door = app.state.door();
    let head = request.method() == Method::HEAD;
    let mut response = checked(&app, &door, request).await;
    if head {
        *response.body_mut() = Body::empty();
    }
    harden(response.headers_mut(), door.tls.is_some());
    response
}

async fn checked(app: &Arc<App>, door: &Door, request: Request) -> Response<Body> {
    let Some(host) = host(&request) else { return text(StatusCode::BAD_REQUEST, "one Host header is needed") };
    if !door.answers_for(&host) {
        let says =
            "this service does not answer for that host name; serve.names in the configuration lists those it does";
        return text(StatusCode::MISDIRECTED_REQUEST, says);
    }
    let path = request.uri().path();
    let posts = path == api::RUNS;
    match request.method().as_str() {
        "GET" | "HEAD" => {}
        "POST" if posts => {}
        _ => {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "this is not done here");
            let allowed = if posts { "GET, HEAD, POST" } else { "GET, HEAD" };
            refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
            return refused;
        }
    }
    // Health says one word to everybody, so that whoever watches needs no secret.
    if path == "/healthz" {
        return health(app);
    }
    let certificate = request.extensions().get::<ClientCertificate>().is_some_and(|certificate| certificate.0);
    let sign_in = door.sign_in(request.headers(), certificate);
    if path == "/readyz" {
        return ready(app, sign_in == SignIn::Known || !door.shape.has_sign_in()).await;
    }
    match sign_in {
        SignIn::Wrong => return challenge("what was offered does not sign in"),
        SignIn::Nothing if door.shape.has_sign_in() => return challenge("sign in first"),
        SignIn::Known | SignIn::Nothing => {}
    }
    let audience = if sign_in == SignIn::Known { Audience::SignedIn } else { Audience::Anybody };
    if request.method() == Method::POST {
        if !comes_from_here(request.headers(), &host) {
            return text(StatusCode::FORBIDDEN, "another site asked for this");
        }
        return api::start(app, audience, request).await;
    }
    match path {
        "/metrics" => figures(app),
        path if path == api::RUNS || path.starts_with("/api/") => api::show(app, path),
        _ => page(app, audience, request.uri()).await,
    }
}

/// The one `Host` of a request, or the authority of an absolute address.
fn host(request: &Request) -> Option<String> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    let Ok(host) = host.to_str() else { return None };
    match request.uri().authority() {
        Some(authority) if authority.as_str() != host => None,
        Some(_) | None => Some(host.to_owned()),
    }
}

/// Whether a request that changes something was made by our own page or by a program. Browsers sign in by themselves, so
/// the page of somebody else must not be able to ask in their name.
fn comes_from_here(headers: &HeaderMap, host: &str) -> bool {
    let same_site = match headers.get("sec-fetch-site") {
        None => true,
        Some(value) => value == "same-origin" || value == "none",
    };
    let same_origin = match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => true,
        Some(Ok(origin)) => origin == format!("https://{host}") || origin == format!("http://{host}"),
        Some(Err(_)) => false,
    };
    same_site && same_origin
}

fn health(app: &App) -> Response<Body> {
    match app.state.alive(app.clock.monotonic()) {
        Ok(()) => text(StatusCode::OK, "ok"),
        Err(says) => {
            tracing::error!(event = "stuck", %says);
            text(StatusCode::SERVICE_UNAVAILABLE, "stuck")
        }
    }
}

/// Whether runs can start. Details are for those who are known.
async fn ready(app: &App, details: bool) -> Response<Body> {
    let reloads = app.state.reloads();
    let mut failing = Vec::new();
    if !app.state.schedule_known() {
        failing.push(String::from("schedule: not worked out yet"));
    }
    if let Err(says) = app.store().await {
        failing.push(format!("store: {says}"));
    }
    let (status, word) =
        if failing.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    let mut lines = vec![String::from(word)];
    if details {
        lines.append(&mut failing);
        match &reloads.refused {
            Some(says) => {
                lines.push(format!("configuration: the one on disk was refused, the earlier is in force: {says}"));
            }
            None => lines.push(String::from("configuration: valid")),
        }
        lines.extend(reloads.needs_restart.map(|says| format!("restart needed: {says}")));
        for next in app.state.facts().next_runs {
            let at =
                next.at.map_or_else(|| String::from("never again"), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
            lines.push(format!("next run: {} {at}", next.schedule));
        }
    }
    let lines: Vec<String> = lines.iter().flat_map(|line| line.lines()).map(crate::hostile::line).collect();
    text(status, &lines.join("\n"))
}

fn figures(app: &App) -> Response<Body> {
    let (service, run) = app.state.figures();
    let families = metrics::with_service(run, &service, &app.build);
    match metrics::encode(&families) {
        Ok(encoded) => made(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", encoded.into_bytes()),
        Err(error) => {
            tracing::error!(event = "metrics", %error);
            text(StatusCode::INTERNAL_SERVER_ERROR, "the figures do not make a text; the log says why")
        }
    }
}

async fn page(app: &Arc<App>, audience: Audience, uri: &Uri) -> Response<Body> {
    let Some((path, query)) = address(uri) else {
        return text(StatusCode::BAD_REQUEST, "the address cannot be read");
    };
    let waited = tokio::time::timeout(PAGE_TIME, Arc::clone(&app.pages).acquire_owned()).await;
    let Ok(Ok(permit)) = waited else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "too many pages are asked for; try again");
    };
    let request = PageRequest { path, query, audience, now: app.clock.now(), service: app.state.facts() };
    let pages = app.state.work().pages();
    let made = tokio::task::spawn_blocking(move || {
        // A page that takes too long keeps its place until it is done, so that no more than these few are made at once.
        let _permit = permit;
        pages.answer(&request)
    });
    let answered = tokio::time::timeout(PAGE_TIME, made).await;
    match answered {
        Ok(Ok(answer)) => shown(answer),
        Ok(Err(error)) => {
            tracing::error!(event = "page", %error);
            text(StatusCode::INTERNAL_SERVER_ERROR, "the page failed; the log says why")
        }
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "the page took too long; try again"),
    }
}

/// Path and query, decoded.
fn address(uri: &Uri) -> Option<(String, Vec<(String, String)>)> {
    let query = uri.query().unwrap_or_default();
    if uri.path().len() > LONGEST_PATH || query.len() > LONGEST_QUERY {
        return None;
    }
    let Ok(path) = percent_encoding::percent_decode_str(uri.path()).decode_utf8() else { return None };
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .take(MOST_PAIRS + 1)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let controls = |text: &str| text.chars().any(char::is_control);
    let bad = pairs.len() > MOST_PAIRS || controls(&path) || !path.starts_with('/');
    let bad = bad || pairs.iter().any(|(key, value)| controls(key) || controls(value));
    (!bad).then(|| (path.into_owned(), pairs))
}

fn shown(answer: PageAnswer) -> Response<Body> {
    let status = match answer.status {
        PageStatus::Found => StatusCode::OK,
        PageStatus::NotFound => StatusCode::NOT_FOUND,
        PageStatus::BadRequest => StatusCode::BAD_REQUEST,
        PageStatus::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        PageStatus::NeedsSignIn => StatusCode::UNAUTHORIZED,
    };
    let kind = match answer.content {
        PageContent::Html => "text/html; charset=utf-8",
        PageContent::Css => "text/css; charset=utf-8",
        PageContent::JavaScript => "text/javascript; charset=utf-8",
        PageContent::Svg => "image/svg+xml",
        PageContent::Json => "application/json",
        PageContent::Csv => "text/csv; charset=utf-8",
    };
    let mut response = made(status, kind, answer.body);
    let headers = response.headers_mut();
    match answer.content {
        PageContent::Css | PageContent::JavaScript | PageContent::Svg if status == StatusCode::OK => {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
        }
        PageContent::Csv => {
            let offered = HeaderValue::from_static("attachment; filename=\"holdover.csv\"");
            headers.insert(header::CONTENT_DISPOSITION, offered);
        }
        PageContent::Css | PageContent::JavaScript | PageContent::Svg | PageContent::Html | PageContent::Json => {}
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
    }
    response
}

const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"holdover\", charset=\"UTF-8\"");

fn challenge(says: &str) -> Response<Body> {
    let mut response = text(StatusCode::UNAUTHORIZED, says);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
    response
}

pub(super) fn text(status: StatusCode, says: &str) -> Response<Body> {
    made(status, "text/plain; charset=utf-8", format!("{says}\n").into_bytes())
}

pub(super) fn made(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Headers of every answer.
fn harden(headers: &mut HeaderMap, encrypted: bool) {
    const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
        form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_another_site_asks_for_is_known_as_such() {
        let host = "127.0.0.1:9911";
        assert!(comes_from_here(&headers(&[]), host));
        assert!(comes_from_here(
            &headers(&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:9911")]),
            host
        ));
        for other in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:9912")],
        ] {
            assert!(!comes_from_here(&headers(other), host), "{other:?}");
        }
    }

    #[test]
    fn an_address_is_decoded_and_a_hostile_one_refused() {
        let read = |text: &str| address(&text.parse().unwrap());
        let (path, query) = read("/findings/a%20b?system=crm&q=a+b%26c&system=hr").unwrap();
        assert_eq!(path, "/findings/a b");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(query, [pair("system", "crm"), pair("q", "a b&c"), pair("system", "hr")]);
        for bad in ["/%00", "/%ff", "/?q=%0a", "/a%0db"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&format!("/?{}", "a=1&".repeat(65))), None);
        assert_eq!(read(&format!("/{}", "a".repeat(3000))), None);
    }

    #[test]
    fn every_answer_carries_the_headers() {
        let mut response = text(StatusCode::OK, "ok");
        harden(response.headers_mut(), false);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
        assert!(!response.headers().contains_key("strict-transport-security"));
    }
}
