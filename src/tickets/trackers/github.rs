//! GitHub Issues, on github.com and GitHub Enterprise Server (octokit/openapi).
//!
//! Our key is a label. The list of issues by label is exact and immediate, unlike the search. Pull requests are issues too
//! and are left out. Labels of somebody who may not set any are dropped in silence: before the first search our
//! rights are looked at, and the answer of a creation as well.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderValue, Method};
use scan_contract::Cause;
use scan_transport::walk::Walk;
use scan_transport::{AllowList, Credential, Door, Reply, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use super::super::markup::{self, markdown};
use super::super::text::Text;
use super::super::tracker::{
    Draft, Limits, Remote, RemoteId, Sighted, Standing, TicketKey, Tracker as Keeps, TrackerError,
};
use super::Ways;
use super::client::{Client, all, answer, beside, json as with_body, malformed};
use super::github_app::{Claims, Installation};
use super::list::allow_list;
use super::settings::{GitHub, GitHubSignIn};
use super::sign_in::{InHeader, Kept};
use crate::hostile;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "github",
    SignIn "GET" "/repos/{owner}/{repository}/installation" needs [];
    SignIn "POST" "/app/installations/{id}/access_tokens" needs [];
    Read "GET" "/repos/{owner}/{repository}" needs ["metadata: read"];
    Read "GET" "/repos/{owner}/{repository}/issues" needs ["issues: read"];
    Read "GET" "/repos/{owner}/{repository}/issues/{number}" needs ["issues: read"];
    Write "POST" "/repos/{owner}/{repository}/issues" needs ["issues: write"];
    Write "PATCH" "/repos/{owner}/{repository}/issues/{number}" needs ["issues: write"];
    Write "POST" "/repos/{owner}/{repository}/issues/{number}/labels" needs ["issues: write"];
    Write "POST" "/repos/{owner}/{repository}/issues/{number}/comments" needs ["issues: write"];
};

/// Characters of a title.
const TITLE: usize = 256;
/// Characters of a body; counted in bytes here, which is never more.
const BODY: usize = 65_000;
/// Labels of findings; an issue takes 100 in all.
const LABELS: usize = 50;
/// The version of the interface this was written against.
const API_VERSION: &str = "2022-11-28";

/// The issues of one repository.
pub struct Tracker {
    settings: GitHub,
    client: Client,
    /// Set once the repository has shown that we may label.
    sighted: OnceCell<String>,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    state: String,
    #[serde(default)]
    state_reason: Option<String>,
    #[serde(default)]
    closed_at: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default)]
    labels: Vec<Value>,
    #[serde(default)]
    pull_request: Option<Value>,
}

/// Address of the REST interface of a GitHub.
pub fn rest(url: &Url) -> Url {
    let mut rest = url.clone();
    let host = url.host_str().unwrap_or_default();
    let api = if host == "github.com" || (host.ends_with(".ghe.com") && !host.starts_with("api.")) {
        Some(format!("api.{host}"))
    } else {
        None
    };
    match api {
        // A host that was one stays one with a label more.
        Some(api) if rest.set_host(Some(&api)).is_ok() => rest.set_path(""),
        _ if host.starts_with("api.") => {}
        _ if url.path().trim_end_matches('/').is_empty() => rest.set_path("/api/v3"),
        _ => {}
    }
    rest
}

