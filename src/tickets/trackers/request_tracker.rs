//! Request Tracker 5 over REST 2 (bestpractical/rt, `lib/RT/REST2`).
//!
//! Our key stands in a custom field. A search answers nothing at all for a field that does not exist or that we may not
//! see, which would look like "no ticket": before the first search the queue has to show us the field. `total` and `pages`
//! are null where rows may be hidden; then nothing is known either. The first message of a ticket cannot be changed, so a
//! new text is added as a comment. Comments are internal; `correspond`, which mails the requestor, is not on the list.

use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderValue, Method, StatusCode};
use scan_contract::{Cause, Instant};
use scan_transport::walk::Walk;
use scan_transport::{AllowList, Door, Reply};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::super::markup::{self, plain};
use super::super::text::Text;
use super::super::tracker::{
    Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker as Keeps, TrackerError,
};
use super::Ways;
use super::client::{Client, answer, beside, hidden, json, malformed};
use super::list::allow_list;
use super::settings::RequestTracker;
use super::sign_in::InHeader;
use crate::hostile;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "request_tracker",
    Read "GET" "/REST/2.0/rt" needs [];
    Read "GET" "/REST/2.0/queue/{queue}" needs ["SeeQueue", "SeeCustomField"];
    Read "GET" "/REST/2.0/tickets" needs ["ShowTicket"];
    Read "GET" "/REST/2.0/ticket/{id}" needs ["ShowTicket"];
    Write "POST" "/REST/2.0/ticket" needs ["CreateTicket", "ModifyCustomField"];
    Write "PUT" "/REST/2.0/ticket/{id}" needs ["ModifyTicket", "ModifyCustomField"];
    Write "POST" "/REST/2.0/ticket/{id}/comment" needs ["CommentOnTicket"];
};

/// Characters of a subject (`Tickets.Subject` holds 200).
const TITLE: usize = 200;
/// Bytes of a message; larger ones RT may cut (`MaxAttachmentSize`) or keep out of its search.
const BODY: usize = 60_000;
/// Rows a page; the most there are.
const PAGE: usize = 100;
/// Keys of one search.
const KEYS: usize = 20;

/// A queue.
pub struct Tracker {
    settings: RequestTracker,
    client: Client,
    /// Set once the queue has shown us the fields.
    sighted: OnceCell<u64>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    total: Value,
    #[serde(default)]
    pages: Value,
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct Queue {
    id: Value,
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "TicketCustomFields", default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    values: Value,
}

#[derive(Deserialize)]
struct Ticket {
    id: Value,
    #[serde(rename = "Status")]
    status: String,
    #[serde(rename = "Resolved", default)]
    resolved: Option<String>,
    #[serde(rename = "CustomFields", default)]
    fields: Vec<Field>,
}

impl Tracker {
    pub(super) fn new(settings: RequestTracker, door: &Door, ways: &Ways) -> Self {
        let token = (http::header::AUTHORIZATION, "token ");
        let credential = InHeader::of(&settings.sign_in, token, std::sync::Arc::clone(&ways.secrets));
        let client = Client { door: door.with_credential(std::sync::Arc::new(credential)), base: settings.url.clone() };
        Self { settings, client, sighted: OnceCell::new() }
    }

    fn url(&self, segments: &[&str], pairs: &[(&str, &str)]) -> Result<url::Url, TrackerError> {
        let all: Vec<&str> = ["REST", "2.0"].iter().chain(segments).copied().collect();
        self.client.url(&all, pairs)
    }

    /// The queue, once it has shown us every field that we search by.
    async fn sight(&self) -> Result<u64, TrackerError> {
        self.sighted.get_or_try_init(|| self.look_at_queue()).await.copied()
    }

