//! A reply that never came over a network.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use scan_transport::Reply;
use scan_transport::settings::Limits;
use url::Url;

use super::now;

/// A reply with these headers and body.
pub(crate) fn reply(status: u16, headers: &[(&str, &[u8])], body: &[u8]) -> Option<Reply> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            map.append(name, value);
        }
    }
    Some(Reply {
        status: StatusCode::from_u16(status).ok()?,
        headers: map,
        body: body.to_vec().into(),
        at: now(),
        operation: "GET /fuzz",
        url: Url::parse("https://api.example/things?page=1").ok()?,
        limits: Limits { body: 1 << 20, depth: 12, string: 400, headers: 16 * 1024 },
    })
}

/// The part of a text before a blank line as headers, and the rest as the body.
pub(crate) fn parse(bytes: &[u8]) -> (Vec<(&str, &[u8])>, &[u8]) {
    let mut headers = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if line.is_empty() {
            break;
        }
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && let Ok(name) = std::str::from_utf8(&line[..colon])
        {
            headers.push((name, line[colon + 1..].trim_ascii()));
        }
    }
    (headers, rest)
}
