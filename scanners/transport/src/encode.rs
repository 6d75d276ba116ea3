//! Names from outside, encoded for their place in an address (NET-6): one path segment, or one query value. A name can
//! never become another path, another parameter or another host.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use scan_contract::Cause;
use url::Url;

/// Everything but unreserved characters (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as one path segment.
///
/// # Errors
/// `Malformed` for a name that no encoding can carry there: empty, `.` or `..`, which every client and server resolves
/// away, encoded or not.
pub fn segment(name: &str) -> Result<String, Cause> {
    if matches!(name, "" | "." | "..") {
        let what = if name.is_empty() { "an empty name" } else { "a name of dots alone" };
        return Err(Cause::Malformed { what: format!("{what} cannot be asked for") });
    }
    Ok(utf8_percent_encode(name, ESCAPED).to_string())
}

/// A name as one query value.
pub fn query(value: &str) -> String {
    utf8_percent_encode(value, ESCAPED).to_string()
}

/// The address of `segments` below `base`, with a query. Path and query of `base` are kept in front.
///
/// # Errors
/// `Malformed` for a name that cannot be a segment; see [`segment`].
pub fn join(base: &Url, segments: &[&str], pairs: &[(&str, &str)]) -> Result<Url, Cause> {
    let mut path = String::from(base.path().trim_end_matches('/'));
    for name in segments {
        path.push('/');
        path.push_str(&segment(name)?);
    }
    let mut url = base.clone();
    url.set_path(if path.is_empty() { "/" } else { &path });
    Ok(with_query(url, pairs))
}

/// The same address with these pairs behind its query.
#[must_use]
pub fn with_query(mut url: Url, pairs: &[(&str, &str)]) -> Url {
    let added: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", query(key), query(value))).collect();
    if added.is_empty() {
        return url;
    }
    let before = url.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&")).unwrap_or_default();
    url.set_query(Some(&format!("{before}{}", added.join("&"))));
    url
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    fn base() -> Url {
        Url::parse("https://api.example/v1").unwrap()
    }

    #[test]
    fn a_name_is_one_segment_whatever_is_in_it() {
        for (name, path) in [
            ("acme", "/v1/orgs/acme"),
            ("a/b", "/v1/orgs/a%2Fb"),
            ("../admin", "/v1/orgs/..%2Fadmin"),
            ("a%2fb", "/v1/orgs/a%252fb"),
            ("a?b#c&d=e", "/v1/orgs/a%3Fb%23c%26d%3De"),
            ("-rf", "/v1/orgs/-rf"),
            ("a\nb", "/v1/orgs/a%0Ab"),
            ("ü", "/v1/orgs/%C3%BC"),
            ("a\\b", "/v1/orgs/a%5Cb"),
            ("...", "/v1/orgs/..."),
        ] {
            assert_eq!(join(&base(), &["orgs", name], &[]).unwrap().path(), path, "{name:?}");
        }
        for name in ["", ".", ".."] {
            assert!(matches!(join(&base(), &["orgs", name], &[]), Err(Cause::Malformed { .. })), "{name:?}");
        }
    }

    #[test]
    fn query_values_stay_values() {
        let url = join(&base(), &[], &[("q", "a&b=c d+e#f"), ("n", "1")]).unwrap();
        assert_eq!(url.as_str(), "https://api.example/v1?q=a%26b%3Dc%20d%2Be%23f&n=1");
        assert_eq!(with_query(url, &[("m", "2")]).query(), Some("q=a%26b%3Dc%20d%2Be%23f&n=1&m=2"));
        assert_eq!(
            join(&Url::parse("https://api.example").unwrap(), &[], &[]).unwrap().as_str(),
            "https://api.example/"
        );
    }

    proptest! {
        #[test]
        fn every_name_comes_back_and_changes_nothing_else(name in "\\PC{1,20}|[./%?#\\\\@:]{3,8}", value in "\\PC{0,20}") {
            prop_assume!(!matches!(name.as_str(), "." | ".."));
            let url = join(&base(), &["a", &name, "z"], &[("k", &value)]).unwrap();
            prop_assert_eq!(url.host_str(), Some("api.example"));
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4);
            prop_assert_eq!(percent_decode_str(segments[2]).decode_utf8().unwrap(), name);
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, vec![(String::from("k"), value)]);
        }
    }
}
