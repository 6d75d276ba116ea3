//! From the bytes of a table to UTF-8.

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use scan_contract::Cause;

use crate::settings::Encoding;
use crate::source::Source;

const WINDOW: usize = 64 << 10;

/// A byte that is never valid UTF-8: it stands where the source did not decode, so that its row is recognised.
const UNDECODABLE: u8 = 0xff;

/// Gives out a table as UTF-8. Invalid UTF-8 is passed on as it is; rows are checked one by one.
pub(super) struct Text {
    source: Source,
    encoding: Encoding,
    decoder: Option<Decoder>,
    started: bool,
    ended: bool,
}

impl Text {
    pub(super) fn new(source: Source, encoding: Encoding) -> Self {
        Self { source, encoding, decoder: None, started: false, ended: false }
    }

    /// Appends some more text. `false`: the file ended, with a cause if it should not have.
    pub(super) fn more(&mut self, text: &mut Vec<u8>) -> Result<bool, Cause> {
        if self.ended {
            return Ok(false);
        }
        let mut window = vec![0; WINDOW];
        let (filled, failure) = match self.source.fill(&mut window) {
            Ok(filled) => (filled, None),
            Err((filled, cause)) => (filled, Some(cause)),
        };
        window.truncate(filled);
        self.ended = failure.is_some() || filled < WINDOW;
        let skip = if self.started { 0 } else { self.start(&window) };
        self.decode(&window[skip..], text);
        failure.map_or(Ok(true), Err)
    }

    /// Chooses the decoder; a byte-order mark wins over the configuration. Gives the mark's length.
    fn start(&mut self, window: &[u8]) -> usize {
        self.started = true;
        let (encoding, skip) = match window {
            [0xef, 0xbb, 0xbf, ..] => (None, 3),
            [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
            [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
            _ => match self.encoding {
                Encoding::Utf8 => (None, 0),
                Encoding::Utf16 => (Some(UTF_16LE), 0),
                Encoding::Windows1252 => (Some(WINDOWS_1252), 0),
            },
        };
        self.decoder = encoding.map(encoding_rs::Encoding::new_decoder_without_bom_handling);
        skip
    }

    fn decode(&mut self, mut bytes: &[u8], text: &mut Vec<u8>) {
        let Some(decoder) = &mut self.decoder else {
            text.extend_from_slice(bytes);
            return;
        };
        let mut out = vec![0; WINDOW * 3 + 16];
        loop {
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut out, self.ended);
            text.extend_from_slice(&out[..written]);
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => text.push(UNDECODABLE),
            }
        }
    }

    /// The source, once the text ended.
    pub(super) fn source(&mut self) -> &mut Source {
        &mut self.source
    }
}
