//! GitLab issues (docs.gitlab.com, "Issues API").
//!
//! Our key is a label; `scope=all` and `state=all` are asked for, or others' and closed issues would be missing. Confidential
//! issues of others are hidden below the role Reporter, so that before the first search our role is looked at.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderName, Method};
use scan_contract::Cause;
use scan_transport::walk::Walk;
use scan_transport::{AllowList, Door};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use url::Url;

use super::super::markup::{self, markdown};
use super::super::text::Text;
use super::super::tracker::{
    Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker as Keeps, TrackerError,
};
use super::Ways;
use super::client::{Client, all, answer, beside, malformed};
use super::github::note;
use super::list::allow_list;
use super::settings::GitLab;
use super::sign_in::InHeader;
use crate::hostile;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "gitlab",
    Read "GET" "/api/v4/user" needs ["api"];
    Read "GET" "/api/v4/projects/{project}" needs ["api"];
    Read "GET" "/api/v4/projects/{project}/issues" needs ["api, role Reporter"];
    Read "GET" "/api/v4/projects/{project}/issues/{number}" needs ["api, role Reporter"];
    Write "POST" "/api/v4/projects/{project}/issues" needs ["api, role Reporter"];
    Write "PUT" "/api/v4/projects/{project}/issues/{number}" needs ["api, role Reporter"];
    Write "POST" "/api/v4/projects/{project}/issues/{number}/notes" needs ["api, role Reporter"];
};

/// Characters of a title.
const TITLE: usize = 255;
/// Characters of a description; a million are allowed, and nobody reads them.
const BODY: usize = 200_000;
/// Labels of findings.
const LABELS: usize = 50;
/// The role Reporter.
const REPORTER: u64 = 20;

/// The issues of one project.
pub struct Tracker {
    settings: GitLab,
    client: Client,
    sighted: OnceCell<u64>,
}

#[derive(Deserialize)]
struct Issue {
    iid: u64,
    state: String,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    closed_at: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default)]
    moved_to_id: Option<u64>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    path_with_namespace: Option<String>,
    #[serde(default)]
    permissions: Option<Permissions>,
    #[serde(default)]
    issues_enabled: Option<bool>,
    #[serde(default)]
    issues_access_level: Option<String>,
}

#[derive(Deserialize)]
struct Permissions {
    #[serde(default)]
    project_access: Option<Access>,
    #[serde(default)]
    group_access: Option<Access>,
}

#[derive(Deserialize)]
struct Access {
    access_level: u64,
}

impl Tracker {
    pub(super) fn new(settings: GitLab, door: &Door, ways: &Ways) -> Self {
        let name = HeaderName::from_static("private-token");
        let credential = InHeader::header(name, "", settings.token.clone(), Arc::clone(&ways.secrets));
        let client = Client { door: door.with_credential(Arc::new(credential)), base: settings.url.clone() };
        Self { settings, client, sighted: OnceCell::new() }
    }

    fn url(&self, below: &[&str], pairs: &[(&str, &str)]) -> Result<Url, TrackerError> {
        let head = ["api", "v4", "projects", &self.settings.project];
        let all: Vec<&str> = head.iter().chain(below).copied().collect();
        self.client.url(&all, pairs)
    }

    /// Our role, once it lets us see every issue.
    async fn sight(&self) -> Result<u64, TrackerError> {
        self.sighted.get_or_try_init(|| self.look_at_project()).await.copied()
    }

    async fn look_at_project(&self) -> Result<u64, TrackerError> {
        let reply = self.client.ask_well(self.url(&[], &[])?).await?;
        let project: Project = reply.json().map_err(TrackerError::NotDone)?;
        if project.issues_enabled == Some(false) || project.issues_access_level.as_deref() == Some("disabled") {
            let what = String::from("issues are switched off in this project");
            return Err(TrackerError::NotDone(Cause::NotSupported { what }));
        }
        let permissions = project.permissions.into_iter();
        let role = permissions
            .flat_map(|permissions| [permissions.project_access, permissions.group_access])
            .flatten()
            .map(|access| access.access_level)
            .max();
        if let Some(role) = role.filter(|role| *role >= REPORTER) {
            return Ok(role);
        }
        // An administrator sees everything without being a member.
        let reply = self.client.ask_well(self.client.url(&["api", "v4", "user"], &[])?).await?;
        let us: Value = reply.json().map_err(TrackerError::NotDone)?;
        if us.get("is_admin").and_then(Value::as_bool) == Some(true) {
            return Ok(u64::MAX);
        }
        let permission = String::from("the role Reporter in the project: below it confidential issues are hidden");
        Err(TrackerError::NotDone(Cause::Denied { permission }))
    }

    async fn find_one(&self, key: &TicketKey, found: &mut Vec<Remote>) -> Result<(), TrackerError> {
        let pairs = [
            ("labels", key.as_str()),
            ("scope", "all"),
            ("state", "all"),
            ("per_page", "100"),
            ("order_by", "created_at"),
        ];
        let mut next = Some(self.url(&["issues"], &pairs)?);
        let mut walk = Walk::new("GET /api/v4/projects/{project}/issues").at_most(1_000);
        while let Some(url) = next {
            let reply = self.client.ask_well(url).await?;
            for issue in all::<Issue>(&reply, &[])? {
                if !issue.labels.iter().any(|label| label == key.as_str()) {
                    return Err(malformed(reply.operation, "an issue without the label that was asked for"));
                }
                note(found, Remote { keys: vec![key.clone()], ..self.shown(&issue) });
            }
            next = walk.next(reply.next_link().map_err(TrackerError::NotDone)?).map_err(TrackerError::NotDone)?;
        }
        Ok(())
    }

