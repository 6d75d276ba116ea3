//! Turning bytes into text without guessing: a byte-order mark wins, otherwise the declared encoding holds, and what
//! does not decode is an error with its position.

use std::io::{self, Read};

use encoding_rs::{DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use scan_contract::{Quotes, Torn};
use thiserror::Error;

use super::settings::Encoding;

const CHUNK: usize = 64 * 1024;

/// Why bytes are not text. Positions count bytes of the file from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Undecodable {
    #[error("byte {position} is not {encoding}; the file may be {guess}: set `encoding`, or export it again")]
    Byte { position: u64, encoding: &'static str, guess: &'static str },
    #[error("the file ends inside a character at byte {position}: it was cut off")]
    Cut { position: u64 },
    #[error("declared as utf-16, but there is no byte-order mark to tell the byte order")]
    NoMark,
    #[error(
        "a NUL character before byte {position}: the file is not plain text, or it is UTF-16 without a byte-order mark"
    )]
    Nul { position: u64 },
}

/// A reader of UTF-8 text over a file in any supported encoding. It also watches what tells a whole file from a cut
/// one: how it ends and, in a table, whether its quotes hold together.
pub(super) struct TextReader<R> {
    inner: R,
    declared: Encoding,
    decoder: Option<encoding_rs::Decoder>,
    input: Vec<u8>,
    input_at: usize,
    at_end: bool,
    position: u64,
    output: Vec<u8>,
    output_at: usize,
    finished: bool,
    quotes: Option<Quotes>,
    last: Option<u8>,
}

impl<R: Read> TextReader<R> {
    pub(super) fn new(inner: R, declared: Encoding) -> Self {
        Self {
            inner,
            declared,
            decoder: None,
            input: Vec::new(),
            input_at: 0,
            at_end: false,
            position: 0,
            output: Vec::new(),
            output_at: 0,
            finished: false,
            quotes: None,
            last: None,
        }
    }

    /// Follows the quotes of a table whose cells stand between `delimiter`. Called before anything is read.
    pub(super) fn watch_quotes(&mut self, delimiter: u8) {
        self.quotes = Some(Quotes::new(delimiter));
    }

    /// What tears the table. Meaningful once the text was read to its end.
    pub(super) fn torn(&self) -> Option<Torn> {
        self.quotes.as_ref().and_then(Quotes::torn)
    }

    /// Whether the text ends with a line break. Meaningful once the text was read to its end.
    pub(super) fn ends_with_line_break(&self) -> bool {
        matches!(self.last, Some(b'\n' | b'\r'))
    }

    fn fill_input(&mut self) -> io::Result<()> {
        self.input.drain(..self.input_at);
        self.input_at = 0;
        while !self.at_end && self.input.len() < CHUNK {
            let before = self.input.len();
            self.input.resize(CHUNK, 0);
            let read = match self.inner.read(&mut self.input[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                other => {
                    let read = other?;
                    self.at_end = read == 0;
                    read
                }
            };
            self.input.truncate(before + read);
        }
        Ok(())
    }

    fn start(&mut self) -> Result<encoding_rs::Decoder, Undecodable> {
        let (encoding, mark) = match self.input.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => (UTF_8, 3),
            [0xFF, 0xFE, ..] => (UTF_16LE, 2),
            [0xFE, 0xFF, ..] => (UTF_16BE, 2),
            _ => match self.declared {
                Encoding::Utf8 => (UTF_8, 0),
                Encoding::Windows1252 => (WINDOWS_1252, 0),
                Encoding::Utf16 => return Err(Undecodable::NoMark),
            },
        };
        self.input_at = mark;
        self.position = mark as u64;
        Ok(encoding.new_decoder_without_bom_handling())
    }

