//! One reading of a source: requests one after the other, each cursor once, to the interface's own end.

use std::collections::HashSet;
use std::sync::Arc;

use scan_contract::{Cause, Instant};
use scan_transport::{Credential, Door, Reply, Request, Secrets};
use url::Url;

use crate::source::without_query;

/// Most pages of one reading (CMP-3). Half a million people in pages of fifty.
const PAGES: u32 = 10_000;

/// What fetching needs besides the settings.
#[derive(Clone)]
pub struct Ways {
    /// The door, opened with [`crate::Source::door`] and [`crate::Source::allow`].
    pub door: Door,
    /// Where secrets come from.
    pub secrets: Arc<dyn Secrets>,
}

/// What a refusal means in the words of a system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hints {
    /// The rights that a 403 lacks.
    pub(crate) rights: &'static str,
    /// What a 404 can mean: more than one thing, as a rule.
    pub(crate) not_found: &'static str,
    /// Header in which the service explains a refusal, if it has one.
    pub(crate) explains: Option<&'static str>,
}

/// One reading.
pub(crate) struct Walk {
    door: Door,
    hints: Hints,
    pages: u32,
    seen: HashSet<String>,
    /// The service's time of its first answer: what is told is as old as that.
    began: Option<Instant>,
}

impl Walk {
    pub(crate) fn new(ways: &Ways, credential: Arc<dyn Credential>, hints: Hints) -> Self {
        // A recording needs nobody to sign in.
        let door = if ways.door.replays() { ways.door.clone() } else { ways.door.with_credential(credential) };
        Self { door, hints, pages: 0, seen: HashSet::new(), began: None }
    }

    /// The door with the credential, for requests beside the pages.
    pub(crate) fn door(&self) -> Door {
        self.door.clone()
    }

    pub(crate) fn hints(&self) -> Hints {
        self.hints
    }

    /// Instant the answers describe.
    pub(crate) fn as_of(&self) -> Instant {
        self.began.unwrap_or_else(|| self.door.now())
    }

    /// Begins again from the first page: cursors of the reading before mean nothing any more.
    pub(crate) fn again(&mut self) {
        self.seen.clear();
    }

    /// Asks for a page, whatever its status.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Reply, Cause> {
        self.pages += 1;
        if self.pages > PAGES {
            return Err(Cause::LimitHit { limit: format!("{PAGES} pages of one source") });
        }
        let reply = self.door.send(request).await?;
        self.began.get_or_insert(reply.at);
        Ok(reply)
    }

    /// Asks for a page; anything but success is a cause.
    pub(crate) async fn page(&mut self, request: Request) -> Result<Reply, Cause> {
        let reply = self.ask(request).await?;
        if reply.status.is_success() { Ok(reply) } else { Err(refusal(&reply, self.hints)) }
    }

    /// Notes that a cursor will be asked for. `false`: it was asked for before.
    pub(crate) fn is_new(&mut self, cursor: &str) -> bool {
        self.seen.insert(String::from(cursor))
    }

    /// The same, where a cursor that comes back is damage.
    pub(crate) fn follow(&mut self, cursor: &str) -> Result<(), Cause> {
        if self.is_new(cursor) {
            return Ok(());
        }
        Err(Cause::Malformed { what: format!("page {} leads to a page that was asked for before", self.pages) })
    }

    /// The address of the next page out of a link, which may be relative. Another origin is never asked (NET-2).
    pub(crate) fn link(&mut self, base: &Url, link: &str) -> Result<Url, Cause> {
        let url = base
            .join(link)
            .map_err(|_| Cause::Malformed { what: String::from("the link to the next page is no address") })?;
        if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
            let origin = |url: &Url| url.origin().ascii_serialization();
            return Err(Cause::Malformed {
                what: format!(
                    "the link to the next page leads to {}, not to {}; nothing was sent there",
                    origin(&url),
                    origin(base)
                ),
            });
        }
        self.follow(url.as_str())?;
        Ok(url)
    }
}

/// Why an answer is no answer. Names what was asked, the status, and the service's request id.
pub(crate) fn refusal(reply: &Reply, hints: Hints) -> Cause {
    let explained = hints.explains.and_then(|header| reply.header(header)).map(|text| {
        let short: String = text.chars().take(120).filter(|letter| !letter.is_control()).collect();
        format!(", it says {short:?}")
    });
    let what = format!("{} at {}{}", reply.describe(), without_query(&reply.url), explained.unwrap_or_default());
    match reply.status.as_u16() {
        401 => Cause::Unauthenticated { detail: what },
        403 => Cause::Denied { permission: format!("{} ({what})", hints.rights) },
        404 => Cause::Malformed { what: format!("{what}: {}", hints.not_found) },
        429 => Cause::Throttled { until: None },
        500.. => Cause::Unreachable { step: String::from("read the roster"), detail: what },
        _ => Cause::Malformed { what },
    }
}
