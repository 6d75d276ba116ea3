//! Path patterns: literal segments, `{name}` for one segment, `{name...}` for one or more, `{name...!a|b}` for one or more
//! of which none is `a` or `b`.

/// Longest path that is looked at, in segments. Longer ones match nothing.
const SEGMENTS: usize = 128;

/// One part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Exactly this segment, as it stands in the address.
    Exact(&'a str),
    /// One segment that is not empty.
    One,
    /// One or more segments, none of them empty, and none of them one of these words (with `|` between them).
    Many(&'a str),
}

/// Whether a segment may stand in a part that refuses `words`. It is decoded first: the other side does so as well, and
/// a word in another spelling, or a slash that hides several segments in one, must not slip through.
fn may_stand(segment: &str, words: &str) -> bool {
    if segment.is_empty() || words.is_empty() {
        return !segment.is_empty();
    }
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(segment).collect();
    !decoded.contains(&b'/') && !words.split('|').any(|word| word.as_bytes() == decoded)
}

/// The parts of a pattern. `None` if it is not one: no leading slash, braces inside a segment, an empty name.
pub(super) fn parts(pattern: &str) -> Option<Vec<Part<'_>>> {
    pattern.strip_prefix('/')?.split('/').map(part).collect()
}

fn part(segment: &str) -> Option<Part<'_>> {
    let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return (!segment.contains(['{', '}'])).then_some(Part::Exact(segment));
    };
    let plain =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if let Some((name, words)) = name.split_once("...!") {
        return (plain(name) && words.split('|').all(plain)).then_some(Part::Many(words));
    }
    let (name, part) = name.strip_suffix("...").map_or((name, Part::One), |name| (name, Part::Many("")));
    plain(name).then_some(part)
}

/// Whether `path`, as it stands in an address (still encoded), has the form of `pattern`.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (Some(parts), Some(path)) = (parts(pattern), path.strip_prefix('/')) else { return false };
    let segments: Vec<&str> = path.split('/').collect();
    if segments.len() > SEGMENTS {
        return false;
    }
    // `reached[n]`: the parts so far can stand for exactly the first n segments. One row a part, so that a pattern with
    // several `{name...}` costs parts times segments and never more.
    let mut reached = vec![false; segments.len() + 1];
    reached[0] = true;
    for part in parts {
        let mut next = vec![false; segments.len() + 1];
        for (at, segment) in segments.iter().enumerate() {
            let fits = match part {
                Part::Exact(text) => reached[at] && *segment == text,
                Part::One => reached[at] && !segment.is_empty(),
                Part::Many(words) => (reached[at] || next[at]) && may_stand(segment, words),
            };
            next[at + 1] = fits;
        }
        reached = next;
    }
    reached[segments.len()]
}

/// Whether some path has the form of both patterns.
pub(super) fn overlap(left: &str, right: &str) -> bool {
    let (Some(left), Some(right)) = (parts(left), parts(right)) else { return false };
    meet(&left, &right)
}

fn meet(left: &[Part<'_>], right: &[Part<'_>]) -> bool {
    match (left, right) {
        ([], []) => true,
        ([], _) | (_, []) => false,
        ([first, left_rest @ ..], [second, right_rest @ ..]) => {
            let fit = match (first, second) {
                (Part::Exact(one), Part::Exact(other)) => one == other,
                (Part::Exact(text), Part::Many(words)) | (Part::Many(words), Part::Exact(text)) => {
                    may_stand(text, words)
                }
                (Part::Exact(text), _) | (_, Part::Exact(text)) => !text.is_empty(),
                _ => true,
            };
            fit && (meet(left_rest, right_rest)
                || (matches!(first, Part::Many(_)) && meet(left, right_rest))
                || (matches!(second, Part::Many(_)) && meet(left_rest, right)))
        }
    }
}

