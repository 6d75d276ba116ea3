//! Personio, interface version 2: persons page by page, and the employments of each, which are spells.
//!
//! Facts: the vendor's description of persons and employments (fields, words, `limit` up to 50). Its examples write
//! `last_working_date` where the description says `last_working_day`, carry links with wrong paths, and an empty page
//! may still name a next one: of a link only the cursor is taken.

use std::sync::Arc;

use http::HeaderValue;
use scan_contract::Cause;
use scan_transport::{Action, AllowList, Door, Keep, Operation, Purpose, Request};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use crate::column::Column;
use crate::credential::Minted;
use crate::fetched::Fetched;
use crate::mapping::{self, Mapping, Usual};
use crate::page::Form;
use crate::pick::Pointer;
use crate::source::{Client, Source};
use crate::table::{Record, Table};
use crate::walk::{Hints, Walk, Ways, refusal};
use crate::words::Words;

/// How Personio is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personio {
    /// Origin.
    pub base: Url,
    /// API credential.
    pub client: Client,
}

const RIGHTS: &[&str] = &["personio:persons:read, with the employment attributes among the readable ones"];

/// Everything that is sent to Personio.
pub static ALLOW: AllowList = AllowList {
    connector: "personio",
    operations: &[
        Operation {
            name: "POST /v2/auth/token",
            method: "POST",
            path: "/v2/auth/token",
            action: Action::Plain,
            purpose: Purpose::SignIn,
            rights: &[],
            keep: Keep::Nothing,
        },
        Operation {
            name: "GET /v2/persons",
            method: "GET",
            path: "/v2/persons",
            action: Action::Plain,
            purpose: Purpose::Read,
            rights: RIGHTS,
            keep: Keep::Json(&[
                "_data",
                "_meta",
                "links",
                "next",
                "href",
                "id",
                "email",
                "first_name",
                "last_name",
                "preferred_name",
                "status",
            ]),
        },
        Operation {
            name: "GET /v2/persons/{id}/employments",
            method: "GET",
            path: "/v2/persons/{id}/employments",
            action: Action::Plain,
            purpose: Purpose::Read,
            rights: RIGHTS,
            keep: Keep::Json(&[
                "_data",
                "_meta",
                "links",
                "next",
                "href",
                "id",
                "status",
                "type",
                "employment_start_date",
                "employment_end_date",
                "contract_end_date",
                "termination",
                "termination_date",
                "last_working_day",
                "last_working_date",
                "updated_at",
                "supervisor",
                "office",
            ]),
        },
    ],
};

const HINTS: Hints = Hints {
    rights: "personio:persons:read",
    not_found: "the address is not that of Personio's interface version 2",
    explains: None,
};

const PERSON: Usual =
    &[(Column::PersonId, &["/id"]), (Column::WorkEmail, &["/email"]), (Column::PreferredName, &["/preferred_name"])];

const EMPLOYMENT: Usual = &[
    (Column::SourceRecordId, &["/id"]),
    (Column::EmploymentType, &["/type"]),
    (Column::Status, &["/status"]),
    (Column::StartDate, &["/employment_start_date"]),
    (Column::EndDate, &["/termination/termination_date", "/employment_end_date"]),
    (Column::LastDayWorked, &["/termination/last_working_day", "/termination/last_working_date"]),
    (Column::TerminationType, &["/termination/type"]),
    (Column::ManagerPersonId, &["/supervisor/id"]),
    (Column::Location, &["/office/id"]),
    (Column::UpdatedAt, &["/updated_at"]),
];

/// Words of the description.
pub(crate) const WORDS: Words = &[
    (Column::Status, "active", &["ACTIVE"]),
    (Column::Status, "pending", &["ONBOARDING"]),
    (Column::Status, "leave", &["LEAVE"]),
    (Column::Status, "ended", &["INACTIVE"]),
    (Column::EmploymentType, "employee", &["INTERNAL"]),
    (Column::EmploymentType, "contractor", &["EXTERNAL"]),
    (Column::TerminationType, "voluntary", &["EMPLOYEE", "QUIT"]),
    (Column::TerminationType, "involuntary", &["FIRED"]),
    (Column::TerminationType, "end_of_contract", &["CONTRACT_EXPIRED"]),
    (Column::TerminationType, "retirement", &["RETIREMENT"]),
    (Column::TerminationType, "death", &["DEATH"]),
    (Column::TerminationType, "transfer", &["SUB_COMPANY_SWITCH"]),
    (
        Column::TerminationType,
        "unknown",
        &[
            "UNSPECIFIED",
            "AGREEMENT",
            "IRREVOCABLE_SUSPENSION",
            "CANCELLATION",
            "COLLECTIVE_AGREEMENT",
            "SETTLEMENT_AGREEMENT",
            "COURT_SETTLEMENT",
        ],
    ),
];

