//! Values in the markup of every tracker (OUT-2).

use holdover::tickets::markup::{adf, fit, markdown, mrkdwn, plain, textile, title, title_without_references, wiki};
use holdover::tickets::text::{Block, Line, Span, Text};
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;
use url::Url;

use crate::help::unseen::{acts, check_inert};

pub(super) const HOLDS: &str = "a value is text and nothing else in every markup: no link, image, heading, mention, table, raw HTML or \
    macro comes of it; the structure has as many parts as with a harmless value; it reads back; a fitted text fits";

/// Places of the value in [`around`].
const PLACES: usize = 7;

pub(super) fn run(bytes: &[u8]) {
    let value = String::from_utf8_lossy(bytes);
    let text = around(&value);
    let shown = shown(&value);
    check_inert(&shown, false);
    check_markdown(&markdown::render(&text), &shown);
    check_document(&adf::render(&text), &shown);
    check_elements(&Value::Array(mrkdwn::elements(&text)), &shown);
    check_references(&wiki::render(&text), &wiki::render(&around("x")), &shown);
    check_references(&textile::render(&text), &textile::render(&around("x")), &shown);
    check_plain(&value, &shown);
    let line = mrkdwn::escape(&value);
    assert!(!line.contains(['<', '>', '\n']), "{line:?}");
    for limit in [40, 255] {
        for title in [title(&value, limit), title_without_references(&value, limit)] {
            assert!(title.chars().count() <= limit, "{title:?}");
            check_inert(&title, false);
        }
    }
    let quiet = title_without_references(&value, 10_000);
    let mut letters = quiet.chars().peekable();
    while let Some(letter) = letters.next() {
        let refers = matches!(letter, '@' | '#' | '!') && letters.peek().is_some_and(|next| next.is_alphanumeric());
        assert!(!refers, "{quiet:?} refers to something");
    }
    let size = |text: &Text| plain::render(text).len();
    assert!(size(&fit(&text, 1_500, size)) <= 1_500, "it does not fit");
}

fn around(value: &str) -> Text {
    let spans = || {
        vec![Span::Ours(String::from("before ")), Span::Value(String::from(value)), Span::Ours(String::from(" after"))]
    };
    let alone = || vec![Span::Value(String::from(value))];
    let to = Url::parse("https://holdover.acme.example/runbook").expect("an address");
    Text {
        blocks: vec![
            Block::Heading(String::from("Access that is still open")),
            Block::Paragraph(spans()),
            Block::Paragraph(alone()),
            Block::Facts(vec![(String::from("System"), alone())]),
            Block::Lines(vec![Line { done: true, spans: spans() }, Line { done: false, spans: alone() }]),
            Block::Steps(vec![spans(), alone()]),
            Block::Paragraph(vec![Span::Link { says: String::from("runbook"), to }]),
        ],
    }
}

/// What a reader is to see of a value.
fn shown(value: &str) -> String {
    if value.is_empty() {
        return String::from("(empty)");
    }
    let mut text = String::new();
    for character in value.chars() {
        if acts(character) {
            text.extend(character.escape_unicode());
        } else {
            text.push(character);
        }
    }
    text
}

fn check_markdown(text: &str, shown: &str) {
    let (mut codes, mut links, mut headings) = (Vec::new(), Vec::new(), 0);
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Code(code) => codes.push(code.to_string()),
            Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.to_string()),
            Event::Start(Tag::Heading { .. }) => headings += 1,
            Event::Start(
                Tag::Image { .. }
                | Tag::HtmlBlock
                | Tag::CodeBlock(_)
                | Tag::Table(_)
                | Tag::BlockQuote(_)
                | Tag::FootnoteDefinition(_),
            )
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::Rule => panic!("{shown:?} acts: {text}"),
            _ => {}
        }
    }
    assert_eq!(codes, vec![shown; PLACES], "in {text}");
    assert_eq!((links.as_slice(), headings), (["https://holdover.acme.example/runbook".to_owned()].as_slice(), 1));
}

fn check_document(document: &Value, shown: &str) {
    let known =
        ["doc", "heading", "paragraph", "bulletList", "orderedList", "listItem", "text", "strong", "code", "link"];
    let (mut codes, mut links) = (0, 0);
    let mut todo = vec![document];
    while let Some(next) = todo.pop() {
        if let Some(kind) = next["type"].as_str() {
            assert!(known.contains(&kind), "a node of the type {kind}");
            links += usize::from(kind == "link");
            if kind == "text" {
                let text = next["text"].as_str().expect("text");
                assert!(!text.is_empty(), "an empty text node, which Jira refuses");
                let marks: Vec<&str> =
                    next["marks"].as_array().into_iter().flatten().filter_map(|mark| mark["type"].as_str()).collect();
                if marks == ["code"] {
                    assert_eq!(text, shown);
                    codes += 1;
                }
            }
        }
        match next {
            Value::Object(fields) => todo.extend(fields.values()),
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    assert_eq!((codes, links), (PLACES, 1));
}

fn check_elements(elements: &Value, shown: &str) {
    let kinds = ["rich_text_section", "rich_text_list", "text", "link"];
    let mut codes = 0;
    let mut todo = vec![elements];
    while let Some(next) = todo.pop() {
        if next["style"]["code"] == true {
            assert_eq!((next["type"].as_str(), next["text"].as_str()), (Some("text"), Some(shown)));
            codes += 1;
        }
        assert!(next["type"].as_str().is_none_or(|kind| kinds.contains(&kind)), "{next}");
        todo.extend(next.as_array().into_iter().flatten());
        todo.extend(next["elements"].as_array().into_iter().flatten());
    }
    assert_eq!(codes, PLACES);
}

/// Wiki markup and Textile: with the references taken out, nothing is left of a value that could begin markup, so that
/// the text has the lines and marks of one with a harmless value.
fn check_references(text: &str, harmless: &str, shown: &str) {
    let safe: String = shown
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || letter == ' ' {
                letter.to_string()
            } else {
                format!("&#{};", u32::from(letter))
            }
        })
        .collect();
    assert!(text.matches(&safe).count() >= PLACES, "{safe} is not in {text}");
    assert_eq!(text.lines().count(), harmless.lines().count(), "a line more or less: {text}");
    let marks = |text: &str| text.chars().filter(|letter| "*_-+^~[]{}|!\"@<>=".contains(*letter)).count();
    assert_eq!(marks(text), marks(harmless), "a mark more or less: {text}");
}

fn check_plain(value: &str, shown: &str) {
    let text = plain::value(value);
    let lower = text.to_lowercase();
    assert!(!text.contains('\n') && !text.contains("://"), "{text:?}");
    assert!(!lower.contains("[code]") && !lower.contains("[/code]"), "{text:?}");
    let back = |text: &str| text.replace("\\u{3a}", ":").replace("\\u{5b}", "[");
    assert_eq!(back(&text), back(shown));
}
