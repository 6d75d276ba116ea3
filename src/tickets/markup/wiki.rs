//! Wiki markup of Jira Data Center.
//!
//! Its renderer writes what is escaped with a backslash as numeric entities itself, and keeps those that are there
//! already; macros, links and phrases are found by their own characters. A value has none of these left.

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
        Span::Value(value) => format!("{{{{{}}}}}", referenced(&shown(value))),
        Span::Link { says, to } => {
            let to = to.as_str().replace('|', "%7C").replace(']', "%5D").replace('[', "%5B");
            format!("[{}|{to}]", ours(says))
        }
    };
    spans.iter().map(span).collect()
}

/// Words of ours. Full stops, commas and colons are no markup between words, and stay readable.
fn ours(words: &str) -> String {
    let plain = |character: char| matches!(character, '.' | ',' | '\'');
    own(words).chars().map(|c| if plain(c) { c.to_string() } else { referenced(&c.to_string()) }).collect()
}
