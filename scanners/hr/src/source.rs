//! What is read, and how: the settings of one source.

use std::collections::BTreeMap;

use scan_contract::Cause;
use scan_transport::{AllowList, Connection, Dialect, OriginRule, PaceSettings, SecretRef, Settings};
use url::Url;

use crate::column::Column;
use crate::http_json::HttpJson;
use crate::{bamboohr, entra, hibob, leak, okta, personio, rippling, workday};

/// Whether a source must tell of somebody who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leavers {
    /// A list without a single leaver is not believed: default filters hide just them.
    Expected,
    /// Nobody ever left, or the source cannot tell. It is said.
    MayBeNone,
}

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// ISO 8601, with or without an offset, which is cut off.
    Iso,
    /// As they come: the roster's reader has the pattern.
    AsWritten,
}

/// One source of the roster that is asked over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Configured id.
    pub id: String,
    /// What is asked.
    pub system: System,
    /// How it is reached.
    pub connection: Connection,
    /// Column to the field of the source that fills it, in the source's words; instead of the usual one.
    pub columns: BTreeMap<Column, String>,
    /// Column to further fields, read in order where the first is empty.
    pub fallbacks: BTreeMap<Column, Vec<String>>,
    /// Place of work to zone of the tz database.
    pub zones: BTreeMap<String, String>,
    /// Canonical sort of employment of whoever has none.
    pub employment_type: String,
    /// Words of the status that mean that somebody left.
    pub ended_words: Vec<String>,
    /// Texts that mean that there is none.
    pub none_values: Vec<String>,
    /// How dates are written.
    pub dates: Dates,
    /// Whether somebody must have left.
    pub leavers: Leavers,
}

/// The systems that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum System {
    /// BambooHR, custom report.
    BambooHr(bamboohr::BambooHr),
    /// Workday, report as a service.
    Workday(workday::Workday),
    /// HiBob, people search.
    HiBob(hibob::HiBob),
    /// Personio, interface version 2.
    Personio(personio::Personio),
    /// Rippling, REST interface.
    Rippling(rippling::Rippling),
    /// Okta, as a second source.
    Okta(okta::Okta),
    /// Entra ID, as a second source.
    Entra(entra::Entra),
    /// Anything that answers with JSON.
    HttpJson(Box<HttpJson>),
}

impl Source {
    /// What the door to it is told.
    ///
    /// # Errors
    /// An address that is no origin.
    pub fn door(&self) -> Result<Settings, Cause> {
        let (urls, dialect) = match &self.system {
            System::BambooHr(system) => (vec![system.base.clone()], Dialect::BambooHr),
            System::Workday(system) => (vec![system.base.clone()], Dialect::Plain),
            System::HiBob(system) => (vec![system.base.clone()], Dialect::Plain),
            System::Personio(system) => (vec![system.base.clone()], Dialect::Plain),
            System::Rippling(system) => (vec![system.base.clone()], Dialect::Plain),
            System::Okta(system) => (vec![system.base.clone()], Dialect::Okta),
            System::Entra(system) => (vec![system.base.clone(), system.login.clone()], Dialect::Graph),
            System::HttpJson(system) => (system.urls(), Dialect::Plain),
        };
        let mut origins: Vec<OriginRule> = Vec::new();
        for url in &urls {
            let rule = OriginRule::of(url, self.connection.reach()).ok_or_else(|| Cause::Malformed {
                what: format!("the roster source {}: an address is neither http nor https, or holds a user", self.id),
            })?;
            if !origins.contains(&rule) {
                origins.push(rule);
            }
        }
        // Sources and systems may be called the same; their recordings may not.
        Ok(Settings::new(format!("roster-{}", self.id), origins, dialect, self.connection.clone()))
    }

    /// What may be sent to it, and what of the answers may be recorded. One list a system; a source that maps fields of
    /// its own, or has an address of its own (`http_json`), has a list of its own, which is made at each call and stays:
    /// ask once a source.
    pub fn allow(&self) -> &'static AllowList {
        let usual = match &self.system {
            System::BambooHr(_) => &bamboohr::ALLOW,
            System::Workday(_) => &workday::ALLOW,
            System::HiBob(_) => &hibob::ALLOW,
            System::Personio(_) => &personio::ALLOW,
            System::Rippling(_) => &rippling::ALLOW,
            System::Okta(_) => &okta::ALLOW,
            System::Entra(_) => &entra::ALLOW,
            System::HttpJson(system) => {
                return system.allow(self.columns.values().chain(self.fallbacks.values().flatten()));
            }
        };
        leak::keeping(usual, self.columns.values().chain(self.fallbacks.values().flatten()))
    }

    /// Address that is asked, without its query: for messages.
    pub fn shown(&self) -> String {
        let url = match &self.system {
            System::BambooHr(system) => system.url(),
            System::Workday(system) => system.url(),
            System::HiBob(system) => system.url(),
            System::Personio(system) => system.url(),
            System::Rippling(system) => system.url(),
            System::Okta(system) => system.url(),
            System::Entra(system) => system.url(),
            System::HttpJson(system) => system.url.clone(),
        };
        without_query(&url)
    }
}

impl System {
    /// Whether it lists accounts: then it may confirm employment and never extends it.
    pub fn is_directory(&self) -> bool {
        matches!(self, Self::Okta(_) | Self::Entra(_))
    }
}

/// Scheme, host, port and path.
pub(crate) fn without_query(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    String::from(bare)
}

/// The pace that suits a source: lists are few requests, and nobody waits for them. Personio needs one a person.
pub fn usual_pace(one_a_person: bool) -> PaceSettings {
    let in_flight = if one_a_person { 4 } else { 2 };
    PaceSettings { per_second: 5.0, burst: 5, in_flight, ..PaceSettings::default() }
}

/// How somebody signs in with a client's own credential (OAuth 2.0 client credentials).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Client id.
    pub id: String,
    /// What proves it.
    pub proof: ClientProof,
}

/// What proves who a client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientProof {
    /// A secret.
    Secret(SecretRef),
    /// A signed statement that something else makes and renews (workload identity).
    Assertion(SecretRef),
}
