//! Jira: Cloud over REST 3 and Data Center over REST 2 (ctreminiom/go-atlassian; the published description of Cloud).
//!
//! Our key is a label. Cloud searches an index that lags: issues of this process are named in `reconcileIssues`, the rest
//! is left to the caller's waiting. Transitions differ in every workflow: they are chosen by the category of the status
//! that they lead to, unless the configuration names one.

mod search;
mod wire;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use scan_contract::Cause;
use scan_transport::{AllowList, Door, Reply};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::super::markup::{self, adf, wiki};
use super::super::text::Text;
use super::super::tracker::{
    Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker as Keeps, TrackerError,
};
use super::Ways;
use super::client::{Client, answer, beside};
use super::list::allow_list;
use super::settings::{Jira, JiraFlavour};
use super::sign_in::InHeader;
use crate::hostile;
use wire::{Issue, Made, Transition, Transitions};

static CLOUD: AllowList = allow_list! { "jira",
    Read "GET" "/rest/api/3/myself" needs ["read:jira-user"];
    Read "GET" "/rest/api/3/mypermissions" needs [];
    Read "GET" "/rest/api/3/issue/createmeta/{project}/issuetypes" needs ["CREATE_ISSUES"];
    Read "POST" "/rest/api/3/search/jql" needs ["BROWSE_PROJECTS"];
    Read "GET" "/rest/api/3/issue/{id}" needs ["BROWSE_PROJECTS"];
    Read "GET" "/rest/api/3/issue/{id}/transitions" needs ["TRANSITION_ISSUES"];
    Write "POST" "/rest/api/3/issue" needs ["CREATE_ISSUES"];
    Write "PUT" "/rest/api/3/issue/{id}" needs ["EDIT_ISSUES"];
    Write "POST" "/rest/api/3/issue/{id}/comment" needs ["ADD_COMMENTS"];
    Write "POST" "/rest/api/3/issue/{id}/transitions" needs ["TRANSITION_ISSUES"];
};

static DATA_CENTER: AllowList = allow_list! { "jira",
    Read "GET" "/rest/api/2/myself" needs [];
    Read "GET" "/rest/api/2/mypermissions" needs [];
    Read "GET" "/rest/api/2/issue/createmeta/{project}/issuetypes" needs ["CREATE_ISSUES"];
    Read "POST" "/rest/api/2/search" needs ["BROWSE_PROJECTS"];
    Read "GET" "/rest/api/2/issue/{id}" needs ["BROWSE_PROJECTS"];
    Read "GET" "/rest/api/2/issue/{id}/transitions" needs ["TRANSITION_ISSUES"];
    Write "POST" "/rest/api/2/issue" needs ["CREATE_ISSUES"];
    Write "PUT" "/rest/api/2/issue/{id}" needs ["EDIT_ISSUES"];
    Write "POST" "/rest/api/2/issue/{id}/comment" needs ["ADD_COMMENTS"];
    Write "POST" "/rest/api/2/issue/{id}/transitions" needs ["TRANSITION_ISSUES"];
};

/// What may be sent.
pub fn list(flavour: JiraFlavour) -> &'static AllowList {
    match flavour {
        JiraFlavour::Cloud => &CLOUD,
        JiraFlavour::DataCenter => &DATA_CENTER,
    }
}

/// Characters of a summary.
const TITLE: usize = 255;
/// Characters of a description or comment (`jira.text.field.character.limit`, 32,767 unless somebody raised it).
const BODY: usize = 32_000;
/// Labels of findings on one issue.
const LABELS: usize = 50;
/// Issues that a search can be told to look at itself.
const RECONCILED: usize = 50;
/// Rights that are needed, as `mypermissions` calls them.
const RIGHTS: [&str; 5] = ["BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"];

/// A project.
pub struct Tracker {
    settings: Jira,
    client: Client,
    /// Numeric ids of issues that this process made or changed, newest last.
    recent: Mutex<VecDeque<u64>>,
    /// Set once Jira has told that we may browse the project.
    sighted: OnceCell<()>,
}

