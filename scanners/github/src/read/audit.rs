//! The audit log: who made what hangs in the organisation, and what somebody did last.
//!
//! The platform keeps 180 days of it, seven of Git, and shows no list of who made a webhook, a secret or an installation
//! anywhere else. Only GitHub Enterprise has an interface to it.

use chrono::{DateTime, TimeDelta, Utc};
use scan_contract::{Access, AccessKind, Cause, Fact, Gap, GrantId, Holder, Moment, Relation, ScopeName, Status};
use serde::Deserialize;

use crate::hub::{Hub, OnPlan, absent_unless, scope};
use crate::list::{self, Failure, List};
use crate::scopes;
use crate::text::clean;
use crate::told::{Told, Work};

/// Events that say who made something we list.
const MADE: &[&str] = &[
    "hook.create",
    "integration_installation.create",
    "org.create_actions_secret",
    "org.update_actions_secret",
    "repo.create_actions_secret",
    "repo.update_actions_secret",
    "environment.create_actions_secret",
    "environment.update_actions_secret",
];

/// Something whose maker the log may name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Made {
    /// A webhook.
    Hook(u64),
    /// An App's installation.
    Installation(u64),
    /// The same, by the client id of the App, which one organisation installs once.
    App(String),
    /// An Actions secret: where it is kept, and its name in lower case.
    Secret(Keeper, String),
}

impl Made {
    /// A secret, whose name has no case.
    pub(crate) fn secret(keeper: Keeper, name: &str) -> Self {
        Self::Secret(keeper, name.to_ascii_lowercase())
    }
}

/// Where an Actions secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Keeper {
    /// The organisation.
    Organisation,
    /// A repository.
    Repository(Named),
    /// An environment of a repository; the log does not say which.
    Environment(Named),
}

/// How an event names a repository. A name passes on when a repository is renamed and another one takes it: it stands
/// only where the event has no id. GitHub's list of events gives those of secrets both.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Named {
    /// By the id that never changes.
    Id(u64),
    /// By `owner/repo`, in lower case.
    Name(String),
}

impl Named {
    /// By its name.
    pub(crate) fn name(name: &str) -> Self {
        Self::Name(name.to_ascii_lowercase())
    }
}

/// Who made something, and when.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    login: String,
    id: Option<u64>,
    at: Option<DateTime<Utc>>,
}

impl Maker {
    /// Whether both are the same person.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self.id, other.id) {
            (Some(one), Some(two)) => one == two,
            _ => self.login.eq_ignore_ascii_case(&other.login),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "@timestamp", default)]
    timestamp: Option<i64>,
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    actor: Option<String>,
    #[serde(default)]
    actor_id: Option<u64>,
    #[serde(default)]
    repo: Option<String>,
    /// Events of other kinds may say it in another form, and are not lost for that.
    #[serde(default)]
    repo_id: Option<serde_json::Value>,
    #[serde(default)]
    hook_id: Option<u64>,
    #[serde(default)]
    installation_id: Option<u64>,
    #[serde(default)]
    application_client_id: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    transport_protocol_name: Option<String>,
}

impl Event {
    /// Milliseconds since 1970.
    fn at(&self) -> Option<DateTime<Utc>> {
        self.timestamp.and_then(DateTime::from_timestamp_millis)
    }

    fn made(&self) -> Option<Made> {
        let action = self.action.as_deref()?;
        if action.starts_with("hook.") {
            return self.hook_id.map(Made::Hook);
        }
        if action.starts_with("integration_installation.") {
            let by_app = || self.application_client_id.clone().map(Made::App);
            return self.installation_id.map(Made::Installation).or_else(by_app);
        }
        let name = self.key.as_deref().or(self.name.as_deref())?;
        let keeper = match action.split_once('.')?.0 {
            "org" => Keeper::Organisation,
            "repo" => Keeper::Repository(self.repository()?),
            "environment" => Keeper::Environment(self.repository()?),
            _ => return None,
        };
        Some(Made::secret(keeper, name))
    }

    fn repository(&self) -> Option<Named> {
        let id = self.repo_id.as_ref().and_then(serde_json::Value::as_u64).map(Named::Id);
        id.or_else(|| self.repo.as_deref().map(Named::name))
    }
}

/// Why there is no audit log to ask.
fn needs() -> Cause {
    Cause::NotOnPlan { what: String::from("the audit log's interface, which GitHub Enterprise has") }
}

fn since(hub: &Hub) -> String {
    let first = hub.client.door().began() - TimeDelta::days(i64::from(hub.settings.evidence_days));
    // Without a start the service answers for three months only.
    format!("created:>={}", first.format("%Y-%m-%d"))
}

