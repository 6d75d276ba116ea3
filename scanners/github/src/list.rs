//! REST lists: page by page, each object decoded by itself.
//!
//! Pages are numbered, so an object that appears or goes while we read shifts the rest. A list of several pages that
//! announces no total is therefore walked until two walks agree, at most three times (CMP-5).

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use http::StatusCode;
use scan_contract::{Access, Cause, Gap, Instant, ScopeName};
use scan_transport::Reply;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::client::left_out_by_sso;
use crate::hub::Hub;
use crate::told::{Told, Work};

/// Pages of one list after which we give up.
const PAGES: usize = 5_000;
/// Walks before we say that the pages keep shifting.
const WALKS: usize = 3;

/// Where the objects stand in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Items {
    /// The answer is the array.
    Array,
    /// The array of this name, beside the total of that one.
    Field(&'static str, &'static str),
}

/// One list.
#[derive(Debug, Clone)]
pub(crate) struct List<'a> {
    /// The scope it serves.
    pub(crate) scope: &'a ScopeName,
    /// Part of the scope, for messages; `None` where the list is the scope.
    pub(crate) part: Option<&'a str>,
    /// Path.
    pub(crate) segments: Vec<&'a str>,
    /// Query, besides the size of a page.
    pub(crate) query: Vec<(&'a str, String)>,
    /// Where the objects stand.
    pub(crate) items: Items,
    /// How its pages follow one another.
    pub(crate) order: Order,
}

/// How the pages of a list follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By number: pages can shift while they are read.
    Numbered,
    /// By a cursor that stands still.
    Cursor,
    /// By a cursor, and the first page is all that is wanted: the newest first.
    Newest,
}

/// Why a list could not be read.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The status, where the service answered with one that is no success.
    status: Option<StatusCode>,
    /// What it means.
    pub(crate) cause: Cause,
}

impl Failure {
    /// Whether the service says that there is no such list: missing, or hidden from whoever may not read it.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the status may mean that what the list hangs from is not where it was: gone, blocked, or under another
    /// name.
    pub(crate) fn may_have_moved(&self) -> bool {
        self.status.is_some_and(|status| matches!(status.as_u16(), 301 | 302 | 307 | 308 | 404 | 410 | 451))
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self { status: None, cause }
    }
}

impl From<Failure> for Cause {
    fn from(failure: Failure) -> Self {
        failure.cause
    }
}

/// A page as it came.
struct Page {
    items: Vec<Box<RawValue>>,
    total: Option<u64>,
    reply: Reply,
    next: Option<Url>,
}

/// The end of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole {
    /// Total the service announced with the last page.
    pub(crate) total: Option<u64>,
    /// Distinct records that came.
    pub(crate) found: u64,
}

impl Whole {
    /// Ends a scope that this list alone fills.
    pub(crate) async fn seal(self, work: Work<'_>, scope: &ScopeName) -> Result<(), Cause> {
        match self.total {
            Some(total) => work.seal_counted(scope, total, self.found).await,
            None => work.seal(scope, None).await,
        }
    }
}

/// Tells of one object.
pub(crate) type Tell<'t, T> = &'t mut (dyn FnMut(T, &mut Told) + Send);

impl<'a> List<'a> {
    /// A list whose answer is an array.
    pub(crate) fn array(scope: &'a ScopeName, segments: Vec<&'a str>) -> Self {
        Self { scope, part: None, segments, query: Vec::new(), items: Items::Array, order: Order::Numbered }
    }

    /// A list in an object, beside `total_count`.
    pub(crate) fn field(scope: &'a ScopeName, segments: Vec<&'a str>, name: &'static str) -> Self {
        let items = Items::Field(name, "total_count");
        Self { scope, part: None, segments, query: Vec::new(), items, order: Order::Numbered }
    }

    /// The same as a part of its scope.
    pub(crate) fn of(mut self, part: &'a str) -> Self {
        self.part = Some(part);
        self
    }

    /// The same with one more parameter.
    pub(crate) fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same, whose pages follow a cursor.
    pub(crate) fn by_cursor(mut self) -> Self {
        self.order = Order::Cursor;
        self
    }

    /// The same, of which the newest page is enough.
    pub(crate) fn newest(mut self) -> Self {
        self.order = Order::Newest;
        self
    }

    fn first(&self, hub: &Hub) -> Result<Url, Cause> {
        let size = hub.settings.page(100).to_string();
        let mut query: Vec<(&str, &str)> = vec![("per_page", &size)];
        query.extend(self.query.iter().map(|(name, value)| (*name, value.as_str())));
        hub.client.address(&self.segments, &query)
    }

    /// The segments that say what is listed, behind those that say of whom.
    fn tail(&self) -> &[&'a str] {
        let names = if self.segments.first() == Some(&"repos") { 3 } else { 2 };
        self.segments.get(names..).unwrap_or_default()
    }

    fn place(&self, number: usize, position: usize) -> String {
        let place = format!("page {number}, object {}", position + 1);
        self.part.map_or_else(|| place.clone(), |part| format!("{part}: {place}"))
    }
}

