//! What may be sent to GitHub, with the right each request needs and what of its answer a recording may hold.
//!
//! The same rows stand in two lists: github.com answers at a host of its own, GitHub Enterprise Server below `/api`.
//! Rights are written as the platform writes them in `X-Accepted-GitHub-Permissions`.

use scan_transport::{Action, AllowList, Keep, Operation, Purpose};

/// Fields of people, in every list that names some.
macro_rules! person {
    ($($more:literal),* $(,)?) => { &["login", "id", "node_id", "type", "email", "name" $(, $more)*] };
}

macro_rules! row {
    ($name:expr, $method:literal, $path:expr, $action:expr, $purpose:ident, $rights:expr, $keep:expr) => {
        Operation {
            name: $name,
            method: $method,
            path: $path,
            action: $action,
            purpose: Purpose::$purpose,
            rights: $rights,
            keep: $keep,
        }
    };
}

macro_rules! get {
    ($prefix:literal, $path:literal, $rights:expr, $keep:expr) => {
        row!(concat!("GET ", $path), "GET", concat!($prefix, $path), Action::Plain, Read, $rights, Keep::Json($keep))
    };
}

macro_rules! secrets {
    ($prefix:literal, $path:literal, $right:literal) => {
        get!($prefix, $path, &[$right], &["total_count", "secrets", "name", "created_at", "updated_at", "visibility"])
    };
}

