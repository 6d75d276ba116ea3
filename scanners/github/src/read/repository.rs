//! What only a request for one repository can tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scan_contract::{
    Access, AccessKind, Cause, Fact, Gap, GrantId, Holder, Privilege, Relation, ScopeName, Status, Subtype,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::graph::{Problem, ask_whole};
use crate::hub::{Hub, scope, somebody};
use crate::list::{List, Tell, fetch};
use crate::queries::REPOSITORY_NAME;
use crate::read::environments;
use crate::read::hooks::{self, Hook};
use crate::read::outside::Person;
use crate::read::runners::{self, Runner};
use crate::read::secrets::{self, Kept, Secret, Sort};
use crate::read::teams::privilege_of;
use crate::read::workflows::{self, Scheduled};
use crate::scopes;
use crate::settings::Edition;
use crate::text::{LastUse, clean, fingerprint, time};
use crate::together::each;
use crate::told::{Told, Work};

/// A repository, as short as it can be kept: there may be a hundred thousand.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Immutable id.
    pub(crate) id: u64,
    /// Id for GraphQL.
    pub(crate) node: Arc<str>,
    /// `owner/name`.
    pub(crate) name: Arc<str>,
    /// Whether it is archived.
    pub(crate) archived: bool,
    pushed: i64,
}

impl Known {
    /// A repository of the sweep.
    pub(crate) fn new(id: u64, node: &str, name: &str, archived: bool, pushed: Option<DateTime<Utc>>) -> Self {
        let pushed = pushed.map_or(i64::MIN, |at| at.timestamp());
        Self { id, node: Arc::from(node), name: Arc::from(name), archived, pushed }
    }
}

/// What is to be asked about one repository.
#[derive(Debug)]
pub(crate) struct Wanted {
    known: Known,
    /// Deploy keys.
    pub(crate) keys: bool,
    /// Environments and their secrets.
    pub(crate) environments: bool,
    /// Workflow files with a schedule.
    pub(crate) schedules: Vec<Scheduled>,
}

impl Wanted {
    /// Nothing yet.
    pub(crate) fn nothing(known: &Known) -> Self {
        Self { known: known.clone(), keys: false, environments: false, schedules: Vec::new() }
    }

    /// Whether anything is to be asked.
    pub(crate) fn anything(&self) -> bool {
        self.keys || self.environments || !self.schedules.is_empty()
    }
}

/// The path of a repository: its two names, and what hangs from it.
pub(crate) fn list<'a>(
    scope: &'a ScopeName,
    name: &'a str,
    rest: &[&'a str],
    items: Option<&'static str>,
) -> Result<List<'a>, Cause> {
    let no_name = || Cause::Malformed { what: String::from("a repository whose name has no owner") };
    let (owner, repository) = name.split_once('/').ok_or_else(no_name)?;
    let mut segments = vec!["repos", owner, repository];
    segments.extend_from_slice(rest);
    let list = match items {
        Some(items) => List::field(scope, segments, items),
        None => List::array(scope, segments),
    };
    Ok(list.of(name))
}

