//! Which rights the credential has, beside those that are needed; and the policy to give it.

use std::collections::BTreeSet;

use chrono::{SecondsFormat, TimeDelta};
use scan_contract::{Cause, Right, RightState, Rights};
use serde::Serialize;

use crate::client::{Found, Shape, success};
use crate::read::{Reader, roles};
use crate::refusal;
use crate::scopes::{USES, all_rights, rights_of};
use crate::settings::SignIn;
use crate::sign_in::OktaCredential;
use crate::wire::{App, Grant};

/// The standard role that sees everything that is read here and changes nothing.
const ROLE: &str = "READ_ONLY_ADMIN";

/// What an operator grants.
#[derive(Serialize)]
struct Policy {
    /// Scopes of the service app.
    scopes: Vec<&'static str>,
    /// Administrator roles of the service app, or of the user who makes the API token.
    admin_roles: [&'static str; 1],
}

/// The smallest policy: scopes from the table of requests, and the role that may use them.
pub(crate) fn policy() -> String {
    let policy = Policy { scopes: all_rights(), admin_roles: [ROLE] };
    match serde_json::to_string_pretty(&policy) {
        Ok(text) => text + "\n",
        Err(_) => String::new(),
    }
}

/// Tries each right with the smallest request, and asks what the credential holds beyond.
pub(crate) async fn check(reader: &Reader, credential: &OktaCredential) -> Result<Rights, Cause> {
    credential.ensure().await?;
    let granted = credential.granted();
    let mut needed = Vec::new();
    for name in all_rights() {
        let serves =
            USES.iter().filter(|(kind, _)| rights_of(kind).contains(&name)).map(|(kind, _)| String::from(*kind));
        let state = match &granted {
            Some(granted) if !granted.contains(name) => {
                RightState::Missing { says: String::from("the scope is not granted to the service app") }
            }
            Some(_) | None => attempt(reader, name).await,
        };
        needed.push(Right { name: String::from(name), serves: serves.collect(), state });
    }
    let (mut excess, mut not_told) = excess_scopes(reader).await;
    match roles::own(&reader.client, &reader.settings).await {
        Ok(Some(held)) => {
            let beyond = held.iter().filter(|role| !matches!(role.kind.as_str(), ROLE | "REPORT_ADMIN"));
            excess.extend(beyond.map(|role| format!("role {}", crate::text::short(&role.kind))));
        }
        Ok(None) => not_told.push(String::from("Okta does not say which roles it has")),
        Err(cause) => not_told.push(format!("its roles could not be read ({cause})")),
    }
    excess.sort();
    excess.dedup();
    Ok(Rights { credential: name(reader), needed, excess, excess_not_told: not_told.join("; ") })
}

fn name(reader: &Reader) -> String {
    match &reader.settings.sign_in {
        SignIn::ServiceApp { client_id, .. } => format!("service app {}", crate::text::short(client_id)),
        SignIn::ApiToken { .. } => String::from("API token"),
    }
}

async fn attempt(reader: &Reader, right: &str) -> RightState {
    match smallest(reader, right).await {
        Ok(None) => RightState::Have,
        Ok(Some(cause @ Cause::Denied { .. })) => RightState::Missing { says: cause.to_string() },
        Ok(Some(cause)) | Err(cause) => RightState::CannotTell(cause),
    }
}

/// The smallest request that needs `right`; the cause if it was refused.
async fn smallest(reader: &Reader, right: &str) -> Result<Option<Cause>, Cause> {
    let since = (reader.client.door().now() - TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let app;
    let (parts, query): (Vec<&str>, Vec<(&str, &str)>) = match right {
        "okta.users.read" => (vec!["users"], vec![("search", "id pr"), ("limit", "1")]),
        "okta.apps.read" => (vec!["apps"], vec![("limit", "1")]),
        "okta.appGrants.read" => {
            app = some_app(reader).await?;
            (vec!["apps", &app, "grants"], vec![])
        }
        "okta.authorizationServers.read" => (vec!["authorizationServers"], vec![("limit", "1")]),
        "okta.roles.read" => (vec!["iam", "assignees", "users"], vec![("limit", "1")]),
        "okta.apiTokens.read" => (vec!["api-tokens"], vec![]),
        "okta.logs.read" => (vec!["logs"], vec![("since", since.as_str()), ("limit", "1")]),
        "okta.policies.read" => (vec!["policies"], vec![("type", "OKTA_SIGN_ON")]),
        _ => return Err(Cause::Bug { what: format!("no request tries the right {right}") }),
    };
    let parts: Vec<&str> = ["api", "v1"].into_iter().chain(parts).collect();
    let reply = reader.client.get(reader.client.address(&parts, &query)?).await?;
    match success(&reply) {
        Ok(_) => Ok(None),
        // The right was there, and the object was not.
        Err(_) if refusal::is_gone(&reply) => Ok(None),
        Err(cause) => Ok(Some(cause)),
    }
}

/// The scanner's own app, or else any.
async fn some_app(reader: &Reader) -> Result<String, Cause> {
    if let SignIn::ServiceApp { client_id, .. } = &reader.settings.sign_in {
        return Ok(client_id.clone());
    }
    let mut walk = reader.client.walk(&["api", "v1", "apps"], &[("limit", "1")], Shape::Array)?;
    if let Some(Found::There(page)) = walk.page::<App>().await?
        && let Some(app) = page.elements.into_iter().flatten().next()
    {
        return Ok(app.id);
    }
    Err(Cause::NotInSource { what: String::from("an application to ask about") })
}

/// Scopes that were granted to the service app and are not needed. An API token has no scopes: its roles are all.
async fn excess_scopes(reader: &Reader) -> (Vec<String>, Vec<String>) {
    let SignIn::ServiceApp { client_id, .. } = &reader.settings.sign_in else { return (Vec::new(), Vec::new()) };
    let needed: BTreeSet<&str> = all_rights().into_iter().collect();
    let told = async {
        let mut excess = Vec::new();
        let mut walk = reader.client.walk(&["api", "v1", "apps", client_id, "grants"], &[], Shape::Array)?;
        while let Some(page) = walk.page::<Grant>().await? {
            let Found::There(page) = page else {
                return Err(Cause::NotSupported { what: String::from("Okta does not list the service app") });
            };
            for element in page.elements {
                let grant = element.map_err(|damaged| Cause::Malformed {
                    what: format!("grant {} of the service app could not be decoded", damaged.position),
                })?;
                let scope = grant.scope_id.filter(|scope| !needed.contains(scope.as_str()));
                excess.extend(scope.filter(|_| grant.status != "REVOKED").map(|scope| crate::text::short(&scope)));
            }
        }
        Ok::<_, Cause>(excess)
    };
    match told.await {
        Ok(excess) => (excess, Vec::new()),
        Err(cause) => (Vec::new(), vec![format!("its scopes could not be listed ({cause})")]),
    }
}