macro_rules! operations {
    ($prefix:literal, $graphql:literal) => {
        &[
            row!(
                "POST /graphql",
                "POST",
                $graphql,
                Action::GraphQlQuery,
                Read,
                &["members=read", "metadata=read", "administration=read", "contents=read"],
                Keep::Json(GRAPHQL)
            ),
            // Who and what we are.
            get!(
                $prefix,
                "/orgs/{org}",
                &["organization_plan=read"],
                &[
                    "login",
                    "id",
                    "plan",
                    "name",
                    "default_repository_permission",
                    "two_factor_requirement_enabled",
                    "filled_seats",
                    "seats"
                ]
            ),
            row!(
                "GET /orgs/{org}/installation",
                "GET",
                concat!($prefix, "/orgs/{org}/installation"),
                Action::Plain,
                SignIn,
                &[],
                Keep::Nothing
            ),
            row!(
                "POST /app/installations/{installation_id}/access_tokens",
                "POST",
                concat!($prefix, "/app/installations/{installation_id}/access_tokens"),
                Action::Plain,
                SignIn,
                &[],
                Keep::Nothing
            ),
            row!(
                "DELETE /installation/token",
                "DELETE",
                concat!($prefix, "/installation/token"),
                Action::Plain,
                SignOut,
                &[],
                Keep::Nothing
            ),
            // People.
            get!($prefix, "/orgs/{org}/outside_collaborators", &["members=read"], person!()),
            get!(
                $prefix,
                "/orgs/{org}/invitations",
                &["members=read"],
                person!("role", "created_at", "inviter", "team_count", "invitation_source")
            ),
            get!(
                $prefix,
                "/orgs/{org}/failed_invitations",
                &["members=read"],
                person!(
                    "role",
                    "created_at",
                    "failed_at",
                    "failed_reason",
                    "inviter",
                    "team_count",
                    "invitation_source"
                )
            ),
            get!(
                $prefix,
                "/orgs/{org}/organization-roles",
                &["organization_custom_org_roles=read"],
                &["total_count", "roles", "id", "name", "base_role", "source", "permissions"]
            ),
            get!(
                $prefix,
                "/orgs/{org}/organization-roles/{role_id}/users",
                &["organization_custom_org_roles=read"],
                person!("assignment", "inherited_from", "slug")
            ),
            get!($prefix, "/user/{account_id}", &[], person!("suspended_at")),
            get!($prefix, "/users/{username}/keys", &[], &["id", "key", "created_at", "last_used"]),
            get!($prefix, "/users/{username}/ssh_signing_keys", &[], &["id", "key", "title", "created_at"]),
            get!(
                $prefix,
                "/users/{username}/gpg_keys",
                &[],
                &[
                    "id",
                    "key_id",
                    "emails",
                    "email",
                    "verified",
                    "created_at",
                    "expires_at",
                    "revoked",
                    "can_sign",
                    "name"
                ]
            ),
            // Credentials.
            get!(
                $prefix,
                "/orgs/{org}/credential-authorizations",
                &["organization_administration=read"],
                &[
                    "login",
                    "credential_id",
                    "credential_type",
                    "credential_authorized_at",
                    "credential_accessed_at",
                    "authorized_credential_id",
                    "authorized_credential_title",
                    "authorized_credential_note",
                    "authorized_credential_expires_at",
                    "fingerprint",
                    "scopes",
                    "application_name",
                ]
            ),
            get!(
                $prefix,
                "/orgs/{org}/personal-access-tokens",
                &["organization_personal_access_tokens=read"],
                person!(
                    "owner",
                    "repository_selection",
                    "permissions",
                    "organization/*",
                    "repository/*",
                    "other/*",
                    "access_granted_at",
                    "token_id",
                    "token_name",
                    "token_expired",
                    "token_expires_at",
                    "token_last_used_at",
                )
            ),
            get!(
                $prefix,
                "/orgs/{org}/personal-access-token-requests",
                &["organization_personal_access_token_requests=read"],
                person!(
                    "owner",
                    "repository_selection",
                    "permissions",
                    "organization/*",
                    "repository/*",
                    "other/*",
                    "created_at",
                    "token_id",
                    "token_name",
                    "token_expired",
                    "token_expires_at",
                    "token_last_used_at",
                )
            ),
            // Things that act.
            get!(
                $prefix,
                "/orgs/{org}/installations",
                &["organization_administration=read"],
                &[
                    "total_count",
                    "installations",
                    "id",
                    "app_id",
                    "client_id",
                    "app_slug",
                    "repository_selection",
                    "permissions/*",
                    "events",
                    "created_at",
                    "updated_at",
                    "suspended_at",
                    "suspended_by",
                    "login",
                ]
            ),
            get!(
                $prefix,
                "/orgs/{org}/hooks",
                &["organization_hooks=read"],
                &["id", "name", "active", "events", "created_at", "updated_at"]
            ),
            get!(
                $prefix,
                "/orgs/{org}/actions/runners",
                &["organization_self_hosted_runners=read"],
                &["total_count", "runners", "id", "name", "os", "status", "busy", "ephemeral", "labels", "type"]
            ),
            get!(
                $prefix,
                "/orgs/{org}/copilot/billing/seats",
                &["organization_copilot_seat_management=read"],
                person!(
                    "total_seats",
                    "seats",
                    "assignee",
                    "created_at",
                    "last_activity_at",
                    "pending_cancellation_date",
                    "plan_type",
                )
            ),
            secrets!($prefix, "/orgs/{org}/actions/secrets", "organization_secrets=read"),
            secrets!($prefix, "/orgs/{org}/dependabot/secrets", "organization_dependabot_secrets=read"),
            secrets!($prefix, "/orgs/{org}/codespaces/secrets", "organization_codespaces_secrets=read"),
            get!(
                $prefix,
                "/orgs/{org}/audit-log",
                &["organization_administration=read"],
                &[
                    "@timestamp",
                    "action",
                    "actor",
                    "actor_id",
                    "user",
                    "repo",
                    "repo_id",
                    "name",
                    "hook_id",
                    "installation_id",
                    "application_client_id",
                    "key",
                    "_document_id",
                    "operation_type",
                    "transport_protocol_name",
                    "deploy_key_fingerprint",
                ]
            ),
            // Repositories, one by one.
            get!(
                $prefix,
                "/repos/{owner}/{repo}/keys",
                &["administration=read"],
                &["id", "key", "title", "read_only", "verified", "created_at", "added_by", "last_used", "enabled"]
            ),
            get!(
                $prefix,
                "/repos/{owner}/{repo}/invitations",
                &["administration=read"],
                person!("invitee", "inviter", "permissions", "created_at", "expired")
            ),
            get!(
                $prefix,
                "/repos/{owner}/{repo}/hooks",
                &["repository_hooks=read"],
                &["id", "name", "active", "events", "created_at", "updated_at"]
            ),
            get!(
                $prefix,
                "/repos/{owner}/{repo}/actions/runners",
                &["administration=read"],
                &["total_count", "runners", "id", "name", "os", "status", "busy", "ephemeral", "labels", "type"]
            ),
            get!(
                $prefix,
                "/repos/{owner}/{repo}/environments",
                &["actions=read"],
                person!("total_count", "environments", "protection_rules", "reviewers", "reviewer", "slug")
            ),
            get!(
                $prefix,
                "/repos/{owner}/{repo}/actions/workflows",
                &["actions=read"],
                &["total_count", "workflows", "id", "name", "path", "state", "created_at", "updated_at"]
            ),
            secrets!($prefix, "/repos/{owner}/{repo}/actions/secrets", "secrets=read"),
            secrets!($prefix, "/repos/{owner}/{repo}/dependabot/secrets", "dependabot_secrets=read"),
            secrets!($prefix, "/repos/{owner}/{repo}/codespaces/secrets", "codespaces_secrets=read"),
            secrets!($prefix, "/repos/{owner}/{repo}/environments/{environment_name}/secrets", "environments=read"),
            // The enterprise above, where one is configured.
            get!(
                $prefix,
                "/enterprises/{enterprise}/consumed-licenses",
                &["read:enterprise"],
                &[
                    "total_seats_consumed",
                    "total_seats_purchased",
                    "users",
                    "github_com_login",
                    "github_com_name",
                    "github_com_saml_name_id",
                    "github_com_verified_domain_emails",
                    "license_type",
                    "enterprise_server_emails",
                    "visual_studio_subscription_email",
                    "enterprise_server_user_ids",
                ]
            ),
            get!(
                $prefix,
                "/enterprises/{enterprise}/enterprise-roles",
                &["read:enterprise"],
                &["total_count", "roles", "id", "name", "source", "permissions"]
            ),
            get!(
                $prefix,
                "/enterprises/{enterprise}/enterprise-roles/{role_id}/users",
                &["read:enterprise"],
                person!("assignment", "inherited_from", "slug")
            ),
        ]
    };
}

