//! Workday: a custom report that is offered as a service. Its columns are whatever its author called them.
//!
//! Facts: the public integrations (address, Basic with an integration system user, prompts as query parameters, the whole
//! report in one answer, dates with the tenant's offset). The form `{"Report_Entry": [...]}` is the one they parse.

use std::collections::BTreeMap;

use http::HeaderValue;
use scan_contract::Cause;
use scan_transport::{Action, AllowList, Keep, Operation, Purpose, Request, SecretRef};
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

/// How Workday is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workday {
    /// Origin.
    pub base: Url,
    /// Tenant.
    pub tenant: String,
    /// Owner of the report.
    pub owner: String,
    /// Name of the report.
    pub report: String,
    /// Integration system user.
    pub user: String,
    /// Its password.
    pub password: SecretRef,
    /// Prompts of the report and what is answered to them.
    pub prompts: BTreeMap<String, String>,
}

/// The usual prompt that brings people who left. The report has to have it, or to list them anyway.
pub const TERMINATED_PROMPT: (&str, &str) = ("Include_Terminated_Workers", "1");

/// Everything that is sent to Workday.
pub static ALLOW: AllowList = AllowList {
    connector: "workday",
    operations: &[Operation {
        name: "GET customreport2",
        method: "GET",
        path: "/ccx/service/customreport2/{tenant}/{owner}/{report}",
        action: Action::Query("format", "json"),
        purpose: Purpose::Read,
        rights: &["the report is shared with the security group of the integration system user"],
        // Which columns there are is the author's choice: those that the configuration maps are kept besides.
        keep: Keep::Json(&["Report_Entry"]),
    }],
};

const HINTS: Hints = Hints {
    rights: "the report is shared with the security group of the integration system user",
    not_found: "there is no such report in this tenant, it is not enabled as a web service, or the user may not see it",
    explains: None,
};

/// Nothing is usual: the configuration names every column.
const USUAL: Usual = &[];

impl Workday {
    pub(crate) fn url(&self) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear();
            path.extend(["ccx", "service", "customreport2", &self.tenant, &self.owner, &self.report]);
        }
        url
    }

    fn request(&self) -> Request {
        let mut url = self.url();
        url.query_pairs_mut().append_pair("format", "json").extend_pairs(&self.prompts);
        Request::get(url).with(http::header::ACCEPT, HeaderValue::from_static("application/json"))
    }
}

/// Columns are keys; what begins with a slash is a JSON pointer into a group of the report.
fn places(field: &str) -> Vec<Pointer> {
    if field.starts_with('/') { Pointer::parse(field).into_iter().collect() } else { vec![Pointer::of(&[field])] }
}

pub(crate) async fn fetch(system: &Workday, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let mapping = Mapping::new(source, USUAL, places)?;
    let credential = Fixed::new(ways, &system.password, SecretForm::PasswordOf(system.user.clone()));
    let mut walk = Walk::new(ways, credential, HINTS);
    let reply = walk.page(system.request()).await?;
    let page = Form::new(Pointer::of(&["Report_Entry"])).read(&reply)?;
    let mut table = Table::new(source, &mapping);
    for item in &page.items {
        let Some(values) = mapping.read(item) else {
            table.push_unreadable();
            continue;
        };
        let record = mapping.record(&values);
        if let Some(id) = record.get(Column::PersonId).map(String::from) {
            table.count(&format!("{id}\u{0}{}", record.get(Column::StartDate).unwrap_or_default()));
        }
        table.push(record);
    }
    Ok(Fetched::new(table.finish(None)?, walk.as_of(), None, "the report is one answer and was read to its end"))
}
