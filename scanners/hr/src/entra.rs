//! Entra ID as a second source, through Microsoft Graph.
//!
//! Facts: the published schema of Graph (properties) and its pages on users (most properties come only with `$select`;
//! `employeeLeaveDateTime` needs a right of its own; `@odata.nextLink` is used as it is; an expired page is answered with
//! 400 `Directory_ExpiredPageToken`). A disabled account carries no time: without a leave date it tells no end.

use http::HeaderValue;
use scan_contract::{Cause, Instant};
use scan_transport::{Action, AllowList, Keep, Operation, Purpose, Reply, Request};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::column::Column;
use crate::credential::Minted;
use crate::fetched::Fetched;
use crate::mapping::{self, Mapping, Usual, Values};
use crate::okta::tell_consequence;
use crate::page::Form;
use crate::pick::Pointer;
use crate::source::{Client, Source};
use crate::table::{Alias, Cell, Record, Table};
use crate::walk::{Hints, Walk, Ways, refusal};
use crate::words::Words;

/// How Graph is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entra {
    /// Origin of Graph; other clouds have others.
    pub base: Url,
    /// Origin that gives tokens.
    pub login: Url,
    /// Tenant.
    pub tenant: String,
    /// App registration.
    pub client: Client,
    /// Whether leave dates are asked for. They need a right of their own.
    pub leave_dates: LeaveDates,
    /// Id of the configured system whose accounts these are.
    pub accounts_of: Option<String>,
}

/// Whether `employeeLeaveDateTime` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaveDates {
    /// It is.
    Asked,
    /// It is not, since the right is not given.
    NotAsked,
}

/// Everything that is sent to Entra ID.
pub static ALLOW: AllowList = AllowList {
    connector: "entra-roster",
    operations: &[
        Operation {
            name: "POST /oauth2/v2.0/token",
            method: "POST",
            path: "/{tenant}/oauth2/v2.0/token",
            action: Action::Plain,
            purpose: Purpose::SignIn,
            rights: &[],
            keep: Keep::Nothing,
        },
        Operation {
            name: "GET /users",
            method: "GET",
            path: "/v1.0/users",
            action: Action::Plain,
            purpose: Purpose::Read,
            rights: &["User.Read.All", "User-LifeCycleInfo.Read.All"],
            keep: Keep::Json(&[
                "value",
                "@odata.nextLink",
                "id",
                "userPrincipalName",
                "displayName",
                "mail",
                "otherMails",
                "proxyAddresses",
                "accountEnabled",
                "employeeId",
                "department",
                "employeeHireDate",
                "employeeLeaveDateTime",
                "createdDateTime",
                "manager",
            ]),
        },
    ],
};

const HINTS: Hints = Hints {
    rights: "User.Read.All, and User-LifeCycleInfo.Read.All for leave dates (without it set `leave_dates: false`)",
    not_found: "the address is not that of Microsoft Graph",
    explains: None,
};

const USUAL: Usual = &[
    (Column::PersonId, &["/id"]),
    (Column::SourceRecordId, &["/employeeId"]),
    (Column::DisplayName, &["/displayName"]),
    (Column::WorkEmail, &["/mail"]),
    (Column::StartDate, &["/employeeHireDate", "/createdDateTime"]),
    (Column::Department, &["/department"]),
    (Column::ManagerPersonId, &["/manager/id"]),
];

/// The status is made here out of `accountEnabled` and the leave date, in canonical words.
pub(crate) const WORDS: Words = &[];

/// How often a reading is begun again after its pages expired.
const RESTARTS: u32 = 3;

#[derive(Debug, Default, Deserialize)]
struct Failure {
    error: Option<FailureCode>,
}

#[derive(Debug, Deserialize)]
struct FailureCode {
    code: String,
}

fn code(reply: &Reply) -> String {
    match reply.json::<Failure>() {
        Ok(Failure { error: Some(error) }) => error.code,
        // A refusal without a code is told by its status.
        Ok(Failure { error: None }) | Err(_) => String::new(),
    }
}

impl Entra {
    pub(crate) fn url(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path("/v1.0/users");
        url
    }

    fn token_endpoint(&self) -> Url {
        let mut url = self.login.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear();
            path.extend([self.tenant.as_str(), "oauth2", "v2.0", "token"]);
        }
        url
    }

    /// Most properties come only when they are asked for by name.
    fn first(&self, mapping: &Mapping) -> Url {
        let mut select: Vec<String> =
            ["id", "userPrincipalName", "accountEnabled", "otherMails", "proxyAddresses"].map(String::from).to_vec();
        if self.leave_dates == LeaveDates::Asked {
            select.push(String::from("employeeLeaveDateTime"));
        }
        for field in mapping.fields() {
            let property = Pointer::parse(field).map(|pointer| String::from(pointer.first())).unwrap_or_default();
            if property != "manager" && !property.is_empty() && !select.contains(&property) {
                select.push(property);
            }
        }
        let mut url = self.url();
        url.query_pairs_mut()
            .append_pair("$select", &select.join(","))
            .append_pair("$expand", "manager($select=id)")
            .append_pair("$top", "999");
        url
    }
}