impl Tracker {
    #[expect(clippy::needless_pass_by_value, reason = "what is built is handed over")]
    pub(super) fn new(settings: Jira, door: Door, ways: &Ways) -> Self {
        let token = (http::header::AUTHORIZATION, "Bearer ");
        let credential = InHeader::of(&settings.sign_in, token, Arc::clone(&ways.secrets));
        let client = Client { door: door.with_credential(Arc::new(credential)), base: settings.url.clone() };
        Self { settings, client, recent: Mutex::default(), sighted: OnceCell::new() }
    }

    fn version(&self) -> &'static str {
        match self.settings.flavour {
            JiraFlavour::Cloud => "3",
            JiraFlavour::DataCenter => "2",
        }
    }

    fn url(&self, segments: &[&str], pairs: &[(&str, &str)]) -> Result<url::Url, TrackerError> {
        let all: Vec<&str> = ["rest", "api", self.version()].iter().chain(segments).copied().collect();
        self.client.url(&all, pairs)
    }

    /// Data Center answers many requests for somebody who is not signed in, and finds nothing for them.
    fn is_us(reply: &Reply) -> Result<(), TrackerError> {
        let anonymous = reply.header("x-ausername").is_some_and(|name| name.eq_ignore_ascii_case("anonymous"));
        let locked = reply.header("x-authentication-denied-reason").is_some()
            || reply.header("x-seraph-loginreason").is_some_and(|reason| !reason.contains("OK"));
        if anonymous || locked {
            let why = if locked {
                "the account is locked out until somebody signs in by hand"
            } else {
                "Jira takes us for nobody"
            };
            return Err(TrackerError::NotDone(Cause::Unauthenticated {
                detail: format!("{}: {why}", reply.describe()),
            }));
        }
        Ok(())
    }

    async fn ask(&self, url: url::Url) -> Result<Reply, TrackerError> {
        let reply = self.client.ask(url).await?;
        Self::is_us(&reply)?;
        Ok(reply)
    }

    fn remember(&self, id: &str) {
        let Ok(id) = id.parse::<u64>() else { return };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|known| *known != id);
        recent.push_back(id);
        while recent.len() > RECONCILED {
            recent.pop_front();
        }
    }

    /// The value of a field with text: a document on Cloud, wiki markup elsewhere.
    fn body(&self, text: &Text) -> Value {
        match self.settings.flavour {
            // The limit is on the document as JSON.
            JiraFlavour::Cloud => adf::render(&markup::fit(text, BODY, |text| adf::render(text).to_string().len())),
            JiraFlavour::DataCenter => {
                json!(wiki::render(&markup::fit(text, BODY, |text| wiki::render(text).len())))
            }
        }
    }

    fn fields(&self, draft: &Draft) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert(String::from("summary"), json!(markup::title(&draft.title, TITLE)));
        fields.insert(String::from("description"), self.body(&draft.body));
        if let Some(name) = self.settings.priorities.get(&draft.severity) {
            fields.insert(String::from("priority"), json!({ "name": name }));
        }
        if let (true, Some(due)) = (self.settings.due_date, draft.due_at) {
            fields.insert(String::from("duedate"), json!(due.format("%Y-%m-%d").to_string()));
        }
        fields
    }

    fn labels(draft: &Draft) -> Vec<String> {
        let mut labels = vec![draft.key.to_string()];
        labels.extend(draft.findings.iter().take(LABELS).map(|print| TicketKey::of_finding(print).to_string()));
        labels.dedup();
        labels
    }

    fn shown(&self, issue: &Issue, keys: &[TicketKey]) -> Remote {
        let fields = &issue.fields;
        let resolution = fields.resolution.as_ref().map(|named| named.name.as_str());
        let standing = if fields.status.category.key == "done" {
            let word = resolution.unwrap_or(&fields.status.name);
            let refused = self.settings.refused_resolutions.iter().any(|name| name.eq_ignore_ascii_case(word));
            Standing::Done { refused, word: hostile::short(word, 60), at: fields.resolved_at() }
        } else {
            Standing::Open
        };
        let keys = keys.iter().filter(|key| fields.labels.iter().any(|label| label == key.as_str())).cloned().collect();
        Remote { id: RemoteId(issue.id.clone()), url: self.browse(&issue.key), keys, standing }
    }

    fn browse(&self, key: &str) -> Option<String> {
        let path = format!("{}/browse", self.client.base.path().trim_end_matches('/'));
        self.client.page(&path, &[key])
    }

    async fn look(&self, id: &RemoteId) -> Result<Option<Issue>, TrackerError> {
        let pairs = [("fields", "status,resolution,resolutiondate,labels")];
        let reply = self.ask(self.url(&["issue", &id.0], &pairs)?).await?;
        match reply.status.as_u16() {
            200 => reply.json().map(Some).map_err(TrackerError::NotDone),
            404 => Ok(None),
            _ => Err(self.client.refused(&reply)),
        }
    }

    /// The transition to take: the configured one by its name or the name of the status it leads to, else the first that
    /// leads to the right category.
    async fn transition(&self, id: &RemoteId, to_done: bool) -> Result<Transition, TrackerError> {
        let url = self.url(&["issue", &id.0, "transitions"], &[("expand", "transitions.fields")])?;
        let reply = self.ask(url).await?;
        if reply.status.as_u16() != 200 {
            return Err(self.client.refused(&reply));
        }
        let offered: Transitions = reply.json().map_err(TrackerError::NotDone)?;
        let named = if to_done { &self.settings.resolve_to } else { &self.settings.reopen_to };
        let fits = |transition: &&Transition| match named {
            Some(name) => name.eq_ignore_ascii_case(&transition.name) || name.eq_ignore_ascii_case(&transition.to.name),
            None => (transition.to.category.key == "done") == to_done,
        };
        offered.transitions.iter().find(fits).cloned().ok_or_else(|| {
            let names: Vec<String> =
                offered.transitions.iter().take(8).map(|transition| hostile::short(&transition.to.name, 30)).collect();
            let wanted = named.clone().unwrap_or_else(|| {
                String::from(if to_done { "a status of the category done" } else { "an open status" })
            });
            let reason = format!("no transition leads from here to {wanted}; offered: {}", names.join(", "));
            TrackerError::Rejected { reason }
        })
    }

    async fn move_to(&self, id: &RemoteId, done: bool) -> Result<(), TrackerError> {
        let Some(before) = self.look(id).await? else {
            let detail = String::from("Jira has no issue of this id, or hides it");
            return Err(TrackerError::NotDone(Cause::Denied { permission: detail }));
        };
        if (before.fields.status.category.key == "done") == done {
            return Ok(());
        }
        let transition = self.transition(id, done).await?;
        let mut body = json!({ "transition": { "id": transition.id } });
        if done && transition.fields.contains_key("resolution") {
            body["fields"] = json!({ "resolution": { "name": self.settings.resolution } });
        }
        let url = self.url(&["issue", &id.0, "transitions"], &[])?;
        self.client.tell(Method::POST, url, &body).await?;
        self.remember(&id.0);
        Ok(())
    }
}