    async fn look_at_queue(&self) -> Result<u64, TrackerError> {
        let reply = self.client.ask(self.url(&["queue", &self.settings.queue], &[])?).await?;
        if reply.status != StatusCode::OK {
            return Err(self.client.refused(&reply));
        }
        let queue: Queue = reply.json().map_err(TrackerError::NotDone)?;
        if queue.name.as_deref().is_none_or(|name| !name.eq_ignore_ascii_case(&self.settings.queue)) {
            return Err(malformed(reply.operation, "another queue, or one without a name"));
        }
        let wanted = std::iter::once(&self.settings.key_field).chain(self.settings.findings_field.as_ref());
        let has = |wanted: &String| queue.fields.iter().any(|field| field.name.as_deref() == Some(wanted));
        let missing: Vec<&str> = wanted.filter(|wanted| !has(wanted)).map(String::as_str).collect();
        if !missing.is_empty() {
            let permission = format!(
                "SeeCustomField on the ticket custom field {}, which has to apply to the queue: without it no ticket of \
                 ours can be found again",
                missing.join(" and ")
            );
            return Err(TrackerError::NotDone(Cause::Denied { permission }));
        }
        number(&queue.id).ok_or_else(|| malformed(reply.operation, "a queue without an id"))
    }

    fn query(&self, keys: &[TicketKey]) -> String {
        let quote = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
        let fields = std::iter::once(&self.settings.key_field).chain(self.settings.findings_field.as_ref());
        let terms: Vec<String> = fields
            .flat_map(|field| keys.iter().map(move |key| format!("'CF.{{{}}}' = '{key}'", quote(field))))
            .collect();
        format!("Queue = '{}' AND ( {} )", quote(&self.settings.queue), terms.join(" OR "))
    }

    async fn find_some(&self, keys: &[TicketKey], found: &mut Vec<Remote>) -> Result<(), TrackerError> {
        let query = self.query(keys);
        let mut walk = Walk::new("GET /REST/2.0/tickets").at_most(1_000);
        let mut read = 0_u64;
        loop {
            let page = walk.page().to_string();
            let pairs = [
                ("query", query.as_str()),
                ("fields", "Status,Resolved,CustomFields"),
                ("per_page", "100"),
                ("page", page.as_str()),
                ("orderby", "id"),
            ];
            debug_assert_eq!(PAGE, 100);
            let reply = self.client.ask_well(self.url(&["tickets"], &pairs)?).await?;
            let rows: Page = reply.json().map_err(TrackerError::NotDone)?;
            let (Some(total), Some(pages)) = (figure(&rows.total), figure(&rows.pages)) else {
                return Err(hidden(
                    "Request Tracker names no total: tickets may be hidden from us; grant ShowTicket globally, or set \
                     $UseSQLForACLChecks",
                ));
            };
            for row in rows.items {
                let ticket: Ticket = serde_json::from_value(row)
                    .map_err(|_| malformed(reply.operation, "a ticket without the fields that were asked for"))?;
                found.push(self.remote(&ticket, keys, &reply)?);
                read += 1;
            }
            if u64::from(walk.page()) >= pages {
                if read != total {
                    let what = String::from("tickets of a search in Request Tracker");
                    return Err(TrackerError::NotDone(Cause::CountDiffers { what, announced: total, found: read }));
                }
                return Ok(());
            }
            walk.next(Some(page)).map_err(TrackerError::NotDone)?;
        }
    }

    /// A row of a search, which has to carry one of the keys: a term that was dropped would find everything.
    fn remote(&self, ticket: &Ticket, keys: &[TicketKey], reply: &Reply) -> Result<Remote, TrackerError> {
        let id = number(&ticket.id).ok_or_else(|| malformed(reply.operation, "a ticket without an id"))?;
        let ours = |field: &&Field| {
            field.name.as_ref().is_some_and(|name| {
                *name == self.settings.key_field || Some(name) == self.settings.findings_field.as_ref()
            })
        };
        let values: Vec<&str> = ticket
            .fields
            .iter()
            .filter(ours)
            .flat_map(|field| field.values.as_array().into_iter().flatten())
            .filter_map(Value::as_str)
            .collect();
        let keys: Vec<TicketKey> = keys.iter().filter(|key| values.contains(&key.as_str())).cloned().collect();
        if keys.is_empty() {
            return Err(malformed(reply.operation, "a ticket that carries none of the keys that were asked for"));
        }
        Ok(Remote { keys, ..self.shown(id, ticket) })
    }