struct Reader {
    mapping: Mapping,
    id: usize,
    login: usize,
    enabled: usize,
    leaves: usize,
    others: usize,
    proxies: usize,
}

impl Reader {
    fn new(source: &Source) -> Result<Self, Cause> {
        let mut mapping = Mapping::new(source, USUAL, mapping::pointer)?;
        let mut also = |step: &str| mapping.also(&Pointer::of(&[step]));
        let (id, login, enabled) = (also("id"), also("userPrincipalName"), also("accountEnabled"));
        let (leaves, others, proxies) = (also("employeeLeaveDateTime"), also("otherMails"), also("proxyAddresses"));
        Ok(Self { mapping, id, login, enabled, leaves, others, proxies })
    }

    fn record(&self, values: &Values, as_of: Instant, accounts_of: Option<&str>) -> Record {
        let mut record = self.mapping.record(values);
        if let Some(day) = record.get(Column::StartDate).and_then(|text| text.get(..10)).map(String::from) {
            record.put(Column::StartDate, day);
        }
        let told = [Column::EndDate, Column::LastDayWorked].iter().any(|column| record.get(*column).is_some());
        record.set(Column::AccessEndAt, if told { Cell::Empty } else { Cell::of(values.at(self.leaves)) });
        record.put(Column::Status, self.status(values, &record, as_of));
        for address in values.at(self.others).texts() {
            record.alias(Alias::email(address, true));
        }
        for proxy in values.at(self.proxies).texts() {
            // `SMTP:` is the present address, `smtp:` an earlier or further one.
            if let Some(address) =
                proxy.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")).map(|(_, address)| address)
                && record.get(Column::WorkEmail) != Some(address)
            {
                record.alias(Alias::email(address, false));
            }
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

    /// A disabled account tells that it is off, not since when: without an end it is suspended, not ended.
    fn status(&self, values: &Values, record: &Record, as_of: Instant) -> &'static str {
        let passed =
            |text: &str| text.parse::<chrono::DateTime<chrono::FixedOffset>>().is_ok_and(|end| end.to_utc() <= as_of);
        match (values.at(self.enabled).text(), record.get(Column::AccessEndAt)) {
            (_, Some(end)) if passed(end) => "ended",
            (Some("true"), _) => "active",
            (Some("false"), _) => "suspended",
            // No canonical word: the row is rejected, and nobody is taken to be active.
            (Some(_) | None, _) => "(accountEnabled is not told)",
        }
    }

    fn take(&self, item: &RawValue, as_of: Instant, accounts_of: Option<&str>, table: &mut Table<'_>) {
        let Some(values) = self.mapping.read(item) else {
            table.push_unreadable();
            return;
        };
        match values.at(self.id).text() {
            Some(id) if !table.count(id) => return,
            Some(_) | None => {}
        }
        let record = self.record(&values, as_of, accounts_of);
        if record.get(Column::PersonId).is_some() {
            table.push(record);
        } else {
            table.add_up("accounts without the id of a person, who are not on this roster", 1);
        }
    }
}

pub(crate) async fn fetch(system: &Entra, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let reader = Reader::new(source)?;
    // The scope is that of the cloud the tenant lives in.
    let scope = format!("{}/.default", system.base.origin().ascii_serialization());
    let credential = Minted::new(ways, system.token_endpoint(), &system.client, Some(scope), HINTS);
    let mut walk = Walk::new(ways, credential, HINTS);
    let mut form = Form::new(Pointer::of(&["value"]));
    let next_link = form.also(&Pointer::of(&["@odata.nextLink"]));
    let mut table = Table::new(source, &reader.mapping);
    let first = system.first(&reader.mapping);
    let (mut next, mut restarts) = (Some(first.clone()), 0);
    while let Some(url) = next {
        let request = Request::get(url).with(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        let reply = walk.ask(request).await?;
        if !reply.status.is_success() {
            if reply.status.as_u16() == 400 && code(&reply) == "Directory_ExpiredPageToken" && restarts < RESTARTS {
                restarts += 1;
                walk.again();
                table = Table::new(source, &reader.mapping);
                next = Some(first.clone());
                continue;
            }
            return Err(refusal(&reply, HINTS));
        }
        let page = form.read(&reply)?;
        let as_of = walk.as_of();
        page.items.iter().for_each(|item| reader.take(item, as_of, system.accounts_of.as_deref(), &mut table));
        next = match page.next(next_link)? {
            None => None,
            Some(link) => Some(walk.link(&system.base, link)?),
        };
    }
    if restarts > 0 {
        table.notice(format!("its pages expired; the list was begun again {restarts} times"));
    }
    if system.leave_dates == LeaveDates::NotAsked {
        table.notice("leave dates are not asked for: an account that is off counts as suspended, never as ended");
    }
    tell_consequence(source, &mut table);
    Ok(Fetched::new(table.finish(None)?, walk.as_of(), None, "the last page has no @odata.nextLink"))
}