#[async_trait]
impl Keeps for Tracker {
    fn limits(&self) -> Limits {
        Limits { title: TITLE, body: BODY, finding_labels: LABELS }
    }

    fn look_up_lag(&self) -> Duration {
        match self.settings.flavour {
            JiraFlavour::Cloud => Duration::from_mins(2),
            JiraFlavour::DataCenter => Duration::from_mins(1),
        }
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        // To somebody who may not browse the project Cloud shows an empty list, with 200.
        self.sighted.get_or_try_init(|| self.require(&["BROWSE_PROJECTS"])).await?;
        search::find(self, keys).await
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        let mut fields = self.fields(draft);
        fields.insert(String::from("project"), json!({ "key": self.settings.project }));
        fields.insert(String::from("issuetype"), json!({ "name": self.settings.issue_type }));
        fields.insert(String::from("labels"), json!(Self::labels(draft)));
        let reply = self.client.tell(Method::POST, self.url(&["issue"], &[])?, &json!({ "fields": fields })).await?;
        let made: Made = answer(&reply)?;
        self.remember(&made.id);
        let url = self.browse(&made.key);
        Ok(Remote { id: RemoteId(made.id), url, keys: vec![draft.key.clone()], standing: Standing::Open })
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        Ok(match self.look(id).await? {
            Some(issue) => Sighted::Found(self.shown(&issue, &[])),
            None => Sighted::Missing { why: String::from("Jira has no issue of this id, or hides it from us") },
        })
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        let labels: Vec<Value> = Self::labels(draft).into_iter().map(|label| json!({ "add": label })).collect();
        let body = json!({ "fields": self.fields(draft), "update": { "labels": labels } });
        self.client.tell(Method::PUT, self.url(&["issue", &id.0], &[])?, &body).await?;
        self.remember(&id.0);
        Ok(())
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        let body = json!({ "body": self.body(text) });
        self.client.tell(Method::POST, self.url(&["issue", &id.0, "comment"], &[])?, &body).await.map(drop)
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.move_to(id, false).await?;
        beside(self.comment(id, text).await)
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.move_to(id, true).await?;
        beside(self.comment(id, text).await)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let reply = self.ask(self.url(&["myself"], &[])?).await?;
        if reply.status.as_u16() != 200 {
            return Err(self.client.refused(&reply));
        }
        let us: Value = reply.json().map_err(TrackerError::NotDone)?;
        let name = ["name", "accountId"].iter().find_map(|key| us.get(key).and_then(Value::as_str)).unwrap_or("?");
        self.require(&RIGHTS).await?;
        self.check_type().await?;
        let (project, kind) = (&self.settings.project, &self.settings.issue_type);
        Ok(format!("{} may write issues of the type {kind} in {project}", hostile::short(name, 60)))
    }
}

