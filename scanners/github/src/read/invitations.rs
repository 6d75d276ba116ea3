//! Invitations: those a leaver holds, and those a leaver sent, which let somebody in when they are taken up.

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Holder, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;

use crate::hub::{Hub, scope, somebody};
use crate::list::{self, Failure, List};
use crate::read::outside::Person;
use crate::scopes;
use crate::settings::Edition;
use crate::text::{clean, time};
use crate::told::{Told, Work};

#[derive(Debug, Deserialize)]
struct Invitation {
    id: u64,
    login: Option<String>,
    email: Option<String>,
    role: String,
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    failed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    failed_reason: Option<String>,
    #[serde(default)]
    inviter: Option<Person>,
    #[serde(default)]
    team_count: Option<u64>,
}

/// Reads both scopes; each fails by itself.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    for (kind, path) in [(scopes::INVITATIONS, "invitations"), (scopes::FAILED_INVITATIONS, "failed_invitations")] {
        let scope = scope(kind);
        let result = read_one(work, &scope, path).await;
        work.end(&scope, result).await?;
    }
    Ok(())
}

async fn read_one(work: Work<'_>, scope: &ScopeName, path: &str) -> Result<(), Cause> {
    if work.hub.settings.edition == Edition::Server {
        return Err(Cause::NotSupported {
            what: String::from("GitHub Enterprise Server adds members without invitations"),
        });
    }
    let list = List::array(scope, vec!["orgs", work.hub.login(), path]);
    let tell = &mut |invitation: Invitation, told: &mut Told| {
        let access = tell_one(work.hub, scope, &invitation, told);
        told.records.push(access);
    };
    match list::read(work, &list, tell).await {
        Ok(whole) => whole.seal(work, scope).await,
        Err(failure) => Err(not_there(work.hub, failure)),
    }
}

/// Organisations whose accounts the identity provider manages have no invitations: the interface says "not found".
fn not_there(hub: &Hub, failure: Failure) -> Cause {
    if failure.is_not_found() {
        let managed = String::from("an organization with managed users has no invitations");
        hub.absent("members=read", Cause::NotSupported { what: managed })
    } else {
        failure.cause
    }
}

fn tell_one(hub: &Hub, scope: &ScopeName, invitation: &Invitation, told: &mut Told) -> Access {
    let whom = invitation.login.as_deref().or(invitation.email.as_deref()).unwrap_or("nobody named");
    let place = format!("invitation {}", invitation.id);
    let failed = scope.as_str() == scopes::FAILED_INVITATIONS;
    let status = if failed { Status::Expired } else { Status::Pending };
    let grant = GrantId::from(format!("invitation/{}", invitation.id));
    let mut access = Access::new(scope.clone(), AccessKind::Account, grant, status);
    access.grant_display = Some(format!("invitation of {whom}"));
    access.target = Some(format!("organization {} as {}", hub.login(), clean(&invitation.role, 40)));
    (access.privilege, access.privilege_reason) = match invitation.role.as_str() {
        "admin" => (Privilege::Admin, Some(String::from("becomes owner of the organization"))),
        "direct_member" | "reinstate" => hub.base_privilege(),
        "billing_manager" => (Privilege::Write, Some(String::from("manages payment"))),
        "hiring_manager" => (Privilege::Read, None),
        word => {
            told.unknown(scope, "role", word, &place);
            (Privilege::Unknown, None)
        }
    };
    access.created_at = time(invitation.created_at);
    access.last_used_at = Fact::None;
    access.expires_at = Fact::Hidden(String::from("GitHub does not show when an invitation lapses"));
    access.holders = people(invitation);
    if let Some(teams) = invitation.team_count.filter(|teams| *teams > 0) {
        access.evidence.push(format!("brings membership of {teams} teams"));
    }
    if let Some(reason) = &invitation.failed_reason {
        access.status_text = Some(clean(reason, 120));
    }
    if let Some(at) = invitation.failed_at {
        access.evidence.push(format!("failed at {}; an owner can send it again", at.format("%Y-%m-%dT%H:%M:%SZ")));
    }
    access
}

/// Whoever can take it up, and whoever sent it.
fn people(invitation: &Invitation) -> Vec<Holder> {
    let mut people = Vec::new();
    if invitation.login.is_some() || invitation.email.is_some() {
        let mut invited = Holder::new(Relation::Holder);
        invited.login.clone_from(&invitation.login);
        invited.email.clone_from(&invitation.email);
        people.push(invited);
    }
    people.extend(invitation.inviter.as_ref().map(|inviter| somebody(Relation::Creator, inviter.id, &inviter.login)));
    people
}
