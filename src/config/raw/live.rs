//! What the file says about systems that are read live, one mapping a connector.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::forms::{WrittenDate, WrittenDuration};

use super::connection::RawSecret;

/// An AWS account, or all accounts of an organisation, asked themselves.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawAwsLive {
    /// Partition. Default: `aws`.
    pub(in crate::config) partition: Option<RawPartition>,
    /// Region for everything that has no region of its own. Default: the home region of the partition.
    #[schemars(regex(pattern = "^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$"), extend("x-expected" = "a region such as eu-west-1"))]
    pub(in crate::config) region: Option<String>,
    /// Where the first credential comes from. Default: `default`, the order of the vendor's own tools.
    pub(in crate::config) sign_in: Option<RawAwsSignIn>,
    /// Role that is assumed with it.
    pub(in crate::config) assume: Option<RawAssume>,
    /// Read the other accounts of the organisation as well.
    pub(in crate::config) organisation: Option<RawAwsOrganisation>,
    /// Read IAM Identity Center.
    pub(in crate::config) identity_center: Option<RawIdentityCenter>,
    /// Regions whose EC2 key pairs are read. Default: none.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub(in crate::config) key_pair_regions: Vec<String>,
    /// Look for uses after the end in the event history of CloudTrail. Costs calls for each person of interest.
    pub(in crate::config) cloudtrail: Option<RawCloudTrail>,
    /// Age of a credential report beyond which it is stale. Default: `5h`.
    pub(in crate::config) report_max_age: Option<WrittenDuration>,
    /// One address for every service, for emulators. Default: the vendor's own.
    #[schemars(length(min = 1))]
    pub(in crate::config) endpoint: Option<String>,
}

/// Copies of AWS with accounts and regions of their own.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(in crate::config) enum RawPartition {
    /// The commercial regions.
    #[serde(rename = "aws")]
    Aws,
    /// China.
    #[serde(rename = "aws-cn")]
    China,
    /// GovCloud.
    #[serde(rename = "aws-us-gov")]
    GovCloud,
}

/// Where the first AWS credential comes from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::config) enum RawAwsSignIn {
    /// The vendor's order: environment, profile, web identity, metadata service.
    Default,
    /// The variables of the vendor's own tools.
    Environment,
    /// The role of this instance, from its metadata service.
    Imds,
    /// A profile of the vendor's configuration files, by name.
    Profile(String),
    /// A token of this workload, exchanged for a role.
    WebIdentity {
        /// ARN of the role.
        role_arn: String,
        /// The token; read again for every exchange.
        token: RawSecret,
        /// Name of the session. Default: `holdover`.
        session_name: Option<String>,
    },
    /// A long-term key. Better is a role: a scanner should own no key that it would have to report.
    Key {
        /// Id of the key.
        access_key_id: String,
        /// Its secret.
        secret_access_key: RawSecret,
        /// Session token, for a temporary one.
        session_token: Option<RawSecret>,
    },
}

/// A role that is assumed before anything is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawAssume {
    /// ARN of the role.
    #[schemars(regex(pattern = "^arn:[a-z-]+:iam::[0-9]{12}:role/.+$"), extend("x-expected" = "the ARN of a role"))]
    pub(in crate::config) role: String,
    /// External id that its trust policy asks for.
    #[schemars(length(min = 2, max = 1224))]
    pub(in crate::config) external_id: Option<String>,
    /// Name of the session, by which its own events are told from others. Default: `holdover`.
    #[schemars(regex(pattern = r"^[\w+=,.@-]{2,64}$"))]
    pub(in crate::config) session_name: Option<String>,
}

