//! What the configuration says about one Okta organisation.

use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;

use scan_contract::SystemId;
use scan_transport::{AllowList, Connection, Dialect, OriginRule, PaceSettings, SecretRef};
use url::Url;

use crate::allow::ALLOW;

/// Days of the system log that are searched. Okta keeps 90 days.
pub const LOG_DAYS: u64 = 90;

/// The usual attribute for the number in the roster.
const NUMBER: &str = "employeeNumber";

/// The organisation a credential must lead to (CMP-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Organisation {
    /// Its immutable id (`00o…`), as `/.well-known/okta-organization` and the Admin Console show it.
    Id(String),
    /// The first label of its Okta address: `acme` of `acme.okta.com`.
    Subdomain(String),
}

impl Organisation {
    /// The organisation written as `text`: an id begins with `00o` and has twenty characters.
    pub fn parse(text: &str) -> Self {
        let is_id =
            text.len() == 20 && text.starts_with("00o") && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_id { Self::Id(String::from(text)) } else { Self::Subdomain(text.to_ascii_lowercase()) }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Id(text) | Self::Subdomain(text) => text,
        }
    }
}

impl fmt::Display for Organisation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Address of an organisation: scheme, host and port, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    host: String,
    port: u16,
}

impl Address {
    /// The address written as `text`, such as `https://acme.okta.com`. `None` without a host, with user information,
    /// with a path, or with a scheme other than `https` and `http` (which the door allows to loopback only).
    pub fn parse(text: &str) -> Option<Self> {
        let Ok(url) = Url::parse(text) else { return None };
        let bare = url.username().is_empty() && url.password().is_none() && matches!(url.scheme(), "https" | "http");
        let only_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let host = url.host_str().filter(|_| bare && only_origin).map(String::from)?;
        let port = url.port_or_known_default()?;
        Some(Self { url, host, port })
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Host name.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// How the scanner signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// An OAuth service app with a key pair (`private_key_jwt`): tokens that live an hour, with read scopes only.
    ServiceApp {
        /// Client id of the app (`0oa…`).
        client_id: String,
        /// Id of the public key in the app. `None`: the `kid` of the JWK; without one, Okta tries every key of the app.
        key_id: Option<String>,
        /// The private key: PEM (RSA or EC P-256), or a JWK as the Admin Console shows it.
        key: SecretRef,
    },
    /// An API token (`SSWS`). It has all rights of the administrator who made it, and dies with their account.
    ApiToken {
        /// The token.
        token: SecretRef,
    },
}

/// Settings of this scanner.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Configured id of the system, for messages.
    pub system: SystemId,
    /// Address of the organisation. Better the one at `okta.com` than a custom domain: links to next pages lead there.
    pub address: Address,
    /// The organisation the address must belong to.
    pub organisation: Organisation,
    /// How the scanner signs in.
    pub sign_in: SignIn,
    /// Profile attributes that carry the number in the roster, the first that is not empty counts.
    pub employee_number_attributes: Vec<String>,
    /// How far back the system log is searched for use after the end.
    pub log_window: Duration,
    /// Most objects asked for in one request, for an organisation whose replies time out. `None`: as many as Okta gives.
    pub page: Option<NonZeroU16>,
    /// How Okta is reached.
    pub connection: Connection,
}

impl Settings {
    /// Settings with the usual attribute and log window.
    pub fn new(system: SystemId, address: Address, organisation: Organisation, sign_in: SignIn) -> Self {
        Self {
            system,
            address,
            organisation,
            sign_in,
            employee_number_attributes: vec![String::from(NUMBER)],
            log_window: Duration::from_secs(LOG_DAYS * 86_400),
            page: None,
            connection: Connection::default(),
        }
    }

    /// What may be sent, and what of the answers a recording keeps: [`ALLOW`], with the attributes that carry the number in
    /// the roster, since without them a replay would not know whose an account is.
    pub fn allow(&self) -> &'static AllowList {
        let own = self.employee_number_attributes.iter().filter(|name| *name != NUMBER).cloned();
        ALLOW.keeping(own)
    }

    /// What the door has to know: one origin, and Okta's way to say "slow down".
    pub fn door(&self) -> scan_transport::Settings {
        let origin = OriginRule {
            scheme: String::from(self.address.url.scheme()),
            host: self.address.host.clone(),
            port: self.address.port,
            reach: self.connection.reach(),
        };
        let mut connection = self.connection.clone();
        connection.pace.get_or_insert(usual_pace());
        scan_transport::Settings::new(self.system.as_str(), vec![origin], Dialect::Okta, connection)
    }
}

/// Okta counts requests a minute in buckets of its own for each kind of path and says in every reply what is left; what
/// is here only keeps the first seconds polite.
fn usual_pace() -> PaceSettings {
    PaceSettings { per_second: 8.0, burst: 16, in_flight: 6, ..PaceSettings::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_is_an_id_or_a_subdomain() {
        assert_eq!(Organisation::parse("00o5rb5mt2H3d1TJd0h7"), Organisation::Id(String::from("00o5rb5mt2H3d1TJd0h7")));
        assert_eq!(Organisation::parse("Acme"), Organisation::Subdomain(String::from("acme")));
        assert_eq!(Organisation::parse("00o-short"), Organisation::Subdomain(String::from("00o-short")));
    }

    #[test]
    fn a_door_needs_an_address_with_a_host_and_nothing_secret_in_it() {
        let token = SignIn::ApiToken { token: SecretRef::Environment(String::from("OKTA")) };
        let address = Address::parse("https://acme.okta.com").expect("an address");
        let door = Settings::new(SystemId::new("okta"), address, Organisation::parse("acme"), token).door();
        assert_eq!(door.origins.len(), 1);
        assert_eq!((door.origins[0].host.as_str(), door.origins[0].port), ("acme.okta.com", 443));
        for wrong in ["https://user:secret@acme.okta.com/", "ftp://acme.okta.com/", "https://acme.okta.com/x", "acme"] {
            assert_eq!(Address::parse(wrong), None, "{wrong:?} must be refused");
        }
    }
}
