//! The truth as Okta writes it. Fields that carry secrets or private matters in Okta's answers are there too, so that a
//! test can look for them where they must not be.

use serde_json::{Map, Value, json};

use super::truth::{
    OktaApiToken, OktaApp, OktaAssignment, OktaDevice, OktaEvent, OktaFactor, OktaGrant, OktaGroup, OktaOrg,
    OktaRefreshToken, OktaRole, OktaSignOnRule, OktaUser,
};

pub(super) fn user(user: &OktaUser, origin: &str) -> Value {
    let mut profile = Map::new();
    let mut put = |name: &str, value: Value| drop(profile.insert(String::from(name), value));
    put("firstName", json!(user.name.0));
    put("lastName", json!(user.name.1));
    put("mobilePhone", Value::Null);
    put("secondEmail", json!(user.second_email));
    put("login", json!(user.login));
    put("email", json!(user.email));
    if let Some(number) = &user.employee_number {
        put("employeeNumber", json!(number));
    }
    for (name, value) in &user.custom {
        put(name, value.clone());
    }
    let mut credentials = json!({
        "provider": {"type": user.provider, "name": user.provider},
        "recovery_question": {"question": "a question nobody needs to know"},
    });
    if user.has_password {
        credentials["password"] = json!({});
    }
    if let Some(status) = &user.email_status {
        credentials["emails"] = json!([{"value": user.email, "status": status, "type": "PRIMARY"}]);
    }
    json!({
        "id": user.id,
        "status": user.status,
        "created": user.created,
        "activated": user.created,
        "statusChanged": user.status_changed,
        "lastLogin": user.last_login,
        "lastUpdated": user.created,
        "passwordChanged": user.password_changed,
        "type": {"id": "oty0000000000000000x"},
        "profile": profile,
        "credentials": credentials,
        "_links": {"self": {"href": format!("{origin}/api/v1/users/{}", user.id)}},
    })
}

pub(super) fn app(app: &OktaApp, origin: &str) -> Value {
    let mut value = json!({
        "id": app.id,
        "name": app.name,
        "label": app.label,
        "status": app.status,
        "signOnMode": app.sign_on_mode,
        "created": "2024-01-02T03:04:05.000Z",
        "lastUpdated": "2024-01-02T03:04:05.000Z",
        "features": [],
        "_links": {"users": {"href": format!("{origin}/api/v1/apps/{}/users", app.id)}},
    });
    if app.sign_on_mode == "OPENID_CONNECT" {
        value["credentials"] = json!({"oauthClient": {"client_id": app.id}});
    }
    value
}

pub(super) fn assignment(assignment: &OktaAssignment, org: &OktaOrg) -> Value {
    let user = org.users.iter().find(|user| user.id == assignment.user);
    json!({
        "id": assignment.user,
        "externalId": format!("ext-{}", assignment.user),
        "created": assignment.created,
        "lastUpdated": assignment.created,
        "scope": assignment.scope,
        "status": assignment.status,
        "statusChanged": assignment.created,
        "syncState": assignment.sync_state,
        "credentials": {"userName": user.map(|user| user.login.clone()), "password": {}},
        "profile": {"secondEmail": user.and_then(|user| user.second_email.clone())},
    })
}

pub(super) fn group(group: &OktaGroup) -> Value {
    json!({
        "id": group.id,
        "type": group.kind,
        "created": "2024-01-02T03:04:05.000Z",
        "lastUpdated": "2024-01-02T03:04:05.000Z",
        "lastMembershipUpdated": "2024-01-02T03:04:05.000Z",
        "objectClass": ["okta:user_group"],
        "profile": {"name": group.name, "description": "a group"},
    })
}

pub(super) fn role(role: &OktaRole, origin: &str) -> Value {
    let (assignment, place) = match role.assignee.get(..3) {
        Some("00g") => ("GROUP", "api/v1/groups"),
        Some("0oa") => ("CLIENT", "oauth2/v1/clients"),
        _ => ("USER", "api/v1/users"),
    };
    let mut value = json!({
        "id": role.id,
        "type": role.kind,
        "label": role.label,
        "status": role.status,
        "created": "2024-03-04T05:06:07.000Z",
        "lastUpdated": "2024-03-04T05:06:07.000Z",
        "assignmentType": assignment,
        "_links": {"assignee": {"href": format!("{origin}/{place}/{}", role.assignee)}},
    });
    if let Some((custom, set)) = &role.custom {
        value["role"] = json!(custom);
        value["resource-set"] = json!(set);
    }
    value
}

