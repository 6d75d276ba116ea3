//! The scopes of an organisation, what each needs to ask, and which walk serves it.

use scan_contract::{Pass, Scope};

use crate::allow::ALLOW;

pub(crate) const USERS: &str = "users";
pub(crate) const PASSWORDS: &str = "passwords";
pub(crate) const APPS: &str = "apps";
pub(crate) const APP_ASSIGNMENTS: &str = "app-assignments";
pub(crate) const REFRESH_TOKENS: &str = "refresh-tokens";
pub(crate) const APP_GRANTS: &str = "app-grants";
pub(crate) const ADMIN_ROLES: &str = "admin-roles";
pub(crate) const API_TOKENS: &str = "api-tokens";
pub(crate) const SESSION_POLICIES: &str = "session-policies";
pub(crate) const FACTORS: &str = "factors";
pub(crate) const DEVICES: &str = "devices";
pub(crate) const GROUP_MEMBERSHIPS: &str = "group-memberships";
pub(crate) const USER_GRANTS: &str = "user-grants";
pub(crate) const SYSTEM_LOG: &str = "system-log";

/// Follow-ups: what costs requests of its own for each user.
pub(crate) const FOLLOW_UPS: &[&str] = &[FACTORS, DEVICES, GROUP_MEMBERSHIPS, USER_GRANTS, SYSTEM_LOG];

/// Which requests each scope kind is made of. Rights follow from [`ALLOW`].
pub(crate) const USES: &[(&str, &[&str])] = &[
    (
        USERS,
        &[
            "GET /api/v1/users",
            "GET /api/v1/users/{userId}",
            "GET /api/v1/users/{userId}/roles",
            "GET /oauth2/v1/clients/{clientId}/roles",
        ],
    ),
    (PASSWORDS, &["GET /api/v1/users", "GET /api/v1/users/{userId}"]),
    (APPS, &["GET /api/v1/apps"]),
    (
        APP_ASSIGNMENTS,
        &["GET /api/v1/apps", "GET /api/v1/apps/{appId}/users", "GET /api/v1/apps/{appId}/users/{userId}"],
    ),
    (
        REFRESH_TOKENS,
        &[
            "GET /api/v1/apps",
            "GET /api/v1/apps/{appId}/tokens",
            "GET /api/v1/authorizationServers",
            "GET /api/v1/authorizationServers/{authServerId}/clients",
            "GET /api/v1/authorizationServers/{authServerId}/clients/{clientId}/tokens",
        ],
    ),
    (APP_GRANTS, &["GET /api/v1/apps", "GET /api/v1/apps/{appId}/grants"]),
    (
        ADMIN_ROLES,
        &[
            "GET /api/v1/iam/assignees/users",
            "GET /api/v1/users/{userId}/roles",
            "GET /api/v1/users/{userId}/roles/{roleAssignmentId}",
            "GET /api/v1/iam/roles/{roleIdOrLabel}/permissions",
        ],
    ),
    (
        API_TOKENS,
        &[
            "GET /api/v1/api-tokens",
            "GET /api/v1/api-tokens/{apiTokenId}",
            "GET /api/v1/users/{userId}/roles",
            "GET /api/v1/iam/roles/{roleIdOrLabel}/permissions",
        ],
    ),
    (SESSION_POLICIES, &["GET /api/v1/policies?type=OKTA_SIGN_ON", "GET /api/v1/policies/{policyId}/rules"]),
    (FACTORS, &["GET /api/v1/users/{userId}/factors", "GET /api/v1/users/{userId}"]),
    (DEVICES, &["GET /api/v1/users/{userId}/devices", "GET /api/v1/users/{userId}"]),
    (
        GROUP_MEMBERSHIPS,
        &[
            "GET /api/v1/users/{userId}/groups",
            "GET /api/v1/users/{userId}/roles",
            "GET /api/v1/iam/roles/{roleIdOrLabel}/permissions",
        ],
    ),
    (USER_GRANTS, &["GET /api/v1/users/{userId}/grants", "GET /api/v1/users/{userId}"]),
    (
        SYSTEM_LOG,
        &[
            "GET /api/v1/users/{userId}",
            "GET /api/v1/logs",
            "GET /api/v1/policies?type=OKTA_SIGN_ON",
            "GET /api/v1/policies/{policyId}/rules",
        ],
    ),
];

/// Every scope, grouped by the walk that serves it. Users come first: what hangs from an account is then recognised.
pub(crate) fn declare() -> Vec<Pass> {
    let pass =
        |name: &str, kinds: &[&str]| Pass::new(name, kinds.iter().map(|kind| Scope::new(*kind, *kind)).collect());
    vec![
        pass("users", &[USERS, PASSWORDS]),
        pass("apps", &[APPS, APP_ASSIGNMENTS, REFRESH_TOKENS, APP_GRANTS]),
        pass("admin roles", &[ADMIN_ROLES]),
        pass("API tokens", &[API_TOKENS]),
        pass("session policies", &[SESSION_POLICIES]),
    ]
}

/// The rights a scope kind needs, in the order of the table; empty for a kind that asks nothing.
pub fn rights_of(kind: &str) -> Vec<&'static str> {
    let names = USES.iter().find(|(own, _)| *own == kind).map_or(&[][..], |(_, names)| *names);
    let mut rights = Vec::new();
    for operation in ALLOW.operations.iter().filter(|operation| names.contains(&operation.name)) {
        for right in operation.rights {
            if !rights.contains(right) {
                rights.push(*right);
            }
        }
    }
    rights
}

/// Every right that any request needs, in the order of the table.
pub(crate) fn all_rights() -> Vec<&'static str> {
    ALLOW.rights().into_iter().map(|right| right.name).collect()
}
