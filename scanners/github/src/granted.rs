//! What the credential may do, as far as the platform says: an App's permissions, or the scopes of a classic token.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime};
use scan_contract::Instant;
use scan_transport::Reply;

use crate::allow::ALLOW;

/// How a right is called elsewhere: the scopes of classic tokens that contain it, any one of which is enough.
///
/// GitHub's REST description names the scope in the text of each request.
const CLASSIC: &[(&str, &[&str])] = &[
    ("members=read", &["read:org", "write:org", "admin:org"]),
    ("organization_plan=read", &["read:org", "write:org", "admin:org"]),
    ("organization_administration=read", &["admin:org", "read:org", "write:org"]),
    ("organization_custom_org_roles=read", &["admin:org"]),
    ("organization_hooks=read", &["admin:org_hook"]),
    ("organization_self_hosted_runners=read", &["admin:org"]),
    ("organization_copilot_seat_management=read", &["manage_billing:copilot", "read:org", "admin:org"]),
    ("organization_secrets=read", &["admin:org"]),
    ("organization_dependabot_secrets=read", &["admin:org"]),
    ("organization_codespaces_secrets=read", &["admin:org"]),
    ("metadata=read", &["repo"]),
    ("administration=read", &["repo"]),
    ("contents=read", &["repo"]),
    ("actions=read", &["repo"]),
    ("repository_hooks=read", &["repo", "read:repo_hook", "write:repo_hook", "admin:repo_hook"]),
    ("secrets=read", &["repo"]),
    ("dependabot_secrets=read", &["repo"]),
    ("codespaces_secrets=read", &["repo"]),
    ("environments=read", &["repo"]),
    ("read:enterprise", &["read:enterprise", "admin:enterprise"]),
];

/// The right that opens the audit log to Apps. Of what else it opens, the lists are told to lesser scopes.
pub(crate) const AUDIT_LOG: &str = "organization_administration=read";

/// Scopes of classic tokens that open the audit log, any one of which is enough: by GitHub's REST description
/// `read:audit_log`, which `audit_log` contains; before December 2022 it was `admin:org` alone.
const AUDIT_LOG_SCOPES: &[&str] = &["read:audit_log", "audit_log", "admin:org"];

/// Rights that only a GitHub App can have.
pub(crate) const APPS_ONLY: &[&str] =
    &["organization_personal_access_tokens=read", "organization_personal_access_token_requests=read"];

/// Rights that no GitHub App can have: what serves them refuses Apps.
pub(crate) const NOT_FOR_APPS: &[&str] = &["read:enterprise", "organization_codespaces_secrets=read"];

/// What is known of the credential's rights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Granted {
    /// Permissions of an App's installation: name and access.
    App(BTreeMap<String, String>),
    /// Scopes of a classic token.
    Scopes(Vec<String>),
    /// The platform does not say, as for fine-grained tokens.
    #[default]
    NotTold,
}

/// The scopes of a classic token that contain `right`.
pub(crate) fn classic(right: &str) -> &'static [&'static str] {
    CLASSIC.iter().find(|(name, _)| *name == right).map_or(&[], |(_, scopes)| scopes)
}

/// Every right the table names, once, in the order of the table.
pub(crate) fn needed() -> Vec<&'static str> {
    let mut rights = Vec::new();
    for right in ALLOW.operations.iter().flat_map(|operation| operation.rights) {
        if !rights.contains(right) {
            rights.push(*right);
        }
    }
    rights
}

impl Granted {
    /// The scopes that every reply to a classic token names; `None` for other credentials.
    pub(crate) fn of_reply(reply: &Reply) -> Option<Self> {
        let scopes = reply.header("x-oauth-scopes")?;
        Some(Self::Scopes(
            scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(String::from).collect(),
        ))
    }

    /// Whether `right` is held; `None` where nobody says.
    pub(crate) fn holds(&self, right: &str) -> Option<bool> {
        match self {
            Self::App(permissions) => {
                let (name, _) = right.split_once('=').unwrap_or((right, ""));
                // Write and admin contain read.
                Some(permissions.contains_key(name))
            }
            Self::Scopes(_) if APPS_ONLY.contains(&right) => Some(false),
            Self::Scopes(scopes) => {
                let enough = classic(right);
                (!enough.is_empty()).then(|| enough.iter().any(|scope| scopes.iter().any(|held| held == scope)))
            }
            Self::NotTold => None,
        }
    }

    /// `right` as the holder of this credential has to ask for it.
    pub(crate) fn name(&self, right: &str) -> String {
        match self {
            Self::Scopes(_) if APPS_ONLY.contains(&right) => format!("{right} of a GitHub App"),
            Self::Scopes(_) => match classic(right).first() {
                Some(scope) => format!("{right} (scope {scope})"),
                None => String::from(right),
            },
            Self::App(_) | Self::NotTold => String::from(right),
        }
    }

    /// Whether the audit log may be read; `None` where nobody says.
    pub(crate) fn reads_audit_log(&self) -> Option<bool> {
        match self {
            Self::Scopes(scopes) => Some(scopes.iter().any(|held| AUDIT_LOG_SCOPES.contains(&held.as_str()))),
            Self::App(_) | Self::NotTold => self.holds(AUDIT_LOG),
        }
    }