/// The headers that GitHub wants with every request.
pub(super) fn headed(request: Request) -> Request {
    request
        .with(http::header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"))
        .with(http::header::USER_AGENT, HeaderValue::from_static("holdover"))
        .with(http::HeaderName::from_static("x-github-api-version"), HeaderValue::from_static(API_VERSION))
}

impl Tracker {
    pub(super) fn new(settings: GitHub, rest: Url, door: &Door, ways: &Ways) -> Self {
        let credential: Arc<dyn Credential> = match &settings.sign_in {
            GitHubSignIn::Token(token) => Arc::new(InHeader::bearer(token.clone(), Arc::clone(&ways.secrets))),
            GitHubSignIn::App { issuer, private_key, installation_id } => {
                let key = Kept::new(private_key.clone(), Arc::clone(&ways.secrets));
                let claims = Claims::new(issuer.clone(), key, door.clone());
                let (owner, repository) = (settings.owner.clone(), settings.repository.clone());
                let app = Installation::new(door.clone(), rest.clone(), owner, repository, *installation_id, claims);
                Arc::new(app)
            }
        };
        let client = Client { door: door.with_credential(credential), base: rest };
        Self { settings, client, sighted: OnceCell::new() }
    }

    fn url(&self, below: &[&str], pairs: &[(&str, &str)]) -> Result<Url, TrackerError> {
        let head = ["repos", &self.settings.owner, &self.settings.repository];
        let all: Vec<&str> = head.iter().chain(below).copied().collect();
        self.client.url(&all, pairs)
    }

    async fn ask(&self, url: Url) -> Result<Reply, TrackerError> {
        self.client.send(headed(Request::get(url))).await
    }

    async fn tell(&self, method: Method, url: Url, body: &Value) -> Result<Reply, TrackerError> {
        let reply = self.client.tell_any(headed(with_body(method, url, body)?)).await?;
        match reply.status.as_u16() {
            200..=299 => Ok(reply),
            410 => Err(switched_off()),
            // Issues of an archived repository, and content that is taken for spam.
            _ => Err(self.client.not_taken(&reply)),
        }
    }

    /// What is told of the repository, once it is open to our issues and labels.
    async fn look_at_repository(&self) -> Result<String, TrackerError> {
        let reply = self.ask(self.url(&[], &[])?).await?;
        if reply.status.as_u16() != 200 {
            return Err(self.client.refused(&reply));
        }
        let about: Value = reply.json().map_err(TrackerError::NotDone)?;
        if about.get("has_issues").and_then(Value::as_bool) == Some(false) {
            return Err(switched_off());
        }
        if about.get("archived").and_then(Value::as_bool) == Some(true) {
            return Err(switched_off());
        }
        // Told for tokens of people only. Who may not triage has its labels dropped.
        let may = |right: &str| about.pointer(&format!("/permissions/{right}")).and_then(Value::as_bool);
        let token = matches!(self.settings.sign_in, GitHubSignIn::Token(_));
        if token && ["push", "triage"].iter().all(|right| may(right) == Some(false)) {
            let permission =
                String::from("issues: write, or the role triage: without it labels are dropped in silence");
            return Err(TrackerError::NotDone(Cause::Denied { permission }));
        }
        let private = about.get("private").and_then(Value::as_bool);
        let note = if private == Some(false) { "; it is PUBLIC, and so would be its tickets" } else { "" };
        Ok(format!("repository {}/{}{note}", self.settings.owner, self.settings.repository))
    }

    async fn find_one(&self, key: &TicketKey, found: &mut Vec<Remote>) -> Result<(), TrackerError> {
        let pairs = [("labels", key.as_str()), ("state", "all"), ("per_page", "100"), ("sort", "created")];
        let mut next = Some(self.url(&["issues"], &pairs)?);
        let mut walk = Walk::new("GET /repos/{owner}/{repository}/issues").at_most(1_000);
        while let Some(url) = next {
            let reply = self.ask(url).await?;
            match reply.status.as_u16() {
                200 => {}
                410 => return Err(switched_off()),
                _ => return Err(self.client.refused(&reply)),
            }
            for issue in all::<Issue>(&reply, &[])? {
                if issue.pull_request.is_some() {
                    continue;
                }
                if !labels(&issue).any(|label| label.eq_ignore_ascii_case(key.as_str())) {
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
            let reason = issue.state_reason.as_deref().unwrap_or("closed");
            Standing::Done {
                refused: matches!(reason, "not_planned" | "duplicate"),
                word: hostile::short(reason, 60),
                at: issue.closed_at,
            }
        } else {
            Standing::Open
        };
        let number = issue.number.to_string();
        let mut site = self.settings.url.clone();
        site.set_path("");
        let segments = [&self.settings.owner, &self.settings.repository, "issues", number.as_str()];
        let url = scan_transport::encode::join(&site, &segments, &[]).map(|url| url.to_string()).ok();
        Remote { id: RemoteId(number), url, keys: Vec::new(), standing }
    }

    fn labels(&self, draft: &Draft) -> Vec<String> {
        let mut labels = vec![draft.key.to_string()];
        let findings = draft.findings.iter().take(LABELS).map(|print| TicketKey::of_finding(print).to_string());
        labels.extend(findings);
        labels.extend(self.settings.labels.iter().cloned());
        labels.extend(self.settings.priorities.get(&draft.severity).cloned());
        let mut seen = std::collections::BTreeSet::new();
        labels.retain(|label| seen.insert(label.clone()));
        labels
    }

    fn body(text: &Text) -> String {
        markdown::render(&markup::fit(text, BODY, |text| markdown::render(text).len()))
    }

    async fn set_state(&self, id: &RemoteId, state: &str, reason: &str) -> Result<(), TrackerError> {
        let body = json!({ "state": state, "state_reason": reason });
        let reply = self.tell(Method::PATCH, self.url(&["issues", &id.0], &[])?, &body).await?;
        let issue: Issue = answer(&reply)?;
        if issue.state == state {
            return Ok(());
        }
        Err(TrackerError::Rejected { reason: format!("the issue stays {}", hostile::short(&issue.state, 20)) })
    }
}

/// One issue that carries several keys is one issue.
pub(super) fn note(found: &mut Vec<Remote>, remote: Remote) {
    match found.iter_mut().find(|known| known.id == remote.id) {
        Some(known) => known.keys.extend(remote.keys),
        None => found.push(remote),
    }
}

fn labels(issue: &Issue) -> impl Iterator<Item = &str> {
    // A label is an object with a name, and in old answers its name.
    issue.labels.iter().filter_map(|label| label.as_str().or_else(|| label.get("name").and_then(Value::as_str)))
}

fn switched_off() -> TrackerError {
    let what = String::from("issues are switched off in this repository, or it is archived");
    TrackerError::NotDone(Cause::NotSupported { what })
}

#[async_trait]
impl Keeps for Tracker {
    fn limits(&self) -> Limits {
        Limits { title: TITLE, body: BODY, finding_labels: LABELS }
    }

    fn look_up_lag(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn find(&self, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
        // Without the right to label, our issues are there and carry no key: the list by label would be empty.
        self.sighted.get_or_try_init(|| self.look_at_repository()).await?;
        let mut found = Vec::new();
        // Several labels in one request mean issues that carry all of them.
        for key in keys {
            self.find_one(key, &mut found).await?;
        }
        Ok(found)
    }

    async fn create(&self, draft: &Draft) -> Result<Remote, TrackerError> {
        let body = json!({
            "title": markup::title_without_references(&draft.title, TITLE),
            "body": Self::body(&draft.body),
            "labels": self.labels(draft),
        });
        let reply = self.tell(Method::POST, self.url(&["issues"], &[])?, &body).await?;
        let issue: Issue = answer(&reply)?;
        let carried = labels(&issue).any(|label| label.eq_ignore_ascii_case(draft.key.as_str()));
        if !carried {
            tracing::warn!(
                issue = issue.number,
                "GitHub made the issue without our label: the credential may set none"
            );
        }
        Ok(Remote { keys: if carried { vec![draft.key.clone()] } else { Vec::new() }, ..self.shown(&issue) })
    }

    async fn read(&self, id: &RemoteId) -> Result<Sighted, TrackerError> {
        let reply = self.ask(self.url(&["issues", &id.0], &[])?).await?;
        let missing = |why: &str| Ok(Sighted::Missing { why: String::from(why) });
        match reply.status.as_u16() {
            200 => {
                let issue: Issue = reply.json().map_err(TrackerError::NotDone)?;
                Ok(Sighted::Found(self.shown(&issue)))
            }
            404 => {
                // A repository that we may not see answers the same: then nothing is known of the issue.
                let repository = self.ask(self.url(&[], &[])?).await?;
                if repository.status.as_u16() != 200 {
                    return Err(self.client.refused(&repository));
                }
                missing("GitHub has no issue of this number in the repository")
            }
            410 => missing("the issue was deleted, or issues are switched off"),
            301 | 302 | 307 => missing("the issue was moved to another repository"),
            _ => Err(self.client.refused(&reply)),
        }
    }

    async fn revise(&self, id: &RemoteId, draft: &Draft) -> Result<(), TrackerError> {
        let labels = json!({ "labels": self.labels(draft) });
        self.tell(Method::POST, self.url(&["issues", &id.0, "labels"], &[])?, &labels).await?;
        let body =
            json!({ "title": markup::title_without_references(&draft.title, TITLE), "body": Self::body(&draft.body) });
        self.tell(Method::PATCH, self.url(&["issues", &id.0], &[])?, &body).await.map(drop)
    }

    async fn comment(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        let body = json!({ "body": Self::body(text) });
        self.tell(Method::POST, self.url(&["issues", &id.0, "comments"], &[])?, &body).await.map(drop)
    }

    async fn reopen(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_state(id, "open", "reopened").await?;
        beside(self.comment(id, text).await)
    }

    async fn resolve(&self, id: &RemoteId, text: &Text) -> Result<(), TrackerError> {
        self.set_state(id, "closed", "completed").await?;
        beside(self.comment(id, text).await)
    }

    async fn check(&self) -> Result<String, TrackerError> {
        self.look_at_repository().await
    }
}
