//! Asking Okta: addresses, pages, and what is wrong with a reply.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use http::StatusCode;
use scan_contract::{AsOf, AsOfSource, Cause, Cursor, Instant};
use scan_transport::{Door, Reply, Request};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::refusal;
use crate::text::segment;
use crate::wire::{Assignees, Decoded, Href, each};

/// How often a walk is begun again after its cursor expired.
const RESTARTS: usize = 1;
/// Pages of one list. At the sizes asked for, twenty million objects.
const PAGES: usize = 100_000;

/// Asks one organisation.
#[derive(Clone)]
pub(crate) struct Client {
    door: Door,
    base: Url,
    /// When this reading began: what is asked about a span of time is asked the same way when a recording is read.
    begun: Instant,
}

/// A page of a list.
pub(crate) struct Page<T> {
    /// Its elements, each decoded alone.
    pub(crate) elements: Vec<Decoded<T>>,
    /// When Okta answered.
    pub(crate) as_of: AsOf,
    /// Where the walk stands.
    pub(crate) cursor: Cursor,
    /// Position, from 1.
    pub(crate) number: usize,
    /// Name of the operation, for messages.
    pub(crate) operation: &'static str,
}

/// Where the elements of a list and its next page stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The body is an array, the next page in the `Link` header.
    Array,
    /// The body is an object with `value`; the next page in `_links.next`, or in the header.
    Value,
}

/// A walk through the pages of one list. It ends where Okta gives no link to a next page, which is how its lists end.
pub(crate) struct Walk<'a> {
    client: &'a Client,
    /// Where the next page is; what is wrong with the link to it is told after the page it came with.
    next: Result<Option<Url>, Cause>,
    shape: Shape,
    asked: HashSet<u64>,
    pages: usize,
    first: Url,
    /// How often it may still be begun again, and how often it was.
    may_restart: usize,
    restarts: usize,
}

/// A point read.
pub(crate) enum Found<T> {
    /// It is there.
    There(T),
    /// Okta says explicitly that it is not.
    Gone,
}

impl Client {
    /// A client for the organisation at `base`.
    pub(crate) fn new(door: Door, base: Url) -> Self {
        let begun = door.began();
        Self { door, base, begun }
    }

    /// When this reading began.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// The door.
    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// An address below the organisation. Each part is one segment, whatever is in it.
    pub(crate) fn address(&self, parts: &[&str], query: &[(&str, &str)]) -> Result<Url, Cause> {
        let mut url = self.base.clone();
        for part in parts {
            // These three would lead to another path, and no id of Okta looks like them.
            if matches!(*part, "" | "." | "..") {
                return Err(Cause::Malformed { what: String::from("an id that is no id stands in a reply of Okta") });
            }
        }
        // Encoded here: the address type drops line breaks from what it is given as a segment.
        let encoded: Vec<String> = parts.iter().map(|part| segment(part)).collect();
        url.set_path(&encoded.join("/"));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Sends a GET.
    pub(crate) async fn get(&self, url: Url) -> Result<Reply, Cause> {
        let accept = http::HeaderValue::from_static("application/json");
        self.door.send(Request::get(url).with(http::header::ACCEPT, accept)).await
    }

    /// One object.
    pub(crate) async fn one<T: DeserializeOwned>(&self, parts: &[&str]) -> Result<Found<T>, Cause> {
        let reply = self.get(self.address(parts, &[])?).await?;
        if refusal::is_gone(&reply) {
            return Ok(Found::Gone);
        }
        success(&reply)?.json().map(Found::There)
    }

    /// A list, page by page.
    pub(crate) fn walk(&self, parts: &[&str], query: &[(&str, &str)], shape: Shape) -> Result<Walk<'_>, Cause> {
        let first = self.address(parts, query)?;
        let next = Ok(Some(first.clone()));
        Ok(Walk { client: self, next, shape, asked: HashSet::new(), pages: 0, first, may_restart: 0, restarts: 0 })
    }
}

/// The reply, if it is a success.
pub(crate) fn success(reply: &Reply) -> Result<&Reply, Cause> {
    if reply.status == StatusCode::OK { Ok(reply) } else { Err(refusal::cause(reply)) }
}

/// When Okta answered.
pub(crate) fn as_of(reply: &Reply) -> AsOf {
    AsOf { at: reply.at, source: AsOfSource::Stated }
}

