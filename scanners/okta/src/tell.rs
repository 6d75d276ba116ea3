//! What an object of Okta means as an access. Pure: no requests, no clock.

use scan_contract::holder::Relation;
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Holder, IdentifierKind, Privilege, ScopeName, Status};

use crate::text::{Damage, Null, short};
use crate::wire::{ApiToken, App, Assignment, Device, Factor, Grant, Group, RefreshToken, User, UserDevice};
use crate::words::{self, UnknownWords};

/// Applications that Okta itself assigns to everybody, and that open nothing: the dashboard and its browser plugin.
pub(crate) const FOR_EVERYBODY: &[&str] = &["okta_enduser", "okta_browser_plugin"];
/// The Admin Console. What somebody may do in it is in their roles.
const ADMIN_CONSOLE: &str = "saasure";

/// Who a user is. Okta's id is the bridge from other systems: their external ids name it.
pub(crate) fn holder(user: &User, number_attributes: &[String]) -> Holder {
    let mut holder = Holder::new(Relation::Holder);
    holder.provider_id = Some(user.id.clone());
    holder.employee_id = number_attributes.iter().find_map(|name| user.profile.text(name)).map(String::from);
    holder.login = user.profile.text("login").map(String::from);
    // Left out where Okta vouches for everything: a claim is what has to be weighed.
    let but_the_address = || Some(vec![IdentifierKind::ProviderId, IdentifierKind::EmployeeId, IdentifierKind::Login]);
    match (user.profile.text("email"), user.profile.text("secondEmail")) {
        (Some(email), _) => {
            holder.email = Some(String::from(email));
            holder.verified = if is_verified(user, email) { None } else { but_the_address() };
        }
        // The second address is chosen by the user, for recovery: a claim, used where there is no other.
        (None, Some(second)) => {
            holder.email = Some(String::from(second));
            holder.verified = but_the_address();
        }
        (None, None) => {}
    }
    let full = || match (user.profile.text("firstName"), user.profile.text("lastName")) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (Some(name), None) | (None, Some(name)) => Some(String::from(name)),
        (None, None) => None,
    };
    holder.name = user.profile.text("displayName").map(String::from).or_else(full);
    holder
}

/// Whether Okta vouches for an address: unless it says that the address waits for its confirmation.
fn is_verified(user: &User, email: &str) -> bool {
    let addresses = user.credentials.as_ref().map_or(&[][..], |credentials| credentials.emails.as_slice());
    addresses
        .iter()
        .find(|address| address.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(email)))
        .and_then(|address| address.status.as_deref())
        .is_none_or(|status| status == "VERIFIED")
}

/// A holder that is known by Okta's id alone.
pub(crate) fn only_id(relation: Relation, id: &str) -> Holder {
    let mut holder = Holder::new(relation);
    holder.provider_id = Some(String::from(id));
    holder
}

/// A grant that hangs from a user.
pub(crate) fn of_user(scope: &ScopeName, kind: AccessKind, id: String, status: Status, user: &str) -> Access {
    let mut access = Access::new(scope.clone(), kind, GrantId::new(id), status);
    access.parent = Some(GrantId::new(user));
    access.holders.push(only_id(Relation::Holder, user));
    access
}

/// The account of a user.
pub(crate) fn account(
    user: &User,
    holder: Holder,
    damage: &mut Damage<'_>,
    words: &mut UnknownWords,
    scope: &ScopeName,
) -> Access {
    let status = words.status(words::user, "status", &user.status, &user.id);
    let mut access = Access::new(scope.clone(), AccessKind::Account, GrantId::new(user.id.as_str()), status);
    access.status_text = Some(short(&user.status));
    access.grant_display = holder.login.as_deref().map(short);
    access.privilege_reason = Some(String::from("what it opens is in its roles, groups and applications"));
    access.holders.push(holder);
    access.created_at = damage.time(&user.created, Null::NotSaid, &user.id, "created");
    access.last_used_at = damage.time(&user.last_login, Null::Never, &user.id, "lastLogin");
    access.expires_at = Fact::None;
    if let Some(changed) = user.status_changed.value() {
        access.evidence.push(format!("status since {}", short(changed)));
    }
    if let Some(next) = &user.transitioning_to_status {
        access.evidence.push(format!("on its way to {}", short(next)));
    }
    if let Some(provider) = user.credentials.as_ref().and_then(|credentials| credentials.provider.as_ref()) {
        access.evidence.push(format!("signs in through {}", short(&provider.kind)));
    }
    access
}