    fn decode(&mut self) -> io::Result<()> {
        self.output.clear();
        self.output_at = 0;
        if self.input_at == self.input.len() || self.decoder.is_none() {
            self.fill_input()?;
        }
        let mut decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => self.start().map_err(refused)?,
        };
        let pending = &self.input[self.input_at..];
        self.output.resize(CHUNK * 2, 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(pending, &mut self.output, self.at_end);
        let consumed = &pending[..read];
        // These five bytes have no character in Windows-1252; the web's decoder lets them pass as control characters.
        if decoder.encoding() == WINDOWS_1252
            && let Some(hole) = consumed.iter().position(|byte| matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D))
        {
            let position = self.position + hole as u64;
            return Err(refused(Undecodable::Byte { position, encoding: "windows-1252", guess: "utf-8" }));
        }
        self.input_at += read;
        self.position += read as u64;
        self.output.truncate(written);
        // Text of UTF-16 that is taken for UTF-8 is full of these, and they say more than the byte that breaks it.
        if memchr_nul(&self.output) {
            return Err(refused(Undecodable::Nul { position: self.position }));
        }
        if let DecoderResult::Malformed(length, behind) = result {
            let position = self.position.saturating_sub(u64::from(length) + u64::from(behind));
            let cut = self.at_end && self.input_at == self.input.len() && self.position - position < 4;
            return Err(refused(match (cut, decoder.encoding() == UTF_8) {
                (true, false) => Undecodable::Cut { position },
                (_, true) => Undecodable::Byte { position, encoding: "utf-8", guess: "windows-1252, or cut off there" },
                (false, false) => Undecodable::Byte { position, encoding: "utf-16", guess: "damaged" },
            }));
        }
        if let Some(quotes) = &mut self.quotes {
            quotes.follow(&self.output);
        }
        if let Some(last) = self.output.last() {
            self.last = Some(*last);
        }
        self.finished = self.at_end && self.input_at == self.input.len() && result == DecoderResult::InputEmpty;
        self.decoder = Some(decoder);
        Ok(())
    }
}

fn memchr_nul(text: &[u8]) -> bool {
    text.contains(&0)
}

fn refused(why: Undecodable) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl<R: Read> Read for TextReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.output_at == self.output.len() {
            if self.finished {
                return Ok(0);
            }
            self.decode()?;
        }
        let ready = &self.output[self.output_at..];
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.output_at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], declared: Encoding) -> Result<String, String> {
        let mut text = String::new();
        TextReader::new(bytes, declared).read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string())
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let mark = '\u{FEFF}';
        let units: Vec<u16> = std::iter::once(mark).chain(text.chars()).collect::<String>().encode_utf16().collect();
        units.iter().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn a_byte_order_mark_wins_over_the_declared_encoding() {
        for declared in [Encoding::Utf8, Encoding::Utf16, Encoding::Windows1252] {
            assert_eq!(text(b"\xEF\xBB\xBFZo\xC3\xAB", declared).as_deref(), Ok("Zoë"));
            assert_eq!(text(&utf16("Zoë 你", false), declared).as_deref(), Ok("Zoë 你"));
            assert_eq!(text(&utf16("Zoë 👍", true), declared).as_deref(), Ok("Zoë 👍"));
        }
    }

    #[test]
    fn without_a_mark_the_declared_encoding_holds() {
        assert_eq!(text("Zoë".as_bytes(), Encoding::Utf8).as_deref(), Ok("Zoë"));
        assert_eq!(text(b"Zo\xEB \x80", Encoding::Windows1252).as_deref(), Ok("Zoë €"));
    }

    #[test]
    fn what_does_not_decode_is_refused_with_its_position() {
        let says = text(b"id\nZo\xEB,x\n", Encoding::Utf8).expect_err("latin-1 bytes are not utf-8");
        assert!(says.contains("byte 5 is not utf-8"), "{says}");
        let says = text(b"id\nZo\x81\n", Encoding::Windows1252).expect_err("a hole in windows-1252");
        assert!(says.contains("byte 5"), "{says}");
        assert!(text(b"id\n", Encoding::Utf16).expect_err("no mark").contains("byte-order mark"));
        assert!(text(b"i\0d\0", Encoding::Utf8).expect_err("utf-16 without a mark").contains("NUL"));
        assert!(text(b"Z\0o\0\xEB\0", Encoding::Utf8).expect_err("utf-16 with a letter").contains("UTF-16"));
    }

    #[test]
    fn a_utf16_file_cut_inside_a_character_is_refused() {
        let whole = utf16("ab", false);
        let says = text(&whole[..whole.len() - 1], Encoding::Utf16).expect_err("half a unit");
        assert!(says.contains("cut off"), "{says}");
    }

    #[test]
    fn chunks_do_not_split_characters() {
        let long = "ä€👍".repeat(60_000);
        assert_eq!(text(long.as_bytes(), Encoding::Utf8).as_deref(), Ok(long.as_str()));
        assert_eq!(text(&utf16(&long, true), Encoding::Utf16).as_deref(), Ok(long.as_str()));
    }
}
