//! Credentials that people authorised for single sign-on: classic tokens, SSH keys, tokens of OAuth and GitHub Apps.
//!
//! An authorisation ends when its owner loses membership, so this list goes quiet after an off-boarding.

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Cause, GrantId, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;

use crate::hub::{Hub, OnPlan, scope};
use crate::list::{self, List};
use crate::scopes;
use crate::settings::Edition;
use crate::text::{LastUse, clean, end, printed_fingerprint, time};
use crate::told::{Told, Work};

#[derive(Debug, Deserialize)]
struct Authorization {
    login: String,
    credential_id: u64,
    credential_type: String,
    #[serde(default)]
    credential_authorized_at: Option<DateTime<Utc>>,
    #[serde(default)]
    credential_accessed_at: LastUse,
    #[serde(default)]
    authorized_credential_id: Option<u64>,
    #[serde(default)]
    authorized_credential_title: Option<String>,
    #[serde(default)]
    authorized_credential_note: Option<String>,
    #[serde(default)]
    authorized_credential_expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    fingerprint: Option<String>,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    application_name: Option<String>,
}

/// Reads the scope.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::CREDENTIAL_AUTHORIZATIONS);
    let hub = work.hub;
    if hub.settings.edition == Edition::Server {
        let what = "GitHub Enterprise Server has no authorisation of credentials for single sign-on";
        return Err(Cause::NotSupported { what: String::from(what) });
    }
    let needs = || Cause::NotOnPlan { what: String::from("GitHub Enterprise Cloud with SAML single sign-on") };
    if hub.enterprise_plan() == OnPlan::No {
        return Err(needs());
    }
    let list = List::array(&scope, vec!["orgs", hub.login(), "credential-authorizations"]);
    let tell = &mut |found: Authorization, told: &mut Told| {
        let access = credential(hub, &scope, &found, told);
        told.records.push(access);
    };
    match list::read(work, &list, tell).await {
        Ok(whole) => whole.seal(work, &scope).await,
        Err(failure) if failure.is_not_found() => Err(hub.absent("organization_administration=read", needs())),
        Err(failure) => Err(failure.cause),
    }
}

/// Types as the platform writes them, in whatever case.
fn kind(word: &str) -> Option<AccessKind> {
    match word.to_ascii_lowercase().as_str() {
        "personal access token" => Some(AccessKind::ApiToken),
        "ssh key" => Some(AccessKind::SshKey),
        "oauth app token" | "github app token" => Some(AccessKind::OauthGrant),
        _ => None,
    }
}

fn credential(hub: &Hub, scope: &ScopeName, found: &Authorization, told: &mut Told) -> Access {
    let place = format!("credential {}", found.credential_id);
    let known = kind(&found.credential_type);
    let status = if known.is_some() { Status::Enabled } else { Status::Unknown };
    let grant = GrantId::from(format!("sso/{}", found.credential_id));
    let mut access = Access::new(scope.clone(), known.unwrap_or(AccessKind::ApiToken), grant, status);
    if known.is_none() {
        access.status_text = Some(clean(&found.credential_type, 60));
        told.unknown(scope, "credential_type", &found.credential_type, &place);
    }
    let title = found.authorized_credential_title.as_deref().or(found.authorized_credential_note.as_deref());
    let title = title.or(found.application_name.as_deref()).unwrap_or("unnamed");
    access.grant_display =
        Some(format!("{}: {} {}", found.login, clean(&found.credential_type, 60), clean(title, 120)));
    access.target = Some(format!("organization {} behind single sign-on", hub.login()));
    access.parent = hub.id_of(&found.login).map(|id| GrantId::from(id.to_string()));
    access.holders.push(hub.by_login(Relation::Holder, &found.login));
    access.created_at = time(found.credential_authorized_at);
    access.last_used_at = found.credential_accessed_at.fact("the use of this credential is not told");
    access.expires_at = end(found.authorized_credential_expires_at);
    access.public_key = found.fingerprint.as_deref().and_then(printed_fingerprint);
    access.evidence.push(String::from("the time is that of the authorisation; the credential may be older"));
    if let Some(id) = found.authorized_credential_id {
        access.evidence.push(format!("credential {id}, the same in every organization it is authorised for"));
    }
    if let (Some(text), None) = (&found.fingerprint, &access.public_key) {
        access.evidence.push(format!("fingerprint {}", clean(text, 80)));
    }
    if let Some(scopes) = &found.scopes {
        (access.privilege, access.privilege_reason) = privilege(scopes);
    }
    access
}

/// How far a classic token reaches.
fn privilege(scopes: &[String]) -> (Privilege, Option<String>) {
    let reason = Some(format!("scopes {}", clean(&scopes.join(", "), 200)));
    let any = |test: &dyn Fn(&str) -> bool| scopes.iter().any(|scope| test(scope));
    let privilege = if any(&|scope| scope.starts_with("admin:") || scope == "site_admin" || scope == "delete_repo") {
        Privilege::Admin
    } else if any(&|scope| !scope.starts_with("read:") && scope != "user:email" && scope != "notifications") {
        Privilege::Write
    } else if scopes.is_empty() {
        Privilege::None
    } else {
        Privilege::Read
    };
    (privilege, reason)
}