#[derive(Deserialize)]
struct NameData {
    node: Option<NameNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameNode {
    database_id: Option<u64>,
    name_with_owner: Option<String>,
}

/// What became of a repository about which a request failed.
pub(crate) enum Fate {
    /// It is gone: nothing hangs from it any more.
    Gone,
    /// It has another name now.
    Renamed(Arc<str>),
    /// It is where it was, so the failure stands.
    Same,
}

/// Asks by the id that never changes (CMP-6): "not found" can be a right that is missing, a name that changed, or the end
/// of the repository.
pub(crate) async fn fate(hub: &Hub, known: &Known) -> Fate {
    let found = ask_whole::<NameData>(hub, &REPOSITORY_NAME, &json!({"repository": &*known.node})).await;
    let Ok(graph) = found else { return Fate::Same };
    match graph.data.node {
        // Null alone says nothing: it may be "not for you".
        None if !graph.problems.is_empty() && graph.problems.iter().all(Problem::is_not_found) => Fate::Gone,
        None => Fate::Same,
        Some(node) if node.database_id != Some(known.id) => Fate::Same,
        Some(node) => match node.name_with_owner {
            Some(name) if *name != *known.name => Fate::Renamed(Arc::from(name)),
            Some(_) | None => Fate::Same,
        },
    }
}

/// Reads one list of one repository; after a rename once more under the new name. A failure is the gap of this part.
pub(crate) async fn read_part<T: DeserializeOwned>(
    hub: &Hub,
    scope: &ScopeName,
    known: &Known,
    (rest, items): (&[&str], Option<&'static str>),
    tell: Tell<'_, T>,
) -> Told {
    let mut name = Arc::clone(&known.name);
    let mut renamed = false;
    loop {
        let result = match list(scope, &name, rest, items) {
            Ok(list) => fetch(hub, &list, &mut *tell).await,
            Err(cause) => Err(cause.into()),
        };
        let failure = match result {
            Ok(found) => return found,
            Err(failure) => failure,
        };
        let fate = if failure.may_have_moved() && !renamed { fate(hub, known).await } else { Fate::Same };
        match fate {
            Fate::Gone => return Told::default(),
            Fate::Renamed(now) => {
                name = now;
                renamed = true;
            }
            Fate::Same => {
                let mut told = Told::default();
                told.gap(scope, &*known.name, failure.cause);
                return told;
            }
        }
    }
}

/// Asks what the sweep showed to be there.
pub(crate) async fn read_wanted(work: Work<'_>, mut wanted: Vec<Wanted>) -> Result<Told, Cause> {
    let mut schedules = Vec::new();
    for wants in &mut wanted {
        let found = std::mem::take(&mut wants.schedules);
        schedules.extend((!found.is_empty()).then(|| (wants.known.clone(), found)));
    }
    let hanging = each(work.hub, wanted, |hub, wants| async move {
        let mut told = Told::default();
        if wants.keys {
            absorb(&mut told, deploy_keys(&hub, &wants.known).await);
        }
        if wants.environments {
            absorb(&mut told, environments::read(&hub, &wants.known).await);
        }
        told
    });
    let mut told = Told::default();
    for found in hanging.await? {
        absorb(&mut told, found);
    }
    absorb(&mut told, workflows::read(work, schedules).await?);
    Ok(told)
}

pub(crate) fn absorb(told: &mut Told, more: Told) {
    told.records.extend(more.records);
    told.gaps.extend(more.gaps);
    told.offers.extend(more.offers);
}

#[derive(Debug, Deserialize)]
struct DeployKey {
    id: u64,
    key: String,
    title: String,
    #[serde(default)]
    read_only: Option<bool>,
    #[serde(default)]
    verified: Option<bool>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    added_by: Option<String>,
    #[serde(default)]
    last_used: LastUse,
    #[serde(default)]
    enabled: Option<bool>,
}

async fn deploy_keys(hub: &Hub, known: &Known) -> Told {
    let scope = scope(scopes::DEPLOY_KEYS);
    let tell = &mut |key: DeployKey, told: &mut Told| {
        let access = deploy_key(hub, &scope, known, &key, told);
        told.records.push(access);
    };
    read_part(hub, &scope, known, (&["keys"], None), tell).await
}

fn deploy_key(hub: &Hub, scope: &ScopeName, known: &Known, key: &DeployKey, told: &mut Told) -> Access {
    let status = if key.enabled == Some(false) { Status::Disabled } else { Status::Enabled };
    let grant = GrantId::from(format!("deploy-key/{}", key.id));
    let mut access = Access::new(scope.clone(), AccessKind::SshKey, grant, status);
    access.grant_display = Some(format!("deploy key {} of {}", clean(&key.title, 120), known.name));
    access.subtype = Some(Subtype::DeployKey);
    access.target = Some(format!("repository {}", known.name));
    access.public_key = fingerprint(&key.key);
    if access.public_key.is_none() {
        told.gap(
            scope,
            format!("{}: deploy key {}", known.name, key.id),
            Cause::Malformed { what: String::from("a public key that is none") },
        );
    }
    (access.privilege, access.privilege_reason) = match key.read_only {
        Some(true) => (Privilege::Read, Some(String::from("read-only"))),
        Some(false) if known.archived => {
            (Privilege::Read, Some(String::from("may write, and the repository is archived")))
        }
        Some(false) => (Privilege::Write, Some(String::from("may write to the whole repository"))),
        None => (Privilege::Unknown, None),
    };
    access.created_at = time(key.created_at);
    access.last_used_at = key.last_used.fact("this edition does not show the use of a deploy key");
    access.expires_at = Fact::None;
    match &key.added_by {
        Some(login) => access.holders.push(hub.by_login(Relation::Creator, login)),
        None => access.evidence.push(String::from("GitHub does not show who added it")),
    }
    access
        .evidence
        .push(String::from("hangs from the repository: it stays when whoever added it is removed, and never expires"));
    if key.verified == Some(false) {
        access.evidence.push(String::from("not verified"));
    }
    access
}

#[derive(Debug, Deserialize)]
struct Invitation {
    id: u64,
    #[serde(default)]
    invitee: Option<Person>,
    #[serde(default)]
    inviter: Option<Person>,
    #[serde(default)]
    permissions: Option<String>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    expired: Option<bool>,
}

/// What costs a request for each repository and each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Webhooks,
    Secrets(Sort),
    Runners,
    Invitations,
}

impl Detail {
    fn scope(self) -> &'static str {
        match self {
            Self::Webhooks => scopes::REPOSITORY_WEBHOOKS,
            Self::Secrets(_) => scopes::REPOSITORY_SECRETS,
            Self::Runners => scopes::REPOSITORY_RUNNERS,
            Self::Invitations => scopes::REPOSITORY_INVITATIONS,
        }
    }

