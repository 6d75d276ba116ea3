//! The two wildcards of the policy language: `*` for any run of characters, `?` for one.

/// Whether `pattern` covers `text`, case-insensitively for ASCII, as AWS compares actions.
pub(crate) fn covers(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                t += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&text[t]) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    p = star + 1;
                    t = from + 1;
                    retry = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The part before the first wildcard.
pub(crate) fn literal_start(pattern: &str) -> &str {
    pattern.find(['*', '?']).map_or(pattern, |end| &pattern[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_cover_what_aws_says_they_cover() {
        for (pattern, text) in [
            ("*", "iam:PassRole"),
            ("iam:*", "iam:PassRole"),
            ("IAM:pass*", "iam:PassRole"),
            ("iam:*Role", "iam:PassRole"),
            ("iam:P?ssRole", "iam:PassRole"),
            ("*:*", "iam:PassRole"),
            ("i*:*s*R*", "iam:PassRole"),
        ] {
            assert!(covers(pattern, text), "{pattern} covers {text}");
        }
        for (pattern, text) in [
            ("iam:Pass", "iam:PassRole"),
            ("s3:*", "iam:PassRole"),
            ("", "iam:PassRole"),
            ("iam:?Role", "iam:PassRole"),
        ] {
            assert!(!covers(pattern, text), "{pattern} does not cover {text}");
        }
        assert_eq!(literal_start("s3:Get*Object"), "s3:Get");
    }

    proptest::proptest! {
        #[test]
        fn a_text_covers_itself_and_a_star_anywhere_still_covers_it(text in "[a-zA-Z:]{0,20}", at in 0_usize..20) {
            proptest::prop_assert!(covers(&text, &text));
            let at = at.min(text.len());
            let starred = format!("{}*{}", &text[..at], &text[at..]);
            proptest::prop_assert!(covers(&starred, &text));
        }
    }
}
