//! `Link` headers (RFC 8288).

/// One link: its target as written, and its relations in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    pub(crate) target: &'a str,
    pub(crate) relations: Vec<String>,
}

/// Longest header that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// The links of one header value. `None` if it is not of the promised form: a link that is skipped quietly could be the
/// next page.
pub(crate) fn parse(value: &str) -> Option<Vec<Link<'_>>> {
    if value.len() > LONGEST {
        return None;
    }
    let mut links = Vec::new();
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        // Empty elements are allowed in lists (RFC 9110, 5.6.1).
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
            continue;
        }
        let (target, after) = rest.strip_prefix('<')?.split_once('>')?;
        let (relations, after) = parameters(after)?;
        links.push(Link { target: target.trim(), relations });
        rest = after;
    }
    Some(links)
}

/// The relations among the parameters, and what stands after them: nothing, or the comma before the next link.
fn parameters(text: &str) -> Option<(Vec<String>, &str)> {
    let mut relations: Option<Vec<String>> = None;
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix(';') {
        let after = after.trim_start();
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            Some(after) => parameter_value(after.trim_start())?,
            None => (String::new(), after),
        };
        // The first one counts (RFC 8288, 3.3).
        if name.trim().eq_ignore_ascii_case("rel") && relations.is_none() {
            relations = Some(value.split_ascii_whitespace().map(str::to_ascii_lowercase).collect());
        }
        rest = after.trim_start();
    }
    let ends = rest.is_empty() || rest.starts_with(',');
    ends.then(|| (relations.unwrap_or_default(), rest))
}

fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((String::from(value.trim()), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::option_option, reason = "outer: the header can be read; inner: there is a next page")]
    fn next(value: &str) -> Option<Option<String>> {
        let links = parse(value)?;
        Some(
            links
                .into_iter()
                .find(|link| link.relations.iter().any(|rel| rel == "next"))
                .map(|link| link.target.to_owned()),
        )
    }

    #[test]
    fn the_next_page_is_found_in_every_spelling() {
        for value in [
            r#"<https://a.example/x?page=2>; rel="next""#,
            r#"<https://a.example/x?page=1>; rel="prev", <https://a.example/x?page=2>; rel="next", <z>; rel="last""#,
            "<https://a.example/x?page=2>;rel=next",
            r#"<https://a.example/x?page=2>; title="a, \"b\"; rel=\"prev\""; REL="Last NEXT""#,
            r#", ,<https://a.example/x?page=2>;anchor;rel = "next" ,"#,
        ] {
            assert_eq!(next(value), Some(Some("https://a.example/x?page=2".into())), "{value}");
        }
    }

    #[test]
    fn no_next_page_is_not_the_same_as_a_header_that_cannot_be_read() {
        assert_eq!(next(r#"<https://a.example/>; rel="last""#), Some(None));
        assert_eq!(next(r#"<https://a.example/>; rel="nextpage""#), Some(None));
        assert_eq!(next(""), Some(None));
        for value in [
            "https://a.example/; rel=next",
            "<https://a.example/",
            r#"<a>; rel="next"#,
            "<a> rel=next",
            "<a>; rel=\"\\",
        ] {
            assert_eq!(next(value), None, "{value}");
        }
    }

    #[test]
    fn a_comma_inside_a_target_does_not_cut_it() {
        assert_eq!(
            next("<https://a.example/x?ids=1,2;3>; rel=next"),
            Some(Some("https://a.example/x?ids=1,2;3".into()))
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(value in "\\PC{0,80}", pieces in prop::collection::vec("[<>;,=\"\\\\a-z ]{0,6}", 0..20)) {
            let _ = parse(&value);
            let _ = parse(&pieces.concat());
        }

        #[test]
        fn what_is_written_well_is_read_back(targets in prop::collection::vec("[a-z0-9/?=&,;:.]{1,30}", 1..5)) {
            let value: Vec<String> = targets.iter().map(|target| format!("<{target}>; rel=\"next\"; title=\"<x>, y\"")).collect();
            let value = value.join(", ");
            let read: Vec<String> = parse(&value).unwrap().iter().map(|link| link.target.to_owned()).collect();
            prop_assert_eq!(read, targets);
        }
    }
}
