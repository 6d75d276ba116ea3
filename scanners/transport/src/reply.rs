//! A whole reply.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use scan_contract::{Cause, Instant};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::allow::AllowList;
use crate::json::{self, Damaged};
use crate::settings::Limits;
use crate::{link, origin};

/// A reply that came in whole: length, chunk end and compression end were intact, and the size within limits.
#[derive(Clone)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body after decompression.
    pub body: Bytes,
    /// The service's time of the reply (`Date` header), else ours.
    pub at: Instant,
    /// Name of the operation it answers.
    pub operation: &'static str,
    /// Where it came from.
    pub url: Url,
    /// Limits for parsing.
    pub limits: Limits,
}

// Bodies never reach a log (SEC-4).
impl std::fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reply")
            .field("operation", &self.operation)
            .field("status", &self.status.as_u16())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// A header as text; `None` if absent or not ASCII text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type without its parameters, in lower case. Empty if the reply names none.
    pub fn media_type(&self) -> String {
        let essence = self.header("content-type").and_then(|text| text.split(';').next()).unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }

    fn check_media(&self, good: impl Fn(&str) -> bool, wanted: &str) -> Result<(), Cause> {
        let media = self.media_type();
        if good(&media) {
            return Ok(());
        }
        Err(Cause::Malformed { what: format!("{}: expected {wanted}, came {}", self.operation, shown_media(&media)) })
    }

    fn check_json(&self) -> Result<(), Cause> {
        self.check_media(|media| media == "application/json" || media.ends_with("+json"), "JSON")
    }

    /// Decodes a JSON body: media type checked (`application/json` or `+json`), depth and string lengths bounded,
    /// duplicate keys and trailing text refused. The message names the operation and the place, never the value.
    ///
    /// # Errors
    /// `Malformed`, or `LimitHit` for depth and strings.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Cause> {
        self.check_json()?;
        json::decode(self.operation, &self.body, &self.limits)
    }

    /// As [`Reply::json`], for a service that sends its JSON under another media type.
    ///
    /// # Errors
    /// As [`Reply::json`].
    pub fn json_as<T: DeserializeOwned>(&self, media: &str) -> Result<T, Cause> {
        self.check_media(|found| found.eq_ignore_ascii_case(media), media)?;
        json::decode(self.operation, &self.body, &self.limits)
    }

    /// Decodes a list item by item, so that a damaged one costs itself and not its neighbours (CMP-7). `path` names the
    /// objects on the way to the list (`&["data", "users"]`); an empty one means that the body is the list.
    ///
    /// # Errors
    /// `Malformed` when there is no such list; `LimitHit` for depth and strings of the whole.
    pub fn items<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<Result<T, Damaged>>, Cause> {
        self.check_json()?;
        let raws = json::list_at(self.operation, &self.body, path, &self.limits)?;
        Ok(json::each(raws.into_iter(), &self.limits))
    }

    /// Decodes items that an envelope type of the scanner kept undecoded (`Vec<Box<RawValue>>`). Such an envelope comes
    /// from [`Reply::envelope`].
    pub fn each<T: DeserializeOwned>(&self, raws: &[Box<RawValue>]) -> Vec<Result<T, Damaged>> {
        json::each(raws.iter().map(AsRef::as_ref), &self.limits)
    }

    /// As [`Reply::json`], except that keys which stand twice are not looked for: an envelope keeps its items undecoded,
    /// and [`Reply::each`] looks at each of them.
    ///
    /// # Errors
    /// As [`Reply::json`].
    pub fn envelope<T: DeserializeOwned>(&self) -> Result<T, Cause> {
        self.check_json()?;
        json::decode_envelope(self.operation, &self.body, &self.limits)
    }

    /// The body as text, whatever its media type. Its end is not proven by this: the format has to.
    ///
    /// # Errors
    /// `Malformed` if it is not UTF-8.
    pub fn text(&self) -> Result<&str, Cause> {
        std::str::from_utf8(&self.body).map_err(|error| Cause::Malformed {
            what: format!("{}: not UTF-8 at byte {}", self.operation, error.valid_up_to()),
        })
    }

    /// The target of `rel="next"` in the `Link` headers (RFC 8288), resolved against the address of this reply.
    /// `Ok(None)`: there is no such link. The origin is checked when it is asked for.
    ///
    /// # Errors
    /// `Malformed` for a header that cannot be read, or two different next pages.
    pub fn next_link(&self) -> Result<Option<Url>, Cause> {
        let malformed = |what: &str| Cause::Malformed { what: format!("{}: {what}", self.operation) };
        let mut next: Option<Url> = None;
        for value in self.headers.get_all(http::header::LINK) {
            let text = value.to_str().map_err(|_| malformed("a Link header that is not text"))?;
            let links = link::parse(text).ok_or_else(|| malformed("a Link header of another form"))?;
            for link in links.iter().filter(|link| link.relations.iter().any(|relation| relation == "next")) {
                let url = self.url.join(link.target).map_err(|_| malformed("a next link that is no address"))?;
                if next.as_ref().is_some_and(|known| *known != url) {
                    return Err(malformed("two different next links"));
                }
                next = Some(url);
            }
        }
        Ok(next)
    }

    /// Where a redirect points. Nothing follows it by itself; a scanner may ask for it as a new request, which is held
    /// against the list and the origins like any other. `Ok(None)`: this is no redirect.
    ///
    /// # Errors
    /// `Malformed` for a target that is missing, no address, or of another origin; it names both origins.
    pub fn redirect_target(&self) -> Result<Option<Url>, Cause> {
        if !matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let malformed = |what: String| Cause::Malformed { what: format!("{}: {what}", self.operation) };
        let target = self.header("location").ok_or_else(|| malformed(String::from("a redirect without a target")))?;
        let target = self.url.join(target).map_err(|_| malformed(String::from("a redirect to what is no address")))?;
        if !origin::same(&target, &self.url) {
            let says =
                format!("a redirect from {} to {}; not followed", origin::shown(&self.url), origin::shown(&target));
            return Err(malformed(says));
        }
        Ok(Some(target))
    }

    /// A failed reply in words that hold no body and no address: `GET /orgs/{org}/members: 403, application/json,
    /// 120 bytes, request id 1234`.
    pub fn describe(&self) -> String {
        let media = self.media_type();
        let media = shown_media(&media);
        let mut says = format!("{}: {}, {media}, {} bytes", self.operation, self.status.as_u16(), self.body.len());
        let names = [
            "x-amzn-requestid",
            "x-amz-request-id",
            "x-github-request-id",
            "x-okta-request-id",
            "x-request-id",
            "request-id",
        ];
        if let Some(id) = names.iter().find_map(|name| self.header(name)).filter(|id| is_request_id(id)) {
            says.push_str(", request id ");
            says.push_str(id);
        }
        says
    }

    /// The cause for a status that no rule of the scanner explains: 401 `Unauthenticated`, 403 `Denied` with the rights
    /// of the operation where they are known, 5xx `Unreachable`, everything else `Malformed`. A redirect to another origin
    /// names both.
    pub fn unexpected(&self) -> Cause {
        if let Err(cause) = self.redirect_target() {
            return cause;
        }
        let detail = self.describe();
        match self.status.as_u16() {
            401 => Cause::Unauthenticated { detail },
            403 => Cause::Denied { permission: format!("what {} needs ({detail})", self.operation) },
            429 => Cause::Throttled { until: None },
            500..=599 => Cause::Unreachable { step: format!("ask {}", origin::shown_host(&self.url)), detail },
            _ => Cause::Malformed { what: detail },
        }
    }

    /// As [`Reply::unexpected`], with the rights that `list` names for the operation.
    pub fn unexpected_on(&self, list: &AllowList) -> Cause {
        let rights = list.find(self.operation).map(|operation| operation.rights).unwrap_or_default();
        if self.status == StatusCode::FORBIDDEN && !rights.is_empty() {
            return Cause::Denied { permission: rights.join(", ") };
        }
        self.unexpected()
    }
}

/// A media type for messages.
fn shown_media(media: &str) -> &str {
    match media {
        "" => "no media type",
        media if is_media(media) => media,
        _ => "a strange media type",
    }
}

/// Whether `media` looks like the name of a media type and nothing else: hostile text like any other. Words without
/// digits, except for the types that are known to have some.
pub(crate) fn is_media(media: &str) -> bool {
    let tops = ["application", "text", "image", "audio", "video", "multipart"];
    let tame = |c: char| c.is_ascii_lowercase() || matches!(c, '.' | '-' | '+');
    matches!(media, "application/x-amz-json-1.0" | "application/x-amz-json-1.1")
        || media
            .split_once('/')
            .is_some_and(|(top, rest)| tops.contains(&top) && (1..=40).contains(&rest.len()) && rest.chars().all(tame))
}

/// Request ids are short words. Anything else is not repeated.
fn is_request_id(text: &str) -> bool {
    (4..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | ':' | '_'))
}
