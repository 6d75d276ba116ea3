//! A server, a source over it, and what came out as people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{NaiveDate, Utc};
use holdover_kit::fault::{Asked, FaultServer, Stub};
use holdover_kit::stub::hr::{self, SECRET, Staff, Truth};
use scan_contract::Cause;
use scan_hr::{
    Client, ClientProof, Column, Dates, Fetched, Leavers, Source, System, Ways, bamboohr, entra, hibob, okta, personio,
    rippling, workday,
};
use scan_transport::{Connection, Door, Limits, PaceSettings, Request, Secret, SecretRef, Secrets, TimeLimits};
use serde_json::Value;
use url::Url;

/// The systems with an interface of their own.
pub(crate) const VENDORS: [Vendor; 7] =
    [Vendor::BambooHr, Vendor::Workday, Vendor::HiBob, Vendor::Personio, Vendor::Rippling, Vendor::Okta, Vendor::Entra];

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    BambooHr,
    Workday,
    HiBob,
    Personio,
    Rippling,
    Okta,
    Entra,
}

/// Gives the secret that its reference names.
pub(crate) struct Desk;

impl Secrets for Desk {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        match reference {
            SecretRef::Environment(name) if name == "RIGHT" => Ok(Secret::from(String::from(SECRET))),
            SecretRef::Environment(name) if name == "WRONG" => Ok(Secret::from(String::from("wrong-secret-71aa"))),
            _ => Err(Cause::Needs { what: String::from("a secret") }),
        }
    }
}

pub(crate) fn right() -> SecretRef {
    SecretRef::Environment(String::from("RIGHT"))
}

/// The day every staff is rendered on.
pub(crate) fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 8, 3).expect("a day")
}

/// One of each case, and a few more.
pub(crate) fn truth() -> Truth {
    Truth::new(Staff::sample(today(), 7))
}

pub(crate) fn connection() -> Connection {
    Connection {
        internal: true,
        plain_to_loopback: true,
        time: TimeLimits { ..TimeLimits::default() },
        limits: Limits { ..Limits::default() },
        pace: Some(PaceSettings {
            per_second: 1000.0,
            burst: 1000,
            in_flight: 8,
            retry_share: 1.0,
            attempts: 3,
            ..PaceSettings::default()
        }),
        ..Connection::default()
    }
}

pub(crate) fn source(system: System) -> Source {
    let words = system.words();
    let ended = words.get("status").and_then(|words| words.get("ended")).cloned().unwrap_or_default();
    let directory = system.is_directory();
    Source {
        id: String::from("hris"),
        connection: connection(),
        columns: BTreeMap::new(),
        fallbacks: BTreeMap::new(),
        zones: BTreeMap::from([(String::from("Berlin"), String::from("Europe/Berlin"))]),
        employment_type: String::from("employee"),
        ended_words: ended,
        none_values: system.none_values().iter().map(|none| String::from(*none)).collect(),
        dates: Dates::Iso,
        leavers: if directory { Leavers::MayBeNone } else { Leavers::Expected },
        system,
    }
}

/// A source and the list of what may be sent, which the server holds every request against.
pub(crate) fn serve(stub: Arc<impl Stub + 'static>, source: impl FnOnce(Url) -> Source) -> (FaultServer, Source) {
    // The list is needed before the port is known; the paths do not depend on it.
    let (ready, list) = std::sync::mpsc::sync_channel::<&'static scan_transport::AllowList>(1);
    let list = std::sync::Mutex::new((list, None));
    let server = FaultServer::build(stub)
        .operations(move |asked| {
            let mut list = list.lock().expect("a list");
            if list.1.is_none() {
                list.1 = list.0.try_recv().ok();
            }
            name(list.1?, asked)
        })
        .start();
    let source = source(Url::parse(server.origin()).expect("an origin"));
    ready.send(source.allow()).expect("the list is taken");
    (server, source)
}

fn name(list: &'static scan_transport::AllowList, asked: &Asked) -> Option<String> {
    let request = Request {
        method: asked.method.parse().expect("a method"),
        url: Url::parse(&asked.address()).expect("an address"),
        headers: asked.headers.clone(),
        body: asked.body.clone(),
    };
    list.find_request(&request).map(|operation| String::from(operation.name)).ok()
}

pub(crate) fn client(secret: SecretRef) -> Client {
    Client { id: String::from("client-1"), proof: ClientProof::Secret(secret) }
}

/// The columns of the stub's report.
pub(crate) fn workday_columns() -> BTreeMap<Column, String> {
    [
        (Column::PersonId, "WID"),
        (Column::SourceRecordId, "Employee_ID"),
        (Column::EmploymentType, "Worker_Type"),
        (Column::Status, "Active"),
        (Column::DisplayName, "Full_Name"),
        (Column::WorkEmail, "Email"),
        (Column::StartDate, "Hire_Date"),
        (Column::OriginalStartDate, "Original_Hire_Date"),
        (Column::EndDate, "Termination_Date"),
        (Column::LastDayWorked, "Last_Day_of_Work"),
        (Column::Location, "Location"),
    ]
    .into_iter()
    .map(|(column, field)| (column, String::from(field)))
    .collect()
}

impl Vendor {
    /// The stub over a truth, and a source that reads it.
    pub(crate) fn start(self, truth: &Truth) -> (FaultServer, Source) {
        self.start_with(truth, right())
    }

