//! Rosters out of HR systems, through the real program: a leaver is found, damage holds, the last accepted roster stays.

mod gates;
mod life;
mod second_source;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{NaiveDate, Utc};
use holdover_kit::fault::FaultServer;
use holdover_kit::stub::hr::{self, SECRET, Staff, Truth};

use crate::company::{Run, account, command, token};

/// Every kind of source over HTTP.
pub(crate) const KINDS: [Kind; 8] = [
    Kind::BambooHr,
    Kind::Workday,
    Kind::HiBob,
    Kind::Personio,
    Kind::Rippling,
    Kind::Okta,
    Kind::Entra,
    Kind::HttpJson,
];

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    BambooHr,
    Workday,
    HiBob,
    Personio,
    Rippling,
    Okta,
    Entra,
    HttpJson,
}

pub(crate) fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// Everybody, with enough colleagues for shares to mean something.
pub(crate) fn truth() -> Truth {
    let truth = Truth::new(Staff::sample(today(), 22));
    truth.page_size(7);
    truth
}

impl Kind {
    pub(crate) fn serve(self, truth: &Truth) -> FaultServer {
        let truth = truth.clone();
        match self {
            Self::BambooHr => FaultServer::start(Arc::new(hr::BambooHr::new(truth))),
            Self::Workday => FaultServer::start(Arc::new(hr::Workday::new(truth))),
            Self::HiBob => FaultServer::start(Arc::new(hr::HiBob::new(truth))),
            Self::Personio => FaultServer::start(Arc::new(hr::Personio::new(truth))),
            Self::Rippling => FaultServer::start(Arc::new(hr::Rippling::new(truth))),
            Self::Okta => FaultServer::start(Arc::new(hr::Okta::new(truth))),
            Self::Entra => FaultServer::start(Arc::new(hr::Entra::new(truth))),
            Self::HttpJson => FaultServer::start(Arc::new(hr::Json::new(truth, hr::Paging::Cursor))),
        }
    }

    /// The source as a configuration has it, below `sources:`.
    pub(crate) fn source(self, origin: &str) -> String {
        let secret = "{ env: HR_SECRET }";
        let own = match self {
            Self::BambooHr => format!("format: bamboohr, base_url: {origin}, company: acme, api_key: {secret}"),
            Self::Workday => format!(
                "format: workday, base_url: {origin}, tenant: acme, user: isu_holdover, password: {secret}, \
                 report: {{ owner: isu_holdover, name: Leavers Report }}, \
                 columns: {{ person_id: WID, employment_type: Worker_Type, status: Active, display_name: Full_Name, work_email: Email, \
                 start_date: Hire_Date, original_start_date: Original_Hire_Date, end_date: Termination_Date, last_day_worked: Last_Day_of_Work }}, \
                 fallback_columns: {{ end_date: [Contract_End_Date] }}, \
                 values: {{ status: {{ active: [\"1\"], ended: [\"0\"] }}, employment_type: {{ employee: [Employee], contractor: [Contingent_Worker] }} }}"
            ),
            Self::HiBob => format!("format: hibob, base_url: {origin}, user: SERVICE-1, token: {secret}"),
            Self::Personio => format!("format: personio, base_url: {origin}, client_id: c-1, client_secret: {secret}"),
            Self::Rippling => format!("format: rippling, base_url: {origin}, token: {secret}"),
            Self::Okta => format!("format: okta, base_url: {origin}, token: {secret}"),
            Self::Entra => format!(
                "format: entra, base_url: {origin}, login_url: {origin}, tenant: tenant-1, client_id: c-1, client_secret: {secret}"
            ),
            Self::HttpJson => format!(
                "format: http_json, http: {{ url: \"{origin}/people?include=former\", items: /data/people, total: /total, \
                 auth: {{ kind: header, name: X-Api-Key, secret: {secret} }}, paging: {{ kind: cursor, at: /next, parameter: from }}, \
                 expect: {{ at: /company, is: acme }} }}, \
                 columns: {{ person_id: /key, work_email: /mail/work, display_name: /name, status: /state, start_date: /from, end_date: /to, last_day_worked: /worked }}, \
                 values: {{ status: {{ active: [here], ended: [gone] }} }}"
            ),
        };
        format!(
            "    - {{ id: hris, {own}, coverage: full, default_time_zone: Europe/Berlin, end_date_meaning: last_day_included, \
             connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500, in_flight: 8 }} }} }}\n"
        )
    }

