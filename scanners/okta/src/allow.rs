//! The one table of what may be sent to Okta. Paths, rights and fields are those of the vendor's published description
//! of its management API (okta/okta-management-openapi-spec, 2026.06).

use scan_transport::allow::{Action, AllowList, Keep, Operation, Purpose};

/// Everything this scanner may send. Lists of client secrets (`/apps/{id}/credentials/...`) carry the secrets in clear
/// and are not on it.
pub static ALLOW: AllowList = AllowList { connector: "okta", operations: OPERATIONS };

const USERS: &str = "okta.users.read";
const APPS: &str = "okta.apps.read";
const APP_GRANTS: &str = "okta.appGrants.read";
const AUTHORIZATION_SERVERS: &str = "okta.authorizationServers.read";
const ROLES: &str = "okta.roles.read";
const API_TOKENS: &str = "okta.apiTokens.read";
const LOGS: &str = "okta.logs.read";
const POLICIES: &str = "okta.policies.read";

/// What a refusal means is in its code; its text quotes what was asked, and goes.
const REFUSAL: &str = "errorCode";

const fn read(
    name: &'static str,
    path: &'static str,
    rights: &'static [&'static str],
    keep: &'static [&'static str],
) -> Operation {
    Operation {
        name,
        method: "GET",
        path,
        action: Action::Plain,
        purpose: Purpose::Read,
        rights,
        keep: Keep::Json(keep),
    }
}

