//! What the credential may do, held against what the table needs.

use std::collections::BTreeMap;

use http::StatusCode;
use scan_contract::{Cause, Manifest, Right, RightState, Rights};

use crate::allow::ALLOW;
use crate::granted::{APPS_ONLY, AUDIT_LOG, Granted, NOT_FOR_APPS, needed};
use crate::hub::Hub;
use crate::scopes as s;
use crate::settings::{Edition, SignIn};

/// Which scope kinds a right serves.
const SERVES: &[(&str, &[&str])] = &[
    (
        "members=read",
        &[
            s::MEMBERS,
            s::SSH_KEYS,
            s::OUTSIDE_COLLABORATORS,
            s::INVITATIONS,
            s::FAILED_INVITATIONS,
            s::TEAMS,
            s::EXTERNAL_IDENTITIES,
        ],
    ),
    ("metadata=read", &[s::REPOSITORIES, s::REPOSITORY_COLLABORATORS]),
    (
        "administration=read",
        &[s::REPOSITORY_COLLABORATORS, s::DEPLOY_KEYS, s::REPOSITORY_INVITATIONS, s::REPOSITORY_RUNNERS],
    ),
    ("contents=read", &[s::CODEOWNERS, s::SCHEDULED_WORKFLOWS]),
    ("organization_plan=read", &[s::CREDENTIAL_AUTHORIZATIONS, s::AUDIT_LOG]),
    ("organization_custom_org_roles=read", &[s::ORGANIZATION_ROLES]),
    ("organization_administration=read", &[s::CREDENTIAL_AUTHORIZATIONS, s::INSTALLATIONS, s::AUDIT_LOG]),
    ("organization_personal_access_tokens=read", &[s::PERSONAL_ACCESS_TOKENS]),
    ("organization_personal_access_token_requests=read", &[s::PERSONAL_ACCESS_TOKEN_REQUESTS]),
    ("organization_hooks=read", &[s::WEBHOOKS]),
    ("organization_self_hosted_runners=read", &[s::RUNNERS]),
    ("organization_copilot_seat_management=read", &[s::COPILOT_SEATS]),
    ("organization_secrets=read", &[s::ACTIONS_SECRETS]),
    ("organization_dependabot_secrets=read", &[s::DEPENDABOT_SECRETS]),
    ("organization_codespaces_secrets=read", &[s::CODESPACES_SECRETS]),
    ("repository_hooks=read", &[s::REPOSITORY_WEBHOOKS]),
    ("actions=read", &[s::ENVIRONMENTS, s::SCHEDULED_WORKFLOWS]),
    ("secrets=read", &[s::REPOSITORY_SECRETS]),
    ("dependabot_secrets=read", &[s::REPOSITORY_SECRETS]),
    ("codespaces_secrets=read", &[s::REPOSITORY_SECRETS]),
    ("environments=read", &[s::ENVIRONMENT_SECRETS]),
    ("read:enterprise", &[s::ENTERPRISE_LICENSES, s::ENTERPRISE_ROLES]),
];

/// Scope kinds that a right serves.
pub(crate) fn serves(right: &str) -> &'static [&'static str] {
    SERVES.iter().find(|(name, _)| *name == right).map_or(&[], |(_, kinds)| kinds)
}

/// Asks what the credential may do: of an App the platform says it, of a classic token every reply does, of any other
/// each list of the organisation is tried with a page of one object.
pub(crate) async fn rights(hub: &Hub, manifest: &Manifest) -> Result<Rights, Cause> {
    hub.organisation().await?;
    let granted = hub.granted();
    let tried = if granted == Granted::NotTold { try_all(hub).await? } else { BTreeMap::new() };
    let mut rights = Rights {
        credential: credential(hub, &granted),
        needed: Vec::new(),
        excess: granted.excess(),
        excess_not_told: String::from(granted.excess_not_told()),
    };
    for right in needed() {
        let state = state(hub, &granted, right, &tried);
        let known = |kind: &&&str| manifest.scopes.iter().any(|scope| scope.kind == ***kind);
        let mut serves: Vec<String> = serves(right).iter().filter(known).map(|kind| String::from(*kind)).collect();
        // A classic token needs a scope of its own for it.
        let apart = matches!(granted, Granted::Scopes(_)) && right == AUDIT_LOG;
        if apart {
            serves.retain(|kind| kind != s::AUDIT_LOG);
        }
        rights.needed.push(Right { name: granted.name(right), serves, state });
        if apart {
            let (name, state) = (granted.name_of_audit_log(), told(granted.reads_audit_log() == Some(true)));
            rights.needed.push(Right { name, serves: vec![String::from(s::AUDIT_LOG)], state });
        }
    }
    Ok(rights)
}

