//! What a ticket says, before any tracker's markup.
//!
//! The structure is ours and fixed; values only fill it, and every value is hostile text that a renderer shows
//! literally: no mention, no link, no image, no heading, no macro (OUT-2).

use url::Url;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Our own words.
    Ours(String),
    /// A value from outside, shown literally.
    Value(String),
    /// A link of ours (runbook, web page), never one that was read somewhere.
    Link {
        /// What it says.
        says: String,
        /// Where it leads.
        to: Url,
    },
}

/// One line of a list that can be ticked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether it is done.
    pub done: bool,
    /// What it says.
    pub spans: Vec<Span>,
}

/// A block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// Names and values.
    Facts(Vec<(String, Vec<Span>)>),
    /// Lines that can be ticked, one a finding.
    Lines(Vec<Line>),
    /// Steps in order.
    Steps(Vec<Vec<Span>>),
}

/// A whole text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// In order.
    pub blocks: Vec<Block>,
}
