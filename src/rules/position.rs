//! Where a place inside an expression stands in its file.

use crate::problem::Place;

/// Finds the characters `start..end` of `expression` in the file's `text`, where the scalar that holds it begins at
/// `scalar`. The scalar may be plain, quoted, literal or folded: only white space differs. Where anything else differs
/// (an escape in quotes), the scalar itself is shown.
pub(super) fn locate(text: &str, scalar: Place, expression: &str, start: usize, end: usize) -> Place {
    find(text, scalar, expression, start, end).unwrap_or(scalar)
}

fn find(text: &str, scalar: Place, expression: &str, start: usize, end: usize) -> Option<Place> {
    let mut rest =
        characters(text).skip_while(|(at, _)| (at.line, at.column) < (scalar.line, scalar.column)).peekable();
    match rest.peek()?.1 {
        '|' | '>' => {
            let line = scalar.line;
            while rest.next_if(|(at, _)| at.line == line).is_some() {}
        }
        '"' | '\'' => {
            rest.next();
        }
        _ => {}
    }
    let mut first = None;
    let mut last = None;
    for (offset, wanted) in expression.chars().enumerate().filter(|(_, character)| !character.is_whitespace()) {
        if offset >= end {
            break;
        }
        while rest.next_if(|(_, character)| character.is_whitespace()).is_some() {}
        let (at, found) = rest.next()?;
        if found != wanted {
            return None;
        }
        if offset >= start {
            first.get_or_insert(at);
            last = Some(at);
        }
    }
    let (first, last) = (first?, last?);
    let length = if first.line == last.line { last.column - first.column + 1 } else { 1 };
    Some(Place { line: first.line, column: first.column, length })
}

fn characters(text: &str) -> impl Iterator<Item = (Place, char)> {
    let mut line = 1;
    let mut column = 0;
    text.chars().map(move |character| {
        column += 1;
        let at = Place { line, column, length: 1 };
        if character == '\n' {
            line += 1;
            column = 0;
        }
        (at, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: usize, column: usize, length: usize) -> Place {
        Place { line, column, length }
    }

    #[test]
    fn a_name_in_a_plain_and_in_a_folded_scalar_is_found_where_it_is_written() {
        let plain = "id: x\nwhen: person.acess < now\n";
        assert_eq!(locate(plain, place(2, 7, 18), "person.acess < now", 7, 12), place(2, 14, 5));
        let folded = "when: >-\n  person.id == \"a\"\n  && access.knd == \"b\"\nx: 1\n";
        let expression = "person.id == \"a\" && access.knd == \"b\"";
        let at = expression.find("knd").expect("it is there");
        assert_eq!(locate(folded, place(1, 7, 2), expression, at, at + 3), place(3, 13, 3));
    }

    #[test]
    fn an_escape_in_quotes_falls_back_to_the_scalar() {
        let quoted = "when: \"access.knd == \\\"b\\\" && x\"\n";
        let scalar = place(1, 7, 20);
        assert_eq!(locate(quoted, scalar, "access.knd == \"b\" && x", 7, 10), place(1, 15, 3));
        assert_eq!(locate(quoted, scalar, "access.knd == \"b\" && x", 21, 22), scalar);
    }
}
