//! The service as a whole: the real program, asked over its real listener.

mod doors;
mod life;
mod partial;
mod runs;
mod slow;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::company::{Company, command};

/// What signs in.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// How long a test waits for something that comes in moments.
const PATIENCE: Duration = Duration::from_mins(5);

/// A schedule that does not come while a test runs, and a bearer.
pub(crate) const QUIET: &str = "serve:\n  listen: 127.0.0.1:0\n  bearer: { env: BEARER }\n  watch: 0s\n  schedule: [{ cron: \"0 0 29 2 *\", name: leap-day }]\n";

/// The present, as it stands in files.
#[expect(clippy::disallowed_methods, reason = "the service runs by the machine's clock")]
pub(crate) fn present() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// What the machine has to do.
pub(crate) fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|error| error.to_string())
}

/// A schedule with a daily start that the machine's own clock does not come to while a test runs, at whatever hour that
/// is; and the seconds until it.
pub(crate) fn daily() -> (String, i64) {
    let far = present() + chrono::TimeDelta::hours(12);
    let hour = chrono::Timelike::hour(&far);
    let start = far.date_naive().and_time(chrono::NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour"));
    let daily =
        QUIET.replace("cron: \"0 0 29 2 *\", name: leap-day", &format!("cron: \"0 {hour} * * *\", name: daily"));
    assert_ne!(daily, QUIET);
    (daily, (start.and_utc() - present()).num_seconds())
}

/// Waits for a condition, with a limit.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}: not within {} s; load {}", PATIENCE.as_secs(), load());
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A company whose files are of today.
pub(crate) fn today(serve: &str) -> Company {
    let mut company = Company::new();
    let hour = |hours: i64| (present() - chrono::TimeDelta::hours(hours)).format("%Y-%m-%dT%H:00:00Z").to_string();
    company.as_of = hour(1);
    company.roster_as_of = hour(2);
    company.extra = String::from(serve);
    company.write_all();
    company
}

/// The service, running.
pub(crate) struct Serving {
    child: Child,
    told: Arc<Mutex<String>>,
    pub(crate) address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Starts the program; the caller waits for what it says.
fn spawn(company: &Company, environment: &[(&str, &str)]) -> (Child, Arc<Mutex<String>>) {
    let mut child = command(company.path())
        .envs(environment.iter().copied())
        .args(["serve", "--no-progress"])
        .env("BEARER", SECRET)
        .env("TOKEN", "token-of-a-system")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let told = Arc::new(Mutex::new(String::new()));
    let (reader, writer) = (child.stderr.take().expect("standard error"), Arc::clone(&told));
    std::thread::spawn(move || {
        for line in BufReader::new(reader).lines() {
            let Ok(line) = line else { return };
            let mut told = writer.lock().expect("one writer");
            told.push_str(&line);
            told.push('\n');
        }
    });
    (child, told)
}

impl Serving {
    /// Starts it and waits until it listens.
    pub(crate) fn start(company: &Company) -> Self {
        Self::start_with(company, &[])
    }

    /// The same with more variables.
    pub(crate) fn start_with(company: &Company, environment: &[(&str, &str)]) -> Self {
        let (mut child, told) = spawn(company, environment);
        let address = until("the service listens", || {
            let text = told.lock().expect("told").clone();
            if let Some(status) = child.try_wait().expect("a child") {
                panic!("it ended with {status}:\n{text}");
            }
            let line =
                text.lines().find_map(|line| line.split_once("listening on http").map(|(_, rest)| rest.to_owned()))?;
            line.trim_start_matches('s').trim_start_matches("://").parse().ok()
        });
        Self { child, told, address }
    }

    /// Starts it where it must not begin. Gives its exit code and what it said.
    pub(crate) fn refused(company: &Company) -> (i32, String) {
        let (mut child, told) = spawn(company, &[]);
        let status = until("the service ends", || child.try_wait().expect("a child"));
        // What it said last may still be on its way through the pipe.
        let text = until("all is told", || {
            Some(told.lock().expect("told").clone()).filter(|told| told.contains("error") || told.contains("mistake"))
        });
        (status.code().unwrap_or(-1), text)
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn told(&self) -> String {
        self.told.lock().expect("told").clone()
    }

    /// What the machine has to do and what the service said, for a limit of time that was missed.
    pub(crate) fn why(&self) -> String {
        format!("load {}\n{}", load(), self.told())
    }

    #[track_caller]
    pub(crate) fn until_told(&self, words: &str) {
        until(words, || self.told().contains(words).then_some(()));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> std::process::ExitStatus {
        until("the service ends", || self.child.try_wait().expect("a child"))
    }

    /// Sends one request with these header lines.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|line| line.to_lowercase().starts_with("host:")) {
            request.push_str(&format!("Host: {}\r\n", self.address));
        }
        for line in headers {
            request.push_str(line);
            request.push_str("\r\n");
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        // A request that is too large is answered, and the rest of it refused: what came back counts, none is status 0.
        drop(stream.write_all(request.as_bytes()));
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Without signing in.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Signed in.
    pub(crate) fn known(&self, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Authorization: Bearer {SECRET}");
        self.send(method, path, &[&bearer, "Content-Type: application/json"], body)
    }

    /// Asks for a run and waits for its end.
    #[track_caller]
    pub(crate) fn run(&self, body: &str) -> Value {
        let asked = self.known("POST", "/api/v1/runs", body);
        assert_eq!(asked.status, 202, "{asked:?}");
        let id = asked.json()["id"].as_u64().expect("a number");
        self.ended(id)
    }

    /// Waits for the end of a run.
    #[track_caller]
    pub(crate) fn ended(&self, id: u64) -> Value {
        until("the run ends", || {
            let run = self.known("GET", &format!("/api/v1/runs/{id}"), "");
            (run.status == 200 && run.json()["state"] == "ended").then(|| run.json())
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already; then there is nobody to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