    /// The key of the work address, as it stands in this system's answers.
    pub(crate) fn address_key(self) -> &'static str {
        match self {
            Self::BambooHr => "workEmail",
            Self::Workday => "Email",
            Self::HiBob | Self::Personio | Self::Okta => "email",
            Self::Rippling => "work_email",
            Self::Entra => "mail",
            Self::HttpJson => "work",
        }
    }

    /// The keys that tell an end.
    pub(crate) fn end_keys(self) -> &'static [&'static str] {
        match self {
            Self::BambooHr => &["terminationDate"],
            Self::Workday => &["Termination_Date", "Contract_End_Date", "Last_Day_of_Work"],
            Self::HiBob => &["terminationDate", "lastDayOfWork"],
            Self::Personio => &["termination", "employment_end_date"],
            Self::Rippling => &["end_date"],
            // An account tells an end by its state, which is its status.
            Self::Okta | Self::Entra => &[],
            Self::HttpJson => &["to", "worked"],
        }
    }

    /// The key of the status.
    pub(crate) fn status_keys(self) -> &'static [&'static str] {
        match self {
            Self::BambooHr | Self::Personio | Self::Rippling | Self::Okta => &["status"],
            Self::Workday => &["Active"],
            Self::HiBob => &["lifecycleStatus", "status"],
            Self::Entra => &["accountEnabled"],
            Self::HttpJson => &["state"],
        }
    }
}

/// A company whose roster comes over HTTP, with an export of its CRM.
pub(crate) struct Office {
    folder: tempfile::TempDir,
    sources: String,
}

impl Office {
    /// Ana left a month ago, Bea works here; both have an account, and Ana a token.
    pub(crate) fn new(sources: &str) -> Self {
        let office = Self { folder: tempfile::tempdir().expect("a folder"), sources: String::from(sources) };
        office.write_all();
        office
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    fn write_all(&self) {
        let config = format!(
            "version: 1\norganisation: acme\nstate_dir: state\nroster:\n  sources:\n{}\
             identity: {{ domains: [{{ name: acme.example }}] }}\n\
             systems:\n  - id: crm\n    connector: import\n    scopes: [accounts, api-tokens]\n    files: [{{ path: crm.ndjson, format: ndjson }}]\n\
             outputs: [{{ format: json, path: out/report.json }}]\n",
            self.sources
        );
        self.write("holdover.yaml", config);
        self.write_export();
    }

    /// The export as of now, so that it lies after every end that has passed.
    pub(crate) fn write_export(&self) {
        let as_of = Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
        let records = [
            account("u-1", "ana.silva@acme.example", "enabled"),
            account("u-2", "bea.braun@acme.example", "enabled"),
            token("t-1", "u-1", "enabled"),
        ];
        let text = format!(
            "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{as_of}\",\"produced_by\":\"test\",\"scopes\":[\"accounts\",\"api-tokens\"]}}\n{}\n{{\"record\":\"end\",\"counts\":{{\"accounts\":2,\"api-tokens\":1}}}}\n",
            records.join("\n")
        );
        self.write("crm.ndjson", text);
    }

    pub(crate) fn holdover(&self, arguments: &[&str]) -> Run {
        let output =
            command(self.path()).env("HR_SECRET", SECRET).args(arguments).output().expect("the program starts");
        Run::new(&output, self.path())
    }

    pub(crate) fn scan(&self) -> Run {
        self.write_export();
        self.holdover(&["scan", "--no-progress"])
    }

    pub(crate) fn validate(&self) -> Run {
        self.holdover(&["roster", "validate"])
    }

    /// Every file below the folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut todo = vec![self.path().to_path_buf()];
        while let Some(folder) = todo.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { todo.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

/// Applies a change to every object of an answer, at any depth.
pub(crate) fn each_object(
    value: &mut serde_json::Value,
    change: &dyn Fn(&mut serde_json::Map<String, serde_json::Value>),
) {
    match value {
        serde_json::Value::Object(fields) => {
            change(fields);
            fields.values_mut().for_each(|value| each_object(value, change));
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        _ => {}
    }
}
