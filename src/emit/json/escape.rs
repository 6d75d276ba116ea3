//! JSON text without a character that could act in a terminal or reorder a line. JSON itself leaves DEL, C1
//! controls, bidirectional marks and zero-width characters as they are; here they are written as `\u` escapes, which
//! every reader turns back into the same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::emit::EmitError;
use crate::hostile;

struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Nearly every text is plain ASCII: one look at its bytes, one write.
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut plain_from = 0;
        for (at, character) in fragment.char_indices() {
            if hostile::is_dangerous(character) {
                writer.write_all(&fragment.as_bytes()[plain_from..at])?;
                let mut units = [0_u16; 2];
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                plain_from = at + character.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[plain_from..])
    }
}

/// Writes one value on one line, without a line end.
pub fn write_value<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> Result<(), EmitError> {
    // Into a buffer first: serialisation writes a few bytes at a time, and each would go through `dyn Write`.
    let mut text = Vec::with_capacity(4 * 1024);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Inert))?;
    out.write_all(&text)?;
    Ok(())
}

/// Writes one value and a line feed.
pub fn write_line<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> Result<(), EmitError> {
    write_value(out, value)?;
    out.write_all(b"\n")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_is_left_and_every_reader_gets_the_text_back() {
        let text = "a\u{1b}[31m\u{9b}b\u{202e}c\u{200b}d\u{7f}e\nf\"g\\h\u{e0041}i Zoë 👍";
        let mut bytes = Vec::new();
        write_value(&mut bytes, text).expect("a vector takes everything");
        let written = String::from_utf8(bytes).expect("UTF-8");
        assert!(!written.chars().any(hostile::is_dangerous), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).expect("JSON"), text);
        assert!(written.contains("Zoë 👍"));
    }
}