async fn page(hub: &Hub, list: &List<'_>, url: &Url) -> Result<Page, Failure> {
    let reply = hub.client.get(url).await?;
    if !reply.status.is_success() {
        return Err(Failure { status: Some(reply.status), cause: hub.explain(&reply) });
    }
    let (items, total) = match list.items {
        Items::Array => (reply.json::<Vec<Box<RawValue>>>()?, None),
        Items::Field(name, total) => {
            let mut object = reply.json::<BTreeMap<String, Box<RawValue>>>()?;
            let missing = || Cause::Malformed { what: format!("{}: the answer has no {name}", reply.operation) };
            let items = object.remove(name).ok_or_else(missing)?;
            let items = serde_json::from_str(items.get()).map_err(|_| missing())?;
            let total =
                match object.get(total) {
                    Some(total) => Some(serde_json::from_str(total.get()).map_err(|_| Cause::Malformed {
                        what: format!("{}: its total is no number", reply.operation),
                    })?),
                    None => None,
                };
            (items, total)
        }
    };
    let next = reply.next_link()?;
    Ok(Page { items, total, reply, next })
}

/// One walk from the first page to the one without a next link.
struct Walk<'a> {
    hub: &'a Hub,
    list: &'a List<'a>,
    first: Url,
    next: Option<Url>,
    failed: Option<Cause>,
    asked: HashSet<Url>,
    number: usize,
}

impl<'a> Walk<'a> {
    fn new(hub: &'a Hub, list: &'a List<'a>) -> Result<Self, Cause> {
        let first = list.first(hub)?;
        Ok(Self { hub, list, next: Some(first.clone()), first, failed: None, asked: HashSet::new(), number: 0 })
    }

    async fn step(&mut self) -> Result<Option<Page>, Failure> {
        if let Some(cause) = self.failed.take() {
            return Err(cause.into());
        }
        let Some(url) = self.next.take() else { return Ok(None) };
        if self.number >= PAGES {
            return Err(Cause::LimitHit { limit: format!("{PAGES} pages of one list") }.into());
        }
        self.number += 1;
        if !self.asked.insert(url.clone()) {
            let what = format!("after page {} of a list the service links an earlier one", self.number - 1);
            return Err(Cause::Malformed { what }.into());
        }
        let number = self.number;
        let placed = |failure: Failure| Failure { cause: failure.cause.on_page(number), ..failure };
        let page = page(self.hub, self.list, &url).await.map_err(placed)?;
        if self.list.order != Order::Newest {
            match page.next.as_ref().map(|next| follow(&self.first, self.list.tail(), next)).transpose() {
                Ok(next) => self.next = next,
                // What came is kept; the walk ends with the next step.
                Err(cause) => self.failed = Some(cause),
            }
        }
        Ok(Some(page))
    }
}

/// The address of the next page. GitHub links its lists by id (`/organizations/4711/hooks?page=2` for a list asked for as
/// `/orgs/acme/hooks`): what is taken from a link is where the list goes on, and the path stays the one on our own list of
/// requests. Another origin or another list is no next page of ours.
fn follow(first: &Url, tail: &[&str], next: &Url) -> Result<Url, Cause> {
    if next.origin() != first.origin() {
        let shown = |url: &Url| {
            let host = crate::text::clean(url.host_str().unwrap_or("no host"), 100);
            format!("{}://{host}:{}", url.scheme(), url.port_or_known_default().unwrap_or(0))
        };
        let what = format!("the next link leads from origin {} to {}; not followed", shown(first), shown(next));
        return Err(Cause::Malformed { what });
    }
    let ends = |url: &Url| -> Vec<String> {
        let all: Vec<&str> = url.path_segments().into_iter().flatten().collect();
        all.iter().rev().take(tail.len()).map(|segment| segment.to_ascii_lowercase()).collect()
    };
    if ends(next) != ends(first) {
        return Err(Cause::Malformed { what: String::from("the next page is linked in another list") });
    }
    let mut url = first.clone();
    url.set_query(next.query());
    Ok(url)
}

fn key(access: &Access) -> u64 {
    let mut hasher = DefaultHasher::new();
    (access.scope.as_str(), access.kind, access.grant_id.as_str()).hash(&mut hasher);
    hasher.finish()
}

fn decode<T: DeserializeOwned>(list: &List<'_>, page: &Page, number: usize, tell: Tell<'_, T>) -> Told {
    let mut told = Told::default();
    told.gaps.extend(left_out_by_sso(&page.reply, list.scope));
    for (position, item) in page.items.iter().enumerate() {
        match serde_json::from_str::<T>(item.get()) {
            Ok(object) => tell(object, &mut told),
            Err(error) => {
                let what = format!("{}: an object of another form ({:?})", page.reply.operation, error.classify());
                told.gap(list.scope, list.place(number, position), Cause::Malformed { what });
            }
        }
    }
    told
}

/// What one walk counted.
#[derive(Debug, Default)]
struct Count {
    pages: usize,
    objects: u64,
    total: Option<u64>,
    moved: bool,
}

