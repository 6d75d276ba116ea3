//! What a stub answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// One whole answer. What is wrong with it on its way is the script's to say.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers; `Content-Length` and `Date` are added where they are absent.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// A status and nothing else.
    pub fn status(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// 200 with JSON.
    pub fn json(value: &Value) -> Self {
        Self::bytes("application/json", value.to_string())
    }

    /// 200 with a page of a JSON array whose members are already text: for large worlds.
    pub fn json_text(text: impl Into<Bytes>) -> Self {
        Self::bytes("application/json", text)
    }

    /// 200 with XML.
    pub fn xml(text: impl Into<Bytes>) -> Self {
        Self::bytes("text/xml", text)
    }

    /// 200 with HTML, as a login page in the place of an answer.
    pub fn html(text: impl Into<Bytes>) -> Self {
        Self::bytes("text/html; charset=utf-8", text)
    }

    /// 200 with any media type.
    pub fn bytes(media_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status: 200, headers: HeaderMap::new(), body: body.into() }.with("content-type", media_type)
    }

    /// The same with another status.
    #[must_use]
    pub fn of(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with one header more; an earlier one of the same name stays.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.append(header_name(name), header_value(value));
        self
    }

    /// The same with this header in the place of any earlier one.
    #[must_use]
    pub fn with_only(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(header_name(name), header_value(value));
        self
    }

    /// The same without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// The body as JSON; null where it is none.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The same with the JSON of its body changed.
    #[must_use]
    pub fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut value = self.value();
        change(&mut value);
        self.body = Bytes::from(value.to_string());
        self
    }
}

/// A name a test wrote.
fn header_name(name: &str) -> HeaderName {
    HeaderName::from_bytes(name.as_bytes()).unwrap_or_else(|error| bad(name, &error.to_string()))
}

fn header_value(value: &str) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|error| bad(value, &error.to_string()))
}

#[expect(clippy::panic, reason = "a stub that cannot write its answer ends the test")]
fn bad(text: &str, error: &str) -> ! {
    panic!("a stub wrote a header that cannot be sent: {text:?}: {error}")
}
