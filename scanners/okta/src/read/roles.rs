//! Administrator roles of users, and how far a role reaches.

use std::collections::HashMap;
use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, Fact, Outlet, Privilege, ScopeName, Subtype};
use tokio::sync::Mutex;

use super::Reader;
use super::lane::Lane;
use super::side_by_side::side_by_side;
use crate::client::{Client, Found, Shape};
use crate::scopes::ADMIN_ROLES;
use crate::settings::{Settings, SignIn};
use crate::tell;
use crate::text::{Damage, Null, short};
use crate::wire::{Assignee, Decoded, Permissions, Role};
use crate::words::{self, UnknownWords};

/// What custom roles allow, asked for once each.
#[derive(Default)]
pub(crate) struct RoleBook {
    custom: Mutex<HashMap<String, Result<Reach, Cause>>>,
}

/// How far a role reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) privilege: Privilege,
    pub(crate) reason: String,
    pub(crate) subtype: Option<Subtype>,
}

/// Whom the scanner's own role shows.
pub(crate) enum Sight {
    /// Every user.
    Everybody,
    /// Perhaps some only: why.
    Some(Cause),
    /// Nobody says which role it has.
    NotTold,
}

/// Roles that show their holder every user, whatever they may change.
const SEES_EVERYBODY: &[&str] = &["SUPER_ADMIN", "ORG_ADMIN", "READ_ONLY_ADMIN", "APP_ADMIN", "REPORT_ADMIN"];

impl RoleBook {
    /// How far `role` reaches. An error: its permissions could not be read, and it counts as unknown.
    pub(crate) async fn reach(&self, client: &Client, role: &Role) -> (Reach, Option<Cause>) {
        let name = short(role.label.as_deref().unwrap_or(&role.kind));
        if let Some((privilege, subtype)) = words::standard_role(&role.kind) {
            return (Reach { privilege, reason: format!("administrator role {name}"), subtype }, None);
        }
        let unknown = |why: &str| Reach {
            privilege: Privilege::Unknown,
            reason: format!("administrator role {name}: {why}"),
            subtype: None,
        };
        let Some(id) = role.custom.as_deref().filter(|_| role.kind == "CUSTOM") else {
            return (unknown("a role that nobody knows"), None);
        };
        match self.custom(client, id).await {
            Ok(reach) => (Reach { reason: format!("custom role {name}: {}", reach.reason), ..reach }, None),
            Err(cause) => (unknown("its permissions could not be read"), Some(cause)),
        }
    }

    async fn custom(&self, client: &Client, id: &str) -> Result<Reach, Cause> {
        let mut known = self.custom.lock().await;
        if let Some(reach) = known.get(id) {
            return reach.clone();
        }
        let asked = client.one::<Permissions>(&["api", "v1", "iam", "roles", id, "permissions"]).await;
        let reach = match asked {
            Ok(Found::There(reply)) => Ok(custom_reach(&reply)),
            Ok(Found::Gone) => Err(Cause::NotSupported { what: format!("custom role {} is gone", short(id)) }),
            Err(cause) => Err(cause),
        };
        // What may pass by itself is asked for again.
        if reach.is_ok() || matches!(reach, Err(Cause::Denied { .. } | Cause::NotSupported { .. })) {
            known.insert(String::from(id), reach.clone());
        }
        reach
    }

    /// Whom the scanner's role shows: one that is limited to some users shows only those, and says nothing of it.
    pub(crate) async fn sight(&self, client: &Client, settings: &Settings) -> Sight {
        let roles = match own(client, settings).await {
            Ok(Some(roles)) if !roles.is_empty() => roles,
            Ok(_) | Err(_) => return Sight::NotTold,
        };
        if roles.iter().any(|role| SEES_EVERYBODY.contains(&role.kind.as_str())) {
            return Sight::Everybody;
        }
        let held: Vec<String> = roles.iter().map(|role| short(&role.kind)).collect();
        Sight::Some(Cause::NotProven {
            what: format!(
                "the scanner's role ({}) can be limited to some users, and Okta hides the others without a word; \
                 give it READ_ONLY_ADMIN",
                held.join(", ")
            ),
        })
    }
}

