//! Names from scanned systems that go into further requests (NET-6).

use scan_contract::Cause;
use scan_transport::encode::{join, query, segment};
use url::Url;

use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "a name fills exactly one segment of a path or one value of a query, comes back as it was, and moves \
    the address to no other place; what cannot be written is refused in words that do not act";

pub(super) fn run(bytes: &[u8]) {
    let name = String::from_utf8_lossy(bytes);
    let base = Url::parse("https://api.example/v1").expect("an address");
    match segment(&name) {
        Err(cause) => {
            assert!(!matches!(cause, Cause::Bug { .. }));
            check_inert(&cause.to_string(), false);
        }
        Ok(encoded) => {
            assert!(encoded.is_ascii() && !encoded.contains(['/', '?', '#', '\\', ' ']), "{encoded:?}");
        }
    }
    assert!(query(&name).is_ascii() && !query(&name).contains(['&', '#', '=', ' ']), "{:?}", query(&name));
    let Ok(url) = join(&base, &["users", &name, "keys"], &[("q", &name), ("page", "2")]) else { return };
    assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("api.example"), None), "{url}");
    assert!(url.username().is_empty() && url.fragment().is_none(), "{url}");
    let segments: Vec<&str> = url.path_segments().expect("a path").collect();
    assert_eq!((segments.len(), segments[0], segments[1], segments[3]), (4, "v1", "users", "keys"), "{url}");
    assert_eq!(decoded(segments[2]), name.as_bytes(), "{url}");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs, [("q".to_owned(), name.to_string()), ("page".to_owned(), "2".to_owned())], "{url}");
}

fn decoded(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = (*first == b'%').then(|| after.get(..2)).flatten();
        let read = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(read.unwrap_or(*first));
        rest = if read.is_some() { &after[2..] } else { after };
    }
    bytes
}
