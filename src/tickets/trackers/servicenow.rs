//! ServiceNow over its Table API.
//!
//! Our key stands in `correlation_id`. Three traps: a term of a query that is not understood is dropped and everything is
//! found, so that each row has to carry the key; `X-Total-Count` is counted before the access rules of rows, so that fewer
//! rows than that means hidden ones; and a field that we may not write is left as it was, with 200, so that what came back
//! is compared with what was asked for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use scan_contract::{Cause, Instant};
use scan_transport::{AllowList, Door, Reply};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::super::markup::{self, plain};
use super::super::text::Text;
use super::super::tracker::{
    Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker as Keeps, TrackerError,
};
use super::Ways;
use super::client::{Client, all, answer, hidden, malformed};
use super::list::allow_list;
use super::settings::ServiceNow;
use super::sign_in::InHeader;
use crate::hostile;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "servicenow",
    Read "GET" "/api/now/table/{table}" needs ["read on the table and its correlation_id"];
    Read "GET" "/api/now/table/{table}/{id}" needs ["read on the table and its correlation_id"];
    Write "POST" "/api/now/table/{table}" needs ["create on the table"];
    Write "PATCH" "/api/now/table/{table}/{id}" needs ["write on the table"];
};

/// Characters of `short_description`.
const TITLE: usize = 160;
/// Characters of `description` and `close_notes` (4,000 as delivered).
const BODY: usize = 4_000;
/// Rows a page.
const PAGE: u64 = 100;
/// Keys of one query.
const KEYS: usize = 50;
/// Fields that are asked for.
const FIELDS: &str = "sys_id,number,state,correlation_id,resolved_at,closed_at";

/// A table.
pub struct Tracker {
    settings: ServiceNow,
    client: Client,
}

/// A row. Fields that we may not read are left out of it.
#[derive(Deserialize)]
struct Row {
    sys_id: String,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    correlation_id: Option<String>,
    #[serde(default)]
    resolved_at: Option<String>,
    #[serde(default)]
    closed_at: Option<String>,
}

#[derive(Deserialize)]
struct One {
    result: Row,
}

impl Tracker {
    #[expect(clippy::needless_pass_by_value, reason = "what is built is handed over")]
    pub(super) fn new(settings: ServiceNow, door: Door, ways: &Ways) -> Self {
        let token = (http::header::AUTHORIZATION, "Bearer ");
        let credential = InHeader::of(&settings.sign_in, token, Arc::clone(&ways.secrets));
        let client = Client { door: door.with_credential(Arc::new(credential)), base: settings.url.clone() };
        Self { settings, client }
    }

    fn url(&self, below: &[&str], pairs: &[(&str, &str)]) -> Result<Url, TrackerError> {
        let all: Vec<&str> = ["api", "now", "table", &self.settings.table].iter().chain(below).copied().collect();
        let fixed = [
            ("sysparm_display_value", "false"),
            ("sysparm_exclude_reference_link", "true"),
            ("sysparm_fields", FIELDS),
        ];
        let pairs: Vec<(&str, &str)> = fixed.into_iter().chain(pairs.iter().copied()).collect();
        self.client.url(&all, &pairs)
    }

    async fn find_some(&self, keys: &[TicketKey], found: &mut Vec<Remote>) -> Result<(), TrackerError> {
        let list: Vec<&str> = keys.iter().map(TicketKey::as_str).collect();
        // Keys hold none of the characters that an encoded query reads.
        let query = format!("correlation_idIN{}^ORDERBYsys_id", list.join(","));
        let mut offset = 0_u64;
        loop {
            let (limit, from) = (PAGE.to_string(), offset.to_string());
            let pairs = [("sysparm_query", query.as_str()), ("sysparm_limit", &limit), ("sysparm_offset", &from)];
            let reply = self.client.ask_well(self.url(&[], &pairs)?).await?;
            let Some(total) = reply.header("x-total-count").and_then(|text| text.trim().parse::<u64>().ok()) else {
                return Err(hidden("ServiceNow names no X-Total-Count: nothing tells whether rows are hidden from us"));
            };
            let rows: Vec<Row> = all(&reply, &["result"])?;
            let expected = total.saturating_sub(offset).min(PAGE);
            let read = rows.len() as u64;
            for row in rows {
                self.take(&row, keys, &reply, found)?;
            }
            if read < expected {
                let what = String::from("rows of a query in ServiceNow: access rules hide some from us");
                return Err(TrackerError::NotDone(Cause::CountDiffers { what, announced: expected, found: read }));
            }
            offset += PAGE;
            if offset >= total {
                return Ok(());
            }
        }
    }

    fn take(&self, row: &Row, keys: &[TicketKey], reply: &Reply, found: &mut Vec<Remote>) -> Result<(), TrackerError> {
        let Some(carried) = &row.correlation_id else {
            let permission = String::from("read on the field correlation_id");
            return Err(TrackerError::NotDone(Cause::Denied { permission }));
        };
        let Some(key) = keys.iter().find(|key| key.as_str() == carried) else {
            return Err(malformed(
                reply.operation,
                "a row without the key that was asked for: the query was not obeyed",
            ));
        };
        super::github::note(found, Remote { keys: vec![key.clone()], ..self.shown(row)? });
        Ok(())
    }