/// The accounts of an organisation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawAwsOrganisation {
    /// Name of the role that is assumed in every member account, with its path.
    #[schemars(length(min = 1, max = 512))]
    pub(in crate::config) role_name: String,
    /// External id that those roles ask for.
    #[schemars(length(min = 2, max = 1224))]
    pub(in crate::config) external_id: Option<String>,
    /// Name of the sessions. Default: `holdover`.
    #[schemars(regex(pattern = r"^[\w+=,.@-]{2,64}$"))]
    pub(in crate::config) session_name: Option<String>,
    /// Only these accounts. Default: all.
    #[serde(default)]
    pub(in crate::config) include: Vec<String>,
    /// All but these. They keep a run from being clean.
    #[serde(default)]
    pub(in crate::config) exclude: Vec<RawLeftOutAccount>,
    /// Accounts read at the same time. Default: 8.
    #[schemars(range(min = 1, max = 64))]
    pub(in crate::config) accounts_at_once: Option<usize>,
}

/// An account that is left out on purpose.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawLeftOutAccount {
    /// Which.
    pub(in crate::config) account: String,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    pub(in crate::config) reason: String,
    /// Last day it holds.
    pub(in crate::config) until: WrittenDate,
}

/// IAM Identity Center.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawIdentityCenter {
    /// Region of the instance.
    pub(in crate::config) region: String,
    /// Account that owns the instance, where it is another than the configured one.
    pub(in crate::config) owner: Option<String>,
}

/// CloudTrail's event history.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawCloudTrail {
    /// Regions to ask; global services log in the home region of the partition.
    #[schemars(length(min = 1))]
    pub(in crate::config) regions: Vec<String>,
    /// Days to look back. Default: 90, which is what AWS keeps.
    #[schemars(range(min = 1, max = 90))]
    pub(in crate::config) days: Option<u16>,
}

/// A GitHub organisation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawGithub {
    /// Its login.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9-]{0,38}$"), extend("x-expected" = "the login of an organisation"))]
    pub(in crate::config) organisation: String,
    /// Its numeric id: a login can be given up and taken by a stranger, an id cannot.
    pub(in crate::config) organisation_id: Option<u64>,
    /// Address. Default: `https://github.com`; for GitHub Enterprise Server, its own.
    #[schemars(length(min = 1))]
    pub(in crate::config) base: Option<String>,
    /// Which product answers. Default: `cloud` at github.com and ghe.com, `server` elsewhere.
    pub(in crate::config) edition: Option<RawGithubEdition>,
    /// How to sign in.
    pub(in crate::config) sign_in: RawGithubSignIn,
    /// Slug of the enterprise, to read licences and enterprise roles too.
    #[schemars(length(min = 1))]
    pub(in crate::config) enterprise: Option<String>,
    /// Configured id of the identity provider behind single sign-on.
    pub(in crate::config) identity_provider: Option<String>,
    /// Share of the announced limit that may be used: the token's other users keep the rest. Default: 0.5.
    #[schemars(range(min = 0.01, max = 1.0))]
    pub(in crate::config) budget_share: Option<f64>,
    /// Days of the audit log that are asked for. Default: 180, which is what GitHub keeps.
    #[schemars(range(min = 1, max = 180))]
    pub(in crate::config) evidence_days: Option<u16>,
    /// Requests that may be spent on what only a request for each repository can tell. Default: 2400.
    pub(in crate::config) repository_requests: Option<u32>,
}

/// Products of GitHub.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawGithubEdition {
    /// github.com and ghe.com, whatever plan.
    Cloud,
    /// GitHub Enterprise Server.
    Server,
}

/// How to sign in at GitHub.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::config) enum RawGithubSignIn {
    /// A token of a person, classic or fine-grained.
    Token(RawSecret),
    /// An App that is installed in the organisation.
    App {
        /// App id or client id.
        issuer: String,
        /// Private key, PEM.
        private_key: RawSecret,
        /// Installation. Default: found by the organisation.
        installation_id: Option<u64>,
    },
}