/// The password of a user. `None`: Okta has none and checks none, or does not say, which is a gap.
pub(crate) fn password(user: &User, status: Status, damage: &mut Damage<'_>, scope: &ScopeName) -> Option<Access> {
    let credentials = user.credentials.as_ref();
    if credentials.is_none() {
        let what = String::from("the reply has no credentials, and does not tell whether there is a password");
        damage.part(&user.id, Cause::Malformed { what });
    }
    let provider = credentials.and_then(|credentials| credentials.provider.as_ref());
    let elsewhere = match provider.map(|provider| provider.kind.as_str()) {
        // Somebody else signs them in, and no password is asked for here.
        Some("FEDERATION" | "SOCIAL") => return None,
        Some(kind @ ("ACTIVE_DIRECTORY" | "LDAP")) => Some(kind),
        Some(_) | None => None,
    };
    let has_own = credentials.is_some_and(|credentials| credentials.password.is_some());
    if elsewhere.is_none() && !has_own {
        return None;
    }
    let mut access = of_user(scope, AccessKind::Password, format!("{}/password", user.id), status, &user.id);
    access.status_text = Some(short(&user.status));
    access.grant_display = user.profile.text("login").map(short);
    access.rotated_at = damage.time(&user.password_changed, Null::NotSaid, &user.id, "passwordChanged");
    access.created_at = damage.time(&user.created, Null::NotSaid, &user.id, "created");
    access.last_used_at = Fact::Hidden(String::from("Okta records sign-ins by account, not by credential"));
    access.expires_at = Fact::None;
    access.managed_by = elsewhere.map(|kind| {
        let name = provider.and_then(|provider| provider.name.as_deref()).unwrap_or("-");
        format!("{}:{}", kind.to_ascii_lowercase(), short(name))
    });
    Some(access)
}

/// Name of an application for people.
pub(crate) fn app_name(app: &App) -> String {
    short(app.label.as_deref().or(app.name.as_deref()).unwrap_or(&app.id))
}

/// An assignment to an application: the right to be signed in there.
pub(crate) fn assignment(
    app: &App,
    app_status: Status,
    assignment: &Assignment,
    damage: &mut Damage<'_>,
    words: &mut UnknownWords,
    scope: &ScopeName,
) -> Access {
    let place = format!("{}/{}", app.id, assignment.id);
    let own = words.status(words::assignment, "status", &assignment.status, &place);
    let status = match (app_status, own) {
        (Status::Disabled | Status::Revoked, Status::Enabled | Status::Pending | Status::Unknown) => Status::Disabled,
        (_, own) => own,
    };
    let mut access = of_user(scope, AccessKind::RoleBinding, place.clone(), status, &assignment.id);
    access.status_text = Some(short(&assignment.status));
    access.target = Some(app_name(app));
    access.grant_display = Some(format!("assigned to {}", app_name(app)));
    if app.name.as_deref() == Some(ADMIN_CONSOLE) {
        access.privilege = Privilege::None;
        access.privilege_reason = Some(String::from("what may be done in the Admin Console is in the roles"));
    } else {
        access.privilege_reason = Some(String::from("Okta does not know what somebody may do in the application"));
    }
    access.created_at = damage.time(&assignment.created, Null::NotSaid, &place, "created");
    access.last_used_at = Fact::Hidden(String::from("Okta lists no last use of an assignment; the system log tells"));
    access.expires_at = Fact::None;
    if app_status == Status::Disabled {
        access.evidence.push(String::from("the application is inactive"));
    }
    match assignment.scope.as_deref() {
        Some("GROUP") => access.evidence.push(String::from("through a group: leave the group to remove it")),
        Some("USER") => access.evidence.push(String::from("assigned directly")),
        Some(_) | None => {}
    }
    if let Some(name) = assignment.credentials.as_ref().and_then(|credentials| credentials.user_name.as_deref()) {
        access.evidence.push(format!("name in the application: {}", short(name)));
    }
    if let Some(id) = &assignment.external_id {
        access.evidence.push(format!("id in the application: {}", short(id)));
    }
    let warning = match (assignment.sync_state.as_deref(), assignment.status.as_str()) {
        (Some("ERROR"), _) => Some("the last provisioning failed (syncState ERROR): the account there may live on"),
        (Some("OUT_OF_SYNC"), _) => Some("changes have not reached the application (syncState OUT_OF_SYNC)"),
        (_, "REVOKED") => Some("waits for somebody to confirm that the account there was removed"),
        _ => None,
    };
    access.evidence.extend(warning.map(String::from));
    access
}

