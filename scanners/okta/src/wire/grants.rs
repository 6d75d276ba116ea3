//! Applications, assignments, tokens, consents, roles.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Href, Told, not_given};

/// An application.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) label: Option<String>,
    #[serde(default = "not_given")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) sign_on_mode: Option<String>,
    #[serde(default)]
    credentials: Option<AppIdentity>,
}

/// The client an application is for OAuth. The secret beside it has no field here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppIdentity {
    #[serde(default)]
    oauth_client: Option<ClientIdentity>,
}

#[derive(Debug, Deserialize)]
struct ClientIdentity {
    #[serde(default)]
    client_id: Option<String>,
}

impl App {
    /// The client id: the application's own id, unless it was made with another.
    pub(crate) fn client_id(&self) -> &str {
        let client = self.credentials.as_ref().and_then(|credentials| credentials.oauth_client.as_ref());
        client.and_then(|client| client.client_id.as_deref()).unwrap_or(&self.id)
    }
}

/// Somebody's assignment to an application.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assignment {
    pub(crate) id: String,
    #[serde(default = "not_given")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) scope: Option<String>,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
    #[serde(default)]
    pub(crate) sync_state: Option<String>,
    #[serde(default)]
    pub(crate) credentials: Option<AppCredentials>,
}

/// The name somebody has in an application.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppCredentials {
    #[serde(default)]
    pub(crate) user_name: Option<String>,
}

/// A refresh token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshToken {
    pub(crate) id: String,
    #[serde(default = "not_given")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) expires_at: Told<String>,
    #[serde(default)]
    pub(crate) issuer: Option<String>,
    // The vendor's own examples write it both ways.
    #[serde(default, alias = "client_id")]
    pub(crate) client_id: Option<String>,
    #[serde(default)]
    pub(crate) user_id: Option<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
}

/// A consent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Grant {
    pub(crate) id: String,
    #[serde(default = "not_given")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) created_by: Option<CreatedBy>,
    #[serde(default)]
    pub(crate) client_id: Option<String>,
    #[serde(default)]
    pub(crate) user_id: Option<String>,
    #[serde(default)]
    pub(crate) scope_id: Option<String>,
    #[serde(default)]
    pub(crate) source: Option<String>,
}

/// Who made a consent.
#[derive(Debug, Deserialize)]
pub(crate) struct CreatedBy {
    #[serde(default)]
    pub(crate) id: Option<String>,
}

/// An authorisation server.
#[derive(Debug, Deserialize)]
pub(crate) struct AuthorizationServer {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// A client of an authorisation server.
#[derive(Debug, Deserialize)]
pub(crate) struct Client {
    pub(crate) client_id: String,
}

/// `GET /api/v1/iam/assignees/users`.
#[derive(Debug, Deserialize)]
pub(crate) struct Assignees {
    pub(crate) value: Vec<Box<RawValue>>,
    #[serde(rename = "_links", default)]
    pub(crate) links: NextLink,
}

/// The link to the next page, in a body.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NextLink {
    #[serde(default)]
    pub(crate) next: Option<Href>,
}

/// A user with a role.
#[derive(Debug, Deserialize)]
pub(crate) struct Assignee {
    pub(crate) id: String,
}

/// A role of a user or client.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) assignment_type: Option<String>,
    /// Custom roles: the role's id.
    #[serde(rename = "role", default)]
    pub(crate) custom: Option<String>,
    #[serde(rename = "resource-set", default)]
    pub(crate) resource_set: Option<String>,
    #[serde(rename = "_links", default)]
    pub(crate) links: Option<RoleLinks>,
}

/// Links of a role.
#[derive(Debug, Deserialize)]
pub(crate) struct RoleLinks {
    #[serde(default)]
    pub(crate) assignee: Option<Href>,
}

impl Role {
    /// The group a role comes from: the last part of the assignee's address.
    pub(crate) fn group(&self) -> Option<&str> {
        if self.assignment_type.as_deref() != Some("GROUP") {
            return None;
        }
        let href = &self.links.as_ref()?.assignee.as_ref()?.href;
        let (before, id) = href.rsplit_once('/')?;
        (before.ends_with("/groups") && !id.is_empty()).then_some(id)
    }
}

/// Permissions of a custom role.
#[derive(Debug, Deserialize)]
pub(crate) struct Permissions {
    pub(crate) permissions: Vec<Permission>,
}

/// One permission.
#[derive(Debug, Deserialize)]
pub(crate) struct Permission {
    pub(crate) label: String,
}

/// An API token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiToken {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) user_id: Option<String>,
    #[serde(default)]
    pub(crate) client_name: Option<String>,
    #[serde(default)]
    pub(crate) created: Told<String>,
    #[serde(default)]
    pub(crate) last_updated: Told<String>,
    #[serde(default)]
    pub(crate) expires_at: Told<String>,
    #[serde(default)]
    pub(crate) token_window: Option<String>,
}
