//! Making foreign text inert for people's eyes.
//!
//! Everything read from a scanned system, a roster or an export is hostile: control characters drive terminals,
//! bidirectional marks reorder lines, newlines forge log entries. Formats with their own danger (spreadsheets, HTML,
//! Markdown, label values) escape in their own room, on top of this.

/// One line, safe for terminals, logs and plain text: control characters (C0, C1, DEL), bidirectional controls,
/// zero-width characters and line separators are shown escaped as `\u{...}`. Idempotent on its own output.
pub fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_dangerous(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// The same, cut to `limit` characters with an ellipsis.
pub fn short(text: &str, limit: usize) -> String {
    let safe = line(text);
    if safe.chars().count() <= limit {
        return safe;
    }
    let mut cut: String = safe.chars().take(limit.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Whether a character can change how the text around it is shown or parsed.
pub fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}'                              // soft hyphen
            | '\u{061C}'                            // Arabic letter mark
            | '\u{180E}'                            // Mongolian vowel separator
            | '\u{200B}'..='\u{200F}'               // zero width, direction marks
            | '\u{2028}'..='\u{202E}'               // line and paragraph separators, embeddings, overrides
            | '\u{2060}'..='\u{206F}'               // word joiner, isolates, deprecated format characters
            | '\u{FEFF}'                            // byte-order mark
            | '\u{FFF9}'..='\u{FFFB}'               // interlinear annotation
            | '\u{E0000}'..='\u{E007F}') // tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_newlines_cannot_act() {
        assert_eq!(line("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\u{a}c");
        assert_eq!(line("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(line("Zoë 你好 👍"), "Zoë 你好 👍");
    }

    #[test]
    fn making_inert_twice_changes_nothing_more() {
        let once = line("\u{9b}x\r\t");
        assert_eq!(line(&once), once);
    }
}
