//! A company in which every secret is a canary, and everything that ever came out of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdover_kit::canary::Canaries;
use holdover_kit::random::Random;

use super::search::{Canary, Search, files, rows};
use crate::company::{Run, command, sha256};
use crate::faults::outputs::desk::private;
use crate::live::{days_ago, now};

/// Every format, into files.
const OUTPUTS: &str = "\
outputs:
  - { format: json, path: out/report.json }
  - { format: csv, path: out/findings.csv, persons: name }
  - { format: table, path: out/report.txt, persons: name }
  - { format: ndjson, path: out/report.ndjson }
  - { format: ocsf, path: out/findings.ocsf.ndjson }
  - { format: sarif, path: out/findings.sarif, persons: name }
  - { format: markdown, path: out/report.md, persons: name }
  - { format: html, path: out/report.html, persons: name }
";

pub(crate) struct Place {
    folder: tempfile::TempDir,
    /// What was put there by the test: it holds the secrets, and is searched only where it was changed.
    inputs: BTreeMap<PathBuf, Vec<u8>>,
    pub(crate) canaries: Vec<Canary>,
    random: Random,
    environment: BTreeMap<String, String>,
    said: Vec<(String, Vec<u8>)>,
    /// Rows of the roster.
    pub(crate) people: Vec<String>,
}

