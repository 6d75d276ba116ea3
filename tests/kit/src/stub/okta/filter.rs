//! The expressions of `search` and `filter`, as far as a scanner needs them: comparisons joined by `and`.

use serde_json::Value;

/// One comparison.
#[derive(Debug, PartialEq, Eq)]
enum Term {
    Present(String),
    Equal(String, String),
    Other(String, String),
}

/// An expression; `None` where it is not one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression(Vec<Term>);

impl Expression {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        loop {
            let (field, after) = rest.split_once(' ')?;
            if let Some(after) = after.strip_prefix("pr") {
                terms.push(Term::Present(String::from(field)));
                rest = after.trim_start();
            } else {
                let (operator, after) = after.split_once(' ')?;
                let (value, after) = quoted(after.strip_prefix('"')?)?;
                terms.push(match operator {
                    "eq" => Term::Equal(String::from(field), value),
                    "ne" => Term::Other(String::from(field), value),
                    _ => return None,
                });
                rest = after.trim_start();
            }
            if rest.is_empty() {
                return Some(Self(terms));
            }
            rest = rest.strip_prefix("and ")?.trim_start();
        }
    }

    /// Whether an object fits.
    pub(super) fn fits(&self, object: &Value) -> bool {
        self.0.iter().all(|term| match term {
            Term::Present(field) => values(object, field).iter().any(|value| !value.is_null()),
            Term::Equal(field, wanted) => is_any(object, field, wanted),
            Term::Other(field, other) => !is_any(object, field, other),
        })
    }
}

fn is_any(object: &Value, field: &str, wanted: &str) -> bool {
    values(object, field).iter().any(|value| value.as_str() == Some(wanted))
}

/// Up to the closing quote; a backslash keeps the next letter as it is.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.push(letters.next()?.1),
            '"' => return Some((value, &text[at + 1..])),
            letter => value.push(letter),
        }
    }
    None
}

/// What stands at a dotted path; a list stands for each of its members.
fn values<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![object];
    for part in path.split('.') {
        found = found
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(items) => items.iter().collect::<Vec<_>>(),
                other => vec![other],
            })
            .filter_map(|value| value.get(part))
            .collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn terms_are_joined_by_and_and_values_cannot_leave_their_quotes() {
        let object = json!({"id": "x\" or", "target": [{"id": "a"}, {"id": "b"}], "none": null});
        let fits = |text: &str| Expression::parse(text).is_some_and(|expression| expression.fits(&object));
        assert!(fits("id pr"));
        assert!(!fits("none pr"));
        assert!(fits(r#"target.id eq "b" and id pr"#));
        assert!(!fits(r#"target.id eq "c""#));
        assert!(fits(r#"target.id ne "c" and id pr"#) && !fits(r#"target.id ne "b""#));
        assert!(fits(r#"id eq "x\" or""#));
        assert_eq!(Expression::parse("id"), None);
        assert_eq!(Expression::parse(r#"id gt "a""#), None);
        assert_eq!(Expression::parse(r#"id eq "open"#), None);
    }
}