/// A refresh token: it signs an application in as the user until it ends.
pub(crate) fn refresh_token(
    token: &RefreshToken,
    app: Option<&App>,
    damage: &mut Damage<'_>,
    words: &mut UnknownWords,
    scope: &ScopeName,
) -> Access {
    let status = words.status(words::grant, "status", &token.status, &token.id);
    let mut access = match token.user_id.as_deref() {
        Some(user) => of_user(scope, AccessKind::Session, token.id.clone(), status, user),
        None => Access::new(scope.clone(), AccessKind::Session, GrantId::new(token.id.as_str()), status),
    };
    let client = token.client_id.as_deref().or(app.map(App::client_id));
    access.status_text = Some(short(&token.status));
    access.client = client.map(short);
    access.target = app.map(app_name).or_else(|| client.map(short));
    access.grant_display = Some(format!("refresh token of {}", access.target.as_deref().unwrap_or("an application")));
    access.created_at = damage.time(&token.created, Null::NotSaid, &token.id, "created");
    access.expires_at = damage.time(&token.expires_at, Null::Never, &token.id, "expiresAt");
    access.last_used_at = Fact::Hidden(String::from("Okta lists no last use of a refresh token"));
    if !token.scopes.is_empty() {
        let scopes: Vec<String> = token.scopes.iter().take(10).map(|scope| short(scope)).collect();
        access.evidence.push(format!("scopes: {}", scopes.join(" ")));
    }
    if let Some(issuer) = &token.issuer {
        access.evidence.push(match issuer.split_once("/oauth2/") {
            Some((_, server)) => format!("issued by authorization server {}", short(server)),
            None => String::from("issued by the organisation's own authorization server"),
        });
    }
    access
}

/// A consent. Who gave it for themselves holds it; who gave it for the organisation made it.
pub(crate) fn consent(
    grant: &Grant,
    app: Option<&App>,
    user: Option<&str>,
    damage: &mut Damage<'_>,
    words: &mut UnknownWords,
    scope: &ScopeName,
) -> Access {
    let status = words.status(words::grant, "status", &grant.status, &grant.id);
    let mut access = if let Some(user) = user {
        of_user(scope, AccessKind::OauthGrant, grant.id.clone(), status, user)
    } else {
        let id = GrantId::new(grant.id.as_str());
        let mut access = Access::new(scope.clone(), AccessKind::OauthGrant, id, status);
        access.subtype = Some(scan_contract::Subtype::Integration);
        let creator = grant.created_by.as_ref().and_then(|creator| creator.id.as_deref());
        access.holders.extend(creator.map(|id| only_id(Relation::Creator, id)));
        access
    };
    let wanted = grant.scope_id.as_deref().unwrap_or("unknown scope");
    access.status_text = Some(short(&grant.status));
    access.target = app.map(app_name).or_else(|| grant.client_id.as_deref().map(short));
    access.grant_display =
        Some(format!("{} for {}", short(wanted), access.target.as_deref().unwrap_or("an application")));
    access.privilege = words::consent(wanted);
    access.privilege_reason = Some(format!("scope {}", short(wanted)));
    access.created_at = damage.time(&grant.created, Null::NotSaid, &grant.id, "created");
    access.last_used_at = Fact::Hidden(String::from("Okta lists no last use of a consent"));
    access.expires_at = Fact::None;
    access
}

/// A factor, which proves who somebody is or resets a password.
pub(crate) fn factor(
    factor: &Factor,
    user: &str,
    damage: &mut Damage<'_>,
    words: &mut UnknownWords,
    scope: &ScopeName,
) -> Access {
    let place = format!("{user}/{}", factor.id);
    let status = words.status(words::factor, "status", &factor.status, &place);
    let mut access = of_user(scope, AccessKind::MfaDevice, place.clone(), status, user);
    access.status_text = Some(short(&factor.status));
    let sort = factor.kind.as_deref().unwrap_or("unknown type");
    let provider = factor.provider.as_deref().unwrap_or("unknown provider");
    access.grant_display = Some(format!("{} ({})", short(sort), short(provider)));
    access.created_at = damage.time(&factor.created, Null::NotSaid, &place, "created");
    access.last_used_at = Fact::Hidden(String::from("Okta lists no last use of a factor"));
    access.expires_at = Fact::None;
    access
}

