//! `Link` headers, and where a redirect points.

use scan_transport::fuzzing::check_origin;
use scan_transport::settings::{OriginRule, Reach};

use crate::help::reply::reply;
use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "a plain next link is followed or the header is refused, never passed over; what another origin names \
    never passes the check of origins; a redirect stays where it was; no message acts";

pub(super) fn run(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let headers: Vec<(&str, &[u8])> = lines.iter().map(|line| ("link", *line)).collect();
    let Some(linked) = reply(200, &headers, b"") else { return };
    let kept = linked.headers.get_all("link").iter().count();
    match linked.next_link() {
        Ok(None) => {
            for line in linked.headers.get_all("link") {
                let text = line.to_str().expect("a header that is not text is refused");
                assert!(!has_plain_next(text), "the next page was passed over: {text:?}");
            }
        }
        Ok(Some(url)) => {
            assert!(kept > 0);
            let rule =
                OriginRule { scheme: "https".into(), host: "api.example".into(), port: 443, reach: Reach::Public };
            let passes = check_origin(rule, &url).expect("a sound rule").is_ok();
            let own = url.scheme() == "https"
                && url.host_str() == Some("api.example")
                && url.port_or_known_default() == Some(443)
                && url.username().is_empty()
                && url.password().is_none();
            assert_eq!(passes, own, "{url}");
        }
        Err(cause) => check_inert(&cause.to_string(), false),
    }
    let Some(redirect) = reply(302, &[("location", lines[0])], b"") else { return };
    match redirect.redirect_target() {
        Ok(target) => {
            let target = target.expect("302 is a redirect");
            assert_eq!(target.origin(), redirect.url.origin(), "{target}");
        }
        Err(cause) => check_inert(&cause.to_string(), false),
    }
}

/// A header of nothing but plain links, one of which says next: `<a>; rel="next", <b>; rel=last`.
fn has_plain_next(text: &str) -> bool {
    let mut next = false;
    for link in text.split(", ") {
        let Some((target, relation)) = link.split_once("; rel=") else { return false };
        let target = target.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let word = relation.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(relation);
        let plain = word.bytes().all(|byte| byte.is_ascii_alphabetic()) && !word.is_empty();
        let Some(target) = target.filter(|target| plain && !target.contains(['<', '>', '"', ',', ';'])) else {
            return false;
        };
        next |= word.eq_ignore_ascii_case("next") && !target.is_empty();
    }
    next
}
