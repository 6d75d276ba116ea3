//! A second look at one access, by a point read that is not answered from the search index.

use scan_contract::Cause;
use scan_contract::scanner::{AccessRef, Look};
use scan_contract::{AccessKind, Status};
use serde::de::DeserializeOwned;

use crate::client::Found;
use crate::read::Reader;
use crate::scopes::{ADMIN_ROLES, API_TOKENS, APP_ASSIGNMENTS, PASSWORDS, USERS};
use crate::wire::{ApiToken, Assignment, Role, User};
use crate::words;

/// Looks again.
pub(crate) async fn look(reader: &Reader, access: &AccessRef) -> Result<Look, Cause> {
    let id = access.grant_id.as_str();
    // Ids that hold anything else are not Okta's, and a part of one could be taken for another.
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-')) {
        return Ok(Look::NotOffered);
    }
    let parts: Vec<&str> = id.split('/').collect();
    match (access.scope.as_str(), access.kind, parts.as_slice()) {
        (USERS, AccessKind::Account, [id]) => Ok(user(reader, id, false).await),
        (PASSWORDS, AccessKind::Password, [user_id, "password"]) => Ok(user(reader, user_id, true).await),
        (API_TOKENS, AccessKind::ApiToken, [id]) => {
            Ok(point(reader, &["api", "v1", "api-tokens", id], |_: &ApiToken| Some(Status::Enabled)).await)
        }
        (APP_ASSIGNMENTS, AccessKind::RoleBinding, [app, user]) => {
            let parts = ["api", "v1", "apps", app, "users", user];
            Ok(point(reader, &parts, |one: &Assignment| words::assignment(&one.status)).await)
        }
        (ADMIN_ROLES, AccessKind::RoleBinding, [user, "role", role]) => {
            let parts = ["api", "v1", "users", user, "roles", role];
            let status = |role: &Role| role.status.as_deref().map_or(Some(Status::Enabled), words::role);
            Ok(point(reader, &parts, status).await)
        }
        _ => Ok(Look::NotOffered),
    }
}

async fn user(reader: &Reader, id: &str, password: bool) -> Look {
    let parts = ["api", "v1", "users", id];
    point(reader, &parts, |user: &User| {
        let own = user.credentials.as_ref();
        let provider = own.and_then(|own| own.provider.as_ref()).map(|provider| provider.kind.as_str());
        let elsewhere = matches!(provider, Some("ACTIVE_DIRECTORY" | "LDAP"));
        // Without credentials in the reply nobody can tell whether there is a password.
        if password && !elsewhere && own.is_some_and(|own| own.password.is_none()) {
            return Some(Status::Revoked);
        }
        words::user(&user.status)
    })
    .await
}

async fn point<T: DeserializeOwned>(reader: &Reader, parts: &[&str], status: impl Fn(&T) -> Option<Status>) -> Look {
    match reader.client.one::<T>(parts).await {
        Ok(Found::Gone) => Look::Gone,
        Ok(Found::There(object)) => match status(&object) {
            Some(Status::Disabled) => Look::Disabled,
            Some(Status::Revoked | Status::Expired | Status::Orphaned) => Look::Gone,
            // A word nobody knows may be in force.
            Some(Status::Enabled | Status::Pending | Status::Unknown) | None => Look::Present,
        },
        Err(cause) => Look::CannotTell(cause),
    }
}
