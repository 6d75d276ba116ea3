//! Foreign text is inert in every format, and comes back unchanged where a format is read by programs.

use std::sync::Arc;

use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;

use super::rendered;
use crate::config::valid::{OutputFormat, PersonDisplay};
use crate::emit::{csv, run_json, sample};
use crate::hostile::is_dangerous;
use crate::report::{GateFact, Notice, NoticeLevel, Report};
use crate::roster::PersonId;

/// Names that try to be something else. Each begins with a mark that tests can look for.
pub(crate) const CORPUS: [&str; 22] = [
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "\t=1+1",
    "\r\n=1+1",
    " \"=1+1",
    "'quoted",
    "a\",\"b\",\"c\r\nfinding,\"forged\"",
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{9b}31mred",
    "admin\u{202e}txt.exe\u{202c}",
    "zero\u{200b}width\u{feff}",
    "two\nlines\r\n# heading\n- item\n> quote",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</style></title><svg/onload=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "`code` ``more`` | cell | **bold** _it_ ~~no~~ @everyone #1 https://evil.example",
    "<!-- comment --> &amp; &lt;b&gt; ]]>",
    "\\`\\[\\](x)",
    "ends with backslash\\",
];

/// A report in which every foreign text is `text`.
pub(crate) fn poisoned(text: &str) -> Report {
    let mut report = sample::rich();
    let all = || vec![text.to_owned(), text.to_owned()];
    for list in [&mut report.findings, &mut report.closed, &mut report.remnants, &mut report.licenses] {
        for finding in list.iter_mut() {
            finding.person_id = PersonId::new(text);
            finding.grant_id = text.into();
            finding.grant_display = Some(text.to_owned());
            finding.target = Some(text.to_owned());
            finding.scope = text.into();
            finding.severity_reasons = all();
            finding.matched.method = text.to_owned();
            finding.matched.evidence = all();
            finding.matched.chain = all();
            finding.notes = all();
            finding.evidence = all();
            finding.remediation = text.to_owned();
            finding.managed_by = Some(text.to_owned());
            finding.ticket = Some(text.to_owned());
            finding.owner_team = Some(Arc::from(text));
            finding.exception_id = Some(Arc::from(text));
            finding.due_rule = Arc::from(text);
            finding.controls = vec![Arc::from(text)];
            finding.access_end.zone = Arc::from(text);
            finding.last_used_at = scan_contract::Fact::Hidden(text.to_owned());
        }
    }
    poison_beside(&mut report, text);
    report
}

fn poison_beside(report: &mut Report, text: &str) {
    let all = || vec![text.to_owned()];
    for grant in &mut report.ambiguous {
        grant.grant_id = text.into();
        grant.grant_display = Some(text.to_owned());
        grant.candidates = vec![(PersonId::new(text), all())];
        grant.reason = text.to_owned();
    }
    for grant in &mut report.unattributed {
        grant.grant_id = text.into();
        grant.grant_display = Some(text.to_owned());
        grant.reason = text.to_owned();
        grant.owner_team = Some(text.to_owned());
    }
    for system in &mut report.systems {
        system.owner_team = Some(text.to_owned());
        system.notices = all();
        for cell in &mut system.impossible {
            cell.what = text.to_owned();
            cell.instead = text.to_owned();
        }
        for scope in &mut system.scopes {
            scope.name = text.into();
            scope.proof = Some(text.to_owned());
            for gap in &mut scope.gaps {
                gap.part = Some(text.to_owned());
                gap.cause = scan_contract::Cause::Malformed { what: text.to_owned() };
            }
        }
    }
    for leaver in &mut report.leavers {
        leaver.person_id = PersonId::new(text);
        leaver.display_name = Some(text.to_owned());
    }
    for exception in &mut report.exceptions {
        exception.id = Arc::from(text);
        exception.person_id = PersonId::new(text);
        exception.system = text.to_owned();
        exception.problems = all();
    }
    for sentinel in &mut report.sentinels {
        sentinel.person_id = PersonId::new(text);
        sentinel.grant_id = text.into();
    }
    for one in &mut report.contradictions {
        one.person_id = PersonId::new(text);
        one.grant_id = text.into();
        one.ticket = Some(text.to_owned());
    }
    for notice in &mut report.notices {
        notice.says = text.to_owned();
    }
    for app in &mut report.known_apps {
        app.name = text.to_owned();
        app.owner = Some(text.to_owned());
    }
    for gate in &mut report.roster.gates {
        gate.says = text.to_owned();
    }
    report.roster.conflicts = all();
    report.roster.sources[0].id = text.to_owned();
    report.run.organisation = text.to_owned();
    report.run.written = all();
}

fn each(format: OutputFormat, check: impl Fn(&str, &str, &Report)) {
    for text in CORPUS {
        let report = poisoned(text);
        check(text, &rendered(format, &report, PersonDisplay::Name), &report);
    }
}

