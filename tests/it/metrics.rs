//! T8: after each class of failure the metrics say so, and a run that is not one leaves them alone. A gateway of our own
//! shows what is pushed; the real one is in `tests/check_prometheus.sh`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use crate::company::{Company, Run};

const LATER: &str = "2026-08-03T09:00:00Z";

fn company() -> Company {
    let mut company = Company::new();
    company.extra = String::from("metrics: { textfile: out/holdover.prom }\n");
    company.write_all();
    company
}

fn told(company: &Company) -> String {
    std::fs::read_to_string(company.path().join("out/holdover.prom")).expect("the textfile")
}

fn value(text: &str, series: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')).map(str::to_owned)
}

/// After a first good run: exit code told, the system told as failed, and no count of findings that looks fresh.
fn assert_failed(text: &str, code: i32) {
    assert_eq!(value(text, "holdover_run_exit_code"), Some(code.to_string()), "{text}");
    assert_eq!(value(text, r#"holdover_scan_success{system="crm"}"#).as_deref(), Some("0"), "{text}");
    assert!(!text.contains("holdover_residual_findings"), "counts look fresh:\n{text}");
}

#[test]
fn after_a_good_run_the_counts_are_there() {
    let company = company();
    company.scan().expect(1);
    let text = told(&company);
    assert_eq!(value(&text, "holdover_run_exit_code").as_deref(), Some("1"));
    assert_eq!(value(&text, r#"holdover_scan_success{system="crm"}"#).as_deref(), Some("1"));
    assert!(text.contains("holdover_residual_findings{"));
}

#[test]
fn a_policy_that_cannot_be_read_is_told_and_keeps_what_the_store_knows() {
    let mut company = company();
    company.scan().expect(1);
    let opened = value(&told(&company), r#"holdover_findings_opened_total{severity="high"}"#).expect("a counter");
    company.extra.push_str("policy: policy.yaml\n");
    company.write("holdover.yaml", company.config());
    company.write("policy.yaml", "version: 1\nrules: nonsense\n");
    company.scan_at(LATER).expect(2);
    let text = told(&company);
    assert_failed(&text, 2);
    assert_eq!(
        value(&text, r#"holdover_findings_opened_total{severity="high"}"#),
        Some(opened),
        "a counter never vanishes"
    );
    assert!(text.contains("holdover_run_last_success_timestamp_seconds"), "the run before had no gap");
    assert!(text.contains(r#"holdover_scan_last_complete_timestamp_seconds{system="crm"}"#));
}

#[test]
fn a_run_that_fails_neither_ends_an_alert_on_a_flag_nor_forgets_since_when_the_configuration_holds() {
    let mut company = company();
    company.extra.push_str("policy: policy.yaml\n");
    company.write("holdover.yaml", company.config());
    company.write("policy.yaml", include_str!("damage/policy.yaml"));
    company.scan().expect(1);
    let before = told(&company);
    assert_eq!(value(&before, r#"holdover_run_verdict{flag="baseline"}"#).as_deref(), Some("1"), "{before}");
    let since = value(&before, "holdover_config_last_change_timestamp_seconds").expect("it is known");
    company.write("policy.yaml", "version: 1\nrules: nonsense\n");
    company.scan_at(LATER).expect(2);
    let text = told(&company);
    assert_failed(&text, 2);
    assert!(!text.contains("holdover_run_verdict"), "no flag of a run that judged nothing is known:\n{text}");
    assert_eq!(value(&text, "holdover_config_last_change_timestamp_seconds"), Some(since));
    // Another configuration, which no run has begun with: since when it holds is not known.
    company.extra.push_str("exceptions: exceptions.yaml\n");
    company.write("holdover.yaml", company.config());
    company.scan_at(LATER).expect(2);
    assert_eq!(value(&told(&company), "holdover_config_last_change_timestamp_seconds"), None);
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_where_the_command_line_says_whom_to_tell() {
    let company = company();
    company.scan().expect(1);
    company.write("holdover.yaml", company.config().replace("rank: 1", "rank: many"));
    let before = told(&company);
    company.scan_at(LATER).expect(2);
    assert_eq!(told(&company), before, "nobody said where");
    company.holdover(&["scan", "--metrics-file", "out/holdover.prom"]).expect(2);
    let text = told(&company);
    assert_eq!(value(&text, "holdover_run_exit_code").as_deref(), Some("2"));
    assert!(!text.contains("holdover_residual_findings"));
}

#[test]
fn a_store_that_fails_is_told() {
    let company = company();
    company.scan().expect(1);
    company.write("state/state.db", "no database");
    company.scan_at(LATER).expect(6);
    let text = told(&company);
    assert_failed(&text, 6);
    assert_eq!(value(&text, r#"holdover_run_verdict{flag="store_failed"}"#).as_deref(), Some("1"));
}

#[test]
fn an_output_that_fails_is_told_in_the_figures_of_the_same_run() {
    let company = company();
    company.write("out/report.json/in-the-way", "");
    company.scan().expect(6);
    let text = told(&company);
    assert_eq!(value(&text, "holdover_run_exit_code").as_deref(), Some("6"));
    assert_eq!(value(&text, r#"holdover_run_verdict{flag="store_failed"}"#).as_deref(), Some("1"));
}

#[test]
fn a_held_roster_is_told() {
    let mut company = company();
    company.scan().expect(1);
    company.people.truncate(1);
    company.roster_as_of = String::from("2026-08-03T08:00:00Z");
    company.write_roster();
    company.scan_at(LATER).expect(5);
    let text = told(&company);
    assert_eq!(value(&text, r#"holdover_roster_held{roster="hris"}"#).as_deref(), Some("1"));
    assert_eq!(value(&text, r#"holdover_roster_as_of_timestamp_seconds{roster="hris"}"#), None);
}

#[test]
fn a_run_that_finds_the_store_busy_leaves_the_figures_alone() {
    let company = company();
    company.scan().expect(1);
    let before = told(&company);
    // What holds the store is the lock of the file, whoever has it.
    let lock = std::fs::read_dir(company.path().join("state"))
        .expect("the state")
        .map(|entry| entry.expect("an entry").path());
    let lock = lock.into_iter().find(|path| path.to_string_lossy().contains("lock")).expect("a lock file");
    let file = std::fs::File::options().read(true).write(true).open(lock).expect("the lock");
    file.lock().expect("locked");
    let run = company.scan_at(LATER);
    assert_eq!((run.code, told(&company)), (7, before), "{}", run.stderr);
}

#[test]
fn a_mistake_on_the_command_line_leaves_the_figures_alone() {
    let company = company();
    company.scan().expect(1);
    let before = told(&company);
    company.holdover(&["scan", "--system", "crn"]).expect(2);
    company.holdover(&["scan", "--dry-run", "--as-of", LATER]).expect(1);
    assert_eq!(told(&company), before);
}

/// Answers every request with one status, and hands on what it was sent.
struct Gateway {
    address: String,
    heard: Receiver<String>,
    _thread: JoinHandle<()>,
}

impl Gateway {
    fn new(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, heard) = channel();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if sender.send(answer_one(stream, answer)).is_err() {
                    return;
                }
            }
        });
        Self { address, heard, _thread: thread }
    }

    fn heard(&self) -> String {
        self.heard.recv_timeout(std::time::Duration::from_secs(20)).expect("a request")
    }

    fn is_silent(&self) -> bool {
        self.heard.try_recv().is_err()
    }
}

fn answer_one(mut stream: TcpStream, answer: &str) -> String {
    let mut text = Vec::new();
    let mut part = vec![0; 65_536];
    loop {
        let count = stream.read(&mut part).expect("a request");
        text.extend_from_slice(&part[..count]);
        let shown = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = shown.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if count == 0 || body.len() >= length.unwrap_or(0) {
            stream.write_all(answer.as_bytes()).expect("an answer");
            return shown;
        }
    }
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 31\r\nconnection: close\r\n\r\npushed metrics are \u{1b}[31minvalid\n.";

fn pushed(company: &Company, gateway: &Gateway, more: &[&str]) -> Run {
    let mut arguments = vec!["scan", "--as-of", LATER, "--no-progress", "--push-metrics", gateway.address.as_str()];
    arguments.extend_from_slice(more);
    company.holdover(&arguments)
}

#[test]
fn the_same_text_is_pushed_as_one_group() {
    let company = company();
    let gateway = Gateway::new(TAKEN);
    pushed(&company, &gateway, &[]).expect(1);
    let heard = gateway.heard();
    let (head, body) = heard.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("PUT /metrics/job/holdover HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert_eq!(body, told(&company));
    assert!(gateway.is_silent(), "once");
}

#[test]
fn a_push_that_is_refused_is_told_and_is_exit_code_6_also_in_the_textfile() {
    let company = company();
    let gateway = Gateway::new(REFUSED);
    let run = pushed(&company, &gateway, &[]);
    run.expect(6);
    assert!(
        run.stderr.contains("/metrics/job/holdover: it answered 400 (PUT /metrics/job/holdover: 400"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("pushed metrics are"), "no body is shown: {}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "what it answers is foreign text");
    assert_eq!(value(&told(&company), "holdover_run_exit_code").as_deref(), Some("6"));
    let kept = company.holdover(&["report", "--format", "json"]);
    assert!(kept.stdout.contains(r#""store_failed":true"#), "{}", kept.stdout);
}

#[test]
fn a_gateway_that_is_not_there_is_exit_code_6() {
    let company = company();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let run = company.holdover(&["scan", "--as-of", LATER, "--no-progress", "--push-metrics", &address]);
    run.expect(6);
    assert!(run.stderr.contains("pushing the metrics to http://127.0.0.1"), "{}", run.stderr);
}

#[test]
fn a_run_that_fails_is_pushed_too_and_offline_pushes_nothing() {
    let mut company = company();
    let gateway = Gateway::new(TAKEN);
    pushed(&company, &gateway, &["--offline"]).expect(1);
    assert!(gateway.is_silent());
    company.extra.push_str("policy: policy.yaml\n");
    company.write("holdover.yaml", company.config());
    company.write("policy.yaml", "version: 1\nrules: nonsense\n");
    pushed(&company, &gateway, &[]).expect(2);
    assert!(gateway.heard().contains("holdover_run_exit_code 2\n"));
}

#[test]
fn the_configuration_names_a_gateway_and_plain_text_stays_on_this_machine() {
    let mut company = Company::new();
    let gateway = Gateway::new(TAKEN);
    let section = |url: &str, plain: bool| {
        format!("metrics: {{ pushgateway: {{ url: \"{url}\", connection: {{ plain_to_loopback: {plain} }} }} }}\n")
    };
    company.extra = section(&format!("{}/below", gateway.address), true);
    company.write_all();
    company.scan().expect(1);
    assert!(gateway.heard().starts_with("PUT /below/metrics/job/holdover "));
    for wrong in [
        section(&gateway.address, false),
        section("http://push.example:9091", true),
        section("https://a:b@push.example", true),
    ] {
        company.extra = wrong;
        company.write("holdover.yaml", company.config());
        let run = company.holdover(&["config", "check"]);
        run.expect(2);
        assert!(
            run.stderr.contains("pushgateway") || run.stdout.contains("pushgateway"),
            "{}{}",
            run.stdout,
            run.stderr
        );
    }
    company.holdover(&["scan", "--push-metrics", "http://push.example:9091"]).expect(2);
}
