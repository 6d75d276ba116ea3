//! The scanner.

use std::sync::Arc;

use async_trait::async_trait;
use scan_contract::scanner::{AccessRef, Look};
use scan_contract::{Cause, Effort, Identity, Manifest, Outlet, Pass, Rights, Scanner, Sealed};
use scan_transport::{Door, Secrets};

use crate::client::Client;
use crate::read::{Reader, api_tokens, apps, follow, policies, roles, users};
use crate::scopes::{self, ADMIN_ROLES, API_TOKENS, APPS, FOLLOW_UPS, SESSION_POLICIES, USERS};
use crate::settings::{Organisation, Settings};
use crate::sign_in::OktaCredential;
use crate::wire::OrganisationReply;
use crate::{look, rights};

/// The way out, and where secrets are kept.
pub struct Ways {
    /// A door made from [`Settings::door`] and [`Settings::allow`].
    pub door: Door,
    /// Fetches the secrets that the settings name.
    pub secrets: Arc<dyn Secrets>,
}

/// Reads one Okta organisation.
pub struct Okta {
    manifest: Manifest,
    reader: Arc<Reader>,
    /// `None` when a recording is read.
    credential: Option<Arc<OktaCredential>>,
}

/// The connector's description, from `manifest.yaml`.
pub fn manifest() -> Result<Manifest, String> {
    Manifest::parse(include_str!("../manifest.yaml"))
}

impl Okta {
    /// A scanner for one organisation. Nothing is sent yet.
    ///
    /// # Errors
    /// `Bug` only: a defect of this crate.
    pub fn new(settings: Settings, ways: Ways) -> Result<Self, Cause> {
        let manifest =
            manifest().map_err(|error| Cause::Bug { what: format!("manifest of the okta scanner: {error}") })?;
        let Ways { door, secrets } = ways;
        let base = settings.address.url().clone();
        if door.replays() {
            let reader = Reader::new(Client::new(door, base), settings);
            return Ok(Self { manifest, reader, credential: None });
        }
        let credential = Arc::new(OktaCredential::new(&settings, door.clone(), secrets)?);
        let signed = door.with_credential(Arc::<OktaCredential>::clone(&credential));
        let reader = Reader::new(Client::new(signed, base), settings);
        Ok(Self { manifest, reader, credential: Some(credential) })
    }
}

/// What the organisation says it is, in the terms of what was declared.
fn found(declared: &Organisation, reply: &OrganisationReply) -> String {
    match declared {
        Organisation::Id(_) => reply.id.clone(),
        Organisation::Subdomain(_) => {
            let address = reply.links.organization.as_ref().map(|link| url::Url::parse(&link.href));
            let host = match &address {
                Some(Ok(url)) => url.host_str(),
                Some(Err(_)) | None => None,
            };
            host.and_then(|host| host.split('.').next())
                .map_or_else(|| format!("organisation {}, which names no address", reply.id), str::to_ascii_lowercase)
        }
    }
}

#[async_trait]
impl Scanner for Okta {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        let declared = &self.reader.settings.organisation;
        let reply = self.reader.organisation().await?;
        Ok(Identity { declared: declared.to_string(), found: found(declared, reply) })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        Ok(scopes::declare())
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let outlet = Arc::new(outlet);
        let first = pass.scopes.first().map_or("", |scope| scope.kind.as_str());
        match first {
            kind if FOLLOW_UPS.contains(&kind) => follow::read(&self.reader, pass, &outlet).await?,
            ADMIN_ROLES => roles::read(&self.reader, &outlet).await?,
            API_TOKENS => api_tokens::read(&self.reader, &outlet).await?,
            SESSION_POLICIES => policies::read(&self.reader, &outlet).await?,
            kind if kind == USERS || kind == scopes::PASSWORDS => users::read(&self.reader, pass, &outlet).await?,
            kind if kind == APPS || apps::SERVES.contains(&kind) => apps::read(&self.reader, pass, &outlet).await?,
            kind => return Err(Cause::Bug { what: format!("the okta scanner has no walk for the scope kind {kind}") }),
        }
        match Arc::try_unwrap(outlet) {
            Ok(outlet) => Ok(outlet.finish()),
            Err(_) => Err(Cause::Bug { what: String::from("a read of the okta scanner outlived its pass") }),
        }
    }

    async fn look(&self, access: &AccessRef) -> Result<Look, Cause> {
        look::look(&self.reader, access).await
    }

    async fn check_rights(&self) -> Result<Option<Rights>, Cause> {
        match &self.credential {
            Some(credential) => rights::check(&self.reader, credential).await.map(Some),
            None => Ok(None),
        }
    }

    fn policy(&self) -> Option<String> {
        Some(rights::policy())
    }

    fn effort(&self) -> Option<Effort> {
        Some(self.reader.client.door().effort())
    }
}
