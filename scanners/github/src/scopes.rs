//! The scopes of one organisation, in the platform's words, and the walks that serve them.

use scan_contract::{Pass, Scope};

use crate::settings::{Settings, SignIn};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:literal,)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $kind;)+
    };
}

kinds! {
    /// Members and owners.
    MEMBERS = "members",
    /// Public SSH keys of people.
    SSH_KEYS = "ssh-keys",
    /// Public GPG keys and SSH signing keys of people.
    GPG_KEYS = "gpg-keys",
    /// Outside collaborators.
    OUTSIDE_COLLABORATORS = "outside-collaborators",
    /// Invitations that can still be taken up.
    INVITATIONS = "invitations",
    /// Invitations that failed.
    FAILED_INVITATIONS = "failed-invitations",
    /// Teams and who is in them.
    TEAMS = "teams",
    /// Roles of the organisation, assigned to people.
    ORGANIZATION_ROLES = "organization-roles",
    /// Identities of the identity provider.
    EXTERNAL_IDENTITIES = "external-identities",
    /// Credentials authorised for single sign-on.
    CREDENTIAL_AUTHORIZATIONS = "credential-authorizations",
    /// Fine-grained personal access tokens.
    PERSONAL_ACCESS_TOKENS = "personal-access-tokens",
    /// Requests for them.
    PERSONAL_ACCESS_TOKEN_REQUESTS = "personal-access-token-requests",
    /// GitHub Apps.
    INSTALLATIONS = "installations",
    /// Webhooks of the organisation.
    WEBHOOKS = "webhooks",
    /// Actions secrets of the organisation.
    ACTIONS_SECRETS = "actions-secrets",
    /// Dependabot secrets of the organisation.
    DEPENDABOT_SECRETS = "dependabot-secrets",
    /// Codespaces secrets of the organisation.
    CODESPACES_SECRETS = "codespaces-secrets",
    /// Self-hosted runners of the organisation.
    RUNNERS = "runners",
    /// Copilot seats.
    COPILOT_SEATS = "copilot-seats",
    /// The audit log: who made what, and who did what.
    AUDIT_LOG = "audit-log",
    /// The repositories themselves.
    REPOSITORIES = "repositories",
    /// Direct and outside collaborators of repositories.
    REPOSITORY_COLLABORATORS = "repository-collaborators",
    /// Deploy keys.
    DEPLOY_KEYS = "deploy-keys",
    /// Who approves deployments.
    ENVIRONMENTS = "environments",
    /// Secrets of environments.
    ENVIRONMENT_SECRETS = "environment-secrets",
    /// Lines of CODEOWNERS files.
    CODEOWNERS = "codeowners",
    /// Workflows that run by the clock.
    SCHEDULED_WORKFLOWS = "scheduled-workflows",
    /// Webhooks of repositories.
    REPOSITORY_WEBHOOKS = "repository-webhooks",
    /// Secrets of repositories.
    REPOSITORY_SECRETS = "repository-secrets",
    /// Self-hosted runners of repositories.
    REPOSITORY_RUNNERS = "repository-runners",
    /// Invitations to repositories.
    REPOSITORY_INVITATIONS = "repository-invitations",
    /// Licences of the enterprise.
    ENTERPRISE_LICENSES = "enterprise-licenses",
    /// Roles of the enterprise.
    ENTERPRISE_ROLES = "enterprise-roles",
}

/// A walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// The audit log's events of making things; first, so that what follows can be told whose work it is.
    AuditLog,
    /// Members with their keys.
    Members,
    /// Outside collaborators.
    OutsideCollaborators,
    /// Both lists of invitations.
    Invitations,
    /// Teams.
    Teams,
    /// Roles of the organisation.
    Roles,
    /// External identities.
    Identities,
    /// Credentials and tokens.
    Credentials,
    /// Apps, webhooks, secrets and runners of the organisation.
    Machinery,
    /// Copilot seats.
    Seats,
    /// Everything that hangs from repositories.
    Repositories,
    /// The enterprise above.
    Enterprise,
}

/// Each walk with its name and the kinds it serves.
const WALKS: &[(Walk, &str, &[&str])] = &[
    (Walk::AuditLog, "audit log", &[AUDIT_LOG]),
    (Walk::Members, "members", &[MEMBERS, SSH_KEYS]),
    (Walk::OutsideCollaborators, "outside collaborators", &[OUTSIDE_COLLABORATORS]),
    (Walk::Identities, "external identities", &[EXTERNAL_IDENTITIES]),
    (Walk::Invitations, "invitations", &[INVITATIONS, FAILED_INVITATIONS]),
    (Walk::Teams, "teams", &[TEAMS]),
    (Walk::Roles, "organization roles", &[ORGANIZATION_ROLES]),
    (
        Walk::Credentials,
        "credentials",
        &[CREDENTIAL_AUTHORIZATIONS, PERSONAL_ACCESS_TOKENS, PERSONAL_ACCESS_TOKEN_REQUESTS],
    ),
    (
        Walk::Machinery,
        "apps, webhooks, secrets and runners",
        &[INSTALLATIONS, WEBHOOKS, ACTIONS_SECRETS, DEPENDABOT_SECRETS, CODESPACES_SECRETS, RUNNERS],
    ),
    (Walk::Seats, "seats", &[COPILOT_SEATS]),
    (
        Walk::Repositories,
        "repositories",
        &[
            REPOSITORIES,
            REPOSITORY_COLLABORATORS,
            DEPLOY_KEYS,
            ENVIRONMENTS,
            ENVIRONMENT_SECRETS,
            CODEOWNERS,
            SCHEDULED_WORKFLOWS,
            REPOSITORY_WEBHOOKS,
            REPOSITORY_SECRETS,
            REPOSITORY_RUNNERS,
            REPOSITORY_INVITATIONS,
        ],
    ),
    (Walk::Enterprise, "enterprise", &[ENTERPRISE_LICENSES, ENTERPRISE_ROLES]),
];

/// Every pass of this configuration.
pub(crate) fn passes(settings: &Settings) -> Vec<Pass> {
    WALKS
        .iter()
        .filter(|(walk, _, _)| *walk != Walk::Enterprise || settings.enterprise.is_some())
        .map(|(_, name, kinds)| {
            let kinds = kinds.iter().filter(|kind| is_there(kind, settings));
            Pass::new(*name, kinds.map(|kind| Scope::new(*kind, *kind)).collect())
        })
        .collect()
}

/// Codespaces secrets are shown to no App whatever its rights: a cell of the platform's impossible ones, not a gap that
/// somebody could close.
fn is_there(kind: &str, settings: &Settings) -> bool {
    kind != CODESPACES_SECRETS || matches!(settings.sign_in, SignIn::Token(_))
}

/// The walk that serves a pass; `None` for a pass of follow-ups.
pub(crate) fn walk_of(pass: &Pass) -> Option<Walk> {
    let first = pass.scopes.first()?;
    WALKS.iter().find(|(_, _, kinds)| kinds.contains(&first.name.as_str())).map(|(walk, _, _)| *walk)
}

#[cfg(test)]
pub(crate) fn all_kinds() -> Vec<&'static str> {
    let mut kinds: Vec<&str> = WALKS.iter().flat_map(|(_, _, kinds)| kinds.iter().copied()).collect();
    // Offered for one person at a time only.
    kinds.push(GPG_KEYS);
    kinds
}
