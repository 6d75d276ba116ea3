//! Rippling: workers, page by page.
//!
//! Facts: a public client (addresses, fields, `next_link`, `__meta.redacted_fields`) and clients generated from the
//! vendor's description (`expand`, filters). What a token may not see is named by the service itself.

use http::HeaderValue;
use scan_contract::Cause;
use scan_transport::{Action, AllowList, Keep, Operation, Purpose, Request, SecretRef};
use serde::Deserialize;
use serde_json::value::RawValue;
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

/// How Rippling is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rippling {
    /// Origin.
    pub base: Url,
    /// API token.
    pub token: SecretRef,
    /// Objects that are asked for together with each worker.
    pub expand: Vec<String>,
}

/// What is expanded where the configuration does not say otherwise.
pub const EXPAND: [&str; 3] = ["user", "employment_type", "department"];

const RIGHTS: &[&str] = &["workers.read", "users.read", "employment-types.read", "departments.read"];
/// No reasons: why somebody left is nobody's business, and a replay does without why a field is hidden.
const KEEP: Keep = Keep::Json(&[
    "results",
    "next_link",
    "__meta",
    "redacted_fields",
    "name",
    "id",
    "updated_at",
    "user",
    "display_name",
    "timezone",
    "manager_id",
    "start_date",
    "end_date",
    "number",
    "work_email",
    "personal_email",
    "status",
    "location",
    "work_location_id",
    "employment_type",
    "type",
    "label",
    "department",
    "termination_details",
]);

/// Everything that is sent to Rippling.
pub static ALLOW: AllowList = AllowList {
    connector: "rippling",
    operations: &[
        Operation {
            name: "GET /workers",
            method: "GET",
            path: "/workers",
            action: Action::Plain,
            purpose: Purpose::Read,
            rights: RIGHTS,
            keep: KEEP,
        },
        // Links to further pages end with a slash.
        Operation {
            name: "GET /workers/",
            method: "GET",
            path: "/workers/",
            action: Action::Plain,
            purpose: Purpose::Read,
            rights: RIGHTS,
            keep: KEEP,
        },
    ],
};

const HINTS: Hints =
    Hints { rights: "workers.read", not_found: "the address is not that of Rippling's REST interface", explains: None };

const USUAL: Usual = &[
    (Column::PersonId, &["/id"]),
    (Column::SourceRecordId, &["/number"]),
    (Column::EmploymentType, &["/employment_type/type"]),
    (Column::Status, &["/status"]),
    (Column::DisplayName, &["/user/name/display_name"]),
    (Column::WorkEmail, &["/work_email"]),
    (Column::StartDate, &["/start_date"]),
    (Column::EndDate, &["/end_date"]),
    (Column::TerminationType, &["/termination_details/type"]),
    (Column::ManagerPersonId, &["/manager_id"]),
    (Column::Department, &["/department/name"]),
    (Column::Location, &["/location/work_location_id"]),
    (Column::UpdatedAt, &["/updated_at"]),
];

/// Fields without which it cannot be told who left.
const DECIDING: [&str; 5] = ["id", "status", "start_date", "end_date", "work_email"];

/// Words of the interface.
pub(crate) const WORDS: Words = &[
    (Column::Status, "active", &["ACTIVE"]),
    (Column::Status, "pending", &["HIRED", "ACCEPTED", "INIT"]),
    (Column::Status, "ended", &["TERMINATED"]),
    (Column::EmploymentType, "employee", &["EMPLOYEE"]),
    (Column::EmploymentType, "contractor", &["CONTRACTOR"]),
    (Column::TerminationType, "voluntary", &["VOLUNTARY", "ABANDONMENT"]),
    (Column::TerminationType, "involuntary", &["INVOLUNTARY"]),
    (Column::TerminationType, "retirement", &["RETIREMENT"]),
    (Column::TerminationType, "death", &["DEATH"]),
    (Column::TerminationType, "unknown", &["OFFER_DECLINED", "RESCIND", "RENEGE"]),
];