/// A path for messages: segments that no pattern has in this place are names from outside, and become `{}`.
pub(super) fn without_names<'a>(path: &str, patterns: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = patterns
        .filter_map(parts)
        .flatten()
        .filter_map(|part| match part {
            Part::Exact(text) => Some(text),
            Part::One | Part::Many(_) => None,
        })
        .collect();
    let mut shown = String::new();
    for segment in path.trim_start_matches('/').split('/').take(12) {
        shown.push('/');
        shown.push_str(known.iter().find(|text| **text == segment).map_or("{}", |text| text));
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_segment_is_one_segment_and_not_empty() {
        assert!(matches("/orgs/{org}/members", "/orgs/acme/members"));
        assert!(matches("/orgs/{org}/members", "/orgs/a%2Fb/members"));
        for path in
            ["/orgs//members", "/orgs/a/b/members", "/orgs/acme/members/", "/orgs/acme", "orgs/acme/members", ""]
        {
            assert!(!matches("/orgs/{org}/members", path), "{path}");
        }
    }

    #[test]
    fn many_segments_are_one_or_more_with_literals_around_them() {
        let pattern = "/v1/{mount...}/metadata/{path...}";
        assert!(matches(pattern, "/v1/secret/metadata/a"));
        assert!(matches(pattern, "/v1/team/a/metadata/b/c"));
        assert!(matches(pattern, "/v1/metadata/metadata/metadata"));
        assert!(!matches(pattern, "/v1/metadata/metadata"));
        assert!(!matches(pattern, "/v1/secret/data/a"));
        assert!(!matches(pattern, "/v1/secret//metadata/a"));
    }

    #[test]
    fn refused_words_are_refused_in_every_spelling() {
        let pattern = "/v1/{mount...!data|creds}/metadata/{path...}";
        for path in ["/v1/secret/metadata/a", "/v1/team/kv/metadata/data/creds", "/v1/database/metadata/a"] {
            assert!(matches(pattern, path), "{path}");
        }
        for path in [
            "/v1/secret/data/metadata/a",
            "/v1/data/metadata/a",
            "/v1/secret/d%61ta/metadata/a",
            "/v1/secret%2Fdata/metadata/a",
            "/v1/secret/data/b/metadata/a",
            "/v1/db/creds/metadata/a",
        ] {
            assert!(!matches(pattern, path), "{path}");
        }
        assert!(!overlap("/v1/{mount...!data}/x", "/v1/data/x"));
        assert!(overlap("/v1/{mount...!data}/x", "/v1/kv/x"));
        for pattern in ["/{a...!}", "/{...!a}", "/{a...!b|}", "/{a!b}", "/{a...!b c}"] {
            assert!(parts(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn the_root_and_a_trailing_slash_are_literal() {
        assert!(matches("/", "/"));
        assert!(!matches("/", "/a"));
        assert!(matches("/v1/auth/", "/v1/auth/"));
        assert!(!matches("/v1/auth/", "/v1/auth"));
    }

    #[test]
    fn what_is_no_pattern_matches_nothing() {
        for pattern in ["", "orgs", "/a{b}", "/{}", "/{...}", "/{a b}", "/a/{b"] {
            assert!(parts(pattern).is_none(), "{pattern}");
            assert!(!matches(pattern, pattern), "{pattern}");
        }
    }

    #[test]
    fn overlapping_patterns_are_found() {
        assert!(overlap("/a/{b}", "/a/c"));
        assert!(overlap("/a/{b...}", "/a/{c}/d"));
        assert!(!overlap("/a/{b}", "/a/{c}/d"));
        assert!(!overlap("/a/b", "/a/c"));
    }

    #[test]
    fn names_from_outside_do_not_reach_a_message() {
        let shown = without_names("/orgs/hostile%0Aname/members", ["/orgs/{org}/repos"].into_iter());
        assert_eq!(shown, "/orgs/{}/{}");
    }

    proptest! {
        #[test]
        fn a_pattern_of_literals_matches_itself_only(segments in prop::collection::vec("[a-z.~%0-9]{1,6}", 1..6), other in "[a-z/]{0,20}") {
            let path = format!("/{}", segments.join("/"));
            prop_assert!(matches(&path, &path));
            prop_assert_eq!(matches(&path, &other), other == path);
        }

        #[test]
        fn many_takes_any_number_but_none(head in "[a-z]{1,4}", middle in prop::collection::vec("[a-z%]{1,4}", 0..10), tail in "[a-z]{1,4}") {
            let mut all = vec![head.clone()];
            all.extend(middle.clone());
            all.push(tail.clone());
            let pattern = format!("/{head}/{{x...}}/{tail}");
            prop_assert_eq!(matches(&pattern, &format!("/{}", all.join("/"))), !middle.is_empty());
        }

        #[test]
        fn nothing_panics_on_any_text(pattern in "\\PC{0,40}", path in "\\PC{0,40}") {
            let _ = matches(&pattern, &path);
            let _ = overlap(&pattern, &path);
            let _ = without_names(&path, [pattern.as_str()].into_iter());
        }
    }
}