    fn right(self) -> &'static str {
        match self {
            Self::Webhooks => "repository_hooks=read",
            Self::Secrets(Sort::Actions) => "secrets=read",
            Self::Secrets(Sort::Dependabot) => "dependabot_secrets=read",
            Self::Secrets(Sort::Codespaces) => "codespaces_secrets=read",
            Self::Runners | Self::Invitations => "administration=read",
        }
    }
}

/// The scopes of what is asked for each repository by itself.
pub(crate) const ONE_BY_ONE: [&str; 4] = [
    scopes::REPOSITORY_WEBHOOKS,
    scopes::REPOSITORY_SECRETS,
    scopes::REPOSITORY_RUNNERS,
    scopes::REPOSITORY_INVITATIONS,
];

const DETAILS: [Detail; 6] = [
    Detail::Invitations,
    Detail::Webhooks,
    Detail::Secrets(Sort::Actions),
    Detail::Secrets(Sort::Dependabot),
    Detail::Secrets(Sort::Codespaces),
    Detail::Runners,
];

/// Asks for the rest within the requests allowed: repositories in use first, the latest pushed to before the others. What
/// lies beyond is a gap with its number.
pub(crate) async fn read_rest(work: Work<'_>, mut all: Vec<Known>) -> Result<(), Cause> {
    let hub = work.hub;
    let mut details = Vec::new();
    for detail in DETAILS {
        let own = scope(detail.scope());
        if detail == Detail::Secrets(Sort::Codespaces) && hub.settings.edition == Edition::Server {
            continue;
        }
        if hub.granted().holds(detail.right()) == Some(false) {
            let cause = Cause::Denied { permission: hub.granted().name(detail.right()) };
            work.outlet.gap(Gap::part(&own, format!("every repository: {detail:?}"), cause)).await?;
            continue;
        }
        details.push(detail);
    }
    all.sort_by_key(|known| (known.archived, std::cmp::Reverse(known.pushed), known.id));
    let total = all.len();
    let affordable = match details.len() {
        0 => 0,
        kinds => usize::try_from(hub.settings.repository_requests).unwrap_or(usize::MAX) / kinds,
    };
    let beyond = total.saturating_sub(affordable);
    all.truncate(affordable);
    let now = hub.client.door().now();
    for kind in ONE_BY_ONE {
        work.open(&scope(kind), now).await?;
    }
    let mut done = 0_usize;
    while !all.is_empty() {
        let later = all.split_off(all.len().min(64));
        let part = std::mem::replace(&mut all, later);
        done += part.len();
        let details = details.clone();
        let found = each(hub, part, move |hub, known| {
            let details = details.clone();
            async move {
                let mut told = Told::default();
                for detail in details {
                    absorb(&mut told, read_detail(&hub, &known, detail).await);
                }
                told
            }
        });
        for told in found.await? {
            work.hand_over(told, format!("repositories/one-by-one/{done}")).await?;
        }
    }
    for kind in ONE_BY_ONE {
        let scope = scope(kind);
        if beyond > 0 && details.iter().any(|detail| detail.scope() == kind) {
            let limit = format!(
                "repository_requests: {}; {beyond} of {total} repositories were not asked, {} requests would be needed for all",
                hub.settings.repository_requests,
                total * details.len()
            );
            work.outlet.gap(Gap::scope(&scope, Cause::LimitHit { limit })).await?;
        }
        work.seal(&scope, None).await?;
    }
    Ok(())
}

