//! Slack: rich text blocks, and the line above them that notifications show.
//!
//! In rich text blocks mentions, links and emoji are elements of their own, and a text element is shown as it is
//! (docs.slack.dev, "Rich text block"). In the line, `&`, `<` and `>` are written as entities, which leaves nothing that a
//! mention or a link could begin with, and it is sent with `mrkdwn: false` and `parse: none`.

use serde_json::{Value, json};

use super::{Block, Span, Text, own, shown};

/// A line for the field `text` of a message.
pub fn escape(text: &str) -> String {
    shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The elements of one rich text block.
pub fn elements(text: &Text) -> Vec<Value> {
    text.blocks.iter().map(block).collect()
}

fn block(block: &Block) -> Value {
    match block {
        Block::Heading(heading) => section(vec![words(&format!("{}\n", own(heading)), "bold")]),
        Block::Paragraph(spans) => {
            section(inline(spans).into_iter().chain([json!({ "type": "text", "text": "\n" })]).collect())
        }
        Block::Facts(facts) => list(
            "bullet",
            facts.iter().map(|(name, spans)| {
                std::iter::once(words(&format!("{}: ", own(name)), "bold")).chain(inline(spans)).collect()
            }),
        ),
        Block::Lines(lines) => list(
            "bullet",
            lines.iter().map(|line| {
                let mark = json!({ "type": "text", "text": if line.done { "☑ " } else { "☐ " } });
                std::iter::once(mark).chain(inline(&line.spans)).collect()
            }),
        ),
        Block::Steps(steps) => list("ordered", steps.iter().map(|spans| inline(spans))),
    }
}

fn list(style: &str, items: impl Iterator<Item = Vec<Value>>) -> Value {
    let items: Vec<Value> = items.map(section).collect();
    json!({ "type": "rich_text_list", "style": style, "elements": items })
}

#[expect(clippy::needless_pass_by_value, reason = "what is built is handed over")]
fn section(elements: Vec<Value>) -> Value {
    json!({ "type": "rich_text_section", "elements": elements })
}

fn inline(spans: &[Span]) -> Vec<Value> {
    let span = |span: &Span| match span {
        Span::Ours(text) => json!({ "type": "text", "text": own(text) }),
        Span::Value(value) => words(&shown(value), "code"),
        Span::Link { says, to } => json!({ "type": "link", "url": to.as_str(), "text": own(says) }),
    };
    let there = |span: &&Span| !matches!(span, Span::Ours(text) if text.is_empty());
    spans.iter().filter(there).map(span).collect()
}

fn words(text: &str, style: &str) -> Value {
    json!({ "type": "text", "text": text, "style": { style: true } })
}
