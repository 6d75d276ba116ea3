//! What a client asked.

use bytes::Bytes;
use http::HeaderMap;

/// One request as it arrived, with its place in the order of requests.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method, in capitals, `LIST` included.
    pub method: String,
    /// Path as it was sent, percent signs and all, without the query.
    pub path: String,
    /// Segments of the path as they were sent.
    pub raw_segments: Vec<String>,
    /// Segments of the path, percent-decoded. A slash inside a name is inside its segment here.
    pub segments: Vec<String>,
    /// The query as it was sent, without the question mark.
    pub raw_query: String,
    /// Names and values of the query, decoded.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
    /// Whether it came over HTTP/2.
    pub http2: bool,
    /// Which request to this server it is; the first is 1.
    pub number: u64,
    /// Which request of its operation it is; the first is 1.
    pub of_operation: u64,
    /// What the test calls this operation: the name that its list gives, else method and path.
    pub operation: String,
    /// `http` or `https`, host and port this server is known by; for links in answers.
    pub origin: String,
}

/// `a%2Fb+c` as text; what is no UTF-8 shows as replacement characters.
pub(super) fn decoded(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let value =
            hex.and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        if let Some(value) = value {
            out.push(value);
            at += 3;
        } else {
            out.push(if plus_is_space && bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Names and values of a query or a form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decoded(name, true), decoded(value, true))
        })
        .collect()
}

impl Asked {
    pub(super) fn new(parts: &http::request::Parts, body: Bytes, origin: &str) -> Self {
        let path = String::from(parts.uri.path());
        let raw_query = String::from(parts.uri.query().unwrap_or(""));
        let raw_segments: Vec<String> = path.split('/').skip(1).map(String::from).collect();
        Self {
            method: String::from(parts.method.as_str()),
            segments: raw_segments.iter().map(|segment| decoded(segment, false)).collect(),
            raw_segments,
            path,
            query: pairs(&raw_query),
            raw_query,
            headers: parts.headers.clone(),
            body,
            http2: parts.version == http::Version::HTTP_2,
            number: 0,
            of_operation: 0,
            operation: String::new(),
            origin: String::from(origin),
        }
    }

    /// Method and path in one text, for messages and for matching on the shape of a route:
    /// `match asked.route().as_slice() { ["GET", "orgs", org, "members"] => .. }`.
    pub fn route(&self) -> Vec<&str> {
        std::iter::once(self.method.as_str()).chain(self.segments.iter().map(String::as_str)).collect()
    }

    /// The decoded value of one query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter as a number; `otherwise` where it is absent or no number.
    pub fn number_of(&self, name: &str, otherwise: usize) -> usize {
        self.query(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }

    /// One header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token after `Bearer `, `token ` or `SSWS ` in `Authorization`.
    pub fn token(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        ["Bearer ", "bearer ", "token ", "SSWS "].iter().find_map(|scheme| value.strip_prefix(scheme))
    }

    /// The fields of a form body.
    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    /// One field of a form body.
    pub fn form_field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The address asked for, with origin and query.
    pub fn address(&self) -> String {
        let mark = if self.raw_query.is_empty() { "" } else { "?" };
        format!("{}{}{mark}{}", self.origin, self.path, self.raw_query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once_and_only_forms_take_plus_for_a_space() {
        assert_eq!(decoded("a%2Fb+c%", false), "a/b+c%");
        assert_eq!(decoded("%252F", false), "%2F");
        assert_eq!(
            pairs("q=a+b%2B&empty&x=1=2"),
            [
                (String::from("q"), String::from("a b+")),
                (String::from("empty"), String::new()),
                (String::from("x"), String::from("1=2")),
            ]
        );
    }
}
