//! Redmine (redmine.org, "Rest Issues").
//!
//! Our key stands in a custom field that is "used as a filter"; where it is not, the filter is dropped and everything is
//! found, so that each issue has to carry the key. A wrong API key is answered as for somebody who is not signed in, with
//! 200 where the project is public: who we are is asked first. `status_id=*`, or closed issues are missing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderName, Method, StatusCode};
use scan_contract::Cause;
use scan_transport::{AllowList, Door, Reply};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use url::Url;

use super::super::markup::{self, markdown, textile};
use super::super::text::Text;
use super::super::tracker::{
    Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker as Keeps, TrackerError,
};
use super::Ways;
use super::client::{Client, answer, malformed};
use super::github::note;
use super::list::allow_list;
use super::settings::{Redmine, RedmineMarkup};
use super::sign_in::InHeader;
use crate::hostile;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "redmine",
    Read "GET" "/users/current.json" needs [];
    Read "GET" "/projects/{project}" needs ["View issues"];
    Read "GET" "/issue_statuses.json" needs [];
    Read "GET" "/issues.json" needs ["View issues"];
    Read "GET" "/issues/{number}" needs ["View issues"];
    Write "POST" "/issues.json" needs ["Add issues"];
    Write "PUT" "/issues/{number}" needs ["Edit issues", "Add notes"];
};

/// Characters of a subject.
const TITLE: usize = 255;
/// Bytes of a description or note.
const BODY: usize = 60_000;
/// Issues a page; the most there are.
const PAGE: u64 = 100;

/// A project.
pub struct Tracker {
    settings: Redmine,
    client: Client,
    sighted: OnceCell<Sight>,
}

/// What is known once Redmine has told who we are.
#[derive(Debug, Clone)]
struct Sight {
    login: String,
    project: u64,
    closed: Vec<u64>,
}

#[derive(Deserialize)]
struct Page {
    issues: Vec<Issue>,
    total_count: u64,
}

#[derive(Deserialize)]
struct One {
    issue: Issue,
}

#[derive(Deserialize)]
struct Issue {
    id: u64,
    status: Status,
    #[serde(default)]
    closed_on: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default)]
    custom_fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Status {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    is_closed: Option<bool>,
}

#[derive(Deserialize)]
struct Field {
    id: u64,
    #[serde(default)]
    value: Value,
}

impl Tracker {
    pub(super) fn new(settings: Redmine, door: &Door, ways: &Ways) -> Self {
        let name = HeaderName::from_static("x-redmine-api-key");
        let credential = InHeader::header(name, "", settings.api_key.clone(), Arc::clone(&ways.secrets));
        let client = Client { door: door.with_credential(Arc::new(credential)), base: settings.url.clone() };
        Self { settings, client, sighted: OnceCell::new() }
    }

    async fn sight(&self) -> Result<&Sight, TrackerError> {
        self.sighted.get_or_try_init(|| self.look_around()).await
    }

    async fn value(&self, segments: &[&str]) -> Result<(Reply, Value), TrackerError> {
        let reply = self.client.ask_well(self.client.url(segments, &[])?).await?;
        let value = reply.json().map_err(TrackerError::NotDone)?;
        Ok((reply, value))
    }

    async fn look_around(&self) -> Result<Sight, TrackerError> {
        // 401 for somebody who is not signed in, also where everything else is public.
        let (_, us) = self.value(&["users", "current.json"]).await?;
        let login = us.pointer("/user/login").and_then(Value::as_str).filter(|login| !login.is_empty());
        let Some(login) = login else {
            let detail =
                String::from("Redmine takes us for nobody: the API key is wrong, or the REST interface is off");
            return Err(TrackerError::NotDone(Cause::Unauthenticated { detail }));
        };
        let (reply, project) = self.value(&["projects", &format!("{}.json", self.settings.project)]).await?;
        let number = project.pointer("/project/id").and_then(Value::as_u64);
        let number = number.ok_or_else(|| malformed(reply.operation, "a project without an id"))?;
        let (reply, statuses) = self.value(&["issue_statuses.json"]).await?;
        let statuses = statuses.get("issue_statuses").and_then(Value::as_array).cloned();
        let statuses = statuses.ok_or_else(|| malformed(reply.operation, "no list of statuses"))?;
        let is_closed = |status: &&Value| status.get("is_closed").and_then(Value::as_bool) == Some(true);
        let id = |status: &Value| status.get("id").and_then(Value::as_u64);
        let closed = statuses.iter().filter(is_closed).filter_map(id).collect();
        Ok(Sight { login: hostile::short(login, 60), project: number, closed })
    }

    async fn find_one(&self, key: &TicketKey, sight: &Sight, found: &mut Vec<Remote>) -> Result<(), TrackerError> {
        let (project, limit) = (sight.project.to_string(), PAGE.to_string());
        let field = format!("cf_{}", self.settings.key_field_id);
        let mut read = 0_u64;
        loop {
            let offset = read.to_string();
            let pairs = [
                ("project_id", project.as_str()),
                ("status_id", "*"),
                (field.as_str(), key.as_str()),
                ("sort", "id"),
                ("limit", &limit),
                ("offset", &offset),
            ];
            let reply = self.client.ask_well(self.client.url(&["issues.json"], &pairs)?).await?;
            let page: Page = reply.json().map_err(TrackerError::NotDone)?;
            let now = page.issues.len() as u64;
            for issue in &page.issues {
                if !self.carries(issue, key) {
                    let what = "an issue without the key that was asked for: the custom field is not used as a filter, or hidden from us";
                    return Err(malformed(reply.operation, what));
                }
                note(found, Remote { keys: vec![key.clone()], ..self.shown(issue, sight) });
            }
            read += now;
            if read >= page.total_count {
                return Ok(());
            }
            if now == 0 {
                let what = String::from("issues of a list in Redmine");
                return Err(TrackerError::NotDone(Cause::CountDiffers {
                    what,
                    announced: page.total_count,
                    found: read,
                }));
            }
        }
    }