/// A field that the token may not see.
#[derive(Debug, Deserialize)]
struct Redacted {
    name: String,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
struct Meta {
    #[serde(default)]
    redacted_fields: Vec<Redacted>,
}

#[derive(Debug, Deserialize)]
struct WithMeta {
    #[serde(default, rename = "__meta")]
    meta: Option<Meta>,
}

impl Rippling {
    pub(crate) fn url(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path("/workers");
        url
    }

    fn first(&self) -> Url {
        let mut url = self.url();
        if !self.expand.is_empty() {
            url.query_pairs_mut().append_pair("expand", &self.expand.join(","));
        }
        // A key that no two workers share and that does not move (CMP-5).
        url.query_pairs_mut().append_pair("order_by", "id");
        url
    }
}

pub(crate) async fn fetch(system: &Rippling, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let mut mapping = Mapping::new(source, USUAL, mapping::pointer)?;
    let private = mapping.also(&Pointer::of(&["personal_email"]));
    let credential = Fixed::new(ways, &system.token, SecretForm::After("Bearer"));
    let mut walk = Walk::new(ways, credential, HINTS);
    let mut form = Form::new(Pointer::of(&["results"]));
    let next_link = form.also(&Pointer::of(&["next_link"]));
    let mut table = Table::new(source, &mapping);
    let mut redacted = std::collections::BTreeMap::new();
    let mut next = Some(system.first());
    while let Some(url) = next {
        let request = Request::get(url).with(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        let reply = walk.page(request).await?;
        let page = form.read(&reply)?;
        let meta: WithMeta = reply.envelope()?;
        for field in meta.meta.unwrap_or_default().redacted_fields {
            redacted.insert(field.name, field.reason);
        }
        page.items.iter().for_each(|item| take(item, &mapping, private, &mut table));
        next = match page.next(next_link)? {
            None => None,
            Some(link) => Some(walk.link(&system.base, link)?),
        };
    }
    check_redacted(&redacted, &mut table)?;
    Ok(Fetched::new(table.finish(None)?, walk.as_of(), None, "the last page names no next one"))
}

fn take(item: &RawValue, mapping: &Mapping, private: usize, table: &mut Table<'_>) {
    let Some(values) = mapping.read(item) else {
        table.push_unreadable();
        return;
    };
    let mut record = mapping.record(&values);
    if let Some(id) = record.get(Column::PersonId).map(String::from)
        && !table.count(&id)
    {
        return; // Told on two pages.
    }
    if let Some(address) = values.at(private).text() {
        record.alias(Alias::email(address, true));
    }
    table.push(record);
}

/// Without a field that decides, nobody can be told to have left; any other one is said.
fn check_redacted(redacted: &std::collections::BTreeMap<String, String>, table: &mut Table<'_>) -> Result<(), Cause> {
    let shown = |name: &String, reason: &String| {
        let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(60).collect::<String>();
        if reason.is_empty() { plain(name) } else { format!("{} ({})", plain(name), plain(reason)) }
    };
    // Names may come with a path before them.
    let last = |name: &str| name.rsplit('.').next().map(String::from).unwrap_or_default();
    let deciding: Vec<String> = redacted
        .iter()
        .filter(|(name, _)| DECIDING.contains(&last(name).as_str()) && !name.contains("user."))
        .map(|(name, reason)| shown(name, reason))
        .collect();
    if !deciding.is_empty() {
        return Err(Cause::Denied { permission: format!("sight of the worker's fields {}", deciding.join(", ")) });
    }
    if !redacted.is_empty() {
        let all: Vec<String> = redacted.iter().map(|(name, reason)| shown(name, reason)).collect();
        table.notice(format!("fields that the token may not see: {}", all.join(", ")));
    }
    Ok(())
}
