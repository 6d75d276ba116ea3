//! Which headers of an answer are written down, and in which form. An allow-list with a shape for each: a header that
//! may stay still loses whatever does not look like what it is for.

use std::collections::BTreeMap;

use url::Url;

use crate::dialect::hint;
use crate::origin;
use crate::reply::{Reply, is_media};

/// Longest value that is written down, in bytes. Links have a limit of their own.
const LONGEST: usize = 4 * 1024;
/// Stands for links that cannot be read: they cannot be read in a replay either, where none at all would be the last page.
const NO_LINK: &str = "(cannot be read)";

/// The headers of `reply` that may be written down.
pub(super) fn keep(reply: &Reply) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    if let Some(link) = next(reply) {
        kept.insert(String::from(http::header::LINK.as_str()), link);
    }
    for name in reply.headers.keys() {
        let values: Vec<&str> = reply.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        let value = values.join(", ");
        if value.len() > LONGEST {
            continue;
        }
        if let Some(value) = shape(name.as_str(), &value, &reply.url) {
            kept.insert(String::from(name.as_str()), value);
        }
    }
    kept
}

fn shape(name: &str, value: &str, url: &Url) -> Option<String> {
    match name {
        "content-type" => media(value),
        "date" => hint::http_date(value).map(|at| httpdate::fmt_http_date(at.into())),
        "age" | "ratelimit-limit" | "ratelimit-remaining" | "ratelimit-reset" => number(value),
        "location" => target(value, url),
        "x-ratelimit-resource" => word(value),
        "x-oauth-scopes" => words(value),
        "x-github-sso" => sso(value),
        "x-github-media-type" | "x-github-enterprise-version" | "x-github-api-version-selected" => version(value),
        "github-authentication-token-expiration" => date(value),
        "x-amzn-errortype" => kind(value),
        "www-authenticate" => challenge(value),
        name if name.starts_with("x-ratelimit-") || name.starts_with("x-rate-limit-") => number(value),
        name if name.starts_with("x-accepted-") => words(value),
        _ => None,
    }
}

fn kept(value: &str, tame: impl Fn(char) -> bool) -> Option<String> {
    value.chars().all(tame).then(|| String::from(value))
}

fn media(value: &str) -> Option<String> {
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    is_media(&essence).then_some(essence)
}

fn number(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value.len() <= 15 && value.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| String::from(value))
}

/// Scopes and permissions are lower-case words. A token has digits or capitals.
fn words(value: &str) -> Option<String> {
    kept(value, |c| c.is_ascii_lowercase() || matches!(c, ':' | '_' | '-' | '=' | ',' | ';' | ' '))
}

fn word(value: &str) -> Option<String> {
    kept(value, |c| c.is_ascii_lowercase() || c == '_').filter(|value| value.len() <= 40)
}

/// `github.v3; format=json`, `3.17.2`, `2022-11-28`: short words and numbers. A secret is one long word.
fn version(value: &str) -> Option<String> {
    let tame = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ';' | ' ' | '=');
    let short = value.split(|c: char| !c.is_ascii_alphanumeric()).all(|word| word.len() <= 10);
    kept(value, tame).filter(|value| short && value.len() <= 40)
}

/// `2026-07-31 12:00:00 UTC`.
fn date(value: &str) -> Option<String> {
    kept(value, |c| c.is_ascii_digit() || matches!(c, '-' | ':' | ' ' | '+' | 'U' | 'T' | 'C'))
        .filter(|value| value.len() <= 30)
}

/// `com.amazonaws.iam#AccessDeniedException:http://...`: the name of the error alone.
fn kind(value: &str) -> Option<String> {
    let name = value.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    kept(name, |c| c.is_ascii_alphabetic()).filter(|name| name.len() <= 60)
}

/// Why a bearer token was refused (RFC 6750, 3.1), and nothing else of the challenge.
fn challenge(value: &str) -> Option<String> {
    let words = ["invalid_request", "invalid_token", "insufficient_scope"];
    let word = words.into_iter().find(|word| value.contains(&format!("error=\"{word}\"")))?;
    Some(format!("Bearer error=\"{word}\""))
}

