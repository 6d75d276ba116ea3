//! Okta as a second source: what the directory did, which is a consequence of somebody leaving and not the cause.
//!
//! Facts: the vendor's description of its management interface (a list without `search` omits people who were
//! deprovisioned, `Link` headers lead on, `statusChanged`). The end it tells is when the account was deactivated: late
//! deactivation cannot be seen with it, unless an attribute that HR fills is mapped.

use http::HeaderValue;
use scan_contract::Cause;
use scan_transport::{Action, AllowList, Keep, Operation, Purpose, Request, SecretRef};
use serde_json::value::RawValue;
use url::Url;

use crate::column::Column;
use crate::credential::{Fixed, Form as SecretForm};
use crate::fetched::Fetched;
use crate::mapping::{self, Mapping, Usual, Values};
use crate::page::Form;
use crate::pick::Pointer;
use crate::source::{Source, System};
use crate::table::{Alias, Cell, Record, Table};
use crate::walk::{Hints, Walk, Ways};
use crate::words::Words;

/// How Okta is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Okta {
    /// Origin of the organisation.
    pub base: Url,
    /// API token.
    pub token: SecretRef,
    /// Id of the configured system whose accounts these are; its logins and ids become aliases.
    pub accounts_of: Option<String>,
}

/// Everything that is sent to Okta. Without `search`, people who were deprovisioned would be missing.
pub static ALLOW: AllowList = AllowList {
    connector: "okta-roster",
    operations: &[Operation {
        name: "GET /api/v1/users",
        method: "GET",
        path: "/api/v1/users",
        action: Action::Query("search", "id pr"),
        purpose: Purpose::Read,
        rights: &["okta.users.read"],
        keep: Keep::Json(&[
            "id",
            "status",
            "created",
            "statusChanged",
            "profile",
            "login",
            "email",
            "secondEmail",
            "displayName",
            "firstName",
            "lastName",
            "employeeNumber",
            "managerId",
            "department",
        ]),
    }],
};

const HINTS: Hints =
    Hints { rights: "okta.users.read", not_found: "the address is not that of an Okta organisation", explains: None };

const USUAL: Usual = &[
    (Column::PersonId, &["/id"]),
    (Column::SourceRecordId, &["/profile/employeeNumber"]),
    (Column::Status, &["/status"]),
    (Column::DisplayName, &["/profile/displayName"]),
    (Column::WorkEmail, &["/profile/email"]),
    (Column::StartDate, &["/created"]),
    (Column::Department, &["/profile/department"]),
    (Column::UpdatedAt, &["/statusChanged"]),
];

/// States of an account. Locked out and expired passwords are no ends: who has one can come back by themselves.
pub(crate) const WORDS: Words = &[
    (Column::Status, "active", &["ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"]),
    (Column::Status, "pending", &["STAGED", "PROVISIONED"]),
    (Column::Status, "suspended", &["SUSPENDED"]),
    (Column::Status, "ended", &["DEPROVISIONED"]),
];

/// Said of every directory that is read as a roster.
pub(crate) const CONSEQUENCE: &str = "its ends are when the account was switched off, not when somebody left: with it alone, an account that was switched off late looks as if it was in time";

impl Okta {
    pub(crate) fn url(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path("/api/v1/users");
        url
    }
}

struct Reader {
    mapping: Mapping,
    id: usize,
    status: usize,
    changed: usize,
    login: usize,
    names: [usize; 2],
    private: usize,
}

impl Reader {
    fn new(source: &Source) -> Result<Self, Cause> {
        let mut mapping = Mapping::new(source, USUAL, mapping::pointer)?;
        let mut also = |steps: &[&str]| mapping.also(&Pointer::of(steps));
        let (id, status, changed) = (also(&["id"]), also(&["status"]), also(&["statusChanged"]));
        let login = also(&["profile", "login"]);
        let names = [also(&["profile", "firstName"]), also(&["profile", "lastName"])];
        let private = also(&["profile", "secondEmail"]);
        Ok(Self { mapping, id, status, changed, login, names, private })
    }

    fn record(&self, values: &Values, accounts_of: Option<&str>) -> Record {
        let mut record = self.mapping.record(values);
        if record.get(Column::DisplayName).is_none() {
            let name = self.names.map(|slot| values.at(slot).text().unwrap_or_default()).join(" ");
            if !name.trim().is_empty() {
                record.put(Column::DisplayName, name.trim());
            }
        }
        // An account is made on a day; it is no first day at work.
        if let Some(day) = record.get(Column::StartDate).and_then(|text| text.get(..10)).map(String::from) {
            record.put(Column::StartDate, day);
        }
        // A mapped date of HR's is better than the moment the account was switched off.
        let told = Column::ENDS.iter().any(|column| record.get(*column).is_some());
        let ended = values.at(self.status).text() == Some("DEPROVISIONED");
        if ended && !told {
            record.set(Column::AccessEndAt, Cell::of(values.at(self.changed)));
        } else if *record.cell(Column::AccessEndAt) == Cell::Absent {
            record.set(Column::AccessEndAt, Cell::Empty);
        }
        if let Some(address) = values.at(self.private).text() {
            record.alias(Alias::email(address, true));
        }
        if let Some(system) = accounts_of {
            let alias = |kind, value: &str| Alias {
                kind,
                value: String::from(value),
                system: Some(String::from(system)),
                personal: false,
            };
            if let Some(id) = values.at(self.id).text() {
                record.alias(alias("provider_id", id));
            }
            if let Some(login) = values.at(self.login).text() {
                record.alias(alias("username", login));
            }
        }
        record
    }

    fn take(&self, item: &RawValue, accounts_of: Option<&str>, table: &mut Table<'_>) {
        let Some(values) = self.mapping.read(item) else {
            table.push_unreadable();
            return;
        };
        match values.at(self.id).text() {
            Some(id) if !table.count(id) => return,
            Some(_) | None => {}
        }
        let record = self.record(&values, accounts_of);
        if record.get(Column::PersonId).is_some() {
            table.push(record);
        } else {
            // Service accounts and guests have no number of HR's: nobody to judge by.
            table.add_up("accounts without the id of a person, who are not on this roster", 1);
        }
    }
}

pub(crate) async fn fetch(system: &Okta, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let reader = Reader::new(source)?;
    let credential = Fixed::new(ways, &system.token, SecretForm::After("SSWS"));
    let mut walk = Walk::new(ways, credential, HINTS);
    let form = Form::new(Pointer::of(&[]));
    let mut table = Table::new(source, &reader.mapping);
    let mut first = system.url();
    first.query_pairs_mut().append_pair("search", "id pr").append_pair("limit", "200");
    let mut next = Some(first);
    while let Some(url) = next {
        let request = Request::get(url).with(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        let reply = walk.page(request).await?;
        let page = form.read(&reply)?;
        page.items.iter().for_each(|item| reader.take(item, system.accounts_of.as_deref(), &mut table));
        next = match reply.next_link()? {
            None => None,
            Some(link) => Some(walk.link(&system.base, link.as_str())?),
        };
    }
    tell_consequence(source, &mut table);
    Ok(Fetched::new(table.finish(None)?, walk.as_of(), None, "the last page has no link to a next one"))
}

/// Says what a directory cannot tell, unless HR's own date was mapped.
pub(crate) fn tell_consequence(source: &Source, table: &mut Table<'_>) {
    debug_assert!(matches!(source.system, System::Okta(_) | System::Entra(_)));
    let mapped = [Column::EndDate, Column::LastDayWorked].iter().any(|column| source.columns.contains_key(column));
    if !mapped {
        table.notice(CONSEQUENCE);
    }
}
