//! Textile as Redmine reads it. Its parser keeps numeric character references, and looks for links, macros and mentions
//! before they are resolved.

use super::{Block, Span, Text, own, referenced, shown};

/// The whole text.
pub fn render(text: &Text) -> String {
    let mut out = String::new();
    for block in &text.blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        match block {
            Block::Heading(heading) => out.push_str(&format!("h3. {}\n", ours(heading))),
            Block::Paragraph(spans) => out.push_str(&format!("{}\n", line(spans))),
            Block::Facts(facts) => {
                for (name, spans) in facts {
                    out.push_str(&format!("* *{}*: {}\n", ours(name), line(spans)));
                }
            }
            Block::Lines(lines) => {
                for entry in lines {
                    out.push_str(&format!("* {} {}\n", if entry.done { "☑" } else { "☐" }, line(&entry.spans)));
                }
            }
            Block::Steps(steps) => {
                for spans in steps {
                    out.push_str(&format!("# {}\n", line(spans)));
                }
            }
        }
    }
    out
}

fn line(spans: &[Span]) -> String {
    let span = |span: &Span| match span {
        Span::Ours(words) => ours(words),
        Span::Value(value) => referenced(&shown(value)),
        Span::Link { says, to } => {
            let to = to.as_str().replace('"', "%22").replace('[', "%5B").replace(']', "%5D");
            format!("\"{}\":{to} ", ours(says))
        }
    };
    spans.iter().map(span).collect()
}

fn ours(words: &str) -> String {
    let plain = |character: char| matches!(character, '.' | ',' | '\'');
    own(words).chars().map(|c| if plain(c) { c.to_string() } else { referenced(&c.to_string()) }).collect()
}
