//! The catalogue that is part of the program. A test compares this list with the files in `rules/`.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $name)))),+]
    };
}

/// Every rule: file name and text.
pub(super) const RULES: &[(&str, &str)] = files![
    "account-active.yaml",
    "admin-role-held.yaml",
    "api-token-active.yaml",
    "app-registration-owner.yaml",
    "automation-run-as-leaver.yaml",
    "certificate-valid.yaml",
    "ci-secret-known.yaml",
    "cloud-access-key-active.yaml",
    "console-password-active.yaml",
    "deploy-key-added-by-leaver.yaml",
    "exception-lapsed.yaml",
    "external-collaborator-access.yaml",
    "group-membership-granting.yaml",
    "license-assigned.yaml",
    "mail-delegation-active.yaml",
    "mfa-device-registered.yaml",
    "oauth-grant-active.yaml",
    "org-owner-held.yaml",
    "regranted-after-end.yaml",
    "resource-owned-by-leaver.yaml",
    "role-binding-direct.yaml",
    "service-key-created-by-leaver.yaml",
    "session-active.yaml",
    "shared-secret-not-rotated.yaml",
    "ssh-key-authorized.yaml",
    "stale-stint-credential.yaml",
    "used-after-end.yaml",
    "vault-token-active.yaml",
    "webhook-or-integration-owned.yaml",
];

/// Every list: file name and text.
pub(super) const LISTS: &[(&str, &str)] = files!["lists/break-glass.yaml", "lists/service-identities.yaml"];