impl Walk<'_> {
    /// The same walk, which is begun again where its cursor expires on the way. What the first pages told comes twice
    /// then, so this is for lists whose reader does not mind.
    pub(crate) fn begun_again_if_expired(mut self) -> Self {
        self.may_restart = RESTARTS;
        self
    }

    /// How often it was begun again.
    pub(crate) fn restarts(&self) -> usize {
        self.restarts
    }

    /// The next page; `None` after the last one. `Gone` where the object the list hangs from no longer exists.
    pub(crate) async fn page<T: DeserializeOwned>(&mut self) -> Result<Option<Found<Page<T>>>, Cause> {
        match self.step().await {
            Err(Cause::Malformed { what }) if self.restarts > 0 => {
                Err(Cause::Malformed { what: format!("{what}; the list was begun again {} time", self.restarts) })
            }
            other => other,
        }
    }

    async fn step<T: DeserializeOwned>(&mut self) -> Result<Option<Found<Page<T>>>, Cause> {
        let Some(url) = std::mem::replace(&mut self.next, Ok(None))? else { return Ok(None) };
        if !self.asked.insert(print(&url)) {
            let what = format!("page {}: the same cursor was handed out again", self.pages + 1);
            return Err(Cause::Malformed { what });
        }
        if self.pages >= PAGES {
            return Err(Cause::LimitHit { limit: format!("{PAGES} pages of one list") });
        }
        let mut here = self.pages + 1;
        let mut reply = self.client.get(url).await.map_err(|cause| cause.on_page(here))?;
        if here > 1 && self.may_restart > 0 && is_expired(&reply) {
            tracing::info!(event = "list-begun-again", operation = reply.operation, page = here);
            (self.may_restart, self.restarts, self.pages, here) = (self.may_restart - 1, self.restarts + 1, 0, 1);
            self.asked = HashSet::from([print(&self.first)]);
            reply = self.client.get(self.first.clone()).await?;
        }
        if refusal::is_no_list(&reply) && self.pages == 0 {
            return Ok(Some(Found::Gone));
        }
        let reply = success(&reply).map_err(|cause| cause.on_page(here))?;
        let body = match self.shape {
            Shape::Array => reply.envelope::<Vec<Box<RawValue>>>().map(|elements| (elements, None)),
            Shape::Value => reply.envelope().map(|body: Assignees| (body.value, body.links.next)),
        };
        let (elements, in_body) = body.map_err(|cause| cause.on_page(here))?;
        self.pages = here;
        self.next = next_page(reply, in_body);
        let cursor = match &self.next {
            Ok(Some(next)) => format!("{:016x}", print(next)),
            Ok(None) | Err(_) => String::from("end"),
        };
        Ok(Some(Found::There(Page {
            elements: each(reply, &elements),
            as_of: as_of(reply),
            cursor: Cursor(cursor),
            number: self.pages,
            operation: reply.operation,
        })))
    }
}

/// Whether a page after the first may have been refused because its cursor is too old. No page of the vendor's names a
/// code for it: 410 says so, and 400 may.
fn is_expired(reply: &Reply) -> bool {
    matches!(reply.status, StatusCode::BAD_REQUEST | StatusCode::GONE)
}

/// Where the next page is: in the header, or else in the body.
fn next_page(reply: &Reply, in_body: Option<Href>) -> Result<Option<Url>, Cause> {
    let next = match reply.next_link()? {
        Some(link) => Some(link),
        None => in_body.map(|link| follow(&reply.url, &link.href)).transpose()?,
    };
    if let Some(link) = &next {
        check_next(&reply.url, link)?;
    }
    Ok(next)
}

fn follow(from: &Url, href: &str) -> Result<Url, Cause> {
    from.join(href).map_err(|_| Cause::Malformed { what: String::from("the link to the next page is no address") })
}

/// A next page is a page of the same list. The link is followed as it was given, or not at all (NET-2).
fn check_next(from: &Url, to: &Url) -> Result<(), Cause> {
    if from.origin() != to.origin() {
        let shown = |url: &Url| {
            format!("{}://{}:{}", url.scheme(), url.host_str().unwrap_or("-"), url.port_or_known_default().unwrap_or(0))
        };
        let what = format!("the next link leads from origin {} to {}; not followed", shown(from), shown(to));
        return Err(Cause::Malformed { what });
    }
    if from.path() != to.path() {
        return Err(Cause::Malformed { what: String::from("the next link leads to another list; not followed") });
    }
    Ok(())
}

fn print(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}