/// A device that is bound to a user.
pub(crate) fn device(
    bound: &UserDevice,
    user: &str,
    damage: &mut Damage<'_>,
    words: &mut UnknownWords,
    scope: &ScopeName,
) -> Access {
    let Device { id, status, profile } = &bound.device;
    let place = format!("{user}/{}", bound.device_user_id.as_deref().unwrap_or(id));
    let status_here = words.status(words::device, "device.status", status, &place);
    let mut access = of_user(scope, AccessKind::MfaDevice, place.clone(), status_here, user);
    access.status_text = Some(short(status));
    let platform = profile.as_ref().and_then(|profile| profile.platform.as_deref()).unwrap_or("device");
    let name = profile.as_ref().and_then(|profile| profile.display_name.as_deref()).unwrap_or(id);
    access.grant_display = Some(format!("{} {}", short(platform), short(name)));
    access.target = Some(short(id));
    access.created_at = damage.time(&bound.created, Null::NotSaid, &place, "created");
    access.last_used_at = Fact::Hidden(String::from("Okta lists no last use of a device"));
    access.expires_at = Fact::None;
    access
}

/// Membership of a group. `None` for the group of everybody, which gives nothing by itself.
pub(crate) fn membership(
    group: &Group,
    user: &str,
    administers: Option<&(Privilege, String)>,
    scope: &ScopeName,
) -> Option<Access> {
    let name = group.profile.as_ref().and_then(|profile| profile.name.as_deref());
    let kind = group.kind.as_deref();
    if kind == Some("BUILT_IN") && name == Some("Everyone") && administers.is_none() {
        return None;
    }
    let mut access = of_user(scope, AccessKind::GroupMembership, format!("{user}/{}", group.id), Status::Enabled, user);
    access.target = Some(short(name.unwrap_or(&group.id)));
    access.grant_display = Some(format!("in group {}", short(name.unwrap_or(&group.id))));
    match administers {
        Some((privilege, reason)) => {
            access.privilege = *privilege;
            access.privilege_reason = Some(reason.clone());
        }
        None => {
            access.privilege_reason = Some(String::from("no administrator role; what its applications give is theirs"));
        }
    }
    access.last_used_at = Fact::Hidden(String::from("a membership is not used by itself"));
    access.expires_at = Fact::None;
    if kind == Some("APP_GROUP") {
        access.managed_by = Some(String::from("the application or directory the group is imported from"));
    }
    Some(access)
}

/// An API token. Every request with it moves its end to `tokenWindow` from then, so that the end tells the last use.
pub(crate) fn api_token(token: &ApiToken, damage: &mut Damage<'_>, scope: &ScopeName) -> Access {
    let id = token.id.clone();
    // Okta lists active tokens only.
    let mut access = match token.user_id.as_deref() {
        Some(user) => of_user(scope, AccessKind::ApiToken, id, Status::Enabled, user),
        None => Access::new(scope.clone(), AccessKind::ApiToken, GrantId::new(id), Status::Enabled),
    };
    access.grant_display = token.name.as_deref().map(short);
    access.target = token.client_name.as_deref().map(short);
    access.created_at = damage.time(&token.created, Null::NotSaid, &token.id, "created");
    access.expires_at = damage.time(&token.expires_at, Null::Never, &token.id, "expiresAt");
    access.last_used_at = last_renewal(token, &access);
    if let Some(window) = &token.token_window {
        access.evidence.push(format!("ends {} after its last use", short(window)));
    }
    if let Some(updated) = token.last_updated.value() {
        access.evidence.push(format!("last updated {}", short(updated)));
    }
    access
}

fn last_renewal(token: &ApiToken, access: &Access) -> Fact<scan_contract::Moment> {
    let window = token.token_window.as_deref().and_then(crate::duration::parse);
    let (Some(window), Some(end), created) = (window, access.expires_at.known(), access.created_at.known()) else {
        return Fact::Hidden(String::from("Okta lists no last use of an API token"));
    };
    let Some(renewed) = end.at.checked_sub_signed(window) else {
        return Fact::Hidden(String::from("its window is longer than any calendar"));
    };
    // A token that was never used still ends one window after it was made.
    if created.is_some_and(|created| renewed <= created.settled_at()) {
        return Fact::Hidden(String::from("no use since it was made shows in its end"));
    }
    Fact::Known(scan_contract::Moment::within(renewed, 1))
}