impl Place {
    pub(crate) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("tmp")).expect("a folder");
        let mut place = Self {
            folder,
            inputs: BTreeMap::new(),
            canaries: Vec::new(),
            random: Random::new(seed).fork("canary suite"),
            environment: BTreeMap::new(),
            said: Vec::new(),
            people: Vec::new(),
        };
        let (ended, updated) = (days_ago(30), days_ago(20));
        for (id, status, name, end) in [("p-1", "ended", "ana", ended.as_str()), ("p-2", "active", "bea", "")] {
            place.people.push(format!(
                "{id},employee,{status},{name},{name}@acme.example,2020-01-01,{end},Europe/Berlin,{updated}T00:00:00Z"
            ));
        }
        // Whatever else lies in an environment.
        for name in ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "VAULT_TOKEN", "HOLDOVER_TOKEN", "OKTA_API_TOKEN"] {
            place.variable(name);
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new secret.
    pub(crate) fn plant(&mut self, place: &str) -> String {
        let secret = format!("cnry{}", self.random.token(28));
        self.canaries.push(Canary::new(place, &secret));
        secret
    }

    /// Secrets that a server plants in its answers.
    pub(crate) fn also(&mut self, canaries: &Canaries) {
        self.canaries.extend(canaries.all().iter().map(|one| Canary::new(&one.place, &one.secret)));
    }

    /// A new secret in a variable of the environment.
    pub(crate) fn variable(&mut self, name: &str) -> String {
        let secret = self.plant(&format!("variable {name}"));
        self.environment.insert(String::from(name), secret.clone());
        secret
    }

    /// A secret that the test brings along, in a variable.
    pub(crate) fn variable_with(&mut self, name: &str, secret: &str) {
        self.canaries.push(Canary::new(&format!("variable {name}"), secret));
        self.environment.insert(String::from(name), String::from(secret));
    }

    /// A new secret in a file for its owner alone.
    pub(crate) fn secret_file(&mut self, name: &str) -> String {
        let secret = self.plant(&format!("file {name}"));
        self.private(name, &secret);
        secret
    }

    /// A file for its owner alone.
    pub(crate) fn private(&mut self, name: &str, text: &str) {
        private(self.path(), name, text);
        self.inputs.insert(self.path().join(name), text.as_bytes().to_vec());
    }

    /// A private key as PEM: each line of it is a canary.
    pub(crate) fn key_file(&mut self, name: &str, pem: &str) {
        for line in pem.lines().filter(|line| line.len() >= 40 && !line.contains("---")) {
            self.canaries.push(Canary::new(&format!("key in {name}"), line));
        }
        self.private(name, pem);
    }

    /// A file that the program reads.
    pub(crate) fn write(&mut self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        self.inputs.insert(path, text.as_bytes().to_vec());
    }

    /// The roster as it stands, and its manifest.
    pub(crate) fn write_roster(&mut self) {
        let header =
            "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at";
        let roster = format!("{header}\n{}\n", self.people.join("\n"));
        self.write_roster_text(&roster);
    }

    pub(crate) fn write_roster_text(&mut self, roster: &str) {
        let rows = roster.lines().count() - 1;
        let as_of = now().format("%Y-%m-%dT%H:%M:%SZ");
        let digest = sha256(roster.as_bytes());
        self.write("roster.csv", roster);
        let manifest = format!(r#"{{"as_of":"{as_of}","rows":{rows},"sha256":"{digest}","coverage":"full"}}"#);
        self.write("roster.meta.json", &manifest);
    }

    /// The configuration with these systems, and what else stands in it.
    pub(crate) fn configure(&mut self, systems: &str, more: &str) {
        let source = "    - { id: hris, format: csv, path: roster.csv, manifest: roster.meta.json, coverage: full, default_time_zone: Europe/Berlin, end_date_meaning: last_day_included, rank: 1 }\n";
        self.write_roster();
        self.configure_with(source, systems, more);
    }

    /// The same with another source of the roster.
    pub(crate) fn configure_with(&mut self, source: &str, systems: &str, more: &str) {
        let config = format!(
            "version: 1\norganisation: acme\nstate_dir: state\nroster:\n  sources:\n{source}identity:\n  domains: [{{ name: acme.example }}]\n\
             systems:\n{systems}{OUTPUTS}{more}"
        );
        self.write("holdover.yaml", &config);
    }

    /// The program as it is run here: at its loudest, with core files allowed.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let holdover = command(self.path());
        let mut shell = Command::new("/bin/sh");
        shell.current_dir(self.path()).env_clear().env("TZ", "UTC").env("TMPDIR", self.path().join("tmp"));
        shell.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").envs(&self.environment);
        shell.args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$@\"", "sh"]);
        shell.arg(holdover.get_program()).args(arguments).args(["-v", "-v", "-v"]);
        shell
    }

    /// Runs it, and keeps all it said.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Run {
        let output = self.program(arguments).output().expect("the program starts");
        self.heard(&format!("standard output of {arguments:?}"), &output.stdout);
        self.heard(&format!("standard error of {arguments:?}"), &output.stderr);
        let run = Run::new(&output, self.path());
        assert!(run.code != 101 && run.code != -1, "{arguments:?} ended with {}: {}", run.code, run.stderr);
        run
    }

    /// Something else that came out.
    pub(crate) fn heard(&mut self, place: &str, bytes: impl AsRef<[u8]>) {
        self.said.push((String::from(place), bytes.as_ref().to_vec()));
    }

    /// What came out: terminal and log, and every file that the test did not put there as it is.
    pub(crate) fn haystacks(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = self.said.clone();
        for path in files(self.path()) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if self.inputs.get(&path) == Some(&bytes) {
                continue;
            }
            let name = path.strip_prefix(self.path()).unwrap_or(&path).display().to_string();
            if name.ends_with("state.db") {
                all.push((format!("{name}, by rows"), rows(&path)));
            }
            all.push((name, bytes));
        }
        all
    }

    /// Where secrets came out.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let search = Search::new(&self.canaries);
        self.haystacks().iter().flat_map(|(place, bytes)| search.leaks(place, bytes)).collect()
    }

    /// Nothing came out; and what should have been written was, so that there was something to search.
    #[track_caller]
    pub(crate) fn expect_silence(&self, written: &[&str]) {
        let haystacks = self.haystacks();
        for name in written {
            let long = haystacks.iter().any(|(place, bytes)| place.contains(name) && !bytes.is_empty());
            assert!(
                long,
                "nothing of {name} was searched: {:?}",
                haystacks.iter().map(|(name, _)| name).collect::<Vec<_>>()
            );
        }
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "{} canaries, {} leaks:\n{leaks:#?}", self.canaries.len(), leaks.len());
    }
}
