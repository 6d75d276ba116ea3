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

/// Whether a character can change how the text around it is shown or parsed, or is not seen itself: controls,
/// `Bidi_Control`, the separators of lines and paragraphs, and `Default_Ignorable_Code_Point` of the Unicode data. With
/// the last ones two names can look the same, and a text can carry another one unseen; that the variation of an emoji
/// goes with them is the lesser harm.
pub fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}'                              // soft hyphen
            | '\u{034F}'                            // combining grapheme joiner
            | '\u{061C}'                            // Arabic letter mark
            | '\u{115F}'..='\u{1160}'               // Hangul fillers
            | '\u{17B4}'..='\u{17B5}'               // Khmer inherent vowels
            | '\u{180B}'..='\u{180F}'               // Mongolian variation selectors, vowel separator
            | '\u{200B}'..='\u{200F}'               // zero width, direction marks
            | '\u{2028}'..='\u{202E}'               // line and paragraph separators, embeddings, overrides
            | '\u{2060}'..='\u{206F}'               // word joiner, isolates, deprecated format characters
            | '\u{3164}'                            // Hangul filler
            | '\u{FE00}'..='\u{FE0F}'               // variation selectors
            | '\u{FEFF}'                            // byte-order mark
            | '\u{FFA0}'                            // halfwidth Hangul filler
            | '\u{FFF0}'..='\u{FFFB}'               // not assigned and ignorable; interlinear annotation
            | '\u{1BCA0}'..='\u{1BCA3}'             // shorthand format controls
            | '\u{1D173}'..='\u{1D17A}'             // musical format controls
            | '\u{E0000}'..='\u{E0FFF}') // tags, variation selectors, not assigned and ignorable
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
    fn what_nobody_sees_is_shown() {
        for unseen in ['\u{34f}', '\u{115f}', '\u{3164}', '\u{ffa0}', '\u{fe0f}', '\u{e0101}', '\u{1d173}'] {
            assert_eq!(line(&format!("ana{unseen}")), format!("ana{}", unseen.escape_unicode()));
        }
        // Its twin: marks that are drawn on the letter before them stay.
        assert_eq!(line("Zoe\u{308} ก็"), "Zoe\u{308} ก็");
    }

    #[test]
    fn making_inert_twice_changes_nothing_more() {
        let once = line("\u{9b}x\r\t");
        assert_eq!(line(&once), once);
    }
}