/// Roles of the scanner's own credential. `None`: there is no way to ask.
pub(crate) async fn own(client: &Client, settings: &Settings) -> Result<Option<Vec<Role>>, Cause> {
    let parts: [&str; 5] = match &settings.sign_in {
        SignIn::ServiceApp { client_id, .. } => ["oauth2", "v1", "clients", client_id, "roles"],
        SignIn::ApiToken { .. } => ["api", "v1", "users", "me", "roles"],
    };
    let mut walk = client.walk(&parts, &[], Shape::Array)?;
    let mut roles = Vec::new();
    while let Some(page) = walk.page::<Role>().await? {
        let Found::There(page) = page else { return Ok(None) };
        for element in page.elements {
            match element {
                Ok(role) => roles.push(role),
                Err(_) => return Ok(None),
            }
        }
    }
    Ok(Some(roles))
}

fn custom_reach(reply: &Permissions) -> Reach {
    let labels: Vec<&str> = reply.permissions.iter().map(|permission| permission.label.as_str()).collect();
    let changes = labels.iter().find(|label| label.rsplit('.').next() != Some("read"));
    match changes {
        Some(label) => Reach { privilege: Privilege::Admin, reason: short(label), subtype: None },
        None if labels.is_empty() => {
            Reach { privilege: Privilege::None, reason: String::from("no permission"), subtype: None }
        }
        None => Reach { privilege: Privilege::Read, reason: String::from("reads only"), subtype: None },
    }
}

/// Reads the roles of every user who has one.
pub(crate) async fn read(reader: &Arc<Reader>, outlet: &Arc<Outlet>) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, ADMIN_ROLES);
    let parts = ["api", "v1", "iam", "assignees", "users"];
    let mut walk = reader.client.walk(&parts, &[("limit", &reader.page_of(100))], Shape::Value)?;
    loop {
        let page = match walk.page::<Assignee>().await {
            Ok(Some(Found::There(page))) => page,
            Ok(None) => break,
            Ok(Some(Found::Gone)) => {
                let what = String::from("this organisation has no list of administrators");
                lane.fail(Cause::NotSupported { what }).await?;
                break;
            }
            Err(cause) => {
                lane.fail(cause).await?;
                break;
            }
        };
        lane.open(page.as_of).await?;
        let mut damage = Damage::new(&lane.name);
        let mut users = Vec::new();
        for element in page.elements {
            match element {
                Ok(assignee) => users.push(assignee.id),
                Err(damaged) => damage.element(&damaged, page.operation, page.number),
            }
        }
        let gaps = damage.into_gaps();
        lane.page(Vec::new(), gaps, page.cursor).await?;
        let found = side_by_side(users, reader.at_once(), |user| {
            let (reader, outlet) = (Arc::clone(reader), Arc::clone(outlet));
            async move { read_user(&reader, &outlet, &user).await }
        })
        .await?;
        for words in found {
            lane.words.absorb(words);
        }
    }
    lane.end().await
}

async fn read_user(reader: &Reader, outlet: &Outlet, user: &str) -> Result<UnknownWords, Cause> {
    let mut lane = Lane::new(outlet, ADMIN_ROLES);
    let parts = ["api", "v1", "users", user, "roles"];
    let mut walk = match reader.client.walk(&parts, &[], Shape::Array) {
        Ok(walk) => walk,
        Err(cause) => {
            lane.part(short(user), cause).await?;
            return Ok(lane.words);
        }
    };
    loop {
        let page = match walk.page::<Role>().await {
            Ok(Some(Found::There(page))) => page,
            Ok(None) => break,
            // Deleted since the list was made: then it has no role any more.
            Ok(Some(Found::Gone)) => match reader.user(user).await {
                Ok(Found::Gone) => break,
                Ok(Found::There(_)) => {
                    let what = String::from("the user is there, and Okta finds no roles of them");
                    lane.part(short(user), Cause::NotSupported { what }).await?;
                    break;
                }
                Err(cause) => {
                    lane.part(short(user), cause).await?;
                    break;
                }
            },
            Err(cause) => {
                lane.part(short(user), cause).await?;
                break;
            }
        };
        let scope = lane.name.clone();
        let mut damage = Damage::new(&scope);
        let mut records = Vec::new();
        for element in &page.elements {
            match element {
                Ok(role) => {
                    let (reach, unread) = reader.roles.reach(&reader.client, role).await;
                    if let Some(cause) = unread {
                        damage.part(&format!("custom role {}", role.custom.as_deref().unwrap_or("-")), cause);
                    }
                    records.push(tell_role(role, reach, user, &mut damage, &mut lane.words, &scope));
                }
                Err(damaged) => damage.element(damaged, page.operation, page.number),
            }
        }
        lane.page(records, damage.into_gaps(), page.cursor).await?;
    }
    Ok(lane.words)
}

