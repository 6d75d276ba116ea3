//! HiBob: one search gives everybody.
//!
//! Facts: the vendor's "People read API contract" (no paging, active people only unless `showInactive`, fields that the
//! service user may not see are left out without a word, `humanReadable` turns dates into the reader's format) and its
//! list guide (each value stands both nested and under its path with slashes).

use http::{HeaderValue, Method};
use scan_contract::Cause;
use scan_transport::{Action, AllowList, Keep, Operation, Purpose, Request, SecretRef};
use serde_json::json;
use url::Url;

use crate::column::Column;
use crate::credential::{Fixed, Form as SecretForm};
use crate::fetched::Fetched;
use crate::mapping::{Mapping, Usual};
use crate::page::Form;
use crate::pick::Pointer;
use crate::source::Source;
use crate::table::Table;
use crate::walk::{Hints, Walk, Ways};
use crate::words::Words;

/// How HiBob is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiBob {
    /// Origin.
    pub base: Url,
    /// Id of the service user.
    pub user: String,
    /// Its token.
    pub token: SecretRef,
    /// Number of the company, where it is to be checked.
    pub company: Option<String>,
}

/// Everything that is sent to HiBob. The search is a POST that makes nothing: its body lists the fields.
pub static ALLOW: AllowList = AllowList {
    connector: "hibob",
    operations: &[Operation {
        name: "POST /v1/people/search",
        method: "POST",
        path: "/v1/people/search",
        action: Action::Plain,
        purpose: Purpose::Read,
        rights: &[
            "People's data: view the sections Basic info, Work, Employment and Lifecycle of all employees, inactive ones too",
        ],
        keep: Keep::Json(&[
            "employees",
            "id",
            "companyId",
            "email",
            "displayName",
            "work",
            "startDate",
            "employeeIdInCompany",
            "reportsTo",
            "site",
            "internal",
            "status",
            "lifecycleStatus",
            "terminationDate",
            "employment",
            "employee",
            "lastDayOfWork",
            "value",
        ]),
    }],
};

const HINTS: Hints = Hints {
    rights: "People's data of all employees for the service user",
    not_found: "the address is not that of HiBob",
    explains: None,
};

const USUAL: Usual = &[
    (Column::PersonId, &["root.id"]),
    (Column::SourceRecordId, &["work.employeeIdInCompany"]),
    (Column::Status, &["internal.lifecycleStatus", "internal.status"]),
    (Column::DisplayName, &["root.displayName"]),
    (Column::WorkEmail, &["root.email"]),
    (Column::StartDate, &["work.startDate"]),
    // Which of the two is filled depends on how the account was set up.
    (Column::EndDate, &["internal.terminationDate", "employment.terminationDate"]),
    (Column::LastDayWorked, &["employee.lastDayOfWork"]),
    (Column::Location, &["work.site"]),
];

/// Words of the life cycle, and of the plain status.
pub(crate) const WORDS: Words = &[
    (Column::Status, "active", &["employed", "Employed", "active", "Active"]),
    (Column::Status, "pending", &["hired", "Hired"]),
    (Column::Status, "ended", &["terminated", "Terminated", "inactive", "Inactive"]),
    (Column::Status, "garden_leave", &["garden leave", "Garden leave", "Garden Leave", "gardenLeave"]),
    (
        Column::Status,
        "leave",
        &["leave", "Leave", "parental leave", "Parental leave", "Parental Leave", "parentalLeave"],
    ),
];

impl HiBob {
    pub(crate) fn url(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path("/v1/people/search");
        url
    }
}

/// A field stands nested (`work.startDate` as `/work/startDate`, `root.` at the top) and under its path with slashes.
fn places(field: &str) -> Vec<Pointer> {
    let steps: Vec<&str> = field.split('.').collect();
    let nested = if steps.first() == Some(&"root") { &steps[1..] } else { &steps[..] };
    let path = format!("/{}", steps.join("/"));
    vec![Pointer::of(nested), Pointer::of(&[&path, "value"])]
}

pub(crate) async fn fetch(system: &HiBob, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let mut mapping = Mapping::new(source, USUAL, places)?;
    let manager = [&["work", "reportsTo", "id"][..], &["/work/reportsTo", "value", "id"]]
        .map(|steps| mapping.also(&Pointer::of(steps)));
    let company: Vec<usize> = places("root.companyId").iter().map(|pointer| mapping.also(pointer)).collect();
    let credential = Fixed::new(ways, &system.token, SecretForm::PasswordOf(system.user.clone()));
    let mut walk = Walk::new(ways, credential, HINTS);
    let reply = walk.page(request(system, &mapping)?).await?;
    let page = Form::new(Pointer::of(&["employees"])).read(&reply)?;
    let mut table = Table::new(source, &mapping);
    let mut on_garden_leave = 0_u64;
    for item in &page.items {
        let Some(values) = mapping.read(item) else {
            table.push_unreadable();
            continue;
        };
        if let Some(declared) = &system.company {
            let found = company.iter().find_map(|slot| values.at(*slot).text()).unwrap_or("no companyId");
            if found != declared {
                return Err(Cause::WrongSystem { declared: declared.clone(), found: String::from(found) });
            }
        }
        let mut record = mapping.record(&values);
        if let Some(id) = record.get(Column::PersonId).map(String::from) {
            table.count(&id);
        }
        if let Some(manager) = manager.iter().find_map(|slot| values.at(*slot).text()) {
            record.put(Column::ManagerPersonId, manager);
        }
        let word = record.get(Column::Status).map(str::to_lowercase).unwrap_or_default();
        on_garden_leave += u64::from(word.starts_with("garden") && record.get(Column::LastDayWorked).is_none());
        table.push(record);
    }
    if on_garden_leave > 0 {
        table.notice(format!(
            "{on_garden_leave} people are on garden leave without a last day of work: their access is taken to end with the termination date"
        ));
    }
    Ok(Fetched::new(
        table.finish(None)?,
        walk.as_of(),
        None,
        "the search gives everybody in one answer, read to its end",
    ))
}

fn request(system: &HiBob, mapping: &Mapping) -> Result<Request, Cause> {
    let mut fields: Vec<&str> = mapping.fields().iter().map(String::as_str).collect();
    fields.push("work.reportsTo");
    if system.company.is_some() {
        fields.push("root.companyId");
    }
    // No `humanReadable`: it would turn dates into the format of whoever asks.
    let body = json!({ "fields": fields, "showInactive": true });
    Request::json(Method::POST, system.url(), &body)
        .map(|request| request.with(http::header::ACCEPT, HeaderValue::from_static("application/json")))
        .map_err(|_| Cause::Bug { what: String::from("the search cannot be written as JSON") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_looked_for_nested_and_under_its_path() {
        let shown: Vec<String> = places("work.startDate").iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["/work/startDate", "/~1work~1startDate/value"]);
        let shown: Vec<String> = places("root.id").iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["/id", "/~1root~1id/value"]);
    }
}