    pub(crate) fn start_with(self, truth: &Truth, secret: SecretRef) -> (FaultServer, Source) {
        let truth = truth.clone();
        match self {
            Self::BambooHr => serve(Arc::new(hr::BambooHr::new(truth)), |base| {
                source(System::BambooHr(bamboohr::BambooHr { base, company: String::from("acme"), api_key: secret }))
            }),
            Self::Workday => serve(Arc::new(hr::Workday::new(truth)), |base| workday_source(base, secret)),
            Self::HiBob => serve(Arc::new(hr::HiBob::new(truth)), |base| hibob_source(base, secret)),
            Self::Personio => serve(Arc::new(hr::Personio::new(truth)), |base| {
                source(System::Personio(personio::Personio { base, client: client(secret) }))
            }),
            Self::Rippling => serve(Arc::new(hr::Rippling::new(truth)), |base| {
                let expand = rippling::EXPAND.map(String::from).to_vec();
                source(System::Rippling(rippling::Rippling { base, token: secret, expand }))
            }),
            Self::Okta => serve(Arc::new(hr::Okta::new(truth)), |base| okta_source(base, secret)),
            Self::Entra => serve(Arc::new(hr::Entra::new(truth)), |base| entra_source(base, secret)),
        }
    }

    /// Id of a member in this system.
    pub(crate) fn id(self, number: u32) -> String {
        match self {
            Self::BambooHr => number.to_string(),
            Self::Workday => format!("wid-{number}"),
            Self::HiBob => format!("30{number}"),
            Self::Personio => format!("pers-{number}"),
            Self::Rippling => format!("w{number}"),
            Self::Okta => format!("00u{number}"),
            Self::Entra => format!("obj-{number}"),
        }
    }

    pub(crate) fn is_directory(self) -> bool {
        matches!(self, Self::Okta | Self::Entra)
    }

    /// Whether its list has pages.
    pub(crate) fn has_pages(self) -> bool {
        matches!(self, Self::Personio | Self::Rippling | Self::Okta | Self::Entra)
    }
}

pub(crate) fn workday_source(base: Url, secret: SecretRef) -> Source {
    let (prompt, answer) = workday::TERMINATED_PROMPT;
    let mut made = source(System::Workday(workday::Workday {
        base,
        tenant: String::from("acme"),
        owner: String::from("isu_holdover"),
        report: String::from("Leavers Report"),
        user: String::from("isu_holdover"),
        password: secret,
        prompts: BTreeMap::from([(String::from(prompt), String::from(answer))]),
    }));
    made.columns = workday_columns();
    made.fallbacks = BTreeMap::from([(Column::EndDate, vec![String::from("Contract_End_Date")])]);
    made.ended_words = vec![String::from("0")];
    made
}

pub(crate) fn hibob_source(base: Url, secret: SecretRef) -> Source {
    source(System::HiBob(hibob::HiBob { base, user: String::from("SERVICE-1"), token: secret, company: None }))
}

pub(crate) fn okta_source(base: Url, secret: SecretRef) -> Source {
    source(System::Okta(okta::Okta { base, token: secret, accounts_of: None }))
}

pub(crate) fn entra_source(base: Url, secret: SecretRef) -> Source {
    source(System::Entra(entra::Entra {
        login: base.clone(),
        base,
        tenant: String::from("tenant-1"),
        client: client(secret),
        leave_dates: entra::LeaveDates::Asked,
        accounts_of: None,
    }))
}

/// Asks a source.
#[expect(clippy::disallowed_methods, reason = "the stub's answers carry the time of this machine")]
pub(crate) fn fetch(source: &Source) -> Result<Fetched, Cause> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let door = Door::open(source.door().expect("settings"), source.allow(), Arc::new(Utc::now)).expect("a door");
    let ways = Ways { door, secrets: Arc::new(Desk) };
    runtime.block_on(scan_hr::fetch(source, &ways))
}

/// A fetch that must succeed.
pub(crate) fn fetched(source: &Source) -> Fetched {
    fetch(source).unwrap_or_else(|cause| panic!("not fetched: {cause}"))
}

/// A fetch that must not; the cause.
pub(crate) fn refused(source: &Source) -> Cause {
    match fetch(source) {
        Err(cause) => {
            let text = cause.to_string();
            assert!(!text.contains(SECRET) && !text.contains("wrong-secret"), "{text}");
            cause
        }
        Ok(fetched) => panic!("a roster of {} rows was believed", fetched.rows),
    }
}

/// The rows of a table.
pub(crate) fn rows(fetched: &Fetched) -> Vec<Value> {
    let text = std::str::from_utf8(&fetched.table).expect("UTF-8");
    assert!(text.ends_with('\n'));
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    assert_eq!(rows.len() as u64, fetched.rows);
    rows
}

/// The rows of one person.
pub(crate) fn rows_of(fetched: &Fetched, id: &str) -> Vec<Value> {
    rows(fetched).into_iter().filter(|row| row["person_id"] == *id).collect()
}

/// Ids on the roster.
pub(crate) fn ids(fetched: &Fetched) -> BTreeSet<String> {
    rows(fetched).iter().map(|row| String::from(row["person_id"].as_str().expect("an id"))).collect()
}

/// Whether anything that was said holds this text.
pub(crate) fn says(fetched: &Fetched, text: &str) -> bool {
    fetched.notices.iter().any(|notice| notice.contains(text))
}