fn tell_role(
    role: &Role,
    reach: Reach,
    user: &str,
    damage: &mut Damage<'_>,
    words: &mut UnknownWords,
    scope: &ScopeName,
) -> Access {
    // Ids of standard roles are the same for all users who have them.
    let place = format!("{user}/role/{}", role.id);
    let status = match role.status.as_deref() {
        Some(word) => words.status(words::role, "status", word, &place),
        None => scan_contract::Status::Enabled,
    };
    let mut access = tell::of_user(scope, AccessKind::RoleBinding, place.clone(), status, user);
    let label = short(role.label.as_deref().unwrap_or(&role.kind));
    access.status_text = role.status.as_deref().map(short);
    access.grant_display = Some(format!("{label} ({})", short(&role.kind)));
    access.target = Some(match &role.resource_set {
        Some(set) => format!("{label} on resource set {}", short(set)),
        None => label,
    });
    access.privilege = reach.privilege;
    access.privilege_reason = Some(reach.reason);
    access.subtype = reach.subtype;
    access.created_at = damage.time(&role.created, Null::NotSaid, &place, "created");
    access.last_used_at = Fact::Hidden(String::from("Okta lists no last use of a role; the system log tells"));
    access.expires_at = Fact::None;
    match (role.assignment_type.as_deref(), role.group()) {
        (_, Some(group)) => access.evidence.push(format!("through group {}: leave it to lose the role", short(group))),
        (Some("GROUP"), None) => access.evidence.push(String::from("through a group: leave it to lose the role")),
        _ => access.evidence.push(String::from("assigned directly")),
    }
    access
}

/// The furthest reach among the roles of one user, and of each group they come from.
pub(crate) struct UserReach {
    pub(crate) furthest: Option<Reach>,
    pub(crate) by_group: HashMap<String, (Privilege, String)>,
    /// Custom roles whose permissions could not be read.
    pub(crate) unread: Vec<Cause>,
}

/// What one user may do by their roles.
pub(crate) async fn reach_of_user(reader: &Reader, user: &str) -> Result<UserReach, Cause> {
    let mut walk = reader.client.walk(&["api", "v1", "users", user, "roles"], &[], Shape::Array)?;
    let mut found = UserReach { furthest: None, by_group: HashMap::new(), unread: Vec::new() };
    while let Some(page) = walk.page::<Role>().await? {
        let Found::There(page) = page else {
            return Err(Cause::NotSupported { what: String::from("Okta finds no roles of this user") });
        };
        for element in page.elements {
            let role = decoded(element, page.operation)?;
            if role.status.as_deref() == Some("INACTIVE") {
                continue;
            }
            let (reach, unread) = reader.roles.reach(&reader.client, &role).await;
            found.unread.extend(unread);
            if let Some(group) = role.group() {
                let entry = found.by_group.entry(String::from(group)).or_insert((Privilege::None, String::new()));
                if entry.1.is_empty() || rank(reach.privilege) < rank(entry.0) {
                    *entry = (reach.privilege, reach.reason.clone());
                }
            }
            if found.furthest.as_ref().is_none_or(|known| rank(reach.privilege) < rank(known.privilege)) {
                found.furthest = Some(reach);
            }
        }
    }
    Ok(found)
}

fn decoded<T>(element: Decoded<T>, operation: &str) -> Result<T, Cause> {
    element.map_err(|damaged| Cause::Malformed {
        what: format!("{operation}: element {}: {}", damaged.position, damaged.why),
    })
}

/// Furthest first. What nobody knows lies between writing and administering.
fn rank(privilege: Privilege) -> u8 {
    match privilege {
        Privilege::Admin => 0,
        Privilege::Unknown => 1,
        Privilege::Write => 2,
        Privilege::Read => 3,
        Privilege::None => 4,
    }
}
