//! Tables read strictly (RFC 4180): the oracle of lenient readers. What it cannot read, it gives no opinion of.

/// Rows of cells with the line each begins on, or `None` where the text is not of the strict form: a quote inside an
/// unquoted cell, text behind a closing quote, a quote that is never closed, a lone carriage return.
pub(crate) fn rows(text: &str, delimiter: u8) -> Option<Vec<(usize, Vec<String>)>> {
    let mut rows = Vec::new();
    let mut rest = text.as_bytes();
    let mut line = 1;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(b"\n").or_else(|| rest.strip_prefix(b"\r\n")) {
            rest = after;
            line += 1;
            continue;
        }
        let begin = line;
        let mut cells = Vec::new();
        loop {
            let (cell, after, breaks) =
                if rest.first() == Some(&b'"') { quoted(rest)? } else { plain(rest, delimiter)? };
            cells.push(String::from_utf8(cell).ok()?);
            line += breaks;
            rest = after;
            if rest.first() == Some(&delimiter) {
                rest = &rest[1..];
                continue;
            }
            line += 1;
            rest = match rest {
                [] => rest,
                [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] => after,
                _ => return None,
            };
            break;
        }
        rows.push((begin, cells));
    }
    Some(rows)
}

type Cell<'a> = Option<(Vec<u8>, &'a [u8], usize)>;

fn quoted(text: &[u8]) -> Cell<'_> {
    let mut cell = Vec::new();
    let mut at = 1;
    loop {
        match (text.get(at)?, text.get(at + 1)) {
            (b'"', Some(b'"')) => {
                cell.push(b'"');
                at += 2;
            }
            (b'"', _) => {
                let breaks = cell.split(|byte| *byte == b'\n').count() - 1;
                return Some((cell, &text[at + 1..], breaks));
            }
            (byte, _) => {
                cell.push(*byte);
                at += 1;
            }
        }
    }
}

fn plain(text: &[u8], delimiter: u8) -> Cell<'_> {
    let end =
        text.iter().position(|byte| *byte == delimiter || matches!(byte, b'\n' | b'\r' | b'"')).unwrap_or(text.len());
    let (cell, rest) = text.split_at(end);
    (rest.first() != Some(&b'"')).then(|| (cell.to_vec(), rest, 0))
}

/// Whether a quote is opened and never closed, or text follows a closing one: a lenient reader then swallows rows. Where a
/// lone carriage return ends a row for the reader in question, `lone` says so.
pub(crate) fn is_torn(text: &str, delimiter: u8, lone: bool) -> bool {
    let ends_cell = |byte: u8| byte == delimiter || byte == b'\n' || (lone && byte == b'\r');
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        if rest[0] == b'"' {
            let Some((_, after, _)) = quoted(rest) else { return true };
            rest = after;
            let closes = rest.first().is_none_or(|next| ends_cell(*next)) || rest.starts_with(b"\r\n");
            if !closes {
                return true;
            }
        }
        let end = rest.iter().position(|byte| ends_cell(*byte)).map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
    }
    false
}