/// Most a page holds.
const LIMIT: &str = "50";
/// Persons whose employments are asked for at a time.
const AT_ONCE: usize = 4;
/// Empty pages in a row that are followed.
const EMPTY_PAGES: u32 = 3;

impl Personio {
    pub(crate) fn url(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path("/v2/persons");
        url
    }

    fn employments(&self, person: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear();
            path.extend(["v2", "persons", person, "employments"]);
        }
        url
    }
}

fn page_request(mut url: Url, cursor: Option<&str>) -> Request {
    url.query_pairs_mut().append_pair("limit", LIMIT);
    if let Some(cursor) = cursor {
        url.query_pairs_mut().append_pair("cursor", cursor);
    }
    Request::get(url).with(http::header::ACCEPT, HeaderValue::from_static("application/json"))
}

/// The cursor of a link, whatever its path says. A plus sign is one, not a space.
fn cursor_of(link: &str) -> Option<String> {
    let query = link.split_once('?')?.1.split('#').next()?;
    let raw = query.split('&').find_map(|pair| pair.strip_prefix("cursor="))?;
    let decoded = percent_encoding::percent_decode_str(raw).decode_utf8();
    match decoded {
        Ok(cursor) if !cursor.is_empty() => Some(cursor.into_owned()),
        Ok(_) | Err(_) => None,
    }
}

/// A list of one kind: its form, and where it names the next page.
struct List {
    form: Form,
    next: usize,
}

impl List {
    fn new() -> Self {
        let mut form = Form::new(Pointer::of(&["_data"]));
        let next = form.also(&Pointer::of(&["_meta", "links", "next", "href"]));
        Self { form, next }
    }
}

pub(crate) async fn fetch(system: &Personio, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let mut endpoint = system.base.clone();
    endpoint.set_path("/v2/auth/token");
    let credential = Minted::new(ways, endpoint, &system.client, None, HINTS);
    let mut walk = Walk::new(ways, credential, HINTS);
    let reader = Reader::new(source)?;
    let mut table = Table::new(source, &reader.employment);
    let list = List::new();
    let mut cursor: Option<String> = None;
    let mut empty = 0;
    loop {
        let reply = walk.page(page_request(system.url(), cursor.as_deref())).await?;
        let page = list.form.read(&reply)?;
        empty = if page.items.is_empty() { empty + 1 } else { 0 };
        let persons = reader.persons(&page.items, &mut table);
        reader.employments(system, &walk, persons, &mut table).await?;
        let next = page.next(list.next)?.map(|link| (cursor_of(link), link.len()));
        match next {
            None => break,
            Some((None, _)) => {
                return Err(Cause::Malformed {
                    what: String::from("the link to the next page of persons names no cursor"),
                });
            }
            // An empty page that leads nowhere new is the end, whatever link it carries.
            Some((Some(next), _)) if empty > 0 && (empty >= EMPTY_PAGES || !walk.is_new(&next)) => break,
            Some((Some(next), _)) => {
                if empty == 0 {
                    walk.follow(&next)?;
                }
                cursor = Some(next);
            }
        }
    }
    Ok(Fetched::new(table.finish(None)?, walk.as_of(), None, "the last page names no next one, or pages stay empty"))
}

/// Reads persons and employments.
struct Reader {
    person: Mapping,
    employment: Arc<Mapping>,
    first_name: usize,
    last_name: usize,
}

impl Reader {
    fn new(source: &Source) -> Result<Self, Cause> {
        // What the configuration maps is a field of the employment.
        let bare = Source {
            columns: std::collections::BTreeMap::new(),
            fallbacks: std::collections::BTreeMap::new(),
            ..source.clone()
        };
        let mut person = Mapping::new(&bare, PERSON, mapping::pointer)?;
        let first_name = person.also(&Pointer::of(&["first_name"]));
        let last_name = person.also(&Pointer::of(&["last_name"]));
        Ok(Self {
            person,
            employment: Arc::new(Mapping::new(source, EMPLOYMENT, mapping::pointer)?),
            first_name,
            last_name,
        })
    }

