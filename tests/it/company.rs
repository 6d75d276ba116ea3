//! A tiny company on disk, and the real program run over it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The instant most tests judge at.
pub(crate) const NOW: &str = "2026-08-03T06:00:00Z";

/// A folder with a configuration, a roster and one imported system, all sound.
pub(crate) struct Company {
    folder: tempfile::TempDir,
    /// Rows of the roster, without header.
    pub(crate) people: Vec<String>,
    /// Lines of `crm.ndjson` between header and end.
    pub(crate) records: Vec<String>,
    /// Instant of the export.
    pub(crate) as_of: String,
    /// Scopes of the export.
    pub(crate) scopes: Vec<String>,
    /// Further lines of the configuration.
    pub(crate) extra: String,
    /// Further keys of the system `crm`, each indented by four spaces, and whole systems after it.
    pub(crate) system_extra: String,
    /// Further keys below `roster:`, each indented by two spaces.
    pub(crate) roster_extra: String,
    /// Instant of the roster.
    pub(crate) roster_as_of: String,
    /// Name of the export's file.
    pub(crate) export_name: String,
}

/// One run of the program.
pub(crate) struct Run {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    folder: PathBuf,
}

const ROSTER_HEADER: &str =
    "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at";

impl Company {
    /// Ana left on 31 July 2026, Bea works here, and the export shows one account of each and a token of Ana's.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            people: vec![
                String::from(
                    "p-1,employee,ended,Ana Silva,ana@acme.example,2020-01-01,2026-07-31,Europe/Berlin,2026-08-01T00:00:00Z",
                ),
                String::from(
                    "p-2,employee,active,Bea Braun,bea@acme.example,2021-01-01,,Europe/Berlin,2026-08-01T00:00:00Z",
                ),
                String::from(
                    "p-3,employee,active,Cem Can,cem@acme.example,2021-01-01,,Europe/Berlin,2026-08-01T00:00:00Z",
                ),
            ],
            records: vec![
                account("u-1", "ana@acme.example", "enabled"),
                account("u-2", "bea@acme.example", "enabled"),
                token("t-1", "u-1", "enabled"),
            ],
            as_of: String::from("2026-08-03T01:00:00Z"),
            scopes: vec![String::from("accounts"), String::from("api-tokens")],
            extra: String::new(),
            system_extra: String::new(),
            roster_extra: String::new(),
            roster_as_of: String::from("2026-08-03T00:00:00Z"),
            export_name: String::from("crm.ndjson"),
        }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the folder.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }

    /// Writes everything as it stands.
    pub(crate) fn write_all(&self) {
        self.write("holdover.yaml", self.config());
        self.write_roster();
        self.write(&self.export_name, self.export());
    }

    /// Writes the roster and its manifest.
    pub(crate) fn write_roster(&self) {
        let roster = format!("{ROSTER_HEADER}\n{}\n", self.people.join("\n"));
        let manifest = format!(
            r#"{{"as_of":"{}","rows":{},"sha256":"{}","coverage":"full"}}"#,
            self.roster_as_of,
            self.people.len(),
            sha256(roster.as_bytes())
        );
        self.write("roster.csv", roster);
        self.write("roster.meta.json", manifest);
    }

    /// The export as a whole, with an end line that counts.
    pub(crate) fn export(&self) -> String {
        let scopes: Vec<String> = self.scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
        let counts: Vec<String> = self
            .scopes
            .iter()
            .map(|scope| {
                let count =
                    self.records.iter().filter(|record| record.contains(&format!("\"scope\":\"{scope}\""))).count();
                format!("\"{scope}\":{count}")
            })
            .collect();
        let mut text = format!(
            "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{}\",\"produced_by\":\"test\",\"scopes\":[{}]}}\n",
            self.as_of,
            scopes.join(",")
        );
        for record in &self.records {
            text.push_str(record);
            text.push('\n');
        }
        text.push_str(&format!("{{\"record\":\"end\",\"counts\":{{{}}}}}\n", counts.join(",")));
        text
    }

    /// The configuration.
    pub(crate) fn config(&self) -> String {
        format!(
            "version: 1\n\
             organisation: acme\n\
             state_dir: state\n\
             roster:\n\
             \x20 sources:\n\
             \x20   - {{ id: hris, format: csv, path: roster.csv, manifest: roster.meta.json, coverage: full, default_time_zone: Europe/Berlin, end_date_meaning: last_day_included, max_age: 240h, rank: 1 }}\n\
             {}\
             identity:\n\
             \x20 domains: [{{ name: acme.example, aliases: [old.example] }}]\n\
             systems:\n\
             \x20 - id: crm\n\
             \x20   connector: import\n\
             \x20   tier: tier1\n\
             \x20   owner_team: sales-tools\n\
             \x20   max_age: 240h\n\
             \x20   scopes: [{}]\n\
             \x20   files: [{{ path: {}, format: ndjson }}]\n\
             {}\
             outputs:\n\
             \x20 - {{ format: json, path: out/report.json }}\n\
             \x20 - {{ format: csv, path: out/findings.csv }}\n\
             {}",
            self.roster_extra,
            self.scopes.join(", "),
            self.export_name,
            self.system_extra,
            self.extra
        )
    }

    /// Runs the program with the environment scrubbed.
    pub(crate) fn holdover(&self, arguments: &[&str]) -> Run {
        let output = command(self.path()).args(arguments).output().expect("the program starts");
        Run::new(&output, self.path())
    }

    /// Scans as of `now`.
    pub(crate) fn scan_at(&self, now: &str) -> Run {
        self.holdover(&["scan", "--as-of", now, "--no-progress"])
    }

    /// Scans as of [`NOW`].
    pub(crate) fn scan(&self) -> Run {
        self.scan_at(NOW)
    }

    /// The whole folder once more, state and outputs included.
    pub(crate) fn copy(&self) -> Copy {
        Copy::of(self.path())
    }
}

