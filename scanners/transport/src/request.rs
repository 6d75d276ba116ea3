//! A request, before anything is added to it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

/// What is to be sent. Without credentials: those are put on after every wait, by the door.
#[derive(Clone)]
pub struct Request {
    /// Method; `LIST` is one too.
    pub method: Method,
    /// Whole address. Names from outside have been encoded for their place (one segment, one query value).
    pub url: Url,
    /// Headers, none of them secret.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
}

// The body of a sign-in is a secret, and an address may hold names (SEC-3).
impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("origin", &crate::origin::shown(&self.url))
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A GET.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A request with a JSON body.
    ///
    /// # Errors
    /// A value that cannot be written as JSON.
    pub fn json(method: Method, url: Url, body: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        let body = Bytes::from(serde_json::to_vec(body)?);
        let request = Self { method, url, headers: HeaderMap::new(), body };
        Ok(request.with(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json")))
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
