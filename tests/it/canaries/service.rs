//! The service: bearer, TLS key, Pushgateway, what is asked of it; and ends of the process that nobody planned.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::sync::Arc;

use holdover_kit::fault::{Answer, Asked, FaultServer};
use rustix::process::{Pid, Signal, kill_process};

use super::place::Place;
use crate::serve::until;

/// An export of now.
pub(super) fn import(place: &mut Place) -> String {
    let as_of = crate::live::now().format("%Y-%m-%dT%H:%M:%SZ");
    let account = crate::company::account("u-1", "ana@acme.example", "enabled");
    place.write(
        "crm.ndjson",
        &format!(
            "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{as_of}\",\"produced_by\":\"test\",\"scopes\":[\"accounts\"]}}\n{account}\n{{\"record\":\"end\",\"counts\":{{\"accounts\":1}}}}\n"
        ),
    );
    String::from(
        "  - { id: crm, connector: import, scopes: [accounts], files: [{ path: crm.ndjson, format: ndjson }] }\n",
    )
}

/// The service as it runs in a place; what it says goes to a file, which is searched with all others.
pub(super) struct Service {
    child: Child,
    address: SocketAddr,
}

impl Service {
    pub(super) fn start(place: &Place, log: &str) -> Self {
        let file = std::fs::File::create(place.path().join(log)).expect("a file");
        let child =
            place.program(&["serve", "--no-progress"]).stdout(Stdio::null()).stderr(file).spawn().expect("it starts");
        let path = place.path().join(log);
        let address = until("the service listens", || {
            let told = std::fs::read_to_string(&path).unwrap_or_default();
            let line =
                told.lines().find_map(|line| line.split_once("listening on http").map(|(_, rest)| rest.to_owned()))?;
            line.trim_start_matches('s').trim_start_matches("://").split_whitespace().next()?.parse().ok()
        });
        Self { child, address }
    }