    fn persons(&self, items: &[Box<RawValue>], table: &mut Table<'_>) -> Vec<(String, Record)> {
        let mut persons = Vec::new();
        for item in items {
            let read = self.person.read(item).map(|values| {
                let mut record = self.person.record(&values);
                let names = [self.first_name, self.last_name].map(|slot| values.at(slot).text().unwrap_or_default());
                let name = names.join(" ");
                if !name.trim().is_empty() {
                    record.put(Column::DisplayName, name.trim());
                }
                record
            });
            match read.as_ref().and_then(|record| record.get(Column::PersonId)).map(String::from).zip(read) {
                Some((id, record)) => {
                    if table.count(&id) {
                        persons.push((id, record));
                    }
                }
                None => table.push_unreadable(),
            }
        }
        persons
    }

    /// The spells of a page of persons, a few persons at a time.
    async fn employments(
        &self,
        system: &Personio,
        walk: &Walk,
        persons: Vec<(String, Record)>,
        table: &mut Table<'_>,
    ) -> Result<(), Cause> {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut asked = JoinSet::new();
        for (id, person) in persons {
            let (permits, door, hints) = (Arc::clone(&permits), walk.door(), walk.hints());
            let (url, mapping) = (system.employments(&id), Arc::clone(&self.employment));
            asked.spawn(async move {
                let permit = permits.acquire_owned().await;
                let spells = spells(&door, hints, url, &mapping, &person).await;
                drop(permit);
                spells
            });
        }
        let (mut gone, mut without) = (0_u64, 0_u64);
        // Dropping the set stops what is still under way: the first failure ends the reading.
        while let Some(ended) = asked.join_next().await {
            let spells = ended
                .map_err(|_| Cause::Bug { what: String::from("reading the employments of a person panicked") })??;
            match spells {
                None => gone += 1,
                Some(spells) if spells.is_empty() => without += 1,
                Some(spells) => spells.into_iter().for_each(|spell| table.push(spell)),
            }
        }
        table.add_up("persons who were deleted while the list was read", gone);
        table.add_up("persons without an employment, who are not on the roster", without);
        Ok(())
    }
}

/// The spells of one person; `None`: the person is gone since the list was read.
async fn spells(
    door: &Door,
    hints: Hints,
    url: Url,
    mapping: &Mapping,
    person: &Record,
) -> Result<Option<Vec<Record>>, Cause> {
    let list = List::new();
    let (mut spells, mut seen, mut cursor) = (Vec::new(), std::collections::BTreeSet::new(), None::<String>);
    let mut unreadable = 0_u64;
    loop {
        let reply = door.send(page_request(url.clone(), cursor.as_deref())).await?;
        if reply.status.as_u16() == 404 && cursor.is_none() {
            return Ok(None);
        }
        if !reply.status.is_success() {
            return Err(refusal(&reply, hints));
        }
        let page = list.form.read(&reply)?;
        for item in &page.items {
            let mut record = person.clone();
            if let Some(values) = mapping.read(item) {
                mapping.fill(&mut record, &values);
            } else {
                unreadable += 1;
                record.put(Column::StartDate, format!("(unreadable employment {unreadable})"));
            }
            // The sort of an employment only informs; a status that is not told rejects its row.
            if record.get(Column::EmploymentType) == Some("UNSPECIFIED") {
                record.set(Column::EmploymentType, crate::table::Cell::Empty);
            }
            spells.push(record);
        }
        match page.next(list.next)? {
            Some(link) if !page.items.is_empty() => {
                let malformed = |what| Cause::Malformed { what: String::from(what) };
                let next = cursor_of(link)
                    .ok_or_else(|| malformed("the link to the next page of employments names no cursor"))?;
                if !seen.insert(next.clone()) {
                    return Err(malformed("employments: a cursor came back"));
                }
                cursor = Some(next);
            }
            Some(_) | None => return Ok(Some(spells)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_link_only_the_cursor_counts() {
        assert_eq!(cursor_of("https://api.personio.de/v2/employments?cursor=cur_1").as_deref(), Some("cur_1"));
        assert_eq!(cursor_of("/v2/persons?limit=5&cursor=a+b%2Fc%3D%3D").as_deref(), Some("a+b/c=="));
        assert_eq!(cursor_of("/v2/persons?limit=5"), None);
        assert_eq!(cursor_of("/v2/persons?cursor="), None);
    }
}