async fn read_detail(hub: &Hub, known: &Known, detail: Detail) -> Told {
    let scope = scope(detail.scope());
    let place = format!("repository {}", known.name);
    match detail {
        Detail::Webhooks => {
            let tell =
                &mut |found: Hook, told: &mut Told| told.records.push(hooks::access(hub, &scope, &place, &found));
            read_part(hub, &scope, known, (&["hooks"], None), tell).await
        }
        Detail::Secrets(sort) => {
            let kept = Kept { repository: known.id, name: &known.name, environment: None };
            let tell = &mut |found: Secret, told: &mut Told| {
                told.records.push(secrets::access(hub, &scope, sort, Some(kept), &place, &found));
            };
            read_part(hub, &scope, known, (&[sort.segment(), "secrets"], Some("secrets")), tell).await
        }
        Detail::Runners => {
            let tell = &mut |found: Runner, told: &mut Told| {
                let access = runners::access(&scope, Some(known.id), &place, &found, told);
                told.records.push(access);
            };
            read_part(hub, &scope, known, (&["actions", "runners"], Some("runners")), tell).await
        }
        Detail::Invitations => {
            let tell = &mut |found: Invitation, told: &mut Told| {
                let access = invitation(&scope, known, &found, told);
                told.records.push(access);
            };
            read_part(hub, &scope, known, (&["invitations"], None), tell).await
        }
    }
}

fn invitation(scope: &ScopeName, known: &Known, found: &Invitation, told: &mut Told) -> Access {
    let status = if found.expired == Some(true) { Status::Expired } else { Status::Pending };
    let grant = GrantId::from(format!("repository-invitation/{}", found.id));
    let mut access = Access::new(scope.clone(), AccessKind::Account, grant, status);
    let whom = found.invitee.as_ref().map_or("nobody named", |person| person.login.as_str());
    access.grant_display = Some(format!("invitation of {whom} to {}", known.name));
    access.subtype = Some(Subtype::ExternalCollaborator);
    access.target = Some(format!("repository {}", known.name));
    let permission = found.permissions.as_deref().unwrap_or("not said");
    access.privilege = privilege_of(permission).unwrap_or(Privilege::Unknown);
    if access.privilege == Privilege::Unknown {
        told.unknown(scope, "permissions", permission, &format!("{}: invitation {}", known.name, found.id));
    }
    access.privilege_reason = Some(clean(permission, 40));
    access.created_at = time(found.created_at);
    access.last_used_at = Fact::None;
    access.expires_at = Fact::Hidden(String::from("GitHub does not show when an invitation lapses"));
    let people = [(Relation::Holder, &found.invitee), (Relation::Creator, &found.inviter)];
    let named = people.into_iter().filter_map(|(relation, person)| Some((relation, person.as_ref()?)));
    access.holders.extend(named.map(|(relation, person)| -> Holder { somebody(relation, person.id, &person.login) }));
    access
}

/// States of workflows by path, of one repository.
pub(crate) type States = BTreeMap<String, String>;