    /// One request; the whole answer as it came.
    pub(super) fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("a limit");
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}",
            self.address
        );
        // What is refused early is answered all the same.
        drop(stream.write_all(request.as_bytes()));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Sends a signal until it ends. The first violation of memory finds the handler that looks for an overflow of the
    /// stack, and that steps aside for the second.
    fn end_by(&mut self, signal: Signal) -> std::process::ExitStatus {
        until("the service ends", || {
            let ended = self.child.try_wait().expect("a child");
            if ended.is_none() {
                self.signal(signal);
            }
            ended
        })
    }

    pub(super) fn end(&mut self) -> std::process::ExitStatus {
        until("the service ends", || self.child.try_wait().expect("a child"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A run that somebody asked for has ended.
pub(super) fn run_once(service: &Service, bearer: &str) {
    let before = service.ask("GET", "/api/v1/runs", &[bearer], "").matches("\"state\":\"ended\"").count();
    let asked = service.ask("POST", "/api/v1/runs", &[bearer, "Content-Type: application/json"], "{}");
    assert!(asked.starts_with("HTTP/1.1 202"), "{asked}");
    until("the run ends", || {
        let runs = service.ask("GET", "/api/v1/runs", &[bearer], "");
        (runs.matches("\"state\":\"ended\"").count() > before).then_some(())
    });
}

pub(super) const PATHS: [&str; 9] =
    ["/", "/findings", "/leavers", "/coverage", "/runs", "/metrics", "/api/v1/runs", "/readyz", "/healthz"];

#[test]
fn m6_the_service_its_page_and_what_is_asked_of_it() {
    let mut place = Place::new(90);
    let bearer = place.secret_file("bearer");
    let said = place.plant("answer of the Pushgateway");
    let pushed = said.clone();
    let gateway = FaultServer::start(Arc::new(move |asked: &Asked| {
        let answer = Answer::bytes("text/plain", pushed.clone()).with("set-cookie", &pushed);
        if asked.number.is_multiple_of(2) { answer.of(500) } else { answer }
    }));
    let systems = import(&mut place);
    let more = format!(
        "serve:\n  listen: 127.0.0.1:0\n  bearer: {{ file: bearer }}\n  watch: 0s\n  schedule: [{{ cron: \"0 0 29 2 *\" }}]\nmetrics: {{ textfile: out/holdover.prom, pushgateway: {{ url: \"{}\", connection: {{ plain_to_loopback: true }} }} }}\n",
        gateway.origin()
    );
    place.configure(&systems, &more);
    let mut service = Service::start(&place, "serve.err");
    let known = format!("Authorization: Bearer {bearer}");
    for _ in 0..2 {
        run_once(&service, &known);
    }
    for path in PATHS {
        let answer = service.ask("GET", path, &[&known], "");
        place.heard(&format!("answer to GET {path}"), answer);
        place.heard(&format!("answer to a stranger, GET {path}"), service.ask("GET", path, &[], ""));
    }
    // What whoever asks lets slip: wrong secrets, cookies, queries, bodies.
    let slips: Vec<String> = (0..6).map(|number| place.plant(&format!("something in request {number}"))).collect();
    let basic = data_encoding::BASE64.encode(format!("user:{}", slips[1]).as_bytes());
    for (number, answer) in [
        service.ask("GET", "/metrics", &[&format!("Authorization: Bearer {}", slips[0])], ""),
        service.ask("GET", "/", &[&format!("Authorization: Basic {basic}")], ""),
        service.ask("GET", &format!("/metrics?token={}", slips[2]), &[&known], ""),
        service.ask("GET", "/", &[&format!("Cookie: session={}", slips[3]), &known], ""),
        service.ask(
            "POST",
            "/api/v1/runs",
            &[&known, "Content-Type: application/json"],
            &format!("{{\"systems\":[{{\"password\":\"{}\"}}]}}", slips[4]),
        ),
        service.ask("GET", "/no-such-page", &[&format!("X-Api-Key: {}", slips[5]), &known], ""),
    ]
    .into_iter()
    .enumerate()
    {
        place.heard(&format!("answer to request {number} with a secret in it"), answer);
    }
    // A reload with a secret where none belongs, and one with another bearer that cannot be read.
    let config = std::fs::read_to_string(place.path().join("holdover.yaml")).expect("the configuration");
    let slip = place.plant("written into the configuration of a running service");
    place.write("holdover.yaml", &config.replace("bearer: { file: bearer }", &format!("bearer: {slip}")));
    service.signal(Signal::HUP);
    until("the refusal", || service.ask("GET", "/readyz", &[&known], "").contains("was refused").then_some(()));
    place.heard("readiness after a reload that was refused", service.ask("GET", "/readyz", &[&known], ""));
    service.signal(Signal::TERM);
    assert_eq!(service.end().code(), Some(0));
    for logged in gateway.log() {
        place.heard("what arrived at the Pushgateway", logged.asked.text());
    }
    place.expect_silence(&[
        "serve.err",
        "answer to GET /metrics",
        "what arrived at the Pushgateway",
        "state/state.db, by rows",
        "out/holdover.prom",
    ]);
}

#[test]
fn m6_the_key_of_the_services_certificate_whole_and_broken() {
    let mut place = Place::new(91);
    let made = rcgen::generate_simple_self_signed(vec![String::from("localhost")]).expect("a certificate");
    place.write("service.crt", &made.cert.pem());
    let pem = made.signing_key.serialize_pem();
    place.key_file("service.key", &pem);
    place.secret_file("bearer");
    let systems = import(&mut place);
    let serve = "serve:\n  listen: 127.0.0.1:0\n  bearer: { file: bearer }\n  watch: 0s\n  tls: { certificate: service.crt, key: { file: service.key } }\n  schedule: [{ cron: \"0 0 29 2 *\" }]\n";
    place.configure(&systems, serve);
    let mut service = Service::start(&place, "serve-tls.err");
    // Plain text at a door of TLS is told nothing, and tells the log nothing.
    let slip = place.plant("plain text at the door of TLS");
    let answer = service.ask("GET", &format!("/?{slip}"), &[], "");
    place.heard("answer to plain text", answer);
    service.signal(Signal::TERM);
    service.end();
    for (name, broken) in [
        ("half a key", String::from(&pem[..pem.len() / 2])),
        (
            "no key",
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", place.plant("no key at all")),
        ),
        ("one line", place.plant("a key without its frame")),
    ] {
        place.private("service.key", &broken);
        for arguments in [&["serve", "--no-progress"][..], &["config", "check"], &["doctor"]] {
            let run = place.run(arguments);
            assert!(arguments[0] != "serve" || run.code != 0, "{name}: {}", run.stderr);
        }
    }
    place.expect_silence(&["serve-tls.err", "standard error of"]);
}

/// A process that is ended by a signal writes no picture of its memory (FIL-3). `program` allows core files.
/// What this process ignores, its children ignore, too: a shell starts what it puts into the background like that.
fn is_ignored_here(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("this process");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("what is ignored").trim();
    u64::from_str_radix(mask, 16).expect("a mask") & (1 << (signal.as_raw() - 1)) != 0
}

#[test]
fn m6_an_abort_leaves_no_core_file() {
    for signal in [Signal::ABORT, Signal::QUIT, Signal::SEGV] {
        if is_ignored_here(signal) {
            println!("{signal:?} is ignored where these tests run (as in the background of a shell), and not tried");
            continue;
        }
        let mut place = Place::new(92);
        place.secret_file("bearer");
        let systems = import(&mut place);
        place.configure(&systems, "serve:\n  listen: 127.0.0.1:0\n  bearer: { file: bearer }\n  watch: 0s\n  schedule: [{ cron: \"0 0 29 2 *\" }]\n");
        let mut service = Service::start(&place, "serve.err");
        let status = service.end_by(signal);
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(!status.core_dumped(), "{signal:?}: a core file was written");
        place.expect_silence(&["serve.err"]);
    }
    // The control: this machine does write core files for a program that does not say otherwise.
    let folder = tempfile::tempdir().expect("a folder");
    let mut sleeper = std::process::Command::new("/bin/sh")
        .current_dir(folder.path())
        .args(["-c", "ulimit -c unlimited 2>/dev/null; exec sleep 60"])
        .spawn()
        .expect("it starts");
    until("it sleeps", || {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", sleeper.id())).unwrap_or_default();
        (name.trim() == "sleep").then_some(())
    });
    kill_process(Pid::from_child(&sleeper), Signal::ABORT).expect("a signal");
    let status = sleeper.wait().expect("a child");
    if !status.core_dumped() {
        let required = std::env::var("HOLDOVER_SERVERS").as_deref() == Ok("required");
        assert!(!required, "this machine writes no core files at all: the test above proves nothing here");
        println!("this machine writes no core files at all: the test above proves nothing here");
    }
}

/// Too little memory or too few threads: whatever the program does then (an error, a panic, an abort), it tells nothing.
#[test]
fn m6_a_panic_tells_nothing() {
    let mut place = Place::new(93);
    let token = place.variable("TOKEN");
    let server = FaultServer::start(Arc::new(|_: &Asked| Answer::json(&serde_json::json!([]))));
    let mut systems = import(&mut place);
    systems.push_str(&format!(
        "  - id: sso\n    connector: okta\n    {}\n    okta: {{ address: \"{}\", organisation: acme, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n",
        super::systems::QUICK,
        server.origin()
    ));
    place.configure(&systems, "");
    let mut ends = std::collections::BTreeMap::new();
    for kib in (20_000..400_000).step_by(20_000) {
        let whole = place.program(&["scan", "--no-progress"]);
        let mut limited = std::process::Command::new("/bin/sh");
        limited.current_dir(place.path()).env_clear();
        limited.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
        limited.args(["-c", &format!("ulimit -v {kib}; ulimit -c unlimited 2>/dev/null; exec \"$@\""), "sh"]);
        // (The first three arguments are the shell's own.)
        limited.args(whole.get_args().skip(3));
        let output = limited.output().expect("it starts");
        let panicked = String::from_utf8_lossy(&output.stderr).contains("panicked");
        let end = match (output.status.code(), panicked) {
            (_, true) => String::from("panic"),
            (None, _) => String::from("signal"),
            (Some(code), _) => format!("exit {code}"),
        };
        *ends.entry(end).or_insert(0) += 1;
        place.heard(&format!("standard output with {kib} KiB"), &output.stdout);
        place.heard(&format!("standard error with {kib} KiB"), &output.stderr);
    }
    drop(token);
    println!("ends with too little memory: {ends:?}");
    assert!(ends.len() > 1, "the limit was met: {ends:?}");
    place.expect_silence(&["standard error with"]);
}
