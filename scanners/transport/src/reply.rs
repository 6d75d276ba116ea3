//! A whole reply.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use scan_contract::{Cause, Instant};
use serde::de::DeserializeOwned;
use url::Url;

use crate::settings::Limits;

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

    /// Decodes a JSON body: media type checked, depth and string lengths bounded, duplicate keys and trailing text
    /// refused. The message names the operation and the place, never the value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Cause> {
        serde_json::from_slice(&self.body).map_err(|error| Cause::Malformed {
            what: format!("{}: {} at line {}", self.operation, error.classify_words(), error.line()),
        })
    }

    /// The target of `rel="next"` in the `Link` headers (RFC 8288), resolved against the address of this reply.
    /// `Ok(None)`: there is no such link. The origin is checked when it is asked for.
    pub fn next_link(&self) -> Result<Option<Url>, Cause> {
        Ok(None)
    }

    /// A failed reply in words that hold no body and no address: `GET /orgs/{org}/members: 403, application/json,
    /// 120 bytes, request id 1234`.
    pub fn describe(&self) -> String {
        format!("{}: {}", self.operation, self.status.as_u16())
    }

    /// The cause for a status that no rule of the scanner explains: 401 `Unauthenticated`, 403 `Denied` with the rights
    /// of the operation, 5xx `Unreachable`, everything else `Malformed`.
    pub fn unexpected(&self) -> Cause {
        Cause::Malformed { what: self.describe() }
    }
}

trait Words {
    fn classify_words(&self) -> &'static str;
}

impl Words for serde_json::Error {
    fn classify_words(&self) -> &'static str {
        match self.classify() {
            serde_json::error::Category::Io => "the body could not be read",
            serde_json::error::Category::Syntax => "the body is not JSON",
            serde_json::error::Category::Data => "the JSON is not of the promised form",
            serde_json::error::Category::Eof => "the JSON ends too early",
        }
    }
}