const USER_FIELDS: &[&str] = &[
    REFUSAL,
    "id",
    "status",
    "transitioningToStatus",
    "created",
    "activated",
    "statusChanged",
    "lastLogin",
    "lastUpdated",
    "passwordChanged",
    "profile",
    "login",
    "email",
    "secondEmail",
    "employeeNumber",
    "firstName",
    "lastName",
    "displayName",
    "credentials",
    "password{}",
    "provider",
    "type",
    "name",
    "emails",
    "value",
];
const ASSIGNMENT_FIELDS: &[&str] = &[
    REFUSAL,
    "id",
    "externalId",
    "created",
    "lastUpdated",
    "scope",
    "status",
    "statusChanged",
    "syncState",
    "lastSync",
    "credentials",
    "userName",
];
const TOKEN_FIELDS: &[&str] = &[
    REFUSAL,
    "id",
    "status",
    "created",
    "lastUpdated",
    "expiresAt",
    "issuer",
    "clientId",
    "client_id",
    "userId",
    "scopes",
];
const GRANT_FIELDS: &[&str] = &[
    REFUSAL,
    "id",
    "status",
    "created",
    "createdBy",
    "type",
    "lastUpdated",
    "issuer",
    "clientId",
    "userId",
    "scopeId",
    "source",
];
const ROLE_FIELDS: &[&str] = &[
    REFUSAL,
    "id",
    "label",
    "type",
    "status",
    "created",
    "lastUpdated",
    "assignmentType",
    "resource-set",
    "role",
    "_links",
    "assignee",
    "href",
];
const API_TOKEN_FIELDS: &[&str] = &[
    REFUSAL,
    "id",
    "name",
    "userId",
    "clientName",
    "created",
    "lastUpdated",
    "expiresAt",
    "tokenWindow",
    "network",
    "connection",
];

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "POST /oauth2/v1/token",
        method: "POST",
        path: "/oauth2/v1/token",
        action: Action::Plain,
        purpose: Purpose::SignIn,
        rights: &[],
        keep: Keep::Nothing,
    },
    read(
        "GET /.well-known/okta-organization",
        "/.well-known/okta-organization",
        &[],
        &[REFUSAL, "id", "pipeline", "_links", "organization", "alternate", "href"],
    ),
    read("GET /api/v1/users", "/api/v1/users", &[USERS], USER_FIELDS),
    read("GET /api/v1/users/{userId}", "/api/v1/users/{userId}", &[USERS], USER_FIELDS),
    read(
        "GET /api/v1/users/{userId}/factors",
        "/api/v1/users/{userId}/factors",
        &[USERS],
        &[REFUSAL, "id", "factorType", "provider", "vendorName", "status", "created", "lastUpdated"],
    ),
    read(
        "GET /api/v1/users/{userId}/devices",
        "/api/v1/users/{userId}/devices",
        &[USERS],
        &[
            REFUSAL,
            "created",
            "deviceUserId",
            "device",
            "id",
            "status",
            "lastUpdated",
            "profile",
            "displayName",
            "platform",
            "managed",
        ],
    ),
    read(
        "GET /api/v1/users/{userId}/groups",
        "/api/v1/users/{userId}/groups",
        &[USERS],
        &[REFUSAL, "id", "type", "created", "profile", "name"],
    ),
    read("GET /api/v1/users/{userId}/grants", "/api/v1/users/{userId}/grants", &[USERS], GRANT_FIELDS),
    read("GET /api/v1/users/{userId}/roles", "/api/v1/users/{userId}/roles", &[ROLES], ROLE_FIELDS),
    read(
        "GET /api/v1/users/{userId}/roles/{roleAssignmentId}",
        "/api/v1/users/{userId}/roles/{roleAssignmentId}",
        &[ROLES],
        ROLE_FIELDS,
    ),
    read(
        "GET /api/v1/apps",
        "/api/v1/apps",
        &[APPS],
        &[
            REFUSAL,
            "id",
            "name",
            "label",
            "status",
            "signOnMode",
            "created",
            "lastUpdated",
            "features",
            "credentials",
            "oauthClient",
            "client_id",
        ],
    ),
    read("GET /api/v1/apps/{appId}/users", "/api/v1/apps/{appId}/users", &[APPS], ASSIGNMENT_FIELDS),
    read("GET /api/v1/apps/{appId}/users/{userId}", "/api/v1/apps/{appId}/users/{userId}", &[APPS], ASSIGNMENT_FIELDS),
    read("GET /api/v1/apps/{appId}/tokens", "/api/v1/apps/{appId}/tokens", &[APPS], TOKEN_FIELDS),
    read("GET /api/v1/apps/{appId}/grants", "/api/v1/apps/{appId}/grants", &[APP_GRANTS], GRANT_FIELDS),
    read(
        "GET /api/v1/authorizationServers",
        "/api/v1/authorizationServers",
        &[AUTHORIZATION_SERVERS],
        &[REFUSAL, "id", "name", "status"],
    ),
    read(
        "GET /api/v1/authorizationServers/{authServerId}/clients",
        "/api/v1/authorizationServers/{authServerId}/clients",
        &[AUTHORIZATION_SERVERS],
        &[REFUSAL, "client_id", "client_name"],
    ),
    read(
        "GET /api/v1/authorizationServers/{authServerId}/clients/{clientId}/tokens",
        "/api/v1/authorizationServers/{authServerId}/clients/{clientId}/tokens",
        &[AUTHORIZATION_SERVERS],
        TOKEN_FIELDS,
    ),
    read(
        "GET /api/v1/iam/assignees/users",
        "/api/v1/iam/assignees/users",
        &[ROLES],
        &[REFUSAL, "value", "id", "orn", "_links", "next", "href"],
    ),
    read(
        "GET /api/v1/iam/roles/{roleIdOrLabel}/permissions",
        "/api/v1/iam/roles/{roleIdOrLabel}/permissions",
        &[ROLES],
        &[REFUSAL, "permissions", "label"],
    ),
    read("GET /api/v1/api-tokens", "/api/v1/api-tokens", &[API_TOKENS], API_TOKEN_FIELDS),
    read("GET /api/v1/api-tokens/{apiTokenId}", "/api/v1/api-tokens/{apiTokenId}", &[API_TOKENS], API_TOKEN_FIELDS),
    read(
        "GET /api/v1/logs",
        "/api/v1/logs",
        &[LOGS],
        &[
            REFUSAL,
            "uuid",
            "published",
            "eventType",
            "actor",
            "id",
            "type",
            "outcome",
            "result",
            "target",
            "transaction",
            "detail",
            "requestApiTokenId",
        ],
    ),
    Operation {
        name: "GET /api/v1/policies?type=OKTA_SIGN_ON",
        method: "GET",
        path: "/api/v1/policies",
        action: Action::Query("type", "OKTA_SIGN_ON"),
        purpose: Purpose::Read,
        rights: &[POLICIES],
        keep: Keep::Json(&[REFUSAL, "id", "name", "status", "type"]),
    },
    read(
        "GET /api/v1/policies/{policyId}/rules",
        "/api/v1/policies/{policyId}/rules",
        &[POLICIES],
        &[
            REFUSAL,
            "id",
            "status",
            "actions",
            "signon",
            "access",
            "session",
            "maxSessionIdleMinutes",
            "maxSessionLifetimeMinutes",
            "usePersistentCookie",
        ],
    ),
    read("GET /oauth2/v1/clients/{clientId}/roles", "/oauth2/v1/clients/{clientId}/roles", &[ROLES], ROLE_FIELDS),
];