    fn shown(&self, id: u64, ticket: &Ticket) -> Remote {
        let word = hostile::short(&ticket.status, 60);
        let is = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(&ticket.status));
        let standing = if is(&self.settings.done_statuses) {
            let at = ticket.resolved.as_deref().and_then(instant);
            Standing::Done { refused: is(&self.settings.refused_statuses), word, at }
        } else {
            Standing::Open
        };
        let path = format!("{}/Ticket/Display.html", self.client.base.path().trim_end_matches('/'));
        let url = self.client.page(&path, &[]).map(|page| format!("{page}?id={id}"));
        Remote { id: RemoteId(id.to_string()), url, keys: Vec::new(), standing }
    }

    async fn look(&self, id: &RemoteId) -> Result<(Reply, Option<Ticket>), TrackerError> {
        let reply = self.client.ask(self.url(&["ticket", &id.0], &[])?).await?;
        match reply.status.as_u16() {
            200 => {
                let ticket = reply.json().map_err(TrackerError::NotDone)?;
                Ok((reply, Some(ticket)))
            }
            404 => Ok((reply, None)),
            _ => Err(self.client.refused(&reply)),
        }
    }

    /// Changes a ticket that nobody has changed since it was read (`If-Match`); looks again where somebody has.
    async fn change(&self, id: &RemoteId, body: &Value) -> Result<(), TrackerError> {
        for _ in 0..3 {
            let (seen, ticket) = self.look(id).await?;
            if ticket.is_none() {
                return Err(self.client.refused(&seen));
            }
            let mut request = json(Method::PUT, self.url(&["ticket", &id.0], &[])?, body)?;
            if let Some(tag) = seen.header("etag").and_then(|tag| HeaderValue::from_str(tag).ok()) {
                request = request.with(http::header::IF_MATCH, tag);
            }
            let reply = self.client.tell_any(request).await?;
            if reply.status.is_success() {
                return Ok(());
            }
            if reply.status != StatusCode::PRECONDITION_FAILED {
                return Err(self.client.not_taken(&reply));
            }
        }
        let (step, detail) =
            (format!("change ticket {}", hostile::short(&id.0, 20)), String::from("somebody changes it all the time"));
        Err(TrackerError::NotDone(Cause::Unreachable { step, detail }))
    }

    /// Sets the status, and sees whether it was set: RT answers 200 for a change that a right or its lifecycle forbids.
    async fn set_status(&self, id: &RemoteId, status: &str) -> Result<(), TrackerError> {
        self.change(id, &json!({ "Status": status })).await?;
        let (reply, ticket) = self.look(id).await?;
        let ticket = ticket.ok_or_else(|| self.client.refused(&reply))?;
        if ticket.status.eq_ignore_ascii_case(status) {
            return Ok(());
        }
        let reason = format!(
            "the status stays {}, although {status} was asked for: its lifecycle or a missing right (ModifyTicket) forbids it",
            hostile::short(&ticket.status, 40)
        );
        Err(TrackerError::Rejected { reason })
    }

    fn custom_fields(&self, draft: &Draft) -> Value {
        let mut fields = Map::new();
        fields.insert(self.settings.key_field.clone(), json!(draft.key.as_str()));
        if let Some(name) = &self.settings.findings_field {
            let labels: Vec<TicketKey> = draft.findings.iter().map(TicketKey::of_finding).collect();
            let labels: Vec<&str> = labels.iter().take(LABELS).map(TicketKey::as_str).collect();
            fields.insert(name.clone(), json!(labels));
        }
        Value::Object(fields)
    }

    fn body(text: &Text) -> String {
        plain::render(&markup::fit(text, BODY, |text| plain::render(text).len()))
    }

