//! Settings of the scanners that ask a system itself.

use scan_contract::SystemId;
use scan_transport::{Connection, SecretRef};
use url::Url;

use super::super::raw::connection::RawSecret;
use super::super::raw::live::{
    RawAwsLive, RawAwsOrganisation, RawAwsSignIn, RawGithub, RawGithubEdition, RawGithubSignIn, RawLeftOutAccount,
    RawOkta, RawOktaSignIn, RawPartition, RawVault, RawVaultMount, RawVaultSignIn,
};
use super::super::valid::Connector;
use super::Check;
use super::connection::{secret, system_address};

/// One connector's part of a system, with what all of them share.
pub(super) struct Part<'a> {
    /// Place of the mapping, such as `/systems/2/github`.
    pub(super) at: &'a str,
    /// Configured id.
    pub(super) id: &'a SystemId,
    /// How it is reached.
    pub(super) connection: Connection,
}

impl Part<'_> {
    fn pointer(&self, below: &str) -> String {
        format!("{}/{below}", self.at)
    }

    fn secret(&self, check: &mut Check<'_>, below: &str, raw: RawSecret) -> Option<SecretRef> {
        secret(check, &self.pointer(below), raw)
    }

    fn address(&self, check: &mut Check<'_>, below: &str, text: &str) -> Option<Url> {
        system_address(check, &self.pointer(below), text, &self.connection)
    }

    fn account(&self, check: &mut Check<'_>, below: &str, text: &str) -> Option<scan_aws::AccountId> {
        let account = scan_aws::AccountId::parse(text);
        if account.is_none() {
            let pointer = self.pointer(below);
            let says = format!("{} is no account", check.shown(&pointer, text));
            check.say_help(&pointer, says, "twelve digits, in quotes");
        }
        account
    }
}

pub(super) fn github(check: &mut Check<'_>, part: Part<'_>, raw: RawGithub) -> Option<Connector> {
    let base = part.address(check, "base", raw.base.as_deref().unwrap_or("https://github.com"));
    let sign_in = match raw.sign_in {
        RawGithubSignIn::Token(token) => part.secret(check, "sign_in/token", token).map(scan_github::SignIn::Token),
        RawGithubSignIn::App { issuer, private_key, installation_id } => {
            let private_key = part.secret(check, "sign_in/app/private_key", private_key);
            private_key.map(|private_key| scan_github::SignIn::App { issuer, private_key, installation_id })
        }
    };
    let organisation = scan_github::Organisation { login: raw.organisation, id: raw.organisation_id };
    let mut settings = scan_github::Settings::new(part.id.clone(), organisation, base?, sign_in?);
    settings.edition = match raw.edition {
        None => settings.edition,
        Some(RawGithubEdition::Cloud) => scan_github::Edition::Cloud,
        Some(RawGithubEdition::Server) => scan_github::Edition::Server,
    };
    settings.enterprise = raw.enterprise;
    settings.identity_provider = raw.identity_provider.map(SystemId::from);
    settings.budget_share = raw.budget_share.unwrap_or(settings.budget_share);
    settings.evidence_days = raw.evidence_days.unwrap_or(settings.evidence_days);
    settings.repository_requests = raw.repository_requests.unwrap_or(settings.repository_requests);
    settings.connection = part.connection;
    Some(Connector::Github(Box::new(settings)))
}

pub(super) fn okta(check: &mut Check<'_>, part: Part<'_>, raw: RawOkta) -> Option<Connector> {
    let url = part.address(check, "address", &raw.address)?;
    let address = scan_okta::Address::parse(url.as_str());
    if address.is_none() {
        check.say_help(&part.pointer("address"), "has a path", "the organisation's address alone");
    }
    let sign_in = match raw.sign_in {
        RawOktaSignIn::ServiceApp { client_id, key_id, private_key } => part
            .secret(check, "sign_in/service_app/private_key", private_key)
            .map(|key| scan_okta::SignIn::ServiceApp { client_id, key_id, key }),
        RawOktaSignIn::ApiToken(token) => {
            part.secret(check, "sign_in/api_token", token).map(|token| scan_okta::SignIn::ApiToken { token })
        }
    };
    let organisation = scan_okta::Organisation::parse(&raw.organisation);
    let mut settings = scan_okta::Settings::new(part.id.clone(), address?, organisation, sign_in?);
    if let Some(attributes) = raw.employee_number_attributes {
        settings.employee_number_attributes = attributes;
    }
    settings.log_window = raw.log_window.map_or(settings.log_window, |window| window.0);
    settings.connection = part.connection;
    Some(Connector::Okta(Box::new(settings)))
}

