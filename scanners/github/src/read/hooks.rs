//! Webhooks: what happens in the organisation is told to an address somebody chose.

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Fact, GrantId, Privilege, ScopeName, Status, Subtype};
use serde::Deserialize;
use url::Url;

use crate::hub::Hub;
use crate::read::audit::{self, Made};
use crate::text::{clean, time};

/// A webhook, without its secret and without what stands behind the host in its address: both are secrets.
#[derive(Debug, Deserialize)]
pub(crate) struct Hook {
    id: u64,
    #[serde(default)]
    active: Option<bool>,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    config: Option<Config>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
struct Config {
    #[serde(default)]
    url: Option<Host>,
}

/// The host of an address, and nothing else of it.
#[derive(Debug)]
struct Host(String);

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let host = match Url::parse(&text) {
            Ok(url) => url.host_str().map_or_else(|| String::from("an address without a host"), String::from),
            Err(_) => String::from("an address that cannot be read"),
        };
        Ok(Self(host))
    }
}

/// One webhook of an organisation or repository.
pub(crate) fn access(hub: &Hub, scope: &ScopeName, place: &str, hook: &Hook) -> Access {
    let status = match hook.active {
        Some(true) => Status::Enabled,
        Some(false) => Status::Disabled,
        None => Status::Unknown,
    };
    let grant = GrantId::from(format!("webhook/{}", hook.id));
    let mut access = Access::new(scope.clone(), AccessKind::Automation, grant, status);
    let host = hook.config.as_ref().and_then(|config| config.url.as_ref()).map(|host| clean(&host.0, 120));
    access.grant_display = Some(format!("webhook {} of {place}", hook.id));
    access.subtype = Some(Subtype::Integration);
    access.target = Some(host.map_or_else(|| String::from(place), |host| format!("{place} to {host}")));
    access.privilege = Privilege::Read;
    access.privilege_reason = Some(format!("is told of {}", clean(&hook.events.join(", "), 200)));
    access.created_at = time(hook.created_at);
    access.rotated_at = time(hook.updated_at);
    access.last_used_at = Fact::Hidden(String::from("deliveries are not read"));
    access.expires_at = Fact::None;
    access.evidence.push(String::from("GitHub does not show who made a webhook; the audit log does, for 180 days"));
    audit::attach(hub, &mut access, &[Made::Hook(hook.id)]);
    access
}
