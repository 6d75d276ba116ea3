//! A company whose tickets have begun: the first run was accepted and released, and its ticket was made at a tracker
//! that keeps state. What follows shows what a fault does to tickets, and what it does not.

use std::path::Path;

use holdover_kit::stub::tracker::Dialect;
use serde_json::Value;

use crate::company::{Company, Copy, Run, command, list, word};
use crate::life::{DAYS, fresh};
use crate::trackers::bench::{Bench, SECRET};

/// A tracker as it stands in a configuration, for each dialect.
pub(crate) fn place(dialect: Dialect, origin: &str) -> String {
    let secret = "{ env: DESK_TOKEN }";
    let sign_in = format!("sign_in: {{ user: holdover, token: {secret} }}");
    match dialect {
        Dialect::JiraCloud => {
            format!("jira: {{ url: \"{origin}\", flavour: cloud, project: SEC, {sign_in} }}")
        }
        Dialect::JiraDataCenter => {
            format!("jira: {{ url: \"{origin}\", project: SEC, sign_in: {{ token: {secret} }} }}")
        }
        Dialect::ServiceNow => format!("servicenow: {{ url: \"{origin}\", close_code: Solved, {sign_in} }}"),
        Dialect::GitHub => {
            format!("github: {{ url: \"{origin}\", repository: acme/offboarding, sign_in: {{ token: {secret} }} }}")
        }
        Dialect::GitLab => format!("gitlab: {{ url: \"{origin}\", project: security/offboarding, token: {secret} }}"),
        Dialect::Redmine => format!(
            "redmine: {{ url: \"{origin}\", project: offboarding, tracker_id: 1, key_field_id: 7, api_key: {secret}, \
             resolve_to: 5, reopen_to: 1, refused_statuses: [6] }}"
        ),
        Dialect::PagerDuty => format!("pagerduty: {{ url: \"{origin}\", routing_key: {secret} }}"),
        Dialect::Slack => format!("slack: {{ origin: \"{origin}\", webhook: {{ file: slack.address }} }}"),
        Dialect::Webhook => format!("webhook: {{ url: \"{origin}/hooks/holdover\", key: {secret} }}"),
    }
}

/// How a stub of this machine is reached: soon, and with patience for a machine that has much to do.
pub(crate) const NEAR: &str = "connection: { internal: true, plain_to_loopback: true, idle_timeout: 20s, total_timeout: 20s, pace: { per_second: 500, burst: 500 } }";

/// The section `tickets` with one tracker.
pub(crate) fn section(bench: &Bench, keys: &str) -> String {
    let place = place(bench.dialect, bench.server.origin());
    format!("tickets:\n{keys}  trackers:\n    - id: desk\n      {NEAR}\n      lag: 1s\n      {place}\n")
}

/// Writes a file for its owner alone.
pub(crate) fn private(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

/// Runs the program there with the secret of the tracker.
pub(crate) fn holdover(folder: &Path, arguments: &[&str]) -> Run {
    let output = command(folder).args(arguments).env("DESK_TOKEN", SECRET).output().expect("the program starts");
    Run::new(&output, folder)
}

/// What would be sent.
#[track_caller]
pub(crate) fn plan(folder: &Path) -> Value {
    let run = holdover(folder, &["tickets", "plan", "--format", "json"]);
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

/// How many of a plan's steps are of this sort.
pub(crate) fn steps(plan: &Value, sort: &str) -> usize {
    list(&plan["steps"]).iter().filter(|step| step["step"] == sort).count()
}

/// Sends; the exit code has to be this one.
#[track_caller]
pub(crate) fn sync(folder: &Path, code: i32) -> Value {
    let run = holdover(folder, &["tickets", "sync", "--format", "json"]);
    assert_eq!(run.code, code, "tickets sync\n{}\n{}", run.stdout, run.stderr);
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(SECRET), "{text}");
    }
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

/// An operator accepts the newest roster.
#[track_caller]
pub(crate) fn accept(folder: &Path, now: &str) {
    let text = holdover(folder, &["roster", "validate", "--as-of", now]).stdout;
    let digest = text.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim().to_owned();
    let accepted = holdover(folder, &["roster", "accept", &digest, "--as-of", now]);
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
}

/// An operator releases every run that the breaker holds.
#[track_caller]
pub(crate) fn release(folder: &Path) {
    let plan = plan(folder);
    let mut runs: Vec<String> = list(&plan["held"]).iter().map(|line| word(&line["run"])).collect();
    runs.extend(plan["run"].as_str().map(String::from));
    runs.dedup();
    let released = holdover(folder, &["tickets", "release", &runs[0]]);
    assert_eq!(released.code, 0, "{}", released.stderr);
}

/// A company and its tracker, after the first run: roster accepted, run released, tickets made.
pub(crate) struct Desk {
    pub(crate) company: Company,
    pub(crate) bench: Bench,
}

impl Desk {
    /// Opens one; `keys` are further keys of the section `tickets`, each indented by two spaces.
    pub(crate) fn open(mut company: Company, dialect: Dialect, keys: &str) -> Self {
        let bench = Bench::new(dialect);
        private(company.path(), "slack.address", &format!("{}/services/T0/B0/{SECRET}", bench.server.origin()));
        company.extra.push_str(&section(&bench, keys));
        fresh(&mut company, 0);
        let run = company.scan_at(DAYS[0]);
        assert!(matches!(run.code, 1 | 4), "the first run finds something: {}\n{}", run.stdout, run.stderr);
        accept(company.path(), DAYS[0]);
        sync(company.path(), 0);
        assert_eq!(bench.creations(), 0, "the first run is held");
        release(company.path());
        sync(company.path(), 0);
        assert!(bench.creations() > 0, "tickets have begun");
        Self { company, bench }
    }

    /// From now on a tracker that says nothing is given up soon.
    pub(crate) fn be_impatient(&mut self) {
        self.be("idle_timeout: 20s", "connect_timeout: 2s, idle_timeout: 2s");
    }

    /// And no more.
    pub(crate) fn be_patient(&mut self) {
        self.be("connect_timeout: 2s, idle_timeout: 2s", "idle_timeout: 20s");
    }

    fn be(&mut self, before: &str, after: &str) {
        assert!(self.company.extra.contains(before), "{}", self.company.extra);
        self.company.extra = self.company.extra.replace(before, after);
        self.company.write_all();
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.company.path()
    }

    /// A copy to damage.
    pub(crate) fn copy(&self) -> Copy {
        self.company.copy()
    }

    /// Sends from that folder what is to be sent, and says how many tickets were made by it.
    #[track_caller]
    pub(crate) fn made_by(&self, folder: &Path) -> usize {
        let before = self.bench.creations();
        sync(folder, 0);
        self.bench.creations() - before
    }
}
