//! What the configuration says about one organisation.

use scan_contract::SystemId;
use scan_transport::{AllowList, Connection, Dialect, OriginRule, PaceSettings, SecretRef};
use url::Url;

use crate::allow;

/// Host of GitHub's own interface.
const CLOUD_HOST: &str = "github.com";
/// Hosts of tenants whose data stays in one region; they answer at `api.` of their own.
const RESIDENT: &str = ".ghe.com";
/// Where github.com answers.
const CLOUD_API: &str = "https://api.github.com";
/// Days of the audit log that are asked for: the platform keeps 180.
pub const EVIDENCE_DAYS: u16 = 180;
/// Requests that one run may spend on what only a request for each repository can tell.
pub const REPOSITORY_REQUESTS: u32 = 2_400;
/// Objects a page; the most the interface gives.
pub const PAGE_SIZE: u16 = 100;
/// Share of the announced limit that may be used by default: the token's other users keep the rest.
pub const BUDGET_SHARE: f64 = 0.5;
/// The version of the interface this scanner was written against (`X-GitHub-Api-Version`).
pub const API_VERSION: &str = "2022-11-28";

/// The organisation that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its login, as in `https://github.com/LOGIN`.
    pub login: String,
    /// Its numeric id. A login can be given up and taken by a stranger, an id cannot: where it is set, an organisation
    /// with another id is a wrong system.
    pub id: Option<u64>,
}

/// How we sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// A token of a person: classic or fine-grained. It cannot list fine-grained tokens of others.
    Token(SecretRef),
    /// A GitHub App that is installed in the organisation. What is asked for more can be seen with it, and its tokens
    /// live one hour.
    App {
        /// App id or client id: the issuer of its signed claims.
        issuer: String,
        /// Private key, PEM.
        private_key: SecretRef,
        /// Installation; found by the organisation's name where it is not given.
        installation_id: Option<u64>,
    },
}

/// Which product answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// github.com, whatever plan.
    Cloud,
    /// GitHub Enterprise Server at a host of its own.
    Server,
}

/// Settings of this scanner.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Configured id of the system.
    pub system: SystemId,
    /// The organisation.
    pub organisation: Organisation,
    /// `https://github.com`, `https://TENANT.ghe.com`, or the address of a GitHub Enterprise Server, without a path.
    pub base: Url,
    /// Which product answers there: [`Settings::new`] tells it from the host.
    pub edition: Edition,
    /// How we sign in.
    pub sign_in: SignIn,
    /// Slug of the enterprise, where licences and enterprise roles are to be read too.
    pub enterprise: Option<String>,
    /// Configured id of the identity provider behind single sign-on, for joining the same identity in both systems.
    pub identity_provider: Option<SystemId>,
    /// `X-GitHub-Api-Version`.
    pub api_version: String,
    /// Share of the announced rate limit that may be used, 0 to 1.
    pub budget_share: f64,
    /// Days of the audit log that are asked for.
    pub evidence_days: u16,
    /// Requests that may be spent on what only a request for each repository can tell: webhooks, secrets, runners and
    /// invitations of repositories. What lies beyond is a gap that says how many repositories were not asked.
    pub repository_requests: u32,
    /// Objects a page, 1 to 100. Fewer spare an appliance that answers slowly.
    pub page_size: u16,
    /// How it is reached.
    pub connection: Connection,
}

impl Settings {
    /// An organisation with the usual settings.
    pub fn new(system: SystemId, organisation: Organisation, base: Url, sign_in: SignIn) -> Self {
        let edition = match base.host_str() {
            Some(host) if host == CLOUD_HOST || host.ends_with(RESIDENT) => Edition::Cloud,
            Some(_) | None => Edition::Server,
        };
        Self {
            system,
            organisation,
            base,
            edition,
            sign_in,
            enterprise: None,
            identity_provider: None,
            api_version: String::from(API_VERSION),
            budget_share: BUDGET_SHARE,
            evidence_days: EVIDENCE_DAYS,
            repository_requests: REPOSITORY_REQUESTS,
            page_size: PAGE_SIZE,
            connection: Connection::default(),
        }
    }

    /// A page of at most `most` objects.
    pub(crate) fn page(&self, most: u32) -> u32 {
        u32::from(self.page_size.clamp(1, PAGE_SIZE)).min(most)
    }

    /// Address below which the REST interface answers, without a slash at the end.
    pub(crate) fn rest(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        match self.edition {
            Edition::Cloud if host == CLOUD_HOST => String::from(CLOUD_API),
            Edition::Cloud if host.ends_with(RESIDENT) && !host.starts_with("api.") => format!("https://api.{host}"),
            Edition::Cloud => self.origin(),
            Edition::Server => format!("{}/api/v3", self.origin()),
        }
    }

    /// Address of the GraphQL interface.
    pub(crate) fn graphql(&self) -> String {
        match self.edition {
            Edition::Cloud => format!("{}/graphql", self.rest()),
            Edition::Server => format!("{}/api/graphql", self.origin()),
        }
    }

    fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The requests that may be sent: the same for both editions, below different paths.
    pub fn allow(&self) -> &'static AllowList {
        match self.edition {
            Edition::Cloud => &allow::ALLOW,
            Edition::Server => &allow::ALLOW_SERVER,
        }
    }

    /// What the door is told. The share of the budget goes into its pace.
    pub fn door(&self) -> scan_transport::Settings {
        let mut connection = self.connection.clone();
        let mut pace =
            connection.pace.unwrap_or(PaceSettings { per_second: 10.0, burst: 10, ..PaceSettings::default() });
        pace.share = self.budget_share.clamp(0.0, 1.0);
        connection.pace = Some(pace);
        let rest = Url::parse(&self.rest());
        let origin = rest.ok().and_then(|url| OriginRule::of(&url, connection.reach()));
        let origins = origin.into_iter().collect();
        scan_transport::Settings::new(self.system.as_str(), origins, Dialect::GitHub, connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base: &str) -> Settings {
        let organisation = Organisation { login: String::from("acme"), id: None };
        let token = SignIn::Token(SecretRef::Environment(String::from("TOKEN")));
        Settings::new("gh".into(), organisation, Url::parse(base).expect("an address"), token)
    }

    #[test]
    fn github_answers_at_a_host_of_its_own_and_a_server_below_paths() {
        let cloud = settings("https://github.com");
        assert_eq!((cloud.edition, cloud.rest().as_str()), (Edition::Cloud, "https://api.github.com"));
        assert_eq!(cloud.graphql(), "https://api.github.com/graphql");
        let server = settings("https://git.acme.example");
        assert_eq!((server.edition, server.rest().as_str()), (Edition::Server, "https://git.acme.example/api/v3"));
        assert_eq!(settings("https://acme.ghe.com").rest(), "https://api.acme.ghe.com");
        assert_eq!(server.graphql(), "https://git.acme.example/api/graphql");
    }

    #[test]
    fn the_share_of_the_budget_reaches_the_pace_and_the_credential_goes_to_one_origin() {
        let mut cloud = settings("https://github.com");
        cloud.budget_share = 0.2;
        let door = cloud.door();
        assert!(door.connection.pace.is_some_and(|pace| (pace.share - 0.2).abs() < f64::EPSILON));
        let hosts: Vec<&str> = door.origins.iter().map(|origin| origin.host.as_str()).collect();
        assert_eq!(hosts, ["api.github.com"]);
    }
}
