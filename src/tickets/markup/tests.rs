//! Hostile values in every markup: nothing of them acts, and they read back as they were given.

use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;
use url::Url;

use super::super::text::{Block, Line, Span, Text};
use super::{adf, fit, markdown, mrkdwn, plain, referenced, shown, textile, title, wiki};

/// What does something in some tracker.
fn hostile() -> Vec<String> {
    let mut all: Vec<String> = holdover_kit::suite::hostile_names();
    let more = [
        "@security-team please",
        "@octocat",
        "#1 !2 $3 GH-4 acme/offboarding#5",
        "[click](http://evil.example/)",
        "![image](http://evil.example/x.png)",
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "# heading",
        "text\n# heading\n/close",
        "/close",
        "`code`",
        "``` fence ```",
        "`",
        "``",
        " ",
        "   ",
        " ` ",
        "$`math`$",
        ":rocket:",
        "{code}rm -rf{code}",
        "{noformat}x{noformat}",
        "{html}<b>{html}",
        "!http://evil.example/x.png!",
        "[~admin]",
        "[click|http://evil.example/]",
        "*bold* _it_ -del- +ins+ ^sup^ ~sub~ ??cite??",
        "h1. heading",
        "bq. quote",
        "|a|b|",
        "SEC-1042",
        "SEC-1042);)",
        "\"link\":http://evil.example/",
        "!http://evil.example/x.png!",
        "[[Wiki]] {{include(Secret)}} {{>toc}}",
        "commit:abc user#1 r12 #12",
        "<pre><code>",
        "<!channel> <!here> <@U123> <#C123> <http://evil.example|click>",
        "&lt;!channel&gt; &amp; &#42;",
        "[code]<script>alert(1)</script>[/code]",
        "[CODE]<b>[/Code]",
        "http://evil.example/ https://evil.example",
        "\u{202e}gnp.exe\u{202c}\u{200b}",
        "one\r\ntwo\u{2028}three\u{0}",
        "nul\u{0}byte \u{feff}",
        "",
    ];
    all.extend(more.map(String::from));
    all
}

fn around(value: &str) -> Text {
    let spans = || {
        vec![Span::Ours(String::from("before ")), Span::Value(String::from(value)), Span::Ours(String::from(" after"))]
    };
    let alone = || vec![Span::Value(String::from(value))];
    Text {
        blocks: vec![
            Block::Heading(String::from("Access that is still open")),
            Block::Paragraph(spans()),
            Block::Paragraph(alone()),
            Block::Facts(vec![(String::from("System"), alone())]),
            Block::Lines(vec![Line { done: true, spans: spans() }, Line { done: false, spans: alone() }]),
            Block::Steps(vec![spans(), alone()]),
            Block::Paragraph(vec![Span::Link {
                says: String::from("runbook"),
                to: Url::parse("https://holdover.acme.example/runbook").expect("an address"),
            }]),
        ],
    }
}

/// Places of the value in [`around`].
const PLACES: usize = 7;

#[test]
fn in_markdown_a_value_is_code_and_nothing_else() {
    for value in hostile() {
        let text = markdown::render(&around(&value));
        let (mut codes, mut links, mut headings) = (Vec::new(), Vec::new(), 0);
        for event in Parser::new_ext(&text, Options::all()) {
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
                | Event::Rule => panic!("{value:?} acts: {text}"),
                _ => {}
            }
        }
        assert_eq!(codes, vec![shown(&value); PLACES], "{value:?} in {text}");
        assert_eq!((links.as_slice(), headings), (["https://holdover.acme.example/runbook".to_owned()].as_slice(), 1));
    }
}