/// Reads who made what.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::AUDIT_LOG);
    work.hub.organisation().await?;
    if work.hub.enterprise_plan() == OnPlan::No {
        return Err(needs());
    }
    for action in MADE {
        let phrase = format!("action:{action} {}", since(work.hub));
        let list = list_of(work.hub, &scope, phrase, "web").of(action);
        let mut silent = 0_u64;
        let tell = &mut |event: Event, _: &mut Told| match (event.made(), event.actor.clone()) {
            (Some(made), Some(login)) => work.hub.made_by(made, Maker { login, id: event.actor_id, at: event.at() }),
            _ => silent += 1,
        };
        list::read(work, &list, tell).await.map_err(|failure| absent(work.hub, failure))?;
        if silent > 0 {
            let what = format!("{silent} events do not say who did it or to what");
            work.outlet.gap(Gap::part(&scope, *action, Cause::NotProven { what })).await?;
        }
    }
    work.seal(&scope, None).await
}

fn list_of<'a>(hub: &'a Hub, scope: &'a ScopeName, phrase: String, include: &str) -> List<'a> {
    let segments = vec!["orgs", hub.login(), "audit-log"];
    List::array(scope, segments).by_cursor().with("phrase", phrase).with("include", include).with("order", "desc")
}

fn absent(hub: &Hub, failure: Failure) -> Cause {
    if !failure.is_not_found() {
        return failure.cause;
    }
    let granted = hub.granted();
    absent_unless(granted.reads_audit_log(), granted.name_of_audit_log(), needs())
}

/// Adds whoever made it, under any of the names the log may know it by, where the log says so.
pub(crate) fn attach(hub: &Hub, access: &mut Access, made: &[Made]) {
    for maker in hub.makers_of(made) {
        let mut holder = Holder::new(Relation::Creator);
        holder.provider_id = maker.id.map(|id| id.to_string());
        holder.login = Some(maker.login.clone());
        holder.since = maker.at.map(Moment::exact);
        let at = maker.at.map_or_else(|| String::from("at a time not told"), |at| at.format("on %Y-%m-%d").to_string());
        access.evidence.push(format!("made or changed by {} {at}, by the audit log", clean(&maker.login, 80)));
        access.holders.push(holder);
    }
}

/// What somebody did last, by the newest events that carry their name: proof of use, not a way in.
pub(crate) async fn last_of(hub: &Hub, scope: &ScopeName, id: u64, login: &str) -> Result<Told, Cause> {
    if hub.enterprise_plan() == OnPlan::No {
        return Err(needs());
    }
    let mut told = Told::default();
    for include in ["web", "git"] {
        let phrase = format!("actor:{login} {}", since(hub));
        let list = list_of(hub, scope, phrase, include).of(login).newest();
        let mut newest: Option<Event> = None;
        let tell = &mut |event: Event, told: &mut Told| {
            if event.at().is_none() {
                told.gap(scope, include, Cause::Malformed { what: String::from("an event without a time") });
            }
            // A login that passed on: the id of the actor decides, where the event has one.
            if event.actor_id.is_none_or(|actor| actor == id)
                && newest.as_ref().is_none_or(|known| known.at() < event.at())
            {
                newest = Some(event);
            }
        };
        let part = list::fetch(hub, &list, tell).await.map_err(|failure| absent(hub, failure))?;
        told.gaps.extend(part.gaps);
        told.records.extend(newest.and_then(|event| activity(hub, scope, id, login, include, &event)));
    }
    Ok(told)
}

fn activity(hub: &Hub, scope: &ScopeName, id: u64, login: &str, include: &str, event: &Event) -> Option<Access> {
    let at = event.at()?;
    // What is over can be listed as proof of use and never counts as a way in.
    let grant = GrantId::from(format!("{id}/activity/{include}"));
    let mut access = Access::new(scope.clone(), AccessKind::Session, grant, Status::Expired);
    access.status_text = Some(String::from("seen in the audit log"));
    access.client = Some(String::from(include));
    access.grant_display = Some(format!("last {include} activity of {login}"));
    access.target = Some(format!("organization {}", hub.login()));
    access.parent = Some(GrantId::from(id.to_string()));
    access.last_used_at = Fact::Known(Moment::exact(at));
    let action = event.action.as_deref().unwrap_or("an event");
    let way = event.transport_protocol_name.as_deref().unwrap_or("not told");
    access.evidence.push(format!(
        "{} at {}, transport {}",
        clean(action, 80),
        at.format("%Y-%m-%dT%H:%M:%SZ"),
        clean(way, 40)
    ));
    Some(access)
}