    fn frame(&self, draft: &Draft) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert(String::from("Subject"), json!(markup::title(&draft.title, TITLE)));
        body.insert(String::from("CustomFields"), self.custom_fields(draft));
        if let Some(priority) = self.settings.priorities.get(&draft.severity) {
            body.insert(String::from("Priority"), json!(priority));
        }
        if let Some(due) = draft.due_at {
            body.insert(String::from("Due"), json!(due.format("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
        body
    }
}

/// Findings whose labels are attached, where there is a field for them.
const LABELS: usize = 50;

/// RT writes ids as numbers or as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A figure; RT writes `0.0` for the pages of nothing.
fn figure(value: &Value) -> Option<u64> {
    let whole = |figure: &f64| figure.fract() == 0.0 && (0.0..=1e15).contains(figure);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was just seen to be whole and small"
    )]
    value.as_u64().or_else(|| value.as_f64().filter(whole).map(|figure| figure as u64))
}

/// An instant; RT writes 1970 for "never".
fn instant(text: &str) -> Option<Instant> {
    let at = chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (at.timestamp() > 0).then_some(at)
}

#[async_trait]
impl Keeps for Tracker {
    fn limits(&self) -> Limits {
        let finding_labels = if self.settings.findings_field.is_some() { LABELS } else { 0 };
        Limits { title: TITLE, body: BODY, finding_labels }
    }

    fn look_up_lag(&self) -> Duration {
        // The search asks the database itself.
        Duration::from_secs(5)
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        self.sight().await?;
        let mut found = Vec::new();
        for some in keys.chunks(KEYS) {
            self.find_some(some, &mut found).await?;
        }
        Ok(found)
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        self.sight().await?;
        let mut body = self.frame(draft);
        body.insert(String::from("Queue"), json!(self.settings.queue));
        body.insert(String::from("Content"), json!(Self::body(&draft.body)));
        body.insert(String::from("ContentType"), json!("text/plain"));
        let reply = self.client.tell(Method::POST, self.url(&["ticket"], &[])?, &Value::Object(body)).await?;
        let made: Value = answer(&reply)?;
        let id = made.get("id").and_then(number).ok_or_else(|| {
            TrackerError::MayHaveHappened(Cause::Malformed {
                what: format!("{}: no id of the new ticket", reply.operation),
            })
        })?;
        let id = RemoteId(id.to_string());
        // A field without the right to set it is left out in silence: what the ticket carries is what it shows.
        if let Ok((reply, Some(ticket))) = self.look(&id).await {
            let keys = [draft.key.clone()];
            return self.remote(&ticket, &keys, &reply).or_else(|_| {
                tracing::warn!(
                    ticket = id.0,
                    "Request Tracker made the ticket without our key: grant ModifyCustomField"
                );
                Ok(self.shown(number(&ticket.id).unwrap_or_default(), &ticket))
            });
        }
        Ok(Remote { id, url: None, keys: vec![draft.key.clone()], standing: Standing::Open })
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        let (_, ticket) = self.look(id).await?;
        let Some(ticket) = ticket else {
            return Ok(Sighted::Missing { why: String::from("Request Tracker has no ticket of this number") });
        };
        if ticket.status.eq_ignore_ascii_case("deleted") {
            return Ok(Sighted::Missing { why: String::from("it was deleted in Request Tracker") });
        }
        // A ticket that was merged into another answers as that one.
        let number = number(&ticket.id).ok_or_else(|| malformed("GET /REST/2.0/ticket/{id}", "no id"))?;
        Ok(Sighted::Found(self.shown(number, &ticket)))
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        self.change(id, &Value::Object(self.frame(draft))).await?;
        // The first message stays as it is: the new text stands below it.
        self.comment(id, &draft.body).await
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        let body = json!({ "Content": Self::body(text), "ContentType": "text/plain" });
        self.client.tell(Method::POST, self.url(&["ticket", &id.0, "comment"], &[])?, &body).await.map(drop)
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_status(id, &self.settings.reopen_to).await?;
        beside(self.comment(id, text).await)
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_status(id, &self.settings.resolve_to).await?;
        beside(self.comment(id, text).await)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let reply = self.client.ask_well(self.url(&["rt"], &[])?).await?;
        let about: Value = reply.json().map_err(TrackerError::NotDone)?;
        let version = about.get("Version").and_then(Value::as_str).unwrap_or("of unknown version");
        let queue = self.sight().await?;
        Ok(format!(
            "Request Tracker {}, queue {} ({queue}) with its custom field {}",
            hostile::short(version, 20),
            self.settings.queue,
            self.settings.key_field
        ))
    }
}
