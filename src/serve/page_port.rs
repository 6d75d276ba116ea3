//! The port of the web page: what `serve` asks it, and what it answers. The page implements [`Pages`]; `serve` listens,
//! checks who asks, sets every header, and never looks into a body.

use scan_contract::{Instant, SystemId};

/// Who asks, as far as it decides what may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Signed in by bearer or client certificate: persons may be shown.
    SignedIn,
    /// Nobody known. No person may be shown: no name, no id, no address, no grant, nothing that leads to one.
    Anybody,
}

/// A GET or HEAD request for a page. All of it is hostile text, already decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Path, percent-decoded, beginning with `/`; at most 2,048 bytes, valid UTF-8, without control characters.
    pub path: String,
    /// Pairs of the query in their order, percent-decoded, `+` read as a space; at most 64 pairs.
    pub query: Vec<(String, String)>,
    /// Who asks.
    pub audience: Audience,
    /// The present instant.
    pub now: Instant,
    /// What the service itself knows.
    pub service: ServiceFacts,
}

impl PageRequest {
    /// The first value given for a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value given for a name, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What the service knows beside the reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceFacts {
    /// The run that is going on.
    pub running: Option<RunNow>,
    /// Next start of each schedule entry, in the order of the configuration; `None` where there is none any more.
    pub next_runs: Vec<NextRun>,
    /// What is wrong with the service itself, in one sentence each: a configuration that could not be taken over, say.
    /// No person and no secret stands in it.
    pub troubles: Vec<String>,
    /// Whether a signed-in person may start a run by `POST /api/v1/runs`.
    pub run_on_request: bool,
}

/// A run that is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNow {
    /// Number of the request inside this process, as in `/api/v1/runs/{id}`.
    pub id: u64,
    /// When it began.
    pub started_at: Instant,
    /// Systems it reads; empty is all.
    pub systems: Vec<SystemId>,
    /// What it is doing, in a few words of ours.
    pub stage: String,
}

/// Next start of one schedule entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRun {
    /// Name of the entry.
    pub schedule: String,
    /// When it starts, jitter included.
    pub at: Option<Instant>,
    /// Systems it reads; empty is all.
    pub systems: Vec<SystemId>,
}

/// How a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStatus {
    /// Here it is: 200.
    Found,
    /// There is no such page, finding or run: 404.
    NotFound,
    /// The query makes no sense: 400.
    BadRequest,
    /// What it needs could not be read just now: 503.
    Unavailable,
    /// It needs to be known who asks: 401, with a challenge for a password.
    NeedsSignIn,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageContent {
    /// `text/html; charset=utf-8`.
    Html,
    /// `text/css; charset=utf-8`; may be kept by the browser for an hour, and holds nothing about anybody.
    Css,
    /// `text/javascript; charset=utf-8`; likewise.
    JavaScript,
    /// `image/svg+xml`; likewise.
    Svg,
    /// `application/json`.
    Json,
    /// `text/csv; charset=utf-8`, offered as a download.
    Csv,
}

/// A page. The policy of the answer lets it load style, script and images from its own address only, and none that
/// stands in the page itself: no `style` or `on...` attribute, no inline script, no `data:` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAnswer {
    /// How it ended.
    pub status: PageStatus,
    /// What the body is.
    pub content: PageContent,
    /// The body.
    pub body: Vec<u8>,
}

/// The web page.
pub trait Pages: Send + Sync {
    /// Answers one request. It is called on a thread that may block, at most four at the same time, and has five
    /// seconds; it reads the store for reading only and may be asked while a run writes.
    fn answer(&self, request: &PageRequest) -> PageAnswer;
}