pub(super) fn api_token(token: &OktaApiToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "userId": token.user,
        "clientName": "Okta API",
        "tokenWindow": "P30D",
        "network": {"connection": "ANYWHERE"},
        "created": token.created,
        "lastUpdated": token.last_updated,
        "expiresAt": token.expires_at,
    })
}

pub(super) fn refresh_token(token: &OktaRefreshToken, origin: &str) -> Value {
    let issuer =
        token.server.as_ref().map_or_else(|| String::from(origin), |server| format!("{origin}/oauth2/{server}"));
    // The vendor's own examples write the client both ways.
    let client = if token.server.is_some() { "client_id" } else { "clientId" };
    json!({
        "id": token.id,
        "status": token.status,
        "created": token.created,
        "lastUpdated": token.created,
        "expiresAt": token.expires_at,
        "issuer": issuer,
        client: token.client,
        "userId": token.user,
        "scopes": ["offline_access", "openid"],
    })
}

pub(super) fn grant(grant: &OktaGrant, origin: &str) -> Value {
    let mut value = json!({
        "id": grant.id,
        "status": grant.status,
        "created": grant.created,
        "createdBy": {"id": grant.created_by, "type": "User"},
        "lastUpdated": grant.created,
        "issuer": origin,
        "clientId": grant.client,
        "scopeId": grant.scope,
        "source": if grant.user.is_some() { "END_USER" } else { "ADMIN" },
    });
    if let Some(user) = &grant.user {
        value["userId"] = json!(user);
    }
    value
}

pub(super) fn factor(factor: &OktaFactor) -> Value {
    json!({
        "id": factor.id,
        "factorType": factor.kind,
        "provider": "OKTA",
        "vendorName": "OKTA",
        "status": factor.status,
        "created": factor.created,
        "lastUpdated": factor.created,
        "profile": {"phoneNumber": "+1-555-415-1337"},
    })
}

pub(super) fn device(device: &OktaDevice) -> Value {
    json!({
        "created": device.created,
        "deviceUserId": format!("guf-{}-{}", device.id, device.user),
        "device": {
            "id": device.id,
            "status": device.status,
            "created": device.created,
            "lastUpdated": device.created,
            "profile": {"displayName": device.name, "platform": "MACOS", "serialNumber": "C02XX"},
            "resourceType": "UDDevice",
        },
    })
}

pub(super) fn event(event: &OktaEvent) -> Value {
    json!({
        "uuid": format!("{}-{}-{}", event.published, event.kind, event.actor),
        "published": event.published,
        "eventType": event.kind,
        "version": "0",
        "severity": "INFO",
        "displayMessage": "something happened",
        "actor": {"id": event.actor, "type": "User", "alternateId": "x@example.com", "displayName": "X"},
        "client": {"ipAddress": "192.0.2.1", "userAgent": {"rawUserAgent": "agent"}},
        "outcome": {"result": event.result},
        "target": event.target.as_ref().map(|id| json!([{"id": id, "type": "User"}])),
        "transaction": {"type": "WEB", "id": "t", "detail": match &event.token {
            Some(token) => json!({"requestApiTokenId": token}),
            None => json!({}),
        }},
    })
}

pub(super) fn rule(position: usize, rule: &OktaSignOnRule) -> Value {
    let (status, access, minutes) = rule;
    json!({
        "id": format!("0pr{position}"),
        "type": "SIGN_ON",
        "status": status,
        "name": format!("rule {position}"),
        "priority": position,
        "actions": {"signon": {"access": access, "requireFactor": false, "session": match minutes {
            Some(minutes) => json!({"usePersistentCookie": false, "maxSessionIdleMinutes": 120, "maxSessionLifetimeMinutes": minutes}),
            None => json!({"usePersistentCookie": false, "maxSessionIdleMinutes": 120}),
        }}},
    })
}