#[test]
fn a_terminal_gets_no_character_that_acts_and_no_line_that_was_forged() {
    let lines = rendered(OutputFormat::Table, &poisoned("x"), PersonDisplay::Name).lines().count();
    each(OutputFormat::Table, |text, output, _| {
        assert!(output.chars().all(|character| character == '\n' || !is_dangerous(character)), "{text:?}");
        if text.contains('\n') {
            assert!(
                !output.lines().any(|line| line.starts_with("# heading") || line.starts_with("finding,")),
                "{text:?}"
            );
        }
        assert!(output.lines().count() >= lines, "{text:?}");
    });
}

#[test]
fn json_formats_hold_the_text_and_no_character_that_acts() {
    for format in [OutputFormat::Json, OutputFormat::Ndjson, OutputFormat::Ocsf, OutputFormat::Sarif] {
        each(format, |text, output, _| {
            assert!(
                output.chars().all(|character| character == '\n' || !is_dangerous(character)),
                "{format:?} {text:?}"
            );
            let values: Vec<Value> = match format {
                OutputFormat::Json | OutputFormat::Sarif => vec![serde_json::from_str(output).expect("JSON")],
                _ => output.lines().map(|line| serde_json::from_str(line).expect("one JSON value a line")).collect(),
            };
            assert!(values.iter().any(|value| holds(value, text)), "{format:?} {text:?}");
        });
    }
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::Object(members) => members.values().any(|value| holds(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[test]
fn csv_cells_are_no_formulas_and_come_back() {
    each(OutputFormat::Csv, |text, output, report| {
        let mut reader = ::csv::Reader::from_reader(output.as_bytes());
        assert_eq!(reader.headers().expect("a header").len(), csv::COLUMNS.len());
        let column = |name: &str| csv::COLUMNS.iter().position(|column| *column == name).expect("a column");
        let mut findings = 0;
        for record in reader.records() {
            let record = record.expect("as many cells as columns");
            for cell in &record {
                let first = cell.trim_start_matches([' ', '"', '\u{a0}']).chars().next();
                let number = cell.parse::<f64>().is_ok();
                assert!(
                    number || !matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0')),
                    "{cell:?}"
                );
                assert!(cell.chars().all(|c| !is_dangerous(c) || matches!(c, '\t' | '\r' | '\n')), "{cell:?}");
            }
            if &record[0] == "finding" {
                findings += 1;
                for name in ["grant_id", "grant_display", "person_id", "target", "ticket"] {
                    assert_eq!(csv::original(&record[column(name)]).as_deref(), Some(text), "{name}");
                }
            }
        }
        assert_eq!(findings, report.findings.len() + report.closed.len() + report.licenses.len(), "no forged record");
    });
}

#[test]
fn markdown_has_no_element_made_of_foreign_text() {
    let shape = |text: &str| -> Vec<String> {
        let options = Options::all();
        Parser::new_ext(text, options)
            .filter_map(|event| match event {
                Event::Start(tag) => Some(format!("{:?}", std::mem::discriminant(&tag))),
                Event::End(_) => Some(String::from("end")),
                Event::Html(_) | Event::InlineHtml(_) => Some(String::from("html")),
                Event::Rule => Some(String::from("rule")),
                _ => None,
            })
            .collect()
    };
    let harmless = shape(&rendered(OutputFormat::Markdown, &poisoned("harmless"), PersonDisplay::Name));
    assert!(!harmless.iter().any(|event| event == "html"));
    each(OutputFormat::Markdown, |text, output, _| {
        for event in Parser::new_ext(output, Options::all()) {
            assert!(
                !matches!(
                    event,
                    Event::Html(_)
                        | Event::InlineHtml(_)
                        | Event::FootnoteReference(_)
                        | Event::Start(Tag::Link { .. } | Tag::Image { .. })
                ),
                "{text:?}: {event:?}"
            );
        }
        assert_eq!(shape(output), harmless, "{text:?} changed the structure");
        assert!(output.chars().all(|character| character == '\n' || !is_dangerous(character)), "{text:?}");
    });
}

/// Tag names and attribute names in order, from an HTML tokenizer that is not ours.
fn tags(html: &str) -> Vec<String> {
    use html5gum::{Token, Tokenizer};
    Tokenizer::new(html)
        .filter_map(|token| match token.expect("tokenizing cannot fail on text") {
            Token::StartTag(tag) => {
                let names: Vec<String> =
                    tag.attributes.keys().map(|name| String::from_utf8_lossy(name.as_ref()).into_owned()).collect();
                Some(format!("<{} {}>", String::from_utf8_lossy(tag.name.as_ref()), names.join(" ")))
            }
            Token::EndTag(tag) => Some(format!("</{}>", String::from_utf8_lossy(tag.name.as_ref()))),
            Token::Comment(_) => Some(String::from("comment")),
            _ => None,
        })
        .collect()
}

#[test]
fn html_has_the_same_elements_whatever_the_text() {
    let harmless = tags(&rendered(OutputFormat::Html, &poisoned("harmless"), PersonDisplay::Name));
    assert!(
        harmless.iter().all(|tag| !tag.starts_with("<script") && !tag.contains(" on")),
        "no script of our own either"
    );
    each(OutputFormat::Html, |text, output, _| {
        assert_eq!(tags(output), harmless, "{text:?}");
        assert!(output.chars().all(|character| character == '\n' || !is_dangerous(character)), "{text:?}");
        assert!(output.contains("default-src 'none'"));
    });
}

#[test]
fn pseudonymous_outputs_name_nobody() {
    let mark = "alovelace";
    let mut report = poisoned(mark);
    // What an organisation says about itself, its systems and its places is no person.
    report.run.organisation = String::from("acme");
    report.run.written = Vec::new();
    report.roster.sources[0].id = String::from("hris");
    for gate in &mut report.roster.gates {
        gate.says = String::from("figures");
    }
    let first = report.roster.gates[0].clone();
    // The first line of a file that lost its headers is somebody's row.
    for (gate, says) in [("ROS-10", "sentinel "), ("ROS-2", "required columns are missing: status; found: p-1, ")] {
        report.roster.gates.push(GateFact { gate: gate.to_owned(), says: format!("{says}{mark}"), ..first.clone() });
    }
    for system in &mut report.systems {
        system.owner_team = None;
        system.impossible = Vec::new();
        for scope in &mut system.scopes {
            scope.name = "accounts".into();
            scope.proof = None;
        }
    }
    for list in [&mut report.findings, &mut report.closed, &mut report.remnants, &mut report.licenses] {
        for finding in list.iter_mut() {
            finding.scope = "accounts".into();
            finding.matched.method = String::from("login");
            finding.owner_team = None;
            finding.ticket = None;
            finding.exception_id = None;
            finding.due_rule = Arc::from("tier0");
            finding.controls = Vec::new();
            finding.access_end.zone = Arc::from("UTC");
            finding.last_used_at = scan_contract::Fact::None;
        }
    }
    for grant in &mut report.unattributed {
        grant.owner_team = None;
    }
    for exception in &mut report.exceptions {
        exception.id = Arc::from("EX-1");
        exception.system = String::from("crm");
    }
    for app in &mut report.known_apps {
        app.name = String::from("Wiki");
    }
    for one in &mut report.contradictions {
        one.owner_team = None;
        one.ticket = None;
    }
    // Whatever a run tells of people, also by an id that nobody has thought of yet.
    for (id, says) in [
        ("roster-conflict", ""),
        ("exceptions", "EX-1 is invalid: nobody has the id "),
        ("roster-returned", "back in employment: "),
        ("roster-managers", "3 managers are on no source, first: "),
        ("roster-links", "a reviewed link names "),
        ("account-contested", "crm: account "),
        ("roster-held", "the newest roster is held: ROS-10: sentinel "),
        ("roster-source", "hris: ROS-2: required columns are missing: status; found: p-1, "),
        ("of-tomorrow", ""),
    ] {
        let notice = Notice { id: id.to_owned(), level: NoticeLevel::Warning, says: format!("{says}{mark}") };
        report.notices.retain(|one| one.id != id);
        report.notices.push(notice);
    }
    let known = ["roster-conflict", "exceptions", "roster-returned", "roster-managers", "roster-links"];
    let known = [&known[..], &["account-contested", "roster-held", "roster-source", "of-tomorrow"]].concat();
    report.notices.retain(|notice| known.contains(&notice.id.as_str()));
    for format in OutputFormat::ALL {
        let output = rendered(format, &report, PersonDisplay::Pseudonym);
        assert!(
            !output.contains(mark),
            "{format:?}: {:?}",
            output.split(mark).next().map(|before| before.chars().rev().take(80).collect::<String>())
        );
        assert!(rendered(format, &report, PersonDisplay::Id).contains(mark), "{format:?}: the control must show it");
    }
}

#[test]
fn notices_of_a_system_are_withheld_with_pseudonyms_and_shown_without() {
    let says = "no password, yet a time of its change: ibrahim.ops";
    let mut report = sample::rich();
    report.systems[0].notices = vec![says.to_owned()];
    for format in [OutputFormat::Json, OutputFormat::Ndjson] {
        assert!(rendered(format, &report, PersonDisplay::Id).contains(says), "{format:?}: the control must show it");
        let output = rendered(format, &report, PersonDisplay::Pseudonym);
        assert!(!output.contains("ibrahim"), "{format:?}");
        let told = output.matches("\"notices\":[\"(withheld: may name a person)\"]").count();
        assert_eq!(told, report.systems.len(), "{format:?}: that something was said is told");
    }
}

#[test]
fn run_json_names_no_sentinel_and_no_row_and_keeps_the_figures() {
    let mut report = sample::rich();
    let first = report.roster.gates[0].clone();
    for (gate, says) in [
        ("ROS-10", "sentinel p-0010 must be in employment and is not"),
        ("ROS-2", "required columns are missing: status; found: p-0010, Ada Example"),
    ] {
        report.roster.gates.push(GateFact { gate: gate.to_owned(), says: says.to_owned(), ..first.clone() });
    }
    let mut bytes = Vec::new();
    run_json::write(&report, &mut bytes).expect("a vector takes everything");
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(!text.contains("p-0010"), "{text}");
    assert!(text.contains("\"gate\":\"ROS-10\"") && text.contains("(withheld: may name a person)"), "{text}");
    assert!(text.contains(&first.says), "a gate that counts says what it counted: {text}");
}