/// What the platform says of a right.
fn told(held: bool) -> RightState {
    if held {
        RightState::Have
    } else {
        RightState::Missing { says: String::from("not among what GitHub says this credential has") }
    }
}

fn credential(hub: &Hub, granted: &Granted) -> String {
    match (&hub.settings.sign_in, granted) {
        (SignIn::App { issuer, .. }, _) => format!("GitHub App {issuer}, installed in {}", hub.login()),
        (SignIn::Token(_), Granted::Scopes(scopes)) => format!("classic token with scopes {}", scopes.join(", ")),
        (SignIn::Token(_), _) => String::from("token whose rights GitHub does not tell"),
    }
}

fn state(hub: &Hub, granted: &Granted, right: &str, tried: &BTreeMap<&str, RightState>) -> RightState {
    let enterprise_off = right == "read:enterprise" && hub.settings.enterprise.is_none();
    let app = matches!(hub.settings.sign_in, SignIn::App { .. });
    let server = hub.settings.edition == Edition::Server;
    let not_there = [
        "organization_codespaces_secrets=read",
        "codespaces_secrets=read",
        "organization_copilot_seat_management=read",
    ];
    // What no App can be given is read by none.
    if enterprise_off || (server && not_there.contains(&right)) || (app && NOT_FOR_APPS.contains(&right)) {
        return RightState::Off;
    }
    if !app && APPS_ONLY.contains(&right) {
        return RightState::Missing { says: String::from("GitHub gives it to Apps alone") };
    }
    match granted.holds(right) {
        Some(held) => told(held),
        None => tried.get(right).cloned().unwrap_or_else(|| {
            RightState::CannotTell(Cause::NotSupported {
                what: String::from("shown only when the first repository is read"),
            })
        }),
    }
}

/// Tries each list of the organisation that stands in the table.
async fn try_all(hub: &Hub) -> Result<BTreeMap<&'static str, RightState>, Cause> {
    let mut tried = BTreeMap::new();
    for operation in ALLOW.operations {
        let Some(rest) = operation.name.strip_prefix("GET /orgs/{org}/") else { continue };
        let [right] = operation.rights else { continue };
        if rest.contains('{') || tried.contains_key(right) || APPS_ONLY.contains(right) {
            continue;
        }
        let mut segments = vec!["orgs", hub.login()];
        segments.extend(rest.split('/'));
        let url = hub.client.address(&segments, &[("per_page", "1")])?;
        let state = match hub.client.get(&url).await {
            Ok(reply) if reply.status.is_success() => RightState::Have,
            Ok(reply) if reply.status == StatusCode::FORBIDDEN => RightState::Missing { says: reply.describe() },
            Ok(reply) => RightState::CannotTell(hub.explain(&reply)),
            Err(Cause::Stopped) => return Err(Cause::Stopped),
            Err(cause) => RightState::CannotTell(cause),
        };
        tried.insert(*right, state);
    }
    Ok(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_serves_something_and_every_kind_is_real() {
        for right in needed() {
            assert!(!serves(right).is_empty(), "{right}");
        }
        let kinds = crate::scopes::all_kinds();
        for (right, served) in SERVES {
            assert!(needed().contains(right), "{right} is not in the table");
            assert!(served.iter().all(|kind| kinds.contains(kind)), "{right}: {served:?}");
        }
    }
}