    fn shown(&self, issue: &Issue) -> Remote {
        let standing = if issue.state == "closed" {
            let given_up = issue.labels.iter().find(|label| self.settings.refused_labels.contains(label));
            let word = given_up.map_or_else(|| String::from("closed"), |label| hostile::short(label, 60));
            Standing::Done { refused: given_up.is_some(), word, at: issue.closed_at }
        } else {
            Standing::Open
        };
        let number = issue.iid.to_string();
        let below = self.client.base.path().trim_end_matches('/').to_owned();
        // A path reads as one; a number is known to GitLab by its own route.
        let by_number = self.settings.project.bytes().all(|byte| byte.is_ascii_digit());
        let mut segments: Vec<&str> = if by_number {
            vec!["projects", &self.settings.project]
        } else {
            self.settings.project.split('/').collect()
        };
        if !by_number {
            segments.extend(["-", "issues", &number]);
        }
        let url = self.client.page(&below, &segments);
        Remote { id: RemoteId(number.clone()), url, keys: Vec::new(), standing }
    }

    fn labels(&self, draft: &Draft) -> String {
        let mut labels = vec![draft.key.to_string()];
        labels.extend(draft.findings.iter().take(LABELS).map(|print| TicketKey::of_finding(print).to_string()));
        labels.extend(self.settings.labels.iter().cloned());
        labels.extend(self.settings.priorities.get(&draft.severity).cloned());
        labels.join(",")
    }

    fn fields(draft: &Draft) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert(String::from("title"), json!(markup::title_without_references(&draft.title, TITLE)));
        fields.insert(String::from("description"), json!(Self::body(&draft.body)));
        if let Some(due) = draft.due_at {
            fields.insert(String::from("due_date"), json!(due.format("%Y-%m-%d").to_string()));
        }
        fields
    }

    fn body(text: &Text) -> String {
        markdown::render(&markup::fit(text, BODY, |text| markdown::render(text).len()))
    }

    async fn set_state(&self, id: &RemoteId, event: &str, state: &str) -> Result<(), TrackerError> {
        let url = self.url(&["issues", &id.0], &[])?;
        let reply = self.client.tell(Method::PUT, url, &json!({ "state_event": event })).await?;
        let issue: Issue = answer(&reply)?;
        if issue.state == state {
            return Ok(());
        }
        Err(TrackerError::Rejected { reason: format!("the issue stays {}", hostile::short(&issue.state, 20)) })
    }
}

#[async_trait]
impl Keeps for Tracker {
    fn limits(&self) -> Limits {
        Limits { title: TITLE, body: BODY, finding_labels: LABELS }
    }

    fn look_up_lag(&self) -> Duration {
        // Reading may be answered by a copy of the database.
        Duration::from_secs(30)
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        self.sight().await?;
        let mut found = Vec::new();
        // Several labels in one request mean issues that carry all of them.
        for key in keys {
            self.find_one(key, &mut found).await?;
        }
        Ok(found)
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        self.sight().await?;
        let mut fields = Self::fields(draft);
        fields.insert(String::from("labels"), json!(self.labels(draft)));
        fields.insert(String::from("confidential"), json!(self.settings.confidential));
        let reply = self.client.tell(Method::POST, self.url(&["issues"], &[])?, &Value::Object(fields)).await?;
        let issue: Issue = answer(&reply)?;
        let carried = issue.labels.iter().any(|label| label == draft.key.as_str());
        if !carried {
            tracing::warn!(issue = issue.iid, "GitLab made the issue without our label: the role Reporter is needed");
        }
        Ok(Remote { keys: if carried { vec![draft.key.clone()] } else { Vec::new() }, ..self.shown(&issue) })
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        self.sight().await?;
        let reply = self.client.ask(self.url(&["issues", &id.0], &[])?).await?;
        match reply.status.as_u16() {
            200 => {
                let issue: Issue = reply.json().map_err(TrackerError::NotDone)?;
                if issue.moved_to_id.is_some() {
                    return Ok(Sighted::Missing { why: String::from("it was moved to another project") });
                }
                Ok(Sighted::Found(self.shown(&issue)))
            }
            404 => Ok(Sighted::Missing { why: String::from("GitLab has no issue of this number in the project") }),
            _ => Err(self.client.refused(&reply)),
        }
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        let mut fields = Self::fields(draft);
        fields.insert(String::from("add_labels"), json!(self.labels(draft)));
        let url = self.url(&["issues", &id.0], &[])?;
        self.client.tell(Method::PUT, url, &Value::Object(fields)).await.map(drop)
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        let url = self.url(&["issues", &id.0, "notes"], &[])?;
        self.client.tell(Method::POST, url, &json!({ "body": Self::body(text) })).await.map(drop)
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_state(id, "reopen", "opened").await?;
        beside(self.comment(id, text).await)
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_state(id, "close", "closed").await?;
        beside(self.comment(id, text).await)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        self.sight().await?;
        let reply = self.client.ask_well(self.url(&[], &[])?).await?;
        let project: Project = reply.json().map_err(TrackerError::NotDone)?;
        let path = project.path_with_namespace.unwrap_or_else(|| self.settings.project.clone());
        Ok(format!("project {} with a role that sees confidential issues", hostile::short(&path, 120)))
    }
}