    fn shown(&self, row: &Row) -> Result<Remote, TrackerError> {
        let Some(state) = &row.state else {
            let permission = String::from("read on the field state");
            return Err(TrackerError::NotDone(Cause::Denied { permission }));
        };
        let standing = if self.settings.done_states.contains(state) {
            let at = [&row.resolved_at, &row.closed_at].into_iter().flatten().find_map(|text| instant(text));
            let refused = self.settings.refused_states.contains(state);
            Standing::Done { refused, word: format!("state {}", hostile::short(state, 40)), at }
        } else {
            Standing::Open
        };
        let page = self.client.page("/nav_to.do", &[]);
        let target = format!("{}.do?sys_id={}", self.settings.table, row.sys_id);
        let url = page.map(|page| format!("{page}?uri={}", scan_transport::encode::query(&target)));
        Ok(Remote { id: RemoteId(row.sys_id.clone()), url, keys: Vec::new(), standing })
    }

    fn body(text: &Text) -> String {
        plain::render(&markup::fit(text, BODY, |text| plain::render(text).len()))
    }

    fn fields(&self, draft: &Draft) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut set = |name: &str, value: Value| fields.insert(String::from(name), value);
        set("short_description", json!(markup::title(&draft.title, TITLE)));
        set("description", json!(Self::body(&draft.body)));
        if let Some((urgency, impact)) = self.settings.priorities.get(&draft.severity) {
            set("urgency", json!(urgency));
            set("impact", json!(impact));
        }
        if let Some(due) = draft.due_at {
            set("due_date", json!(due.format("%Y-%m-%d %H:%M:%S").to_string()));
        }
        fields
    }

    async fn patch(&self, id: &RemoteId, fields: Value) -> Result<Row, TrackerError> {
        let reply = self.client.tell(Method::PATCH, self.url(&[&id.0], &[])?, &fields).await?;
        answer::<One>(&reply).map(|one| one.result)
    }

    async fn set_state(&self, id: &RemoteId, state: &str, mut fields: Map<String, Value>) -> Result<(), TrackerError> {
        fields.insert(String::from("state"), json!(state));
        let row = self.patch(id, Value::Object(fields)).await?;
        if row.state.as_deref() == Some(state) {
            return Ok(());
        }
        let now = row.state.as_deref().map_or_else(|| String::from("hidden"), |state| hostile::short(state, 20));
        let reason = format!("the state is {now} although {state} was asked for: a rule or a missing right forbids it");
        Err(TrackerError::Rejected { reason })
    }
}

/// All times of the Table API are UTC.
fn instant(text: &str) -> Option<Instant> {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(|at| at.and_utc())
}

#[async_trait]
impl Keeps for Tracker {
    fn limits(&self) -> Limits {
        Limits { title: TITLE, body: BODY, finding_labels: 0 }
    }

    fn look_up_lag(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        let mut found = Vec::new();
        for some in keys.chunks(KEYS) {
            self.find_some(some, &mut found).await?;
        }
        Ok(found)
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        let mut fields = self.fields(draft);
        fields.insert(String::from("correlation_id"), json!(draft.key.as_str()));
        fields.insert(String::from("correlation_display"), json!("Holdover"));
        for (name, value) in &self.settings.fields {
            fields.insert(name.clone(), json!(value));
        }
        let reply = self.client.tell(Method::POST, self.url(&[], &[])?, &Value::Object(fields)).await?;
        let row = answer::<One>(&reply)?.result;
        let carried = row.correlation_id.as_deref() == Some(draft.key.as_str());
        if !carried {
            tracing::warn!("ServiceNow made the record without our key: the credential may not write correlation_id");
        }
        let keys = if carried { vec![draft.key.clone()] } else { Vec::new() };
        let fallback =
            Remote { id: RemoteId(row.sys_id.clone()), url: None, keys: Vec::new(), standing: Standing::Open };
        // It was made; that its state cannot be read is told by the next reading.
        Ok(Remote { keys, ..self.shown(&row).unwrap_or(fallback) })
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        let reply = self.client.ask(self.url(&[&id.0], &[])?).await?;
        match reply.status.as_u16() {
            200 => {
                let row = reply.json::<One>().map_err(TrackerError::NotDone)?.result;
                self.shown(&row).map(Sighted::Found)
            }
            404 => {
                Ok(Sighted::Missing { why: String::from("ServiceNow has no record of this id, or hides it from us") })
            }
            _ => Err(self.client.refused(&reply)),
        }
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        self.patch(id, Value::Object(self.fields(draft))).await.map(drop)
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        // Work notes are seen by those who work on it, not by the caller.
        self.patch(id, json!({ "work_notes": Self::body(text) })).await.map(drop)
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        let fields = Map::from_iter([(String::from("work_notes"), json!(Self::body(text)))]);
        self.set_state(id, &self.settings.reopen_to, fields).await
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        let notes = Self::body(text);
        let mut fields =
            Map::from_iter([(String::from("work_notes"), json!(notes)), (String::from("close_notes"), json!(notes))]);
        if let Some(code) = &self.settings.close_code {
            fields.insert(String::from("close_code"), json!(code));
        }
        self.set_state(id, &self.settings.resolve_to, fields).await
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let pairs = [("sysparm_query", "correlation_idISNOTEMPTY"), ("sysparm_limit", "1")];
        let reply = self.client.ask_well(self.url(&[], &pairs)?).await?;
        if reply.header("x-total-count").is_none() {
            return Err(hidden("ServiceNow names no X-Total-Count: nothing tells whether rows are hidden from us"));
        }
        let rows: Vec<Row> = all(&reply, &["result"])?;
        if rows.iter().any(|row| row.correlation_id.as_deref().is_none_or(str::is_empty)) {
            let permission = format!("read on {}.correlation_id, or the table has no such field", self.settings.table);
            return Err(TrackerError::NotDone(Cause::Denied { permission }));
        }
        Ok(format!(
            "table {} can be read; whether it can be written is known with the first ticket",
            self.settings.table
        ))
    }
}
