//! Characters that act on the text around them, or are not seen: our own list, made from the Unicode data and not from
//! the program under test.

/// Whether the character moves a cursor, turns a line around, ends a line, or is not seen.
pub(crate) fn acts(character: char) -> bool {
    let code = u32::from(character);
    // C0, DEL, C1.
    code < 0x20
        || (0x7f..=0x9f).contains(&code)
        // Bidi_Control (PropList.txt).
        || matches!(code, 0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069)
        // Line and paragraph separators.
        || matches!(code, 0x2028 | 0x2029)
        // Default_Ignorable_Code_Point (DerivedCoreProperties.txt): nothing is drawn for them.
        || matches!(
            code,
            0xad | 0x34f
                | 0x115f..=0x1160
                | 0x17b4..=0x17b5
                | 0x180b..=0x180f
                | 0x200b..=0x200f
                | 0x2060..=0x206f
                | 0x3164
                | 0xfe00..=0xfe0f
                | 0xfeff
                | 0xffa0
                | 0xfff0..=0xfff8
                | 0x1bca0..=0x1bca3
                | 0x1d173..=0x1d17a
                | 0xe0000..=0xe0fff
        )
        // Interlinear annotation.
        || matches!(code, 0xfff9..=0xfffb)
}

/// Panics if anything in `text` acts; line ends are allowed where `lines` says so.
pub(crate) fn check_inert(text: &str, lines: bool) {
    for character in text.chars() {
        assert!(!acts(character) || (lines && character == '\n'), "{character:?} is left in {text:?}");
    }
}