impl Tracker {
    /// Asks whether we have these rights in the project.
    async fn require(&self, wanted: &[&str]) -> Result<(), TrackerError> {
        let pairs = [("projectKey", self.settings.project.as_str()), ("permissions", &wanted.join(","))];
        let reply = self.ask(self.url(&["mypermissions"], &pairs)?).await?;
        if reply.status.as_u16() != 200 {
            return Err(self.client.refused(&reply));
        }
        let rights: Value = reply.json().map_err(TrackerError::NotDone)?;
        let has =
            |right: &str| rights.pointer(&format!("/permissions/{right}/havePermission")).and_then(Value::as_bool);
        let missing: Vec<&str> = wanted.iter().copied().filter(|right| has(right) != Some(true)).collect();
        if !missing.is_empty() {
            return Err(TrackerError::NotDone(Cause::Denied { permission: missing.join(", ") }));
        }
        Ok(())
    }

    async fn check_type(&self) -> Result<(), TrackerError> {
        let segments = ["issue", "createmeta", &self.settings.project, "issuetypes"];
        let reply = self.ask(self.url(&segments, &[("maxResults", "200")])?).await?;
        if reply.status.as_u16() != 200 {
            return Err(self.client.refused(&reply));
        }
        let types: Value = reply.json().map_err(TrackerError::NotDone)?;
        // Cloud calls the list `issueTypes`, Data Center `values`.
        let list = ["issueTypes", "values"].iter().find_map(|key| types.get(key).and_then(Value::as_array));
        let wanted = self.settings.issue_type.as_str();
        let named = |kind: &Value| {
            kind.get("name").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        };
        match list {
            Some(kinds) if kinds.iter().any(named) => Ok(()),
            Some(_) => {
                let reason =
                    format!("the project {} has no issue type {wanted} that we may create", self.settings.project);
                Err(TrackerError::Rejected { reason })
            }
            None => Err(super::client::malformed(reply.operation, "no list of issue types")),
        }
    }
}