pub(super) fn vault(check: &mut Check<'_>, part: Part<'_>, raw: RawVault) -> Option<Connector> {
    let address = part.address(check, "address", &raw.address);
    let cluster = match (raw.cluster_id, raw.cluster_name) {
        (Some(id), None) => Some(scan_vault::Cluster::Id(id)),
        (None, Some(name)) => Some(scan_vault::Cluster::Name(name)),
        (Some(_), Some(_)) => {
            check.say(
                part.at,
                "`cluster_id` and `cluster_name` stand side by side; one of them says which cluster it is",
            );
            None
        }
        (None, None) => {
            let help = "`vault status` shows both; without one, another cluster could answer and be taken for this one";
            check.say_help(part.at, "`cluster_id` or `cluster_name` is missing", help);
            None
        }
    };
    let sign_in = vault_sign_in(check, &part, raw.sign_in);
    let mut settings = scan_vault::Settings::new(part.id.as_str(), address?, cluster?, sign_in?);
    let root = |name: String| if name == "root" { String::new() } else { name };
    settings.sign_in_namespace = raw.sign_in_namespace.map_or_else(String::new, root);
    settings.namespaces = match raw.namespaces {
        Some(names) if names.len() == 1 && names[0] == "discover" => scan_vault::Namespaces::Discover,
        Some(names) => {
            if names.is_empty() || names.iter().any(|name| name == "discover") {
                let help = "list the namespaces, or write [discover] alone";
                check.say_help(&part.pointer("namespaces"), "names no namespace, or `discover` beside others", help);
            }
            scan_vault::Namespaces::Listed(names.into_iter().map(root).collect())
        }
        None => scan_vault::Namespaces::Listed(vec![settings.sign_in_namespace.clone()]),
    };
    let switch = |on: Option<bool>| {
        if on == Some(true) { scan_vault::Switch::On } else { scan_vault::Switch::Off }
    };
    settings.token_accessors = switch(raw.token_accessors);
    settings.leases = switch(raw.leases);
    settings.secret_owners = switch(raw.secret_owners);
    settings.mounts = raw
        .mounts
        .into_iter()
        // The schema knows the words.
        .filter_map(|RawVaultMount { namespace, path, engine }| {
            let engine = scan_vault::Engine::parse(&engine)?;
            let namespace = namespace.map_or_else(String::new, root);
            Some(scan_vault::ListedMount { namespace, path, engine })
        })
        .collect();
    if let Some(keys) = raw.owner_keys {
        settings.owner_keys = keys;
    }
    settings.connection = part.connection;
    Some(Connector::Vault(Box::new(settings)))
}

fn vault_sign_in(check: &mut Check<'_>, part: &Part<'_>, raw: RawVaultSignIn) -> Option<scan_vault::SignIn> {
    let mounted = |mount: Option<String>, usual: &str| mount.unwrap_or_else(|| String::from(usual));
    match raw {
        RawVaultSignIn::Token(token) => part.secret(check, "sign_in/token", token).map(scan_vault::SignIn::Token),
        RawVaultSignIn::AppRole { mount, role_id, secret_id } => part
            .secret(check, "sign_in/approle/secret_id", secret_id)
            .map(|secret_id| scan_vault::SignIn::AppRole { mount: mounted(mount, "approle"), role_id, secret_id }),
        RawVaultSignIn::Kubernetes { mount, role, jwt } => part
            .secret(check, "sign_in/kubernetes/jwt", jwt)
            .map(|jwt| scan_vault::SignIn::Kubernetes { mount: mounted(mount, "kubernetes"), role, jwt }),
        RawVaultSignIn::Jwt { mount, role, jwt } => part.secret(check, "sign_in/jwt/jwt", jwt).map(|jwt| {
            let role = role.unwrap_or_else(String::new);
            scan_vault::SignIn::Jwt { mount: mounted(mount, "jwt"), role, jwt }
        }),
    }
}

/// What the connector `aws` has beside `live`.
pub(super) struct AwsShared {
    pub(super) account: Option<String>,
    pub(super) owner_tags: Option<Vec<String>>,
    pub(super) email_tags: Option<Vec<String>>,
}

