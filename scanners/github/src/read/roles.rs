//! Roles of the organisation or of the enterprise above it, assigned to people directly or through a team.

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;

use crate::hub::{scope, somebody};
use crate::list::{self, Failure, List, Whole};
use crate::scopes;
use crate::text::clean;
use crate::told::{Told, Work};

#[derive(Debug, Clone, Deserialize)]
struct Role {
    id: u64,
    name: String,
    #[serde(rename = "base_role", default)]
    base: Option<String>,
    #[serde(default)]
    permissions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Assigned {
    id: u64,
    login: String,
    #[serde(default)]
    assignment: Option<String>,
    #[serde(default)]
    inherited_from: Vec<Through>,
}

#[derive(Debug, Deserialize)]
struct Through {
    slug: String,
}

/// Where roles are defined.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home<'a> {
    /// `orgs` or `enterprises`.
    above: &'a str,
    /// Login or slug.
    name: &'a str,
    /// Last segment of the path.
    roles: &'a str,
    /// Word for ids and texts.
    word: &'a str,
}

/// Reads roles of the organisation.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let home = Home { above: "orgs", name: work.hub.login(), roles: "organization-roles", word: "organization" };
    read_home(work, &scope(scopes::ORGANIZATION_ROLES), home).await
}

/// Reads roles of the enterprise.
pub(crate) async fn read_enterprise(work: Work<'_>, slug: &str) -> Result<(), Cause> {
    let home = Home { above: "enterprises", name: slug, roles: "enterprise-roles", word: "enterprise" };
    read_home(work, &scope(scopes::ENTERPRISE_ROLES), home).await
}

async fn read_home(work: Work<'_>, scope: &ScopeName, home: Home<'_>) -> Result<(), Cause> {
    let mut roles = Vec::new();
    let list = List::field(scope, vec![home.above, home.name, home.roles], "roles");
    let whole: Whole = list::read(work, &list, &mut |role: Role, _: &mut Told| roles.push(role)).await?;
    roles.sort_by_key(|role| role.id);
    roles.dedup_by_key(|role| role.id);
    if let Some(announced) = whole.total.filter(|total| *total != roles.len() as u64) {
        let cause = Cause::CountDiffers { what: String::from("roles"), announced, found: roles.len() as u64 };
        work.outlet.gap(scan_contract::Gap::scope(scope, cause)).await?;
    }
    for role in roles {
        let id = role.id.to_string();
        let list = List::array(scope, vec![home.above, home.name, home.roles, &id, "users"]).of(&role.name);
        let tell = &mut |person: Assigned, told: &mut Told| {
            let access = assignment(scope, home, &role, &person, told);
            told.records.push(access);
        };
        match list::fetch(work.hub, &list, tell).await {
            Ok(told) => work.hand_over(told, format!("{scope}/{id}")).await?,
            Err(Failure { cause: Cause::Stopped, .. }) => return Err(Cause::Stopped),
            Err(failure) => {
                let part = format!("role {}", role.name);
                work.outlet.gap(scan_contract::Gap::part(scope, part, failure.cause)).await?;
            }
        }
    }
    work.seal(scope, None).await
}

fn assignment(scope: &ScopeName, home: Home<'_>, role: &Role, person: &Assigned, told: &mut Told) -> Access {
    let grant = GrantId::from(format!("{}-role/{}/{}", home.word, role.id, person.id));
    let mut access = Access::new(scope.clone(), AccessKind::RoleBinding, grant, Status::Enabled);
    access.grant_display = Some(format!("{} as {}", person.login, role.name));
    access.target = Some(format!("{} {}, role {}", home.word, home.name, role.name));
    access.parent = Some(GrantId::from(person.id.to_string()));
    (access.privilege, access.privilege_reason) = privilege(role);
    access.created_at = Fact::Hidden(String::from("GitHub does not show when a role was assigned"));
    access.last_used_at = Fact::Hidden(String::from("a role has no use of its own"));
    access.holders.push(somebody(Relation::Holder, person.id, &person.login));
    match person.assignment.as_deref() {
        Some("direct") | None => {}
        Some("indirect" | "mixed") => {
            let teams: Vec<&str> = person.inherited_from.iter().map(|through| through.slug.as_str()).collect();
            access.evidence.push(format!("through team {}", clean(&teams.join(", "), 200)));
        }
        Some(word) => told.unknown(scope, "assignment", word, &format!("{}/{}", role.name, person.login)),
    }
    access
}

/// A role of our organisation is what its base role and its permissions make of it; permissions that write are told by
/// their names.
fn privilege(role: &Role) -> (Privilege, Option<String>) {
    let base = match role.base.as_deref() {
        Some("admin" | "maintain") => Some(Privilege::Admin),
        Some("write" | "triage") => Some(Privilege::Write),
        Some("read") => Some(Privilege::Read),
        Some(_) => Some(Privilege::Unknown),
        None => None,
    };
    let permissions = role.permissions.as_deref().unwrap_or(&[]);
    let begins = |name: &str, words: &[&str]| words.iter().any(|word| name.starts_with(word));
    let writes = permissions
        .iter()
        .find(|name| begins(name, &["write_", "edit_", "manage_", "delete_", "create_", "review_", "bypass_"]));
    // What is neither known to write nor known to read may do anything.
    let other = permissions.iter().find(|name| !begins(name, &["read_", "view_"]));
    let not_told = role.permissions.is_none() || (base.is_none() && permissions.is_empty());
    match (writes, base) {
        (Some(name), _) => (Privilege::Admin, Some(format!("permission {}", clean(name, 80)))),
        (None, None | Some(Privilege::Read)) if not_told => (Privilege::Unknown, None),
        (None, None | Some(Privilege::Read)) if other.is_some() => {
            (Privilege::Unknown, other.map(|name| format!("permission {}", clean(name, 80))))
        }
        (None, Some(privilege)) => {
            let word = role.base.as_deref().unwrap_or("");
            (privilege, Some(format!("{} on every repository", clean(word, 40))))
        }
        (None, None) => (Privilege::Read, Some(String::from("permissions that only read"))),
    }
}
