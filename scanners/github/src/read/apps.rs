//! GitHub Apps that are installed, and the rest of the organisation's machinery: webhooks, secrets, runners.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, ScopeName, Status, Subtype};
use serde::Deserialize;

use crate::hub::{Hub, scope};
use crate::list::{self, List};
use crate::read::audit::Made;
use crate::read::hooks::{self, Hook};
use crate::read::runners::{self, Runner};
use crate::read::secrets::{self, Secret, Sort};
use crate::read::{audit, outside::Person};
use crate::scopes;
use crate::settings::SignIn;
use crate::text::{clean, time};
use crate::told::{Told, Work};

#[derive(Debug, Deserialize)]
struct Installation {
    id: u64,
    app_id: u64,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    app_slug: Option<String>,
    #[serde(default)]
    repository_selection: Option<String>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    suspended_at: Option<DateTime<Utc>>,
    #[serde(default)]
    suspended_by: Option<Person>,
}

/// Reads the organisation's apps, webhooks, secrets and runners; each scope fails by itself.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let ends: [(&str, _); 3] = [
        (scopes::INSTALLATIONS, installations(work).await),
        (scopes::WEBHOOKS, webhooks(work).await),
        (scopes::RUNNERS, own_runners(work).await),
    ];
    for (kind, result) in ends {
        work.end(&scope(kind), result).await?;
    }
    let codespaces = matches!(work.hub.settings.sign_in, SignIn::Token(_)).then_some(Sort::Codespaces);
    for sort in [Sort::Actions, Sort::Dependabot].into_iter().chain(codespaces) {
        let result = own_secrets(work, sort).await;
        work.end(&scope(sort.scope()), result).await?;
    }
    Ok(())
}

async fn installations(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::INSTALLATIONS);
    let list = List::field(&scope, vec!["orgs", work.hub.login(), "installations"], "installations");
    let tell = &mut |found: Installation, told: &mut Told| told.records.push(installation(work.hub, &scope, &found));
    let whole = list::read(work, &list, tell).await?;
    whole.seal(work, &scope).await
}

fn installation(hub: &Hub, scope: &ScopeName, found: &Installation) -> Access {
    let status = if found.suspended_at.is_some() { Status::Disabled } else { Status::Enabled };
    let grant = GrantId::from(format!("installation/{}", found.id));
    let mut access = Access::new(scope.clone(), AccessKind::OauthGrant, grant, status);
    let name = found.app_slug.as_deref().unwrap_or("unnamed");
    access.grant_display = Some(format!("GitHub App {}", clean(name, 120)));
    access.subtype = Some(Subtype::Integration);
    let selection = found.repository_selection.as_deref().unwrap_or("not said");
    access.target = Some(format!("organization {}, repositories: {}", hub.login(), clean(selection, 40)));
    access.created_at = time(found.created_at);
    access.last_used_at = Fact::Hidden(String::from("GitHub does not show the use of an installation"));
    access.expires_at = Fact::None;
    (access.privilege, access.privilege_reason) = privilege(&found.permissions);
    if let Some(by) = &found.suspended_by {
        access.evidence.push(format!("suspended by {}", by.login));
    }
    access.evidence.push(format!("app {}", found.app_id));
    let by_app = found.client_id.clone().map(Made::App);
    let made: Vec<Made> = [Made::Installation(found.id)].into_iter().chain(by_app).collect();
    audit::attach(hub, &mut access, &made);
    access
}

/// The highest of what an App may do. A word the description does not have may be anything, and is not repeated.
fn privilege(permissions: &BTreeMap<String, String>) -> (Privilege, Option<String>) {
    let admin = |name: &str| {
        name.contains("administration") || name.contains("secrets") || matches!(name, "members" | "workflows")
    };
    let writes = |access: &str| matches!(access, "write" | "admin");
    let mut granted = permissions.iter().filter(|(_, access)| writes(access));
    let highest = granted.clone().find(|(name, _)| admin(name)).or_else(|| granted.next());
    let unknown = permissions.values().any(|access| access != "read" && !writes(access));
    match highest {
        Some((name, access)) => {
            let privilege = if admin(name) { Privilege::Admin } else { Privilege::Write };
            (privilege, Some(format!("{}={access}", clean(name, 80))))
        }
        None if unknown || permissions.is_empty() => (Privilege::Unknown, None),
        None => (Privilege::Read, Some(String::from("reads only"))),
    }
}

async fn webhooks(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::WEBHOOKS);
    let list = List::array(&scope, vec!["orgs", work.hub.login(), "hooks"]);
    let place = format!("organization {}", work.hub.login());
    let tell = &mut |found: Hook, told: &mut Told| told.records.push(hooks::access(work.hub, &scope, &place, &found));
    let whole = list::read(work, &list, tell).await?;
    whole.seal(work, &scope).await
}

async fn own_runners(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::RUNNERS);
    let list = List::field(&scope, vec!["orgs", work.hub.login(), "actions", "runners"], "runners");
    let place = format!("organization {}", work.hub.login());
    let tell = &mut |found: Runner, told: &mut Told| {
        let access = runners::access(&scope, None, &place, &found, told);
        told.records.push(access);
    };
    let whole = list::read(work, &list, tell).await?;
    whole.seal(work, &scope).await
}

async fn own_secrets(work: Work<'_>, sort: Sort) -> Result<(), Cause> {
    let scope = scope(sort.scope());
    sort.offered(work.hub)?;
    let list = List::field(&scope, vec!["orgs", work.hub.login(), sort.segment(), "secrets"], "secrets");
    let place = format!("organization {}", work.hub.login());
    let tell = &mut |found: Secret, told: &mut Told| {
        told.records.push(secrets::access(work.hub, &scope, sort, None, &place, &found));
    };
    let whole = list::read(work, &list, tell).await?;
    whole.seal(work, &scope).await
}
