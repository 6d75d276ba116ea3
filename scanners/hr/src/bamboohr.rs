//! BambooHR: one custom report holds everybody.
//!
//! Facts: the public clients of the interface (report, Basic with the key as user, `onlyCurrent`, `0000-00-00`, 503 with
//! `Retry-After`, `X-BambooHR-Error-Message`). What the key's user may not see is left out without a word.

use http::{HeaderValue, Method};
use scan_contract::Cause;
use scan_transport::{Action, AllowList, Keep, Operation, Purpose, Request, SecretRef};
use serde_json::json;
use url::Url;

use crate::column::Column;
use crate::credential::{Fixed, Form as SecretForm};
use crate::fetched::Fetched;
use crate::mapping::{self, Mapping, Usual};
use crate::page::Form;
use crate::pick::Pointer;
use crate::source::Source;
use crate::table::{Alias, Table};
use crate::walk::{Hints, Walk, Ways};
use crate::words::Words;

/// How BambooHR is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BambooHr {
    /// Origin: the gateway, or the company's own host.
    pub base: Url,
    /// Company, as in its address.
    pub company: String,
    /// API key.
    pub api_key: SecretRef,
}

const RIGHTS: &[&str] = &["the API key's user sees the fields of the report for all employees, former ones too"];
const KEEP: Keep = Keep::Json(&[
    "title",
    "fields",
    "type",
    "name",
    "employees",
    "id",
    "employeeNumber",
    "displayName",
    "workEmail",
    "homeEmail",
    "status",
    "employmentHistoryStatus",
    "hireDate",
    "originalHireDate",
    "terminationDate",
    "supervisorEId",
    "department",
    "location",
    "lastChanged",
]);

/// Everything that is sent to BambooHR. The report is a POST that makes nothing: its body lists the fields.
pub static ALLOW: AllowList = AllowList {
    connector: "bamboohr",
    operations: &[
        Operation {
            name: "POST /v1/reports/custom",
            method: "POST",
            path: "/api/gateway.php/{company}/v1/reports/custom",
            action: Action::Query("onlyCurrent", "false"),
            purpose: Purpose::Read,
            rights: RIGHTS,
            keep: KEEP,
        },
        Operation {
            name: "POST /v1/reports/custom (company host)",
            method: "POST",
            path: "/api/v1/reports/custom",
            action: Action::Query("onlyCurrent", "false"),
            purpose: Purpose::Read,
            rights: RIGHTS,
            keep: KEEP,
        },
    ],
};

const HINTS: Hints = Hints {
    rights: "access to the report's fields for the API key's user",
    not_found: "there is no such company, or the key belongs to another one",
    explains: Some("x-bamboohr-error-message"),
};

const USUAL: Usual = &[
    (Column::PersonId, &["id"]),
    (Column::SourceRecordId, &["employeeNumber"]),
    (Column::EmploymentType, &["employmentHistoryStatus"]),
    (Column::Status, &["status"]),
    (Column::DisplayName, &["displayName"]),
    (Column::WorkEmail, &["workEmail"]),
    (Column::StartDate, &["hireDate"]),
    (Column::OriginalStartDate, &["originalHireDate"]),
    (Column::EndDate, &["terminationDate"]),
    (Column::ManagerPersonId, &["supervisorEId"]),
    (Column::Department, &["department"]),
    (Column::Location, &["location"]),
    (Column::UpdatedAt, &["lastChanged"]),
];

/// Words as BambooHR delivers them before anybody changes the lists.
pub(crate) const WORDS: Words = &[
    (Column::Status, "active", &["Active"]),
    (Column::Status, "ended", &["Inactive"]),
    (Column::EmploymentType, "employee", &["Full-Time", "Part-Time", "Full Time", "Part Time"]),
    (Column::EmploymentType, "contractor", &["Contractor"]),
    (Column::EmploymentType, "intern", &["Intern"]),
    (Column::EmploymentType, "temporary", &["Temporary"]),
];

/// Texts that mean that there is no date.
pub(crate) const NONE: &[&str] = &["0000-00-00"];

impl BambooHr {
    pub(crate) fn url(&self) -> Url {
        let mut url = self.base.clone();
        // Its own host has the company in the name; the gateway has it in the path.
        let own_host = url.host_str().is_some_and(|host| host.ends_with(".bamboohr.com") && host != "api.bamboohr.com");
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear();
            if own_host {
                path.extend(["api", "v1", "reports", "custom"]);
            } else {
                path.extend(["api", "gateway.php", &self.company, "v1", "reports", "custom"]);
            }
        }
        url
    }
}

pub(crate) async fn fetch(system: &BambooHr, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let mut mapping = Mapping::new(source, USUAL, mapping::key)?;
    let private = mapping.also(&Pointer::of(&["homeEmail"]));
    let credential = Fixed::new(ways, &system.api_key, SecretForm::KeyAsUser);
    let mut walk = Walk::new(ways, credential, HINTS);
    let reply = walk.page(request(system, &mapping)?).await?;
    let page = Form::new(Pointer::of(&["employees"])).read(&reply)?;
    let mut table = Table::new(source, &mapping);
    for item in &page.items {
        let Some(values) = mapping.read(item) else {
            table.push_unreadable();
            continue;
        };
        let mut record = mapping.record(&values);
        if let Some(id) = record.get(Column::PersonId).map(String::from) {
            table.count(&id);
        }
        // Says that somebody left, and hides what they were: what they were is then not known.
        if record.get(Column::EmploymentType) == Some("Terminated") {
            record.put(Column::EmploymentType, source.employment_type.as_str());
        }
        if let Some(address) = values.at(private).text() {
            record.alias(Alias::email(address, true));
        }
        table.push(record);
    }
    Ok(Fetched::new(table.finish(None)?, walk.as_of(), None, "the report is one answer and was read to its end"))
}

fn request(system: &BambooHr, mapping: &Mapping) -> Result<Request, Cause> {
    let mut url = system.url();
    // Without it people who left, or whose end lies ahead, are not in the report.
    url.query_pairs_mut().append_pair("format", "JSON").append_pair("onlyCurrent", "false");
    let mut fields: Vec<&str> = mapping.fields().iter().map(String::as_str).filter(|field| *field != "id").collect();
    fields.push("homeEmail");
    let body = json!({ "title": "Holdover roster", "fields": fields });
    Request::json(Method::POST, url, &body)
        .map(|request| request.with(http::header::ACCEPT, HeaderValue::from_static("application/json")))
        .map_err(|_| Cause::Bug { what: String::from("the report's request cannot be written as JSON") })
}
