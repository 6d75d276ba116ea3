//! T5, T6, T7: names change, names are formulas and markup, names are escape sequences. (Tickets are in `tickets`.)

use std::collections::BTreeMap;

use holdover_kit::stub::tracker::Dialect;
use rustix::process::Signal;
use serde_json::Value;

use super::desk::{self, Desk};
use crate::company::{Company, NOW, Run, list, token, word};
use crate::hostile::inert::{self, NAMES, hostile_company, is_plain, read};
use crate::life::{DAYS, fresh, staff};
use crate::serve::{QUIET, Serving, today};

/// Fingerprints of [`world`], as the first release gave them. They never change: tickets, exceptions and the ledger hold
/// them. The check values of the rule itself are in `src/findings/fingerprint.rs`.
const GOLDEN: [(&str, &str); 6] = [
    ("u-1", "ra1:416b9410dd9ad00c5442a536c84abc6b"),
    ("t-1", "ra1:60cf229d83fb8d180cb2e51fb0dc6da7"),
    ("r-1", "ra1:57cca03c0dc131a994ceb99bd7f40157"),
    ("é/ключ 鍵", "ra1:b53438eeca32481249fd7d6d009ed21a"),
    ("00417", "ra1:17c536e6ba88664483c7a2a675837e4f"),
    ("u-1/phone", "ra1:6dd96fc58ad766c87ad98e3b7c391017"),
];

/// Grants of several kinds of one leaver.
fn world() -> Company {
    let mut company = Company::new();
    staff(&mut company, 20);
    company.scopes.push(String::from("sessions"));
    company.records.extend([
        r#"{"record":"access","scope":"accounts","kind":"role_binding","grant_id":"r-1","grant_display":"Admins","status":"enabled","privilege":"admin","target":"everything","parent":"u-1","evidence":"list of roles","created_at":"2024-01-09T10:00:00Z","last_used_at":null,"expires_at":null}"#.into(),
        token("é/ключ 鍵", "u-1", "enabled"),
        token("00417", "u-1", "enabled"),
        r#"{"record":"access","scope":"sessions","kind":"session","grant_id":"s-1","status":"enabled","parent":"u-1","client":"phone","created_at":"2026-07-30T08:00:00Z","last_used_at":"2026-07-30T09:00:00Z","expires_at":null}"#.into(),
    ]);
    company
}

fn prints(run: &Run) -> BTreeMap<String, String> {
    let report = run.report();
    list(&report["findings"])
        .iter()
        .map(|finding| (word(&finding["grant_id"]), word(&finding["fingerprint"])))
        .collect()
}

#[test]
fn t5_fingerprints_are_those_of_the_first_release() {
    let mut company = world();
    fresh(&mut company, 0);
    let run = company.scan_at(DAYS[0]);
    run.expect(1);
    let golden: BTreeMap<String, String> =
        GOLDEN.iter().map(|(grant, print)| (String::from(*grant), String::from(*print))).collect();
    assert_eq!(prints(&run), golden);
}

#[test]
fn t5_names_titles_and_order_may_change_and_no_finding_and_no_ticket_does() {
    let mut desk = Desk::open(world(), Dialect::JiraDataCenter, "  person_display: name\n");
    let before = desk.company.scan_at("2026-08-03T06:30:00Z");
    let tickets = desk.bench.stub.desk.tickets();
    assert_eq!((tickets.len(), tickets[0].notes.len()), (1, 0), "{tickets:?}");
    // What people see of each grant, of the person, and the order of everything.
    let company = &mut desk.company;
    let mut changed = 0;
    for record in &mut company.records {
        let old = record.clone();
        for (from, to) in [
            ("\"grant_display\":\"", "\"grant_display\":\"renamed: "),
            ("\"evidence\":\"", "\"evidence\":\"another words for: "),
            ("\"target\":\"", "\"target\":\"moved to "),
            ("\"relation\":\"holder\"", "\"relation\":\"holder\",\"name\":\"Somebody New\",\"login\":\"new-login\""),
        ] {
            *record = record.replace(from, to);
        }
        changed += usize::from(*record != old);
    }
    assert!(changed >= 3, "{changed} records read otherwise");
    company.records.reverse();
    company.people.reverse();
    let ana = company.people.iter_mut().find(|row| row.starts_with("p-1,")).expect("Ana");
    *ana = ana.replace("Ana Silva", "Ana Maria Silva de Souza");
    fresh(company, 1);
    let after = company.scan_at(DAYS[1]);
    after.expect(1);
    assert_eq!(prints(&after), prints(&before));
    assert!(after.closed().is_empty());
    for grant in prints(&after).keys() {
        assert_eq!(after.finding(grant)["first_seen_at"], DAYS[0], "{grant} is as old as it was");
    }
    assert!(after.stdout.contains("renamed") || after.finding("u-1")["grant_display"] == "renamed: u-1");
    // None: no new ticket, no comment, nobody is told.
    desk::sync(desk.path(), 0);
    let now = desk.bench.stub.desk.tickets();
    assert_eq!((now.len(), now[0].notes.len(), now[0].closed), (1, 0, false), "{now:?}");
    assert_eq!(desk.bench.creations(), 1);
}

