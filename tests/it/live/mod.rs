//! The real program against systems that are asked themselves: stubs that keep state and refuse what is not on the list.

mod aws;
mod github;
pub(crate) mod okta;
mod record;
mod vault;

use std::path::Path;

use serde_json::Value;

use crate::company::{Run, command, sha256};

/// A company whose one system is asked itself. Ana (`p-1`) left a month ago, Bea (`p-2`) works here.
pub(crate) struct Live {
    folder: tempfile::TempDir,
    /// The system, as it stands in the configuration below `systems:`.
    pub(crate) system: String,
    /// The secret that the environment variable `TOKEN` holds.
    pub(crate) token: String,
    /// Rows of the roster.
    pub(crate) people: Vec<String>,
    /// Further variables of the environment.
    pub(crate) environment: Vec<(&'static str, String)>,
}

const HEADER: &str =
    "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at";

/// The present: a live system cannot be judged at a chosen time.
#[expect(clippy::disallowed_methods, reason = "what is asked live answers now")]
pub(crate) fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// So many days ago, as a date.
pub(crate) fn days_ago(days: i64) -> String {
    (now() - chrono::TimeDelta::days(days)).format("%Y-%m-%d").to_string()
}

impl Live {
    /// A company with this system.
    pub(crate) fn new(system: String, token: &str) -> Self {
        let updated = format!("{}T00:00:00Z", days_ago(20));
        let person = |id: &str, status: &str, name: &str, end: &str| {
            format!("{id},employee,{status},{name},{name}@acme.example,2020-01-01,{end},Europe/Berlin,{updated}")
        };
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            system,
            token: String::from(token),
            environment: Vec::new(),
            people: vec![person("p-1", "ended", "ana", &days_ago(30)), person("p-2", "active", "bea", "")],
        }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes configuration and roster.
    pub(crate) fn write(&self) {
        let write = |name: &str, text: &str| std::fs::write(self.path().join(name), text).expect("a file");
        let roster = format!("{HEADER}\n{}\n", self.people.join("\n"));
        let as_of = now().format("%Y-%m-%dT%H:%M:%SZ");
        let (rows, digest) = (self.people.len(), sha256(roster.as_bytes()));
        write("roster.csv", &roster);
        write(
            "roster.meta.json",
            &format!(r#"{{"as_of":"{as_of}","rows":{rows},"sha256":"{digest}","coverage":"full"}}"#),
        );
        write(
            "holdover.yaml",
            &format!(
                "version: 1\norganisation: acme\nstate_dir: state\n\
                 roster:\n  sources:\n    - {{ id: hris, format: csv, path: roster.csv, manifest: roster.meta.json, \
                 coverage: full, default_time_zone: Europe/Berlin, end_date_meaning: last_day_included, rank: 1 }}\n\
                 identity:\n  domains: [{{ name: acme.example }}]\n\
                 systems:\n{}\
                 outputs:\n  - {{ format: json, path: out/report.json }}\n  - {{ format: html, path: out/report.html }}\n\
                 metrics: {{ textfile: out/holdover.prom }}\n",
                self.system
            ),
        );
        std::fs::create_dir_all(self.path().join("out")).expect("a folder");
    }

    /// Runs the program with the token in its environment.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = command(self.path());
        command.env("TOKEN", &self.token).envs(self.environment.iter().map(|(name, value)| (*name, value)));
        let output = command.args(arguments).output().expect("the program starts");
        Run::new(&output, self.path())
    }

    /// One scan.
    pub(crate) fn scan(&self) -> Run {
        self.write();
        self.run(&["scan", "--no-progress"])
    }
}

/// People, kinds and grants of everything found, sorted.
pub(crate) fn found(report: &Value) -> Vec<String> {
    let mut found: Vec<String> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or("?").to_owned();
            format!("{} {} {}", text("person_id"), text("access_kind"), text("grant_id"))
        })
        .collect();
    found.sort();
    found
}