    fn carries(&self, issue: &Issue, key: &TicketKey) -> bool {
        let ours = |field: &&Field| field.id == self.settings.key_field_id;
        issue.custom_fields.iter().filter(ours).any(|field| field.value.as_str() == Some(key.as_str()))
    }

    fn shown(&self, issue: &Issue, sight: &Sight) -> Remote {
        let closed = issue.status.is_closed.unwrap_or_else(|| sight.closed.contains(&issue.status.id));
        let standing = if closed {
            let refused = self.settings.refused_statuses.contains(&issue.status.id);
            Standing::Done { refused, word: hostile::short(&issue.status.name, 60), at: issue.closed_on }
        } else {
            Standing::Open
        };
        let number = issue.id.to_string();
        let path = format!("{}/issues", self.client.base.path().trim_end_matches('/'));
        Remote { url: self.client.page(&path, &[&number]), id: RemoteId(number), keys: Vec::new(), standing }
    }

    fn body(&self, text: &Text) -> String {
        let render: fn(&Text) -> String = match self.settings.markup {
            RedmineMarkup::Textile => textile::render,
            RedmineMarkup::Markdown => markdown::render_for_redmine,
        };
        render(&markup::fit(text, BODY, |text| render(text).len()))
    }

    fn fields(&self, draft: &Draft) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut set = |name: &str, value: Value| fields.insert(String::from(name), value);
        set("subject", json!(markup::title(&draft.title, TITLE)));
        set("description", json!(self.body(&draft.body)));
        set("custom_fields", json!([{ "id": self.settings.key_field_id, "value": draft.key.as_str() }]));
        if let Some(priority) = self.settings.priorities.get(&draft.severity) {
            set("priority_id", json!(priority));
        }
        if let Some(due) = draft.due_at {
            set("due_date", json!(due.format("%Y-%m-%d").to_string()));
        }
        fields
    }

    async fn look(&self, id: &RemoteId) -> Result<(Reply, Option<Issue>), TrackerError> {
        let reply = self.client.ask(self.issue_url(id)?).await?;
        match reply.status {
            StatusCode::OK => {
                let one: One = reply.json().map_err(TrackerError::NotDone)?;
                Ok((reply, Some(one.issue)))
            }
            StatusCode::NOT_FOUND => Ok((reply, None)),
            _ => Err(self.client.refused(&reply)),
        }
    }

    fn issue_url(&self, id: &RemoteId) -> Result<Url, TrackerError> {
        self.client.url(&["issues", &format!("{}.json", id.0)], &[])
    }

    async fn put(&self, id: &RemoteId, issue: &Value) -> Result<(), TrackerError> {
        let body = json!({ "issue": issue });
        self.client.tell(Method::PUT, self.issue_url(id)?, &body).await.map(drop)
    }

    /// Sets a status with a note, in one request, and sees whether it was set: Redmine leaves out what the workflow forbids.
    async fn set_status(&self, id: &RemoteId, status: u64, text: &Text) -> Result<(), TrackerError> {
        self.put(id, &json!({ "status_id": status, "notes": self.body(text) })).await?;
        let (reply, issue) = self.look(id).await?;
        let issue = issue.ok_or_else(|| self.client.refused(&reply))?;
        if issue.status.id == status {
            return Ok(());
        }
        let now = hostile::short(&issue.status.name, 40);
        let reason = format!("the status stays {now}: the workflow or a missing right forbids status {status}");
        Err(TrackerError::Rejected { reason })
    }
}

#[async_trait]
impl Keeps for Tracker {
    fn limits(&self) -> Limits {
        Limits { title: TITLE, body: BODY, finding_labels: 0 }
    }

    fn look_up_lag(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        let sight = self.sight().await?;
        let mut found = Vec::new();
        for key in keys {
            self.find_one(key, sight, &mut found).await?;
        }
        Ok(found)
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        let sight = self.sight().await?;
        let mut fields = self.fields(draft);
        fields.insert(String::from("project_id"), json!(sight.project));
        fields.insert(String::from("tracker_id"), json!(self.settings.tracker_id));
        fields.insert(String::from("is_private"), json!(self.settings.private));
        let url = self.client.url(&["issues.json"], &[])?;
        let reply = self.client.tell(Method::POST, url, &json!({ "issue": fields })).await?;
        let made = answer::<One>(&reply)?.issue;
        let carried = self.carries(&made, &draft.key);
        if !carried {
            tracing::warn!(
                issue = made.id,
                "Redmine made the issue without our key: the custom field is not of this tracker"
            );
        }
        Ok(Remote { keys: if carried { vec![draft.key.clone()] } else { Vec::new() }, ..self.shown(&made, sight) })
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        let sight = self.sight().await?;
        Ok(match self.look(id).await?.1 {
            Some(issue) => Sighted::Found(self.shown(&issue, sight)),
            None => Sighted::Missing { why: String::from("Redmine has no issue of this number") },
        })
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        self.put(id, &Value::Object(self.fields(draft))).await
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.put(id, &json!({ "notes": self.body(text) })).await
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_status(id, self.settings.reopen_to, text).await
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_status(id, self.settings.resolve_to, text).await
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let sight = self.sight().await?;
        Ok(format!("{} in project {} ({})", sight.login, self.settings.project, sight.project))
    }
}