pub(super) fn aws(check: &mut Check<'_>, part: Part<'_>, shared: AwsShared, raw: RawAwsLive) -> Option<Connector> {
    use scan_aws::live;
    let sign_in = raw.sign_in.map_or(Some(live::SignIn::Default), |raw| aws_sign_in(check, &part, raw));
    let endpoint = raw.endpoint.map(|text| part.address(check, "endpoint", &text));
    let organisation = raw.organisation.map(|raw| aws_organisation(check, &part, raw));
    let identity_center = raw.identity_center.map(|raw| {
        let owner = raw.owner.map(|owner| part.account(check, "identity_center/owner", &owner));
        (raw.region, owner)
    });
    // The schema knows the form of an account; that it is there was checked before.
    let account = scan_aws::AccountId::parse(&shared.account?)?;
    let mut settings = live::Settings::new(part.id.clone(), account);
    settings.partition = match raw.partition {
        None | Some(RawPartition::Aws) => live::Partition::Aws,
        Some(RawPartition::China) => live::Partition::China,
        Some(RawPartition::GovCloud) => live::Partition::GovCloud,
    };
    settings.region = raw.region.unwrap_or_else(|| String::from(settings.partition.home_region()));
    settings.sign_in = sign_in?;
    let session = |name: Option<String>| name.unwrap_or_else(live::Settings::default_session_name);
    settings.assume = raw.assume.map(|raw| live::Assume {
        role: raw.role,
        external_id: raw.external_id,
        session_name: session(raw.session_name),
    });
    settings.organisation = match organisation {
        None => None,
        Some(organisation) => Some(organisation?),
    };
    settings.identity_center = match identity_center {
        None => None,
        Some((region, None)) => Some(live::IdentityCenter { region, owner: None }),
        Some((region, Some(owner))) => Some(live::IdentityCenter { region, owner: Some(owner?) }),
    };
    settings.key_pair_regions = raw.key_pair_regions;
    settings.cloudtrail =
        raw.cloudtrail.map(|raw| live::CloudTrail { regions: raw.regions, days: raw.days.unwrap_or(90) });
    settings.report_max_age = raw.report_max_age.map_or(settings.report_max_age, |age| age.0);
    settings.endpoint = match endpoint {
        None => None,
        Some(endpoint) => Some(endpoint?),
    };
    if let Some(tags) = shared.owner_tags {
        settings.owner_tags = tags;
    }
    if let Some(tags) = shared.email_tags {
        settings.email_tags = tags;
    }
    settings.connection = part.connection;
    Some(Connector::AwsLive(Box::new(settings)))
}

fn aws_sign_in(check: &mut Check<'_>, part: &Part<'_>, raw: RawAwsSignIn) -> Option<scan_aws::live::SignIn> {
    use scan_aws::live::SignIn;
    match raw {
        RawAwsSignIn::Default => Some(SignIn::Default),
        RawAwsSignIn::Environment => Some(SignIn::Environment),
        RawAwsSignIn::Imds => Some(SignIn::Imds { endpoint: None }),
        RawAwsSignIn::Profile(name) => Some(SignIn::Profile { name }),
        RawAwsSignIn::WebIdentity { role_arn, token, session_name } => {
            let token = part.secret(check, "sign_in/web_identity/token", token);
            let session_name = session_name.unwrap_or_else(scan_aws::live::Settings::default_session_name);
            token.map(|token| SignIn::WebIdentity { role_arn, token, session_name })
        }
        RawAwsSignIn::Key { access_key_id, secret_access_key, session_token } => {
            let secret_access_key = part.secret(check, "sign_in/key/secret_access_key", secret_access_key);
            let session_token = match session_token {
                None => None,
                Some(raw) => Some(part.secret(check, "sign_in/key/session_token", raw)?),
            };
            secret_access_key.map(|secret_access_key| SignIn::Key { access_key_id, secret_access_key, session_token })
        }
    }
}

fn aws_organisation(
    check: &mut Check<'_>,
    part: &Part<'_>,
    raw: RawAwsOrganisation,
) -> Option<scan_aws::live::Organisation> {
    use scan_aws::live;
    let count = (raw.include.len(), raw.exclude.len());
    let mut organisation = live::Organisation::new(raw.role_name);
    organisation.external_id = raw.external_id;
    organisation.session_name = raw.session_name.unwrap_or_else(live::Settings::default_session_name);
    organisation.accounts_at_once = raw.accounts_at_once.unwrap_or(organisation.accounts_at_once);
    for (position, text) in raw.include.iter().enumerate() {
        organisation.include.extend(part.account(check, &format!("organisation/include/{position}"), text));
    }
    for (position, RawLeftOutAccount { account, reason, until }) in raw.exclude.into_iter().enumerate() {
        let below = format!("organisation/exclude/{position}/account");
        let until = until.0.format("%Y-%m-%d").to_string();
        let account = part.account(check, &below, &account);
        organisation.exclude.extend(account.map(|account| live::LeftOut { account, reason, until }));
    }
    (count == (organisation.include.len(), organisation.exclude.len())).then_some(organisation)
}