/// A Vault or OpenBao cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawVault {
    /// Address, such as `https://vault.example:8200`.
    #[schemars(length(min = 1))]
    pub(in crate::config) address: String,
    /// Id of the cluster it must be (`vault status`). Either this or `cluster_name`.
    #[schemars(length(min = 1))]
    pub(in crate::config) cluster_id: Option<String>,
    /// Name of the cluster it must be.
    #[schemars(length(min = 1))]
    pub(in crate::config) cluster_name: Option<String>,
    /// Namespace to sign in to. Default: the root.
    pub(in crate::config) sign_in_namespace: Option<String>,
    /// How to sign in.
    pub(in crate::config) sign_in: RawVaultSignIn,
    /// Namespaces that are read; `root` is the root, `discover` alone finds all below the one signed in to. Default:
    /// the one signed in to.
    pub(in crate::config) namespaces: Option<Vec<String>>,
    /// Read token accessors. Needs `sudo`, and an accessor is a handle for revocation. Default: false.
    pub(in crate::config) token_accessors: Option<bool>,
    /// Read leases. Needs `sudo`. Default: false.
    pub(in crate::config) leases: Option<bool>,
    /// Read the owners in the metadata of every secret: one call a secret on Vault. Default: false.
    pub(in crate::config) secret_owners: Option<bool>,
    /// Mounts that are read although discovery is not permitted.
    #[serde(default)]
    pub(in crate::config) mounts: Vec<RawVaultMount>,
    /// Keys of metadata that name an owner. Default: `owner`, `owner-email`, `owner_email`, `created_by`,
    /// `requested_by`.
    pub(in crate::config) owner_keys: Option<Vec<String>>,
}

/// A mount.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawVaultMount {
    /// Its namespace. Default: the root.
    pub(in crate::config) namespace: Option<String>,
    /// Its path, without `auth/` for sign-in methods.
    #[schemars(length(min = 1))]
    pub(in crate::config) path: String,
    /// What it is.
    #[schemars(transform = engine_words)]
    pub(in crate::config) engine: String,
}

fn engine_words(schema: &mut schemars::Schema) {
    schema.insert("enum".to_owned(), serde_json::json!(scan_vault::Engine::WORDS));
}

/// How to sign in at Vault.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::config) enum RawVaultSignIn {
    /// A token that somebody else renews.
    Token(RawSecret),
    /// AppRole.
    #[serde(rename = "approle")]
    AppRole {
        /// Where the method is mounted. Default: `approle`.
        mount: Option<String>,
        /// Id of the role.
        role_id: String,
        /// Secret id.
        secret_id: RawSecret,
    },
    /// The service account of a Kubernetes workload.
    Kubernetes {
        /// Where the method is mounted. Default: `kubernetes`.
        mount: Option<String>,
        /// Role.
        role: String,
        /// The service account's token.
        jwt: RawSecret,
    },
    /// A JWT of an issuer that the method trusts.
    Jwt {
        /// Where the method is mounted. Default: `jwt`.
        mount: Option<String>,
        /// Role. Default: the method's own.
        role: Option<String>,
        /// The token.
        jwt: RawSecret,
    },
}

/// An Okta organisation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawOkta {
    /// Address, such as `https://acme.okta.com`. Better the one at Okta than a custom domain.
    #[schemars(length(min = 1))]
    pub(in crate::config) address: String,
    /// The organisation it must be: its id (`00o...`), or the first label of its Okta address.
    #[schemars(length(min = 1))]
    pub(in crate::config) organisation: String,
    /// How to sign in.
    pub(in crate::config) sign_in: RawOktaSignIn,
    /// Profile attributes that carry the number in the roster. Default: `employeeNumber`.
    pub(in crate::config) employee_number_attributes: Option<Vec<String>>,
    /// How far back the system log is searched. Default: `2160h`, the 90 days Okta keeps.
    pub(in crate::config) log_window: Option<WrittenDuration>,
}

/// How to sign in at Okta.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::config) enum RawOktaSignIn {
    /// An OAuth service app with a key pair.
    ServiceApp {
        /// Client id of the app.
        client_id: String,
        /// Id of its public key. Default: what the key itself says.
        key_id: Option<String>,
        /// Private key, PEM or JWK.
        private_key: RawSecret,
    },
    /// An API token. It has all rights of the administrator who made it.
    ApiToken(RawSecret),
}
