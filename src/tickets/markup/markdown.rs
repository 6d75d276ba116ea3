//! Markdown as GitHub, GitLab and Redmine read it.
//!
//! A value stands in a code span (CommonMark 0.31, 6.1): no mention, reference, link, image, emoji or HTML is looked for in
//! one, and as every line of ours begins with characters of ours, no heading, list, table or quick action can begin.

use super::{Block, Span, Text, own, shown};

/// The whole text.
pub fn render(text: &Text) -> String {
    render_in(text, Dialect { ours, literal })
}

/// The whole text for Redmine, which looks for mentions in the source, and takes code spans for closed at the first backtick:
/// no `@` stands in it. A character reference outside of the code spans is shown as one.
pub fn render_for_redmine(text: &Text) -> String {
    let ours = |words: &str| ours(words).replace('@', AT);
    let literal = |value: &str| {
        let code = |part: &str| if part.is_empty() && !value.is_empty() { String::new() } else { literal(part) };
        value.split('@').map(code).collect::<Vec<String>>().join(AT)
    };
    render_in(text, Dialect { ours, literal })
}

/// How Markdown shows an `@` without one.
const AT: &str = "&#64;";

/// How words of ours and values are written.
#[derive(Clone, Copy)]
struct Dialect {
    ours: fn(&str) -> String,
    literal: fn(&str) -> String,
}

fn render_in(text: &Text, dialect: Dialect) -> String {
    let Dialect { ours, .. } = dialect;
    let line = |spans: &[Span]| line(spans, dialect);
    let mut out = String::new();
    for block in &text.blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        match block {
            Block::Heading(heading) => out.push_str(&format!("### {}\n", ours(heading))),
            Block::Paragraph(spans) => out.push_str(&format!("{}\n", line(spans))),
            Block::Facts(facts) => {
                for (name, spans) in facts {
                    out.push_str(&format!("- **{}:** {}\n", ours(name), line(spans)));
                }
            }
            Block::Lines(lines) => {
                for entry in lines {
                    out.push_str(&format!("- [{}] {}\n", if entry.done { "x" } else { " " }, line(&entry.spans)));
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

fn line(spans: &[Span], Dialect { ours, literal }: Dialect) -> String {
    let mut out = String::new();
    let mut after_code = false;
    for span in spans {
        let code = matches!(span, Span::Value(_));
        // Two code spans side by side would be one fence.
        if code && after_code {
            out.push(' ');
        }
        after_code = code;
        match span {
            Span::Ours(words) => out.push_str(&ours(words)),
            Span::Value(value) => out.push_str(&literal(value)),
            Span::Link { says, to } => {
                let to = to.as_str().replace('<', "%3C").replace('>', "%3E");
                out.push_str(&format!("[{}](<{to}>)", ours(says)));
            }
        }
    }
    out
}

/// A value as a code span.
fn literal(value: &str) -> String {
    let value = shown(value);
    let mut longest = 0;
    let mut run = 0;
    for character in value.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    // One blank at each side is taken away again, unless all is blank.
    let blank = value.chars().all(|character| character == ' ');
    let edge = |character: char| character == '`' || character == ' ';
    let padding = if !blank && (value.starts_with(edge) || value.ends_with(edge)) { " " } else { "" };
    format!("{fence}{padding}{value}{padding}{fence}")
}

/// Words of ours: what could begin markup is escaped all the same.
fn ours(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for character in own(words).chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '$') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
