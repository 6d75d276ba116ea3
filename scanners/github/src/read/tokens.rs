//! Fine-grained personal access tokens that reach the organisation, and requests for them. Only Apps may list them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Cause, GrantId, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;

use crate::granted::Granted;
use crate::hub::{Hub, scope, somebody};
use crate::list::{self, List};
use crate::read::outside::Person;
use crate::scopes;
use crate::settings::SignIn;
use crate::text::{LastUse, clean, end, time};
use crate::told::{Told, Work};

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the interface")]
struct Token {
    id: u64,
    owner: Person,
    #[serde(default)]
    repository_selection: Option<String>,
    #[serde(default)]
    permissions: Option<BTreeMap<String, BTreeMap<String, String>>>,
    #[serde(default)]
    access_granted_at: Option<DateTime<Utc>>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    token_id: u64,
    token_name: String,
    token_expired: bool,
    #[serde(default)]
    token_expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    token_last_used_at: LastUse,
}

/// Reads both scopes; each fails by itself.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    for kind in [scopes::PERSONAL_ACCESS_TOKENS, scopes::PERSONAL_ACCESS_TOKEN_REQUESTS] {
        let scope = scope(kind);
        let result = read_one(work, &scope).await;
        work.end(&scope, result).await?;
    }
    Ok(())
}

fn right(scope: &ScopeName) -> &'static str {
    if scope.as_str() == scopes::PERSONAL_ACCESS_TOKENS {
        "organization_personal_access_tokens=read"
    } else {
        "organization_personal_access_token_requests=read"
    }
}

async fn read_one(work: Work<'_>, scope: &ScopeName) -> Result<(), Cause> {
    let hub = work.hub;
    let of_an_app = || Cause::Denied {
        permission: format!("{} of a GitHub App: no token of a person may list them", right(scope)),
    };
    if matches!(hub.settings.sign_in, SignIn::Token(_)) {
        return Err(of_an_app());
    }
    if let Granted::App(_) = hub.granted()
        && hub.granted().holds(right(scope)) == Some(false)
    {
        return Err(Cause::Denied { permission: String::from(right(scope)) });
    }
    let list = List::array(scope, vec!["orgs", hub.login(), scope.as_str()]);
    let tell = &mut |token: Token, told: &mut Told| {
        let access = token_access(hub, scope, &token, told);
        told.records.push(access);
    };
    let whole = list::read(work, &list, tell).await?;
    whole.seal(work, scope).await
}

fn token_access(hub: &Hub, scope: &ScopeName, token: &Token, told: &mut Told) -> Access {
    let requested = scope.as_str() == scopes::PERSONAL_ACCESS_TOKEN_REQUESTS;
    let status = match (token.token_expired, requested) {
        (true, _) => Status::Expired,
        (false, true) => Status::Pending,
        (false, false) => Status::Enabled,
    };
    let word = if requested { "token-request" } else { "token-grant" };
    let grant = GrantId::from(format!("{word}/{}", token.id));
    let mut access = Access::new(scope.clone(), AccessKind::ApiToken, grant, status);
    access.grant_display = Some(format!("{}: {}", token.owner.login, clean(&token.token_name, 120)));
    let selection = token.repository_selection.as_deref().unwrap_or("not said");
    access.target = Some(format!("organization {}, repositories: {}", hub.login(), clean(selection, 40)));
    access.parent = Some(GrantId::from(token.owner.id.to_string()));
    access.holders.push(somebody(Relation::Holder, token.owner.id, &token.owner.login));
    (access.privilege, access.privilege_reason) =
        token.permissions.as_ref().map_or((Privilege::Unknown, None), privilege);
    access.created_at = time(if requested { token.created_at } else { token.access_granted_at });
    access.last_used_at = token.token_last_used_at.fact("the use of this token is not told");
    access.expires_at = end(token.token_expires_at);
    access.evidence.push(format!("token {}; the time is that of its approval here", token.token_id));
    if let Some(word) = selection_unknown(selection) {
        told.unknown(scope, "repository_selection", word, &format!("{word}/{}", token.id));
    }
    access
}

fn selection_unknown(word: &str) -> Option<&str> {
    (!matches!(word, "none" | "all" | "subset" | "not said")).then_some(word)
}

/// The highest of what a token may do.
fn privilege(permissions: &BTreeMap<String, BTreeMap<String, String>>) -> (Privilege, Option<String>) {
    let mut highest: (Privilege, Option<String>) = (Privilege::None, None);
    for (area, names) in permissions {
        for (name, access) in names {
            let privilege = match access.as_str() {
                "admin" => Privilege::Admin,
                "write"
                    if area == "organization"
                        || matches!(name.as_str(), "administration" | "secrets" | "workflows") =>
                {
                    Privilege::Admin
                }
                "write" => Privilege::Write,
                "read" => Privilege::Read,
                _ => Privilege::Unknown,
            };
            if rank(privilege) > rank(highest.0) {
                // A word the description does not have is not repeated.
                let word = if privilege == Privilege::Unknown { "an unknown word" } else { access.as_str() };
                highest = (privilege, Some(format!("{}: {}={word}", clean(area, 40), clean(name, 80))));
            }
        }
    }
    highest
}

fn rank(privilege: Privilege) -> u8 {
    match privilege {
        Privilege::None => 0,
        Privilege::Read => 1,
        Privilege::Unknown => 2,
        Privilege::Write => 3,
        Privilege::Admin => 4,
    }
}