/// A copy of a company, to be damaged or run elsewhere.
pub(crate) struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    /// Copies a folder with everything below it; folders are for their owner alone.
    pub(crate) fn of(from: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy_below(from, folder.path());
        Self { folder }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program there.
    pub(crate) fn holdover(&self, arguments: &[&str]) -> Run {
        let output = command(self.path()).args(arguments).output().expect("the program starts");
        Run::new(&output, self.path())
    }

    /// Scans there.
    pub(crate) fn scan_at(&self, now: &str) -> Run {
        self.holdover(&["scan", "--as-of", now, "--no-progress"])
    }
}

fn copy_below(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            std::fs::create_dir(&target).expect("a folder");
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o700)).expect("a mode");
            copy_below(&entry.path(), &target);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path()).expect("a link"), &target).expect("a link");
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// The real program, with nothing of our environment.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdover"));
    command.current_dir(folder).env_clear().env("TZ", "UTC");
    command
}

impl Run {
    /// What a finished process gave.
    pub(crate) fn new(output: &Output, folder: &Path) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            folder: folder.to_path_buf(),
        }
    }

    /// The JSON report the run wrote.
    pub(crate) fn report(&self) -> Value {
        let path = self.folder.join("out/report.json");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}\nexit {}\n{}", path.display(), self.code, self.stderr));
        serde_json::from_str(&text).expect("the report is JSON")
    }

    /// State of a scope of `crm`.
    pub(crate) fn scope(&self, name: &str) -> String {
        let report = self.report();
        let scope = report["systems"][0]["scopes"]
            .as_array()
            .expect("scopes")
            .iter()
            .find(|scope| scope["name"] == name)
            .unwrap_or_else(|| panic!("no scope {name} in {report}"))
            .clone();
        scope["state"].as_str().expect("a state").to_owned()
    }

    /// Fails unless the code is the expected one, and shows everything.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "exit code\n--- stderr\n{}\n--- stdout\n{}", self.stderr, self.stdout);
        self
    }

    /// Every gap of the report, as `system/scope part: sentence`.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let report = self.report();
        let mut gaps = Vec::new();
        for system in list(&report["systems"]) {
            for scope in list(&system["scopes"]) {
                for gap in list(&scope["gaps"]) {
                    let part = gap["part"].as_str().unwrap_or("");
                    gaps.push(format!(
                        "{}/{} {part}: {}",
                        word(&system["id"]),
                        word(&scope["name"]),
                        word(&gap["says"])
                    ));
                }
            }
        }
        gaps
    }

    /// Every scope that is not complete, as `system/scope`.
    pub(crate) fn incomplete(&self) -> Vec<String> {
        let report = self.report();
        let mut names = Vec::new();
        for system in list(&report["systems"]) {
            for scope in list(&system["scopes"]).iter().filter(|scope| scope["state"] != "complete") {
                names.push(format!("{}/{}", word(&system["id"]), word(&scope["name"])));
            }
        }
        names
    }

    /// Grant ids of the findings this run closed.
    pub(crate) fn closed(&self) -> Vec<String> {
        list(&self.report()["closed"]).iter().map(|finding| word(&finding["grant_id"])).collect()
    }

    /// One finding, by its grant.
    pub(crate) fn finding(&self, grant_id: &str) -> Value {
        let report = self.report();
        let all = list(&report["findings"]).iter().chain(list(&report["closed"])).chain(list(&report["remnants"]));
        let mut found = all.filter(|finding| finding["grant_id"] == grant_id);
        found.next().unwrap_or_else(|| panic!("no {grant_id} in {report:#}")).clone()
    }

    /// A flag of the run.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.report()["run"]["flags"][name].as_bool().unwrap_or_else(|| panic!("no flag {name}"))
    }

    /// Notices as `id: sentence`.
    pub(crate) fn notices(&self) -> Vec<String> {
        let report = self.report();
        list(&report["notices"])
            .iter()
            .map(|notice| format!("{}: {}", word(&notice["id"]), word(&notice["says"])))
            .collect()
    }

    /// Id of the run.
    pub(crate) fn id(&self) -> String {
        word(&self.report()["run"]["id"])
    }

    /// `grant id -> state` of the findings of the report.
    pub(crate) fn states(&self) -> std::collections::BTreeMap<String, String> {
        self.report()["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|finding| {
                (
                    finding["grant_id"].as_str().expect("a grant id").to_owned(),
                    finding["state"].as_str().expect("a state").to_owned(),
                )
            })
            .collect()
    }
}

/// A JSON array.
pub(crate) fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}"))
}

/// A JSON text.
pub(crate) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// An account held by the owner of an address.
pub(crate) fn account(id: &str, email: &str, status: &str) -> String {
    format!(
        r#"{{"record":"access","scope":"accounts","kind":"account","grant_id":"{id}","grant_display":"{id}","status":"{status}","privilege":"write","created_at":"2023-04-01T08:00:00Z","last_used_at":"2026-07-30T22:22:00Z","expires_at":null,"holders":[{{"relation":"holder","provider_id":"{id}","email":"{email}"}}]}}"#
    )
}

/// A token that hangs from an account.
pub(crate) fn token(id: &str, parent: &str, status: &str) -> String {
    format!(
        r#"{{"record":"access","scope":"api-tokens","kind":"api_token","grant_id":"{id}","status":"{status}","privilege":"write","parent":"{parent}","created_at":"2024-01-09T10:00:00Z","last_used_at":null,"expires_at":null}}"#
    )
}

/// Lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