/// What a cell was made from, by the rule in docs/outputs.md: an apostrophe in front is ours; with a backslash behind it,
/// the rest is escaped.
fn undone(cell: &str) -> String {
    let Some(rest) = cell.strip_prefix('\'') else { return String::from(cell) };
    let Some(escaped) = rest.strip_prefix('\\') else { return String::from(rest) };
    let mut text = String::new();
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('u') => {
                let code: String = letters.by_ref().skip(1).take_while(|letter| *letter != '}').collect();
                let code = u32::from_str_radix(&code, 16).expect("a number");
                text.push(char::from_u32(code).expect("a letter"));
            }
            Some(other) => text.push(other),
            None => panic!("it ends with a backslash: {cell}"),
        }
    }
    text
}

#[test]
fn t6_names_that_are_formulas_or_markup_are_inert_and_read_back_unchanged() {
    let (company, run) = inert::run();
    // A spreadsheet: nothing runs, and each name reads back as it was.
    let text = read(&company, "out/names.csv");
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(text.as_bytes());
    let mut cells: Vec<String> = Vec::new();
    for record in reader.records() {
        for cell in &record.expect("a row") {
            let inner = cell.trim_start_matches([' ', '"', '\u{a0}']);
            assert!(
                cell.parse::<i64>().is_ok() || !inner.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']),
                "{cell:?}"
            );
            cells.push(undone(cell));
        }
    }
    for name in NAMES {
        assert!(cells.iter().any(|cell| cell == name), "{name:?} does not read back from the table");
    }
    // JSON: the very names.
    let report = run.report();
    let shown: Vec<&str> =
        list(&report["findings"]).iter().filter_map(|finding| finding["grant_display"].as_str()).collect();
    for name in NAMES {
        assert!(shown.contains(&name), "{name:?} does not read back from JSON");
    }
    // A page: shown as text, by a tokenizer that browsers' parsers agree with.
    let (mut text, mut scripts) = (String::new(), 0);
    for token in html5gum::Tokenizer::new(&read(&company, "out/report.html")) {
        match token.expect("memory") {
            html5gum::Token::String(string) => text.push_str(&String::from_utf8_lossy(&string)),
            html5gum::Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                scripts += usize::from(matches!(name.as_str(), "script" | "img" | "svg" | "a" | "iframe" | "object"));
            }
            _ => {}
        }
    }
    assert_eq!(scripts, 0);
    for name in ["<script>alert(1)</script>", "[click](http://evil.example/)", "=HYPERLINK("] {
        assert!(text.contains(name), "{name} is shown");
    }
    // Markdown: code, and nothing that leads anywhere.
    let page = read(&company, "out/report.md");
    for event in pulldown_cmark::Parser::new_ext(&page, pulldown_cmark::Options::all()) {
        use pulldown_cmark::{Event, Tag};
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => assert!(dest_url.starts_with('#'), "a link to {dest_url}"),
            Event::Start(Tag::Image { dest_url, .. }) => panic!("an image {dest_url}"),
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML {html}"),
            _ => {}
        }
    }
}