    /// The right to read it, as the holder of this credential has to ask for it.
    pub(crate) fn name_of_audit_log(&self) -> String {
        match self {
            Self::Scopes(_) => format!("{AUDIT_LOG} (scope {})", AUDIT_LOG_SCOPES[0]),
            Self::App(_) | Self::NotTold => String::from(AUDIT_LOG),
        }
    }

    /// Rights beyond need. Writing is always beyond need.
    pub(crate) fn excess(&self) -> Vec<String> {
        let needed = needed();
        match self {
            Self::App(permissions) => permissions
                .iter()
                .filter(|(name, access)| {
                    access.as_str() != "read" || !needed.contains(&format!("{name}=read").as_str())
                })
                .map(|(name, access)| format!("{name}={access}"))
                .collect(),
            Self::Scopes(scopes) => scopes
                .iter()
                .filter(|held| !held.starts_with("read:"))
                .filter(|held| !matches!(held.as_str(), "repo" | "admin:org" | "admin:org_hook"))
                .cloned()
                .collect(),
            Self::NotTold => Vec::new(),
        }
    }

    /// How many rights are beyond need; `None` where GitHub does not say what the credential may do.
    pub(crate) fn excess_count(&self) -> Option<u64> {
        match self {
            Self::App(_) | Self::Scopes(_) => Some(self.excess().len() as u64),
            Self::NotTold => None,
        }
    }

    /// What cannot be told about excess, in one sentence; empty if everything could.
    pub(crate) fn excess_not_told(&self) -> &'static str {
        match self {
            Self::App(_) => "",
            Self::Scopes(_) => {
                "classic scopes contain writing: repo, admin:org and admin:org_hook can change what they read, and are the smallest there are"
            }
            Self::NotTold => "GitHub does not say what a fine-grained token may do",
        }
    }
}

/// When the token that was sent ends, as replies to a personal access token with an end say
/// (`github-authentication-token-expiration: 2021-10-07 19:07:53 UTC`, or with a numeric offset).
pub(crate) fn token_end(reply: &Reply) -> Option<Instant> {
    end_of(reply.header("github-authentication-token-expiration")?)
}

fn end_of(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Some(utc) = text.strip_suffix(" UTC") {
        return NaiveDateTime::parse_from_str(utc, "%Y-%m-%d %H:%M:%S").ok().map(|at| at.and_utc());
    }
    DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z").ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_read_in_both_forms_and_never_guessed() {
        let utc = end_of("2021-10-07 19:07:53 UTC").unwrap();
        assert_eq!(utc.to_rfc3339(), "2021-10-07T19:07:53+00:00");
        assert_eq!(end_of("2021-10-07 21:07:53 +0200"), Some(utc));
        for text in ["", "never", "2021-10-07", "2021-10-07 19:07:53", "2021-13-07 19:07:53 UTC"] {
            assert_eq!(end_of(text), None, "{text}");
        }
    }

    #[test]
    fn excess_is_counted_where_the_platform_tells_and_is_not_known_elsewhere() {
        let classic = Granted::Scopes(vec![String::from("admin:org"), String::from("delete_repo")]);
        assert_eq!(classic.excess_count(), Some(1));
        assert_eq!(Granted::App(BTreeMap::new()).excess_count(), Some(0));
        assert_eq!(Granted::NotTold.excess_count(), None);
    }

    #[test]
    fn an_apps_permissions_answer_for_every_right_and_writing_is_beyond_need() {
        let app = Granted::App(BTreeMap::from([
            (String::from("members"), String::from("read")),
            (String::from("administration"), String::from("write")),
            (String::from("issues"), String::from("read")),
        ]));
        assert_eq!(app.holds("members=read"), Some(true));
        assert_eq!(app.holds("secrets=read"), Some(false));
        assert_eq!(app.excess(), ["administration=write", "issues=read"]);
    }

    #[test]
    fn a_classic_token_never_lists_the_tokens_of_others_and_a_fine_grained_one_is_not_told() {
        let classic = Granted::Scopes(vec![String::from("admin:org"), String::from("delete_repo")]);
        assert_eq!(classic.holds("organization_secrets=read"), Some(true));
        assert_eq!(classic.holds("secrets=read"), Some(false));
        assert_eq!(classic.holds(APPS_ONLY[0]), Some(false));
        assert_eq!(classic.excess(), ["delete_repo"]);
        assert_eq!(Granted::NotTold.holds("members=read"), None);
        assert_eq!(classic.reads_audit_log(), Some(true));
        let lists_alone = Granted::Scopes(vec![String::from("read:org")]);
        assert_eq!(lists_alone.holds(AUDIT_LOG), Some(true));
        assert_eq!(lists_alone.reads_audit_log(), Some(false));
        assert_eq!(Granted::NotTold.reads_audit_log(), None);
    }

    #[test]
    fn every_right_of_the_table_is_a_scope_or_said_to_be_for_apps_alone() {
        for right in needed() {
            assert!(!super::classic(right).is_empty() || APPS_ONLY.contains(&right), "{right}");
        }
    }
}
