//! Atlassian Document Format, the JSON document that Jira Cloud keeps texts in.
//!
//! Mentions, links and emoji are nodes and marks of their own; the text of a text node is never parsed. Source: the JSON
//! schema of `@atlaskit/adf-schema` (`text` is not empty; `code` may stand beside no mark but `link`).

use serde_json::{Value, json};

use super::{Block, Span, Text, own, shown};

/// The whole document.
pub fn render(text: &Text) -> Value {
    let mut content: Vec<Value> = text.blocks.iter().map(block).collect();
    if content.is_empty() {
        content.push(paragraph(Vec::new()));
    }
    json!({ "type": "doc", "version": 1, "content": content })
}

fn block(block: &Block) -> Value {
    match block {
        Block::Heading(heading) => {
            json!({ "type": "heading", "attrs": { "level": 3 }, "content": [words(&own(heading), Vec::new())] })
        }
        Block::Paragraph(spans) => paragraph(inline(spans)),
        Block::Facts(facts) => list(
            "bulletList",
            facts.iter().map(|(name, spans)| {
                let name = words(&format!("{}: ", own(name)), vec![json!({ "type": "strong" })]);
                std::iter::once(name).chain(inline(spans)).collect()
            }),
        ),
        Block::Lines(lines) => list(
            "bulletList",
            lines.iter().map(|line| {
                let mark = words(if line.done { "☑ " } else { "☐ " }, Vec::new());
                std::iter::once(mark).chain(inline(&line.spans)).collect()
            }),
        ),
        Block::Steps(steps) => list("orderedList", steps.iter().map(|spans| inline(spans))),
    }
}

fn list(kind: &str, items: impl Iterator<Item = Vec<Value>>) -> Value {
    let items: Vec<Value> =
        items.map(|content| json!({ "type": "listItem", "content": [paragraph(content)] })).collect();
    // A list without an item is no valid node.
    if items.is_empty() { paragraph(Vec::new()) } else { json!({ "type": kind, "content": items }) }
}

#[expect(clippy::needless_pass_by_value, reason = "what is built is handed over")]
fn paragraph(content: Vec<Value>) -> Value {
    json!({ "type": "paragraph", "content": content })
}

fn inline(spans: &[Span]) -> Vec<Value> {
    let span = |span: &Span| match span {
        Span::Ours(text) => words(&own(text), Vec::new()),
        Span::Value(value) => words(&shown(value), vec![json!({ "type": "code" })]),
        Span::Link { says, to } => words(&own(says), vec![json!({ "type": "link", "attrs": { "href": to.as_str() } })]),
    };
    let there = |span: &&Span| !matches!(span, Span::Ours(text) if text.is_empty());
    spans.iter().filter(there).map(span).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "what is built is handed over")]
fn words(text: &str, marks: Vec<Value>) -> Value {
    if marks.is_empty() {
        json!({ "type": "text", "text": text })
    } else {
        json!({ "type": "text", "text": text, "marks": marks })
    }
}
