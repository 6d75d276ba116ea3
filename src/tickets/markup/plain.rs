//! Plain text: Request Tracker, ServiceNow, PagerDuty, webhooks.
//!
//! There is no markup to escape, but there are viewers: most make a link of `scheme://`, and ServiceNow's journal takes
//! `[code]` for HTML. Both are broken up in values by writing one character as `\u{...}`, as control characters are.

use super::{Block, Span, Text, own, shown};

/// The whole text.
pub fn render(text: &Text) -> String {
    let mut out = String::new();
    for block in &text.blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        match block {
            Block::Heading(heading) => out.push_str(&format!("{}\n{}\n", own(heading), "-".repeat(40))),
            Block::Paragraph(spans) => out.push_str(&format!("{}\n", line(spans))),
            Block::Facts(facts) => {
                for (name, spans) in facts {
                    out.push_str(&format!("{}: {}\n", own(name), line(spans)));
                }
            }
            Block::Lines(lines) => {
                for entry in lines {
                    out.push_str(&format!("[{}] {}\n", if entry.done { "x" } else { " " }, line(&entry.spans)));
                }
            }
            Block::Steps(steps) => {
                for (number, spans) in steps.iter().enumerate() {
                    out.push_str(&format!("{}. {}\n", number + 1, line(spans)));
                }
            }
        }
    }
    out
}

/// One line of spans.
pub fn line(spans: &[Span]) -> String {
    let span = |span: &Span| match span {
        Span::Ours(words) => own(words),
        Span::Value(text) => value(text),
        Span::Link { says, to } => format!("{}: {to}", own(says)),
    };
    spans.iter().map(span).collect()
}

/// A value.
pub fn value(text: &str) -> String {
    let text = shown(text).replace("://", "\\u{3a}//");
    let folded = text.to_ascii_lowercase();
    let mut safe = String::with_capacity(text.len());
    for (position, character) in text.char_indices() {
        let rest = folded.get(position..).unwrap_or_default();
        if rest.starts_with("[code]") || rest.starts_with("[/code]") {
            safe.push_str("\\u{5b}");
        } else {
            safe.push(character);
        }
    }
    safe
}
