//! Cuts a file into pieces that end at a line end.

use scan_contract::Cause;

use crate::settings::Limits;
use crate::source::Source;

/// Largest chunk whatever the settings say: positions inside one fit 31 bits.
const LARGEST: usize = 1 << 30;

/// Gives out the file in pieces of whole lines.
pub(super) struct Chunker {
    source: Source,
    /// Bytes read and not given out yet.
    rest: Vec<u8>,
    chunk_bytes: usize,
    line_bytes: usize,
    state: State,
}

enum State {
    Reading,
    /// Inside a line that is longer than it may be: its rest is thrown away.
    Skipping,
    /// The file ended; with the cause if it should not have.
    Ended(Option<Cause>),
}

impl Chunker {
    pub(super) fn new(source: Source, limits: Limits) -> Self {
        let line_bytes = limits.line_bytes.clamp(1, LARGEST / 2);
        let chunk_bytes = limits.chunk_bytes.clamp(line_bytes + 2, LARGEST);
        Self { source, rest: Vec::new(), chunk_bytes, line_bytes, state: State::Reading }
    }

    /// The path as configured.
    pub(super) fn path(&self) -> &str {
        self.source.path()
    }

    /// Longest line; what is longer is cut to one byte more, so that it is recognised as too long.
    pub(super) fn line_bytes(&self) -> usize {
        self.line_bytes
    }

    /// Whole lines, each with its line end; empty at the end of the file. The last line gets a line end if it has
    /// none, unless reading broke inside it: half a line is then no line.
    pub(super) fn next(&mut self) -> Vec<u8> {
        loop {
            if let State::Ended(_) = self.state {
                return std::mem::take(&mut self.rest);
            }
            let mut buffer = std::mem::take(&mut self.rest);
            let kept = buffer.len();
            buffer.resize(self.chunk_bytes, 0);
            let (filled, failure) = match self.source.fill(&mut buffer[kept..]) {
                Ok(filled) => (filled, None),
                Err((filled, cause)) => (filled, Some(cause)),
            };
            buffer.truncate(kept + filled);
            let ended = failure.is_some() || buffer.len() < self.chunk_bytes;
            if let State::Skipping = self.state {
                match memchr::memchr(b'\n', &buffer) {
                    Some(end) => {
                        buffer.drain(..=end);
                        self.state = State::Reading;
                    }
                    None => buffer.clear(),
                }
            }
            if ended {
                self.end(buffer, failure);
                continue;
            }
            match memchr::memrchr(b'\n', &buffer) {
                Some(end) => {
                    self.rest.extend_from_slice(&buffer[end + 1..]);
                    buffer.truncate(end + 1);
                    return buffer;
                }
                // A full buffer without a line end: the line is too long.
                None if buffer.len() > self.line_bytes => {
                    buffer.truncate(self.line_bytes + 1);
                    buffer.push(b'\n');
                    self.state = State::Skipping;
                    return buffer;
                }
                None => self.rest = buffer,
            }
        }
    }

    fn end(&mut self, mut buffer: Vec<u8>, failure: Option<Cause>) {
        if failure.is_some() {
            buffer.truncate(memchr::memrchr(b'\n', &buffer).map_or(0, |end| end + 1));
        } else if buffer.last().is_some_and(|last| *last != b'\n') {
            let start = memchr::memrchr(b'\n', &buffer).map_or(0, |end| end + 1);
            buffer.truncate(buffer.len().min(start + self.line_bytes + 1));
            buffer.push(b'\n');
        }
        self.rest = buffer;
        self.state = State::Ended(failure);
    }

    /// Why the file ended before its end, once [`Chunker::next`] gave nothing more.
    pub(super) fn failure(&mut self) -> Option<Cause> {
        match &mut self.state {
            State::Ended(failure) => failure.take(),
            State::Reading | State::Skipping => None,
        }
    }
}
