//! S4: many at once, the holder killed, a lock file that lies about.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use holdover_kit::fault::{Damage, On};
use holdover_kit::stub::tracker::Dialect;

use super::office::{Blow, Office};
use crate::company::{Company, Run, command};
use crate::serve::{QUIET, Serving, today, until};
use crate::trackers::bench::{SECRET, is_creation};

/// A company with one more system, which takes connections and never says a word: whoever reads it holds the store.
struct Silent {
    company: Company,
    listener: TcpListener,
}

impl Silent {
    fn new(extra: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut company = today(extra);
        company.system_extra = format!(
            "\x20 - id: sso\n    connector: okta\n    connection: {{ internal: true, plain_to_loopback: true }}\n    okta: {{ address: \"http://{address}\", organisation: acme, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n"
        );
        company.write_all();
        Self { company, listener }
    }

    /// Waits until somebody reads it.
    fn asked(&self) -> TcpStream {
        self.listener.accept().expect("somebody asks").0
    }

    fn program(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = command(self.company.path());
        command.args(arguments).env("TOKEN", "token-of-a-system").env("DESK_TOKEN", SECRET);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::new(&self.program(arguments).output().expect("the program starts"), self.company.path())
    }

    fn ledger(&self) -> String {
        std::fs::read_to_string(self.company.path().join("state/ledger.ndjson")).expect("the ledger")
    }
}

/// Every file below a folder with its bytes.
fn files(folder: PathBuf) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// The state folder once nothing in it has changed for a moment: whoever holds it may not have come to its silent system
/// with all its threads.
fn settled(silent: &Silent) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut before = files(silent.company.path().join("state"));
    until("the state is quiet", || {
        std::thread::sleep(Duration::from_millis(200));
        let after = files(silent.company.path().join("state"));
        let is_quiet = before == after;
        before = after;
        is_quiet.then(|| before.clone())
    })
}

#[test]
fn s4_of_twenty_started_together_one_runs_and_the_others_are_busy_and_change_nothing() {
    let silent = Silent::new("");
    let mut children: Vec<Child> = (0..20)
        .map(|_| {
            let mut command = silent.program(&["scan", "--no-progress", "--quiet"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts")
        })
        .collect();
    let _open = silent.asked();
    // The one that has the store hangs; the others end.
    let mut busy = Vec::new();
    until("nineteen end", || {
        let mut position = 0;
        while position < children.len() {
            if children[position].try_wait().expect("a status").is_some() {
                busy.push(children.swap_remove(position));
            } else {
                position += 1;
            }
        }
        (busy.len() == 19).then_some(())
    });
    let mut holder = children.pop().expect("one goes on");
    let name = format!("process {} on ", holder.id());
    let before = settled(&silent);
    let mut named = 0;
    for child in busy {
        let output = child.wait_with_output().expect("ended");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{told}");
        assert!(output.stdout.is_empty() && told.contains("another run holds the store"), "{told}");
        named += usize::from(told.contains(&name) && told.contains(", since 20"));
    }
    // Whoever came before the holder had written its name was told "unknown".
    assert!(named >= 1, "nobody was told who holds it");
    assert_eq!(silent.ledger().matches("run_started").count(), 1, "one run began");
    let run = silent.run(&["scan", "--no-progress"]);
    run.expect(7);
    assert!(run.stderr.contains(&name), "{}", run.stderr);
    assert_eq!(files(silent.company.path().join("state")), before, "nothing changed");

    // Killed: its lock goes with it, and the next one names it. What the file says of a process that lives is not believed.
    holder.kill().expect("killed");
    holder.wait().expect("ended");
    let lying = format!(r#"{{"process":{},"host":"here","since":"2026-08-01T02:30:00Z"}}"#, std::process::id());
    std::fs::write(silent.company.path().join("state/lock"), lying).expect("written");
    let run = silent.run(&["scan", "--no-progress", "--system", "crm"]);
    run.expect(4);
    let told: Vec<String> = run.notices().into_iter().filter(|notice| notice.starts_with("run-interrupted")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    silent.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn s4_beside_a_service_that_reads_scan_and_sync_are_busy_and_readers_are_not() {
    let extra = format!(
        "{QUIET}tickets:\n  trackers:\n    - id: desk\n      jira: {{ url: \"http://127.0.0.1:9\", project: SEC, sign_in: {{ token: {{ env: DESK_TOKEN }} }} }}\n      connection: {{ plain_to_loopback: true }}\n"
    );
    let silent = Silent::new(&extra);
    silent.run(&["scan", "--no-progress", "--system", "crm"]).expect(4);
    let serving = Serving::start(&silent.company);
    assert_eq!(serving.known("POST", "/api/v1/runs", "").status, 202);
    let _open = silent.asked();
    for arguments in
        [&["scan", "--no-progress"][..], &["tickets", "sync", "--wait", "1s"], &["roster", "accept", &"0".repeat(64)]]
    {
        let run = silent.run(arguments);
        assert_eq!(run.code, 7, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("process {} on ", serving.process())), "{arguments:?}: {}", run.stderr);
    }
    for arguments in [&["report"][..], &["ledger", "verify"], &["tickets", "plan"], &["tickets", "list"]] {
        let run = silent.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    }
    // Dropping it kills it.
    drop(serving);
    let run = silent.run(&["scan", "--no-progress", "--system", "crm"]);
    run.expect(4);
    assert!(run.notices().iter().any(|notice| notice.starts_with("run-interrupted")), "{:?}", run.notices());
}

#[test]
fn s4_beside_a_sync_that_waits_for_its_tracker_a_scan_is_busy_and_after_its_kill_all_is_found() {
    let mut office = Office::open(3);
    office.quiet_day();
    office.somebody_leaves();
    office.write();
    office.scan(&Blow::Spared);
    let creation = On::any().when(|asked| is_creation(Dialect::JiraDataCenter, asked)).once();
    let fault = office.bench.server.plant(creation, Damage::Silence);
    let mut sync = command(office.folder());
    sync.args(["tickets", "sync"]).env("DESK_TOKEN", SECRET);
    let mut sync = sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    until("the tracker is asked", || (fault.fired() > 0).then_some(()));
    let name = format!("process {} on ", sync.id());
    for arguments in [&["scan"][..], &["tickets", "sync", "--wait", "1s"]] {
        let run = office.run(arguments);
        assert_eq!(run.code, 7, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(&name), "{}", run.stderr);
    }
    office.run(&["ledger", "verify"]).expect(0);
    sync.kill().expect("killed");
    sync.wait().expect("ended");
    office.recover();
    office.settle_tickets();
}