/// Fields of GraphQL answers that a recording may hold. The text of workflow files (`script`) is not among them:
/// people write secrets into such files.
const GRAPHQL: &[&str] = &[
    "data",
    "errors",
    "path",
    "type",
    "rateLimit",
    "cost",
    "remaining",
    "resetAt",
    "limit",
    "used",
    "organization",
    "databaseId",
    "login",
    "id",
    "membersWithRole",
    "totalCount",
    "pageInfo",
    "hasNextPage",
    "endCursor",
    "edges",
    "role",
    "hasTwoFactorEnabled",
    "node",
    "nodes",
    "email",
    "name",
    "organizationVerifiedDomainEmails",
    "publicKeys",
    "fingerprint",
    "key",
    "teams",
    "slug",
    "privacy",
    "parentTeam",
    "members",
    "repositories",
    "permission",
    "viewerCanAdminister",
    "samlIdentityProvider",
    "issuer",
    "externalIdentities",
    "guid",
    "samlIdentity",
    "nameId",
    "username",
    "emails",
    "value",
    "scimIdentity",
    "user",
    "nameWithOwner",
    "isArchived",
    "isDisabled",
    "isEmpty",
    "visibility",
    "pushedAt",
    "collaborators",
    "permissionSources",
    "roleName",
    "source",
    "__typename",
    "deployKeys",
    "environments",
    "defaultBranchRef",
    "target",
    "oid",
    "first",
    "second",
    "third",
    "lines",
    "isTruncated",
    "workflows",
    "entries",
    "object",
    "byteSize",
    "blame",
    "ranges",
    "startingLine",
    "endingLine",
    "commit",
    "author",
    "committedDate",
    "enterprise",
    "ownerInfo",
    "isBinary",
    "b0",
    "b1",
    "b2",
    "b3",
    "b4",
    "b5",
    "b6",
    "b7",
    "b8",
    "b9",
];

/// All that may be sent to github.com.
pub static ALLOW: AllowList = AllowList { connector: "github", operations: operations!("", "/graphql") };

/// The same for GitHub Enterprise Server.
pub static ALLOW_SERVER: AllowList =
    AllowList { connector: "github", operations: operations!("/api/v3", "/api/graphql") };

/// The row of a name, in either list.
pub(crate) fn operation(name: &str) -> Option<&'static Operation> {
    ALLOW.operations.iter().find(|operation| operation.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_hold_the_same_requests() {
        let names = |list: &AllowList| list.operations.iter().map(|operation| operation.name).collect::<Vec<_>>();
        assert_eq!(names(&ALLOW), names(&ALLOW_SERVER));
    }
}