/// No byte that a terminal obeys: C0 but for the line's end, DEL, C1 in UTF-8.
#[track_caller]
fn bytes_are_plain(what: &str, bytes: &[u8]) {
    for (at, byte) in bytes.iter().enumerate() {
        let c1 = *byte == 0xc2 && bytes.get(at + 1).is_some_and(|next| (0x80..0xa0).contains(next));
        let around = String::from_utf8_lossy(&bytes[at.saturating_sub(40)..(at + 10).min(bytes.len())]).into_owned();
        assert!((*byte >= 0x20 || *byte == b'\n') && *byte != 0x7f && !c1, "{what}: byte {byte:#04x} in {around:?}");
    }
}

/// Beginnings of second lines of hostile names.
const FORGED: [&str; 5] = ["GET / HTTP", "two", "## another", "- item", "holdover_up 99"];

#[track_caller]
fn no_line_is_forged(what: &str, text: &str) {
    for line in text.lines() {
        assert!(!FORGED.iter().any(|forged| line.trim_start().starts_with(forged)), "{what}: {line}");
    }
}

#[test]
fn t7_escape_sequences_and_line_breaks_in_names_move_no_terminal_and_forge_no_log_line() {
    let company = hostile_company();
    company.write_all();
    let loud = |arguments: &[&str], form: &str| {
        let mut all = vec!["-v", "-v", "-v", "--log-format", form];
        all.extend_from_slice(arguments);
        let output =
            crate::company::command(company.path()).args(&all).env("RUST_LOG", "trace").output().expect("it starts");
        bytes_are_plain(&format!("{arguments:?}: standard output"), &output.stdout);
        bytes_are_plain(&format!("{arguments:?}: standard error"), &output.stderr);
        let run = Run::new(&output, company.path());
        no_line_is_forged(&format!("{arguments:?}"), &run.stdout);
        no_line_is_forged(&format!("{arguments:?}"), &run.stderr);
        run
    };
    let run = loud(&["scan", "--as-of", NOW], "text");
    run.expect(4);
    assert!(run.stdout.contains("\\u{1b}[31mred"), "shown, not swallowed: {}", run.stdout);
    let print = word(&run.report()["findings"][0]["fingerprint"]);
    for arguments in [
        &["scan", "--as-of", "2026-08-03T07:00:00Z", "--progress", "plain"][..],
        &["explain", &print],
        &["report"],
        &["diff"],
        &["systems", "list"],
        &["roster", "validate", "--explain", "--as-of", NOW],
        &["exceptions", "list", "--as-of", NOW],
        &["policy", "explain", "h-7", "account", "--as-of", NOW],
        &["doctor"],
    ] {
        let run = loud(arguments, "json");
        assert!(!run.stdout.is_empty() || !run.stderr.is_empty(), "{arguments:?}");
        // One event is one line: whatever begins as an event is a whole one.
        let events = run.stderr.lines().filter(|line| line.starts_with('{'));
        for line in events {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(event["level"].is_string(), "{line}");
        }
    }
    for arguments in [
        &["rules", "explain", "a\u{1b}[31m\nb"][..],
        &["explain", "ra1:\u{1b}[2J\n"],
        &["report", "--run", "a\u{9b}31m"],
    ] {
        let run = loud(arguments, "text");
        assert!(run.code != 0 && run.code != 101, "{arguments:?}: {}", run.code);
    }
}

#[test]
fn t7_what_a_browser_sends_moves_no_terminal_either() {
    let company = today(QUIET);
    let mut serving = Serving::start(&company);
    for path in ["/%1b[31mred", "/findings/%0aforged: line%0d", "/findings/ra1:%9b31m", "/?q=%e2%80%ae%1b]0;x%07"] {
        serving.send("GET", path, &["X-Forwarded-For: a\u{1b}[31mb", "User-Agent: \u{9b}31m"], "");
        serving.known("POST", path, "\u{1b}[31m");
    }
    serving.known("POST", "/api/v1/runs", "{\"systems\":[\"\u{1b}[31mred\\n\"]}");
    serving.signal(Signal::TERM);
    serving.end();
    let told = serving.told();
    assert!(!told.is_empty());
    bytes_are_plain("the service's log", told.as_bytes());
    is_plain("the service's log", &told);
}