impl Count {
    fn add(&mut self, page: &Page) {
        self.pages += 1;
        self.objects += page.items.len() as u64;
        // Objects that come or go between two pages change the total and shift the rest.
        self.moved |= self.pages > 1 && page.total != self.total;
        self.total = page.total.or(self.total);
    }

    /// Whether the walk proves itself: one page, or a total that stood still and was reached.
    fn proven(&self, order: Order) -> bool {
        self.pages <= 1 || order != Order::Numbered || (!self.moved && self.total == Some(self.objects))
    }

    /// Another number of objects than the service announced (CMP-4).
    fn differs(&self) -> Option<Cause> {
        let announced = self.total.filter(|total| *total != self.objects)?;
        Some(Cause::CountDiffers { what: String::from("objects of the list"), announced, found: self.objects })
    }
}

/// Reads a list to its end and hands its pages over. The scope is opened, and left for the caller to seal.
pub(crate) async fn read<T: DeserializeOwned>(
    work: Work<'_>,
    list: &List<'_>,
    tell: Tell<'_, T>,
) -> Result<Whole, Failure> {
    let mut known: HashSet<u64> = HashSet::new();
    let mut offered: HashSet<ScopeName> = HashSet::new();
    let mut heard: HashSet<Gap> = HashSet::new();
    let mut before: Option<HashSet<u64>> = None;
    let mut opened: Option<Instant> = None;
    for walk_number in 1..=WALKS {
        let mut walk = Walk::new(work.hub, list)?;
        let mut keys: HashSet<u64> = HashSet::new();
        let mut count = Count::default();
        while let Some(page) = walk.step().await? {
            if opened.is_none() {
                work.open(list.scope, page.reply.at).await?;
                opened = Some(page.reply.at);
            }
            count.add(&page);
            let mut told = decode(list, &page, walk.number, &mut *tell);
            keys.extend(told.records.iter().map(key));
            told.records.retain(|record| known.insert(key(record)));
            told.offers.retain(|scope| offered.insert(scope.name.clone()));
            // A later walk may come to what the first one missed, and fail there.
            told.gaps.retain(|gap| heard.insert(gap.clone()));
            work.hand_over(told, format!("{}/{walk_number}/{}", list.scope, walk.number)).await?;
        }
        if count.proven(list.order) || before.as_ref() == Some(&keys) {
            return Ok(Whole { total: count.total, found: known.len() as u64 });
        }
        before = Some(keys);
    }
    let what = format!("the pages of the list shifted in each of {WALKS} walks");
    work.outlet.gap(Gap::scope(list.scope, Cause::NotProven { what })).await?;
    Ok(Whole { total: None, found: known.len() as u64 })
}

/// A short list as a whole: what hangs from one repository or one person.
pub(crate) async fn fetch<T: DeserializeOwned>(hub: &Hub, list: &List<'_>, tell: Tell<'_, T>) -> Result<Told, Failure> {
    let mut all = Told::default();
    let mut before: Option<HashSet<u64>> = None;
    let mut known: HashSet<u64> = HashSet::new();
    let mut heard: HashSet<Gap> = HashSet::new();
    let part = list.part.unwrap_or("list");
    for _ in 1..=WALKS {
        let mut walk = Walk::new(hub, list)?;
        let mut keys: HashSet<u64> = HashSet::new();
        let mut count = Count::default();
        while let Some(page) = walk.step().await? {
            count.add(&page);
            let told = decode(list, &page, walk.number, &mut *tell);
            keys.extend(told.records.iter().map(key));
            all.records.extend(told.records.into_iter().filter(|record| known.insert(key(record))));
            all.gaps.extend(told.gaps.into_iter().filter(|gap| heard.insert(gap.clone())));
        }
        if count.proven(list.order) || before.as_ref() == Some(&keys) {
            all.gaps.extend(count.differs().map(|cause| Gap::part(list.scope, part, cause)));
            return Ok(all);
        }
        before = Some(keys);
    }
    all.gap(list.scope, part, Cause::NotProven { what: format!("its pages shifted in each of {WALKS} walks") });
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    #[test]
    fn a_next_page_may_be_linked_by_id_and_nowhere_else() {
        let first = url("https://api.github.com/orgs/acme/hooks?per_page=100");
        let tail = ["hooks"];
        let next = |text: &str| follow(&first, &tail, &url(text)).map(String::from);
        let second = Ok(String::from("https://api.github.com/orgs/acme/hooks?per_page=100&page=2"));
        assert_eq!(next("https://api.github.com/organizations/4711/hooks?per_page=100&page=2"), second);
        assert_eq!(next("https://api.github.com/orgs/acme/hooks?per_page=100&page=2"), second);
        assert!(next("https://api.github.com/organizations/4711/members?page=2").is_err());
        assert!(next("https://elsewhere.example/orgs/acme/hooks?page=2").is_err());
        assert!(next("http://api.github.com/orgs/acme/hooks?page=2").is_err());
    }
}
