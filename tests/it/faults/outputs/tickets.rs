//! T6 in tickets: hostile names in the markup of every tracker, as they arrived there.

use holdover_kit::stub::tracker::Dialect;
use serde_json::Value;

use super::desk::Desk;
use crate::company::{Company, account};
use crate::hostile::inert::NAMES;

/// Short enough that a ticket shows them in full.
const GRANTS: [&str; 18] = [
    "@a", "#1", "!2", "<b>", "`", "``", "|x|", "[x]", "*b*", "_i_", "-r", "=1", "\u{1b}[m", "a\nb", "{x}", "$1", "~x~",
    "&#1;",
];

/// A person for each hostile name, with accounts whose ids are hostile, too.
fn company() -> Company {
    let mut company = Company::new();
    company.records.clear();
    let field = |text: &str| format!("\"{}\"", text.replace('\0', "").replace('"', "\"\""));
    for (number, name) in NAMES.iter().enumerate() {
        company.people.push(format!(
            "h-{number},employee,ended,{},h{number}@acme.example,2020-01-01,2026-07-31,Europe/Berlin,2026-08-01T00:00:00Z",
            field(name)
        ));
        let id = serde_json::to_string(GRANTS.get(number).copied().unwrap_or(name)).expect("JSON");
        let record = account("u-x", &format!("h{number}@acme.example"), "enabled");
        company.records.push(
            record
                .replace("\"grant_id\":\"u-x\"", &format!("\"grant_id\":{id}"))
                .replace(
                    "\"grant_display\":\"u-x\"",
                    &format!("\"grant_display\":{}", serde_json::to_string(name).expect("JSON")),
                )
                .replace("\"provider_id\":\"u-x\"", &format!("\"provider_id\":{id}")),
        );
    }
    company
}

const KEYS: &str =
    "  person_display: name\n  group_by: finding\n  caps: { per_run: 500, per_day: 500 }\n  breaker: { floor: 500 }\n";

/// Title and text of everything that arrived.
fn arrived(dialect: Dialect) -> Vec<(String, Value)> {
    let desk = Desk::open(company(), dialect, KEYS);
    let tickets = desk.bench.stub.desk.tickets().into_iter().map(|ticket| (ticket.title, ticket.body));
    let messages = desk.bench.stub.desk.messages().into_iter().map(|message| (String::new(), message.body));
    let all: Vec<(String, Value)> = tickets.chain(messages).collect();
    let keeps = Dialect::KEEPERS.contains(&dialect);
    assert!(if keeps { all.len() == NAMES.len() } else { !all.is_empty() }, "{dialect:?}: {} arrived", all.len());
    all
}

/// What no reader may be led to, mentioned by, or made to load.
const ACTIVE: [&str; 7] = ["evil.example", "<script", "<img", "@security-team", "{code", "![image", "<svg"];

/// Text that is code or escaped taken away, nothing active is left.
#[track_caller]
fn is_inert(dialect: Dialect, rest: &str, whole: &str) {
    for active in ACTIVE {
        assert!(!rest.to_lowercase().contains(active), "{dialect:?}: {active} acts in\n{whole}");
    }
}

/// Text without its numeric references: what is written so is shown and never read as markup.
fn without_references(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        left.push_str(before);
        rest = after.split_once(';').map_or("", |(_, rest)| rest);
    }
    left + rest
}

#[test]
fn t6_in_trackers_that_read_markdown_a_name_is_code() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    for dialect in [Dialect::GitHub, Dialect::GitLab] {
        let mut codes = String::new();
        for (title, body) in arrived(dialect) {
            assert!(!title.contains('\n') && !title.contains('\u{1b}'), "{title:?}");
            let text = body.as_str().expect("a text");
            let (mut rest, mut headings) = (String::new(), 0);
            for event in Parser::new_ext(text, Options::all()) {
                match event {
                    Event::Code(code) => codes.push_str(&code),
                    Event::Text(words) => rest.push_str(&words),
                    Event::Start(Tag::Heading { .. }) => headings += 1,
                    Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                        panic!("{dialect:?}: {dest_url}")
                    }
                    Event::Html(html) | Event::InlineHtml(html) => panic!("{dialect:?}: {html}"),
                    _ => {}
                }
            }
            assert_eq!(headings, 3, "{dialect:?}: ours alone\n{text}");
            is_inert(dialect, &rest, text);
            assert!(!rest.contains('@') && !rest.contains("#1"), "{dialect:?}: {rest}");
        }
        assert!(codes.contains("<script>alert(1)</script>") && codes.contains("@security-team"), "shown: {codes}");
    }
}

#[test]
fn t6_in_wiki_markup_and_textile_a_name_is_references() {
    for dialect in [Dialect::JiraDataCenter, Dialect::Redmine] {
        let all = arrived(dialect);
        let shape = |text: &str| (text.lines().count(), text.matches("h3. ").count());
        let first = shape(all[0].1.as_str().expect("a text"));
        for (_, body) in &all {
            let text = body.as_str().expect("a text");
            assert_eq!(shape(text), first, "{dialect:?}: no line and no heading more\n{text}");
            is_inert(dialect, &without_references(text), text);
        }
    }
}

#[test]
fn t6_in_a_jira_document_a_name_is_a_text_node() {
    let mut shown = String::new();
    for (_, body) in arrived(Dialect::JiraCloud) {
        let mut todo = vec![&body];
        while let Some(node) = todo.pop() {
            let kind = node["type"].as_str().unwrap_or("text");
            let known =
                ["doc", "heading", "paragraph", "bulletList", "orderedList", "listItem", "text", "strong", "code"];
            assert!(known.contains(&kind), "a node {kind}: {body}");
            if let Some(text) = node["text"].as_str() {
                assert!(!text.contains('\n') && !text.contains('\u{1b}'), "{text:?}");
                shown.push_str(text);
            }
            todo.extend(node["content"].as_array().into_iter().flatten());
            todo.extend(node["marks"].as_array().into_iter().flatten());
        }
    }
    assert!(shown.contains("<script>alert(1)</script>"), "shown as text");
}

#[test]
fn t6_in_plain_text_and_messages_a_name_is_one_line_without_a_link() {
    for dialect in [Dialect::ServiceNow, Dialect::PagerDuty, Dialect::Webhook, Dialect::Slack] {
        for (_, body) in arrived(dialect) {
            let mut todo = vec![&body];
            while let Some(value) = todo.pop() {
                match value {
                    Value::String(text) => {
                        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{dialect:?}: {text:?}");
                        let link = text.contains("://evil") || text.contains("[code]");
                        assert!(!link || dialect == Dialect::Slack, "{dialect:?}: {text}");
                        // Slack's line above is markup; everything else there stands in text elements.
                        let is_head = dialect == Dialect::Slack && body["text"] == *text;
                        assert!(!is_head || !text.contains(['<', '>']), "{dialect:?}: {text}");
                    }
                    Value::Array(items) => todo.extend(items),
                    Value::Object(fields) => {
                        let is_markup = fields.get("type").is_some_and(|kind| kind == "mrkdwn");
                        assert!(dialect != Dialect::Slack || !is_markup, "markup in a block: {body}");
                        todo.extend(fields.values());
                    }
                    _ => {}
                }
            }
        }
    }
}
