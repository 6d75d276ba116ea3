//! A text in the markup of a tracker. Structure is ours; a value is literal wherever it stands (OUT-2).
//!
//! | file | whose | how a value is kept literal |
//! |---|---|---|
//! | [`adf`] | Jira Cloud | a text node of its own; nothing in it is parsed |
//! | [`wiki`] | Jira Data Center | numeric entities for everything but letters, digits and blanks |
//! | [`textile`] | Redmine | the same |
//! | [`markdown`] | GitHub, GitLab, Redmine | a code span with a fence longer than any run of backticks in it |
//! | [`plain`] | Request Tracker, ServiceNow, PagerDuty, webhooks | no markup; what viewers link or obey by themselves is broken up |
//! | [`mrkdwn`] | Slack | text elements of rich text blocks; `&`, `<` and `>` as entities in the line above them |
//!
//! Every value is one line first: what moves a cursor, turns a line around or is not seen is shown as `\u{...}`.

#![expect(clippy::format_push_string, reason = "texts are short, and the lines read better so")]

pub mod adf;
pub mod markdown;
pub mod mrkdwn;
pub mod plain;
#[cfg(test)]
mod tests;
pub mod textile;
pub mod wiki;

use super::text::{Block, Line, Span, Text};
use crate::hostile;

/// A value as it is shown everywhere: one line, nothing invisible, and never nothing at all.
fn shown(value: &str) -> String {
    if value.is_empty() { String::from("(empty)") } else { hostile::line(value) }
}

/// Words of ours on one line.
fn own(words: &str) -> String {
    hostile::line(words)
}

/// A line of text without any markup, for titles: one line of at most `limit` characters, cut at its end with an ellipsis.
pub fn title(text: &str, limit: usize) -> String {
    hostile::short(text.trim(), limit)
}

/// The text, with as many of its lines left out at the end as it takes to fit `limit`. What was left out is counted in a
/// paragraph of its own; no line is cut. Only where nothing but the frame is left, and does not fit either, are long
/// values shortened. `size` gives the length of a rendered text in whatever the tracker counts.
pub fn fit(text: &Text, limit: usize, size: impl Fn(&Text) -> usize) -> Text {
    if size(text) <= limit {
        return text.clone();
    }
    let all = count_lines(text);
    // The size grows with the number of lines: the largest number that fits is found by halving.
    let (mut fits, mut too_many) = (None, all);
    let mut low = 0;
    while low < too_many {
        let middle = usize::midpoint(low, too_many);
        if size(&with_lines(text, middle, all)) <= limit {
            fits = Some(middle);
            low = middle + 1;
        } else {
            too_many = middle;
        }
    }
    if let Some(kept) = fits {
        return with_lines(text, kept, all);
    }
    let frame = with_lines(text, 0, all);
    for longest in [400, 120, 40, 16] {
        let shorter = shortened(&frame, longest);
        if size(&shorter) <= limit {
            return shorter;
        }
    }
    // Not even that: the frame goes from its end.
    let mut least = shortened(&frame, 16);
    while least.blocks.len() > 1 && size(&least) > limit {
        least.blocks.pop();
    }
    least
}

fn count_lines(text: &Text) -> usize {
    text.blocks.iter().map(|block| if let Block::Lines(lines) = block { lines.len() } else { 0 }).sum()
}

fn with_lines(text: &Text, keep: usize, all: usize) -> Text {
    let mut left = keep;
    let mut blocks = Vec::with_capacity(text.blocks.len() + 1);
    let mut last = 0;
    for block in &text.blocks {
        if let Block::Lines(lines) = block {
            let now = left.min(lines.len());
            left -= now;
            blocks.push(Block::Lines(lines.iter().take(now).cloned().collect()));
            last = blocks.len();
        } else {
            blocks.push(block.clone());
        }
    }
    if keep < all {
        let out = all - keep;
        let says = format!(
            "{out} more {} left out here, because this tracker takes no longer text. The report of the run has all of them.",
            if out == 1 { "line is" } else { "lines are" }
        );
        blocks.insert(last, Block::Paragraph(vec![Span::Ours(says)]));
    }
    blocks.retain(|block| !matches!(block, Block::Lines(lines) if lines.is_empty()));
    Text { blocks }
}

fn shortened(text: &Text, longest: usize) -> Text {
    let spans = |spans: &[Span]| -> Vec<Span> {
        let shorter = |span: &Span| match span {
            Span::Value(value) => Span::Value(hostile::short(value, longest)),
            Span::Ours(_) | Span::Link { .. } => span.clone(),
        };
        spans.iter().map(shorter).collect()
    };
    let block = |block: &Block| match block {
        Block::Heading(heading) => Block::Heading(hostile::short(heading, longest.max(80))),
        Block::Paragraph(inner) => Block::Paragraph(spans(inner)),
        Block::Facts(facts) => Block::Facts(facts.iter().map(|(name, value)| (name.clone(), spans(value))).collect()),
        Block::Lines(lines) => {
            Block::Lines(lines.iter().map(|line| Line { done: line.done, spans: spans(&line.spans) }).collect())
        }
        Block::Steps(steps) => Block::Steps(steps.iter().map(|step| spans(step)).collect()),
    };
    Text { blocks: text.blocks.iter().map(block).collect() }
}

/// A title of at most `limit` characters for trackers that read references in titles, and know no way to write one
/// literally: a blank after each mark leaves none.
pub fn title_without_references(text: &str, limit: usize) -> String {
    let mut quiet = String::with_capacity(text.len() + 8);
    let apart = text.replace("://", ": //");
    let mut letters = apart.chars().peekable();
    while let Some(letter) = letters.next() {
        quiet.push(letter);
        let mark = matches!(letter, '@' | '#' | '!' | '~' | '&' | '%' | '$');
        if mark && letters.peek().is_some_and(|next| !next.is_whitespace()) {
            quiet.push(' ');
        }
    }
    title(&quiet, limit)
}

/// Numeric character references for everything but letters, digits and blanks. Wiki renderers keep such references as
/// they are and look for their own markup before they are resolved, so that none of it can be written with them.
fn referenced(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.is_alphanumeric() || character == ' ' {
            safe.push(character);
        } else {
            safe.push_str(&format!("&#{};", u32::from(character)));
        }
    }
    safe
}
