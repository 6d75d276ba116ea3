//! A piece of text in a chunk, or among its unescaped texts.

/// Where a text lies. Chunks and lines are far below two gigabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    /// Length; the highest bit says that it lies among the unescaped texts.
    length: u32,
}

const IN_ARENA: u32 = 1 << 31;

impl Span {
    /// No text at all.
    pub(super) const ABSENT: Self = Self { start: u32::MAX, length: 0 };

    #[inline]
    fn new(start: usize, end: usize, place: u32) -> Self {
        // Chunks are bounded by `Limits` to far less than 2^31 bytes: see `Chunker::new`.
        Self { start: narrow(start), length: narrow(end - start) | place }
    }

    #[inline]
    pub(super) fn text(start: usize, end: usize) -> Self {
        Self::new(start, end, 0)
    }

    #[inline]
    pub(super) fn arena(start: usize, end: usize) -> Self {
        Self::new(start, end, IN_ARENA)
    }

    #[inline]
    pub(super) fn is_absent(self) -> bool {
        self.start == u32::MAX
    }

    /// Its text; empty for an absent span.
    #[inline]
    pub(super) fn of<'a>(self, text: &'a str, arena: &'a str) -> &'a str {
        if self.is_absent() {
            return "";
        }
        let from = self.start as usize;
        let to = from + (self.length & !IN_ARENA) as usize;
        if self.length & IN_ARENA == 0 { &text[from..to] } else { &arena[from..to] }
    }

    /// Its text, if there is one.
    #[inline]
    pub(super) fn read<'a>(self, text: &'a str, arena: &'a str) -> Option<&'a str> {
        if self.is_absent() { None } else { Some(self.of(text, arena)) }
    }
}

/// Positions inside a chunk fit 32 bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "chunks are bounded to 2^30 bytes by `Chunker::new`")]
pub(super) fn narrow(position: usize) -> u32 {
    position as u32
}