/// `required; url=...` or `partial-results; organizations=1,2`. The address in it carries an authorisation request.
fn sso(value: &str) -> Option<String> {
    let tame = |part: &&str| {
        let part = part.trim();
        matches!(part, "required" | "partial-results")
            || part
                .strip_prefix("organizations=")
                .is_some_and(|ids| ids.chars().all(|c| c.is_ascii_digit() || c == ','))
    };
    let parts: Vec<&str> = value.split(';').filter(tame).map(str::trim).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The next page alone, as path and query: what the scanner will ask for anyway. It is read as the scanner reads it.
fn next(reply: &Reply) -> Option<String> {
    let Ok(next) = reply.next_link() else { return Some(String::from(NO_LINK)) };
    let target = next?;
    if !origin::same(&target, &reply.url) {
        // Kept as what it is, since it has to be refused again; without its path.
        return Some(format!("<{}/>; rel=\"next\"", origin::shown(&target)));
    }
    Some(format!("<{}>; rel=\"next\"", path_and_query(&target)))
}

/// Where a redirect points: the path, and of the query what we had asked ourselves.
fn target(value: &str, url: &Url) -> Option<String> {
    let mut target = url.join(value).ok()?;
    if !origin::same(&target, url) {
        return Some(format!("{}/", origin::shown(&target)));
    }
    let ours: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let pairs: Vec<(String, String)> = target.query_pairs().into_owned().filter(|pair| ours.contains(pair)).collect();
    target.set_query(None);
    if !pairs.is_empty() {
        target.query_pairs_mut().extend_pairs(pairs);
    }
    Some(path_and_query(&target))
}

fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| String::from(url.path()), |query| format!("{}?{query}", url.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(name: &str, value: &str) -> Option<String> {
        shape(name, value, &Url::parse("https://api.example/orgs/acme?per_page=100&q=x").unwrap())
    }

    #[test]
    fn what_a_scanner_reads_is_kept() {
        for (name, value) in [
            ("x-accepted-github-permissions", "organization_administration=read; contents=read,metadata=read"),
            ("x-oauth-scopes", "admin:org, read:org, repo:status"),
            ("x-ratelimit-remaining", "4999"),
            ("x-ratelimit-resource", "code_search"),
            ("x-rate-limit-reset", "1785499200"),
            ("x-github-sso", "partial-results; organizations=21955855,20582480"),
            ("x-github-media-type", "github.v3; format=json"),
            ("github-authentication-token-expiration", "2026-07-31 12:00:00 UTC"),
            ("date", "Fri, 31 Jul 2026 12:00:00 GMT"),
        ] {
            assert_eq!(shaped(name, value).as_deref(), Some(value), "{name}");
        }
        assert_eq!(
            shaped("content-type", "application/x-amz-json-1.1; charset=utf-8").unwrap(),
            "application/x-amz-json-1.1"
        );
        assert_eq!(shaped("x-amzn-errortype", "a.b#AccessDeniedException:http://x/").unwrap(), "AccessDeniedException");
        let challenge = r#"Bearer authorization_uri="https://x/", realm="y", scope="okta.users.read", error="insufficient_scope", error_description="z""#;
        assert_eq!(shaped("www-authenticate", challenge).unwrap(), r#"Bearer error="insufficient_scope""#);
        assert_eq!(shaped("location", "/orgs/new?per_page=100&token=y").unwrap(), "/orgs/new?per_page=100");
        assert_eq!(shaped("location", "https://evil.test/orgs?per_page=100").unwrap(), "https://evil.test:443/");
    }

    fn linked(values: &[&[u8]]) -> Reply {
        let mut headers = http::HeaderMap::new();
        for value in values {
            headers.append("link", http::HeaderValue::from_bytes(value).unwrap());
        }
        Reply {
            status: http::StatusCode::OK,
            headers,
            body: bytes::Bytes::new(),
            at: crate::testing::now(),
            operation: "op",
            url: Url::parse("https://api.example/orgs/acme?per_page=100&q=x").unwrap(),
            limits: crate::settings::Limits::default(),
        }
    }

    /// What a replay makes of the link that was kept.
    fn replayed(live: &Reply) -> Result<Option<Url>, scan_contract::Cause> {
        let kept = keep(live);
        let value = kept.get("link").map(String::as_bytes);
        linked(value.as_slice()).next_link()
    }

    #[test]
    fn of_links_the_next_page_stays_however_long_the_others_are() {
        let short = linked(&[br#"</a?after=1>; rel="next", </a>; rel="self""#]);
        assert_eq!(keep(&short)["link"], r#"</a?after=1>; rel="next""#);
        let long = format!("</a?after={}>; rel=\"next\", </b?{}>; rel=\"first\"", "x".repeat(3000), "y".repeat(3000));
        let long = linked(&[long.as_bytes()]);
        assert!(long.next_link().unwrap().is_some());
        assert_eq!(replayed(&long), long.next_link());
        let last = linked(&[br#"</a>; rel="self""#]);
        assert_eq!((keep(&last).get("link"), replayed(&last)), (None, Ok(None)));
    }

    #[test]
    fn links_that_cannot_be_read_are_no_last_page_in_a_replay() {
        for values in [
            &[&br#"</a?canary\xff>; rel="next""#[..], &b"\xff"[..]][..],
            &[br#"/a?canary; rel="next""#],
            &[br#"<https://[canary>; rel="next""#],
            &[br#"</a?canary=1>; rel="next""#, br#"</a?canary=2>; rel="next""#],
            &["x".repeat(20_000).as_bytes()],
        ] {
            let live = linked(values);
            assert!(live.next_link().is_err(), "{values:?}");
            assert!(replayed(&live).is_err(), "{values:?}");
            assert!(!keep(&live)["link"].contains("canary"), "{values:?}");
        }
    }

    #[test]
    fn what_is_not_known_or_does_not_look_like_itself_goes() {
        for (name, value) in [
            ("etag", "\"abc\""),
            ("x-request-id", "1234"),
            ("set-cookie", "a=b"),
            ("authorization", "x"),
            ("x-oauth-scopes", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
            ("x-ratelimit-limit", "many"),
            ("x-ratelimit-resource", "core2"),
            ("date", "today"),
            ("content-type", "s3cret"),
            ("www-authenticate", "Negotiate abc"),
            ("x-github-enterprise-version", "0123456789abcdef0123456789abcdef"),
            ("x-github-sso", "url=https://github.example/?authorization_request=x"),
        ] {
            assert_eq!(shaped(name, value), None, "{name}");
        }
    }
}