fn texts(value: &Value, found: &mut Vec<(String, Vec<String>)>) {
    match value {
        Value::Object(object) => {
            let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
            let known = [
                "doc",
                "heading",
                "paragraph",
                "bulletList",
                "orderedList",
                "listItem",
                "text",
                "strong",
                "code",
                "link",
            ];
            if object.contains_key("type") {
                assert!(known.contains(&kind), "a node of the type {kind}");
            }
            if kind == "text" {
                let marks = object.get("marks").and_then(Value::as_array).into_iter().flatten();
                let marks = marks.filter_map(|mark| mark["type"].as_str()).map(String::from).collect();
                found.push((object["text"].as_str().expect("text").to_owned(), marks));
            }
            object.values().for_each(|value| texts(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        _ => {}
    }
}

#[test]
fn in_a_jira_document_a_value_is_a_text_node() {
    for value in hostile() {
        let document: Value = serde_json::from_str(&adf::render(&around(&value)).to_string()).expect("JSON");
        let mut found = Vec::new();
        texts(&document, &mut found);
        let codes: Vec<&String> = found.iter().filter(|(_, marks)| marks == &["code"]).map(|(text, _)| text).collect();
        assert_eq!(codes, vec![&shown(&value); PLACES], "{value:?}");
        assert!(found.iter().all(|(text, _)| !text.is_empty()), "no text node is empty");
        assert_eq!(found.iter().filter(|(_, marks)| marks.contains(&String::from("link"))).count(), 1);
    }
}

/// Reads numeric references back, as the renderers of both do last.
fn resolved(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        let (number, tail) = after.split_once(';').expect("a whole reference");
        out.push_str(before);
        out.push(number.parse::<u32>().ok().and_then(char::from_u32).expect("a character"));
        rest = tail;
    }
    out + rest
}

#[test]
fn in_wiki_markup_and_textile_a_value_holds_letters_digits_blanks_and_references() {
    for value in hostile() {
        let safe = referenced(&shown(&value));
        assert_eq!(resolved(&safe), shown(&value));
        // What is left once whole references are taken out can begin no markup.
        let mut rest = safe.as_str();
        let mut left = String::new();
        while let Some((before, after)) = rest.split_once("&#") {
            left.push_str(before);
            rest = after.split_once(';').expect("a whole reference").1;
        }
        left.push_str(rest);
        assert!(left.chars().all(|c| c.is_alphanumeric() || c == ' '), "{left:?}");
        for text in [wiki::render(&around(&value)), textile::render(&around(&value))] {
            assert_eq!(text.matches(&safe).count().min(PLACES), PLACES, "{text}");
            assert_eq!(text.matches("h3. ").count(), 1);
            assert_eq!(text.lines().count(), markdown::render(&around("x")).lines().count(), "no line more: {text}");
        }
    }
}

#[test]
fn in_plain_text_a_value_is_one_line_without_links_and_code_tags() {
    let unescaped = |text: &str| text.replace("\\u{3a}", ":").replace("\\u{5b}", "[");
    for value in hostile() {
        let text = plain::value(&value);
        assert!(!text.contains('\n') && !text.contains("://"), "{text:?}");
        assert!(!text.to_lowercase().contains("[code]") && !text.to_lowercase().contains("[/code]"), "{text:?}");
        assert_eq!(unescaped(&text), unescaped(&shown(&value)));
    }
}

#[test]
fn in_slack_a_value_is_a_text_element_and_the_line_above_has_no_angle_bracket() {
    for value in hostile() {
        let elements = Value::Array(mrkdwn::elements(&around(&value)));
        let mut codes = 0;
        let mut todo = vec![&elements];
        while let Some(next) = todo.pop() {
            if next["style"]["code"] == true {
                assert_eq!(
                    (next["type"].as_str(), next["text"].as_str()),
                    (Some("text"), Some(shown(&value).as_str()))
                );
                codes += 1;
            }
            let kinds = ["rich_text_section", "rich_text_list", "text", "link"];
            assert!(next["type"].as_str().is_none_or(|kind| kinds.contains(&kind)), "{next}");
            todo.extend(next.as_array().into_iter().flatten());
            todo.extend(next["elements"].as_array().into_iter().flatten());
        }
        assert_eq!(codes, PLACES);
        let line = mrkdwn::escape(&value);
        assert!(!line.contains(['<', '>', '\n']), "{line:?}");
        assert_eq!(line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), shown(&value));
    }
}

fn long(lines: usize) -> Text {
    let line = |number: usize| Line {
        done: false,
        spans: vec![Span::Value(format!("finding number {number} of many, with some words"))],
    };
    let mut text = around("x");
    text.blocks[4] = Block::Lines((0..lines).map(line).collect());
    text
}

#[test]
fn a_long_text_loses_whole_lines_at_its_end_and_says_how_many() {
    let size = |text: &Text| plain::render(text).len();
    let fitted = plain::render(&fit(&long(500), 4_000, size));
    assert!(fitted.len() <= 4_000 && fitted.len() > 3_800, "{}", fitted.len());
    let kept = fitted.matches("finding number").count();
    assert!(fitted.contains(&format!("{} more lines are left out", 500 - kept)), "{fitted}");
    assert!(
        fitted.lines().filter(|line| line.contains("finding number")).all(|line| line.ends_with("with some words"))
    );
    assert!(fitted.contains("runbook") && fitted.contains("finding number 0 "), "the frame and the worst stay");
    // Its twin that fits is left alone.
    let short = long(5);
    assert_eq!(fit(&short, 4_000, size), short);
    // One line too many is one line.
    let whole = size(&long(30));
    let one_less = fit(&long(30), whole - 1, size);
    assert!(size(&one_less) < whole);
}

#[test]
fn a_frame_that_does_not_fit_has_its_values_shortened() {
    let huge = around(&"a".repeat(100_000));
    let size = |text: &Text| plain::render(text).len();
    let fitted = fit(&huge, 2_000, size);
    assert!(size(&fitted) <= 2_000 && plain::render(&fitted).contains("aaa"));
    assert_eq!(title(&"t".repeat(300), 255).chars().count(), 255);
    assert_eq!(title("a\nb", 255), "a\\u{a}b");
}
